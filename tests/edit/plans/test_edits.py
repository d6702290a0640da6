"""An edited plan says what the edited tables say, and all else as its source does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr import header_store
from rtxr.edit.edited_headers import edited
from rtxr.edit.plans.edits import with_beams, with_control_points
from rtxr.errors import ConflictingDataError, MissingDataError, RTXRError, UnknownNameError
from rtxr.read.plans.plan_records import plan_of
from tests.edit.plan_case import FIELD, assert_same, changed_elements


# --- what is edited, and what is not --------------------------------------------------------------
def test_an_unedited_table_is_no_edit(plan_case):
    assert with_beams(plan_case, plan_case.rt.beams()) is plan_case
    assert with_control_points(plan_case, plan_case.rt.control_points()) is plan_case


def test_names_and_metersets(plan_case):
    table = plan_case.rt.beams()
    table["BeamName"] = ["Left", "Arc"]
    table.loc[1, "BeamMeterset"] = 210.5
    changed = with_beams(plan_case, table)
    assert_same(changed.rt.beams(), table)
    assert changed_elements(changed, plan_case) == {
        "(300A,00B0)[0](300A,00C2): another value",
        "new (300A,00B0)[0](300A,00C2): another value",
        "(300A,00B0)[1](300A,00C2): another value",
        "new (300A,00B0)[1](300A,00C2): another value",
        "(300A,0070)[0](300C,0004)[1](300A,0086): another value",
        "new (300A,0070)[0](300C,0004)[1](300A,0086): another value",
        "(300E,0002): another value",
        "new (300E,0002): another value",
        *(f"(300E,{element:04X}): gone" for element in (4, 5, 8)),
    }
    assert changed.rt.control_points()["meterset"].iloc[-1] == 210.5


def test_one_control_point_of_an_arc(plan_case):
    table = plan_case.rt.control_points()
    table.loc[3, "GantryAngle"] = 12.0
    changed = with_control_points(plan_case, table)
    assert_same(changed.rt.control_points(), table)
    assert changed.rt.control_points()["gantry_unwrapped"].tolist() == [90, 90, 0, 12, 20]
    own = {each for each in changed_elements(changed, plan_case) if "300E" not in each}
    place = "(300A,00B0)[1](300A,0111)[1](300A,011E): another value"
    assert own == {place, f"new {place}"}


def test_what_is_inherited_stays_inherited(plan_case):
    table = plan_case.rt.control_points()
    arc = table["BeamNumber"] == 2
    table.loc[arc, "BeamLimitingDeviceAngle"] = 30.0
    table.loc[arc, "X1"] = -40.0
    table.loc[arc, "isocenter_z"] = 8.0
    changed = with_control_points(plan_case, table)
    assert_same(changed.rt.control_points(), table)
    points = plan_of(changed).BeamSequence[1].ControlPointSequence
    assert ["BeamLimitingDeviceAngle" in point for point in points] == [True, False, False]
    assert ["IsocenterPosition" in point for point in points] == [True, False, False]
    assert ["BeamLimitingDevicePositionSequence" in point for point in points] == [
        True,
        False,
        False,
    ]


def test_what_others_inherit_is_stated_after_an_edit(plan_case):
    table = plan_case.rt.control_points()
    table.loc[3, "Y2"] = 15.0
    table.at[3, "MLCX"] = (-10.0, -8.0, 10.0, 10.0)
    changed = with_control_points(plan_case, table)
    assert_same(changed.rt.control_points(), table)
    points = plan_of(changed).BeamSequence[1].ControlPointSequence
    kinds = [
        [each.RTBeamLimitingDeviceType for each in point.BeamLimitingDevicePositionSequence]
        for point in points
    ]
    assert kinds[1:] == [["ASYMY", "MLCX"]] * 2 or kinds[1:] == [["MLCX", "ASYMY"]] * 2


def test_a_table_of_the_wanted_rows_and_columns_only(plan_case):
    changed = with_beams(plan_case, pd.DataFrame({"BeamNumber": [2], "BeamMeterset": [7.5]}))
    assert changed.rt.beams()["BeamMeterset"].tolist() == [100.0, 7.5]
    few = pd.DataFrame({"ControlPointIndex": [1], "BeamNumber": [2], "GantryAngle": [11.0]})
    changed = with_control_points(plan_case, few)
    assert changed.rt.control_points()["GantryAngle"].tolist() == [90, 90, 0, 11, 20]


def test_a_static_beam_as_a_whole(plan_case):
    table = plan_case.rt.beams()
    table.loc[0, ["gantry_start", "gantry_stop"]] = 270.0
    table.loc[0, ["PatientSupportAngle", "isocenter_x"]] = [10.0, -4.5]
    changed = with_beams(plan_case, table)
    assert_same(changed.rt.beams(), table)
    first = changed.rt.control_points(beam=1)
    assert first["GantryAngle"].tolist() == [270, 270]
    assert first["isocenter_x"].tolist() == [-4.5, -4.5]


def test_a_static_beam_that_turns_now_is_dynamic(plan_case):
    table = plan_case.rt.control_points()
    table.loc[1, "GantryAngle"] = 100.0
    table.loc[0, "GantryRotationDirection"] = "CW"
    changed = with_control_points(plan_case, table)
    assert changed.rt.beams()["BeamType"].tolist() == ["DYNAMIC", "DYNAMIC"]
    assert "beam-type-changed" in changed.rt.findings["code"].tolist()


def test_weights_of_control_points(plan_case):
    table = plan_case.rt.control_points()
    table.loc[3, "CumulativeMetersetWeight"] = 0.25
    changed = with_control_points(plan_case, table)
    assert changed.rt.control_points()["meterset"].tolist() == [0, 100, 0, 50, 200]
    table.loc[[3, 4], "CumulativeMetersetWeight"] = [1.0, 4.0]
    changed = with_control_points(plan_case, table)
    assert plan_of(changed).BeamSequence[1].FinalCumulativeMetersetWeight == 4
    assert changed.rt.control_points()["meterset"].tolist() == [0, 100, 0, 50, 200]


def test_a_direction_that_the_plan_did_not_state(plan_case):
    table = plan_case.rt.control_points()
    wanted = table.assign(PatientSupportRotationDirection=["NONE"] * 4 + ["NONE"])
    wanted.loc[2:, "PatientSupportAngle"] = [0.0, 5.0, 10.0]
    wanted.loc[2:3, "PatientSupportRotationDirection"] = "CC"
    changed = with_control_points(plan_case, wanted)
    assert_same(changed.rt.control_points(), wanted[changed.rt.control_points().columns])


def test_findings_of_an_edit(plan_case):
    table = plan_case.rt.beams()
    table["BeamMeterset"] *= 2
    changed = with_beams(plan_case.assign(dose=_dose()), table)
    codes = changed.rt.findings["code"].tolist()
    assert codes.count("beam-dose-kept") == 2
    for code in ("plan-edited", "approval-withdrawn", "dose-of-plan-before"):
        assert codes.count(code) == 1
    plan = plan_of(changed)
    assert plan.ApprovalStatus == "UNAPPROVED"
    assert "ReviewDate" not in plan
    table["BeamDose"] *= 2
    codes = with_beams(plan_case, table).rt.findings["code"].tolist()
    assert "beam-dose-kept" not in codes
    assert "dose-of-plan-before" not in codes


def _dose() -> xr.DataArray:
    axes = {f"dose_{axis}": [0.0, 1.0] for axis in "zyx"}
    return xr.DataArray(np.ones((2, 2, 2)), axes, tuple(axes))


def test_texts_beyond_ascii(plan_case, tmp_path):
    table = plan_case.rt.beams()
    table["BeamName"] = ["Überstand", "左"]
    changed = with_beams(plan_case, table)
    assert_same(changed.rt.beams(), table)
    changed.rt.to_dicom(tmp_path / "out")
    assert_same(rtxr.open_dir(tmp_path / "out").rt.beams(), table)


def test_a_mapping_or_a_list_of_rows_is_a_table(plan_case):
    row = {"BeamNumber": 2, "BeamMeterset": 210}
    expected = with_beams(plan_case, pd.DataFrame([row])).rt.beams()
    assert expected["BeamMeterset"].tolist() == [100.0, 210.0]
    assert_same(with_beams(plan_case, row).rt.beams(), expected)
    assert_same(with_beams(plan_case, [row]).rt.beams(), expected)
    assert_same(
        with_beams(plan_case, {key: [each] for key, each in row.items()}).rt.beams(), expected
    )
    point = {"BeamNumber": 2, "ControlPointIndex": 1, "MLCX": (-9.0, -8.0, 7.0, 6.0)}
    leaves = with_control_points(plan_case, point).rt.control_points()["MLCX"]
    assert leaves.tolist()[3] == point["MLCX"]


def test_leaves_that_cross_are_told_before_and_after_writing(plan_case, tmp_path):
    table = plan_case.rt.control_points()
    table.at[3, "MLCX"] = (40.0, -10.0, -10.0, 10.0)
    changed = with_control_points(plan_case, table)
    assert "leaves-cross" in set(changed.rt.validate()["code"])
    changed.rt.to_dicom(tmp_path / "out")
    assert "leaves-cross" in set(rtxr.validate(tmp_path / "out")["code"])


def test_leaf_positions_say_how_they_go_back(plan_case):
    leaves = plan_case.rt.leaf_positions()
    with pytest.raises(RTXRError, match="MLCX, MLCY") as told:
        with_control_points(plan_case, leaves)
    assert 'sel(beam=1, control_point=0).transpose("side", ...)' in str(told.value)
    leaves["MLCX"].loc[{"beam": 2, "control_point": 1, "side": 1, "leaf": 2}] = -7.0
    back = leaves["MLCX"].sel(beam=2, control_point=1).transpose("side", ...)
    table = plan_case.rt.control_points()
    table.at[3, "MLCX"] = tuple(back.values.ravel())
    changed = with_control_points(plan_case, table)
    assert changed.rt.leaf_positions()["MLCX"].equals(leaves["MLCX"])


@pytest.mark.parametrize("nothing", [None, "AP", 3])
def test_what_is_no_table(plan_case, nothing):
    with pytest.raises(RTXRError, match="table is "):
        with_beams(plan_case, nothing)


# --- what is refused ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("column", "values", "error", "message"),
    [
        ("BeamName", ["A", "A"], ConflictingDataError, "BeamName"),
        (
            "BeamName",
            ["x" * 65, "B"],
            RTXRError,
            "beam 1: .300A,00C2. BeamName.*65 char.*LO allows 64",
        ),
        ("BeamType", ["MOVING", "DYNAMIC"], RTXRError, "cannot hold"),
        ("NumberOfControlPoints", [3, 3], RTXRError, "follows"),
        ("gantry_stop", [100.0, 20.0], ConflictingDataError, "with_control_points"),
        ("BeamMeterset", [np.nan, 1.0], RTXRError, "taken out"),
        ("BeamMeterset", [np.inf, 1.0], RTXRError, "finite"),
        ("BeamMeterset", [-1.0, 1.0], RTXRError, "0 or more"),
        ("gantry_start", [400.0, 20.0], RTXRError, "0 to 360; give it modulo 360, which is 40"),
        ("BeamMeterset", ["much", 1.0], RTXRError, "numbers"),
        ("BeamNumber", [7, 2], UnknownNameError, "BeamNumber 7"),
        ("BeamNumber", [2, 2], ConflictingDataError, "2 times"),
        ("Colour", [1, 2], UnknownNameError, "Colour"),
    ],
)
def test_beams_that_cannot_be(plan_case, column, values, error, message):
    with pytest.raises(error, match=message):
        with_beams(plan_case, plan_case.rt.beams().assign(**{column: values}))


def test_an_arc_is_turned_by_its_control_points(plan_case):
    table = plan_case.rt.beams()
    table.loc[1, ["gantry_start", "gantry_stop"]] = 5.0
    with pytest.raises(ConflictingDataError, match="with_control_points"):
        with_beams(plan_case, table)


@pytest.mark.parametrize(
    ("place", "column", "value", "error", "message"),
    [
        (3, "meterset", 5.0, RTXRError, "CumulativeMetersetWeight"),
        (1, "GantryAngle", -2.0, RTXRError, "which is 358"),
        (1, "GantryAngle", 95.0, ConflictingDataError, "GantryRotationDirection"),
        (3, "CumulativeMetersetWeight", 2.0, ConflictingDataError, "rise"),
        (2, "CumulativeMetersetWeight", 0.5, ConflictingDataError, "begins with 0"),
        (3, "MLCX", (-5.0, 5.0), ConflictingDataError, "4 positions"),
        (3, "MLCX", (-5.0, np.nan, 5.0, 5.0), RTXRError, "finite"),
        (0, "GantryRotationDirection", "LEFT", RTXRError, "cannot hold"),
        (3, "SnoutPosition", 5.0, UnknownNameError, "SnoutPosition"),
    ],
)
def test_control_points_that_cannot_be(plan_case, place, column, value, error, message):
    table = plan_case.rt.control_points()
    table[column] = [*table[column]] if column in table else np.nan
    table.at[place, column] = value
    with pytest.raises(error, match=message):
        with_control_points(plan_case, table)


def test_a_device_that_the_beam_does_not_have(plan_folder):
    rows = [{**FIELD, "GantryAngle": 0.0, "BeamMeterset": 1.0}]
    rows = [{key: each for key, each in row.items() if key[0] != "Y"} for row in rows]
    bare = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1)).rt.add_plan(pd.DataFrame(rows))
    with pytest.raises(ConflictingDataError, match=r"no Y or ASYMY.*ASYMX"):
        with_control_points(bare, bare.rt.control_points().assign(Y1=-1.0, Y2=1.0))


def test_one_of_two_jaws_says_nothing(plan_case):
    place = {"BeamNumber": [1], "ControlPointIndex": [0]}
    plan = plan_of(plan_case)
    plan.BeamSequence[0].ControlPointSequence[0].BeamLimitingDevicePositionSequence.pop(1)
    record = edited(header_store.unpack(plan_case)[str(plan_case.plan_uid.values)], plan)
    bare = header_store.replace(plan_case, [record])
    with pytest.raises(RTXRError, match="Y1, Y2 are needed together"):
        with_control_points(bare, pd.DataFrame({**place, "Y1": [-1.0]}))
    found = with_control_points(bare, pd.DataFrame({**place, "Y1": [-1.0], "Y2": [2.0]}))
    assert found.rt.control_points(beam=1)["Y2"].tolist() == [2.0, 2.0]


def test_without_a_plan():
    bare = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1))
    with pytest.raises(MissingDataError, match="plan"):
        with_beams(bare, pd.DataFrame({"BeamNumber": [1]}))


# --- what real plans have -------------------------------------------------------------------------
def _with_header(case: xr.Dataset, plan: pydicom.Dataset) -> xr.Dataset:
    record = header_store.unpack(case)[str(case.plan_uid.values)]
    return header_store.replace(case, [edited(record, plan)])


def test_two_beams_of_one_number(plan_case):
    plan = plan_of(plan_case)
    plan.BeamSequence[0].BeamNumber = 2
    both = _with_header(plan_case, plan)
    table = both.rt.control_points()
    table.loc[3, "GantryAngle"] = 12.0
    changed = with_control_points(both, table)
    assert changed.rt.control_points()["GantryAngle"].tolist() == [90, 90, 0, 12, 20]
    beams = both.rt.beams().assign(BeamName=["First", "Second"])
    assert with_beams(both, beams).rt.beams()["BeamName"].tolist() == ["First", "Second"]
    with pytest.raises(ConflictingDataError, match="several beams have the number 2"):
        with_beams(both, beams.assign(BeamMeterset=[1.0, 2.0]))


def test_jaws_of_a_symmetric_type(plan_case):
    plan = plan_of(plan_case)
    beam = plan.BeamSequence[0]
    for each in (*beam.BeamLimitingDeviceSequence, *_devices_of(beam)):
        if each.RTBeamLimitingDeviceType == "ASYMX":
            each.RTBeamLimitingDeviceType = "X"
    symmetric = _with_header(plan_case, plan)
    table = symmetric.rt.control_points()
    own = table["BeamNumber"] == 1
    table.loc[own, ["X1", "X2"]] = [-30.0, 30.0]
    codes = with_control_points(symmetric, table).rt.findings["code"].tolist()
    assert "jaws-not-symmetric" not in codes
    table.loc[own, "X2"] = 20.0
    changed = with_control_points(symmetric, table)
    assert_same(changed.rt.control_points(), table)
    assert "jaws-not-symmetric" in changed.rt.findings["code"].tolist()


def _devices_of(beam: pydicom.Dataset) -> list[pydicom.Dataset]:
    return [
        each
        for point in beam.ControlPointSequence
        for each in point.get("BeamLimitingDevicePositionSequence", [])
    ]
