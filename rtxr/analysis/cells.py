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

from rtxr.analysis.polygons import IntArray, SignedEdges
from rtxr.geometry import FloatArray


@dataclass(frozen=True)
class Cells:
    """What polygons cover of each cell.

    Parameters
    ----------
    area : ndarray, (planes, rows, columns)
        Covered area, mm2.
    moment_u, moment_v : ndarray, (planes, rows, columns)
        Covered area times the distance of its centroid from the centre of the cell, along
        columns and rows, mm3.
    """

    area: FloatArray
    moment_u: FloatArray
    moment_v: FloatArray


@dataclass(frozen=True)
class _Pieces:
    """Pieces of edges, each within one row and one column.

    Column -1 is everything to the left of the lattice; what is to its right is left out.
    """

    plane: IntArray
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
    shape = (planes, len(v) - 1, len(u) - 1)
    pieces = _split(signed, v, u)
    height = pieces.sign * (pieces.v1 - pieces.v0)
    area = _carried(pieces, height, shape) * np.diff(u)
    own = pieces.column >= 0
    pieces, height = pieces.take(own), height[own]
    right = u[pieces.column + 1]
    area += _summed(pieces, height * (right - (pieces.u0 + pieces.u1) / 2), shape)
    return area


def cell_moments(signed: SignedEdges, v: FloatArray, u: FloatArray, planes: int) -> Cells:
    """Covered area of each cell and its first moments; parameters as :func:`cell_areas`."""
    shape = (planes, len(v) - 1, len(u) - 1)
    width = np.diff(u)
    pieces = _split(signed, v, u)
    height = pieces.sign * (pieces.v1 - pieces.v0)
    centre_v = ((v[1:] + v[:-1]) / 2)[pieces.row]
    low, high = pieces.v0 - centre_v, pieces.v1 - centre_v
    area = _carried(pieces, height, shape) * width
    moment_v = _carried(pieces, height * (low + high) / 2, shape) * width
    own = pieces.column >= 0
    pieces, height, low, high = pieces.take(own), height[own], low[own], high[own]
    half = width[pieces.column] / 2
    centre_u = ((u[1:] + u[:-1]) / 2)[pieces.column]
    a, b = pieces.u0 - centre_u, pieces.u1 - centre_u
    area += _summed(pieces, height * (half - (a + b) / 2), shape)
    moment_u = _summed(pieces, height * (half**2 - (a * a + a * b + b * b) / 3) / 2, shape)
    product = (2 * a * low + 2 * b * high + a * high + b * low) / 6  # mean of u v along a piece
    moment_v += _summed(pieces, height * ((low + high) / 2 * half - product), shape)
    return Cells(area, moment_u, moment_v)


def _summed(pieces: _Pieces, values: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    """Sum of values over the pieces of each cell."""
    index = (pieces.plane * shape[1] + pieces.row) * shape[2] + pieces.column
    total = np.bincount(index, values, shape[0] * shape[1] * shape[2])
    return np.asarray(total, dtype=np.float64).reshape(shape)


def _carried(pieces: _Pieces, values: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    """Sum of values over all pieces of the row to the left of each cell."""
    within = pieces.column + 1 < shape[2]
    right = replace(pieces, column=pieces.column + 1).take(within)
    total = _summed(right, values[within], shape)
    return np.cumsum(total, axis=-1, out=total)


def _split(signed: SignedEdges, v: FloatArray, u: FloatArray) -> _Pieces:
    """Cut edges at the lines between rows, then at the lines between columns."""
    rows = len(v) - 1
    first = np.maximum(np.searchsorted(v, signed.y0, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(v, signed.y1, side="left") - 1, rows - 1)
    of, row = _expand(first, last)
    part = signed.take(of)
    v0, v1 = np.maximum(part.y0, v[row]), np.minimum(part.y1, v[row + 1])
    slope = (part.x1 - part.x0) / (part.y1 - part.y0)
    u0 = part.x0 + (v0 - part.y0) * slope
    u1 = part.x0 + (v1 - part.y0) * slope
    column = np.searchsorted(u, np.minimum(u0, u1), side="right") - 1
    until = np.searchsorted(u, np.maximum(u0, u1), side="left") - 1
    pieces = _Pieces(part.plane, row, column, part.sign, u0, v0, u1, v1)
    single = until <= column
    kept = pieces.take(single & (column < len(u) - 1))
    return _joined(kept, _split_columns(pieces.take(~single), until[~single], u))


def _split_columns(pieces: _Pieces, until: IntArray, u: FloatArray) -> _Pieces:
    """Cut pieces of rows at the lines between columns."""
    of, column = _expand(pieces.column, np.minimum(until, len(u) - 2))
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


def _expand(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Repeat each index for every number from its first to its last."""
    counts = np.maximum(last - first + 1, 0)
    of = np.repeat(np.arange(len(first)), counts)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts - first, counts)


def _joined(a: _Pieces, b: _Pieces) -> _Pieces:
    names = [field.name for field in fields(_Pieces)]
    return _Pieces(*(np.concatenate([getattr(a, name), getattr(b, name)]) for name in names))
