"""Finding things in a case Dataset by the names of the data model."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rtxr import model
from rtxr.errors import Finding, MissingDataError, UnknownNameError
from rtxr.geometry import Grid

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], dtype=float)


def case() -> xr.Dataset:
    image = Grid(
        ("z", "y", "x"), (np.arange(3.0) * 3, np.arange(4.0), np.arange(5.0)), np.eye(4), "1.9"
    )
    dose = Grid(
        ("dose_z", "dose_y", "dose_x"),
        (np.arange(2.0), np.arange(2.0), np.arange(2.0)),
        np.eye(4),
        "1.9",
    )
    return xr.Dataset(
        {
            "ct": (image.dims, np.zeros(image.shape, np.int16)),
            "dose": (dose.dims, np.ones(dose.shape)),
        },
        coords={
            **model.grid_coords(image),
            **model.grid_coords(dose),
            "roi": ["PTV", "Cord"],
            "roi_number": ("roi", [7, 3]),
            "roi_name": ("roi", ["PTV", "Cord"]),
            "roi_type": ("roi", ["PTV", ""]),
            "roi_color": ("roi", ["#ff0000", ""]),
            "contour": [0, 1, 2],
            "contour_roi_number": ("contour", [3, 7, 3]),
            "contour_type": ("contour", ["POINT", "CLOSED_PLANAR", "CLOSED_PLANAR"]),
            "contour_image_uid": ("contour", ["", "1.1", "1.2"]),
            "node_contour": ("node", [0, *[1] * 4, *[2] * 4]),
            "node_x": ("node", [1.0, *SQUARE[:, 0], *SQUARE[:, 0] + 1]),
            "node_y": ("node", [2.0, *SQUARE[:, 1], *SQUARE[:, 1]]),
            "node_z": ("node", [3.0, *[0.0] * 4, *[3.0] * 4]),
        },
    )


def test_grids_know_their_matrix_and_frame():
    ds = case()
    assert model.grid_of(ds).frame_of_reference_uid == "1.9"
    assert model.grid_of(ds, "dose").dims == ("dose_z", "dose_y", "dose_x")
    assert model.grid_of(ds.ct.transpose("x", "y", "z")).shape == (3, 4, 5)
    assert model.grid_of(ds.ct.sel(z=3.0)).shape == (1, 4, 5)


def test_an_oblique_grid_survives_selection():
    turn = np.eye(4)
    turn[:2, :2] = [[0, -1], [1, 0]]
    grid = Grid(("slice", "row", "column"), (np.arange(3.0), np.arange(4.0), np.arange(5.0)), turn)
    ds = xr.Dataset({"mr": (grid.dims, np.zeros(grid.shape))}, coords=model.grid_coords(grid))
    found = model.grid_of(ds.isel(row=slice(1, 3)))
    np.testing.assert_array_equal(found.matrix, turn)
    assert found.shape == (3, 2, 5)


@pytest.mark.parametrize(
    "change",
    [
        lambda array: array.isel(z=slice(None, None, -1)),
        lambda array: array.transpose("x", "z", "y"),
        lambda array: array.isel(z=[2, 0, 1]),
    ],
)
def test_ascending_undoes_reordering(change):
    ct = case().ct.copy(data=np.arange(60).reshape(3, 4, 5))
    xr.testing.assert_identical(model.ascending(change(ct)), ct)


def test_ascending_brings_back_a_dimension_selected_away():
    assert model.ascending(case().ct.isel(z=1)).dims == ("z", "y", "x")


def test_leading_dimensions_are_those_beside_the_grid():
    array = xr.DataArray(np.zeros((2, 3, 4, 5)), dims=("echo", "z", "y", "x"))
    array = array.assign_coords({dim: np.arange(array.sizes[dim]) for dim in "zyx"})
    assert model.leading_dims(array) == ["echo"]
    assert model.leading_dims(array.isel(echo=0)) == []
    assert model.leading_dims(array.isel(z=1)) == ["echo"]
    assert model.grid_of(array).shape == (3, 4, 5)


def test_names_that_do_not_exist_show_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'PTV'"):
        model.roi_number(case(), "PTV1")
    with pytest.raises(UnknownNameError, match="'ct', 'dose'"):
        model.grid_of(case(), "pet")
    assert model.roi_number(case(), "Cord") == 3


def test_missing_parts_say_what_is_missing():
    with pytest.raises(MissingDataError, match="roi_number"):
        model.roi_labels(case()[["ct"]])
    with pytest.raises(MissingDataError, match="no z, y, x"):
        model.grid_of(xr.DataArray(np.zeros(3), dims="time"))
    with pytest.raises(MissingDataError, match="millimetre coordinates along"):
        model.grid_of(case().drop_vars("z"))


def test_dose_variables_in_order():
    ds = case()
    ds = ds.assign(dict.fromkeys(("dose_10", "dose_2"), ds.dose))
    assert model.dose_names(ds) == ["dose", "dose_2", "dose_10"]


def test_findings_ride_in_flat_attributes():
    findings = [Finding("a", "info", "text", "1.2", "/p"), Finding("b", "error", "more")]
    ds = xr.Dataset(attrs={model.FINDINGS_ATTR: model.findings_to_json(findings)})
    assert model.findings_of(ds) == findings
    assert list(model.findings_frame(findings)["code"]) == ["a", "b"]


def test_the_plan_of_a_case():
    assert model.plan_uid(xr.Dataset()) == ""
    assert model.plan_uid(xr.Dataset(coords={model.PLAN_UID: "1.2.3"})) == "1.2.3"
