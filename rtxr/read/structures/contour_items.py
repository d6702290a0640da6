"""The contours of a structure set in its bytes: one walk for all who ask.

A clinical structure set holds thousands of contours of a few elements each. What is read of them
goes into plain lists, since an object for each takes longer than to find it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from rtxr.read.cuts import Cuts
from rtxr.read.elements import Element, Encoding, Item, Spans, elements, items, nested, spans_of
from rtxr.read.parse import integer, text
from rtxr.read.sources import Source, tolerant

ROI_CONTOURS, CONTOURS, CONTOUR_DATA = 0x30060039, 0x30060040, 0x30060050
_IMAGES, _ROI_COLOR, _TYPE = 0x30060016, 0x3006002A, 0x30060042
_POINT_COUNT, _ROI_NUMBER, _INSTANCE = 0x30060046, 0x30060084, 0x00081155


@dataclass
class RawContours:
    """ROI Contour Sequence as lists, in the order of the file.

    Parameters
    ----------
    colors : dict of int to bytes
        ROI number > ROI Display Color (3006,002A) as stored.
    roi_numbers, types, image_uids, stated_counts, data : list
        Per contour: Referenced ROI Number (None where missing), Contour Geometric Type, the first
        image's SOPInstanceUID, Number of Contour Points, Contour Data.
    """

    colors: dict[int, bytes] = field(default_factory=dict)
    roi_numbers: list[int | None] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    image_uids: list[str] = field(default_factory=list)
    stated_counts: list[int | None] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)


class ContourItems(NamedTuple):
    """What a walk has found: contours, undecoded, and what cuts Contour Data (3006,0050) out."""

    contours: RawContours
    cuts: Cuts


def contour_items(source: Source) -> ContourItems:
    """Walk through ROI Contour Sequence, if it is whole; there should be one.

    Raises
    ------
    ValueError
        The sequences are broken.
    """
    found = ContourItems(RawContours(), Cuts.none())
    data, encoding = source.data, source.encoding
    for sequence in tolerant(data, source.start, encoding):
        if sequence.tag != ROI_CONTOURS:
            continue
        if not sequence.undefined:
            found.cuts.hold(sequence.value, sequence.stop)
        inner = nested(sequence.vr, encoding)
        for item in items(data, sequence, encoding):
            if not item.undefined:
                found.cuts.hold(item.value, item.stop)
            _add_roi(data, _spans(data, item, inner), inner, found)
    return found


def _add_roi(data: bytes, parts: Spans, encoding: Encoding, found: ContourItems) -> None:
    """Add one item of ROI Contour Sequence with its contours."""
    raw, cuts = found
    number = integer(_value(data, parts, _ROI_NUMBER))
    if number is not None and (color := _value(data, parts, _ROI_COLOR)):
        raw.colors.setdefault(number, color)
    if CONTOURS not in parts:
        return
    vr, start, value, stop, end = parts[CONTOURS]
    sequence = Element(CONTOURS, vr, start, value, stop, end, stop != end)
    if not sequence.undefined:
        cuts.hold(value, stop)
    inner = nested(vr, encoding)
    for item in items(data, sequence, encoding):
        contour = _spans(data, item, inner)
        raw.roi_numbers.append(number)
        raw.types.append(_text(_value(data, contour, _TYPE)))
        raw.stated_counts.append(_count(_value(data, contour, _POINT_COUNT)))
        raw.data.append(_value(data, contour, CONTOUR_DATA) or b"")
        raw.image_uids.append(_image(data, contour, inner))
        if CONTOUR_DATA in contour:
            _, begin, _, _, behind = contour[CONTOUR_DATA]
            cuts.cut(begin, behind)
            if not item.undefined:
                cuts.hold(item.value, item.stop)


def _spans(data: bytes, item: Item, encoding: Encoding) -> Spans:
    """Elements of an item; a damaged one that says it reaches past its item ends with it."""
    found = spans_of(data, item.value, item.stop, encoding)
    for tag, (vr, start, value, stop, end) in found.items():
        if end > item.stop:
            found[tag] = vr, start, value, min(stop, item.stop), item.stop
    return found


def _value(data: bytes, parts: Spans, tag: int) -> bytes | None:
    if tag not in parts:
        return None
    _, _, value, stop, _ = parts[tag]
    return data[value:stop]


_text = lru_cache(maxsize=1024)(text)


@lru_cache(maxsize=1024)
def _count(value: bytes | None) -> int | None:
    """Number of Contour Points, of which many are the same."""
    return integer(value)


def _image(data: bytes, contour: Spans, encoding: Encoding) -> str:
    """SOPInstanceUID of the first image that a contour names."""
    if _IMAGES not in contour:
        return ""
    vr, _, value, stop, _ = contour[_IMAGES]
    return _first_image(data[value:stop], nested(vr, encoding))


@lru_cache(maxsize=1024)
def _first_image(data: bytes, encoding: Encoding) -> str:
    """Referenced SOP Instance UID of the first item of a Contour Image Sequence.

    Contours of one slice share its bytes.
    """
    sequence = Element(_IMAGES, b"SQ", 0, 0, len(data), len(data), False)
    for item in items(data, sequence, encoding):
        for element in elements(data, item.value, item.stop, encoding):
            if element.tag == _INSTANCE:
                return text(data[element.value : element.stop])
    return ""
