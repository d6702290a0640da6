"""Control points of a plan with what each inherits filled in (PS3.3 C.8.8.14.5), as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from rtxr.geometry import FloatArray
from rtxr.keywords import tag_of
from rtxr.read import parse as parsing
from rtxr.read.plans.control_point_bytes import RawPoints, all_numbers, first_numbers
from rtxr.read.plans.gantry_angles import unwrapped
from rtxr.read.plans.metersets import metersets
from rtxr.read.plans.plan_records import PlannedBeam, chosen_beams, planned, with_findings

#: Numbers that a control point has from the one before it where it does not state them.
INHERITED = (
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
#: Which way each angle goes on from a control point; inherited too.
DIRECTIONS = (
    "GantryRotationDirection",
    "GantryPitchRotationDirection",
    "BeamLimitingDeviceRotationDirection",
    "PatientSupportRotationDirection",
    "TableTopEccentricRotationDirection",
    "TableTopPitchRotationDirection",
    "TableTopRollRotationDirection",
)
ISOCENTER = ("isocenter_x", "isocenter_y", "isocenter_z")
#: RT Beam Limiting Device Type (300A,00B8) of jaws > the axis along which they move.
JAWS = {"X": "X", "ASYMX": "X", "Y": "Y", "ASYMY": "Y"}
#: Columns that tables have only where a plan states them.
_WHERE_STATED = frozenset({"MetersetRate", "SnoutPosition", *DIRECTIONS[1:]})
_FOLLOW = ("gantry_unwrapped", "meterset", "segment_meterset")

ObjectArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Points:
    """Control points of one beam, each with what it inherits; decoded when asked for.

    Parameters
    ----------
    raw : RawPoints
        What they state.
    """

    raw: RawPoints

    def __len__(self) -> int:
        return len(self.raw.points)

    @cached_property
    def weights(self) -> FloatArray:
        """Cumulative Meterset Weight (300A,0134), NaN where missing; (point,)."""
        found = np.full(len(self), np.nan)
        places, values, vr = self.raw.stated("CumulativeMetersetWeight")
        found[places] = first_numbers(values, vr)
        return found

    @cached_property
    def numbers(self) -> dict[str, FloatArray]:
        """Numbers by keyword, those that the beam states anywhere; NaN before that; (point,)."""
        found = {keyword: _numbers(self.raw, keyword) for keyword in INHERITED}
        return {keyword: values for keyword, values in found.items() if values is not None}

    @cached_property
    def directions(self) -> dict[str, ObjectArray]:
        """Directions of rotation by keyword, likewise; empty before; (point,)."""
        found = {keyword: _texts(self.raw, keyword) for keyword in DIRECTIONS}
        return {keyword: values for keyword, values in found.items() if values is not None}

    @cached_property
    def isocenters(self) -> FloatArray:
        """Isocenter Position (300A,012C), patient LPS, mm; NaN where not known; (point, 3)."""
        places, values, vr = self.raw.stated("IsocenterPosition")
        found, counts = all_numbers(values, vr)
        whole = counts == 3
        points = found[np.repeat(whole, counts)].reshape(-1, 3)
        return filled(np.array(places, int)[whole], points, len(self), np.nan)

    @cached_property
    def devices(self) -> dict[str, FloatArray]:
        """Leaf/Jaw Positions (300A,011C) by RT Beam Limiting Device Type, mm; (point, position).

        All of one side, then all of the other.
        """
        return _devices(self.raw)

    def number(self, keyword: str, at: int = 0) -> float:
        """Value of one control point, NaN where it is not known."""
        return float(self.numbers[keyword][at]) if keyword in self.numbers else np.nan


def _numbers(raw: RawPoints, keyword: str) -> FloatArray | None:
    places, values, vr = raw.stated(keyword)
    if not places:
        return None
    stated = first_numbers(values, vr)
    known = np.isfinite(stated)
    return filled(np.array(places)[known], stated[known], len(raw.points), np.nan)


def _texts(raw: RawPoints, keyword: str) -> ObjectArray | None:
    places, values, _ = raw.stated(keyword)
    stated = np.array([parsing.text(value) for value in values], object)
    known = stated.astype(bool)
    if not known.any():
        return None
    return filled(np.array(places)[known], stated[known], len(raw.points), "")


def _devices(raw: RawPoints) -> dict[str, FloatArray]:
    """Positions of jaws and leaves by type of device."""
    kind_tag, positions_tag = tag_of("RTBeamLimitingDeviceType"), tag_of("LeafJawPositions")
    stated: dict[str, tuple[list[int], list[bytes]]] = {}
    for at, devices in raw.nested("BeamLimitingDevicePositionSequence"):
        for parts in devices.points:
            kind, positions = parts.get(kind_tag), parts.get(positions_tag)
            if positions is None or positions.stop <= positions.value:
                continue
            name = "" if kind is None else parsing.text(raw.data[kind.value : kind.stop])
            places, values = stated.setdefault(name or "unnamed", ([], []))
            places.append(at)
            values.append(raw.data[positions.value : positions.stop])
    return {
        name: filled(np.array(places), _even(*parsing.float_lists(values)), len(raw.points), np.nan)
        for name, (places, values) in stated.items()
    }


def _even(found: FloatArray, counts: npt.NDArray[np.int64]) -> FloatArray:
    """Numbers of several values as rows of one length, the shorter ones ending in NaN."""
    rows = np.full((len(counts), int(counts.max(initial=0))), np.nan)
    rows[np.arange(rows.shape[1]) < counts[:, None]] = found
    return rows


def filled(
    places: npt.NDArray[np.int64], stated: npt.NDArray[Any], count: int, before: object
) -> npt.NDArray[Any]:
    """Values of all control points from those that some state.

    Parameters
    ----------
    places : ndarray, (stated,)
        Control points that state a value, ascending; of one place the last counts.
    stated : ndarray, (stated, ...)
        What they state.
    count : int
        Number of control points.
    before : object
        What those before the first have.

    Returns
    -------
    ndarray, (count, ...)
    """
    latest = np.searchsorted(places, np.arange(count), side="right") - 1
    found = np.full((count, *stated.shape[1:]), before, stated.dtype)
    found[latest >= 0] = stated[latest[latest >= 0]]
    return found


def control_points(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Control points of the plan, with the values that each inherits filled in.

    Elements read: ControlPointSequence (300A,0111) of BeamSequence (300A,00B0) or
    IonControlPointSequence (300A,03A8) of IonBeamSequence (300A,03A2).

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
        positions (mm), energy and dose rate by their DICOM keywords; directions of rotation (those
        other than of the gantry where the plan states them); ``X1``, ``X2``, ``Y1``, ``Y2`` (jaws,
        mm); one column of tuples per multi-leaf collimator by its type (``MLCX``, ``MLCY``,
        ``MLCX1``, …: all leaf positions of one side, then of the other, mm); ``isocenter_x``,
        ``isocenter_y``, ``isocenter_z`` (patient LPS, mm); CumulativeMetersetWeight;
        ``gantry_unwrapped``, the gantry angle without jumps at 360 degrees, so that its steps are
        those of the gantry, in their direction; ``meterset``, what the beam has delivered when it
        reaches the control point, in its PrimaryDosimeterUnit; and ``segment_meterset``, what it
        delivers from there to the next. ``attrs["findings"]`` says what was odd.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    plan = planned(ds)
    parts, findings = [], list(plan.findings)
    for each in chosen_beams(plan.beams, beam):
        columns, more = _columns_of(each)
        parts.append(columns)
        findings += more
    names = _names(parts)
    table = pd.DataFrame({name: _joined(parts, name) for name in names}, columns=names)
    return with_findings(table, findings)


def _columns_of(beam: PlannedBeam) -> tuple[dict[str, Any], list[Any]]:
    """Columns of the control points of one beam, and what was odd."""
    points = Points(beam.points)
    count = len(points)
    reached, segments, findings = metersets(beam, points.weights)
    columns: dict[str, Any] = {
        "BeamNumber": [beam.number] * count,
        "ControlPointIndex": beam.points.index,
        **points.numbers,
        **points.directions,
        **_collimators(points),
        **dict(zip(ISOCENTER, points.isocenters.T, strict=True)),
        "CumulativeMetersetWeight": points.weights,
        "meterset": reached,
        "segment_meterset": segments,
    }
    if "GantryAngle" in points.numbers:
        stated = points.directions.get("GantryRotationDirection")
        directions = [""] * count if stated is None else stated.tolist()
        columns["gantry_unwrapped"] = unwrapped(points.numbers["GantryAngle"], directions)
    return (columns if count else {}), findings


def _collimators(points: Points) -> dict[str, Any]:
    """Columns of jaws and leaves."""
    found: dict[str, Any] = {}
    for kind, rows in points.devices.items():
        axis = JAWS.get(kind, kind) if rows.shape[1] == 2 else kind
        if axis in ("X", "Y") and rows.shape[1] == 2:
            found |= {f"{axis}1": rows[:, 0], f"{axis}2": rows[:, 1]}
        else:
            known = np.isfinite(rows).sum(axis=1)
            stored = zip(rows.tolist(), known.tolist(), strict=True)
            found[kind] = _objects([tuple(row) if some else np.nan for row, some in stored])
    return found


def _objects(values: Sequence[Any]) -> ObjectArray:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _names(parts: Sequence[dict[str, Any]]) -> list[str]:
    """Columns in a stable order: fixed ones, then collimators that occur, then metersets."""
    used = {name for part in parts for name in part}
    fixed = ["BeamNumber", "ControlPointIndex", *INHERITED, *DIRECTIONS]
    fixed = [name for name in fixed if name not in _WHERE_STATED or name in used]
    jaws = ["X1", "X2", "Y1", "Y2"]
    last = [*ISOCENTER, "CumulativeMetersetWeight", *_FOLLOW]
    leaves = sorted(used.difference(fixed, jaws, last))
    return [*fixed, *jaws, *leaves, *last]


def _joined(parts: Sequence[dict[str, Any]], name: str) -> Any:
    """One column of the control points of all beams."""
    make: Callable[[int], Any] = (lambda n: [""] * n) if name in DIRECTIONS else _nothing
    found = [part.get(name, make(len(part["meterset"]))) for part in parts if part]
    return np.concatenate(found) if found else []


def _nothing(count: int) -> FloatArray:
    return np.full(count, np.nan)
