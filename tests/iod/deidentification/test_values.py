from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.tag import Tag

from rtxr.iod.deidentification.values import DUMMIES, dummy, shifted
from rtxr.iod.values.allowed import flaw


@pytest.mark.parametrize(
    ("text", "days", "expected"),
    [
        ("20240229", -366, "20230228"),
        ("20240229", 1, "20240301"),
        ("2024.02.29", 1, "20240301"),
        ("20240229123456.123456+0100", 1, "20240301123456.123456+0100"),
        ("20240229 ", 1, "20240301"),
        ("00010101", -1, None),
        ("99991231", 1, None),
        ("20240230", 1, None),
        ("2024", 1, None),
        ("202402", 1, None),
        ("", 1, None),
        ("yesterday", 1, None),
    ],
)
def test_shifted(text, days, expected):
    assert shifted(text, days) == expected


@given(
    st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    st.integers(0, 20000),
    st.integers(-3650, 3650),
)
def test_intervals_and_times_stay(first, later, days):
    texts = [f"{day:%Y%m%d}061500" for day in (first, first + timedelta(days=later))]
    moved = [datetime.strptime(shifted(text, days), "%Y%m%d%H%M%S") for text in texts]
    assert moved[1] - moved[0] == timedelta(days=later)
    assert (moved[0].date() - first).days == days
    assert f"{moved[0]:%H%M%S}" == "061500"


@pytest.mark.parametrize("vr", sorted(set(DUMMIES) - {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}))
def test_dummies_are_values_of_their_vr(vr):
    assert not flaw(DataElement(Tag(0x0009, 0x1001), vr, dummy(vr)))


def test_of_several_vrs_the_first():
    assert dummy("US or SS") == 0
