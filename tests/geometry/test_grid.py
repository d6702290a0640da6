"""Positions of voxel centres, cell edges and coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from rtxr.errors import GeometryError
from rtxr.geometry import Grid, as_decimals, cell_edges, fractional_positions


def test_cell_edges_are_half_way_and_mirrored():
    assert cell_edges([0, 2, 6]).tolist() == [-1, 1, 4, 8]
    assert cell_edges([5]).tolist() == [4.5, 5.5]


def test_fractional_positions_on_a_descending_axis():
    axis = np.array([10.0, 8.0, 4.0])
    np.testing.assert_allclose(
        fractional_positions(axis, np.array([10, 9, 6, 4, 3.9, 10.1])),
        [0, 0.5, 1.5, 2, np.nan, np.nan],
    )


def test_the_outermost_centre_is_inside_despite_rounding():
    axis = np.array([-100.3, 0.0, 100.3])
    assert fractional_positions(axis, np.array([100.3 * (1 + 1e-15)]))[0] == 2


def test_same_as_compares_centres():
    one = Grid(("z", "y", "x"), (np.arange(3.0), np.arange(4.0), np.arange(5.0)))
    other = Grid(("dose_z", "dose_y", "dose_x"), one.axes)
    shifted = Grid(one.dims, (one.axes[0] + 0.5, one.axes[1], one.axes[2]))
    assert one.same_as(other)
    assert not one.same_as(shifted)
    assert one.spacing == (1.0, 1.0, 1.0)


def test_sums_of_decimals_are_decimals_again():
    assert as_decimals(0.7 * np.arange(4)).tolist() == [0, 0.7, 1.4, 2.1]
    assert as_decimals([-11.2 + 3 * 2.1, 12.9 - 5 * 1.7]).tolist() == [-4.9, 4.4]
    many = 0.123456789012  # as many digits as a file may hold, and not a sum of fewer
    assert as_decimals([many]).tolist() == [many]


@pytest.mark.parametrize(
    ("dims", "match"),
    [
        (("x", "y", "z"), "outermost first"),
        (("a", "b", "c"), "outermost first"),
        (("z", "row", "column"), "outermost first"),
        (("z", "dose_y", "dose_x"), "one prefix"),
        (("z", "y"), "outermost first"),
    ],
)
def test_dimensions_mean_what_they_are_named(dims, match):
    with pytest.raises(GeometryError, match=match):
        Grid(dims, ([0.0, 1.0],) * 3)


def test_axes_may_be_lists_and_have_one_dimension():
    grid = Grid(("slice", "row", "column"), ([0, 1], [0, 2], [0, 3]))
    assert grid.spacing == (1.0, 2.0, 3.0)
    with pytest.raises(GeometryError, match="three axes"):
        Grid(("z", "y", "x"), ([0.0], [[0.0]], [0.0]))
    with pytest.raises(GeometryError, match="matrix"):
        Grid(("z", "y", "x"), ([0.0],) * 3, np.eye(3))


def test_same_as_compares_places_whatever_the_own_coordinates():
    turned = np.eye(4)
    turned[:3, :3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]
    names, axes = ("slice", "row", "column"), (np.arange(4.0), np.arange(5.0), np.arange(6.0))
    shifted = turned.copy()
    shifted[:3, 3] = turned[:3, :3] @ [10.0, 20.0, 30.0]
    one = Grid(names, axes, turned)
    other = Grid(names, (axes[0] - 30, axes[1] - 20, axes[2] - 10), shifted)
    assert one.same_as(other)
    off = turned.copy()
    off[:3, 3] += 0.1
    assert not one.same_as(Grid(names, axes, off))
    assert one.same_as(Grid(names, axes, off), tolerance_mm=0.2)


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("1", "1", True), ("1", "", True), ("1", "2", False)]
)
def test_grids_coincide_in_frames_that_may_be_one(one, other, expected):
    axes = tuple(np.arange(3.0) for _ in "zyx")
    grids = [Grid(("z", "y", "x"), axes, frame_of_reference_uid=uid) for uid in (one, other)]
    assert grids[0].coincides(grids[1]) is expected
    moved = Grid(("z", "y", "x"), (axes[0] + 1, *axes[1:]), frame_of_reference_uid=one)
    assert not moved.coincides(grids[1])
