"""Trilinear values on other grids, and cutting every grid at once."""

import numpy as np
import pytest
import xarray as xr

from analysis.shapes import axial_grid, make_case, rotation, square, stack, turned
from rtxr.analysis import resample
from rtxr.errors import GeometryError, MissingDataError
from rtxr.geometry import Grid

IMAGE = axial_grid((9, 21, 25), (2.0, 1.0, 1.0), (-8.0, -10.0, -12.0))
DOSE = axial_grid((6, 8, 9), (3.0, 2.5, 2.5), (-7.0, -9.0, -10.0), "dose_")


def linear(grid):
    """A dose that is linear in patient millimetres."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([x, y, z], axis=-1))
    return 20 + points @ np.array([0.3, -0.2, 0.5])


def inside(grid, other):
    """Whether voxel centres of a grid are within the outermost centres of an axial one."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([x, y, z], axis=-1))
    low = np.array([axis[0] for axis in other.axes[::-1]]) - 1e-9
    high = np.array([axis[-1] for axis in other.axes[::-1]]) + 1e-9
    return ((points >= low) & (points <= high)).all(axis=-1)


def test_linear_dose_is_reproduced_and_nan_outside():
    found = resample.dose_on(make_case({}, IMAGE, (DOSE, linear(DOSE))))
    known = inside(IMAGE, DOSE)
    assert found.dims == ("z", "y", "x")
    assert found.attrs["units"] == "Gy"
    assert found.values[known] == pytest.approx(linear(IMAGE)[known], abs=1e-12)
    assert np.isnan(found.values[~known]).all()
    assert known.any()
    assert (~known).any()


def test_the_outer_half_voxel_is_outside():
    dose = axial_grid((2, 2, 2), (2.0, 2.0, 2.0), prefix="dose_")
    ds = make_case({}, None, (dose, np.full(dose.shape, 5.0)))
    points = np.array([[0, 0, 0], [2, 2, 2], [1, 1, 2.1], [-0.1, 1, 1]], dtype=float)
    found = resample.sample(ds.dose.values, dose, points)
    assert found[:2].tolist() == [5.0, 5.0]
    assert np.isnan(found[2:]).all()


def test_its_own_grid_gives_the_dose_back_exactly():
    values = np.random.default_rng(0).uniform(0, 70, DOSE.shape)
    ds = make_case({}, IMAGE, (DOSE, values))
    assert (resample.dose_on(ds, "dose").values == values).all()
    uniform = make_case({}, IMAGE, (DOSE, np.full(DOSE.shape, 14.1)))
    found = resample.dose_on(uniform).values
    assert set(found[~np.isnan(found)].tolist()) == {14.1}


def test_rotated_dose_goes_through_the_matrix():
    dose = turned(DOSE, rotation(degrees=30, shift=(1, 2, 3)))
    ds = make_case({}, IMAGE, (dose, linear(dose)))
    found = resample.dose_on(ds).values
    known = ~np.isnan(found)
    assert known.any()
    off = np.abs(found - linear(IMAGE))[known]
    # A point up to 0.01 mm beyond the outermost centres takes the dose on them.
    assert off.max() < 0.01
    assert np.mean(off < 1e-9) > 0.99


def test_shared_oblique_axes_are_interpolated_axis_by_axis():
    matrix = rotation(shift=(1, 2, 3))
    image, dose = turned(IMAGE, matrix), turned(DOSE, matrix)
    expected = resample.dose_on(make_case({}, IMAGE, (DOSE, linear(DOSE)))).values
    ds = make_case({}, image, (dose, linear(DOSE)))
    assert resample.dose_on(ds).values == pytest.approx(expected, nan_ok=True)
    assert resample.dose_on(ds).dims == ("slice", "row", "column")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirrored_presentations_agree(axis):
    matrix = np.eye(4)
    matrix[axis, axis] = -1
    axes = list(DOSE.axes)
    axes[2 - axis] = -axes[2 - axis][::-1]
    dose = Grid(("dose_slice", "dose_row", "dose_column"), tuple(axes), matrix)
    ds = make_case({}, IMAGE, (dose, np.flip(linear(DOSE), 2 - axis)))
    expected = resample.dose_on(make_case({}, IMAGE, (DOSE, linear(DOSE)))).values
    assert resample.dose_on(ds).values == pytest.approx(expected, nan_ok=True)


def test_descending_dose_coordinates():
    ds = make_case({}, IMAGE, (DOSE, linear(DOSE)))
    back = ds.isel(dose_z=slice(None, None, -1), dose_x=slice(None, None, -1))
    assert resample.dose_on(back).equals(resample.dose_on(ds))


def test_a_single_plane_dose_is_known_on_its_plane_only():
    dose = axial_grid((1, 8, 9), (3.0, 2.5, 2.5), (-4.0, -9.0, -10.0), "dose_")
    found = resample.dose_on(make_case({}, IMAGE, (dose, linear(dose)))).values
    assert np.flatnonzero(~np.isnan(found).all(axis=(1, 2))).tolist() == [2]  # z = -4


def test_only_what_is_needed_is_loaded():
    target = Grid(("z", "y", "x"), (np.array([1.0]), IMAGE.axes[1], IMAGE.axes[2]))
    field = resample.field_of(make_case({}, IMAGE, (DOSE, linear(DOSE))), "dose", target)
    assert field.grid.axes[0].tolist() == [-1.0, 2.0]
    whole = resample.dose_on(make_case({}, IMAGE, (DOSE, linear(DOSE))), target)
    known = inside(target, DOSE)
    assert whole.values[known] == pytest.approx(linear(target)[known])


def test_no_dose_says_which_there_are():
    with pytest.raises(MissingDataError, match="has no dose"):
        resample.dose_on(make_case({}, IMAGE))
    with pytest.raises(MissingDataError, match="'dose'"):
        resample.dose_on(make_case({}, IMAGE, (DOSE, linear(DOSE))), dose="dose_2")


def test_crop_cuts_every_grid_and_keeps_contours():
    ds = make_case({"A": stack(square(3.0), [0, 3])}, IMAGE, (DOSE, linear(DOSE)))
    cut = resample.crop(ds, x=(-5, 5), z=(-4.0, None))
    assert cut.x.values.tolist() == list(range(-5, 6))
    assert cut.dose_x.values.tolist() == [-5.0, -2.5, 0.0, 2.5, 5.0]
    assert cut.z.values.tolist() == [-4, -2, 0, 2, 4, 6, 8]
    assert cut.dose_z.values.tolist() == [-4, -1, 2, 5, 8]
    assert cut.sizes["y"] == ds.sizes["y"]
    assert cut.sizes["node"] == ds.sizes["node"]
    xr.testing.assert_identical(resample.crop(ds), ds)


def test_crop_of_descending_coordinates_and_of_a_slice():
    ds = make_case({}, IMAGE).isel(x=slice(None, None, -1))
    assert resample.crop(ds, x=(-2, 1)).x.values.tolist() == [1, 0, -1, -2]
    cut = resample.crop(ds.isel(z=3), x=slice(-2, 1)).ct
    assert cut.sizes == {"y": 21, "x": 4}


def test_crop_of_an_oblique_grid_holds_all_voxels_inside():
    grid = turned(IMAGE, rotation(degrees=20))
    ds = make_case({}, grid).assign(ct=(grid.dims, np.arange(9 * 21 * 25).reshape(IMAGE.shape)))
    box = np.array([[-4.0, 4.0], [-5.0, 3.0], [-3.0, 6.0]])
    cut = resample.crop(ds, *box)
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([x, y, z], axis=-1))
    within = ((points >= box[:, 0]) & (points <= box[:, 1])).all(axis=-1)
    assert set(ds.ct.values[within].tolist()) <= set(cut.ct.values.ravel().tolist())
    assert cut.ct.size < ds.ct.size


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"z": (500, 600)}, r"no voxel centre of 'ct'.*z -8.0 to 8.0 mm"),
        ({"z": (5, -5)}, "the lower limit comes first"),
        ({"z": (1, 2, 3)}, "give two numbers"),
        ({"x": (11, 13)}, "no voxel centre of 'dose'"),
    ],
)
def test_crop_errors_say_what_is_there(limits, message):
    ds = make_case({}, IMAGE, (DOSE, linear(DOSE)))
    with pytest.raises(GeometryError, match=message):
        resample.crop(ds, **limits)
