"""Coverage: exact fractions whose sum is the exact volume, on any grid."""

import numpy as np
import pytest

from analysis.shapes import (
    at_height,
    axial_grid,
    circle,
    make_case,
    moved,
    rotation,
    shoelace,
    square,
    stack,
    star,
    turned,
)
from rtxr.analysis.structures import contours
from rtxr.analysis.structures.coverage import coverage
from rtxr.analysis.structures.masks import mask

GRID = axial_grid((6, 30, 30), (3.0, 1.0, 1.5), (-3.0, -15.0, -22.0))
VOXEL = 3.0 * 1.0 * 1.5


def test_sums_to_the_area_of_every_slice():
    rng = np.random.default_rng(0)
    polygons = [star(rng) for _ in range(3)]
    shape = [at_height(each, z) for each, z in zip(polygons, (0, 3, 6), strict=True)]
    found = coverage(make_case({"A": shape}, GRID), "A")
    sums = found.values.sum(axis=(1, 2)) * 1.5
    expected = [0.0, *map(shoelace, polygons), 0.0, 0.0]
    assert sums == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.values.min() >= 0
    assert found.values.max() == pytest.approx(1.0)


@pytest.mark.parametrize("spacing", [1.0, 2.0, 2.9, 7.0])
def test_sums_to_the_volume_on_any_grid(spacing):
    shape = [each for z in (0, 3, 6) for each in stack(circle(9.0), [z]) + stack(circle(4.0), [z])]
    grid = axial_grid((30, 30, 30), (spacing, 1.7, 1.1), (-5.0 * spacing, -25.0, -16.0))
    ds = make_case({"A": shape}, GRID)
    found = coverage(ds, "A", grid)
    volume = found.values.sum() * spacing * 1.7 * 1.1 / 1000
    assert volume == pytest.approx(contours.volumes(ds)["A"], rel=1e-9)


def test_agrees_with_the_mask_away_from_the_boundary():
    ds = make_case({"A": stack(star(np.random.default_rng(1)), [0, 3, 6])}, GRID)
    found, inside = coverage(ds, "A").values, mask(ds, "A").values
    assert inside[found > 1 - 1e-9].all()
    assert not inside[found < 1e-9].any()


def test_crossing_contours_are_exact_too():
    pair = [at_height(square(5.0, (x, 0.0)), z) for z in (0, 3) for x in (-2.0, 2.0)]
    ds = make_case({"A": pair}, GRID)
    assert coverage(ds, "A").values.sum() * VOXEL == pytest.approx(2 * 3 * 80.0)
    union = coverage(ds, "A", combine="union")
    assert union.values.sum() * VOXEL == pytest.approx(2 * 3 * 140.0)


def test_a_slab_between_slices_is_shared():
    ds = make_case({"A": stack(square(5.0), [1.0, 4.0])}, GRID)  # slabs -0.5 to 5.5
    found = coverage(ds, "A").sel(y=0.0, x=-1.0).values
    assert found == pytest.approx([0, 2 / 3, 1, 1 / 3, 0, 0], abs=1e-12)


def test_descending_coordinates():
    ds = make_case({"A": stack(star(np.random.default_rng(2)), [0, 3])}, GRID)
    back = ds.isel(y=slice(None, None, -1), z=slice(None, None, -1))
    again = coverage(back, "A").sortby(["z", "y"]).values
    assert again == pytest.approx(coverage(ds, "A").values)


def test_oblique_presentation_is_the_same():
    shape = stack(star(np.random.default_rng(3)), [0, 3, 6])
    matrix = rotation(shift=(1, 2, 3))
    tilted = make_case({"A": [moved(each, matrix) for each in shape]}, turned(GRID, matrix))
    expected = coverage(make_case({"A": shape}, GRID), "A").values
    assert coverage(tilted, "A").values == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("combine", ["xor", "union"])
def test_unrelated_axes_are_exact_too(combine):
    shape = stack(circle(10.0), np.arange(-9, 10, 3)) + stack(circle(6.0, centre=(7.0, 0.0)), [0])
    ds = make_case({"A": shape}, GRID)
    grid = turned(axial_grid((13, 13, 13), (3.0, 3.0, 3.0), (-18.0, -18.0, -18.0)), rotation())
    found = coverage(ds, "A", grid, combine)
    expected = contours.volumes(ds, combine=combine)["A"]
    assert found.values.sum() * 27 / 1000 == pytest.approx(expected, rel=1e-12)
    assert found.values.min() >= 0
    assert found.values.max() <= 1


def test_unrelated_axes_in_any_order():
    ds = make_case({"A": stack(circle(9.0), np.arange(-9, 10, 3))}, GRID)
    grid = turned(axial_grid((9, 10, 11), (3.0, 2.5, 2.0), (-12.0, -11.0, -10.0)), rotation())
    found = coverage(ds, "A", grid)
    some = {"slice": [4, 2, 3], "row": slice(None, None, -1), "column": slice(2, 7)}
    part = coverage(ds, "A", found.isel(some))
    assert part.values[2, 3:6, 1:4] == pytest.approx(found.isel(some).values[2, 3:6, 1:4])


def test_a_single_plane_of_unknown_thickness_on_unrelated_axes():
    dose = turned(axial_grid((9, 9, 9), (2.0,) * 3, (-8.0,) * 3, "dose_"), rotation())
    ds = make_case({"A": stack(square(4.0), [0])}, None, (dose, np.zeros(dose.shape)))
    # As thick as a voxel of the grid.
    assert coverage(ds, "A", "dose").values.sum() * 8 == pytest.approx(64 * 2)


def test_nothing_is_zero():
    assert coverage(make_case({"A": []}, GRID), "A").values.sum() == 0
    far = make_case({"A": stack(square(5.0), [900, 903])}, GRID)
    assert coverage(far, "A").values.sum() == 0
    beside = make_case({"A": stack(square(5.0, (900.0, 0.0)), [0, 3])}, GRID)
    assert coverage(beside, "A").values.sum() == 0


def test_a_single_plane_of_unknown_thickness_fills_its_slice():
    dose = axial_grid((3, 30, 30), (2.0, 1.0, 1.0), (0.0, -15.0, -15.0), "dose_")
    ds = make_case({"A": stack(square(5.5), [2])}, None, (dose, np.zeros(dose.shape)))
    sums = coverage(ds, "A", "dose").values.sum(axis=(1, 2))
    assert sums == pytest.approx([0, 121, 0])
