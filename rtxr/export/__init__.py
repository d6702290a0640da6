"""Dataset to DICOM files: objects > changes > identity > build > write aside > read back > move.

- ``preparing``: all that comes before writing, in its order
- ``objects``: what a Dataset would write, each object with its header and computed values
- ``changes``: what differs from the source files, and why
- ``identity``: which UIDs are kept, which are new, and which references follow
- ``deidentified``: where asked for, the finished objects through a confidentiality profile
- ``writing``: written aside, read back, compared, moved into place

Everything that is wrong is collected first and raised at once, before a byte is written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import xarray as xr

from rtxr.errors import ConformanceError, arranged, merged, violation_table
from rtxr.export import dvhs, identity
from rtxr.export.custom import before_saving
from rtxr.export.deidentified import profile_of
from rtxr.export.overrides import overrides
from rtxr.export.preparing import prepare
from rtxr.export.writing import files
from rtxr.export.writing.transfer_syntaxes import transfer_syntax_of
from rtxr.iod.deidentification import Deidentify

__all__ = ["to_dicom", "validate"]


def to_dicom(
    ds: xr.Dataset,
    /,
    out: str | os.PathLike[str],
    *,
    uids: identity.UIDPolicy = "auto",
    uid_map: MutableMapping[str, str] | None = None,
    overwrite: bool = False,
    strict: bool = False,
    dvh: pd.DataFrame | None = None,
    deidentify: bool | Deidentify = False,
    transfer_syntax: str | None = None,
    attributes: Mapping[str, Mapping[str, object]] | None = None,
    before_save: before_saving.BeforeSave | None = None,
    **everywhere: object,
) -> pd.DataFrame:
    """Write a case as DICOM files, linked to each other.

    Parameters
    ----------
    ds : Dataset
        A case, edited or not. What it holds now is what is written: geometry, scaling and
        references are recomputed where they changed; all else is written as it was read.
    out : path
        Folder for the files; created. Nothing in it is replaced unless ``overwrite``.
    uids : {"auto", "new", "keep"}, default: "auto"
        ``"auto"``: an object whose values, geometry and header equal its source's keeps its SOP
        Instance UID; a changed one gets a new one, in a new series of the same study, and every
        reference follows. ``"new"`` renews all. ``"keep"`` makes every change a violation.
    uid_map : dict, optional
        For ``uids="new"`` of several exports that share studies or frames of reference: give one
        dictionary to all of them. It holds the new UIDs of these by the old ones, and grows.
    overwrite : bool, default: False
        Replace an earlier export in the folder, all of it. Files that rtxr did not write stay; one
        of the same name is an error. The folder the case was opened from is never written to.
    strict : bool, default: False
        Flaws that came unchanged with the source are violations too.
    dvh : DataFrame, optional
        A table of ``ds.rt.dvh()`` (of ROIs; cumulative or differential, cm3 or %): its curves
        become the DVH Sequence of the dose it is of, in the place of what was stored there, in
        bins of the table's width or, of more than 2000, of a multiple of it.
    deidentify : bool or Deidentify, default: False
        True: the files go through the Basic Application Level Confidentiality Profile of PS3.15
        Annex E; with options, pseudonyms and shifted dates as :class:`rtxr.Deidentify` says.
        Pixels are not looked at. What you set by keyword is written as given.
    transfer_syntax : str, optional
        ``"implicit"``, ``"explicit"`` (both little endian), ``"deflated"``, ``"RLE"``,
        ``"JPEG-LS"`` or ``"JPEG 2000"`` (both without loss; they need ``rtxr[codecs]``), or the UID
        of one of them. Only images and doses are compressed: structure sets and plans are in
        Explicit VR Little Endian then, and so is what the syntax cannot hold, such as a dose of 32
        bits, with a Finding ``other-transfer-syntax``. A structure set with a contour of more than
        65534 bytes is always in Implicit VR. By default Implicit VR where the source was, else
        Explicit VR Little Endian. Another transfer syntax alone changes no UID.
    attributes : mapping, optional
        Values for the objects of one IOD or one variable only: ``{"RTDOSE": {"DoseComment": "…"},
        "dose_2": {…}}``. A variable comes before its IOD, and that before ``everywhere``.
    before_save : callable, optional
        ``before_save(dataset, saving)`` is called with a copy of each finished object, without its
        pixels, and a :class:`~rtxr.export.custom.before_saving.Saving` that says what it is. It may
        change the data set in place, or return another one; what it changes counts as a change of
        the object and is checked again. It is called where nothing else stands against writing, and
        before de-identification.
    **everywhere
        Values to write, by DICOM keyword, in every object whose IOD has the attribute:
        ``StudyDescription="…"``. None writes an attribute empty; a sequence is a list of mappings
        or pydicom data sets. What follows from the Dataset cannot be set.

    Returns
    -------
    DataFrame
        One row per file: ``path``, ``IOD``, ``SOPInstanceUID``, ``bytes``, ``changed`` (why it is
        not its source any more; empty when it is). ``attrs["findings"]`` lists what was added,
        inherited or decided.

    Raises
    ------
    ConformanceError
        The files would not conform; ``findings`` holds every violation, ``table`` the same as
        :func:`validate` shows them. Nothing was written.
    ExistingFilesError
        A file of the same name exists, or is one of the sources.
    UnknownNameError
        A keyword that DICOM or these IODs do not have, an IOD or variable in ``attributes`` of
        which nothing is written; an unknown
        ``transfer_syntax``; in ``dvh`` a dose or ROI
        that the case does not have.
    RTXRError
        ``dvh`` is no table of ``ds.rt.dvh()``, or one that a DVH Sequence cannot hold; or
        ``deidentify`` and ``uids="keep"`` contradict each other; or ``transfer_syntax`` is lossy.
    CustomCodeError
        A function that the user registered, or ``before_save``, failed.
    MissingExtraError
        The encoder of ``transfer_syntax`` is not installed.
    OSError
        No room, or no permission to write: the folder is as it was before. The error's notes say
        what can be done.
    """
    syntax = transfer_syntax_of(transfer_syntax)
    profile = profile_of(deidentify, uids)
    asked = overrides(everywhere, attributes)
    dvhs.check(ds, dvh)
    files.check_target(ds, Path(out), overwrite=overwrite)
    outgoing, findings = prepare(
        ds,
        uids=uids,
        uid_map=uid_map,
        strict=strict,
        asked=asked,
        dvh=dvh,
        profile=profile,
        before_save=before_save,
    )
    outgoing, more = files.in_syntax(outgoing, syntax)
    findings += merged(more)
    violations = arranged(finding for finding in findings if finding.severity == "error")
    if violations:
        raise ConformanceError(
            f"nothing was written: {len(violations)} violation(s); ds.rt.validate() lists them "
            "with what else was noticed",
            violations,
        )
    table, more = files.write(outgoing, Path(out), overwrite=overwrite)
    table.attrs["findings"] = violation_table([*findings, *merged(more)]).to_dict("records")
    return table


def validate(
    ds: xr.Dataset,
    /,
    *,
    uids: identity.UIDPolicy = "auto",
    uid_map: MutableMapping[str, str] | None = None,
    strict: bool = False,
    dvh: pd.DataFrame | None = None,
    deidentify: bool | Deidentify = False,
    transfer_syntax: str | None = None,
    attributes: Mapping[str, Mapping[str, object]] | None = None,
    before_save: before_saving.BeforeSave | None = None,
    **everywhere: object,
) -> pd.DataFrame:
    """What :func:`to_dicom` would say, without writing.

    Returns
    -------
    DataFrame
        Columns severity, code, IOD, module, attribute (``(gggg,eeee) Keyword``, with the sequences
        around it), type, message (what is wrong), fix (what to do), uid, path, errors first; what
        objects of several IODs share is one row that names them. Rows of severity ``"error"`` are
        the violations that would stop an export. Files are checked by :func:`rtxr.validate`.
    """
    syntax = transfer_syntax_of(transfer_syntax)
    profile = profile_of(deidentify, uids)
    if profile is not None:
        profile = replace(profile, uid_map=dict(profile.uid_map))
    asked = overrides(everywhere, attributes)
    dvhs.check(ds, dvh)
    outgoing, findings = prepare(
        ds,
        uids=uids,
        uid_map=dict(uid_map or {}),  # what is only tried leaves no trace in it
        strict=strict,
        asked=asked,
        dvh=dvh,
        profile=profile,
        before_save=before_save,
    )
    findings += merged(files.in_syntax(outgoing, syntax)[1])
    return violation_table(arranged(findings))
