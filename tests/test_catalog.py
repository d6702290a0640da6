"""The catalogue: duplicates, stacks of slices, links between objects, and cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import factories as make
import pandas as pd
import pytest
from pydicom import uid as sop
from pydicom.dataset import Dataset

from rtxr.catalog import build_table, kinds, unused_duplicates
from rtxr.catalog_cases import Catalog, find_cases
from rtxr.read.scan import digests, scan_headers

Catalogued = Callable[..., Catalog]


@pytest.fixture
def catalogued(tmp_path: Path) -> Catalogued:
    """Write objects, scan them and find their cases."""

    def run(*objects: Dataset | Iterable[Dataset]) -> Catalog:
        for each in objects:
            make.write(tmp_path, each)
        return find_cases(table_of(tmp_path))

    return run


def table_of(folder: Path) -> pd.DataFrame:
    return build_table(scan_headers(folder, progress=False)[0])


def codes(catalog: Catalog) -> list[str]:
    return sorted(finding.code for finding in catalog.findings)


def held(catalog: Catalog) -> list[tuple[Any, ...]]:
    """(image modality, slices, structure set, plan, doses) of each case."""
    return [
        (
            None if case.image is None else case.image["Modality"].iloc[0],
            0 if case.image is None else len(case.image),
            None if case.structure_set is None else case.structure_set["StructureSetLabel"],
            None if case.plan is None else case.plan["RTPlanLabel"],
            [dose["DoseSummationType"] for dose in case.doses],
        )
        for case in catalog.cases
    ]


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


# --- duplicates -------------------------------------------------------------------------
def duplicates(folder: Path) -> tuple[list[str], list[tuple[str, str]], str]:
    table = table_of(folder)
    table["digest"] = digests(table["path"].tolist())
    unused, findings = unused_duplicates(table)
    names = [Path(table["path"].iloc[at]).name for at in unused]
    return names, [(f.code, f.severity) for f in findings], " ".join(f.message for f in findings)


def test_exact_copies_are_used_once(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        make.save(tmp_path / name, make.ct_slice(1, 0))
    names, found, message = duplicates(tmp_path)
    assert names == ["b", "c"]
    assert found == [("duplicate-sop-instance", "info")]
    assert "2 file(s) are exact copies" in message


def test_lossless_coding_is_used_before_lossy(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.ct_slice(1, 0))
    native, lossy_uid = b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.4.91"
    path.write_bytes(path.read_bytes().replace(native, lossy_uid))
    make.save(tmp_path / "b", make.ct_slice(1, 0))
    names, found, message = duplicates(tmp_path)
    assert names == ["a"]
    assert found == [("duplicate-sop-instance", "warning")]
    assert "used b (Explicit VR Little Endian); not used a (JPEG 2000" in message


def test_objects_without_uid_are_no_duplicates(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    ds = make.ct_slice(1, 0)
    make.write(tmp_path, [ds, ds])
    table = table_of(tmp_path)
    table["SOPInstanceUID"] = ""
    assert unused_duplicates(table) == ([], [])


# --- stacks -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"ImageOrientationPatient": make.CORONAL}, "have another orientation"),
        ({"size": (9, 9)}, "have another matrix size"),
        ({"PixelSpacing": [1.0, 1.0]}, "have another pixel spacing"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "are localizers"),
        ({"ImagePositionPatient": None}, "have no position or orientation"),
    ],
)
def test_odd_slices_of_a_series_are_set_aside(
    catalogued: Catalogued, odd: dict[str, Any], reason: str
) -> None:
    catalog = catalogued(make.ct_series(3), make.ct_slice(4, 30.0, **odd))
    assert held(catalog) == [("CT", 3, None, None, [])]
    assert codes(catalog) == ["slices-set-aside"]
    assert f"1 of 4 images of this series are set aside: they {reason}" in str(catalog.findings[0])


def test_a_wobble_of_the_orientation_is_no_other_orientation(catalogued: Catalogued) -> None:
    wobbly = make.ct_slice(4, 9.0, ImageOrientationPatient=[1, 0.0004, 0, 0, 1, 0])
    assert held(catalogued(make.ct_series(3), wobbly)) == [("CT", 4, None, None, [])]


def test_phases_at_one_position_become_stacks(catalogued: Catalogued) -> None:
    phases = [
        ds
        for phase in (1, 2)
        for ds in make.ct_series(3, name=phase, TemporalPositionIdentifier=phase)
    ]
    structures = make.structure_set(phases[3:])
    catalog = catalogued(phases, structures)
    assert held(catalog) == [("CT", 3, "Organs", None, []), ("CT", 3, None, None, [])]
    assert catalog.cases[0].image["TemporalPositionIdentifier"].tolist() == [2, 2, 2]
    finding = next(f for f in catalog.findings if f.code == "several-images-at-one-position")
    assert "separated by (0020,0100) TemporalPositionIdentifier into 2 stacks" in finding.message


def test_an_acquisition_number_per_slice_does_not_take_a_series_apart(
    catalogued: Catalogued,
) -> None:
    slices = [make.ct_slice(n, float(n), AcquisitionNumber=n) for n in range(1, 6)]
    again = make.ct_slice(6, 5.0, AcquisitionNumber=6)
    catalog = catalogued(slices, again)
    assert held(catalog) == [("CT", 5, None, None, [])]
    assert catalog.cases[0].image["InstanceNumber"].tolist() == [1, 2, 3, 4, 5]
    assert "1 are set aside" in catalog.findings[0].message


def test_series_without_uid_are_told_apart_by_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        series = make.ct_series(2, name=folder)
        for ds in series:
            ds.SeriesInstanceUID = ""
        make.write(tmp_path / folder, series)
    assert held(find_cases(table_of(tmp_path))) == [("CT", 2, None, None, [])] * 2


def test_one_series_uid_for_two_kinds_or_patients(catalogued: Catalogued) -> None:
    series = make.uid("shared")
    images = make.ct_series(2, SeriesInstanceUID=series)
    structures = make.structure_set(images, SeriesInstanceUID=series)
    others = make.ct_series(2, SeriesInstanceUID=series, PatientID="P2", name="other")
    catalog = catalogued(images, structures, others)
    assert held(catalog) == [("CT", 2, "Organs", None, []), ("CT", 2, None, None, [])]


# --- links ------------------------------------------------------------------------------
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
    images, structures, plan, dose = _case_parts()
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


def _case_parts() -> tuple[list[Dataset], Dataset, Dataset, Dataset]:
    *images, structures, plan, dose = make.case()
    return images, structures, plan, dose


def test_plan_is_linked_through_its_dose(catalogued: Catalogued) -> None:
    images, structures, plan, dose = _case_parts()
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
    images, structures, plan, _ = _case_parts()
    same = make.dose(plan, PatientID="Q", FrameOfReferenceUID=images[0].FrameOfReferenceUID)
    other = make.dose(plan, PatientID="R")
    catalog = catalogued(images, structures, plan, same, other)
    assert held(catalog) == [
        ("CT", 3, "Organs", "Boost", ["PLAN"]),
        (None, 0, None, None, ["PLAN"]),
    ]
    assert codes(catalog) == ["patient-mismatch", "patient-mismatch"]


def test_linked_by_uid_in_another_frame_is_told(catalogued: Catalogued) -> None:
    images, structures, plan, _ = _case_parts()
    dose = make.dose(plan, FrameOfReferenceUID=make.uid("elsewhere"))
    assert codes(catalogued(images, structures, plan, dose)) == ["frame-of-reference-mismatch"]


# --- cases ------------------------------------------------------------------------------
def test_each_plan_and_structure_set_makes_a_case(catalogued: Catalogued) -> None:
    images, structures, plan, dose = _case_parts()
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
    images, structures, plan, _ = _case_parts()
    types = ["BEAM", "FRACTION", "PLAN", "MULTI_PLAN"]
    doses = [make.dose(plan, name=name, DoseSummationType=name) for name in types]
    catalog = catalogued(images, structures, plan, doses)
    assert held(catalog)[0][-1] == ["PLAN", "MULTI_PLAN", "FRACTION", "BEAM"]
    assert codes(catalog) == ["dose-chosen"]


def test_a_beam_dose_is_never_taken_for_the_total(catalogued: Catalogued) -> None:
    images, structures, plan, _ = _case_parts()
    catalog = catalogued(images, structures, plan, make.dose(plan, DoseSummationType="BEAM"))
    (finding,) = catalog.cases[0].findings
    assert (finding.code, finding.severity) == ("dose-not-plan-total", "warning")
    assert "(3004,000A) DoseSummationType of the first is 'BEAM'" in finding.message


def test_a_sum_of_two_plans_belongs_to_both(catalogued: Catalogued) -> None:
    images, structures, plan, _ = _case_parts()
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
    images, structures, plan, dose = _case_parts()
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


def test_kind_follows_the_sop_class_before_the_modality(tmp_path: Path) -> None:
    private = "1.3.46.670589.11.0.0.12.1"
    objects = [
        make.ct_slice(1, 0, Modality="MR", name="contradiction"),
        make.ct_slice(2, 0, SOPClassUID=private, name="placed"),
        make.base(private, "CT", "no image"),
        make.base(sop.SegmentationStorage, "SEG", "seg"),
        make.plan(SOPClassUID=sop.RTIonPlanStorage),
    ]
    make.write(tmp_path, objects)
    table = table_of(tmp_path)
    by_name = dict(zip(table["SOPInstanceUID"], kinds(table), strict=True))
    assert [by_name[ds.SOPInstanceUID] for ds in objects] == ["CT", "CT", "", "", "RTPLAN"]
    assert "modality-contradicts-sop-class" in codes(find_cases(table))
