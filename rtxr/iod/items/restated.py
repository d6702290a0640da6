"""Other values for the control points of a beam that a file describes (PS3.3 C.8.8.14.5).

A control point states what is other than at the one before. What a file states stays stated, what
it leaves to be inherited stays so where the values allow, and every element whose value stays is
left as it is, digit for digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset

from rtxr.errors import ConflictingDataError
from rtxr.iod.encoding.raw import (
    duplicate,
    element_at,
    has_value,
    item,
    items_of,
    make,
    numbers_of,
    put,
    text_of,
)
from rtxr.iod.values.decimal_strings import ds_string
from rtxr.keywords import tag_of

#: Sequences of beams and of their control points, of photons and electrons and of ions.
BEAMS = ("BeamSequence", "IonBeamSequence")
CONTROL_POINTS = ("ControlPointSequence", "IonControlPointSequence")
DEVICES = ("BeamLimitingDeviceSequence", "IonBeamLimitingDeviceSequence")
_POSITIONS, _KIND = "BeamLimitingDevicePositionSequence", "RTBeamLimitingDeviceType"
_LEAVES = "LeafJawPositions"


def sequence_of(dataset: Dataset, keywords: Sequence[str]) -> tuple[str, list[Dataset]]:
    """The first of these sequences that has items, and copies of them to be changed."""
    for keyword in keywords:
        if found := items_of(dataset, keyword):
            return keyword, [duplicate(each) for each in found]
    return keywords[0], []


def put_items(dataset: Dataset, keyword: str, items: Sequence[Dataset]) -> None:
    """Give a sequence other items; its length stays undefined where it was."""
    made = make(keyword, list(items))
    if (tag := tag_of(keyword)) in dataset:
        made.is_undefined_length = bool(getattr(dataset[tag], "is_undefined_length", False))
    put(dataset, made)


def put_value(dataset: Dataset, keyword: str, value: Any) -> None:
    """Set an element; of several numbers those that stay keep their digits."""
    many = isinstance(value, list | tuple)
    put(dataset, make(keyword, _kept_digits(dataset, keyword, value) if many else value))


def restate(
    points: Sequence[Dataset], keyword: str, old: Sequence[Any], new: Sequence[Any]
) -> None:
    """Give the control points of a beam other values of one attribute, in place.

    Parameters
    ----------
    points : sequence of pydicom.Dataset
        Items of the control points, in their order.
    keyword : str
        Attribute.
    old, new : sequence
        Value at each control point, inherited ones filled in: a number, a text, or a tuple of
        numbers. None where there is none.
    """
    before = None
    for point, was, wanted in zip(points, old, new, strict=True):
        stated = has_value(point, keyword)
        if wanted != (was if stated else before):
            put_value(point, keyword, wanted)
        before = wanted


def restate_device(
    beam: Dataset,
    points: Sequence[Dataset],
    kinds: Sequence[str],
    old: Sequence[tuple[float, ...] | None],
    new: Sequence[tuple[float, ...] | None],
) -> None:
    """Give the control points of a beam other positions of one device, in place.

    Parameters
    ----------
    beam : pydicom.Dataset
        Item of the beam, which lists its devices.
    points : sequence of pydicom.Dataset
        Items of its control points, in their order.
    kinds : sequence of str
        RT Beam Limiting Device Type (300A,00B8) of the device: several that are called alike.
    old, new : sequence of tuple of float or None
        Leaf/Jaw Positions (300A,011C) at each control point, inherited ones filled in, mm.

    Raises
    ------
    ConflictingDataError
        The beam has no such device, or it has another number of leaves.
    """
    kind, pairs = _device(beam, points, kinds)
    before = None
    for point, was, wanted in zip(points, old, new, strict=True):
        if wanted is not None and pairs and len(wanted) != 2 * pairs:
            raise ConflictingDataError(
                f"{kind} has {pairs} pair(s) of leaves or jaws: {2 * pairs} positions are needed, "
                f"not {len(wanted)}"
            )
        positions = [duplicate(each) for each in items_of(point, _POSITIONS)]
        own = [each for each in positions if _is_positioned(each, kinds)]
        if wanted is not None and wanted != (was if own else before):
            if own:
                put_value(own[-1], _LEAVES, wanted)
            else:
                positions.append(item({_KIND: kind, _LEAVES: list(wanted)}))
            put_items(point, _POSITIONS, positions)
        before = wanted


def _is_positioned(device: Dataset, kinds: Sequence[str]) -> bool:
    return text_of(device, _KIND) in kinds and has_value(device, _LEAVES)


def _device(beam: Dataset, points: Sequence[Dataset], kinds: Sequence[str]) -> tuple[str, int]:
    """Type of a device as the beam calls it, and its pairs of leaves or jaws; 0 if unknown."""
    listed = [each for name in DEVICES for each in items_of(beam, name)]
    placed = [each for point in points for each in items_of(point, _POSITIONS)]
    for each in [*listed, *placed]:
        if text_of(each, _KIND) in kinds:
            pairs = numbers_of(each, "NumberOfLeafJawPairs") or [
                len(numbers_of(each, _LEAVES)) // 2
            ]
            return text_of(each, _KIND), int(pairs[0])
    there = sorted({text_of(each, _KIND) for each in [*listed, *placed]})
    raise ConflictingDataError(
        f"the beam has no {' or '.join(kinds)}; its (300A,00B8) {_KIND} are {there}"
    )


def _kept_digits(dataset: Dataset, keyword: str, wanted: Sequence[float]) -> list[str | float]:
    """Numbers as they are to be written: in the digits of the file where they stay."""
    if element_at(dataset, tag_of(keyword)) is None:
        return list(wanted)
    texts, numbers = text_of(dataset, keyword).split("\\"), numbers_of(dataset, keyword)
    if not len(texts) == len(numbers) == len(wanted):
        return list(wanted)
    kept = zip(texts, numbers, wanted, strict=True)
    return [text if number == value else ds_string(value) for text, number, value in kept]
