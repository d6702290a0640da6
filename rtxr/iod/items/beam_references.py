"""What refers to a beam of a plan by its number (PS3.3 C.8.8.13), and taking that out."""

from __future__ import annotations

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rtxr.iod.encoding.raw import (
    Element,
    duplicate,
    elements_of,
    has_value,
    items_of,
    make,
    numbers_of,
    put,
    vr_of,
)

_NUMBER, _COUNT = "ReferencedBeamNumber", "NumberOfBeams"
#: (300C,0006) ReferencedBeamNumber as it is encoded.
_NUMBER_TAG = b"\x0c\x30\x06\x00"


def without_beam(dataset: Dataset, beam: int) -> int:
    """Remove every item, at any depth, that refers to a beam, in place.

    Parameters
    ----------
    dataset : pydicom.Dataset
        A plan. Items that change are replaced by copies.
    beam : int
        Beam Number (300A,00C0).

    Returns
    -------
    int
        Number of items removed. A sequence that loses all its items is removed, and Number of
        Beams (300A,0080) beside it counts those that are left.
    """
    removed = 0
    for element in elements_of(dataset):
        if vr_of(element) != "SQ" or not _may_refer(element):
            continue
        found = items_of(dataset, element.tag)
        kept = [each for each in found if numbers_of(each, _NUMBER)[:1] != [float(beam)]]
        gone = len(found) - len(kept)
        copies = [duplicate(each) for each in kept]
        inside = sum(without_beam(each, beam) for each in copies)
        if gone and has_value(dataset, _COUNT):
            put(dataset, make(_COUNT, len(kept)))
        if gone + inside:
            _put_items(dataset, element, copies)
        removed += gone + inside
    return removed


def _may_refer(element: Element) -> bool:
    return not isinstance(element, RawDataElement) or _NUMBER_TAG in (element.value or b"")


def _put_items(dataset: Dataset, element: Element, items: list[Dataset]) -> None:
    if items:
        dataset[element.tag].value = Sequence(items)
    else:
        del dataset[element.tag]
