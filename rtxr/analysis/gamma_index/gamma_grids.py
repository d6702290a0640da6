"""A reference and an evaluated dose in one space, whatever arrays they are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import GeometryError, MissingDataError, RTXRError
from rtxr.geometry import AXIS_NAMES, FloatArray, Grid

#: A matrix turns without stretching when no product of its directions is off by more.
_RIGID_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Pair:
    """Two doses on grids.

    Parameters
    ----------
    dims : sequence of str
        Dimensions of the reference, in the order of its grid.
    reference, evaluated : ndarray, (grid.shape)
        Doses along the dimensions of their grids.
    reference_grid, evaluated_grid : Grid
        The axes of the evaluated one ascend.
    """

    dims: Sequence[Hashable]
    reference: FloatArray
    reference_grid: Grid
    evaluated: FloatArray
    evaluated_grid: Grid

    def in_evaluated(self, index: Sequence[npt.NDArray[np.intp]]) -> FloatArray:
        """Voxels of the reference, by index, along the axes of the evaluated dose: (3, n), mm."""
        axes = zip(self.reference_grid.axes, index, strict=True)
        own = np.stack([axis[at] for axis, at in axes][::-1], axis=-1)
        if np.array_equal(self.reference_grid.matrix, self.evaluated_grid.matrix):
            return np.ascontiguousarray(own.T[::-1])
        patient = self.reference_grid.to_patient(own)
        return np.ascontiguousarray(self.evaluated_grid.to_own(patient).T[::-1])


def paired(reference: xr.DataArray, evaluated: xr.DataArray) -> Pair:
    """Both doses with their grids.

    Raises
    ------
    RTXRError
        Something else than a DataArray.
    GeometryError
        They do not lie in one space, or the evaluated one has no two voxels.
    MissingDataError
        A dimension without coordinates.
    """
    for name, each in (("reference", reference), ("evaluated", evaluated)):
        if not isinstance(each, xr.DataArray):
            raise RTXRError(f"{name}={type(each).__name__}: give a DataArray, such as ds.dose")
    gridded = [_has_grid(each) for each in (reference, evaluated)]
    if all(gridded):
        values, grid = _of_grid(reference)
        dims = [dim for dim in grid.dims if dim in reference.dims]
        pair = Pair(dims, values, grid, *_of_grid(model.ascending(evaluated)))
    elif _plain_names(reference) == _plain_names(evaluated) and not any(gridded):
        values, grid = _of_plain(reference, reference.dims)
        ascending = _of_plain(evaluated, reference.dims, ascending=True)
        pair = Pair(reference.dims, values, grid, *ascending)
    else:
        raise GeometryError(
            f"the reference has the dimensions {list(reference.dims)} and the evaluated dose "
            f"{list(evaluated.dims)}: both need a grid (z, y, x or slice, row, column, of which "
            "some may be scalar coordinates), or the same dimensions in mm"
        )
    _check_evaluated(pair.evaluated_grid)
    return pair


def _has_grid(array: xr.DataArray) -> bool:
    scalars = [key for key, value in array.coords.items() if value.ndim == 0]
    try:
        model.spatial_dims(array, scalars)
    except MissingDataError:
        return False
    return True


def _of_grid(array: xr.DataArray) -> tuple[FloatArray, Grid]:
    """Values and grid of an array that has one."""
    if leading := model.leading_dims(array):
        raise GeometryError(
            f"{array.name!r} has dimensions {leading} beside its grid; select one with "
            f".isel({leading[0]}=0)"
        )
    grid = model.grid_of(array)
    full = array.expand_dims([dim for dim in grid.dims if dim not in array.dims])
    return np.asarray(full.transpose(*grid.dims).values, dtype=np.float64), grid


def _plain_names(array: xr.DataArray) -> set[str]:
    """Dimensions without the prefix of a dose."""
    return {_plain_name(dim) for dim in array.dims}


def _plain_name(dim: object) -> str:
    return str(dim).removeprefix(_prefix(str(dim)))


def _prefix(dim: str) -> str:
    found = model.GRID_PREFIX.match(dim)
    return found.group() if found else ""


def _of_plain(
    array: xr.DataArray, like: Sequence[Hashable], *, ascending: bool = False
) -> tuple[FloatArray, Grid]:
    """Values and stand-in grid of an array, its dimensions in the order of others."""
    if not 1 <= array.ndim <= 3:
        raise GeometryError(f"gamma is of 1 to 3 dimensions, not of {list(array.dims)}")
    names = {_plain_name(dim): dim for dim in array.dims}
    dims = [names[_plain_name(dim)] for dim in like]
    missing = [dim for dim in dims if dim not in array.coords]
    if missing:
        raise MissingDataError(f"no coordinates along {missing}: gamma needs positions in mm")
    array = array.transpose(*dims)
    if ascending:
        array = array.sortby(dims)
    beside = [np.zeros(1)] * (3 - array.ndim)
    own = [np.asarray(array[dim].values, dtype=np.float64) for dim in dims]
    z, y, x = beside + own
    values = np.asarray(array.values, dtype=np.float64)
    return values.reshape(len(z), len(y), len(x)), Grid(AXIS_NAMES, (z, y, x))


def _check_evaluated(grid: Grid) -> None:
    """Raise GeometryError where cells cannot be searched by distance."""
    if max(grid.shape) < 2:
        raise GeometryError("the evaluated dose has one voxel: there is nothing to search")
    turn = grid.matrix[:3, :3]
    if np.abs(turn.T @ turn - np.eye(3)).max() > _RIGID_TOLERANCE:
        raise GeometryError(
            "the axes of the evaluated dose are not at right angles; resample it first"
        )
