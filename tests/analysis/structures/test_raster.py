"""Masks: the definition point by point, tiles, planes, orientations, laziness."""

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import (
    at_height,
    axial_grid,
    make_case,
    moved,
    naive_inside,
    rotation,
    square,
    stack,
    star,
    turned,
)
from rtxr.analysis.structures import contours, masks, raster
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError
from rtxr.geometry import Grid

# A square of half side 4 with a hole of half side 2, joined by a bridge of no width.
_RING = [(-4, -4), (4, -4), (4, 4), (-4, 4), (-4, 0), (-2, 0), (-2, 2), (2, 2), (2, -2)]
KEYHOLE = np.array([*_RING, (-2, -2), (-2, 0), (-4, 0)], dtype=float)

GRID = axial_grid((5, 24, 20), (3.0, 1.0, 1.5), (0.0, -12.0, -15.0))


def mask_of(rois, grid=GRID, on="image", **options):
    return masks.mask(make_case({"A": rois}, grid), "A", on, **options).values


@given(st.integers(0, 2**31), st.integers(3, 25), st.sampled_from([0, 1]))
@settings(max_examples=30, deadline=None)
def test_mask_is_the_definition_point_by_point(seed, n, digits):
    rng = np.random.default_rng(seed)
    # Rounded to whole and half voxels, so that centres fall on edges and vertices.
    outer = np.round(star(rng, n), digits)
    inner = np.round(star(rng, n, 4.0), digits)
    found = mask_of([at_height(outer, 6.0), at_height(inner, 6.0)])
    _, y, x = GRID.axes
    expected = [[naive_inside([outer, inner], a, b) for a in x] for b in y]
    assert found[2].tolist() == expected
    assert not found[[0, 1, 3, 4]].any()


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=40, deadline=None)
def test_tiles_neither_overlap_nor_leave_gaps(seed, whole):
    rng = np.random.default_rng(seed)
    # Triangles of a fan around an inner point tile the square; some edges run through centres.
    centre = np.round(rng.uniform(-6, 6, 2)) if whole else rng.uniform(-6, 6, 2)
    rim = np.array([[-9, -9], [0, -9], [9, -9], [9, 3], [9, 9], [-3, 9], [-9, 9], [-9, 0]], float)
    tiles = [np.array([rim[k], rim[(k + 1) % len(rim)], centre]) for k in range(len(rim))]
    masks = [mask_of([at_height(tile, 6.0)])[2] for tile in tiles]
    whole_mask = mask_of([at_height(rim, 6.0)])[2]
    assert (np.sum(masks, axis=0) == whole_mask).all()
    assert whole_mask.sum() == 18 * 12  # -9 <= y < 9 in steps of 1, -9 <= x < 9 in steps of 1.5


def test_left_and_lower_edges_belong_to_the_polygon():
    grid = axial_grid((1, 5, 5), (1.0, 1.0, 1.0))
    found = mask_of([at_height(square(1.0, (2.0, 2.0)), 0.0)], grid)[0]
    assert np.argwhere(found).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


@pytest.mark.parametrize(
    ("shapes", "combine", "inside"),
    [
        ([square(4.0), square(2.0)], "xor", [False, True, False]),
        ([square(4.0), square(2.0)], "union", [True, True, False]),
        ([square(6.0), square(4.0), square(2.0)], "xor", [True, False, True]),
        ([square(4.0)] * 2, "xor", [True, True, False]),
        ([square(4.0), square(2.0)[::-1]], "xor", [False, True, False]),
        ([KEYHOLE], "xor", [False, True, False]),
        ([KEYHOLE], "union", [False, True, False]),
    ],
)
def test_nesting(shapes, combine, inside):
    found = mask_of([at_height(each, 6.0) for each in shapes], combine=combine)[2]
    x, y = GRID.axes[2].tolist(), GRID.axes[1].tolist()
    assert [found[y.index(0.0), x.index(at)] for at in (0.0, 3.0, 4.5)] == inside


def test_union_keeps_xor_contours_xor():
    ring = [("CLOSEDPLANAR_XOR", at_height(square(h), 6.0)) for h in (6.0, 4.0)]
    found = mask_of([*ring, at_height(square(1.2, (9.0, 0.0)), 6.0)], combine="union")[2]
    y, x = np.argwhere(GRID.axes[1] == 0.0)[0, 0], GRID.axes[2].tolist()
    assert [found[y, x.index(at)] for at in (0.0, 4.5, 9.0)] == [False, True, True]


def test_each_slice_takes_the_slab_its_centre_is_in():
    fine = axial_grid((13, 8, 8), (1.0, 1.0, 1.0), (-3.0, -4.0, -4.0))
    # Slabs [-1.5, 1.5) and [1.5, 4.5): a plane between slices, several slices per contour.
    found = mask_of([at_height(square(2.0), 0.0), at_height(square(3.0), 3.0)], fine)
    counts = found.sum(axis=(1, 2)).tolist()
    assert counts == [0, 0] + [16] * 3 + [36] * 3 + [0] * 5


def test_slices_on_a_face_go_to_the_upper_slab_despite_rounding():
    grid = axial_grid((40, 8, 8), (0.1, 1.0, 1.0), (0.0, -4.0, -4.0))
    found = mask_of(stack(square(2.0), np.arange(1, 18) * 0.2), grid)
    assert found.any(axis=(1, 2)).sum() == 34  # [0.1, 3.5): 17 slabs of two slices each


def test_contours_outside_and_across_the_edge_of_the_grid():
    assert not mask_of([at_height(square(3.0, (500.0, 0.0)), 6.0)]).any()
    assert not mask_of([at_height(square(3.0), 600.0)]).any()
    assert mask_of([at_height(square(1000.0), 6.0)])[2].all()
    found = mask_of([at_height(square(3.0, (GRID.axes[2][-1], 0.0)), 6.0)])[2]
    assert found.sum() == 6 * 3


def test_a_contour_smaller_than_a_voxel_is_empty():
    assert not mask_of([at_height(square(0.1, (0.3, 0.3)), 6.0)]).any()


def test_nothing_closed_is_empty():
    assert not mask_of([("POINT", [[0, 0, 6]])]).any()


def test_a_single_plane_of_unknown_thickness_fills_one_slice():
    dose = axial_grid((5, 8, 8), (2.0, 1.0, 1.0), (0.0, -4.0, -4.0), "dose_")
    ds = make_case({"A": [at_height(square(2.0), 4.0)]}, None, (dose, np.zeros(dose.shape)))
    assert masks.mask(ds, "A", "dose").values.sum(axis=(1, 2)).tolist() == [0, 0, 16, 0, 0]


@pytest.mark.parametrize("at", [0, 2, 5, 6, 10, 13])
def test_a_single_plane_of_unknown_thickness_fills_one_of_uneven_slices(at):
    _, y, x = axial_grid((5, 8, 8), (2.0, 1.0, 1.0), (0.0, -4.0, -4.0)).axes
    dims = ("dose_z", "dose_y", "dose_x")
    dose = Grid(dims, (np.array([0.0, 2, 5, 6, 10, 13]), y, x))
    ds = make_case({"A": [at_height(square(2.0), at)]}, None, (dose, np.zeros(dose.shape)))
    found = masks.mask(ds, "A", "dose")
    assert found.dose_z.values[found.any(dims[1:]).values].tolist() == [at]
    again = ds.rt.add_structure("B", found)
    assert again.rt.mask("B", "dose").equals(found.assign_coords(roi="B"))
    covered = ds.rt.coverage("A", "dose").sum(dims[1:])
    assert covered.values.tolist() == [16 * (z == at) for z in dose.axes[0]]


def test_dataarray_is_on_the_grid():
    ds = make_case({"A": stack(square(4.0), [3, 6])}, GRID)
    found = masks.mask(ds, "a", ds.ct)
    assert found.dtype == bool
    assert found.dims == ("z", "y", "x")
    assert (found.z == ds.z).all()
    assert str(found.roi.values) == "A"


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0]])
def test_sagittal_and_coronal_contours(order):
    shape = stack(star(np.random.default_rng(3), 20, 5.0), np.arange(-6, 7, 1.0))
    cube = axial_grid((21, 21, 21), (1.0, 1.0, 1.0), (-10.0, -10.0, -10.0))
    axial = mask_of(shape, cube)
    other = mask_of([contour[:, order] for contour in shape], cube)
    # contour[:, order] puts old axis order[j] into place j; arrays are z, y, x.
    turned_mask = axial.transpose([2 - order[2 - d] for d in range(3)])
    assert axial.any()
    assert (other == turned_mask).all()


def test_oblique_grid_and_contours_give_the_same_mask():
    shape = stack(star(np.random.default_rng(4), 30), [0, 3, 6, 9])
    matrix = rotation(shift=(5, -7, 11))
    tilted = mask_of([moved(contour, matrix) for contour in shape], turned(GRID, matrix))
    assert (tilted == mask_of(shape)).all()


def test_oblique_grid_through_axial_contours_is_the_definition():
    shape = stack(star(np.random.default_rng(5), 30), [0, 3, 6, 9])
    grid = turned(axial_grid((6, 9, 9), (2.0, 2.0, 2.0), (-6.0, -8.0, -8.0)), rotation())
    check_point_by_point(shape, grid)


def test_oblique_grid_through_a_cone_is_the_definition():
    # The lowest plane is the smallest: below and beside it there are others, and nothing of it.
    cone = [at_height(square(2.0 + 2 * n, (n, 0.0)), 3.0 * n) for n in range(4)]
    grid = turned(axial_grid((9, 12, 12), (2.0, 2.0, 2.0), (-6.0, -11.0, -11.0)), rotation())
    check_point_by_point(cone, grid)
    check_point_by_point([contour * [1, 1, -1] + [0, 0, 9] for contour in cone][::-1], grid)


def check_point_by_point(shape, grid):
    found = mask_of(shape, grid)
    slices, rows, columns = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([columns, rows, slices], axis=-1)).reshape(-1, 3)
    slab = np.floor((points[:, 2] + 1.5) / 3).astype(int)
    expected = [
        0 <= k < 4 and naive_inside([shape[k][:, :2]], p[0], p[1])
        for k, p in zip(slab, points, strict=True)
    ]
    assert found.any()
    assert found.ravel().tolist() == expected


def test_descending_and_shuffled_coordinates():
    ds = make_case({"A": stack(star(np.random.default_rng(6)), [0, 3, 6])}, GRID)
    whole = masks.mask(ds, "A")
    for change in ({"y": slice(None, None, -1)}, {"x": [3, 1, 7, 2]}, {"z": slice(None, None, 2)}):
        changed = ds.isel(change)
        assert (masks.mask(changed, "A").values == whole.isel(change).values).all()


def test_source_reads_what_is_asked_for():
    rng = np.random.default_rng(7)
    rois = {name: stack(star(rng), [0, 3, 6, 9]) for name in "ABC"}
    ds = make_case(rois, GRID)
    source = masks.mask_source(ds)
    assert source.shape == (3, *GRID.shape)
    assert source.dtype == bool
    full = np.stack([masks.mask(ds, name).values for name in rois])
    everything = tuple(np.arange(n) for n in source.shape)
    assert (source.read(everything) == full).all()
    some = (np.array([2, 0]), np.array([1]), np.array([20, 3, 4]), np.arange(5, 15))
    assert (source.read(some) == full[np.ix_(*some)]).all()
    assert source.read((np.array([0]), *(np.array([], dtype=int),) * 3)).shape == (1, 0, 0, 0)


def test_source_survives_pickling():
    ds = make_case({"A": stack(square(4.0), [0, 3])}, GRID)
    source = masks.mask_source(ds, combine="union")
    everything = tuple(np.arange(n) for n in source.shape)
    before = source.read(everything)
    again = pickle.loads(pickle.dumps(source))
    assert (again.read(everything) == before).all()
    assert again.combine == "union"


def test_errors_say_what_to_do():
    ds = make_case({"A": stack(square(4.0), [0, 3])}, GRID)
    with pytest.raises(RTXRError, match=r"one label is asked for.*not list.*ds.rt.labels\(rois\)"):
        masks.mask(ds, ["A", "B"])
    with pytest.raises(UnknownNameError, match="no ROI 'B'"):
        masks.mask(ds, "B")
    with pytest.raises(RTXRError, match='"xor" or "union"'):
        masks.mask(ds, "A", combine="or")
    with pytest.raises(MissingDataError, match="no image"):
        masks.mask(ds.drop_vars("ct"), "A")


def test_a_corner_that_stands_out_is_met_voxel_by_voxel_too():
    """Slices that lean against the contours, and a polygon whose only highest point is a corner."""
    shear = np.eye(4)
    shear[1:3, 1] = np.cos(0.2), np.sin(0.2)
    image = turned(axial_grid((25, 41, 41), (1.0, 0.5, 0.5), (-12.0, -10.0, -10.0)), shear)
    diamond = np.array([[0.0, -8.1], [5.2, 0.1], [0.2, 8.3], [-5.1, 0.2]])
    ds = make_case({"A": stack(diamond, [-1.0, 1.0])}, image)
    z, y, x = np.meshgrid(*image.axes, indexing="ij")
    points = image.to_patient(np.stack([x, y, z], axis=-1))
    inside = (points[..., 2] >= -2) & (points[..., 2] < 2)
    for (a, b), (c, d) in zip(diamond, np.roll(diamond, -1, axis=0), strict=True):
        inside &= (c - a) * (points[..., 1] - b) > (d - b) * (points[..., 0] - a)
    np.testing.assert_array_equal(masks.mask(ds, "A"), inside)


BIG = axial_grid((90, 500, 500), (3.0, 1.0, 1.0), (0.0, -250.0, -250.0))


def peak_of(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("half", "planes"), [(4, 2), (40, 20), (80, 30), (240, 85)])
def test_a_mask_takes_memory_in_proportion_to_its_box(half, planes):
    ds = make_case({"A": stack(square(float(half)), np.arange(planes) * 3.0)}, BIG)
    part = contours.one_slabs(ds, "A", BIG)
    out = np.zeros(BIG.shape, dtype=bool)
    peak = peak_of(lambda: raster.rasterise(part, BIG, BIG.axes, "xor", out))
    box = (2 * half) ** 2 * planes
    assert out.sum() == box
    assert peak < min(2 * box + 100_000, BIG.shape[0] * BIG.shape[1] * BIG.shape[2] / 2)


def test_one_mask_after_the_other_takes_less_than_two():
    rois = {name: stack(square(245.0 - 5 * n), np.arange(90) * 3.0) for n, name in enumerate("ABC")}
    source = masks.mask_source(make_case(rois, BIG))
    everywhere = [np.arange(size) for size in BIG.shape]
    one = source.shape[1] * source.shape[2] * source.shape[3]

    def loop():
        for roi in range(len(rois)):
            assert source.read((np.array([roi]), *everywhere)).sum() == (490 - 10 * roi) ** 2 * 90

    assert peak_of(loop) < 2 * one


@pytest.mark.parametrize("combine", ["xor", "union"])
def test_planes_filled_by_portions_are_those_filled_at_once(monkeypatch, combine):
    rng = np.random.default_rng(5)
    rois = [at_height(star(rng, 20), z) for z in (0.0, 3.0, 3.0, 6.0, 9.0)]
    rois.append(at_height(square(30.0), 6.0))  # rows that end inside, so that runs meet at planes
    at_once = mask_of(rois, combine=combine)
    for cells in (0, 300, 1000):
        monkeypatch.setattr(raster, "_MOST_CELLS", cells)
        np.testing.assert_array_equal(mask_of(rois, combine=combine), at_once)
