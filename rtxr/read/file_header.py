"""Read a few elements of a DICOM file and nothing else of it, never the pixels.

pydicom takes about a millisecond for a header, nearly all of it for elements that nobody asked
for, and stops at some that vendors write wrongly. An index over an archive needs some fifty values
of each file: this reads the first kilobytes, goes from element to element by their lengths, jumps
over bulk without reading it, decodes nothing and ends at the pixels (PS3.5 chapter 7, PS3.10
chapter 7).
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from rtxr.errors import NotDicomError
from rtxr.read.elements import (
    EXPLICIT,
    ITEM_END,
    SEQUENCE_END,
    SHORT_VR,
    UNDEFINED,
    Element,
    Encoding,
    elements,
    items,
    nested,
)

#: Bytes read at once: most image headers end within them.
WINDOW_BYTES = 16 * 1024
#: A sequence of undefined length has to be read to find its end; beyond this it is taken as damage.
LARGEST_SEQUENCE_BYTES = 256 * 1024 * 1024

DEFLATED = "1.2.840.10008.1.2.1.99"
#: Transfer syntax of a file that does not say it, by what its bytes show.
_SYNTAXES = {
    Encoding(explicit=False, little=True): "1.2.840.10008.1.2",
    Encoding(explicit=True, little=True): "1.2.840.10008.1.2.1",
    Encoding(explicit=True, little=False): "1.2.840.10008.1.2.2",
}

_SOP_CLASS, _META_GROUP, _ITEM_GROUP = 0x00080016, 0x0002, 0xFFFE
#: Value representations whose explicit header has a 32-bit length (PS3.5 Table 7.1-1).
LONG_VR = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
#: By whether the byte order is little endian: group, element, VR, 16-bit and 32-bit length.
_EXPLICIT = {True: struct.Struct("<HH2sHI"), False: struct.Struct(">HH2sHI")}
_IMPLICIT = {True: struct.Struct("<HHI"), False: struct.Struct(">HHI")}
#: Float, double and integer pixel data.
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
#: First bytes of files that often lie beside DICOM.
_OTHERS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"\x00\x05\x16\x07": "an AppleDouble file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
}


@dataclass(frozen=True)
class Wanted:
    """An element to keep.

    Parameters
    ----------
    keyword : str
        Key under which its value is found.
    items : mapping of int to Wanted, optional
        For a sequence: the elements to keep of each of its items, by tag.
    """

    keyword: str
    items: Mapping[int, Wanted] | None = None


class Raw(NamedTuple):
    """Undecoded value; ``vr`` is empty where the file does not say it."""

    vr: bytes
    data: bytes


class Found(dict[str, "Raw | list[Found]"]):
    """Values of a data set or of a sequence item, by keyword."""

    def raw(self, keyword: str) -> Raw:
        """Value of an element; an empty one where it is missing."""
        value = self.get(keyword)
        return value if isinstance(value, Raw) else Raw(b"", b"")

    def uid(self, keyword: str) -> str:
        """Value of an element as a UID."""
        return self.raw(keyword).data.strip(b" \0").decode("ascii", "replace")

    def items_of(self, keyword: str) -> list[Found]:
        """Items of a sequence; none where it is missing."""
        value = self.get(keyword)
        return value if isinstance(value, list) else []


@dataclass(frozen=True)
class FileHeader:
    """What was read of one file.

    Parameters
    ----------
    found : Found
        The values asked for.
    transfer_syntax_uid : str
        Transfer Syntax UID (0002,0010); where there is none, the one that the bytes show.
    size : int
        Bytes of the file.
    little_endian : bool, default: True
        Byte order of binary values.
    has_pixel_data : bool, default: False
        Whether there is Pixel Data (7FE0,0010), or float or double pixel data.
    damage : str, default: ""
        Why the elements could not be followed up to the pixels; empty where they could.
    """

    found: Found
    transfer_syntax_uid: str
    size: int
    little_endian: bool = True
    has_pixel_data: bool = False
    damage: str = ""


def read_header(
    path: str | os.PathLike[str],
    wanted: Mapping[int, Wanted],
    stop: Mapping[str, int] | None = None,
) -> FileHeader:
    """Read the wanted elements of one file.

    Parameters
    ----------
    path : path
        A regular file of any name.
    wanted : mapping of int to Wanted
        By tag; group 2 included.
    stop : mapping of str to int, optional
        Tag at which to stop, by SOP Class UID (0008,0016), for classes whose bulk is a sequence.

    Raises
    ------
    NotDicomError
        The content is not DICOM; the message says what it looks like instead.
    OSError
        The file cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        window = _Window(file, os.fstat(file.fileno()).st_size)
        size = window.size
        meta = _Walk(window, EXPLICIT, wanted)
        start = meta.run(_first_element(window.data[:132]), stop_at=_META_GROUP + 1 << 16)
        syntax = meta.found.uid("TransferSyntaxUID")
        if syntax == DEFLATED:
            window, start = _inflated(window, start), 0
        walk = _Walk(window, _encoding(window, start), wanted, stop)
        walk.run(start, stop_at=_PIXELS[0])
    found = Found({**meta.found, **walk.found})
    syntax = syntax or _SYNTAXES.get(walk.encoding, "")
    return FileHeader(
        found, syntax, size, walk.encoding.little, walk.has_pixel_data, meta.damage or walk.damage
    )


class _BrokenError(Exception):
    """The elements cannot be followed any further; the message says why."""


_TOO_SHORT = "the file ends before its elements do"


class _Window:
    """The part of a file that was read last."""

    def __init__(self, file: BinaryIO | io.FileIO, size: int) -> None:
        self.file, self.size, self.start = file, size, 0
        self.data = self._read(WINDOW_BYTES)

    def offset(self, position: int, length: int) -> int:
        """Offset in ``data`` of ``length`` bytes of the file, zeros standing in beyond its end."""
        offset = position - self.start
        if offset >= 0 and offset + length <= len(self.data):
            return offset
        self.file.seek(position)
        self.start, self.data = position, self._read(max(length, WINDOW_BYTES))
        self.data = self.data.ljust(length, b"\0")
        return 0

    def bytes_at(self, position: int, length: int) -> bytes:
        """``length`` bytes of the file."""
        if position + length > self.size:
            raise _BrokenError(_TOO_SHORT)
        offset = self.offset(position, length)
        return self.data[offset : offset + length]

    def _read(self, length: int) -> bytes:
        """Read on: an unbuffered file may give fewer bytes than there are."""
        parts: list[bytes] = []
        while length > 0 and (part := self.file.read(length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


class _Walk:
    """A walk through the top level of a data set; what it finds stays when it breaks off."""

    def __init__(
        self,
        window: _Window,
        encoding: Encoding,
        wanted: Mapping[int, Wanted],
        stop: Mapping[str, int] | None = None,
    ) -> None:
        self.window, self.encoding, self.wanted, self.stop = window, encoding, wanted, stop or {}
        self._explicit = _EXPLICIT[encoding.little].unpack_from
        self._implicit = _IMPLICIT[encoding.little].unpack_from
        self.found = Found()
        self.has_pixel_data = False
        self.damage = ""

    def run(self, position: int, stop_at: int) -> int:
        """Walk from a position up to the first tag not below ``stop_at``; position of that one."""
        explicit, window = self.encoding.explicit, self.window
        try:
            while position + 8 <= window.size:
                offset = window.offset(position, 12)
                if (behind := self._glide(offset, stop_at)) > offset:
                    position += behind - offset
                    continue
                tag, vr, value, length = self._header(position, explicit)
                stop_at = min(stop_at, self.stop.get(self.found.uid("SOPClassUID"), stop_at))
                if tag >= stop_at:
                    self._end(tag, value, length)
                    return position
                if (want := self.wanted.get(tag)) is not None:
                    position = self._keep(want, tag, vr, position, value, length)
                elif length == UNDEFINED:
                    position = self._behind(value, explicit and vr != b"UN")
                else:
                    position = value + length
            if position > window.size:
                raise _BrokenError(_TOO_SHORT)
        except _BrokenError as error:
            self.damage = str(error)
        return position

    def _glide(self, at: int, stop_at: int) -> int:
        """Offset in the window of the first element that is not plain; wanted ones are kept.

        Nearly all elements of a file go through here, so that it calls nothing it can avoid.
        """
        data, wanted, found = self.window.data, self.wanted, self.found
        explicit = self.encoding.explicit
        read = self._explicit if explicit else self._implicit
        last, vr = len(data) - 12, b""
        while at <= last:
            if explicit:
                group, element, vr, length, long = read(data, at)
                value = at + 8
                if vr in LONG_VR:
                    length, value = long, at + 12
                elif vr not in SHORT_VR:
                    break
            else:
                group, element, length = read(data, at)
                value = at + 8
            tag = group << 16 | element
            if length == UNDEFINED or not 0 < tag < stop_at:
                break
            want, end = wanted.get(tag), value + length
            if want is not None:
                if want.items is not None or end > len(data):
                    break
                found[want.keyword] = Raw(vr, data[value:end])
            at = end
        return at

    def _header(self, position: int, explicit: bool) -> tuple[int, bytes, int, int]:
        """Tag, VR, position of the value and length of an element or item."""
        window = self.window
        offset = position - window.start
        if offset < 0 or offset + 12 > len(window.data):
            offset = window.offset(position, 12)
        group, element, vr, short, long = self._explicit(window.data, offset)
        if explicit and group != _ITEM_GROUP:
            if vr in SHORT_VR:
                return group << 16 | element, vr, position + 8, short
            if vr in LONG_VR:
                return group << 16 | element, vr, position + 12, long
            # Some writers slip an implicit header into an explicit data set.
        if group == element == 0:
            raise _BrokenError("there are zeros where elements should be")
        length = self._implicit(window.data, offset)[2]
        return group << 16 | element, b"", position + 8, length

    def _end(self, tag: int, value: int, length: int) -> None:
        """Look at the element to stop at."""
        self.has_pixel_data = tag in _PIXELS
        if length != UNDEFINED and value + length > self.window.size:
            raise _BrokenError(_TOO_SHORT)

    def _behind(self, position: int, explicit: bool) -> int:
        """Position behind the delimiter of a sequence, or of an item, of undefined length."""
        while position + 8 <= self.window.size:
            tag, vr, value, length = self._header(position, explicit)
            if tag in (ITEM_END, SEQUENCE_END):
                return value
            if length == UNDEFINED:
                position = self._behind(value, explicit and vr != b"UN")
            else:
                position = value + length
        raise _BrokenError(_TOO_SHORT)

    def _keep(self, want: Wanted, tag: int, vr: bytes, start: int, value: int, length: int) -> int:
        """Keep a wanted element; position of the next one."""
        if length == UNDEFINED:
            data, element = self._whole(start)
        elif want.items is None:
            self.found[want.keyword] = Raw(vr, self.window.bytes_at(value, length))
            return value + length
        else:
            head, end = value - start, value + length - start
            data = self.window.bytes_at(start, end)
            element = Element(tag, vr, 0, head, end, end, undefined=False)
        if want.items is not None:
            self.found[want.keyword] = _items(data, element, self.encoding, want.items)
        return start + element.end

    def _whole(self, start: int) -> tuple[bytes, Element]:
        """An element of undefined length: read on until its end is there."""
        length, left = WINDOW_BYTES, self.window.size - start
        while True:
            length = min(length, left)
            data = self.window.bytes_at(start, length)
            try:
                return data, next(elements(data, 0, length, self.encoding))
            except (ValueError, StopIteration):
                if length == left or length > LARGEST_SEQUENCE_BYTES:
                    raise _BrokenError("a sequence has no end") from None
            length *= 4


def _items(
    data: bytes, sequence: Element, encoding: Encoding, wanted: Mapping[int, Wanted]
) -> list[Found]:
    """The wanted elements of each item of a sequence."""
    encoding = nested(sequence.vr, encoding)
    try:
        return [
            _item(data, item.value, item.stop, encoding, wanted)
            for item in items(data, sequence, encoding)
        ]
    except ValueError as error:
        raise _BrokenError(str(error)) from error


def _item(
    data: bytes, start: int, stop: int, encoding: Encoding, wanted: Mapping[int, Wanted]
) -> Found:
    found = Found()
    for element in elements(data, start, stop, encoding):
        want = wanted.get(element.tag)
        if want is None:
            continue
        if want.items is None:
            found[want.keyword] = Raw(element.vr, data[element.value : element.stop])
        else:
            found[want.keyword] = _items(data, element, encoding, want.items)
    return found


def _first_element(head: bytes) -> int:
    """Position of the first element; without preamble a file begins with group 2 or 8."""
    if head[128:132] == b"DICM":
        return 132
    if head[:2] in (b"\x02\0", b"\x08\0", b"\0\x08"):
        return 0
    if not head:
        raise NotDicomError("an empty file")
    what = [text for magic, text in _OTHERS.items() if head.startswith(magic)]
    raise NotDicomError(what[0] if what else "no DICOM preamble and no element at its beginning")


def _encoding(window: _Window, start: int) -> Encoding:
    """How the data set is written: as its first element shows, whatever the file meta says."""
    offset = window.offset(start, 6)
    first = window.data[offset : offset + 6].ljust(6, b"\0")
    explicit = first[4:6] in SHORT_VR or first[4:6] in LONG_VR
    return Encoding(explicit, little=first[1] == 0)


def _inflated(window: _Window, start: int) -> _Window:
    """The data set of a deflated file (PS3.5 A.5)."""
    packed = window.bytes_at(start, window.size - start)
    try:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed)
    except zlib.error as error:
        raise NotDicomError(f"a deflated data set that cannot be inflated: {error}") from error
    return _Window(io.BytesIO(data), len(data))
