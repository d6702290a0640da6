"""A value of each VR is told in words."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from rtxr.iod.build import build
from rtxr.iod.private_rows import VRS
from rtxr.iod.tables import IODS
from rtxr.iod.values.words import _WORDS, value_of_vr


def test_the_words_are_of_vrs():
    assert {vr for vr in _WORDS if " or " not in vr} <= {*VRS, "SQ"}
    assert value_of_vr("LO").startswith("a text of at most 64 characters without line ends")


@pytest.mark.parametrize(
    ("keyword", "value", "told", "wanted"),
    [
        ("SeriesDescription", 5, "it is a int", "give a text"),
        ("NumberOfFrames", "many", "it is a str", "give a whole number"),
    ],
)
def test_a_value_that_does_not_fit_says_what_it_is_and_what_is_wanted(keyword, value, told, wanted):
    found = build(IODS["RTDOSE"], Dataset(), {keyword: value}).violations
    (flaw,) = (each for each in found if keyword in each.attribute and each.code == "bad-value")
    assert told in flaw.message
    assert flaw.fix.startswith(wanted)
