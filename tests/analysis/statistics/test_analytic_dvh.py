"""Volumes and doses of solids against closed form, from files: every point within 0.01 Gy.

The solids are about 24 mm across and the dose grows by 1 Gy per mm, so 0.01 Gy is 0.01 mm. All
combinations are in docs/dvh-accuracy.md; here is every solid in every gradient at every spacing of
contours and in both positions, on one of six dose grids.
"""

from itertools import product

import factories as make
import gaussian_ball
import numpy as np
import pytest
import solids
from analytic import GRADIENTS, QUANTITIES
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from analysis.shapes import axial_grid, circle, make_case, moved, rotation, stack, turned
from rtxr.analysis.grids.resample import field_of
from rtxr.analysis.statistics.dose_volume import integrate
from rtxr.analysis.structures.contours import slabs

SPACINGS = (1.0, 2.0, 3.0)
POSITIONS = ("HFS", "FFP")
DOSE_GRIDS = tuple(product((1.0, 2.0, 3.0), (0.0, 0.5)))
#: Each gradient, spacing and position with one of the dose grids.
CASES = [
    (*of, *DOSE_GRIDS[(5 * number + number // 6) % len(DOSE_GRIDS)])
    for number, of in enumerate(product(GRADIENTS, SPACINGS, POSITIONS))
]


def test_the_cases_meet_every_dose_grid_in_every_gradient_and_spacing():
    assert {(case[0], case[3]) for case in CASES} == set(product(GRADIENTS, SPACINGS))
    assert {(case[1], case[3]) for case in CASES} == set(product(SPACINGS, SPACINGS))
    assert {(case[2], *case[3:]) for case in CASES} == {
        (position, *grid) for position, grid in product(POSITIONS, DOSE_GRIDS)
    }


@pytest.mark.parametrize(("gradient", "spacing", "position", "step", "shift"), CASES)
def test_solids_in_linear_doses(tmp_path, gradient, spacing, position, step, shift):
    make.write(tmp_path, solids.case(spacing, GRADIENTS[gradient], step, shift, position))
    table = rtxr.open_dir(tmp_path).rt.dvh_metrics(list(QUANTITIES))
    for name in solids.SOLIDS:
        truth = solids.truth(name, gradient, spacing)
        got = table.loc[name]
        assert got["volume"] == pytest.approx(truth["volume"], rel=1e-4), name
        for quantity in QUANTITIES[1:]:
            assert got[quantity] == pytest.approx(truth[quantity], abs=0.01), (name, quantity)


@pytest.mark.parametrize("name", ["sphere", "cone along", "torus lying"])
@pytest.mark.parametrize("gradient", ["x", "z"])
def test_thin_slabs_are_the_solid(name, gradient):
    # That the truth is true: of slabs of 0.1 mm it is that of the formulas.
    solid = solids.SOLIDS[name]
    ideal = solid.ideal(GRADIENTS[gradient])
    thin = solid.truth(GRADIENTS[gradient], 0.1)
    assert thin.volume == pytest.approx(ideal.volume, rel=1e-3)
    assert thin.ends == pytest.approx(ideal.ends, abs=0.1)


def test_truth_of_a_ball():
    # A cap of height h: pi h2 (3 R - h) / 3.
    found = solids.SOLIDS["sphere"].ideal(GRADIENTS["diagonal"])
    cap = np.array([1.0, 5.0, 12.0])
    volume = np.pi * cap**2 * (36 - cap) / 3
    assert found.volume_at(25 + 12 - cap) == pytest.approx(volume, rel=2e-3)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_gaussian_in_the_slabs_of_a_ball(spacing):
    truth = gaussian_ball.truth(spacing)
    table = gaussian_ball.case(spacing).rt.dvh_metrics(list(QUANTITIES)).loc["A"]
    assert table["volume"] == pytest.approx(truth["volume"], rel=1e-6)
    for name in QUANTITIES:
        assert table[name] == pytest.approx(truth[name], rel=0.003), name


def curve(ds):
    part = next(slabs(ds, "A", first=field_of(ds).grid))
    found = integrate(part, field_of(ds))
    shares = np.array([99, 95, 50, 5, 1]) / 100
    values = [found.dose_at(share * found.volume_cc) for share in shares]
    return np.array([found.volume_cc, found.mean, found.minimum, found.maximum, *values])


@given(
    st.tuples(*[st.floats(-1, 1)] * 3),
    st.floats(10, 170),
    st.floats(4, 11),
    st.integers(2, 6),
    st.sampled_from([(1.5, 2.0), (2.0, 3.0), (3.0, 1.5)]),
)
@settings(max_examples=8, deadline=None)
def test_a_turned_dose_grid_gives_the_same_curve(axis, degrees, radius, planes, spacing):
    # A linear dose is the same on any lattice, so what is turned against the contours must give
    # what is aligned with them.
    axis = np.add(axis, (1.5, 0, 0))  # away from z
    heights = 3.0 * (np.arange(planes) - planes / 2)
    rois = {"A": stack(circle(radius, 90, (1.3, -0.7)), heights)}
    slope = np.array([0.7, -0.4, 0.9])
    found = []
    for matrix, step in zip((None, rotation(axis, degrees)), spacing, strict=True):
        n = round(80 / step) + 1
        grid = axial_grid((n,) * 3, (step,) * 3, (-40.0,) * 3, "dose_")
        grid = grid if matrix is None else turned(grid, matrix)
        z, y, x = np.meshgrid(*grid.axes, indexing="ij")
        points = grid.to_patient(np.stack([x, y, z], axis=-1))
        found.append(curve(make_case(rois, None, (grid, 50 + points @ slope))))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-9)
    assert found[1] == pytest.approx(found[0], abs=0.02)


@given(st.integers(0, 2**31), st.integers(0, 23))
@settings(max_examples=20, deadline=None)
def test_the_whole_patient_turned_gives_the_same_curve(seed, number):
    # Quarter turns of everything: another patient position, other axes of the dose.
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = quarter_turns()[number]
    matrix[:3, 3] = rng.uniform(-50, 50, 3)
    grid = axial_grid((14, 17, 15), (3.0, 2.0, 2.5), (-20.0, -16.0, -17.0), "dose_")
    values = rng.uniform(10, 60, grid.shape)
    contours = stack(circle(10.3, 40), 2.7 * np.arange(-3, 4))
    here = curve(make_case({"A": contours}, None, (grid, values)))
    there = curve(
        make_case(
            {"A": [moved(each, matrix) for each in contours]}, None, (turned(grid, matrix), values)
        )
    )
    assert there == pytest.approx(here, rel=1e-6)


def quarter_turns():
    """The 24 rotations that take axes to axes."""
    found = []
    for first, second in product(np.concatenate([np.eye(3), -np.eye(3)]), repeat=2):
        if not first @ second:
            found.append(np.column_stack([first, second, np.cross(first, second)]))
    return found


@given(st.floats(0.5, 5), st.floats(0.5, 4), st.integers(5, 40))
@settings(max_examples=15, deadline=None)
def test_the_image_grid_plays_no_part(slices, pixels, count):
    dose = axial_grid((15,) * 3, (3.0,) * 3, (-21.0,) * 3, "dose_")
    values = np.random.default_rng(1).uniform(10, 60, dose.shape)
    rois = {"A": stack(circle(11.0, 50), np.arange(-9.0, 10, 3))}
    image = axial_grid((count,) * 3, (slices, pixels, pixels), (-20.0, -17.3, -18.1))
    here = curve(make_case(rois, image, (dose, values)))
    assert here == pytest.approx(curve(make_case(rois, None, (dose, values))), rel=1e-12)
