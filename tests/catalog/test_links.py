"""Links between objects: by UID, then by frame of reference."""

from __future__ import annotations

from collections.abc import Callable

import factories as make
import pytest
from pydicom import uid as sop
from pydicom.dataset import Dataset

from catalog.scanned import codes, held
from rtxr.catalog import COLUMNS, Catalog, build_table
from rtxr.catalog.links import _Linker, link
from rtxr.catalog.lookup import Lookup
from rtxr.catalog.stacks import Stack
from rtxr.catalog.table import kinds

Catalogued = Callable[..., Catalog]


def without_references(ds: Dataset) -> Dataset:
    for keyword in ("ReferencedRTPlanSequence", "ReferencedStructureSetSequence"):
        if keyword in ds:
            del ds[keyword]
    return ds


def test_frame_of_reference_links_what_names_nothing(catalogued: Catalogued) -> None:
    images = make.ct_series(3)
    structures, plan, dose = make.structure_set([]), make.plan(), make.dose()
    structures.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence = []
    catalog = catalogued(images, structures, plan, dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert codes(catalog) == ["linked-by-frame-of-reference"] * 3


def test_frame_of_reference_does_not_link_two_patients(catalogued: Catalogued) -> None:
    frame = make.uid("frame of two")
    images = make.ct_series(3, FrameOfReferenceUID=frame)
    structures = make.structure_set([], FrameOfReferenceUID=frame, PatientID="P2")
    assert len(catalogued(images, structures).cases) == 2


def test_several_images_in_a_frame_are_told_apart_by_sop_class(catalogued: Catalogued) -> None:
    ct = make.ct_series(3)
    mr = make.ct_series(4, Modality="MR", SOPClassUID=sop.MRImageStorage, name="mr")
    structures = make.structure_set(make.ct_series(4, Modality="MR", name="gone"))
    for series in structures.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence:
        series.RTReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"
        for image in series.RTReferencedSeriesSequence[0].ContourImageSequence:
            image.ReferencedSOPClassUID = sop.MRImageStorage
    catalog = catalogued(ct, mr, structures)
    assert held(catalog) == [("MR", 4, "Organs", None, []), ("CT", 3, None, None, [])]
    assert codes(catalog) == [
        "image-chosen",
        "linked-by-frame-of-reference",
        "unresolved-reference",
    ]
    assert "names 4 images in (3006,0016) ContourImageSequence; 4 are not" in str(catalog.findings)


def test_series_link_when_image_uids_were_renewed(catalogued: Catalogued) -> None:
    structures = make.structure_set(make.ct_series(3))
    renewed = make.ct_series(3, name="renewed")
    catalog = catalogued(renewed, structures)
    assert held(catalog) == [("CT", 3, "Organs", None, [])]
    assert codes(catalog) == ["linked-by-series", "unresolved-reference"]


def test_broken_dose_reference_links_only_a_plan_without_dose(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    stray = make.dose(make.plan(name="gone"), name="stray")
    catalog = catalogued(images, structures, plan, dose, stray)
    assert held(catalog) == [
        ("CT", 3, "Organs", "Boost", ["PLAN"]),
        ("CT", 3, "Organs", None, ["PLAN"]),
    ]
    assert codes(catalog) == [
        "ambiguous-link",
        "linked-by-frame-of-reference",
        "unresolved-reference",
    ]


def test_plan_is_linked_through_its_dose(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    catalog = catalogued(images, structures, without_references(plan), dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert codes(catalog) == ["linked-through-dose"]


def test_no_guess_among_equal_structure_sets(catalogued: Catalogued) -> None:
    images = make.ct_series(3)
    first = make.structure_set(images, StructureSetLabel="A", name="a")
    second = make.structure_set(images, StructureSetLabel="B", name="b")
    catalog = catalogued(images, first, second, make.plan())
    assert held(catalog) == [
        ("CT", 3, None, "Boost", []),
        ("CT", 3, "A", None, []),
        ("CT", 3, "B", None, []),
    ]
    assert "ambiguous-link" in codes(catalog)


def test_references_across_patients_need_a_common_frame(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    same = make.dose(plan, PatientID="Q", FrameOfReferenceUID=images[0].FrameOfReferenceUID)
    other = make.dose(plan, PatientID="R")
    catalog = catalogued(images, structures, plan, same, other)
    assert held(catalog) == [
        ("CT", 3, "Organs", "Boost", ["PLAN"]),
        (None, 0, None, None, ["PLAN"]),
    ]
    assert codes(catalog) == ["patient-mismatch", "patient-mismatch"]


def test_linked_by_uid_in_another_frame_is_told(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    dose = make.dose(plan, FrameOfReferenceUID=make.uid("elsewhere"))
    assert codes(catalogued(images, structures, plan, dose)) == ["frame-of-reference-mismatch"]


# --- structure sets and images --------------------------------------------------------------
def renamed_images(structures: Dataset, **elements: str) -> Dataset:
    """A structure set whose images have other UIDs than those that are there."""
    for frame in structures.ReferencedFrameOfReferenceSequence:
        for series in frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence:
            series.SeriesInstanceUID = elements.get("series", series.SeriesInstanceUID)
            for number, image in enumerate(series.ContourImageSequence):
                image.ReferencedSOPInstanceUID = f"1.2.3.{number}"
    return structures


def test_a_structure_set_of_another_study_is_linked_by_uid(catalogued: Catalogued) -> None:
    images = make.ct_series(3)
    structures = make.structure_set(images, StudyInstanceUID=make.uid("later study"))
    catalog = catalogued(images, structures)
    assert held(catalog) == [("CT", 3, "Organs", None, [])]
    assert catalog.findings == ()


def test_links_broken_by_de_identification_are_made_by_frame_and_told(
    catalogued: Catalogued,
) -> None:
    images, structures, plan, dose = make.case_parts()
    renamed_images(structures, series="1.2.3")
    plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = "1.2.4"
    dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.5"
    catalog = catalogued(images, structures, plan, dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert codes(catalog) == [
        *["linked-by-frame-of-reference"] * 3,
        *["unresolved-reference"] * 3,
    ]
    told = {f.uid: f.message for f in catalog.findings if f.code == "linked-by-frame-of-reference"}
    assert images[0].SeriesInstanceUID in told[structures.SOPInstanceUID]
    assert structures.SOPInstanceUID in told[plan.SOPInstanceUID]
    assert plan.SOPInstanceUID in told[dose.SOPInstanceUID]
    assert "names plan 1.2.5 in (300C,0002)" in str(catalog.findings)
    assert all(finding.path for finding in catalog.findings)


def test_slices_of_two_series_link_to_the_one_that_is_named_most(catalogued: Catalogued) -> None:
    first = make.ct_series(3, SeriesInstanceUID="1.2.1")
    second = make.ct_series(3, name="second", SeriesInstanceUID="1.2.2")
    catalog = catalogued(first, second, make.structure_set([first[0], *second]))
    assert catalog.cases[0].image["SeriesInstanceUID"].unique().tolist() == ["1.2.2"]
    (finding,) = catalog.findings
    assert (finding.code, finding.severity) == ("image-chosen", "info")
    assert "CT series 1.2.2 (3 slices), of which it names 3" in finding.message
    assert "not to CT series 1.2.1 (3 slices)" in finding.message
    evenly = catalogued(make.structure_set([*first, *second], name="even"))
    assert [f.severity for f in evenly.findings if f.code == "image-chosen"] == ["info", "warning"]


def test_two_frames_of_reference_make_a_case_of_each_image(catalogued: Catalogued) -> None:
    images, other = make.ct_series(3), make.ct_series(2, name="b", SeriesInstanceUID="1.2.1")
    for ds in other:
        ds.FrameOfReferenceUID = make.uid("b")
    structures = make.structure_set(images)
    second = make.structure_set(other, FrameOfReferenceUID=make.uid("b"))
    structures.ReferencedFrameOfReferenceSequence += second.ReferencedFrameOfReferenceSequence
    catalog = catalogued(images, other, structures)
    assert held(catalog) == [("CT", 3, "Organs", None, []), ("CT", 2, "Organs", None, [])]
    assert codes(catalog) == ["several-frames-of-reference"]
    assert make.uid("b") in catalog.findings[0].message


def test_the_largest_of_equal_images_is_chosen_with_a_warning(catalogued: Catalogued) -> None:
    small = make.ct_series(2, SeriesInstanceUID="1.2.1")
    large = make.ct_series(3, name="large", SeriesInstanceUID="1.2.2")
    catalog = catalogued(small, large, make.dose())
    assert held(catalog) == [("CT", 3, None, None, ["PLAN"]), ("CT", 2, None, None, [])]
    (chosen,) = (f for f in catalog.findings if f.code == "image-chosen")
    assert chosen.severity == "warning"
    assert "CT series 1.2.2 (3 slices), which is the largest, not to CT series 1.2.1" in str(chosen)


def test_two_patients_in_one_frame_of_reference_are_told_and_not_linked(
    catalogued: Catalogued,
) -> None:
    images = make.ct_series(3)
    dose = make.dose(PatientID="P2", FrameOfReferenceUID=images[0].FrameOfReferenceUID)
    catalog = catalogued(images, dose)
    assert held(catalog) == [("CT", 3, None, None, []), (None, 0, None, None, ["PLAN"])]
    (finding,) = catalog.findings
    assert (finding.code, finding.uid) == ("patient-mismatch", dose.SOPInstanceUID)
    assert images[0].SeriesInstanceUID in finding.message
    assert "P2" not in finding.message.replace(dose.SOPInstanceUID, "")


def test_images_of_another_patient_that_are_named_are_told(catalogued: Catalogued) -> None:
    images = make.ct_series(3)
    frame = images[0].FrameOfReferenceUID
    structures = make.structure_set(images, PatientID="P2", FrameOfReferenceUID=frame)
    elsewhere = make.structure_set(images, PatientID="P3")
    catalog = catalogued(images, structures, elsewhere)
    assert held(catalog)[0] == ("CT", 3, "Organs", None, [])
    assert codes(catalog) == ["patient-mismatch"] * 2
    linked, not_linked = (finding.message for finding in catalog.findings)
    assert "; linked, since they share" in linked
    assert "; not linked, since they do not share" in not_linked


def test_an_object_without_patient_id_is_linked_by_uid(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    structures.PatientID = dose.PatientID = ""
    catalog = catalogued(images, structures, plan, dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert catalog.findings == ()


# --- plans and doses ------------------------------------------------------------------------
def test_plans_that_share_a_structure_set_are_cases_of_their_own(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    boost = make.plan(structures, name="second", RTPlanLabel="Second")
    catalog = catalogued(images, structures, plan, dose, boost, make.dose(boost, name="second"))
    assert [case.structure_set["SOPInstanceUID"] for case in catalog.cases] == [
        structures.SOPInstanceUID
    ] * 2
    assert catalog.findings == ()


def test_a_plan_that_names_another_or_itself_is_told(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    new = make.plan(structures, name="new", RTPlanLabel="New")
    new.ReferencedRTPlanSequence = [make.reference(plan)]
    plan.ReferencedRTPlanSequence = [make.reference(plan), make.reference(new)]
    catalog = catalogued(images, structures, plan, dose, new)
    assert held(catalog) == [
        ("CT", 3, "Organs", "Boost", ["PLAN"]),
        ("CT", 3, "Organs", "New", []),
    ]
    assert [(f.code, f.severity) for f in catalog.findings] == [("plan-names-plan", "info")] * 2
    assert plan.SOPInstanceUID in catalog.findings[1].message


def test_a_reference_to_an_object_of_another_kind_is_not_followed(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    dose.ReferencedRTPlanSequence = [make.reference(structures), make.reference(dose)]
    plan.ReferencedStructureSetSequence = [make.reference(images[0])]
    catalog = catalogued(images, structures, plan, dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert codes(catalog) == [
        *["linked-by-frame-of-reference"] * 2,
        *["unresolved-reference"] * 2,
    ]
    assert "which is no plan; not linked" in str(catalog.findings)


def test_the_first_of_several_structure_sets_is_chosen_with_a_warning(
    catalogued: Catalogued,
) -> None:
    images = make.ct_series(3)
    sets = [make.structure_set(images, name=n, StructureSetLabel=n) for n in ("A", "B")]
    plan = make.plan(sets[1])
    plan.ReferencedStructureSetSequence.append(make.reference(sets[0]))
    catalog = catalogued(images, sets, plan)
    assert held(catalog)[0] == ("CT", 3, "B", "Boost", [])
    (finding,) = catalog.findings
    assert (finding.code, finding.uid) == ("reference-chosen", plan.SOPInstanceUID)
    first, other = (ds.SOPInstanceUID for ds in reversed(sets))
    assert finding.message.endswith(f"linked to {first}, not to {other}")


def test_a_dose_that_names_another_structure_set_than_its_plan(catalogued: Catalogued) -> None:
    images, structures, plan, _ = make.case_parts()
    other = make.structure_set(images, name="other", StructureSetLabel="Other")
    dose = make.dose(plan, other)
    catalog = catalogued(images, structures, other, plan, dose)
    assert held(catalog)[0] == ("CT", 3, "Organs", "Boost", ["PLAN"])
    (finding,) = catalog.cases[0].findings
    assert (finding.code, finding.severity) == ("structure-sets-disagree", "warning")
    assert structures.SOPInstanceUID in finding.message
    assert other.SOPInstanceUID in finding.message


def test_doses_that_name_several_structure_sets_do_not_link_their_plan(
    catalogued: Catalogued,
) -> None:
    images = make.ct_series(3)
    sets = [make.structure_set(images, name=n, StructureSetLabel=n) for n in ("A", "B")]
    plan = make.plan()
    doses = [make.dose(plan, each, name=n) for n, each in enumerate(sets)]
    catalog = catalogued(images, sets, plan, doses)
    assert held(catalog)[0] == ("CT", 3, None, "Boost", ["PLAN", "PLAN"])
    message = next(f.message for f in catalog.findings if f.code == "ambiguous-link")
    assert all(each.SOPInstanceUID in message for each in sets)


def test_a_dose_without_plan_reference_joins_the_only_plan(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    catalog = catalogued(images, structures, plan, without_references(dose))
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    (finding,) = catalog.findings
    assert (finding.code, finding.uid) == ("linked-by-frame-of-reference", dose.SOPInstanceUID)
    assert plan.SOPInstanceUID in finding.message


def test_ion_plans_are_plans(catalogued: Catalogued) -> None:
    images, structures, plan, dose = make.case_parts()
    plan.SOPClassUID = sop.RTIonPlanStorage
    catalog = catalogued(images, structures, plan, dose)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", ["PLAN"])]
    assert catalog.findings == ()


def test_what_names_nothing_is_chosen_once_per_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: how often stacks are compared, and how many UIDs a message names."""
    base = {name: _EMPTY.get(kind, "") for name, kind in COLUMNS.items()}
    of_ct = {"SOPClassUID": sop.CTImageStorage, "PatientID": "P", "FrameOfReferenceUID": "2"}
    of_dose = {**of_ct, "SOPClassUID": sop.RTDoseStorage}
    rows = [{**base, **of_ct, "SOPInstanceUID": f"3.{n}"} for n in range(20)]
    rows += [{**base, **of_dose, "SOPInstanceUID": f"4.{n}"} for n in range(30)]
    table = build_table([tuple(row.values()) for row in rows])
    stacks = [Stack("CT", f"5.{n}", (n,)) for n in range(20)]
    lookup = Lookup(table, kinds(table).tolist(), range(len(table)), stacks)
    calls: list[object] = []
    choice = _Linker._choice
    monkeypatch.setattr(_Linker, "_choice", lambda *args: calls.append(args) or choice(*args))
    links = link(lookup)
    assert len(calls) == 1
    assert set(links.stack_of.values()) == {0}
    messages = {f.message for each in links.findings.values() for f in each}
    assert any("(1 slices) and 14 more" in message for message in messages)


def test_linking_takes_the_same_time_per_object_in_an_archive() -> None:
    """Counted, not timed: how often the objects of one patient are looked at."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in archive_rows(60)]
    looked: list[str] = []

    class Counted(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            looked.append(name)
            return super().__getitem__(name)

    counts = []
    for patients in (20, 60):
        table = build_table([tuple(row.values()) for row in rows[: 3 * patients]])
        kind_of = kinds(table).tolist()
        lookup = Lookup(table, kind_of, range(len(table)), [])
        lookup.rows = {at: Counted(row) for at, row in lookup.rows.items()}
        looked.clear()
        link(lookup)
        counts.append(len(looked))
    assert counts[1] == 3 * counts[0]


def archive_rows(patients: int) -> list[tuple[object, ...]]:
    """A structure set, plan and dose per study of one patient, naming each other."""
    base = {name: _EMPTY.get(kind, "") for name, kind in COLUMNS.items()}
    rows = []
    for n in range(patients):
        shared = {"PatientID": "P", "StudyInstanceUID": f"1.{n}", "FrameOfReferenceUID": f"2.{n}"}
        for sop_class, uid, column, named in (
            (sop.RTStructureSetStorage, f"3.{n}", "referenced_images", f"9.{n}"),
            (sop.RTPlanStorage, f"4.{n}", "ReferencedStructureSetSequence", f"3.{n}"),
            (sop.RTDoseStorage, f"5.{n}", "ReferencedRTPlanSequence", f"4.{n}"),
        ):
            own = {"SOPClassUID": sop_class, "SOPInstanceUID": uid, column: (named,)}
            rows.append(tuple({**base, **shared, **own}.values()))
    return rows


_EMPTY = {
    **dict.fromkeys(("texts", "uids", "integers"), ()),
    **dict.fromkeys(("numbers", "integer")),
    "number": float("nan"),
    "flag": False,
}
