"""Control points of a plan as bytes, found by walking: a plan may have thousands of them.

Making a pydicom Dataset of each control point of a helical delivery, and of each item in it, takes
seconds; walking the bytes and decoding all values of one attribute at once takes tenths of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydicom.datadict import dictionary_VR

from rtxr.errors import NotDicomError
from rtxr.geometry import FloatArray
from rtxr.header_store import Record
from rtxr.read import parse as parsing
from rtxr.read.elements import Element, Encoding, elements, items, nested, without
from rtxr.read.item_values import tag_of
from rtxr.read.sources import Source, source_of
from rtxr.read.starts import starts_of

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


def raw_points(record: Record) -> list[RawPoints]:
    """Control points of each beam of a plan, in the order of its beams.

    What cannot be followed ends the control points of its beam.
    """
    source = _source(record)
    sequence = None if source is None else _beam_sequence(source)
    if source is None or sequence is None:
        return []
    beams = _read_items(source.data, sequence, source.encoding)
    found = []
    for parts in beams.points:
        points = [
            _read_items(source.data, parts[tag], beams.encoding) for tag in _POINTS if tag in parts
        ]
        empty = RawPoints(source.data, beams.encoding, [])
        found.append(next((each for each in points if each.points), empty))
    return found


def without_points(record: Record) -> Record:
    """A plan without its control points; as it is where its bytes cannot be followed."""
    source = _source(record)
    sequence = None if source is None else _beam_sequence(source)
    if source is None or sequence is None:
        return record
    data = source.data
    try:
        beams = without(data, sequence, source.encoding, (), set(_POINTS))
    except ValueError:
        return record
    return replace(record, data=data[: sequence.start] + beams + data[sequence.end :])


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


def _source(record: Record) -> Source | None:
    try:
        return source_of(record.data, complete=True, name=record.path)
    except NotDicomError:
        return None


def _beam_sequence(source: Source) -> Element | None:
    """The sequence of beams: the first that has an item."""
    offsets = starts_of(source.data, source.start, source.encoding).offsets
    for tag in _BEAMS:
        if tag not in offsets:
            continue
        walk = elements(source.data, offsets[tag], len(source.data), source.encoding)
        sequence = next(walk)
        if sequence.stop - sequence.value >= 8:
            return sequence
    return None


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
