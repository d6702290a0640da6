"""Short raw sequences in which nothing was found: the same bytes need not be looked through again.

The slices of a series repeat their sequences, and the contours of a structure set name the same few
images. What is not looked through also stays raw, so that its bytes are written as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from rtxr.iod.encoding.raw import element_at, put

#: Bytes of a sequence, and how many of them are kept.
LONGEST, MOST = 512, 4096


@dataclass(frozen=True)
class Short:
    """A sequence of few bytes; the same is found in all that are equal.

    Parameters
    ----------
    where : str
        Which table looks at it.
    encoding : (bool, bool)
        Implicit VR, little endian.
    data : bytes
        Its items.
    element : RawDataElement
        As it was before its items were parsed.
    """

    where: str
    encoding: tuple[bool, bool]
    data: bytes
    element: RawDataElement = field(compare=False)


class Remembered:
    """Sequences that one walk found nothing in."""

    def __init__(self) -> None:
        self._known: set[Short] = set()

    def __contains__(self, short: Short | None) -> bool:
        return short in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, short: Short | None, dataset: Dataset) -> None:
        """Keep a sequence of a data set, and put it back as the bytes that it was."""
        if short is None:
            return
        if len(self) >= MOST:
            self._known.clear()
        self._known.add(short)
        put(dataset, short.element)


def short_sequence(dataset: Dataset, tag: BaseTag, where: str) -> Short | None:
    """A sequence if its items are few bytes that nobody has parsed."""
    element = element_at(dataset, tag)
    if not isinstance(element, RawDataElement) or type(element.value) is not bytes:
        return None
    if len(element.value) > LONGEST:
        return None
    encoding = (element.is_implicit_VR, element.is_little_endian)
    return Short(where, encoding, element.value, element)
