"""What opens together, and what is told about it."""

from __future__ import annotations

from collections.abc import Callable

import factories as make
from pydicom import uid as sop

from catalog.scanned import codes, held
from rtxr.catalog import Catalog, build_table, find_cases

Catalogued = Callable[..., Catalog]


def test_linked_objects_are_one_case_without_findings(catalogued: Catalogued) -> None:
    catalog = catalogued(make.case())
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert catalog.findings == ()
    assert catalog.cases[0].label == "1"
    assert len(catalog.cases[0].paths) == 6


def test_slices_come_along_their_normal(catalogued: Catalogued) -> None:
    slices = [make.ct_slice(number, z) for number, z in ((1, 6.0), (2, 0.0), (3, 3.0))]
    image = catalogued(slices).cases[0].image
    assert [place[2] for place in image["ImagePositionPatient"]] == [0.0, 3.0, 6.0]


def test_empty_table_has_no_cases() -> None:
    catalog = find_cases(build_table([]))
    assert (catalog.cases, catalog.findings) == ((), ())


def test_each_plan_and_structure_set_makes_a_case(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    other_plan = make.plan(structures, name="second", RTPlanLabel="Second")
    other_dose = make.dose(other_plan, name="second")
    other_structures = make.structure_set(images, name="ss2", StructureSetLabel="Other")
    lone = make.ct_series(2, name="lone", SeriesInstanceUID=make.uid("lone"))
    catalog = catalogued(
        images, structures, plan, dose, other_plan, other_dose, other_structures, lone
    )
    assert held(catalog) == [
        ("CT", 3, "Organs", "Boost", ["PLAN"]),
        ("CT", 3, "Organs", "Second", ["PLAN"]),
        ("CT", 3, "Other", None, []),
        ("CT", 2, None, None, []),
    ]
    assert [case.label for case in catalog.cases] == ["1", "2", "3", "4"]


def test_doses_come_best_first_and_the_choice_is_told(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    types = ["BEAM", "FRACTION", "PLAN", "MULTI_PLAN"]
    doses = [make.dose(plan, name=name, DoseSummationType=name) for name in types]
    catalog = catalogued(images, structures, plan, doses)
    assert held(catalog)[0][-1] == ["PLAN", "MULTI_PLAN", "FRACTION", "BEAM"]
    assert codes(catalog) == ["dose-chosen"]


def test_a_beam_dose_is_never_taken_for_the_total(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    catalog = catalogued(images, structures, plan, make.dose(plan, DoseSummationType="BEAM"))
    (finding,) = catalog.cases[0].findings
    assert (finding.code, finding.severity) == ("dose-not-plan-total", "warning")
    assert "(3004,000A) DoseSummationType of the first is 'BEAM'" in finding.message


def test_a_sum_of_two_plans_belongs_to_both(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    second = make.plan(structures, name="second")
    total = make.dose([plan, second], DoseSummationType="MULTI_PLAN")
    catalog = catalogued(images, structures, plan, second, total)
    assert [len(case.doses) for case in catalog.cases] == [1, 1]


def test_objects_that_are_not_opened_are_told_once_per_series(catalogued: Catalogued) -> None:
    records = [make.base(sop.RTBeamsTreatmentRecordStorage, "RTRECORD", n) for n in range(3)]
    registration = make.base(sop.SpatialRegistrationStorage, "REG", "reg")
    portal = make.rt_image()
    catalog = catalogued(records, registration, portal)
    assert catalog.cases == ()
    assert [(f.code, f.severity) for f in catalog.findings] == [("not-opened", "info")] * 3
    text = " ".join(f.message for f in catalog.findings)
    assert "3 RT Beams Treatment Record object(s)" in text
    assert "1 Spatial Registration object(s)" in text
    assert "1 RT Image object(s)" in text


def test_rt_images_go_with_their_plan(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    portals = [make.rt_image(plan, name=n) for n in range(2)]
    catalog = catalogued(images, structures, plan, dose, portals)
    assert len(catalog.cases) == 1
    assert len(catalog.cases[0].rt_images) == 2
    assert catalog.findings == ()


def test_missing_pixels_are_told(catalogued: Catalogued) -> None:
    dose = make.dose()
    del dose.PixelData
    (finding,) = catalogued(dose).findings
    assert (finding.code, finding.severity) == ("no-pixel-data", "error")
