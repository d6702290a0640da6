"""The snapshot: what a viewer shows, as a matplotlib figure."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection

from rtxr.view.png import png
from rtxr.view.widgets.viewer.figure import figure
from rtxr.view.widgets.viewer.levels import FullDose
from rtxr.view.widgets.viewer.widget import ViewerWidget
from view.cases import IMAGE, image_values, make_case, turned
from view.widgets.viewer.test_scene import case, rt_images


def test_a_row_of_planes_where_the_cross_hair_is():
    view = ViewerWidget(case(), position={"z": 3.0, "y": -3.0})
    figure = view.snapshot()
    assert plt.get_fignums() == []  # nobody has to close it
    axial, coronal, _ = (ax for ax in figure.axes if ax.get_xlabel())
    image, *_ = axial.get_images()
    np.testing.assert_array_equal(image.get_array(), image_values()[3])
    assert image.get_clim() == (-160.0, 240.0)
    np.testing.assert_array_equal(coronal.get_images()[0].get_array(), image_values()[:, 4])
    assert png(figure, 80).startswith(b"\x89PNG")


def test_it_shows_what_is_on():
    view = ViewerWidget(case(), only="axial", window=(100, 50), isodoses=[30], crosshair=False)
    (axial, *_) = view.snapshot().axes
    assert axial.get_images()[0].get_clim() == (0.0, 100.0)
    with_all = len(axial.get_children())
    view.wash = view.isolines = False
    view.rois = ()
    (bare, *_) = view.snapshot().axes
    assert len(bare.get_children()) < with_all
    assert not [each for each in bare.get_children() if isinstance(each, LineCollection)]


def test_colours_of_rois_are_those_of_the_viewer():
    view = ViewerWidget(case(), only="axial", colors={"A": "#12ab34"})
    (legend,) = view.snapshot().legends
    found = {line.get_label(): line.get_color() for line in legend.legend_handles}
    assert found == {"A": "#12ab34"}


def test_zoom_is_around_the_centre():
    view = ViewerWidget(case(), only="axial", zoom=2.0, center={"x": 1.0, "y": 0.0})
    axial = view.snapshot().axes[0]
    assert axial.get_xlim() == pytest.approx((1 - 15 / 4, 1 + 15 / 4))
    assert axial.get_ylim() == pytest.approx((6.0, -6.0))  # the front stays on top


def test_a_second_dataset_has_a_row_of_its_own():
    far = make_case().assign_coords(z=np.arange(5) * 3.0 + 100)
    view = ViewerWidget(case(), far, position={"z": 0.0})
    titles = [ax.get_title() for ax in view.snapshot().axes]
    assert "nothing at z = 0 mm" in titles


def test_a_second_dataset_may_lie_otherwise():
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[0, -1], [1, 0]]  # its rows go to the head: coronal planes
    second = make_case(turned(IMAGE, matrix), None)
    view = ViewerWidget(case(), second, only="axial", position={"z": 5.0}, isolines=False)
    _, lower = (ax for ax in view.snapshot().axes if ax.get_xlabel())
    found = lower.get_images()[0].get_array()
    np.testing.assert_array_equal(found, image_values()[:, 8])  # the row nearest to z = 5 mm


def test_doses_have_the_same_colours_on_all_planes():
    view = ViewerWidget(case(), opacity=0.2, dose_colors="viridis", threshold=0)
    figure = view.snapshot()
    washes = [ax.get_images()[1] for ax in figure.axes if len(ax.get_images()) > 1]
    assert len(washes) == 3
    highest = view._scenes[0].doses["dose"].highest
    assert {wash.get_clim() for wash in washes} == {(0.0, highest)}
    assert {wash.get_alpha() for wash in washes} == {0.2}
    assert washes[0].cmap(0)[:3] == pytest.approx((0.267, 0.005, 0.329), abs=0.001)
    assert len([ax for ax in figure.axes if ax.get_ylabel().startswith("Dose")]) == 1


def test_both_datasets_have_doses_in_the_same_colours():
    second = case()
    second["dose"] = second.dose * 2
    view = ViewerWidget(case(), second, only="axial")
    washes = [ax.get_images()[1] for ax in view.snapshot().axes if len(ax.get_images()) > 1]
    highest = view._scenes[0].doses["dose"].highest
    assert [wash.get_clim() for wash in washes] == [(0.0, highest)] * 2
    hotter, colder = ViewerWidget(second, case(), only="axial").snapshot().axes[:2]
    assert hotter.get_images()[1].get_clim() == colder.get_images()[1].get_clim()


def test_values_in_memory_are_not_read_again():
    view = ViewerWidget(case(), only="axial")
    scene = view._scenes[0]
    for volume in (scene.image, scene.doses["dose"]):
        volume._values = volume.values * 0 + 7
    image, wash = view.snapshot().axes[0].get_images()
    assert (image.get_array() == 7).all()
    assert (wash.get_array().compressed() == 7).all()


def test_the_legend_names_what_any_plane_shows():
    view = ViewerWidget(case(), position={"z": -6.0})  # below the contours, across which they show
    axial, coronal, _ = (ax for ax in view.snapshot().axes if ax.get_xlabel())
    assert not axial.collections or not any(each.get_label() == "A" for each in axial.collections)
    assert any(each.get_label() == "A" for each in coronal.collections)
    (legend,) = view.snapshot().legends
    assert "A" in [text.get_text() for text in legend.get_texts()]
    view.rois = ()
    assert view.snapshot().legends == []


def test_the_highlighted_roi_stands_out():
    view = ViewerWidget(case(), only="axial", isolines=False)
    widths = []
    for view.roi in ("", "A"):
        (line,) = (each for each in view.snapshot().axes[0].collections if each.get_label() == "A")
        widths.append(line.get_linewidth()[0])
    assert widths[0] < widths[1]


def test_without_axes_the_planes_are_the_same():
    view = ViewerWidget(case(), position={"z": 3.0})
    bare = figure((view._scenes[0], None), view, ticks=False)
    for drawn, ax in zip(bare.axes, view.snapshot().axes, strict=True):
        for one, other in zip(drawn.get_images(), ax.get_images(), strict=True):
            np.testing.assert_array_equal(one.get_array(), other.get_array())
    assert not any(ax.get_xlabel() for ax in bare.axes)


def test_the_last_colour_is_at_most_twice_the_prescription():
    ds = case()
    ds["dose"] = ds.dose * 100
    view = ViewerWidget(ds, only="axial", full=FullDose(16.0, "plan"))
    assert view.snapshot().axes[0].get_images()[1].get_clim() == (0.0, 32.0)
    view.prescription = 5000.0
    assert view.snapshot().axes[0].get_images()[1].get_clim() == (0.0, float(ds.dose.max()))


def test_rt_images():
    figure = ViewerWidget(rt_images(), position={"z": 0}).snapshot()
    (ax,) = figure.axes
    np.testing.assert_array_equal(ax.get_images()[0].get_array(), rt_images().rt_image.values[0])
    assert ax.get_title() == "image 0, gantry 90°"
