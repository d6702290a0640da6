"""Faces that lie upon each other are one area, with an outline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtxr.view.shadows import shadow

SQUARE = np.array([[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]])


def _area(path) -> float:
    """Area of closed polygons, those that are turned the other way taken off, mm2."""
    total = 0.0
    for ring in path.to_polygons():
        x, y = ring.T
        total += (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2
    return abs(total)


def test_where_they_overlap_and_where_they_touch():
    found = shadow([SQUARE, np.add(SQUARE, (5, 0)), np.add(SQUARE, (15, 0))], 50.0)
    assert len(found.to_polygons()) == 1
    np.testing.assert_allclose(found.get_extents().extents, [0, 0, 25, 10], atol=0.12)
    assert _area(found) == pytest.approx(250, rel=2e-3)


def test_a_hole_stays_open():
    outer, inner = SQUARE[0] * 3, SQUARE[0, ::-1] + 10
    inner = np.roll(inner, 1, axis=0)  # from the corner that is next to where the outer one ends
    found = shadow([np.vstack([outer, outer[:1], inner, inner[:1]])[None]], 40.0)
    assert len(found.to_polygons()) == 2
    assert _area(found) == pytest.approx(30 * 30 - 10 * 10, rel=2e-3)


def test_nothing_covered():
    assert shadow([], 50.0) is None
    assert shadow([SQUARE + 500], 50.0) is None


def test_more_faces_than_are_drawn_at_once():
    columns = [np.array([[(x, 0.0), (x + 1, 0), (x + 1, 9), (x, 9)]]) for x in range(30)]
    found = shadow([np.concatenate(columns * 400)], 50.0)
    np.testing.assert_allclose(found.get_extents().extents, [0, 0, 30, 9], atol=0.12)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-40, 40)] * 2), st.floats(1, 30), st.floats(1, 30))
def test_sides_of_a_rectangle(at, width, height):
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)]) + at
    (left, low), (right, high) = corners[0], corners[2]
    found = shadow([corners[None]], 80.0)
    np.testing.assert_allclose(found.get_extents().extents, [left, low, right, high], atol=0.18)
