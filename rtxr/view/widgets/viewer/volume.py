"""Values of one variable on the planes of a viewer: as few numbers as a page needs to draw them.

What is not on the grid of the plane stays on its own: along the plane its own voxels, across it
linear between the two layers that the plane lies between. A page interpolates along the plane,
which together is trilinear. Only a variable that is turned against the plane is resampled here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.grids import frames
from rtxr.analysis.grids.frames import AxisMap
from rtxr.analysis.grids.resample import Field, brackets
from rtxr.geometry import FloatArray, Grid, cell_edges
from rtxr.view.plane import Plane

#: Arrays larger than this are not kept in memory but read plane by plane, bytes.
_MOST_BYTES = 4 * 2**30
#: Points of a resampled plane along an axis, at most.
_MOST_POINTS = 512


@dataclass(frozen=True, eq=False)
class Layer:
    """Values on a plane.

    Parameters
    ----------
    across, up : ndarray
        Own coordinates of the plane's grid, ascending, mm.
    values : ndarray, (up, across)
        int16, uint16 or float32; NaN where there is nothing.
    """

    across: FloatArray
    up: FloatArray
    values: npt.NDArray[np.generic]


class Volume:
    """One variable of a case, read when it is looked at.

    Parameters
    ----------
    array : DataArray
        A variable with a grid and nothing else.
    grid : Grid, optional
        Where its values are, in the order of its dimensions; by default what its coordinates say.
    """

    def __init__(self, array: xr.DataArray, grid: Grid | None = None) -> None:
        self._array = model.ascending(array) if grid is None else array
        self.grid = grid or model.grid_of(self._array)
        self.units = str(array.attrs.get("units", ""))
        self._values: npt.NDArray[np.generic] | None = None
        self._highest: float | None = None

    @property
    def values(self) -> npt.NDArray[np.generic]:
        """All values, (z, y, x), in memory from now on."""
        if self._values is None:
            self._values = compact(self._array.values)
        return self._values

    @property
    def is_loaded(self) -> bool:
        """Whether its values are in memory."""
        return self._values is not None

    @property
    def array(self) -> xr.DataArray:
        """The variable, with the values that are in memory already."""
        return self._array if self._values is None else self._array.copy(data=self._values)

    @property
    def highest(self) -> float:
        """Highest value; 0 where there is none."""
        if self._highest is None:
            known = self.values[np.isfinite(self.values)]
            self._highest = float(known.max()) if known.size else 0.0
        return self._highest

    def taken(self, dim: int, index: int) -> npt.NDArray[np.generic]:
        """One layer of voxels across a dimension, the other two in their order."""
        stack_only = dim == 0 and not self.is_loaded
        if stack_only or self._array.nbytes > _MOST_BYTES:
            part = self._array.isel({self.grid.dims[dim]: index})
            return compact(part.values)
        return np.asarray(self.values.take(index, axis=dim))

    def at(self, point: FloatArray, *, nearest: bool = False) -> float:
        """Value at a patient point (x, y, z): trilinear, or that of the voxel; NaN outside."""
        own = self.grid.to_own(point)
        if nearest:
            return self._voxel(own)
        each = [brackets(self.grid.axes[d], own[[2 - d]]) for d in range(3)]
        if any(np.isnan(b.share[0]) for b in each):
            return float("nan")
        box = np.ix_(*[[int(b.low[0]), int(b.high[0])] for b in each])
        corner = self.values[box].astype(np.float64)
        for b in each:  # outermost first, each leaving the next in front
            corner = corner[0] + b.share[0] * (corner[1] - corner[0])
        return float(corner)

    def _voxel(self, own: FloatArray) -> float:
        index = []
        for d, axis in enumerate(self.grid.axes):
            edges = cell_edges(axis)
            if not edges[0] <= own[2 - d] <= edges[-1]:
                return float("nan")
            index.append(int(np.abs(axis - own[2 - d]).argmin()))
        if index and not self.is_loaded:  # of a stack that is being read slice by slice
            return float(self.taken(0, index[0])[index[1], index[2]])
        return float(self.values[tuple(index)])

    # --- layers -------------------------------------------------------------------------------
    def layer(self, plane: Plane) -> Layer | None:
        """What a plane shows of it; None where it has nothing there."""
        if plane.grid is self.grid:
            values = _upright(self.taken(2 - plane.normal, plane.index), plane.across, plane.up)
            return Layer(plane.axis(plane.across), plane.axis(plane.up), values)
        along = frames.axis_map(self.grid.matrix, plane.grid.matrix)
        return self._resampled(plane) if along is None else self._crossed(plane, along)

    def _crossed(self, plane: Plane, along: AxisMap) -> Layer | None:
        """The two layers that a plane along other axes of the grid lies between, as one."""
        normal, across, up = (along.axis.index(a) for a in (plane.normal, plane.across, plane.up))
        at = along.sign[normal] * (plane.position - along.offset[normal])
        found = brackets(self.grid.axes[2 - normal], np.array([at]))
        if np.isnan(found.share[0]):
            return None
        values = self._between(2 - normal, int(found.low[0]), float(found.share[0]))
        values = _upright(values, across, up)
        axes = []
        for own, dim in ((across, 1), (up, 0)):
            axis = along.sign[own] * self.grid.axes[2 - own] + along.offset[own]
            if along.sign[own] < 0:
                axis, values = axis[::-1], np.flip(values, dim)
            axes.append(axis)
        return Layer(axes[0], axes[1], np.ascontiguousarray(values))

    def _between(self, dim: int, low: int, share: float) -> npt.NDArray[np.generic]:
        values = self.taken(dim, low)
        if share > 0:
            first, second = (each.astype(np.float64) for each in (values, self.taken(dim, low + 1)))
            values = (first + share * (second - first)).astype(np.float32)
        return values

    def _resampled(self, plane: Plane) -> Layer | None:
        """Trilinear values at points of the plane as far apart as the voxels are."""
        step = float(np.nanmin(self.grid.spacing))
        axes = [_spread(plane, own, step) for own in (plane.across, plane.up)]
        points = np.empty((len(axes[1]), len(axes[0]), 3))
        points[..., plane.across] = axes[0]
        points[..., plane.up] = axes[1][:, None]
        points[..., plane.normal] = plane.position
        field = Field(self.grid, np.asarray(self.values))
        values = field.sample(plane.grid.to_patient(points)).astype(np.float32)
        return None if np.isnan(values).all() else Layer(axes[0], axes[1], values)


def _upright(values: npt.NDArray[np.generic], across: int, up: int) -> npt.NDArray[np.generic]:
    """A layer in the order of dimensions, which is z, y, x, as (up, across)."""
    return np.ascontiguousarray(values if across < up else values.T)


def compact(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The values in the smallest of the three types that a page understands."""
    if values.dtype in (np.int16, np.uint16, np.float32):
        return values
    if values.dtype in (np.bool_, np.int8, np.uint8):
        return values.astype(np.int16)
    if values.dtype.kind in "iu" and values.size:
        low, high = int(values.min()), int(values.max())
        for kind in (np.int16, np.uint16):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return values.astype(kind)
    return values.astype(np.float32)


def _spread(plane: Plane, own: int, step: float) -> FloatArray:
    axis = plane.axis(own)
    count = int(np.clip(np.ptp(axis) / step, 1, _MOST_POINTS - 1)) + 1
    return np.linspace(axis[0], axis[-1], count)
