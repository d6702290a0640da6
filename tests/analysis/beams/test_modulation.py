"""Indices of complexity against cases worked out by hand from the definitions in the papers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.analysis.beams import modulation
from rtxr.analysis.beams.apertures import Layer, apertures

NARROW, WIDE = [(0, 10), (0, 10)], [(0, 20), (0, 20)]


def layer(*points: list[tuple[float, float]]) -> Layer:
    edges = np.arange(len(points[0]) + 1) * 10.0
    return Layer("x", edges, np.array(points, float))


def score(*points: list[tuple[float, float]], segments: list[float]) -> float:
    found = apertures([layer(*points)])
    return modulation.modulation_complexity_score(found, np.array(segments, float))


def test_a_rectangle_is_not_modulated():
    assert score(WIDE, WIDE, segments=[100]) == 1


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ([(0, 20), (5, 20), (10, 20)], 0.5),  # a ramp: ((10 - 5) + (10 - 5)) / (2 x 10), and 1
        ([(0, 20), (10, 20), (0, 20)], 0.0),  # to and fro over the whole range
        ([(0, 20), (5, 22), (10, 24)], 0.25),  # ramps on both sides
        ([(0, 20), (0, 20), (0, 20), (8, 20)], 16 / 24),  # one step: (8 + 8 + 0) / (3 x 8)
        ([(0, 20), (3, 3), (6, 20)], 0.0),  # the closed pair does not count
        ([(3, 3), (5, 20), (4, 4)], 1.0),  # a single open pair
    ],
)
def test_variability_of_a_sequence(shape, expected):
    found = modulation.leaf_sequence_variability(apertures([layer(shape)]))
    assert found == pytest.approx([expected])


def test_of_nothing_open():
    found = apertures([layer([(3, 3)], [(3, 3)])])
    assert np.isnan(modulation.leaf_sequence_variability(found)).all()
    assert np.isnan(modulation.aperture_area_variability(found)).all()


def test_variability_of_areas():
    found = apertures([layer(NARROW, WIDE, [(-10, 0), (0, 0)])])
    # The first pair opens from -10 to 20 in all, the second from 0 to 20.
    assert modulation.aperture_area_variability(found) == pytest.approx([0.4, 0.8, 0.2])


def test_step_and_shoot_is_the_mean_of_its_segments():
    assert score(NARROW, NARROW, WIDE, WIDE, segments=[3, 0, 1]) == pytest.approx(
        (0.5 * 3 + 1 * 1) / 4
    )


def test_between_control_points_the_mean_counts():
    assert score(NARROW, WIDE, segments=[7]) == pytest.approx(0.75)
    ramp = [(0, 20), (10, 20)]  # a sequence of 0, an area of 3/4
    assert score(WIDE, ramp, segments=[7]) == pytest.approx((1 + 0.75) / 2 * (1 + 0) / 2)


def test_a_closed_end_has_no_area():
    assert score([(0, 0), (0, 0)], WIDE, segments=[7]) == pytest.approx(0.5)


def test_nothing_delivered():
    assert np.isnan(score(NARROW, WIDE, segments=[0]))
    assert np.isnan(score(NARROW, WIDE, segments=[np.nan]))


def test_mean_area_and_irregularity():
    square = [(0, 20), (0, 20)]
    found = apertures([layer(square, square, NARROW)])
    segments = np.array([3.0, 1.0])
    assert modulation.mean_area(found, segments) == pytest.approx((3 * 400 + 300) / 4)
    narrow = 60**2 / (4 * np.pi * 200)
    between = (4 / np.pi + narrow) / 2
    expected = (3 * 4 / np.pi + between) / 4
    assert modulation.aperture_irregularity(found, segments) == pytest.approx(expected)


def test_travel_of_leaves_that_border_the_aperture():
    moving = layer(
        [(0, 20), (0, 20), (5, 5)],
        [(4, 20), (0, 30), (9, 9)],
        [(0, 20), (0, 30), (5, 5)],
    )
    found = apertures([moving])
    # 4 to and fro, and 10: of the third pair, which never opens, and of those at rest nothing.
    assert modulation.leaf_travel([moving], found) == pytest.approx((8 + 10) / 2)
    assert modulation.leaf_travel([layer(WIDE, WIDE)], apertures([layer(WIDE, WIDE)])) == 0
    assert np.isnan(modulation.leaf_travel([], found))


def test_travel_below_the_jaws_does_not_count():
    moving = layer([(0, 20), (0, 20)], [(0, 20), (6, 20)])
    y_jaws = np.array([[0.0, 10.0], [0.0, 10.0]])
    assert modulation.leaf_travel([moving], apertures([moving], None, y_jaws)) == 0


def test_weighted_by_travel():
    assert modulation.travel_weighted(0.4, 250) == pytest.approx(0.3)
    assert modulation.travel_weighted(0.4, 1200) == 0


shapes = st.lists(st.tuples(st.integers(-50, 0), st.integers(0, 50)), min_size=3, max_size=3)


@given(st.lists(shapes, min_size=2, max_size=5), st.floats(0.1, 10), st.integers(-30, 30))
def test_between_0_and_1_whatever_the_scale_and_place(points, scale, shift):
    segments = np.arange(1.0, len(points))
    found = modulation.modulation_complexity_score(apertures([layer(*points)]), segments)
    moved = [[(shift + scale * a, shift + scale * b) for a, b in each] for each in points]
    again = modulation.modulation_complexity_score(apertures([layer(*moved)]), segments)
    if np.isnan(found):
        assert all(a == b for each in points for a, b in each)
    else:
        assert 0 <= found <= 1 + 1e-12
        assert again == pytest.approx(found, abs=1e-9)
