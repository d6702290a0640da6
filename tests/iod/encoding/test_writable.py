"""Writing in another encoding leaves the bytes of raw elements as they are."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from iod.objects import differences, write
from rtxr.iod.encoding.raw import elements_of, item, vr_of
from rtxr.iod.encoding.writable import encoded_element, items_to_encode


def source(syntax) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.1"
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = "Größe^Émile"
    ds.Rows, ds.PixelRepresentation, ds.SmallestImagePixelValue = 258, 1, -2
    ds.ReferencedStudySequence = [item(ReferencedSOPInstanceUID="1.2.3", StudyDescription="Öl")]
    block = ds.private_block(0x0011, "rtxr test", create=True)
    block.add_new(1, "LO", "text")
    buffer = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    pydicom.dcmwrite(
        buffer, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=True
    )
    return pydicom.dcmread(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize("implicit_vr", [False, True])
@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_every_encoding_can_be_written_in_both(syntax, implicit_vr, tmp_path):
    ds = source(syntax)
    back = pydicom.dcmread(write(ds, tmp_path / "x.dcm", implicit_vr=implicit_vr))
    assert back.PatientName == "Größe^Émile"
    assert back.ReferencedStudySequence[0].StudyDescription == "Öl"
    assert (back.Rows, back.SmallestImagePixelValue) == (258, -2)
    assert back.get_item(0x00111001).value == b"text"
    if syntax != ExplicitVRBigEndian:
        assert differences(source(syntax), back)[0] == []


def test_nothing_is_converted_on_the_way():
    ds = source(ImplicitVRLittleEndian)
    out = {
        element.tag: encoded_element(ds, element, False, signed=True)
        for element in elements_of(ds)
        if vr_of(element) != "SQ"
    }
    converted = {tag for tag, (each, _) in out.items() if not isinstance(each, RawDataElement)}
    assert converted <= {pydicom.tag.Tag("SpecificCharacterSet")}  # pydicom does on reading
    assert out[pydicom.tag.Tag(0x00280106)][1] == "SS"
    assert all(
        element.VR is None for element in elements_of(ds) if isinstance(element, RawDataElement)
    )


def test_a_sequence_that_cannot_be_parsed_passes_as_unknown():
    ds = source(ImplicitVRLittleEndian)
    tag = pydicom.tag.Tag("ReferencedImageSequence")
    ds._dict[tag] = RawDataElement(tag, None, 6, b"broken", 0, True, True)
    element = ds.get_item(tag)
    assert items_to_encode(ds, element, False) is items_to_encode(ds, element, True) is None
    assert encoded_element(ds, element, False, signed=False) == (element, "UN")
    assert encoded_element(ds, element, True, signed=False) == (element, "SQ")
