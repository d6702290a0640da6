"""RT Plan (and RT Ion Plan) as tables: beams, control points with what they inherit, isocentres.

Tables are made from the plan's header record when asked for; when a case is opened, a plan is
decoded only to see whether the reference images that it names are there. What a plan prescribes
is in :mod:`rtxr.read.plans.prescriptions` and offered here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.errors import Finding
from rtxr.read.headers import Header
from rtxr.read.item_values import items, numbers, text
from rtxr.read.part import Part
from rtxr.read.plans.control_points import ISOCENTER, Points, control_points
from rtxr.read.plans.plan_records import (
    PlannedBeam,
    bare_plan,
    beam_items,
    noted,
    planned,
    with_findings,
)
from rtxr.read.plans.prescriptions import fraction_groups, prescriptions, target_prescription

__all__ = [
    "beams",
    "control_points",
    "fraction_groups",
    "image_findings",
    "isocenters",
    "prescriptions",
    "read_plan",
    "target_prescription",
]

_BEAM_TEXTS = (
    "BeamName",
    "BeamDescription",
    "BeamType",
    "RadiationType",
    "TreatmentMachineName",
    "TreatmentDeliveryType",
    "PrimaryDosimeterUnit",
)
_REFERENCE_IMAGES = "ReferencedReferenceImageSequence"
_REFERENCE_IMAGE_TAGS = (b"\x0c\x30\x42\x00", b"\x30\x0c\x00\x42")


def read_plan(header: Header) -> Part:
    """Contribution of a plan to a case: its header record and ``plan_uid``."""
    uid = xr.Variable((), np.array(header.record.uid, np.str_), {"long_name": "SOPInstanceUID"})
    return Part(coords={model.PLAN_UID: uid}, records=[header.record])


def image_findings(header: Header, known: Collection[str]) -> list[Finding]:
    """Reference images of the beams, such as DRRs, that are not among the known objects.

    Elements read: ReferencedReferenceImageSequence (300C,0042) of the beams. A plan that does not
    have it anywhere is not decoded.

    Parameters
    ----------
    header : Header
        Of the plan.
    known : collection of str
        SOPInstanceUIDs of the case.
    """
    record = header.record
    if not any(tag in record.data for tag in _REFERENCE_IMAGE_TAGS):
        return []
    named = {
        text(image, "ReferencedSOPInstanceUID")
        for beam in beam_items(bare_plan(record))
        for image in items(beam, _REFERENCE_IMAGES)
    }
    absent = len(named.difference(known, [""]))
    if not absent:
        return []
    message = (
        f"the plan refers to {absent} image(s) ((300C,0042) {_REFERENCE_IMAGES}) that are not "
        "part of this case"
    )
    return [Finding("unresolved-reference", "info", message, record.uid, record.path)]


def beams(ds: xr.Dataset) -> pd.DataFrame:
    """Beams of the plan, one row each, in the order of the plan.

    Elements read: BeamSequence (300A,00B0) or IonBeamSequence (300A,03A2), their control points,
    and FractionGroupSequence (300A,0070) for BeamMeterset and BeamDose.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        Columns BeamNumber, BeamName, BeamDescription, BeamType, RadiationType,
        TreatmentMachineName, TreatmentDeliveryType, PrimaryDosimeterUnit, SourceAxisDistance (mm;
        the mean virtual one of an ion beam), NominalBeamEnergy (MV or MeV, of the first control
        point), ``gantry_start``, ``gantry_stop``, BeamLimitingDeviceAngle, PatientSupportAngle
        (degrees), NumberOfControlPoints (as counted), BeamMeterset, BeamDose (Gy),
        ``isocenter_x``, ``isocenter_y``, ``isocenter_z`` (patient LPS, mm). A brachytherapy plan
        has no beams: the table is empty and ``attrs["note"]`` says so.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    plan = planned(ds)
    table = pd.DataFrame([_beam_row(beam) for beam in plan.beams], columns=_BEAM_COLUMNS)
    return noted(with_findings(table, plan.findings), "beams", plan.top)


_BEAM_COLUMNS = [
    "BeamNumber",
    *_BEAM_TEXTS,
    "SourceAxisDistance",
    "NominalBeamEnergy",
    "gantry_start",
    "gantry_stop",
    "BeamLimitingDeviceAngle",
    "PatientSupportAngle",
    "NumberOfControlPoints",
    "BeamMeterset",
    "BeamDose",
    *ISOCENTER,
]


def _beam_row(beam: PlannedBeam) -> dict[str, Any]:
    item = beam.item
    distances = numbers(item, "SourceAxisDistance")
    if not len(distances):
        distances = numbers(item, "VirtualSourceAxisDistances")
    points = Points(beam.points)
    isocenter = points.isocenters[0] if len(points) else np.full(3, np.nan)
    return {
        "BeamNumber": beam.number,
        **{keyword: text(item, keyword) for keyword in _BEAM_TEXTS},
        "SourceAxisDistance": float(distances.mean()) if len(distances) else np.nan,
        "NominalBeamEnergy": points.number("NominalBeamEnergy"),
        "gantry_start": points.number("GantryAngle"),
        "gantry_stop": points.number("GantryAngle", -1),
        "BeamLimitingDeviceAngle": points.number("BeamLimitingDeviceAngle"),
        "PatientSupportAngle": points.number("PatientSupportAngle"),
        "NumberOfControlPoints": len(points),
        "BeamMeterset": beam.meterset,
        "BeamDose": beam.dose,
        **dict(zip(ISOCENTER, isocenter.tolist(), strict=True)),
    }


def isocenters(ds: xr.Dataset) -> pd.DataFrame:
    """Isocentres of the plan, each once.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        Columns ``name`` (of the beams that use it), ``kind`` (``"isocenter"``), ``x``, ``y``,
        ``z`` (patient LPS, mm) and ``beams`` (tuple of BeamNumber).

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    found: dict[tuple[float, ...], list[tuple[int, str]]] = {}
    for beam in planned(ds).beams:
        who = (beam.number or 0, beam.name)
        places = Points(beam.points).isocenters
        for place in dict.fromkeys(map(tuple, places[~np.isnan(places).any(1)].round(4).tolist())):
            users = found.setdefault(place, [])
            if who not in users:
                users.append(who)
    rows = [
        {
            "name": "isocenter of " + ", ".join(name or str(number_) for number_, name in users),
            "kind": "isocenter",
            "x": place[0],
            "y": place[1],
            "z": place[2],
            "beams": tuple(number_ for number_, _ in users),
        }
        for place, users in found.items()
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "x", "y", "z", "beams"])
