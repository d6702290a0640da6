"""Where goals are on a DVH."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from rtxr.analysis.statistics.goals import parse_goal
from rtxr.errors import RTXRError
from rtxr.view.dvh_curves import gathered
from rtxr.view.goal_marks import axis_end, goal_marks

DOSE_GY = np.array([0.0, 10.0, 20.0, 30.0, 40.0])
CURVES = {"PTV": [4.0, 4.0, 3.0, 1.0, 0.0], "Lung": [50.0, 20.0, 5.0, 0.0, 0.0]}


def dvhs(*names, prescription=50.0):
    made = pd.DataFrame(CURVES, index=pd.Index(DOSE_GY, name="dose_gy"))
    names = names or ("",)
    return gathered(dict.fromkeys(names, made), prescriptions=dict.fromkeys(names, prescription))


def goals(*texts, value=1.0, status="fail"):
    """Rows as the table of goals has them."""
    rows = []
    for text in texts:
        goal = parse_goal(text)
        rows.append(
            {
                "roi": goal.roi,
                "metric": goal.metric.name,
                "relation": goal.relation,
                "limit": goal.limit,
                "unit": goal.metric.unit,
                "value": value,
                "acceptable": goal.acceptable,
                "status": status,
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("text", "dose", "share", "way"),
    [
        ("PTV: D95% >= 66.5 Gy", 66.5, 0.95, "right"),
        ("PTV: D95% >= 95 %", 47.5, 0.95, "right"),
        ("PTV: D2% < 5350 cGy", 53.5, 0.02, "left"),
        ("Lung: D5cc <= 45 Gy", 45, 0.1, "left"),
        ("Lung: DC10cc > 5 Gy", 5, 0.8, "right"),
        ("PTV: DC5% > 40 Gy", 40, 0.95, "right"),
        ("Lung: V20Gy < 30 %", 20, 0.3, "down"),
        ("Lung: V2000cGy < 10 cc", 20, 0.2, "down"),
        ("PTV: V95% >= 98 %", 47.5, 0.98, "up"),
        ("Lung: CV5Gy > 10 cc", 5, 0.8, "down"),
        ("PTV: CV95% <= 5 %", 47.5, 0.95, "up"),
        ("Lung: max <= 45 Gy", 45, 0, "left"),
        ("PTV: Dmin >= 30 Gy", 30, 1, "right"),
        ("PTV: median >= 50 Gy", 50, 0.5, "right"),
    ],
)
def test_a_goal_is_a_point_and_a_side(text, dose, share, way):
    (mark,) = goal_marks({"computed": goals(text)}, dvhs())
    assert (mark.dose, mark.share, mark.way) == (pytest.approx(dose), pytest.approx(share), way)
    assert mark.placed


@pytest.mark.parametrize("text", ["PTV: mean >= 50 Gy", "PTV: HI <= 0.1", "PTV: gEUD(a=8) < 50 Gy"])
def test_some_goals_are_no_point_of_a_curve(text):
    (mark,) = goal_marks({"computed": goals(text)}, dvhs())
    assert not mark.placed
    assert mark.results == {"computed": ("fail", "1.000" if "HI" in text else "1.00 Gy")}


def test_a_percentage_of_nothing_is_nowhere():
    marks = goal_marks({"computed": goals("PTV: D95% >= 95 %")}, dvhs(prescription=math.nan))
    assert not marks[0].placed


def test_more_than_there_is_of_a_structure_is_nowhere():
    marks = goal_marks({"computed": goals("PTV: D5cc <= 45 Gy", "Lung: V20Gy < 60 cc")}, dvhs())
    assert [mark.placed for mark in marks] == [False, False]


def test_the_axis_reaches_to_goals_that_are_not_far():
    curves = dvhs()
    assert axis_end(curves, ()) == pytest.approx(1.02 * 30)
    marks = goal_marks({"computed": goals("PTV: max <= 44 Gy", "PTV: max <= 50 Gy")}, curves)
    assert axis_end(curves, marks) == pytest.approx(1.02 * 44)
    assert axis_end(curves, marks, relative=True) == pytest.approx(1.02 * 88)


def test_a_goal_of_several_cases_is_one_mark():
    tables = {
        "old": goals(
            "Lung: V20Gy < 30 % (< 35 %)", "PTV: D95% >= 30 Gy", status=pd.NA, value=math.nan
        ),
        "new": goals("Lung: V20Gy < 30 % (< 35 %)", value=10.0, status="pass"),
    }
    first, second = goal_marks(tables, dvhs("old", "new"))
    assert first.text == "V20Gy < 30 % (< 35 %)"
    assert first.results == {"old": ("unknown", "–"), "new": ("pass", "10.00 %")}
    assert list(second.results) == ["old"]


def test_a_roi_without_a_curve_is_listed_only():
    (mark,) = goal_marks({"computed": goals("Heart: mean < 5 Gy")}, dvhs())
    assert (mark.roi, mark.placed) == ("Heart", False)


def test_goals_of_what_is_not_drawn():
    with pytest.raises(RTXRError, match="goals of 'old'; there are curves of computed"):
        goal_marks({"old": goals("PTV: D95% >= 30 Gy")}, dvhs())
