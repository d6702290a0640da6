"""A viewer and a DVH plot that follow each other."""

from __future__ import annotations

import math

import pytest

import rtxr
from rtxr.errors import RTXRError


@pytest.fixture
def both(patient):
    view = patient.rt.view()
    dvh = patient.rt.plot_dvh(["PTV_70", "Lung_L"], static=False)
    yield view, dvh
    view.close()
    dvh.close()


def test_each_highlights_what_the_other_does(both):
    view, dvh = both
    linked = rtxr.link(view, dvh)
    dvh.roi = "PTV_70"
    assert view.roi == "PTV_70"
    view.roi = "Lung_L"
    assert dvh.roi == "Lung_L"
    view.roi = "BODY"  # which has no curve
    assert view.roi == "BODY"
    dvh.roi = "Lung_L"
    linked.unlink()
    view.roi = "PTV_70"
    assert dvh.roi == "Lung_L"


def test_the_dose_at_the_cross_hair_is_on_the_axis(both, patient):
    view, dvh = both
    view.position = {"x": 0.0, "y": 0.0, "z": 12.0}
    rtxr.link(view, dvh)
    expected = float(patient.dose.interp(dose_x=0, dose_y=0, dose_z=12))
    assert view.dose_at == pytest.approx(expected)
    assert dvh.dose == pytest.approx(expected, abs=0.01)
    view.jump("PTV_70")
    assert dvh.dose == pytest.approx(view.dose_at, abs=0.01)
    assert dvh.roi == "PTV_70"
    view.dose = ""
    assert math.isnan(dvh.dose)


def test_what_was_highlighted_before_stays(both):
    view, dvh = both
    dvh.roi = "Lung_L"
    rtxr.link(view, dvh)
    assert (view.roi, dvh.roi) == ("Lung_L", "Lung_L")


def test_the_other_way_round_is_told(both):
    view, dvh = both
    with pytest.raises(RTXRError, match=r"no viewer: DVHWidget; call rtxr\.link"):
        rtxr.link(dvh, view)
    with pytest.raises(RTXRError, match=r"no DVH plot: Axes"):
        rtxr.link(view, view.snapshot().axes[0])
