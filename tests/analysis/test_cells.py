"""Areas and centroids of polygons in cells, against fine sampling and closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import closed, shoelace, square, star
from rtxr.analysis.cells import cell_areas, covered_cells
from rtxr.analysis.polygons import signed_edges

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


def test_triangle_cells_against_fine_sampling():
    triangle = np.array([[-7.3, -9.1], [11.2, -2.4], [-1.7, 12.9]])
    v, u = np.linspace(-10, 14, 9), np.linspace(-9, 12, 8)
    cells = covered_cells(signed_edges(closed([triangle])), v, u, 1)
    m = 400
    fine_u = np.linspace(u[0], u[-1], 7 * m + 1)[:-1] + (u[-1] - u[0]) / (14 * m)
    fine_v = np.linspace(v[0], v[-1], 8 * m + 1)[:-1] + (v[-1] - v[0]) / (16 * m)
    x, y = np.meshgrid(fine_u, fine_v)
    sides = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0
        for a, b in zip(triangle, np.roll(triangle, -1, axis=0), strict=True)
    ]
    inside = np.logical_and.reduce(sides).reshape(8, m, 7, m)
    share = inside.mean(axis=(1, 3))
    area = np.zeros((8, 7))
    area[cells.row, cells.column] = cells.area
    assert area == pytest.approx(share * 9.0, abs=0.02)
    where_u = (np.arange(m) + 0.5) / m - 0.5
    for at, cell in enumerate(cells.partial):
        row, column = cells.row[cell], cells.column[cell]
        block = inside[row, :, column, :]
        if block.mean() > 0.02:
            assert cells.offset_u[at] == pytest.approx(
                (block * where_u).sum() / block.sum(), abs=0.005
            )
            assert cells.offset_v[at] == pytest.approx(
                (block * where_u[:, None]).sum() / block.sum(), abs=0.005
            )


def test_beyond_the_lattice_counts_only_what_is_within():
    v, u = np.linspace(-2, 2, 5), np.linspace(-2, 2, 5)
    assert cell_areas(signed_edges(closed([square(9.0)])), v, u, 1) == pytest.approx(1.0)
    half = cell_areas(signed_edges(closed([square(9.0, (9.0, 0.0))])), v, u, 1)
    assert half.sum() == pytest.approx(8.0)
    assert cell_areas(signed_edges(closed([square(1.0, (50.0, 0.0))])), v, u, 1).sum() == 0


def test_whole_cells_are_not_partial():
    v, u = np.linspace(-3, 3, 7), np.linspace(-3, 3, 7)
    shapes = closed([square(2.0), square(1.5)], planes=[0, 1])
    cells = covered_cells(signed_edges(shapes), v, u, 2)
    assert cells.counts.tolist() == [16, 16]
    assert cells.area[:16] == pytest.approx(1.0)
    assert len(cells.partial) == 12  # the rim of the second
    corner = cells.partial[0] == 16
    assert corner
    assert [cells.offset_u[0], cells.offset_v[0]] == pytest.approx([0.25, 0.25])
