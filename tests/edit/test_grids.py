"""Image and doses on other grids, all at once."""

from __future__ import annotations

import pickle

import factories as make
import numpy as np
import pytest
import xarray as xr
from analysis.shapes import axial_grid, make_case, rotation, square, stack, turned

import rtxr
from rtxr import model
from rtxr.analysis.grids.even_grid import even_grid
from rtxr.edit.grids import resample
from rtxr.errors import (
    ConflictingDataError,
    GeometryError,
    MissingDataError,
    RTXRError,
    UnknownNameError,
)
from rtxr.geometry import Grid
from rtxr.read import pixels
from rtxr.read.lazy import is_in_memory

IMAGE = axial_grid((9, 21, 25), (2.0, 1.0, 1.0), (-8.0, -10.0, -12.0))
DOSE = axial_grid((6, 8, 9), (3.0, 2.5, 2.5), (-7.0, -9.0, -10.0), "dose_")
PHASES = [{"TemporalPositionIdentifier": n, "NumberOfTemporalPositions": 3} for n in (1, 2, 3)]


def linear(grid):
    """Values that are linear in patient millimetres."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    return 20 + grid.to_patient(np.stack([x, y, z], axis=-1)) @ np.array([0.3, -0.2, 0.5])


def made(image=IMAGE, dose=DOSE):
    ds = make_case({"A": stack(square(3.2), [-4, -2, 0])}, image, (dose, linear(dose)))
    return ds.assign(ct=(image.dims, linear(image), ds.ct.attrs))


@pytest.fixture
def opened(tmp_path) -> xr.Dataset:
    """Twelve slices of three phases with structures and a dose, as files."""
    series = make.dynamic_series(PHASES)
    structures = make.structure_set(series[::3])
    plan = make.plan(structures)
    make.write(tmp_path / "in", [*series, structures, plan, make.dose(plan, structures)])
    return rtxr.open_dir(tmp_path / "in")


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Paths of the files whose pixels were read."""
    paths: list[str] = []
    real = pixels._native
    monkeypatch.setattr(
        pixels, "_native", lambda file, frames: (paths.append(file.path), real(file, frames))[1]
    )
    return paths


def assert_linear(array):
    grid = model.grid_of(array)
    np.testing.assert_allclose(array.transpose(*grid.dims), linear(grid), atol=1e-9)


# --- where the grids are ------------------------------------------------------------------------
def test_every_grid_keeps_its_place_and_gets_the_spacing():
    new = resample(made(), (1.0, 2.0, 1.5))
    assert new.z.values.tolist() == list(range(-8, 9))
    assert new.y.values.tolist() == list(range(-10, 11, 2))
    assert new.dose_z.values.tolist() == list(range(-7, 9))
    assert np.diff(new.dose_x) == pytest.approx(1.5)
    for name in ("ct", "dose"):
        assert_linear(new[name])
    assert new.ct.attrs == made().ct.attrs
    assert new.attrs == made().attrs
    assert new.dose.dims == ("dose_z", "dose_y", "dose_x")
    np.testing.assert_array_equal(new.node_x, made().node_x)


def test_what_is_there_is_left_alone():
    ds = made().isel(x=slice(None, None, -1)).transpose("x", ...)
    for same in (resample(ds, (2, 1, 1)).ct, resample(ds, grid="image").ct):
        xr.testing.assert_identical(same, ds.ct)
    assert resample(ds, grid="dose").dose.identical(ds.dose)
    assert resample(ds, (None, None, None)) is ds


def test_doses_on_the_image_grid_have_dimensions_of_their_own():
    ds = made()
    new = resample(ds, grid="image")
    assert new.dose.dims == ("dose_z", "dose_y", "dose_x")
    assert new.rt.grid("dose").same_as(new.rt.grid())
    np.testing.assert_array_equal(new.dose, ds.rt.dose_on("image"))
    assert np.isnan(new.dose).any()
    assert new.ct.identical(ds.ct)


@pytest.mark.parametrize("frame", ["", "1.2", "1.3"])
def test_doses_that_come_to_one_grid_share_its_dimensions(frame):
    other = axial_grid((4, 5, 6), (4.0, 3.0, 3.0), (-7.0, -6.0, -8.0), "dose_2_")
    other = Grid(other.dims, other.axes, frame_of_reference_uid=frame)
    ds = made(dose=Grid(DOSE.dims, DOSE.axes, frame_of_reference_uid="1.2"))
    ds = ds.assign(dose_2=(other.dims, linear(other))).assign_coords(model.grid_coords(other))
    new = resample(ds, grid="dose", fill_value=0.0)
    shared = frame != "1.3"
    assert new.dose_2.dims == (new.dose.dims if shared else other.dims)
    assert ("dose_2_spatial_ref" in new.coords) == (not shared)
    assert new.rt.grid("dose_2").frame_of_reference_uid == ("1.2" if shared else "1.3")
    assert new.rt.grid("dose_2").same_as(new.rt.grid("dose"))
    assert resample(ds, 1.0).dose_2.dims == other.dims


def test_a_dose_that_is_joined_is_put_in_order():
    other = axial_grid((4, 5, 6), (4.0, 3.0, 3.0), (-7.0, -6.0, -8.0), "dose_2_")
    ds = made().assign(dose_2=(other.dims, linear(other)))
    ds = ds.assign_coords(model.grid_coords(other)).isel(dose_x=slice(None, None, -1))
    new = resample(ds, grid="dose", fill_value=0.0)
    assert new.dose_2.dims == new.dose.dims
    assert_linear(new.dose)
    known = new.dose_2.where(new.dose_2 != 0)
    np.testing.assert_allclose(known, new.dose.where(new.dose_2 != 0))


def test_an_array_or_a_grid_with_any_names_is_a_target():
    target = axial_grid((3, 4, 5), (1.0, 1.0, 1.0), (-1.0, -1.0, -2.0), "dose_")
    array = xr.DataArray(np.zeros(target.shape), model.grid_coords(target), target.dims)
    for grid in (target, array, array.isel(dose_z=slice(None, None, -1))):
        new = resample(made(), grid=grid)
        assert new.ct.shape == new.dose.shape == (3, 4, 5)
        assert new.z.values.tolist() == new.dose_z.values.tolist() == [-1, 0, 1]
        assert_linear(new.ct)
        assert_linear(new.dose)


def test_oblique_and_sheared_grids_keep_their_axes_or_get_those_of_the_patient():
    shear = rotation(shift=(1.0, 2.0, 3.0))
    shear[:3, 2] = (shear[:3, 2] + 0.3 * shear[:3, 1]) / np.hypot(1, 0.3)
    ds = made(turned(IMAGE, shear), turned(DOSE, rotation()))
    own = resample(ds, 1.5)
    assert own.ct.dims == ("slice", "row", "column")
    np.testing.assert_array_equal(own.rt.grid().matrix, shear)
    assert_linear(own.ct)
    assert np.diff(own.slice) == pytest.approx(1.5)
    patient = resample(ds, 1.5, axes="patient")
    assert patient.ct.dims == ("z", "y", "x")
    assert {"slice", "row", "column", "dose_slice"}.isdisjoint(patient.coords)
    for name in ("ct", "dose"):
        known = ~np.isnan(patient[name].values)
        off = np.abs(patient[name].values - linear(patient.rt.grid(name)))[known]
        assert 0.3 < known.mean() < 1
        assert off.max() < 0.02  # up to 0.01 mm beyond the outermost centres counts as on them
    onto = resample(ds, grid=even_grid(ds.rt.grid(), 2.0, axes="patient"), fill_value=-1.0)
    assert onto.dose.dims == ("dose_z", "dose_y", "dose_x")
    assert not np.isnan(onto.dose).any()


# --- values -------------------------------------------------------------------------------------
def test_nothing_is_known_outside_unless_it_is_given():
    ds = made()
    target = axial_grid((1, 1, 3), (1.0, 1.0, 20.0), (0.0, 0.0, -20.0))
    assert np.isnan(resample(ds, grid=target).ct.values).ravel().tolist() == [True, False, True]
    filled = resample(ds, grid=target, fill_value={"ct": -1000, "dose": 0})
    assert filled.ct.values.ravel()[[0, 2]].tolist() == [-1000, -1000]
    assert filled.dose.values.ravel()[[0, 2]].tolist() == [0, 0]
    assert (resample(ds, grid=target, fill_value=7).dose[..., 0] == 7).all()
    with pytest.raises(UnknownNameError, match="'mr'"):
        resample(ds, grid=target, fill_value={"mr": 0})


@pytest.mark.parametrize(("kind", "found"), [("i2", "f4"), ("i4", "f8"), ("f4", "f4")])
def test_integers_become_what_holds_all_between_them(kind, found):
    ds = made()
    new = resample(ds.assign(ct=ds.ct.round().astype(kind)), (1, 1, 1)).ct
    assert new.dtype == np.dtype(found)
    halves = new.isel(z=slice(1, None, 2)).values * 2
    np.testing.assert_array_equal(halves, np.round(halves))


def test_other_variables_go_with_their_grid():
    ds = made()
    ds = ds.assign(ratio=ds.dose / 2, high=ds.ct > 20, number=3)
    ds = ds.assign_coords(table=("z", np.arange(9)), stage=("contour", np.arange(3)))
    new = resample(ds, 1.0)
    np.testing.assert_allclose(new.ratio, new.dose / 2)
    assert new.high.dtype == bool
    np.testing.assert_array_equal(new.high.isel(z=slice(None, None, 2)), ds.high)
    assert int(new.number) == 3
    assert "table" not in new.coords
    assert "stage" in new.coords
    bad = {"some of a grid": ds.ct.mean("x"), "holds <U": ds.ct.astype(str)}
    for told, variable in bad.items():
        with pytest.raises(GeometryError, match=told):
            resample(ds.assign(bad=variable), 1.0)


def test_the_mask_is_drawn_anew(opened):
    new = opened.rt.resample((1.0, 0.5, 0.5))
    assert new.mask.shape == (1, *new.ct.shape[1:])
    assert not is_in_memory(new.mask)
    np.testing.assert_array_equal(new.mask.sel(roi="Square"), new.rt.mask("Square"))
    assert new.mask.sum() > opened.mask.sum()
    xr.testing.assert_identical(opened.rt.resample(grid="image").mask, opened.mask)
    edited = opened.assign_coords(mask=~opened.mask.load())
    with pytest.raises(ConflictingDataError, match="mask"):
        edited.rt.resample(1.0)


# --- slices, phases, files ----------------------------------------------------------------------
def test_phases_stay_apart_and_slices_know_the_nearest_of_their_own(opened):
    new = opened.rt.resample((1.0, None, None))
    assert new.ct.dims == ("temporal_position", "z", "y", "x")
    assert new.ct.shape == (3, 10, 4, 5)
    codes = opened.ct.isel(y=0, x=0).values
    weights = np.arange(10) / 3
    expected = [np.interp(weights, range(4), each) for each in codes]
    np.testing.assert_allclose(new.ct.isel(y=0, x=0), expected, rtol=1e-6)
    nearest = [0, 0, 1, 1, 1, 2, 2, 2, 3, 3]
    np.testing.assert_array_equal(new.ct_uid, opened.ct_uid.isel(z=nearest))
    one = opened.isel(temporal_position=1, z=2).rt.resample((None, 0.5, 0.5))
    assert one.ct.dims == ("y", "x")
    assert float(one.z) == 6
    assert str(one.ct_uid.values) == str(opened.ct_uid[1, 2].values)
    assert one.mask.dims == ("roi", "y", "x")


def test_slices_of_a_turned_grid_take_the_nearest_of_the_source(opened):
    ds = opened.isel(temporal_position=0, drop=True)
    axes = (np.array([0.0, 1.0]), np.array([-1.0, 1.0]), np.array([1.0, 2.0, 9.5]))
    matrix = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    found = resample(ds, grid=Grid(("slice", "row", "column"), axes, matrix)).ct_uid
    assert found.dims == ("column",)  # which runs along the patient's z
    np.testing.assert_array_equal(found, ds.ct_uid.isel(z=[0, 1, 3]))


def test_what_was_lazy_is_lazy(opened, read):
    new = opened.rt.resample((1.5, 1.0, 1.0))
    again = pickle.loads(pickle.dumps(new))
    assert repr(new)
    assert read == []
    new.ct.isel(temporal_position=0, z=3).load()  # between the second and the third slice
    assert len(read) == 2
    read.clear()
    new.ct.isel(temporal_position=0, z=2).load()
    assert len(set(read)) <= 3
    np.testing.assert_array_equal(again.ct, new.ct)
    loaded = opened.load().rt.resample((1.5, 1.0, 1.0))
    assert is_in_memory(loaded.ct)
    xr.testing.assert_equal(loaded.ct, new.ct)


def test_what_was_chunked_is_chunked(opened):
    new = opened.chunk().rt.resample((1.5, 1.0, 1.0))
    assert new.ct.chunksizes["z"] == (1,) * 7
    assert new.dose.chunks is not None
    assert new.mask.chunks is not None
    xr.testing.assert_equal(new.ct.compute(), opened.rt.resample((1.5, 1.0, 1.0)).ct)


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        ({}, RTXRError, "either spacing="),
        ({"spacing": 1, "grid": "dose"}, RTXRError, "or grid="),
        ({"grid": "dose", "axes": "patient"}, RTXRError, "or grid="),
        ({"spacing": 0}, GeometryError, "positive number"),
        ({"spacing": 100}, GeometryError, "reach over"),
        ({"grid": "dose_7"}, UnknownNameError, "dose_7"),
    ],
)
def test_what_cannot_be_resampled(how, error, told):
    with pytest.raises(error, match=told):
        resample(made(), **how)


def test_without_a_grid_there_is_nothing_to_resample():
    with pytest.raises(MissingDataError, match="no image and no dose"):
        resample(make_case({"A": stack(square(3.0), [0])}), 1.0)
    with pytest.raises(GeometryError, match="no voxels"):
        resample(made().isel(z=[]), 1.0)
