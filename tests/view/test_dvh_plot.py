"""DVHs as a figure: the lines are the table, the colours the ROIs'."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from rtxr.errors import MissingDataError
from rtxr.view import colors
from rtxr.view.dvh_plot import plot_dvh

DOSE_GY = np.array([0.0, 10.0, 20.0, 30.0, 40.0])
CURVES = {
    "PTV": [4.0, 4.0, 3.0, 1.0, 0.0],
    "Lung": [50.0, 20.0, 5.0, 0.0, 0.0],
    "Empty": [0.0] * 5,
    "Unknown": [np.nan] * 5,
}


def table_of(curves=CURVES, volumes=None, dose=DOSE_GY):
    table = pd.DataFrame(curves, index=pd.Index(dose, name="dose_gy"))
    if volumes:
        table.attrs["rois"] = {label: {"volume_cc": value} for label, value in volumes.items()}
    return table


def drawn(ax, style="-"):
    """Colour and points by label, of the lines of one style."""
    return {
        line.get_label(): (line.get_color(), line.get_xydata())
        for line in ax.lines
        if line.get_linestyle() == style
    }


def legend_texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("relative", "scale", "label", "top"),
    [
        (True, {"PTV": 25.0, "Lung": 2.0}, "Volume (%)", 102.0),
        (False, {"PTV": 1.0, "Lung": 1.0}, "Volume (cm³)", 51.0),
    ],
)
def test_lines_are_the_table(relative, scale, label, top):
    ax = plot_dvh(table_of(), relative=relative)
    lines = drawn(ax)
    assert list(lines) == ["PTV", "Lung"]
    for name, factor in scale.items():
        expected = np.column_stack([DOSE_GY, np.array(CURVES[name]) * factor])
        np.testing.assert_allclose(lines[name][1], expected)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Dose (Gy)", label)
    assert ax.get_ylim() == (0, pytest.approx(top))
    assert ax.get_xlim() == (0, pytest.approx(1.02 * 30))  # the last dose that anything gets
    assert legend_texts(ax) == ["PTV", "Lung"]


def test_percent_is_of_the_volume_of_the_roi():
    ax = plot_dvh(table_of(volumes={"PTV": 8.0, "Lung": 50.0, "Empty": 0.0, "Unknown": np.nan}))
    np.testing.assert_allclose(drawn(ax)["PTV"][1][:, 1], [50, 50, 37.5, 12.5, 0])


def test_doses_a_curve_says_nothing_about_are_left_out():
    ax = plot_dvh(table_of({"PTV": [4.0, 2.0, np.nan, np.nan, np.nan]}))
    np.testing.assert_allclose(drawn(ax)["PTV"][1], [[0, 100], [10, 50]])


def test_stored_curves_are_dashed_in_the_same_colours():
    stored = table_of({"Lung": [40.0, 20.0, 0.0], "Other": [1.0, 1.0, 1.0]}, dose=[0.0, 15.0, 25.0])
    ax = plot_dvh(table_of(), stored=stored, colors={"Lung": "#1060a0"})
    dashed = drawn(ax, "--")
    assert list(dashed) == ["_Lung, stored"]  # Other is not in the table
    color, points = dashed["_Lung, stored"]
    assert color == drawn(ax)["Lung"][0] == "#1060a0"
    np.testing.assert_allclose(points, [[0, 100], [15, 50], [25, 0]])  # % of the stored volume
    assert legend_texts(ax) == ["PTV", "Lung", "computed", "stored"]


def test_a_roi_that_only_the_file_has_a_curve_of_is_named():
    ax = plot_dvh(table_of(), stored=table_of({"Unknown": [3.0, 2.0, 1.0, 0.0, 0.0]}))
    assert legend_texts(ax) == ["PTV", "Lung", "Unknown", "computed", "stored"]


def test_colours():
    ax = plot_dvh(table_of(), colors={"PTV": "#ffff00", "Lung": ""})
    lines = drawn(ax)
    assert lines["PTV"][0] == colors.darkened("#ffff00") != "#ffff00"
    assert lines["Lung"][0] in map(colors.darkened, colors.PALETTE)
    handles = [handle.get_color() for handle in ax.get_legend().legend_handles]
    assert handles == [lines["PTV"][0], lines["Lung"][0]]


def test_two_rois_of_one_colour_can_be_told_apart():
    lines = drawn(plot_dvh(table_of(), colors={"PTV": "#8080ff", "Lung": "#8080ff"}))
    assert lines["PTV"][0] == "#8080ff" != lines["Lung"][0]


def test_axes_given_are_used():
    figure, ax = plt.subplots()
    assert plot_dvh(table_of(), ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert ax.bbox.containsx(box.x0)  # inside, so that it covers no neighbour
    assert ax.bbox.containsx(box.x1)


def test_on_its_own_figure_the_legend_is_outside_and_whole():
    ax = plot_dvh(table_of())
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert box.x0 > ax.bbox.x1
    assert box.x1 <= ax.figure.bbox.x1


def test_nothing_to_plot_is_said():
    with pytest.raises(MissingDataError, match="none of the 2 ROIs"):
        plot_dvh(table_of({name: CURVES[name] for name in ("Empty", "Unknown")}))


def test_a_dose_of_zero_everywhere_is_drawn():
    ax = plot_dvh(table_of({"PTV": [4.0]}, dose=[0.0]))
    assert ax.get_xlim() == (0, 1)
