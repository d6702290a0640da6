"""Edges of polygons cut into strips in which they are ordered from left to right (numpy only).

The plane is cut into horizontal strips at every vertex and every crossing. Within a strip no edge
begins, ends or crosses another, so walking along it meets the edges in one order; that is all the
even-odd rule needs (:mod:`rtxr.analysis.structures.polygons`). All planes of a structure are swept
at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.runs import numbers, run_starts
from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]

#: Heights closer than this are one height, mm; a power of two so that rounding is exact.
_QUANTUM = 2.0**-30
#: Edges whose order differs by less from one side of a strip to the other do not cross, mm.
_CROSSING_TOLERANCE = 1e-7
#: Rounds of finding crossings; each resolves all neighbours that cross.
_MAX_ROUNDS = 40
#: Edges swept at a time, unless a single plane has more.
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Edges:
    """Edges of closed polygons on several parallel planes.

    Parameters
    ----------
    x0, y0, x1, y1 : ndarray, (n,)
        End points, mm, lower end first (``y0 <= y1``), so that two polygons that share an edge
        compute the same crossings whatever their direction.
    plane : ndarray of int, (n,)
        Which plane.
    contour : ndarray of int, (n,)
        Which polygon; polygons to be taken together by even-odd in a union share a number.
    """

    x0: FloatArray
    y0: FloatArray
    x1: FloatArray
    y1: FloatArray
    plane: IntArray
    contour: IntArray

    def __len__(self) -> int:
        return len(self.x0)

    def take(self, index: npt.NDArray[np.generic] | slice) -> Edges:
        """The edges at these indices, or where a boolean mask is true."""
        return Edges(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class Heights:
    """Heights at which edges begin, end or cross; strip i goes from height i to height i + 1.

    Parameters
    ----------
    lowest : float
        Of all planes, mm.
    span : int
        Steps of the quantum reserved for a plane.
    keys : ndarray of int, (n,)
        Heights in steps above ``lowest``, plane after plane.
    y : ndarray, (n,)
        The same, mm.
    begin, end : ndarray of int, (edges,)
        At which height each edge begins and ends.
    """

    lowest: float
    span: int
    keys: IntArray
    y: FloatArray
    begin: IntArray
    end: IntArray

    @classmethod
    def of(cls, edges: Edges, extra_y: FloatArray, extra_plane: IntArray) -> Heights:
        """Heights of edges, and further ones of some planes."""
        n = len(edges)
        y = np.concatenate([edges.y0, edges.y1, extra_y])
        plane = np.concatenate([edges.plane, edges.plane, extra_plane])
        lowest = float(y.min(initial=0.0))
        key = np.rint((y - lowest) * (1 / _QUANTUM)).astype(np.int64)
        span = int(key.max(initial=0)) + 1
        key += plane * span
        order = np.argsort(key, kind="stable")  # sides of polygons ascend or descend for long
        ascending = key.take(order)
        new = run_starts(ascending)
        event = np.empty(len(key), dtype=np.int64)
        event[order] = new.cumsum() - 1
        first = np.flatnonzero(new)
        heights = ascending.take(first), y.take(order.take(first))
        return cls(lowest, span, *heights, event[:n], event[n : 2 * n])

    def strip(self, plane: IntArray, y: FloatArray) -> IntArray:
        """Strip in which points are, where :meth:`spans` their height."""
        steps = np.clip(np.floor((y - self.lowest) / _QUANTUM), 0, self.span - 1)
        found = np.searchsorted(self.keys, steps.astype(np.int64) + plane * self.span, side="right")
        above_all = max(len(self.keys) - 1, 0)  # holds nothing, like what is below all
        return np.where(found > 0, found - 1, above_all)

    def spans(self, y: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether heights are between the lowest and the highest of all planes."""
        return (y >= self.lowest) & (y < self.lowest + self.span * _QUANTUM)


@dataclass(frozen=True)
class Fragments:
    """Edges cut at the strips, ordered by strip and then from left to right.

    Parameters
    ----------
    edge, strip : ndarray of int, (n,)
        Which edge, which strip.
    x_lo, x_hi : ndarray, (n,)
        Where the edge is at the bottom and at the top of the strip, mm.
    y : ndarray
        Heights between strips: strip i reaches from ``y[i]`` to ``y[i + 1]``.
    """

    edge: IntArray
    strip: IntArray
    x_lo: FloatArray
    x_hi: FloatArray
    y: FloatArray

    def take(self, index: npt.NDArray[np.generic]) -> Fragments:
        """The fragments at these indices, or where a boolean mask is true."""
        return Fragments(
            self.edge[index], self.strip[index], self.x_lo[index], self.x_hi[index], self.y
        )


def closed_edges(points: FloatArray, starts: IntArray, plane: IntArray, group: IntArray) -> Edges:
    """Edges of closed polygons given one after the other.

    Parameters
    ----------
    points : ndarray, (n, 2)
        Vertices of all polygons; the last one of each is joined to its first.
    starts : ndarray of int, (m + 1,)
        Where each polygon begins, and the end.
    plane, group : ndarray of int, (m,)
        Plane and union group of each polygon.
    """
    counts = starts[1:] - starts[:-1]
    begin = np.ascontiguousarray(points.T)
    end = np.empty_like(begin)
    end[:, :-1] = begin[:, 1:]
    end[:, starts[1:] - 1] = begin[:, starts[:-1]]
    (x0, y0), (x1, y1) = begin, end
    # Level edges are put in order as well: the same two points always give the same edge.
    swap = (y0 > y1) | ((y0 == y1) & (x0 > x1))
    return Edges(
        np.where(swap, x1, x0),
        np.where(swap, y1, y0),
        np.where(swap, x0, x1),
        np.where(swap, y0, y1),
        plane.repeat(counts),
        group.repeat(counts),
    )


def steep(edges: Edges) -> Edges:
    """The edges that are not level: those that can bound strips."""
    return edges.take(edges.y1 > edges.y0)


def cut(edges: Edges, heights: Heights) -> Fragments:
    """Cut edges at every height at which an edge of their plane begins or ends."""
    order = _upwards(heights.begin)
    begin = heights.begin.take(order)
    counts = heights.end.take(order) - begin
    edge = order.repeat(counts)
    strip = numbers(begin, counts)
    # Only where a fragment ends within its edge is there a point to compute.
    at = np.flatnonzero(edge[1:] == edge[:-1])
    of, y = edge.take(at), heights.y.take(strip.take(at) + 1)
    slope = (edges.x1 - edges.x0) / (edges.y1 - edges.y0)
    x_lo, x_hi = edges.x0.take(edge), edges.x1.take(edge)
    x_hi[at] = x_lo[at + 1] = edges.x0.take(of) + (y - edges.y0.take(of)) * slope.take(of)
    middle = x_lo + x_hi
    left = float(middle.min(initial=0.0))
    width = float(middle.max(initial=0.0)) - left + 1.0
    middle -= left
    middle += strip * width
    return Fragments(edge, strip, x_lo, x_hi, heights.y).take(np.argsort(middle, kind="stable"))


def _upwards(begin: IntArray) -> IntArray:
    """Indices of edges, of a side that runs down from the lowest edge: what ascends sorts fast."""
    falls = np.zeros(len(begin), dtype=bool)
    np.less(begin[1:], begin[:-1], out=falls[:-1])
    first = np.flatnonzero(run_starts(falls))
    stop = np.append(first[1:], len(begin))
    index = np.arange(len(begin))
    return np.where(falls, (first + stop - 1).repeat(stop - first) - index, index)


def sweep(edges: Edges) -> Iterator[tuple[Edges, Fragments]]:
    """Edges of some planes and their fragments, without crossings.

    Planes on which edges cross take further rounds, with strips cut at the crossings found; each
    round's planes come as one item, whose strips are numbered on their own.
    """
    for block in _blocks(edges):
        yield from _swept(block)


def _blocks(edges: Edges) -> Iterator[Edges]:
    """Steep edges of some planes at a time, so few that their fragments fit into the caches."""
    at = np.flatnonzero(edges.y1 > edges.y0)
    at = at[np.argsort(edges.plane[at], kind="stable")]
    starts = np.flatnonzero(run_starts(edges.plane[at]))
    number = starts // _AT_ONCE
    bounds = [0, *starts[1:][number[1:] > number[:-1]].tolist(), len(at)]
    for first, stop in pairwise(bounds):
        yield edges.take(at[first:stop])


def _swept(edges: Edges) -> Iterator[tuple[Edges, Fragments]]:
    """One block of :func:`sweep`."""
    todo = edges
    extra_y, extra_plane = np.empty(0), np.empty(0, dtype=np.int64)
    for _ in range(_MAX_ROUNDS):
        fragments = cut(todo, Heights.of(todo, extra_y, extra_plane))
        y, plane = _crossings(todo, fragments)
        if not len(y):
            yield todo, fragments
            return
        dirty = np.zeros(int(todo.plane.max()) + 1, dtype=bool)
        dirty[plane] = True
        crossed = dirty[todo.plane]
        yield todo, fragments.take(~crossed[fragments.edge])
        kept = dirty[extra_plane]
        extra_y = np.concatenate([extra_y[kept], y])
        extra_plane = np.concatenate([extra_plane[kept], plane])
        todo = todo.take(crossed)
    yield todo, cut(todo, Heights.of(todo, extra_y, extra_plane))


def _crossings(edges: Edges, fragments: Fragments) -> tuple[FloatArray, IntArray]:
    """Heights at which neighbours within a strip change places, and their planes."""
    same = fragments.strip[1:] == fragments.strip[:-1]
    low, high = np.diff(fragments.x_lo), np.diff(fragments.x_hi)
    at = np.flatnonzero(same & (np.minimum(low, high) < -_CROSSING_TOLERANCE))
    share = np.clip(low[at] / (low[at] - high[at]), 0, 1)
    strip = fragments.strip[at]
    height = fragments.y[strip + 1] - fragments.y[strip]
    new = np.minimum(share, 1 - share) * height > _QUANTUM
    y = fragments.y[strip] + share * height
    return y[new], edges.plane[fragments.edge[at[new]]]
