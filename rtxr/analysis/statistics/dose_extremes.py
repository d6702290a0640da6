"""Extremes of the trilinear dose over slabs: at voxel centres inside, on faces and on outlines.

Only where a voxel of the dose grid nearby is beyond what is known already can the dose be.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from rtxr.analysis.statistics.dose_levels import known_brackets
from rtxr.analysis.statistics.slab_cells import Bounds, ends
from rtxr.analysis.structures.cells import Pieces
from rtxr.analysis.structures.runs import consecutive
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]

#: Voxels compared at a time: so many stay close to the processor.
_AT_ONCE = 32_768


class Extremes:
    """Looks for the lowest and the highest dose of slabs.

    Parameters
    ----------
    values : ndarray
        The dose at ``nodes``.
    nodes : tuple of ndarray
        Ascending along w, v and u.
    bounds : Bounds
        Of the slabs; every plane of ``nodes`` within one is a bound.
    known : ndarray
        Doses inside.
    """

    def __init__(
        self,
        values: FloatArray,
        nodes: tuple[FloatArray, FloatArray, FloatArray],
        bounds: Bounds,
        known: FloatArray,
    ) -> None:
        self._values, self._nodes, self._known = values, nodes, ends(known)
        # From one node to the next the dose is linear: faces and nodes between them tell it all.
        self._w = known_brackets(nodes[0], bounds.height)
        other = np.empty(len(bounds.plane) + 1, dtype=bool)
        other[0] = other[-1] = True
        np.not_equal(bounds.plane[1:], bounds.plane[:-1], out=other[1:-1])
        self._bound = np.flatnonzero(other[1:] | other[:-1] | (self._w.share == 0))
        planes = np.arange(int(bounds.plane[-1]) + 2)
        self._begin = np.searchsorted(bounds.plane[self._bound], planes)
        self._first = self._w.low[other[:-1]]
        self._last = self._w.high[other[1:]]

    def found(
        self,
        pieces: Iterable[tuple[IntArray, Pieces]],
        inside: tuple[BoolArray, slice, slice],
        cells: tuple[IntArray, IntArray],
    ) -> FloatArray:
        """Lowest and highest dose; none where none is known.

        Parameters
        ----------
        pieces : iterable of (ndarray of int, Pieces)
            Of the outlines, in rows and columns of cells, and the plane of each.
        inside : (ndarray of bool, slice, slice)
            Which nodes are inside: plane by plane, in which rows and columns.
        cells : pair of ndarray of int
            Node before each row and column of cells.
        """
        beyond = self._beyond()
        self._look(self._at_nodes(beyond, *inside))
        _, rows, columns = beyond.shape
        if rows > 1 and columns > 1:
            # Next to each cell; what would begin at the last node of a line means nothing.
            near = beyond.ravel()
            near = near[:-1] | near[1:]
            near = near[:-columns] | near[columns:]
            for plane, some in pieces:
                row, column = cells[0].take(some.row), cells[1].take(some.column)
                next_to = near.take((plane * rows + row) * columns + column)
                next_to &= some.column >= 0  # else beside the lattice
                at = np.flatnonzero(next_to)
                if len(at):
                    self._look(self._along(plane[at], row[at], column[at], some.take(at)))
        return self._known

    def _look(self, doses: FloatArray) -> None:
        self._known = ends(np.append(self._known, ends(doses)))

    def _beyond(self) -> BoolArray:
        """Where nodes next to each slab are beyond what is known, (planes, rows, columns)."""
        lowest = int(self._first.min())
        near = self._values[lowest : int(self._last.max()) + 1]
        beyond = np.ones(near.shape, dtype=bool)
        if len(self._known):
            low, high = self._known
            step = 1 + _AT_ONCE // near[0].size
            for at in range(0, len(near), step):
                some = slice(at, at + step)
                np.less(near[some], low, out=beyond[some])
                beyond[some] |= near[some] > high
        found = beyond[self._first - lowest]
        for step in range(1, int((self._last - self._first).max()) + 1):
            found |= beyond[np.minimum(self._first + step, self._last) - lowest]
        return found

    def _at_nodes(
        self, beyond: BoolArray, mask: BoolArray, rows: slice, columns: slice
    ) -> FloatArray:
        """Doses of nodes inside that are beyond what is known."""
        at = np.flatnonzero(beyond[:, rows, columns] & mask)
        plane, row, column = np.unravel_index(at, mask.shape)
        of, bound = self._bounds_of(plane)
        return self._on_bounds(bound, row[of] + rows.start, column[of] + columns.start)

    def _along(
        self, plane: IntArray, row: IntArray, column: IntArray, pieces: Pieces
    ) -> FloatArray:
        """Extreme doses along pieces: at their ends, or where the parabola between them turns.

        Parameters
        ----------
        plane, row, column : ndarray of int, (n,)
            Plane, and node before each piece.
        pieces : Pieces
            The pieces.
        """
        _, v_nodes, u_nodes = self._nodes
        v0, v1 = (_share(each, v_nodes, row) for each in (pieces.v0, pieces.v1))
        u0, u1 = (_share(each, u_nodes, column) for each in (pieces.u0, pieces.u1))
        of, bound = self._bounds_of(plane)
        u0, u1, v0, v1 = (each[of] for each in (u0, u1, v0, v1))
        row, column = row[of], column[of]
        # On a line of nodes the next one, which may not be known, does not count.
        above, right = row + (np.maximum(v0, v1) > 0), column + (np.maximum(u0, u1) > 0)
        start, along_u, along_v, cross = (
            self._on_bounds(bound, *each)
            for each in ((row, column), (row, right), (above, column), (above, right))
        )
        cross -= along_v
        along_u -= start
        along_v -= start
        cross -= along_u
        run, rise = u1 - u0, v1 - v0
        start += (along_u + cross * v0) * u0 + along_v * v0
        slope = along_u * run + along_v * rise + cross * (u0 * rise + v0 * run)
        bend = cross * run * rise
        turns = slope * (slope + 2 * bend) < 0
        peak = start[turns] - slope[turns] ** 2 / (4 * bend[turns])
        return np.concatenate([start, start + slope + bend, peak])

    def _bounds_of(self, plane: IntArray) -> tuple[IntArray, IntArray]:
        """Faces of planes and nodes between them: of which plane, and which bound."""
        begin = self._begin[plane]
        of, at = consecutive(begin, self._begin[plane + 1] - begin)
        return of, self._bound[at]

    def _on_bounds(self, bound: IntArray, row: IntArray, column: IntArray) -> FloatArray:
        """Doses on bounds at nodes of each plane."""
        low = self._values[self._w.low[bound], row, column]
        high = self._values[self._w.high[bound], row, column]
        high -= low
        high *= self._w.share[bound]
        low += high
        return low


def _share(places: FloatArray, nodes: FloatArray, before: IntArray) -> FloatArray:
    """How far places are from the nodes before them to the next ones, 0 to 1."""
    low = nodes[before]
    share = (places - low) / (nodes[before + 1] - low)
    return np.minimum(np.maximum(share, 0.0), 1.0)
