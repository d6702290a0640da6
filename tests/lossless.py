"""What an export must not lose: every element of a file as its bytes were, at every depth.

Values are compared as the files hold them, so that ``"1.50"`` is not ``"1.5"``, and what pydicom
cannot parse is compared too. Only the lengths of sequences, group lengths (retired, PS3.5 7.2) and
the transfer syntax may differ. Pixels are compared decoded, elsewhere.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

#: Of an element that the source has without a value.
FILLED = "filled"
PIXEL_DATA, UNDEFINED = 0x7FE00010, 0xFFFFFFFF
#: Value representations that a file in Implicit VR does not tell.
_UNKNOWN = {"UN", None}

Element = DataElement | RawDataElement


def lost(written: str | Path, source: str | Path) -> list[str]:
    """Elements of a little endian file that another one lacks or has otherwise, with their path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        new, old = (pydicom.dcmread(path, force=True) for path in (written, source))
        return differences(new, old)


def differences(new: Dataset, old: Dataset, where: str = "") -> list[str]:
    """Elements of a data set that another one lacks or has otherwise, undecoded."""
    found = []
    there, before = dict(new._dict), dict(old._dict)  # a look at one may convert its neighbours
    for tag, theirs in before.items():
        here = f"{where}({tag.group:04X},{tag.element:04X})"
        if int(tag) == PIXEL_DATA or not tag.element:
            continue
        ours = there.get(tag)
        if ours is None:
            found.append(f"{here}: gone")
        elif (items := _items(old, theirs)) is not None:
            found += _different_items(_items(new, ours), items, here)
        elif _bytes(ours) != _bytes(theirs):
            found.append(f"{here}: {'another value' if _bytes(theirs) else FILLED}")
        elif ours.VR != theirs.VR and not {ours.VR, theirs.VR} & _UNKNOWN:
            found.append(f"{here}: {ours.VR} for {theirs.VR}")
    return found


def _different_items(new: list[Dataset] | None, old: list[Dataset], where: str) -> list[str]:
    if new is None or len(new) != len(old):
        return [f"{where}: {'no' if new is None else len(new)} items for {len(old)}"]
    pairs = enumerate(zip(new, old, strict=True))
    return [
        more for at, (one, other) in pairs for more in differences(one, other, f"{where}[{at}]")
    ]


def _items(ds: Dataset, element: Element) -> list[Dataset] | None:
    """Items of a sequence; None of anything else, and of what pydicom cannot follow."""
    if not _is_sequence(element):
        return None
    try:
        return list(ds[element.tag].value)
    except Exception:  # what cannot be parsed is compared as bytes
        return None


def _is_sequence(element: Element) -> bool:
    if element.VR not in _UNKNOWN:
        return element.VR == "SQ"
    known = dictionary_has_tag(element.tag) and dictionary_VR(element.tag) == "SQ"
    return known or element.length == UNDEFINED


def _bytes(element: Element) -> object:
    return (element.value or b"") if isinstance(element, RawDataElement) else element.value
