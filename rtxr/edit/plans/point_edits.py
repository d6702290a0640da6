"""Control points of one beam with other values: which attribute a column is, and what must hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
from pydicom.dataset import Dataset

from rtxr.edit.plans.changed_cells import Changes, plain
from rtxr.edit.plans.ranges import require_fit
from rtxr.errors import ConflictingDataError, Finding, RTXRError
from rtxr.iod.encoding.raw import has_value, items_of, make, put, text_of
from rtxr.iod.items import beams as beam_items
from rtxr.iod.items.beams import ISOCENTER, JAWS, ROTATIONS, WEIGHT
from rtxr.iod.items.restated import put_value, restate, restate_device

#: Columns of which each is an attribute of a control point.
_ATTRIBUTES = frozenset(
    {
        *beam_items.POINT_NUMBERS,
        *ROTATIONS.values(),
        *("MetersetRate", "SnoutPosition"),
        WEIGHT,
    }
)
#: Columns that are one attribute, or positions of one device, together.
_JAW_KINDS: Mapping[tuple[str, ...], tuple[str, str]] = {
    sides: (sides[0][0], f"ASYM{sides[0][0]}") for sides in JAWS
}
#: Columns that follow from others > what to change instead.
FOLLOW = {
    "meterset": f"change {WEIGHT}, or BeamMeterset by ds.rt.with_beams",
    "segment_meterset": f"change {WEIGHT}, or BeamMeterset by ds.rt.with_beams",
    "gantry_unwrapped": "change GantryAngle and GantryRotationDirection",
}
_NO_MOTION = frozenset({"BeamNumber", "ControlPointIndex", WEIGHT, *FOLLOW, *ROTATIONS.values()})
_SPOTS, _FINAL = "ScanSpotMetersetWeights", "FinalCumulativeMetersetWeight"


def edit_points(
    beam: Dataset, points: Sequence[Dataset], rows: pd.DataFrame, changes: Changes
) -> list[Finding]:
    """Give the control points of a beam other values, in place.

    Parameters
    ----------
    beam : pydicom.Dataset
        Item of the beam.
    points : sequence of pydicom.Dataset
        Items of its control points; to be put into it afterwards.
    rows : DataFrame
        What they say now, as of ``ds.rt.control_points()``.
    changes : mapping of str to mapping of int to value
        Column > control point by its place > new value.

    Returns
    -------
    list of Finding
        What was noticed.

    Raises
    ------
    ConflictingDataError
        Values that contradict each other.
    RTXRError
        Values that the attribute cannot hold, or that are needed together.
    """
    number = text_of(beam, "BeamNumber")
    old = {str(name): [plain(each) for each in rows[name].tolist()] for name in rows.columns}
    new = {name: _with(values, changes.get(name, {})) for name, values in old.items()}
    for columns in _together(changes):
        places = {at for name in columns for at in changes.get(name, {})}
        _edit(beam, points, columns, old, new, places, number)
    _check_rotations(new, changes, number)
    _check_weights(beam, points, new, changes, number)
    return [*_jaw_findings(beam, new, changes, number), *_type_findings(beam, old, new, number)]


def _with(values: Sequence[Any], changed: Mapping[int, Any]) -> list[Any]:
    return [changed.get(at, value) for at, value in enumerate(values)]


def _together(changes: Changes) -> list[tuple[str, ...]]:
    """The columns that change, those of one attribute together."""
    wanted = [name for name in changes if name not in FOLLOW]
    found: dict[tuple[str, ...], None] = {}
    for name in wanted:
        joined = next((each for each in (ISOCENTER, *JAWS) if name in each), (name,))
        found[joined] = None
    return list(found)


def _edit(
    beam: Dataset,
    points: Sequence[Dataset],
    columns: tuple[str, ...],
    old: Mapping[str, list[Any]],
    new: Mapping[str, list[Any]],
    places: Collection[int],
    number: str,
) -> None:
    if len(columns) == 1 and columns[0] in _ATTRIBUTES:
        for at in places:
            require_fit(columns[0], new[columns[0]][at], number)
        restate(points, columns[0], old[columns[0]], new[columns[0]])
        return
    before, after = (
        [_joined([values[name][at] for name in columns]) for at in range(len(points))]
        for values in (old, new)
    )
    if any(after[at] is None for at in places):
        raise RTXRError(f"beam {number}: {', '.join(columns)} are needed together")
    try:
        if columns == ISOCENTER:
            restate(points, "IsocenterPosition", before, after)
        else:
            restate_device(beam, points, _JAW_KINDS.get(columns, columns), before, after)
    except ConflictingDataError as error:
        raise ConflictingDataError(f"beam {number}: {error}") from None


def _joined(values: Sequence[Any]) -> tuple[float, ...] | None:
    """Columns of one attribute as its value; a column of tuples is one already."""
    if len(values) == 1:
        return None if values[0] is None else tuple(values[0])
    return None if any(each is None for each in values) else tuple(values)


def _check_rotations(new: Mapping[str, list[Any]], changes: Changes, number: str) -> None:
    """Raise where an angle changes and its direction says that it does not, or says nothing."""
    for angle, direction in ROTATIONS.items():
        if not {angle, direction} & changes.keys() or direction not in new:
            continue
        for at, (here, then) in enumerate(pairwise(new[angle])):
            if here != then and new[direction][at] in (None, "NONE"):
                raise ConflictingDataError(
                    f"beam {number}: {angle} changes after control point {at}, where {direction} "
                    f"is {new[direction][at] or 'not said'}: it is CW or CC"
                )


def _check_weights(
    beam: Dataset,
    points: Sequence[Dataset],
    new: Mapping[str, list[Any]],
    changes: Changes,
    number: str,
) -> None:
    """Raise where weights fall; the last one is the final one."""
    if WEIGHT not in changes:
        return
    weights = new[WEIGHT]
    if any(has_value(point, _SPOTS) for point in points):
        raise ConflictingDataError(
            f"beam {number} has spots whose (300A,0396) {_SPOTS} add up to the {WEIGHT}; these "
            "cannot be changed alone"
        )
    if None in weights or any(then < here for here, then in pairwise(weights)):
        raise ConflictingDataError(
            f"beam {number}: {WEIGHT} has to rise, or stay, from each control point to the next"
        )
    if weights[0] != 0 or not weights[-1] > 0:
        raise ConflictingDataError(f"beam {number}: {WEIGHT} begins with 0 and ends above it")
    if len(weights) - 1 in changes[WEIGHT]:
        put_value(beam, _FINAL, weights[-1])


def _jaw_findings(
    beam: Dataset, new: Mapping[str, list[Any]], changes: Changes, number: str
) -> list[Finding]:
    """Jaws that are called symmetric, and are not."""
    listed = {
        text_of(each, "RTBeamLimitingDeviceType")
        for each in items_of(beam, "BeamLimitingDeviceSequence")
    }
    found = []
    for sides, (symmetric, free) in _JAW_KINDS.items():
        pairs = zip(*(new[side] for side in sides), strict=True)
        uneven = any(one is not None and one != -other for one, other in pairs)
        if set(sides) & changes.keys() and symmetric in listed and uneven:
            text = (
                f"beam {number}: the jaws {sides[0]} and {sides[1]} are not symmetric any more, "
                f"and their (300A,00B8) RTBeamLimitingDeviceType is {symmetric}, not {free}"
            )
            found.append(Finding("jaws-not-symmetric", "warning", text))
    return found


def _type_findings(
    beam: Dataset, old: Mapping[str, list[Any]], new: Mapping[str, list[Any]], number: str
) -> list[Finding]:
    """A static beam that moves now is a dynamic one (PS3.3 C.8.8.14.1)."""
    if text_of(beam, "BeamType") != "STATIC" or _moves(old) or not _moves(new):
        return []
    put(beam, make("BeamType", "DYNAMIC"))
    text = f"beam {number} moves while it delivers: its (300A,00C4) BeamType is DYNAMIC now"
    return [Finding("beam-type-changed", "info", text)]


def _moves(values: Mapping[str, list[Any]]) -> bool:
    """Whether anything changes between control points that deliver."""
    weights = values[WEIGHT]
    still = [at for at in range(len(weights) - 1) if weights[at] != weights[at + 1]]
    return any(
        each[at] != each[at + 1]
        for name, each in values.items()
        if name not in _NO_MOTION
        for at in still
    )
