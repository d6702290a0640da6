"""The DVH plot of a case, on the synthetic patient: the same as a widget and on paper."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

import rtxr
from rtxr.errors import MissingDataError, RTXRError


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_plots_take_the_colours_of_the_rois(case):
    axes = case.rt.plot_dvh(["PTV_70", "Lung_L"], static=True)
    assert [line.get_color() for line in axes.get_lines()] == ["#e41a1c", "#4daf4a"]
    rois = case.rt.plot_dvh(["PTV_70", "Lung_L"])._about["rois"]
    assert [roi["light"] for roi in rois] == ["#e41a1c", "#4daf4a"]


def test_the_widget_reads_what_the_tables_say(case):
    widget = case.rt.plot_dvh(["PTV_70", "SpinalCord"])
    widget.dose, widget.volume = 20, 95
    metrics = case.rt.dvh_metrics(
        ["volume", "min", "D98%", "D50%", "mean", "D2%", "max", "V20Gy", "D95%"],
        ["PTV_70", "SpinalCord"],
    )
    np.testing.assert_allclose(widget.readings.to_numpy(), metrics.to_numpy(), atol=0.01)


def test_percent_of_the_prescription(case):
    widget = case.rt.plot_dvh("PTV_70")
    assert not widget.relative_dose
    widget.relative_dose = True  # the plan says of what
    assert widget.curves.prescription == 70
    given = case.rt.plot_dvh("PTV_70", prescription=35)
    assert given.relative_dose
    (curve,) = given.curves.curves
    assert curve.doses[-1] == pytest.approx(widget.curves.curves[0].doses[-1], abs=0.02)  # Gy
    whole = case.rt.plot_dvh("PTV_70", dose=case.dose)  # of which nobody knows what it is
    with pytest.raises(MissingDataError, match="no prescription"):
        whole.relative_dose = True


def test_goals_are_drawn_and_listed(case):
    goals = ["PTV_70: D95% >= 60 Gy", "PTV_70: V95% >= 99 %", "Lung_L: mean <= 20 Gy"]
    table = case.rt.goals(goals)
    told = case.rt.plot_dvh(["PTV_70", "Lung_L"], goals=goals)._about["goals"]
    assert [goal["results"][0][0] for goal in told] == table["status"].tolist()
    axes = case.rt.plot_dvh(["PTV_70", "Lung_L"], goals=goals, static=True)
    signs = {"pass": "✓", "fail": "✗"}
    texts = [text.get_text() for text in axes.texts if text.get_text()]
    assert texts == [signs[status] for status in table["status"][:2]]  # a mean is no point
    points = [line.get_xydata()[0] for line in axes.lines if line.get_marker() in "|_"]
    np.testing.assert_allclose(points, [[60, 95], [0.95 * 70, 99]])


def test_other_cases_have_a_line_style_each(case):
    replan = case.assign(dose=case.dose * 1.1).rt.remove("Lung_R")
    goals = "PTV_70: D95% >= 70 Gy"
    axes = case.rt.plot_dvh(
        ["PTV_70", "Lung_R"], others={"replan": replan}, name="plan", goals=goals, static=True
    )
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "PTV_70",
        "Lung_R",
        "plan",
        "replan",
    ]
    widget = case.rt.plot_dvh(
        ["PTV_70", "Lung_R"], others={"replan": replan}, name="plan", goals=goals
    )
    means = widget.readings["mean"]
    assert list(means.index) == [("PTV_70", "plan"), ("Lung_R", "plan"), ("PTV_70", "replan")]
    assert means["PTV_70", "replan"] == pytest.approx(1.1 * means["PTV_70", "plan"], rel=1e-4)
    (goal,) = widget._about["goals"]
    assert [status for status, _ in goal["results"]] == ["fail", "pass"]


def test_what_the_tables_say_is_not_lost(case):
    half = case.assign(dose=case.dose.where(case.dose_z > 20))
    widget = case.rt.plot_dvh(
        "PTV_70", others={"half": half}, goals=["PTV_70: D95% >= 60 Gy", "Heart: mean < 5 Gy"]
    )
    found = widget.findings.set_index("code")["message"]
    assert found["outside-dose-grid"].startswith("half: ROI 'PTV_70'")
    assert found["goal-without-roi"].iloc[0].startswith("this case: goal 'Heart")
    assert list(found) == widget._about["notes"]
    assert case.rt.plot_dvh("PTV_70").findings.empty


def test_stored_curves_beside_computed_ones(case):
    widget = case.rt.plot_dvh("PTV_70", stored=True)
    assert widget.curves.sources == ["computed", "stored"]
    stored = case.rt.dvh_stored()["PTV_70"]
    curve = widget.curves.of(roi="PTV_70", source="stored")
    np.testing.assert_array_equal(curve.volumes, stored.dropna().to_numpy())


def test_doses_masks_and_kinds(case):
    doses = {"whole": case.dose, "half": case.dose / 2}
    axes = case.rt.plot_dvh("PTV_70", dose=doses, prescription=70.0, static=True)
    assert [line.get_linestyle() for line in axes.get_lines()] == ["-", "--"]
    assert axes.get_xlabel() == "Dose (% of prescription)"
    ends = [line.get_xdata()[-1] for line in axes.get_lines()]
    assert ends[1] == pytest.approx(ends[0] / 2, abs=0.02)
    assert case.rt.plot_dvh("PTV_70", dose=doses).curves.sources == ["whole", "half"]
    hot = case.rt.plot_dvh(
        mask={"hot": case.dose > 35}, kind="differential", relative=False, static=True
    )
    assert hot.get_ylabel().startswith("Volume per ")
    assert hot.get_lines()[0].get_xdata()[1] > 30


def test_options_that_do_not_go_together(case):
    for options, words in (
        ({"stored": True, "dose": {"a": case.dose, "b": case.dose}}, "one dose"),
        ({"stored": True, "others": {"b": case}}, "one dose"),
        ({"stored": True, "prescription": {"PTV_70": 70}}, "one prescription"),
        ({"others": {"b": case}, "dose": case.dose}, "by its name"),
        ({"others": case}, "by what to call them"),
        ({"others": [case]}, "by what to call them"),
        ({"others": {"b": case.dose}}, "by what to call them"),
        ({"others": {"this case": case}}, "two cases are called 'this case'"),
        ({"others": {"b": case.rt.remove("PTV_70")}}, "has none of the ROIs PTV_70"),
        ({"goals": "PTV_70: max < 9 Gy", "dose": ["dose"]}, "those of one dose"),
        ({"kind": "differential"}, "static=True"),
        ({"ax": plt.figure().add_subplot()}, "static=True"),
    ):
        with pytest.raises(RTXRError, match=words):
            case.rt.plot_dvh("PTV_70", **options)


def test_axes_given_are_drawn_on(case):
    axes = plt.figure().add_subplot()
    assert case.rt.plot_dvh("PTV_70", static=True, ax=axes) is axes
    assert len(axes.get_lines()) == 1
