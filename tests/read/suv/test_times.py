"""Instants that values are decay corrected to, and of the injection, through the factor to SUV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from read.pet_series import ABSENT, FULL, HALF_LIFE, codes, message, opener, pet
from rtxr import model
from rtxr.errors import ConflictingDataError, MissingDataError
from rtxr.read.suv.uptake import suv


@pytest.fixture
def opened(tmp_path: Path):
    return opener(tmp_path)


# --- which instant -----------------------------------------------------------------------------
def test_a_series_made_later_is_corrected_to_the_earliest_acquisition(opened):
    times = ["115000", "114000", "120000"]
    ds = opened(pet(SeriesTime="180000", AcquisitionTime=lambda at: times[at]))
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert found.attrs["decay_reference"] == "earliest AcquisitionTime"
    assert "suv-reference-time" in codes(found)
    part = suv(ds.isel(z=[0]))  # the earliest acquisition of the series, not of what is left
    assert part.attrs["factor"] == found.attrs["factor"]


def test_frame_reference_times_tell_the_start_of_a_series_made_later(opened):
    """The acquisition of the first slice began ten minutes into the scan, as after an injection."""
    rate = np.log(2) / HALF_LIFE
    inside = np.log(rate * 120 / (1 - np.exp(-rate * 120))) / rate
    times = ["115000", "115200", "115400"]
    ds = opened(
        pet(
            SeriesTime="180000",
            AcquisitionTime=lambda at: times[at],
            ActualFrameDuration=120_000,
            FrameReferenceTime=lambda at: 1000 * (600 + 120 * at + inside),
            DecayFactor=lambda at: 2 ** ((600 + 120 * at + inside) / HALF_LIFE),
        )
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-9)
    assert "FrameReferenceTime" in found.attrs["decay_reference"]
    assert "suv-decay-factor" not in codes(found)


def test_frame_reference_times_that_disagree_are_not_used(opened):
    ds = opened(
        pet(
            SeriesTime="180000",
            ActualFrameDuration=120_000,
            FrameReferenceTime=lambda at: 1000 * (60 + 500 * at),
        )
    )
    assert suv(ds).attrs["decay_reference"] == "earliest AcquisitionTime"


def test_scan_time_of_ge_comes_first_in_a_series_made_later(opened):
    scan = (0x0009, "GEMS_PETD_01", 0x0D, "DT", "20200102114000.00")
    ds = opened(pet(SeriesTime="180000", AcquisitionTime="115500", private=[scan]))
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert "GE" in found.attrs["decay_reference"]


def test_a_stated_instant_comes_before_all(opened):
    ds = opened(pet(DecayCorrectionDateTime="20200102100000"))
    assert suv(ds).attrs["factor"] == pytest.approx(FULL, rel=1e-12)
    given = suv(ds, DecayCorrectionDateTime="20200102132000")
    assert given.attrs["factor"] == pytest.approx(4 * FULL, rel=1e-12)


def test_decay_factors_that_contradict_the_instant_are_a_finding(opened):
    ds = opened(pet(ActualFrameDuration=1000, DecayFactor=2.0))
    assert "100 minutes before" in message(suv(ds), "suv-decay-factor")
    assert "by 100 %" in message(suv(ds), "suv-decay-factor")


def test_series_without_dates_go_by_the_clock(opened):
    gone = dict.fromkeys(["SeriesDate", "AcquisitionDate", "StudyDate"], ABSENT)
    slices = pet(**gone)
    for ds in slices:
        del ds.StudyDate
    assert suv(opened(slices)).attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)


def test_series_without_any_time_are_refused(opened):
    ds = opened(pet(SeriesTime=ABSENT, AcquisitionTime=ABSENT))
    with pytest.raises(MissingDataError, match="DecayCorrectionDateTime"):
        suv(ds)
    assert suv(ds, SeriesTime="114000").attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)


# --- the injection -----------------------------------------------------------------------------
def test_an_injection_before_midnight(opened):
    ds = opened(
        pet(
            {"RadiopharmaceuticalStartTime": "230000"},
            SeriesTime="004000",
            AcquisitionTime="004000",
        )
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert codes(found) == ["suv-injection-date", "suv-past-midnight"]


def test_an_injection_date_that_cannot_be_is_replaced_by_the_clock(opened):
    """As where the dates of a series were shifted, and that inside the sequence was not."""
    ds = opened(pet({"RadiopharmaceuticalStartDateTime": "20150711100000"}))
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(2 * FULL, rel=1e-12)
    assert model.findings_of(found)[0].severity == "warning"
    assert "2015" not in found.attrs[model.FINDINGS_ATTR]
    with pytest.raises(ConflictingDataError, match="half-lives"):
        suv(ds, RadiopharmaceuticalStartDateTime="20150711100000")
    assert suv(ds, RadiopharmaceuticalStartTime="082000").attrs["factor"] == pytest.approx(4 * FULL)


def test_an_injection_after_the_scan_is_refused(opened):
    """Taken for the day before it would be fourteen half-lives away."""
    ds = opened(pet({"RadiopharmaceuticalStartTime": "120000"}))
    with pytest.raises(ConflictingDataError, match="after the scan"):
        suv(ds)


def test_a_missing_injection_time_is_named(opened):
    ds = opened(pet({"RadiopharmaceuticalStartTime": ABSENT}))
    with pytest.raises(MissingDataError, match=r"\(0018,1078\) RadiopharmaceuticalStartDateTime"):
        suv(ds)


def test_an_injection_into_the_scan_is_a_warning(opened):
    times = ["114000", "115000", "120000"]
    ds = opened(
        pet({"RadiopharmaceuticalStartTime": "114500"}, AcquisitionTime=lambda at: times[at])
    )
    found = suv(ds)
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (-300 / HALF_LIFE), rel=1e-12)
    severities = {each.code: each.severity for each in model.findings_of(found)}
    assert severities["suv-injection-in-scan"] == "warning"


@pytest.mark.parametrize(
    "injected",
    [
        {"RadiopharmaceuticalStartTime": "170000"},
        {"RadiopharmaceuticalStartDateTime": "20200102170000"},
    ],
)
def test_an_injection_further_after_the_reference_than_the_scan_is_long(opened, injected):
    """Values cannot be corrected to an instant hours before a scan of twenty minutes."""
    times = ["180000", "181000", "182000"]
    ds = opened(pet(injected, AcquisitionTime=lambda at: times[at]))
    with pytest.raises(ConflictingDataError, match="than the scan is long"):
        suv(ds)
    found = suv(ds, DecayCorrectionDateTime="20200102180000")
    assert found.attrs["factor"] == pytest.approx(FULL * 2 ** (3600 / HALF_LIFE), rel=1e-12)
