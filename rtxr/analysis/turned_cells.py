"""Cells of a structure whose axes are not those of the dose grid, looked up point by point."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rtxr.analysis import frames, raster
from rtxr.analysis.cells import covered_cells
from rtxr.analysis.planes import Slabs
from rtxr.analysis.polygons import SignedEdges
from rtxr.analysis.resample import Field
from rtxr.analysis.slab_cells import (
    Bounds,
    Samples,
    box_of,
    finest_spacing,
    finite_range,
    outline,
    slab_bounds,
    some_planes,
)
from rtxr.geometry import FloatArray


class TurnedCells:
    """Cells of a structure on a lattice along its own axes.

    Parameters
    ----------
    part : Slabs
        The structure; its faces are known.
    signed : SignedEdges
        Its inside.
    field : Field
        The dose, on any grid.
    size : float
        Wanted edge of the cells, mm.
    """

    def __init__(self, part: Slabs, signed: SignedEdges, field: Field, size: float) -> None:
        self._part, self._signed, self._field = part, signed, field
        size = min(size, finest_spacing(field.grid.axes))
        box_u, box_v = box_of(part)
        self._u, self._v = _even(*box_u, size), _even(*box_v, size)
        w = _even(float(part.lower[0]), float(part.upper[-1]), 2 * size)
        self._bounds = slab_bounds(part, w, np.ones(len(w), dtype=bool))
        self._outline = outline(part, finest_spacing(field.grid.axes) / 2)

    @property
    def dose_range(self) -> tuple[float, float]:
        """Bounds of the dose anywhere."""
        return finite_range(self._field.values)

    def blocks(self) -> Iterator[tuple[Samples, FloatArray]]:
        """Cells, and doses that decide the extremes, plane by plane."""
        yield Samples(*np.empty((3, 0))), self._inside_centres()
        u, v, begin = self._outline
        for plane in range(len(self._part.position)):
            bounds = self._bounds.of_planes(plane, plane + 1)
            here = slice(int(begin[plane]), int(begin[plane + 1]))
            own = np.empty((len(bounds.height), here.stop - here.start, 3))
            own[..., 0], own[..., 1], own[..., 2] = u[here], v[here], bounds.height[:, None]
            yield self._samples(plane, bounds), self._sample(own).ravel()

    def _sample(self, own: FloatArray) -> FloatArray:
        return self._field.sample(frames.from_frame(self._part.frame, own))

    def _samples(self, plane: int, bounds: Bounds) -> Samples:
        """Cells of one plane on every level; slopes by differences across each cell."""
        cells = covered_cells(some_planes(self._signed, plane, plane + 1), self._v, self._u, 1)
        low, high = bounds.levels()
        offset_u, offset_v = np.zeros((2, len(cells.area)))
        offset_u[cells.partial], offset_v[cells.partial] = cells.offset_u, cells.offset_v
        width_u, width_v = np.diff(self._u)[cells.column], np.diff(self._v)[cells.row]
        thickness = (bounds.height[high] - bounds.height[low])[:, None]
        own = np.empty((len(low), len(cells.area), 3))
        own[..., 0] = ((self._u[1:] + self._u[:-1]) / 2)[cells.column] + offset_u * width_u
        own[..., 1] = ((self._v[1:] + self._v[:-1]) / 2)[cells.row] + offset_v * width_v
        own[..., 2] = ((bounds.height[low] + bounds.height[high]) / 2)[:, None]
        reach = (width_u * (0.5 - np.abs(offset_u)), width_v * (0.5 - np.abs(offset_v)))
        square = np.zeros(own.shape[:2])
        for axis, half in enumerate((*reach, thickness / 2)):
            step = np.zeros_like(own)
            step[..., axis] = half
            change = (self._sample(own + step) - self._sample(own - step)) / 2
            square += np.nan_to_num(change) ** 2  # next to the end of the grid it is not known
        volume = cells.area * thickness
        return Samples(self._sample(own).ravel(), np.sqrt(square).ravel(), volume.ravel())

    def _inside_centres(self) -> FloatArray:
        """Doses of the voxels of the dose grid whose centres are inside."""
        grid = self._field.grid
        mask = np.zeros(grid.shape, dtype=bool)
        raster.rasterise(self._part, grid, grid.axes, "xor", mask)
        return self._field.values[mask]


def _even(low: float, high: float, size: float) -> FloatArray:
    return np.linspace(low, high, max(1, int(np.ceil((high - low) / size))) + 1)
