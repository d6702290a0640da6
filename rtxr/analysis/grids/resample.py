"""Values of one grid at places of another: trilinear.

Between voxel centres values are trilinear; beyond the outermost voxel centres there is nothing
(NaN): the outer half voxel of a dose grid is outside, since nothing says what the dose does there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.grids import frames
from rtxr.errors import ConflictingDataError, GeometryError, MissingDataError, did_you_mean
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray, Grid, fractional_positions

IntArray = npt.NDArray[np.int64]
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

    def sample(self, points: FloatArray, fill: float = np.nan) -> FloatArray:
        """Trilinear values at patient points (..., 3); ``fill`` outside the outermost centres."""
        flat = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        out = np.empty(len(flat))
        for start in range(0, len(flat), _POINTS_AT_ONCE):
            some = slice(start, start + _POINTS_AT_ONCE)
            out[some] = self._lookup(self.grid.to_own(flat[some]), fill)
        return out.reshape(np.shape(points)[:-1])

    def _lookup(self, own: FloatArray, fill: float) -> FloatArray:
        z, y, x = (brackets(self.grid.axes[d], own[:, 2 - d]) for d in range(3))
        values, (_, ny, nx) = self.values.reshape(-1), self.values.shape
        planes = []
        for iz in (z.low, z.high):
            rows = []
            for iy in (y.low, y.high):
                row = (iz * ny + iy) * nx
                rows.append(_between(values[row + x.low], values[row + x.high], x.share))
            planes.append(_between(rows[0], rows[1], y.share))
        found = _between(planes[0], planes[1], z.share)
        if not np.isnan(fill):
            found[np.isnan(x.share + y.share + z.share)] = fill
        return found


def _between(low: FloatArray, high: FloatArray, share: FloatArray | float) -> FloatArray:
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
        raise no_dose(ds, name, model.dose_names(ds))
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


def dose_on(
    ds: xr.Dataset, grid: frames.GridLike = "image", dose: str | xr.DataArray = "dose"
) -> xr.DataArray:
    """Dose on another grid, trilinear.

    Parameters
    ----------
    ds : Dataset
        A case with a dose.
    grid : str, DataArray or Grid, default: "image"
        ``"image"``, ``"dose"``, a variable's name, an array on the grid wanted, or a Grid.
    dose : str or DataArray, default: "dose"
        Which dose: a variable's name, or an array with a grid, such as that of another case.

    Returns
    -------
    DataArray of float64
        On the dimensions and coordinates of the grid, attributes of the dose. NaN outside the
        outermost voxel centres of the dose grid: its outer half voxel counts as outside.

    Raises
    ------
    MissingDataError
        No such dose or grid.
    ConflictingDataError
        An array names another frame of reference than the grid.

    Notes
    -----
    Goes through both grids' matrices, plane by plane; two grids that share their axes (any
    turned or mirrored presentation of each other) are interpolated axis by axis.
    """
    target = frames.grid_like(ds, grid)
    if isinstance(dose, xr.DataArray):
        ds, dose = _alone(dose, target), str(dose.name or model.DOSE)
    field = field_of(ds, dose, target)
    values = np.full(target.shape, np.nan)
    _interpolate(field.values, field.grid, target, np.nan, values)
    attrs = dict(ds[dose].attrs)
    return xr.DataArray(values, model.grid_coords(target), target.dims, dose, attrs)


def _alone(dose: xr.DataArray, target: Grid) -> xr.Dataset:
    """A dose that need not be in a case, in the frame of a grid as far as both say."""
    uids = {model.grid_of(dose).frame_of_reference_uid, target.frame_of_reference_uid} - {""}
    if len(uids) > 1:
        raise ConflictingDataError(
            f"{dose.name!r} and the grid name two frames of reference ((0020,0052) "
            "FrameOfReferenceUID), so that nothing says where they lie to each other; register "
            "them first, or rtxr.sum_doses(dose, grid=..., allow='frames')"
        )
    return dose.to_dataset(name=str(dose.name or model.DOSE))


def no_dose(ds: xr.Dataset, name: str, known: Sequence[str]) -> MissingDataError:
    """That a Dataset has no such dose: which it has, or why reading left one out."""
    exists = did_you_mean(name, known) if known else "this Dataset has no dose"
    left_out = [each for each in model.findings_of(ds) if each.code == "dose-not-opened"]
    why = "".join(f"; one was not opened: {each.message}" for each in left_out)
    return MissingDataError(f"no dose {name!r}; {exists}{why}")


@dataclass(frozen=True, eq=False)
class Resampled:
    """A variable on another grid, computed where it is read; satisfies the lazy array's protocol.

    Parameters
    ----------
    values : Variable, (..., grid dimensions)
        On ``grid``, in memory or not; of a lazy one only what a reading needs is read.
    grid : Grid
        Every axis ascending.
    target : Grid
        Where values are wanted.
    fill : float, default: NaN
        Value outside the outermost voxel centres of ``grid``.
    """

    values: xr.Variable
    grid: Grid
    target: Grid
    fill: float = np.nan

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions beside the grid, then of the target's."""
        return (*self.values.shape[:-3], *self.target.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 for integers of 16 bits and float32, float64 for all that it cannot hold."""
        if self.values.dtype.kind == "b":
            return np.dtype(np.bool_)
        return np.result_type(self.values.dtype, np.float32)

    def read(self, indices: tuple[npt.NDArray[np.intp], ...]) -> npt.NDArray[Any]:
        """Values at the outer product of the indices; true from one half on."""
        *leading, z, y, x = indices
        wanted = _taken(self.target, (z, y, x))
        cuts = _needed(self.grid, wanted)
        beside = dict(zip(self.values.dims, leading, strict=False))
        values = self.values.isel({**beside, **cuts}).values
        own = _taken(self.grid, [cuts[dim] for dim in self.grid.dims])
        is_bool = self.dtype.kind == "b"
        shape = (*values.shape[:-3], *wanted.shape)
        out = np.full(shape, self.fill, np.float32 if is_bool else self.dtype)
        for at in np.ndindex(values.shape[:-3]):
            _interpolate(values[at], own, wanted, self.fill, out[at])
        return out >= 0.5 if is_bool else out


def _taken(grid: Grid, parts: Sequence[slice | npt.NDArray[np.intp]]) -> Grid:
    """Some of the positions along each dimension of a grid."""
    z, y, x = (axis[part] for axis, part in zip(grid.axes, parts, strict=True))
    return replace(grid, axes=(z, y, x))


def _interpolate(
    values: npt.NDArray[Any], grid: Grid, target: Grid, fill: float, out: npt.NDArray[Any]
) -> None:
    """Put values of an ascending grid on another one; ``out`` holds ``fill`` everywhere."""
    along = frames.axis_map(target.matrix, grid.matrix)
    if along is not None:
        _along_axes(values, grid, target, along, out)
        return
    field = Field(grid, np.asarray(values, dtype=np.float64))
    own = np.empty((*target.shape[1:], 3))
    own[..., 0], own[..., 1] = target.axes[2], target.axes[1][:, None]
    for at, height in enumerate(target.axes[0]):
        own[..., 2] = height
        out[at] = field.sample(target.to_patient(own), fill)


def _needed(grid: Grid, target: Grid) -> dict[str, slice]:
    """Part of an ascending grid around another one; at least one voxel along each dimension."""
    own = grid.to_own(corners(target))
    cuts = {}
    for dim, axis, low, high in zip(
        grid.dims, grid.axes, own.min(axis=0)[::-1], own.max(axis=0)[::-1], strict=True
    ):
        first = int(np.searchsorted(axis, low - ALIGNMENT_TOLERANCE_MM)) - 1
        stop = int(np.searchsorted(axis, high + ALIGNMENT_TOLERANCE_MM, side="right")) + 1
        first = min(max(first, 0), len(axis) - 1)
        cuts[dim] = slice(first, max(stop, first + 1))
    return cuts


def _along_axes(
    values: npt.NDArray[Any],
    grid: Grid,
    target: Grid,
    along: frames.AxisMap,
    out: npt.NDArray[Any],
) -> None:
    """Interpolate axis by axis, in the order of the target's dimensions."""
    ordered = along.to_frame_order(values)
    z, y, x = (_inside(brackets(along.values(grid.axes, j), target.axes[2 - j])) for j in (2, 1, 0))
    rows, columns = _run(y.at), _run(x.at)
    box = (rows, columns) if isinstance(columns, slice) else np.ix_(y.at, x.at)
    for at, low, high, share in zip(z.at, z.low, z.high, z.share, strict=True):
        plane = np.asarray(ordered[low], dtype=np.float64)
        if share > 0:
            plane = _between(plane, np.asarray(ordered[high], dtype=np.float64), share)
        out[at][box] = _across(_across(plane, y).T, x).T


@dataclass(frozen=True)
class _Inside:
    """Brackets of those positions, numbered ``at``, that are not outside."""

    at: IntArray
    low: IntArray
    high: IntArray
    share: FloatArray


def _inside(found: Brackets) -> _Inside:
    """Positions on an axis; those on a voxel take it alone, whatever its neighbour is."""
    at = np.flatnonzero(~np.isnan(found.share))
    share = found.share[at]
    high = np.where(share > 0, found.high[at], found.low[at])
    return _Inside(at, found.low[at], high, share)


def _across(plane: FloatArray, found: _Inside) -> FloatArray:
    """Values of a plane (n, m) at positions along its first axis."""
    low = plane[_run(found.low)]
    return _between(low, plane[found.high], found.share[:, None]) if found.share.any() else low


def _run(index: IntArray) -> slice | IntArray:
    """A slice where the indices follow one another, so that numpy need not gather."""
    follow = len(index) and (np.diff(index) == 1).all()
    return slice(int(index[0]), int(index[-1]) + 1) if follow else index


def corners(grid: Grid) -> FloatArray:
    """Patient coordinates of the eight outermost voxel centres, (8, 3)."""
    ends = [(axis.min(), axis.max()) for axis in grid.axes[::-1]]
    return grid.to_patient(np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3))
