"""Decimal strings: 16 characters, the least loss they allow."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.iod.values.decimal_strings import ds_string, value_fields

_DS = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (-102.134, "-102.134"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.33333333333333"),
        (-1 / 3, "-0.3333333333333"),
        (2 / 3e5, "6.66666666667e-6"),
        (1e22, "1e+22"),
        (123456789.123456789, "123456789.123457"),
        (1234567890123456789.0, "1.23456789012e18"),
    ],
)
def test_known_strings(value, text):
    assert ds_string(value) == text


@given(st.floats(-1e300, 1e300))
def test_every_number_has_a_string_that_is_near(value):
    text = ds_string(value)
    assert len(text) <= 16
    assert _DS.fullmatch(text)
    # Nine digits always fit beside a sign, a point and an exponent.
    assert float(text) == pytest.approx(value, rel=1e-8, abs=5e-324)
    if len(repr(value)) <= 16:
        assert float(text) == value


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_many_at_once_are_as_near_as_one_by_one(values):
    (field,) = value_fields([values])
    texts = field.decode("ascii").rstrip(" ").split("\\")
    for text, value in zip(texts, values, strict=True):
        assert len(text) <= 16
        loss = abs(float(ds_string(value)) - value)
        assert abs(float(text) - value) <= loss + 2 * np.spacing(abs(value))


def test_fields_are_joined_and_even():
    points = np.array([[0.5, 1.0], [-2.25, 1.0]])
    fields = value_fields([[1.0, -2.25], np.empty((0, 3)), points])
    assert fields == [b"1.0\\-2.25 ", b"", b"0.5\\1.0\\-2.25\\1.0 "]
    assert value_fields([]) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="decimal string"):
        ds_string(value)
    with pytest.raises(ValueError, match="decimal string"):
        value_fields([[1.0], [1.0, value]])
