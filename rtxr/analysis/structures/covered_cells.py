"""Cells of a rectangular lattice that polygons cover: runs of whole cells, and parts of cells.

Only cells through which an edge runs are looked at; from one to the next along a row everything
is alike. What is covered of a cell is exact to float rounding: area, centroid and second moments,
all by Green's theorem from the edges within it and those to its left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.statistics.slab_cells import consecutive
from rtxr.analysis.structures.cells import Pieces
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

#: A cell counts as covered, or as covered all over, up to this share of its area.
_SLIVER = 1e-9


@dataclass(frozen=True)
class Runs:
    """Cells that follow one another along a row, all covered all over.

    Parameters
    ----------
    plane, row, column : ndarray of int, (n,)
        Where a run begins.
    count : ndarray of int, (n,)
        How many cells it has.
    """

    plane: IntArray
    row: IntArray
    column: IntArray
    count: IntArray


@dataclass(frozen=True)
class Parts:
    """Cells of which a part is covered, in widths and heights of each cell.

    Parameters
    ----------
    plane, row, column : ndarray of int, (n,)
        Which cell.
    share : ndarray, (n,)
        Covered part of its area.
    u, v : ndarray, (n,)
        Centroid of what is covered, from the centre of the cell along columns and rows.
    uu, uv, vv : ndarray, (n,)
        Mean square of what is covered about that centroid; 1/12, 0 and 1/12 for a whole cell.
    """

    plane: IntArray
    row: IntArray
    column: IntArray
    share: FloatArray
    u: FloatArray
    v: FloatArray
    uu: FloatArray
    uv: FloatArray
    vv: FloatArray


def covered_cells(pieces: Pieces, v: FloatArray, u: FloatArray, planes: int) -> tuple[Runs, Parts]:
    """Covered cells of a lattice.

    Parameters
    ----------
    pieces : Pieces
        Edges of the inside, cut at the lines of the lattice.
    v, u : ndarray
        Ascending edges of rows and columns, mm; one more than there are.
    planes : int
        Number of planes.
    """
    rows, columns = len(v) - 1, len(u) - 1
    crossed, of = _distinct(
        pieces.line * (columns + 1) + (pieces.column + 1), planes * rows * (columns + 1)
    )
    line, column = np.divmod(crossed, columns + 1)
    column -= 1  # -1 is to the left of the lattice
    sums = np.array([np.bincount(of, terms, len(crossed)) for terms in _terms(pieces, v, u)])
    after = _along_lines(sums[6:], line)
    left = after - sums[6:]
    for row, carried in ((0, left[0]), (2, left[1]), (3, left[0] / 12), (5, left[2])):
        sums[row] += carried
    # What lies between a crossed cell and the next one, or the end of the row, is alike.
    length = np.where(line[1:] == line[:-1], column[1:], columns)
    length = np.append(length, columns)[: len(line)] - column - 1
    follow = (after[0] > _SLIVER) & (length > 0)
    full = after[0] > 1 - _SLIVER
    within = column >= 0
    whole = np.flatnonzero((sums[0] > 1 - _SLIVER) & within)
    part = np.flatnonzero((sums[0] > _SLIVER) & (sums[0] <= 1 - _SLIVER) & within)
    run, level = np.flatnonzero(follow & full), np.flatnonzero(follow & ~full)
    again, beyond = consecutive(column[level] + 1, length[level])
    level = level[again]
    runs = Runs(
        *np.divmod(np.concatenate([line[run], line[whole]]), rows),
        np.concatenate([column[run] + 1, column[whole]]),
        np.concatenate([length[run], np.ones(len(whole), dtype=np.int64)]),
    )
    strips = np.zeros((6, len(level)))
    strips[[0, 2, 5]] = after[:, level]
    strips[3] = after[0, level] / 12
    place = np.divmod(np.concatenate([line[part], line[level]]), rows)
    sums = np.concatenate([sums[:6].take(part, axis=1), strips], axis=1)
    return runs, _parts(*place, np.concatenate([column[part], beyond]), sums)


def _distinct(key: IntArray, size: int) -> tuple[IntArray, npt.NDArray[np.int32]]:
    """Distinct numbers below ``size``, ascending, and which of them each is."""
    found = np.zeros(size, dtype=bool)
    found[key] = True
    numbers = np.flatnonzero(found)
    rank = np.empty(size, dtype=np.int32)
    rank[numbers] = np.arange(len(numbers), dtype=np.int32)
    return numbers, rank[key]


def _terms(pieces: Pieces, v: FloatArray, u: FloatArray) -> Iterator[FloatArray]:
    """What each piece adds to its own cell and to those further right, in units of the cell.

    The first six are area and moments u, v, uu, uv, vv of what is to its right in its own cell;
    the last three area and moments v, vv of the strip to its left, all through a whole cell.
    """
    width, height = np.diff(u).take(pieces.column), np.diff(v).take(pieces.row)
    a = (pieces.u0 + pieces.u1) / 2
    a -= ((u[1:] + u[:-1]) / 2).take(pieces.column)
    a /= width
    b = (pieces.v0 + pieces.v1) / 2
    b -= ((v[1:] + v[:-1]) / 2).take(pieces.row)
    b /= height
    da, db = (pieces.u1 - pieces.u0) / width, (pieces.v1 - pieces.v0) / height
    rise = pieces.sign * db
    # Means along the piece of u, v and their products.
    aa, ab, bb = a * a + da * da / 12, a * b + da * db / 12, b * b + db * db / 12
    yield rise * (0.5 - a)
    yield rise * (0.125 - aa / 2)
    yield rise * (b / 2 - ab)
    yield rise * (1 / 24 - a * (a * a + da * da / 4) / 3)
    yield rise * (b / 8 - (b * aa + a * da * db / 6) / 2)
    yield rise * (bb / 2 - a * bb - b * da * db / 6)
    yield rise
    yield rise * b
    yield rise * bb


def _along_lines(terms: FloatArray, line: IntArray) -> FloatArray:
    """Running sums along each line, this cell included."""
    total = np.cumsum(terms, axis=1)
    begins = np.diff(line, prepend=-1) > 0
    first = np.flatnonzero(begins)
    before = total.take(first, axis=1) - terms.take(first, axis=1)
    total -= before.take(np.cumsum(begins) - 1, axis=1)
    return total


def _parts(plane: IntArray, row: IntArray, column: IntArray, sums: FloatArray) -> Parts:
    """Centroids and moments about them, from sums about the centres of the cells."""
    share = sums[0]
    u, v = np.clip(sums[1] / share, -0.5, 0.5), np.clip(sums[2] / share, -0.5, 0.5)
    uu = np.clip(sums[3] / share - u * u, 0, 0.25)
    vv = np.clip(sums[5] / share - v * v, 0, 0.25)
    return Parts(plane, row, column, share, u, v, uu, sums[4] / share - u * v, vv)
