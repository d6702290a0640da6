"""Digital signatures (PS3.3 C.12.1.1.3): they hold for the bytes that were signed and no others."""

from __future__ import annotations

from typing import Final

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import Element, duplicate, elements_of, items_of, put, vr_of
from rtxr.iod.items.packed import Packed

#: What signs: how, and the signatures. Either may stand in any item of any sequence.
SIGNING: Final = (Tag("MACParametersSequence"), Tag("DigitalSignaturesSequence"))
_MARKS = tuple(
    tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little") for tag in SIGNING
)


def may_be_signed(data: bytes) -> bool:
    """Whether little endian bytes of a data set can hold signatures: a quick look."""
    return any(mark in data for mark in _MARKS)


def remove_signatures(dataset: Dataset) -> int:
    """Remove the signatures of a data set and of all its items.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Changed in place; items that lose some are replaced by copies, so that data sets that share
        them stay as they are.

    Returns
    -------
    int
        Elements removed.
    """
    total = 0
    for element in elements_of(dataset):
        if element.tag in SIGNING:
            del dataset[element.tag]
            total += 1
        elif vr_of(element) == "SQ" and _is_worth_parsing(element):
            total += _remove_below(dataset, element)
    return total


def _is_worth_parsing(element: Element) -> bool:
    """Whether the items of a sequence may be signed; new ones never are."""
    if not isinstance(element, RawDataElement):
        return True
    data = element.value or b""
    return not isinstance(data, Packed) and may_be_signed(data)


def _remove_below(dataset: Dataset, element: Element) -> int:
    items = [duplicate(item) for item in items_of(dataset, element.tag)]
    total = sum(map(remove_signatures, items))
    if total:
        made = DataElement(element.tag, "SQ", Sequence(items))
        made.is_undefined_length = dataset[element.tag].is_undefined_length
        put(dataset, made)
    return total
