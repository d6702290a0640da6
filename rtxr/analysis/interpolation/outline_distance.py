"""Exact distances from points of a plane to the outline of a structure there (numpy only).

An outline is the edges that bound the inside by the even-odd rule, so edges drawn twice (keyholes)
are no part of it. Distances are to the edges themselves, not to a raster of them. Points are
taken block by block: only edges that can be the nearest to some point of a block are tried on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.runs import consecutive, rank_in_runs
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray

#: Coordinates that differ by less are the same vertex, mm.
_SAME_MM = 1e-5
#: Points of a lattice are best taken in blocks of so many nodes.
BLOCK = 6
_PAIRS_AT_ONCE = 1 << 21
#: Fewer, of which both ends are held against a line, so that they stay near the processor.
_SIDES_AT_ONCE = 2**17


def boundary(edges: Edges) -> Edges:
    """Edges of the outlines of all planes: none of them twice, none missing.

    Parameters
    ----------
    edges : Edges
        Of polygons by even-odd; level edges may be missing, as they are after a union.
    """
    ends = (edges.x0, edges.y0, edges.x1, edges.y1)
    key = np.stack([edges.plane, *(np.rint(each / _SAME_MM).astype(np.int64) for each in ends)])
    order = np.lexsort(key)
    ascending = key[:, order]
    first = np.flatnonzero(np.append(True, (ascending[:, 1:] != ascending[:, :-1]).any(axis=0)))
    first = first[: ascending.shape[1]]
    odd = np.diff(np.append(first, len(order))) % 2 == 1
    real = (ascending[1] != ascending[3]) | (ascending[2] != ascending[4])
    once = edges.take(np.sort(order[first[odd & real[first]]]))
    return _with_level_edges(once)


def _with_level_edges(edges: Edges) -> Edges:
    """Edges, and the level ones without which some vertices would end an odd number of edges."""
    x, y = np.concatenate([edges.x0, edges.x1]), np.concatenate([edges.y0, edges.y1])
    plane = np.concatenate([edges.plane, edges.plane])
    key = np.stack([np.rint(x / _SAME_MM), np.rint(y / _SAME_MM), plane]).astype(np.int64)
    order = np.lexsort(key)
    ascending = key[:, order]
    first = np.append(True, (ascending[:, 1:] != ascending[:, :-1]).any(axis=0))[: len(order)]
    first = np.flatnonzero(first)
    loose = order[first[np.diff(np.append(first, len(order))) % 2 == 1]]
    if not len(loose):
        return edges
    level = np.cumsum((np.diff(key[1:, loose], prepend=-1) != 0).any(axis=0))
    left = np.flatnonzero((rank_in_runs(level) % 2 == 0)[:-1] & (level[1:] == level[:-1]))
    a, b = loose[left], loose[left + 1]
    more = (x[a], y[a], x[b], y[b], plane[a], np.zeros(len(a), dtype=np.int64))
    have = (edges.x0, edges.y0, edges.x1, edges.y1, edges.plane, edges.contour)
    return Edges(*(np.concatenate(pair) for pair in zip(have, more, strict=True)))


@dataclass(frozen=True)
class Nearest:
    """The nearest places of an outline to some points.

    Parameters
    ----------
    distance : ndarray, (n,)
        mm, never below 0.
    u, v : ndarray, (n,)
        Unit vector from the outline to the point; 0 on the outline.
    """

    distance: FloatArray
    u: FloatArray
    v: FloatArray


@dataclass(frozen=True)
class Crossings:
    """Where lines through points cross an outline, mm from the point; inf where they do not.

    Parameters
    ----------
    ahead, behind : ndarray, (2, n)
        The first and second crossing in the direction of the line, and against it.
    """

    ahead: FloatArray
    behind: FloatArray


class Outline:
    """Outline of a structure on one plane.

    Parameters
    ----------
    edges : Edges
        Of one plane, see :func:`boundary`.
    """

    def __init__(self, edges: Edges) -> None:
        self._x, self._y = edges.x0, edges.y0
        self._dx, self._dy = edges.x1 - edges.x0, edges.y1 - edges.y0
        self._square = self._dx**2 + self._dy**2
        # What only sorts out edges is computed about a near origin in single precision.
        self._origin = (float(self._x[0]), float(self._y[0])) if len(self._x) else (0.0, 0.0)
        self._middles = (
            (self._x + self._dx / 2 - self._origin[0]).astype(np.float32),
            (self._y + self._dy / 2 - self._origin[1]).astype(np.float32),
            (np.sqrt(self._square) / 2).astype(np.float32),
        )

    def nearest(self, x: FloatArray, y: FloatArray, block: float) -> Nearest:
        """Distances of points and the directions they are in.

        Parameters
        ----------
        x, y : ndarray, (n,)
            Points, mm.
        block : float
            Edge of the blocks in which points are taken, mm.
        """
        distance, u, v = np.empty((3, len(x)))
        for index, of, edge in self._pairs(x, y, block):
            distance[index], u[index], v[index] = self._least(x[index], y[index], of, edge)
        return Nearest(distance, u, v)

    def _pairs(
        self, x: FloatArray, y: FloatArray, block: float, reach: float | None = None
    ) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
        """Some points at a time: which, and pairs of them (counted among these) and edges.

        The edges are those within reach of the block, or those that can be the nearest.
        """
        order, begin = _blocks(x, y, block)
        near_block, near_edge = self._candidates(x[order], y[order], begin, reach)
        pairs = np.searchsorted(near_block, np.arange(len(begin)))
        owner = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
        per_point = np.diff(pairs)[owner]
        total = np.concatenate([[0], np.cumsum(per_point)])
        start = 0
        while start < len(x):
            stop = int(np.searchsorted(total, total[start] + _PAIRS_AT_ONCE, side="right")) - 1
            some = slice(start, max(stop, start + 1))
            of, at = consecutive(pairs[owner[some]], per_point[some])
            yield order[some], of, near_edge[at]
            start = some.stop

    def _candidates(
        self, x: FloatArray, y: FloatArray, begin: IntArray, reach: float | None
    ) -> tuple[IntArray, IntArray]:
        """Pairs of blocks and edges, see :meth:`_pairs`."""
        low_x, high_x = (f.reduceat(x, begin[:-1]) for f in (np.minimum, np.maximum))
        low_y, high_y = (f.reduceat(y, begin[:-1]) for f in (np.minimum, np.maximum))
        radius = np.hypot(high_x - low_x, high_y - low_y).astype(np.float32) / 2
        middle_x = ((low_x + high_x) / 2 - self._origin[0]).astype(np.float32)
        middle_y = ((low_y + high_y) / 2 - self._origin[1]).astype(np.float32)
        near_x, near_y, half = self._middles
        step = max(1, _PAIRS_AT_ONCE // max(len(half), 1))
        blocks, edges = [], []
        for start in range(0, len(radius), step):
            some = slice(start, start + step)
            distance = np.hypot(middle_x[some, None] - near_x, middle_y[some, None] - near_y)
            limit = distance.min(axis=1) + radius[some] if reach is None else np.float32(reach)
            limit = limit + radius[some] + np.float32(1e-3)
            distance -= half
            block, edge = places(distance <= limit[:, None])
            blocks.append(block + start)
            edges.append(edge)
        return np.concatenate(blocks), np.concatenate(edges)

    def _from_edges(
        self, x: FloatArray, y: FloatArray, edge: IntArray | slice
    ) -> tuple[FloatArray, FloatArray]:
        """From the nearest place of edges to points."""
        dx, dy = x - self._x[edge], y - self._y[edge]
        run, rise = self._dx[edge], self._dy[edge]
        share = np.clip((dx * run + dy * rise) / self._square[edge], 0.0, 1.0)
        return dx - share * run, dy - share * rise

    def _least(
        self, x: FloatArray, y: FloatArray, of: IntArray, edge: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Least distance of each point to its candidates, and the direction."""
        dx, dy = self._from_edges(x[of], y[of], edge)
        square = dx * dx + dy * dy
        first = np.flatnonzero(np.diff(of, prepend=-1))
        least = np.minimum.reduceat(square, first)
        hit = np.flatnonzero(square == least[of])
        hit = hit[np.diff(of[hit], prepend=-1) != 0]
        distance = np.sqrt(least)
        scale = 1 / np.where(distance > 0, distance, np.inf)
        return distance, dx[hit] * scale, dy[hit] * scale

    def _sides(self) -> npt.NDArray[np.float32]:
        """(y, x) of the beginnings of all edges, then of their ends, in single precision."""
        x, y = self._x - self._origin[0], self._y - self._origin[1]
        ends = np.concatenate([y, y + self._dy]), np.concatenate([x, x + self._dx])
        return np.stack(ends).astype(np.float32)

    def crossings(
        self,
        x: FloatArray,
        y: FloatArray,
        u: FloatArray,
        v: FloatArray,
        within: tuple[float, float] | None = None,
    ) -> Crossings:
        """Where lines through points (x, y) in directions (u, v) cross the outline.

        Parameters
        ----------
        x, y, u, v : ndarray, (n,)
            Points, mm, and unit vectors.
        within : (float, float), optional
            How far crossings matter, and the edge of blocks in which points are taken, mm; what
            is farther may be left out.
        """
        ahead, behind = np.full((2, 2, len(x)), np.inf)
        sought = (
            self._across(x, y, u, v) if within is None else self._pairs(x, y, within[1], within[0])
        )
        for index, point, edge in sought:
            at = index[point]
            along, across = u[at], v[at]
            dx, dy = self._x[edge] - x[at], self._y[edge] - y[at]
            side = dy * along - dx * across
            turn = self._dy[edge] * along - self._dx[edge] * across
            hit = slice(None) if within is None else (side < 0) != (side + turn < 0)
            share = -side[hit] / np.where(turn == 0, np.inf, turn)[hit]
            share = np.clip(share, 0.0, 1.0)
            s = (dx[hit] + share * self._dx[edge[hit]]) * along[hit]
            s += (dy[hit] + share * self._dy[edge[hit]]) * across[hit]
            _two_least(s, at[hit], s >= 0, ahead)
            _two_least(-s, at[hit], s < 0, behind)
        return Crossings(ahead, behind)

    def _across(
        self, x: FloatArray, y: FloatArray, u: FloatArray, v: FloatArray
    ) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
        """As :meth:`_pairs`, but the edges that cross lines through the points."""
        step = max(1, _SIDES_AT_ONCE // max(len(self._x), 1))
        sides = self._sides()
        for start in range(0, len(x), step):
            some = slice(start, start + step)
            # A line along (u, v) through (x, y) has all (a, b) with u b - v a = u y - v x on it.
            lines = np.stack([u[some], -v[some]], axis=1).astype(np.float32)
            level = u[some] * (y[some] - self._origin[1]) - v[some] * (x[some] - self._origin[0])
            left = lines @ sides < level.astype(np.float32)[:, None]
            point, edge = places(left[:, : len(self._x)] != left[:, len(self._x) :])
            yield np.arange(start, start + len(lines)), point, edge


def places(true: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Rows and columns of what is true in a table; np.nonzero takes ten times as long where few."""
    row, column = np.divmod(np.flatnonzero(true), true.shape[1])
    return row, column


def _two_least(
    s: FloatArray, point: IntArray, wanted: npt.NDArray[np.bool_], out: FloatArray
) -> None:
    """Put the two least values of each point into ``out``."""
    s, point = s[wanted], point[wanted]
    order = np.lexsort((s, point))
    s, point = s[order], point[order]
    rank = rank_in_runs(point)
    for each in (0, 1):
        at = rank == each
        out[each, point[at]] = s[at]


def _blocks(x: FloatArray, y: FloatArray, size: float) -> tuple[IntArray, IntArray]:
    """Order of points by blocks of the plane, and where each block begins, and the end."""
    column = ((x - x.min()) / size).astype(np.int64)
    key = ((y - y.min()) / size).astype(np.int64) * (int(column.max()) + 1) + column
    order = np.argsort(key, kind="stable")
    begin = np.flatnonzero(np.diff(key[order], prepend=-1))
    return order, np.append(begin, len(x))
