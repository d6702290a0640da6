"""The bytes of a data set are those that pydicom's own writer gives."""

from __future__ import annotations

import io
import warnings

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from rtxr.iod.encoding.data_set_bytes import UNDEFINED_LENGTH, data_set_bytes
from rtxr.iod.encoding.raw import Element, duplicate, elements_of, is_signed, item, put, vr_of
from rtxr.iod.encoding.writable import encoded_element, items_to_encode


def encoded(dataset: Dataset, *, implicit_vr: bool) -> Dataset:
    """Copy of a data set that pydicom writes without converting its raw elements."""
    copy = duplicate(dataset)
    for element in elements_of(copy):
        put(copy, one_encoded(copy, element, implicit_vr))
    copy.set_original_encoding(implicit_vr, True, copy._character_set)
    return copy


def one_encoded(dataset: Dataset, element: Element, implicit_vr: bool) -> Element:
    items = items_to_encode(dataset, element, implicit_vr) if vr_of(element) == "SQ" else None
    if items is None:
        ready, vr = encoded_element(dataset, element, implicit_vr, is_signed(dataset))
        if isinstance(ready, DataElement):
            return ready
        value = ready.value or b""
        return ready._replace(VR=vr, value=value, is_implicit_VR=implicit_vr)
    ready = [encoded(each, implicit_vr=implicit_vr) for each in items]
    made = DataElement(element.tag, "SQ", Sequence(ready))
    made.is_undefined_length = bool(getattr(element, "is_undefined_length", False))
    return made


def by_pydicom(dataset: Dataset, implicit_vr: bool) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit_vr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values too long for Explicit VR
        write_dataset(buffer, encoded(dataset, implicit_vr=implicit_vr))
    return buffer.getvalue()


def parsed(dataset: Dataset, implicit: bool, little: bool = True) -> Dataset:
    """The data set as it is read: all elements raw."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, implicit_vr=implicit, little_endian=little)
    buffer.seek(0)
    reader = pydicom.filereader.read_dataset
    return reader(buffer, is_implicit_VR=implicit, is_little_endian=little)


TEXT = st.text(st.characters(codec="latin-1", exclude_categories=["C"], exclude_characters="\\"))
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": TEXT.filter(lambda text: "=" not in text and "^" not in text),
        "StudyDescription": TEXT,
        "SliceThickness": st.floats(-1e6, 1e6).map(lambda value: f"{value:.6g}"),
        "ImagePositionPatient": st.lists(st.integers(-999, 999), min_size=3, max_size=3),
        "Rows": st.integers(0, 65535),
        "SOPInstanceUID": st.sampled_from(["1.2.3", "1.2.34", ""]),
        "PixelRepresentation": st.integers(0, 1),
        "SmallestImagePixelValue": st.integers(0, 32767),
    },
)
ITEMS = st.lists(st.tuples(LEAVES, st.booleans()), max_size=3)


@st.composite
def data_sets(draw) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.update(item(draw(LEAVES)))
    inner = []
    for leaves, undefined in draw(ITEMS):
        one = item(leaves)
        one.is_undefined_length_sequence_item = undefined
        one.ReferencedImageSequence = [item(each) for each, _ in draw(ITEMS)]
        inner.append(one)
    ds.ReferencedStudySequence = Sequence(inner)
    ds["ReferencedStudySequence"].is_undefined_length = draw(st.booleans())
    block = ds.private_block(0x0011, "rtxr test", create=True)
    block.add_new(1, "LO", "text")
    block.add_new(2, "UN", bytes(draw(st.integers(0, 5)) * 2))
    ds.add_new(0x00080000, "UL", 42)  # a group length, which is not written
    return ds


@given(data_sets(), st.booleans())
def test_as_pydicom_writes_it(ds, implicit_vr):
    assert data_set_bytes(ds, implicit_vr=implicit_vr) == by_pydicom(ds, implicit_vr)


@pytest.mark.parametrize("little", [True, False])
@given(data_sets(), st.booleans(), st.booleans())
def test_what_was_read_too(little, ds, implicit, implicit_vr):
    implicit = implicit and little
    read, again = parsed(ds, implicit, little), parsed(ds, implicit, little)
    assert data_set_bytes(read, implicit_vr=implicit_vr) == by_pydicom(again, implicit_vr)


@pytest.mark.parametrize("implicit_vr", [True, False])
def test_long_undefined_and_broken_values(implicit_vr):
    ds = Dataset()
    for keyword, vr, length, value in [
        ("ContourData", "DS", 70_000, b"1\\" * 35_000),  # too long for DS in Explicit VR
        ("PixelData", "OB", UNDEFINED_LENGTH, b"\xfe\xff\x00\xe0" + bytes(4)),
        ("ReferencedImageSequence", "SQ", 6, b"broken"),
        ("StudyDescription", "LO", 0, None),
    ]:
        tag = Tag(keyword)
        put(ds, RawDataElement(tag, vr, length, value, 0, True, True))
    assert data_set_bytes(ds, implicit_vr=implicit_vr) == by_pydicom(ds, implicit_vr)


def test_something_may_come_first():
    ds = item(Rows=3)
    assert data_set_bytes(ds, implicit_vr=True, front=b"x") == b"x" + by_pydicom(ds, True)
