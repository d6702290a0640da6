"""Extremes of the trilinear dose over slabs: at voxel centres inside, on faces and on outlines.

Only where a voxel of the dose grid nearby is beyond what is known already can the dose be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rtxr.analysis.statistics.dose_levels import known_brackets
from rtxr.analysis.statistics.slab_cells import Bounds, consecutive, ends
from rtxr.analysis.structures.cells import Pieces, joined
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]


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
        self._w = known_brackets(nodes[0], bounds.height)
        planes = np.arange(int(bounds.plane[-1]) + 1)
        self._begin = np.searchsorted(bounds.plane, planes)
        stop = np.searchsorted(bounds.plane, planes, side="right")
        self._counts = stop - self._begin
        top = len(nodes[0]) - 1
        first = np.searchsorted(nodes[0], bounds.height[self._begin], side="right") - 1
        last = np.searchsorted(nodes[0], bounds.height[stop - 1], side="left")
        self._first, self._last = np.clip(first, 0, top), np.clip(last, 0, top)

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
            Node before each row and column of cells; outside the dose grid the last one.
        """
        beyond = self._beyond()
        mask, row, column = inside
        at = np.flatnonzero(beyond[:, row, column] & mask)
        where, v, u = np.unravel_index(at, mask.shape)
        none = np.zeros(len(v))
        self._look(self._doses(where, (v + row.start, none), (u + column.start, none)))
        beyond[:, :-1] |= beyond[:, 1:]
        beyond[:, :, :-1] |= beyond[:, :, 1:]
        # No cell begins at the last ones, which stand for what is outside.
        beyond[:, -1] = beyond[:, :, -1] = False
        near = [self._near(beyond, plane, some, cells) for plane, some in pieces]
        if near:
            plane = np.concatenate([each for each, _ in near])
            self._look(self._along(joined([some for _, some in near]), plane))
        return self._known

    @staticmethod
    def _near(
        beyond: BoolArray, plane: IntArray, pieces: Pieces, cells: tuple[IntArray, IntArray]
    ) -> tuple[IntArray, Pieces]:
        """Pieces next to what is beyond, in rows and columns of nodes."""
        row, column = cells[0].take(pieces.row), cells[1].take(pieces.column)
        _, rows, columns = beyond.shape
        at = np.flatnonzero(beyond.take((plane * rows + row) * columns + column))
        return plane[at], replace(pieces.take(at), row=row[at], column=column[at])

    def _look(self, doses: FloatArray) -> None:
        self._known = ends(np.concatenate([self._known, doses]))

    def _beyond(self) -> BoolArray:
        """Where nodes next to each slab are beyond what is known, (planes, rows, columns)."""
        lowest = int(self._first.min())
        near = self._values[lowest : int(self._last.max()) + 1]
        beyond = np.ones(near.shape, dtype=bool)
        if len(self._known):
            np.less(near, self._known[0], out=beyond)
            beyond |= near > self._known[1]
        found = beyond[self._first - lowest]
        for step in range(1, int((self._last - self._first).max()) + 1):
            found |= beyond[np.minimum(self._first + step, self._last) - lowest]
        return found

    def _along(self, pieces: Pieces, plane: IntArray) -> FloatArray:
        """Extreme doses along pieces: at their ends, or where the parabola between them turns."""
        _, v, u = self._nodes
        places = []
        for nodes, low, *span in (
            (v, pieces.row, pieces.v0, pieces.v1),
            (u, pieces.column, pieces.u0, pieces.u1),
        ):
            start, end = ((each - nodes[low]) / (nodes[low + 1] - nodes[low]) for each in span)
            share = np.concatenate([start, (start + end) / 2, end])
            places.append((np.tile(low, 3), np.clip(share, 0.0, 1.0)))
        doses = self._doses(np.tile(plane, 3), *places)
        start, middle, end = doses.reshape(3, -1)
        bend, slope = 2 * (start + end - 2 * middle), 4 * middle - 3 * start - end
        turns = slope * (slope + 2 * bend) < 0
        peak = start[turns] - slope[turns] ** 2 / (4 * bend[turns])
        return np.concatenate([doses, peak])

    def _doses(
        self, plane: IntArray, v: tuple[IntArray, FloatArray], u: tuple[IntArray, FloatArray]
    ) -> FloatArray:
        """Doses at places between nodes of planes, on every bound of their slabs."""
        of, bound = consecutive(self._begin[plane], self._counts[plane])
        faces = []
        for w in (self._w.low[bound], self._w.high[bound]):
            lines = []
            for row in (v[0], v[0] + (v[1] > 0)):
                low, high = (self._values[w, row[of], at[of]] for at in (u[0], u[0] + (u[1] > 0)))
                lines.append(low + u[1][of] * (high - low))
            faces.append(lines[0] + v[1][of] * (lines[1] - lines[0]))
        return np.asarray(faces[0] + self._w.share[bound] * (faces[1] - faces[0]), dtype=np.float64)
