"""Stored DVHs of a case as one table."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from factories import item

from read.stored_dvhs import case_with, codes, dvh_item, messages
from rtxr import header_store, model
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError
from rtxr.read.dvhs.sequence import rois_in_percent
from rtxr.read.headers import read_header
from rtxr.read.rt_dose import stored_dvh


def test_cumulative_curves_on_the_union_of_their_axes(tmp_path):
    ds = case_with(
        tmp_path,
        dvh_item([10, 8, 4, 0]),
        dvh_item([5, 5, 0], width=1.0, roi=2),
        dvh_item([1, 0], roi=7),
    )
    table = stored_dvh(ds)
    assert table.index.name == "dose_gy"
    assert table.index.tolist() == [0, 0.5, 1, 1.5, 2]
    assert list(table.columns) == ["PTV", "Heart", "ROI 7"]
    assert table["PTV"].tolist() == [10, 8, 4, 0, 0]
    assert table["Heart"].tolist() == [5, 5, 5, 2.5, 0]
    assert table.attrs["dose"] == "dose"
    assert table.attrs["rois"]["PTV"] == {
        "type": "CUMULATIVE",
        "included": ["PTV"],
        "excluded": [],
        "volume_cc": 10.0,
        **dict.fromkeys(["min_gy", "mean_gy", "max_gy", "minimum", "mean", "maximum"]),
    }


def test_a_curve_cut_off_is_not_zero_beyond_its_end(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([10, 9]), dvh_item([5, 5, 0], roi=2)))
    assert table["PTV"].tolist()[:2] == [10, 9]
    assert np.isnan(table["PTV"].iloc[-1])
    assert "dvh-cut-off" in codes(table)


def test_curves_of_several_types_stand_side_by_side(tmp_path):
    sums = dvh_item([2, 4, 4], kind="DIFFERENTIAL")
    table = stored_dvh(case_with(tmp_path, sums, dvh_item([10, 9, 0], width=0.4, roi=2)))
    assert table.index.tolist() == [0, 0.4, 0.5, 0.8, 1, 1.5]
    np.testing.assert_allclose(table["PTV"], [10, 8.4, 8, 5.6, 4, 0])


def test_unreadable_and_missing_dvhs(tmp_path):
    with pytest.raises(MissingDataError, match="absent or empty"):
        stored_dvh(case_with(tmp_path))
    with pytest.raises(MissingDataError, match="empty or holds something that is no number"):
        stored_dvh(case_with(tmp_path, dvh_item([])))
    with pytest.raises(MissingDataError, match="no header of a dose 'dose_9'"):
        stored_dvh(case_with(tmp_path, dvh_item([1, 0])), "dose_9")


@pytest.mark.parametrize("reference", [0, -1, np.nan, np.inf, "50", True, [50]])
def test_a_reference_is_a_dose(tmp_path, reference):
    with pytest.raises(RTXRError, match=r"reference=.*above 0.*Gy that relative doses refer to"):
        stored_dvh(case_with(tmp_path, dvh_item([1, 0])), reference=reference)


def test_volumes_are_of_something_that_is_there(tmp_path):
    ds = case_with(tmp_path, dvh_item([100, 0], DVHVolumeUnits="PERCENT"))
    assert stored_dvh(ds, volumes={"PTV": 20.0, "Heart": 1.0})["PTV"].iloc[0] == 20
    with pytest.raises(UnknownNameError, match="no such ROI or stored DVH; did you mean 'Heart'"):
        stored_dvh(ds, volumes={"Hearts": 20.0})
    with pytest.raises(RTXRError, match=r"volumes\['PTV'\]=0.*above 0.*cm3"):
        stored_dvh(ds, volumes={"PTV": 0})


def test_a_curve_that_cannot_be_read_leaves_the_others(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([]), dvh_item([1, 0], roi=2)))
    assert list(table.columns) == ["Heart"]
    assert "dvh-unreadable" in codes(table)


def test_dvhs_of_another_structure_set_are_told(tmp_path):
    named = [item(ReferencedSOPClassUID="1.2.3", ReferencedSOPInstanceUID="1.2.3.4")]
    ds = case_with(tmp_path, dvh_item([1, 0]), ReferencedStructureSetSequence=named)
    assert "dvh-other-structures" not in codes(stored_dvh(ds))
    same = ds.assign_coords({model.STRUCTURE_SET_UID: "1.2.3.4"})
    assert "dvh-other-structures" not in codes(stored_dvh(same))
    other = ds.assign_coords({model.STRUCTURE_SET_UID: "1.2.3.5"})
    assert "1.2.3.4" in messages(stored_dvh(other), "dvh-other-structures")[0]


def test_rois_whose_volume_is_needed(tmp_path):
    both = dvh_item([100, 0], DVHVolumeUnits="PERCENT")
    both.DVHReferencedROISequence.append(
        item(ReferencedROINumber=2, DVHROIContributionType="EXCLUDED")
    )
    percent = dvh_item([100, 0], roi=2, DVHVolumeUnits="PERCENT")
    unknown = dvh_item([100, 0], roi=7, DVHVolumeUnits="PERCENT")
    ds = case_with(tmp_path, dvh_item([1, 0]), both, percent, unknown)
    assert rois_in_percent(ds) == ["Heart"]


@pytest.mark.data
def test_stored_dvhs_of_the_breast_case(case_data):
    header = read_header(case_data("breast_boost_eclipse") / "rtdose.dcm")
    coords = header_store.pack([header.record])
    ds = xr.Dataset(coords={**coords, "dose_uid": ((), header.record.uid)})
    table = stored_dvh(ds)
    assert table.shape == (1471, 9)
    assert (table.attrs["edge"], table.attrs["edge_source"]) == ("centre", "means")
    assert "percent of 14 Gy" in messages(table, "dvh-statistics-units")[0]
    bed, facts = table["ROI 9"], table.attrs["rois"]["ROI 9"]
    assert bed.iloc[0] == pytest.approx(12.8091805)
    mean = np.trapezoid(bed, bed.index) / bed.iloc[0]
    assert mean == pytest.approx(facts["mean_gy"], abs=5e-4)
    assert (facts["min_gy"], facts["max_gy"]) == (
        pytest.approx(14.0712, abs=1e-4),
        pytest.approx(14.5693, abs=1e-4),
    )


@pytest.mark.data
def test_stored_dvhs_of_the_brachytherapy_case(case_data):
    header = read_header(case_data("brachy_hdr_robustbrachy") / "DO001.dcm")
    coords = header_store.pack([header.record])
    ds = xr.Dataset(coords={**coords, "dose_uid": ((), header.record.uid)})
    table = stored_dvh(ds)
    assert list(table.columns) == ["ROI 0 - ROI 1", "ROI 1", "ROI 2"]
    assert table.shape == (1000, 3)  # of which (3004,0056) DVHNumberOfBins says 65
    assert len(messages(table, "dvh-bin-count")) == 3
    assert "'ROI 0 - ROI 1'" in messages(table, "dvh-cut-off")[0]
