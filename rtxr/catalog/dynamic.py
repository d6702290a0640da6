"""Several images at one position: which attribute tells them apart, and into which dimensions.

Phases of a 4D-CT, acquisitions, echoes, b-values, magnitude and phase: a series whose labels all
lie at the same positions is one dynamic stack with a leading dimension; labels that lie elsewhere
are stacks of their own. No label may be a mixture of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rtxr import model
from rtxr.catalog.table import describe
from rtxr.errors import Severity
from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.intp]
Label = int | float | str

#: Attributes that hold times: tried last, as the others say what the images are.
TIMES = ("TriggerTime", "FrameReferenceTime", "AcquisitionTime", "ContentTime")
NAMED = tuple(keyword for keyword in model.LEADING if keyword not in TIMES)
#: Dates that go with times of day.
_DATES = {"AcquisitionTime": "AcquisitionDate", "ContentTime": "ContentDate"}
#: Columns of the table that are looked at.
COLUMNS = (*model.LEADING, *_DATES.values())
#: Labels share one grid where their slices differ by no more than this, mm.
SAME_PLACE_MM = 0.01


@dataclass(frozen=True)
class Leading:
    """A leading dimension of a dynamic stack.

    Parameters
    ----------
    name : str
        Name of the dimension: ``"temporal_position"``.
    keyword : str
        The attribute that tells the images apart.
    labels : tuple of int, float or str
        Its values, ascending; 0, 1, ... where the order in time is all there is.
    """

    name: str
    keyword: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, eq=False)
class Images:
    """Parallel images of one series, in the order of their Instance Numbers.

    Parameters
    ----------
    places : ndarray of int, (n,)
        Which position along the normal, from 0.
    positions : ndarray, (n, 3)
        Image Position (Patient), mm.
    frames : sequence of str
        Frame of Reference UIDs.
    values : mapping
        A value per image for each of :data:`COLUMNS`.
    """

    places: IntArray
    positions: FloatArray
    frames: Sequence[str]
    values: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, eq=False)
class Part:
    """One stack: numbers of its images, label by label, each along the normal.

    Parameters
    ----------
    images : tuple of int
        Numbers in :class:`Images`.
    leading : tuple of Leading
        Outermost first; empty for a plain stack.
    """

    images: tuple[int, ...]
    leading: tuple[Leading, ...] = ()


@dataclass(frozen=True, eq=False)
class _Axis:
    """A leading dimension and the number of each image's label."""

    leading: Leading
    codes: IntArray


def tell_apart(images: Images) -> tuple[list[Part], str, Severity]:
    """Stacks in which each label has each position once.

    Parameters
    ----------
    images : Images
        Some positions hold several.

    Returns
    -------
    parts : list of Part
        One for a dynamic series; several where labels lie at different positions.
    message : str
        What was decided, in words.
    severity : {"info", "warning"}
        ``"warning"`` where no attribute decided.
    """
    axes = {name: axis for name in model.LEADING if (axis := _axis(images, name)) is not None}
    named = [axes[name] for name in NAMED if name in axes]
    times = [axes[name] for name in TIMES if name in axes]
    for chosen in _candidates(named, times):
        part = _filled(images, chosen)
        if part is not None:
            text = " and ".join(describe(each.leading.keyword) for each in chosen)
            return [part], f"{text} became {_dimensions(part)}", "info"
    for some in (named, None, times):
        found = _in_time(images, named) if some is None else _by_label(images, some)
        if found is not None:
            return found
    return _first_of_each(images)


def _candidates(named: Sequence[_Axis], times: Sequence[_Axis]) -> Iterator[tuple[_Axis, ...]]:
    """What may fill all positions: one attribute or two, those that say what images are first."""
    yield from ((axis,) for axis in named)
    yield from combinations(named, 2)
    yield from ((axis,) for axis in times)
    yield from ((axis, time) for axis in named for time in times)


def _axis(images: Images, keyword: str) -> _Axis | None:
    """Labels of an attribute; None where an image lacks it or all have the same."""
    values = images.values[keyword]
    if any(value is pd.NA or value in ("", ()) or value != value for value in values):  # noqa: PLR0124
        return None
    texts = ["\\".join(value) if isinstance(value, tuple) else value for value in values]
    labels = tuple(sorted(set(texts)))
    if len(labels) < 2:
        return None
    number = {label: at for at, label in enumerate(labels)}
    codes = np.array([number[text] for text in texts], dtype=np.intp)
    return _Axis(Leading(model.LEADING[keyword][0], keyword, labels), codes)


def _filled(images: Images, axes: Sequence[_Axis]) -> Part | None:
    """The dynamic stack, if every combination of labels has every position exactly once."""
    counts = [len(axis.leading.labels) for axis in axes]
    places = int(images.places.max()) + 1
    if int(np.prod(counts)) * places != len(images.places):
        return None
    cells = np.ravel_multi_index((*(axis.codes for axis in axes), images.places), (*counts, places))
    order = np.argsort(cells, kind="stable")
    if not np.array_equal(cells[order], np.arange(len(order))):
        return None
    if not _share_grid(images, order.reshape(-1, places)):
        return None
    return Part(tuple(order.tolist()), tuple(axis.leading for axis in axes))


def _share_grid(images: Images, rows: IntArray) -> bool:
    """Whether images of each column lie at one point of one frame of reference."""
    at = images.positions[rows]
    frames = {images.frames[number] for number in rows.ravel().tolist()}
    return len(frames) == 1 and bool((np.abs(at - at[0]) <= SAME_PLACE_MM).all())


# --- labels that lie at different positions -------------------------------------------------------
def _by_label(images: Images, axes: Sequence[_Axis]) -> tuple[list[Part], str, Severity] | None:
    """A stack per label, those at the same positions together, by the first attribute that can."""
    most = int(np.bincount(images.places).max())
    for axis in axes:
        labels = len(axis.leading.labels)
        cells = axis.codes * (images.places.max() + 1) + images.places
        several = 2 * labels <= len(cells) or not images.places.any()  # slices per label
        few = labels <= 2 * most and several
        if few and len(np.unique(cells)) == len(cells):
            parts = _grouped(images, axis)
            text = f"separated by {describe(axis.leading.keyword)} into {len(parts)} stacks, "
            text += "each a case of its own"
            dynamic = [part for part in parts if part.leading]
            if dynamic:
                text += f"; labels at the same positions became {_dimensions(dynamic[0])}"
            return parts, text, "info"
    return None


def _grouped(images: Images, axis: _Axis) -> list[Part]:
    """Stacks of labels at the same positions, in the order of their first labels."""
    groups: list[list[tuple[Label, IntArray]]] = []
    for code, label in enumerate(axis.leading.labels):
        own = np.flatnonzero(axis.codes == code)
        own = own[np.argsort(images.places[own], kind="stable")]
        for group in groups:
            first = group[0][1]
            same = np.array_equal(images.places[first], images.places[own])
            if same and _share_grid(images, np.stack([first, own])):
                group.append((label, own))
                break
        else:
            groups.append([(label, own)])
    return [_part(axis.leading, group) for group in groups]


def _part(leading: Leading, group: Sequence[tuple[Label, IntArray]]) -> Part:
    numbers = tuple(np.concatenate([own for _, own in group]).tolist())
    if len(group) == 1:
        return Part(numbers)
    labels = tuple(label for label, _ in group)
    return Part(numbers, (Leading(leading.name, leading.keyword, labels),))


# --- when nothing names the images ----------------------------------------------------------------
def _in_time(images: Images, named: Sequence[_Axis]) -> tuple[list[Part], str, Severity] | None:
    """A dynamic stack by order in time, where each position has the same number of images."""
    for outer in (*((axis,) for axis in named), ()):
        for keyword in TIMES:
            steps = _steps(images, outer, keyword)
            part = None if steps is None else _filled(images, (*outer, steps))
            if part is not None:
                others = "".join(f"{describe(each.leading.keyword)} and " for each in outer)
                message = (
                    f"{others}the order in time at each position, by {describe(keyword)}, became "
                    f"{_dimensions(part)}; check that each {model.TIME_STEP} holds what belongs "
                    "together"
                )
                return [part], message, "warning"
    return None


def _steps(images: Images, outer: Sequence[_Axis], keyword: str) -> _Axis | None:
    """Rank in time of each image among those of its labels and position."""
    values = images.values[keyword]
    if any(value == "" or value != value for value in values):  # noqa: PLR0124
        return None
    dates = images.values.get(_DATES.get(keyword, ""), [""] * len(values))
    moments = list(zip(dates, values, strict=True))
    cells: dict[tuple[int, ...], list[int]] = {}
    for number, place in enumerate(images.places.tolist()):
        key = (*(int(axis.codes[number]) for axis in outer), place)
        cells.setdefault(key, []).append(number)
    counts = {len(numbers) for numbers in cells.values()}
    distinct = all(len({moments[n] for n in each}) == len(each) for each in cells.values())
    if len(counts) > 1 or counts == {1} or not distinct:
        return None
    codes = np.empty(len(values), dtype=np.intp)
    for numbers in cells.values():
        for rank, number in enumerate(sorted(numbers, key=moments.__getitem__)):
            codes[number] = rank
    return _Axis(Leading(model.TIME_STEP, keyword, tuple(range(counts.pop()))), codes)


def _first_of_each(images: Images) -> tuple[list[Part], str, Severity]:
    """The first image of each position, by Instance Number."""
    _, first = np.unique(images.places, return_index=True)
    message = (
        "no attribute tells them apart; the first by (0020,0013) InstanceNumber is kept, "
        f"{len(images.places) - len(first)} are set aside"
    )
    return [Part(tuple(first.tolist()))], message, "warning"


def _dimensions(part: Part) -> str:
    """The leading dimensions of a stack, in words."""
    names = [f"{each.name!r} of {len(each.labels)}" for each in part.leading]
    return f"the leading dimension{'s' * (len(names) > 1)} " + " and ".join(names)
