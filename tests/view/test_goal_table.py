"""The HTML of a table of goals."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from rtxr.view.goal_table import ROWS, GoalTable, summary


def table(count=1):
    rows = [
        ["Cord <b>", "max", "<=", 45.0, "Gy", 44.5, 0.5, "pass"],
        ["Cord", "max", "<=", 45.0, "Gy", 46.0, -1.0, "acceptable"],
        ["PTV", "HI", "<", 0.1, "", 0.1234, -0.0234, "fail"],
        ["Heart", "V5Gy", "<", 30.0, "%", float("nan"), float("nan"), pd.NA],
    ]
    columns = ["roi", "metric", "relation", "limit", "unit", "value", "margin", "status"]
    return GoalTable(rows * count, columns=columns)


def test_each_status_has_a_symbol_a_word_and_a_colour():
    html = table()._repr_html_()
    found = re.findall(r"solid (#\w{6});[^>]*>(\S) (\w+)<", html)
    assert found == [
        ("#0072b2", "✓", "pass"),
        ("#e69f00", "≈", "acceptable"),
        ("#d55e00", "✗", "fail"),
        ("#808080", "?", "unknown"),
    ]
    assert "Cord &lt;b&gt;" in html
    assert "<b>" not in html
    assert "max ≤ 45 Gy" in html
    assert "V5Gy &lt; 30 %" in html
    assert "+0.50 Gy" in html
    assert "0.123<" in html
    assert "–" in html


def test_what_is_acceptable_is_shown_where_there_is_any():
    goals = table().assign(acceptable=[50.0, float("nan"), 0.15, float("nan")])
    html = goals._repr_html_()
    assert "max ≤ 45 Gy (≤ 50 Gy)<" in html
    assert "max ≤ 45 Gy<" in html
    assert "HI &lt; 0.1 (&lt; 0.15)<" in html
    assert "nan" not in html


@pytest.mark.parametrize(
    ("limit", "value", "margin", "acceptable", "texts"),
    [
        (66.5, 66.497, -0.003, 60.0, ["66.497 Gy", "-0.003 Gy"]),
        (66.5, 63.99996, -2.50004, 64.0, ["63.99996 Gy", "-2.50004 Gy"]),
        (66.5, 66.5, 0.0, 60.0, ["66.50 Gy", "+0.00 Gy"]),
        (66.5, 70.123, 3.623, float("nan"), ["70.12 Gy", "+3.62 Gy"]),
        (1234.5678, 1200.0, -34.5678, float("nan"), ["≥ 1234.5678 Gy", "1200.00 Gy", "-34.57 Gy"]),
    ],
)
def test_a_value_never_looks_like_a_limit_that_it_misses(limit, value, margin, acceptable, texts):
    row = ["PTV", "D95%", ">=", limit, "Gy", value, margin, acceptable, "fail"]
    columns = [*table().columns[:7], "acceptable", "status"]
    html = GoalTable([row], columns=columns)._repr_html_()
    for text in texts:
        assert f">{text}<" in html or f" {text}<" in html


def test_prescriptions_by_roi_are_told():
    goals = table()
    goals.attrs = {"prescription": {"PTV": 50.0, "Boost": 66.5}, "prescription_source": "given"}
    assert summary(goals).endswith("; prescription PTV 50 Gy, Boost 66.5 Gy (given)")


def test_the_sentence_above():
    goals = table()
    goals.attrs = {"prescription": 70.0, "prescription_source": "given", "findings": [{}]}
    assert summary(goals) == (
        "1 of 4 goals met; 1 acceptable; 1 missed; 1 not known; prescription 70 Gy (given); "
        "1 findings in attrs"
    )
    assert summary(goals) in goals._repr_html_()


def test_levels_of_the_index_are_columns():
    goals = pd.concat({"P1/a<b": table()}, names=["case"])
    assert isinstance(goals, GoalTable)
    html = goals._repr_html_()
    assert ">case<" in html
    assert html.count("P1/a&lt;b") == 4


def test_a_part_of_it_is_a_plain_table():
    html = table()[["roi", "value"]]._repr_html_()
    assert "✓" not in html
    assert "dataframe" in html
    assert "✓" in table().iloc[:1]._repr_html_()
    with pd.option_context("display.notebook_repr_html", False):
        assert table()._repr_html_() is None


def test_long_tables_are_cut():
    html = table(count=ROWS)._repr_html_()
    assert html.count("<tr>") == ROWS + 1
    assert f"... and {3 * ROWS} more" in html


def test_text_is_that_of_pandas():
    assert repr(table()) == repr(pd.DataFrame(table()))


@pytest.mark.parametrize("rows", [0, 1])
def test_short_tables(rows):
    assert f"of {rows} goals met" in table().iloc[:rows]._repr_html_()
