"""One structure set on two images in two frames of reference, from the files to an export."""

from __future__ import annotations

from pathlib import Path

import factories as make
import pydicom
import pytest
from pydicom import uid as sop

import rtxr


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
