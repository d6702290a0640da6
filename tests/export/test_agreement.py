"""No export writes what ``rtxr.validate`` calls an error; what came with files is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr
from pydicom import config

import rtxr
from rtxr.errors import ConformanceError

HU = np.zeros((4, 6, 6), np.int16)


@pytest.fixture(scope="module")
def coarse(tmp_path_factory):
    """The synthetic patient in few files; do not write into it."""
    folder = tmp_path_factory.mktemp("coarse") / "dicom"
    return rtxr.tutorial.phantom(folder, spacing=(20, 10, 10), dose_spacing=(20, 10, 10))


@pytest.fixture
def flawed(coarse, tmp_path, monkeypatch):
    """The patient opened with a change in one of the files."""
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)

    def change(name, edit):
        for path in coarse.glob("*.dcm"):
            ds = pydicom.dcmread(path)
            if path.name == name:
                edit(ds)
            ds.save_as(tmp_path / path.name)
        return rtxr.open_dir(tmp_path)

    return change


def serious(rows: pd.DataFrame) -> list[tuple[str, str]]:
    some = rows[rows["severity"] != "info"]
    return list(zip(some["severity"], some["code"], strict=True))


def contour_points(ds):
    ds.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = 7


def control_points(ds):
    ds.BeamSequence[0].NumberOfControlPoints = 7


def beam_number(ds):
    ds.FractionGroupSequence[0].ReferencedBeamSequence[0].ReferencedBeamNumber = 9


def roi_number(ds):
    ds.ROIContourSequence[0].ReferencedROINumber = 77


INHERITED = [
    ("RTSTRUCT.dcm", contour_points, "wrong-count", "is 7, and "),
    ("RTPLAN.dcm", control_points, "wrong-count", r"is 7, and .* \(beam 1\)"),
    ("RTPLAN.dcm", beam_number, "dangling-number", "is 9, "),
    ("RTSTRUCT.dcm", roi_number, "dangling-number", "is 77, "),
]


@pytest.mark.parametrize(("name", "edit", "code", "told"), INHERITED)
def test_what_came_with_the_source_is_told_and_blocks_only_when_strict(
    flawed, name, edit, code, told
):
    ds = flawed(name, edit)
    rows = ds.rt.validate()
    assert serious(rows) == [("warning", code)]
    (message,) = rows.loc[rows["code"] == code, "message"]
    assert pd.Series([message]).str.contains(told + ".*, as in the source").all()
    assert ("error", code) in serious(ds.rt.validate(strict=True))


def test_a_clean_case_says_nothing(coarse):
    assert serious(rtxr.open_dir(coarse).rt.validate(strict=True)) == []


def test_an_attribute_of_the_patient_is_not_set_in_one_object_only(coarse, tmp_path):
    ds = rtxr.open_dir(coarse)
    one = {"RTDOSE": {"PatientID": "OTHER"}}
    assert ("error", "study-differs") in serious(ds.rt.validate(attributes=one))

    def renamed(dataset, saving):
        if saving.iod == "RTDOSE":
            dataset.PatientID = "OTHER"

    assert ("error", "study-differs") in serious(ds.rt.validate(before_save=renamed))
    with pytest.raises(ConformanceError, match="PatientID"):
        ds.rt.to_dicom(tmp_path / "out", attributes=one)
    assert serious(ds.rt.validate(PatientID="OTHER")) == []


@pytest.mark.parametrize(("beam", "severe"), [(2, []), (9, [("error", "dangling-number")])])
def test_a_dose_is_of_a_beam_that_the_plan_has(beam, severe):
    axes = {"z": np.arange(4) * 3.0, "y": np.arange(6) * 2.0, "x": np.arange(6) * 2.0}
    attrs = {"DoseSummationType": "BEAM", "ReferencedBeamNumber": beam}
    dose = xr.DataArray(np.ones(HU.shape), axes, ("z", "y", "x"), attrs=attrs)
    point = {"GantryAngle": 0.0, "BeamLimitingDeviceAngle": 0.0, "PatientSupportAngle": 0.0}
    place = {"isocenter_x": 0.0, "isocenter_y": 0.0, "isocenter_z": 0.0, "NominalBeamEnergy": 6}
    jaws = {"X1": -20.0, "X2": 20.0, "Y1": -20.0, "Y2": 20.0, "BeamMeterset": 100.0}
    beams = pd.DataFrame([{**point, **place, **jaws}] * 2)
    ds = rtxr.new_case(HU, spacing=(3, 2, 2), dose=dose, plan=beams, PatientPosition="HFS")
    assert serious(ds.rt.validate()) == severe


@pytest.mark.parametrize("options", [{}, {"deidentify": True}, {"uids": "new"}])
def test_what_names_an_object_that_is_nowhere_is_told(options):
    beams = pd.DataFrame([{"GantryAngle": 0.0, "BeamMeterset": 100.0}])
    ds = rtxr.new_case(HU, spacing=(3, 2, 2), dose=np.ones(HU.shape), plan=beams)
    rows = ds.rt.validate(**options)
    assert "unresolved-reference" not in set(rows["code"])
    rows = ds.drop_vars("plan_uid").rt.validate(**options)
    (row,) = rows[rows["code"] == "unresolved-reference"].to_dict("records")
    assert row["severity"] == "warning"
    assert row["attribute"] == "(0008,1155) ReferencedSOPInstanceUID in ReferencedRTPlanSequence"
    assert row["IOD"] == "RT Dose"
    bare = rtxr.new_case(HU, spacing=(3, 2, 2), dose=np.ones(HU.shape))
    elsewhere = bare.assign_coords(plan_uid="1.2.3")
    assert "unresolved-reference" not in set(elsewhere.rt.validate(**options)["code"])


def test_a_mask_without_a_voxel_is_told():
    masks = {"Some": HU == 0, "None": HU > 0}
    ds = rtxr.new_case(HU, spacing=(3, 2, 2), masks=masks, PatientPosition="HFS")
    rows = ds.rt.validate()
    assert serious(rows) == [("warning", "roi-without-contours")]
    assert "'None'" in rows["message"].iloc[0]


def test_the_table_begins_with_what_matters_and_says_each_thing_once():
    ds = rtxr.new_case(HU, spacing=(3, 2, 2), masks={"A": HU == 0}, PatientPosition="HFS")
    rows = ds.rt.validate(StudyDate="2026-01-31")
    assert list(rows["severity"]) == sorted(
        rows["severity"], key=["error", "warning", "info"].index
    )
    (error,) = rows[rows["severity"] == "error"].to_dict("records")
    assert error["IOD"] == "CT Image, RT Structure Set"
    assert error["message"].endswith("[5 objects]")
    assert "YYYYMMDD" in error["fix"]
    assert not rows.duplicated(["code", "attribute", "message"]).any()
