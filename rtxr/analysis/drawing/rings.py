"""Sides of the true voxels of a block, joined to closed rings (numpy only, no loop over points).

On every plane of a block the level sides between true and false voxels are found in one pass. Each
end of a level side is the end of one upright side as well, and along a column of corners these
come in pairs; so each level side knows which one follows it. Following them all at once, in jumps
that double, tells which sides belong to one ring, and in which order.

Voxels that touch at a corner only are apart: a ring goes round what is joined by whole sides. So
rings neither cross nor overlap, and since they run a little inside of the sides, they do not even
touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

#: How far inside of the sides rings run, in parts of the smallest voxel. Readers that round points
#: to the nearest voxel and paint the outline as well then find the true voxels and no other, in
#: single precision too. The area of one voxel is 0.2 % too small for it, that of a circle of 20
#: voxels 0.013 %.
INSET = 0.0005


@dataclass(frozen=True)
class Rings:
    """Closed polygons on the planes of a block.

    Parameters
    ----------
    points : ndarray, (n, 2)
        Corners (u, v), ring after ring, not repeating the first one of a ring, mm.
    starts : ndarray of int, (m + 1,)
        Where each ring begins, and the end.
    plane : ndarray of int, (m,)
        Plane of the block, ascending.
    around : ndarray of int, (m,)
        For a hole, the ring that a channel joins it to; -1 for other rings.
    """

    points: FloatArray
    starts: IntArray
    plane: IntArray
    around: IntArray

    @classmethod
    def joined(cls, parts: Mapping[int, Rings]) -> Rings:
        """Rings of the parts of a block, by the plane at which each part begins, ascending."""
        each = list(parts.values())
        before = np.cumsum([0, *(len(part.plane) for part in each)])[:-1].tolist()
        around = [
            np.where(part.around < 0, -1, part.around + at)
            for part, at in zip(each, before, strict=True)
        ]
        counts = np.concatenate([np.diff(part.starts) for part in each])
        return cls(
            np.concatenate([part.points for part in each]),
            np.append(0, np.cumsum(counts)),
            np.concatenate([part.plane + first for first, part in parts.items()]),
            np.concatenate(around),
        )


@dataclass(frozen=True)
class _Sides:
    """Level sides, each as long as it goes, in the order of planes, rows and columns.

    ``line`` counts the lines between rows; ``left`` and ``right`` those between columns. The side
    is walked with the true voxels to the right hand: from left to right where they are ``below``,
    in the direction of growing rows. ``units`` are the sides of single voxels and ``side_of`` the
    side each belongs to.
    """

    shape: tuple[int, int, int]
    plane: IntArray
    line: IntArray
    left: IntArray
    right: IntArray
    below: BoolArray
    units: IntArray
    side_of: IntArray


@dataclass(frozen=True)
class _Walk:
    """Level sides as they are walked: from, to (mm), height (mm), and the side that follows."""

    start: FloatArray
    stop: FloatArray
    height: FloatArray
    follow: IntArray


def trace(
    block: BoolArray, v_lines: FloatArray, u_lines: FloatArray, u: FloatArray, keyholes: bool
) -> Rings:
    """Rings round the true voxels of each plane of a block.

    Parameters
    ----------
    block : ndarray of bool, (planes, rows, columns)
        Not empty.
    v_lines, u_lines : ndarray, (rows + 1,), (columns + 1,)
        Ascending edges between rows and between columns, mm.
    u : ndarray, (columns,)
        Centres of columns, mm; channels keep clear of them.
    keyholes : bool
        Join every hole to the ring around it by a channel without width, else it is a ring of its
        own.
    """
    sides = _level_sides(block)
    walk = _joined(sides, v_lines, u_lines)
    order, starts = _in_order(walk.follow)
    first = order[starts[:-1]]
    hole = ~sides.below[first]  # the topmost side of a hole has the true voxels above it
    around = np.full(len(first), -1, dtype=np.int64)
    if hole.any():
        top = first[hole]
        target = _side_above(sides, top)
        ring_of = np.empty(len(order), dtype=np.int64)
        ring_of[order] = np.repeat(np.arange(len(first)), np.diff(starts))
        around[hole] = ring_of[target]
        if keyholes:
            channel = (u_lines[sides.left[top]] + u[sides.left[top]]) / 2
            walk = _with_channels(walk, top, target, channel)
            order, starts = _in_order(walk.follow)
            first, around = order[starts[:-1]], np.full(len(starts) - 1, -1, dtype=np.int64)
    points = np.empty((2 * len(order), 2))
    points[0::2, 0], points[1::2, 0] = walk.start[order], walk.stop[order]
    points[:, 1] = np.repeat(walk.height[order], 2)
    return Rings(points, 2 * starts, sides.plane[first], around)


def _level_sides(block: BoolArray) -> _Sides:
    """Level sides between true and false voxels."""
    planes, rows, columns = block.shape
    change = np.empty((planes, rows + 1, columns), dtype=bool)
    change[:, 0], change[:, -1] = block[:, 0], block[:, -1]
    np.not_equal(block[:, 1:], block[:, :-1], out=change[:, 1:-1])
    units = np.flatnonzero(change)
    row_of, column = _divided(units, columns)
    plane, line = _divided(row_of, rows + 1)
    below = np.zeros(len(units), dtype=bool)
    inner = line < rows
    below[inner] = block[plane[inner], line[inner], column[inner]]
    new = np.ones(len(units), dtype=bool)
    new[1:] = (np.diff(units) > 1) | (column[1:] == 0) | (below[1:] != below[:-1])
    at = np.flatnonzero(new)
    last = np.append(at[1:], len(units)) - 1
    side_of = np.cumsum(new) - 1
    return _Sides(
        block.shape, plane[at], line[at], column[at], column[last] + 1, below[at], units, side_of
    )


def _divided(numbers: IntArray, by: int) -> tuple[IntArray, IntArray]:
    """Quotients and remainders; numpy takes several times as long for both at once."""
    whole = numbers // by
    return whole, numbers - whole * by


def _joined(sides: _Sides, v_lines: FloatArray, u_lines: FloatArray) -> _Walk:
    """Level sides joined by upright ones; ends and heights set a little to the inside."""
    _, rows, columns = sides.shape
    ends = np.stack([sides.left, sides.right], axis=1)  # flat, end 2k and 2k + 1 are of side k
    key = (sides.plane[:, None] * (columns + 1) + ends) * (rows + 1) + sides.line[:, None]
    # Of two ends at one corner, that with the true voxels below is on the lower upright side. The
    # ends along a line ascend, and a stable sort begins with what is in order.
    order = np.argsort((2 * key + sides.below[:, None]).ravel(), kind="stable")
    partner = np.empty(len(order), dtype=np.int64)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    across = partner.reshape(-1, 2)
    downwards = sides.line[across >> 1] > sides.line[:, None]
    inwards = np.where(downwards == sides.below[:, None], 1.0, -1.0) * np.array([1.0, -1.0])
    x = u_lines[ends] + INSET * np.diff(u_lines).min() * inwards
    height = v_lines[sides.line] + INSET * np.diff(v_lines).min() * np.where(sides.below, 1.0, -1.0)
    start = np.where(sides.below, x[:, 0], x[:, 1])
    stop = np.where(sides.below, x[:, 1], x[:, 0])
    return _Walk(start, stop, height, np.where(sides.below, across[:, 1], across[:, 0]) >> 1)


def _in_order(follow: IntArray) -> tuple[IntArray, IntArray]:
    """Sides ring after ring in the order they are walked, each from its least one; ring starts."""
    n = len(follow)
    least, steps = np.arange(n), np.zeros(n, dtype=np.int64)
    jump, size = follow, 1
    while True:  # ``least`` is that of the next ``size`` sides, ``steps`` how far ahead it is
        ahead = least[jump]
        better = ahead < least
        if not better.any():
            break
        steps = np.where(better, steps[jump] + size, steps)
        least = np.minimum(least, ahead)
        jump, size = jump[jump], 2 * size
    counts = np.bincount(least, minlength=n)
    before = np.cumsum(counts) - counts
    order = np.empty(n, dtype=np.int64)
    order[before[least] + (counts[least] - steps) % counts[least]] = np.arange(n)
    starts = np.append(before[counts > 0], n)
    return order, starts


def _side_above(sides: _Sides, top: IntArray) -> IntArray:
    """The side that is met from the left end of a hole's topmost side, going up a column."""
    _, rows, columns = sides.shape
    upper = np.flatnonzero(sides.below[sides.side_of])
    side = sides.side_of[upper]
    column = sides.units[upper] % columns
    key = (sides.plane[side] * columns + column) * (rows + 1) + sides.line[side]
    order = np.argsort(key)
    wanted = (sides.plane[top] * columns + sides.left[top]) * (rows + 1) + sides.line[top]
    return np.asarray(side[order[np.searchsorted(key[order], wanted) - 1]], dtype=np.int64)


def _with_channels(walk: _Walk, top: IntArray, target: IntArray, channel: FloatArray) -> _Walk:
    """Walk that goes into each hole, and comes back, along an upright channel.

    Parameters
    ----------
    top : ndarray of int, (holes,)
        Topmost side of each hole, where the channel enters it.
    target : ndarray of int, (holes,)
        Side above from which the channel comes; it is walked from left to right.
    channel : ndarray, (holes,)
        u of the channel, mm.
    """
    order = np.lexsort((channel, target))
    top, target, channel = top[order], target[order], channel[order]
    n, holes = len(walk.follow), len(top)
    inner, outer = n + np.arange(holes), n + holes + np.arange(holes)  # what is cut off behind
    start = np.concatenate([walk.start, channel, channel])
    stop = np.concatenate([walk.stop, walk.stop[top], walk.stop[target]])
    follow = np.concatenate([walk.follow, walk.follow[top], walk.follow[target]])
    again = np.append(target[1:] == target[:-1], False)  # another channel further on
    before = np.where(np.append(False, again[:-1]), outer - 1, target)
    stop[before] = channel
    follow[before] = inner
    stop[top] = channel
    follow[top] = outer
    height = np.concatenate([walk.height, walk.height[top], walk.height[target]])
    return replace(walk, start=start, stop=stop, height=height, follow=follow)
