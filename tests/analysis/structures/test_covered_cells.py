"""What polygons cover of cells: areas, centroids and second moments against fine sampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import closed, square, star
from rtxr.analysis.structures.cells import cell_areas, split_edges
from rtxr.analysis.structures.covered_cells import covered_cells
from rtxr.analysis.structures.polygons import signed_edges

V, U = np.linspace(-16, 16, 17), np.linspace(-15, 15, 21)


def areas(runs, parts, v, u, planes):
    """Covered area of every cell, (planes, rows, columns), from runs and parts."""
    size = np.diff(v)[:, None] * np.diff(u)
    found = np.zeros((planes, *size.shape))
    for plane, row, column, count in zip(
        runs.plane, runs.row, runs.column, runs.count, strict=True
    ):
        found[plane, row, column : column + count] += size[row, column : column + count]
    place = parts.row, parts.column
    np.add.at(found, (parts.plane, *place), parts.share * size[place])
    return found


@given(st.integers(0, 2**31), st.integers(3, 60), st.floats(0.3, 20))
@settings(max_examples=60, deadline=None)
def test_runs_and_parts_are_the_areas(seed, n, half):
    rng = np.random.default_rng(seed)
    far = rng.uniform(-12, 12, 2)
    shapes = [star(rng, n), square(3.3), square(half, far)]  # beyond the lattice, too
    signed = signed_edges(closed(shapes, planes=[0, 0, 2]))
    runs, parts = covered_cells(split_edges(signed, V, U), V, U, 3)
    truth = cell_areas(signed, V, U, 3)
    assert areas(runs, parts, V, U, 3) == pytest.approx(truth, abs=1e-9)
    assert ((parts.share > 0) & (parts.share < 1)).all()
    assert (np.abs(parts.u) <= 0.5).all()
    assert (parts.uv**2 <= parts.uu * parts.vv + 1e-9).all()


def test_moments_of_a_triangle_against_fine_sampling():
    triangle = np.array([[-7.3, -9.1], [11.2, -2.4], [-1.7, 12.9]])
    v, u = np.linspace(-10, 14, 9), np.linspace(-9, 12, 8)
    _, parts = covered_cells(split_edges(signed_edges(closed([triangle])), v, u), v, u, 1)
    m = 400
    at = (np.arange(m) + 0.5) / m - 0.5
    x = np.add.outer((u[1:] + u[:-1]) / 2, 3 * at).ravel()
    y = np.add.outer((v[1:] + v[:-1]) / 2, 3 * at).ravel()[:, None]
    sides = [
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) >= 0
        for a, b in zip(triangle, np.roll(triangle, -1, axis=0), strict=True)
    ]
    inside = np.logical_and.reduce(sides).reshape(8, m, 7, m)
    for number, (row, column) in enumerate(zip(parts.row, parts.column, strict=True)):
        covered = np.argwhere(inside[row, :, column, :])
        if len(covered) < 0.02 * m * m:
            continue
        along_v, along_u = at[covered].T
        moments = np.cov(along_u, along_v, bias=True)
        assert parts.share[number] == pytest.approx(len(covered) / m**2, abs=1e-4)
        assert parts.u[number] == pytest.approx(along_u.mean(), abs=1e-4)
        assert parts.v[number] == pytest.approx(along_v.mean(), abs=1e-4)
        assert parts.uu[number] == pytest.approx(moments[0, 0], abs=5e-5)
        assert parts.uv[number] == pytest.approx(moments[0, 1], abs=5e-5)
        assert parts.vv[number] == pytest.approx(moments[1, 1], abs=5e-5)


def test_whole_cells_are_runs_and_the_rim_is_parts():
    v, u = np.linspace(-3, 3, 7), np.linspace(-3, 3, 7)
    shapes = closed([square(2.0), square(1.5)], planes=[0, 1])
    runs, parts = covered_cells(split_edges(signed_edges(shapes), v, u), v, u, 2)
    counts = np.bincount(runs.plane, runs.count)
    assert counts.tolist() == [16, 4]
    assert len(parts.row) == 12
    assert set(parts.plane) == {1}
    corner = (parts.row + parts.column).argmin()
    assert parts.share[corner] == pytest.approx(0.25)
    assert [parts.u[corner], parts.v[corner]] == pytest.approx([0.25, 0.25])
    assert parts.uu[corner] == pytest.approx(1 / 48)  # of half a width
    assert parts.uv[corner] == pytest.approx(0)


def test_a_part_without_an_edge_in_it_is_found():
    # The rim runs level through a row of cells; level edges bound no strip.
    v, u = np.arange(4.0), np.arange(9.0)
    bar = np.array([[0.5, 0.0], [7.5, 0.0], [7.5, 1.4], [0.5, 1.4]])
    runs, parts = covered_cells(split_edges(signed_edges(closed([bar])), v, u), v, u, 1)
    assert [each.tolist() for each in (runs.row, runs.column, runs.count)] == [[0], [1], [6]]
    inner = (parts.row == 1) & (parts.column > 0) & (parts.column < 7)
    assert np.sort(parts.column[inner]).tolist() == [1, 2, 3, 4, 5, 6]
    one = inner & (parts.column == 3)
    assert parts.share[one] == pytest.approx(0.4)
    assert parts.v[one] == pytest.approx(-0.3)
    assert parts.vv[one] == pytest.approx(0.4**2 / 12)
