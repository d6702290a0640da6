"""A data set to the bytes of a file: elements that nobody touched as they are, others by pydicom.

Most elements of an export are raw, and their bytes need a header only. pydicom's writer looks at
each of them in several ways and through several buffers, which takes longer than all that is done
with a slice before.
"""

from __future__ import annotations

import struct

from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from rtxr.iod.encoding.raw import is_signed, vr_of
from rtxr.iod.encoding.writable import EXPLICIT_LIMIT, encoded_element, items_to_encode

#: Length of a value whose end is marked.
UNDEFINED_LENGTH = 0xFFFFFFFF
_CHARSET, _PIXEL_REPRESENTATION = Tag("SpecificCharacterSet"), Tag("PixelRepresentation")
_LONG_VRS = frozenset(str(vr) for vr in EXPLICIT_VR_LENGTH_32)
_IMPLICIT, _SHORT, _LONG = struct.Struct("<HHL"), struct.Struct("<HH2sH"), struct.Struct("<HH2s2xL")
_ITEM, _ITEM_HEADER = (0xFFFE, 0xE000), 8
_END_OF_ITEM = _IMPLICIT.pack(0xFFFE, 0xE00D, 0)
_END_OF_SEQUENCE = _IMPLICIT.pack(0xFFFE, 0xE0DD, 0)
#: Groups up to here may have a length; of all others it is retired and not written (PS3.5 7.2).
_LAST_WITH_LENGTH = 0x0006


def data_set_bytes(dataset: Dataset, *, implicit_vr: bool, front: bytes = b"") -> bytes:
    """Bytes of a data set in Implicit or Explicit VR Little Endian (PS3.5 7).

    Parameters
    ----------
    dataset : pydicom.Dataset
        Not changed; of any encoding, items of several encodings included.
    implicit_vr : bool
        Implicit VR, else Explicit VR.
    front : bytes, optional
        What comes before them.

    Raises
    ------
    ValueError, TypeError, AttributeError
        pydicom cannot encode an element.
    """
    pieces = [front]
    _write(dataset, implicit_vr, default_encoding, pieces)
    return b"".join(pieces)


def _write(
    dataset: Dataset, implicit_vr: bool, charset: str | list[str], pieces: list[bytes]
) -> int:
    """Add the pieces of a data set to those before; their bytes."""
    elements, size = dataset._dict, 0
    if _CHARSET in elements:
        charset = dataset.get("SpecificCharacterSet") or default_encoding
    signed = _PIXEL_REPRESENTATION in elements and is_signed(dataset)
    for tag in sorted(elements, key=int):  # tags are slow to compare
        if not tag & 0xFFFF and tag >> 16 > _LAST_WITH_LENGTH:
            continue
        element = elements[tag]
        items = items_to_encode(dataset, element, implicit_vr) if vr_of(element) == "SQ" else None
        if items is not None:
            undefined = bool(getattr(element, "is_undefined_length", False))
            size += _write_items(tag, items, undefined, implicit_vr, charset, pieces)
            continue
        ready, vr = encoded_element(dataset, element, implicit_vr, signed)
        if isinstance(ready, RawDataElement):
            size += _write_raw(ready, vr, implicit_vr, pieces)
        else:
            pieces.append(_by_pydicom(ready, implicit_vr, charset))
            size += len(pieces[-1])
    return size


def _write_raw(element: RawDataElement, vr: str, implicit_vr: bool, pieces: list[bytes]) -> int:
    value = element.value or b""
    undefined = element.length == UNDEFINED_LENGTH
    length = UNDEFINED_LENGTH if undefined else len(value)
    header = _header(element.tag, vr, length, implicit_vr)
    end = _END_OF_SEQUENCE if undefined else b""
    pieces += (header, value, end)
    return len(header) + len(value) + len(end)


def _header(tag: int, vr: str, length: int, implicit_vr: bool) -> bytes:
    """Header of an element; two bytes of a damaged VR go back as they came, which is as Latin-1."""
    group, number = tag >> 16, tag & 0xFFFF
    if implicit_vr:
        return _IMPLICIT.pack(group, number, length)
    if vr not in _LONG_VRS and length <= EXPLICIT_LIMIT + 1:
        return _SHORT.pack(group, number, vr.encode("latin-1"), length)
    if vr not in _LONG_VRS and length != UNDEFINED_LENGTH:
        vr = "UN"  # PS3.5 6.2.2
    return _LONG.pack(group, number, vr.encode("latin-1"), length)


def _write_items(
    tag: int,
    items: list[Dataset],
    undefined: bool,
    implicit_vr: bool,
    charset: str | list[str],
    pieces: list[bytes],
) -> int:
    """Add a sequence; lengths are put in their places once what they are of is there."""
    place, size = len(pieces), 0
    pieces.append(b"")
    for item in items:
        at = len(pieces)
        pieces.append(b"")
        length = _write(item, implicit_vr, charset, pieces)
        size += _ITEM_HEADER + length
        if getattr(item, "is_undefined_length_sequence_item", False):
            pieces.append(_END_OF_ITEM)
            size, length = size + len(_END_OF_ITEM), UNDEFINED_LENGTH
        pieces[at] = _IMPLICIT.pack(*_ITEM, length)
    pieces[place] = _header(tag, "SQ", UNDEFINED_LENGTH if undefined else size, implicit_vr)
    if undefined:
        pieces.append(_END_OF_SEQUENCE)
    return len(pieces[place]) + size + len(_END_OF_SEQUENCE) * undefined


def _by_pydicom(element: DataElement, implicit_vr: bool, charset: str | list[str]) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, implicit_vr
    write_data_element(buffer, element, convert_encodings(charset))
    return buffer.getvalue()
