"""Tables of beams and control points, as callers give them, to the rows of a plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Number, Real
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr.edit.plans.ranges import require_in_range
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError, did_you_mean
from rtxr.iod.items import beams as beam_items
from rtxr.iod.items.beams import Row

FRACTIONS = "NumberOfFractionsPlanned"
#: Columns of a table of beams: of the beam, of its fraction group, of its first and last point.
_OF_BEAM = ("BeamNumber", *beam_items.BEAM_TEXTS, "SourceAxisDistance")
_OF_GROUP = ("BeamMeterset", "BeamDose", FRACTIONS)
_ENDS = ("gantry_start", "gantry_stop")
_COUNT = "NumberOfControlPoints"
#: Columns of a table of control points.
_OF_POINT = (
    "BeamNumber",
    "ControlPointIndex",
    *beam_items.POINT_NUMBERS,
    *beam_items.ROTATIONS.values(),
    *(side for sides in beam_items.JAWS for side in sides),
    *beam_items.LEAVES,
    *beam_items.ISOCENTER,
    beam_items.WEIGHT,
)
_TEXTS = frozenset({*beam_items.BEAM_TEXTS, *beam_items.ROTATIONS.values()})
#: Columns of ``ds.rt.control_points()`` that follow from others.
_FOLLOW = ("gantry_unwrapped", "meterset", "segment_meterset")
_LEAVES = ", ".join(beam_items.LEAVES[:2])

#: A table as callers give it.
Rows = pd.DataFrame | Mapping[str, Any] | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Beam:
    """A beam and its control points, as rows."""

    row: Row
    points: tuple[Row, ...]


def beams_of(beams: Rows | None, control_points: Rows | None, machine: str | None) -> list[Beam]:
    """Beams of the tables with their control points."""
    beams, control_points = table_of(beams, "beams"), table_of(control_points, "control_points")
    if beams is None and control_points is None:
        return []
    if beams is not None and "ControlPointIndex" in beams.columns:
        if control_points is not None:
            raise ConflictingDataError("both tables have control points; give one of them")
        beams, control_points = None, beams
    points = None if control_points is None else _by_beam(control_points)
    if beams is None:
        beams = pd.DataFrame([rows[0] for rows in (points or {}).values()])
        beams = beams.reindex(columns=[name for name in beams if name in (*_OF_BEAM, *_OF_GROUP)])
    rows = _numbered(_rows(beams, (*_OF_BEAM, *_OF_GROUP, *_ENDS, _COUNT, *_OF_POINT)))
    if machine is not None:
        rows = [{"TreatmentMachineName": machine, **row} for row in rows]
    numbers = [int(row["BeamNumber"]) for row in rows]
    if points is not None and set(points) != set(numbers):
        raise ConflictingDataError(
            f"the beams are {sorted(numbers)} and the control points are of {sorted(points)}"
        )
    return [
        Beam(row, _ends(row) if points is None else points[number])
        for number, row in zip(numbers, rows, strict=True)
    ]


def table_of(given: Any, what: str) -> pd.DataFrame | None:
    """A table of what the caller gave: columns as a mapping, one row as a mapping, or rows.

    Raises
    ------
    RTXRError
        It is nothing of this kind.
    """
    if given is None:
        return None
    if isinstance(given, pd.DataFrame):
        return given
    if isinstance(given, xr.Dataset):
        raise RTXRError(
            f"{what} is a Dataset of xarray: positions of leaves go in the columns {_LEAVES} of a "
            "table as of ds.rt.control_points(), a tuple each: side 1 of all pairs, then side 2, "
            'such as tuple(leaves["MLCX"].sel(beam=1, control_point=0).transpose("side", ...)'
            ".values.ravel())"
        )
    if isinstance(given, Mapping):
        return pd.DataFrame([given]) if _is_row(given) else pd.DataFrame(dict(given))
    rows = isinstance(given, list | tuple) and all(isinstance(row, Mapping) for row in given)
    if not rows:
        raise RTXRError(
            f"{what} is a {type(given).__name__}; give a DataFrame, or a list of mappings of its "
            'columns: [{"BeamName": "AP", "GantryAngle": 0.0}]'
        )
    return pd.DataFrame(given)


def edited_table(given: Any) -> pd.DataFrame:
    """The table that a caller edited, in one of the forms of :func:`table_of`."""
    table = table_of(given, "table")
    if table is None:
        raise RTXRError("table is None; give the edited table")
    return table


def _is_row(given: Mapping[str, Any]) -> bool:
    """Whether a mapping of columns is one row: no column holds several values, but leaves may."""
    plain = [value for name, value in given.items() if name not in beam_items.LEAVES]
    return all(isinstance(value, Number | str | None) for value in plain)


def _rows(table: pd.DataFrame, columns: Iterable[str]) -> list[dict[str, Any]]:
    """What the rows of a table say, without what they do not know.

    Raises
    ------
    RTXRError
        A value of another kind than its column has, or out of range.
    UnknownNameError
        A column that means nothing here.
    """
    known = list(dict.fromkeys([*columns, *_FOLLOW]))
    for name in table.columns:
        if name not in known:
            raise UnknownNameError(f"column {name!r}; {did_you_mean(str(name), known)}")
    rows = [
        {str(name): value for name, value in row.items() if beam_items.is_known(value)}
        for row in table.to_dict("records")
    ]
    for name, value in (pair for row in rows for pair in row.items()):
        if name not in _TEXTS and not _is_numeric(name, value):
            leaves = "an even count of numbers each: one side of all pairs, then the other"
            what = leaves if name in beam_items.LEAVES else "numbers"
            raise RTXRError(f"column {name!r} takes {what}, not {value!r}")
        require_in_range(name, value)
    return rows


def _is_numeric(name: str, value: object) -> bool:
    """Whether a value is a finite number, or of leaves a pair or more of them."""
    if name not in beam_items.LEAVES:
        return isinstance(value, Real) and math.isfinite(value)
    if not isinstance(value, list | tuple | np.ndarray) or len(value) % 2 or not len(value):
        return False
    return all(isinstance(each, Real) and math.isfinite(each) for each in value)


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with a Beam Number each: their own, else counted from 1."""
    given = [row.get("BeamNumber") for row in rows]
    numbers = [int(n) for n in given if n is not None] or list(range(1, len(rows) + 1))
    if len(set(numbers)) < len(rows):
        raise ConflictingDataError(
            f"BeamNumber is {numbers} for {len(rows)} beams; give each its own, or none any"
        )
    return [{**row, "BeamNumber": number} for row, number in zip(rows, numbers, strict=True)]


def _by_beam(table: pd.DataFrame) -> dict[int, tuple[Row, ...]]:
    """Control points by Beam Number, in the order of their index."""
    if "BeamNumber" not in table.columns:
        raise RTXRError("control points need a column BeamNumber")
    found: dict[int, list[Row]] = {}
    for row in _rows(table, (*_OF_BEAM, *_OF_GROUP, *_OF_POINT)):
        found.setdefault(int(row["BeamNumber"]), []).append(row)
    return {
        number: tuple(sorted(rows, key=lambda row: row.get("ControlPointIndex", 0)))
        for number, rows in found.items()
    }


def _ends(row: Row) -> tuple[Row, ...]:
    """First and last control point of a beam that is told in one row."""
    if int(row.get(_COUNT, 2)) != 2:
        raise RTXRError(
            f"beam {row['BeamNumber']} has {int(row[_COUNT])} control points, which one row cannot "
            "tell: give control_points=, a table as of ds.rt.control_points()"
        )
    start, stop = (row.get(name, row.get("GantryAngle")) for name in _ENDS)
    own = {name: row[name] for name in _OF_POINT if name in row}
    first = {**own, "GantryAngle": start, beam_items.WEIGHT: 0.0}
    last = {**own, "GantryAngle": stop, beam_items.WEIGHT: 1.0}
    if start != stop and "GantryRotationDirection" in own:
        last["GantryRotationDirection"] = "NONE"
    return first, last


def check_boundaries(boundaries: Mapping[str, Sequence[float]], found: Sequence[Beam]) -> None:
    """Raise where boundaries are of no collimator here, or do not fit the number of leaves."""
    pairs = {
        kind: len(point[kind]) // 2
        for beam in found
        for point in beam.points
        for kind in beam_items.LEAVES
        if kind in point
    }
    for kind, edges in boundaries.items():
        if kind not in pairs:
            raise UnknownNameError(f"leaf_boundaries[{kind!r}]; {did_you_mean(kind, pairs)}")
        if len(edges) != pairs[kind] + 1:
            raise ConflictingDataError(
                f"leaf_boundaries[{kind!r}]: {pairs[kind]} pairs of leaves have "
                f"{pairs[kind] + 1} boundaries, not {len(edges)}"
            )
