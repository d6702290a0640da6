"""Masks to contours and back: identical for any mask on any grid; approximations state errors."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import axial_grid, make_case, rotation, turned
from rtxr.analysis.drawing.outlines import outlines
from rtxr.analysis.structures.contours import volumes
from rtxr.analysis.structures.masks import mask as mask_of
from rtxr.analysis.structures.masks import mask_source
from rtxr.errors import GeometryError, UnknownNameError
from rtxr.geometry import Grid
from rtxr.iod.values.decimal_strings import value_fields

GRID = axial_grid((5, 40, 48), (3.0, 1.0, 1.5), (-6.0, -20.0, 100.0))


def written(points):
    """Points as they come back from a file: 16 characters each."""
    fields = [field.split(b"\\") for field in value_fields(points)]
    return [np.array(field, dtype=float).reshape(-1, 3) for field in fields]


def read_back(points, grid, image=None, combine="xor"):
    return mask_of(make_case({"A": points}, image or grid), "A", grid, combine).values


def ellipses(grid, *rows):
    """Mask of ellipsoids; each row is a centre (z, y, x), a radius and whether it is a hole."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    inside = np.zeros(grid.shape, dtype=bool)
    for (cz, cy, cx), radius, hole in rows:
        inside[(z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 < radius**2] = not hole
    return inside


@st.composite
def grids(draw):
    """Grids with even, uneven, descending and single axes, axis-aligned, oblique or sheared."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    axes = []
    for size in draw(st.tuples(*[st.integers(1, 7)] * 3)):
        even = draw(st.booleans())
        steps = np.full(size, rng.uniform(0.4, 5)) if even else rng.choice([0.5, 1, 3.5, 7], size)
        axis = rng.uniform(-300, 300) + np.cumsum(steps)
        axes.append(axis[::-1].copy() if draw(st.booleans()) else axis)
    grid = Grid(("z", "y", "x"), (axes[0], axes[1], axes[2]))
    kind = draw(st.sampled_from(["axis-aligned", "oblique", "sheared"]))
    if kind == "axis-aligned":
        return grid
    matrix = rotation(rng.normal(size=3), rng.uniform(0, 180), rng.uniform(-100, 100, 3))
    if kind == "sheared":
        matrix[:3, 2] += rng.uniform(-0.4, 0.4, 3)
        matrix[:3, 2] /= np.linalg.norm(matrix[:3, 2])
    return turned(grid, matrix)


@st.composite
def masks(draw):
    """A grid, a dimension of slices, and a mask from sparse to dense, with empty slices or not."""
    grid, dim = draw(grids()), draw(st.sampled_from([0, 1, 2]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mask = rng.random(grid.shape) < draw(st.sampled_from([0.03, 0.2, 0.5, 0.9]))
    if draw(st.booleans()):
        some = rng.random(grid.shape[dim]) < 0.5
        mask &= np.expand_dims(some, tuple(d for d in range(3) if d != dim))
    return mask, grid, dim


@given(masks(), st.booleans())
@settings(max_examples=50, deadline=None)
def test_any_mask_comes_back_voxel_for_voxel(given_mask, other_image):
    mask, grid, dim = given_mask
    image = axial_grid((4, 5, 6), (4.0, 2.0, 2.0), (-8.0, -4.0, -4.0)) if other_image else grid
    keyhole = outlines(mask, grid, dim, image=image).points
    nested = outlines(mask, grid, dim, holes="nested", image=image).points
    case = make_case({"keyhole": keyhole, "nested": nested, "file": written(keyhole)}, image)
    every = tuple(np.arange(n) for n in (3, *grid.shape))
    assert (mask_source(case, grid).read(every) == mask).all()
    united = mask_source(case, grid, "union").read(every)
    assert (united[[0, 2]] == mask).all()
    assert (mask_of(case, "file", grid).values == mask).all()


@given(masks())
@settings(max_examples=40, deadline=None)
def test_contours_lie_on_their_slices(given_mask):
    mask, grid, dim = given_mask
    found = outlines(mask, grid, dim)
    assert (np.diff(found.slices) >= 0).all()
    for points, at in zip(found.points, found.slices.tolist(), strict=True):
        np.testing.assert_allclose(grid.to_own(points)[:, 2 - dim], grid.axes[dim][at], atol=1e-9)


def test_a_voxel_is_outlined_half_way_to_its_neighbours():
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[1, 2, 3] = True
    (points,) = outlines(mask, GRID).points
    # Set in by 0.0005 voxels, so that readers that round points find this voxel only.
    x, y, edge = 104.5, -18.0, 0.4995
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    expected = [[x + 1.5 * edge * i, y + edge * j, -3.0] for i, j in corners]
    np.testing.assert_allclose(points, expected, atol=1e-12)


def test_contours_have_corners_only_and_enclose_the_volume_of_the_voxels():
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[1:4, 5:35, 4:44] = True
    found = outlines(mask, GRID)
    assert [len(each) for each in found.points] == [4, 4, 4]
    volume = volumes(make_case({"A": found.points}, GRID))["A"]
    assert volume == pytest.approx(3 * 30 * 40 * 4.5 / 1000, rel=1e-4)


def test_holes_and_islands_in_them():
    mask = ellipses(
        GRID, ((0, 0, 130), 18, False), ((0, 0, 130), 12, True), ((0, 1, 131), 6, False)
    )
    keyhole, nested = outlines(mask, GRID), outlines(mask, GRID, holes="nested")
    middle = keyhole.slices == 2
    assert middle.sum() == 2  # the ring with its hole, the island
    assert (nested.slices == 2).sum() == 3
    assert (read_back(keyhole.points, GRID, combine="union") == mask).all()
    filled = read_back(nested.points, GRID, combine="union")
    assert filled[2].sum() > mask[2].sum()  # what the channel is for


def test_readers_that_round_points_and_paint_the_outline_find_the_mask():
    rng = np.random.default_rng(5)
    mask = rng.random((2, 40, 48)) < 0.8
    grid = axial_grid((2, 40, 48), (3.0, 0.7, 0.7), (0.0, -171.123, -33.3))
    for points in written(outlines(mask, grid).points):
        index = np.rint((points[:, ::-1] - [axis[0] for axis in grid.axes]) / [3.0, 0.7, 0.7])
        z, rows, columns = index.astype(int).T
        for at in range(len(index)):
            row, column = sorted(rows[[at - 1, at]]), sorted(columns[[at - 1, at]])
            assert row[0] == row[1] or column[0] == column[1]
            assert mask[z[0], row[0] : row[1] + 1, column[0] : column[1] + 1].all()


def test_voxels_that_touch_at_a_corner_have_contours_that_do_not():
    mask = np.indices(GRID.shape).sum(axis=0) % 2 == 0
    found = outlines(mask, GRID)
    assert len(found.points) == mask.sum()
    corners = np.concatenate(found.points)
    assert len(np.unique(np.round(corners, 6), axis=0)) == len(corners)


def test_coronal_slices():
    grid = axial_grid((20, 6, 24), (1.0, 4.0, 1.0))
    mask = ellipses(grid, ((9, 8, 12), 9, False), ((9, 8, 12), 4, True))
    found = outlines(mask, grid, 1)
    assert {float(np.ptp(each[:, 1])) for each in found.points} == {0.0}
    assert (read_back(found.points, grid) == mask).all()


@pytest.mark.parametrize("holes", ["keyhole", "nested"])
def test_contours_are_the_same_whether_drawn_at_once_or_slice_by_slice(monkeypatch, holes):
    mask = np.random.default_rng(7).random((5, 12, 9)) < 0.6
    mask[2] = False
    grid = axial_grid(mask.shape, (3.0, 1.0, 1.5), (0.0, 0.0, 0.0))
    whole = outlines(mask, grid, holes=holes, smooth=0.7 if holes == "nested" else None)
    monkeypatch.setattr("rtxr.analysis.drawing.outlines._MOST_VOXELS", 1)
    parts = outlines(mask, grid, holes=holes, smooth=0.7 if holes == "nested" else None)
    assert len(parts.points) == len(whole.points) > 20
    assert all(map(np.array_equal, parts.points, whole.points))
    assert np.array_equal(parts.slices, whole.slices)
    assert parts.findings == whole.findings


def test_an_empty_mask_has_no_contours():
    found = outlines(np.zeros(GRID.shape, dtype=bool), GRID)
    assert found.points == []
    assert found.slices.shape == (0,)
    assert found.findings == ()


@pytest.mark.parametrize(
    ("filled", "marked"),
    [
        ([5, 6, 7], []),
        ([0, 11], [1, 10]),
        ([5, 7], [6]),
        ([4, 5, 8, 9], [6, 7]),
        ([1, 2, 3, 9, 10], []),  # so far apart that they are read as two parts
        ([0, 2, 4, 11], [1, 3, 5, 10]),  # 7 is just 3.5 x 2: rounding may bridge it or not
    ],
)
def test_empty_slices_that_would_be_filled_are_marked(filled, marked):
    grid = axial_grid((12, 6, 7), (0.3, 1.0, 1.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[filled, 1:5, 2:6] = True
    found = outlines(mask, grid)
    empty = [at for at in found.slices.tolist() if at not in filled]
    assert empty == marked
    assert (read_back(written(found.points), grid) == mask).all()
    for points, at in zip(found.points, found.slices.tolist(), strict=True):
        if at not in filled:
            assert points[:, 0].min() > grid.axes[2][-1] + 1
    codes = [finding.code for finding in found.findings]
    assert codes == (["outline-empty-planes"] if marked else [])


def test_one_slice_finer_than_those_of_the_image():
    image = axial_grid((5, 20, 20), (5.0, 1.0, 1.0))
    dose = axial_grid((9, 8, 8), (1.0, 2.0, 2.0), (4.0, 2.0, 2.0))
    mask = np.zeros(dose.shape, dtype=bool)
    mask[4, 2:6, 2:6] = True
    found = outlines(mask, dose, image=image)
    assert found.slices.tolist() == [3, 4, 5]
    assert found.points[0][:, 0].min() > 19.5  # beside the image, not only beside the dose
    assert (read_back(found.points, dose, image) == mask).all()
    alone = outlines(mask, dose)
    assert alone.slices.tolist() == [4]
    assert read_back(alone.points, dose, image).sum() == 5 * mask.sum()


def test_slices_too_close_to_be_told_apart():
    axes = (np.array([0.0, 3.0, 3.15, 6.0]), np.arange(4.0), np.arange(4.0))
    grid = Grid(("z", "y", "x"), axes)
    mask = np.ones(grid.shape, dtype=bool)
    with pytest.raises(GeometryError, match=r"0\.15 mm apart"):
        outlines(mask, grid)


def test_contours_too_small_to_tell_which_way_they_lie():
    grid = axial_grid((4, 30, 30), (0.02, 0.02, 0.02))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[:, 10:12, 10:12] = True
    with pytest.raises(GeometryError, match="across y"):
        outlines(mask, grid, 1)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"mask": np.ones((5, 40, 47), dtype=bool)}, GeometryError, r"\(5, 40, 48\)"),
        ({"mask": np.ones(GRID.shape)}, GeometryError, "float64"),
        ({"holes": "keyholes"}, UnknownNameError, "keyhole"),
        ({"smooth": -1.0}, GeometryError, "smooth=-1.0"),
        ({"simplify": float("nan")}, GeometryError, "simplify=nan"),
        ({"grid": Grid(GRID.dims, (np.zeros(5), *GRID.axes[1:]))}, GeometryError, "along z"),
    ],
)
def test_what_is_asked_has_to_make_sense(change, error, words):
    asked = {"mask": np.ones(GRID.shape, dtype=bool), "grid": GRID, **change}
    with pytest.raises(error, match=words):
        outlines(**asked)


@pytest.mark.parametrize("holes", ["keyhole", "nested"])
@pytest.mark.parametrize(
    "options", [{"smooth": 4.0}, {"simplify": 1.5}, {"smooth": 3.0, "simplify": 0.5}]
)
def test_approximations_state_how_far_they_are_off(holes, options):
    mask = ellipses(GRID, ((0, 0, 125), 18, False), ((0, 2, 122), 7, True))
    mask[2, 1, 1] = True  # too small to be smoothed or simplified
    grid = turned(GRID, rotation(shift=(3.0, -7.0, 11.0)))
    exact, found = outlines(mask, grid), outlines(mask, grid, holes=holes, **options)
    assert [finding.code for finding in found.findings] == [
        {"smooth": "outline-smoothed", "simplify": "outline-simplified"}[name] for name in options
    ]
    read = read_back(found.points, grid)
    said = re.search(
        r"(\d+) voxels .* \((\d+) more, (\d+) less\).* by (\S+) cm3", found.findings[-1].message
    )
    more, less = (read & ~mask).sum(), (mask & ~read).sum()
    assert [int(said[k]) for k in (1, 2, 3)] == [more + less, more, less]
    assert 0 < more + less < 0.06 * mask.sum()
    assert read[2, 1, 1]
    volume = [volumes(make_case({"A": each.points}, grid))["A"] for each in (exact, found)]
    assert float(said[4]) == pytest.approx(volume[1] - volume[0], abs=0.006)
    if options == {"smooth": 4.0}:
        assert abs(volume[1] - volume[0]) < 0.001 * volume[0]
