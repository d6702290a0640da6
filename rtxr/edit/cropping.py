"""Cutting the image and every dose to a box, in patient millimetres or around structures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.grids.resample import corners
from rtxr.errors import GeometryError, MissingDataError
from rtxr.geometry import FloatArray, Grid

IntArray = npt.NDArray[np.int64]
Limits = slice | Sequence[float | None] | None


def crop(
    ds: xr.Dataset,
    x: Limits = None,
    y: Limits = None,
    z: Limits = None,
    *,
    roi: roi_names.Rois = None,
    margin: float = 0.0,
) -> xr.Dataset:
    """Cut the image and every dose to a box in patient millimetres.

    Parameters
    ----------
    ds : Dataset
        A case.
    x, y, z : (float, float), optional
        Lower and upper limit, patient LPS mm, both included; None leaves an end, or the whole
        axis, uncut.
    roi : str or sequence of str, optional
        ROIs, see :mod:`rtxr.roi_names`: the box is also limited to what holds all their contour
        points.
    margin : float, default: 0
        Distance, mm, by which the box of ``roi`` is widened to every side.

    Returns
    -------
    Dataset
        Voxels whose centres lie in the box; of an oblique grid the box along its own axes that
        holds them. Slices keep their UIDs. Contours stay whole: they are the structures, wherever
        the grids end, and volumes and DVHs follow from them. On export a contour whose slice was
        cut away names no image any more (a Finding ``contour-image-gone``), the others stay as
        they are.

    Raises
    ------
    GeometryError
        Limits that are not two ascending numbers, or a box that leaves a grid empty; the
        message says how far the grid reaches. A margin without ``roi``.
    MissingDataError
        The ROIs have no contours.
    UnknownNameError
        No such ROI.
    """
    box = np.array([_limits(name, each) for name, each in (("x", x), ("y", y), ("z", z))])
    if roi is not None:
        low, high = _box_of(ds, roi)
        box[:, 0] = np.maximum(box[:, 0], low - margin)
        box[:, 1] = np.minimum(box[:, 1], high + margin)
    elif margin:
        raise GeometryError(f"margin={margin!r} widens the box of a ROI: give roi= too")
    image = model.image_name(ds)
    cuts: dict[str, slice] = {}
    for name in ([image] if image else []) + model.dose_names(ds):
        grid = model.grid_of(ds, name)
        kept = _inside(grid, box)
        if any(len(index) == 0 for index in kept):
            points = corners(grid)
            reach = zip("xyz", points.min(axis=0), points.max(axis=0), strict=True)
            text = ", ".join(f"{axis} {low:.1f} to {high:.1f}" for axis, low, high in reach)
            raise GeometryError(
                f"this box holds no voxel centre of {name!r}, which reaches from {text} mm"
            )
        for dim, index in zip(grid.dims, kept, strict=True):
            if dim in ds.dims:
                cuts[dim] = slice(int(index.min()), int(index.max()) + 1)
    return ds.isel(cuts)


def _limits(name: str, given: Limits) -> tuple[float, float]:
    """Lower and upper limit along one patient axis."""
    if given is None:
        return -np.inf, np.inf
    ends = [given.start, given.stop] if isinstance(given, slice) else list(given)
    if len(ends) != 2:
        raise GeometryError(f"{name}={given!r}: give two numbers, as in {name}=(-50, 50)")
    low = -np.inf if ends[0] is None else float(ends[0])
    high = np.inf if ends[1] is None else float(ends[1])
    if not low <= high:
        raise GeometryError(f"{name}={given!r}: the lower limit comes first")
    return low, high


def _box_of(ds: xr.Dataset, roi: roi_names.Rois) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest patient coordinates of the contour points of ROIs."""
    labels = roi_names.select(ds, roi)
    numbers = [model.roi_number(ds, label) for label in labels]
    keys = ds[model.CONTOUR].values[np.isin(ds[model.CONTOUR_ROI_NUMBER].values, numbers)]
    drawn = np.isin(ds[model.NODE_CONTOUR].values, keys)
    nodes = (model.NODE_X, model.NODE_Y, model.NODE_Z)
    points = np.stack([ds[name].values[drawn] for name in nodes], axis=-1)
    if not len(points):
        raise MissingDataError(f"{', '.join(map(repr, labels))}: no contours to crop around")
    return points.min(axis=0), points.max(axis=0)


def _inside(grid: Grid, box: FloatArray) -> list[IntArray]:
    """Indices along the grid's dimensions of the voxel centres inside a patient box."""
    if grid.is_axis_aligned:
        return [
            np.flatnonzero((axis >= low) & (axis <= high))
            for axis, (low, high) in zip(grid.axes, box[::-1], strict=True)
        ]
    seen = [np.zeros(n, dtype=bool) for n in grid.shape]
    own = np.empty((*grid.shape[1:], 3))
    own[..., 0], own[..., 1] = grid.axes[2], grid.axes[1][:, None]
    for at, height in enumerate(grid.axes[0]):
        own[..., 2] = height
        points = grid.to_patient(own)
        inside = np.asarray(((points >= box[:, 0]) & (points <= box[:, 1])).all(axis=-1))
        seen[0][at] = inside.any()
        seen[1] |= inside.any(axis=1)
        seen[2] |= inside.any(axis=0)
    return [np.flatnonzero(each) for each in seen]
