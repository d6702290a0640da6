"""A plan with other values, from the tables that it gives: beams and control points.

What a table does not change stays as the source has it, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import pandas as pd
import xarray as xr
from pydicom.dataset import Dataset

from rtxr.edit.plans.changed_cells import Changes, changed_cells, plain
from rtxr.edit.plans.edited_plan import plan_to_edit, with_plan
from rtxr.edit.plans.point_edits import FOLLOW, edit_points
from rtxr.edit.plans.ranges import require_fit
from rtxr.edit.plans.tables import Rows, edited_table
from rtxr.errors import ConflictingDataError, Finding, RTXRError
from rtxr.iod.encoding.raw import duplicate, items_of, numbers_of, text_of
from rtxr.iod.items import beams as beam_items
from rtxr.iod.items.restated import BEAMS, CONTROL_POINTS, put_items, put_value, sequence_of
from rtxr.read import rt_plan

_BEAM, _POINT = ("BeamNumber",), ("BeamNumber", "ControlPointIndex")
#: Columns of beams that are those of all their control points.
_OF_POINTS = (
    *("NominalBeamEnergy", "BeamLimitingDeviceAngle", "PatientSupportAngle"),
    *beam_items.ISOCENTER,
)
_GANTRY = ("gantry_start", "gantry_stop")
_DELIVERED = ("BeamMeterset", "BeamDose")
_DISTANCE, _ION_DISTANCES = "SourceAxisDistance", "VirtualSourceAxisDistances"
_GROUPS, _REFERENCES = "FractionGroupSequence", "ReferencedBeamSequence"


def with_control_points(ds: xr.Dataset, table: Rows) -> xr.Dataset:
    """Change control points of the plan.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    table : DataFrame, mapping or list of mappings
        An edited ``ds.rt.control_points()``, or rows and columns of it with BeamNumber and
        ControlPointIndex: ``{"BeamNumber": 1, "ControlPointIndex": 0, "X1": -45.0}``. What it does
        not have stays; a list of mappings has all keys in each. What follows from other columns is
        not looked at where these change. Leaf positions are a tuple: side 1 of all pairs, then side
        2.

    Returns
    -------
    Dataset
        With the edited plan. What control points inherit stays inherited where the new values
        allow; private and other elements stay as they are. ApprovalStatus is UNAPPROVED. What was
        noticed is in ``ds.rt.findings``. An export gives the plan a new SOP Instance UID, and what
        refers to it follows. Doses keep their values.

    Raises
    ------
    ConflictingDataError
        An angle changes where its direction of rotation is NONE, weights fall, leaves are fewer
        than there are, or the beam lacks the device.
    MissingDataError
        The Dataset carries no plan.
    RTXRError
        Nothing is changed but what follows from others (meterset, segment_meterset,
        gantry_unwrapped), an angle is not from 0 to 360 degrees, or a value is taken out, of
        another kind or cannot be written.
    UnknownNameError
        A control point or column that the plan does not have.

    Examples
    --------
    >>> table = ds.rt.control_points()                                        # doctest: +SKIP
    >>> table.loc[table.BeamNumber == 1, "GantryAngle"] += 2                  # doctest: +SKIP
    >>> ds.rt.with_control_points(table).rt.to_dicom("edited/")               # doctest: +SKIP
    """
    before = _with_directions(rt_plan.control_points(ds))
    cells = changed_cells(before, edited_table(table), _POINT, "control point")
    if not cells:
        return ds
    if cells.keys() <= FOLLOW.keys():
        name = next(iter(cells))
        raise RTXRError(f"column {name!r} follows from others: {FOLLOW[name]}")
    plan = plan_to_edit(ds)
    keyword, beams = sequence_of(plan, BEAMS)
    findings: list[Finding] = []
    for beam, rows in zip(beams, _by_beam(beams, before), strict=True):
        findings += _edit_points(beam, before.iloc[rows], _within(cells, rows))
    put_items(plan, keyword, beams)
    what = f"control points were edited: {', '.join(name for name in cells if name not in FOLLOW)}"
    return with_plan(ds, plan, what, findings)


def with_beams(ds: xr.Dataset, table: Rows) -> xr.Dataset:
    """Change beams of the plan: names, metersets, doses, and what all their control points share.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    table : DataFrame, mapping or list of mappings
        An edited ``ds.rt.beams()``, or rows and columns of it with BeamNumber:
        ``{"BeamNumber": 1, "BeamMeterset": 120}``. What it does not have stays (a list of mappings
        has all keys in each): a beam goes by
        :func:`~rtxr.edit.plans.removed_beams.remove_beam`. The gantry angle of a beam that does not
        turn is both ``gantry_start`` and ``gantry_stop``.

    Returns
    -------
    Dataset
        With the edited plan, see :func:`with_control_points`. BeamMeterset and BeamDose change in
        every fraction group that says the same of the beam.

    Raises
    ------
    ConflictingDataError
        Two beams of one name, a value that is not the same at all control points, or a meterset
        without a fraction group to hold it.
    MissingDataError
        The Dataset carries no plan.
    RTXRError
        A column that follows from others, a negative meterset, an angle that is not from 0 to 360
        degrees, or a value that cannot be written.
    UnknownNameError
        A beam or column that the plan does not have.

    Examples
    --------
    >>> table = ds.rt.beams()                                                 # doctest: +SKIP
    >>> table["BeamMeterset"] *= 1.02                                         # doctest: +SKIP
    >>> edited = ds.rt.with_beams(table)                                      # doctest: +SKIP
    """
    before = rt_plan.beams(ds)
    cells = changed_cells(before, edited_table(table), _BEAM, "beam")
    if not cells:
        return ds
    plan = plan_to_edit(ds)
    keyword, beams = sequence_of(plan, BEAMS)
    points = _with_directions(rt_plan.control_points(ds))
    _refuse_equal_names(before, cells)
    findings: list[Finding] = []
    for at, (beam, place) in enumerate(zip(beams, _by_beam(beams, points), strict=True)):
        own = {name: values[at] for name, values in cells.items() if at in values}
        _edit_beam(beam, own)
        rows = points.iloc[place]
        findings += _edit_points(beam, rows, _for_all_points(beam, rows, own))
    findings += _edit_delivered(plan, before, cells)
    put_items(plan, keyword, beams)
    return with_plan(ds, plan, f"beams were edited: {', '.join(cells)}", findings)


def _with_directions(points: pd.DataFrame) -> pd.DataFrame:
    """The table with a column for every direction of rotation, which it has where it is stated."""
    missing = [name for name in beam_items.ROTATIONS.values() if name not in points.columns]
    return points.assign(**dict.fromkeys(missing, ""))


def _by_beam(beams: Sequence[Dataset], rows: pd.DataFrame) -> list[slice]:
    """Which rows of a table of control points are those of each beam."""
    counts = [len(sequence_of(beam, CONTROL_POINTS)[1]) for beam in beams]
    if sum(counts) != len(rows):
        raise RTXRError(
            f"the plan has {sum(counts)} control points, of which {len(rows)} can be read: it "
            "cannot be edited"
        )
    stops = list(accumulate(counts))
    return [slice(stop - count, stop) for stop, count in zip(stops, counts, strict=True)]


def _within(cells: Changes, rows: slice) -> dict[str, dict[int, Any]]:
    """The changes of one beam, its control points counted from 0."""
    found = {
        name: {
            at - rows.start: value for at, value in values.items() if rows.start <= at < rows.stop
        }
        for name, values in cells.items()
    }
    return {name: values for name, values in found.items() if values}


def _edit_points(beam: Dataset, rows: pd.DataFrame, changes: Changes) -> list[Finding]:
    if not changes:
        return []
    keyword, points = sequence_of(beam, CONTROL_POINTS)
    findings = edit_points(beam, points, rows, changes)
    put_items(beam, keyword, points)
    return findings


def _edit_beam(beam: Dataset, own: Mapping[str, Any]) -> None:
    """Set what a beam says of itself."""
    known = {*beam_items.BEAM_TEXTS, *_OF_POINTS, *_GANTRY, *_DELIVERED, _DISTANCE}
    for column, value in own.items():
        if column not in known:
            raise RTXRError(f"column {column!r} follows from others, and cannot be edited here")
        if column in beam_items.BEAM_TEXTS:
            require_fit(column, value, text_of(beam, "BeamNumber"))
            put_value(beam, column, value)
        elif column == _DISTANCE:
            if numbers_of(beam, _ION_DISTANCES):
                raise RTXRError(f"an ion beam has two (300A,030A) {_ION_DISTANCES}, not one")
            put_value(beam, column, value)


def _for_all_points(beam: Dataset, rows: pd.DataFrame, own: Mapping[str, Any]) -> Changes:
    """Changes of all control points that a change of their beam is."""
    wanted = {column: own[column] for column in _OF_POINTS if column in own}
    if set(_GANTRY) & own.keys():
        both = {own.get(column) for column in _GANTRY}
        if len(both) > 1:
            raise ConflictingDataError(
                f"beam {text_of(beam, 'BeamNumber')}: gantry_start and gantry_stop of a beam that "
                "does not turn are one angle, give both; of an arc change GantryAngle by "
                "ds.rt.with_control_points"
            )
        wanted["GantryAngle"] = both.pop()
    for column in wanted:
        if len({plain(each) for each in rows[column].tolist()}) > 1:
            raise ConflictingDataError(
                f"beam {text_of(beam, 'BeamNumber')}: {column} changes from control point to "
                "control point; change it by ds.rt.with_control_points"
            )
    return {column: dict.fromkeys(range(len(rows)), value) for column, value in wanted.items()}


def _refuse_equal_names(before: pd.DataFrame, cells: Changes) -> None:
    changed = cells.get("BeamName", {})
    names = [changed.get(at, plain(name)) for at, name in enumerate(before["BeamName"].tolist())]
    for at, name in changed.items():
        if names.count(name) > 1:
            number = before["BeamNumber"].tolist()[at]
            raise ConflictingDataError(
                f"beam {number}: another beam has the (300A,00C2) BeamName that it is to have"
            )


def _edit_delivered(plan: Dataset, before: pd.DataFrame, cells: Changes) -> list[Finding]:
    """Set metersets and doses of beams in the fraction groups."""
    findings = []
    for column in _DELIVERED:
        for at, value in cells.get(column, {}).items():
            number = int(before["BeamNumber"].tolist()[at])
            if before["BeamNumber"].tolist().count(number) > 1:
                raise ConflictingDataError(
                    f"several beams have the number {number}: whose {column} it is cannot be told"
                )
            was = plain(before[column].tolist()[at])
            if not _put_delivered(plan, number, column, was, value):
                raise ConflictingDataError(f"no fraction group refers to beam {number}")
            dose = plain(before["BeamDose"].tolist()[at])
            if column == "BeamMeterset" and dose and at not in cells.get("BeamDose", {}):
                text = (
                    f"beam {number}: its (300A,0086) BeamMeterset was changed and its (300A,0084) "
                    "BeamDose was not; check which dose it gives now"
                )
                findings.append(Finding("beam-dose-kept", "warning", text))
    return findings


def _put_delivered(plan: Dataset, number: int, column: str, was: Any, value: float) -> int:
    """Set a value of a beam in every fraction group that says the same; in how many."""
    done = 0
    groups = [duplicate(each) for each in items_of(plan, _GROUPS)]
    for group in groups:
        references = [duplicate(each) for each in items_of(group, _REFERENCES)]
        for each in references:
            if numbers_of(each, "ReferencedBeamNumber")[:1] == [float(number)]:
                stated = next(iter(numbers_of(each, column)), None)
                if stated == was:
                    put_value(each, column, value)
                    done += 1
        if references:
            put_items(group, _REFERENCES, references)
    put_items(plan, _GROUPS, groups)
    return done
