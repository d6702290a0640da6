"""Contours of an RT Structure Set in bulk: raw bytes first, all numbers at once.

A clinical structure set holds thousands of contours. Walking the bytes of ROI Contour Sequence
(3006,0039) and parsing all Contour Data (3006,0050) in one go takes a tenth of a second; making a
pydicom Dataset of every contour takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from rtxr.geometry import FloatArray
from rtxr.read.elements import Element, Encoding, Spans, elements, items, nested
from rtxr.read.parse import IntArray, float_lists, integer, text
from rtxr.read.structures.contour_items import CONTOUR_DATA, RoiItem

_IMAGES, _ROI_COLOR, _TYPE = 0x30060016, 0x3006002A, 0x30060042
_POINT_COUNT, _ROI_NUMBER, _INSTANCE = 0x30060046, 0x30060084, 0x00081155

#: Defined terms of Contour Geometric Type (3006,0042).
STANDARD_TYPES = frozenset(
    {"POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"}
)
#: Those, and one that planning systems write, by their letters alone.
_TYPES: Mapping[str, str] = {
    kind.replace("_", ""): kind for kind in {*STANDARD_TYPES, "INTERPOLATED_PLANAR"}
}


@dataclass(frozen=True)
class Roi:
    """One ROI: what the three sequences of a structure set say about its number.

    Parameters
    ----------
    number : int
        ROI Number (3006,0022); negative, by place, where it is missing.
    name, label : str
        ROI Name (3006,0026) as stored, and the unique label made of it.
    kind : str
        RT ROI Interpreted Type (3006,00A4).
    color : str
        ``"#rrggbb"`` or empty.
    frame_of_reference_uid : str
        Referenced Frame of Reference UID (3006,0024).
    """

    number: int
    name: str
    label: str
    kind: str
    color: str
    frame_of_reference_uid: str


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


def raw_contours(data: bytes, rois: Sequence[RoiItem]) -> RawContours:
    """Contours of a structure set, undecoded."""
    found = RawContours()
    for roi in rois:
        number = integer(_value(data, roi.elements, _ROI_NUMBER))
        if number is not None and (color := _value(data, roi.elements, _ROI_COLOR)):
            found.colors.setdefault(number, color)
        found.roi_numbers += [number] * len(roi.contours)
        for contour in roi.contours:
            found.types.append(_text(_value(data, contour, _TYPE)))
            found.stated_counts.append(_count(_value(data, contour, _POINT_COUNT)))
            found.data.append(_value(data, contour, CONTOUR_DATA) or b"")
            found.image_uids.append(_image(data, contour, roi.encoding))
    return found


def _value(data: bytes, parts: Spans, tag: int) -> bytes | None:
    if tag not in parts:
        return None
    _, _, value, stop, _ = parts[tag]
    return data[value:stop]


def _image(data: bytes, contour: Spans, encoding: Encoding) -> str:
    """SOPInstanceUID of the first image that a contour names."""
    if _IMAGES not in contour:
        return ""
    vr, _, value, stop, _ = contour[_IMAGES]
    return _first_image(data[value:stop], nested(vr, encoding))


_text = lru_cache(maxsize=1024)(text)


@lru_cache(maxsize=1024)
def _count(value: bytes | None) -> int | None:
    """Number of Contour Points, of which many are the same."""
    return integer(value)


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


@lru_cache(maxsize=1024)
def geometric_type(stored: str, points: int) -> str:
    """Contour Geometric Type that a contour is taken as; as it is stored where it is unknown."""
    if not stored:
        return "POINT" if points == 1 else "CLOSED_PLANAR"
    return _TYPES.get(re.sub("[^A-Z]", "", stored.upper()), stored)


def is_known(kind: str) -> bool:
    """Whether it is known what a contour of this type encloses."""
    return kind in _TYPES.values()


@dataclass(frozen=True)
class Nodes:
    """Points of all contours, and what was wrong with them.

    Parameters
    ----------
    points : ndarray, (node, 3)
        Patient LPS (x, y, z), mm.
    contour : ndarray, (node,)
        Position of the contour in the file that each point belongs to.
    counts : ndarray, (contour,)
        Points of each contour.
    partial, unreadable : ndarray, (contour,) of bool
        Contour Data is no multiple of three; some of its points are no numbers.
    """

    points: FloatArray
    contour: IntArray
    counts: IntArray
    partial: np.ndarray[tuple[int], np.dtype[np.bool_]]
    unreadable: np.ndarray[tuple[int], np.dtype[np.bool_]]


def contour_nodes(data: list[bytes]) -> Nodes:
    """Points of Contour Data values; left-over numbers and unreadable points are dropped."""
    values, numbers = float_lists(data)
    whole = numbers // 3
    partial = numbers != 3 * whole
    if partial.any():
        starts = np.cumsum(numbers) - numbers
        place = np.arange(len(values)) - np.repeat(starts, numbers)
        values = values[place < np.repeat(3 * whole, numbers)]
    points = values.reshape(-1, 3)
    contour = np.repeat(np.arange(len(data)), whole)
    unreadable = np.zeros(len(data), bool)
    if not np.isfinite(points).all():
        good = np.isfinite(points).all(axis=1)
        unreadable[contour[~good]] = True
        points, contour = points[good], contour[good]
    counts = np.bincount(contour, minlength=len(data)).astype(np.int64)
    return Nodes(points, contour, counts, partial, unreadable)
