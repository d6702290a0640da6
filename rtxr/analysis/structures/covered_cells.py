"""Cells of a rectangular lattice that polygons cover: runs of whole cells, and parts of cells.

Only cells through which an edge runs are looked at; from one to the next along a row everything
is alike. What is covered of a cell is exact to float rounding: area, centroid and second moments,
all by Green's theorem from the edges within it and those to its left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.statistics.slab_cells import consecutive
from rtxr.analysis.structures.cells import Pieces, split_edges
from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

#: A cell counts as covered, or as covered all over, up to this share of its area.
_SLIVER = 1e-9


@dataclass(frozen=True)
class Runs:
    """Cells that follow one another along a row, all covered all over.

    Parameters
    ----------
    plane, cell : ndarray of int, (n,)
        Where a run begins; the cells of a plane are numbered row by row.
    count : ndarray of int, (n,)
        How many cells it has.
    """

    plane: IntArray
    cell: IntArray
    count: IntArray


@dataclass(frozen=True)
class Parts:
    """Cells of which a part is covered, in widths and heights of each cell.

    Parameters
    ----------
    plane, cell : ndarray of int, (n,)
        Which cell; numbered as in :class:`Runs`.
    share : ndarray, (n,)
        Covered part of its area.
    u, v : ndarray, (n,)
        Centroid of what is covered, from the centre of the cell along columns and rows.
    uu, uv, vv : ndarray, (n,)
        Mean square of what is covered about that centroid; 1/12, 0 and 1/12 for a whole cell.
    """

    plane: IntArray
    cell: IntArray
    share: FloatArray
    u: FloatArray
    v: FloatArray
    uu: FloatArray
    uv: FloatArray
    vv: FloatArray


def covered_cells(
    signed: SignedEdges, v: FloatArray, u: FloatArray, planes: int
) -> tuple[Runs, Parts]:
    """Covered cells of a lattice.

    Parameters
    ----------
    signed : SignedEdges
        Edges of the inside.
    v, u : ndarray
        Ascending edges of rows and columns, mm; one more than there are.
    planes : int
        Number of planes.
    """
    rows, columns = len(v) - 1, len(u) - 1
    pieces = split_edges(signed, v, u)
    key = pieces.line * (columns + 1) + (pieces.column + 1)
    crossed, of = _distinct(key, planes * rows * (columns + 1))
    line, column = np.divmod(crossed, columns + 1)
    column -= 1  # to the left of the lattice
    terms = _terms(pieces, v, u)
    own = np.array([np.bincount(of, each, len(crossed)) for each in terms], dtype=np.float64)
    after = _along_lines(own[6:], line)
    # What lies between a crossed cell and the next one, or the end of the row, is alike.
    stop = np.full(len(line), columns)
    stop[:-1] = np.where(line[1:] == line[:-1], column[1:], columns)
    length = stop - column - 1
    full = (after[0] > 1 - _SLIVER) & (length > 0)
    level = np.flatnonzero((after[0] > _SLIVER) & ~full & (length > 0))
    again, beyond = consecutive(line[level] * columns + column[level] + 1, length[level])
    inner = np.flatnonzero(column >= 0)
    number = line * columns + column
    cell = np.concatenate([number[inner], beyond])
    left = np.concatenate([(after - own[6:])[:, inner], after[:, level[again]]], axis=1)
    sums = np.concatenate([own[:6, inner], np.zeros((6, len(again)))], axis=1)
    for to, carried in ((0, left[0]), (2, left[1]), (3, left[0] / 12), (5, left[2])):
        sums[to] += carried
    whole = sums[0] > 1 - _SLIVER
    part = np.flatnonzero((sums[0] > _SLIVER) & ~whole)
    begin = np.concatenate([number[full] + 1, cell[whole]])
    count = np.concatenate([length[full], np.ones(int(whole.sum()), dtype=np.int64)])
    runs = Runs(*np.divmod(begin, rows * columns), count)
    return runs, _parts(*np.divmod(cell[part], rows * columns), sums[:, part])


def _distinct(key: IntArray, size: int) -> tuple[IntArray, npt.NDArray[np.int32]]:
    """Distinct numbers below ``size``, ascending, and which of them each is."""
    found = np.zeros(size, dtype=bool)
    found[key] = True
    numbers = np.flatnonzero(found)
    rank = np.empty(size, dtype=np.int32)
    rank[numbers] = np.arange(len(numbers), dtype=np.int32)
    return numbers, rank[key]


def _terms(pieces: Pieces, v: FloatArray, u: FloatArray) -> tuple[FloatArray, ...]:
    """What each piece adds to its own cell and to those further right, in units of the cell.

    The first six are area and moments u, v, uu, uv, vv of what is to its right in its own cell;
    the last three area and moments v, vv of the strip to its left, all through a whole cell.
    """
    width, height = np.diff(u)[pieces.column], np.diff(v)[pieces.row]
    middle_u, middle_v = u[pieces.column] + width / 2, v[pieces.row] + height / 2
    a, b = (pieces.u0 - middle_u) / width, (pieces.u1 - middle_u) / width
    low, high = (pieces.v0 - middle_v) / height, (pieces.v1 - middle_v) / height
    rise = pieces.sign * (high - low)
    aa, ab, bb = a * a, a * b, b * b
    ll, lh, hh = low * low, low * high, high * high
    lever, square = rise * (low + high) / 2, rise * (ll + lh + hh) / 3
    return (
        rise * (1 - a - b) / 2,
        rise * (1 / 8 - (aa + ab + bb) / 6),
        lever / 2 - rise * ((2 * a + b) * low + (a + 2 * b) * high) / 6,
        rise * (1 / 24 - (a + b) * (aa + bb) / 12),
        lever / 8 - rise * (low * (3 * aa + 2 * ab + bb) + high * (aa + 2 * ab + 3 * bb)) / 24,
        square / 2 - rise * (a * (3 * ll + 2 * lh + hh) + b * (ll + 2 * lh + 3 * hh)) / 12,
        rise,
        lever,
        square,
    )


def _along_lines(terms: FloatArray, line: IntArray) -> FloatArray:
    """Running sums along each line, this cell included."""
    total = np.cumsum(terms, axis=1)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    before = total[:, first] - terms[:, first]
    return total - np.repeat(before, np.diff(first, append=len(line)), axis=1)


def _parts(plane: IntArray, cell: IntArray, sums: FloatArray) -> Parts:
    """Centroids and moments about them, from sums about the centres of the cells."""
    share = sums[0]
    u, v = np.clip(sums[1] / share, -0.5, 0.5), np.clip(sums[2] / share, -0.5, 0.5)
    uu = np.clip(sums[3] / share - u * u, 0, 0.25)
    vv = np.clip(sums[5] / share - v * v, 0, 0.25)
    return Parts(plane, cell, share, u, v, uu, sums[4] / share - u * v, vv)
