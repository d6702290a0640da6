"""Lines of structures on planes: what they enclose is the mask, on every plane of every grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.analysis.structures import masks
from rtxr.geometry import Grid
from rtxr.view.plane import Plane, layout
from rtxr.view.widgets.viewer.sections import OPEN, Lines, Sections
from view.cases import IMAGE, make_case, square, structures, turned

CLOSED = "CLOSED_PLANAR"
#: No side runs through voxel centres then, mm.
OFF = np.array([0.1, 0.1, 0.037])


def plane_of(grid: Grid, normal: int, index: int) -> Plane:
    return Plane(grid, normal, index, *layout(grid.matrix, normal))


def lines_of(lines: Lines, number: int) -> list[np.ndarray]:
    ends = zip(lines.starts[:-1], lines.starts[1:], strict=True)
    each = [lines.points[start:end] for start, end in ends]
    return [points for points, roi in zip(each, lines.roi, strict=True) if roi == number]


def enclosed(lines: Lines, number: int, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Which points (up, across) lie to the left of an odd number of sides, as a page decides."""
    odd = np.zeros((len(up), len(across)), dtype=bool)
    for points in lines_of(lines, number):
        for (x0, y0), (x1, y1) in pairwise(points):
            for row in np.flatnonzero((y0 > up) != (y1 > up)):
                crossing = x0 + (up[row] - y0) / (y1 - y0) * (x1 - x0)
                odd[row] ^= across < crossing
    return odd


def case(image: Grid = IMAGE, normal: int = 2, **rois):
    """Off the voxel centres, so that no side runs through one."""
    drawn = {
        label: [(CLOSED, square(half, height, normal) + 0.1) for height in heights]
        for label, (half, heights) in rois.items()
    }
    return make_case(image, None, **structures(drawn, [""] * len(drawn)))


def agree(ds, labels, grid):
    sections = Sections(ds, labels, grid)
    expected = [masks.mask(ds, label).values for label in labels]
    seen = 0
    for normal in range(3):
        for index in range(grid.shape[2 - normal]):
            shown = plane_of(grid, normal, index)
            lines = sections.cut(shown)
            axes = shown.axis(shown.across), shown.axis(shown.up)
            for number, mask in enumerate(expected):
                page = mask.take(index, axis=2 - normal)
                page = page if shown.across < shown.up else page.T
                np.testing.assert_array_equal(enclosed(lines, number, *axes), page)
                seen += int(page.any())
    return seen


def test_what_lines_enclose_is_the_mask_on_every_plane():
    ds = case(A=(5.0, [-3, 0, 3]), B=(2.5, [0]), C=(6.5, [-6, 6]))
    assert agree(ds, ["A", "B", "C"], IMAGE) > 20


@pytest.mark.parametrize("degrees", [90, 180, 25])
def test_on_turned_grids_too(degrees):
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    grid = turned(IMAGE, np.round(matrix, 12))
    ds = case(grid, A=(5.0, [-3, 0, 3]), B=(2.5, [0]))
    assert agree(ds, ["A", "B"], grid) > 10


@pytest.mark.parametrize("normal", [0, 1])
def test_contours_across_other_axes(normal):
    assert agree(case(normal=normal, A=(5.0, [-3, 0, 3])), ["A"], IMAGE) > 10


def test_holes_and_repeats_are_even_odd():
    parts = [(CLOSED, square(half, 0.0) + 0.1) for half in (6.0, 3.0)]
    ds = make_case(dose=None, **structures({"Ring": parts}, [""]))
    assert agree(ds, ["Ring"], IMAGE) > 5


@given(
    halves=st.lists(st.floats(0.6, 6.4), min_size=1, max_size=5),
    height=st.floats(-6, 0),
    step=st.sampled_from([1.7, 3.0, 4.1]),
)
def test_piles_of_any_height(halves, height, step):
    drawn = [(CLOSED, square(half, height + step * at) + OFF) for at, half in enumerate(halves)]
    ds = make_case(dose=None, **structures({"A": drawn}, [""]))
    agree(ds, ["A"], IMAGE)


def test_contours_on_their_own_plane_are_drawn_as_they_are():
    lines = Sections(case(A=(5.0, [-3, 0, 3])), ["A"], IMAGE).cut(plane_of(IMAGE, 2, 2))
    (points,) = lines_of(lines, 0)
    corners = square(5.0, 0)[:, :2] + 0.1
    np.testing.assert_allclose(points, [*corners, corners[0]], atol=1e-5)


def test_a_plane_across_shows_the_outline_of_the_slabs():
    lines = Sections(case(A=(5.0, [-3, 0, 3])), ["A"], IMAGE).cut(plane_of(IMAGE, 1, 6))
    points = np.concatenate(lines_of(lines, 0))
    # Half a spacing beyond the outermost contours; no line where slabs of one size meet.
    np.testing.assert_allclose(points.min(axis=0), [-4.9, -4.4], atol=1e-5)
    np.testing.assert_allclose(points.max(axis=0), [5.1, 4.6], atol=1e-5)
    level = [line for line in lines_of(lines, 0) if line[0, 1] == line[1, 1]]
    assert sorted(line[0, 1] for line in level) == pytest.approx([-4.4, 4.6], abs=1e-5)


def test_points_and_open_lines_enclose_nothing():
    point = np.array([[1.0, 2.0, 0.4]])
    path = np.array([[0.0, 0, 3], [1, 0, 3], [1, 1, 3]])
    drawn = {"ISO": [("POINT", point)], "Path": [("OPEN_PLANAR", path)]}
    ds = make_case(dose=None, **structures(drawn, ["", ""]))
    sections = Sections(ds, ["ISO", "Path"], IMAGE)
    on_point, on_path = (sections.cut(plane_of(IMAGE, 2, index)) for index in (2, 3))
    assert on_point.roi.tolist() == [OPEN]
    np.testing.assert_allclose(on_point.points, [[1, 2]])
    assert on_path.roi.tolist() == [OPEN + 1]
    np.testing.assert_allclose(on_path.points, path[:, :2])
    assert not len(sections.cut(plane_of(IMAGE, 2, 0)).roi)
    np.testing.assert_allclose(sections.middle(0), point[0])


def test_the_middle_of_a_structure_is_within_its_largest_part():
    drawn = [(CLOSED, square(5.0, 0.0)), (CLOSED, square(0.5, 0.0) + 3 * OFF)]
    ds = make_case(dose=None, **structures({"A": drawn, "Empty": []}, ["", ""]))
    sections = Sections(ds, ["A", "Empty"], IMAGE)
    np.testing.assert_allclose(sections.middle(0), [0, 0, 0], atol=1e-9)
    assert sections.middle(1) is None


def test_nothing_to_cut():
    lines = Sections(make_case(), [], IMAGE).cut(plane_of(IMAGE, 2, 0))
    assert (lines.starts.tolist(), len(lines.roi)) == ([0], 0)
