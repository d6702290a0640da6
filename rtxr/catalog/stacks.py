"""From image series to stacks: slices that make one grid, and what was set aside.

A series may hold scouts, two orientations, or several images at one position (phases,
acquisitions, echoes) or between one another. A stack is the part of it whose slices are parallel,
of one size and, of each label of a dynamic series (see :mod:`rtxr.catalog.dynamic`), each at a
place of its own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from rtxr.catalog import dynamic
from rtxr.catalog.apart import SET_ASIDE, tell_apart
from rtxr.catalog.dynamic import Images, Leading, Part
from rtxr.catalog.interleaved import interleaved
from rtxr.errors import Finding, GeometryError
from rtxr.geometry import FloatArray, slice_normal

#: Slices closer than this are at one position, mm.
SAME_POSITION_MM = 0.01
#: Row and column cosines that differ by no more than this are one orientation.
SAME_ORIENTATION = 1e-3
#: Width of the bins in which orientations are looked up.
_BIN = 4 * SAME_ORIENTATION
_SEVERAL = "several-images-at-one-position"


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices of one series that make one grid.

    Parameters
    ----------
    kind : str
        ``"CT"``, ``"MR"`` or ``"PT"``.
    series : str
        Series Instance UID (0020,000E); may be empty.
    positions : tuple of int
        Row positions in the table: label by label of the leading dimensions, the last of which
        varies fastest, each label along the normal of the slices.
    findings : tuple of Finding
        What was decided on the way.
    leading : tuple of Leading
        Leading dimensions of a dynamic series, outermost first; empty where each position holds
        one image.
    """

    kind: str
    series: str
    positions: tuple[int, ...]
    findings: tuple[Finding, ...] = ()
    leading: tuple[Leading, ...] = ()


@dataclass(frozen=True)
class _Slice:
    """What decides where an image belongs."""

    position: int
    order: tuple[float, int]
    shape: tuple[Any, ...]
    place: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    is_localizer: bool


def image_stacks(table: pd.DataFrame, kinds: Sequence[str], used: Sequence[int]) -> list[Stack]:
    """Stacks of all image series.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.table.build_table`.
    kinds : sequence of str
        Kind of each row.
    used : sequence of int
        Row positions of the images to look at.

    Returns
    -------
    list of Stack
        In the order of the table; several for a series whose labels (acquisitions, phases) share
        some positions only.
    """
    values = {name: table[name].tolist() for name in _COLUMNS}
    series: dict[Hashable, list[int]] = {}
    for position in used:
        series.setdefault(_series_key(values, kinds, position), []).append(position)
    stacks = []
    for positions in series.values():
        slices = sorted((_slice(values, at) for at in positions), key=lambda each: each.order)
        uid = values["SeriesInstanceUID"][positions[0]]
        stacks += _stacks_of(slices, values, kinds[positions[0]], uid)
    return stacks


_COLUMNS = (
    *("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "path"),
    *("InstanceNumber", "ImagePositionPatient", "ImageOrientationPatient", "ImageType"),
    *("Rows", "Columns", "PixelSpacing", "SOPInstanceUID"),
    *(name for name in dynamic.COLUMNS if name != "ImageType"),
)


def leaves_doubles(finding: Finding) -> bool:
    """Whether a finding says that images at positions of a stack are neither in it nor a case."""
    return finding.code == _SEVERAL and SET_ASIDE in finding.message


def _series_key(values: Mapping[str, list[Any]], kinds: Sequence[str], position: int) -> Hashable:
    """What makes a series: its UID, kind and patient; without a UID, study, frame and folder."""
    uid = values["SeriesInstanceUID"][position]
    if uid:
        return kinds[position], values["PatientID"][position], uid
    others = (values[name][position] for name in ("StudyInstanceUID", "FrameOfReferenceUID"))
    folder = str(PurePath(values["path"][position]).parent)
    return kinds[position], values["PatientID"][position], *others, folder


def _slice(values: Mapping[str, list[Any]], position: int) -> _Slice:
    number = values["InstanceNumber"][position]
    spacing = values["PixelSpacing"][position] or ()
    size = (values["Rows"][position], values["Columns"][position])
    return _Slice(
        position=position,
        order=(math.inf if number is pd.NA else number, position),
        shape=(*(0 if n is pd.NA else n for n in size), *(round(each, 3) for each in spacing)),
        place=_of_length(values["ImagePositionPatient"][position], 3),
        orientation=_of_length(values["ImageOrientationPatient"][position], 6),
        is_localizer="LOCALIZER" in values["ImageType"][position],
    )


def _of_length(numbers: tuple[float, ...] | None, length: int) -> tuple[float, ...] | None:
    return numbers if numbers is not None and len(numbers) == length else None


def _stacks_of(
    slices: list[_Slice], values: Mapping[str, list[Any]], kind: str, uid: str
) -> list[Stack]:
    """Stacks of one series, whose slices come in the order of their numbers."""
    groups = _consistent_groups(slices)
    best = max(groups, key=_worth)
    path = values["path"][best[0].position]
    findings = [
        _set_aside(len(group), len(slices), _difference(group[0], best[0]), uid, path)
        for group in groups
        if group is not best
    ]
    heights = _heights(best)
    if heights is None:
        return [Stack(kind, uid, tuple(each.position for each in best), tuple(findings))]
    parts, noticed = _apart(best, heights, values, uid)
    findings += noticed
    return [
        Stack(
            kind,
            uid,
            tuple(best[number].position for number in part.images),
            tuple(findings),
            part.leading,
        )
        for part in parts
    ]


def _consistent_groups(slices: list[_Slice]) -> list[list[_Slice]]:
    """Slices of one size, spacing and orientation, localizers apart."""
    orientations = _Orientations()
    groups: dict[Hashable, list[_Slice]] = {}
    for each in slices:
        placed = each.place is not None and each.orientation is not None
        direction = orientations.number(each.orientation) if each.orientation else -1
        key = (each.shape, direction, placed, each.is_localizer)
        groups.setdefault(key, []).append(each)
    return list(groups.values())


@dataclass
class _Orientations:
    """Numbers of orientations: one for those that are the same, by the first of them."""

    seen: dict[tuple[float, ...], int] = field(default_factory=dict)
    first: list[tuple[float, ...]] = field(default_factory=list)
    bins: defaultdict[tuple[int, ...], list[int]] = field(default_factory=lambda: defaultdict(list))

    def number(self, orientation: tuple[float, ...]) -> int:
        """Number of an orientation; a new one is added."""
        if orientation not in self.seen:
            self.seen[orientation] = self._find(orientation)
        return self.seen[orientation]

    def _find(self, orientation: tuple[float, ...]) -> int:
        if not all(map(math.isfinite, orientation)):
            self.first.append(orientation)
            return len(self.first) - 1
        # What is the same lies in the same bin, or in the next where an edge is near.
        near = [
            {math.floor((each + way * SAME_ORIENTATION) / _BIN) for way in (-1, 1)}
            for each in orientation
        ]
        found = [
            number
            for key in product(*near)
            for number in self.bins.get(key, ())
            if _are_same(self.first[number], orientation)
        ]
        if found:
            return min(found)
        number = len(self.first)
        self.first.append(orientation)
        self.bins[tuple(math.floor(each / _BIN) for each in orientation)].append(number)
        return number


def _are_same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= SAME_ORIENTATION


def _worth(group: list[_Slice]) -> tuple[bool, bool, int]:
    first = group[0]
    placed = first.place is not None and first.orientation is not None
    return placed, not first.is_localizer, len(group)


def _difference(other: _Slice, best: _Slice) -> str:
    """Why a slice is not part of the stack: what it is and how it lies before how it is sampled."""
    if other.place is None or other.orientation is None:
        return "have no position or orientation"
    if other.is_localizer and not best.is_localizer:
        return "are localizers"
    if best.orientation is not None and not _are_same(other.orientation, best.orientation):
        return "have another orientation"
    return (
        "have another matrix size"
        if other.shape[:2] != best.shape[:2]
        else "have another pixel spacing"
    )


def _set_aside(count: int, total: int, reason: str, uid: str, path: str) -> Finding:
    message = f"{count} of {total} images of this series are set aside: they {reason}"
    return Finding("slices-set-aside", "warning", message, uid, path)


def _heights(group: list[_Slice]) -> FloatArray | None:
    """Distance of each slice along the normal, mm; None where there is no geometry."""
    places = [each.place for each in group if each.place is not None]
    if len(places) < len(group) or group[0].orientation is None:
        return None
    try:
        return np.asarray(places) @ slice_normal(group[0].orientation)
    except GeometryError:
        return None


def _apart(
    group: list[_Slice], heights: FloatArray, values: Mapping[str, list[Any]], uid: str
) -> tuple[list[Part], list[Finding]]:
    """Slices with each position once per label, along the normal.

    Labels at positions of their own that lie between one another are one stack only if all slices
    are evenly spaced; those of disjoint ranges are one.
    """
    order = np.argsort(heights, kind="stable")
    rank = np.concatenate([[0], np.cumsum(np.diff(heights[order]) > SAME_POSITION_MM)])
    counts = np.bincount(rank)
    places = np.empty(len(group), dtype=np.intp)
    places[order] = rank
    rows = [each.position for each in group]
    images = Images(
        places=places,
        positions=np.array([each.place for each in group], dtype=np.float64),
        frames=[values["FrameOfReferenceUID"][row] for row in rows],
        values={name: [values[name][row] for row in rows] for name in dynamic.COLUMNS},
    )
    path = values["path"][rows[0]]
    if counts.max() == 1:
        found = interleaved(images, heights)
        if found is None:
            return [Part(tuple(order.tolist()))], []
        parts, message, severity = found
        return parts, [Finding("interleaved-slices", severity, message, uid, path)]
    parts, decided, severity = tell_apart(images)
    message = (
        f"{int((counts > 1).sum())} position(s) of this series hold up to {counts.max()} images; "
        + decided
    )
    return parts, [Finding(_SEVERAL, severity, message, uid, path)]
