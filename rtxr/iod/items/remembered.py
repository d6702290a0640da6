"""Short raw sequences in which nothing was found: the same bytes need not be looked through again.

The slices of a series repeat their sequences, and the contours of a structure set name the same few
images. What is not looked through also stays raw, so that its bytes are written as they are.
"""

from __future__ import annotations

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from rtxr.iod.encoding.raw import element_at, put

#: Bytes of a sequence, and how many of them are kept.
LONGEST, MOST = 512, 4096
_Key = tuple[str, bool, bool, bytes]


class Remembered:
    """Sequences that one walk found nothing in, each with where it was."""

    def __init__(self) -> None:
        self._known: set[_Key] = set()

    def __contains__(self, key: object) -> bool:
        return key in self._known

    def add(self, key: _Key, dataset: Dataset, element: RawDataElement) -> None:
        """Keep a sequence, and put it back as the bytes it was before its items were parsed."""
        if len(self._known) >= MOST:
            self._known.clear()
        self._known.add(key)
        put(dataset, element)


def short_raw(dataset: Dataset, tag: BaseTag) -> RawDataElement | None:
    """The element of a sequence if its items are few bytes that nobody has parsed."""
    element = element_at(dataset, tag)
    if not isinstance(element, RawDataElement) or type(element.value) is not bytes:
        return None
    return element if len(element.value) <= LONGEST else None


def key_of(element: RawDataElement | None, where: str) -> _Key | None:
    """What two sequences share in which the same is found; None for what is not kept."""
    if element is None or element.value is None:
        return None
    return where, element.is_implicit_VR, element.is_little_endian, element.value
