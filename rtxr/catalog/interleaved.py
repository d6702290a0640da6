"""Slices of several acquisitions between one another: one volume, or several.

Packages of an MR series are one volume acquired in turns: together they are evenly spaced. Two
acquisitions of which one is shifted are two volumes, though no position holds two images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtxr import model
from rtxr.catalog.dynamic import Axis, Images, IntArray, Part, label_axis
from rtxr.errors import Severity
from rtxr.geometry import FloatArray
from rtxr.keywords import describe

#: Steps that differ by no more than this part of the usual one are equal: positions are rounded.
_SAME_STEP = 0.05
#: Part of the steps that may be gaps in an even stack.
_MOST_GAPS = 0.5
#: Slices that make a stack, at least.
_FEWEST = 3
#: When an image was written says nothing about what it belongs to.
_KEYWORDS = tuple(keyword for keyword in model.LEADING if keyword != "ContentTime")


@dataclass(frozen=True, eq=False)
class _Even:
    """Evenly spaced slices: their step in mm, the share of gaps between them, and their range."""

    step: float
    gaps: float
    range: tuple[float, float]


def interleaved(images: Images, heights: FloatArray) -> tuple[list[Part], str, Severity] | None:
    """Slices of several labels between one another, each at a position of its own.

    Parameters
    ----------
    images : Images
        Each position holds one.
    heights : ndarray, (n,)
        Their distances along the normal, mm.

    Returns
    -------
    parts : list of Part
        One if all slices together are evenly spaced, else one per label.
    message : str
        What was decided, in words.
    severity : {"info", "warning"}
        ``"warning"`` where the labels were separated.

    ``None`` where no attribute has labels that lie between one another.
    """
    if not np.isfinite(images.positions).all():
        return None
    order = np.argsort(images.places, kind="stable")
    union = _even(images.positions[order], heights[order])
    kept = None
    for keyword in _KEYWORDS:
        axis = _axis(images, keyword)
        if axis is None:
            continue
        stacks = _stacks(axis, order)
        own = [_even(images.positions[each], heights[each]) for each in stacks]
        deep = _depth([each for each in own if each is not None])
        even = sum(len(stack) for stack, each in zip(stacks, own, strict=True) if each is not None)
        if deep < 2 or 2 * even < len(order):
            continue
        steps = [each.step for each in own if each is not None]
        several_frames = _have_own_frames(images, stacks)
        if not several_frames and union is not None and _is_one(union, max(steps), deep):
            kept = kept or (keyword, len(stacks), union.step)
            continue
        return _separated(axis, stacks, several_frames)
    if kept is None:
        return None
    message = (
        f"slices of {kept[1]} values of {describe(kept[0])} lie between one another; together they "
        f"are evenly spaced, by {kept[2]:.4g} mm, and stay one stack"
    )
    return [Part(tuple(order.tolist()))], message, "info"


def _axis(images: Images, keyword: str) -> Axis | None:
    """Labels of several slices each, on average."""
    distinct = len(set(images.values[keyword]))
    if not 2 <= distinct <= len(images.places) / _FEWEST:
        return None
    return label_axis(images, keyword)


def _stacks(axis: Axis, order: IntArray) -> list[IntArray]:
    """Images of each label, along the normal."""
    by_label = order[np.argsort(axis.codes[order], kind="stable")]
    by_label = by_label[axis.codes[by_label] >= 0]
    return np.split(by_label, np.flatnonzero(np.diff(axis.codes[by_label])) + 1)


def _even(positions: FloatArray, heights: FloatArray) -> _Even | None:
    """Slices in a row whose steps are one vector, or few of them a multiple of it."""
    if len(positions) < _FEWEST:
        return None
    steps = np.diff(positions, axis=0)
    lengths = np.diff(heights)
    usual = float(np.sort(lengths)[(len(lengths) - 1) // 2])
    times = np.maximum(np.round(lengths / usual), 1)
    step = (positions[-1] - positions[0]) / times.sum()
    away = np.abs(steps - times[:, np.newaxis] * step).max(axis=1)
    if (away > _SAME_STEP * usual * times).any() or (times > 1).mean() > _MOST_GAPS:
        return None
    mean = float((heights[-1] - heights[0]) / times.sum())
    return _Even(mean, float((times > 1).mean()), (float(heights[0]), float(heights[-1])))


def _depth(stacks: list[_Even]) -> int:
    """How many ranges lie over one another, at most."""
    ends = [(each.range[0], 1) for each in stacks] + [(each.range[1], -1) for each in stacks]
    depth = np.cumsum([change for _, change in sorted(ends)])
    return int(depth.max(initial=0))


def _is_one(union: _Even, step: float, depth: int) -> bool:
    """Whether slices are one volume: without gaps, or with few and steps as packages give."""
    of_packages = step <= depth * union.step * (1 + _SAME_STEP)
    return union.gaps == 0 or (of_packages and union.gaps <= _MOST_GAPS / 2)


def _have_own_frames(images: Images, stacks: list[IntArray]) -> bool:
    """Whether each label has one frame of reference, and they are not all the same."""
    frames = [{images.frames[number] for number in stack.tolist()} for stack in stacks]
    return all(len(each) == 1 for each in frames) and len(set().union(*frames)) > 1


def _separated(
    axis: Axis, stacks: list[IntArray], several_frames: bool
) -> tuple[list[Part], str, Severity]:
    """A stack per label."""
    why = "have their own frames of reference" if several_frames else "make no even stack together"
    message = (
        f"slices of {len(stacks)} values of {describe(axis.leading.keyword)} lie between one "
        f"another but {why}; each value is a case of its own"
    )
    aside = len(axis.codes) - sum(len(stack) for stack in stacks)
    if aside:
        message += f"; {aside} image(s) without a value are set aside"
    return [Part(tuple(stack.tolist())) for stack in stacks], message, "warning"
