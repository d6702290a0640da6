"""The least gamma of many points over the cells around them, near and promising cells first.

A cell is opened only where the least that its distance and its range of doses allow is below what
is known already: nothing is missed, and most cells are never opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rtxr.analysis.gamma_index.gamma_cells import Cells, IntArray, least_in_cell
from rtxr.geometry import FloatArray

#: Cells looked at together for every point.
_CELLS_AT_ONCE = 32
#: Their distances differ by no more, in distance criteria.
_SHELL = 0.2


@dataclass(frozen=True)
class Points:
    """Points of a reference.

    Parameters
    ----------
    at : ndarray, (d, n)
        Positions along the axes of the evaluated dose, in distance criteria.
    dose, criterion : ndarray, (n,)
        Dose, and the difference of dose that makes a gamma of 1.
    limit : ndarray, (n,)
        Square of the highest gamma of interest; below 0 for none.
    """

    at: FloatArray
    dose: FloatArray
    criterion: FloatArray
    limit: FloatArray


@dataclass(frozen=True)
class Around:
    """Cells near each point along one axis, from below to above.

    Parameters
    ----------
    low, high : ndarray, (k, n)
        Where they begin and end, the point being the origin.
    square : ndarray, (k, n)
        Square of the distance; inf where there is no such cell.
    start : ndarray of int, (k, n)
        Number of the voxel they begin at.
    own : int
        Which of the k is the cell that the point is in.
    """

    low: FloatArray
    high: FloatArray
    square: FloatArray
    start: IntArray
    own: int


@dataclass(frozen=True)
class Search:
    """Points, the cells around them, and the least square of gamma so far."""

    points: Points
    cells: Cells
    around: Sequence[Around]
    found: FloatArray

    def look(self, offsets: IntArray, active: IntArray) -> tuple[FloatArray, FloatArray]:
        """Squares of the distance in space and of that in dose, (k, n), of cells at offsets."""
        lowest, highest = self.cells.range
        dose, criterion = self.points.dose[active], self.points.criterion[active]
        space, doses = np.empty((2, len(offsets), len(active)))
        for row, offset in enumerate(offsets):
            space[row] = sum(
                axis.square[k, active] for axis, k in zip(self.around, offset, strict=True)
            )
            start = self.start(offset, active)
            apart = np.maximum(lowest[start] - dose, dose - highest[start])
            doses[row] = np.square(np.maximum(apart, 0.0) / criterion)
        return space, doses

    def start(self, offset: IntArray, active: IntArray) -> IntArray:
        """The voxel that cells begin at, in the flat array."""
        steps = zip(self.around, self.cells.strides, offset, strict=True)
        return np.asarray(sum(axis.start[k, active] * step for axis, step, k in steps))

    def open(self, offset: IntArray, active: IntArray) -> None:
        """Take the least gamma in one cell per point, ``offset`` (d, n) away."""
        corners = self.cells.corners(self.start(offset, active)) - self.points.dose[active]
        low, high = (
            np.stack([table[k, active] for table, k in zip(tables, offset, strict=True)])
            for tables in zip(*((axis.low, axis.high) for axis in self.around), strict=True)
        )
        corners /= self.points.criterion[active]
        self.found[active] = least_in_cell(corners, low, high, self.found[active])


def least_gamma(points: Points, cells: Cells) -> FloatArray:
    """Square of the least gamma of points, (n,): at most the limit, NaN where no dose is near."""
    reach = float(np.sqrt(points.limit.max(initial=0.0)))
    around = [_around(axis, at, reach) for axis, at in zip(cells.axes, points.at, strict=True)]
    search = Search(points, cells, around, points.limit.copy())
    known = np.zeros(len(points.limit), dtype=bool)
    apart = _apart(search)
    for nearest, offsets in _groups(around, reach):
        promising = search.found >= nearest + apart
        active = np.flatnonzero(promising | ~known & (search.found >= nearest))
        if not len(active):
            break
        space, doses = search.look(offsets, active)
        known[active] |= ((space <= points.limit[active]) & np.isfinite(doses)).any(axis=0)
        _open_promising(search, offsets, active, space + doses)
    return np.where(known, search.found, np.nan)


def _apart(search: Search) -> FloatArray:
    """Square of the least distance in dose, (n,), that any cell within reach of a point allows.

    Where doses are grossly different that alone is more than what is looked for.
    """
    lowest, highest = (each.reshape(search.cells.values.shape) for each in search.cells.range)
    for d, axis in enumerate(search.around):
        after = len(axis.start) - 1 - axis.own
        lowest = _windowed(np.minimum, lowest, d, axis.own, after)
        highest = _windowed(np.maximum, highest, d, axis.own, after)
    own = np.array([axis.own for axis in search.around])
    at = search.start(own, np.arange(len(search.found)))
    dose = search.points.dose
    apart = np.maximum(lowest.ravel()[at] - dose, dose - highest.ravel()[at])
    return np.square(np.maximum(apart, 0.0) / search.points.criterion)


def _windowed(
    of_two: np.ufunc, values: FloatArray, axis: int, before: int, after: int
) -> FloatArray:
    """Values along an axis made one with those so many places before and after each."""
    lines = np.moveaxis(values, axis, 0)
    out = lines.copy()
    for step in range(1, min(max(before, after), len(lines) - 1) + 1):
        if step <= after:
            of_two(out[:-step], lines[step:], out=out[:-step])
        if step <= before:
            of_two(out[step:], lines[:-step], out=out[step:])
    return np.moveaxis(out, 0, axis)


def _open_promising(
    search: Search, offsets: IntArray, active: IntArray, bounds: FloatArray
) -> None:
    """Open cells in the order of their bounds until no bound is below what was found."""
    while len(active):
        best = bounds.argmin(axis=0)
        promising = np.flatnonzero(bounds[best, np.arange(len(best))] < search.found[active])
        if not len(promising):
            return
        active, best, bounds = active[promising], best[promising], bounds[:, promising]
        search.open(offsets[best].T, active)
        bounds[best, np.arange(len(best))] = np.inf


def _around(axis: FloatArray, at: FloatArray, reach: float) -> Around:
    """Cells of an axis within reach of points."""
    last = len(axis) - 2
    own = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, last)
    below = own - np.clip(np.searchsorted(axis, at - reach, side="left") - 1, 0, last)
    above = np.clip(np.searchsorted(axis, at + reach, side="right") - 1, 0, last) - own
    before = int(below.max(initial=0))
    start = own + np.arange(-before, above.max(initial=0) + 1)[:, None]
    there = (start >= 0) & (start <= last)
    start = np.clip(start, 0, last)
    low, high = axis[start] - at, axis[start + 1] - at
    square = np.square(np.clip(0.0, low, high))
    return Around(low, high, np.where(there, square, np.inf), start, before)


def _groups(around: Sequence[Around], reach: float) -> Iterator[tuple[float, IntArray]]:
    """Offsets (k, d) of cells, nearest first, and the least square of a distance among them."""
    nearest = [axis.square.min(axis=1) for axis in around]
    squares = sum(np.ix_(*nearest), np.zeros(()))
    order = np.argsort(squares, axis=None, kind="stable")
    order = order[: np.count_nonzero(squares <= reach**2)]
    offsets = np.stack(np.unravel_index(order, squares.shape), axis=-1)
    sorted_squares = squares.ravel()[order]
    first = 0
    while first < len(order):
        end = (np.sqrt(sorted_squares[first]) + _SHELL) ** 2
        stop = int(np.searchsorted(sorted_squares, end, side="right"))
        stop = min(stop, first + _CELLS_AT_ONCE)
        yield float(sorted_squares[first]), offsets[first:stop]
        first = stop
