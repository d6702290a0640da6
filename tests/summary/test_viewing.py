"""The viewer of a case: which dose is 100 %, and what it is asked to show."""

from __future__ import annotations

from pathlib import Path

import pytest

import rtxr
from rtxr.errors import MissingDataError, RTXRError


@pytest.fixture(scope="module")
def patient(phantom: Path):
    return rtxr.open_dir(phantom)


def test_the_plan_says_what_is_prescribed(patient):
    view = patient.rt.view()
    assert (view.prescription, view._full) == (70.0, "plan")
    view.close()


def test_a_prescription_that_is_given_counts(patient):
    view = patient.rt.view(prescription=60)
    assert (view.prescription, view._full) == (60.0, "given")
    view.close()
    with pytest.raises(RTXRError, match="prescription"):
        patient.rt.view(prescription=0)


def test_without_one_it_is_the_highest_dose(patient):
    bare = patient.drop_vars([name for name in patient.variables if str(name).startswith("header")])
    view = bare.rt.view()
    assert view._full == "maximum"
    assert view.prescription == pytest.approx(float(patient.dose.max()))
    view.close()


def test_of_two_cases_the_one_with_a_dose_says_it(patient):
    view = patient.drop_vars("dose").rt.view(other=patient)
    assert (view.dose, view.prescription, view._full) == ("dose", 70.0, "plan")
    view.close()


def test_state_is_given_as_traits(patient):
    view = patient.rt.view(rois=["PTV_70"], position={"z": 12.5}, window=(1500, -600), only="axial")
    assert view.labels == ("PTV_70",)
    assert view.position["z"] == 12.5
    assert (view.window, view.only) == ((1500.0, -600.0), "axial")
    view.close()


def test_a_case_with_nothing_to_look_at(patient):
    with pytest.raises(MissingDataError, match="nothing to look at"):
        patient.drop_vars(["ct", "dose"]).rt.view()
