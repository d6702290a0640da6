"""Planes: which voxels, which way up, and what of each ROI lies on them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rtxr.analysis.grids import resample
from rtxr.analysis.structures import masks
from rtxr.errors import GeometryError, MissingDataError
from rtxr.geometry import stack_grid
from rtxr.view import plane
from view.cases import DOSE, IMAGE, image_values, make_case, square, structures, turned

CLOSED = "CLOSED_PLANAR"


def oblique(degrees: float = 20.0) -> np.ndarray:
    """Turned about x: rows lean towards the head."""
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix


# --- which plane ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "normal", "position"),
    [
        ({}, 2, 0.0),
        ({"z": 4.0}, 2, 3.0),
        ({"z": 7.4}, 2, 6.0),
        ({"y": -2}, 1, -3.0),
        ({"x": 6}, 0, 6),
    ],
)
def test_the_nearest_plane_is_chosen(asked, normal, position):
    shown = plane.choose_plane(make_case(), **asked)
    assert (shown.normal, shown.position) == (normal, pytest.approx(position, abs=0.8))
    axis = IMAGE.axes[2 - normal]
    wanted = next(iter(asked.values()), 0.0)
    assert shown.position == axis[np.abs(axis - wanted).argmin()]


def test_without_an_image_the_dose_is_the_reference():
    shown = plane.choose_plane(make_case(image=None), z=1)
    assert (shown.name(2), shown.position) == ("z", 2.0)


def test_what_cannot_be_shown_is_said():
    with pytest.raises(GeometryError, match=r"not x=1, z=2"):
        plane.choose_plane(make_case(), x=1, z=2)
    with pytest.raises(GeometryError, match=r"z=8 mm is outside 'ct'.* -7.5 to 7.5 mm"):
        plane.choose_plane(make_case(), z=8)
    with pytest.raises(MissingDataError, match="neither an image"):
        plane.choose_plane(xr.Dataset())


# --- which way up -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "letters", "across", "up"),
    [
        ({"z": 0}, ("R", "L", "P", "A"), (-7.5, 7.5), (12, -12)),
        ({"y": 0}, ("R", "L", "F", "H"), (-7.5, 7.5), (-7.5, 7.5)),
        ({"x": 0}, ("A", "P", "F", "H"), (-12, 12), (-7.5, 7.5)),
    ],
)
def test_patient_axes_are_the_right_way_up(asked, letters, across, up):
    shown = plane.choose_plane(make_case(), **asked)
    assert shown.letters() == letters
    assert shown.limits(shown.across) == across  # voxel edges, left to right
    assert shown.limits(shown.up) == up  # bottom to top


@pytest.mark.parametrize(
    ("orientation", "letters"),
    [
        ([0, 1, 0, 0, 0, -1], ("A", "P", "F", "H")),  # sagittal
        ([1, 0, 0, 0, 0, -1], ("R", "L", "F", "H")),  # coronal
        ([0, 0, 1, 0, 1, 0], ("A", "P", "F", "H")),  # sagittal, stored lying down
        ([-1, 0, 0, 0, -1, 0], ("R", "L", "P", "A")),  # axial, stored turned by 180 degrees
    ],
)
def test_slices_of_oblique_grids_are_the_right_way_up(orientation, letters):
    lean = np.radians(5.0)  # by this about z and x the stack is oblique, but no letter changes
    about_z = [[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]]
    about_x = [[1, 0, 0], [0, np.cos(lean), -np.sin(lean)], [0, np.sin(lean), np.cos(lean)]]
    row, column = (
        np.array(about_z) @ about_x @ part for part in np.split(np.array(orientation), 2)
    )
    normal = np.cross(row, column)
    positions = np.arange(4)[:, None] * 3 * normal
    grid, _ = stack_grid(positions, [*row, *column], (2, 2), (6, 7))
    assert grid.dims[0] == "slice"
    assert plane.choose_plane(make_case(grid, None)).letters() == letters


def test_letters_name_every_axis_that_counts():
    assert plane.direction_letters(np.array([1.0, 0, 0])) == "L"
    assert plane.direction_letters(np.array([-0.6, -0.8, 0.1])) == "AR"
    assert plane.direction_letters(np.array([0.5, -0.5, 0.707])) == "HLA"


def test_regular_axes():
    assert plane.is_regular(np.array([1.0, 2, 3, 4.0004]))
    assert not plane.is_regular(np.array([1.0, 2, 3, 5]))
    assert plane.is_regular(np.array([1.0]))


# --- what is on it ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"z": 3}, image_values()[3]),
        ({"y": -5}, image_values()[:, 3]),
        ({"x": 5.25}, image_values()[:, :, 8]),
    ],
)
def test_image_values(asked, expected):
    ds = make_case()
    np.testing.assert_array_equal(
        plane.image_on(ds, "ct", plane.choose_plane(ds, **asked)), expected
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: ds.isel(z=slice(None, None, -1), x=slice(None, None, -1)),
        lambda ds: ds.transpose("x", "z", "y", ...),
        lambda ds: ds.isel(dose_z=slice(None, None, -1)).transpose("dose_y", ...),
        lambda ds: ds.isel(z=3),
    ],
)
def test_order_of_dimensions_and_coordinates_does_not_matter(change):
    ds = change(make_case())
    shown = plane.choose_plane(ds, z=3)
    np.testing.assert_array_equal(plane.image_on(ds, "ct", shown), image_values()[3])
    dose = plane.dose_on(ds, "dose", shown)
    np.testing.assert_allclose(dose, plane.dose_on(make_case(), "dose", shown))


@pytest.mark.parametrize("asked", [{"z": 3}, {"y": 4}, {"x": -2}])
def test_dose_is_the_trilinear_one_of_dose_on(asked):
    ds = make_case()
    shown = plane.choose_plane(ds, **asked)
    whole = shown.page(resample.dose_on(ds).isel({shown.name(shown.normal): [shown.index]}).values)
    found = plane.dose_on(ds, "dose", shown)
    np.testing.assert_array_equal(found, whole)
    across, up = np.meshgrid(shown.axis(shown.across), shown.axis(shown.up))
    place = {shown.normal: shown.position, shown.across: across, shown.up: up}
    inside = np.isfinite(found)
    analytic = 30 + place[0] + 2 * place[1] + 0.5 * place[2]
    np.testing.assert_allclose(found[inside], analytic[inside], atol=1e-12)
    assert 0 < inside.sum() < inside.size  # the dose grid is smaller than the image


def test_dose_on_an_oblique_plane():
    ds = make_case(image=turned(IMAGE, oblique()))
    shown = plane.choose_plane(ds, z=0)
    found = plane.dose_on(ds, "dose", shown)
    np.testing.assert_array_equal(found, resample.dose_on(ds).isel(slice=shown.index).values)
    assert np.isfinite(found).any()


def test_no_dose_beyond_its_grid():
    far = make_case(dose=None).merge(make_case(image=None).assign_coords(dose_z=DOSE.axes[0] + 50))
    assert plane.dose_on(far, "dose", plane.choose_plane(far, z=0)) is None


def test_contours_in_whose_slab_the_plane_lies_are_taken_as_they_are():
    wide, narrow = square(5, 0), square(3, 6)  # slabs -3 to 3 and 3 to 9
    ds = make_case(**structures({"A": [(CLOSED, wide), (CLOSED, narrow)]}, ["#ff0000"]))
    for z, expected in ((0, wide), (-3, wide), (6, narrow)):
        (shown,) = plane.outlines(ds, plane.choose_plane(ds, z=z), ["A"])
        assert shown.mask is None
        (line,) = shown.lines
        np.testing.assert_array_equal(line, np.concatenate([expected, expected[:1]])[:, :2])
    assert plane.outlines(ds, plane.choose_plane(ds, z=-6), ["A"]) == []


def test_every_contour_of_the_plane_is_there():
    group = [(CLOSED, square(5, z)) for z in (-3, 0, 3)] + [(CLOSED, square(2, 0))]
    ds = make_case(**structures({"A": group}, [""]))
    (shown,) = plane.outlines(ds, plane.choose_plane(ds, z=0), ["A"])
    assert sorted(float(np.ptp(line[:, 0])) for line in shown.lines) == [4.0, 10.0]


def test_points_and_open_lines_show_in_their_layer_only():
    group = [("POINT", np.array([[1.0, 2.0, 0.5]])), ("OPEN_PLANAR", square(4, -3.2))]
    ds = make_case(**structures({"A": group}, [""]))
    (at_point,) = plane.outlines(ds, plane.choose_plane(ds, z=0), ["A"])
    np.testing.assert_array_equal(at_point.points, [[[1.0, 2.0]]])
    assert not at_point.lines
    (at_line,) = plane.outlines(ds, plane.choose_plane(ds, z=-3), ["A"])
    assert [len(line) for line in at_line.lines] == [4]  # not closed
    assert plane.outlines(ds, plane.choose_plane(ds, z=3), ["A"]) == []


@pytest.mark.parametrize("asked", [{"y": 1}, {"x": 0.75}])
def test_across_the_contours_the_mask_is_shown(asked):
    ds = make_case(**structures({"A": [(CLOSED, square(5, z)) for z in (-3, 0, 3)]}, [""]))
    shown = plane.choose_plane(ds, **asked)
    (found,) = plane.outlines(ds, shown, ["A"])
    whole = masks.mask(ds, "A").isel({shown.name(shown.normal): [shown.index]})
    np.testing.assert_array_equal(found.mask, shown.page(whole.values))
    assert found.mask.any()
    assert not found.lines


def test_sagittal_contours_are_lines_on_sagittal_slices_and_masks_on_axial_ones():
    group = [(CLOSED, square(4, x, normal=0)) for x in (-1.5, 0.0, 1.5)]
    ds = make_case(**structures({"A": group}, [""]))
    (sagittal,) = plane.outlines(ds, plane.choose_plane(ds, x=0), ["A"])
    assert sagittal.mask is None
    assert [len(line) for line in sagittal.lines] == [5]
    (axial,) = plane.outlines(ds, plane.choose_plane(ds, z=0), ["A"])
    assert not axial.lines
    assert axial.mask.any()


def test_axial_contours_on_an_oblique_grid_are_masks():
    group = [(CLOSED, square(5, z)) for z in (-3, 0, 3)]
    ds = make_case(turned(IMAGE, oblique()), None, **structures({"A": group}, [""]))
    shown = plane.choose_plane(ds, z=0)
    (found,) = plane.outlines(ds, shown, ["A"])
    np.testing.assert_array_equal(found.mask, masks.mask(ds, "A").isel(slice=shown.index).values)


def test_contours_parallel_to_an_oblique_slice_are_lines_in_its_own_mm():
    grid = turned(IMAGE, oblique())
    group = [(CLOSED, grid.to_patient(square(5, z))) for z in (-3, 0, 3)]
    ds = make_case(grid, None, **structures({"A": group}, [""]))
    (found,) = plane.outlines(ds, plane.choose_plane(ds, z=0), ["A"])
    assert found.mask is None
    np.testing.assert_allclose(found.lines[0][:4], square(5, 0)[:, :2], atol=1e-9)
