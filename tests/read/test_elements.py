from __future__ import annotations

import io

import pydicom
import pytest
from factories import item
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rtxr.read.elements import (
    EXPLICIT,
    IMPLICIT,
    Encoding,
    data_set_encoding,
    elements,
    first_element,
    is_long,
    items,
    rewrite,
    spans_of,
    to_little_endian,
)


def encoded(ds: Dataset, implicit: bool = False, little: bool = True) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer, ds, implicit_vr=implicit, little_endian=little, enforce_file_format=False
    )
    return buffer.getvalue()


def nested_dataset(undefined: bool) -> Dataset:
    inner = item(ContourData=[1, 2, 3], ContourGeometricType="POINT")
    ds = item(Modality="RTSTRUCT", Rows=7)
    ds.ContourSequence = Sequence([inner, item(ContourGeometricType="OPEN_PLANAR")])
    ds["ContourSequence"].is_undefined_length = undefined
    for each in ds.ContourSequence:
        each.is_undefined_length_sequence_item = undefined
    return ds


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("undefined", [True, False])
def test_elements_and_items_cover_the_bytes(implicit, undefined):
    data = encoded(nested_dataset(undefined), implicit)
    encoding = IMPLICIT if implicit else EXPLICIT
    found = list(elements(data, 0, len(data), encoding))
    assert [each.tag for each in found] == [0x00080060, 0x00280010, 0x30060040]
    assert found[0].start == 0
    assert found[-1].end == len(data)
    assert data[found[1].value : found[1].stop] == b"\x07\x00"
    inside = [
        [inner.tag for inner in elements(data, each.value, each.stop, encoding)]
        for each in items(data, found[2], encoding)
    ]
    assert inside == [[0x30060042, 0x30060050], [0x30060042]]


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("undefined", [True, False])
def test_spans_are_those_of_the_elements(implicit, undefined):
    data = encoded(nested_dataset(undefined), implicit)
    encoding = IMPLICIT if implicit else EXPLICIT
    assert spans_of(data, 0, len(data), encoding) == {
        each.tag: (each.vr, each.start, each.value, each.stop, each.end)
        for each in elements(data, 0, len(data), encoding)
    }
    with pytest.raises(ValueError, match="end inside"):
        spans_of(data[:4], 0, len(data), encoding)


def test_rewrite_without_edits_is_the_identity():
    data = encoded(nested_dataset(True))
    assert rewrite(data, 0, len(data), EXPLICIT, lambda *_: None) == data


def test_big_endian_becomes_little_endian():
    ds = nested_dataset(True)
    ds.PixelPaddingValue = 5
    ds["PixelPaddingValue"].VR = "US"
    ds.FrameIncrementPointer = 0x3004000C
    ds.add_new(0x00720074, "FD", [1.5, -2.25])
    ds.add_new(0x00091001, "UN", b"\x01\x02\x03\x04")
    big = encoded(ds, little=False)
    assert to_little_endian(big, 0, len(big)) == encoded(ds)


def test_an_endless_sequence_is_a_value_error():
    data = encoded(nested_dataset(True))[:-8]
    with pytest.raises(ValueError, match="end inside"):
        list(elements(data, 0, len(data), EXPLICIT))


def test_implicit_header_inside_an_explicit_data_set_is_followed():
    data = encoded(item(Modality="CT"), implicit=False) + encoded(item(Rows=3), implicit=True)
    found = list(elements(data, 0, len(data), EXPLICIT))
    assert [each.tag for each in found] == [0x00080060, 0x00280010]
    assert found[1].vr == b""


def test_byte_order_name():
    assert EXPLICIT.order == "little"
    assert Encoding(explicit=True, little=False).order == "big"


@pytest.mark.parametrize(
    ("head", "position"),
    [
        (b"\0" * 128 + b"DICM", 132),
        (b"\x08\0\x05\0", 0),
        (b"\0\x08\0\x05", 0),
        (b"\x02\0\0\0", 0),
        (b"DICM", None),
        (b"", None),
    ],
)
def test_first_element(head, position):
    assert first_element(head) == position


@pytest.mark.parametrize(
    ("first", "encoding"),
    [
        (b"\x08\0\x05\0CS\x0a\0", EXPLICIT),
        (b"\x08\0\x05\0\x0a\0\0\0", IMPLICIT),
        (b"\0\x08\0\x05CS\0\x0a", Encoding(explicit=True, little=False)),
        (b"\x09\0\x01\x10UN\0\0", EXPLICIT),
        (b"\x10\x30\x05\0CS\x0a\0", None),  # no data set begins with group 3010
        (b"\x08\0\x05\0", None),
    ],
)
def test_encoding_of_a_data_set(first, encoding):
    assert data_set_encoding(first) == encoding


def test_value_representations_that_nobody_knows_have_long_lengths():
    assert [is_long(vr) for vr in (b"OB", b"ZZ", b"CS", b"\x0a\0", b"xx", b"")] == [
        *(True, True),
        *(False, False, False, False),
    ]
    data = b"\x08\0\x05\0ZZ\0\0" + (2).to_bytes(4, "little") + b"ab"
    assert [data[each.value : each.stop] for each in elements(data, 0, len(data), EXPLICIT)] == [
        b"ab"
    ]


def test_an_item_that_reaches_past_the_bytes_is_a_value_error():
    data = encoded(nested_dataset(undefined=False))
    with pytest.raises(ValueError, match="end inside an item"):
        list(elements(data, 0, len(data) + 100, EXPLICIT))


def test_endless_nesting_is_a_value_error():
    data = (b"\x08\x00\x10\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 5000
    with pytest.raises(ValueError, match="nested too deeply"):
        list(elements(data, 0, len(data), EXPLICIT))
