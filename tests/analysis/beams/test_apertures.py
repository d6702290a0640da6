"""Apertures of jaws and leaves whose area and perimeter are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.analysis.beams.apertures import Apertures, Layer, apertures
from rtxr.errors import GeometryError


def layer(edges: list[float], *points: list[tuple[float, float]], axis: str = "x") -> Layer:
    return Layer(axis, np.array(edges, float), np.array(points, float))  # type: ignore[arg-type]


def jaws(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, float)


def test_a_square_of_leaves():
    found = apertures([layer(list(range(-50, 51, 10)), [(-50, 50)] * 10)])
    assert found.areas.tolist() == [10000]
    assert found.perimeters.tolist() == [400]


def test_two_islands_and_a_step():
    found = apertures(
        [layer([0, 10, 20, 30], [(0, 10), (0, 0), (5, 25)], [(0, 10), (5, 25), (5, 5)])]
    )
    assert found.areas.tolist() == [300, 300]
    assert found.perimeters.tolist() == [40 + 60, 2 * 20 + 10 + 20 + 5 + 15]


def test_neighbours_that_only_meet_at_a_corner():
    found = apertures([layer([0, 10, 20], [(0, 10), (10, 30)])])
    assert found.perimeters.tolist() == [40 + 60]


def test_jaws_cut_across_and_along():
    leaves = layer([0, 10, 20], [(-30, 30), (-10, 10)])
    found = apertures([leaves], jaws((-20, 25)), jaws((5, 18)))
    assert found.areas.tolist() == [45 * 5 + 20 * 8]
    assert found.rectangles(0).tolist() == [[-20, 25, 5, 10], [-10, 10, 10, 18]]
    assert found.perimeters.tolist() == [2 * 45 + 2 * 13]


def test_leaves_that_move_along_y():
    leaves = layer([0, 10, 20], [(-30, 30), (-10, 10)], axis="y")
    found = apertures([leaves], jaws((5, 18)), jaws((-20, 25)))
    assert found.areas.tolist() == [45 * 5 + 20 * 8]
    assert found.rectangles(0).tolist() == [[5, 10, -20, 25], [10, 18, -10, 10]]


def test_two_layers_with_other_boundaries():
    above = layer([0, 10, 20], [(-10, 10), (-10, 10)])
    below = layer([-5, 5, 15, 25], [(-5, 5), (-10, 10), (0, 0)])
    found = apertures([above, below])
    assert found.areas.tolist() == [5 * 10 + 10 * 20]
    assert found.perimeters.tolist() == [2 * (20 + 15)]


def test_jaws_alone():
    found = apertures([], jaws((-50, 50), (-10, 20)), jaws((-60, 60), (0, 0)))
    assert found.areas.tolist() == [12000, 0]
    assert found.perimeters.tolist() == [440, 0]
    assert found.rectangles(1).shape == (0, 4)


def test_what_has_no_bounds():
    with pytest.raises(GeometryError, match="no bounds"):
        apertures([], jaws((-50, 50)))
    with pytest.raises(GeometryError, match="along y"):
        apertures([layer([0, 1], [(0, 1)]), layer([0, 1], [(0, 1)], axis="y")])


ends = st.tuples(st.integers(-8, 8), st.integers(-8, 8)).map(sorted).map(tuple)


@given(
    st.lists(ends, min_size=4, max_size=4),
    st.lists(ends, min_size=3, max_size=3),
    ends,
    ends,
)
def test_against_a_raster(above, below, x, y):
    found = apertures(
        [layer([-4, -2, 0, 3, 6], above), layer([-5, -1, 2, 5], below)], jaws(x), jaws(y)
    )
    centers = np.arange(-10, 10) + 0.5
    row, column = np.meshgrid(centers, centers, indexing="ij")
    raster = (column > x[0]) & (column < x[1]) & (row > y[0]) & (row < y[1])
    for edges, positions in (([-4, -2, 0, 3, 6], above), ([-5, -1, 2, 5], below)):
        covered = np.zeros_like(raster)
        for low, high, (start, stop) in zip(edges, edges[1:], positions, strict=False):
            covered |= (row > low) & (row < high) & (column > start) & (column < stop)
        raster &= covered
    assert found.areas[0] == raster.sum()
    assert found.perimeters[0] == _sides(raster)


def _sides(raster: np.ndarray) -> int:
    padded = np.pad(raster, 1).astype(int)
    return int(np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum())


def test_closed_strips_have_no_width():
    found = Apertures("x", *(np.array([[value]], float) for value in (5, 3, 0, 10)))
    assert found.widths.tolist() == [[0]]
    assert found.areas.tolist() == [0]
