"""An uneven stack on even positions: two neighbouring planes blended, when they are read.

The image goes to even positions at the usual step of its slices: those on which most slices lie.
A plane where a slice lies is that slice; any other is linear between the slices beside it. Nothing
else of the grid changes: a sheared stack stays sheared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rtxr.errors import Finding
from rtxr.geometry import FloatArray, Grid, as_decimals
from rtxr.read.lazy import ArraySource
from rtxr.read.slices import SAME_POSITION_MM, Steps

IntArray = npt.NDArray[np.intp]

RESAMPLED = "resampled-stack"


@dataclass(frozen=True, eq=False)
class EvenStack:
    """Planes between those of a source along one dimension, blended linearly.

    Parameters
    ----------
    source : ArraySource
        The planes that there are.
    dim : int
        Dimension of the source along which they run.
    low, high : ndarray of int, (n,)
        Planes of the source beside each new one.
    share : ndarray, (n,)
        0 where a new plane is ``low``, towards 1 at ``high``.
    """

    source: ArraySource
    dim: int
    low: IntArray
    high: IntArray
    share: FloatArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions."""
        lengths = list(self.source.shape)
        lengths[self.dim] = len(self.share)
        return tuple(lengths)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 for integers of 16 bits and float32, float64 for all that it cannot hold."""
        return np.result_type(self.source.dtype, np.float32)

    def read(self, indices: tuple[IntArray, ...]) -> npt.NDArray[Any]:
        """Values at the outer product of the indices; only the planes needed are read."""
        wanted = indices[self.dim]
        beside = np.stack([self.low[wanted], self.high[wanted]])
        needed = np.unique(beside)
        low, high = np.searchsorted(needed, beside)
        values = self.source.read((*indices[: self.dim], needed, *indices[self.dim + 1 :]))
        planes = np.moveaxis(values, self.dim, 0)
        out = np.empty((len(wanted), *planes.shape[1:]), self.dtype)
        for at, share in enumerate(self.share[wanted]):
            plane = planes[low[at]].astype(np.float64)
            out[at] = plane + share * (planes[high[at]] - plane) if share else plane
        return np.moveaxis(out, 0, self.dim)


def even_stack(
    grid: Grid, dim: int, source: ArraySource, leading: int = 0
) -> tuple[Grid, ArraySource, IntArray, list[Finding]]:
    """A stack on even positions; one that is even stays as it is.

    Parameters
    ----------
    grid : Grid
        Of the stack, every axis ascending.
    dim : int
        Its dimension along which the slices run.
    source : ArraySource
        Values, (leading..., grid dimensions).
    leading : int, default: 0
        Number of dimensions before those of the grid.

    Returns
    -------
    grid : Grid
        Positions along ``dim`` are even.
    source : ArraySource
        On this grid.
    nearest : ndarray of int
        The slice nearest to each plane.
    findings : list of Finding
        ``resampled-stack``, which says what was done.
    """
    axis = grid.axes[dim]
    steps = Steps(axis)
    if steps.are_even:
        return grid, source, np.arange(len(axis)), []
    even = even_positions(axis)
    low, high, share = _beside(axis, even)
    z, y, x = (even if at == dim else each for at, each in enumerate(grid.axes))
    return (
        replace(grid, axes=(z, y, x)),
        EvenStack(source, leading + dim, low, high, share),
        np.where(share <= 0.5, low, high),
        [_finding(grid, dim, even, int((share > 0).sum()))],
    )


def _finding(grid: Grid, dim: int, even: FloatArray, made: int) -> Finding:
    """What was done, in distances along the normal of the slices, and where the planes lie."""
    upright = abs(float(np.linalg.det(grid.matrix[:3, :3])))  # below 1 where the stack is sheared
    axis = grid.axes[dim]
    sizes = upright * np.diff(axis)
    step = upright * np.diff(even).mean()
    message = (
        f"the {len(axis)} slices are {sizes.min():.4g} to {sizes.max():.4g} mm apart; the image "
        f"was put on {len(even)} even positions, {step:.4g} mm apart, {grid.dims[dim]!r} from "
        f"{even[0]:.6g} to {even[-1]:.6g} mm: {made} planes were made, linear between the slices "
        f"beside them, and {len(even) - made} are slices as they were"
    )
    short = upright * np.array([even[0] - axis[0], axis[-1] - even[-1]])
    if short.max() > SAME_POSITION_MM:
        lost = np.where(short > SAME_POSITION_MM, short, 0.0)
        message += (
            f"; the ends fall short of the outermost slices, by {lost[0]:.4g} mm at the low end "
            f"and {lost[1]:.4g} mm at the high end"
        )
    return Finding(RESAMPLED, "warning", message)


def even_positions(axis: FloatArray) -> FloatArray:
    """Even positions between the ends of an ascending axis, at its usual step.

    Of all places for the first one that on which most of the axis lies; of several, that which
    leaves as much at one end as at the other.
    """
    steps = Steps(axis)
    fit = steps.fit
    step = float(steps.sizes[fit].sum() / steps.multiples[fit].sum())
    extent = float(axis[-1] - axis[0])
    starts = (axis - axis[0]) % step
    apart = (starts[:, None] - starts + step / 2) % step - step / 2
    met = np.abs(apart) <= SAME_POSITION_MM
    uneven = np.abs((extent - starts) % step - starts)
    best = int(np.lexsort((uneven, -met.sum(axis=1)))[0])
    start = float(starts[best] - apart[best][met[best]].mean())
    if start > step - SAME_POSITION_MM:
        start -= step
    count = int(np.floor((extent - start + SAME_POSITION_MM) / step)) + 1
    return as_decimals(axis[0] + start + step * np.arange(count)) + 0.0  # no -0


def _beside(axis: FloatArray, positions: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """The slices beside each position, and how far it is between them; 0 on a slice."""
    high = np.clip(np.searchsorted(axis, positions), 1, len(axis) - 1)
    low = high - 1
    share = (positions - axis[low]) / (axis[high] - axis[low])
    for slices in (low, high):
        on = np.abs(positions - axis[slices]) <= SAME_POSITION_MM
        low, high = np.where(on, slices, low), np.where(on, slices, high)
        share = np.where(on, 0.0, share)
    return low, high, share
