"""What is read from the files for the picture of a slice: that slice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rtxr import tutorial
from rtxr.index import scan
from rtxr.read.lazy import lazy_variable
from rtxr.view.slices import plot_slice
from view.cases import axial_grid, make_case


class Counting:
    """A lazy source that notes what is read of it."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.asked: list[list[int]] = []

    def read(self, indices: tuple[np.ndarray, ...]) -> np.ndarray:
        self.asked.append([len(index) for index in indices])
        return self.values[np.ix_(*indices)]


@pytest.fixture
def lazy_case() -> tuple[xr.Dataset, Counting, Counting]:
    """A case of which image and dose count what is read."""
    ds = make_case(dose=axial_grid((6, 4, 4), (4, 6, 4), (-10, -9, -6), "dose_"))
    image, dose = Counting(ds.ct.values), Counting(ds.dose.values)
    lazy = {"ct": lazy_variable(ds.ct.dims, image), "dose": lazy_variable(ds.dose.dims, dose)}
    return ds.assign(lazy), image, dose


@pytest.mark.parametrize(
    ("asked", "of_image", "of_dose"),
    [
        ({"z": 3}, [1, 12, 10], [2, 4, 4]),
        ({"y": -2.9}, [5, 1, 10], [4, 1, 4]),
        ({"x": 0.8}, [5, 12, 1], [4, 4, 2]),
    ],
)
@pytest.mark.parametrize("turn", [lambda ds: ds, lambda ds: ds.isel(z=slice(None, None, -1))])
def test_only_the_slice_is_read(lazy_case, asked, of_image, of_dose, turn):
    ds, image, dose = lazy_case
    plot_slice(turn(ds), dose_max=40, **asked)
    assert image.asked == [of_image]
    assert dose.asked == [of_dose]  # the layers on both sides of the slice, or the one on it


def test_the_dose_is_read_once_for_its_highest_value(lazy_case):
    ds, image, dose = lazy_case
    plot_slice(ds, z=3)
    plot_slice(ds, y=-2.9)
    assert image.asked == [[1, 12, 10], [5, 1, 10]]
    assert dose.asked == [[6, 4, 4]]


def test_nothing_of_the_dose_is_read_when_it_is_not_shown(lazy_case):
    ds, _, dose = lazy_case
    plot_slice(ds, dose=False)
    assert dose.asked == []


def test_one_file_is_enough(tmp_path: Path):
    folder = tutorial.phantom(tmp_path / "one")
    ds = scan(folder).open()
    kept = str(ds.ct_uid.sel(z=19.5).values)
    table = scan(folder).table
    for path in table.loc[(table.Modality == "CT") & (table.SOPInstanceUID != kept), "path"]:
        Path(path).unlink()
    assert len(list(folder.glob("CT_*.dcm"))) == 1
    (image, _) = plot_slice(ds, z=19.5).get_images()
    assert image.get_array().shape == (96, 96)
    assert np.ptp(image.get_array()) > 900
    shutil.rmtree(folder)


def test_importing_does_not_import_matplotlib():
    code = "import sys, rtxr.view.slices, rtxr.view.dvh_plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
