"""Curves of others as dose to a structure, and what explains that they differ from ours."""

from __future__ import annotations

import numpy as np
import pytest

from rtxr.analysis.statistics.stored_curves import (
    CutOff,
    Pair,
    apart,
    dose_findings,
    end_cap_findings,
    roi_dose_of,
    volume_findings,
)

DOSES = np.linspace(0, 10, 101)


def linear(volume=20.0, lowest=2.0, highest=8.0, doses=DOSES):
    """Volume spread evenly between two doses."""
    part = np.clip((highest - doses) / (highest - lowest), 0, 1)
    return roi_dose_of("A", doses, volume * part)


def test_a_curve_has_the_doses_and_volumes_that_it_shows():
    found = linear()
    assert (found.volume_cc, found.minimum, found.maximum) == (
        20,
        pytest.approx(2),
        pytest.approx(8),
    )
    assert found.mean == pytest.approx(5)
    assert found.dose_at(10) == pytest.approx(5)
    assert found.dose_at(0.95 * 20) == pytest.approx(2.3)
    assert found.volume_at([0, 2, 5, 8.1]).tolist() == pytest.approx([20, 20, 10, 0])


def test_statistics_that_are_stored_come_first():
    doses = np.array([0.0, 1, 2, 3])
    found = roi_dose_of("A", doses, [4, 4, 1, 0], {"min_gy": 1.2, "mean_gy": 1.9, "max_gy": None})
    assert (found.minimum, found.mean, found.maximum) == (1.2, 1.9, 3)


def test_beyond_a_curve_that_was_cut_off_nothing_is_known():
    found = roi_dose_of("A", DOSES[:51], np.clip(20 - 2 * DOSES[:51], 0, 20))
    assert isinstance(found, CutOff)
    assert found.dose_at(12) == pytest.approx(4)
    assert np.isnan(found.dose_at(9))
    assert np.isnan([found.mean, found.maximum]).all()
    np.testing.assert_allclose(found.volume_at([0, 4, 5.1]), [20, 12, np.nan])


def test_a_curve_cut_off_before_it_falls_tells_no_minimum():
    found = roi_dose_of("A", [0.0, 10, 29.5], [1.7, 1.7, 1.7])
    assert np.isnan([found.minimum, found.mean, found.maximum]).all()
    np.testing.assert_allclose(found.volume_at([0, 20, 29.5, 30]), [1.7, 1.7, 1.7, np.nan])
    assert np.isnan(found.dose_at(1.6))


def test_without_a_volume_at_dose_zero_the_whole_is_unknown():
    found = roi_dose_of("A", [0.0, 1, 2, 3], [np.nan, 4, 2, 0])
    assert np.isnan([found.volume_cc, found.mean]).all()
    assert found.volume_at(2) == 2


def test_no_curve_at_all():
    found = roi_dose_of("A", [], [])
    assert np.isnan([found.volume_cc, found.minimum, found.dose_at(1)]).all()


def test_curves_half_a_gray_apart():
    shifted = linear(volume=3.0, lowest=2.5, highest=8.5)
    assert apart([Pair("A", shifted, linear())]) == pytest.approx(0.5, abs=5e-3)
    assert apart([Pair("A", linear(volume=3.0), linear())]) == pytest.approx(0, abs=1e-9)
    assert np.isnan(apart([Pair("A", roi_dose_of("A", [], []), linear())]))


@pytest.mark.parametrize(("stored", "told"), [(18.05, True), (20.1, False), (19.0, False)])
def test_other_end_caps_are_told_where_they_explain_the_volumes(stored, told):
    caps = {"half": {"A": 20.0}, "none": {"A": 18.0}}
    findings = end_cap_findings([Pair("A", linear(stored), linear(20.0))], "half", caps)
    assert bool(findings) == told
    if told:
        assert "closer to end_cap='none'" in findings[0].message


def test_a_curve_that_begins_above_zero_lacks_what_is_below():
    computed = linear(20.0, lowest=0.0, highest=2.0)
    stored = roi_dose_of("A", [0, 0.5, 1, 2], [15, 15, 10, 0])
    (finding,) = volume_findings([Pair("A", stored, computed)], voxel_cc=0.1)
    assert finding.severity == "info"
    assert "15 cm3 have the 0.5 Gy" in finding.message


def test_volumes_that_nothing_explains_are_told_in_voxels():
    assert not volume_findings([Pair("A", linear(19.9), linear())], voxel_cc=0.1)
    (finding,) = volume_findings([Pair("A", linear(15.0), linear())], voxel_cc=0.1)
    assert finding.severity == "warning"
    assert "(150 and 200 voxels of the dose)" in finding.message


def scaled(factor, label="A"):
    return Pair(label, linear(), linear(lowest=2.0 * factor, highest=8.0 * factor, doses=DOSES * 2))


def test_doses_that_differ_are_told():
    assert dose_findings([scaled(1.005)]) == []
    (one,) = dose_findings([scaled(1.1)])
    assert (one.code, one.severity) == ("dvh-dose-differs", "warning")
    assert "'A' 5 and 5.5 Gy" in one.message
    (all_of_them,) = dose_findings([scaled(2.0), scaled(2.0, "B")])
    assert "2 times the stored ones" in all_of_them.message


def test_a_volume_of_nothing_explains_nothing():
    late = np.where(DOSES < 9, 20.0, 0.0)  # begins where the computed curve has ended
    pair = Pair("A", roi_dose_of("A", DOSES, late), linear(volume=60.0))
    (found,) = volume_findings([pair], 0.01)
    assert found.severity == "warning"
