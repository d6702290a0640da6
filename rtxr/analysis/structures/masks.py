"""Masks of structures: one on any grid, or all of them as the source of the lazy ``mask``.

How contours are filled is said in :mod:`rtxr.analysis.structures.raster`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.grids import frames
from rtxr.analysis.structures import polygons
from rtxr.analysis.structures.contours import one_slabs, read_contours
from rtxr.analysis.structures.planes import RoiContours, Slabs, roi_slabs
from rtxr.analysis.structures.polygons import Combine
from rtxr.analysis.structures.raster import rasterise
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import Grid

BoolArray = npt.NDArray[np.bool_]


class MaskSource:
    """Masks of all ROIs on one grid, rasterised when read; satisfies the lazy array's protocol.

    Parameters
    ----------
    ds : Dataset
        A case with structures; only contours and grids are taken from it.
    grid : Grid, optional
        Where to rasterise; the image's grid by default.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Attributes
    ----------
    shape : tuple of int
        (ROIs, voxels along the grid's dimensions).
    dtype : dtype
        bool.
    """

    dtype: np.dtype[np.bool_] = np.dtype(np.bool_)

    def __init__(self, ds: xr.Dataset, grid: Grid | None = None, combine: Combine = "xor") -> None:
        polygons.check_combine(combine)
        self.grid = frames.grid_like(ds, "image") if grid is None else grid
        self.combine: Combine = combine
        grids = frames.grids_of(ds)
        self._image = grids[0] if model.image_name(ds) else None
        self._frames = frames.candidate_frames([self.grid, *grids])
        self.shape = (len(model.roi_labels(ds)), *self.grid.shape)
        names, known = (model.ROI, model.CONTOUR, *model.STRUCTURE_COORDS), ds.coords.variables
        self._coords = {name: known[name] for name in names if name in known}
        self._slabs: dict[int, Slabs] = {}

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_slabs": {}}
        state.pop("_contours", None)
        return state

    @cached_property
    def _contours(self) -> list[RoiContours]:
        """Contours of every ROI, sorted out when the first of them is asked for."""
        return read_contours(xr.Dataset(coords=self._coords))

    def slabs(self, roi: int) -> Slabs:
        """The ROI at this position as slabs, along the grid's axes where it can be."""
        if roi not in self._slabs:
            part = roi_slabs(self._contours[roi], self._frames, "half", self._image)
            self._slabs[roi] = part
        return self._slabs[roi]

    def read(self, indices: tuple[IntArray, ...]) -> BoolArray:
        """Masks at the outer product of indices along (roi, *grid dimensions)."""
        rois, *along = (np.asarray(index, dtype=np.int64) for index in indices)
        axes = tuple(axis[index] for axis, index in zip(self.grid.axes, along, strict=True))
        out = np.zeros((len(rois), *(len(axis) for axis in axes)), dtype=bool)
        for at, roi in enumerate(rois.tolist()):
            rasterise(
                self.slabs(roi), self.grid, (axes[0], axes[1], axes[2]), self.combine, out[at]
            )
        return out


def mask_source(ds: xr.Dataset, grid: Grid | None = None, combine: Combine = "xor") -> MaskSource:
    """Source of the lazy ``mask`` coordinate over (roi, *grid dimensions).

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    grid : Grid, optional
        The image's grid by default.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Raises
    ------
    MissingDataError
        No structures, or no image and no grid given.
    """
    return MaskSource(ds, grid, combine)


def mask(
    ds: xr.Dataset,
    roi: roi_names.RoiName,
    grid: frames.GridLike = "image",
    combine: Combine = "xor",
) -> xr.DataArray:
    """Mask of one ROI on a grid.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    roi : str
        ROI, see :mod:`rtxr.roi_names`.
    grid : str, DataArray or Grid, default: "image"
        ``"image"``, ``"dose"``, a variable's name, an array on the grid wanted, or a Grid.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    DataArray of bool
        On the dimensions and coordinates of the grid; true where a voxel's centre is inside.

    Raises
    ------
    UnknownNameError
        No such ROI.
    MissingDataError
        No structures or no such grid.
    """
    polygons.check_combine(combine)
    target = frames.grid_like(ds, grid)
    part = one_slabs(ds, roi, target)
    out = np.zeros(target.shape, dtype=bool)
    rasterise(part, target, target.axes, combine, out)
    coords = {**model.grid_coords(target), model.ROI: xr.Variable((), part.label)}
    attrs = {"long_name": "inside", "combine": combine}
    return xr.DataArray(out, coords, target.dims, model.MASK, attrs)
