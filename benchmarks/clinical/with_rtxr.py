"""rtxr, as a user calls it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import xarray as xr
from clinical import doses
from clinical.agreement import mask_of
from clinical.protocol import CT, DONE, MASKS, PREPARED, WRITTEN, Results

import rtxr

VERSION = rtxr.__version__


def image(case: Path, _: Path) -> Results:
    """A folder of slices as one array of HU."""
    yield "image", rtxr.open_dir(case / CT, progress=False).ct.values


def pixels(case: Path, _: Path) -> Results:
    """The same after the scan that finds which files make the series."""
    index = rtxr.scan(case / CT, progress=False)
    yield PREPARED, None
    yield "image", index.open().ct.values


def masks(case: Path, _: Path) -> Results:
    """Every mask on the grid of the CT."""
    yield from _masks(rtxr.open_dir(case, progress=False))


def structure_set(case: Path, out: Path) -> Results:
    """Masks in memory to a structure set file, written alone."""
    yield from _written(case, out, alone=True)


def structure_set_and_ct(case: Path, out: Path) -> Results:
    """The same, the CT copied beside it."""
    yield from _written(case, out, alone=False)


def dvhs(case: Path, _: Path) -> Results:
    """Every DVH, from the files to one table in steps of 0.01 Gy."""
    table = rtxr.open_dir(case, progress=False).rt.dvh()
    for name, found in table.attrs["rois"].items():
        yield name, np.array([found["volume_cc"], found["mean_gy"]])


def gamma(_: Path, __: Path) -> Results:
    """Pass rate in % and voxels compared, 3 % and 3 mm, global."""
    axes, planned, other = doses.to_compare()
    reference = xr.DataArray(planned, dict(zip("zyx", axes, strict=True)), tuple("zyx"))
    yield PREPARED, None
    found = rtxr.gamma(reference, reference.copy(data=other), 3, 3, cutoff=10, max_gamma=2)
    yield "gamma", np.array([100 * found.attrs["pass_rate"], found.attrs["points"]])


def _written(case: Path, out: Path, *, alone: bool) -> Results:
    kept = np.load(case / MASKS)
    made = {name: mask_of(kept[name]) for name in WRITTEN if name in kept}
    folder = _cleared(out)
    yield PREPARED, None
    ds = rtxr.open_dir(case / CT, progress=False)
    ds = ds.rt.add_structures(made)
    (ds.drop_vars("ct") if alone else ds).rt.to_dicom(folder)
    yield DONE, None
    yield from _masks(rtxr.open_dir([case / CT, folder] if alone else folder, progress=False))


def _cleared(out: Path) -> Path:
    """A folder that is not there yet."""
    shutil.rmtree(out / "rtxr", ignore_errors=True)
    return out / "rtxr"


def _masks(ds: xr.Dataset) -> Results:
    for name in ds.roi.values:
        yield str(name), ds.mask.sel(roi=name).values
