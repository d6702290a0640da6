"""NIfTI files against their headers, worked out by hand, and round trips of every kind."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings

import rtxr
from exchange.grids import arrays, placed, positions, random_grid
from rtxr import model
from rtxr.analysis.structures.labels import LABELS_ATTR, Label, labels_of, labels_to_json
from rtxr.errors import ExistingFilesError, GeometryError, MissingDataError
from rtxr.exchange.nifti import read_nifti, to_nifti
from rtxr.geometry import Grid

GRID = Grid(
    ("z", "y", "x"), (np.array([-849.3, -846.03]), np.array([5.0, 6.5, 8.0]), np.array([-2.0, 0]))
)
VALUES = np.arange(12, dtype=np.int16).reshape(GRID.shape)


def codes(array) -> list[str]:
    return [finding.code for finding in model.findings_of(array)]


def write(path: Path, values: np.ndarray) -> Path:
    """A file as nibabel writes it."""
    nibabel.Nifti1Image(values, np.eye(4)).to_filename(path)
    return path


def test_the_header_says_where_voxels_are_in_ras(tmp_path):
    path = to_nifti(placed(VALUES, GRID), tmp_path / "a.nii.gz")
    image = nibabel.load(path)
    expected = [[-2, 0, 0, 2], [0, -1.5, 0, -5], [0, 0, 3.27, -849.3], [0, 0, 0, 1]]
    np.testing.assert_allclose(image.get_sform(), expected, rtol=1e-6)
    np.testing.assert_allclose(image.get_qform(), expected, rtol=1e-6)
    assert (image.header["sform_code"], image.header["qform_code"]) == (1, 1)
    assert image.header.get_xyzt_units()[0] == "mm"
    assert image.shape == (2, 3, 2)
    assert image.get_data_dtype() == np.int16
    assert np.isnan(image.header["scl_slope"])
    np.testing.assert_array_equal(np.asarray(image.dataobj), VALUES.transpose(2, 1, 0))


def test_decimal_positions_come_back_digit_for_digit(tmp_path):
    back = read_nifti(to_nifti(placed(VALUES, GRID), tmp_path / "a.nii"))
    assert back.name == "a"
    for mine, theirs in zip(GRID.axes, model.grid_of(back).axes, strict=True):
        assert mine.tolist() == theirs.tolist()


@settings(max_examples=40)
@given(array=arrays())
def test_positions_and_values_come_back(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("nifti") / "a.nii"
    back = read_nifti(to_nifti(array, path))
    np.testing.assert_allclose(positions(back), positions(array), rtol=0, atol=3e-4)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == (np.uint8 if array.dtype == bool else array.dtype)
    assert codes(back) == []


@pytest.mark.parametrize(("kind", "code"), [("turned", 1), ("sheared", 0)])
def test_a_sheared_grid_has_no_qform(tmp_path, kind, code):
    grid = random_grid(np.random.default_rng(3), kind)
    header = nibabel.load(to_nifti(placed(np.zeros(grid.shape), grid), tmp_path / "a.nii")).header
    assert (header["sform_code"], header["qform_code"]) == (1, code)


@pytest.mark.parametrize("units", [("mm", 1.0), ("meter", 0.001), ("micron", 1000.0)])
def test_units_of_space(tmp_path, units):
    unit, factor = units
    image = nibabel.Nifti1Image(VALUES.T, np.diag([2, 3, 4, 1]) * factor)
    image.header.set_xyzt_units(unit)
    image.to_filename(tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    assert found.x.values.tolist() == pytest.approx([-2, 0])
    assert found.y.values.tolist() == pytest.approx([-6, -3, 0])
    assert found.z.values.tolist() == pytest.approx([0, 4])


def test_the_qform_counts_where_there_is_no_sform(tmp_path):
    affine = np.array([[0, 0, 2.1, 7.7], [-3.3, 0, 0, 8], [0, 1.1, 0, -9], [0, 0, 0, 1]])
    image = nibabel.Nifti1Image(VALUES, np.eye(4))
    image.set_sform(np.eye(4), code=0)
    image.set_qform(affine, code=1)
    image.to_filename(tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    assert codes(found) == []
    assert found.x.values.tolist() == [-9.8, -7.7]
    assert found.y.values.tolist() == [-8, -4.7]
    assert found.z.values.tolist() == pytest.approx([-9, -7.9, -6.8])


def test_forms_that_differ_and_forms_that_say_nothing_are_findings(tmp_path):
    image = nibabel.Nifti1Image(VALUES.T, np.eye(4))
    image.set_sform(np.eye(4), code=1)
    image.set_qform(np.diag([1, 1, 1.5, 1]), code=1)
    image.to_filename(tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    assert codes(found) == ["nifti-forms-differ"]
    assert found.z.values.tolist() == [0, 1]
    image = nibabel.Nifti1Image(VALUES.T, None)
    image.header.set_zooms((2, 3, 4))
    image.to_filename(tmp_path / "b.nii")
    found = read_nifti(tmp_path / "b.nii")
    assert codes(found) == ["nifti-unplaced"]
    assert found.z.values.tolist() == [0, 4]


def test_scaled_values_are_scaled(tmp_path):
    image = nibabel.Nifti1Image(np.array([[[4, 5, 8]]], np.int16), np.eye(4))
    image.header.set_slope_inter(0.25, -1.0)
    image.to_filename(tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    assert found.dtype == np.float64
    assert found.values.ravel().tolist() == [0, 0.25, 1]


def test_a_second_generation_file_and_a_pair_are_read(tmp_path):
    affine = np.diag([-2, -3, 4, 1.0])
    affine[:3, 3] = 1 / 3
    nibabel.Nifti2Image(VALUES.T, affine).to_filename(tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    assert found.z.values[0] == pytest.approx(1 / 3, abs=1e-9)
    nibabel.Nifti1Pair(VALUES.T, affine).to_filename(tmp_path / "b.hdr")
    np.testing.assert_array_equal(read_nifti(tmp_path / "b.img"), found)


def test_the_fourth_dimension_comes_first(tmp_path):
    array = placed(np.stack([VALUES, 100 + VALUES]), GRID)
    path = to_nifti(array, tmp_path / "a.nii")
    assert nibabel.load(path).shape == (2, 3, 2, 2)
    back = read_nifti(path)
    assert back.dims == ("time_step", "z", "y", "x")
    np.testing.assert_array_equal(back, array)
    path = write(tmp_path / "b.nii", VALUES.T[..., None, None])
    assert read_nifti(path).dims == ("z", "y", "x")


def test_labels_ride_in_a_comment(tmp_path):
    labels = [Label(1, "Größe 1", "#ff0000"), Label(7, "PTV")]
    array = placed(VALUES, GRID).assign_attrs({LABELS_ATTR: labels_to_json(labels)})
    path = to_nifti(array, tmp_path / "a.nii.gz")
    assert labels_of(read_nifti(path)) == labels
    assert nibabel.load(path).header.get_intent()[0] == "label"
    plain = to_nifti(placed(VALUES, GRID), tmp_path / "b.nii.gz")
    assert LABELS_ATTR not in read_nifti(plain).attrs


def test_comments_of_others_are_left_alone(tmp_path):
    image = nibabel.Nifti1Image(VALUES.T, np.eye(4))
    for text in (b"no json", json.dumps([1]).encode()):
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", text))
    image.to_filename(tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii").attrs == {}


def test_what_is_no_volume_is_refused(tmp_path):
    five = write(tmp_path / "a.nii", np.zeros((2, 2, 2, 2, 3), np.uint8))
    with pytest.raises(GeometryError, match="three or four dimensions"):
        read_nifti(five)
    waves = write(tmp_path / "b.nii", np.zeros((2, 2, 2), np.complex64))
    with pytest.raises(GeometryError, match="complex64"):
        read_nifti(waves)
    (tmp_path / "c.nii").write_bytes(b"nothing of the kind")
    with pytest.raises(MissingDataError, match="no NIfTI"):
        read_nifti(tmp_path / "c.nii")
    with pytest.raises(MissingDataError, match="no file"):
        read_nifti(tmp_path / "d.nii")
    with pytest.raises(MissingDataError, match="ends in"):
        to_nifti(placed(VALUES, GRID), tmp_path / "a.img")
    with pytest.raises(ExistingFilesError):
        to_nifti(placed(VALUES, GRID), five)


@pytest.mark.data
@pytest.mark.parametrize("image", ["CT", "PET", "MR_T1"])
def test_masks_are_those_that_another_program_drew(case_data, image):
    """Of the same structure sets, drawn on the same grids: no voxel differs."""
    folder = case_data("ibsi_sts003")
    ds = rtxr.open_dir(folder / "dicom" / image)
    theirs = rtxr.read_nifti(folder / "nifti" / f"{image}_mask.nii.gz")
    ours = ds.rt.mask(ds.roi.item())
    np.testing.assert_allclose(positions(theirs), positions(ours), rtol=0, atol=2e-5)
    assert ours.any()
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.data
def test_values_are_those_that_another_program_wrote(case_data):
    folder = case_data("ibsi_sts003")
    ds = rtxr.open_dir(folder / "dicom" / "PET")
    theirs = rtxr.read_nifti(folder / "nifti" / "PET_image.nii.gz")
    np.testing.assert_allclose(theirs, ds.rt.suv(), rtol=1e-6)


def test_the_methods_of_an_array(tmp_path, phantom):
    ds = rtxr.open_dir(phantom)
    back = rtxr.read_nifti(ds.ct.rt.to_nifti(tmp_path / "ct.nii.gz"))
    assert model.grid_of(back).same_as(model.grid_of(ds))
    np.testing.assert_array_equal(back, ds.ct)
    dose = rtxr.read_nifti(ds.dose.rt.to_nifti(tmp_path / "dose.nii.gz"))
    np.testing.assert_array_equal(dose, ds.dose)
