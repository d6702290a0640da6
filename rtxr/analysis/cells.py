"""Exact area and centroid of polygons within the cells of a rectangular lattice (numpy only).

Every signed edge (:mod:`rtxr.analysis.polygons`) bounds the inside to its right. Cut at the lines
of the lattice, a piece of it adds to its own cell what is to its right there, and its height to
every cell further right, which one running sum per row provides. Areas come out exact to float
rounding; so do the first moments, and with them the centroid of what is inside each cell.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from rtxr.analysis.polygons import SignedEdges
from rtxr.analysis.sweep import IntArray
from rtxr.geometry import FloatArray

#: A cell counts as covered, or as covered all over, up to this share of its area.
_SLIVER = 1e-9


@dataclass(frozen=True)
class CoveredCells:
    """Cells of which polygons cover something, plane after plane.

    Parameters
    ----------
    row, column : ndarray of int, (n,)
        Which cell.
    area : ndarray, (n,)
        Covered area, mm2.
    counts : ndarray of int, (planes,)
        How many cells are a plane's.
    partial : ndarray of int, (k,)
        Cells that are not covered all over.
    offset_u, offset_v : ndarray, (k,)
        Where the centroid of what is covered of those is, in widths of the cell from its centre
        along columns and rows, -0.5 to 0.5.
    """

    row: IntArray
    column: IntArray
    area: FloatArray
    counts: IntArray
    partial: IntArray
    offset_u: FloatArray
    offset_v: FloatArray


@dataclass(frozen=True)
class _Pieces:
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

    def take(self, index: npt.NDArray[np.generic]) -> _Pieces:
        return _Pieces(*(getattr(self, field.name)[index] for field in fields(self)))


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
    return _areas(_split(signed, v, u), u, planes * (len(v) - 1)).reshape(planes, len(v) - 1, -1)


def covered_cells(signed: SignedEdges, v: FloatArray, u: FloatArray, planes: int) -> CoveredCells:
    """Covered cells with their areas and centroids; parameters as :func:`cell_areas`."""
    pieces = _split(signed, v, u)
    lines = planes * (len(v) - 1)
    areas = _areas(pieces, u, lines).reshape(-1)
    width, height = np.diff(u), np.diff(v)
    whole = (height[:, None] * width).ravel()
    index = np.flatnonzero(areas.reshape(planes, -1) > _SLIVER * whole)
    plane, cell = np.divmod(index, len(whole))
    row, column = np.divmod(cell, len(width))
    area = areas[index]
    partial = np.flatnonzero(area < (1 - _SLIVER) * whole[cell])
    moments = _moments(pieces, v, u, lines, index[partial])
    size, at_row, at_column = area[partial], row[partial], column[partial]
    offset_u = np.clip(moments[0] / (size * width[at_column]), -0.5, 0.5)
    offset_v = np.clip(moments[1] / (size * height[at_row]), -0.5, 0.5)
    counts = np.bincount(plane, minlength=planes)
    return CoveredCells(row, column, area, counts, partial, offset_u, offset_v)


def _areas(pieces: _Pieces, u: FloatArray, lines: int) -> FloatArray:
    """Covered areas, (lines, columns)."""
    height = pieces.sign * (pieces.v1 - pieces.v0)
    own = _summed(pieces, height * (u[pieces.column + 1] - (pieces.u0 + pieces.u1) / 2), u, lines)
    carried = _summed(pieces, height, u, lines)
    np.cumsum(carried, axis=1, out=carried)
    area = carried[:, :-1] * np.diff(u)
    area += own[:, 1:]
    return area


def _moments(
    pieces: _Pieces, v: FloatArray, u: FloatArray, lines: int, wanted: IntArray
) -> tuple[FloatArray, FloatArray]:
    """First moments of some cells about their centres, along columns and along rows, mm3."""
    width = np.diff(u)
    height = pieces.sign * (pieces.v1 - pieces.v0)
    middle_v = ((v[1:] + v[:-1]) / 2)[pieces.row]
    low, high = pieces.v0 - middle_v, pieces.v1 - middle_v
    half, middle_u = width[pieces.column] / 2, ((u[1:] + u[:-1]) / 2)[pieces.column]
    a, b = pieces.u0 - middle_u, pieces.u1 - middle_u
    along_u = height * (half**2 - (a * a + a * b + b * b) / 3) / 2
    product = (2 * a * low + 2 * b * high + a * high + b * low) / 6  # mean of u v along a piece
    lever = height * (low + high) / 2
    own_u = _summed(pieces, along_u, u, lines)
    own_v = _summed(pieces, lever * half - height * product, u, lines)
    carried = _summed(pieces, lever, u, lines)
    np.cumsum(carried, axis=1, out=carried)
    line, column = np.divmod(wanted, len(width))
    moment_v = carried[line, column] * width[column] + own_v[line, column + 1]
    return own_u[line, column + 1], moment_v


def _summed(pieces: _Pieces, values: FloatArray, u: FloatArray, lines: int) -> FloatArray:
    """Sums over pieces, (lines, 1 + columns): column 0 is to the left of the lattice."""
    index = pieces.line * len(u) + (pieces.column + 1)
    total = np.bincount(index, values, lines * len(u))
    return np.asarray(total, dtype=np.float64).reshape(lines, len(u))


def _split(signed: SignedEdges, v: FloatArray, u: FloatArray) -> _Pieces:
    """Cut edges at the lines between rows, then at the lines between columns."""
    rows = len(v) - 1
    first = np.maximum(np.searchsorted(v, signed.y0, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(v, signed.y1, side="left") - 1, rows - 1)
    of, row = expand(first, last)
    slope = (signed.x1 - signed.x0) / (signed.y1 - signed.y0)
    x0, y0, slope = signed.x0[of], signed.y0[of], slope[of]
    v0, v1 = np.maximum(y0, v[row]), np.minimum(signed.y1[of], v[row + 1])
    u0, u1 = x0 + (v0 - y0) * slope, x0 + (v1 - y0) * slope
    column = np.searchsorted(u, np.minimum(u0, u1), side="right") - 1
    until = np.searchsorted(u, np.maximum(u0, u1), side="left") - 1
    pieces = _Pieces(signed.plane[of] * rows + row, row, column, signed.sign[of], u0, v0, u1, v1)
    several = until > column
    if not several.any():
        return pieces if column.max(initial=-1) < len(u) - 1 else pieces.take(column < len(u) - 1)
    kept = pieces.take(~several & (column < len(u) - 1))
    cut = _split_columns(pieces.take(several), until[several], u)
    names = [field.name for field in fields(_Pieces)]
    return _Pieces(*(np.concatenate([getattr(kept, n), getattr(cut, n)]) for n in names))


def _split_columns(pieces: _Pieces, until: IntArray, u: FloatArray) -> _Pieces:
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
