"""DVHs as a figure: the lines are the table, the colours the ROIs'."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from rtxr.errors import MissingDataError, RTXRError
from rtxr.view import colors, dvh_curves, dvh_plot
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
        last = {"PTV": 5, "Lung": 4}[name]  # a curve ends where nothing receives the dose
        np.testing.assert_allclose(lines[name][1], expected[:last])
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


def test_the_index_names_the_dose_axis():
    for name, label in {
        "dose_gy": "Dose (Gy)",
        "dose_percent": "Dose (%)",
        "dose_relative": "Relative dose",
        "dose_cgy": "Dose (cGy)",
        "dose_other": "Dose",
    }.items():
        assert plot_dvh(table_of().rename_axis(name)).get_xlabel() == label
    table = table_of().rename_axis("dose_percent")
    table.attrs["prescription"] = 50.0
    assert plot_dvh(table).get_xlabel() == "Dose (% of prescription)"


def test_volumes_in_percent_are_drawn_as_such():
    table = table_of({"PTV": [100.0, 100.0, 75.0, 25.0, 0.0]}, volumes={"PTV": 4.0})
    table.attrs["relative"] = True
    np.testing.assert_allclose(drawn(plot_dvh(table))["PTV"][1][:, 1], [100, 100, 75, 25, 0])
    ax = plot_dvh(table, relative=False)
    np.testing.assert_allclose(drawn(ax)["PTV"][1][:, 1], CURVES["PTV"])


def several():
    columns = {(dose, label): CURVES[label] for dose in ("a", "b") for label in ("PTV", "Lung")}
    columns["b", "PTV"] = [4.0, 2.0, 0.0, 0.0, 0.0]
    table = table_of(columns)
    table.attrs["rois"] = {"a": {"PTV": {"volume_cc": 4.0}}, "b": {"PTV": {"volume_cc": 8.0}}}
    return table


def test_doses_are_line_styles():
    ax = plot_dvh(several(), dose_names={"b": "beam 2"})
    solid, dashed = drawn(ax), drawn(ax, "--")
    assert list(solid) == ["PTV", "Lung"]
    assert list(dashed) == ["_PTV, beam 2", "_Lung, beam 2"]
    assert dashed["_PTV, beam 2"][0] == solid["PTV"][0]
    np.testing.assert_allclose(dashed["_PTV, beam 2"][1], [[0, 50], [10, 25], [20, 0]])
    assert legend_texts(ax) == ["PTV", "Lung", "a", "beam 2"]


def differential(bins=1000, width=0.05):
    dose = (np.arange(bins) + 0.5) * width
    volume = np.where((dose > 10) & (dose < 30), 8.0 * width / 20, 0.0)
    table = table_of({"PTV": volume}, dose=dose)
    table.attrs["kind"] = "differential"
    return table


def test_fine_bins_are_joined_for_the_eye():
    ax = plot_dvh(differential(), relative=False)
    (x, y) = drawn(ax)["PTV"][1].T
    assert ax.get_ylabel() == "Volume per 0.25 Gy (cm³)"
    np.testing.assert_allclose(np.diff(x), 0.25)
    assert y.sum() == pytest.approx(8.0)
    assert y[1:-1] == pytest.approx(8 * 0.25 / 20)
    assert (y[0], y[-1]) == (0, 0)  # a bin that is empty on either side, and no more
    assert ax.lines[0].get_drawstyle() == "steps-mid"
    whole = plot_dvh(differential(), relative=True, join=False)
    assert whole.get_ylabel() == "Volume per 0.05 Gy (%)"
    assert drawn(whole)["PTV"][1][:, 1].sum() == pytest.approx(100)


def test_a_thin_tail_does_not_decide_the_axis():
    dose = np.linspace(0, 1000, 10001)
    source = table_of({"CTV": 40 * np.clip(1 + dose / 5, 1, None) ** -1.5}, dose=dose)
    most = 5 * (100 ** (2 / 3) - 1)
    assert plot_dvh(source).get_xlim()[1] == pytest.approx(1.02 * most, rel=0.01)
    assert plot_dvh(source, dose_max=30).get_xlim() == (0, 30)
    assert plot_dvh(source.iloc[:800]).get_xlim()[1] == pytest.approx(1.02 * 79.9)


def test_doses_below_zero_are_shown():
    ax = plot_dvh(table_of({"PTV": [4.0, 2.0, 0.0]}, dose=[-5.0, 0.0, 5.0]))
    assert ax.get_xlim() == (-5, pytest.approx(0.0, abs=1.1))


def test_stored_curves_go_with_cumulative_ones_of_one_dose():
    for table in (several(), differential()):
        with pytest.raises(RTXRError, match="cumulative ones of one dose"):
            plot_dvh(table, stored=table_of())


def test_a_dose_axis_that_ends_at_nothing_is_refused():
    with pytest.raises(RTXRError, match="dose_max=-5"):
        plot_dvh(table_of({"PTV": [4.0, 2.0, 0.0]}, dose=[0.0, 5.0, 10.0]), dose_max=-5)


def goals(status="pass"):
    row = {"roi": "PTV", "metric": "D50%", "relation": ">=", "limit": 22.0, "unit": "Gy"}
    return pd.DataFrame([{**row, "value": 25.0, "status": status}])


def marks(ax):
    return [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() in "|_"]


def test_a_goal_is_an_arrow_with_a_sign():
    ax = plot_dvh(table_of(), goals=goals())
    assert marks(ax) == [[22, 50]]
    arrow, sign = ax.texts
    assert (arrow.xy, arrow.get_position()[0] > 0) == ((22, 50), True)  # to the right of it
    assert sign.get_text() == "✓"
    assert marks(plot_dvh(table_of(), goals=goals(), relative=False)) == [[22, 2]]


def test_other_cases_are_line_styles():
    ax = plot_dvh(table_of(), others={"new": table_of({"PTV": CURVES["Lung"]})}, name="old")
    assert list(drawn(ax, "--")) == ["_PTV, new"]
    assert legend_texts(ax) == ["PTV", "Lung", "old", "new"]
    both = {"old": goals(), "new": goals("fail")}
    ax = plot_dvh(table_of(), others={"new": table_of()}, name="old", goals=both)
    assert [text.get_text() for text in ax.texts] == ["", "✓", "✗"]


def test_goals_farther_off_than_the_curves_are_on_the_axis():
    ax = plot_dvh(table_of(), goals=goals().assign(limit=45.0))
    assert ax.get_xlim() == (0, pytest.approx(1.02 * 45))
    assert marks(ax) == [[45, 50]]
    ax = plot_dvh(table_of(), goals=goals().assign(limit=61.0))  # more than half as far again
    assert ax.get_xlim() == (0, pytest.approx(1.02 * 30))
    assert marks(ax) == []


def test_a_figure_for_a_paper_is_all_vectors(tmp_path):
    figure = plot_dvh(table_of(), goals=goals()).figure
    figure.savefig(tmp_path / "dvh.svg")
    figure.savefig(tmp_path / "dvh.pdf")
    assert "<image" not in (tmp_path / "dvh.svg").read_text()
    assert b"/Subtype /Image" not in (tmp_path / "dvh.pdf").read_bytes()


def test_a_long_legend_does_not_squeeze_the_curves(recwarn):
    many = {f"Structure_{number:02d}": [9.0, 5.0, 2.0, 1.0, 0.0] for number in range(45)}
    ax = plot_dvh(table_of(many))
    ax.figure.canvas.draw()
    assert not recwarn.list
    wide, high = ax.get_window_extent().size / ax.figure.dpi
    assert (wide > 3.2, high > 2.5) == (True, True)
    assert ax.get_legend().get_window_extent().x1 <= ax.figure.bbox.x1


def test_a_highlighted_roi_stands_out_and_cursors_read_it():
    dvhs = dvh_curves.gathered({"": table_of()})
    ax = dvh_plot.draw(dvhs, dvh_plot.Look(roi="PTV", dose=15, volume=40))
    widths = {
        name: line.get_linewidth() for name, line in zip(("PTV", "Lung"), ax.lines, strict=False)
    }
    assert widths["PTV"] > widths["Lung"]
    points = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"]
    assert points == [pytest.approx(at) for at in ([15, 87.5], [27, 40], [15, 25], [10, 40])]


def test_percent_of_no_prescription_is_nothing():
    dvhs = dvh_curves.gathered({"": table_of()})
    with pytest.raises(MissingDataError, match="no prescription"):
        dvh_plot.draw(dvhs, dvh_plot.Look(relative_dose=True))
