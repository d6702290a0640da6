"""Real planning cases of other vendors, as far as their content allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from comparison import added_elements

import rtxr
from rtxr import model

pytestmark = pytest.mark.data

CASES = {
    "oncentra_phantom/simple_phantom_case": {
        "variables": {
            *("ct", "dose", "dose_2", "dose_3", "dose_4"),
            *("rt_image", "rt_image_2", "rt_image_3"),
        },
        "rois": 7,
        "beams": 3,
        "findings": {"dose-not-plan-total", "dose-chosen"},
        "added": {"FrameOfReferenceUID", "KVP", "OperatorsName", "PositionReferenceIndicator"},
    },
    "proton_dcpt/raystation_plan03": {
        "variables": {"dose", "dose_2", "dose_3"},
        "rois": 5,
        "beams": 2,
        "findings": {"dose-chosen", "unresolved-reference"},
        "added": set(),
    },
    "brachy_hdr_robustbrachy": {
        "variables": {"dose"},
        "rois": 17,
        "beams": 0,
        "findings": {"unresolved-reference"},
        "added": {"FrameOfReferenceUID", "PositionReferenceIndicator"},
    },
}


@pytest.fixture(scope="module", params=CASES)
def case(request, case_data, tmp_path_factory):
    """Expectations, folder, Dataset and table of an export."""
    folder = case_data(request.param.split("/")[0]) / Path(*request.param.split("/")[1:])
    ds = rtxr.open_dir(folder)
    out = tmp_path_factory.mktemp("case") / "out"
    return CASES[request.param], folder, ds, ds.rt.to_dicom(out)


def test_everything_that_can_open_opens(case):
    expected, _, ds, _ = case
    assert set(ds.data_vars) == expected["variables"]
    assert ds.sizes["roi"] == expected["rois"]
    assert len(ds.rt.beams()) == expected["beams"]
    assert expected["findings"] <= set(ds.rt.findings["code"])
    assert len(ds.rt.doses()) == len(model.dose_names(ds))
    assert (ds.rt.structures()["volume_cc"].dropna() >= 0).all()
    assert len(ds.rt.fraction_groups()) > 0


def test_dvhs_never_rise(case):
    _, _, ds, _ = case
    table = ds.rt.dvh()
    assert len(table) > 100
    assert (np.diff(table.dropna(axis="columns"), axis=0) <= 1e-9).all()


def test_export_keeps_every_value_and_every_element(case):
    expected, folder, _, written = case
    sources = {
        str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID): path
        for path in folder.rglob("*.dcm")
    }
    assert not written["changed"].any()
    added = set()
    for path, uid in zip(written["path"], written["SOPInstanceUID"], strict=True):
        added |= added_elements(path, sources[uid])
    assert {each.rpartition(": ")[2] for each in added} == expected["added"]
    messages = " ".join(each["message"] for each in written.attrs["findings"])
    assert all(keyword in messages for keyword in expected["added"])


def test_reopened_arrays_are_equal(case):
    _, _, ds, written = case
    back = rtxr.open_dir(Path(written["path"].iloc[0]).parent)
    for name in (*ds.data_vars, *model.STRUCTURE_COORDS):
        np.testing.assert_array_equal(back[name], ds[name])


@pytest.mark.validators
def test_validators_find_nothing_the_source_did_not_have(case, validator):
    _, folder, _, written = case
    sources = {
        str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID): path
        for path in folder.rglob("*.dcm")
    }
    for path, uid in zip(written["path"], written["SOPInstanceUID"], strict=True):
        assert set(validator.dciodvfy(path)) <= set(validator.dciodvfy(sources[uid])), path
        if Path(path).name.startswith("RT"):
            assert set(validator.drtdump(path)) <= set(validator.drtdump(sources[uid])), path
