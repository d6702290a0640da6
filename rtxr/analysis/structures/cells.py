"""Exact area of polygons within the cells of a rectangular lattice (numpy only).

Every signed edge (:mod:`rtxr.analysis.structures.polygons`) bounds the inside to its right. Cut at
the lines of the lattice, a piece of it adds to its own cell what is to its right there, and its
height to every cell further right, which one running sum per row provides. Areas come out exact to
float rounding. Where few cells are covered, or centroids are wanted:
:mod:`rtxr.analysis.structures.covered_cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.places import places
from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray

#: Coordinate across some lines, and along them.
_Points = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Pieces:
    """Pieces of edges, each within one row and one column.

    ``line`` is the row counted through all planes. Column -1 is everything to the left of the
    lattice; what is to its right is left out.
    """

    line: IntArray
    row: IntArray
    column: IntArray
    sign: FloatArray
    u0: FloatArray
    v0: FloatArray
    u1: FloatArray
    v1: FloatArray

    def take(self, index: npt.NDArray[np.generic] | slice) -> Pieces:
        """The pieces at these indices, or where a boolean mask is true."""
        return Pieces(*(getattr(self, field.name)[index] for field in fields(self)))


def cell_areas(signed: SignedEdges, v: FloatArray, u: FloatArray, planes: int) -> FloatArray:
    """Covered area of each cell, (planes, rows, columns), mm2.

    Parameters
    ----------
    signed : SignedEdges
        Edges of the inside.
    v, u : ndarray
        Ascending edges of rows and columns, mm; one more than there are.
    planes : int
        Number of planes.
    """
    return _areas(split_edges(signed, v, u), u, planes * (len(v) - 1)).reshape(
        planes, len(v) - 1, -1
    )


def _areas(pieces: Pieces, u: FloatArray, lines: int) -> FloatArray:
    """Covered areas, (lines, columns)."""
    height = pieces.sign * (pieces.v1 - pieces.v0)
    own = _summed(pieces, height * (u[pieces.column + 1] - (pieces.u0 + pieces.u1) / 2), u, lines)
    carried = _summed(pieces, height, u, lines)
    np.cumsum(carried, axis=1, out=carried)
    area = carried[:, :-1] * np.diff(u)
    area += own[:, 1:]
    return area


def _summed(pieces: Pieces, values: FloatArray, u: FloatArray, lines: int) -> FloatArray:
    """Sums over pieces, (lines, 1 + columns): column 0 is to the left of the lattice."""
    index = pieces.line * len(u) + (pieces.column + 1)
    total = np.bincount(index, values, lines * len(u))
    return np.asarray(total, dtype=np.float64).reshape(lines, len(u))


def split_edges(signed: SignedEdges, v: FloatArray, u: FloatArray) -> Pieces:
    """Edges cut at the lines between rows, then at the lines between columns.

    Pieces of an edge follow one another. Parameters as :func:`cell_areas`.
    """
    ends = (signed.y0, signed.x0), (signed.y1, signed.x1)
    return _split(signed.plane, signed.sign, ends, v, u)


def level_pieces(edges: Edges, v: FloatArray, u: FloatArray) -> Pieces:
    """Level edges cut at the lines between columns; they bound no area.

    Parameters
    ----------
    edges : Edges
        Any edges; those that are not level are passed over.
    v, u : ndarray
        As in :func:`split_edges`.
    """
    level = edges.take(np.flatnonzero(edges.y0 == edges.y1))
    ends = (level.y0, level.x0), (level.y1, level.x1)
    return _split(level.plane, np.zeros(len(level)), ends, v, u)


def _split(
    plane: IntArray, sign: FloatArray, ends: tuple[_Points, _Points], v: FloatArray, u: FloatArray
) -> Pieces:
    """Pieces of segments whose ends are given as (v, u)."""
    rows = len(v) - 1
    of, row, start, stop = _cut(*ends, v)
    again, column, (u0, v0), (u1, v1) = _cut(start[::-1], stop[::-1], u)
    of, row = of.take(again), row.take(again)
    pieces = Pieces(plane.take(of) * rows + row, row, column, sign.take(of), u0, v0, u1, v1)
    within = (row >= 0) & (row < rows) & (column < len(u) - 1)
    return pieces if within.all() else pieces.take(np.flatnonzero(within))


def _cut(
    start: _Points, stop: _Points, lines: FloatArray
) -> tuple[IntArray, IntArray, _Points, _Points]:
    """Segments cut at lines across their first coordinate.

    Returns
    -------
    of, cell : ndarray of int, (m,)
        Which segment each piece is of, and the last line before it; -1 before the first one.
    start, stop : pair of ndarray, (m,)
        Ends of the pieces.
    """
    (a0, b0), (a1, b1) = start, stop
    low, high = np.minimum(a0, a1), np.maximum(a0, a1)
    # What lies on the last line belongs to the last cell.
    cell = places(lines, low, "right") - 1 - (low == lines[-1])
    longer = np.flatnonzero(lines.take(cell + 1, mode="clip") < high)
    cuts = places(lines, high.take(longer)) - 1 - cell.take(longer)
    # One element for each cut: its segment, line and point, and which piece it ends.
    at, number = longer.repeat(cuts), np.arange(int(cuts.sum()))
    ended = at + number
    number -= (cuts.cumsum() - cuts).repeat(cuts)
    falls = (a1 < a0).take(at)
    line = cell.take(at) + np.where(falls, cuts.repeat(cuts) - number, number + 1)
    a, b, across = a0.take(at), b0.take(at), lines.take(line)
    along = b + (across - a) * ((b1.take(at) - b) / (a1.take(at) - a))
    pieces = np.ones(len(cell), dtype=np.int64)
    pieces[longer] += cuts
    of = np.arange(len(cell)).repeat(pieces)
    cell = cell.take(of)
    cell[ended], cell[ended + 1] = line - 1 + falls, line - falls
    starts, stops = ((a.take(of), b.take(of)) for a, b in (start, stop))
    starts[0][ended + 1] = stops[0][ended] = across
    starts[1][ended + 1] = stops[1][ended] = along
    return of, cell, starts, stops


def joined(pieces: Sequence[Pieces]) -> Pieces:
    """Pieces one after the other."""
    names = [field.name for field in fields(Pieces)]
    return Pieces(*(np.concatenate([getattr(each, n) for each in pieces]) for n in names))
