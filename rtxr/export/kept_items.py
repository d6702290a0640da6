"""What a walk over the bytes of a finished object keeps, packed sequences not followed for it.

Contours that were encoded at once (:mod:`rtxr.iod.items.packed`) know the values that each of them
has; to find these in their bytes again takes longer than all other checks of a structure set.
"""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import Element, duplicate, elements_of, items_of, put, vr_of
from rtxr.iod.items.packed import Column, Packed
from rtxr.read.elements import EXPLICIT
from rtxr.validation.checks import WANTED
from rtxr.validation.encoding_rules import rule_of
from rtxr.validation.walk import Item, Path, Values


class _Place(NamedTuple):
    """Where a packed sequence stands: sequences around it, which item of each, and its own tag."""

    sequences: Path
    numbers: tuple[int, ...]
    tag: int


def walked(dataset: Dataset) -> Values:
    """A walk over an object that kept what checks ask for.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Not changed.
    """
    found: dict[_Place, Packed] = {}
    if any(map(_is_packed, elements_of(dataset))):
        dataset = _without_packed(dataset, (), (), found)
    walk = Values(data_set_bytes(dataset, implicit_vr=False), EXPLICIT, WANTED).run()
    for place, packed in reversed(found.items()):  # what is behind does not move
        around = _item_at(walk.items, place)
        walk.items[around].counts[place.tag] = packed.size
        kept = _kept(packed.item, (*place.sequences, place.tag), packed.size)
        walk.items[around + 1 : around + 1] = chain.from_iterable(kept)
    return walk


def _is_packed(element: Element) -> bool:
    """Whether a sequence is packed, or one below it is."""
    if not isinstance(element, DataElement):
        return isinstance(element.value, Packed)
    return element.VR == "SQ" and any(
        _is_packed(each) for item in element.value for each in elements_of(item)
    )


def _without_packed(
    dataset: Dataset, sequences: Path, numbers: tuple[int, ...], found: dict[_Place, Packed]
) -> Dataset:
    """A copy without its packed sequences, which go to those found."""
    made = duplicate(dataset)
    for tag, element in sorted(dataset._dict.items()):
        if isinstance(element.value, Packed):
            found[_Place(sequences, numbers, int(tag))] = element.value
            del made._dict[tag]
        elif _is_packed(element):
            here = (*sequences, int(tag))
            items = [
                _without_packed(item, here, (*numbers, number), found)
                for number, item in enumerate(items_of(dataset, tag))
            ]
            put(made, DataElement(tag, "SQ", Items(items)))
    return made


def _item_at(items: list[Item], place: _Place) -> int:
    """Which of the items that a walk met is that around a packed sequence."""
    at = 0
    for depth, number in enumerate(place.numbers, start=1):
        path = place.sequences[:depth]
        inner = (after for after in range(at + 1, len(items)) if items[after].path == path)
        at = [next(inner) for _ in range(number + 1)][-1]
    return at


def _kept(one: Dataset, path: Path, size: int) -> list[list[Item]]:
    """Each of the items that this one stands for, with the items in it."""
    found = [[Item(path)] for _ in range(size)]
    for element in elements_of(one):
        tag, column = int(element.tag), element.value
        if not isinstance(column, Column):
            nested = _kept(items_of(one, element.tag)[0], (*path, tag), size)
            for items, inner in zip(found, nested, strict=True):
                items[0].counts[tag] = 1
                items.extend(inner)
        elif tag in WANTED and column:
            rule = rule_of(tag, vr_of(element).encode())
            for items, value in zip(found, column.values, strict=True):
                items[0].keep(tag, value, rule, EXPLICIT)
    return found
