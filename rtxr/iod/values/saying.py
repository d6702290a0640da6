"""Values as the elements they would be, and whether a data set says the same already."""

from __future__ import annotations

import struct
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element

from rtxr.iod.encoding.raw import element_at, is_empty, is_signed, value_of
from rtxr.iod.tables import Attribute

#: What pydicom raises of values that an element cannot hold or that cannot be written.
_UNFIT = (ValueError, TypeError, OverflowError, AttributeError, KeyError, OSError, struct.error)


def element_for(dataset: Dataset, row: Attribute, value: Any) -> DataElement | None:
    """A value as the element of a placed row of a data set; None where its VR cannot hold it."""
    try:
        element = row.element(value, signed=is_signed(dataset))
        _try_encoding(element)
    except _UNFIT:
        return None
    return element


def says(dataset: Dataset, element: DataElement) -> bool:
    """Whether a data set has an element with an equal value, written with the same bytes or not."""
    there = element_at(dataset, element.tag)
    if there is None:
        return False
    if is_empty(there) or is_empty(element):
        return is_empty(there) and is_empty(element)
    try:
        value = value_of(dataset, element.tag)
        if isinstance(element.value, bytes) and isinstance(value, bytes):
            return _padded(value) == _padded(element.value)
        return bool(value == element.value)
    except _UNFIT:
        return False


def _padded(data: bytes) -> bytes:
    """Bytes as they are written, of even length."""
    return data + b"\0" * (len(data) % 2)


def _try_encoding(element: DataElement) -> None:
    """Raise what pydicom would raise while writing; sequences hold elements made here already."""
    if element.VR == "SQ":
        return
    buffer = DicomBytesIO()
    buffer.is_little_endian = buffer.is_implicit_VR = True
    # As a text of any language: a name remembers the bytes that it was first written in.
    write_data_element(buffer, element, ["utf8"])
