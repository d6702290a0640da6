"""What a plan prescribes: fraction groups, dose references, and the one dose that % metrics use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.errors import Finding
from rtxr.read.item_values import integer, items, number, numbers, text
from rtxr.read.plans.plan_records import bare_plan, beam_items, noted, plan_record, with_findings
from rtxr.read.structures.roi_numbers import labels_by_number

#: Sources of a prescription, as tables and findings name them.
REFERENCE = "dose reference"
BEAM_DOSES = "beam doses x fractions"
SETUP_DOSES = "application setup doses x fractions"
#: Those that are sums of what the plan delivers; the plan does not say that they are prescribed.
COMPUTED = (BEAM_DOSES, SETUP_DOSES)

_DOSES = (
    "TargetPrescriptionDose",
    "TargetMinimumDose",
    "TargetMaximumDose",
    "DeliveryMaximumDose",
    "OrganAtRiskMaximumDose",
)
_GROUP_COLUMNS = [
    "FractionGroupNumber",
    "NumberOfFractionsPlanned",
    "ReferencedBeamNumber",
    "BeamName",
    "TreatmentDeliveryType",
    "BeamMeterset",
    "BeamDose",
    "ReferencedBrachyApplicationSetupNumber",
    "BrachyApplicationSetupDose",
]
_PRESCRIPTION_COLUMNS = [
    "source",
    "DoseReferenceNumber",
    "DoseReferenceType",
    "DoseReferenceStructureType",
    "DoseReferenceDescription",
    "ReferencedROINumber",
    "roi",
    *_DOSES,
    "x",
    "y",
    "z",
]
#: Relative difference from which a dose reference and the beam doses disagree.
_DISAGREE = 0.05


def fraction_groups(ds: xr.Dataset) -> pd.DataFrame:
    """Fraction groups of the plan: one row per group and beam (or application setup) in it.

    Elements read: FractionGroupSequence (300A,0070).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        Columns FractionGroupNumber, NumberOfFractionsPlanned, ReferencedBeamNumber, BeamName,
        TreatmentDeliveryType, BeamMeterset, BeamDose (Gy, per fraction),
        ReferencedBrachyApplicationSetupNumber, BrachyApplicationSetupDose (Gy, per fraction);
        what does not apply is missing. A group without either still has a row. Where the plan has
        no groups the table is empty and ``attrs["note"]`` says what it has;
        ``attrs["findings"]`` says what was odd.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    plan = bare_plan(plan_record(ds))
    names: dict[int | None, list[tuple[str, str]]] = {}
    for item in beam_items(plan):
        told = text(item, "BeamName"), text(item, "TreatmentDeliveryType")
        names.setdefault(integer(item, "BeamNumber"), []).append(told)
    rows: list[dict[str, Any]] = []
    groups = items(plan, "FractionGroupSequence")
    for group in groups:
        facts = {
            "FractionGroupNumber": integer(group, "FractionGroupNumber"),
            "NumberOfFractionsPlanned": integer(group, "NumberOfFractionsPlanned"),
        }
        used = _used_beams(items(group, "ReferencedBeamSequence"), names)
        setups = items(group, "ReferencedBrachyApplicationSetupSequence")
        used += [_used_setup(each) for each in setups]
        rows += [{**facts, **each} for each in used or [{}]]
    table = pd.DataFrame(rows, columns=_GROUP_COLUMNS)
    whole = [name for name in _GROUP_COLUMNS if name.endswith(("Number", "Planned"))]
    doses = ("BeamMeterset", "BeamDose", "BrachyApplicationSetupDose")
    table = table.astype({**dict.fromkeys(whole, "Int64"), **dict.fromkeys(doses, "float64")})
    return noted(with_findings(table, _group_findings(groups)), "fraction groups", plan)


def _group_findings(groups: Sequence[pydicom.Dataset]) -> list[Finding]:
    """Fractions that a plan does not say."""
    if not groups:
        message = (
            "the plan has no (300A,0070) FractionGroupSequence, so that metersets, beam doses and "
            "the number of fractions are not known"
        )
        return [Finding("fractions-missing", "warning", message)]
    findings = []
    for group in groups:
        stated = text(group, "NumberOfFractionsPlanned")
        if integer(group, "NumberOfFractionsPlanned") is None:
            what = "is no number" if stated else "is missing"
            which = text(group, "FractionGroupNumber") or "without a number"
            message = f"fraction group {which}: (300A,0078) NumberOfFractionsPlanned {what}"
            findings.append(Finding("fractions-missing", "warning", message))
    return findings


def _used_beams(
    references: Sequence[pydicom.Dataset], names: Mapping[int | None, Sequence[tuple[str, str]]]
) -> list[dict[str, Any]]:
    """Rows of the beams of a group; of beams with one number the first is the first named."""
    rows: list[dict[str, Any]] = []
    for reference in references:
        beam = integer(reference, "ReferencedBeamNumber")
        place = sum(row["ReferencedBeamNumber"] == beam for row in rows)
        told = names.get(beam, ())
        name, delivery = told[place] if place < len(told) else ("", "")
        rows.append(
            {
                "ReferencedBeamNumber": beam,
                "BeamName": name,
                "TreatmentDeliveryType": delivery,
                "BeamMeterset": number(reference, "BeamMeterset"),
                "BeamDose": number(reference, "BeamDose"),
            }
        )
    return rows


def _used_setup(reference: pydicom.Dataset) -> dict[str, Any]:
    keyword = "ReferencedBrachyApplicationSetupNumber"
    dose = "BrachyApplicationSetupDose"
    return {keyword: integer(reference, keyword), dose: number(reference, dose)}


def prescriptions(ds: xr.Dataset) -> pd.DataFrame:
    """Dose references of the plan, and what its beam doses add up to.

    Elements read: DoseReferenceSequence (300A,0010), FractionGroupSequence (300A,0070).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        Column ``source`` is ``"dose reference"`` or, for one computed row at the end,
        ``"beam doses x fractions"`` (``"application setup doses x fractions"``); the others are
        the attributes by keyword (doses in Gy), ``roi`` (label) and the point ``x``, ``y``, ``z``
        (patient LPS, mm) of a reference of type COORDINATES. Nothing says that a computed dose is
        one of a volume: beam doses are doses at a point.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    labels = labels_by_number(ds)
    plan = bare_plan(plan_record(ds))
    rows = [_reference_row(item, labels) for item in items(plan, "DoseReferenceSequence")]
    total, source, _ = _delivered(fraction_groups(ds))
    if total is not None:
        rows.append({"source": source, "TargetPrescriptionDose": total})
    table = pd.DataFrame(rows, columns=_PRESCRIPTION_COLUMNS)
    table = table.astype(dict.fromkeys(("DoseReferenceNumber", "ReferencedROINumber"), "Int64"))
    return noted(table, "prescription, neither dose references nor beam doses", plan)


def _reference_row(item: pydicom.Dataset, labels: dict[int, str]) -> dict[str, Any]:
    roi = integer(item, "ReferencedROINumber")
    point = numbers(item, "DoseReferencePointCoordinates")
    x, y, z = point.tolist() if len(point) == 3 else (np.nan,) * 3
    return {
        "source": REFERENCE,
        "DoseReferenceNumber": integer(item, "DoseReferenceNumber"),
        "DoseReferenceType": text(item, "DoseReferenceType"),
        "DoseReferenceStructureType": text(item, "DoseReferenceStructureType"),
        "DoseReferenceDescription": text(item, "DoseReferenceDescription"),
        "ReferencedROINumber": roi,
        "roi": "" if roi is None else labels.get(roi, ""),
        **{keyword: number(item, keyword) for keyword in _DOSES},
        "x": x,
        "y": y,
        "z": z,
    }


def _delivered(groups: pd.DataFrame) -> tuple[float | None, str, list[Finding]]:
    """Total of beam (or application setup) doses x fractions, None where one is missing."""
    fractions = groups["NumberOfFractionsPlanned"].astype("Float64").astype(float)
    for keyword, source in (
        ("BeamDose", BEAM_DOSES),
        ("BrachyApplicationSetupDose", SETUP_DOSES),
    ):
        doses = groups[keyword].astype(float)
        given = doses.notna()
        if not given.any():
            continue
        needed = groups["BeamMeterset"].astype(float).fillna(0) > 0
        lacking = int((needed & ~given).sum()) if keyword == "BeamDose" else 0
        if lacking or fractions[given].isna().any():
            message = (
                f"{source} cannot be added up: {lacking} beam(s) with a meterset have no "
                "(300A,0084) BeamDose"
                if lacking
                else f"{source} cannot be added up: (300A,0078) NumberOfFractionsPlanned is missing"
            )
            return None, source, [Finding("prescription-incomplete", "info", message)]
        return float((doses * fractions)[given].sum()), source, []
    return None, BEAM_DOSES, []


def target_prescription(ds: xr.Dataset) -> tuple[float | None, str, list[Finding]]:
    """The one dose that 100 % stands for, as far as the plan says it.

    A dose reference of a target volume or site counts first, then beam doses x fractions; the
    dose of a point never counts by itself.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    dose : float or None
        Gy; None where the plan names several or none.
    source : str
        Where it comes from, empty without one.
    findings : list of Finding
        Several doses, disagreement of the dose reference with the beam doses by more than 5 %,
        a dose that is only computed, none at all.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    table = prescriptions(ds)
    total, computed, findings = _delivered(fraction_groups(ds))
    dose = table["TargetPrescriptionDose"].astype(float)
    kind = table["DoseReferenceStructureType"]
    stated = (table["DoseReferenceType"] == "TARGET") & (dose > 0)
    targets = table[stated & kind.isin(["VOLUME", "SITE"])]
    values = sorted(set(targets["TargetPrescriptionDose"].astype(float)))
    if len(values) > 1:
        told = ", ".join(f"{value:g}" for value in values)
        message = f"the plan prescribes {told} Gy to different targets; choose with prescription="
        return None, "", [*findings, Finding("prescription-several", "warning", message)]
    if values:
        return _stated(targets.iloc[0], total, computed, findings)
    if total is not None:
        message = f"no target volume or site has a prescribed dose; {total:g} Gy are {computed}"
        finding = Finding("prescription-computed", "warning", message)
        return total, computed, [*findings, finding]
    points = int((stated & (kind == "COORDINATES")).sum())
    message = (
        "the plan prescribes no dose to a target volume or site"
        + (f" ({points} point dose(s) do not count)" if points else "")
        + "; give one with prescription="
    )
    return None, "", [*findings, Finding("prescription-missing", "warning", message)]


def _stated(
    row: pd.Series[Any], total: float | None, computed: str, findings: list[Finding]
) -> tuple[float, str, list[Finding]]:
    dose = float(row["TargetPrescriptionDose"])
    kind = str(row["DoseReferenceStructureType"])
    if total is not None and abs(total - dose) > _DISAGREE * dose:
        message = f"the {kind} dose reference says {dose:g} Gy, {computed} are {total:g} Gy"
        findings = [*findings, Finding("prescription-disagrees", "warning", message)]
    return dose, f"{REFERENCE} {row['DoseReferenceNumber']} ({kind})", findings
