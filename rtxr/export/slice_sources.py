"""Which source header each slice of an image takes, and why it is not the slice's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
import pydicom

from rtxr.export.objects import MADE_IN_MEMORY, MOVED
from rtxr.geometry import FloatArray, slice_normal
from rtxr.header_store import Record
from rtxr.iod.encoding.raw import numbers_of

#: A slice is its source's if it lies in the same plane to this many mm.
SAME_HEIGHT_MM = 0.01
#: Sine of the angle from which on planes are not parallel: 0.06 degrees.
PARALLEL = 1e-3
UID_CHARACTERS = re.compile(r"[0-9.]+")

#: Record and header by UID.
Known = Mapping[str, tuple[Record | None, pydicom.Dataset | None]]


@dataclass(frozen=True, eq=False)
class SliceSource:
    """The header that a slice takes: its own, or that of a slice at or near its position.

    Parameters
    ----------
    record, header : optional
        None where there is none to take.
    why : str
        Why it is not the slice's own; empty where it is.
    twins : tuple of pydicom.Dataset
        Headers of all source slices at the same position: the slice may be made of any of them.
    """

    record: Record | None = None
    header: pydicom.Dataset | None = None
    why: str = ""
    twins: tuple[pydicom.Dataset, ...] = ()


def slice_sources(
    known: Known, uids: list[str], positions: FloatArray, cosines: FloatArray
) -> list[SliceSource]:
    """Header of each slice: its own, or the nearest one where it is not where its UID was.

    A UID that is missing, repeated, or of a slice in another plane is not the slice's own.

    Parameters
    ----------
    known : mapping
        Record and header by UID of all source slices that may be meant.
    uids : list of str
        SOP Instance UID of each slice; another number of them counts as none.
    positions : ndarray, (slice, 3)
        Image Position (Patient), mm.
    cosines : ndarray, (6,)
        Image Orientation (Patient).
    """
    counts = Counter(uids)
    if len(uids) != len(positions):
        uids = [""] * len(positions)
    normal = slice_normal(cosines)
    heights = {uid: _height(header, normal) for uid, (_, header) in known.items()}
    turned = {uid for uid, (_, header) in known.items() if _is_turned(header, normal)}
    found: list[SliceSource] = []
    for uid, height in zip(uids, positions @ normal, strict=True):
        # Keys made up for slices without a UID hold more than digits and dots.
        named = bool(uid in known and counts[uid] == 1 and UID_CHARACTERS.fullmatch(uid))
        own = named and uid not in turned and abs(heights[uid] - height) <= SAME_HEIGHT_MM
        if own:
            found.append(SliceSource(*known[uid]))
        else:
            found.append(_borrowed(known, heights, height, named=named, turned=turned))
    return found


def _borrowed(
    known: Known, heights: Mapping[str, float], height: float, *, named: bool, turned: Set[str]
) -> SliceSource:
    """The nearest header; ``named``: the UID is that of a source slice in another plane."""
    nearest = _nearest(heights, height)
    if not nearest:
        return SliceSource(why=MADE_IN_MEMORY)
    there = [uid for uid in known if abs(heights[uid] - heights[nearest]) <= SAME_HEIGHT_MM]
    twins = tuple(header for uid in there if (header := known[uid][1]) is not None)
    if nearest in turned or abs(heights[nearest] - height) > SAME_HEIGHT_MM:
        why = "not at the position of a source slice"
    elif named:
        why = MOVED
    elif len(twins) > 1:
        why = f"none of the {len(twins)} source slices at its position"
    else:
        why = "at the position of a source slice, but not known as it by SOPInstanceUID"
    return SliceSource(*known[nearest], why, twins)


def _nearest(heights: Mapping[str, float], height: float) -> str:
    """UID of the source slice nearest to a height, empty where there is none."""
    return min(heights, key=lambda uid: abs(heights[uid] - height), default="")


def _is_turned(header: pydicom.Dataset | None, normal: FloatArray) -> bool:
    """Whether a source slice says that it is not parallel to the slices wanted."""
    cosines = numbers_of(header, "ImageOrientationPatient")
    if not cosines:
        return False
    return float(np.linalg.norm(np.cross(slice_normal(cosines), normal))) > PARALLEL


def _height(header: pydicom.Dataset | None, normal: FloatArray) -> float:
    """Position of a source slice along the normal, mm; far away where it has none."""
    position = numbers_of(header, "ImagePositionPatient")
    return float(np.asarray(position) @ normal) if position else float("inf")
