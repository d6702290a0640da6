"""Which fraction of every voxel a ROI covers: exact in plane, slab by slab across.

The fraction of a voxel is the volume of it that lies in the ROI's slabs, over its own volume. In
plane that is the area of the polygons within the cell, exact to float rounding, even-odd like
everything here, crossing contours included. Across planes a voxel that reaches into several slabs
takes a share of each; where contours are on the slices, each slice has its own contour's. Summed
over a grid that holds the whole ROI, fractions times voxel volumes are the ROI's exact volume.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.grids import frames
from rtxr.analysis.structures import polygons, raster
from rtxr.analysis.structures.cell_volumes import cell_volumes
from rtxr.analysis.structures.cells import cell_areas
from rtxr.analysis.structures.contours import one_slabs
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.polygons import Combine
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray, Grid, cell_edges

#: So many stay close to the processor; a single plane may have more.
_CELLS_AT_ONCE = 300_000


def coverage(
    ds: xr.Dataset,
    roi: roi_names.RoiName,
    grid: frames.GridLike = "image",
    combine: Combine = "xor",
) -> xr.DataArray:
    """Fraction of each voxel inside a ROI.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    roi : str
        ROI, see :mod:`rtxr.roi_names`.
    grid : str, DataArray or Grid, default: "image"
        ``"image"``, ``"dose"``, a variable's name, an array on the grid wanted, or a Grid. Cells
        reach half way to the neighbouring voxel centres.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    DataArray of float64
        0 to 1, exact to float rounding, on the dimensions and coordinates of the grid.

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
    out = np.zeros(target.shape)
    along = frames.axis_map(part.frame, target.matrix)
    if along is None:
        out = _turned(part, target, combine)
    elif len(part.position):
        axes = tuple(along.values(target.axes, j) for j in (2, 1, 0))
        _accumulate(part, (axes[0], axes[1], axes[2]), combine, along.to_frame_order(out))
    coords = {**model.grid_coords(target), model.ROI: xr.Variable((), part.label)}
    attrs = {"long_name": "fraction inside", "units": "1", "combine": combine}
    return xr.DataArray(out, coords, target.dims, "coverage", attrs)


def _accumulate(
    part: Slabs,
    axes: tuple[FloatArray, FloatArray, FloatArray],
    combine: Combine,
    out: npt.NDArray[np.generic],
) -> None:
    """Add the fractions into ``out``, (w, v, u), in place."""
    order = [np.argsort(axis, kind="stable") for axis in axes]
    w, v, u = (cell_edges(axis[at]) for axis, at in zip(axes, order, strict=True))
    signed = polygons.signed_edges(part.edges, combine)
    if not len(signed.x0):
        return
    row = _touched(v, signed.y0, signed.y1)
    column = _touched(u, signed.x0, signed.x1)
    v, u = v[row.start : row.stop + 1], u[column.start : column.stop + 1]
    cell = np.diff(v)[:, None] * np.diff(u)
    rows, columns = order[1][row], order[2][column]
    straight = (rows[1:] > rows[:-1]).all() and (columns[1:] > columns[:-1]).all()
    box = (row, column) if straight else np.ix_(rows, columns)
    slices, planes, share = _overlaps(part, axes[0][order[0]], w)
    for planes_now, first in _chunks(np.unique(planes), cell.size):
        here = np.isin(signed.plane, planes_now)
        some = signed.take(here)
        index = np.searchsorted(planes_now, some.plane)
        some = polygons.SignedEdges(some.x0, some.y0, some.x1, some.y1, index, some.sign)
        fraction = np.clip(cell_areas(some, v, u, len(planes_now)) / cell, 0.0, 1.0)
        use = (planes >= first) & (planes <= planes_now[-1])
        for to, plane, weight in zip(slices[use], planes[use], share[use], strict=True):
            source = fraction[np.searchsorted(planes_now, plane)]
            out[order[0][to]][box] += weight * source


def _touched(edges: FloatArray, a: FloatArray, b: FloatArray) -> slice:
    """Cells that edges from ``a`` to ``b`` can reach."""
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    first = max(int(np.searchsorted(edges, low, side="right")) - 1, 0)
    stop = min(int(np.searchsorted(edges, high, side="left")), len(edges) - 1)
    return slice(first, max(first, stop))


def _overlaps(
    part: Slabs, centres: FloatArray, edges: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Slices of a grid, the planes whose slabs reach into them, and which share they take."""
    if np.isnan(part.lower).any():
        plane = raster.plane_at(part, centres, centres)
        slices = np.flatnonzero(plane >= 0)
        return slices, plane[slices], np.ones(len(slices))
    low = np.maximum(edges[:-1, None], part.lower)
    high = np.minimum(edges[1:, None], part.upper)
    share = (high - low) / np.diff(edges)[:, None]
    slices, planes = np.nonzero(share > 1e-9)
    return slices, planes, share[slices, planes]


def _chunks(planes: IntArray, cells: int) -> Iterator[tuple[IntArray, int]]:
    """Planes in groups whose cells fit into memory."""
    step = max(1, _CELLS_AT_ONCE // max(cells, 1))
    for start in range(0, len(planes), step):
        yield planes[start : start + step], int(planes[start])


def _turned(part: Slabs, grid: Grid, combine: Combine) -> FloatArray:
    """Fractions on a grid that shares no axes with the contours."""
    if not len(part.position):
        return np.zeros(grid.shape)
    if np.isnan(part.lower).any():
        half = float(np.nanmin(np.append(grid.spacing, np.inf))) / 2
        half = half if np.isfinite(half) else 0.5
        part = replace(part, lower=part.position - half, upper=part.position + half)
    order = [np.argsort(axis, kind="stable") for axis in grid.axes]
    z, y, x = (cell_edges(axis[at]) for axis, at in zip(grid.axes, order, strict=True))
    volumes = cell_volumes(part, grid.matrix, (z, y, x), combine)
    cells = np.diff(z)[:, None, None] * np.diff(y)[:, None] * np.diff(x)
    out = np.empty(grid.shape)
    out[np.ix_(*order)] = np.clip(volumes / cells, 0.0, 1.0)
    return out
