"""What was written, held against what is read back from a file.

Sequences that were encoded as one (:mod:`rtxr.iod.items.packed`) are read item by item. The way
back shares nothing with the way there: the items are followed from one length to the next, and each
value is held against the one that it was made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtxr.iod.encoding.data_set_bytes import UNDEFINED_LENGTH
from rtxr.iod.encoding.raw import (
    element_at,
    elements_of,
    is_signed,
    items_of,
    numbers_of,
    vr_of,
)
from rtxr.iod.items.packed import Column, Packed
from rtxr.read.elements import Element, Encoding, Item, items, spans_of

_PIXEL_DATA = Tag("PixelData")
_DESCRIPTION = tuple(map(Tag, ("BitsAllocated", "BitsStored", "Rows", "Columns")))
#: By tag: VR, and the values of all items or what the only nested item holds.
_Columns = dict[int, "tuple[bytes, Column | _Columns]"]
#: Tag of a sequence and number of an item, from the outermost one inwards.
_Path = tuple[tuple[BaseTag, int], ...]


def differing(written: Dataset, back: Dataset) -> list[BaseTag]:
    """Packed sequences whose items did not come back as they were written.

    Parameters
    ----------
    written : pydicom.Dataset
        What went to the file.
    back : pydicom.Dataset
        What the file holds; sequences on the way stay parsed in it.

    Returns
    -------
    list of BaseTag
        Of the sequences, outermost ones first; empty where all came back.
    """
    return [
        tag
        for path, tag, packed in _packed(written, ())
        if not _came_back(packed, _element_at_path(back, path, tag))
    ]


def untrue(written: Dataset, back: Dataset) -> list[BaseTag]:
    """Elements that nobody touched, whose bytes are not in the file as they were.

    Parameters
    ----------
    written : pydicom.Dataset
        What went to the file.
    back : pydicom.Dataset
        What the file holds, just read.
    """
    there = {int(each.tag): each for each in elements_of(back)}  # tags are slow to compare
    return [
        element.tag
        for element in elements_of(written)
        if isinstance(element, RawDataElement)
        and isinstance(found := there.get(int(element.tag)), RawDataElement)
        and (element.value or b"") != (found.value or b"")
        and _same_encoding(element, found)
    ]


def native_frames(back: Dataset, count: int) -> npt.NDArray[np.integer[Any]] | None:
    """Stored values of uncompressed pixels, as the header beside them says (PS3.5 8.1.1).

    Parameters
    ----------
    back : pydicom.Dataset
        What the file holds.
    count : int
        Frames that it has to hold.

    Returns
    -------
    ndarray, (frames, rows, columns), or None
        None where they are compressed, or not as many as the header says.
    """
    element = element_at(back, _PIXEL_DATA)
    if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
        return None
    data, description = element.value or b"", [numbers_of(back, each) for each in _DESCRIPTION]
    try:
        allocated, stored, rows, columns = (int(number) for (number,) in description)
        dtype = np.dtype(f"<{'i' if is_signed(back) else 'u'}{allocated // 8}")
        frames = np.frombuffer(data, dtype, count * rows * columns).reshape(count, rows, columns)
    except (TypeError, ValueError):
        return None
    if len(data) != frames.nbytes + frames.nbytes % 2:
        return None
    unused = allocated - stored  # what is in unused bits is undefined
    return frames << unused >> unused if unused else frames


def _same_encoding(element: RawDataElement, there: RawDataElement) -> bool:
    """Whether the bytes of the two have to be the same; those of sequences depend on VRs."""
    if not element.is_little_endian:
        return False
    return vr_of(element) != "SQ" or element.is_implicit_VR == there.is_implicit_VR


def _packed(dataset: Dataset, path: _Path) -> Iterator[tuple[_Path, BaseTag, Packed]]:
    """All packed sequences below a data set, and where they are."""
    for element in elements_of(dataset):
        if isinstance(element, RawDataElement):
            if isinstance(element.value, Packed):
                yield path, element.tag, element.value
        elif element.VR == "SQ":
            for at, item in enumerate(element.value):
                yield from _packed(item, (*path, (element.tag, at)))


def _element_at_path(dataset: Dataset, path: _Path, tag: BaseTag) -> RawDataElement | None:
    for sequence, at in path:
        found = items_of(dataset, sequence)
        if at >= len(found):
            return None
        dataset = found[at]
    element = element_at(dataset, tag)
    return element if isinstance(element, RawDataElement) else None


def _came_back(packed: Packed, element: RawDataElement | None) -> bool:
    """Whether the bytes of a sequence hold the items that were packed, and nothing else."""
    if element is None:
        return False
    data, columns = element.value or b"", _columns(packed.item)
    encoding = Encoding(explicit=not element.is_implicit_VR)
    try:
        found = _items(data, 0, len(data), encoding)
        return len(found) == packed.size and all(
            _holds(data, item, encoding, columns, at) for at, item in enumerate(found)
        )
    except ValueError:
        return False


def _items(data: bytes, start: int, stop: int, encoding: Encoding) -> list[Item]:
    """Items that fill what is between two offsets to the byte, as their lengths say.

    Raises
    ------
    ValueError
        They do not.
    """
    found = list(items(data, Element(0, b"SQ", start, start, stop, stop, False), encoding))
    ends = [
        each.value + int.from_bytes(data[each.start + 4 : each.value], "little") for each in found
    ]
    if ends != [each.end for each in found] or ends[-1:] != [stop]:
        raise ValueError("the items of a sequence do not fill it")
    return found


def _columns(one: Dataset) -> _Columns:
    """What each item has to hold, from the item that stands for all."""
    found: _Columns = {}
    for each in elements_of(one):
        value = each.value
        held = value if isinstance(value, Column) else _columns(items_of(one, each.tag)[0])
        found[int(each.tag)] = (str(each.VR).encode("ascii"), held)
    return found


def _holds(data: bytes, item: Item, encoding: Encoding, columns: _Columns, at: int) -> bool:
    """Whether an item has these elements and no others, with the values of its place."""
    found = spans_of(data, item.value, item.stop, encoding)
    filled = sum(end - start for _, start, _, _, end in found.values())
    if found.keys() != columns.keys() or filled != item.stop - item.value:
        return False
    for tag, (there, _, begin, stop, _) in found.items():
        vr, column = columns[tag]
        if encoding.explicit and there != vr:
            return False
        if isinstance(column, Column):
            same = data[begin:stop].rstrip(b" \0") == column.values[at].rstrip(b" \0")
        else:
            nested = _items(data, begin, stop, encoding)
            same = len(nested) == 1 and _holds(data, nested[0], encoding, column, at)
        if not same:
            return False
    return True
