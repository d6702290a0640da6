"""Cases cut to a box and put on other grids: what is written, and what contours refer to then."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pydicom
import pytest
import xarray as xr
from analysis.shapes import rotation

import rtxr
from rtxr import model
from rtxr.analysis.grids.even_grid import even_grid
from rtxr.geometry import Grid

#: Turned about all axes, so that no slice is parallel to one of the source.
TURNED = Grid(
    ("slice", "row", "column"),
    (np.arange(-30.0, 31, 5), np.arange(-40.0, 41, 4), np.arange(-40.0, 41, 4)),
    rotation((1, 1, 1), 60, shift=(0, 0, 9)),
)

#: Edit, which contours refer to an image afterwards, and the codes that say so.
EDITS = {
    "crop": (lambda ds: ds.rt.crop(z=(-20, 20)), "some", {"contour-image-gone"}),
    "crop in plane": (lambda ds: ds.rt.crop(x=(-50, 50), y=(-60, 60)), "all", set()),
    "crop around a ROI": (
        lambda ds: ds.rt.crop(roi="PTV_70", margin=9),
        "some",
        {"contour-image-gone"},
    ),
    "sel": (lambda ds: ds.sel(z=slice(-20, 20)), "some", {"contour-image-gone"}),
    "one plane": (lambda ds: ds.isel(z=[20], dose_z=[9]), "some", {"contour-image-gone"}),
    "coarser": (lambda ds: ds.rt.resample(6), "some", {"contour-image-gone"}),
    "coarser in plane": (lambda ds: ds.rt.resample((None, 3, 3)), "all", {"values-rounded"}),
    "finer": (
        lambda ds: ds.rt.resample((1.5, None, None)),
        "all",
        {"contour-image-replaced", "values-rounded"},
    ),
    "between": (
        lambda ds: ds.rt.resample(grid="dose"),
        "none",
        {"contour-image-gone", "values-rounded"},
    ),
    "dose on the image": (lambda ds: ds.rt.resample(grid="image", fill_value=0), "all", set()),
    "turned": (
        lambda ds: ds.rt.resample(grid=TURNED, fill_value={"ct": -1000, "dose": 0}),
        "none",
        {"contour-image-gone", "values-rounded"},
    ),
}


def read(folder: Path, kind: str) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.glob(f"{kind}_*.dcm"))]


def referred(folder: Path) -> list[tuple[float, list[str]]]:
    """Height of each contour, and the images that it names."""
    (structures,) = read(folder, "RTSTRUCT")
    return [
        (
            float(contour.ContourData[2]),
            [each.ReferencedSOPInstanceUID for each in contour.get("ContourImageSequence", ())],
        )
        for roi in structures.ROIContourSequence
        for contour in roi.get("ContourSequence", ())
        if contour.ContourGeometricType == "CLOSED_PLANAR"
    ]


@pytest.fixture(scope="module")
def case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


@pytest.fixture(scope="module", params=EDITS)
def edited(request, case, tmp_path_factory):
    """Name, edited case and the folder of its export, with what it said."""
    edit, *_ = EDITS[request.param]
    ds = edit(case)
    folder = tmp_path_factory.mktemp("edited") / "out"
    return request.param, ds, folder, ds.rt.to_dicom(folder)


def assert_same_places(one: Grid, other: Grid) -> None:
    """Voxel centres of both in patient millimetres, whatever matrix and axes say it."""
    assert one.shape == other.shape
    for corner in np.ndindex(2, 2, 2):
        at = [axis[-end] for axis, end in zip(one.axes[::-1], corner, strict=True)]
        point = one.to_patient(at)
        index = other.fractional_index(point)
        np.testing.assert_allclose(index, np.round(index), atol=1e-3)


def test_what_is_read_back_is_what_was_held(edited):
    name, ds, folder, _ = edited
    back = rtxr.open_dir(folder)
    for variable, off in (("ct", 0.02), ("dose", 1e-7)):
        assert_same_places(back.rt.grid(variable), ds.rt.grid(variable))
        if name != "turned":  # whose axes a reader may name and reverse in another way
            wanted = model.ascending(ds[variable])
            np.testing.assert_allclose(back[variable], wanted, atol=off)
    for node in (model.NODE_X, model.NODE_Y, model.NODE_Z, model.NODE_CONTOUR):
        np.testing.assert_array_equal(back[node], ds[node])


def test_contours_refer_to_the_slice_in_their_plane_or_to_none(edited):
    name, _, folder, _ = edited
    _, which, _ = EDITS[name]
    slices = {ds.SOPInstanceUID: ds for ds in read(folder, "CT")}
    heights = [float(ds.ImagePositionPatient[2]) for ds in slices.values()]
    contours = referred(folder)
    for z, images in contours:
        there = which != "none" and min(abs(z - height) for height in heights) < 0.01
        assert len(images) == there
        assert all(abs(slices[uid].ImagePositionPatient[2] - z) < 0.01 for uid in images)
    share = np.mean([bool(images) for _, images in contours])
    assert {"all": share == 1, "none": share == 0, "some": 0 < share < 1}[which]


def test_what_an_export_says(edited):
    name, _, folder, table = edited
    _, which, codes = EDITS[name]
    usual = {"stale-dvh-removed"}
    assert {each["code"] for each in table.attrs["findings"]} - usual == codes
    said = set(rtxr.open_dir(folder).rt.findings["code"])
    assert "contour-images-absent" not in said
    # A structure set without one image to refer to is found by its frame of reference.
    assert ("linked-by-frame-of-reference" in said) == (which == "none")


@pytest.mark.validators
@pytest.mark.parametrize(
    "edited", ["crop around a ROI", "one plane", "finer", "turned"], indirect=True
)
def test_validators_find_no_error(edited, validator):
    _, _, folder, table = edited
    assert validator.dcentvfy(folder) == []
    once = table.drop_duplicates("IOD")
    for path, iod in zip(once["path"], once["IOD"], strict=True):
        assert validator.dciodvfy(path) == [], iod
        if iod in {"RT Dose", "RT Structure Set"}:
            assert validator.drtdump(path) == [], iod


def test_volumes_and_masks_follow_from_the_contours_that_are_whole(edited, case):
    _, ds, _, _ = edited
    roi = "PTV_70"
    assert ds.rt.volumes(roi).equals(case.rt.volumes(roi))
    np.testing.assert_array_equal(ds.mask.sel(roi=roi), ds.rt.mask(roi))


# --- what only shows in files of other kinds ------------------------------------------------------
def test_the_distance_of_slices_is_told_where_the_source_told_it(tmp_path):
    series = make.ct_series(4, SpacingBetweenSlices=3)
    make.write(tmp_path / "in", series)
    rtxr.open_dir(tmp_path / "in").rt.resample((1.5, None, None)).rt.to_dicom(tmp_path / "out")
    made = read(tmp_path / "out", "CT")
    assert [float(ds.SpacingBetweenSlices) for ds in made] == [1.5] * 7
    assert [float(ds.SliceThickness) for ds in made] == [3] * 7
    assert [float(ds.ImagePositionPatient[2]) for ds in made] == [0, 1.5, 3, 4.5, 6, 7.5, 9]


def test_phases_stay_phases(tmp_path):
    phases = [{"NominalPercentageOfRespiratoryPhase": n} for n in (0, 50)]
    make.write(tmp_path / "in", make.dynamic_series(phases))
    ds = rtxr.open_dir(tmp_path / "in").rt.resample((1.5, None, None))
    ds.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    assert back.respiratory_phase.values.tolist() == [0, 50]
    np.testing.assert_allclose(back.ct, ds.ct, atol=0.01)


def test_an_oblique_image_is_written_along_the_patient(tmp_path):
    turn = np.radians(35)
    cosines = [np.cos(turn), np.sin(turn), 0, 0, 0, -1]
    normal = np.cross(cosines[:3], cosines[3:])
    series = []
    for n in range(4):
        at = [float(f"{value:.8g}") for value in 3 * n * normal]
        series.append(make.ct_slice(n + 1, 0, (9, 8), name=("oblique", n)))
        series[-1].ImagePositionPatient = at
        series[-1].ImageOrientationPatient = [float(f"{value:.8g}") for value in cosines]
    make.write(tmp_path / "in", series)
    ds = rtxr.open_dir(tmp_path / "in")
    assert ds.ct.dims == ("slice", "row", "column")
    made = ds.rt.resample(2.0, axes="patient", fill_value=-1000)
    assert made.rt.grid().same_as(even_grid(ds.rt.grid(), 2.0, axes="patient"))
    made.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    np.testing.assert_allclose(back.ct, made.ct, atol=0.01)
    written = read(tmp_path / "out", "CT")
    assert {tuple(map(abs, ds.ImageOrientationPatient)) for ds in written} == {(1, 0, 0, 0, 0, 1)}


def test_voxels_without_a_value_are_refused_until_they_get_one(case):
    problems = case.rt.resample(grid="image").rt.validate()
    (violation,) = problems["fix"][problems["severity"] == "error"]
    assert "fill_value of resample" in violation


@pytest.mark.data
@pytest.mark.validators
def test_a_real_case_around_a_structure(case_data, validator, tmp_path):
    source = rtxr.open_dir(case_data("breast_boost_eclipse"))
    cut = source.rt.crop(roi="Tumor Bed", margin=4)
    assert cut.ct.shape == (20, 36, 29)
    ds = cut.rt.resample((1.5, 2, 2))
    table = ds.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    np.testing.assert_allclose(back.ct, ds.ct, atol=0.05)
    np.testing.assert_allclose(back.dose, ds.dose, atol=1e-6)
    assert back.rt.volumes().equals(source.rt.volumes())
    named = dict(zip(back.contour.values, back.contour_image_uid.values, strict=True))
    heights = back.node_z.to_series().groupby(back.node_contour.values).mean()
    on_slices = [np.abs(back.z.values - height).min() < 0.01 for height in heights]
    assert [bool(named[key]) for key in heights.index] == on_slices
    assert sum(on_slices) == 168  # of 441, those in the twenty planes that are left
    # The plan names reference images that lie in nobody's folder, as it does in the source.
    errors = validator.dcentvfy(tmp_path / "out")
    assert [line for line in errors if "RTPLAN_1.dcm" not in line] == []
    once = table.drop_duplicates("IOD")
    for path, iod in zip(once["path"], once["IOD"], strict=True):
        assert validator.dciodvfy(path) == [], iod
