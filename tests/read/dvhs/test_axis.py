"""What the dose of a bin is, and the unit of the stored statistics, from what is stored."""

from __future__ import annotations

import numpy as np
import pytest

from read.stored_dvhs import case_with, codes, dvh_item, messages
from rtxr.errors import UnknownNameError
from rtxr.read.rt_dose import stored_dvh

WIDTH, TOPS = 0.05, (2.0, 6.0, 14.0)
EDGES = [("left", 0.0), ("centre", 0.5), ("right", 1.0)]


def curves(place, percent_of=None, **elements):
    """DVHs 1 - (D / top)^2, of mean 2/3 of the top, with volumes at one place of their bins."""
    unit = percent_of / 100 if percent_of else 1
    found = []
    for roi, top in enumerate(TOPS, start=1):
        at = (np.arange(400) + place) * WIDTH
        volumes = np.clip(1 - (at / top) ** 2, 0, None) * 30
        statistics = {
            "DVHMinimumDose": 0,
            "DVHMeanDose": f"{top * 2 / 3 / unit:.10g}",
            "DVHMaximumDose": f"{top / unit:.10g}",
        }
        found.append(dvh_item(np.round(volumes, 9), WIDTH, roi, **(statistics | elements)))
    return found


@pytest.mark.parametrize(("name", "place"), EDGES)
@pytest.mark.parametrize("percent_of", [None, 14.0])
def test_stored_means_tell_what_a_bin_is_and_in_which_unit(tmp_path, place, name, percent_of):
    table = stored_dvh(case_with(tmp_path, *curves(place, percent_of)))
    assert (table.attrs["edge"], table.attrs["edge_source"]) == (name, "means")
    assert table.index[1] == pytest.approx(place * WIDTH or WIDTH)
    told = messages(table, "dvh-statistics-units")
    assert bool(told) == bool(percent_of)
    if percent_of:
        assert "percent of 14 Gy" in told[0]
    for facts, top in zip(table.attrs["rois"].values(), TOPS, strict=True):
        assert facts["mean_gy"] == pytest.approx(top * 2 / 3)
        assert (facts["min_gy"], facts["max_gy"]) == (0, pytest.approx(top))
        assert facts["maximum"] == pytest.approx(100 * top / percent_of if percent_of else top)


@pytest.mark.parametrize(("name", "place"), EDGES)
def test_the_axis_is_what_the_caller_says(tmp_path, name, place):
    ds = case_with(tmp_path, *curves(0.5))
    table = stored_dvh(ds, edge=name)
    assert (table.attrs["edge"], table.attrs["edge_source"]) == (name, "given")
    assert table.index[1] == pytest.approx(place * WIDTH or WIDTH)
    assert ("dvh-dose-axis" in codes(table)) == (name != "centre")


def test_no_other_edges(tmp_path):
    with pytest.raises(UnknownNameError, match="'centre'"):
        stored_dvh(case_with(tmp_path, *curves(0.5)), edge="center")


@pytest.mark.parametrize("elements", [{"DVHMeanDose": None}, {"DVHMeanDose": 0}])
def test_without_means_the_left_edge_is_assumed_and_said(tmp_path, elements):
    table = stored_dvh(case_with(tmp_path, *curves(0.5, **elements)))
    assert (table.attrs["edge"], table.attrs["edge_source"]) == ("left", "assumed")
    assert "was assumed" in messages(table, "dvh-dose-axis")[0]


def test_statistics_of_one_curve_are_understood_too(tmp_path):
    one = curves(0.0, percent_of=14.0)[2]
    table = stored_dvh(case_with(tmp_path, one))
    assert table.attrs["edge_source"] == "assumed"
    assert table.attrs["rois"]["ROI 3"]["max_gy"] == pytest.approx(14)


def test_statistics_that_fit_no_unit_are_no_doses(tmp_path):
    table = stored_dvh(case_with(tmp_path, *curves(0.0, DVHMeanDose=7, DVHMaximumDose=3)))
    facts = table.attrs["rois"]["PTV"]
    assert (facts["mean_gy"], facts["max_gy"]) == (None, None)
    assert (facts["mean"], facts["maximum"]) == (7, 3)
    assert "fit no other one" in messages(table, "dvh-statistics-units")[0]


def test_means_in_centigray_of_curves_in_centigray(tmp_path):
    stored = curves(0.5, percent_of=1.0, DoseUnits="CGY", DVHDoseScaling=100)
    table = stored_dvh(case_with(tmp_path, *stored))
    assert table.attrs["edge"] == "centre"
    assert not messages(table, "dvh-statistics-units")
    assert table.attrs["rois"]["Heart"]["mean_gy"] == pytest.approx(4)
