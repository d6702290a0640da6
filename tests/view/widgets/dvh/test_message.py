"""What a page is told of curves."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from rtxr.view import dvh_curves
from rtxr.view.colors import luminance
from rtxr.view.goal_marks import GoalMark
from rtxr.view.goal_table import STYLES
from rtxr.view.widgets.dvh.message import MOST, message


def dvhs(curves, dose, **options):
    table = pd.DataFrame(curves, index=pd.Index(dose, name="dose_gy"))
    return dvh_curves.gathered({"": table}, **options)


def read(values, block, at):
    told = values["curves"][at]
    numbers = np.frombuffer(block, "<f4")
    return [numbers[begin : begin + count] for begin, count in (told["doses"], told["volumes"])]


def test_numbers_are_those_of_the_curves_up_to_where_they_end():
    curves = {"PTV": [4.0, 3.0, 1.0, 0.0, 0.0], "Lung": [9.0, 2.0, 0.0, 0.0, 0.0]}
    values, block = message(dvhs(curves, np.arange(5.0)), ())
    doses, volumes = read(values, block, 0)
    assert doses.tolist() == [0, 1, 2, 3]
    assert volumes.tolist() == [4, 3, 1, 0]
    assert read(values, block, 1)[1].tolist() == [9, 2, 0]
    assert values["ends"] == [pytest.approx(2 * 1.02), None]
    assert (values["unit"], values["prescription"]) == ("Gy", None)


def test_an_axis_that_curves_share_is_sent_once():
    curves = {f"ROI {at}": np.linspace(at + 1, 0.1, 1000) for at in range(40)}
    _, block = message(dvhs(curves, np.arange(1000.0)), ())
    assert len(block) == 41 * 1000 * 4


def test_long_curves_are_thinned_without_losing_a_step():
    dose = np.arange(200_000) * 0.01
    volume = np.where(dose < 3.0, 10.0, np.where(dose < 3.01, 5.0, 1e-3))
    values, block = message(dvhs({"CTV": volume}, dose), ())
    doses, volumes = read(values, block, 0)
    assert len(doses) <= MOST
    at = np.array([2.99, 3.5, 1500.0])
    np.testing.assert_allclose(
        np.interp(at, doses, volumes), np.interp(at, dose, volume), rtol=1e-3
    )
    smooth = 10 * np.exp(-dose / 400)
    doses, volumes = read(*message(dvhs({"CTV": smooth}, dose), ()), 0)
    np.testing.assert_allclose(np.interp(dose[:-1], doses, volumes), smooth[:-1], rtol=1e-5)


def test_what_json_cannot_say_is_null():
    mark = GoalMark("PTV", "mean ≤ 3 Gy", {"computed": ("pass", "1.20 Gy")})
    values, _ = message(dvhs({"PTV": [4.0, 2.0, 1.0]}, np.arange(3.0)), [mark])
    told = json.loads(json.dumps(values, allow_nan=False))
    assert told["goals"] == [
        {
            "roi": 0,
            "name": "PTV",
            "text": "mean ≤ 3 Gy",
            "dose": None,
            "share": None,
            "way": "",
            "results": [["pass", "1.20 Gy"]],
        }
    ]
    assert told["curves"][0]["cut"] is True  # the table ends before the curve
    assert told["curves"][0]["max"] is None


def test_colours_suit_the_page():
    colors = {"PTV": "#ffff00", "Cord": "#000080"}
    values, _ = message(
        dvhs({"PTV": [4.0, 0.0], "Cord": [2.0, 0.0]}, [0.0, 1.0], colors=colors), ()
    )
    first, second = values["rois"]
    assert (first["dark"], second["light"]) == ("#ffff00", "#000080")
    assert first["light"] != "#ffff00"
    assert second["dark"] != "#000080"


def test_a_status_can_be_seen_in_both_themes():
    values, _ = message(dvhs({"PTV": [4.0, 0.0]}, [0.0, 1.0]), ())
    assert {status: told[0] for status, told in values["signs"].items()} == {
        status: sign for status, (sign, _) in STYLES.items()
    }
    for _, light, dark in values["signs"].values():
        assert luminance(light) < 0.45
        assert (luminance(dark) + 0.05) / (luminance("#111111") + 0.05) > 4.5


def test_numbers_are_numbers():
    values, _ = message(dvhs({"PTV": [4.0, 0.0]}, [0.0, 1.0], prescriptions={"": 2.0}), ())
    (told,) = values["curves"]
    assert told["prescription"] == 2
    assert told["whole"] == pytest.approx(4)
    assert all(math.isfinite(told[name]) for name in ("inside", "min", "mean", "max"))
