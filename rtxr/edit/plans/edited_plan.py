"""The plan of a case taken out to be changed, and put back."""

from __future__ import annotations

from collections.abc import Iterable

import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.edit.edited_headers import edited, unapproved
from rtxr.edit.structures.rows import with_findings
from rtxr.errors import Finding
from rtxr.read.headers import parse
from rtxr.read.plans.plan_records import plan_record


def plan_to_edit(ds: xr.Dataset) -> pydicom.Dataset:
    """The plan of a case, to be changed.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    return parse(plan_record(ds))


def with_plan(
    ds: xr.Dataset, plan: pydicom.Dataset, what: str, findings: Iterable[Finding] = ()
) -> xr.Dataset:
    """The case with its plan as it is now.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    plan : pydicom.Dataset
        It, changed. An approval or rejection is taken back.
    what : str
        What was changed, in words.
    findings : iterable of Finding
        What was noticed.

    Returns
    -------
    Dataset
        Its header differs from that of its file, so that an export gives it a new SOP Instance UID.
    """
    record = plan_record(ds)
    status = pydicom.dataset.Dataset.get(plan, "ApprovalStatus", "")
    found = [Finding("plan-edited", "info", what, record.uid), *findings]
    if unapproved(plan):
        text = (
            f"(300E,0002) ApprovalStatus was {status} and is UNAPPROVED: the plan is not the one "
            "that was reviewed"
        )
        found.append(Finding("approval-withdrawn", "warning", text, record.uid))
    if model.dose_names(ds):
        text = (
            "the doses of the case were computed for the plan as it was; their values are as they "
            "were, and an export lets them refer to the edited plan: compute them anew, or leave "
            "them out"
        )
        found.append(Finding("dose-of-plan-before", "warning", text, record.uid))
    made = header_store.replace(ds, [edited(record, plan)])
    return with_findings(made, list(dict.fromkeys([*model.findings_of(ds), *found])))
