"""Everything an export does before it writes: finished objects, and all that was found."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from functools import partial

import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, RTXRError, Violation, merged
from rtxr.export import (
    agreement,
    changes,
    doses,
    dvhs,
    identity,
    images,
    made,
    plans,
    rt_images,
    series_values,
    structures,
)
from rtxr.export.custom import before_saving, registered
from rtxr.export.deidentified import deidentified
from rtxr.export.finishing import finish
from rtxr.export.objects import Outgoing
from rtxr.export.overrides import Overrides
from rtxr.export.writing import files
from rtxr.iod.deidentification import Deidentify
from rtxr.iod.encoding.raw import text_of

NO_HEADERS = "no-source-headers"


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
    found = made.linked(found, asked, model.plan_uid(ds))
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
