"""Dataset to DICOM files: objects > changes > identity > build > write aside > read back > move.

- ``objects``: what a Dataset would write, each object with its header and computed values
- ``changes``: what differs from the source files, and why
- ``identity``: which UIDs are kept, which are new, and which references follow
- ``deidentified``: where asked for, the finished objects through a confidentiality profile
- ``files``: written aside, read back, compared, moved into place

Everything that is wrong is collected first and raised at once, before a byte is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import (
    ConformanceError,
    Finding,
    RTXRError,
    Violation,
    arranged,
    merged,
    violation_table,
)
from rtxr.export import (
    agreement,
    before_saving,
    changes,
    doses,
    dvhs,
    files,
    identity,
    images,
    made,
    plans,
    registered,
    rt_images,
    series_values,
    structures,
)
from rtxr.export.deidentified import deidentified, profile_of
from rtxr.export.finishing import finish
from rtxr.export.objects import Outgoing
from rtxr.export.overrides import Overrides, overrides
from rtxr.export.transfer_syntaxes import transfer_syntax_of
from rtxr.iod.deidentification import Deidentify
from rtxr.iod.raw import text_of

__all__ = ["to_dicom", "validate"]

NO_HEADERS = "no-source-headers"


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
        pixels, and a :class:`~rtxr.export.before_saving.Saving` that says what it is. It may change
        the data set in place, or return another one; what it changes counts as a change of the
        object and is checked again. It is called where nothing else stands against writing, and
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


def prepare(
    ds: xr.Dataset,
    *,
    uids: identity.UIDPolicy,
    uid_map: MutableMapping[str, str] | None,
    strict: bool,
    asked: Overrides,
    dvh: pd.DataFrame | None = None,
    profile: Deidentify | None = None,
    before_save: before_saving.BeforeSave | None = None,
) -> tuple[list[files.Ready], list[Finding]]:
    """Everything an export does before it writes: the finished objects and all findings."""
    found, findings = collect(ds)
    found = made.linked(found, asked, _plan_uid(ds))
    judged = series_values.follow([changes.judge(each) for each in found])
    judged = dvhs.settle(ds, judged, dvh)
    judged = registered.computed(ds, judged, asked.given)
    asked.require(judged)
    judged = [asked.apply(each) for each in judged]
    finished, more = finish(
        judged,
        uids,
        strict=strict,
        signed=profile is None,
        before_save=before_save,
        uid_map=uid_map,
    )
    findings += [*more, *_patients(each.ready.dataset for each in finished)]
    if profile is not None:
        written, findings = deidentified(finished, profile, asked.of, findings)
    else:
        written = [each.ready for each in finished]
    sources = [each.source for each in finished]
    findings += agreement.check(written, sources, _made(ds, profile), strict=strict)
    return written, merged(findings)


def collect(ds: xr.Dataset) -> tuple[list[Outgoing], list[Finding]]:
    """Objects of a case, image slices first; and what kept one from being made."""
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    found: list[Outgoing] = []
    findings: list[Finding] = []
    stages = (
        images.image_objects,
        plans.plan_objects,
        doses.dose_objects,
        rt_images.rt_image_objects,
        partial(structures.structure_objects, others=found),  # contours refer to the images
    )
    for stage in stages:
        try:
            found += stage(ds, records)
        except RTXRError as error:  # one bad object must not hide what is wrong with the others
            findings.append(Finding("not-exportable", "error", str(error)))
    found += registered.new_objects(ds, found)
    findings += _left_out(ds)
    if not found and not any(finding.severity == "error" for finding in findings):
        fix = "check what was selected, or build a case with an image, ROIs, a plan or a dose"
        text = "the Dataset holds no object"
        findings.append(Violation("nothing-to-export", "error", text, fix=fix))
    return found, findings if records else [_no_headers(ds), *findings]


def _made(ds: xr.Dataset, profile: Deidentify | None) -> set[str]:
    """UIDs of all that a case has headers of and that was never a file, as they are written."""
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    uids = {uid for uid, record in records.items() if not record.path}
    return uids if profile is None else {profile.uid_map.get(uid, uid) for uid in uids}


def _no_headers(ds: xr.Dataset) -> Finding:
    """That nothing is known of patient and study; an error where it was known and got lost."""
    names = {*map(model.uid_name, map(str, ds.data_vars)), model.STRUCTURE_SET_UID, model.PLAN_UID}
    lost = sorted(names.intersection(map(str, ds.coords)))
    if not lost:
        text = "the Dataset carries no source headers: every object is made from scratch"
        return Finding(NO_HEADERS, "info", text)
    return Violation(
        NO_HEADERS,
        "error",
        f"{lost[0]!r} names source objects whose headers the Dataset has lost; ds[[...]] drops "
        "them, and with them what they say of patient, study and equipment",
        fix="use ds.drop_vars(...), which keeps the headers; to begin without them, drop "
        f"{lost} too, or use rtxr.new_case",
    )


def _plan_uid(ds: xr.Dataset) -> str:
    plan = ds.coords.get(model.PLAN_UID)
    return "" if plan is None else str(plan.values)


def _patients(written: Iterable[pydicom.Dataset]) -> list[Finding]:
    """A finding where the files of one case name several patients."""
    known = {text_of(each, "PatientID") for each in written}
    if len(known) < 2:
        return []
    text = (
        f"the objects name {len(known)} different (0010,0020) PatientID, as their sources do; "
        "PatientID=... writes one in all"
    )
    return [Finding("patient-mismatch", "warning", text)]


def _left_out(ds: xr.Dataset) -> list[Finding]:
    """Variables that stand for no DICOM object."""
    known = {model.image_name(ds), *model.dose_names(ds), *model.rt_image_names(ds)}
    return [
        Finding(
            "variable-not-exported",
            "warning",
            f"data variable {name!r} is no image or dose of the case and is not written; doses are "
            "named dose, dose_2, …",
        )
        for name in ds.data_vars
        if name not in known
    ]
