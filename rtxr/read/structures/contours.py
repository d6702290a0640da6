"""Contours of an RT Structure Set in bulk: the numbers of all at once, and what they enclose.

A clinical structure set holds thousands of contours. Walking the bytes of ROI Contour Sequence
(:mod:`rtxr.read.structures.contour_items`) and parsing all Contour Data (3006,0050) in one go takes
a tenth of a second; making a pydicom Dataset of every contour takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rtxr.geometry import FloatArray
from rtxr.read.parse import IntArray, float_lists

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
