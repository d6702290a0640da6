"""Smoothing keeps areas, simplifying keeps to its tolerance, channels change no even-odd fill."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import circle, naive_inside, shoelace, square, star
from rtxr.analysis.drawing.ring_shapes import signed_area, simplified, smoothed, with_channels


def staircase(radius):
    """Corners of the pixels (1 mm) in a circle, ring of their outer sides."""
    heights = np.arange(-radius, radius)
    half = np.round(np.sqrt(radius**2 - (heights + 0.5) ** 2))
    right = np.column_stack(
        [np.repeat(half, 2), np.repeat(heights, 2) + np.tile([0, 1], len(half))]
    )
    return np.concatenate([right, right[::-1] * [-1, 1]])


def furthest(points, ring):
    """Largest distance of points from a closed polygon."""
    start, way = ring, np.roll(ring, -1, axis=0) - ring
    to = points[:, None] - start
    share = np.clip((to * way).sum(axis=2) / np.maximum((way**2).sum(axis=1), 1e-30), 0, 1)
    off = to - share[..., None] * way
    return np.hypot(off[..., 0], off[..., 1]).min(axis=1).max()


def test_a_smoothed_staircase_is_nearly_the_circle():
    ring = staircase(20)
    smooth = smoothed(ring, 3.0, 0.5)
    assert shoelace(smooth) == pytest.approx(shoelace(ring), rel=1e-6)
    radius = np.hypot(*smooth.T)
    assert np.abs(radius - np.sqrt(shoelace(ring) / np.pi)).max() < 0.35
    assert np.abs(np.hypot(*ring.T) - 20).max() > 0.5


@pytest.mark.parametrize("way", [1, -1])
def test_smoothing_keeps_the_area_whichever_way_a_ring_is_walked(way):
    ring = staircase(9)[::way] + np.array([100.0, -50.0])
    assert signed_area(smoothed(ring, 2.0, 0.5)) == pytest.approx(signed_area(ring), rel=1e-5)


def test_rings_smaller_than_the_smoothing_stay():
    ring = square(0.5)
    assert smoothed(ring, 2.0, 0.25) is ring
    thin = np.array([[0, 0], [60, 0], [60, 0.01], [0, 0.01]], dtype=float)
    assert abs(signed_area(smoothed(thin, 9.0, 0.5))) > 0.25


@given(st.integers(0, 2**31), st.integers(4, 60), st.floats(0.01, 4))
@settings(max_examples=50, deadline=None)
def test_simplified_rings_stay_within_the_tolerance(seed, n, tolerance):
    rng = np.random.default_rng(seed)
    rings = [star(rng, n), star(rng, n + 3, 3.0, (30.0, 1.0))]
    simple, off = simplified(rings, tolerance)
    assert off <= tolerance
    for before, after in zip(rings, simple, strict=True):
        assert {*map(tuple, after)} <= {*map(tuple, before)}
        assert furthest(before, after) <= off + 1e-12
        assert abs(shoelace(after) - shoelace(before)) <= shoelace(before) / 2


def test_points_on_a_line_go_and_corners_stay():
    ring = np.array([[0, 0], [1, 0], [5, 0], [5, 2], [5, 5], [0, 5], [0, 4]], dtype=float)
    simple, off = simplified([ring, circle(0.2, 12)], 0.5)
    assert simple[0].tolist() == [[0, 0], [5, 0], [5, 5], [0, 5]]
    assert off == 0.0
    assert len(simple[1]) == 12  # would have vanished


def test_channels_join_holes_in_holes():
    rings = [circle(20, 50), circle(6, 20, (-8, 0))[::-1], circle(5, 20, (7, 3))[::-1]]
    (joined,) = with_channels(rings, np.array([-1, 0, 1]))
    assert len(joined) == 50 + 2 * (20 + 3)
    rng = np.random.default_rng(1)
    for x, y in rng.uniform(-21, 21, (200, 2)):
        assert naive_inside([joined], x, y) == naive_inside(rings, x, y)
