"""A case whose plan has a static beam, an arc and private elements, and how plans compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

import rtxr
from rtxr.read.plans.plan_records import plan_of
from tests.lossless import differences

FIELD = {
    "BeamLimitingDeviceAngle": 15.0,
    "PatientSupportAngle": 0.0,
    "TableTopEccentricAngle": 0.0,
    "NominalBeamEnergy": 6.0,
    "X1": -50.0,
    "X2": 50.0,
    "Y1": -20.0,
    "Y2": 20.0,
    "isocenter_x": 1.0,
    "isocenter_y": 2.0,
    "isocenter_z": 3.0,
}
#: What other columns tell, or is told by them.
FOLLOW = ["gantry_unwrapped", "meterset", "segment_meterset"]


def _points(number: int, gantry: list[float], direction: str) -> list[dict[str, object]]:
    return [
        {
            **FIELD,
            "BeamNumber": number,
            "BeamName": f"Beam {number}",
            "TreatmentMachineName": "LINAC",
            "RadiationType": "PHOTON",
            "TreatmentDeliveryType": "TREATMENT",
            "PrimaryDosimeterUnit": "MU",
            "SourceAxisDistance": 1000.0,
            "BeamMeterset": 100.0 * number,
            "BeamDose": 0.5,
            "ControlPointIndex": at,
            "GantryAngle": angle,
            "GantryRotationDirection": direction if at < len(gantry) - 1 else "NONE",
            "MLCX": (-10.0, -10.0, 10.0, 10.0),
            "CumulativeMetersetWeight": at / (len(gantry) - 1),
        }
        for at, angle in enumerate(gantry)
    ]


def write_case(out: Path) -> Path:
    """Files of a case with a static beam and an arc, whose plan has private elements."""
    rows = [*_points(1, [90.0, 90.0], "NONE"), *_points(2, [0.0, 10.0, 20.0], "CW")]
    case = rtxr.new_case(
        np.zeros((3, 4, 5)),
        spacing=(3, 1, 1),
        PatientPosition="HFS",
        masks={"PTV": np.ones((3, 4, 5), bool)},
    )
    made = case.rt.add_plan(
        pd.DataFrame(rows), fractions=10, leaf_boundaries={"MLCX": [-10.0, 0.0, 10.0]}
    )
    made.rt.to_dicom(out, ApprovalStatus="UNAPPROVED")
    path = out / "RTPLAN_1.dcm"
    plan = pydicom.dcmread(path)
    plan.ApprovalStatus = "APPROVED"
    plan.ReviewDate, plan.ReviewTime, plan.ReviewerName = "20200101", "120000", "X"
    for item in (plan, plan.BeamSequence[0], plan.BeamSequence[1].ControlPointSequence[1]):
        block = item.private_block(0x3287, "MY LAB 1.0", create=True)
        block.add_new(0x01, "UN", b"\x01\x02\x03\x04")
    plan.save_as(path)
    return out


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Assert that two tables agree in all but what follows from other columns."""
    pd.testing.assert_frame_equal(
        found.drop(columns=FOLLOW, errors="ignore"),
        expected.drop(columns=FOLLOW, errors="ignore"),
    )


def changed_elements(changed: xr.Dataset, source: xr.Dataset) -> set[str]:
    """Elements of the plan that are other than before, and those that are new."""
    new, old = plan_of(changed), plan_of(source)
    return {*differences(new, old), *(f"new {each}" for each in differences(old, new))}
