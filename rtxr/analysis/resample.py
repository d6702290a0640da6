"""Values of one grid at places of another: trilinear, and cutting all grids at once.

Between voxel centres values are trilinear; beyond the outermost voxel centres there is nothing
(NaN): the outer half voxel of a dose grid is outside, since nothing says what the dose does there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis import frames
from rtxr.errors import GeometryError, MissingDataError, did_you_mean
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray, Grid, fractional_positions

IntArray = npt.NDArray[np.int64]
Limits = slice | Sequence[float | None] | None
_POINTS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Brackets:
    """Where positions fall on an axis: between ``index`` and ``index + 1``, at ``share``.

    Parameters
    ----------
    low, high : ndarray of int
        Neighbouring voxels; equal on an axis of one voxel.
    share : ndarray
        0 at ``low`` to 1 at ``high``; NaN outside the outermost voxel centres.
    """

    low: IntArray
    high: IntArray
    share: FloatArray


def brackets(axis: FloatArray, values: FloatArray) -> Brackets:
    """Neighbouring voxels of positions on a monotonic axis, and how far between them."""
    at = fractional_positions(axis, values)
    low = np.nan_to_num(np.floor(at)).astype(np.int64)
    return Brackets(low, np.minimum(low + 1, len(axis) - 1), at - low)


@dataclass(frozen=True)
class Field:
    """Values on a grid, ready to be looked up.

    Parameters
    ----------
    grid : Grid
        Every axis ascending.
    values : ndarray, (grid.shape)
        In memory, float64.
    """

    grid: Grid
    values: FloatArray

    def sample(self, points: FloatArray) -> FloatArray:
        """Trilinear values at patient points (..., 3); NaN outside the outermost centres."""
        flat = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        out = np.empty(len(flat))
        for start in range(0, len(flat), _POINTS_AT_ONCE):
            some = slice(start, start + _POINTS_AT_ONCE)
            out[some] = self._lookup(self.grid.to_own(flat[some]))
        return out.reshape(np.shape(points)[:-1])

    def _lookup(self, own: FloatArray) -> FloatArray:
        z, y, x = (brackets(self.grid.axes[d], own[:, 2 - d]) for d in range(3))
        values, (_, ny, nx) = self.values.reshape(-1), self.values.shape
        planes = []
        for iz in (z.low, z.high):
            rows = []
            for iy in (y.low, y.high):
                row = (iz * ny + iy) * nx
                rows.append(_between(values[row + x.low], values[row + x.high], x.share))
            planes.append(_between(rows[0], rows[1], y.share))
        return _between(planes[0], planes[1], z.share)


def _between(low: FloatArray, high: FloatArray, share: FloatArray) -> FloatArray:
    """Linear between two values; written so that equal values give exactly themselves."""
    return low + share * (high - low)


def field_of(ds: xr.Dataset, name: str = "dose", target: Grid | None = None) -> Field:
    """A dose (or image) as a field, loaded.

    Parameters
    ----------
    ds : Dataset
        A case.
    name : str, default: "dose"
        Which variable.
    target : Grid, optional
        Load only what is needed to interpolate on this grid: of a lazy dose and one slice, two
        frames.

    Raises
    ------
    MissingDataError
        The Dataset has no such variable; the message says which doses it has.
    GeometryError
        It has dimensions beside its grid (a dynamic image).
    """
    if name not in ds.data_vars:
        doses = model.dose_names(ds)
        exists = did_you_mean(name, doses) if doses else "this Dataset has no dose"
        raise MissingDataError(f"no dose {name!r}; {exists}")
    array = model.ascending(ds[name])
    if leading := model.leading_dims(array):
        raise GeometryError(
            f"{name!r} has dimensions {leading} beside its grid; select one with "
            f"ds.isel({leading[0]}=0)"
        )
    if target is not None:
        array = array.isel(_needed(model.grid_of(array), target))
    return Field(model.grid_of(array), np.asarray(array.values, dtype=np.float64))


def sample(array: npt.NDArray[np.generic], grid: Grid, points: FloatArray) -> FloatArray:
    """Trilinear values of an array at patient points.

    Parameters
    ----------
    array : ndarray, (grid.shape)
        Values at the voxel centres of ``grid``, whose axes must be monotonic.
    grid : Grid
        Where the values are.
    points : ndarray, (..., 3)
        Patient (x, y, z), mm.

    Returns
    -------
    ndarray, (...)
        NaN outside the outermost voxel centres.
    """
    return Field(grid, np.asarray(array, dtype=np.float64)).sample(points)


def dose_on(ds: xr.Dataset, grid: frames.GridLike = "image", dose: str = "dose") -> xr.DataArray:
    """Dose on another grid, trilinear.

    Parameters
    ----------
    ds : Dataset
        A case with a dose.
    grid : str, DataArray or Grid, default: "image"
        ``"image"``, ``"dose"``, a variable's name, an array on the grid wanted, or a Grid.
    dose : str, default: "dose"
        Which dose.

    Returns
    -------
    DataArray of float64
        On the dimensions and coordinates of the grid, attributes of the dose. NaN outside the
        outermost voxel centres of the dose grid: its outer half voxel counts as outside.

    Raises
    ------
    MissingDataError
        No such dose or grid.

    Notes
    -----
    Goes through both grids' matrices, plane by plane; two grids that share their axes (any
    turned or mirrored presentation of each other) are interpolated axis by axis.
    """
    target = frames.grid_like(ds, grid)
    field = field_of(ds, dose, target)
    out = np.full(target.shape, np.nan)
    along = frames.axis_map(target.matrix, field.grid.matrix)
    if along is not None:
        _resample_axes(field, target, along, out)
    else:
        own = np.empty((*target.shape[1:], 3))
        own[..., 0], own[..., 1] = target.axes[2], target.axes[1][:, None]
        for at, height in enumerate(target.axes[0]):
            own[..., 2] = height
            out[at] = field.sample(target.to_patient(own))
    attrs = dict(ds[dose].attrs)
    return xr.DataArray(out, model.grid_coords(target), target.dims, dose, attrs)


def _needed(grid: Grid, target: Grid) -> dict[str, slice]:
    """Part of an ascending grid around another one; at least one voxel along each dimension."""
    own = grid.to_own(_corners(target))
    cuts = {}
    for dim, axis, low, high in zip(
        grid.dims, grid.axes, own.min(axis=0)[::-1], own.max(axis=0)[::-1], strict=True
    ):
        first = int(np.searchsorted(axis, low - ALIGNMENT_TOLERANCE_MM)) - 1
        stop = int(np.searchsorted(axis, high + ALIGNMENT_TOLERANCE_MM, side="right")) + 1
        first = min(max(first, 0), len(axis) - 1)
        cuts[dim] = slice(first, max(stop, first + 1))
    return cuts


def _resample_axes(field: Field, target: Grid, along: frames.AxisMap, out: FloatArray) -> None:
    """Interpolate axis by axis, in the order of the target's dimensions."""
    values = np.asarray(along.to_frame_order(field.values), dtype=np.float64)
    z, y, x = (brackets(along.values(field.grid.axes, j), target.axes[2 - j]) for j in (2, 1, 0))
    rows, columns = np.flatnonzero(~np.isnan(y.share)), np.flatnonzero(~np.isnan(x.share))
    if not len(rows) or not len(columns):
        return
    box = np.ix_(rows, columns)
    y_share, x_share = y.share[rows, None], x.share[columns]
    y_low, y_high, x_low, x_high = y.low[rows], y.high[rows], x.low[columns], x.high[columns]
    for at in np.flatnonzero(~np.isnan(z.share)).tolist():
        plane = _between(values[z.low[at]], values[z.high[at]], z.share[at])
        plane = _between(plane[y_low], plane[y_high], y_share)
        out[at][box] = _between(plane[:, x_low], plane[:, x_high], x_share)


def crop(ds: xr.Dataset, x: Limits = None, y: Limits = None, z: Limits = None) -> xr.Dataset:
    """Cut the image and every dose to a box in patient millimetres.

    Parameters
    ----------
    ds : Dataset
        A case.
    x, y, z : (float, float), optional
        Lower and upper limit, patient LPS mm, both included; None leaves an end, or the whole
        axis, uncut.

    Returns
    -------
    Dataset
        Voxels whose centres lie in the box; of an oblique grid the box along its own axes that
        holds them. Contours stay whole: they are the structures, wherever the grids end.

    Raises
    ------
    GeometryError
        Limits that are not two ascending numbers, or a box that leaves a grid empty; the
        message says how far the grid reaches.
    """
    box = np.array([_limits(name, each) for name, each in (("x", x), ("y", y), ("z", z))])
    image = model.image_name(ds)
    cuts: dict[str, slice] = {}
    for name in ([image] if image else []) + model.dose_names(ds):
        grid = model.grid_of(ds, name)
        kept = _inside(grid, box)
        if any(len(index) == 0 for index in kept):
            low, high = _extent(grid)
            text = ", ".join(
                f"{axis} {a:.1f} to {b:.1f}" for axis, a, b in zip("xyz", low, high, strict=True)
            )
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


def _extent(grid: Grid) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest patient coordinates of voxel centres."""
    corners = _corners(grid)
    return corners.min(axis=0), corners.max(axis=0)


def _corners(grid: Grid) -> FloatArray:
    """Patient coordinates of the eight outermost voxel centres, (8, 3)."""
    ends = [(axis.min(), axis.max()) for axis in grid.axes[::-1]]
    return grid.to_patient(np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3))
