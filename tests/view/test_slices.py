"""A slice as a figure: where everything is, in which colours, and what is read for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colors as mcolors
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.contour import QuadContourSet

from rtxr.errors import GeometryError, MissingDataError, RTXRError, UnknownNameError
from rtxr.index import scan
from rtxr.view.colors import PALETTE
from rtxr.view.slice_layers import DoseLook
from rtxr.view.slices import plot_slice
from view.cases import (
    DOSE,
    IMAGE,
    axial_grid,
    image_values,
    linear_dose,
    make_case,
    square,
    structures,
    turned,
)

CLOSED = "CLOSED_PLANAR"


def of_type(ax, kind):
    return [artist for artist in ax.collections if isinstance(artist, kind)]


def contours(ax):
    """Label > (colour, contours), of what is drawn as vectors."""
    return {
        each.get_label(): (mcolors.to_hex(each.get_color()[0]), each.get_segments())
        for each in of_type(ax, LineCollection)
    }


def bars(ax):
    """Labels of the colour bars beside."""
    return [other.get_ylabel() for other in ax.figure.axes if other is not ax]


def legend_texts(ax):
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def letters(ax):
    """Letters at the left, right, bottom and top."""
    by_place = {text.get_position(): text.get_text() for text in ax.texts}
    return [by_place[at] for at in ((0.02, 0.5), (0.98, 0.5), (0.5, 0.02), (0.5, 0.98))]


# --- where things are -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "xlim", "ylim", "labels", "title", "sides"),
    [
        ({"z": 3}, (-7.5, 7.5), (12, -12), ("x (mm)", "y (mm)"), "z = 3 mm", "RLPA"),
        ({"y": -3}, (-7.5, 7.5), (-7.5, 7.5), ("x (mm)", "z (mm)"), "y = -3 mm", "RLFH"),
        ({"x": 0.75}, (-12, 12), (-7.5, 7.5), ("y (mm)", "z (mm)"), "x = 0.75 mm", "APFH"),
    ],
)
def test_axes_are_patient_millimetres_the_right_way_up(asked, xlim, ylim, labels, title, sides):
    ax = plot_slice(make_case(), **asked)
    assert (ax.get_xlim(), ax.get_ylim()) == (xlim, ylim)
    assert (ax.get_xlabel(), ax.get_ylabel()) == labels
    assert ax.get_title() == title
    assert "".join(letters(ax)) == sides
    assert ax.get_aspect() == 1.0


@pytest.mark.parametrize(
    ("asked", "values", "extent"),
    [
        ({"z": 3}, image_values()[3], (-7.5, 7.5, -12, 12)),
        ({"y": -3}, image_values()[:, 4], (-7.5, 7.5, -7.5, 7.5)),
        ({"x": 0.75}, image_values()[:, :, 5], (-12, 12, -7.5, 7.5)),
    ],
)
def test_image_reaches_from_voxel_edge_to_voxel_edge(asked, values, extent):
    (image,) = plot_slice(make_case(dose=None), **asked).get_images()
    np.testing.assert_array_equal(image.get_array(), values)
    np.testing.assert_allclose(image.get_extent(), extent)
    assert image.origin == "lower"  # first row at the lowest coordinate; the limits turn it over


def test_the_left_lung_is_on_the_right_of_an_axial_slice(patient):
    ax = plot_slice(patient, z=21, dose=False)
    middle = {
        label: ax.transData.transform(segments[0].mean(axis=0))
        for label, (_, segments) in contours(ax).items()
    }
    assert middle["Lung_L"][0] > middle["Lung_R"][0]
    assert middle["SpinalCord"][1] < middle["BODY"][1]  # the back is below


def test_irregular_slices_stay_where_they_are():
    z = np.array([-6.0, -3.0, 0.0, 9.0, 12.0])
    ds = make_case(dose=None).assign_coords(z=("z", z))
    ax = plot_slice(ds, y=-3)
    assert not ax.get_images()
    (mesh,) = of_type(ax, QuadMesh)
    np.testing.assert_array_equal(mesh.get_array(), image_values()[:, 4])
    np.testing.assert_allclose(mesh.get_coordinates()[:, 0, 1], [-7.5, -4.5, -1.5, 4.5, 10.5, 13.5])
    assert ax.get_ylim() == (-7.5, 13.5)


def test_oblique_grids_have_their_own_axes():
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[0, -1], [1, 0]]  # rows along z: a coronal stack, kept in its own axes
    ax = plot_slice(make_case(turned(IMAGE, matrix), None), z=-3)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column (mm)", "row (mm)")
    assert ax.get_title() == "slice = -3 mm"
    assert letters(ax) == ["R", "L", "F", "H"]


def test_draws_on_the_axes_given():
    figure, ax = plt.subplots()
    assert plot_slice(make_case(), ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


# --- grey scale -------------------------------------------------------------------------------
def limits(ax):
    return ax.get_images()[0].get_clim()


def test_windows():
    assert limits(plot_slice(make_case())) == (-160, 240)
    assert limits(plot_slice(make_case(), window=(1500, -600))) == (-1350, 150)
    mr = make_case(name="mr", dose=None)
    expected = np.percentile(image_values()[2], (1, 99))
    assert limits(plot_slice(mr)) == pytest.approx(tuple(expected))
    with pytest.raises(ValueError, match="width above 0"):
        plot_slice(make_case(), window=(0, 40))


def test_an_image_of_one_value_is_drawn():
    low, high = limits(plot_slice(make_case(name="mr", dose=None) * 0 + 5))
    assert low == 5 < high


# --- dose -------------------------------------------------------------------------------------
def wash_of(ax):
    """The wash, its values as a masked array."""
    drawn = ax.get_images()[-1]
    return drawn, drawn.get_array()


def test_wash_is_the_dose_in_gy_above_a_tenth_of_the_maximum():
    ds = make_case()
    ds["dose"] = ds.dose.where(ds.dose_x > 0, 1.0)
    ax = plot_slice(ds, z=0)
    wash, values = wash_of(ax)
    shown = ~values.mask
    across, up = np.meshgrid(IMAGE.axes[2], IMAGE.axes[1])
    inside = shown & (across >= 2)  # 1 Gy is below the threshold, and ramps up between -2 and 2
    np.testing.assert_allclose(values[inside], (30 + across + 2 * up)[inside])
    assert values.mask[across < -2].all()
    assert float(values.min()) >= 0.1 * float(ds.dose.max())
    assert wash.get_clim() == (0, float(ds.dose.max()))  # not that of the slice
    assert 0 < wash.get_alpha() < 1
    assert bars(ax) == ["Dose (Gy)"]


def test_threshold_is_in_gy():
    _, values = wash_of(plot_slice(make_case(), z=0, threshold=35.0))
    assert float(values.min()) >= 35
    _, all_values = wash_of(plot_slice(make_case(), z=0, threshold=0.0))
    assert all_values.count() > values.count()


def test_a_colour_is_one_dose_on_all_slices():
    ds = make_case()
    ds["dose"] = ds.dose * (1 + 0.1 * (ds.dose_z - ds.dose_z.min()))
    highest = float(ds.dose.max())
    for z in (-3, 3):
        assert wash_of(plot_slice(ds, z=z))[0].get_clim() == (0, highest)
        assert wash_of(plot_slice(ds, z=z, dose_max=500))[0].get_clim() == (0, 500)
    with pytest.raises(RTXRError, match="dose_max=0: it must be above 0"):
        plot_slice(ds, dose_max=0)


def test_the_last_colour_is_at_most_twice_the_prescription():
    ds = make_case()
    ds.dose[2, 1, 1] = 2000.0  # beside a source
    ax = plot_slice(ds, z=0, prescription=25)
    wash, _ = wash_of(ax)
    assert wash.get_clim() == (0, 50)
    assert wash_of(plot_slice(ds, z=0, prescription=1500))[0].get_clim() == (0, 2000)


def test_doses_in_percent_of_the_prescription():
    asked = {"z": 0, "isodoses": ["90%", 24, "20 Gy"], "threshold": "75%"}
    ax = plot_slice(make_case(), prescription=40, **asked)
    (lines,) = of_type(ax, QuadContourSet)
    np.testing.assert_array_equal(lines.levels, [20, 24, 36])
    assert float(wash_of(ax)[1].min()) >= 30
    with pytest.raises(RTXRError, match="'90%' is in % of a prescription, and none is known"):
        plot_slice(make_case(), **asked)
    with pytest.raises(RTXRError, match="'many' is no dose"):
        plot_slice(make_case(), isodoses=["many"])


@pytest.mark.parametrize(
    ("ds", "options"),
    [
        (make_case(), {"dose": False}),
        (make_case(dose=None), {}),
        (make_case().assign(dose=make_case().dose * 0), {}),
        (make_case().assign_coords(dose_z=DOSE.axes[0] + 100), {}),
        (make_case(), {"threshold": float("inf")}),
    ],
    ids=["not asked for", "none", "zero", "elsewhere", "threshold beyond"],
)
def test_without_dose_there_is_no_wash_and_no_colour_bar(ds, options):
    ax = plot_slice(ds, z=0, **options)
    assert len(ax.get_images()) == 1
    assert bars(ax) == []


def test_dose_by_name():
    ds = make_case()
    ds["dose_2"] = ds.dose * 2
    _, once = wash_of(plot_slice(ds, z=0))
    _, twice = wash_of(plot_slice(ds, z=0, dose="dose_2"))
    np.testing.assert_allclose(twice, 2 * once)
    with pytest.raises(UnknownNameError, match="dose_3"):
        plot_slice(ds, dose="dose_3")


def test_units_that_are_not_gy_are_said():
    ds = make_case()
    ds.dose.attrs["units"] = "1"
    assert bars(plot_slice(ds)) == ["Dose (1)"]


def test_isodoses_run_where_the_dose_is():
    ax = plot_slice(make_case(), z=0, isodoses=[36, 24, 999], threshold=float("inf"))
    (lines,) = of_type(ax, QuadContourSet)
    np.testing.assert_array_equal(lines.levels, [24, 36])  # 999 Gy is nowhere
    for level, segments in zip(lines.levels, lines.allsegs, strict=True):
        for x, y in np.concatenate(segments):
            assert 30 + x + 2 * y == pytest.approx(level)
    assert bars(ax) == []


def test_dose_alone():
    ax = plot_slice(make_case(image=None), z=-2, threshold=0.0)
    wash, values = wash_of(ax)
    np.testing.assert_allclose(values, linear_dose()[1])
    np.testing.assert_allclose(wash.get_extent(), (-8, 8, -12, 12))
    assert wash.get_alpha() == 1
    assert (ax.get_xlabel(), ax.get_title()) == ("x (mm)", "z = -2 mm")
    assert legend_texts(ax) == []


def test_a_dose_one_voxel_wide_can_be_drawn():
    ax = plot_slice(
        make_case(image=None, dose=axial_grid((90, 1, 4), (3, 1, 2), (0, 0, 0), "dose_")), x=2
    )
    ax.figure.canvas.draw()
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 0.5), (-1.5, 268.5))
    assert bars(ax) == ["Dose (Gy)"]


# --- structures -------------------------------------------------------------------------------
def two_rois(colors=("#ff0000", "")):
    heights = (-3, 0, 3)
    ring = [(CLOSED, square(6, z)) for z in heights] + [(CLOSED, square(3, z)) for z in heights]
    return make_case(
        **structures({"Ring": ring, "Low": [(CLOSED, square(2, z)) for z in (-6, -3)]}, colors)
    )


def test_contours_in_the_colours_of_the_rois():
    drawn = contours(plot_slice(two_rois(), z=-3))
    assert {label: color for label, (color, _) in drawn.items()} == {
        "Ring": "#ff0000",
        "Low": PALETTE[0],
    }
    assert [len(segments) for _, segments in drawn.values()] == [2, 1]
    closed = np.concatenate([square(2, 0), square(2, 0)[:1]])[:, :2]
    np.testing.assert_array_equal(drawn["Low"][1][0], closed)


def test_only_rois_that_touch_the_plane_are_named():
    assert legend_texts(plot_slice(two_rois(), z=-3)) == ["Ring", "Low"]
    ax = plot_slice(two_rois(), z=3)
    assert legend_texts(ax) == ["Ring"]
    assert list(contours(ax)) == ["Ring"]
    assert legend_texts(plot_slice(two_rois(), z=3, legend=False)) == []


def test_a_colour_is_the_same_whichever_rois_are_drawn():
    alone = contours(plot_slice(two_rois(("", "")), z=-3, rois="low"))
    assert {label: color for label, (color, _) in alone.items()} == {"Low": PALETTE[1]}


@pytest.mark.parametrize("none", [False, []])
def test_no_rois(none):
    ax = plot_slice(two_rois(), z=0, rois=none)
    assert contours(ax) == {}
    assert ax.get_legend() is None


def test_rois_that_do_not_exist():
    with pytest.raises(UnknownNameError, match="Ring"):
        plot_slice(two_rois(), rois=["Rng"])
    with pytest.raises(MissingDataError, match="no structures"):
        plot_slice(make_case(), rois=["Ring"])


def test_across_the_contours_the_outline_of_the_mask_is_drawn():
    ax = plot_slice(two_rois(), y=5, dose=False)
    assert contours(ax) == {}
    (outline,) = of_type(ax, QuadContourSet)
    assert outline.get_label() == "Ring"
    assert mcolors.to_hex(outline.get_edgecolor()[0]) == "#ff0000"
    (segment,) = outline.allsegs[0]
    # Half way between the outermost voxel centres inside and their neighbours, in mm.
    np.testing.assert_allclose(segment.min(axis=0), (-6.0, -4.5))
    np.testing.assert_allclose(segment.max(axis=0), (6.0, 4.5))
    np.testing.assert_array_equal(segment[0], segment[-1])
    assert legend_texts(ax) == ["Ring"]


def test_outlines_close_at_the_rim_of_the_image():
    group = [(CLOSED, square(50, z)) for z in (-6, -3, 0, 3, 6)]
    ax = plot_slice(make_case(dose=None, **structures({"All": group}, ["#00ff00"])), x=0)
    (segment,) = of_type(ax, QuadContourSet)[0].allsegs[0]
    np.testing.assert_allclose(segment.min(axis=0), (-12, -7.5))
    np.testing.assert_allclose(segment.max(axis=0), (12, 7.5))


def test_points_are_marked():
    group = [("POINT", np.array([[1.0, -2.0, 0.4]]))]
    ds = make_case(**structures({"Iso": group}, ["#ffff33"]))
    (mark,) = of_type(plot_slice(ds, z=0), PathCollection)
    np.testing.assert_array_equal(mark.get_offsets(), [[1.0, -2.0]])
    assert of_type(plot_slice(ds, z=3), PathCollection) == []


def test_the_synthetic_patient(patient):
    ax = plot_slice(patient, z=21, isodoses=[20, 40])
    drawn = contours(ax)
    colors = dict(zip(patient.roi.values.tolist(), patient.roi_color.values.tolist(), strict=True))
    assert set(drawn) == {"BODY", "PTV_70", "SpinalCord", "Lung_L", "Lung_R"}
    assert {label: color for label, (color, _) in drawn.items()} == {k: colors[k] for k in drawn}
    assert legend_texts(plot_slice(patient, y=-21, dose=False))[:3] == [
        "BODY",
        "PTV_70",
        "Ring_Hole",
    ]
    ax.figure.canvas.draw()


def test_positions_outside_are_refused():
    with pytest.raises(GeometryError, match="outside"):
        plot_slice(make_case(), y=40)


# --- third-party case -------------------------------------------------------------------------
@pytest.mark.data
def test_breast_case(case_data: Callable[[str], Path]):
    ds = scan(case_data("breast_boost_eclipse")).open()
    ax = plot_slice(ds, z=12.56)
    assert legend_texts(ax) == ["BODY", "Breast", "Lt Lung", "Tumor Bed", "Tumor Bed Block"]
    drawn = contours(ax)
    x = {label: np.concatenate(segments)[:, 0] for label, (_, segments) in drawn.items()}
    assert x["Lt Lung"].mean() > 0  # the patient's left, on the right of the picture
    assert ax.get_xlim()[0] < ax.get_xlim()[1]
    assert drawn["Breast"][0] == "#ff8080"
    np.testing.assert_allclose(
        np.sort(ax.get_images()[0].get_extent()[:2]),
        (ds.x[0] - 0.5 * (ds.x[1] - ds.x[0]), ds.x[-1] + 0.5 * (ds.x[1] - ds.x[0])),
    )


def test_the_look_of_a_dose_can_be_the_same_on_all_slices():
    look = DoseLook(isodoses=[30], threshold=0, top=80.0, opacity=0.3, colors="viridis", bar=False)
    for z in (-3, 3):
        ax = plot_slice(make_case(), z=z, look=look)
        wash = ax.get_images()[1]
        assert (wash.get_clim(), wash.get_alpha()) == ((0.0, 80.0), 0.3)
        assert wash.cmap(255)[:3] == pytest.approx((0.993, 0.906, 0.144), abs=0.001)
        assert ax.figure.axes == [ax]  # no colour bar
