"""A real Eclipse case, end to end: 98 JPEG 2000 slices, 10 ROIs, 4 beams, stored DVHs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import xarray as xr
from comparison import added_elements

import rtxr
from rtxr import model

pytestmark = pytest.mark.data

#: BODY's stored curve starts at 0.005 Gy; Scar is a thin strip 0.15 cm3 smaller than stored.
APART = {"BODY", "Scar"}


@pytest.fixture(scope="module")
def folder(case_data) -> Path:
    return case_data("breast_boost_eclipse")


@pytest.fixture(scope="module")
def index(folder: Path) -> rtxr.Index:
    return rtxr.scan(folder)


@pytest.fixture(scope="module")
def ds(index: rtxr.Index) -> xr.Dataset:
    return index.open()


@pytest.fixture(scope="module")
def exported(ds: xr.Dataset, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("breast") / "out"
    return ds.rt.to_dicom(out)


def test_everything_opens(index, ds):
    assert len(index) == 102
    assert (ds.sizes["z"], ds.sizes["y"], ds.sizes["x"]) == (98, 512, 512)
    assert ds.ct.dtype == np.int16
    assert ds.sizes["roi"] == 10
    assert len(ds.rt.beams()) == 4
    assert len(ds.rt.control_points()) == 4 * 92 or len(ds.rt.control_points()) > 300
    assert ds.rt.dvh_stored().shape[1] == 9
    assert ds.ct.attrs["units"] == "HU"
    assert (np.diff(ds.z) > 0).all()


def test_the_slice_that_is_there_twice_is_a_finding(index):
    findings = index.findings
    twice = findings[findings["code"] == "duplicate-sop-instance"]
    assert len(twice) == 1
    assert "ct_z168.56_uncompressed.dcm" in twice["message"].iloc[0]


def test_the_lossless_copy_of_the_slice_is_used(ds, folder):
    plain = pydicom.dcmread(folder / "ct_z168.56_uncompressed.dcm")
    z = float(plain.ImagePositionPatient[2])
    np.testing.assert_array_equal(ds.ct.sel(z=z), plain.pixel_array)


def test_volumes_agree_with_the_stored_dvhs(ds):
    stored = ds.rt.dvh_stored().max()
    ours = ds.rt.structures(end_cap="none")["volume_cc"]
    off = {
        label: (ours[label], volume)
        for label, volume in stored.items()
        if abs(ours[label] - volume) > max(0.01 * volume, 0.1)
    }
    assert set(off) == APART, off
    assert abs(off["Scar"][0] - off["Scar"][1]) < 0.2


def test_body_agrees_where_its_stored_curve_begins(ds):
    stored = ds.rt.dvh_stored()["BODY"]
    ours = ds.rt.dvh("BODY", end_cap="none")["BODY"]
    at = 0.2  # Gy
    assert np.interp(at, ours.index, ours) == pytest.approx(
        np.interp(at, stored.index, stored), rel=0.01
    )


def test_mean_doses_agree_with_the_stored_ones(ds):
    stored = ds.rt.dvh_stored()
    metrics = ds.rt.dvh_metrics(["mean"], rois=list(stored.columns), end_cap="none")
    for label, facts in stored.attrs["rois"].items():
        percent_of_prescription = facts["mean"]  # of 14 Gy, though the file says GY
        assert metrics.loc[label, "mean"] == pytest.approx(
            percent_of_prescription / 100 * 14, abs=0.14
        )


def test_the_prescription_is_the_one_by_site(ds):
    table = ds.rt.dvh_metrics(["V95%"], rois=["Breast"])
    assert table.attrs["prescription"] == 14


def test_export_keeps_every_value_and_every_element(exported, folder):
    sources = {_uid(path): path for path in _used_files(folder)}
    assert not exported["changed"].any()
    assert set(exported["SOPInstanceUID"]) == set(sources)
    added = set()
    for path, uid in zip(exported["path"], exported["SOPInstanceUID"], strict=True):
        added |= added_elements(path, sources[uid])
    assert added == {
        "CT Image Storage: Laterality",
        "RT Structure Set Storage: FrameOfReferenceUID",
        "RT Structure Set Storage: PositionReferenceIndicator",
        "RT Structure Set Storage: OperatorsName",
        "RT Dose Storage: OperatorsName",
    }


def test_each_addition_is_a_finding(exported):
    messages = " ".join(each["message"] for each in exported.attrs["findings"])
    for keyword in ("Laterality", "FrameOfReferenceUID", "OperatorsName"):
        assert keyword in messages


def test_reopened_arrays_are_equal(ds, exported):
    back = rtxr.open_dir(Path(exported["path"].iloc[0]).parent)
    for name in ("ct", "dose", "z", "y", "x", "dose_z", "dose_y", "dose_x"):
        np.testing.assert_array_equal(back[name], ds[name])
    for name in model.STRUCTURE_COORDS:
        np.testing.assert_array_equal(back[name], ds[name])


@pytest.mark.validators
def test_validators_find_no_error(exported, validator, folder):
    sources = {path.name: path for path in _used_files(folder)}
    for path, iod in zip(exported["path"], exported["IOD"], strict=True):
        assert validator.dciodvfy(path) == [], path
        if iod.startswith("RT"):
            source = sources[
                {"RT Dose": "rtdose.dcm", "RT Plan": "rtplan.dcm"}.get(iod, "rtss.dcm")
            ]
            assert set(validator.drtdump(path)) <= set(validator.drtdump(source))


@pytest.mark.validators
def test_references_that_do_not_resolve_are_the_sources_own(exported, validator, folder):
    # Four reference images of the plan lie in nobody's folder.
    missing = "Missing SOPInstanceUID that was referenced"
    before = [line for line in validator.dcentvfy(folder) if missing in line]
    after = validator.dcentvfy(Path(exported["path"].iloc[0]).parent)
    assert len(after) == len(before) == 4
    assert all(missing in line for line in after)


def _used_files(folder: Path) -> list[Path]:
    """The files an export stands for: of the slice that is there twice, the lossless one."""
    used = {}
    for path in sorted(folder.rglob("*.dcm"), key=lambda path: path.parent.name != "CT"):
        used[_uid(path)] = path
    return list(used.values())


def _uid(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)
