"""A plan made of tables says what the tables say."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from rtxr.edit.plans import new as plans
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError
from rtxr.read.plans.plan_records import plan_of

CASE = rtxr.new_case(
    np.zeros((3, 4, 5)), spacing=(3, 1, 1), masks={"PTV": np.ones((3, 4, 5), bool)}
)
FIELD = {"GantryAngle": 90.0, "BeamLimitingDeviceAngle": 0.0, "PatientSupportAngle": 0.0}
#: Columns of control_points() that follow from others, or that no table has to have.
ANGLES = st.integers(0, 3599).map(lambda tenth: tenth / 10)
MM = st.integers(-2000, 2000).map(lambda tenth: tenth / 10)


def test_the_example_runs():
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(plans.add_plan, "add_plan", globs={})
    assert doctest.DocTestRunner().run(example).failed == 0


# --- round trip -----------------------------------------------------------------------------------
@st.composite
def _tables(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    beams, points = [], []
    for number in draw(st.lists(st.integers(1, 99), min_size=1, max_size=3, unique=True)):
        weights = [0.0, *sorted(draw(st.lists(st.integers(1, 9), max_size=3))), 10.0]
        gantry = draw(st.lists(ANGLES, min_size=len(weights), max_size=len(weights)))
        turning = draw(st.booleans())
        place = {f"isocenter_{axis}": draw(MM) for axis in "xyz"}
        rows = []
        for at, (weight, angle) in enumerate(zip(weights, gantry, strict=True)):
            rows.append(
                {
                    "BeamNumber": number,
                    "ControlPointIndex": at,
                    "NominalBeamEnergy": 6.0,
                    "GantryAngle": angle if turning else gantry[0],
                    "GantryRotationDirection": "CW" if turning else "NONE",
                    "BeamLimitingDeviceAngle": 15.0,
                    "PatientSupportAngle": 0.0,
                    "TableTopEccentricAngle": 0.0,
                    "X1": -draw(MM) - 200,
                    "X2": draw(MM) + 200,
                    "Y1": -50.0,
                    "Y2": 50.0,
                    "MLCX": tuple(draw(st.lists(MM, min_size=6, max_size=6))),
                    **place,
                    "CumulativeMetersetWeight": weight / 10,
                }
            )
        points += rows
        moves = any(
            {**row, "ControlPointIndex": 0, "CumulativeMetersetWeight": 0}
            != {**rows[0], "CumulativeMetersetWeight": 0}
            for row in rows
        )
        beams.append(
            {
                "BeamNumber": number,
                "BeamName": draw(st.sampled_from(["A", "Fëld 2", "AP lat"])),
                "BeamDescription": "",
                "BeamType": "DYNAMIC" if moves else "STATIC",
                "RadiationType": draw(st.sampled_from(["PHOTON", "ELECTRON", ""])),
                "TreatmentMachineName": "LINAC",
                "TreatmentDeliveryType": "TREATMENT",
                "PrimaryDosimeterUnit": "MU",
                "SourceAxisDistance": 1000.0,
                "NominalBeamEnergy": 6.0,
                "gantry_start": rows[0]["GantryAngle"],
                "gantry_stop": rows[-1]["GantryAngle"],
                "BeamLimitingDeviceAngle": 15.0,
                "PatientSupportAngle": 0.0,
                "NumberOfControlPoints": len(rows),
                "BeamMeterset": draw(st.one_of(st.just(np.nan), MM.map(abs))),
                "BeamDose": draw(st.one_of(st.just(np.nan), MM)),
                **place,
            }
        )
    return pd.DataFrame(beams), pd.DataFrame(points)


@settings(max_examples=25)
@given(tables=_tables())
def test_tables_make_a_plan_and_the_plan_makes_the_tables(tables):
    beams, points = tables
    ds = CASE.rt.add_plan(beams, points, leaf_boundaries={"MLCX": [-10, -5, 5, 10]})
    pd.testing.assert_frame_equal(ds.rt.beams(), beams)
    back = ds.rt.control_points()
    pd.testing.assert_frame_equal(back[points.columns], points)
    again = CASE.rt.add_plan(ds.rt.beams(), back)
    pd.testing.assert_frame_equal(again.rt.beams(), beams)
    pd.testing.assert_frame_equal(again.rt.control_points(), back)


def test_one_table_of_control_points_is_enough():
    table = pd.DataFrame(
        {
            "BeamNumber": [2, 2, 1, 1],
            "BeamName": ["B", "ignored", "ignored", "A"],
            "BeamMeterset": [10.0, np.nan, np.nan, 20.0],
            "ControlPointIndex": [0, 1, 1, 0],
            "CumulativeMetersetWeight": [0.0, 1.0, 1.0, 0.0],
            "GantryAngle": [0.0, 0.0, 20.0, 10.0],
        }
    )
    beams = CASE.rt.add_plan(table).rt.beams()
    assert beams["BeamNumber"].tolist() == [2, 1]
    assert beams["BeamName"].tolist() == ["B", "A"]
    assert beams["BeamMeterset"].tolist() == [10, 20]
    assert beams["gantry_start"].tolist() == [0, 10]
    assert beams["BeamType"].tolist() == ["STATIC", "DYNAMIC"]


def test_a_beam_in_one_row_has_two_control_points():
    arc = {**FIELD, "gantry_start": 181.0, "gantry_stop": 179.0, "GantryRotationDirection": "CW"}
    ds = CASE.rt.add_plan(pd.DataFrame([FIELD, arc]))
    points = ds.rt.control_points()
    assert points["GantryAngle"].tolist() == [90, 90, 181, 179]
    assert points["GantryRotationDirection"].tolist() == ["NONE", "NONE", "CW", "NONE"]
    assert points["CumulativeMetersetWeight"].tolist() == [0, 1, 0, 1]
    first, second = plan_of(ds).BeamSequence[1].ControlPointSequence
    assert first.PatientSupportRotationDirection == "NONE"
    assert "PatientSupportAngle" not in second


def test_the_plan_of_the_synthetic_patient_is_made_again_from_its_tables(phantom):
    ds = rtxr.open_dir(phantom)
    tables = ds.rt.beams(), ds.rt.control_points()
    made = ds.drop_vars("plan_uid").rt.add_plan(*tables, prescription={"PTV_70": 70}, fractions=35)
    pd.testing.assert_frame_equal(made.rt.beams(), tables[0])
    pd.testing.assert_frame_equal(made.rt.control_points(), tables[1])
    assert made.rt.fraction_groups()["NumberOfFractionsPlanned"].tolist() == [35, 35]


# --- prescription, fractions, references ----------------------------------------------------------
def test_prescriptions_and_fractions():
    ds = CASE.rt.add_plan(prescription={"PTV": 60}, fractions=30, label="BOOST")
    (row,) = ds.rt.prescriptions().to_dict("records")
    assert (row["roi"], row["TargetPrescriptionDose"]) == ("PTV", 60)
    assert (row["DoseReferenceType"], row["DoseReferenceStructureType"]) == ("TARGET", "VOLUME")
    assert plan_of(ds).RTPlanLabel == "BOOST"
    alone = CASE.rt.add_plan(prescription=50.4)
    assert alone.rt.prescriptions()["DoseReferenceStructureType"].tolist() == ["SITE"]
    assert plan_of(alone).RTPlanLabel == "RTXR"
    assert alone.rt.beams().empty
    told = CASE.rt.add_plan(pd.DataFrame([{**FIELD, "NumberOfFractionsPlanned": 5}]))
    assert told.rt.fraction_groups()["NumberOfFractionsPlanned"].tolist() == [5]


def test_doses_made_in_memory_become_those_of_the_plan():
    beam = xr.DataArray(CASE.ct * 0.0)
    beam.attrs = {"DoseSummationType": "BEAM", "ReferencedBeamNumber": (1, 2)}
    ds = rtxr.new_case(CASE.ct, dose=[CASE.ct * 0.0, beam])
    assert ds.rt.doses()["ReferencedRTPlan"].tolist() == ["", ""]
    planned = ds.rt.add_plan(pd.DataFrame([FIELD, FIELD]))
    table = planned.rt.doses()
    assert set(table["ReferencedRTPlan"]) == {planned.plan_uid.item()}
    assert table["ReferencedBeamNumber"].tolist() == [(), (1, 2)]
    assert "ReferencedBeamNumber" not in planned.dose_2.attrs


def test_a_machine_for_beams_that_have_none():
    table = pd.DataFrame([{**FIELD, "TreatmentMachineName": "A"}, FIELD])
    names = CASE.rt.add_plan(table, machine="B").rt.beams()["TreatmentMachineName"]
    assert names.tolist() == ["A", "B"]


# --- what cannot be -------------------------------------------------------------------------------
def test_what_the_tables_cannot_say():
    two = pd.DataFrame([FIELD, FIELD])
    points = pd.DataFrame({"BeamNumber": [7, 7], "CumulativeMetersetWeight": [0.0, 1.0]})
    leaves = pd.DataFrame([{**FIELD, "MLCX": (-1.0, -1.0, 1.0, 1.0)}])
    with pytest.raises(ConflictingDataError, match="plan_uid"):
        CASE.rt.add_plan().rt.add_plan()
    with pytest.raises(UnknownNameError, match="'GantryAngle'"):
        CASE.rt.add_plan(pd.DataFrame({"gantryangle": [0.0]}))
    with pytest.raises(UnknownNameError, match="'PTV'"):
        CASE.rt.add_plan(prescription={"PTVV": 60})
    with pytest.raises(UnknownNameError, match="RTPlanName"):
        CASE.rt.add_plan(RTPlanNames="x")
    with pytest.raises(ConflictingDataError, match=r"\[1, 2\].*\[7\]"):
        CASE.rt.add_plan(two, points)
    with pytest.raises(ConflictingDataError, match="BeamNumber"):
        CASE.rt.add_plan(two.assign(BeamNumber=1))
    with pytest.raises(ConflictingDataError, match="give one of them"):
        CASE.rt.add_plan(two.assign(ControlPointIndex=0), points)
    with pytest.raises(RTXRError, match="178 control points"):
        CASE.rt.add_plan(two.assign(NumberOfControlPoints=178))
    with pytest.raises(ConflictingDataError, match="fractions="):
        CASE.rt.add_plan(two.assign(NumberOfFractionsPlanned=[3, 5]))
    with pytest.raises(ConflictingDataError, match="3 boundaries, not 2"):
        CASE.rt.add_plan(leaves, leaf_boundaries={"MLCX": [-5, 5]})
    with pytest.raises(UnknownNameError, match="MLCX"):
        CASE.rt.add_plan(leaves, leaf_boundaries={"MLCY": [-5, 0, 5]})
    with pytest.raises(RTXRError, match="above 0"):
        CASE.rt.add_plan(prescription=-1)
    with pytest.raises(RTXRError, match="whole number"):
        CASE.rt.add_plan(fractions=2.5)
    for column, value in {"GantryAngle": "zero", "X1": np.inf, "MLCX": (1.0, 2.0, 3.0)}.items():
        with pytest.raises(RTXRError, match=f"column '{column}'"):
            CASE.rt.add_plan(pd.DataFrame({column: [value]}))
    with pytest.raises(RTXRError, match="RTPlanName"):
        CASE.rt.add_plan(RTPlanName=1.5)


def test_what_is_said_of_the_geometry_stays():
    assert plan_of(CASE.rt.add_plan(RTPlanGeometry="TREATMENT_DEVICE")).RTPlanGeometry
    assert "RTPlanGeometry" not in plan_of(CASE.rt.add_plan())


# --- tables in other forms, and arguments that are misspelt ---------------------------------------
@pytest.mark.parametrize(
    "table",
    [
        [{**FIELD, "BeamName": "A"}, {**FIELD, "BeamName": "B"}],
        {**{name: [value] * 2 for name, value in FIELD.items()}, "BeamName": ["A", "B"]},
    ],
)
def test_a_table_may_be_a_list_or_a_mapping(table):
    found = CASE.rt.add_plan(table).rt.beams()
    assert found["BeamName"].tolist() == ["A", "B"]
    assert found.equals(CASE.rt.add_plan(pd.DataFrame(table)).rt.beams())


def test_one_mapping_of_values_is_one_beam():
    leaves = {"MLCX": (-5.0, -5.0, 5.0, 5.0)}
    found = CASE.rt.add_plan({**FIELD, **leaves}).rt.control_points()
    assert found["BeamNumber"].tolist() == [1, 1]
    assert found["MLCX"].tolist()[0] == (-5.0, -5.0, 5.0, 5.0)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"beams": "AP"}, r"beams is a str; give a DataFrame, or a list of mappings"),
        ({"beams": [["AP"]]}, r"beams is a list; give a DataFrame"),
        ({"TreatmentMachineName": "L1"}, r"TreatmentMachineName: say it by machine="),
        ({"beams": {**FIELD, "BeamMeterset": -1}}, "BeamMeterset: -1, and a meterset is 0 or more"),
        ({"beams": {**FIELD, "gantry_stop": 400}}, "gantry_stop: 400 degrees.*which is 40$"),
        ({"control_points": xr.Dataset()}, "a Dataset of xarray: positions of leaves go in"),
        ({"fraction": 3}, "'fraction' is no argument of add_plan; did you mean 'fractions'"),
        ({"beams": {**FIELD, "MLCX": (1, 2, 3)}}, "'MLCX' takes an even count of numbers"),
    ],
)
def test_what_is_misspelt_or_of_another_kind(arguments, complaint):
    with pytest.raises(RTXRError, match=complaint):
        CASE.rt.add_plan(**arguments)
