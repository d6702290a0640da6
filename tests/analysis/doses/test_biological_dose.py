"""BED and EQD2 against figures that are known."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import axial_grid
from rtxr import model
from rtxr.analysis.doses.biological_dose import bed, eqd2
from rtxr.errors import ConflictingDataError, RTXRError

GRID = axial_grid((2, 3, 4), (2.0, 2.0, 2.0), prefix="dose_")


def dose(values=60.0, **attrs):
    return xr.DataArray(
        np.broadcast_to(np.asarray(values, dtype=float), GRID.shape).copy(),
        model.grid_coords(GRID),
        GRID.dims,
        "dose",
        {"units": "Gy", "DoseUnits": "GY", "DoseType": "PHYSICAL", **attrs},
    )


def ratios(grid=GRID, slope=1.0):
    """Alpha/beta that rises along x from 2 Gy."""
    values = np.broadcast_to(2 + slope * grid.axes[2], grid.shape)
    return xr.DataArray(values, model.grid_coords(grid), grid.dims, "alpha_beta")


@pytest.mark.parametrize(
    ("total", "fractions", "alpha_beta", "effect", "equivalent"),
    [
        (60, 30, 10, 72, 60),
        (60, 30, 3, 100, 60),
        (60, 20, 10, 78, 65),
        (54, 3, 10, 151.2, 126),
        (54, 3, 3, 378, 226.8),
        (15, 1, 2, 127.5, 63.75),
        (0, 5, 3, 0, 0),
    ],
)
def test_figures_of_schedules(total, fractions, alpha_beta, effect, equivalent):
    assert bed(dose(total), alpha_beta, fractions).values == pytest.approx(effect)
    assert eqd2(dose(total), alpha_beta, fractions).values == pytest.approx(equivalent)


@settings(max_examples=25)
@given(st.floats(0.01, 80), st.integers(1, 40), st.floats(0.5, 20))
def test_the_equivalent_dose_has_the_same_effect(total, fractions, alpha_beta):
    equivalent = eqd2(dose(total), alpha_beta, fractions)
    effect = bed(dose(total), alpha_beta, fractions).values
    assert equivalent.values * (1 + 2 / alpha_beta) == pytest.approx(effect)
    physical = equivalent.assign_attrs(DoseType="PHYSICAL")
    again = eqd2(physical, alpha_beta, float(equivalent.max()) / 2)  # in fractions of 2 Gy
    assert again.values == pytest.approx(equivalent.values)


def test_alpha_beta_as_a_map():
    found = eqd2(dose(60), ratios(), 20)
    x = GRID.axes[2]
    assert found.values == pytest.approx(np.broadcast_to(60 * (3 + 2 + x) / (4 + x), GRID.shape))
    assert found.attrs["made"].endswith("n = 20, a/b = 2 to 8 Gy")
    turned = ratios().transpose("dose_x", "dose_y", "dose_z")
    xr.testing.assert_identical(eqd2(dose(60), turned, 20), found)
    back = dose(60).transpose("dose_y", "dose_x", "dose_z")
    xr.testing.assert_allclose(eqd2(back, ratios(), 20).transpose(*GRID.dims), found)


def test_a_map_on_another_grid_is_trilinear_and_nan_beyond_it():
    coarse = axial_grid((2, 2, 2), (2.0, 4.0, 3.0))
    found = bed(dose(60), ratios(coarse), 30).values
    x = GRID.axes[2]
    inside = x <= 3
    expected = 60 * (1 + 2 / (2 + x[inside]))
    assert found[..., inside] == pytest.approx(np.broadcast_to(expected, (2, 3, inside.sum())))
    assert np.isnan(found[..., ~inside]).all()


def test_nan_and_chunks_go_through():
    values = np.full(GRID.shape, 60.0)
    values[0, 0, 0] = np.nan
    lazy = bed(dose(values).chunk(1), 10, 30)
    assert lazy.chunks is not None
    assert np.isnan(lazy.values[0, 0, 0])
    assert np.nanmax(lazy.values) == pytest.approx(72)


def test_the_result_says_what_it_is():
    found = bed(dose(DoseSummationType="PLAN"), 3, 30)
    assert found.name == "bed"
    assert found.attrs == {
        "units": "Gy",
        "DoseUnits": "GY",
        "DoseType": "EFFECTIVE",
        "DoseSummationType": "PLAN",
        "long_name": "BED",
        "DoseComment": "BED, n = 30, a/b = 3 Gy",
        "effect": "BED, a/b = 3 Gy",
        "made": "BED = D (1 + (D/n) / (a/b)), n = 30, a/b = 3 Gy",
    }
    assert model.grid_of(found).same_as(GRID)


def test_effective_doses_only_if_told():
    again = eqd2(dose(), 3, 30)
    with pytest.raises(ConflictingDataError, match=r"EFFECTIVE.*effective=True"):
        eqd2(again, 3, 30)
    assert eqd2(again, 3, 30, effective=True).values == pytest.approx(60)


@pytest.mark.parametrize(
    ("attrs", "told"),
    [
        ({"DoseType": "ERROR"}, "is ERROR"),
        ({"units": "1", "DoseUnits": "RELATIVE"}, "is in relative"),
        ({"units": "cGy"}, "is in cGy"),
        ({"units": "%"}, "is in %"),
    ],
)
def test_what_is_no_dose_in_gray_is_refused(attrs, told):
    with pytest.raises(ConflictingDataError, match=told):
        bed(dose(**attrs), 3, 30, effective=True)


@pytest.mark.parametrize("value", [0, -3, float("inf"), float("nan"), "3", True, None])
def test_numbers_must_be_above_0(value):
    with pytest.raises(RTXRError, match=r"alpha_beta=.*above 0"):
        bed(dose(), value, 30)
    with pytest.raises(RTXRError, match=r"fractions=.*above 0"):
        bed(dose(), 3, value)


def test_a_map_must_be_above_0():
    with pytest.raises(RTXRError, match="above 0 in every voxel"):
        bed(dose(), ratios(slope=-1.0), 30)
