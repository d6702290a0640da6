"""Goals: the grammar, and whether they are met, against a dose of which all is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.shapes import axial_grid, make_case, square, stack
from rtxr.analysis.statistics.goals import evaluate, parse_goal, parsed_goals
from rtxr.errors import RTXRError, UnknownNameError

HEIGHTS = np.arange(-9.0, 10.0, 3.0)
GRID = axial_grid((31, 31, 31), (2.0,) * 3, (-30.0,) * 3, "dose_")


@pytest.fixture(scope="module")
def ds():
    """Two boxes of 8.4 cm3 and one without contours, dose from 10 to 30 Gy along x."""
    dose = np.broadcast_to(20 + GRID.axes[2], GRID.shape).copy()
    box = stack(square(10.0), HEIGHTS)
    return make_case({"PTV: 60 <a>": box, "Cord": box, "Empty": []}, None, (GRID, dose))


def rows(ds, *goals, **options):
    return evaluate(ds, parsed_goals(goals), **options)


@pytest.mark.parametrize(
    ("text", "roi", "metric", "relation", "limit", "unit", "acceptable"),
    [
        ("PTV: D95% >= 66.5 Gy", "PTV", "D95%", ">=", 66.5, "Gy", math.nan),
        ("SpinalCord:D0.03cc<=45Gy", "SpinalCord", "D0.03cc", "<=", 45, "Gy", math.nan),
        ("Lung: V20Gy < 30 %", "Lung", "V20Gy", "<", 30, "%", math.nan),
        ("Lung: V20Gy < 300 cm3", "Lung", "V20Gy", "<", 300, "cc", math.nan),
        ("Lung: V20Gy[cc] < 300", "Lung", "V20Gy[cc]", "<", 300, "cc", math.nan),
        ("Liver: CV15Gy >= 700 cc", "Liver", "CV15Gy", ">=", 700, "cc", math.nan),
        ("PTV: D95% ≥ 95 %", "PTV", "D95%", ">=", 95, "%", math.nan),
        ("PTV: D95%[%] > 95 %", "PTV", "D95%[%]", ">", 95, "%", math.nan),
        ("PTV: HI <= .1", "PTV", "HI", "<=", 0.1, "", math.nan),
        ("A: max ≤ 4500 cgy (≤ 5000 cGy)", "A", "max", "<=", 4500, "cGy", 5000),
        ("A: max <= 45 Gy (50 Gy)", "A", "max", "<=", 45, "Gy", 50),
        ("A: gEUD(a=-8) >= 45 Gy ( >= 40 )", "A", "gEUD(a=-8)", ">=", 45, "Gy", 40),
        ("L: R <5>: mean < 5 Gy", "L: R <5>", "mean", "<", 5, "Gy", math.nan),
        ("/^ptv_(60|70)/ : Paddick > 0.8", "/^ptv_(60|70)/", "Paddick", ">", 0.8, "", math.nan),
    ],
)
def test_texts_that_are_goals(text, roi, metric, relation, limit, unit, acceptable):
    goal = parse_goal(text)
    assert (goal.text, goal.roi, goal.metric.name) == (text, roi, metric)
    assert (goal.relation, goal.limit, goal.metric.unit) == (relation, limit, unit)
    assert goal.acceptable == pytest.approx(acceptable, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected ROI, colon"),
        ("PTV D95% >= 66.5 Gy", "expected ROI, colon"),
        ("PTV: D95% 66.5 Gy", "expected ROI, colon"),
        ("PTV: D95% >= Gy", "expected ROI, colon"),
        ("PTV: D95% == 5 Gy", "expected ROI, colon"),
        ("A: max <= 45 Gy (>= 50 Gy)", "what is acceptable"),
        ("A: max <= 45 Gy (<= 40 Gy)", "what is acceptable"),
        ("A: max <= 45 Gy (<= 50 %)", "what is acceptable"),
    ],
)
def test_texts_that_are_none(text, message):
    with pytest.raises(RTXRError, match=message):
        parse_goal(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PTV: D95 >= 66.5 Gy", r"goal 'PTV: D95 >= 66.5 Gy': no metric 'D95'; .*'D95%'"),
        ("PTV: D95% >= 66.5", "'D95%' in no unit: it is a dose, whose unit is Gy or cGy or %"),
        ("PTV: D95% >= 66.5 Gray", "no unit 'Gray'; did you mean 'Gy'"),
        ("PTV: V20Gy >= 66.5 Gy", "it is a volume, whose unit is cc or %"),
        ("PTV: V20Gy[cc] >= 66.5 %", "'V20Gy\\[cc\\]' is in cc and its limit in %"),
        ("PTV: HI <= 0.1 Gy", "it is a number without a unit"),
    ],
)
def test_a_typo_in_a_metric_or_unit_is_an_error(text, message):
    with pytest.raises(UnknownNameError, match=message):
        parse_goal(text)


def test_which_are_met(ds):
    table = rows(
        ds,
        "Cord: max <= 30.01 Gy",
        "Cord: max < 29 Gy (<= 31 Gy)",
        "Cord: max < 2900 cGy (<= 2950 cGy)",
        "Cord: V20Gy >= 4.1 cc",
        "Cord: D95% >= 60 %",
        prescription=20.0,
    )
    assert table["value"].tolist() == pytest.approx([30, 30, 3000, 4.2, 55], abs=0.003)
    assert table["passed"].tolist() == [True, False, False, True, False]
    assert table["status"].tolist() == ["pass", "acceptable", "fail", "pass", "fail"]
    assert table["margin"].tolist() == pytest.approx([0.01, -1, -100, 0.1, -5], abs=0.003)
    assert table["unit"].tolist() == ["Gy", "Gy", "cGy", "cc", "%"]
    assert table.attrs == {"prescription": 20.0, "findings": []}


@given(st.floats(-50, 50), st.sampled_from(["<", "<=", ">", ">="]))
def test_margin_and_status_agree(value, relation):
    goal = parse_goal(f"A: mean {relation} 10 Gy")
    passed = goal.status(value) == "pass"
    margin = goal.margin(value)
    assert passed == (margin > 0 or (margin == 0 and "=" in relation))


@pytest.mark.parametrize("limit", [1e-3, 0.1, 66.5, 30.0])
@pytest.mark.parametrize("off", [-0.9e-9, 0.0, 0.9e-9])
def test_rounding_decides_nothing(limit, off):
    value = limit + off * max(limit, 1.0)
    for relation, met in (("<=", True), (">=", True), ("<", False), (">", False)):
        goal = parse_goal(f"A: mean {relation} {limit} Gy")
        assert (goal.status(value) == "pass") == met
        assert goal.margin(value) == 0
    assert parse_goal(f"A: mean < {limit} Gy").status(limit - 2e-9 * max(limit, 1)) == "pass"
    assert parse_goal("A: mean <= 1 Gy (<= 2 Gy)").status(2 + 1e-9) == "acceptable"


def test_what_is_not_known_is_neither_passed_nor_failed(ds):
    table = rows(ds, "Chord: max <= 45 Gy", "Empty: mean < 5 Gy", "cord: D9cc < 5 Gy")
    assert table["roi"].tolist() == ["Chord", "Empty", "Cord"]
    assert table["passed"].isna().all()
    assert table["status"].isna().all()
    assert table[["value", "margin"]].isna().all(axis=None)
    told = {each["code"]: each["message"] for each in table.attrs["findings"]}
    assert list(told) == ["goal-without-roi", "no-contours", "metric-undefined"]
    assert told["goal-without-roi"] == (
        "goal 'Chord: max <= 45 Gy': there is no ROI 'Chord'; did you mean 'Cord'?"
    )
    assert "no D9cc: only 8.400 cm3" in told["metric-undefined"]
    assert rows(ds, "Chord: max <= 45 Gy").shape == (1, 11)
    assert rows(ds).empty


def test_a_regular_expression_makes_a_row_for_each(ds):
    table = rows(ds, "/^(ptv|cord)/: mean > 5 Gy", "PTV: 60 <a>: mean > 5 Gy")
    assert table["roi"].tolist() == ["PTV: 60 <a>", "Cord", "PTV: 60 <a>"]
    assert table["passed"].all()


def test_percentages_are_not_judged_without_a_prescription(ds):
    table = rows(ds, "Cord: max <= 107 %", "Cord: max <= 900 Gy")
    assert table["value"].isna().tolist() == [True, False]
    assert table["passed"].isna().tolist() == [True, False]
    (told,) = table.attrs["findings"]
    assert told["code"] == "goal-without-prescription"
    assert "none is given; pass prescription=<Gy>" in told["message"]


def test_what_is_not_known_decides_nothing():
    # Half of the box lies above the dose grid: its dose could be anything.
    grid = axial_grid((5, 21, 21), (2.0,) * 3, (-9.0, -20.0, -20.0), "dose_")
    box = {"A": stack(square(10.0), np.arange(-9.0, 10.0, 2.0))}
    case = make_case(box, None, (grid, np.full(grid.shape, 10.0)))
    asked = ["A: V5Gy < 70 %", "A: V5Gy > 30 %", "A: V20Gy < 70 %", "A: mean < 20 Gy"]
    table = evaluate(case, parsed_goals(asked))
    assert table["passed"].tolist()[1:3] == [True, True]
    assert table["passed"].isna().tolist() == [True, False, False, True]
    assert [each["code"] for each in table.attrs["findings"]].count("goal-undecided") == 2
