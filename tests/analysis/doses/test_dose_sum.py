"""Sums of doses against sums that are known."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from analysis.shapes import axial_grid, rotation, turned
from rtxr import model
from rtxr.errors import ConflictingDataError, GeometryError, RTXRError, UnknownNameError
from rtxr.geometry import Grid

COARSE = axial_grid((9, 8, 10), (3.0, 2.5, 2.0), (-12.0, -9.0, -9.0), "dose_")
FINE = axial_grid((15, 16, 14), (1.0, 1.25, 1.1), (-7.0, -8.0, -6.5), "dose_2_")
#: About the same place, turned by 30 degrees.
TILTED = turned(axial_grid((12, 14, 13), (2.0, 2.0, 2.0), (-11.0, -13.0, -12.0)), rotation())
GRIDS = {"coarse": COARSE, "fine": FINE, "tilted": TILTED}


def points_of(grid):
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    return grid.to_patient(np.stack([x, y, z], axis=-1))


def dose(grid, slope=(0.3, -0.2, 0.5), at_zero=20.0, name="dose", plan="", frame="", **attrs):
    """A dose linear in patient millimetres, which trilinear interpolation keeps."""
    grid = Grid(grid.dims, grid.axes, grid.matrix, frame)
    values = at_zero + points_of(grid) @ np.array(slope)
    coords = model.grid_coords(grid) | ({model.PLAN_UID: xr.Variable((), plan)} if plan else {})
    attrs = {"units": "Gy", "DoseUnits": "GY", "DoseType": "PHYSICAL", **attrs}
    return xr.DataArray(values, coords, grid.dims, name, attrs)


def has_value(grid, other):
    """Whether voxels of a grid are within the outermost centres of another one."""
    return ~np.isnan(other.fractional_index(points_of(grid))).any(axis=-1)


def codes(array):
    return array.rt.findings["code"].tolist()


@pytest.mark.parametrize("on", GRIDS)
@pytest.mark.parametrize("other", GRIDS)
def test_linear_doses_on_unlike_grids_add_up(on, other):
    first, second = dose(GRIDS[on]), dose(GRIDS[other], (-0.1, 0.4, 0.2), 7.0, "dose_2")
    total = rtxr.sum_doses([first, second])
    grid = model.grid_of(total)
    assert grid.same_as(GRIDS[on], 0.0)
    assert total.dims == GRIDS[on].dims
    inside = has_value(grid, GRIDS[other])
    expected = 27 + points_of(grid) @ np.array([0.2, 0.2, 0.7])
    assert inside.sum() > 50
    # A voxel up to 0.01 mm beyond the outermost centres takes the dose on them.
    np.testing.assert_allclose(total.values[inside], expected[inside], atol=0.01)
    assert np.abs(total.values - expected)[inside].mean() < 1e-4
    assert np.isnan(total.values[~inside]).all()


def test_on_its_own_grid_a_sum_is_exact():
    rng = np.random.default_rng(1)
    one, two = (dose(COARSE).copy(data=rng.uniform(0, 70, COARSE.shape)) for _ in range(2))
    total = rtxr.sum_doses([one, two])
    assert (total.values == one.values + two.values).all()
    assert codes(total) == []


@settings(max_examples=25)
@given(st.lists(st.floats(-3, 40), min_size=2, max_size=2))
def test_weights_are_factors(weights):
    first, second = dose(COARSE), dose(FINE, name="dose_2")
    total = rtxr.sum_doses([first, second], weights=weights)
    alone = rtxr.sum_doses([second], grid=first)
    np.testing.assert_allclose(
        total.values, weights[0] * first.values + weights[1] * alone.values, atol=1e-9
    )


def test_the_order_of_doses_does_not_matter():
    parts = [dose(COARSE), dose(FINE, name="dose_2"), dose(TILTED)]
    one = rtxr.sum_doses(parts, grid=FINE, outside="zero")
    two = rtxr.sum_doses(parts[::-1], grid=FINE, outside="zero")
    np.testing.assert_allclose(one.values, two.values, rtol=1e-12)


def test_grids_that_are_asked_for():
    parts = [dose(COARSE), dose(FINE, name="dose_2")]
    assert model.grid_of(rtxr.sum_doses(parts, grid="finest")).same_as(FINE)
    assert model.grid_of(rtxr.sum_doses(parts, grid=parts[1])).same_as(FINE)
    wanted = axial_grid((2, 2, 2), (1.0, 1.0, 1.0))
    total = rtxr.sum_doses(parts, grid=wanted)
    assert total.dims == ("z", "y", "x")
    np.testing.assert_allclose(total.values, 40 + points_of(wanted) @ [0.6, -0.4, 1.0])
    with pytest.raises(UnknownNameError, match="'finest', a Grid"):
        rtxr.sum_doses(parts, grid="image")


def test_outside_is_nan_unless_told_and_the_fraction_is_said():
    wide = axial_grid((1, 1, 10), (1.0, 1.0, 1.0), prefix="dose_")
    half = axial_grid((1, 1, 5), (1.0, 1.0, 1.0), prefix="dose_2_")
    parts = [dose(wide, (0, 0, 0), 2.0), dose(half, (0, 0, 0), 3.0, "dose_2")]
    total = rtxr.sum_doses(parts)
    assert total.values.ravel().tolist()[:5] == [5.0] * 5
    assert np.isnan(total.values.ravel()[5:]).all()
    assert codes(total) == ["dose-sum-outside"]
    assert "50 % of the grid of the sum is outside dose 2 (dose_2)" in total.rt.findings.message[0]
    zero = rtxr.sum_doses(parts, outside="zero")
    assert zero.values.ravel().tolist() == [5.0] * 5 + [2.0] * 5
    assert "takes that dose as zero" in zero.rt.findings.message[0]
    with pytest.raises(UnknownNameError, match="did you mean 'zero'"):
        rtxr.sum_doses(parts, outside="zeros")


def test_the_outer_half_voxel_of_a_dose_is_outside():
    two = axial_grid((2, 2, 2), (2.0, 2.0, 2.0), prefix="dose_")
    edge = Grid(("z", "y", "x"), (np.ones(1), np.ones(1), np.array([-0.9, 0.0, 2.0, 2.9])))
    found = rtxr.sum_doses([dose(two)], grid=edge).values.ravel()
    assert np.isnan(found).tolist() == [True, False, False, True]


def test_nan_of_a_dose_stays_nan_even_where_outside_is_zero():
    values = dose(COARSE)
    values = values.where(values.dose_x > values.dose_x[3])
    total = rtxr.sum_doses([dose(COARSE), values], outside="zero")
    assert np.isnan(total.values[..., :4]).all()
    assert not np.isnan(total.values[..., 4:]).any()


def test_dask_arrays_stay_lazy_and_give_the_same():
    parts = [dose(COARSE), dose(FINE, name="dose_2"), dose(TILTED)]
    expected = rtxr.sum_doses(parts, weights=[1, 2, 3])
    lazy = rtxr.sum_doses([part.chunk(4) for part in parts], weights=[1, 2, 3])
    assert lazy.chunks is not None
    np.testing.assert_allclose(lazy.values, expected.values)
    assert lazy.attrs == expected.attrs


def test_descending_and_transposed_doses():
    first, second = dose(COARSE), dose(FINE, name="dose_2")
    expected = rtxr.sum_doses([first, second])
    back = first.isel(dose_z=slice(None, None, -1)).transpose("dose_x", "dose_z", "dose_y")
    xr.testing.assert_allclose(rtxr.sum_doses([back, second]), expected)


def test_what_a_sum_says_of_itself():
    one = dose(COARSE, plan="1.1", DoseSummationType="PLAN")
    two = dose(FINE, plan="1.2", DoseSummationType="PLAN", name="dose_2", DoseType="")
    total = rtxr.sum_doses([one, two])
    wanted = {"units": "Gy", "DoseUnits": "GY", "DoseType": "PHYSICAL"}
    assert total.attrs.items() >= {**wanted, "DoseSummationType": "MULTI_PLAN"}.items()
    assert total.attrs["sum_of"] == "1 x dose 1 (dose) PLAN + 1 x dose 2 (dose_2) PLAN"
    assert json.loads(total.attrs[model.DOSE_REFERENCES_ATTR]) == [
        ["1.1", None, None],
        ["1.2", None, None],
    ]
    assert model.PLAN_UID not in total.coords
    again = rtxr.sum_doses([total, dose(COARSE, plan="1.3", DoseSummationType="PLAN")])
    assert again.attrs["DoseSummationType"] == "MULTI_PLAN"
    assert len(json.loads(again.attrs[model.DOSE_REFERENCES_ATTR])) == 3
    assert "dose-sum-repeats" in codes(rtxr.sum_doses([total, two]))


def test_parts_of_one_plan_do_not_become_its_total():
    beams = [dose(COARSE, plan="1.1", DoseSummationType="BEAM") for _ in range(2)]
    total = rtxr.sum_doses(beams)
    assert total.attrs["DoseSummationType"] == "BEAM"
    assert str(total[model.PLAN_UID].values) == "1.1"
    assert rtxr.sum_doses(beams, weights=[1, 2]).attrs["DoseSummationType"] == "OTHER"


@pytest.mark.parametrize(
    ("attrs", "told"),
    [
        ({"units": "1", "DoseUnits": "RELATIVE"}, "dose 2 .* is relative"),
        ({"units": "cGy"}, "is cGy.*convert them"),
        ({"units": "%"}, "is %"),
    ],
)
def test_doses_that_are_not_in_gray_are_refused(attrs, told):
    with pytest.raises(ConflictingDataError, match=told):
        rtxr.sum_doses([dose(COARSE), dose(COARSE, **attrs)], allow="relative")


def test_relative_doses_are_summed_if_told():
    parts = [dose(COARSE, units="1", DoseUnits="RELATIVE") for _ in range(2)]
    with pytest.raises(ConflictingDataError, match="allow='relative'"):
        rtxr.sum_doses(parts)
    total = rtxr.sum_doses(parts, allow="relative")
    assert (total.attrs["units"], total.attrs["DoseUnits"]) == ("1", "RELATIVE")


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        (("PHYSICAL", "EFFECTIVE"), "EFFECTIVE"),
        (("PHYSICAL", "ERROR"), "ERROR"),
        (("ERROR", "ERROR"), "ERROR"),
    ],
)
def test_unlike_types_and_errors_are_summed_only_if_told(types, kind):
    parts = [dose(COARSE, DoseType=each) for each in types]
    with pytest.raises(ConflictingDataError, match=r"\(3004,0004\) DoseType.*allow='types'"):
        rtxr.sum_doses(parts)
    assert rtxr.sum_doses(parts, allow=["types"]).attrs["DoseType"] == kind


def test_doses_in_unlike_frames_of_reference_are_refused():
    parts = [dose(COARSE, frame="1.1"), dose(COARSE, frame="1.2")]
    with pytest.raises(ConflictingDataError, match="2 frames of reference"):
        rtxr.sum_doses(parts)
    assert rtxr.sum_doses(parts, allow="frames").shape == COARSE.shape
    unnamed = rtxr.sum_doses([parts[0], dose(COARSE)])
    assert model.grid_of(unnamed).frame_of_reference_uid == "1.1"
    elsewhere = Grid(FINE.dims, FINE.axes, FINE.matrix, "1.2")
    with pytest.raises(ConflictingDataError, match="frames of reference"):
        rtxr.sum_doses(parts[:1], grid=elsewhere)
    bare = rtxr.sum_doses(parts[:1], grid=Grid(FINE.dims, FINE.axes))
    assert model.grid_of(bare).frame_of_reference_uid == "1.1"


def test_errors_say_what_to_give():
    one = dose(COARSE)
    with pytest.raises(RTXRError, match="give one or more DataArrays"):
        rtxr.sum_doses([])
    with pytest.raises(RTXRError, match=r"ds\.rt\.sum_doses"):
        rtxr.sum_doses(["dose"])
    for weights in ([1], [1, np.nan]):
        with pytest.raises(RTXRError, match="one finite number for each of 2"):
            rtxr.sum_doses([one, one], weights=weights)
    with pytest.raises(GeometryError, match="beside its grid"):
        rtxr.sum_doses([one.expand_dims(time_step=2)])
    with pytest.raises(UnknownNameError, match="did you mean 'frames'"):
        rtxr.sum_doses([one], allow="frame")


def test_effects_are_summed_with_their_like():
    eqd2 = {"DoseType": "EFFECTIVE", "effect": "EQD2, a/b = 3 Gy"}
    first = dose(COARSE, made="EQD2 = …, n = 20, a/b = 3 Gy", plan="1.1", **eqd2)
    second = dose(COARSE, made="EQD2 = …, n = 5, a/b = 3 Gy", plan="1.2", **eqd2)
    found = rtxr.sum_doses([first, second])
    assert found.attrs["effect"] == "EQD2, a/b = 3 Gy"
    assert found.attrs["made"] == "EQD2 = …, n = 20, a/b = 3 Gy; EQD2 = …, n = 5, a/b = 3 Gy"
    other = second.assign_attrs(effect="BED, a/b = 3 Gy")
    with pytest.raises(ConflictingDataError, match="unlike effect"):
        rtxr.sum_doses([first, other])
    told = rtxr.sum_doses([first, other], allow="types")
    assert "effect" not in told.attrs
