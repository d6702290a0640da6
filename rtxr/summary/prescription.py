"""The prescription that percentages refer to: the caller's, else the plan's, for a dose like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from rtxr import model
from rtxr.analysis.doses.biological_dose import MADE_ATTR
from rtxr.analysis.doses.dose_choice import KIND, DoseLike, one_dose
from rtxr.analysis.doses.dose_units import unit_of_array
from rtxr.analysis.statistics.prescriptions import Prescription
from rtxr.errors import Finding, MissingDataError, above_0
from rtxr.read import rt_plan
from rtxr.read.plans.prescriptions import COMPUTED

#: Dose Summation Types (3004,000A) that are a plan's total; empty where nothing is said.
WHOLE_PLAN = ("PLAN", "")
#: Those that a prescription of all of them may be given for.
SEVERAL_PLANS = ("MULTI_PLAN", "PLAN_OVERVIEW")
#: Findings that say that a dose is not what is prescribed.
_UNLIKE = frozenset({"dose-not-prescribed", "dose-not-plan-total"})


def prescription_of(
    ds: xr.Dataset, given: Prescription | None, *, refers: bool, dose: DoseLike
) -> tuple[Prescription | None, str, list[Finding]]:
    """Prescription of a table, where it comes from and what was noticed.

    Parameters
    ----------
    ds : Dataset
        A case.
    given : float, mapping of ROI to float, or None
        What the caller gave, in the unit of the dose.
    refers : bool
        Whether anything in the table refers to a prescription; if not, none is looked for.
    dose : str or DataArray
        The dose that is compared with it.

    Raises
    ------
    MissingDataError
        None is given, and there is no plan, it does not prescribe one dose, or the dose is not
        in Gy as that is.
    RTXRError
        What is given is no number above 0.
    """
    if not refers:
        return given, "none" if given is None else "given", []
    array = one_dose(ds, dose).array
    if given is not None:
        for name, value in _by_name(given).items():
            above_0(name, value, "a dose in Gy, such as 70, or one by ROI")
        return given, "given", _part_of_plan(array, (*WHOLE_PLAN, *SEVERAL_PLANS))
    if (unit := unit_of_array(array)) != "Gy":
        raise MissingDataError(
            f"the plan prescribes in Gy, and {array.name!r} is in {unit} (attrs 'units' and "
            "'DoseUnits'); pass prescription=<the value that is 100 %>"
        )
    if model.PLAN_UID not in ds.coords:
        raise MissingDataError(
            "metrics in % of the prescription were asked for, and the Dataset has no plan that "
            "would say it; pass prescription=... in Gy"
        )
    found, source, noticed = rt_plan.target_prescription(ds)
    if found is None:
        reasons = "; ".join(finding.message for finding in noticed)
        raise MissingDataError(
            "metrics in % of the prescription were asked for and no one dose is prescribed"
            + (f" ({reasons})" if reasons else "")
            + "; pass prescription=... in Gy"
        )
    noticed += _part_of_plan(array, WHOLE_PLAN)
    noticed += _unlike(array, found, source)
    return found, source, noticed


def planned_full(ds: xr.Dataset, dose: str) -> float | None:
    """What the plan prescribes of a dose, Gy; None where it does not, or the dose is not like it.

    Parameters
    ----------
    ds : Dataset
        A case.
    dose : str
        A dose variable, which a picture shows in % of what is prescribed.
    """
    try:
        found, _, findings = prescription_of(ds, None, refers=True, dose=dose)
    except MissingDataError:
        return None
    unlike = any(each.code in _UNLIKE for each in findings)
    return None if unlike or not isinstance(found, float) else found


def _by_name(given: Prescription) -> dict[str, object]:
    """Each number that was given, by what an error calls it."""
    if not isinstance(given, Mapping):
        return {"prescription": given}
    return {f"prescription[{key!r}]": value for key, value in given.items()}


def _part_of_plan(dose: xr.DataArray, whole: Sequence[str]) -> list[Finding]:
    """Warn where a dose that is another part meets the prescription of a plan."""
    kind = str(dose.attrs.get(KIND, ""))
    if kind in whole:
        return []
    text = (
        f"(3004,000A) DoseSummationType of {dose.name!r} is {kind!r}, not the plan's total; "
        "metrics in % of the prescription compare unlike things"
    )
    return [Finding("dose-not-plan-total", "warning", text)]


def _unlike(dose: xr.DataArray, prescribed: float, source: str) -> list[Finding]:
    """Warn where a dose is not what the plan prescribes, or may not be."""
    made = dose.attrs.get(MADE_ATTR)
    kind = str(dose.attrs.get("DoseType", "")).strip().upper()
    if made:
        text = f"{dose.name!r} is computed ({made}), and the {prescribed:g} Gy of the plan are not"
    elif kind == "ERROR":
        text = f"(3004,0004) DoseType of {dose.name!r} is ERROR: nobody prescribes an error"
    elif kind == "EFFECTIVE" and source in COMPUTED:
        text = (
            f"(3004,0004) DoseType of {dose.name!r} is EFFECTIVE, and the {prescribed:g} Gy that "
            f"are {source} may be physical, without the factor of the radiation's effect"
        )
    else:
        return []
    return [Finding("dose-not-prescribed", "warning", f"{text}; pass prescription=...")]
