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
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import ConformanceError, Finding, RTXRError
from rtxr.export import changes, doses, dvhs, files, identity, images, plans, structures
from rtxr.export.deidentified import Finished, deidentified, profile_of
from rtxr.export.objects import Outgoing
from rtxr.iod import provenance
from rtxr.iod.build import build
from rtxr.iod.deidentification import Deidentify

__all__ = ["to_dicom", "validate"]

NO_HEADERS = "no-source-headers"
_NO_HEADERS = Finding(
    NO_HEADERS,
    "warning",
    "the Dataset carries no source headers, so that every object is made from scratch; "
    "ds[[...]] drops them, ds.drop_vars(...) keeps them",
)


def to_dicom(
    ds: xr.Dataset,
    /,
    out: str | os.PathLike[str],
    *,
    uids: identity.UIDPolicy = "auto",
    overwrite: bool = False,
    strict: bool = False,
    dvh: pd.DataFrame | None = None,
    deidentify: bool | Deidentify = False,
    **attributes: object,
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
        Pixels are not looked at. ``attributes`` are written as given.
    **attributes
        Values to write, by DICOM keyword, in every object whose IOD has the attribute:
        ``StudyDescription="…"``.

    Returns
    -------
    DataFrame
        One row per file: ``path``, ``IOD``, ``SOPInstanceUID``, ``bytes``, ``changed`` (why it is
        not its source any more; empty when it is). ``attrs["findings"]`` lists what was added,
        inherited or decided.

    Raises
    ------
    ConformanceError
        The files would not conform; ``findings`` holds every violation. Nothing was written.
    ExistingFilesError
        A file of the same name exists, or is one of the sources.
    UnknownNameError
        A keyword in ``attributes`` that DICOM or these IODs do not have; in ``dvh`` a dose or ROI
        that the case does not have.
    RTXRError
        ``dvh`` is no table of ``ds.rt.dvh()``, or one that a DVH Sequence cannot hold; or
        ``deidentify`` and ``uids="keep"`` contradict each other.
    """
    profile = profile_of(deidentify, uids)
    changes.check_overrides(attributes)
    dvhs.check(ds, dvh)
    files.check_target(ds, Path(out), overwrite=overwrite)
    outgoing, findings = prepare(
        ds, uids=uids, strict=strict, attributes=attributes, dvh=dvh, profile=profile
    )
    violations = [finding for finding in findings if finding.severity == "error"]
    if violations:
        violations += [finding for finding in findings if finding.code == NO_HEADERS]
        raise ConformanceError(
            f"nothing was written: {len(violations)} violation(s); ds.rt.validate() lists them "
            "with what else was noticed",
            violations,
        )
    table = files.write(outgoing, Path(out), overwrite=overwrite)
    table.attrs["findings"] = model.findings_frame(findings).to_dict("records")
    return table


def validate(
    ds: xr.Dataset,
    /,
    *,
    uids: identity.UIDPolicy = "auto",
    strict: bool = False,
    dvh: pd.DataFrame | None = None,
    deidentify: bool | Deidentify = False,
    **attributes: object,
) -> pd.DataFrame:
    """What :func:`to_dicom` would say, without writing.

    Returns
    -------
    DataFrame
        Columns code, severity, message, uid, path. Rows of severity ``"error"`` are the
        violations that would stop an export.
    """
    profile = profile_of(deidentify, uids)
    if profile is not None:  # what is only tried leaves no trace in the map of UIDs
        profile = replace(profile, uid_map=dict(profile.uid_map))
    changes.check_overrides(attributes)
    dvhs.check(ds, dvh)
    _, findings = prepare(
        ds, uids=uids, strict=strict, attributes=attributes, dvh=dvh, profile=profile
    )
    return model.findings_frame(findings)


def prepare(
    ds: xr.Dataset,
    *,
    uids: identity.UIDPolicy,
    strict: bool,
    attributes: dict[str, object],
    dvh: pd.DataFrame | None = None,
    profile: Deidentify | None = None,
) -> tuple[list[files.Ready], list[Finding]]:
    """Everything an export does before it writes: the finished objects and all findings."""
    found, findings = collect(ds)
    judged = dvhs.settle(ds, [changes.judge(each) for each in found], dvh)
    judged = [changes.override(each, attributes) for each in judged]
    identified, more = identity.assign(judged, uids)
    findings += more
    findings += _patients(found)
    finished = []
    for each in identified.objects:
        stamped: dict[str, object] = {}
        if each.changes:
            source = each.header if each.record else None
            stamped = provenance.changed_values(each.iod, source, each.why, derived=each.edited)
        values = {**stamped, **each.values}
        built = build(each.iod, each.header, values, derived=each.derived, strict=strict)
        identified.follow(built.dataset)
        findings += [*each.findings, *built.findings, *built.violations]
        ready = files.Ready(each.file_name, each.iod.name, built.dataset, each.pixels, each.why)
        finished.append(Finished(ready, each, stamped))
    if profile is not None:
        written, findings = deidentified(finished, profile, attributes, findings)
        return written, _merged(findings)
    return [each.ready for each in finished], _merged(findings)


def collect(ds: xr.Dataset) -> tuple[list[Outgoing], list[Finding]]:
    """Objects of a case, image slices first; and what kept one from being made."""
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    found: list[Outgoing] = []
    findings: list[Finding] = [] if records else [_NO_HEADERS]
    stages = (
        images.image_objects,
        plans.plan_objects,
        doses.dose_objects,
        partial(structures.structure_objects, others=found),  # contours refer to the images
    )
    for stage in stages:
        try:
            found += stage(ds, records)
        except RTXRError as error:  # one bad object must not hide what is wrong with the others
            findings.append(Finding("not-exportable", "error", str(error)))
    findings += _left_out(ds)
    if not found and not any(finding.severity == "error" for finding in findings):
        findings.append(Finding("nothing-to-export", "error", "the Dataset holds no object"))
    return found, findings


def _patients(objects: Iterable[Outgoing]) -> list[Finding]:
    """A finding where the files of one case name several patients."""
    known = {str(each.header.get("PatientID", "")) for each in objects if each.header is not None}
    if len(known) < 2:
        return []
    text = (
        f"the objects name {len(known)} different (0010,0020) PatientID, as their sources do; "
        "PatientID=... writes one in all"
    )
    return [Finding("patient-mismatch", "warning", text)]


def _left_out(ds: xr.Dataset) -> list[Finding]:
    """Variables that stand for no DICOM object."""
    known = {model.image_name(ds), *model.dose_names(ds)}
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


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for what several objects share, with their number; the first one's UID."""
    shared: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        key = (finding.code, finding.severity, finding.message)
        shared.setdefault(key, []).append(finding)
    return [
        some[0] if len(some) == 1 else replace(some[0], message=f"{message} [{len(some)} objects]")
        for (_, _, message), some in shared.items()
    ]
