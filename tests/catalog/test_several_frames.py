"""Structure sets and series in two frames of reference, from the files to an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import factories as make
import pydicom
import pytest
from pydicom import uid as sop
from pydicom.dataset import Dataset

import rtxr
from catalog.scanned import codes, held
from rtxr.catalog import Catalog

Catalogued = Callable[..., Catalog]


@pytest.fixture
def two_images(tmp_path: Path) -> Path:
    """A CT and an MR that share no coordinates, and a structure set with a ROI on each."""
    ct = make.ct_series(3)
    frame = make.uid("frame of the MR")
    mr = make.ct_series(
        4, Modality="MR", SOPClassUID=sop.MRImageStorage, name="mr", FrameOfReferenceUID=frame
    )
    structures = make.structure_set(ct)
    other = make.structure_set(mr, FrameOfReferenceUID=frame)
    other.StructureSetROISequence[0].ROINumber = other.ROIContourSequence[0].ReferencedROINumber = 2
    other.StructureSetROISequence[0].ROIName = "On MR"
    for keyword in (
        "ReferencedFrameOfReferenceSequence",
        "StructureSetROISequence",
        "ROIContourSequence",
    ):
        structures[keyword].value.extend(other[keyword].value)
    make.write(tmp_path / "in", [*ct, *mr, structures])
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("image", "drawn", "left_out"), [("CT", "Square", "On MR"), ("MR", "On MR", "Square")]
)
def test_each_image_shows_its_own_rois_only(
    two_images: Path, image: str, drawn: str, left_out: str
) -> None:
    index = rtxr.scan(two_images, progress=False)
    assert sorted(index.cases["image"]) == ["CT", "MR"]
    assert index.findings["code"].tolist() == ["several-frames-of-reference"]
    case = index.cases.index[index.cases["image"] == image][0]
    ds = rtxr.open_dir(two_images, case=case, progress=False)
    assert ds.roi.values.tolist() == ["Square", "On MR"]
    assert ds.mask.sel(roi=drawn).any()
    assert not ds.mask.sel(roi=left_out).any()
    findings = ds.rt.findings.set_index("code")["message"]
    assert f"({left_out!r}) is drawn in another frame" in findings["roi-frame-of-reference"]


@pytest.mark.parametrize("case", [1, 2])
def test_an_export_keeps_the_contours_on_the_other_image(
    two_images: Path, tmp_path: Path, case: int
) -> None:
    ds = rtxr.open_dir(two_images, case=case, progress=False)
    written = ds.rt.to_dicom(tmp_path / "out")
    (path,) = written["path"][written["IOD"] == "RT Structure Set"]
    (source,) = two_images.glob("RTSTRUCT*")
    made, was = pydicom.dcmread(path), pydicom.dcmread(source)
    assert made.SOPInstanceUID == was.SOPInstanceUID
    for new, old in zip(made.ROIContourSequence, was.ROIContourSequence, strict=True):
        assert [each.ContourData for each in new.ContourSequence] == [
            each.ContourData for each in old.ContourSequence
        ]


def test_an_export_with_edits_keeps_them_too(two_images: Path, tmp_path: Path) -> None:
    index = rtxr.scan(two_images, progress=False)
    case = index.cases.index[index.cases["image"] == "CT"][0]
    ds = rtxr.open_dir(two_images, case=case, progress=False)
    moved = ds.assign_coords(node_x=ds.node_x + 0.25)
    written = moved.rt.to_dicom(tmp_path / "out")
    (path,) = written["path"][written["IOD"] == "RT Structure Set"]
    first, second = pydicom.dcmread(path).ROIContourSequence
    assert first.ContourSequence[0].ContourData[0] == -1.75
    assert second.ContourSequence[0].ContourData[0] == -2
    assert len(second.ContourSequence) == 4


# --- what is linked to which image ----------------------------------------------------------
def in_two_frames() -> tuple[list[Dataset], list[Dataset], Dataset, str]:
    """Two images in two frames of reference, a structure set on both, the second frame."""
    frame = make.uid("b")
    images = make.ct_series(4)
    other = make.ct_series(3, name="b", SeriesInstanceUID="1.2.1", FrameOfReferenceUID=frame)
    structures = make.structure_set(images)
    second = make.structure_set(other, FrameOfReferenceUID=frame)
    structures.ReferencedFrameOfReferenceSequence += second.ReferencedFrameOfReferenceSequence
    return images, other, structures, frame


@pytest.mark.parametrize("plan_names_frame", [True, False])
def test_plan_and_dose_go_with_the_image_in_their_frame(
    catalogued: Catalogued, plan_names_frame: bool
) -> None:
    images, other, structures, frame = in_two_frames()
    plan = make.plan(structures, FrameOfReferenceUID=frame if plan_names_frame else "")
    dose = make.dose(plan, structures, FrameOfReferenceUID=frame)
    catalog = catalogued(images, other, structures, plan, dose)
    assert held(catalog) == [
        ("CT", 3, "Organs", "Boost", ["PLAN"]),
        ("CT", 4, "Organs", None, []),
    ]
    assert codes(catalog) == ["several-frames-of-reference"]


def test_a_dose_without_plan_goes_with_the_image_in_its_frame(catalogued: Catalogued) -> None:
    images, other, structures, frame = in_two_frames()
    dose = make.dose([], structures, FrameOfReferenceUID=frame)
    catalog = catalogued(images, other, structures, dose)
    assert held(catalog) == [("CT", 3, "Organs", None, ["PLAN"]), ("CT", 4, "Organs", None, [])]


def test_a_structure_set_that_names_frames_only_is_on_an_image_in_each(
    catalogued: Catalogued,
) -> None:
    images, other, structures, frame = in_two_frames()
    for each in structures.ReferencedFrameOfReferenceSequence:
        del each.RTReferencedStudySequence
    for contour in structures.ROIContourSequence[0].ContourSequence:
        del contour.ContourImageSequence
    plan = make.plan(structures, FrameOfReferenceUID=frame)
    catalog = catalogued(images, other, structures, plan)
    assert held(catalog) == [("CT", 3, "Organs", "Boost", []), ("CT", 4, "Organs", None, [])]
    assert codes(catalog) == ["linked-by-frame-of-reference", "several-frames-of-reference"]
    told = next(f.message for f in catalog.findings if f.code == "linked-by-frame-of-reference")
    assert f"image series {images[0].SeriesInstanceUID}, 1.2.1 by" in told


def test_a_series_in_two_frames_is_linked_in_either_and_told(catalogued: Catalogued) -> None:
    images = make.ct_series(4)
    for ds in images[2:]:
        ds.FrameOfReferenceUID = "1.2.9"
    catalog = catalogued(images, make.structure_set([], FrameOfReferenceUID="1.2.9"))
    assert held(catalog) == [("CT", 4, "Organs", None, [])]
    assert codes(catalog) == ["linked-by-frame-of-reference", "several-frames-of-reference"]
    (told,) = (f for f in catalog.cases[0].findings if f.code == "several-frames-of-reference")
    assert (told.severity, told.uid) == ("warning", images[0].SeriesInstanceUID)
    assert images[0].FrameOfReferenceUID in told.message
    assert "1.2.9" in told.message
