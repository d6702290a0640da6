"""Bytes of a DICOM file: file meta, encoding, and where the pixels are, without decoding a value.

A file is read from its beginning until PixelData (7FE0,0010) is met, and no further. Missing
preamble, missing file meta, deflated and big endian data sets, wrong transfer syntaxes and broken
ends are all coped with here, so that no other module meets them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pydicom.uid import DeflatedExplicitVRLittleEndian

from rtxr.errors import NotDicomError
from rtxr.read.elements import (
    EXPLICIT,
    ITEM,
    PIXEL_DATA,
    UNDEFINED,
    Element,
    Encoding,
    data_set_encoding,
    element_header,
    elements,
    first_element,
    inflated,
    item_header,
)
from rtxr.read.files import open_file, read_bytes, size_of
from rtxr.read.parse import text
from rtxr.read.scanning.starts import Starts, starts_of

TRANSFER_SYNTAX = 0x00020010
_FIRST_READ, _META_GROUP = 1 << 16, 0x0002


class PixelSpan(NamedTuple):
    """Where the value of PixelData is, in the file, or in the inflated bytes of a deflated one."""

    offset: int
    length: int
    encapsulated: bool
    file_size: int


class Source(NamedTuple):
    """The bytes of a file as far as they were read, inflated if they were deflated."""

    data: bytes
    start: int
    encoding: Encoding
    transfer_syntax: str
    complete: bool


class Cut(NamedTuple):
    """A file without its pixels: where they begin, the elements after them, where they are."""

    stop: int
    tail: bytes
    pixels: PixelSpan | None
    #: Where those before the pixels begin.
    known: Starts | None = None


def read_source(path: str | os.PathLike[str]) -> Source:
    """All bytes of a file, inflated if deflated, and how they are encoded.

    Raises
    ------
    NotDicomError
        The bytes are no data elements.
    """
    name = os.fspath(path)
    return source_of(read_bytes(name), complete=True, name=name)


def read_cut(path: str | os.PathLike[str]) -> tuple[Source, Cut]:
    """A file up to its PixelData, and what comes after it.

    Raises
    ------
    NotDicomError
        The bytes are no data elements.
    """
    name = os.fspath(path)
    with open_file(name) as file:
        size = size_of(file)
        data = file.read(_FIRST_READ)
        while True:
            source = source_of(data, complete=len(data) >= size, name=name)
            cut = find_cut(source, file, size)
            if cut is not None:
                return source, cut
            more = file.read(3 * len(data))
            size = size if more else len(data)  # a file that is being cut has no more
            data += more


def tolerant(data: bytes, start: int, encoding: Encoding) -> Iterator[Element]:
    """Elements that are whole, as far as the bytes can be followed."""
    try:
        for element in elements(data, start, len(data), encoding):
            if element.stop > len(data):
                return
            yield element
    except ValueError:
        return


def source_of(data: bytes, complete: bool, name: str) -> Source:
    """Find the file meta, the transfer syntax and the encoding of the data set."""
    name = name or "these bytes"
    first = first_element(data)
    if first is None:
        raise NotDicomError(f"{name}: no DICOM data elements")
    start, transfer_syntax = _file_meta(data, first)
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        if not complete:
            return Source(data, start, EXPLICIT, transfer_syntax, False)
        try:
            data = data[:start] + inflated(data[start:])
        except NotDicomError as error:
            raise NotDicomError(f"{name}: {error}") from error
    encoding = data_set_encoding(data[start : start + 8])
    if encoding is None:
        if complete or len(data) - start >= 8:
            raise NotDicomError(f"{name}: no DICOM data elements")
        encoding = EXPLICIT  # more bytes will tell
    return Source(data, start, encoding, transfer_syntax, complete)


def _file_meta(data: bytes, start: int) -> tuple[int, str]:
    """Position of the data set, and the Transfer Syntax UID (0002,0010) before it."""
    transfer_syntax = ""
    for element in tolerant(data, start, EXPLICIT):
        if element.tag >> 16 != _META_GROUP:
            break
        if element.tag == TRANSFER_SYNTAX:
            transfer_syntax = text(data[element.value : element.stop])
        start = element.end
    return start, transfer_syntax


def find_cut(source: Source, file: BinaryIO, size: int) -> Cut | None:
    """Find PixelData; None when more bytes are needed to tell."""
    file_size = size
    if source.transfer_syntax == DeflatedExplicitVRLittleEndian:
        if not source.complete:
            return None
        file, size = io.BytesIO(source.data), len(source.data)
    known = starts_of(source.data, source.start, source.encoding, before=PIXEL_DATA)
    element = _pixel_element(source, known.end)
    if element is not None:
        offset, length, end = _pixel_value(file, element, size, source.encoding)
        pixels = PixelSpan(offset, length, element.undefined, file_size)
        tail = _tail(file, end, source) if end < size else b""
        return Cut(element.start, tail, pixels, known)
    if not source.complete:
        return None
    # Nothing is lost of a file whose last element is broken; zeros at the end are no element.
    rest = source.data[known.end :].strip(b"\0")
    return Cut(len(source.data) if rest else known.end, b"", None, known)


_PIXEL_MARKERS = (b"\x7f\xe0\x00\x10", b"\xe0\x7f\x10\x00")


def _pixel_element(source: Source, position: int) -> Element | None:
    """PixelData that begins here, its value, which may lie beyond the bytes, not walked."""
    if not source.data.startswith(_PIXEL_MARKERS[source.encoding.little], position):
        return None
    try:
        vr, value, length = element_header(source.data, position, source.encoding)
    except ValueError:  # more bytes will tell
        return None
    undefined = length == UNDEFINED
    stop = value if undefined else value + length
    return Element(PIXEL_DATA, vr, position, value, stop, stop, undefined)


def _pixel_value(
    file: BinaryIO, element: Element, size: int, encoding: Encoding
) -> tuple[int, int, int]:
    """Offset and length of a PixelData value, and where the next element begins."""
    if not element.undefined:
        return element.value, max(min(element.stop, size) - element.value, 0), element.stop
    position = element.value
    while True:
        file.seek(position)
        marker = file.read(8)
        if len(marker) < 8:
            return element.value, position - element.value, size
        tag, length = item_header(marker, 0, encoding)
        if tag != ITEM:
            return element.value, position - element.value, position + 8
        position += 8 + length


def _tail(file: BinaryIO, start: int, source: Source) -> bytes:
    """Elements after PixelData; nothing where only padding or rubbish follows."""
    file.seek(start)
    data = file.read()
    stop, last = 0, PIXEL_DATA
    for element in tolerant(data, 0, source.encoding):
        if element.tag <= last:
            break
        stop, last = element.end, element.tag
    return data[:stop]
