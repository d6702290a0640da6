from __future__ import annotations

import numpy as np
from factories import item

from read.made_plans import arc, planned
from rtxr.read.plans.patient_setups import patient_setups, setup_devices, tolerance_tables


def test_setups_and_the_beams_that_use_them(tmp_path):
    setups = [
        item(PatientSetupNumber=1, PatientPosition="HFS", TableTopVerticalSetupDisplacement=-12.5),
        item(PatientSetupNumber=2, PatientPosition="HFP"),
    ]
    beams = [arc(number, str(number), ReferencedPatientSetupNumber=1) for number in (3, 5)]
    table = patient_setups(planned(tmp_path, beams=beams, PatientSetupSequence=setups))
    assert table["PatientPosition"].tolist() == ["HFS", "HFP"]
    assert table["beams"].tolist() == [(3, 5), ()]
    displaced = table["TableTopVerticalSetupDisplacement"]
    np.testing.assert_array_equal(displaced, [-12.5, np.nan])


def test_devices_of_setups(tmp_path):
    setup = item(
        PatientSetupNumber=1,
        FixationDeviceSequence=[item(FixationDeviceType="MASK", FixationDeviceLabel="M1")],
        SetupDeviceSequence=[
            item(SetupDeviceType="LASER_POINTER", SetupDeviceParameter=900, AccessoryCode="7")
        ],
    )
    table = setup_devices(planned(tmp_path, beams=[arc()], PatientSetupSequence=[setup]))
    assert table["sequence"].tolist() == ["FixationDeviceSequence", "SetupDeviceSequence"]
    assert table["type"].tolist() == ["MASK", "LASER_POINTER"]
    assert table["label"].tolist() == ["M1", ""]
    np.testing.assert_array_equal(table["parameter"], [np.nan, 900])
    assert table["AccessoryCode"].tolist() == ["", "7"]


def test_tolerances_by_device(tmp_path):
    devices = [
        item(RTBeamLimitingDeviceType="ASYMX", BeamLimitingDevicePositionTolerance=2),
        item(RTBeamLimitingDeviceType="MLCX", BeamLimitingDevicePositionTolerance=1.5),
    ]
    tables = [
        item(
            ToleranceTableNumber=4,
            ToleranceTableLabel="T",
            GantryAngleTolerance=0.5,
            BeamLimitingDeviceToleranceSequence=devices,
        ),
        item(ToleranceTableNumber=5),
    ]
    beams = [arc(ReferencedToleranceTableNumber=4)]
    table = tolerance_tables(planned(tmp_path, beams=beams, ToleranceTableSequence=tables))
    np.testing.assert_array_equal(table["ASYMX"], [2, np.nan])
    np.testing.assert_array_equal(table["MLCX"], [1.5, np.nan])
    np.testing.assert_array_equal(table["GantryAngleTolerance"], [0.5, np.nan])
    assert table["beams"].tolist() == [(1,), ()]
    assert "SnoutPositionTolerance" not in table


def test_plans_without(tmp_path):
    ds = planned(tmp_path, beams=[arc()])
    for table, what in (
        (patient_setups, "patient setups"),
        (setup_devices, "setup devices"),
        (tolerance_tables, "tolerance tables"),
    ):
        assert table(ds).attrs["note"] == f"this plan has no {what}; it has 1 beam(s)"
