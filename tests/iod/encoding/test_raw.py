"""Looking at elements leaves them as they were."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian

from rtxr.iod.encoding.raw import (
    duplicate,
    element_at,
    has_value,
    item,
    items_of,
    make,
    numbers_of,
    put,
    text_of,
    value_of,
)


@pytest.fixture
def ds() -> Dataset:
    """A data set as it comes out of a file."""
    made = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID="1.2.3",
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Größe^A",
        PatientID="",
        ImageType=["ORIGINAL", "PRIMARY"],
        PixelSpacing=[1.5, 2.0],
        Rows=4,
        StructureSetROISequence=[item(ROINumber=3), item(ROINumber=4)],
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()))


def test_values_are_looked_at_without_conversion(ds):
    assert value_of(ds, "PatientName") == "Größe^A"
    assert value_of(ds, "Rows") == 4
    assert text_of(ds, "ImageType") == "ORIGINAL\\PRIMARY"
    assert text_of(ds, "PatientName") == "Größe^A"
    assert numbers_of(ds, "PixelSpacing") == [1.5, 2.0]
    assert numbers_of(ds, "Rows") == [4.0]
    for keyword in ("PatientName", "Rows", "ImageType", "PixelSpacing"):
        assert isinstance(element_at(ds, Tag(keyword)), RawDataElement)


def test_what_is_not_there_is_nothing(ds):
    assert value_of(ds, "PatientID") is None
    assert (text_of(ds, "StudyID"), text_of(None, "StudyID")) == ("", "")
    assert numbers_of(ds, "SliceThickness") == numbers_of(None, "Rows") == []
    assert numbers_of(ds, "PatientName") == []
    assert not has_value(ds, "PatientID")
    assert items_of(ds, "BeamSequence") == items_of(ds, "PatientName") == []


def test_a_value_that_cannot_be_converted_is_nothing(ds):
    put(ds, RawDataElement(Tag("Rows"), "US", 3, b"abc", 0, False, True))
    assert value_of(ds, "Rows") is None
    assert numbers_of(ds, "Rows") == []
    put(ds, RawDataElement(Tag("PixelSpacing"), "DS", 4, b"x\\1 ", 0, False, True))
    assert numbers_of(ds, "PixelSpacing") == []


def test_a_duplicate_has_its_own_elements_and_shares_its_items(ds):
    rois = items_of(ds, "StructureSetROISequence")
    copy = duplicate(ds)
    put(copy, make("PatientID", "x"))
    assert not has_value(ds, "PatientID")
    assert items_of(copy, "StructureSetROISequence")[0] is rois[0]
    assert copy.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert copy.original_encoding == ds.original_encoding


def test_decimal_strings_fit_when_made():
    assert str(make("SliceThickness", 1 / 3).value) == "0.33333333333333"
    assert make("SliceThickness", None).is_empty
    assert make("SmallestImagePixelValue", -1, signed=True).VR == "SS"
    assert make("PixelData", b"ab").VR == "OW"
