"""Doses as a person writes them."""

from __future__ import annotations

import pytest

from rtxr.errors import RTXRError
from rtxr.view.widgets.viewer.levels import FullDose


@pytest.mark.parametrize(
    ("written", "gray"),
    [(20, 20.0), (0.5, 0.5), ("20", 20.0), ("20 Gy", 20.0), ("95%", 57.0), (" 50.5 % ", 30.3)],
)
def test_a_level_is_gray_or_percent_of_the_full_dose(written, gray):
    assert FullDose(60.0, "plan").level(written) == pytest.approx(gray)


@pytest.mark.parametrize("wrong", ["", "high", "-5", -5, True, "95 %%", "1e3", None, float("nan")])
def test_what_is_no_dose_is_said(wrong):
    with pytest.raises(RTXRError, match=r"is no dose: give Gy such as 20 .* or '95%'"):
        FullDose(60.0, "plan").level(wrong)


def test_levels_are_sorted_and_each_there_once():
    assert FullDose(50.0, "given").levels(["100%", 20, "40%", 0, "50 Gy"]) == [20.0, 50.0]
