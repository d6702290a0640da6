"""Bytes of a file to a pydicom data set of raw elements: the quick way.

pydicom reads element by element through a file, which takes longer than all that an export does
with the header of a slice. What is unusual is left to it: elements of undefined length one by one,
other transfer syntaxes and bytes that cannot be followed as a whole.
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import cast

from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement, empty_value_for_VR
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag
from pydicom.uid import ImplicitVRLittleEndian
from pydicom.values import convert_string

from rtxr.errors import NotDicomError
from rtxr.read.elements import (
    EXPLICIT,
    IMPLICIT,
    LONG_VR,
    PREAMBLE,
    SHORT_VR,
    Element,
    Encoding,
    element_at,
)
from rtxr.read.sources import source_of

#: All of the Standard but one are Explicit VR, if they are neither deflated nor big endian.
_STANDARD = "1.2.840.10008.1.2"
#: What pydicom calls a value representation; None where there is none.
_NAMES = {vr: vr.decode("ascii") for vr in SHORT_VR | LONG_VR}
_CHARACTER_SET = BaseTag(0x00080005)
#: Groups of the file meta information and of data sets; others are of commands and of items.
_META, _DATA = range(2, 3), range(8, 0xFFFE)
#: Group, element, VR and 16-bit length.
_HEADER = struct.Struct("<HH2sH").unpack_from

_Elements = dict[BaseTag, DataElement | RawDataElement]


def raw_data_set(data: bytes) -> FileDataset | None:
    """A file as pydicom reads it, every element of defined length raw.

    Parameters
    ----------
    data : bytes
        A whole file.

    Returns
    -------
    pydicom.dataset.FileDataset or None
        None where pydicom has to be asked: no file meta, another transfer syntax than the two
        little endian ones, or elements that do not fill the bytes.
    """
    try:
        source = source_of(data, complete=True, name="")
        syntax = source.transfer_syntax
        encoding = IMPLICIT if syntax == ImplicitVRLittleEndian else EXPLICIT
        as_said = source.encoding == encoding and source.data is data  # not inflated
        if not as_said or not syntax.startswith(_STANDARD):
            return None
        meta = _elements(data, PREAMBLE, source.start, EXPLICIT, _META)
        found = _elements(data, source.start, len(data), encoding, _DATA)
    except (NotDicomError, ValueError, KeyError):
        return None
    if not found:
        return None
    implicit = not encoding.explicit
    buffer, front = io.BytesIO(data), data[: PREAMBLE - 4]
    file_meta = FileMetaDataset(meta)
    file_meta.set_original_encoding(False, True, default_encoding)
    dataset = FileDataset(buffer, found, front, file_meta, implicit, True)
    dataset.set_original_encoding(implicit, True, _character_set(found))
    dataset.get(_CHARACTER_SET)  # the one value that pydicom converts
    return dataset


def _elements(data: bytes, start: int, stop: int, encoding: Encoding, groups: range) -> _Elements:
    """Elements of some groups that fill what is between two offsets.

    Raises
    ------
    ValueError
        They do not, or one is of no known representation.
    """
    found: _Elements = {}
    implicit, short = not encoding.explicit, SHORT_VR if encoding.explicit else ()
    while start + 8 <= stop:
        group, number, vr, length = _HEADER(data, start)
        if group not in groups:
            raise ValueError("an element of a command, or a delimiter of items")
        tag, value = BaseTag(group << 16 | number), start + 8
        if vr not in short:
            element = element_at(data, start, tag, encoding)
            vr, value, length = element.vr, element.value, element.stop - element.value
            if element.undefined:
                found[tag] = _by_pydicom(data, element, encoding, _character_set(found))
                start = element.end
                continue
        start, name = value + length, None if implicit else _NAMES[vr]
        held = data[value:start] if length else _empty(name)
        found[tag] = RawDataElement(tag, name, length, held, value, implicit, True)
    if start != stop:
        raise ValueError("the elements do not fill the bytes")
    return found


def _by_pydicom(
    data: bytes, element: Element, encoding: Encoding, character_set: str | list[str]
) -> DataElement | RawDataElement:
    """An element of undefined length, whose items pydicom parses at once."""
    part = io.BytesIO(data[element.start : element.end])
    read = data_element_generator(part, not encoding.explicit, True, encoding=character_set)
    try:
        return next(read)
    except Exception as error:  # pydicom is asked again, of all of them, and tells of it
        raise ValueError("an element of undefined length cannot be read") from error


def _character_set(found: _Elements) -> str | list[str]:
    element = found.get(_CHARACTER_SET)
    return default_encoding if element is None else _encodings(element.value or b"")


@lru_cache(maxsize=64)
def _encodings(value: bytes) -> str | list[str]:
    return convert_encodings(convert_string(value, True))


def _empty(vr: str | None) -> bytes | None:
    """How pydicom says that a raw element has no value."""
    return cast(bytes | None, empty_value_for_VR(vr, raw=True))
