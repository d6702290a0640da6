"""A beam that is removed is gone from everything that refers to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr import header_store
from rtxr.edit.edited_headers import edited
from rtxr.edit.plans.removed_beams import remove_beam
from rtxr.errors import ConflictingDataError, UnknownNameError
from rtxr.read.plans.plan_records import plan_of

AXES = {axis: np.arange(2.0) for axis in "zyx"}


def _dose(**attrs: object) -> xr.DataArray:
    return xr.DataArray(np.ones((2, 2, 2)), AXES, tuple(AXES), attrs=attrs)


@pytest.fixture(scope="module")
def case() -> xr.Dataset:
    """Three beams, a dose of the plan and a dose of the second beam."""
    fields = [
        {
            "BeamNumber": number,
            "BeamName": name,
            "GantryAngle": 0.0,
            "BeamLimitingDeviceAngle": 0.0,
            "PatientSupportAngle": 0.0,
            "X1": -50.0,
            "X2": 50.0,
            "BeamMeterset": 100.0,
            "isocenter_x": 0.0,
            "isocenter_y": 0.0,
            "isocenter_z": 0.0,
        }
        for number, name in ((1, "AP"), (2, "PA"), (5, "LL"))
    ]
    made = rtxr.new_case(
        np.zeros((3, 4, 5)),
        spacing=(3, 1, 1),
        PatientPosition="HFS",
        masks={"PTV": np.ones((3, 4, 5), bool)},
        dose=[
            _dose(DoseSummationType="PLAN"),
            _dose(DoseSummationType="BEAM", ReferencedBeamNumber=2),
        ],
    )
    return made.rt.add_plan(pd.DataFrame(fields))


@pytest.mark.parametrize("beam", [2, "PA", [2], np.int64(2)])
def test_by_number_or_name(case, beam):
    assert remove_beam(case, beam).rt.beams()["BeamName"].tolist() == ["AP", "LL"]


def test_everything_that_refers_to_it(case, tmp_path):
    left = remove_beam(case, "PA")
    plan = plan_of(left)
    group = plan.FractionGroupSequence[0]
    assert [each.ReferencedBeamNumber for each in group.ReferencedBeamSequence] == [1, 5]
    assert group.NumberOfBeams == 2
    assert "dose" in left
    assert "dose_2" not in left
    findings = left.rt.findings.set_index("code")["message"]
    assert "dose_2" in findings["removed-with-beam"]
    assert "computed for the plan as it was" in findings["dose-of-plan-before"]
    left.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    assert back.rt.fraction_groups()["ReferencedBeamNumber"].tolist() == [1, 5]
    assert back.rt.doses().index.tolist() == ["dose"]


def test_several_at_once(case):
    left = remove_beam(case, [1, "PA"])
    assert left.rt.beams()["BeamNumber"].tolist() == [5]
    assert plan_of(left).FractionGroupSequence[0].NumberOfBeams == 1
    assert remove_beam(case, []) is case


def test_what_cannot_be_removed(case):
    with pytest.raises(UnknownNameError, match="AP"):
        remove_beam(case, "A P")
    with pytest.raises(ConflictingDataError, match="drop_vars"):
        remove_beam(case, [1, 2, 5])


@pytest.mark.data
def test_of_a_real_case_with_doses_and_images(case_data, tmp_path):
    case = rtxr.open_dir(case_data("oncentra_phantom") / "simple_phantom_case")
    left = remove_beam(case, "B2_photons_MLC")
    assert left.rt.beams()["BeamNumber"].tolist() == [1, 3]
    assert sorted(set(left.rt.rt_images()["beam_number"])) == [1, 3]
    assert {number for each in left.rt.doses()["ReferencedBeamNumber"] for number in each} == {1, 3}
    left.rt.to_dicom(tmp_path / "out")
    for path in (tmp_path / "out").glob("*.dcm"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        named = [
            int(each.value)
            for each in header.iterall()
            if each.keyword in ("BeamNumber", "ReferencedBeamNumber")
        ]
        assert 2 not in named


@pytest.mark.data
def test_of_an_ion_plan(case_data):
    index = rtxr.scan(case_data("proton_dcpt") / "raystation_plan03")
    left = remove_beam(index.open(), "b1")
    assert left.rt.beams()["BeamName"].tolist() == ["b2"]
    assert left.rt.fraction_groups()["ReferencedBeamNumber"].tolist() == [2]
    # The dose of the plan stays, that of the other beam too.
    assert left.rt.doses()["DoseSummationType"].tolist() == ["PLAN", "BEAM"]


def test_of_two_beams_with_one_number(case):
    plan = plan_of(case)
    plan.BeamSequence[2].BeamNumber = 2
    record = header_store.unpack(case)[str(case.plan_uid.values)]
    both = header_store.replace(case, [edited(record, plan)])
    left = remove_beam(both, "LL")
    assert left.rt.beams()["BeamName"].tolist() == ["AP", "PA"]
    # What refers to number 2 still refers to the other one.
    assert left.rt.fraction_groups()["ReferencedBeamNumber"].tolist() == [1, 2, 5]
    assert "dose_2" in left
