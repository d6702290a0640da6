"""Cells between voxel centres, and the least gamma over one of them.

Between its corners a dose is multilinear. Lengths here are in distance criteria and doses in dose
criteria, so that gamma is the distance in space and dose together; the point of the reference is
the origin of its own search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]

#: A linear model of the dose that is off by no more, in dose criteria, has said the last word.
_ENOUGH = 1e-4
#: How often the dose is taken as linear anew, and how often the search of such a model is improved.
_ROUNDS, _STEPS = 4, 20
#: More than any dose, in dose criteria.
_FAR = 1e12
#: Difference in slope along a cell, in dose criteria, up to which it has one minimum of interest.
_SMOOTH = 0.5
#: How often the bound of what a cell can hold is improved before it is opened.
_DUALS = 3


@dataclass(frozen=True)
class Cells:
    """A dose on a grid, seen as the cells between its voxel centres.

    Parameters
    ----------
    axes : sequence of ndarray
        Ascending positions, of two voxels at least.
    values : ndarray
        Dose; NaN where it is not known, and so is every cell that such a voxel is a corner of.
    """

    axes: Sequence[FloatArray]
    values: FloatArray

    @property
    def strides(self) -> IntArray:
        """Steps in the flat array of voxels along each axis."""
        return np.array([int(np.prod(self.values.shape[d + 1 :])) for d in range(len(self.axes))])

    @cached_property
    def range(self) -> tuple[FloatArray, FloatArray]:
        """Least and highest dose of the cell that begins at a voxel (flat); inf, -inf for none."""
        least = highest = self.values
        for d in range(len(self.axes)):
            least, highest = _reduced(np.minimum, least, d), _reduced(np.maximum, highest, d)
        known = ~np.isnan(least)
        low, high = np.full(self.values.shape, np.inf), np.full(self.values.shape, -np.inf)
        cells = tuple(slice(size) for size in least.shape)
        low[cells], high[cells] = np.where(known, least, np.inf), np.where(known, highest, -np.inf)
        return low.ravel(), high.ravel()

    def corners(self, index: IntArray) -> FloatArray:
        """Doses at the corners of cells that begin at voxels (m,): (2, ..., 2, m)."""
        shape = (2,) * len(self.axes)
        steps = np.array([np.dot(corner, self.strides) for corner in np.ndindex(shape)])
        return self.values.ravel()[steps[:, None] + index].reshape(*shape, -1)


def _reduced(of_two: np.ufunc, values: FloatArray, axis: int) -> FloatArray:
    """Values of neighbours along an axis made one."""
    low, high = (np.take(values, range(*ends), axis) for ends in _ends(values.shape[axis]))
    return np.asarray(of_two(low, high))


def _ends(size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (0, size - 1), (1, size)


def least_in_cell(
    corners: FloatArray, low: FloatArray, high: FloatArray, known: FloatArray
) -> FloatArray:
    """Least square of gamma over cells, each seen from a point of its own.

    Parameters
    ----------
    corners : ndarray, (2, ..., 2, m)
        Dose less that of the point.
    low, high : ndarray, (d, m)
        Where the cell begins and ends, the point being the origin.
    known : ndarray, (m,)
        Square of gamma that there is elsewhere: what is not below it is of no interest.

    Returns
    -------
    ndarray, (m,)
        At most what was known, and attained somewhere in the cell where it is less.

    Notes
    -----
    A cell that is far from linear may have several minima; it is halved along every axis until
    its parts have not, or cannot hold less than what was found.
    """
    found, open_, is_rough = _worth_opening(corners, low, high, known)
    if len(open_):
        least = _least_by_steps(corners[..., open_], low[:, open_], high[:, open_])
        found[open_] = np.minimum(found[open_], least)
    rough = open_[is_rough]
    if not len(rough):
        return found
    corners, low, high = _halved(corners[..., rough], low[:, rough], high[:, rough])
    bounds = _bound(corners, low, high)
    parent = np.tile(rough, 2 ** len(low))
    inside = np.flatnonzero(bounds < found[parent])
    if len(inside):
        parent = parent[inside]
        least = least_in_cell(corners[..., inside], low[:, inside], high[:, inside], found[parent])
        np.minimum.at(found, parent, least)
    return found


def _worth_opening(
    corners: FloatArray, low: FloatArray, high: FloatArray, known: FloatArray
) -> tuple[FloatArray, IntArray, npt.NDArray[np.bool_]]:
    """What is known with the nearest place of each cell, cells that may hold less, which are rough.

    From the nearest place on, dose changes along each axis by no more than the steepest edge that
    runs that way allows. The least gamma of such a dose is bounded from below by its dual at any
    number, of which a few come near the highest.
    """
    at = np.clip(0.0, low, high)
    dose, _ = _multilinear(corners, (at - low) / (high - low))
    away = np.einsum("dm,dm->m", at, at)
    found = np.minimum(known, away + dose * dose)
    falls, rises = _slopes(corners)
    rough = (rises - falls).max(axis=0) > _SMOOTH if len(low) > 1 else np.zeros(len(dose), bool)
    size = high - low
    # How fast dose can come nearer to that of the point upwards and downwards along each axis.
    upwards, downwards = (np.where(dose > 0, *each) for each in ((-falls, rises), (rises, -falls)))
    room = np.where(at < high, upwards, 0.0), np.where(at > low, downwards, 0.0)
    rate = np.maximum(np.maximum(*room), 0.0) / size
    way, apart = np.abs(at), np.abs(dose)
    dual = apart / (1 + np.einsum("dm,dm->m", rate, rate))
    bound = np.full(len(dose), -np.inf)
    for _ in range(_DUALS):
        gain = dual * rate - way
        step = np.clip(gain, 0.0, size)
        least = dual * (2 * apart - dual) + np.einsum("dm,dm->m", step, step - 2 * gain)
        bound = np.maximum(bound, away + least)
        moving = np.where((step > 0) & (step < size), rate, 0.0)
        fixed = np.where(step >= size, size, 0.0)
        rest = apart + np.einsum("dm,dm->m", moving, way) - np.einsum("dm,dm->m", rate, fixed)
        dual = np.maximum(rest / (1 + np.einsum("dm,dm->m", moving, moving)), 0.0)
    promising = np.flatnonzero(bound < found)
    return found, promising, rough[promising]


def _slopes(corners: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest step of dose along the edges of cells that run along each axis, (d, m)."""
    axes = range(corners.ndim - 1)
    ends = tuple(axes[:-1])
    steps = [np.take(corners, 1, axis) - np.take(corners, 0, axis) for axis in axes]
    return np.stack([s.min(axis=ends) for s in steps]), np.stack([s.max(axis=ends) for s in steps])


def _bound(corners: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Square of gamma that no place of a cell is below."""
    axes = tuple(range(len(low)))
    dose = np.clip(0.0, corners.min(axis=axes), corners.max(axis=axes))
    near = np.clip(0.0, low, high)
    return np.asarray(np.einsum("dm,dm->m", near, near) + dose * dose)


def _halved(
    corners: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Corners and ends of the parts of cells: all first parts, then all second ones, and so on."""
    axes, middle = range(len(low)), (low + high) / 2
    for axis in axes:
        first, last = np.take(corners, 0, axis), np.take(corners, 1, axis)
        corners = np.stack([first, (first + last) / 2, last], axis)
    parts = list(np.ndindex((2,) * len(low)))
    cut = [tuple(slice(at, at + 2) for at in part) for part in parts]
    ends = np.stack([low, middle, high])
    return (
        np.concatenate([corners[each] for each in cut], axis=-1),
        np.concatenate([ends[part, axes] for part in parts], axis=-1),
        np.concatenate([ends[np.add(part, 1), axes] for part in parts], axis=-1),
    )


def _least_by_steps(corners: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Square of gamma at a minimum of each cell, the only one where the cell is nearly linear.

    The dose is taken as linear at the place that is best so far, the exact minimum of that found
    in the box, and so on until the dose there is what was foretold: Gauss-Newton with bounds.
    """
    at = np.clip(0.0, low, high)
    found = np.full(at.shape[1], np.inf)
    left = np.arange(at.shape[1])
    foretold = np.full(at.shape[1], np.inf)
    for _ in range(_ROUNDS):
        dose, slopes = _multilinear(corners, (at - low) / (high - low))
        found[left] = np.minimum(found[left], np.einsum("dm,dm->m", at, at) + dose * dose)
        off = np.flatnonzero(np.abs(dose - foretold) > _ENOUGH)
        if not len(off):
            break
        corners, low, high, left = corners[..., off], low[:, off], high[:, off], left[off]
        slopes = slopes[:, off] / (high - low)
        flat = dose[off] - np.einsum("dm,dm->m", slopes, at[:, off])
        at = _least_of_linear(flat, slopes, low, high)
        foretold = flat + np.einsum("dm,dm->m", slopes, at)
    return found


def _multilinear(corners: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values (m,) and slopes (d, m) at shares (d, m) of the way through cells."""
    values = corners
    slopes: list[FloatArray] = []
    for along in share:
        step = values[1] - values[0]
        values = values[0] + along * step
        slopes = [each[0] + along * (each[1] - each[0]) for each in slopes] + [step]
    return values, np.stack(slopes)


def _least_of_linear(
    flat: FloatArray, slopes: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Place (d, m) in a box where the square of place and of ``flat + slopes * place`` is least.

    There the place is ``-dose * slopes``, cut to the box, which leaves one unknown: the dose. The
    condition on it rises in straight pieces; Newton's steps go from piece to piece, and where one
    would leave what is known to hold the answer, that is halved.
    """
    dose = flat / (1 + np.einsum("dm,dm->m", slopes, slopes))
    below, above = np.full((2, len(flat)), [[-_FAR], [_FAR]])
    found, left = np.empty_like(slopes), np.arange(len(flat))
    for _ in range(_STEPS):
        free = -dose * slopes
        place = found[:, left] = np.clip(free, low, high)
        off = dose - flat - np.einsum("dm,dm->m", slopes, place)
        go = np.flatnonzero(np.abs(off) > _ENOUGH)
        if not len(go):
            break
        inside = np.where(free[:, go] == place[:, go], slopes[:, go], 0.0)
        below = np.where(off < 0, dose, below)[go]
        above = np.where(off > 0, dose, above)[go]
        step = off[go] / (1 + np.einsum("dm,dm->m", inside, inside))
        dose = dose[go] - step
        dose = np.where((dose > below) & (dose < above), dose, (below + above) / 2)
        flat, slopes, low, high, left = flat[go], slopes[:, go], low[:, go], high[:, go], left[go]
    return found
