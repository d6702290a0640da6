"""Headers as nobody tests them: generated elements, put into files byte by byte.

pydicom writes what it understands. Files of other hands hold more: private elements with values
that their VR does not have, sequences called UN, texts in several character sets, numbers written
as no program would. :func:`plant` puts such elements into an object at any depth.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pydicom
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, encode_string
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

#: VR, value or items, and whether a sequence and its items end with delimiters.
Value = tuple[str, "bytes | list[Elements]", bool]
Elements = dict[int, Value]

_LONG = ("OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UN", "UR", "UT")
#: Specific Character Set > a text that needs it.
CHARSETS = {
    "": "Plain",
    "ISO_IR 100": "Größe",
    "ISO_IR 144": "Доза",
    "ISO_IR 192": "長さ ø",
    "GB18030": "长度",
    "\\ISO 2022 IR 87": "山田",
    "ISO 2022 IR 6\\ISO 2022 IR 149": "길이",
}
_NUMBERS = [b"1.50", b" +1.0 ", b"1e3 ", b"0.12345678901234567890", b"\\1.5\\", b"12. ", b"one "]
#: Tag and VR of standard elements that nothing is computed from.
TEXTS = ((0x00080080, "LO"), (0x00081010, "SH"), (0x00081048, "PN"), (0x00104000, "LT"))
_DECIMALS = ((0x00101030, "DS"), (0x00181110, "DS"), (0x00201209, "IS"))
_SEQUENCES = (0x00081032, 0x00081250, 0x00400275, 0x00120064)


@dataclass(frozen=True)
class Planted:
    """Elements to plant and the character set that their texts are in."""

    elements: Elements
    charset: str
    nested: Elements = field(default_factory=dict)


@st.composite
def plants(draw: st.DrawFn) -> Planted:
    """Elements for the outermost level of an object, and for an item of one of its sequences."""
    charset = draw(st.sampled_from(sorted(CHARSETS)))
    return Planted(draw(elements(charset)), charset, draw(elements(charset, depth=1)))


@st.composite
def elements(draw: st.DrawFn, charset: str, depth: int = 0) -> Elements:
    """Some standard and private elements; down to the third level some are sequences."""
    found: Elements = {}
    text = encode_string(CHARSETS[charset], convert_encodings(charset.split("\\")))
    for tag, vr in draw(st.lists(st.sampled_from(TEXTS), max_size=3)):
        found[tag] = (vr, even(draw(st.sampled_from([text, b"", b"Plain ", text + b" "]))), False)
    for tag, vr in draw(st.lists(st.sampled_from(_DECIMALS), max_size=2)):
        found[tag] = (vr, even(draw(st.sampled_from(_NUMBERS))), False)
    for group in draw(st.lists(st.sampled_from([0x0009, 0x0029, 0x01F1]), max_size=2)):
        found |= draw(private(group, charset, depth))
    if depth < 2:
        for tag in draw(st.lists(st.sampled_from(_SEQUENCES), max_size=2)):
            found[tag] = draw(sequences(charset, depth))
    return found


@st.composite
def private(draw: st.DrawFn, group: int, charset: str, depth: int) -> Elements:
    """A private block; some values are not of their VR, and some blocks have no creator."""
    found: Elements = {}
    if draw(st.booleans()):
        found[group << 16 | 0x0010] = ("LO", b"SYNTHETIC 1.0 ", False)
    for element in draw(st.lists(st.integers(0x1000, 0x10FF), max_size=4, unique=True)):
        vr = draw(st.sampled_from(["LO", "DS", "US", "FD", "UN", "OB", "UL", "SQ"]))
        if vr == "SQ":
            found[group << 16 | element] = draw(sequences(charset, max(depth, 1)))
        else:
            found[group << 16 | element] = (vr, even(draw(st.binary(max_size=7))), False)
    return found


@st.composite
def sequences(draw: st.DrawFn, charset: str, depth: int) -> Value:
    """Items, perhaps none, perhaps empty ones; defined or undefined lengths, SQ or UN."""
    inner = elements(charset, depth + 1) if depth < 2 else st.just({0x00081010: ("SH", b"", False)})
    items = draw(st.lists(inner, max_size=3))
    undefined = draw(st.booleans())
    return draw(st.sampled_from(["SQ", "SQ", "UN"])), items, undefined


def even(data: bytes) -> bytes:
    """Padded with a space."""
    return data + b" " * (len(data) % 2)


def plant(ds: Dataset, planted: Planted, *, implicit: bool, into: int | None = None) -> bytes:
    """An object as a file, with elements that it did not have.

    Parameters
    ----------
    ds : Dataset
        The object; what it has stays.
    planted : Planted
        Elements and their character set.
    implicit : bool
        Implicit VR, else Explicit VR.
    into : int, optional
        Tag of a sequence: the first item gets the nested elements.
    """
    buffer = io.BytesIO()
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    pydicom.dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    tree = _tree(pydicom.dcmread(io.BytesIO(buffer.getvalue()), force=True))
    if into is not None:
        items = tree[into][1]
        assert isinstance(items, list)
        items[0] = {**planted.nested, **items[0]}
    charset = {0x00080005: ("CS", even(planted.charset.encode()), False)}
    tree = {**planted.elements, **(charset if planted.charset else {}), **tree}
    meta = {
        0x00020001: ("OB", b"\0\1", False),
        0x00020002: ("UI", _uid(ds.SOPClassUID), False),
        0x00020003: ("UI", _uid(ds.SOPInstanceUID), False),
        0x00020010: ("UI", _uid(syntax), False),
    }
    head = encoded(meta, implicit=False)
    length = encoded({0x00020000: ("UL", len(head).to_bytes(4, "little"), False)}, implicit=False)
    return b"\0" * 128 + b"DICM" + length + head + encoded(tree, implicit=implicit)


def encoded(tree: Elements, *, implicit: bool) -> bytes:
    """A data set in little endian (PS3.5 7)."""
    parts = []
    for tag, (vr, value, undefined) in sorted(tree.items()):
        # Sequences of VR UN hold items in Implicit VR (PS3.5 6.2.2).
        body = (
            value if isinstance(value, bytes) else _items(value, undefined, implicit or vr == "UN")
        )
        size = 0xFFFFFFFF if undefined and not isinstance(value, bytes) else len(body)
        head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
        if implicit:
            head += size.to_bytes(4, "little")
        elif vr in _LONG:
            head += vr.encode() + b"\0\0" + size.to_bytes(4, "little")
        else:
            head += vr.encode() + size.to_bytes(2, "little")
        parts.append(head + body)
    return b"".join(parts)


def _items(items: list[Elements], undefined: bool, implicit: bool) -> bytes:
    found = b""
    for each in items:
        body = encoded(each, implicit=implicit)
        size = 0xFFFFFFFF if undefined else len(body)
        found += b"\xfe\xff\x00\xe0" + size.to_bytes(4, "little") + body
        found += b"\xfe\xff\x0d\xe0\0\0\0\0" if undefined else b""
    return found + (b"\xfe\xff\xdd\xe0\0\0\0\0" if undefined else b"")


def _tree(ds: Dataset) -> Elements:
    found: Elements = {}
    for tag, element in list(ds._dict.items()):
        if element.VR == "SQ":
            found[int(tag)] = ("SQ", [_tree(item) for item in ds[tag].value], False)
        else:
            found[int(tag)] = (str(element.VR), element.value or b"", False)
    return found


def _uid(uid: str) -> bytes:
    data = str(uid).encode()
    return data + b"\0" * (len(data) % 2)
