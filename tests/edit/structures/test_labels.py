"""Label volumes to structures, and through files and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from analysis.shapes import axial_grid, make_case, rotation, square, stack, turned

import rtxr
from rtxr import model
from rtxr.analysis.structures import masks
from rtxr.analysis.structures.labels import LABELS_ATTR, Label, labels, labels_to_json
from rtxr.edit.structures.labels import add_labels
from rtxr.errors import ConflictingDataError, GeometryError, MissingDataError, RTXRError
from rtxr.geometry import Grid

GRID = axial_grid((4, 12, 10), (3.27, 0.9765625, 1.1), (-849.3, -9.5, 20.1))
CASE = make_case({"Body": stack(square(4, (25.0, -4.0)), GRID.axes[0])}, GRID)
RNG = np.random.default_rng(7)
VALUES = RNG.integers(0, 4, GRID.shape).astype(np.uint8)


def placed(values: np.ndarray, grid: Grid = GRID) -> xr.DataArray:
    return xr.DataArray(values, model.grid_coords(grid), grid.dims, "labels")


def codes(ds) -> list[str]:
    return [finding.code for finding in model.findings_of(ds)]


def test_each_value_becomes_a_structure_with_its_mask():
    ds = add_labels(CASE, placed(VALUES), {1: "GTV", 2: "Heart", 3: "Lung"})
    assert model.roi_labels(ds) == ["Body", "GTV", "Heart", "Lung"]
    for value, name in enumerate(["GTV", "Heart", "Lung"], start=1):
        np.testing.assert_array_equal(masks.mask(ds, name), value == VALUES)


def test_names_and_colors_come_from_the_attributes():
    told = [Label(2, "Heart", "#336699"), Label(1, "GTV", "#ff0000"), Label(9, "Absent")]
    array = placed(VALUES).assign_attrs({LABELS_ATTR: labels_to_json(told)})
    ds = add_labels(CASE, array)
    assert model.roi_labels(ds)[1:] == ["Heart", "GTV", "label 3"]
    assert ds.roi_color.values[1:3].tolist() == ["#336699", "#ff0000"]
    assert "label-empty" in codes(ds)
    named = add_labels(CASE, array, ["G", "H"])
    assert model.roi_labels(named)[1:] == ["G", "H"]
    assert named.roi_color.values[1:].tolist() == ["#ff0000", "#336699"]
    assert "labels-left-out" in codes(named)


def test_an_array_without_coordinates_lies_on_the_image():
    ds = add_labels(CASE, VALUES, {1: "GTV"})
    np.testing.assert_array_equal(masks.mask(ds, "GTV"), VALUES == 1)
    with pytest.raises(GeometryError, match="shape"):
        add_labels(CASE, VALUES[1:])


def test_positions_that_a_file_has_rounded_are_those_of_the_image():
    axes = tuple(axis + 0.003 for axis in GRID.axes)
    ds = add_labels(CASE, placed(VALUES, Grid(GRID.dims, axes)), {1: "GTV"})
    heights = np.unique(ds.node_z.values)
    assert set(heights.tolist()) <= set(GRID.axes[0].tolist())


def test_layers_may_overlap():
    layers = xr.DataArray(
        np.stack([VALUES > 0, VALUES > 1]).astype(np.uint8),
        model.grid_coords(GRID),
        ("layer", *GRID.dims),
    )
    with pytest.raises(GeometryError, match="layer"):
        add_labels(CASE, layers)
    told = labels_to_json([Label(1, "Outer"), Label(1, "Inner", layer=1)])
    ds = add_labels(CASE, layers.assign_attrs({LABELS_ATTR: told}))
    np.testing.assert_array_equal(masks.mask(ds, "Outer"), VALUES > 0)
    np.testing.assert_array_equal(masks.mask(ds, "Inner"), VALUES > 1)


def test_whole_numbers_may_be_floats_and_nothing_else():
    ds = add_labels(CASE, placed(VALUES.astype(np.float32)), {1: "GTV"})
    np.testing.assert_array_equal(masks.mask(ds, "GTV"), VALUES == 1)
    ds = add_labels(CASE, placed(VALUES == 1), ["GTV"])
    np.testing.assert_array_equal(masks.mask(ds, "GTV"), VALUES == 1)
    for values in (VALUES / 2, np.where(VALUES, np.nan, 0)):
        with pytest.raises(RTXRError, match="whole numbers"):
            add_labels(CASE, placed(values))
    with pytest.raises(RTXRError, match="0 is"):
        add_labels(CASE, placed(VALUES), {0: "Air"})
    with pytest.raises(ConflictingDataError, match="Body"):
        add_labels(CASE, placed(VALUES), {1: "Body"})


@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "nrrd", "seg.nrrd"])
@pytest.mark.parametrize("matrix", [None, rotation(shift=(3.0, 5.0, -7.0))])
def test_masks_go_through_files_and_come_back(tmp_path, suffix, matrix):
    grid = GRID if matrix is None else turned(GRID, matrix)
    case = make_case({}, grid)
    ds = add_labels(case, placed(VALUES, grid), {1: "GTV", 2: "Größe", 3: "Lung"})
    array = labels(ds)
    path = tmp_path / f"labels.{suffix}"
    (array.rt.to_nifti if "nii" in suffix else array.rt.to_nrrd)(path)
    back = rtxr.read_nifti(path) if "nii" in suffix else rtxr.read_nrrd(path)
    again = add_labels(case, back)
    assert model.roi_labels(again) == ["GTV", "Größe", "Lung"]
    np.testing.assert_array_equal(labels(again), array)
    np.testing.assert_array_equal(array, VALUES)


def test_names_may_be_given_in_either_direction():
    way = add_labels(CASE, VALUES, {2: "Heart", np.int64(1): "GTV"})
    back = add_labels(CASE, VALUES, {"Heart": np.uint8(2), "GTV": 1})
    xr.testing.assert_identical(way.drop_vars("mask"), back.drop_vars("mask"))
    assert model.roi_labels(back)[1:] == ["Heart", "GTV"]
    np.testing.assert_array_equal(masks.mask(back, "GTV"), VALUES == 1)


@pytest.mark.parametrize(
    "names",
    [{"GTV": 1, 2: "Heart"}, {"1": "GTV"}, {1: 2}, {"A": 1, "B": 1}, {1.0: "A"}, "GTV", [1, 2]],
)
def test_names_that_are_none(names):
    with pytest.raises(RTXRError, match=r"^names=.*\{1: 'GTV'\}.*\{'GTV': 1\}.* a list of"):
        add_labels(CASE, VALUES, names)


@pytest.mark.parametrize(
    "array", ["pred.nii.gz", Path("pred.nrrd"), xr.Dataset({"labels": placed(VALUES)}), None]
)
def test_what_is_no_array(array):
    told = rf"^labels are a DataArray.*, not {type(array).__name__}; rtxr.read_nifti\(path\) and"
    with pytest.raises(RTXRError, match=told):
        add_labels(CASE, array)


def test_labels_without_coordinates_have_no_place():
    with pytest.raises(MissingDataError, match=r"needs coordinates .* give array.values"):
        add_labels(CASE, xr.DataArray(VALUES, dims=GRID.dims))


def test_labels_of_another_place_are_told():
    axes = (GRID.axes[0], GRID.axes[1], GRID.axes[2] + 500)
    ds = add_labels(CASE, placed(VALUES, Grid(GRID.dims, axes)), {1: "GTV", 2: "Heart"})
    assert codes(ds).count("outside-image") == 2
    assert "outside-image" not in codes(add_labels(CASE, VALUES, {1: "GTV", 2: "Heart"}))
