"""Arrays as volumes with one matrix, and back."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from exchange.grids import placed, positions
from rtxr import model
from rtxr.errors import ExistingFilesError, GeometryError, MissingDataError, MissingExtraError
from rtxr.exchange.volume import (
    Volume,
    array_of,
    library,
    stem,
    stored_values,
    volume_of,
    write_aside,
)
from rtxr.geometry import Grid

AXES = (np.array([0.0, 2, 4]), np.array([-1.0, 0, 1, 2]), np.array([10.0, 10.5]))
GRID = Grid(("z", "y", "x"), AXES)
VALUES = np.arange(24).reshape(GRID.shape)


def test_the_matrix_takes_column_row_and_slice_to_the_patient():
    volume = volume_of(placed(VALUES, GRID))
    assert volume.affine.tolist() == [[0.5, 0, 0, 10], [0, 1, 0, -1], [0, 0, 2, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(volume.values, VALUES)


def test_order_of_dimensions_and_direction_of_axes_play_no_part():
    array = placed(VALUES, GRID).transpose("x", "z", "y").isel(z=slice(None, None, -1))
    volume = volume_of(array)
    np.testing.assert_array_equal(volume.values, VALUES)
    np.testing.assert_array_equal(volume.affine, volume_of(placed(VALUES, GRID)).affine)


def test_a_dose_and_a_single_plane_are_volumes():
    names = ("dose_2_z", "dose_2_y", "dose_2_x")
    dose = placed(VALUES, Grid(names, AXES), "dose_2")
    assert volume_of(dose).values.shape == (3, 4, 2)
    plane = volume_of(dose.isel(dose_2_z=1))
    assert plane.values.shape == (1, 4, 2)
    assert plane.affine[2].tolist() == [0, 0, 1, 2]


def test_uneven_positions_cannot_be_said():
    uneven = Grid(GRID.dims, (np.array([0, 2, 4.05]), *AXES[1:]))
    with pytest.raises(GeometryError, match=r"'z' are not evenly spaced .* resample"):
        volume_of(placed(VALUES, uneven))
    jitter = Grid(GRID.dims, (np.array([0, 2.004, 4]), *AXES[1:]))
    assert volume_of(placed(VALUES, jitter)).affine[2, 2] == 2


def test_what_is_no_volume_is_refused():
    array = placed(VALUES, GRID)
    with pytest.raises(GeometryError, match="empty"):
        volume_of(array.isel(x=slice(0)))
    with pytest.raises(GeometryError, match=r"\['a', 'b'\]"):
        volume_of(array.expand_dims(a=2, b=3))
    with pytest.raises(MissingDataError, match="no grid"):
        volume_of(xr.DataArray(VALUES))


def test_any_order_of_axes_is_presented_ascending():
    affine = np.array([[0, 0, -3.0, 9], [-2, 0, 0, 8], [0, 1, 0, 7], [0, 0, 0, 1]])
    array = array_of(Volume(VALUES, affine), "a")
    assert array.dims == ("z", "y", "x")
    assert array.z.values.tolist() == [7, 8, 9, 10]
    assert array.y.values.tolist() == [6, 8]
    assert array.x.values.tolist() == [3, 6, 9]
    for k, j, i in np.ndindex(VALUES.shape):
        x, y, z, _ = affine @ [i, j, k, 1]
        assert array.sel(x=x, y=y, z=z).item() == VALUES[k, j, i]


def test_a_sheared_volume_has_its_matrix():
    affine = np.array([[1, 0, 0.5, 0], [0, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1.0]])
    array = array_of(Volume(VALUES, affine), "a")
    assert array.dims == ("slice", "row", "column")
    np.testing.assert_allclose(positions(array)[2, 3, 1], [1 + 1, 3, 4])


def test_a_further_dimension_comes_first():
    array = array_of(Volume(np.stack([VALUES, -VALUES]), np.eye(4)), "a", further=model.LAYER)
    assert array.dims == ("layer", "z", "y", "x")
    np.testing.assert_array_equal(array.isel(layer=1), -VALUES)


@pytest.mark.parametrize("column", [[0, 0, 0], [2, 0, 0], [np.nan, 0, 1]])
def test_directions_that_span_no_space_are_refused(column):
    affine = np.eye(4)
    affine[:3, 1] = column
    with pytest.raises(GeometryError, match="do not span space"):
        array_of(Volume(VALUES, affine), "a")


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([True, False]), "uint8"),
        (np.array([1.5], "float16"), "float32"),
        (np.array([1.5], ">f8"), "float64"),
        (np.array([-5], ">i2"), "int16"),
        (np.array([-(2**31)], "int64"), "int32"),
        (np.array([2**32 - 1], "uint64"), "uint32"),
    ],
)
def test_values_keep_what_they_are(values, dtype):
    stored = stored_values(values, ("u1", "i2", "i4", "u4"))
    assert stored.dtype == np.dtype(dtype)
    assert stored.dtype.isnative
    np.testing.assert_array_equal(stored, values)


@pytest.mark.parametrize("values", [np.array([2**40]), np.array([1j]), np.array(["a"])])
def test_values_that_no_type_holds_are_refused(values):
    with pytest.raises(GeometryError, match="no type"):
        stored_values(values, ("i4",))


def test_files_are_replaced_only_on_request_and_only_whole(tmp_path):
    path = tmp_path / "new" / "a.nrrd"
    assert write_aside(path, False, lambda aside: aside.write_text("one")) == path
    with pytest.raises(ExistingFilesError, match="overwrite=True"):
        write_aside(path, False, lambda aside: aside.write_text("two"))

    def broken(aside: Path) -> None:
        aside.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_aside(path, True, broken)
    assert path.read_text() == "one"
    write_aside(path, True, lambda aside: aside.write_text("two"))
    assert [each.name for each in path.parent.iterdir()] == ["a.nrrd"]
    assert path.read_text() == "two"
    with pytest.raises(ExistingFilesError, match="another path"):
        write_aside(path.parent, True, broken)


def test_a_missing_library_names_the_extra(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingExtraError, match=r"need nibabel; pip install 'rtxr\[nifti\]'$"):
        library("nibabel", "nifti")
    with pytest.raises(MissingExtraError, match=r"need pynrrd; pip install 'rtxr\[nrrd\]'$"):
        library("nrrd", "nrrd")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.seg.nrrd", "a.nhdr", "a"])
def test_stem(name):
    assert stem(Path("folder.d") / name) == "a"
