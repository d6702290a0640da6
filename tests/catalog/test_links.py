"""Links between objects: by UID, then by frame of reference."""

from __future__ import annotations

from collections.abc import Callable

import factories as make
from pydicom import uid as sop
from pydicom.dataset import Dataset

from catalog.scanned import codes, held
from rtxr.catalog import Catalog

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
    assert codes(catalog) == ["linked-by-frame-of-reference", "unresolved-reference"]
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
