"""Arrays that a caller gives as image, doses and masks of a new case: each on its grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.structures.given_arrays import placed, require_array
from rtxr.edit.structures.shapes import Shape
from rtxr.errors import GeometryError, MissingDataError, RTXRError, above_0
from rtxr.geometry import AXIS_NAMES, OBLIQUE_NAMES, Grid, as_decimals

Array = xr.DataArray | npt.NDArray[np.generic]

_OTHERWISE = "; or give a plain array and its grid"
#: What a dose is unless its own attrs say another.
_DOSE_ATTRS = {"DoseUnits": "GY", "DoseType": "PHYSICAL", "DoseSummationType": "PLAN"}


def even_from(
    spacing: float | Sequence[float], origin: Sequence[float], arrays: Sequence[object]
) -> Grid:
    """Axis-aligned grid for the first plain array.

    Parameters
    ----------
    spacing : float or (float, float, float)
        Distance of voxel centres, mm: along z, y, x, or the same along all.
    origin : (float, float, float)
        The first of them: z, y, x, mm.
    arrays : sequence
        Whatever was given: DataArrays and contours are passed over.

    Raises
    ------
    GeometryError
        Not three numbers each, or no plain array of three dimensions.
    """
    plain = [each for each in arrays if isinstance(each, np.ndarray)]
    steps = [spacing] * 3 if isinstance(spacing, int | float | np.number) else spacing
    if not plain or plain[0].ndim != 3 or not np.shape(steps) == np.shape(origin) == (3,):
        raise GeometryError(
            "spacing and origin are three numbers each, along z, y, x (or spacing is one), for a "
            f"plain array of three dimensions; here are spacing={spacing!r}, origin={origin!r} "
            f"and {f'an array of shape {plain[0].shape}' if plain else 'no plain array'}"
        )
    z, y, x = (
        as_decimals(start + above_0("spacing", step) * np.arange(size))
        for start, step, size in zip(origin, steps, plain[0].shape, strict=True)
    )
    return Grid(AXIS_NAMES, (z, y, x))


def image_array(image: Array, name: str, grid: Grid | None) -> xr.DataArray:
    """The image of a case.

    Raises
    ------
    GeometryError
        It does not fit the grid.
    MissingDataError
        Nothing says where it is.
    RTXRError
        It is no array of real numbers.
    """
    array = _compact(_modelled(image, "", grid, "image"))
    units = {} if name not in model.UNITS else {"units": model.UNITS[name]}
    array.attrs = {**units, "long_name": model.LONG_NAMES[name], **array.attrs}
    return array.rename(name)


def dose_arrays(doses: Sequence[Array], grid: Grid | None) -> dict[str, xr.DataArray]:
    """Doses of a case by name; those on one grid share its dimensions.

    Raises
    ------
    GeometryError, MissingDataError, RTXRError
        As :func:`image_array`.
    """
    found: dict[str, xr.DataArray] = {}
    for at, each in enumerate(doses, start=1):
        name = model.DOSE if at == 1 else f"{model.DOSE}_{at}"
        array = _modelled(each, model.prefix_of(name), grid, "dose").astype(np.float64)
        for other in found.values():
            if model.grid_of(array).coincides(model.grid_of(other)):
                array = xr.DataArray(
                    array.variable.data, other.coords, other.dims, attrs=array.attrs
                )
                break
        attrs = {"units": "Gy", "long_name": model.LONG_NAMES[model.DOSE], **_DOSE_ATTRS}
        array.attrs = {**attrs, **array.attrs}
        found[name] = array.rename(name)
    return found


def several(dose: Array | Sequence[Array] | None) -> list[Array]:
    """Doses as a list, whether none, one or several were given."""
    if dose is None:
        return []
    return [dose] if isinstance(dose, xr.DataArray | np.ndarray) else list(dose)


def mask_array(shape: Shape, grid: Grid | None) -> Shape:
    """A shape of a structure; a plain array, where a grid is given, with its coordinates."""
    if not isinstance(shape, np.ndarray) or grid is None:
        return shape
    return _on(grid, shape, model.MASK)


def in_frame(array: xr.DataArray, uid: str) -> xr.DataArray:
    """The array with its grid in a frame of reference, where it says none itself."""
    grid = model.grid_of(array)
    if grid.frame_of_reference_uid:
        return array
    return array.assign_coords(model.grid_coords(replace(grid, frame_of_reference_uid=uid)))


def stated_frames(arrays: Sequence[object], grids: Sequence[Grid | None]) -> list[str]:
    """Frame of Reference UIDs that arrays and grids name, each once, in their order."""
    references = (
        each.coords[name]
        for each in arrays
        if isinstance(each, xr.DataArray)
        for name in each.coords
        if str(name).endswith(model.SPATIAL_REF)
    )
    named = [str(each.attrs.get("FrameOfReferenceUID", "")) for each in references]
    named += [each.frame_of_reference_uid for each in grids if each is not None]
    return list(dict.fromkeys(filter(None, named)))


def scalar_reference(grid: Grid | None, uid: str) -> Mapping[str, xr.Variable]:
    """The spatial reference of a case without any array."""
    matrix = np.eye(4) if grid is None else grid.matrix
    axes = (np.zeros(1), np.zeros(1), np.zeros(1))
    coords = model.grid_coords(Grid(AXIS_NAMES, axes, matrix, uid))
    return {model.SPATIAL_REF: coords[model.SPATIAL_REF]}


def _modelled(given: Array, prefix: str, grid: Grid | None, what: str) -> xr.DataArray:
    """An array along the dimensions of the model, each ascending."""
    require_array(given, f"the {what} is a DataArray or an ndarray")
    if given.dtype.kind not in "iuf":
        raise RTXRError(f"the {what} holds values of type {given.dtype}; give real numbers")
    if not isinstance(given, xr.DataArray):
        if grid is None:
            raise MissingDataError(
                f"nothing says where the {what} is: give grid= (dose_grid= for a dose), or "
                "spacing= and origin=, or a DataArray with coordinates"
            )
        given = _on(grid, given, what)
    array = placed(given.rename(what), what, _OTHERWISE)
    own = model.grid_of(array)
    a, b, c = AXIS_NAMES if own.is_axis_aligned else OBLIQUE_NAMES
    there = replace(own, dims=(prefix + a, prefix + b, prefix + c))
    return xr.DataArray(
        array.variable.data, model.grid_coords(there), there.dims, attrs=dict(array.attrs)
    )


def _compact(array: xr.DataArray) -> xr.DataArray:
    """Whole numbers of 64 bits in as few as files have, where they are in memory and fit."""
    values = array.variable.data
    if isinstance(values, np.ndarray) and values.dtype in (np.int64, np.uint64) and values.size:
        for kind in (np.int16, np.int32):
            limits = np.iinfo(kind)
            if limits.min <= values.min() and values.max() <= limits.max:
                return array.astype(kind)
    return array


def _on(grid: Grid, values: npt.NDArray[np.generic], what: str) -> xr.DataArray:
    if values.shape != grid.shape:
        raise GeometryError(
            f"the {what} has shape {values.shape} and its grid {grid.shape}, along {grid.dims}"
        )
    return xr.DataArray(values, model.grid_coords(grid), grid.dims, name=what)
