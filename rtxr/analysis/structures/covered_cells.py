"""Cells of a rectangular lattice that polygons cover: runs of whole cells, and parts of cells.

Only cells through which an edge runs are looked at; from one to the next along a row everything
is alike. What is covered of a cell is exact to float rounding: area, centroid and second moments,
all by Green's theorem from the edges within it and those to its left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rtxr.analysis.structures.cells import Pieces
from rtxr.analysis.structures.runs import consecutive, run_starts
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
    stride = columns + 1  # of a line: its cells, and what is to the left of the lattice
    crossed, of = _distinct(pieces.line * stride + (pieces.column + 1), planes * rows * stride)
    line = crossed // stride
    column = crossed - (line * stride + 1)
    begin = np.flatnonzero(run_starts(line))
    own, after = _sums(pieces, v, u, of, begin, len(line))
    # What lies between a crossed cell and the next one, or the end of the row, is alike.
    length = np.full(len(line), columns)
    length[:-1] = column[1:]
    length[begin[1:] - 1] = columns
    length -= column + 1
    follow, full = (after[0] > _SLIVER) & (length > 0), after[0] > 1 - _SLIVER
    some, filled = (own[0] > _SLIVER) & (column >= 0), own[0] > 1 - _SLIVER
    run, whole = np.flatnonzero(follow & full), np.flatnonzero(some & filled)
    runs = Runs(
        *_plane_and_row(np.concatenate([line[run], line[whole]]), rows),
        np.concatenate([column[run] + 1, column[whole]]),
        np.concatenate([length[run], np.ones(len(whole), dtype=np.int64)]),
    )
    part, level = np.flatnonzero(some & ~filled), np.flatnonzero(follow & ~full)
    again, beyond = consecutive(column[level] + 1, length[level])
    level = level[again]
    place = _plane_and_row(np.concatenate([line[part], line[level]]), rows)
    sums = np.empty((6, len(place[0])))
    own.take(part, axis=1, out=sums[:, : len(part)], mode="clip")
    sums[:, len(part) :] = _through(after[:, level])
    return runs, _parts(*place, np.concatenate([column[part], beyond]), sums)


def _plane_and_row(line: IntArray, rows: int) -> tuple[IntArray, IntArray]:
    """Plane and row of lines counted through all planes."""
    plane = line // rows
    return plane, line - plane * rows


def _distinct(key: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Distinct numbers below ``size``, ascending, and which of them each is."""
    found = np.zeros(size, dtype=bool)
    found[key] = True
    numbers = np.flatnonzero(found)
    rank = np.empty(size, dtype=np.int32)
    rank[numbers] = np.arange(len(numbers), dtype=np.int32)
    return numbers, rank.take(key).astype(np.int64)


def _sums(
    pieces: Pieces, v: FloatArray, u: FloatArray, of: IntArray, begin: IntArray, cells: int
) -> tuple[FloatArray, FloatArray]:
    """What is covered of crossed cells, and of those that follow each of them.

    Returns
    -------
    own : ndarray, (6, cells)
        Area and moments u, v, uu, uv, vv, in units of the cell.
    after : ndarray, (3, cells)
        Area and moments v, vv of a cell between this one and the next.
    """
    r, rb, rbb, ra, raa, rab, aaa, aab, abb = (
        np.bincount(of, terms, cells) for terms in _integrals(pieces, v, u)
    )
    rises = np.array([r, rb, rbb])
    after = _along_lines(rises, begin)
    own = _through(after - 0.5 * rises)
    own[0] -= ra
    own[1] = 0.125 * r - 0.5 * raa
    own[2] -= rab
    own[3] -= (1 / 3) * aaa
    own[4] = 0.125 * rb - 0.5 * aab
    own[5] -= abb
    return own, after


def _integrals(pieces: Pieces, v: FloatArray, u: FloatArray) -> Iterator[FloatArray]:
    """Integrals along each piece, in units of its cell and with its sign.

    Over v, of 1, v, vv, u, uu, uv, uuu, uuv, uvv, from the centre of the cell. By Green's theorem
    they are what the piece adds to the sums of its own cell and of those further right.
    """
    a, da = _within(pieces.u0, pieces.u1, pieces.column, u)
    b, db = _within(pieces.v0, pieces.v1, pieces.row, v)
    r = pieces.sign * db
    ra, rb, twelfth = r * a, r * b, r * (1 / 12)
    raa, rab, rbb = ra * a, ra * b, rb * b
    # Along a piece squares and products have means beyond those of its middle.
    saa, sab, sbb = twelfth * da * da, twelfth * da * db, twelfth * db * db
    raa += saa
    rab += sab
    rbb += sbb
    yield from (r, rb, rbb, ra, raa, rab)
    saa *= 2
    sab *= 2
    saa += raa
    yield a * saa
    yield b * raa + a * sab
    yield a * rbb + b * sab


def _within(
    start: FloatArray, stop: FloatArray, cell: IntArray, lines: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Middle and extent of segments along an axis, in widths of their cells from its centre."""
    low, high = lines[:-1], lines[1:]
    scale = (1 / (high - low)).take(cell)
    middle = start + stop
    middle -= (low + high).take(cell)
    middle *= 0.5 * scale
    extent = stop - start
    extent *= scale
    return middle, extent


def _through(strip: FloatArray) -> FloatArray:
    """Area and moments u, v, uu, uv, vv of strips through whole cells, from area, v and vv."""
    own = np.zeros((6, strip.shape[1]))
    own[0], own[2], own[5] = strip
    own[3] = strip[0] / 12
    return own


def _along_lines(terms: FloatArray, begin: IntArray) -> FloatArray:
    """Running sums along each line, this cell included."""
    steps = terms.copy()
    steps[:, begin[1:]] -= np.add.reduceat(terms, begin, axis=1)[:, :-1]
    return np.cumsum(steps, axis=1)


def _parts(plane: IntArray, row: IntArray, column: IntArray, sums: FloatArray) -> Parts:
    """Centroids and moments about them, from sums about the centres of the cells."""
    share = sums[0]
    u, v, uu, uv, vv = sums[1:] * (1 / share)
    for each in u, v:
        np.clip(each, -0.5, 0.5, out=each)
    uu -= u * u
    uv -= u * v
    vv -= v * v
    for each in uu, vv:
        np.clip(each, 0, 0.25, out=each)
    return Parts(plane, row, column, share, u, v, uu, uv, vv)
