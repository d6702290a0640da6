"""Several images at one position: which attribute tells them apart, and into which dimensions.

Phases of a 4D-CT, acquisitions, echoes, b-values, magnitude and phase: a series whose labels all
lie at the same positions is one dynamic stack with a leading dimension. No label may be a mixture
of two. What is done where no attribute fills all positions: :mod:`rtxr.catalog.apart`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rtxr import model
from rtxr.geometry import FloatArray
from rtxr.keywords import describe

IntArray = npt.NDArray[np.intp]
Label = int | float | str
BoolArray = npt.NDArray[np.bool_]

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
        Its values, ascending, times of day in the order of their dates; 0, 1, ... where the order
        in time is all there is.
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
class Axis:
    """A leading dimension that may be, and which label each image has.

    Parameters
    ----------
    leading : Leading
        Its name and labels.
    codes : ndarray of int, (n,)
        Number of the label of each image; -1 where it has none.
    """

    leading: Leading
    codes: IntArray

    @property
    def is_complete(self) -> bool:
        """Whether every image has a label."""
        return bool((self.codes >= 0).all())


def label_axis(images: Images, keyword: str) -> Axis | None:
    """Labels of an attribute; None where all images have the same, or none has any.

    Times of day are in the order of their dates, where all images have one.
    """
    values = images.values[keyword]
    dates = images.values.get(_DATES.get(keyword, ""), ())
    dated = bool(dates) and all(dates)
    moments = [
        None if _is_missing(value) else (dates[at] if dated else "", _label(value))
        for at, value in enumerate(values)
    ]
    distinct = sorted({moment for moment in moments if moment is not None})
    if not distinct or len({*moments}) < 2:
        return None
    number: dict[Any, int] = {moment: at for at, moment in enumerate(distinct)}
    codes = np.array([number.get(moment, -1) for moment in moments], dtype=np.intp)
    labels = tuple(label for _, label in distinct)
    if len({*labels}) < len(labels):  # one time of day on several dates
        labels = tuple(f"{date}{label}" for date, label in distinct)
    return Axis(Leading(model.LEADING[keyword][0], keyword, labels), codes)


def _is_missing(value: Any) -> bool:
    return value is pd.NA or value in ("", ()) or value != value  # noqa: PLR0124


def _label(value: Any) -> Any:
    return "\\".join(value) if isinstance(value, tuple) else value


def filled(images: Images, axes: Sequence[Axis]) -> Part | None:
    """The dynamic stack, if every combination of labels has every position exactly once."""
    counts = [len(axis.leading.labels) for axis in axes]
    places = int(images.places.max()) + 1
    if math.prod(counts) * places != len(images.places):
        return None
    cells = np.ravel_multi_index((*(axis.codes for axis in axes), images.places), (*counts, places))
    order = np.argsort(cells, kind="stable")
    if not np.array_equal(cells[order], np.arange(len(order))):
        return None
    if not share_grid(images, order.reshape(-1, places)):
        return None
    return Part(tuple(order.tolist()), tuple(axis.leading for axis in axes))


def share_grid(images: Images, rows: IntArray) -> bool:
    """Whether images of each column lie at one point of one frame of reference."""
    at = images.positions[rows]
    frames = {images.frames[number] for number in rows.ravel().tolist()}
    return len(frames) == 1 and bool((np.abs(at - at[0]) <= SAME_PLACE_MM).all())


def complete_block(fits: BoolArray) -> list[BoolArray]:
    """Labels to keep along each dimension, so that every combination of them is there.

    One label at a time is left out, the one that lacks the largest part of its combinations.

    Parameters
    ----------
    fits : ndarray of bool
        Whether each combination is there; one dimension per leading dimension.

    Returns
    -------
    list of ndarray of bool
        Along each dimension, whether a label stays.
    """
    kept = [np.ones(length, dtype=bool) for length in fits.shape]
    while not (part := fits[np.ix_(*kept)]).all():
        lacking = []
        for dim in range(fits.ndim):
            others = tuple(axis for axis in range(fits.ndim) if axis != dim)
            share = 1 - part.mean(axis=others)
            lacking.append((float(share.max()), -dim, int(share.argmax())))
        _, dim, at = max(lacking)
        kept[-dim][np.flatnonzero(kept[-dim])[at]] = False
    return kept


def dimensions(leading: Sequence[Leading]) -> str:
    """Leading dimensions in words."""
    names = [f"{each.name!r} of {len(each.labels)}" for each in leading]
    return f"the leading dimension{'s' * (len(names) > 1)} " + " and ".join(names)


# --- when nothing names the images ----------------------------------------------------------------
def in_time(images: Images, named: Sequence[Axis]) -> tuple[Part, str] | None:
    """A dynamic stack by order in time, where each position has the same number of images.

    Parameters
    ----------
    images : Images
        Some positions hold several.
    named : sequence of Axis
        Attributes that say what images are; a step in time holds one label of each.

    Returns
    -------
    part : Part
        The stack.
    message : str
        What was decided, in words.
    """
    whole = [axis for axis in named if axis.is_complete]
    outers = chain.from_iterable(combinations(whole, count) for count in (2, 1, 0))
    for outer in outers:
        for keyword in TIMES:
            steps = _steps(images, outer, keyword)
            part = None if steps is None else filled(images, (*outer, steps))
            if part is not None and not _mixes(images, part, whole):
                others = "".join(f"{describe(each.leading.keyword)} and " for each in outer)
                return part, (
                    f"{others}the order in time at each position, by {describe(keyword)}, became "
                    f"{dimensions(part.leading)}; check that each {model.TIME_STEP} holds what "
                    "belongs together"
                )
    return None


def _mixes(images: Images, part: Part, named: Sequence[Axis]) -> bool:
    """Whether a label of a stack holds images that an attribute tells apart at a position."""
    places = int(images.places.max()) + 1
    stacks = np.array(part.images, dtype=np.intp).reshape(-1, places)
    for axis in named:
        if len(axis.leading.labels) > 2 * len(stacks):  # a number per slice
            continue
        codes = axis.codes[stacks]
        differ = bool((codes != codes[0]).any())
        if differ and bool((codes != codes[:, :1]).any()):
            return True
    return False


def _steps(images: Images, outer: Sequence[Axis], keyword: str) -> Axis | None:
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
    return Axis(Leading(model.TIME_STEP, keyword, tuple(range(counts.pop()))), codes)
