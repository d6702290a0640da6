from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from factories import dose, item, save

from rtxr import header_store, model
from rtxr.errors import MissingDataError
from rtxr.read.headers import read_header
from rtxr.read.rt_dose import stored_dvh


def dvh_item(volumes, width=0.5, roi=1, kind="CUMULATIVE", **elements):
    data = np.column_stack([np.broadcast_to(width, len(volumes)), volumes]).ravel()
    facts = {
        "DVHType": kind,
        "DoseUnits": "GY",
        "DoseType": "PHYSICAL",
        "DVHDoseScaling": 1,
        "DVHVolumeUnits": "CM3",
        "DVHNumberOfBins": len(volumes),
        "DVHData": [float(value) for value in data],
        "DVHReferencedROISequence": [
            item(ReferencedROINumber=roi, DVHROIContributionType="INCLUDED")
        ],
        **elements,
    }
    return item(**facts)


def case_with(folder, *dvhs) -> xr.Dataset:
    source = dose()
    source.DVHSequence = list(dvhs)
    record = read_header(save(folder / "dose", source)).record
    coords = {
        **header_store.pack([record]),
        "dose_uid": ((), source.SOPInstanceUID),
        model.ROI: (model.ROI, ["PTV", "Heart"]),
        model.ROI_NUMBER: (model.ROI, [1, 2]),
    }
    ds = xr.Dataset(coords=coords)
    return ds.assign_coords(
        {name: ("none", []) for name in model.STRUCTURE_COORDS if name not in ds.coords}
    )


def codes(table) -> set[str]:
    return {finding["code"] for finding in table.attrs["findings"]}


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
        "volume_cc": 10.0,
        "minimum": None,
        "mean": None,
        "maximum": None,
    }


@pytest.mark.parametrize("kind", ["DIFFERENTIAL", "NATURAL"])
def test_differential_curves_are_added_up(tmp_path, kind):
    table = stored_dvh(case_with(tmp_path, dvh_item([2, 4, 4], kind=kind)))
    assert table["PTV"].tolist() == [10, 8, 4]
    assert table.attrs["rois"]["PTV"]["type"] == kind
    assert "dvh-cut-off" not in codes(table)


def test_dose_scaling_is_of_the_dose_axis(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([10, 0], DVHDoseScaling=3)))
    assert table.index.tolist() == [0, 1.5]
    assert table["PTV"].tolist() == [10, 0]


def test_volumes_in_percent_need_the_volume(tmp_path):
    ds = case_with(tmp_path, dvh_item([100, 50, 0], DVHVolumeUnits="PERCENT"))
    table = stored_dvh(ds)
    assert table["PTV"].isna().all()
    assert "dvh-volume-units" in codes(table)
    table = stored_dvh(ds, volumes={"PTV": 20.0})
    assert table["PTV"].tolist() == [20, 10, 0]


def test_relative_doses_need_their_reference(tmp_path):
    relative = dvh_item([10, 0], width=50, DoseUnits="RELATIVE")
    table = stored_dvh(case_with(tmp_path, relative))
    assert table["PTV"].isna().all()
    assert "dvh-relative-dose" in codes(table)
    relative.DVHNormalizationDoseValue = 60
    assert stored_dvh(case_with(tmp_path, relative)).index.tolist() == [0, 30]


def test_centigray_become_gray(tmp_path):
    centi = dvh_item([10, 8, 0], width=50, DoseUnits="CGY", DVHMaximumDose=90)
    table = stored_dvh(case_with(tmp_path, centi))
    assert table.index.tolist() == [0, 0.5, 1]
    assert table.attrs["rois"]["PTV"]["maximum"] == 0.9


@pytest.mark.parametrize(
    ("place", "name"), [(0.0, "left edge"), (0.5, "centre"), (1.0, "right edge")]
)
@pytest.mark.parametrize("percent_of", [None, 14.0])
def test_stored_means_tell_what_a_bin_is_and_in_which_unit(tmp_path, place, name, percent_of):
    width, tops = 0.05, (2.0, 6.0, 14.0)
    dvhs = []
    for roi, top in enumerate(tops, start=1):
        at = (np.arange(400) + place) * width
        volumes = np.clip(1 - (at / top) ** 2, 0, None) * 30  # mean dose 2/3 of the top
        mean = top * 2 / 3 / (percent_of / 100 if percent_of else 1)
        dvhs.append(dvh_item(np.round(volumes, 9), width, roi, DVHMeanDose=f"{mean:.10g}"))
    table = stored_dvh(case_with(tmp_path, *dvhs))
    assert table.attrs["dose_axis"] == name
    assert table.index[1] == pytest.approx(place * width or width)
    told = [each for each in table.attrs["findings"] if each["code"] == "dvh-statistics-units"]
    assert bool(told) == bool(percent_of)
    if percent_of:
        assert "percent of 14 Gy" in told[0]["message"]


def test_without_means_the_left_edge_is_assumed_and_said(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([10, 0])))
    assert table.attrs["dose_axis"] == "left edge"
    assert "was assumed" in table.attrs["findings"][0]["message"]


def test_a_curve_cut_off_is_not_zero_beyond_its_end(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([10, 9]), dvh_item([5, 5, 0], roi=2)))
    assert table["PTV"].tolist()[:2] == [10, 9]
    assert np.isnan(table["PTV"].iloc[-1])
    assert "dvh-cut-off" in codes(table)


def test_combined_and_repeated_rois_have_labels_of_their_own(tmp_path):
    both = dvh_item([10, 0])
    both.DVHReferencedROISequence.append(
        item(ReferencedROINumber=2, DVHROIContributionType="EXCLUDED")
    )
    table = stored_dvh(case_with(tmp_path, both, dvh_item([1, 0]), dvh_item([2, 0])))
    assert list(table.columns) == ["PTV - Heart", "PTV", "PTV (2)"]


def test_unreadable_and_missing_dvhs(tmp_path):
    with pytest.raises(MissingDataError, match="absent or empty"):
        stored_dvh(case_with(tmp_path))
    with pytest.raises(MissingDataError, match="empty or holds something that is no number"):
        stored_dvh(case_with(tmp_path, dvh_item([])))
    with pytest.raises(MissingDataError, match="no header of a dose 'dose_9'"):
        stored_dvh(case_with(tmp_path, dvh_item([1, 0])), "dose_9")


@pytest.mark.data
def test_stored_dvhs_of_the_breast_case(case_data):
    header = read_header(case_data("breast_boost_eclipse") / "rtdose.dcm")
    coords = header_store.pack([header.record])
    ds = xr.Dataset(coords={**coords, "dose_uid": ((), header.record.uid)})
    table = stored_dvh(ds)
    assert table.shape == (1471, 9)
    assert table.attrs["dose_axis"] == "centre"
    assert "percent of 14 Gy" in table.attrs["findings"][1]["message"]
    bed = table["ROI 9"]
    assert bed.iloc[0] == pytest.approx(12.8091805)
    assert np.trapezoid(bed, bed.index) / bed.iloc[0] == pytest.approx(14.2907, abs=5e-4)
