"""Grids of even spacing in the place of another one."""

import numpy as np
import pytest

from analysis.shapes import axial_grid, rotation, turned
from rtxr.analysis.grids.even_grid import even_axis, even_grid
from rtxr.errors import GeometryError
from rtxr.geometry import Grid

GRID = axial_grid((5, 7, 9), (3.0, 1.0, 0.5), (-6.0, -3.0, -2.0), "dose_")


def test_one_spacing_for_all_axes_or_one_each():
    even = even_grid(GRID, 1.0)
    assert even.dims == GRID.dims
    assert [axis.tolist() for axis in even.axes] == [
        list(range(-6, 7)),
        list(range(-3, 4)),
        [-2, -1, 0, 1, 2],
    ]
    mixed = even_grid(GRID, (2.5, None, 0.1))
    assert mixed.axes[0].tolist() == [-6, -3.5, -1, 1.5, 4]
    assert mixed.axes[1] is not GRID.axes[1]
    assert mixed.axes[1].tolist() == GRID.axes[1].tolist()
    assert mixed.axes[2].tolist() == [float(f"{n / 10:.1f}") for n in range(-20, 21)]


def test_some_axes_by_name():
    assert even_grid(GRID, {"z": 1.5}).same_as(even_grid(GRID, (1.5, None, None)))
    assert even_grid(GRID, {"x": 1, "z": None}).same_as(even_grid(GRID, (None, None, 1)))
    oblique = turned(GRID, rotation())
    assert even_grid(oblique, {"row": 2}).same_as(even_grid(oblique, (None, 2, None)))
    box = even_grid(oblique, dict.fromkeys("xyz", 2), axes="patient")
    assert box.same_as(even_grid(oblique, np.float32(2), axes="patient"))


def test_positions_that_are_there_stay_digit_for_digit():
    axis = np.array([0.1 + 0.3 * n for n in range(40)])
    assert (even_axis(axis, 0.3) == axis).all()
    assert (even_axis(axis[::-1], 0.3) == axis).all()
    assert even_axis(axis[:1], 7.0).tolist() == [0.1]
    assert even_axis(np.array([0.0, 1.0, 2.5]), None).tolist() == [0.0, 1.0, 2.5]


@pytest.mark.parametrize("spacing", [0.07, 1 / 3, 0.5, 1.1, 2.0, 11.7])
def test_as_many_as_fit_from_the_lowest_on(spacing):
    axis = np.arange(40) * 0.3 - 5
    even = even_axis(axis, spacing)
    assert even[0] == axis[0]
    assert np.diff(even) == pytest.approx(spacing, abs=1e-9)
    assert even[-1] <= axis[-1] + 1e-6
    assert even[-1] + spacing > axis[-1]


def test_an_oblique_grid_keeps_its_axes_or_gets_those_of_the_patient():
    matrix = rotation(shift=(5.0, 6.0, 7.0))
    oblique = turned(GRID, matrix)
    own = even_grid(oblique, 0.5)
    assert own.dims == ("dose_slice", "dose_row", "dose_column")
    np.testing.assert_array_equal(own.matrix, matrix)
    patient = even_grid(oblique, (1, 1, 2), axes="patient")
    assert patient.dims == ("dose_z", "dose_y", "dose_x")
    assert patient.is_axis_aligned
    corners = [
        oblique.to_patient([x, y, z])
        for x in oblique.axes[2][[0, -1]]
        for y in oblique.axes[1][[0, -1]]
        for z in oblique.axes[0][[0, -1]]
    ]
    for axis, step, along in zip(patient.axes, (1, 1, 2), np.array(corners).T[::-1], strict=True):
        assert axis[0] == pytest.approx(along.min())
        assert along.max() - step < axis[-1] <= along.max() + 1e-6
    assert even_grid(GRID, 0.5, axes="patient").same_as(even_grid(GRID, 0.5))


@pytest.mark.parametrize(
    ("axis", "shape"), [((0, 0, 1), (1, 5, 7)), ((1, 0, 0), (7, 1, 5)), ((0, 1, 0), (5, 7, 1))]
)
def test_a_flat_oblique_grid_has_a_flat_box(axis, shape):
    axes = (np.zeros(1), *GRID.axes[1:])
    plane = Grid(("slice", "row", "column"), axes, rotation(axis, 90, shift=(0.1, 0.2, 0.3)))
    assert even_grid(plane, 1, axes="patient").shape == shape


@pytest.mark.parametrize(
    ("spacing", "how", "told"),
    [
        (0, {}, "give one positive number, or three"),
        ((1, -1, 1), {}, "give one positive number, or three"),
        ((1, 2), {}, "along z, y, x"),
        (np.nan, {}, "give one positive number"),
        ("2mm", {}, "'2mm': give one positive number"),
        ((1, "2", 3), {}, "give one positive number, or three"),
        ({"z": 0}, {}, r"or some of them by name: \{'z': 2\}"),
        ({"dose_z": 2}, {}, "there is no 'dose_z'; the dimensions are z, y, x"),
        ({"slice": 2}, {}, "there is no 'slice'; the dimensions are z, y, x"),
        ({"z": 2}, {"axes": "patient"}, "give three numbers"),
        (50, {}, r"along 'dose_z' reach over 12 mm; give a spacing that is not wider"),
        (1, {"axes": "image"}, "'own' or 'patient'"),
        ((1, None, 1), {"axes": "patient"}, "give three numbers"),
    ],
)
def test_what_makes_no_grid(spacing, how, told):
    grid = turned(GRID, rotation()) if how.get("axes") == "patient" else GRID
    with pytest.raises(GeometryError, match=told):
        even_grid(grid, spacing, **how)
