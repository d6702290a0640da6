"""Scans past midnight: dates that are right, missing, or the same on both sides of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from read.pet_series import ABSENT, FULL, HALF_LIFE, codes, message, opener, pet
from rtxr.errors import ConflictingDataError
from rtxr.read.suv.uptake import suv

TIMES = ["235500", "235900", "000300"]
#: From the injection at 22:55, s.
SINCE = np.array([3600, 3840, 4080])
CLOCK = {"RadiopharmaceuticalStartTime": "225500"}
FULL_DATE = {"RadiopharmaceuticalStartDateTime": "20200101225500"}
RIGHT = ["20200101", "20200101", "20200102"]
#: Dates > elements.
DATES: dict[str, dict[str, Any]] = {
    "none of slices": {"AcquisitionDate": ABSENT},
    "none": {"AcquisitionDate": ABSENT, "SeriesDate": ABSENT, "StudyDate": ""},
    "first day": {"AcquisitionDate": "20200101"},
    "second day": {"AcquisitionDate": "20200102"},
    "constant, none of series": {"AcquisitionDate": "20200101", "SeriesDate": ABSENT},
    "some": {"AcquisitionDate": lambda at: RIGHT[at] if at != 1 else ABSENT},
    "right": {"AcquisitionDate": lambda at: RIGHT[at]},
    "right, none of series": {"AcquisitionDate": lambda at: RIGHT[at], "SeriesDate": ABSENT},
    "in one element": {
        "AcquisitionDate": ABSENT,
        "AcquisitionDateTime": lambda at: RIGHT[at] + TIMES[at],
    },
}
SAID = {"some", "right", "right, none of series", "in one element"}


@pytest.fixture
def opened(tmp_path: Path):
    return opener(tmp_path)


def past_midnight(isotope: dict[str, Any], **elements: Any):
    series = {
        "SeriesDate": "20200101",
        "StudyDate": "20200101",
        "SeriesTime": "235500",
        "AcquisitionTime": lambda at: TIMES[at],
    }
    return pet(isotope, **{**series, **elements})


def is_dateless(dates: str, isotope: dict[str, Any]) -> bool:
    """Whether the date of the injection is the only one."""
    return dates == "none" and isotope is FULL_DATE


@pytest.mark.parametrize("isotope", [CLOCK, FULL_DATE], ids=["clock", "date"])
@pytest.mark.parametrize("dates", DATES)
def test_start(opened, dates, isotope):
    found = suv(opened(past_midnight(isotope, **DATES[dates])))
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (3600 / HALF_LIFE), rel=1e-12)
    assert found.attrs["decay_reference"] == "SeriesTime"
    expected = [] if dates in SAID else ["suv-past-midnight"]
    if isotope is CLOCK or is_dateless(dates, isotope):
        expected.append("suv-injection-date")
    assert codes(found) == expected


@pytest.mark.parametrize("isotope", [CLOCK, FULL_DATE], ids=["clock", "date"])
@pytest.mark.parametrize("start", ["235500", ABSENT], ids=["series", "slices"])
@pytest.mark.parametrize("dates", DATES)
def test_none(opened, dates, start, isotope):
    elements = {**DATES[dates], "SeriesTime": start}
    ds = opened(past_midnight(isotope, DecayCorrection="NONE", CorrectedImage=["ATTN"], **elements))
    found = suv(ds)
    np.testing.assert_allclose(found.attrs["factor"], FULL * 2 ** (SINCE / HALF_LIFE), rtol=1e-12)
    assert ("suv-past-midnight" in codes(found)) == (dates not in SAID)


@pytest.mark.parametrize("dates", DATES)
def test_admin(opened, dates):
    found = suv(opened(past_midnight(CLOCK, DecayCorrection="ADMIN", **DATES[dates])))
    assert found.attrs["factor"] == pytest.approx(FULL, rel=1e-12)
    assert codes(found) == []


def test_the_message_counts_the_slices(opened):
    found = suv(opened(past_midnight(CLOCK, **DATES["first day"])))
    assert "1 slice(s)" in message(found, "suv-past-midnight")


def test_all_slices_after_midnight(opened):
    times = ["000300", "000700", "001100"]
    ds = opened(past_midnight(CLOCK, AcquisitionDate=ABSENT, AcquisitionTime=lambda at: times[at]))
    assert suv(ds).attrs["factor"] == pytest.approx(FULL * 2 ** (3600 / HALF_LIFE), rel=1e-12)
    assert "3 slice(s)" in message(suv(ds), "suv-past-midnight")


@pytest.mark.parametrize("isotope", [CLOCK, FULL_DATE], ids=["clock", "date"])
def test_a_series_made_after_midnight(opened, isotope):
    """Slices without a date are not a day later than a series that was made two hours later."""
    ds = opened(
        past_midnight(isotope, AcquisitionDate=ABSENT, SeriesDate="20200102", SeriesTime="020000")
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (3600 / HALF_LIFE), rel=1e-12)
    assert found.attrs["decay_reference"] == "earliest AcquisitionTime"


@pytest.mark.parametrize("date", ["20200101", ABSENT], ids=["date", "no date"])
def test_a_series_made_in_the_evening_of_a_scan_in_the_morning(opened, date):
    ds = opened(
        past_midnight(
            {"RadiopharmaceuticalStartTime": "063000"},
            AcquisitionDate=date,
            AcquisitionTime="073000",
            SeriesTime="203000",
        )
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (3600 / HALF_LIFE), rel=1e-12)
    assert "suv-past-midnight" not in codes(found)


@pytest.mark.parametrize("dates", DATES)
def test_an_injection_after_midnight_into_the_scan(opened, dates):
    isotope = {"RadiopharmaceuticalStartTime": "000100"}
    found = suv(opened(past_midnight(isotope, **DATES[dates])))
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (-360 / HALF_LIFE), rel=1e-12)
    assert "suv-injection-in-scan" in codes(found)


def test_dates_that_put_hours_between_series_and_scan_are_refused(opened):
    """The dates of the slices are their own, so the series was made a day before they were."""
    ds = opened(
        past_midnight(
            {"RadiopharmaceuticalStartDateTime": "20200102225500"},
            AcquisitionDate="20200102",
            AcquisitionTime="235500",
        )
    )
    with pytest.raises(ConflictingDataError, match="than the scan is long"):
        suv(ds)
