"""Which voxels lie within a margin of a structure, for :mod:`rtxr.analysis.sets.margins`.

A step costs the sum of the squares of its parts along the axes, each over the margin that way;
what costs at most 1 is within. The sum is separable: along one axis after the other, each voxel
takes the least cost on its line with that of the way there. Costs are 16-bit integers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]
CostArray = npt.NDArray[np.uint16]
#: Margin downwards and upwards along an axis, mm.
Reach = tuple[float, float]

#: A cost of 1, and one that is too far, as integers: the sum of two must fit.
_ONE, _FAR = 30_000, 32_000
#: Three parts of a cost are rounded.
_ROUNDING = 2
#: Share of a margin by which a voxel at its end is taken downwards and left out upwards: more than
#: the rounding of costs, and about what positions in files are rounded to.
_TIE = 2e-4
#: Voxels worked on at once: so that they stay near the processor, and so that they fit into memory.
_BLOCK, _BLOCKS = 60_000, 6_000_000


def within(inside: BoolArray, axes: Sequence[FloatArray], reach: Sequence[Reach]) -> BoolArray:
    """Voxels within a margin of a structure or its surface.

    As masks are half-open, the end of a margin belongs to it downwards, but not upwards.

    Parameters
    ----------
    inside : ndarray of bool, (z, y, x)
        The structure; with something outside of it on all sides for its surface to be known.
    axes : sequence of ndarray
        Positions along z, y, x, mm, ascending.
    reach : sequence of (float, float)
        Margins downwards and upwards along each.

    Returns
    -------
    ndarray of bool, (z, y, x)
    """
    inside = np.ascontiguousarray(inside)
    reach = [(down * (1 + _TIE), up * (1 - _TIE)) for down, up in reach]
    z, y, x = axes
    widest = max(float(np.diff(axis).max(initial=0.0)) for axis in axes)
    # What matters: a margin, a surface beyond a voxel, and what its place depends on.
    halo = max(reach[0]) + 2 * widest
    planes = max(1, _BLOCKS // (len(y) * len(x)))
    out = np.empty_like(inside)
    for start in range(0, len(z), planes):
        stop = min(start + planes, len(z))
        low = int(np.searchsorted(z, z[start] - halo))
        high = int(np.searchsorted(z, z[stop - 1] + halo, side="right"))
        cost = _cost_from(inside[low:high], (z[low:high], y, x), reach, widest)
        out[start:stop] = cost[start - low : stop - low] <= _ONE + _ROUNDING
    return out


def _cost_from(
    inside: BoolArray, axes: Sequence[FloatArray], reach: Sequence[Reach], widest: float
) -> CostArray:
    """Cost of every voxel from the structure or its surface.

    The surface is met on lines along each dimension; from there on the other two follow.
    """
    signed = _signed_distance(inside, axes, widest)
    z, y, x = (_along(inside, signed, axes[d], reach[d], d) for d in range(3))

    def on(cost: CostArray, dim: int) -> CostArray:
        return _spread(cost, axes[dim], reach[dim], dim)

    return np.minimum(on(np.minimum(on(x, 0), on(z, 2)), 1), on(on(y, 0), 2))


def _signed_distance(
    inside: BoolArray, axes: Sequence[FloatArray], widest: float
) -> npt.NDArray[np.float32]:
    """Distance to the nearest centre inside less that to the nearest outside, some unit.

    True between neighbours on both sides of the surface, which are no further apart than
    ``widest``, and cut off there.
    """
    distances = []
    for sources in (inside, ~inside):
        cost = np.where(sources, np.uint16(0), np.uint16(_FAR))
        for dim in range(3):
            cost = _spread(cost, axes[dim], (widest, widest), dim)
        distances.append(np.sqrt(cost, dtype=np.float32))
    return distances[0] - distances[1]


def _along(
    inside: BoolArray,
    signed: npt.NDArray[np.float32],
    axis: FloatArray,
    reach: Reach,
    dim: int,
) -> CostArray:
    """Cost of every voxel from the structure and the surface on its own line along ``dim``."""
    cost = np.where(inside, np.uint16(0), np.uint16(_FAR))
    places = np.nonzero(np.diff(inside, axis=dim))
    stride = int(np.prod(inside.shape[dim + 1 :]))
    k, here = places[dim], np.ravel_multi_index(places, inside.shape)
    flat = signed.reshape(-1)
    share = flat[here] / (flat[here] - flat[here + stride])
    surface = axis[k] + share * (axis[k + 1] - axis[k])
    up = inside[places]
    _leave(cost.reshape(-1), axis, surface[up], k[up] + 1, here[up] + stride, stride, reach[1])
    down = ~up
    _leave(cost.reshape(-1), axis, surface[down], k[down], here[down], -stride, reach[0])
    return cost


def _leave(
    cost: CostArray,
    axis: FloatArray,
    surface: FloatArray,
    k: IntArray,
    at: IntArray,
    stride: int,
    reach: float,
) -> None:
    """Put in the costs of the voxels before a surface, one after the other.

    Parameters
    ----------
    cost : ndarray, flat
        Lowered in place.
    axis : ndarray
        Positions along the line.
    surface : ndarray
        Positions of surfaces on lines along the axis.
    k, at : ndarray
        First voxel in front of each, along the axis and in ``cost``; no two are one.
    stride : int
        From voxel to voxel in ``cost``, negative downwards.
    reach : float
        Margin that way.
    """
    while len(k):
        way = _cost(np.abs(axis[k] - surface), reach)
        near = way < _FAR
        k, at, surface = k[near], at[near], surface[near]
        cost[at] = np.minimum(cost[at], way[near])
        k, at = k + np.sign(stride), at + stride
        on = (k >= 0) & (k < len(axis))
        k, at, surface = k[on], at[on], surface[on]


def _spread(cost: CostArray, axis: FloatArray, reach: Reach, dim: int) -> CostArray:
    """Least cost of every voxel from any voxel on its line along ``dim``, plus the way there."""
    out = cost.copy()
    steps = _steps(axis, reach)
    sources, targets = np.moveaxis(cost, dim, 0), np.moveaxis(out, dim, 0)
    rows = max(1, _BLOCK * sources.shape[1] // max(cost.size, 1))
    for start in range(0, sources.shape[1], rows):
        source, target = (each[:, start : start + rows] for each in (sources, targets))
        work = np.empty_like(source)
        for k, down, up in steps:
            np.add(source[:-k], up, out=work[k:])
            np.minimum(target[k:], work[k:], out=target[k:])
            np.add(source[k:], down, out=work[:-k])
            np.minimum(target[:-k], work[:-k], out=target[:-k])
    return out


def _steps(axis: FloatArray, reach: Reach) -> list[tuple[int, CostArray, CostArray]]:
    """Steps over 1, 2, ... voxels, and their costs downwards and upwards, (n - step, 1, 1)."""
    steps = []
    for k in range(1, len(axis)):
        gap = axis[k:] - axis[:-k]
        if gap.min() > max(reach):
            break
        down, up = (_cost(gap, each)[:, None, None] for each in reach)
        steps.append((k, down, up))
    return steps


def _cost(gap: FloatArray, reach: float) -> CostArray:
    """Squares of shares of a margin, as integers; never 0, so that no two voxels are one."""
    if not reach:
        return np.full(len(gap), _FAR, dtype=np.uint16)
    return np.clip(np.rint((gap / reach) ** 2 * _ONE), 1, _FAR).astype(np.uint16)
