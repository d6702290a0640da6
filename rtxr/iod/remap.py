"""Follow UIDs that changed: replace references wherever they stand in a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rtxr.iod.encoding.raw import Element, duplicate, elements_of, items_of, put, vr_of
from rtxr.iod.items.packed import Packed, each_value

_UID = re.compile(rb"\d[0-9.]{1,127}")
#: Raw elements that may hold UIDs; private ones without a known VR count as UN.
_MAY_BE_UID = ("UI", "UN")


def remap_uids(dataset: Dataset, mapping: Mapping[str, str]) -> int:
    """Replace UIDs in a data set and in all its items, private ones included.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Changed in place; items that change are replaced by copies, so that data sets that share
        them stay as they are.
    mapping : mapping
        Old UID to new UID. New ones are not looked up again.

    Returns
    -------
    int
        Number of values replaced.
    """
    old = {uid.encode("ascii"): new.encode("ascii") for uid, new in mapping.items() if uid}
    changes, count = _changes(dataset, old)
    for element in changes:
        put(dataset, element)
    return count


def _changes(dataset: Dataset, mapping: Mapping[bytes, bytes]) -> tuple[list[Element], int]:
    """Elements that take the place of those with old UIDs, and the number of values replaced."""
    changes: list[Element] = []
    total = 0
    for element in elements_of(dataset):
        new, count = _changed(dataset, element, mapping)
        if new is not None:
            changes.append(new)
            total += count
    return changes, total


def _changed(
    dataset: Dataset, element: Element, mapping: Mapping[bytes, bytes]
) -> tuple[Element | None, int]:
    """The element with new UIDs and how many they are; (None, 0) where it holds no old one."""
    data = (element.value or b"") if isinstance(element, RawDataElement) else b""
    vr = vr_of(element)
    if vr == "SQ":
        if data and not _may_name(data, mapping):
            return None, 0
        return _changed_items(dataset, element, mapping)
    if isinstance(element, RawDataElement):
        if vr not in _MAY_BE_UID:
            return None, 0
        data = b"\\".join(each.value or b"" for each, _ in each_value(element))
        new, count = _replaced(data, mapping)
        return (element._replace(value=new, length=len(new)), count) if count else (None, 0)
    if vr != "UI" or not element.value:
        return None, 0
    old = "\\".join(element.value) if element.VM > 1 else str(element.value)
    new, count = _replaced(old.encode("ascii", "replace"), mapping)
    text = new.rstrip(b"\0").decode("ascii")
    return (DataElement(element.tag, "UI", text), count) if count else (None, 0)


def _may_name(data: bytes, mapping: Mapping[bytes, bytes]) -> bool:
    """Whether the bytes of a sequence hold an old UID."""
    if isinstance(data, Packed):
        return _changes(data.item, mapping)[1] > 0
    return any(token in mapping for token in _UID.findall(data))


def _changed_items(
    dataset: Dataset, element: Element, mapping: Mapping[bytes, bytes]
) -> tuple[Element | None, int]:
    items = items_of(dataset, element.tag)
    total = 0
    replaced = []
    for item in items:
        changes, count = _changes(item, mapping)
        if count:
            item = duplicate(item)  # noqa: PLW2901 (others may share the item)
            for change in changes:
                put(item, change)
            total += count
        replaced.append(item)
    if not total:
        return None, 0
    made = DataElement(element.tag, "SQ", Sequence(replaced))
    made.is_undefined_length = dataset[element.tag].is_undefined_length
    return made, total


def _replaced(data: bytes, mapping: Mapping[bytes, bytes]) -> tuple[bytes, int]:
    """Value field with its UIDs replaced, padded with a zero byte to even length."""
    old = data.rstrip(b"\0 ").split(b"\\")
    new = [mapping.get(uid, uid) for uid in old]
    count = sum(a != b for a, b in zip(old, new, strict=True))
    joined = b"\\".join(new)
    return joined + b"\0" * (len(joined) % 2), count
