"""What metrics have to do with each other, whatever the dose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.metric_kinds import MetricInput
from rtxr.analysis.statistics.metric_names import parse_metric


@st.composite
def structures(draw):
    """Cumulative curves that fall from their volume to nothing."""
    count = draw(st.integers(2, 30))
    steps = draw(st.lists(st.floats(0.01, 5), min_size=count, max_size=count))
    parts = draw(st.lists(st.floats(0.01, 5), min_size=count, max_size=count))
    doses = np.concatenate([[0.0], np.cumsum(steps)]) + draw(st.floats(0.1, 60))
    below = np.concatenate([[0.0], np.cumsum(parts)])
    middle = (doses[1:] + doses[:-1]) / 2
    mean = float(np.average(middle, weights=parts))
    volume = float(below[-1])
    return RoiDose("A", doses, volume - below, volume, 0.0, doses[0], doses[-1], mean)


def value(name, roi, **options):
    return parse_metric(name).value(MetricInput(roi, **options))


@given(structures(), st.floats(0, 120))
def test_hot_and_cold_volume_are_the_whole(roi, dose):
    hot, cold = value(f"V{dose:.3f}Gy", roi), value(f"CV{dose:.3f}Gy", roi)
    assert hot + cold == pytest.approx(100)
    absolute = value(f"V{dose:.3f}Gy[cc]", roi) + value(f"CV{dose:.3f}Gy[cc]", roi)
    assert absolute == pytest.approx(roi.volume_cc)


@given(structures(), st.integers(0, 1000))
def test_hot_and_complement_dose_meet(roi, permille):
    part = permille / 10
    hot = value(f"D{part:.1f}%", roi)
    assert value(f"DC{100 - part:.1f}%", roi) == pytest.approx(hot, abs=1e-6)
    assert roi.minimum <= hot <= roi.maximum
    in_percent = value(f"D{part:.1f}%[%]", roi, prescription=50.0)
    assert in_percent == pytest.approx(2 * hot)


@given(structures(), st.lists(st.sampled_from([-20, -8, -1, 0.5, 1, 2, 8, 40]), min_size=2))
def test_geud_grows_with_a_between_the_extremes(roi, powers):
    found = [value(f"gEUD(a={a:g})", roi) for a in sorted(powers)]
    assert (np.diff(found) >= -1e-9).all()
    assert all(roi.minimum <= each <= roi.maximum for each in found)
    assert value("gEUD(a=1)", roi) == pytest.approx(roi.mean)


@given(structures(), st.floats(0.1, 100), st.floats(0, 2))
def test_paddick_is_coverage_by_spill(roi, prescription, spill):
    inside = float(roi.volume_at(prescription))
    isodose = inside * (1 + spill) + 1e-3
    options = {"prescription": prescription, "isodose": lambda _: isodose}
    index = value("Paddick", roi, **options)
    assert 0 <= index <= 1
    assert value("CI", roi, **options) == pytest.approx(isodose / roi.volume_cc)
    coverage = inside / roi.volume_cc
    assert index == pytest.approx(coverage * inside / isodose)


def test_without_an_isodose_anywhere_nothing_conforms():
    roi = RoiDose("A", np.array([1.0, 2.0]), np.array([5.0, 0.0]), 5.0, 0.0, 1.0, 2.0, 1.5)
    options = {"prescription": 3.0, "isodose": lambda _: 0.0}
    assert value("Paddick", roi, **options) == value("CI", roi, **options) == 0


@given(structures())
def test_all_of_a_structure_and_nothing_of_it_are_the_extremes(roi):
    assert value("D100%", roi) == value("min", roi)
    assert value("DC0%", roi) == value("min", roi)
    assert value("D0%", roi) == value("max", roi)
