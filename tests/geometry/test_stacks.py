"""Grids against the equation of PS3.3 C.7.6.2.1-1, for every orientation."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtxr.errors import GeometryError
from rtxr.geometry import (
    Grid,
    layout_for,
    offsets_are_patient_z,
    slice_normal,
    slice_origins,
    stack_grid,
)

SHAPE = (4, 5, 6)  # slices, rows, columns
SPACING = (1.5, 0.7)  # row spacing, column spacing


def axis_orientations():
    for axes in permutations(range(3), 2):
        for signs in product((1.0, -1.0), repeat=2):
            cosines = np.zeros((2, 3))
            cosines[0, axes[0]], cosines[1, axes[1]] = signs
            yield tuple(cosines.ravel())


def stack_positions(orientation, step=2.5, n=SHAPE[0], first=(10.0, -20.0, 30.0)):
    return np.asarray(first) + np.arange(n)[:, None] * step * slice_normal(orientation)


def voxel(positions, orientation, k, j, i):
    """The Standard's equation, one voxel."""
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    return positions[k] + i * SPACING[1] * row + j * SPACING[0] * column


@pytest.mark.parametrize("orientation", list(axis_orientations()))
@pytest.mark.parametrize("step", [2.5, -2.5])
def test_axis_aligned_stacks_are_presented_ascending_in_patient_mm(orientation, step):
    positions = stack_positions(orientation, step)
    grid, layout = stack_grid(positions, orientation, SPACING, SHAPE[1:])
    stored = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    presented = layout.present(stored)

    assert grid.is_axis_aligned
    assert grid.dims == ("z", "y", "x")
    assert all((np.diff(axis) > 0).all() for axis in grid.axes)
    assert presented.shape == grid.shape
    for k, j, i in [(0, 0, 0), (3, 4, 5), (1, 2, 3)]:
        at = np.rint(grid.fractional_index(voxel(positions, orientation, k, j, i))).astype(int)
        assert presented[tuple(at)] == stored[k, j, i]
    assert np.array_equal(layout.store(presented), stored)


@pytest.mark.parametrize("orientation", list(axis_orientations()))
@pytest.mark.parametrize("step", [2.5, -2.5])
def test_slice_origins_inverts_stack_grid(orientation, step):
    positions = stack_positions(orientation, step)
    grid, layout = stack_grid(positions, orientation, SPACING, SHAPE[1:])
    back, cosines = slice_origins(grid, layout)
    np.testing.assert_allclose(back, positions, atol=1e-12)
    np.testing.assert_allclose(cosines, orientation, atol=1e-12)
    if step > 0:
        assert layout_for(grid, orientation) == layout


@pytest.mark.parametrize("degrees", [0, 44, 46, 60, 120, 180])
def test_a_turned_grid_is_stored_along_the_axes_that_run_nearest(degrees):
    angle = np.radians(degrees)
    k = np.ones(3) / np.sqrt(3)  # at 60 degrees every axis runs as near to one as to another
    cross = np.cross(np.eye(3), k).T
    matrix = np.eye(4)
    matrix[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    axes = (np.arange(3.0), np.arange(4.0), np.arange(5.0))
    grid = Grid(("slice", "row", "column"), axes, matrix)
    layout = layout_for(grid, [1, 0, 0, 0, 1, 0])
    assert sorted(layout.order) == [0, 1, 2]
    positions, cosines = slice_origins(grid, layout)
    shape = tuple(grid.shape[layout.order.index(axis)] for axis in range(3))
    back, again = stack_grid(positions, cosines, (1.0, 1.0), shape[1:])
    values = np.arange(60).reshape(grid.shape)
    places = grid.to_patient(np.stack(np.meshgrid(*axes[::-1], indexing="ij"), axis=-1))
    at = np.rint(back.fractional_index(places)).astype(int)
    found = again.present(layout.store(values))[tuple(np.moveaxis(at, -1, 0))]
    np.testing.assert_array_equal(found, values.T)


@settings(max_examples=50, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
    step=st.floats(0.5, 10).flatmap(lambda s: st.sampled_from([s, -s])),
)
def test_any_rotation_gives_the_standard_position_of_every_voxel(angles, step):
    orientation = rotated(angles)
    positions = stack_positions(orientation, step)
    grid, layout = stack_grid(positions, orientation, SPACING, SHAPE[1:])
    stored = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    presented = layout.present(stored)
    for k, j, i in [(0, 0, 0), (3, 4, 5), (1, 2, 3)]:
        at = grid.fractional_index(voxel(positions, orientation, k, j, i))
        np.testing.assert_allclose(at, np.rint(at), atol=0.02)  # snapping moves < 0.01 mm
        assert presented[tuple(np.rint(at).astype(int))] == stored[k, j, i]
    back, cosines = slice_origins(grid, layout)
    np.testing.assert_allclose(back, positions, atol=0.02)
    np.testing.assert_allclose(cosines, orientation, atol=0.02)


def rotated(angles):
    a, b, c = angles
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    turn = about_z @ about_y @ about_x
    return (*turn[:, 0], *turn[:, 1])


def test_a_tilted_gantry_keeps_true_positions_through_the_matrix():
    tilt = np.deg2rad(15)
    orientation = (1, 0, 0, 0, np.cos(tilt), -np.sin(tilt))
    positions = np.array([[0.0, 0.0, 5.0 * k] for k in range(4)])  # sheared: moves along z only
    grid, _ = stack_grid(positions, orientation, SPACING, SHAPE[1:])
    assert grid.dims == ("slice", "row", "column")
    np.testing.assert_allclose(
        grid.to_patient([0.7 * 5, 1.5 * 4, 15.0]), voxel(positions, orientation, 3, 4, 5)
    )


@pytest.mark.parametrize(("rise", "aligned"), [(4e-5, True), (6e-5, False)])
@pytest.mark.parametrize("of_rows", [True, False])
def test_aligned_is_a_far_corner_off_by_less_than_a_hundredth(rise, aligned, of_rows):
    """200 mm along one side of a strip of pixels that are not square, 0.1 mm along the other."""
    row, column = ((1, rise, 0), (0, 1, 0)) if of_rows else ((1, 0, 0), (rise, 1, 0))
    spacing, shape = ((0.1, 2.0), (2, 101)) if of_rows else ((2.0, 0.1), (101, 2))
    grid, _ = stack_grid([[0, 0, 0], [0, 0, 3]], (*row, *column), spacing, shape)
    assert grid.is_axis_aligned == aligned


def test_irregular_spacing_keeps_the_true_positions():
    heights = [0.0, 3.0, 9.0, 12.0]
    positions = np.array([[0, 0, z] for z in heights], dtype=float)
    grid, _ = stack_grid(positions, (1, 0, 0, 0, 1, 0), SPACING, SHAPE[1:])
    assert grid.axes[0].tolist() == heights


@pytest.mark.parametrize(
    ("positions", "match"),
    [
        ([[0, 0, 0], [0, 0, 3], [0, 0, 3]], "not in order"),
        ([[0, 0, 0], [0, 0, 3], [5, 0, 6], [0, 0, 9]], "not on one line"),
        ([[0, 0, float("nan")]], "finite"),
    ],
)
def test_positions_that_make_no_stack_are_refused(positions, match):
    with pytest.raises(GeometryError, match=match):
        stack_grid(positions, (1, 0, 0, 0, 1, 0), SPACING, SHAPE[1:])


@pytest.mark.parametrize("orientation", [(1, 0, 0, 1, 0, 0), (1, 0, 0), (np.nan,) * 6])
def test_orientations_that_span_no_plane_are_refused(orientation):
    with pytest.raises(GeometryError, match="ImageOrientationPatient"):
        slice_normal(orientation)


def test_spacing_must_be_positive():
    with pytest.raises(GeometryError, match="PixelSpacing"):
        stack_grid([[0, 0, 0]], (1, 0, 0, 0, 1, 0), (0, 1), (2, 2))


@pytest.mark.parametrize("orientation", list(axis_orientations()))
def test_coordinates_do_not_depend_on_the_corner_they_are_counted_from(orientation):
    spacing, first = np.array([0.7, 1.1, 1.3]), np.array([-14.3, 2.2, 7.7])
    cosines = np.array(orientation)
    directions = np.stack([np.cross(cosines[:3], cosines[3:]), cosines[3:], cosines[:3]])
    low = first + spacing * 4 * (directions.sum(axis=0) < 0)
    along = np.abs(directions) @ spacing  # spacing from slice to slice, row to row, column ...
    positions = np.round(low + np.arange(5)[:, None] * along[0] * directions[0], 6)
    grid, _ = stack_grid(positions, orientation, along[1:], (5, 5))
    for axis, start, step in zip(grid.axes[::-1], first, spacing, strict=True):
        assert axis.tolist() == [round(start + step * n, 6) for n in range(5)]


@pytest.mark.parametrize(
    ("offsets", "z", "orientation", "is_z"),
    [
        ([30, 33], 30, (1, 0, 0, 0, 1, 0), True),
        ([30, 27], 30.004, (-1, 0, 0, 0, 1, 0), True),
        ([30, 33], 30, (0, 1, 0, 0, 0, -1), False),
        ([30, 33], 31, (1, 0, 0, 0, 1, 0), False),
        ([0, 3], 0, (1, 0, 0, 0, 1, 0), False),
        ([], 30, (1, 0, 0, 0, 1, 0), False),
    ],
)
def test_when_frame_offsets_are_patient_z(offsets, z, orientation, is_z):
    assert offsets_are_patient_z(offsets, (1, 2, z), orientation) is is_z
