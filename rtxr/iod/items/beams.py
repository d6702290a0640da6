"""Items of Beam Sequence and its sisters (PS3.3 C.8.8.10, C.8.8.13, C.8.8.14) from rows of tables.

A row is a mapping of column to value as ``ds.rt.beams()`` and ``ds.rt.control_points()`` have
them; what is NaN, None or an empty text is not known and not written. Nothing is assumed but
that what does not turn has the rotation direction NONE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import item

_ECCENTRIC = "TableTopEccentricAngle"
#: Values of one beam or control point by column.
Row = Mapping[str, Any]

#: Attributes of a beam that a table may give.
BEAM_TEXTS = (
    "BeamName",
    "BeamDescription",
    "BeamType",
    "RadiationType",
    "TreatmentMachineName",
    "TreatmentDeliveryType",
    "PrimaryDosimeterUnit",
)
#: Numbers of a control point that a table may give; later points have them where they change.
POINT_NUMBERS = (
    "NominalBeamEnergy",
    "DoseRateSet",
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
)
#: Angle of a control point > which way it goes on from there.
ROTATIONS: Mapping[str, str] = {
    "GantryAngle": "GantryRotationDirection",
    "BeamLimitingDeviceAngle": "BeamLimitingDeviceRotationDirection",
    "PatientSupportAngle": "PatientSupportRotationDirection",
    "TableTopEccentricAngle": "TableTopEccentricRotationDirection",
    "GantryPitchAngle": "GantryPitchRotationDirection",
    "TableTopPitchAngle": "TableTopPitchRotationDirection",
    "TableTopRollAngle": "TableTopRollRotationDirection",
}
#: Angles that are from 0 to a whole turn, in degrees (PS3.3 C.8.8.14, C.8.8.2).
TURNS = ("GantryAngle", "BeamLimitingDeviceAngle", "PatientSupportAngle", _ECCENTRIC)
TURN = 360.0
ISOCENTER = ("isocenter_x", "isocenter_y", "isocenter_z")
#: Jaws as two columns > RT Beam Limiting Device Type of a pair that need not be symmetric.
JAWS: Mapping[tuple[str, str], str] = {("X1", "X2"): "ASYMX", ("Y1", "Y2"): "ASYMY"}
#: Multi-leaf collimators, one column of tuples each.
LEAVES = ("MLCX", "MLCY", "MLCX1", "MLCX2", "MLCY1", "MLCY2")
WEIGHT = "CumulativeMetersetWeight"
_POSITIONS = "BeamLimitingDevicePositionSequence"


def is_known(value: Any) -> bool:
    """Whether a table says something here."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and (
        isinstance(value, list | tuple | np.ndarray) or not pd.isna(value)
    )


def beam_item(
    beam: Row, points: Sequence[Row], boundaries: Mapping[str, Sequence[float]] | None = None
) -> Dataset:
    """Item of Beam Sequence (300A,00B0).

    Parameters
    ----------
    beam : mapping
        ``BeamNumber``, ``SourceAxisDistance`` and :data:`BEAM_TEXTS`, as far as they are known.
    points : sequence of mapping
        Its control points: :data:`POINT_NUMBERS`, the directions of :data:`ROTATIONS`, jaws,
        leaves, isocentre and cumulative weight, as far as they are known.
    boundaries : mapping, optional
        Leaf Position Boundaries (300A,00BE) by type of collimator, mm.
    """
    stated = [_point_values(point) for point in _with_directions(points)]
    changes = _changes(stated)
    steady = not any(changes[1:])
    made: dict[str, Any] = {
        "BeamNumber": int(beam["BeamNumber"]),
        "BeamType": "STATIC" if steady else "DYNAMIC",
        **{keyword: str(beam[keyword]) for keyword in BEAM_TEXTS if is_known(beam.get(keyword))},
        "NumberOfControlPoints": len(points),
        "ControlPointSequence": [
            item({"ControlPointIndex": at, WEIGHT: _number(point, WEIGHT), **change})
            for at, (point, change) in enumerate(zip(points, changes, strict=True))
        ],
    }
    if is_known(beam.get("SourceAxisDistance")):
        made["SourceAxisDistance"] = float(beam["SourceAxisDistance"])
    if devices := _devices(points, boundaries or {}):
        made["BeamLimitingDeviceSequence"] = devices
    if is_known(final := _number(points[-1], WEIGHT)):
        made["FinalCumulativeMetersetWeight"] = final
    return item(made)


def fraction_group(beams: Sequence[Row], fractions: int | None) -> Dataset:
    """Item of Fraction Group Sequence (300A,0070): all beams, their metersets and doses.

    Parameters
    ----------
    beams : sequence of mapping
        ``BeamNumber``, ``BeamMeterset``, ``BeamDose`` (Gy per fraction).
    fractions : int or None
        Number of Fractions Planned (300A,0078).
    """
    references = [
        item(
            {
                "ReferencedBeamNumber": int(beam["BeamNumber"]),
                **{
                    keyword: float(beam[keyword])
                    for keyword in ("BeamDose", "BeamMeterset")
                    if is_known(beam.get(keyword))
                },
            }
        )
        for beam in beams
    ]
    made: dict[str, Any] = {
        "FractionGroupNumber": 1,
        "NumberOfFractionsPlanned": fractions,
        "NumberOfBeams": len(references),
        "NumberOfBrachyApplicationSetups": 0,
    }
    if references:
        made["ReferencedBeamSequence"] = references
    return item(made)


def prescribed(doses: Mapping[int | None, float]) -> list[Dataset]:
    """Items of Dose Reference Sequence (300A,0010): a dose to each target.

    Parameters
    ----------
    doses : mapping of int or None to float
        ROI Number (3006,0022) > dose in Gy; None is a target that is no ROI (a SITE).
    """
    return [
        item(
            {
                "DoseReferenceNumber": at,
                "DoseReferenceStructureType": "SITE" if roi is None else "VOLUME",
                **({} if roi is None else {"ReferencedROINumber": roi}),
                "DoseReferenceType": "TARGET",
                "TargetPrescriptionDose": float(dose),
            }
        )
        for at, (roi, dose) in enumerate(doses.items(), start=1)
    ]


def _number(row: Row, column: str) -> float | None:
    return float(row[column]) if is_known(row.get(column)) else None


def _with_directions(points: Sequence[Row]) -> list[Row]:
    """Control points with the rotation directions that need no telling: of what does not turn."""
    known = {}
    for angle, direction in ROTATIONS.items():
        if any(is_known(point.get(direction)) for point in points):
            continue
        angles = {point[angle] for point in points if is_known(point.get(angle))}
        if len(angles) == 1 or (angle == _ECCENTRIC and not angles):
            known[direction] = "NONE"
    return [{**point, **known} for point in points]


def _point_values(point: Row) -> dict[str, Any]:
    """What a control point says, by keyword; positions of jaws and leaves by type of device."""
    keywords = (*POINT_NUMBERS, *ROTATIONS.values())
    found: dict[str, Any] = {
        keyword: float(point[keyword]) if keyword in POINT_NUMBERS else str(point[keyword])
        for keyword in keywords
        if is_known(point.get(keyword))
    }
    if all(is_known(point.get(axis)) for axis in ISOCENTER):
        found["IsocenterPosition"] = [float(point[axis]) for axis in ISOCENTER]
    found[_POSITIONS] = _positions(point)
    return found


def _positions(point: Row) -> dict[str, tuple[float, ...]]:
    """Leaf or jaw positions by type of device, mm."""
    found = {
        kind: tuple(float(point[side]) for side in sides)
        for sides, kind in JAWS.items()
        if all(is_known(point.get(side)) for side in sides)
    }
    for kind in LEAVES:
        if is_known(point.get(kind)) and len(point[kind]):
            found[kind] = tuple(float(each) for each in point[kind])
    return found


def _changes(stated: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each control point says that the one before it did not (PS3.3 C.8.8.14.5)."""
    before: dict[str, Any] = {}
    devices: dict[str, tuple[float, ...]] = {}
    found = []
    for values in stated:
        moved = {
            kind: places
            for kind, places in values[_POSITIONS].items()
            if devices.get(kind) != places
        }
        change = {
            keyword: value
            for keyword, value in values.items()
            if keyword != _POSITIONS and before.get(keyword) != value
        }
        before |= change
        devices |= moved
        if moved:
            change[_POSITIONS] = [
                item(RTBeamLimitingDeviceType=kind, LeafJawPositions=list(places))
                for kind, places in moved.items()
            ]
        found.append(change)
    return found


def _devices(points: Sequence[Row], boundaries: Mapping[str, Sequence[float]]) -> list[Dataset]:
    """Items of Beam Limiting Device Sequence: every device that has positions anywhere."""
    used = {kind: places for point in points for kind, places in _positions(point).items()}
    found = []
    for kind, places in used.items():
        made: dict[str, Any] = {
            "RTBeamLimitingDeviceType": kind,
            "NumberOfLeafJawPairs": len(places) // 2,
        }
        if kind in LEAVES:
            edges = boundaries.get(kind)
            made["LeafPositionBoundaries"] = None if edges is None else list(map(float, edges))
        found.append(item(made))
    return found
