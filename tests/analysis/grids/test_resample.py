"""Trilinear values on other grids."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.shapes import axial_grid, make_case, rotation, turned
from rtxr.analysis.grids import resample
from rtxr.errors import ConflictingDataError, MissingDataError
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


def test_a_dose_may_be_an_array_that_the_case_does_not_have():
    ds = make_case({}, IMAGE, (DOSE, linear(DOSE)))
    for array in (ds.dose * 2, (ds.dose * 2).rename("twice"), (ds.dose * 2).rename(None)):
        found = ds.drop_vars("dose").rt.dose_on("image", dose=array)
        np.testing.assert_allclose(found, 2 * ds.rt.dose_on("image"), rtol=1e-12)
        assert found.name == (array.name or "dose")
    elsewhere = ds.dose.assign_coords(
        dose_spatial_ref=ds.dose.dose_spatial_ref.assign_attrs(FrameOfReferenceUID="1.2")
    )
    image = replace(IMAGE, frame_of_reference_uid="1.1")
    with pytest.raises(ConflictingDataError, match="two frames of reference"):
        ds.rt.dose_on(image, dose=elsewhere)


def test_the_outer_half_voxel_is_outside():
    dose = axial_grid((2, 2, 2), (2.0, 2.0, 2.0), prefix="dose_")
    ds = make_case({}, None, (dose, np.full(dose.shape, 5.0)))
    points = np.array([[0, 0, 0], [2, 2, 2], [1, 1, 2.1], [-0.1, 1, 1]], dtype=float)
    found = resample.sample(ds.dose.values, dose, points)
    assert found[:2].tolist() == [5.0, 5.0]
    assert np.isnan(found[2:]).all()


def test_the_outer_half_voxel_is_outside_on_any_grid():
    dose = axial_grid((2, 2, 2), (2.0, 2.0, 2.0), prefix="dose_")
    ds = make_case({}, None, (dose, np.full(dose.shape, 5.0)))
    for dim in range(3):
        axes = [np.array([1.0])] * 3
        axes[dim] = np.array([-1.1, -0.9, 0.0, 2.0, 2.9, 3.1])  # edges are at -1 and 3
        found = ds.rt.dose_on(Grid(("z", "y", "x"), tuple(axes))).values.ravel()
        np.testing.assert_array_equal(found, [np.nan, np.nan, 5, 5, np.nan, np.nan])


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


def outer(shape):
    return tuple(map(np.arange, shape))


def variable(grid, values, dtype=np.float64):
    return xr.Variable(grid.dims, values.astype(dtype))


TARGETS = {
    "finer": axial_grid((7, 9, 11), (1.3, 1.0, 0.9), (-9.0, -4.0, -6.0)),
    "turned": turned(axial_grid((7, 6, 7), (3.0, 3.0, 2.5), (-8.0, -8.0, -7.0)), rotation()),
}


@pytest.mark.parametrize("name", TARGETS)
def test_parts_of_a_lazy_result_are_parts_of_the_whole(name):
    target = TARGETS[name]
    source = resample.Resampled(variable(DOSE, linear(DOSE)), DOSE, target, fill=-1.0)
    whole = source.read(outer(source.shape))
    assert whole.dtype == np.float64
    inner = whole != -1.0
    assert 0 < inner.sum() < inner.size
    assert whole[inner] == pytest.approx(linear(target)[inner], abs=1e-2)
    for some in ([2], [4, 1], [0, 1, 2, 3, 4]):
        part = (np.array(some), np.array([3, 0]), np.arange(5)[::-2])
        np.testing.assert_allclose(source.read(part), whole[np.ix_(*part)], atol=1e-12)


def test_a_plane_reads_the_planes_beside_it_only(monkeypatch):
    read = []
    real = xr.Variable.isel
    monkeypatch.setattr(
        xr.Variable, "isel", lambda self, cut: (read.append(cut["dose_z"]), real(self, cut))[1]
    )
    source = resample.Resampled(variable(DOSE, linear(DOSE)), DOSE, TARGETS["finer"])
    source.read((np.array([3]), np.arange(9), np.arange(11)))  # z = -5.1, between -7 and -4
    assert read == [slice(0, 2)]


@pytest.mark.parametrize(
    ("kind", "found"),
    [("i2", "f4"), ("u1", "f4"), ("i4", "f8"), ("f4", "f4"), ("f8", "f8"), ("?", "?")],
)
def test_types_hold_what_they_are_made_of(kind, found):
    grid = axial_grid((2, 2, 2), (1.0, 1.0, 1.0))
    values = np.arange(8).reshape(2, 2, 2)
    source = resample.Resampled(variable(grid, values, kind), grid, grid)
    assert source.dtype == np.dtype(found)
    again = source.read(outer(source.shape))
    assert again.dtype == source.dtype
    np.testing.assert_array_equal(again, values.astype(kind))


def test_differences_of_integers_do_not_wrap_around():
    grid = axial_grid((2, 1, 1), (1.0, 1.0, 1.0))
    middle = Grid(grid.dims, (np.array([0.5]), grid.axes[1], grid.axes[2]))
    for kind in ("u2", "i2"):
        ends = np.array([np.iinfo(kind).max, np.iinfo(kind).min]).reshape(2, 1, 1)
        source = resample.Resampled(variable(grid, ends, kind), grid, middle)
        assert source.read(outer(source.shape)).item() == ends.mean()


def test_true_and_false_go_by_one_half():
    grid = axial_grid((1, 1, 2), (1.0, 1.0, 1.0))
    target = Grid(grid.dims, (*grid.axes[:2], np.array([-0.5, 0.0, 0.4, 0.5, 1.0, 1.5])))
    source = resample.Resampled(variable(grid, np.array([[[False, True]]]), bool), grid, target)
    found = source.read(outer(source.shape))[0, 0]
    assert found.tolist() == [False, False, False, True, True, False]


def test_a_voxel_on_a_source_voxel_does_not_ask_its_neighbour():
    grid = axial_grid((1, 1, 3), (1.0, 1.0, 1.0))
    values = np.array([[[1.0, np.nan, 3.0]]])
    target = Grid(grid.dims, (*grid.axes[:2], np.array([0.0, 0.5, 2.0, 2.5])))
    source = resample.Resampled(variable(grid, values), grid, target, fill=-1.0)
    np.testing.assert_array_equal(source.read(outer(source.shape))[0, 0], [1, np.nan, 3, -1])
