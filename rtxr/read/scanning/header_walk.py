"""Walk the elements of a DICOM file through a window: keep the few wanted, jump over the others.

Where :mod:`rtxr.read.elements` takes bytes that are in memory, this goes through a file by the
lengths of its elements and reads only what lies on the way (PS3.5 chapter 7).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from rtxr.read.elements import (
    ITEM_END,
    LONG_VR,
    SEQUENCE_END,
    SHORT_VR,
    UNDEFINED,
    Element,
    Encoding,
    elements,
    is_long,
    items,
    nested,
)

#: Bytes read at once: most image headers end within them.
WINDOW_BYTES = 16 * 1024
#: A wanted sequence of undefined length is read until its end; beyond this it is taken as damage.
LARGEST_SEQUENCE_BYTES = 256 * 1024 * 1024

_SOP_CLASS, _ITEM_GROUP = 0x00080016, 0xFFFE
#: Float, double and integer pixel data.
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
FIRST_PIXELS = _PIXELS[0]
#: By whether the byte order is little endian: group, element, VR, 16-bit and 32-bit length.
_EXPLICIT = {True: struct.Struct("<HH2sHI"), False: struct.Struct(">HH2sHI")}
_IMPLICIT = {True: struct.Struct("<HHI"), False: struct.Struct(">HHI")}


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


class Found(dict[str, "tuple[bytes, bytes] | list[Found]"]):
    """Values of a data set or of a sequence item, by keyword: (VR, bytes), or items.

    Plain tuples, as :class:`Raw` costs more to make than to read from the file.
    """

    def raw(self, keyword: str) -> Raw:
        """Value of an element; an empty one where it is missing."""
        value = self.get(keyword)
        return Raw(*value) if isinstance(value, tuple) else Raw(b"", b"")

    def uid(self, keyword: str) -> str:
        """Value of an element as a UID."""
        return self.raw(keyword).data.strip(b" \0").decode("ascii", "replace")

    def items_of(self, keyword: str) -> list[Found]:
        """Items of a sequence; none where it is missing."""
        value = self.get(keyword)
        return value if isinstance(value, list) else []


class BrokenError(Exception):
    """The elements cannot be followed any further; the message says why."""


_TOO_SHORT = "the file ends before its elements do"


class Window:
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
            raise BrokenError(_TOO_SHORT)
        offset = self.offset(position, length)
        return self.data[offset : offset + length]

    def _read(self, length: int) -> bytes:
        """Read on: an unbuffered file may give fewer bytes than there are."""
        parts: list[bytes] = []
        while length > 0 and (part := self.file.read(length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


class Walk:
    """A walk through the top level of a data set; what it finds stays when it breaks off."""

    def __init__(
        self,
        window: Window,
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
            if position > window.size or self._rest(position).strip(b"\0"):
                raise BrokenError(_TOO_SHORT)
        except BrokenError as error:
            self.damage = str(error)
        return position

    def _glide(self, at: int, stop_at: int) -> int:
        """Offset in the window of the first element that is not plain; wanted ones are kept.

        Nearly all elements of a file go through here, so that it calls nothing it can avoid.
        """
        data, wanted, found = self.window.data, self.wanted, self.found
        explicit = self.encoding.explicit
        read = self._explicit if explicit else self._implicit
        size, vr = len(data), b""
        last = size - 12
        while at <= last:
            value = at + 8
            if explicit:
                group, element, vr, length, long = read(data, at)
                if vr not in SHORT_VR:
                    if vr not in LONG_VR:
                        break
                    value, length = at + 12, long
            else:
                group, element, length = read(data, at)
            tag = group << 16 | element
            if length == UNDEFINED or not 0 < tag < stop_at:
                break
            end = value + length
            if tag in wanted:
                want = wanted[tag]
                if want.items is not None or end > size:
                    break
                found[want.keyword] = (vr, data[value:end])
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
            if is_long(vr):
                return group << 16 | element, vr, position + 12, long
            # Some writers slip an implicit header into an explicit data set.
        if group == element == 0:
            raise BrokenError("there are zeros where elements should be")
        length = self._implicit(window.data, offset)[2]
        return group << 16 | element, b"", position + 8, length

    def _end(self, tag: int, value: int, length: int) -> None:
        """Look at the element to stop at."""
        is_pixels = tag in _PIXELS
        self.has_pixel_data = is_pixels and length > 0
        followed = is_pixels or tag in self.stop.values()
        if followed and length != UNDEFINED and value + length > self.window.size:
            raise BrokenError(_TOO_SHORT)

    def _rest(self, position: int) -> bytes:
        """Bytes at the end of the file that are too few for an element; zeros are padding."""
        return self.window.bytes_at(position, self.window.size - position)

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
        raise BrokenError(_TOO_SHORT)

    def _keep(self, want: Wanted, tag: int, vr: bytes, start: int, value: int, length: int) -> int:
        """Keep a wanted element; position of the next one."""
        if length == UNDEFINED:
            data, element = self._whole(start)
        elif want.items is None:
            self.found[want.keyword] = (vr, self.window.bytes_at(value, length))
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
                    raise BrokenError("a sequence has no end") from None
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
        raise BrokenError(str(error)) from error


def _item(
    data: bytes, start: int, stop: int, encoding: Encoding, wanted: Mapping[int, Wanted]
) -> Found:
    found = Found()
    for element in elements(data, start, stop, encoding):
        want = wanted.get(element.tag)
        if want is None:
            continue
        if want.items is None:
            found[want.keyword] = (element.vr, data[element.value : element.stop])
        else:
            found[want.keyword] = _items(data, element, encoding, want.items)
    return found
