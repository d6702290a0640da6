"""A mask as a stack of slices that ascend, and its contours between plane and patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rtxr.analysis.drawing.rings import BoolArray, IntArray
from rtxr.geometry import FloatArray, Grid

#: Size of the contour that marks an empty slice, in parts of a voxel: some readers refuse a
#: structure with a contour that has no area at all.
_MARK = 0.01


@dataclass(frozen=True)
class Stack:
    """Slices of a mask that ascend along every axis.

    Parameters
    ----------
    mask : ndarray of bool
        On the grid.
    grid : Grid
        Ascending.
    dim : int
        Dimension of the slices.
    box : tuple of slice
        What is true, along the dimensions of the grid.
    image : Grid
        Of the image in which the contours will be read.
    """

    mask: BoolArray
    grid: Grid
    dim: int
    box: tuple[slice, slice, slice]
    image: Grid

    @classmethod
    def of(cls, mask: BoolArray, grid: Grid, dim: int, image: Grid) -> Stack | None:
        """A mask on a grid with axes in any order; None where it is empty."""
        axes = []
        for d, axis in enumerate(grid.axes):
            order = order_along(axis)
            if len(axis) > 1 and (np.diff(order) == -1).all():
                mask = np.flip(mask, d)
            elif (np.diff(order) != 1).any():
                mask = mask.take(order, axis=d)
            axes.append(axis[order])
        box = _box(mask)
        if box is None:
            return None
        ascending = replace(grid, axes=(axes[0], axes[1], axes[2]))
        return cls(mask, ascending, dim, box, image)

    @property
    def across(self) -> tuple[int, int]:
        """Dimensions of rows and columns."""
        row, column = (d for d in range(3) if d != self.dim)
        return row, column

    @property
    def frame(self) -> FloatArray:
        """Frame in which the contours are planar: w is along the slices."""
        w = 2 - self.dim
        matrix = self.grid.matrix.copy()
        matrix[:3, :3] = matrix[:3, [(w + 1) % 3, (w + 2) % 3, w]]
        return matrix

    @property
    def block(self) -> BoolArray:
        """What is in the box, (slices, rows, columns)."""
        return np.ascontiguousarray(self.mask[self.box].transpose(self.dim, *self.across))

    def blocks(self, most: int) -> Iterator[tuple[int, BoolArray]]:
        """Parts of :attr:`block` of at most so many voxels or one slice, and where each begins."""
        inside = self.mask[self.box].transpose(self.dim, *self.across)
        step = max(1, most // (inside.shape[1] * inside.shape[2]))
        for first in range(0, len(inside), step):
            yield first, np.ascontiguousarray(inside[first : first + step])

    def lines(self, d: int) -> FloatArray:
        """Edges of the voxels along one dimension of the box, mm."""
        return self.grid.edges(d)[self.box[d].start : self.box[d].stop + 1]

    def to_patient(self, points: FloatArray, slices: IntArray) -> FloatArray:
        """Points (u, v) along columns and rows, each on a slice, to patient (x, y, z), mm."""
        own = np.empty((len(points), 3))
        row, column = self.across
        own[:, 2 - column], own[:, 2 - row] = points[:, 0], points[:, 1]
        own[:, 2 - self.dim] = self.grid.axes[self.dim][slices]
        return own if self.grid.is_axis_aligned else self.grid.to_patient(own)


@dataclass(frozen=True)
class Drawn:
    """Contours on the slices of a stack.

    Parameters
    ----------
    rings : list of ndarray, (n, 2)
        Points (u, v) along columns and rows, own mm.
    slices : ndarray of int
        Slice of each.
    marked : ndarray of int
        Empty slices that get a mark.
    """

    rings: list[FloatArray]
    slices: IntArray
    marked: IntArray

    def in_patient(self, stack: Stack) -> tuple[list[FloatArray], IntArray]:
        """Contours and marks in patient (x, y, z), mm, and the slice of each."""
        rings = [*self.rings, *[_mark(stack)] * len(self.marked)]
        slices = np.concatenate([self.slices, self.marked])
        counts = [len(ring) for ring in rings]
        points = stack.to_patient(np.concatenate(rings), np.repeat(slices, counts))
        return np.split(points, np.cumsum(counts)[:-1]), slices


def _box(mask: BoolArray) -> tuple[slice, slice, slice] | None:
    """The least box with all that is true, None where nothing is."""
    planes = range(len(mask))
    first = next((at for at in planes if mask[at].any()), None)
    if first is None:
        return None
    last = next(at for at in reversed(planes) if mask[at].any())
    flat: BoolArray = np.any(mask[first : last + 1], axis=0)
    rows, columns = np.flatnonzero(flat.any(axis=1)), np.flatnonzero(flat.any(axis=0))
    y, x = (slice(int(index[0]), int(index[-1]) + 1) for index in (rows, columns))
    return slice(first, last + 1), y, x


def order_along(axis: FloatArray) -> IntArray:
    """Indices of positions in ascending order."""
    return np.asarray(np.argsort(axis, kind="stable"), dtype=np.int64)


def _mark(stack: Stack) -> FloatArray:
    """A tiny triangle (u, v) between two rows, beside the grid and the image, mm."""
    row, column = stack.across
    ends = [(axis.min(), axis.max()) for axis in stack.image.axes[::-1]]
    corners = np.stack(np.meshgrid(*ends), axis=-1).reshape(-1, 3)
    image = stack.grid.to_own(stack.image.to_patient(corners))[:, 2 - column]
    lines = stack.grid.edges(column)
    wide, high = np.diff(lines).min(), np.diff(stack.grid.edges(row)).min()
    corner = [max(lines[-1], image.max()) + wide, stack.lines(row)[0]]
    triangle = np.array([[0.0, 0.0], [_MARK * wide, 0.0], [0.0, _MARK * high]])
    return np.asarray(triangle + corner, dtype=np.float64)
