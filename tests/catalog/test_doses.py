"""Which of several doses of a plan comes first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import factories as make
import pytest

from catalog.scanned import table_of
from rtxr.catalog import Catalog, find_cases

Catalogued = Callable[..., Catalog]


def beam_dose(plan, *beams, **elements):
    """A dose that names beams of its plan."""
    kind = elements.pop("DoseSummationType", "BEAM")
    ds = make.dose(plan, name=(kind, beams), DoseSummationType=kind, **elements)
    named = [make.item(ReferencedBeamNumber=number) for number in beams]
    group = make.item(ReferencedBeamSequence=named, ReferencedFractionGroupNumber=1)
    ds.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = [group]
    return ds


def test_beam_doses_come_by_beam_and_those_of_several_beams_last(catalogued: Catalogued) -> None:
    plan = make.plan()
    beams = [(3,), (1, 2, 3), (1,), (2,)]
    catalog = catalogued(plan, [beam_dose(plan, *numbers) for numbers in beams])
    (case,) = catalog.cases
    assert [dose["referenced_beams"] for dose in case.doses] == [(1,), (2,), (3,), (1, 2, 3)]
    chosen, total = case.findings
    assert (chosen.code, chosen.severity) == ("dose-chosen", "info")
    assert chosen.uid == case.doses[0]["SOPInstanceUID"]
    assert f"the BEAM dose {chosen.uid} (beam 1) comes first, before BEAM dose" in chosen.message
    assert chosen.message.endswith("(beams 1, 2, 3)")
    assert (total.code, total.severity) == ("dose-not-plan-total", "warning")


@pytest.mark.parametrize("kind", ["BEAM", "FRACTION", "MULTI_PLAN", "CONTROL_POINT"])
def test_the_total_of_the_plan_comes_before_its_parts(catalogued: Catalogued, kind: str) -> None:
    plan = make.plan()
    part = beam_dose(plan, 1, DoseSummationType=kind)
    (case,) = catalogued(plan, part, make.dose(plan)).cases
    assert [dose["DoseSummationType"] for dose in case.doses] == ["PLAN", kind]
    assert [(f.code, f.severity) for f in case.findings] == [("dose-chosen", "info")]


def test_two_totals_are_a_warning_and_come_by_instance_number(catalogued: Catalogued) -> None:
    plan = make.plan()
    doses = [make.dose(plan, name=n, InstanceNumber=n) for n in (2, 1)]
    (case,) = catalogued(plan, doses).cases
    assert [dose["InstanceNumber"] for dose in case.doses] == [1, 2]
    assert [(f.code, f.severity) for f in case.findings] == [("dose-chosen", "warning")]
    assert doses[0].SOPInstanceUID in case.findings[0].message


def test_the_error_of_a_dose_is_not_taken_for_the_dose(catalogued: Catalogued) -> None:
    plan = make.plan()
    error, beam = make.dose(plan, name="error"), beam_dose(plan, 1)
    error.DoseType = "ERROR"
    (case,) = catalogued(plan, error, beam).cases
    assert [dose["DoseType"] for dose in case.doses] == ["PHYSICAL", "ERROR"]
    assert [f.code for f in case.findings] == ["dose-chosen", "dose-not-plan-total"]
    assert "(3004,0004) DoseType ERROR" in case.findings[0].message


def test_a_dose_of_two_plans_is_told(catalogued: Catalogued) -> None:
    _, structures, plan, _ = make.case_parts()
    second = make.plan(structures, name="second")
    total = make.dose([plan, second], DoseSummationType="MULTI_PLAN")
    catalog = catalogued(structures, plan, second, total)
    assert [len(case.doses) for case in catalog.cases] == [1, 1]
    (finding,) = (f for f in catalog.findings if f.code == "dose-of-several-plans")
    assert (finding.severity, finding.uid) == ("info", total.SOPInstanceUID)
    assert all(each.SOPInstanceUID in finding.message for each in (plan, second))
    assert "no dose of this case is the total" in str(catalog.findings)


@pytest.mark.data
def test_beam_doses_of_a_published_plan(case_data: Callable[[str], Path]) -> None:
    """One of its doses names all beams and is all zero, which only its pixels tell."""
    folder = case_data("oncentra_phantom") / "simple_phantom_case"
    (case,) = find_cases(table_of(folder)).cases
    assert [dose["referenced_beams"] for dose in case.doses] == [(1,), (2,), (3,), (1, 2, 3)]
    assert "(beam 1) comes first" in case.findings[0].message
