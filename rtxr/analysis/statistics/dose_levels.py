"""Dose on the levels of slabs, at the corners of the cells of a lattice along the dose grid.

A level is a piece of a slab. Its mean dose, and the change of dose across it, are sums over the
planes of the dose grid it touches; all that is left to do for a cell is to look at its corners.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rtxr.analysis.grids.resample import Brackets
from rtxr.analysis.statistics.slab_cells import (
    Bounds,
    Samples,
    squares_of_parts,
)
from rtxr.analysis.structures.covered_cells import Parts, Runs
from rtxr.analysis.structures.runs import consecutive, numbers
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

#: Whole cells looked at together: what is known of so many stays close to the processor.
_AT_ONCE = 32_768
#: Multiplications at a time: so few are not worth a second thread.
_PRODUCTS = 200_000


@dataclass(frozen=True)
class Lines:
    """Lines between cells among the nodes of an axis.

    Parameters
    ----------
    cuts : ndarray, (n,)
        Where the lines are, ascending, within the dose grid, mm.
    width : ndarray, (n,)
        From each line to the next, mm; nothing after the last one.
    at : Brackets
        The nodes beside each line.
    nodes : int
        How many nodes there are.
    alike : bool
        Whether the lines are the nodes.
    """

    cuts: FloatArray
    width: FloatArray
    at: Brackets
    nodes: int
    alike: bool

    @classmethod
    def of(cls, nodes: FloatArray, cuts: FloatArray) -> Lines:
        """Lines among ascending nodes."""
        width = np.zeros(len(cuts))
        np.subtract(cuts[1:], cuts[:-1], out=width[:-1])
        alike = len(cuts) == len(nodes) and bool((cuts == nodes).all())
        return cls(cuts, width, known_brackets(nodes, cuts), len(nodes), alike)

    @property
    def before(self) -> IntArray:
        """Node before each cell."""
        return np.minimum(self.at.low[:-1], self.nodes - 2)

    def on(self, values: FloatArray, axis: int) -> FloatArray:
        """Values at nodes along an axis at the lines."""
        if self.alike:
            return values
        low, high = values.take(self.at.low, axis), values.take(self.at.high, axis)
        high -= low
        high *= self.at.share if axis == values.ndim - 1 else self.at.share[:, None]
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
    first, last : ndarray of int, (levels,)
        The nodes of each level, ascending.
    weights : ndarray, (2, levels, nodes)
        Of a quarter of the mean dose through each level, and of half the change across it.
    """

    plane: IntArray
    thickness: FloatArray
    first: IntArray
    last: IntArray
    weights: FloatArray

    @classmethod
    def of(cls, nodes: FloatArray, bounds: Bounds) -> Through:
        """The levels between some bounds, within the nodes; every node within one is a bound."""
        low, high = bounds.levels()
        thickness = bounds.height[high] - bounds.height[low]
        return cls(bounds.plane[low], thickness, *_weights(nodes, bounds.height, low, high))

    def of_planes(self, first: int, stop: int) -> Through:
        """The levels of the planes from ``first`` to ``stop``, planes counted from 0 again."""
        some = slice(*np.searchsorted(self.plane, [first, stop]).tolist())
        return Through(
            self.plane[some] - first,
            self.thickness[some],
            self.first[some],
            self.last[some],
            self.weights[:, some],
        )

    def near(self, levels: slice) -> slice:
        """The nodes of some levels."""
        first, last = self.first[levels], self.last[levels]
        return slice(int(first[0]), int(last[-1]) + 1) if len(first) else slice(0, 0)

    def add_up(self, planes: FloatArray, out: FloatArray, *, gaps: bool) -> None:
        """Weigh the dose on planes of nodes.

        Parameters
        ----------
        planes : ndarray, (nodes, corners)
            Dose on the planes of the nodes of all levels.
        out : ndarray, (2, levels, corners)
            What the weights make of it.
        gaps : bool
            Whether it is not known everywhere.
        """
        begin, levels = self.near(slice(None)).start, len(self.plane)
        step = max(2, int((_PRODUCTS / planes.shape[1]) ** 0.5) - 1)
        for at in range(0, levels, step):
            some = slice(at, at + step)
            near = self.near(some)
            weights = self.weights[:, some, near]
            values = planes[near.start - begin : near.stop - begin]
            if not gaps:
                np.matmul(weights, values, out=out[:, some])
                continue
            known = np.isfinite(values)
            np.matmul(weights, np.where(known, values, 0.0), out=out[:, some])
            out[:, some][(weights != 0).astype(np.float64) @ ~known > 0] = np.nan


@dataclass(frozen=True)
class Levels:
    """Dose on the levels of some planes.

    Parameters
    ----------
    corners : ndarray, (3, levels, rows + 1, columns + 1)
        At the corners of cells a quarter of the mean dose through each level, so that the dose
        of a cell is their sum, and half of its change from the lower to the upper face; and the
        volume of the cell that begins there, mm3.
    counts : ndarray of int, (planes,)
        How many levels each plane has.
    """

    corners: FloatArray
    counts: IntArray

    @classmethod
    def of(
        cls,
        values: FloatArray,
        through: Through,
        lines: tuple[Lines, Lines],
        planes: int,
        *,
        gaps: bool,
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
        gaps : bool
            Whether the dose is not known at some of the nodes.
        """
        v, u = lines
        near = u.on(v.on(values[through.near(slice(None))], 1), 2)
        area = np.multiply.outer(v.width, u.width).ravel()
        corners = np.empty((3, len(through.plane), len(area)))
        through.add_up(near.reshape(len(near), -1), corners[:2], gaps=gaps)
        np.multiply.outer(through.thickness, area, out=corners[2])
        counts = np.bincount(through.plane, minlength=planes)
        return cls(corners.reshape(3, -1, len(v.width), len(u.width)), counts)

    def whole(self, runs: Runs) -> Iterator[Samples]:
        """Cells that are covered all over, on every level of their planes; some at a time."""
        of, level = self._on_levels(runs.plane)
        corners = runs.count[of] + 1  # the last one ends a run: what begins there does not count
        begin = self._number(level, runs.row[of], runs.column[of])
        total = np.cumsum(corners)
        stops = np.searchsorted(total, np.arange(0, total[-1] if len(total) else 0, _AT_ONCE))
        for first, stop in pairwise([*stops.tolist(), len(begin)]):
            yield self._of_runs(begin[first:stop], corners[first:stop])

    def _of_runs(self, begin: IntArray, corners: IntArray) -> Samples:
        """Cells of some runs: their first corners, and how many corners each has."""
        at = numbers(begin, corners)
        kinds, line = self.corners.reshape(3, -1), self.corners.shape[3]
        near, far = kinds[0].take(at), kinds[0, line:].take(at)
        half_w, volume = kinds[1].take(at[:-1]), kinds[2].take(at)
        volume[np.cumsum(corners) - 1] = 0.0
        both = near + far
        far -= near
        dose, half_u, half_v = both[1:] + both[:-1], both[1:] - both[:-1], far[1:] + far[:-1]
        for each in (half_u, half_v, half_w):
            np.square(each, out=each)
        widest = np.maximum(half_u, half_v)
        np.maximum(widest, half_w, out=widest)
        rest = half_u
        rest += half_v
        rest += half_w
        rest -= widest
        return Samples(dose, widest, rest, volume[:-1])

    def partial(self, parts: Parts) -> Samples:
        """Cells of which a part is covered, on every level of their planes."""
        of, level = self._on_levels(parts.plane)
        at = self._number(level, parts.row[of], parts.column[of])
        kinds, line = self.corners.reshape(3, -1), self.corners.shape[3]
        a, b, c, d = (kinds[0, step:].take(at) for step in (0, 1, line, line + 1))
        ac, bd = a + c, b + d
        half_u, half_v, half_w = bd - ac, c + d - a - b, kinds[1].take(at)
        dose = ac + bd + 2 * (half_u * parts.u[of] + half_v * parts.v[of])
        half, moments = (half_u, half_v, half_w), (parts.uu[of], parts.uv[of], parts.vv[of])
        volume = kinds[2].take(at) * parts.share[of]
        return Samples(dose, *squares_of_parts(half, moments), volume)

    def _number(self, level: IntArray, row: IntArray, column: IntArray) -> IntArray:
        """Number of the first corner of a cell."""
        _, _, rows, columns = self.corners.shape
        corner: IntArray = (level * rows + row) * columns + column
        return corner

    def _on_levels(self, plane: IntArray) -> tuple[IntArray | slice, IntArray]:
        """Everything on some planes, once for each level: which of it, and the level."""
        if (self.counts == 1).all():
            return slice(None), plane
        first = np.cumsum(self.counts) - self.counts
        return consecutive(first[plane], self.counts[plane])


def known_brackets(nodes: FloatArray, places: FloatArray) -> Brackets:
    """Nodes beside places within them; the next one does not count on a node.

    The dose there may not be known.
    """
    at = np.interp(places, nodes, np.arange(len(nodes)))
    low = at.astype(np.int64)
    share = at - low
    return Brackets(low, low + (share > 0), share)


def _weights(
    nodes: FloatArray, height: FloatArray, low: IntArray, high: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """How the dose on planes of nodes adds up to levels from one bound to another.

    Returns
    -------
    first, last : ndarray of int, (levels,)
        The nodes of each level.
    weights : ndarray, (2, levels, nodes)
        Of a quarter of the mean dose through the level, and of half the change across it.
    """
    of, begin = consecutive(low, high - low)
    step = height[begin + 1] - height[begin]
    at = known_brackets(
        nodes, np.concatenate([height[begin] + step / 2, height[high], height[low]])
    )
    ends = np.cumsum(high - low)
    first, last = at.low[ends - (high - low)], at.high[ends - 1]
    half = np.full(len(low), 0.5)
    shares = np.concatenate([step / (4 * (height[high] - height[low])[of]), half, -half])
    levels = np.arange(len(low))
    of = np.concatenate([of, levels, levels])
    # Faces may round to either side.
    begin, end = first[of], last[of]
    low_at, high_at = (np.minimum(np.maximum(each, begin), end) for each in (at.low, at.high))
    of[len(step) :] += len(low)
    weights = np.zeros(2 * len(low) * len(nodes))
    np.add.at(weights, of * len(nodes) + low_at, shares * (1 - at.share))
    np.add.at(weights, of * len(nodes) + high_at, shares * at.share)
    return first, last, weights.reshape(2, len(low), len(nodes))
