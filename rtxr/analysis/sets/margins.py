"""Structures grown and shrunk by millimetres in 3D, on the voxels of any grid with straight axes.

A voxel belongs to the grown structure when its centre lies within the margin of the structure.
The structure is its voxel centres and its surface; the surface crosses the line between a voxel
inside and its neighbour outside where the signed distance changes sign, linearly between the two:
half way on a flat face, and accordingly on the slope between two thick slices. To shrink a
structure is to grow what is outside of it, from the same surface. Masks are half-open, and so are
margins: a centre at the very end of a margin is taken downwards along an axis of the grid, but not
upwards, so that a box of 40 mm grows by 5 mm to 50 mm and shrinks to 30 mm.

A sphere of 20 mm grown by 3 to 10 mm, on voxels from 1 x 1 x 1 to 3 x 2 x 2 mm, becomes 1 to 3.5 %
too large, which is 0.1 to 0.35 mm; shrunk by 5 mm it loses 4 to 7 %, 0.2 to 0.4 mm, too much. Flat
faces move by whole voxels, the nearest number of them. On a grid finer than the slices of its
contours a sphere is off by 0.4 to 0.6 mm, as the steps between slabs grow too; docs/accuracy.md has
the tables. Distances to voxel centres alone would make spheres too small, and flat faces too near
by up to a slice; those to voxel cells would make them larger still.

Beyond the border of the grid is outside.

Margins that differ by side reach as far as an ellipsoid, octant by octant: the cost of a step is
the sum of the squares of its parts, each over the margin on its side, and at most 1.

Distances are exact to some ten-thousandths of the margin, on irregular axes too. Along an axis of
one voxel nothing is known of the surface: there a margin acts within the plane only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rtxr.analysis.sets.growth import BoolArray, Reach, within
from rtxr.analysis.structures.sweep import IntArray
from rtxr.errors import GeometryError, RTXRError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray, Grid

#: Margins in mm: one for all sides, six in the order of :data:`SIDES`, or by side (others are 0).
Margins = float | Sequence[float] | Mapping[str, float]

#: Sides of the patient, in the order of six margins > patient axis, and 0 down or 1 up along it.
SIDES: Mapping[str, tuple[int, int]] = {
    "left": (0, 1),
    "right": (0, 0),
    "anterior": (1, 0),
    "posterior": (1, 1),
    "superior": (2, 1),
    "inferior": (2, 0),
}

#: Axes are at right angles, or along the patient's, when cosines are off by no more.
_STRAIGHT = 1e-3


def by_side(margins: Margins) -> FloatArray:
    """Margins as an array.

    Parameters
    ----------
    margins : float, sequence of six floats or mapping
        In mm: one for all sides; left, right, anterior, posterior, superior, inferior of the
        patient; or by these names, where those not named are 0. Negative to shrink.

    Returns
    -------
    ndarray, (3, 2)
        Along patient x, y, z: downwards (right, anterior, inferior) and upwards (left,
        posterior, superior).

    Raises
    ------
    RTXRError
        Not one or six finite numbers, or some that grow and some that shrink.
    UnknownNameError
        No such side; the message names them.
    """
    given = margins
    if isinstance(given, Mapping):
        unknown = [side for side in given if side not in SIDES]
        if unknown:
            raise UnknownNameError(f"no side {unknown[0]!r}; {did_you_mean(unknown[0], SIDES)}")
        given = [given.get(side, 0.0) for side in SIDES]
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    values = np.full(len(SIDES), values) if values.ndim == 0 else values
    if values.shape != (len(SIDES),) or not np.isfinite(values).all():
        raise RTXRError(
            f"margins={margins!r}: give one number in mm, or six for {', '.join(SIDES)}"
        )
    if values.min() < 0 < values.max():
        raise RTXRError(
            f"margins={margins!r}: some grow and some shrink; grow first, then shrink the result"
        )
    sides = np.zeros((3, 2))
    for (axis, way), value in zip(SIDES.values(), values, strict=True):
        sides[axis, way] = value
    return sides


def grown(mask: BoolArray, grid: Grid, margins: Margins) -> BoolArray:
    """A structure with a margin around it, or without one.

    Parameters
    ----------
    mask : ndarray of bool, (grid.shape)
        The structure. Where it touches the border of the grid it ends there, half a voxel beyond
        the last centre.
    grid : Grid
        Axes in any order, irregular ones too, at right angles to each other.
    margins : float, sequence of six floats or mapping
        In mm, negative to shrink; see :func:`by_side`.

    Returns
    -------
    ndarray of bool, (grid.shape)
        What would lie beyond the grid is cut.

    Raises
    ------
    GeometryError
        The mask has another shape than the grid, two voxels share a position, the axes are not
        at right angles (slices that are sheared against each other), or margins differ by side
        and the axes are not along those of the patient.
    RTXRError, UnknownNameError
        See :func:`by_side`.
    """
    inside = np.asarray(mask, dtype=bool)
    if inside.shape != grid.shape:
        raise GeometryError(f"a mask of shape {inside.shape} is not on a grid of {grid.shape}")
    sides = by_side(margins)
    reach, lengths = own_reach(grid, np.abs(sides))
    if not sides.any() or not inside.any():
        return inside.copy()
    orders = [np.argsort(axis, kind="stable") for axis in grid.axes]
    axes = [
        axis[order] * length for axis, order, length in zip(grid.axes, orders, lengths, strict=True)
    ]
    if any((np.diff(axis) <= 0).any() for axis in axes):
        raise GeometryError("two voxels of the grid share one position; drop one of them first")
    straight = all((np.diff(order) == 1).all() for order in orders)
    sorted_inside = inside if straight else inside[np.ix_(*orders)]
    found = _grown(sorted_inside, axes, reach, shrink=bool((sides < 0).any()))
    return found if straight else found[np.ix_(*(np.argsort(order) for order in orders))]


def own_reach(grid: Grid, sides: FloatArray) -> tuple[list[Reach], list[float]]:
    """Margins downwards and upwards along a grid's dimensions, mm, and mm per own millimetre."""
    columns = grid.matrix[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    unit = columns / lengths
    if np.abs(unit.T @ unit - np.eye(3)).max() > _STRAIGHT:
        raise GeometryError(
            "the axes of this grid are not at right angles, so that margins cannot be measured "
            "along them; take a grid that is straight, as ds.rt.resample(spacing, axes='patient') "
            "makes it"
        )
    own = sides
    if not (sides == sides[0, 0]).all():
        nearest = np.abs(unit).argmax(axis=0)
        along = unit[nearest, range(3)]
        if (np.abs(along) < 1 - _STRAIGHT**2).any():
            raise GeometryError(
                "margins that differ by side need a grid along the axes of the patient; take one, "
                "as ds.rt.resample(spacing, axes='patient') makes it"
            )
        own = np.where(along[:, None] > 0, sides[nearest], sides[nearest, ::-1])
    return [(float(down), float(up)) for down, up in own[::-1]], lengths[::-1].tolist()


def _grown(
    inside: BoolArray, axes: Sequence[FloatArray], reach: Sequence[Reach], *, shrink: bool
) -> BoolArray:
    """The structure, on ascending axes, grown or shrunk within the part that can change."""
    box = [
        _part(np.flatnonzero(hit), axis, (0.0, 0.0) if shrink else each)
        for hit, axis, each in zip(_shadows(inside), axes, reach, strict=True)
    ]
    cut = (box[0], box[1], box[2])
    around = [_extended(axis[part]) for axis, part in zip(axes, box, strict=True)]
    pads = [int(len(axis) > 1) for axis in axes]
    padded = np.pad(inside[cut], [(pad, pad) for pad in pads])
    if shrink:
        found = ~within(~padded, around, [(up, down) for down, up in reach])
    else:
        found = within(padded, around, reach)
    out = np.zeros(inside.shape, dtype=bool)
    out[cut] = found[tuple(slice(pad, n - pad) for pad, n in zip(pads, found.shape, strict=True))]
    return out


def _shadows(inside: BoolArray) -> tuple[BoolArray, ...]:
    """Along each dimension, whether anything is inside."""
    z = np.any(inside, axis=(1, 2))
    plane = np.any(inside[z], axis=0)
    return z, np.any(plane, axis=1), np.any(plane, axis=0)


def _part(hit: IntArray, axis: FloatArray, reach: Reach) -> slice:
    """Indices along an axis that hold a structure, its margin, and a voxel or two more."""
    low, high = max(int(hit[0]) - 1, 0), min(int(hit[-1]) + 1, len(axis) - 1)
    first = int(np.searchsorted(axis, axis[low] - reach[0])) - 1
    last = int(np.searchsorted(axis, axis[high] + reach[1], side="right"))
    return slice(max(first, 0), last + 1)


def _extended(axis: FloatArray) -> FloatArray:
    """An ascending axis with one more voxel at both ends; a single voxel stays alone."""
    if len(axis) == 1:
        return axis
    return np.concatenate([[2 * axis[0] - axis[1]], axis, [2 * axis[-1] - axis[-2]]])
