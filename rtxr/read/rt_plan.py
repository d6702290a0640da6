"""RT Plan (and RT Ion Plan) as tables: beams, control points with what they inherit, isocentres.

Tables are made from the plan's header record when asked for; when a case is opened, a plan is
decoded only to see whether the reference images that it names are there. What a plan prescribes
is in :mod:`rtxr.read.prescriptions` and offered here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr import model
from rtxr.errors import Finding, UnknownNameError, did_you_mean
from rtxr.read.headers import Header, parse
from rtxr.read.item_values import integer, items, number, numbers, tag_of, text
from rtxr.read.part import Part
from rtxr.read.plan_records import beam_items, plan_of, referenced_beams
from rtxr.read.prescriptions import fraction_groups, prescriptions, target_prescription

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
#: Inherited from the control point before when absent (PS3.3 C.8.8.14.5).
_INHERITED = (
    "NominalBeamEnergy",
    "DoseRateSet",
    "MetersetRate",
    "GantryAngle",
    "GantryPitchAngle",
    "BeamLimitingDeviceAngle",
    "PatientSupportAngle",
    "TableTopEccentricAngle",
    "TableTopPitchAngle",
    "TableTopRollAngle",
    "TableTopVerticalPosition",
    "TableTopLongitudinalPosition",
    "TableTopLateralPosition",
    "SourceToSurfaceDistance",
    "SnoutPosition",
)
_INHERITED_TAGS = {tag_of(keyword): keyword for keyword in _INHERITED}
_ION_ONLY = frozenset({"MetersetRate", "SnoutPosition"})
_REFERENCE_IMAGES = "ReferencedReferenceImageSequence"
_REFERENCE_IMAGE_TAGS = (b"\x0c\x30\x42\x00", b"\x30\x0c\x00\x42")
_JAWS = {"X": "X", "ASYMX": "X", "Y": "Y", "ASYMY": "Y"}
_POSITION = ("isocenter_x", "isocenter_y", "isocenter_z")


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
        for beam in beam_items(parse(record))
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
    plan = plan_of(ds)
    delivered = referenced_beams(plan)
    rows = [_beam_row(item, delivered) for item in beam_items(plan)]
    table = pd.DataFrame(rows, columns=_BEAM_COLUMNS)
    setups = items(plan, "ApplicationSetupSequence")
    if setups:
        table.attrs["note"] = (
            f"a brachytherapy plan with {len(setups)} application setup(s); it has no beams"
        )
    return table


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
    *_POSITION,
]


def _beam_row(item: pydicom.Dataset, delivered: dict[int, tuple[float, float]]) -> dict[str, Any]:
    beam = integer(item, "BeamNumber")
    distances = numbers(item, "SourceAxisDistance")
    if not len(distances):
        distances = numbers(item, "VirtualSourceAxisDistances")
    points = list(_control_points(item))
    first = points[0] if points else {}
    last = points[-1] if points else {}
    meterset, dose = delivered.get(-1 if beam is None else beam, (np.nan, np.nan))
    return {
        "BeamNumber": beam,
        **{keyword: text(item, keyword) for keyword in _BEAM_TEXTS},
        "SourceAxisDistance": float(distances.mean()) if len(distances) else np.nan,
        "NominalBeamEnergy": first.get("NominalBeamEnergy", np.nan),
        "gantry_start": first.get("GantryAngle", np.nan),
        "gantry_stop": last.get("GantryAngle", np.nan),
        "BeamLimitingDeviceAngle": first.get("BeamLimitingDeviceAngle", np.nan),
        "PatientSupportAngle": first.get("PatientSupportAngle", np.nan),
        "NumberOfControlPoints": len(points),
        "BeamMeterset": meterset,
        "BeamDose": dose,
        **{axis: first.get(axis, np.nan) for axis in _POSITION},
    }


def control_points(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Control points of the plan, with the values that each inherits filled in.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per control point. Columns BeamNumber, ControlPointIndex, angles (degrees), table
        positions (mm), energy and dose rate by their DICOM keywords; ``X1``, ``X2``, ``Y1``,
        ``Y2`` (jaws, mm); one column of tuples per multi-leaf collimator by its type (``MLCX``,
        ``MLCY``, ``MLCX1``, …: all leaf positions of one side, then of the other, mm);
        ``isocenter_x``, ``isocenter_y``, ``isocenter_z`` (patient LPS, mm);
        CumulativeMetersetWeight; ``meterset``, what the beam has delivered when it reaches the
        control point, in its PrimaryDosimeterUnit; and ``segment_meterset``, what it delivers from
        there to the next.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    plan = plan_of(ds)
    delivered = referenced_beams(plan)
    rows: list[dict[str, Any]] = []
    for item in _chosen(beam_items(plan), beam):
        beam_number = integer(item, "BeamNumber")
        meterset, _ = delivered.get(-1 if beam_number is None else beam_number, (np.nan, np.nan))
        points = list(_control_points(item))
        reached = _reached(item, points, meterset)
        segments = np.diff(reached, append=reached[-1:])
        for point, here, segment in zip(points, reached, segments, strict=True):
            rows.append(
                {"BeamNumber": beam_number, **point, "meterset": here, "segment_meterset": segment}
            )
    return pd.DataFrame(rows, columns=_columns(rows))


def _columns(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Columns in a stable order: fixed ones, then collimators that occur, then metersets."""
    used = {name for row in rows for name in row}
    fixed = ["BeamNumber", "ControlPointIndex", *_INHERITED, "GantryRotationDirection"]
    fixed = [name for name in fixed if name not in _ION_ONLY or name in used]
    jaws = ["X1", "X2", "Y1", "Y2"]
    last = [*_POSITION, "CumulativeMetersetWeight", "meterset", "segment_meterset"]
    leaves = sorted(used.difference(fixed, jaws, last))
    return [*fixed, *jaws, *leaves, *last]


def _chosen(found: Sequence[pydicom.Dataset], beam: int | str | None) -> list[pydicom.Dataset]:
    if beam is None:
        return list(found)
    chosen = [
        item
        for item in found
        if beam == integer(item, "BeamNumber") or beam == text(item, "BeamName")
    ]
    if not chosen:
        names = [f"{integer(item, 'BeamNumber')} {text(item, 'BeamName')}" for item in found]
        raise UnknownNameError(
            f"no beam {beam!r} (BeamNumber or BeamName); {did_you_mean(str(beam), names)}"
        )
    return chosen


def _control_points(item: pydicom.Dataset) -> Iterator[dict[str, Any]]:
    """Control points of one beam; each begins with what the one before it had."""
    inherited: dict[str, Any] = dict.fromkeys(_INHERITED, np.nan)
    sequence = items(item, "ControlPointSequence") or items(item, "IonControlPointSequence")
    for place, point in enumerate(sequence):
        for keyword in _present(point):
            value = number(point, keyword)
            if value is not None:
                inherited[keyword] = value
        direction = text(point, "GantryRotationDirection")
        if direction:
            inherited["GantryRotationDirection"] = direction
        position = numbers(point, "IsocenterPosition")
        if len(position) == 3:
            inherited.update(zip(_POSITION, position.tolist(), strict=True))
        inherited.update(_collimators(point))
        index = integer(point, "ControlPointIndex")
        weight = number(point, "CumulativeMetersetWeight")
        yield {
            "ControlPointIndex": place if index is None else index,
            **{key: value for key, value in inherited.items() if not _is_unused(key, value)},
            "CumulativeMetersetWeight": np.nan if weight is None else weight,
        }


def _present(point: pydicom.Dataset) -> list[str]:
    """Attributes that a control point states itself; most state few."""
    return [keyword for tag in point.keys() if (keyword := _INHERITED_TAGS.get(tag))]  # noqa: SIM118


def _is_unused(key: str, value: Any) -> bool:
    return key in _ION_ONLY and isinstance(value, float) and bool(np.isnan(value))


def _collimators(point: pydicom.Dataset) -> dict[str, Any]:
    """Jaw and leaf positions of one control point, by column name."""
    found: dict[str, Any] = {}
    for device in items(point, "BeamLimitingDevicePositionSequence"):
        kind = text(device, "RTBeamLimitingDeviceType")
        positions = numbers(device, "LeafJawPositions").tolist()
        if kind in _JAWS and len(positions) == 2:
            found[f"{_JAWS[kind]}1"], found[f"{_JAWS[kind]}2"] = positions
        elif positions:
            found[kind or "unnamed"] = tuple(positions)
    return found


def _reached(
    item: pydicom.Dataset, points: Sequence[dict[str, Any]], meterset: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Meterset delivered when each control point is reached."""
    weights = np.array([point["CumulativeMetersetWeight"] for point in points], dtype=np.float64)
    final = number(item, "FinalCumulativeMetersetWeight")
    if not final:
        return np.full(len(weights), np.nan)
    return weights / final * meterset


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
    for item in beam_items(plan_of(ds)):
        who = (integer(item, "BeamNumber") or 0, text(item, "BeamName"))
        for point in _control_points(item):
            if _POSITION[0] not in point:
                continue
            place = tuple(round(point[axis], 4) for axis in _POSITION)
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
