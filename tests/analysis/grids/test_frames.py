"""Frames: contours and grids meet along shared axes, whatever their presentation."""

import numpy as np
import pytest

from analysis.shapes import at_height, axial_grid, circle, make_case, rotation, turned
from rtxr import model
from rtxr.analysis.grids import frames
from rtxr.errors import MissingDataError, RTXRError

GRID = axial_grid((3, 4, 5), (3.0, 1.0, 2.0), (-1.0, -2.0, -3.0))


def test_same_frame_maps_onto_itself():
    along = frames.axis_map(np.eye(4), np.eye(4))
    assert along.axis == (0, 1, 2)
    assert along.sign == (1.0, 1.0, 1.0)
    assert along.offset == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("frame", frames.candidate_frames([GRID]))
def test_permuted_frames_map_and_arrays_follow(frame):
    along = frames.axis_map(frame, GRID.matrix)
    points = np.random.default_rng(0).uniform(-5, 5, (4, 3))
    own = frames.to_frame(frame, points)
    for j in range(3):
        assert along.values([points[:, 2], points[:, 1], points[:, 0]], j) == pytest.approx(
            own[:, j]
        )
    positions = np.stack(np.meshgrid(*GRID.axes, indexing="ij"))  # of every voxel, along z, y, x
    for j in range(3):
        ordered = along.to_frame_order(positions[2 - along.axis[j]])
        expected = along.sign[j] * (ordered - along.offset[j])
        varying = np.moveaxis(expected, 2 - j, -1)  # frame order is w, v, u
        assert (varying == along.values(GRID.axes, j)).all()


def test_mirrored_and_shifted_grid():
    matrix = np.diag([-1.0, 1.0, -1.0, 1.0])
    matrix[:3, 3] = [10, 0, 5]
    along = frames.axis_map(np.eye(4), matrix)
    assert along.sign == (-1.0, 1.0, -1.0)
    own = turned(GRID, matrix).to_own([[1.0, 2.0, 3.0]])[0]
    assert along.values([own[[2]], own[[1]], own[[0]]], 0) == pytest.approx([1.0])
    assert along.values([own[[2]], own[[1]], own[[0]]], 2) == pytest.approx([3.0])


def test_rotated_axes_do_not_match():
    assert frames.axis_map(np.eye(4), rotation(degrees=0.01)) is None
    assert frames.axis_map(np.eye(4), rotation(degrees=0.0)) is not None


def test_to_and_from_frame():
    frame = rotation(shift=(1, 2, 3))
    points = np.random.default_rng(1).uniform(-50, 50, (5, 3))
    assert frames.from_frame(frame, frames.to_frame(frame, points)) == pytest.approx(points)


def test_fitted_frame_is_orthonormal_and_flattens_the_polygon():
    polygon = at_height(circle(10.0, 50), 4.0) @ rotation()[:3, :3].T
    frame = frames.fitted_frame(polygon)
    assert frame[:3, :3].T @ frame[:3, :3] == pytest.approx(np.eye(3))
    assert np.ptp(frames.to_frame(frame, polygon)[:, 2]) == pytest.approx(0, abs=1e-9)
    assert frames.fitted_frame(np.zeros((3, 3))) is None


def test_grid_like():
    dose = axial_grid((3, 3, 3), (2.0, 2.0, 2.0), prefix="dose_")
    ds = make_case({}, GRID, (dose, np.zeros(dose.shape)))
    assert frames.grid_like(ds, "image").same_as(GRID)
    assert frames.grid_like(ds, "dose").same_as(dose)
    assert frames.grid_like(ds, ds.ct).same_as(GRID)
    assert frames.grid_like(ds, GRID) is GRID
    assert len(frames.grids_of(ds)) == 2
    with pytest.raises(MissingDataError, match='grid="dose"'):
        frames.grid_like(ds.drop_vars("ct"), "image")


def test_grids_of_reads_positions_only():
    ds = make_case({}, GRID)
    assert [model.image_name(ds), len(frames.grids_of(ds.drop_vars("ct")))] == ["ct", 0]


@pytest.mark.parametrize("grid", [np.zeros((3, 4, 5)), None, (3, 4, 5)])
def test_what_says_nothing_about_a_grid(grid):
    told = rf"^grid={type(grid).__name__} is no grid: .*'image', 'dose'.* DataArray .* Grid"
    with pytest.raises(RTXRError, match=told):
        frames.grid_like(make_case({}, GRID), grid)
