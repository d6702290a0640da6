"""Volumes of cells of a turned lattice, against what they are made of and against shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import (
    at_height,
    axial_grid,
    circle,
    make_case,
    moved,
    rotation,
    square,
    stack,
    star,
    turned,
)
from rtxr.analysis.structures.cell_volumes import cell_volumes
from rtxr.analysis.structures.contours import slabs
from rtxr.analysis.structures.coverage import coverage
from rtxr.analysis.structures.masks import mask

# Nested and crossing contours, level edges among them, on planes of several distances.
SHAPE = [
    each
    for z, centre in ((-6, 0.0), (-3, 1.0), (0, 2.0), (4, 1.5), (7, 0.5))
    for each in (
        at_height(square(8.0, (centre, 0.0)), z),
        at_height(square(3.0, (centre, -1.0)), z),
        at_height(circle(5.0, 24, (8.0, 5.0)), z),
    )
]
PART = next(slabs(make_case({"A": SHAPE})))
EDGES = tuple(np.arange(-20.0, 21.0, 4.0) + shift for shift in (0.3, -0.2, 0.1))
SHEAR = np.array([[1, 0.2, 0.4, 1], [0, 0.9, 0.3, 2], [0.1, 0, 0.8, 3], [0, 0, 0, 1.0]])
MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
MATRICES = {
    "any": rotation(),
    "about x": rotation((1, 0, 0), 20),
    "about y": rotation((0, 1, 0), -70),
    "about z": rotation((0, 0, 1), 33),
    "sheared": SHEAR,
    "mirrored": rotation() @ MIRROR,
    "not turned": np.eye(4),
}


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("combine", ["xor", "union"])
def test_cells_sum_to_the_volume(matrix, combine):
    found = cell_volumes(PART, matrix, EDGES, combine)
    assert found.shape == (10, 10, 10)
    whole = found.sum() * abs(np.linalg.det(matrix[:3, :3])) / 1000
    assert whole == pytest.approx(PART.volume_cc(combine), rel=1e-12)
    assert found.min() > -1e-10
    assert found.max() < 64 * (1 + 1e-12)


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_cells_are_the_sum_of_their_parts(matrix):
    fine = tuple(np.linspace(each[0], each[-1], 3 * len(each) - 2) for each in EDGES)
    parts = cell_volumes(PART, matrix, fine).reshape(10, 3, 10, 3, 10, 3).sum(axis=(1, 3, 5))
    assert cell_volumes(PART, matrix, EDGES) == pytest.approx(parts, abs=1e-9)


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_a_lattice_that_ends_within_the_shape_has_the_same_cells(matrix):
    whole = cell_volumes(PART, matrix, EDGES)
    z, y, x = (each[3:7] for each in EDGES)
    assert cell_volumes(PART, matrix, (z, y, x)) == pytest.approx(whole[3:6, 3:6, 3:6], abs=1e-9)


def test_a_lattice_beside_the_shape_holds_nothing():
    for shift in (900.0, -900.0):
        for axis in range(3):
            edges = tuple(each + shift * (d == axis) for d, each in enumerate(EDGES))
            assert not cell_volumes(PART, rotation(), edges).round(9).any()


def test_a_box_at_45_degrees():
    part = next(slabs(make_case({"A": stack(square(2.0), [-1, 1])})))  # 4 x 4 x 4 around 0
    edges = (np.array([-3.0, -1.0, 1.0]), *([np.arange(-4.5, 5.0, 3.0)] * 2))
    found = cell_volumes(part, rotation((0, 0, 1), 45), edges)
    # The square is a diamond of half diagonal d; cells are 3 wide, the middle one around 0.
    d = 2 * np.sqrt(2)
    tip = (d - 1.5) ** 2  # beyond |u| = 1.5, a triangle
    corner = (2 * 1.5 - d) ** 2 / 2  # of the middle cell, beyond |u| + |v| = d
    area = [[0, tip, 0], [tip, 9 - 4 * corner, tip], [0, tip, 0]]
    assert found[1] == pytest.approx(2 * np.array(area), abs=1e-12)
    assert found[0] == pytest.approx(np.array(area), abs=1e-12)


def test_agrees_with_a_fine_mask():
    ds = make_case({"A": stack(star(np.random.default_rng(8)), [-6, -2, 1, 4])})
    grid = turned(axial_grid((6, 6, 6), (5.0, 5.0, 5.0), (-12.0, -12.0, -12.0)), rotation())
    fine = turned(axial_grid((60, 60, 60), (0.5,) * 3, (-14.25,) * 3), rotation())
    sampled = mask(ds, "A", fine).values.reshape(6, 10, 6, 10, 6, 10).mean(axis=(1, 3, 5))
    assert coverage(ds, "A", grid).values == pytest.approx(sampled, abs=0.02)


@given(st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_turning_the_patient_with_the_lattice_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    shape = [at_height(star(rng, 12), z) for z in (-3, 0, 3, 7)]
    # By more than what contours may leave their planes by, and still be planar as they are.
    around = rotation(rng.normal(size=3), rng.uniform(2, 178), rng.uniform(-9, 9, 3))
    lattice = rotation(rng.normal(size=3), rng.uniform(0, 180))
    before = next(slabs(make_case({"A": shape})))
    after = next(slabs(make_case({"A": [moved(each, around) for each in shape]})))
    expected = cell_volumes(before, lattice, EDGES)
    assert cell_volumes(after, around @ lattice, EDGES) == pytest.approx(expected, abs=1e-7)
