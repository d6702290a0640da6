"""Exact area of polygons within the cells of a rectangular lattice (numpy only).

Every signed edge (:mod:`rtxr.analysis.structures.polygons`) bounds the inside to its right. Cut at
the lines of the lattice, a piece of it adds to its own cell what is to its right there, and its
height to every cell further right, which one running sum per row provides. Areas come out exact to
float rounding. Where few cells are covered, or centroids are wanted:
:mod:`rtxr.analysis.structures.covered_cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray


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

    Parameters as :func:`cell_areas`.
    """
    rows = len(v) - 1
    first = np.maximum(np.searchsorted(v, signed.y0, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(v, signed.y1, side="left") - 1, rows - 1)
    of, row = expand(first, last)
    slope = (signed.x1 - signed.x0) / (signed.y1 - signed.y0)
    x0, y0, slope = signed.x0[of], signed.y0[of], slope[of]
    v0, v1 = np.maximum(y0, v[row]), np.minimum(signed.y1[of], v[row + 1])
    u0, u1 = x0 + (v0 - y0) * slope, x0 + (v1 - y0) * slope
    return _in_columns(signed.plane[of] * rows + row, row, signed.sign[of], (u0, v0, u1, v1), u)


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
    row = np.clip(np.searchsorted(v, level.y0, side="right") - 1, 0, len(v) - 2)
    line = level.plane * (len(v) - 1) + row
    ends = (level.x0, level.y0, level.x1, level.y1)
    return _in_columns(line, row, np.zeros(len(row)), ends, u)


def _in_columns(
    line: IntArray,
    row: IntArray,
    sign: FloatArray,
    ends: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    u: FloatArray,
) -> Pieces:
    """Pieces of rows as pieces of rows and columns."""
    lowest, highest = np.minimum(ends[0], ends[2]), np.maximum(ends[0], ends[2])
    # What lies on the last line belongs to the last column.
    lines = np.append(u[:-1], np.nextafter(u[-1], np.inf))
    column = np.searchsorted(lines, lowest, side="right") - 1
    pieces = Pieces(line, row, column, sign, *ends)
    within = column < len(u) - 1
    several = within & (u.take(column + 1, mode="clip") < highest)
    if not several.any():
        return pieces if within.all() else pieces.take(np.flatnonzero(within))
    kept = pieces.take(np.flatnonzero(within & ~several))
    crossing = np.flatnonzero(several)
    until = np.searchsorted(u, highest[crossing], side="left") - 1
    return joined([kept, _split_columns(pieces.take(crossing), until, u)])


def joined(pieces: Sequence[Pieces]) -> Pieces:
    """Pieces one after the other."""
    names = [field.name for field in fields(Pieces)]
    return Pieces(*(np.concatenate([getattr(each, n) for each in pieces]) for n in names))


def _split_columns(pieces: Pieces, until: IntArray, u: FloatArray) -> Pieces:
    """Cut pieces of rows at the lines between columns."""
    of, column = expand(pieces.column, np.minimum(until, len(u) - 2))
    part = pieces.take(of)
    lines = np.concatenate([[-np.inf], u])  # the left line of column c is lines[c + 1]
    rightward = part.u1 > part.u0
    near = np.where(rightward, lines[column + 1], lines[column + 2])
    far = np.where(rightward, lines[column + 2], lines[column + 1])
    low, high = np.minimum(part.u0, part.u1), np.maximum(part.u0, part.u1)
    u0, u1 = np.clip(near, low, high), np.clip(far, low, high)
    rise = (part.v1 - part.v0) / (part.u1 - part.u0)
    v0, v1 = part.v0 + (u0 - part.u0) * rise, part.v0 + (u1 - part.u0) * rise
    return replace(part, column=column, u0=u0, v0=v0, u1=u1, v1=v1)


def expand(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Repeat each index for every number from its first to its last."""
    counts = np.maximum(last - first + 1, 0)
    of = np.repeat(np.arange(len(first)), counts)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts - first, counts)
