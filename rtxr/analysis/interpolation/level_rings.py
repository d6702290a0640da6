"""Closed outlines of what is above zero on a lattice (marching squares, numpy only)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

# Sides of a cell: 0 low row, 1 high column, 2 high row, 3 low column. A case counts the corners
# above zero: 1 (low row, low column), 2 (low row, high column), 4 (high, high), 8 (high, low).
# Segments go from side to side with the inside on their left.
_SEGMENTS: dict[int, list[tuple[int, int]]] = {
    1: [(0, 3)],
    2: [(1, 0)],
    3: [(1, 3)],
    4: [(2, 1)],
    5: [(0, 3), (2, 1)],
    6: [(2, 0)],
    7: [(2, 3)],
    8: [(3, 2)],
    9: [(0, 2)],
    10: [(1, 0), (3, 2)],
    11: [(1, 2)],
    12: [(3, 1)],
    13: [(0, 1)],
    14: [(3, 0)],
}
#: Corners opposite one another above zero, joined because the middle is.
_JOINED = {5: [(0, 1), (2, 3)], 10: [(1, 2), (3, 0)]}


def level_rings(
    values: FloatArray, v: FloatArray, u: FloatArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Outlines of what is above zero, on several planes.

    Parameters
    ----------
    values : ndarray, (planes, rows, columns)
        Finite; below zero along the border of each plane.
    v, u : ndarray
        Evenly spaced positions of rows and columns, mm.

    Returns
    -------
    points : ndarray, (n, 2)
        (u, v) of all rings, one after the other, anticlockwise around the inside.
    starts : ndarray of int, (rings + 1,)
        Where each ring begins, and the end.
    plane : ndarray of int, (rings,)
        Plane of each ring, ascending.
    """
    above = values > 0
    kind = above[:, :-1, :-1] * np.uint8(1) + above[:, :-1, 1:] * np.uint8(2)
    kind += above[:, 1:, 1:] * np.uint8(4) + above[:, 1:, :-1] * np.uint8(8)
    cell = np.flatnonzero((kind > 0) & (kind < 15))
    begin, end = _segments(values, kind, cell)
    if not len(begin):
        none = np.zeros(0, dtype=np.int64)
        return np.empty((0, 2)), np.zeros(1, dtype=np.int64), none
    places, index = np.unique(begin, return_inverse=True)
    following = np.empty(len(places), dtype=np.int64)
    following[index] = np.searchsorted(places, end)
    order, starts = _cycles(following)
    points = _positions(values, places, v, u)[order]
    plane = places[order[starts[:-1]]] // (2 * values[0].size)
    sorted_rings = np.argsort(plane, kind="stable")
    if (np.diff(sorted_rings) < 0).any():
        counts = np.diff(starts)[sorted_rings]
        new = np.concatenate([[0], np.cumsum(counts)])
        at = np.arange(new[-1]) + np.repeat(starts[sorted_rings] - new[:-1], counts)
        points, starts = points[at], new
    return points, starts, plane[sorted_rings]


def _segments(
    values: FloatArray, kind: npt.NDArray[np.uint8], cell: IntArray
) -> tuple[IntArray, IntArray]:
    """Sides of the lattice at which segments begin and end, each side numbered once for all."""
    rows, columns = values.shape[1:]
    plane, rest = np.divmod(cell, (rows - 1) * (columns - 1))
    row, column = np.divmod(rest, columns - 1)
    node = (plane * rows + row) * columns + column
    # A side is the node at its lower end, twice, and one more if it runs along rows' axis.
    side = np.stack([2 * node, 2 * (node + 1) + 1, 2 * (node + columns), 2 * node + 1])
    flat = values.reshape(-1)
    case = kind.reshape(-1)[cell]
    begin, end = [], []
    for number, segments in _SEGMENTS.items():
        at = np.flatnonzero(case == number)
        if number in _JOINED:
            corners = node[at]
            middle = flat[corners] + flat[corners + 1]
            middle += flat[corners + columns] + flat[corners + columns + 1]
            for a, b in _JOINED[number]:
                begin.append(side[a, at[middle > 0]])
                end.append(side[b, at[middle > 0]])
            at = at[middle <= 0]
        for a, b in segments:
            begin.append(side[a, at])
            end.append(side[b, at])
    return np.concatenate(begin), np.concatenate(end)


def _positions(values: FloatArray, side: IntArray, v: FloatArray, u: FloatArray) -> FloatArray:
    """Where the values are zero on sides of the lattice, (n, 2)."""
    rows, columns = values.shape[1:]
    flat = values.reshape(-1)
    node, upright = side // 2, side % 2 == 1
    one, two = flat[node], flat[node + np.where(upright, columns, 1)]
    share = one / (one - two)
    row, column = np.divmod(node % (rows * columns), columns)
    at_u = u[0] + (u[1] - u[0]) * (column + np.where(upright, 0.0, share))
    at_v = v[0] + (v[1] - v[0]) * (row + np.where(upright, share, 0.0))
    return np.column_stack([at_u, at_v])


def _cycles(following: IntArray) -> tuple[IntArray, IntArray]:
    """Elements of a permutation cycle by cycle, and where each cycle begins, and the end.

    By doubling: as many rounds as the longest cycle has binary digits.
    """
    least, jump = np.arange(len(following)), following
    while True:
        seen = np.minimum(least, least[jump])
        if (seen == least).all():
            break
        least, jump = seen, jump[jump]
    last = following == least  # the element before the least one of its cycle
    to_go = (~last).astype(np.int64)
    jump = np.where(last, np.arange(len(following)), following)
    while True:
        more = to_go[jump]
        if not more.any():
            break
        to_go, jump = to_go + more, jump[jump]
    order = np.lexsort((-to_go, least))
    starts = np.flatnonzero(np.diff(least[order], prepend=-1))
    return order, np.append(starts, len(order))
