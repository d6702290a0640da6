"""A 4D-CT with structures drawn on one phase, plan and dose, end to end."""

from __future__ import annotations

import random
from pathlib import Path

import factories as make
import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from pydicom.uid import MRImageStorage

import rtxr
from rtxr.errors import GeometryError

mpl.use("Agg")

PHASES = [{"NominalPercentageOfRespiratoryPhase": n} for n in (0, 30, 60)]


@pytest.fixture
def folder(tmp_path) -> Path:
    series = make.dynamic_series(PHASES)
    structures = make.structure_set(series[1::3])  # drawn on the phase of 30 %
    plan = make.plan(structures)
    objects = [*series, structures, plan, make.dose(plan, structures)]
    random.Random(11).shuffle(objects)
    make.write(tmp_path / "dicom", objects)
    return tmp_path / "dicom"


@pytest.fixture
def case(folder) -> xr.Dataset:
    return rtxr.open_dir(folder)


def test_one_case_holds_all_phases(folder, case):
    index = rtxr.scan(folder, progress=False)
    assert len(index.cases) == 1
    assert "CT 12 slices (3 x respiratory_phase)" in repr(index)
    assert case.ct.dims == ("respiratory_phase", "z", "y", "x")
    assert case.respiratory_phase.values.tolist() == [0, 30, 60]
    assert case.respiratory_phase.attrs["units"] == "%"
    assert set(case.contour_image_uid.values) == set(case.ct_uid.sel(respiratory_phase=30).values)
    assert set(case.rt.findings["code"]) == {"several-images-at-one-position"}
    assert repr(case.rt) == "<.rt of a case with ct, 1 dose, 1 ROI, plan>"


def test_structures_and_doses_know_nothing_of_phases(case):
    plain = case.sel(respiratory_phase=30)
    assert case.mask.dims == ("roi", "z", "y", "x")
    assert case.mask.shape == (1, 4, 4, 5)
    xr.testing.assert_equal(
        case.rt.mask("Square").drop_vars("respiratory_phase", errors="ignore"),
        plain.rt.mask("Square").drop_vars("respiratory_phase", errors="ignore"),
    )
    assert case.rt.dose_on("image").dims == ("z", "y", "x")
    assert case.rt.dvh().equals(plain.rt.dvh())
    assert case.rt.structures().equals(plain.rt.structures())
    with pytest.raises(GeometryError, match=r"ds.isel\(respiratory_phase=0\)"):
        case.rt.dose_on("dose", dose="ct")


def test_image_grid_and_crop(case):
    assert case.rt.image.dims == ("respiratory_phase", "z", "y", "x")
    assert case.rt.grid().shape == (4, 4, 5)
    cropped = case.rt.crop(z=(2, 7), x=(-3, 3))
    assert cropped.ct.shape == (3, 2, 4, 3)
    assert cropped.ct_uid.shape == (3, 2)
    inside = case.ct.where(case.mask.sel(roi="Square"), np.nan).mean(["z", "y", "x"])
    assert inside.values.tolist() == pytest.approx([-18.5, -17.5, -16.5])


@pytest.mark.parametrize("name", ["case.zarr", "case.nc"])
def test_saved_and_loaded(tmp_path, case, name):
    case.rt.save(tmp_path / name)
    loaded = rtxr.load(tmp_path / name)
    xr.testing.assert_identical(loaded, case)
    if name.endswith("zarr"):
        assert loaded.ct.encoding["chunks"] == (1, 1, 4, 5)
    table = loaded.rt.to_dicom(tmp_path / "out")
    images = table[table["IOD"] == "CT Image"]
    assert len(images) == 12
    assert (images["changed"] == "").all()


def test_a_structure_set_stays_with_its_phase(tmp_path, case):
    table = case.rt.to_dicom(tmp_path / "all")
    kept = table[table["IOD"] == "RT Structure Set"]
    assert kept["changed"].tolist() == [""]
    own = case.sel(respiratory_phase=30).rt.to_dicom(tmp_path / "own")
    assert len(own[own["IOD"] == "CT Image"]) == 4
    assert rtxr.open_dir(tmp_path / "own").rt.findings.empty
    other = case.sel(respiratory_phase=60).rt.validate()
    assert "contour-image-replaced" in set(other["code"])


def test_pictures_say_which_phase_they_show(case):
    axes = case.rt.plot_slice(z=3)
    assert axes.get_title() == "z = 3 mm, respiratory_phase = 0 (first of 3)"
    shown = axes.images[0].get_array()
    np.testing.assert_array_equal(shown, case.ct.isel(respiratory_phase=0, z=1))
    other = case.sel(respiratory_phase=60).rt.plot_slice(z=3)
    assert other.get_title() == "z = 3 mm"
    np.testing.assert_array_equal(
        other.images[0].get_array(), case.ct.isel(respiratory_phase=2, z=1)
    )


@pytest.mark.parametrize("name", ["case.zarr", "case.nc"])
def test_two_leading_dimensions_one_of_texts(tmp_path, name):
    labels = [
        {"EchoNumbers": echo, "ImageType": ["ORIGINAL", "PRIMARY", kind]}
        for kind in "PM"
        for echo in (1, 2)
    ]
    of_mr = {"Modality": "MR", "SOPClassUID": MRImageStorage}
    make.write(tmp_path / "dicom", make.dynamic_series(labels, count=3, **of_mr))
    case = rtxr.open_dir(tmp_path / "dicom")
    image = case.rt.image
    assert image.dims == ("echo", "image_type", "z", "y", "x")
    magnitude = image.sel(echo=2, image_type="ORIGINAL\\PRIMARY\\M")
    assert magnitude.isel(y=0, x=0).values.tolist() == [1004, 1008, 1012]
    assert case.rt.plot_slice().get_title() == (
        "z = 3 mm, echo = 1 (first of 2), image_type = ORIGINAL\\PRIMARY\\M (first of 2)"
    )
    case.rt.save(tmp_path / name)
    loaded = rtxr.load(tmp_path / name)
    xr.testing.assert_identical(loaded, case)
    table = loaded.rt.to_dicom(tmp_path / "out")
    assert (table["changed"] == "").all()
    xr.testing.assert_identical(rtxr.open_dir(tmp_path / "out").rt.image, image)


def test_a_missing_file_of_two_attributes_mixes_nothing(tmp_path):
    labels = [
        {"TemporalPositionIdentifier": phase, "EchoTime": echo}
        for phase in (1, 2)
        for echo in (5.0, 10.0)
    ]
    series = make.dynamic_series(labels)
    del series[4]  # the second slice of phase 1, echo 5
    make.write(tmp_path, series)
    index = rtxr.scan(tmp_path, progress=False)
    images = [index.select(case=case).open().ct for case in index.cases.index]
    assert sorted(image.shape[:-2] for image in images) == [(2, 4), (3,), (4,)]
    for image in images:  # HU are Instance Number - 24; a label has every fourth number
        per_label = image.isel(y=0, x=0).values.reshape(-1, image.sizes["z"])
        assert {len({int(value) % 4 for value in label}) for label in per_label} == {1}
