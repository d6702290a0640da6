"""References follow the objects that got new UIDs, everywhere, and nothing else changes."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from rtxr.iod.encoding.raw import duplicate, item
from rtxr.iod.remap import remap_uids


def structures(contours: int = 2) -> Dataset:
    def contour(at: int) -> Dataset:
        image = item(ReferencedSOPClassUID="1.2.840.1", ReferencedSOPInstanceUID=f"1.2.3.{at}")
        return item(ContourImageSequence=[image], ContourGeometricType="POINT")

    ds = Dataset()
    ds.SOPInstanceUID = "1.9"
    ds.StudyInstanceUID = "1.2.3.0"
    ds.RelatedGeneralSOPClassUID = ["1.2.3.0", "1.7"]
    ds.StudyDescription = "1.2.3.0"
    ds.ROIContourSequence = [
        item(ReferencedROINumber=1, ContourSequence=[contour(at) for at in range(contours)])
    ]
    block = ds.private_block(0x0011, "rtxr test", create=True)
    block.add_new(1, "UI", "1.2.3.1")
    block.add_new(2, "SQ", [item(ReferencedSOPInstanceUID="1.2.3.1")])
    return ds


def reread(ds: Dataset, syntax=ExplicitVRLittleEndian) -> Dataset:
    buffer = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    ds.save_as(buffer, enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize("source", ["memory", "explicit", "implicit"])
def test_uids_are_replaced_wherever_they_stand(source):
    ds = structures()
    if source != "memory":
        syntax = {"explicit": ExplicitVRLittleEndian, "implicit": ImplicitVRLittleEndian}[source]
        ds = reread(ds, syntax)
    count = remap_uids(ds, {"1.2.3.0": "2.25.1000", "1.2.3.1": "2.25.2", "2.25.2": "0.0"})
    assert ds.StudyInstanceUID == "2.25.1000"
    assert list(ds.RelatedGeneralSOPClassUID) == ["2.25.1000", "1.7"]
    images = [
        contour.ContourImageSequence[0].ReferencedSOPInstanceUID
        for contour in ds.ROIContourSequence[0].ContourSequence
    ]
    assert images == ["2.25.1000", "2.25.2"]
    assert ds.StudyDescription == "1.2.3.0"  # a text is no reference
    private = ds.private_block(0x0011, "rtxr test")
    assert bytes(str(private[1].value), "ascii").strip(b"\0'b").endswith(b"2.25.2")
    if source != "implicit":  # without VR nobody can tell that it is a sequence
        assert private[2].value[0].ReferencedSOPInstanceUID == "2.25.2"
    assert count == (5 if source == "implicit" else 6)
    assert reread(ds).StudyInstanceUID == "2.25.1000"


def test_items_that_others_share_are_not_changed():
    first = reread(structures())
    second = duplicate(first)
    assert second.ROIContourSequence[0] is not None
    remap_uids(second, {"1.2.3.0": "2.25.1"})
    contour = first.ROIContourSequence[0].ContourSequence[0]
    assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.0"


def test_nothing_to_replace_leaves_everything_raw():
    ds = reread(structures())
    raw = {element.tag: element for element in ds.elements()}
    assert remap_uids(ds, {"1.2.3.99": "2.25.1"}) == 0
    assert {element.tag: element for element in ds.elements()} == raw
    assert remap_uids(ds, {}) == 0


def test_contours_without_a_replaced_uid_stay_undecoded():
    ds = reread(structures(50))
    kept = {"SOPInstanceUID", "StudyDescription"}
    assert remap_uids(ds, {f"1.2.3.{at}": f"2.25.{at}" for at in range(20)}) == 24
    assert all(isinstance(ds.get_item(keyword), RawDataElement) for keyword in kept)
    contours = ds.ROIContourSequence[0].ContourSequence
    for contour in contours:
        assert isinstance(contour.get_item("ContourGeometricType"), RawDataElement)
