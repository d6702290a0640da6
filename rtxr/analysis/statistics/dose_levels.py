"""Dose on the levels of slabs, at the corners of the cells of a lattice along the dose grid.

A level is a piece of a slab. Its mean dose, and the change of dose across it, are sums over the
planes of the dose grid it touches; all that is left to do for a cell is to look at its corners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from rtxr.analysis.grids.resample import Brackets, brackets
from rtxr.analysis.statistics.slab_cells import Bounds, Samples, consecutive, spreads
from rtxr.analysis.structures.covered_cells import Parts, Runs
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

#: Whole cells looked at together: what is known of so many stays close to the processor.
_AT_ONCE = 16_384


@dataclass(frozen=True)
class Lines:
    """Lines between cells among the nodes of an axis.

    Parameters
    ----------
    cuts : ndarray, (n,)
        Where the lines are, ascending, mm.
    at : Brackets
        The nodes beside each line; no share beyond the dose grid.
    same : slice, optional
        Where the nodes are themselves lines and all others are beyond the dose grid: which ones.
    nodes : int
        How many nodes there are.
    """

    cuts: FloatArray
    at: Brackets
    same: slice | None
    nodes: int

    @classmethod
    def of(cls, nodes: FloatArray, cuts: FloatArray) -> Lines:
        """Lines among ascending nodes."""
        at = known_brackets(nodes, cuts)
        begin = int(np.searchsorted(cuts, nodes[0]))
        here = slice(begin, begin + len(nodes))
        alike = np.array_equal(cuts[here], nodes) and np.isfinite(at.share).sum() == len(nodes)
        return cls(cuts, at, here if alike else None, len(nodes))

    @property
    def before(self) -> IntArray:
        """Node before each cell; the last one, after which is no cell, outside the dose grid."""
        known = np.isfinite(self.at.share)
        low = np.clip(self.at.low[:-1], 0, max(self.nodes - 2, 0))
        return np.where(known[:-1] & known[1:], low, self.nodes - 1)

    def on(self, values: FloatArray, axis: int) -> FloatArray:
        """Values at nodes along an axis, or at the lines already, at the lines."""
        if self.same:
            return values
        low, high = values.take(self.at.low, axis), values.take(self.at.high, axis)
        high -= low
        high *= self.at.share[:, None] if axis == 2 else self.at.share
        low += high
        return low


@dataclass(frozen=True)
class Through:
    """How the dose on planes of nodes adds up to levels.

    Parameters
    ----------
    plane : ndarray of int, (levels,)
        Plane of each level, ascending.
    thickness : ndarray, (levels,)
        Of each level, mm.
    used : ndarray of int, (levels, n)
        Consecutive nodes, the last one of a level repeated where others need more.
    mean, change : ndarray, (levels, n)
        Weights of the mean dose through the level, and of the change across it.
    """

    plane: IntArray
    thickness: FloatArray
    used: IntArray
    mean: FloatArray
    change: FloatArray

    @classmethod
    def of(cls, nodes: FloatArray, bounds: Bounds) -> Through:
        """The levels between some bounds; every node within one is a bound."""
        low, high = bounds.levels()
        used, (mean, change) = _weights(nodes, bounds.height, low, high)
        thickness = bounds.height[high] - bounds.height[low]
        return cls(bounds.plane[low], thickness, used, mean, change)

    def of_planes(self, first: int, stop: int) -> Through:
        """The levels of the planes from ``first`` to ``stop``, planes counted from 0 again."""
        some = slice(*np.searchsorted(self.plane, [first, stop]).tolist())
        used = self.used[some]
        wide = int((used[:, -1] - used[:, 0]).max(initial=0)) + 1
        return Through(
            self.plane[some] - first,
            self.thickness[some],
            used[:, :wide],
            self.mean[some, :wide],
            self.change[some, :wide],
        )


@dataclass(frozen=True)
class Levels:
    """Dose on the levels of some planes.

    Parameters
    ----------
    middle : ndarray, (levels, rows + 1, columns + 1)
        Mean dose through each level, at the corners of cells; NaN outside the dose grid.
    across : ndarray, (levels, rows + 1, columns + 1)
        Change of dose from its lower to its upper face.
    volume : ndarray, (levels, rows + 1, columns + 1)
        Of the cell that begins at each corner, mm3.
    counts : ndarray of int, (planes,)
        How many levels each plane has.
    """

    middle: FloatArray
    across: FloatArray
    volume: FloatArray
    counts: IntArray

    @classmethod
    def of(
        cls, values: FloatArray, through: Through, lines: tuple[Lines, Lines], planes: int
    ) -> Levels:
        """Dose on some levels.

        Parameters
        ----------
        values : ndarray
            The dose at nodes, ascending along w, v and u.
        through : Through
            The levels.
        lines : pair of Lines
            Lines between cells along v and u.
        planes : int
            Number of planes.
        """
        v, u = lines
        middle, across = u.on(v.on(_weighted(values, through, lines), 2), 3)
        area = np.diff(v.cuts, append=v.cuts[-1])[:, None] * np.diff(u.cuts, append=u.cuts[-1])
        counts = np.bincount(through.plane, minlength=planes)
        return cls(middle, across, through.thickness[:, None, None] * area, counts)

    def whole(self, runs: Runs) -> Iterator[Samples]:
        """Cells that are covered all over, on every level of their planes; some at a time."""
        of, level = self._on_levels(runs.plane)
        corners = runs.count[of] + 1  # the last one ends a run: what begins there does not count
        begin = self._corner(level, runs.row[of], runs.column[of])
        total = np.cumsum(corners)
        stops = np.searchsorted(total, np.arange(0, total[-1] if len(total) else 0, _AT_ONCE))
        for first, stop in pairwise([*stops.tolist(), len(of)]):
            yield self._of_runs(begin[first:stop], corners[first:stop])

    def _of_runs(self, begin: IntArray, corners: IntArray) -> Samples:
        """Cells of some runs: their first corners, and how many corners each has."""
        _, at = consecutive(begin, corners)
        line = self.middle.shape[2]
        near, far = self.middle.take(at), self.middle.ravel()[line:].take(at)
        both = near + far
        far -= near
        dose, along_u, along_v = both[1:] + both[:-1], both[1:] - both[:-1], far[1:] + far[:-1]
        dose /= 4
        volume = self.volume.take(at)
        volume[np.cumsum(corners) - 1] = 0.0
        square_u, square_v, square = along_u, along_v, self.across.take(at[:-1])
        square_u /= 2
        square_v /= 2
        for each in (square_u, square_v, square):
            np.square(each, out=each)
        widest = np.maximum(square_u, square_v)
        np.maximum(widest, square, out=widest)
        square += square_u
        square += square_v
        return Samples(dose, *spreads(square, widest), volume[:-1])

    def partial(self, parts: Parts) -> Samples:
        """Cells of which a part is covered, on every level of their planes."""
        of, level = self._on_levels(parts.plane)
        at = self._corner(level, parts.row[of], parts.column[of])
        line, middle = self.middle.shape[2], self.middle.ravel()
        a, b, c, d = (middle[step:].take(at) for step in (0, 1, line, line + 1))
        along_u, along_v, along_w = (b - a + d - c) / 2, (c - a + d - b) / 2, self.across.take(at)
        dose = (a + b + c + d) / 4 + along_u * parts.u[of] + along_v * parts.v[of]
        square_u, square_v = along_u**2 * parts.uu[of] * 12, along_v**2 * parts.vv[of] * 12
        square = square_u + square_v + 24 * along_u * along_v * parts.uv[of] + along_w**2
        widest = np.maximum(np.maximum(square_u, square_v), along_w**2)
        spread, shift = spreads(square, np.minimum(widest, square))
        return Samples(dose, spread, shift, self.volume.take(at) * parts.share[of])

    def _corner(self, level: IntArray, row: IntArray, column: IntArray) -> IntArray:
        """Number of the first corner of a cell."""
        _, rows, columns = self.middle.shape
        corner: IntArray = (level * rows + row) * columns + column
        return corner

    def _on_levels(self, plane: IntArray) -> tuple[IntArray, IntArray]:
        """Everything on some planes, once for each level: which of it, and the level."""
        first = np.cumsum(self.counts) - self.counts
        return consecutive(first[plane], self.counts[plane])


def known_brackets(nodes: FloatArray, places: FloatArray) -> Brackets:
    """Brackets in which the next node, which may not be known, does not count on a node."""
    at = brackets(nodes, places)
    return replace(at, high=np.where(at.share == 0, at.low, at.high))


def _weights(
    nodes: FloatArray, height: FloatArray, low: IntArray, high: IntArray
) -> tuple[IntArray, tuple[FloatArray, FloatArray]]:
    """How the dose on planes of nodes adds up to levels from one bound to another.

    Returns
    -------
    used : ndarray of int, (levels, n)
        Consecutive nodes, the last one of a level repeated where others need more.
    weights : pair of ndarray, (levels, n)
        Of the mean dose through the level, and of the change across it.
    """
    of, begin = consecutive(low, high - low)
    step = height[begin + 1] - height[begin]
    levels, one = np.arange(len(low)), np.ones(len(low))
    at = known_brackets(
        nodes, np.concatenate([height[begin] + step / 2, height[high], height[low]])
    )
    of = np.concatenate([of, levels, levels])
    ends = np.cumsum(high - low)
    first, last = at.low[ends - (high - low)], at.high[ends - 1]
    used = first[:, None] + np.arange(int((last - first).max(initial=0)) + 1)
    used = np.minimum(used, last[:, None])
    # Faces may round to either side.
    places = [
        of * used.shape[1] + np.clip(e - first[of], 0, (last - first)[of])
        for e in (at.low, at.high)
    ]
    mean, change = step / (height[high] - height[low])[of[: len(step)]], np.concatenate([one, -one])
    found = []
    for some, share in ((slice(len(step)), mean), (slice(len(step), None), change)):
        parts = (share * (1 - at.share[some]), share * at.share[some])
        total = sum(np.bincount(p[some], w, used.size) for p, w in zip(places, parts, strict=True))
        found.append(np.reshape(total, used.shape))
    return used, (found[0], found[1])


def _weighted(values: FloatArray, through: Through, lines: tuple[Lines, Lines]) -> FloatArray:
    """Mean and change of planes of nodes; of equal planes exactly what they are, and zero.

    Where nodes are lines they are placed among them, and beyond the dose grid is nothing known.
    """
    shape = [len(each.cuts) if each.same else each.nodes for each in lines]
    found = np.full((2, len(through.used), *shape), np.nan)
    box = (each.same or slice(None) for each in lines)
    middle, across = found[(slice(None), slice(None), *box)]
    first = _planes(values, through.used[:, 0])
    middle[...], across[...] = first, 0.0
    middle[np.isnan(through.mean).any(axis=1)] = np.nan
    more, part = np.empty((2, *first.shape))
    for at in range(1, through.used.shape[1]):
        np.subtract(_planes(values, through.used[:, at]), first, out=more)
        if through.change[:, at].any():
            across += np.multiply(more, through.change[:, at, None, None], out=part)
        middle += np.multiply(more, through.mean[:, at, None, None], out=part)
    return found


def _planes(values: FloatArray, at: IntArray) -> FloatArray:
    """Some planes, without a copy where they follow one another."""
    follow = len(at) > 0 and (np.diff(at) == 1).all()
    return values[at[0] : at[-1] + 1] if follow else values[at]
