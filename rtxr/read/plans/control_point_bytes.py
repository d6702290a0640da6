"""Control points of a plan as bytes, found by walking: a plan may have thousands of them.

Making a pydicom Dataset of each control point of a helical delivery, and of each item in it, takes
seconds; walking the bytes and decoding all values of one attribute at once takes tenths of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from pydicom.datadict import dictionary_VR

from rtxr.errors import NotDicomError
from rtxr.geometry import FloatArray
from rtxr.header_store import Record
from rtxr.keywords import tag_of
from rtxr.read import parse as parsing
from rtxr.read.elements import (
    EXPLICIT,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Element,
    Encoding,
    elements,
    items,
    nested,
)
from rtxr.read.sources import Source, source_of, tolerant

_BEAMS = tuple(map(tag_of, ("BeamSequence", "IonBeamSequence")))
_POINTS = tuple(map(tag_of, ("ControlPointSequence", "IonControlPointSequence")))
#: Value representations of binary numbers > how they are stored; headers are little endian.
_BINARY = {b"FL": "<f4", b"FD": "<f8", b"US": "<u2", b"SS": "<i2", b"UL": "<u4", b"SL": "<i4"}

#: Elements of an item by tag.
Parts = Mapping[int, Element]


@dataclass(frozen=True)
class RawPoints:
    """Control points of one beam, undecoded.

    Parameters
    ----------
    data : bytes
        What the offsets of the elements point into.
    encoding : Encoding
        Of the elements.
    points : sequence of mapping of int to Element
        Elements of each control point by tag.
    """

    data: bytes
    encoding: Encoding
    points: Sequence[Parts]

    @cached_property
    def index(self) -> parsing.IntArray:
        """Control Point Index (300A,0112) of each, its place where that is missing."""
        places, values, vr = self.stated("ControlPointIndex")
        found, numbers = np.arange(len(self.points)), first_numbers(values, vr)
        known = np.isfinite(numbers)
        found[np.array(places, int)[known]] = np.round(numbers[known]).astype(np.int64)
        return found

    def stated(self, keyword: str) -> tuple[list[int], list[bytes], bytes]:
        """Places of the control points that have an element, its values, and their VR."""
        tag = tag_of(keyword)
        found = [(at, parts[tag]) for at, parts in enumerate(self.points) if tag in parts]
        vr = next((each.vr for _, each in found if each.vr and each.vr != b"UN"), b"")
        return (
            [at for at, _ in found],
            [self.data[each.value : each.stop] for _, each in found],
            vr or dictionary_VR(keyword).encode(),
        )

    def nested(self, keyword: str) -> Iterator[tuple[int, RawPoints]]:
        """Places of the control points that have a sequence, and its items."""
        tag = tag_of(keyword)
        for at, parts in enumerate(self.points):
            if tag in parts:
                yield at, _read_items(self.data, parts[tag], self.encoding)


@dataclass(frozen=True)
class PlanBytes:
    """A plan taken apart: itself without the control points of its beams, and where those are.

    Parameters
    ----------
    bare : Record
        The plan without its control points.
    data : bytes
        The plan with them.
    sequences : sequence of sequence
        Of each beam the sequences of control points, and the encoding of its item.
    """

    bare: Record
    data: bytes
    sequences: Sequence[Sequence[tuple[Element, Encoding]]]

    def points(self) -> list[RawPoints]:
        """Control points of each beam, as far as they can be followed."""
        found = []
        for sequences in self.sequences:
            read = [_read_items(self.data, each, encoding) for each, encoding in sequences]
            empty = RawPoints(self.data, EXPLICIT, [])
            found.append(next((each for each in read if each.points), empty))
        return found


def plan_bytes(record: Record) -> PlanBytes:
    """Take a plan apart; where its bytes cannot be followed it stays whole."""
    try:
        source = source_of(record.data, complete=True, name=record.path)
    except NotDicomError:
        return PlanBytes(record, record.data, [])
    data, sequence = source.data, _beam_sequence(source)
    if sequence is None:
        return PlanBytes(record, data, [])
    try:
        beams, sequences = _without_points(data, sequence, source.encoding)
    except ValueError:
        return PlanBytes(record, data, [])
    bare = replace(record, data=data[: sequence.start] + beams + data[sequence.end :])
    return PlanBytes(bare, data, sequences)


def _without_points(
    data: bytes, sequence: Element, encoding: Encoding
) -> tuple[bytes, list[list[tuple[Element, Encoding]]]]:
    """The sequence of beams without control points, of undefined lengths, and where these are."""
    inner = nested(sequence.vr, encoding)
    pieces = [data[sequence.start : sequence.value - 4], _ENDLESS]
    found = []
    for item in items(data, sequence, encoding):
        parts = elements(data, item.value, item.stop, inner)
        cut = [element for element in parts if element.tag in _POINTS]
        found.append([(element, inner) for element in cut])
        pieces += [_marker(ITEM), _ENDLESS]
        kept = item.value
        for element in cut:
            pieces.append(data[kept : element.start])
            kept = element.end
        pieces += [data[kept : item.stop], _marker(ITEM_END), _NOTHING]
    return b"".join([*pieces, _marker(SEQUENCE_END), _NOTHING]), found


#: Undefined length, and that of a delimiter.
_ENDLESS, _NOTHING = UNDEFINED.to_bytes(4, "little"), bytes(4)


def _marker(tag: int) -> bytes:
    return (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")


def first_numbers(values: Sequence[bytes], vr: bytes) -> FloatArray:
    """First number of each value, NaN where there is none."""
    found, counts = all_numbers(values, vr)
    first = np.full(len(values), np.nan)
    first[counts > 0] = found[(np.cumsum(counts) - counts)[counts > 0]]
    return first


def all_numbers(values: Sequence[bytes], vr: bytes) -> tuple[FloatArray, parsing.IntArray]:
    """Numbers of all values, one after the other, and how many each has; NaN for unreadable."""
    if vr not in _BINARY:
        return parsing.float_lists(values)
    dtype = np.dtype(_BINARY[vr])
    whole = [value[: len(value) // dtype.itemsize * dtype.itemsize] for value in values]
    counts = np.array([len(value) // dtype.itemsize for value in whole], np.int64)
    return np.frombuffer(b"".join(whole), dtype).astype(np.float64), counts


def _beam_sequence(source: Source) -> Element | None:
    """The sequence of beams: the first that has an item."""
    found = (
        each
        for each in tolerant(source.data, source.start, source.encoding)
        if each.tag in _BEAMS and each.stop - each.value >= 8
    )
    return next(found, None)


def _read_items(data: bytes, sequence: Element, encoding: Encoding) -> RawPoints:
    """Items of a sequence, as far as they can be followed."""
    inner = nested(sequence.vr, encoding)
    found: list[Parts] = []
    try:
        for item in items(data, sequence, encoding):
            walk = elements(data, item.value, item.stop, inner)
            found.append({element.tag: element for element in walk})
    except ValueError:
        pass
    return RawPoints(data, inner, found)
