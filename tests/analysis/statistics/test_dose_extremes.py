"""Lowest and highest dose to structures against dense sampling of faces and outlines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import at_height, axial_grid, circle, make_case, rotation, square, star, turned
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics import dvh

GRID = axial_grid((7, 13, 13), (4.0, 2.5, 2.5), (-12.0, -15.0, -15.0), "dose_")


def sampled(contour, heights, values):
    """Doses along an outline, densely, on several heights."""
    share = np.linspace(0, 1, 800)[:, None]
    sides = zip(contour, np.roll(contour, -1, axis=0), strict=True)
    along = np.concatenate([a + share * (b - a) for a, b in sides])
    levels = [np.column_stack([along, np.full(len(along), z)]) for z in heights]
    return Field(GRID, values).sample(np.concatenate(levels))


@given(st.integers(0, 2**31), st.integers(3, 9), st.booleans())
@settings(max_examples=25, deadline=None)
def test_extremes_are_those_of_dense_sampling(seed, points, level):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 50, GRID.shape)
    contour = square(rng.uniform(3, 12)) if level else star(rng, points)
    ds = make_case({"A": [at_height(contour, z) for z in (-1.0, 1.0)]}, None, (GRID, values))
    found = dvh.roi_doses(ds, "A")[0]
    rim = sampled(contour, (-2.0, -1.0, 0.0, 1.0, 2.0), values)
    assert found.minimum <= rim.min() + 1e-9
    assert found.maximum >= rim.max() - 1e-9
    # Nothing beyond: the voxels around are not.
    assert values[2:5].min() - 1e-9 <= found.minimum
    assert found.maximum <= values[2:5].max() + 1e-9


def test_a_level_side_next_to_a_hot_voxel_is_looked_at_where_it_passes():
    values = np.zeros(GRID.shape)
    values[3, 6, 6] = 50.0  # at the origin, 1 mm above the side
    ring = np.array([[-13.0, -12.0], [13.0, -12.0], [13.0, -1.0], [-13.0, -1.0]])
    ds = make_case({"A": [at_height(ring, z) for z in (-1.0, 1.0)]}, None, (GRID, values))
    assert dvh.roi_doses(ds, "A")[0].maximum == pytest.approx(50 * 1.5 / 2.5)


def test_the_dose_turns_in_the_middle_of_a_side():
    values = np.zeros(GRID.shape)
    values[:, 6, 6] = values[:, 7, 7] = 40.0  # between them a saddle
    ring = np.array([[0.3, 2.2], [2.2, 0.3], [2.4, 2.4]])
    ds = make_case({"A": [at_height(ring, z) for z in (-1.0, 1.0)]}, None, (GRID, values))
    assert dvh.roi_doses(ds, "A")[0].minimum == pytest.approx(
        sampled(ring, (0.0,), values).min(), abs=1e-4
    )


def test_a_turned_dose_is_highest_inside_an_end_face():
    # A ray along the axis of a cylinder that grows towards its upper face, far from its side.
    grid = turned(axial_grid((21, 21, 21), (4.0, 4.0, 4.0), (-40.0,) * 3, "dose_"), rotation())
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    x, y, up = np.moveaxis(grid.to_patient(np.stack([x, y, z], axis=-1)), -1, 0)
    values = 30 + up - 0.02 * (x**2 + y**2)
    cylinder = [at_height(circle(20, 90), z) for z in np.arange(-9.0, 10.0, 3.0)]
    found = dvh.roi_doses(make_case({"A": cylinder}, None, (grid, values)), "A")[0]
    face = np.stack(np.meshgrid(np.linspace(-12, 12, 97), np.linspace(-12, 12, 97)), axis=-1)
    face = np.concatenate([face, np.full((97, 97, 1), 10.5)], axis=-1)
    assert found.maximum == pytest.approx(Field(grid, values).sample(face).max(), abs=0.05)
