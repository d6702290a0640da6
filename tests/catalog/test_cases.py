"""What opens together, and what is told about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories as make
import pandas as pd
import pytest
from pydicom import uid as sop

from catalog.scanned import codes, held, table_of
from rtxr.catalog import Catalog, build_table, find_cases
from rtxr.index.show import cases_table
from rtxr.read.scanning.scan import digests

Catalogued = Callable[..., Catalog]
CT_MR_PT = (("CT", 51), ("MR", 47), ("PT", 51))


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
    registrations = [
        make.base(sop.SpatialRegistrationStorage, "REG", "rigid", SeriesInstanceUID="1.2.1"),
        make.base(sop.DeformableSpatialRegistrationStorage, "REG", "deformable"),
    ]
    catalog = catalogued(records, registrations)
    assert catalog.cases == ()
    assert [(f.code, f.severity) for f in catalog.findings] == [("not-opened", "info")] * 3
    text = " ".join(f.message for f in catalog.findings)
    assert "3 RT Beams Treatment Record object(s)" in text
    assert "1 Spatial Registration object(s)" in text
    assert "1 Deformable Spatial Registration object(s)" in text


def test_rt_images_without_a_plan_are_a_case_of_a_patient(catalogued: Catalogued) -> None:
    alone = [make.rt_image(name=n, InstanceNumber=9 - n, FrameOfReferenceUID="") for n in range(2)]
    absent = make.rt_image(make.plan(name="elsewhere"), name="absent", FrameOfReferenceUID="")
    other = make.rt_image(name="other", PatientID="P2")
    catalog = catalogued(alone, absent, other)
    assert [len(case.rt_images) for case in catalog.cases] == [2, 1, 1]
    first = catalog.cases[0]
    assert first.rt_images["InstanceNumber"].tolist() == [8, 9]
    assert first.lead["SOPInstanceUID"] == alone[1].SOPInstanceUID
    assert [f.code for f in catalog.findings] == ["unresolved-reference"]


def test_rt_images_that_name_no_plan_go_with_the_one_in_their_frame(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    catalog = catalogued(images, structures, plan, make.rt_image())
    assert [len(case.rt_images) for case in catalog.cases] == [1]
    (finding,) = catalog.findings
    assert finding.code == "linked-by-frame-of-reference"


def test_rt_images_of_none_of_several_plans_are_on_their_own(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    second = make.plan(structures, name="second")
    catalog = catalogued(images, structures, plan, second, make.rt_image())
    assert [len(case.rt_images) for case in catalog.cases] == [0, 0, 1]
    assert [f.code for f in catalog.findings] == ["ambiguous-link"]


def test_rt_images_go_with_their_plan(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    portals = [make.rt_image(plan, name=n) for n in range(2)]
    catalog = catalogued(images, structures, plan, dose, portals)
    assert len(catalog.cases) == 1
    assert len(catalog.cases[0].rt_images) == 2
    assert catalog.findings == ()


def test_rt_images_of_two_plans_are_told(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    second = make.plan(structures, name="second")
    portal = make.rt_image(plan)
    portal.ReferencedRTPlanSequence.append(make.reference(second))
    catalog = catalogued(images, structures, plan, second, portal)
    assert [len(case.rt_images) for case in catalog.cases] == [1, 1]
    (finding,) = catalog.findings
    assert (finding.code, finding.severity) == ("rt-image-of-several-plans", "info")
    assert "this RT image names 2 plans" in finding.message


@pytest.mark.parametrize(
    ("keyword", "value", "sizes", "expected", "severity"),
    [
        ("PatientID", "P9", [2, 2], "series-of-several-patients", "warning"),
        ("StudyInstanceUID", "1.9.9", [4], "series-of-several-studies", "warning"),
        ("FrameOfReferenceUID", "1.9.9", [4], "several-frames-of-reference", "warning"),
    ],
)
def test_a_series_that_does_not_hold_together_is_told(
    catalogued: Catalogued,
    keyword: str,
    value: str,
    sizes: list[int],
    expected: str,
    severity: str,
) -> None:
    images = make.ct_series(4)
    for ds in images[2:]:
        setattr(ds, keyword, value)
    catalog = catalogued(images)
    assert [len(case.image) for case in catalog.cases] == sizes
    assert {(f.code, f.severity) for f in catalog.findings} == {(expected, severity)}
    for case in catalog.cases:
        (finding,) = case.findings
        assert finding.uid == images[0].SeriesInstanceUID
    assert "P9" not in " ".join(f.message for f in catalog.findings)


def test_missing_uids_of_series_and_study_are_told(catalogued: Catalogued) -> None:
    images = make.ct_series(3)
    for ds in images:
        ds.SeriesInstanceUID = ds.StudyInstanceUID = ""
    catalog = catalogued(images)
    assert held(catalog) == [("CT", 3, None, None, [])]
    of_study, of_series = catalog.findings
    assert {of_study.code, of_series.code} == {"missing-uid"}
    assert "3 object(s) have no (0020,000D) StudyInstanceUID" in of_study.message
    assert "no (0020,000E) SeriesInstanceUID" in of_series.message
    assert catalog.cases[0].findings == (of_series,)


def test_an_empty_modality_contradicts_nothing(catalogued: Catalogued) -> None:
    images = make.ct_series(3, Modality="")
    assert catalogued(images).findings == ()


def test_a_case_is_of_the_kind_of_its_sop_class(catalogued: Catalogued) -> None:
    images = make.ct_series(2)
    for ds in images:
        ds.Modality = "MR"
    catalog = catalogued(images, make.dose(PatientID="P2"))
    assert [case.kind for case in catalog.cases] == ["CT", ""]
    assert cases_table(catalog.cases)["image"].tolist() == ["CT", ""]


def test_missing_pixels_are_told(catalogued: Catalogued) -> None:
    dose = make.dose()
    del dose.PixelData
    (finding,) = catalogued(dose).findings
    assert (finding.code, finding.severity) == ("no-pixel-data", "error")


def test_a_private_sop_class_is_opened_by_its_modality_and_told(catalogued: Catalogued) -> None:
    images = make.ct_series(3, SOPClassUID="1.2.840.113619.4.30")
    catalog = catalogued(images)
    assert held(catalog) == [("CT", 3, None, None, [])]
    (finding,) = catalog.findings
    assert (finding.code, finding.severity) == ("kind-by-modality", "info")
    assert finding.uid == images[0].SeriesInstanceUID
    assert "1.2.840.113619.4.30 object(s) are taken as CT by (0008,0060) Modality" in str(finding)


def test_a_dose_or_structure_set_with_the_modality_of_an_image_is_none(
    catalogued: Catalogued,
) -> None:
    images, structures, plan, dose = make.case_parts()
    structures.Modality = dose.Modality = "CT"
    for ds in (structures, dose):
        ds.SeriesInstanceUID = images[0].SeriesInstanceUID
    catalog = catalogued(images, structures, plan, dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert codes(catalog) == ["modality-contradicts-sop-class"] * 2


def test_identifiers_keep_their_zeros_and_names_their_letters(catalogued: Catalogued) -> None:
    images = make.ct_series(2, PatientID="007")
    for ds in images:
        ds.SpecificCharacterSet, ds.PatientName = "ISO_IR 192", "Müller^Žofie"
    catalog = catalogued(images, make.ct_series(2, PatientID="7"))
    assert [case.image["PatientID"].iloc[0] for case in catalog.cases] == ["007", "7"]
    assert catalog.cases[0].image["PatientName"].tolist() == ["Müller^Žofie"] * 2


def test_instance_numbers_do_not_order_slices(catalogued: Catalogued) -> None:
    slices = [make.ct_slice(number, z) for number, z in ((1, 6.0), (2, 0.0), (3, 3.0))]
    for ds in slices[1:]:
        del ds.InstanceNumber
    (case,) = catalogued(slices).cases
    assert [place[2] for place in case.image["ImagePositionPatient"]] == [0.0, 3.0, 6.0]


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "cases", "expected"),
    [
        (  # structure sets whose images were written anew with other UIDs
            "ibsi_sts003",
            [(kind, count, "RTstruct", None, []) for kind, count in CT_MR_PT],
            {"linked-by-series": 3, "unresolved-reference": 3},
        ),
        (  # two structure sets of one UID; one linked by UID in another frame of reference
            "rt_utils/mock_data",
            [("CT", 2, "RTstruct", None, [])] * 2,
            {
                "duplicate-sop-instance": 1,
                "unresolved-reference": 1,
                "frame-of-reference-mismatch": 1,
            },
        ),
        (
            "oncentra_phantom/single_struct",
            [(None, 0, "skraa_rektangel", None, [])],
            {"several-frames-of-reference": 1, "unresolved-reference": 1},
        ),
        (  # one SOPInstanceUID, uncompressed and compressed with loss
            "breast_boost_eclipse",
            [("CT", 98, "CT_1", "B1", ["PLAN"])],
            {"duplicate-sop-instance": 1},
        ),
        (  # a plan with another PatientID than its structure set and doses
            "proton_dcpt/raystation_plan03",
            [(None, 0, "RS: Approved", "Slope101010E_o_1", ["PLAN", "BEAM", "BEAM"])],
            {"dose-chosen": 1, "patient-mismatch": 4, "unresolved-reference": 1},
        ),
        (  # images without frame of reference, a UID of 66 characters
            "quirks/opentps_small_phantom",
            [(None, 0, None, "", []), (None, 0, None, None, ["PLAN"]), ("CT", 20, None, None, [])],
            {"unresolved-reference": 2},
        ),
        (  # two orientations in one series
            "geometry/dicom2nifti_failing/sliceorientation",
            [("MR", 2, None, None, [])],
            {"slices-set-aside": 1},
        ),
    ],
)
def test_published_cases(
    folder: str,
    cases: list[tuple[Any, ...]],
    expected: dict[str, int],
    case_data: Callable[[str], Path],
) -> None:
    top, *below = folder.split("/")
    table = with_digests(table_of(case_data(top).joinpath(*below)))
    catalog = find_cases(table)
    assert held(catalog) == cases
    assert Counter(codes(catalog)) == expected


def with_digests(table: pd.DataFrame) -> pd.DataFrame:
    table["digest"] = digests(table["path"].tolist())
    return table
