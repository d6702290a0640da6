"""Datasets to disk and back: zarr or netCDF, with everything an export needs, without masks."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.errors import ExistingFilesError, MissingDataError, MissingExtraError, pip_install
from rtxr.read.structures.tables import MaskSource, with_mask

_NETCDF_SUFFIXES = frozenset({".nc", ".nc4", ".netcdf", ".h5"})
#: What marks a folder as a zarr store, so that overwriting cannot remove anything else.
_ZARR_MARKS = (".zgroup", "zarr.json", ".zmetadata")


def save(ds: xr.Dataset, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a case to one zarr store or netCDF file.

    Parameters
    ----------
    ds : Dataset
        A case; its ``mask`` is left out, :func:`load` draws it again from the contours.
    path : path-like
        ``.nc`` makes a netCDF file, anything else a zarr folder.
    overwrite : bool, default: False
        Replace what is there, once the new file is complete.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ExistingFilesError
        The path exists and ``overwrite`` is False, or it is a folder that is no zarr store.
    MissingExtraError
        zarr or netCDF4/h5netcdf is not installed.
    """
    target = Path(path)
    kind = _kind(target)
    _check_target(target, kind, overwrite)
    bare = ds.drop_vars(model.MASK, errors="ignore").drop_encoding()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".rtxr-", dir=target.parent) as scratch:
        aside = Path(scratch) / target.name
        if kind == "zarr":
            # Version 2: strings of fixed length have no specification in version 3 yet.
            bare.to_zarr(aside, mode="w", zarr_format=2, encoding=_zarr_chunks(bare))
        else:
            bare.to_netcdf(aside, engine=_netcdf_engine())
        if target.is_dir():
            shutil.rmtree(target)
        aside.replace(target)
    return target


def load(path: str | os.PathLike[str], *, mask_source: MaskSource | None = None) -> xr.Dataset:
    """Open a saved case again, lazily.

    Parameters
    ----------
    path : path-like
        What :func:`save` wrote.
    mask_source : callable, optional
        What draws masks; without it there is no ``mask``.

    Returns
    -------
    Dataset
        As it was saved; image and doses are read when touched.

    Raises
    ------
    MissingDataError
        There is nothing at the path, or no case, or a tree of several.
    MissingExtraError
        zarr or netCDF4/h5netcdf is not installed.
    """
    source = Path(path)
    if not source.exists():
        raise MissingDataError(f"there is no saved case at {source}")
    kind = _kind(source)
    if kind == "zarr" and not _is_store(source):
        raise MissingDataError(f"{source} is no case that ds.rt.save wrote")
    engine: Any = "zarr" if kind == "zarr" else _netcdf_engine()
    ds = _normalised(xr.open_dataset(source, engine=engine))
    if not ds.variables:
        raise MissingDataError(
            f"{source} holds no case at its root; if it is a saved tree of cases, open it with "
            "xr.open_datatree(path)"
        )
    if mask_source is not None and model.image_name(ds) and model.ROI_NUMBER in ds.coords:
        ds = with_mask(ds, mask_source)
    return ds


def _kind(path: Path) -> Literal["zarr", "netcdf"]:
    """Format of a path, provided that what writes it is installed."""
    is_netcdf = path.suffix.lower() in _NETCDF_SUFFIXES
    if not is_netcdf and importlib.util.find_spec("zarr") is None:
        raise MissingExtraError(
            f"{path.name}: a zarr store needs zarr; {pip_install('io')} (or save to a .nc file)"
        )
    if is_netcdf:
        _netcdf_engine()
    return "netcdf" if is_netcdf else "zarr"


def _netcdf_engine() -> Literal["netcdf4", "h5netcdf"]:
    if importlib.util.find_spec("netCDF4") is not None:
        return "netcdf4"
    if importlib.util.find_spec("h5netcdf") is not None:
        return "h5netcdf"
    raise MissingExtraError(f"netCDF files need netCDF4 or h5netcdf; {pip_install('io')}")


def _check_target(target: Path, kind: str, overwrite: bool) -> None:
    if not target.exists():
        return
    if not overwrite:
        raise ExistingFilesError(f"{target} exists; pass overwrite=True to replace it")
    if (kind == "zarr" and not _is_store(target)) or (kind == "netcdf" and not target.is_file()):
        raise ExistingFilesError(f"{target} exists and is no saved case; choose another path")


def _is_store(path: Path) -> bool:
    return path.is_dir() and any((path / mark).exists() for mark in _ZARR_MARKS)


def _zarr_chunks(ds: xr.Dataset) -> dict[Hashable, dict[str, Any]]:
    """One slice of the image per chunk, so that a saved case is as lazy as the files were."""
    name = model.image_name(ds)
    if name is None or ds[name].chunks is not None or not all(ds[name].shape):
        return {}
    uid = model.uid_name(name)
    along = set(ds[uid].dims) if uid in ds.coords else set(ds[name].dims[:1])
    return {name: {"chunks": tuple(1 if dim in along else n for dim, n in ds[name].sizes.items())}}


def _normalised(ds: xr.Dataset) -> xr.Dataset:
    """Strings as numpy strings again (both formats may give them back as objects)."""
    texts = {
        name: variable
        for name, variable in ds.variables.items()
        if variable.dtype.kind in "OT" and name in ds.coords
    }
    return ds.assign_coords(
        {
            name: xr.Variable(variable.dims, variable.values.astype(np.str_), variable.attrs)
            for name, variable in texts.items()
        }
    )
