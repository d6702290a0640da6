"""Doses of files become doses of a new plan where that is said, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pydicom
import pytest

import rtxr
from rtxr.errors import ConflictingDataError, UnknownNameError
from rtxr.read.rt_dose import references

BEAMS = pd.DataFrame(
    {
        "BeamNumber": [1, 2],
        "GantryAngle": [0.0, 180.0],
        "BeamLimitingDeviceAngle": 0.0,
        "PatientSupportAngle": 0.0,
        "NominalBeamEnergy": 6.0,
        "BeamMeterset": [120.0, 110.0],
        **{f"isocenter_{axis}": 0.0 for axis in "xyz"},
        "X1": -20.0,
        "X2": 20.0,
        "Y1": -25.0,
        "Y2": 25.0,
    }
)


@pytest.fixture(scope="module")
def without_plan(tmp_path_factory):
    """A case of files whose dose names a plan that is not there."""
    folder = rtxr.tutorial.phantom(tmp_path_factory.mktemp("phantom"), spacing=(12, 8, 8))
    for path in folder.iterdir():
        if pydicom.dcmread(path, stop_before_pixels=True).Modality == "RTPLAN":
            path.unlink()
    return rtxr.open_dir(folder)


def codes(ds) -> list[str]:
    return [code for code in ds.rt.findings["code"] if code == "dose-of-another-plan"]


def test_a_dose_of_files_becomes_that_of_a_new_plan(without_plan, tmp_path):
    planned = without_plan.rt.add_plan(BEAMS, fractions=30, machine="L1", doses="dose")
    assert references(planned, "dose") == [(planned.plan_uid.item(), None, None)]
    assert codes(planned) == []
    planned.rt.to_dicom(tmp_path)
    again = rtxr.open_dir(tmp_path)
    assert [uid for uid, _, _ in references(again, "dose")] == [again.plan_uid.item()]
    assert "unresolved-reference" not in set(again.rt.findings["code"])
    np.testing.assert_array_equal(again.dose, without_plan.dose)


def test_a_dose_that_is_not_named_stays_and_is_told(without_plan):
    planned = without_plan.rt.add_plan(BEAMS)
    assert references(planned, "dose") == references(without_plan, "dose")
    assert codes(planned) == ["dose-of-another-plan"]
    told = planned.rt.findings.set_index("code").loc["dose-of-another-plan", "message"]
    assert "ds.rt.add_plan(..., doses='dose')" in told


def test_a_dose_of_one_beam_is_of_the_beam_of_that_number(without_plan):
    kind = {"rtxr_dose_references": '[["1.2.3", 1, 2]]', "DoseSummationType": "BEAM"}
    ds = without_plan.assign(dose=without_plan.dose.assign_attrs(kind))
    planned = ds.rt.add_plan(BEAMS, doses=["dose"])
    assert references(planned, "dose") == [(planned.plan_uid.item(), 1, 2)]
    with pytest.raises(ConflictingDataError, match=r"of beam \['2'\] and the plan has \['1'\]"):
        ds.rt.add_plan(BEAMS.iloc[:1], doses="dose")


def test_a_plan_without_beams_may_have_doses(without_plan):
    planned = without_plan.rt.add_plan(doses="dose")
    assert references(planned, "dose") == [(planned.plan_uid.item(), None, None)]


def test_a_dose_that_is_not_there(without_plan):
    with pytest.raises(UnknownNameError, match="did you mean 'dose'"):
        without_plan.rt.add_plan(BEAMS, doses="dos")
