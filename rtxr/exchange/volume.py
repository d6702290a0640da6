"""What files of evenly spaced volumes have in common: values, one affine matrix, one file.

A volume is an array whose last three axes are slices, rows and columns, and the matrix that takes
(column, row, slice, 1) indices to patient LPS millimetres.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import (
    ExistingFilesError,
    Finding,
    GeometryError,
    MissingExtraError,
    pip_install,
)
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray, as_decimals, stack_grid

#: Spacing of an axis with one voxel, which nothing says, mm.
_OF_ONE = 1.0
#: Directions span space when the volume of their unit cell is more than this.
_FLAT = 1e-6
#: Module > package that brings it, where that has another name.
_PACKAGES = {"nrrd": "pynrrd"}


@dataclass(frozen=True, eq=False)
class Volume:
    """Values and where they are.

    Parameters
    ----------
    values : ndarray, (slices, rows, columns) or (further, slices, rows, columns)
        In memory.
    affine : ndarray, (4, 4)
        (column, row, slice, 1) indices to patient LPS millimetres.
    """

    values: npt.NDArray[Any]
    affine: FloatArray


def volume_of(array: xr.DataArray) -> Volume:
    """An array as a volume, each axis of its grid ascending.

    Parameters
    ----------
    array : DataArray
        With a grid and at most one dimension beside it.

    Raises
    ------
    GeometryError
        The array is empty, has further dimensions, or is not evenly spaced.
    MissingDataError
        It has no grid.
    """
    array = model.ascending(array)
    grid = model.grid_of(array)
    leading = model.leading_dims(array)
    if not all(array.shape):
        raise GeometryError(f"{array.name!r} is empty; a file holds at least one voxel")
    if len(leading) > 1:
        raise GeometryError(
            f"{array.name!r} has dimensions {leading} beside its grid; a file takes one: select "
            f"some of it, as in array.isel({leading[0]}=0)"
        )
    own = np.eye(4)
    for at, (dim, axis) in enumerate(zip(grid.dims, grid.axes, strict=True)):
        own[2 - at, 2 - at] = _step(dim, axis)
        own[2 - at, 3] = axis[0]
    return Volume(array.values, grid.matrix @ own)


def _step(dim: str, axis: FloatArray) -> float:
    """Distance of neighbouring positions of an axis, which must be even, mm."""
    if len(axis) == 1:
        return _OF_ONE
    off = float(np.abs(np.linspace(axis[0], axis[-1], len(axis)) - axis).max())
    if off > ALIGNMENT_TOLERANCE_MM:
        raise GeometryError(
            f"positions along {dim!r} are not evenly spaced (up to {off:.3g} mm off), and the file "
            "can only say one spacing: resample first, as in ds.rt.resample(spacing=...)"
        )
    return float(as_decimals((axis[-1] - axis[0]) / (len(axis) - 1)))


def array_of(
    volume: Volume,
    name: str,
    *,
    further: str = "",
    attrs: Mapping[str, Any] | None = None,
    findings: list[Finding] | None = None,
) -> xr.DataArray:
    """A volume as an array on its grid.

    Parameters
    ----------
    volume : Volume
        As a file has it.
    name : str
        Of the array and in messages.
    further : str
        Name of the dimension beside the grid.
    attrs : mapping, optional
        Attributes of the array.
    findings : list of Finding, optional
        What was noticed when reading; they go into the attributes.

    Returns
    -------
    DataArray
        Ascending z, y, x in patient LPS millimetres where axis-aligned; else (slice, row, column)
        with the matrix in ``spatial_ref``. A further dimension comes first.

    Raises
    ------
    GeometryError
        The matrix is no place of a volume.
    """
    directions, origin = volume.affine[:3, :3], volume.affine[:3, 3]
    spacing = np.linalg.norm(directions, axis=0)
    unit = directions / np.where(spacing > 0, spacing, 1)
    if not np.isfinite(volume.affine).all() or abs(np.linalg.det(unit)) < _FLAT:
        raise GeometryError(f"{name}: the directions of its axes do not span space")
    slices, rows, columns = volume.values.shape[-3:]
    grid, layout = stack_grid(
        as_decimals(origin + np.arange(slices)[:, None] * directions[:, 2]),
        [*unit[:, 0].tolist(), *unit[:, 1].tolist()],
        (float(spacing[1]), float(spacing[0])),
        (rows, columns),
    )
    stored = volume.values if volume.values.ndim == 4 else volume.values[None]
    shown = np.stack([layout.present(each) for each in stored])
    values = shown if volume.values.ndim == 4 else shown[0]
    dims = (further, *grid.dims) if volume.values.ndim == 4 else grid.dims
    kept = dict(attrs or {})
    if findings:
        kept[model.FINDINGS_ATTR] = model.findings_to_json(findings)
    return xr.DataArray(values, model.grid_coords(grid), dims, name, kept)


# --- files ---------------------------------------------------------------------------------------
def library(module: str, extra: str) -> Any:
    """A library that an extra brings.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = _PACKAGES.get(module, module)
        raise MissingExtraError(f"these files need {package}; {pip_install(extra)}") from error


def stem(path: Path) -> str:
    """Name of a file without what says its format."""
    name = path.name
    for suffix in (".gz", ".nii", ".nrrd", ".nhdr", ".seg"):
        name = name.removesuffix(suffix)
    return name


def write_aside(path: Path, overwrite: bool, write: Callable[[Path], None]) -> Path:
    """Write a file beside its place and move it there once it is whole.

    Parameters
    ----------
    path : Path
        Where it goes; folders are made.
    overwrite : bool
        Whether a file that is there is replaced.
    write : callable
        Gets the path to write to.

    Raises
    ------
    ExistingFilesError
        Something is there and ``overwrite`` is False, or it is no file.
    """
    if path.exists() and not (overwrite and path.is_file()):
        hint = "pass overwrite=True to replace it" if path.is_file() else "choose another path"
        raise ExistingFilesError(f"{path} exists; {hint}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".rtxr-", dir=path.parent) as scratch:
        aside = Path(scratch) / path.name
        write(aside)
        aside.replace(path)
    return path


def stored_values(values: npt.NDArray[Any], integers: Sequence[str]) -> npt.NDArray[Any]:
    """Values in a type that a file can hold, exactly, in the byte order of this machine.

    Parameters
    ----------
    values : ndarray
        Of any type.
    integers : sequence of str
        Integer types that the format has: ``"i1"``, ``"u2"`` and so on.

    Raises
    ------
    GeometryError
        No type of the format holds them all.
    """
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "b":
        return values.astype(np.uint8)
    if kind == "f" and size <= 8:
        return values.astype(np.float32 if size < 8 else np.float64, copy=False)
    code = f"{kind}{size}"
    if code in integers:
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    for narrower in ("i4", "u4"):
        limits = np.iinfo(narrower)
        if kind in "iu" and limits.min <= values.min() and values.max() <= limits.max:
            return values.astype(narrower)
    raise GeometryError(
        f"the format has no type for these values ({values.dtype}); convert them, as in "
        "array.astype('float64')"
    )
