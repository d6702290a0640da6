"""Areas of polygons in cells, against closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import closed, shoelace, square, star
from rtxr.analysis.structures.cells import cell_areas
from rtxr.analysis.structures.polygons import signed_edges

V, U = np.linspace(-16, 16, 17), np.linspace(-15, 15, 21)


@given(st.integers(0, 2**31), st.integers(3, 80))
@settings(max_examples=60, deadline=None)
def test_areas_sum_to_the_polygon(seed, n):
    polygon = star(np.random.default_rng(seed), n)
    area = cell_areas(signed_edges(closed([polygon])), V, U, 1)
    assert area.sum() == pytest.approx(shoelace(polygon), rel=1e-10, abs=1e-9)
    assert area.min() > -1e-9
    assert (area <= np.diff(V)[:, None] * np.diff(U) + 1e-9).all()


def test_rectangle_between_lines_is_exact():
    v, u = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 2.0, 3.0])
    rectangle = np.array([[0.5, 0.25], [2.5, 0.25], [2.5, 3.0], [0.5, 3.0]])
    area = cell_areas(signed_edges(closed([rectangle])), v, u, 1)[0]
    heights, widths = [0.75, 1.0, 1.0], [1.5, 0.5]
    assert area == pytest.approx(np.outer(heights, widths), abs=1e-12)


def test_beyond_the_lattice_counts_only_what_is_within():
    v, u = np.linspace(-2, 2, 5), np.linspace(-2, 2, 5)
    assert cell_areas(signed_edges(closed([square(9.0)])), v, u, 1) == pytest.approx(1.0)
    half = cell_areas(signed_edges(closed([square(9.0, (9.0, 0.0))])), v, u, 1)
    assert half.sum() == pytest.approx(8.0)
    assert cell_areas(signed_edges(closed([square(1.0, (50.0, 0.0))])), v, u, 1).sum() == 0
