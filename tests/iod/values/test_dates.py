"""Dates and times of Python, numpy and pandas as text."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from rtxr.iod.encoding.raw import make
from rtxr.iod.values.dates import dated

MOMENT = datetime.datetime(2026, 1, 31, 10, 11, 12)


@pytest.mark.parametrize("kind", [lambda m: m, pd.Timestamp, np.datetime64])
def test_moments(kind):
    assert dated(kind(MOMENT), "DA") == "20260131"
    assert dated(kind(MOMENT), "TM") == "101112"
    assert dated(kind(MOMENT), "DT") == "20260131101112"


def test_fractions_of_a_second_are_kept_where_there_are_any():
    moment = MOMENT.replace(microsecond=500)
    assert dated(moment, "TM") == "101112.000500"
    assert dated(moment, "DT") == "20260131101112.000500"
    assert dated(moment, "DA") == "20260131"


def test_dates_and_times_alone_and_lists():
    assert dated(MOMENT.date(), "DA") == "20260131"
    assert dated(MOMENT.time(), "TM") == "101112"
    assert dated([MOMENT, MOMENT.date()], "DA") == ["20260131"] * 2


@pytest.mark.parametrize(
    ("value", "vr"), [("x", "DA"), (None, "TM"), (MOMENT.date(), "TM"), (MOMENT, "LO"), (3, "DA")]
)
def test_anything_else_stays(value, vr):
    assert dated(value, vr) is value


def test_elements_take_them():
    assert make("StudyDate", pd.Timestamp(MOMENT)).value == "20260131"
    assert make("StudyTime", MOMENT.time()).value == "101112"
