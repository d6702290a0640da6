"""What a viewer shows of a Dataset: its planes by name, and what lies on each."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rtxr import model
from rtxr.errors import MissingDataError, UnknownNameError
from rtxr.view.widgets.viewer.scene import Scene
from view.cases import DOSE, IMAGE, image_values, make_case, square, structures, turned

CLOSED = "CLOSED_PLANAR"


def tilted(degrees: float) -> np.ndarray:
    """About x."""
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return np.round(matrix, 12)


def rt_images() -> xr.Dataset:
    """Two portal images of 3 x 4 pixels."""
    number, up, across = model.rt_image_dims("rt_image")
    values = np.arange(24.0).reshape(2, 3, 4)
    coords = {
        up: [-2.0, 0.0, 2.0],
        across: [-3.0, -1.0, 1.0, 3.0],
        "gantry_angle": (number, [90.04, np.nan]),
    }
    return xr.Dataset({"rt_image": ((number, up, across), values, {"units": "1"})}, coords)


def case(**options):
    rois = {"A": [(CLOSED, square(4.0, 0.0))], "B": [(CLOSED, square(2.0, 3.0))]}
    return make_case(**structures(rois, ["#000000", ""]), **options)


def test_planes_are_named_and_ordered_by_the_patient():
    scene = Scene(case())
    assert list(scene.panes) == ["axial", "coronal", "sagittal"]
    assert [plane.normal for plane in scene.panes.values()] == [2, 1, 0]
    assert not any(map(scene.is_oblique, scene.panes))


def test_planes_of_a_turned_stack_are_its_own():
    scene = Scene(make_case(turned(IMAGE, tilted(90)), None))
    assert [plane.normal for plane in scene.panes.values()] == [1, 2, 0]
    assert not any(map(scene.is_oblique, scene.panes))
    leaning = Scene(make_case(turned(IMAGE, tilted(20)), None))
    assert [pane for pane in leaning.panes if leaning.is_oblique(pane)] == ["axial", "coronal"]


def test_axes_that_go_the_same_way_name_the_planes_themselves():
    matrix = np.eye(4)
    matrix[:3, :3] = np.linalg.qr(np.array([[1, 1, 0.9], [1, -0.2, 0.8], [1, -0.8, -0.9]]))[0]
    scene = Scene(make_case(turned(IMAGE, matrix), None))
    nearest = np.abs(matrix[:3, :3]).argmax(axis=0)
    named = len(set(nearest.tolist())) == 3
    assert next(iter(scene.panes)) == ("axial" if named else "slice plane")
    assert len(scene.panes) == 3


def test_a_picture_has_image_dose_and_lines():
    scene = Scene(case())
    plane = scene.plane("axial", 2)
    picture = scene.picture(plane, "dose")
    np.testing.assert_array_equal(picture.image.values, image_values()[2])
    assert picture.dose.values.shape == (4, 4)
    assert picture.lines.roi.tolist() == [0]
    assert scene.picture(plane, "").dose is None
    assert scene.picture(scene.plane("axial", 3), "dose").lines.roi.tolist() == [1]


def test_structures_are_read_when_they_are_wanted():
    scene = Scene(case())
    plane = scene.plane("axial", 2)
    assert scene.picture(plane, whole=False).lines is None
    assert scene.picture(plane).lines is not None
    assert scene.picture(plane, whole=False).lines is not None  # now that they are there


def test_some_rois_only():
    scene = Scene(case(), None, ["B"])
    assert scene.labels == ["B"]
    assert list(scene.colors) == ["B"]
    assert not len(scene.picture(scene.plane("axial", 2)).lines.roi)
    assert Scene(case(), None, rois=False).labels == []
    with pytest.raises(UnknownNameError, match="'C'"):
        Scene(case(), None, "C")


def test_no_colour_is_black():
    colors = Scene(case()).colors
    assert colors["A"] not in ("", "#000000")
    assert colors["A"] == "#" + 3 * colors["A"][1:3]  # black becomes grey
    blue = case().assign_coords(roi_color=("roi", ["#0000ff", "#e41a1c"]))
    assert Scene(blue).colors == {"A": "#0000ff", "B": "#e41a1c"}


def test_points_are_kept_inside_and_have_planes():
    scene = Scene(case())
    np.testing.assert_allclose(scene.middle, [0.75, 1.0, 0.0])
    np.testing.assert_allclose(scene.inside(np.array([99.0, 0.3, -99.0])), [6.75, 0.3, -6.0])
    assert scene.index_at("axial", np.array([0, 0, 2.0])) == 3
    assert scene.index_at("sagittal", np.array([0.1, 0, 0])) == 5


def test_a_dose_alone():
    scene = Scene(make_case(image=None))
    assert scene.image is None
    assert scene.grid.shape == DOSE.shape
    assert scene.picture(scene.plane("axial", 1), "dose").image is None


def test_the_dose_instead_of_the_image():
    scene = Scene(case(), "dose")
    assert scene.image is None
    assert scene.grid.shape == DOSE.shape


def test_a_second_dataset_is_on_the_planes_of_the_first():
    first = Scene(case())
    second = Scene(make_case(turned(IMAGE, tilted(90)), None), on=first)
    layer = second.picture(first.plane("axial", 2)).image
    assert second.panes is first.panes
    assert layer.values.shape == (5, 10)  # its own rows, which now go up the page


def test_rt_images_are_a_pile():
    scene = Scene(rt_images())
    assert scene.is_pile
    assert scene.titles == ["gantry 90°", ""]
    np.testing.assert_array_equal(scene.middle, [1, 0, 0])  # the first of them
    picture = scene.picture(scene.plane("images", 1))
    np.testing.assert_array_equal(picture.image.values, rt_images().rt_image.values[1])
    np.testing.assert_array_equal(picture.image.across, [-3, -1, 1, 3])
    assert scene.index_at("images", np.array([0, 0, 0.8])) == 1
    both = xr.merge([case(), rt_images()])
    assert not Scene(both).is_pile
    assert Scene(both, "rt_image").is_pile
    with pytest.raises(UnknownNameError, match="rt_image_3"):
        Scene(both, "rt_image_3")


def test_of_a_dynamic_series_the_first_label():
    moving = xr.concat([make_case(dose=None), make_case(dose=None) + 1000], "phase")
    scene = Scene(moving.assign_coords(phase=[30, 70]))
    assert scene.note == "phase 30"
    np.testing.assert_array_equal(
        scene.picture(scene.plane("axial", 0)).image.values, image_values()[0]
    )


def test_nothing_to_look_at():
    with pytest.raises(MissingDataError, match="nothing to look at"):
        Scene(xr.Dataset())
