"""Stored and computed DVHs side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr.errors import MissingDataError, UnknownNameError

ROIS = ["PTV_70", "SpinalCord"]
VOLUMES = {"PTV_70": 4 / 3 * np.pi * 2.5**3}


@pytest.fixture(scope="module")
def written(phantom, tmp_path_factory) -> Path:
    """The synthetic patient without image, with computed DVHs."""
    folder = tmp_path_factory.mktemp("compared") / "dicom"
    case = rtxr.open_dir(phantom).drop_vars(["ct", "mask"])
    case.rt.to_dicom(folder, dvh=case.rt.dvh(ROIS))
    return folder


@pytest.fixture(scope="module")
def case(written) -> xr.Dataset:
    return rtxr.open_dir(written)


def changed(folder: Path, out: Path, change) -> xr.Dataset:
    """The case with another dose file."""
    out.mkdir()
    for path in folder.iterdir():
        ds = pydicom.dcmread(path)
        if ds.Modality == "RTDOSE":
            for item in ds.DVHSequence:
                change(item)
        ds.save_as(out / path.name)
    return rtxr.open_dir(out)


def codes(table) -> set[str]:
    return {each["code"] for each in table.attrs["findings"]}


def messages(table, code) -> list[str]:
    return [each["message"] for each in table.attrs["findings"] if each["code"] == code]


def test_the_same_curves_do_not_differ(case):
    table = case.rt.dvh_compare()
    assert list(table.index) == ROIS
    assert table.columns.names == ["metric", "source"]
    assert list(table["D95%"].columns) == ["stored", "computed", "difference"]
    off = table.xs("difference", axis=1, level="source")
    assert off.abs().max().max() < 5e-3
    assert (
        table["mean", "difference"] == table["mean", "computed"] - table["mean", "stored"]
    ).all()
    assert table.attrs["edge"] == "left"
    assert not {"dvh-end-cap", "dvh-volume-differs"} & codes(table)


def test_computed_values_are_those_of_dvh_metrics(case):
    names = ["D95%", "D2cc", "V20Gy", "V95%", "mean", "HI"]
    table = case.rt.dvh_compare(names=names)
    ours = case.rt.dvh_metrics(names, ROIS)
    pd.testing.assert_frame_equal(table, case.rt.dvh_compare(names, ROIS))
    assert table.attrs["prescription"] == ours.attrs["prescription"] == 70
    found = table.xs("computed", axis=1, level="source")
    np.testing.assert_allclose(found[names], ours[names])
    np.testing.assert_allclose(table.xs("stored", axis=1, level="source"), ours, rtol=2e-3)


def test_curves_on_one_axis(case):
    table = case.rt.dvh_compare(rois="PTV_70", curves=True)
    stored = case.rt.dvh_stored()["PTV_70"]
    assert table.columns.names == ["roi", "source"]
    assert table.index.name == "dose_gy"
    both = table["PTV_70"]
    np.testing.assert_allclose(both["stored"].loc[stored.index], stored, atol=1e-9)
    assert both["difference"].abs().max() < 2e-3 * stored.iloc[0]
    assert both["computed"].iloc[-1] == 0


def test_end_caps_are_an_explanation(case):
    table = case.rt.dvh_compare(end_cap="none")
    assert "closer to end_cap='half'" in messages(table, "dvh-end-cap")[0]
    assert (table["volume", "difference"] < 0).all()


def test_a_volume_that_nothing_explains(written, tmp_path):
    def half(item):
        item.DVHData = [
            float(value) / (2 if at % 2 else 1) for at, value in enumerate(item.DVHData)
        ]

    table = changed(written, tmp_path / "case", half).rt.dvh_compare()
    assert len(messages(table, "dvh-volume-differs")) == 2
    assert (table["volume", "difference"] > 0).all()
    np.testing.assert_allclose(table["D50%", "difference"], 0, atol=5e-3)


@pytest.mark.parametrize(("edge", "shift"), [("centre", 0.5), ("right", 1.0)])
def test_without_means_the_computed_curves_say_what_a_bin_is(written, tmp_path, edge, shift):
    def coarse(item):
        width, volumes = float(item.DVHData[0]), np.array(item.DVHData[1::2], dtype=float)
        at = (np.arange(80) + shift) * 1.0
        moved = np.interp(at, np.arange(len(volumes)) * width, volumes)
        item.DVHData = [f"{value:.9g}" for pair in moved for value in (1.0, pair)]
        item.DVHNumberOfBins = 80
        del item.DVHMeanDose

    ds = changed(written, tmp_path / "case", coarse)
    assert ds.rt.dvh_stored().attrs["edge"] == "left"
    table = ds.rt.dvh_compare()
    assert (table.attrs["edge"], table.attrs["edge_source"]) == (edge, "computed")
    assert any(f"edge={edge!r}" in each for each in messages(table, "dvh-dose-axis"))
    given = ds.rt.dvh_compare(edge="left")
    assert (given.attrs["edge"], given.attrs["edge_source"]) == ("left", "given")
    assert abs(given.loc["PTV_70", ("D50%", "difference")]) > 0.4


def test_percent_becomes_the_volume_of_the_contours(case, written, tmp_path):
    folder = tmp_path / "percent"
    case.rt.to_dicom(folder, dvh=case.rt.dvh(ROIS, relative=True))
    table = rtxr.open_dir(folder).rt.dvh_stored()
    whole = case.rt.volumes()
    for label in ROIS:
        assert table[label].iloc[0] == pytest.approx(whole[label])
    assert "is that of the contours" in messages(table, "dvh-volume-units")[0]
    given = rtxr.open_dir(folder).rt.dvh_stored(volumes=dict.fromkeys(ROIS, 50.0))
    assert given["PTV_70"].iloc[0] == pytest.approx(50)


def test_a_roi_without_a_stored_dvh_stands_there_without(case):
    table = case.rt.dvh_compare(rois=["Lung_L", "ptv_70"])
    assert list(table.index) == ["Lung_L", "PTV_70"]
    assert np.isnan(table.loc["Lung_L", ("mean", "stored")])
    assert table.loc["Lung_L", ("mean", "computed")] > 0
    assert "'Lung_L'" in messages(table, "dvh-not-compared")[0]


def test_a_roi_without_others_stands_beside_all_of_it(written, tmp_path):
    def without(item):
        (roi,) = item.DVHReferencedROISequence
        if roi.ReferencedROINumber == 2:
            more = pydicom.Dataset()
            more.ReferencedROINumber, more.DVHROIContributionType = 4, "EXCLUDED"
            item.DVHReferencedROISequence.append(more)

    table = changed(written, tmp_path / "case", without).rt.dvh_compare()
    assert list(table.index) == ROIS
    assert "'PTV_70 - SpinalCord'" in messages(table, "dvh-combined-rois")[0]


def test_what_cannot_be_compared(case, phantom):
    with pytest.raises(UnknownNameError, match="did you mean 'PTV_70'"):
        case.rt.dvh_compare(rois="PTV_7")
    with pytest.raises(UnknownNameError, match="no metric"):
        case.rt.dvh_compare(names="D95")
    with pytest.raises(UnknownNameError, match="'PTV_70' is a ROI and no metric: metrics come fir"):
        case.rt.dvh_compare("PTV_70")
    with pytest.raises(UnknownNameError, match="'PTV_70' is a ROI and no metric"):
        case.rt.dvh_metrics(["PTV_70"], "mean")
    with pytest.raises(MissingDataError, match="none of the stored DVHs"):
        case.rt.remove(ROIS).rt.dvh_compare()
    percent = case.assign(dose=case.dose.assign_attrs(units="%"))
    with pytest.raises(MissingDataError, match="compared in Gy"):
        percent.rt.dvh_compare()


@pytest.mark.data
def test_the_volumes_of_the_breast_case_have_no_end_caps(case_data):
    folder = case_data("breast_boost_eclipse")
    ds = rtxr.scan(folder).select(Modality=["RTSTRUCT", "RTDOSE"]).open()
    table = ds.rt.dvh_compare()
    assert "end_cap='none'" in messages(table, "dvh-end-cap")[0]
    assert "'BODY'" in messages(table, "dvh-volume-differs")[0]
    table = ds.rt.dvh_compare(end_cap="none")
    assert "dvh-end-cap" not in codes(table)
    whole = [roi for roi in table.index if roi not in ("BODY", "Borders", "Scar", "Nodes")]
    off = table.loc[whole, ("volume", "difference")] / table.loc[whole, ("volume", "stored")]
    assert off.abs().max() < 0.01
    assert table.loc[whole, ("mean", "difference")].abs().max() < 0.006


@pytest.mark.data
def test_the_volumes_of_the_brachytherapy_case_have_no_end_caps(case_data):
    ds = rtxr.open_dir(case_data("brachy_hdr_robustbrachy"))
    table = ds.rt.dvh_compare(end_cap="none")
    np.testing.assert_allclose(table["volume", "difference"], 0, atol=2e-5)
    assert "'Prostate - Urethra'" in messages(table, "dvh-combined-rois")[0]
    assert np.isnan(table.loc["Prostate", ("D2%", "stored")])


@pytest.mark.data
def test_stored_dvhs_of_some_rois(case_data):
    ds = rtxr.open_dir(case_data("breast_boost_eclipse"))
    assert list(ds.rt.dvh_stored(rois="/lung/")) == ["Lt Lung"]
    with pytest.raises(MissingDataError, match="no DVH is stored of 'Areola'"):
        ds.rt.dvh_stored(rois="Areola")


def test_percentages_of_a_comparison_take_the_prescription_of_every_other_table(phantom, tmp_path):
    ds = rtxr.open_dir(phantom)
    ds.rt.to_dicom(tmp_path / "out", dvh=ds.rt.dvh("PTV_70"))
    back = rtxr.open_dir(tmp_path / "out")
    assert back.rt.dvh_compare(names="V95%").attrs["prescription"] == 70
    with pytest.raises(MissingDataError, match="no plan"):
        back.drop_vars("plan_uid").rt.dvh_compare(names="V95%")
