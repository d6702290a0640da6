"""What is to be known of a dose before its numbers are read as those of the case."""

from __future__ import annotations

import xarray as xr

from rtxr import model
from rtxr.analysis.doses.dose_choice import KIND, Doses, doses_of
from rtxr.errors import Finding
from rtxr.summary.prescription import SEVERAL_PLANS, WHOLE_PLAN

#: Codes of a case that are about the numbers of its doses.
_OF_NUMBERS = frozenset({"dose-of-plan-before"})


def dose_findings(ds: xr.Dataset, dose: Doses) -> list[Finding]:
    """Findings about the doses of a table.

    Parameters
    ----------
    ds : Dataset
        A case.
    dose : str, DataArray, sequence or mapping of them
        As asked for; a part of the plan that was asked for by its name is nothing to notice.
    """
    doses, _ = doses_of(ds, dose)
    findings = []
    if any(each.variable in model.dose_names(ds) for each in doses):
        findings = [each for each in model.findings_of(ds) if each.code in _OF_NUMBERS]
    if isinstance(dose, str) and dose == model.DOSE and (text := _no_total(doses[0].array)):
        findings.append(Finding("dose-not-plan-total", "warning", text))
    return findings


def _no_total(dose: xr.DataArray) -> str:
    """What a dose is that a table takes by itself, unless it is the plan's total; else empty."""
    if str(dose.attrs.get("DoseType", "")).strip().upper() == "ERROR":
        return (
            f"(3004,0004) DoseType of {dose.name!r} is ERROR: these are numbers of an error, not "
            "of a dose; ds.rt.doses() lists all doses"
        )
    kind = str(dose.attrs.get(KIND, ""))
    if kind in (*WHOLE_PLAN, *SEVERAL_PLANS):
        return ""
    return (
        f"(3004,000A) DoseSummationType of {dose.name!r} is {kind!r}: these are numbers of that "
        "part, not of the plan's total; ds.rt.doses() lists all doses, ds.rt.sum_doses() adds "
        "them"
    )
