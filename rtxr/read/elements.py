"""Walk the data elements of DICOM bytes without decoding any value (PS3.5 chapter 7).

What this gives that a full parser does not: the exact bytes of every element, private and odd
ones included, at a speed that allows thousands of contours. An element is a tag, a value
representation and four offsets into the bytes; nothing is copied.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from rtxr.errors import NotDicomError

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010

#: Value representations whose explicit header has a 16-bit length (PS3.5 Table 7.1-2).
SHORT_VR = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(b" "))
#: Those with a 32-bit length (Table 7.1-1); one that is not known yet has it too.
LONG_VR = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(b" "))
#: Bytes per number, for swapping the byte order; all other representations are text or bytes.
NUMBER_WIDTH = {
    **dict.fromkeys((b"US", b"SS", b"OW", b"AT"), 2),
    **dict.fromkeys((b"UL", b"SL", b"FL", b"OF", b"OL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"SV", b"UV", b"OV"), 8),
}


class Encoding(NamedTuple):
    """How a data set is encoded."""

    explicit: bool
    little: bool = True

    @property
    def order(self) -> Literal["little", "big"]:
        """Byte order, as ``int.from_bytes`` spells it."""
        return "little" if self.little else "big"


IMPLICIT = Encoding(explicit=False)
EXPLICIT = Encoding(explicit=True)
#: Length of the preamble with its prefix (PS3.10 7.1).
PREAMBLE = 132
_LAST_FIRST_GROUP = 0x0028  # a data set that begins later than that is none

_SHORT = (struct.Struct(">H").unpack_from, struct.Struct("<H").unpack_from)
_LONG = (struct.Struct(">L").unpack_from, struct.Struct("<L").unpack_from)
_ITEM_HEADER = (struct.Struct(">HHL").unpack_from, struct.Struct("<HHL").unpack_from)
_SHORT_HEADER = (struct.Struct(">HH2sH").unpack_from, struct.Struct("<HH2sH").unpack_from)


class Element(NamedTuple):
    """Where one data element is in its bytes.

    Parameters
    ----------
    tag : int
        Group and element number, ``0x7FE00010``.
    vr : bytes
        Value representation; empty in implicit VR.
    start, value, stop, end : int
        Offsets of the header, of the value, after the value and after a sequence delimiter.
    undefined : bool
        Whether the length was undefined (then ``end`` is past the delimiter).
    """

    tag: int
    vr: bytes
    start: int
    value: int
    stop: int
    end: int
    undefined: bool


#: By tag: VR, and offsets of the header, of the value, after it and after a sequence delimiter.
Spans = dict[int, tuple[bytes, int, int, int, int]]


class Item(NamedTuple):
    """Where one sequence item is in its bytes; offsets as in :class:`Element`."""

    start: int
    value: int
    stop: int
    end: int
    undefined: bool


def first_element(head: bytes) -> int | None:
    """Position of the first element of a file, None where its first 132 bytes are not DICOM's.

    Without preamble a file begins with group 2 or 8, the latter in either byte order.
    """
    if head[128:PREAMBLE] == b"DICM":
        return PREAMBLE
    return 0 if head[:2] in (b"\x02\0", b"\x08\0", b"\0\x08") else None


def data_set_encoding(first: bytes) -> Encoding | None:
    """Encoding of a data set as its first eight bytes show, whatever the file meta says.

    None where no data set begins like that.
    """
    if len(first) < 8:
        return None
    # The first group is small (0008), so its zero byte tells the byte order.
    group, swapped = (int.from_bytes(first[:2], order) for order in ("little", "big"))
    if min(group, swapped) > _LAST_FIRST_GROUP:
        return None
    vr = first[4:6]
    return Encoding(vr in SHORT_VR or is_long(vr), little=group <= swapped)


def is_long(vr: bytes) -> bool:
    """Whether two bytes are a value representation with a 32-bit length."""
    return vr in LONG_VR or (vr.isalpha() and vr.isupper() and vr not in SHORT_VR)


def inflated(data: bytes) -> bytes:
    """A deflated data set (PS3.5 A.5) as it was before.

    Raises
    ------
    NotDicomError
        The bytes are not deflated.
    """
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data)
    except zlib.error as error:
        raise NotDicomError(f"the deflated data set cannot be inflated: {error}") from error


def elements(
    data: bytes, start: int, stop: int, encoding: Encoding, before: int = SEQUENCE_END
) -> Iterator[Element]:
    """Data elements between two offsets, up to an item delimiter or the tag ``before``.

    The last element may reach past ``stop`` (truncated bytes); the caller decides what that means.

    Raises
    ------
    ValueError
        The bytes end before ``stop``, or an element of undefined length has no end in them.
    """
    short, read_short = SHORT_VR if encoding.explicit else (), _SHORT_HEADER[encoding.little]
    ends, last = (ITEM_END, SEQUENCE_END, before), stop - 8
    while start <= last:
        try:
            group, number, vr, length = read_short(data, start)
        except struct.error:
            raise ValueError("the bytes end inside an item") from None
        tag = group << 16 | number
        if tag in ends:
            return
        if vr in short:  # nearly all elements
            value_stop = start + 8 + length
            yield Element(tag, vr, start, start + 8, value_stop, value_stop, False)
            start = value_stop
            continue
        element = element_at(data, start, tag, encoding)
        yield element
        start = element.end


def spans_of(data: bytes, start: int, stop: int, encoding: Encoding) -> Spans:
    """What :func:`elements` gives, the last element of each tag: the quick way for small items.

    Raises
    ------
    ValueError
        As there.
    """
    found: Spans = {}
    short, read_short = SHORT_VR if encoding.explicit else (), _SHORT_HEADER[encoding.little]
    last = stop - 8
    try:
        while start <= last:
            group, number, vr, length = read_short(data, start)
            tag = group << 16 | number
            if vr in short:
                end = start + 8 + length
                found[tag] = vr, start, start + 8, end, end
            elif tag in (ITEM_END, SEQUENCE_END):
                break
            else:
                element = element_at(data, start, tag, encoding)
                end = element.end
                found[tag] = element.vr, start, element.value, element.stop, end
            start = end
    except struct.error:
        raise ValueError("the bytes end inside an item") from None
    return found


def element_at(data: bytes, start: int, tag: int, encoding: Encoding) -> Element:
    """The element whose header begins here.

    Raises
    ------
    ValueError
        The bytes end inside its header, or it is of undefined length and has no end in them.
    """
    vr, value, length = element_header(data, start, encoding)
    if length != UNDEFINED:
        return Element(tag, vr, start, value, value + length, value + length, False)
    try:
        stop, end = _sequence_end(data, value, nested(vr, encoding))
    except RecursionError:
        raise ValueError("sequences are nested too deeply") from None
    return Element(tag, vr, start, value, stop, end, True)


def element_header(data: bytes, start: int, encoding: Encoding) -> tuple[bytes, int, int]:
    """Value representation, offset of the value and length of an element.

    Raises
    ------
    ValueError
        The bytes end inside the header.
    """
    vr = data[start + 4 : start + 6] if encoding.explicit else b""
    try:
        if vr in SHORT_VR:
            return vr, start + 8, _SHORT[encoding.little](data, start + 6)[0]
        if vr in LONG_VR or is_long(vr):
            return vr, start + 12, _LONG[encoding.little](data, start + 8)[0]
        # Some writers slip an implicit header into an explicit data set.
        return b"", start + 8, _LONG[encoding.little](data, start + 4)[0]
    except struct.error as error:
        raise ValueError("the bytes end inside an element") from error


def nested(vr: bytes, encoding: Encoding) -> Encoding:
    """Encoding inside a sequence: UN of undefined length is implicit VR little endian (6.2.2)."""
    return IMPLICIT if vr == b"UN" else encoding


def _sequence_end(data: bytes, position: int, encoding: Encoding) -> tuple[int, int]:
    """End of the content and end of the delimiter of a sequence of undefined length."""
    while True:
        tag, length = item_header(data, position, encoding)
        if tag == SEQUENCE_END:
            return position, position + 8
        if tag != ITEM:
            raise ValueError("a sequence holds something that is not an item")
        if length == UNDEFINED:
            position = _item_end(data, position + 8, encoding) + 8
        else:
            position += 8 + length


def _item_end(data: bytes, position: int, encoding: Encoding) -> int:
    """Offset of the delimiter of an item of undefined length."""
    for element in elements(data, position, len(data), encoding):
        position = element.end
    if position + 8 > len(data):
        raise ValueError("the bytes end inside an item")
    return position


def item_header(data: bytes, position: int, encoding: Encoding) -> tuple[int, int]:
    """Tag and length of an item or delimiter."""
    try:
        group, number, length = _ITEM_HEADER[encoding.little](data, position)
    except struct.error:
        raise ValueError("the bytes end inside a sequence") from None
    return group << 16 | number, length


def items(data: bytes, element: Element, encoding: Encoding) -> Iterator[Item]:
    """Items of a sequence element, whatever its representation says.

    Raises
    ------
    ValueError
        The value is not made of items.
    """
    position, inner = element.value, nested(element.vr, encoding)
    while position + 8 <= element.stop:
        tag, length = item_header(data, position, inner)
        if tag == SEQUENCE_END:
            return
        if tag != ITEM:
            raise ValueError("a sequence holds something that is not an item")
        value = position + 8
        if length == UNDEFINED:
            stop = _item_end(data, value, inner)
            end = stop + 8
        else:
            stop = end = min(value + length, element.stop)
        yield Item(position, value, stop, end, length == UNDEFINED)
        position = end


def rewrite(
    data: bytes,
    start: int,
    stop: int,
    encoding: Encoding,
    edit: Callable[[Element, Encoding], bytes | None],
) -> bytes:
    """Bytes of a data set with some of its elements replaced.

    ``edit`` returns the new bytes of an element, or None to keep it as it is.
    """
    pieces = []
    kept_from = start
    for element in elements(data, start, stop, encoding):
        changed = edit(element, encoding)
        if changed is not None:
            pieces += [data[kept_from : element.start], changed]
            kept_from = element.end
    return b"".join([*pieces, data[kept_from:stop]])


def to_little_endian(data: bytes, start: int, stop: int) -> bytes:
    """Explicit VR big endian elements as explicit VR little endian, nested ones included."""
    big = Encoding(explicit=True, little=False)
    out = bytearray()
    for element in elements(data, start, stop, big):
        header = data[element.start : element.value]
        body = _little_value(data, element, big)
        length = UNDEFINED if element.undefined else len(body)
        out += _swapped(header[:4], 2) + element.vr
        if len(header) == 8:
            out += length.to_bytes(2, "little")
        else:
            out += header[6:8] + length.to_bytes(4, "little")
        out += body + (_marker(SEQUENCE_END, 0) if element.undefined else b"")
    return bytes(out)


def _little_value(data: bytes, element: Element, big: Encoding) -> bytes:
    if element.vr == b"SQ":
        out = bytearray()
        for item in items(data, element, big):
            body = to_little_endian(data, item.value, item.stop)
            out += _marker(ITEM, UNDEFINED if item.undefined else len(body)) + body
            out += _marker(ITEM_END, 0) if item.undefined else b""
        return bytes(out)
    return _swapped(data[element.value : element.stop], NUMBER_WIDTH.get(element.vr, 1))


def _marker(tag: int, length: int) -> bytes:
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, length)


def _swapped(value: bytes, width: int) -> bytes:
    """Bytes of numbers of one width in the other order."""
    if width == 1 or len(value) % width:
        return value
    swapped = bytearray(len(value))
    for offset in range(width):
        swapped[offset::width] = value[width - 1 - offset :: width]
    return bytes(swapped)
