"""Which prescription percentages refer to, and what is said of a dose that is not like it."""

from __future__ import annotations

import pytest
from planned_doses import dose, opened, plan

import rtxr
from rtxr.errors import MissingDataError, RTXRError
from rtxr.summary.prescription import planned_full, prescription_of


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom).drop_vars(["ct", "mask"])


def found(case, given=None, dose="dose"):
    value, source, findings = prescription_of(case, given, refers=True, dose=dose)
    return value, source, [finding.code for finding in findings]


def test_the_plan_tells_where_the_caller_does_not(case):
    assert found(case) == (70.0, "dose reference 1 (SITE)", [])
    assert found(case, 60) == (60, "given", [])
    assert prescription_of(case, None, refers=False, dose="dose") == (None, "none", [])


def test_without_a_plan_the_message_says_what_to_pass(case):
    with pytest.raises(MissingDataError, match=r"no plan.*pass prescription="):
        found(case.drop_vars("plan_uid"))


@pytest.mark.parametrize("units", ["RELATIVE", "%"])
def test_a_dose_in_other_units_is_not_compared_with_gray(case, units):
    relative = (case.dose / 70).assign_attrs(units=units, DoseUnits="RELATIVE")
    with pytest.raises(MissingDataError, match="the plan prescribes in Gy"):
        found(case, dose=relative)
    assert found(case, 1.0, relative)[:2] == (1.0, "given")


@pytest.mark.parametrize("given", ["70", True, [70]])
def test_what_is_no_number_is_refused(case, given):
    with pytest.raises(RTXRError, match="a dose in Gy, such as 70"):
        found(case, given)


def test_several_plans_are_not_compared_with_one(case):
    both = (case.dose * 2).assign_attrs({**case.dose.attrs, "DoseSummationType": "MULTI_PLAN"})
    assert found(case, dose=both)[2] == ["dose-not-plan-total"]
    assert found(case, 140.0, both)[2] == []


def test_a_computed_effect_is_told(case):
    assert found(case, dose=case.rt.eqd2(3))[2] == ["dose-not-prescribed"]
    assert found(case, 66.5, case.rt.eqd2(3))[2] == []


def test_effective_doses_do_not_meet_beam_doses_untold(tmp_path):
    # Beam doses of a published plan of protons are physical, 1.878 Gy, where its dose is 2.066.
    of = plan({1: (20, (1,))})
    part = of.FractionGroupSequence[0].ReferencedBeamSequence[0]
    part.BeamDose = 2.0
    for name, kind, codes in (
        ("physical", "PHYSICAL", ["prescription-computed"]),
        ("effective", "EFFECTIVE", ["prescription-computed", "dose-not-prescribed"]),
        ("error", "ERROR", ["prescription-computed", "dose-not-prescribed"]),
    ):
        ds = opened(tmp_path / name, of, dose(of, "PLAN", 44.0, DoseType=kind))
        assert found(ds) == (40.0, "beam doses x fractions", codes)
        assert found(ds, 44.0)[2] == []
        assert planned_full(ds, "dose") == (40.0 if kind == "PHYSICAL" else None)


def test_effective_doses_meet_what_is_prescribed(case):
    ion = case.assign(dose=case.dose.assign_attrs(DoseType="EFFECTIVE"))
    assert found(ion) == (70.0, "dose reference 1 (SITE)", [])


@pytest.mark.parametrize("kind", ["BEAM", "FRACTION"])
def test_pictures_show_no_part_of_the_plan_in_percent_of_all(case, kind):
    part = case.assign(dose=case.dose.assign_attrs(DoseSummationType=kind))
    assert planned_full(case, "dose") == 70.0
    assert planned_full(part, "dose") is None
    view = part.rt.view()
    assert view._full == "maximum"
    view.close()
