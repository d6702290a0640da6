"""Plans of several systems, edited, written and opened again: what was edited, and nothing else."""

from __future__ import annotations

import re

import pandas as pd
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr.errors import ConflictingDataError
from rtxr.read.plans.plan_records import plan_record
from tests.lossless import differences

pytestmark = pytest.mark.data

CASES = {
    "oncentra": "oncentra_phantom/simple_phantom_case",
    "monaco": "pymedphys/tiny_vmat",
    "raystation": "proton_dcpt/raystation_plan03",
    "eclipse": "breast_boost_eclipse/rtplan.dcm",
    "eclipse ions": "proton_dcpt/eclipse_plan01",
    "pinnacle": "pymedphys/pinnacle_rp_rd",
    "picket fence": "pylinac/picket_fence_with_plan",
}
FOLLOW = ["gantry_unwrapped", "meterset", "segment_meterset"]
#: What a changed object says of itself, by tag.
STAMPED = (
    *("(0008,0012)", "(0008,0013)", "(0008,0018)", "(0018,1020)", "(0018,A001)", "(0020,000E)"),
    *("(300A,0006)", "(300A,0007)", "(300E,0002)", "(300E,0004)", "(300E,0005)", "(300E,0008)"),
)


@pytest.fixture(scope="module", params=CASES)
def case(request, case_data) -> xr.Dataset:
    """The plan of a case alone."""
    folder, _, rest = CASES[request.param].partition("/")
    index = rtxr.scan(case_data(folder) / rest)
    return index.select(Modality="RTPLAN").open()


def _edited(case: xr.Dataset) -> tuple[xr.Dataset, pd.DataFrame, pd.DataFrame]:
    """Another name and meterset of the last beam; gantry, energy and leaves of its points."""
    beams, points = case.rt.beams(), case.rt.control_points()
    last = len(beams) - 1
    beams.loc[last, "BeamName"] = "edited"
    beams.loc[last, "BeamMeterset"] = 123.5
    own = points.index[points["BeamNumber"] == beams.loc[last, "BeamNumber"]]
    points.loc[own, "GantryAngle"] = (points.loc[own, "GantryAngle"] + 1.5) % 360
    points.loc[own, "NominalBeamEnergy"] += 0.5
    for column in [name for name in points if name.startswith("MLC")]:
        leaves = points.at[own[1], column]
        if isinstance(leaves, tuple):
            points.at[own[1], column] = (leaves[0] - 1.0, *leaves[1:])
    changed = case.rt.with_control_points(points)
    return changed.rt.with_beams(beams[["BeamNumber", "BeamName", "BeamMeterset"]]), beams, points


def test_the_tables_come_back(case, tmp_path):
    changed, beams, points = _edited(case)
    changed.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    pd.testing.assert_frame_equal(
        back.rt.control_points().drop(columns=FOLLOW), points.drop(columns=FOLLOW)
    )
    told = ["BeamNumber", "BeamName", "BeamDose", "BeamMeterset", "TreatmentMachineName"]
    pd.testing.assert_frame_equal(back.rt.beams()[told], beams[told])
    pd.testing.assert_frame_equal(back.rt.prescriptions(), case.rt.prescriptions())


def test_all_else_is_as_it_was(case, tmp_path):
    changed, _, points = _edited(case)
    changed.rt.to_dicom(tmp_path / "out")
    new = pydicom.dcmread(tmp_path / "out" / "RTPLAN_1.dcm")
    old = pydicom.dcmread(plan_record(case).path, force=True)
    edited = ("(300A,00C2)", "(300A,0086)", "(300A,011E)", "(300A,0114)", "(300A,011C)")
    other = [
        each
        for each in differences(new, old)
        if not each.startswith(STAMPED) and each.split(":")[0][-11:] not in edited
    ]
    assert [each for each in other if not each.endswith("filled")] == []
    # What is new inside of beams: energies, positions and devices that later points state again.
    added = {
        re.sub(r"\[\d+\]", "", each.split(":")[0])
        for each in differences(old, new)
        if each.endswith("gone") and each.startswith("(300A,")
    }
    assert {each[-11:] for each in added} <= {"(300A,0114)", "(300A,011A)", "(300A,011E)"}
    assert new.SOPInstanceUID != old.SOPInstanceUID
    assert len(points)


def test_the_source_again(case, tmp_path):
    changed, _, _ = _edited(case)
    table = case.rt.control_points().drop(columns=FOLLOW)
    again = changed.rt.with_control_points(table).rt.with_beams(
        case.rt.beams()[["BeamNumber", "BeamName", "BeamMeterset"]]
    )
    pd.testing.assert_frame_equal(again.rt.control_points(), case.rt.control_points())
    pd.testing.assert_frame_equal(again.rt.beams(), case.rt.beams())


@pytest.mark.validators
def test_no_new_errors(case, tmp_path, validator):
    changed, _, _ = _edited(case)
    case.rt.to_dicom(tmp_path / "plain")
    changed.rt.to_dicom(tmp_path / "edited")
    plain, edited = (
        validator.dciodvfy(tmp_path / name / "RTPLAN_1.dcm") for name in ("plain", "edited")
    )
    assert set(edited) <= set(plain)
    if len(case.rt.beams()) > 1:
        case.rt.remove_beam(int(case.rt.beams()["BeamNumber"].iloc[0])).rt.to_dicom(
            tmp_path / "fewer"
        )
        fewer = validator.dciodvfy(tmp_path / "fewer" / "RTPLAN_1.dcm")
        assert {_unplaced(each) for each in fewer} <= {_unplaced(each) for each in plain}


def _unplaced(line: str) -> str:
    """A complaint without the numbers of items, which move up."""
    return re.sub(r"\[\d+\]|\(\d+\)", "", line)


def test_weights_of_spots_are_not_changed_alone(case_data):
    index = rtxr.scan(case_data("proton_dcpt") / "raystation_plan03")
    case = index.select(Modality="RTPLAN").open()
    table = case.rt.control_points()
    table.loc[1, "CumulativeMetersetWeight"] += 1
    with pytest.raises(ConflictingDataError, match="ScanSpotMetersetWeights"):
        case.rt.with_control_points(table)
