"""Sequences of many items that differ in nothing but their values: bytes, and one item for all.

A pydicom Dataset for each of a thousand contours takes longer than all that is done with them.
Items of one shape (the same elements, each with or each without a value) are encoded at once.
Beside their bytes they have *one* item that stands for all of them, in which each element knows the
values that it has in all: what the tables ask of every item is asked of that one. Whoever needs the
items themselves gets them by parsing the bytes, as of any raw sequence
(:func:`rtxr.iod.encoding.raw.items_of`).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, repeat

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from rtxr.iod.encoding.raw import Element, element_at, items_of, put
from rtxr.keywords import tag_of

#: Of each item, by keyword: its value without padding, or what its only nested item holds.
Columns = Mapping[str, "Sequence[bytes] | Columns"]

#: Values of more bytes take longer to be told from each other than to be looked at.
_LONG_BYTES = 256
_ITEM = _IMPLICIT = struct.Struct("<HHL")
_SHORT, _LONG = struct.Struct("<HH2sH"), struct.Struct("<HH2s2xL")


class Column(bytes):
    """Values of one element in all items of a sequence; as bytes, that of the first item.

    Attributes
    ----------
    values : sequence of bytes
        One per item, without padding: either all or none are empty.
    """

    values: Sequence[bytes]


class Packed(bytes):
    """Encoded items of a sequence.

    Attributes
    ----------
    item : pydicom.Dataset
        Stands for all of them: the values of its raw elements are of :class:`Column`.
    size : int
        Items of the sequence.
    """

    item: Dataset
    size: int


def pack(keyword: str, columns: Columns, *, implicit_vr: bool) -> RawDataElement:
    r"""A sequence of items of one shape, in Implicit or Explicit VR Little Endian.

    Parameters
    ----------
    keyword : str
        Of the sequence.
    columns : mapping
        By keyword, in any order: the value of each item, as text of its VR with ``\`` between
        several and without padding; or, for a sequence of one item each, its columns.
    implicit_vr : bool
        Implicit VR, else Explicit VR.

    Raises
    ------
    ValueError
        An element has a value in some items only.
    struct.error
        A value is longer than Explicit VR can say of its VR.
    """
    items, one = _items(columns, implicit_vr)
    packed = Packed(b"".join(chain.from_iterable(items)))
    packed.item, packed.size = one, len(items)
    return RawDataElement(tag_of(keyword), "SQ", len(packed), packed, 0, implicit_vr, True)


def packed_at(dataset: Dataset, tag: BaseTag) -> Packed | None:
    """The items of a sequence where they are packed."""
    element = element_at(dataset, tag)
    value = element.value if isinstance(element, RawDataElement) else None
    return value if isinstance(value, Packed) else None


def unpacked(element: RawDataElement) -> list[Dataset]:
    """The items of a packed sequence, each by itself."""
    holder = Dataset()
    put(holder, element)
    return items_of(holder, element.tag)


def judged_as_one(
    dataset: Dataset, tag: BaseTag, prefix: str, conditions: Collection[str]
) -> Packed | None:
    """Packed items that a table may look at all at once.

    Where a condition of the Standard is about what is below ``prefix`` it may hold for one item and
    not for another: each is looked at then.
    """
    packed = packed_at(dataset, tag)
    if packed is None or any(path.startswith(prefix) for path in conditions):
        return None
    return packed


def each_value(element: Element) -> Iterator[tuple[Element, int]]:
    """An element and in how many items it is; of a column, each value by itself.

    Values that repeat come once, but for long ones, which hardly do.
    """
    column = element.value if isinstance(element, RawDataElement) else None
    if not isinstance(column, Column) or not isinstance(element, RawDataElement):
        yield element, 1
        return
    values = column.values
    alone = longest(element) > _LONG_BYTES
    for value, count in zip(values, repeat(1)) if alone else Counter(values).items():
        yield element._replace(value=value, length=len(value)), count


def longest(element: Element | None) -> int:
    """Bytes of the value of a raw element, of a column the most; 0 of any other."""
    if not isinstance(element, RawDataElement):
        return 0
    if isinstance(element.value, Column):
        return max(map(len, element.value.values), default=0)
    return len(element.value or b"")


def _items(columns: Columns, implicit_vr: bool) -> tuple[list[list[bytes]], Dataset]:
    """Pieces of each item, to be joined, and the item that stands for all."""
    one = Dataset()
    found: list[list[list[bytes]]] = []
    for tag, values in sorted((tag_of(keyword), values) for keyword, values in columns.items()):
        vr = dictionary_VR(tag)
        if isinstance(values, Mapping):
            texts, item = _items(values, implicit_vr)
            put(one, DataElement(tag, vr, Items([item])))
        else:
            column = _column(values)
            put(one, RawDataElement(tag, vr, len(column), column, 0, implicit_vr, True))
            padding = b"\0" if vr == "UI" else b" "
            texts = [[value, padding * (len(value) % 2)] for value in values]
        sizes = list(map(_size, texts))
        headers = {size: _header(tag, vr, size, implicit_vr) for size in set(sizes)}
        found.append([[headers[size], *text] for size, text in zip(sizes, texts, strict=True)])
    bodies = [list(chain.from_iterable(parts)) for parts in zip(*found, strict=True)]
    return [[_ITEM.pack(0xFFFE, 0xE000, _size(body)), *body] for body in bodies], one


def _column(values: Sequence[bytes]) -> Column:
    """Values of which either all or none are empty."""
    if len({bool(value) for value in values}) > 1:
        raise ValueError("items of one shape have a value in all of them or in none")
    column = Column(values[0])
    column.values = values
    return column


def _size(pieces: Sequence[bytes]) -> int:
    return sum(map(len, pieces))


def _header(tag: BaseTag, vr: str, length: int, implicit_vr: bool) -> bytes:
    """Header of an element (PS3.5 7.1)."""
    if implicit_vr:
        return _IMPLICIT.pack(tag.group, tag.element, length)
    form = _LONG if vr in EXPLICIT_VR_LENGTH_32 else _SHORT
    return form.pack(tag.group, tag.element, vr.encode("ascii"), length)
