"""A plan whose header was edited: flaws of the edit are told from those of its source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr import header_store
from rtxr.edit.edited_headers import edited
from rtxr.errors import ConformanceError
from rtxr.read.plans.plan_records import plan_of


@pytest.fixture
def case(tmp_path) -> xr.Dataset:
    field = {"GantryAngle": 0.0, "BeamLimitingDeviceAngle": 0.0, "PatientSupportAngle": 0.0}
    field |= {"X1": -1.0, "X2": 1.0, "isocenter_x": 0.0, "isocenter_y": 0.0, "isocenter_z": 0.0}
    made = rtxr.new_case(
        np.zeros((3, 4, 5)),
        spacing=(3, 1, 1),
        PatientPosition="HFS",
        masks={"PTV": np.ones((3, 4, 5), bool)},
    )
    made.rt.add_plan(pd.DataFrame([field])).rt.to_dicom(tmp_path / "source")
    return rtxr.open_dir(tmp_path / "source")


def with_header(case: xr.Dataset, plan: pydicom.Dataset) -> xr.Dataset:
    record = header_store.unpack(case)[str(case.plan_uid.values)]
    return header_store.replace(case, [edited(record, plan)])


def test_a_flaw_of_the_edit_stops_the_export(case, tmp_path):
    plan = plan_of(case)
    plan.BeamSequence[0].BeamType = "MOVING"
    with pytest.raises(ConformanceError) as raised:
        with_header(case, plan).rt.to_dicom(tmp_path / "out")
    assert raised.value.table["attribute"].tolist() == ["(300A,00C4) BeamType in BeamSequence"]


def test_a_flaw_of_the_source_does_not(case, tmp_path):
    path = tmp_path / "source" / "RTPLAN_1.dcm"
    source = pydicom.dcmread(path)
    source.BeamSequence[0].BeamType = "MOVING"
    source.save_as(path)
    case = rtxr.open_dir(tmp_path / "source")
    plan = plan_of(case)
    plan.BeamSequence[0].BeamName = "Another"
    plan.RTPlanLabel = "Another"
    written = with_header(case, plan).rt.to_dicom(tmp_path / "out")
    assert written.set_index("IOD")["changed"].ne("")["RT Plan"]
    new = pydicom.dcmread(tmp_path / "out" / "RTPLAN_1.dcm")
    assert (new.RTPlanLabel, new.BeamSequence[0].BeamName) == ("Another", "Another")
    assert new.SOPInstanceUID != source.SOPInstanceUID


def test_an_element_that_the_edit_took_out(case, tmp_path):
    plan = plan_of(case)
    del plan.RTPlanLabel
    with pytest.raises(ConformanceError) as raised:
        with_header(case, plan).rt.to_dicom(tmp_path / "out")
    assert raised.value.table["attribute"].tolist() == ["(300A,0002) RTPlanLabel"]


def test_without_the_source_the_header_counts(case, tmp_path):
    plan = plan_of(case)
    plan.BeamSequence[0].BeamName = "Another"
    changed = with_header(case, plan).drop_vars("ct")
    (tmp_path / "source" / "RTPLAN_1.dcm").unlink()
    changed.rt.to_dicom(tmp_path / "out")
    new = pydicom.dcmread(tmp_path / "out" / "RTPLAN_1.dcm")
    assert new.BeamSequence[0].BeamName == "Another"
