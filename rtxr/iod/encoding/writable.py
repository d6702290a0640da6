"""Make a data set writable in one transfer syntax without converting its raw elements.

pydicom writes raw elements as they are only where each item says that it was encoded the same way
already; otherwise it converts every one of them, which is slow for contours and fails for private
elements it cannot parse. The bytes of most elements do not depend on whether VRs are written, so
here they just change their label.
"""

from __future__ import annotations

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import (
    Element,
    duplicate,
    element_at,
    elements_of,
    is_empty,
    is_signed,
    items_of,
    put,
    vr_of,
)
from rtxr.iod.items.packed import longest, packed_at

#: A value longer than this has no room for its length in Explicit VR with a short length field.
EXPLICIT_LIMIT = 0xFFFE
_CONTOUR_DATA, _CONTOURS = Tag("ContourData"), Tag("ContourSequence")


def encoded(dataset: Dataset, *, implicit_vr: bool) -> Dataset:
    """Copy of a data set that pydicom writes as it is in Implicit or Explicit VR Little Endian.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Not changed; of any encoding, items of several encodings included.
    implicit_vr : bool
        Implicit VR Little Endian, else Explicit VR Little Endian.
    """
    copy = duplicate(dataset)
    signed = is_signed(dataset)
    for element in elements_of(copy):
        put(copy, encoded_element(copy, element, implicit_vr, signed))
    copy.set_original_encoding(implicit_vr, True, copy._character_set)
    return copy


def has_long_text(dataset: Dataset) -> bool:
    """Whether a contour is too long for Explicit VR, which would have to call it UN."""
    return any(
        longest(element_at(contour, _CONTOUR_DATA)) > EXPLICIT_LIMIT
        for roi in items_of(dataset, "ROIContourSequence")
        for contour in _contours(roi)
    )


def _contours(roi: Dataset) -> list[Dataset]:
    """Contours of a ROI; of packed ones the item that stands for all."""
    packed = packed_at(roi, _CONTOURS)
    return items_of(roi, _CONTOURS) if packed is None else [packed.item]


def encoded_element(dataset: Dataset, element: Element, implicit_vr: bool, signed: bool) -> Element:
    """An element of a data set, encoded; ``signed`` says what its ambiguous VRs stand for."""
    if vr_of(element) == "SQ":
        return _encoded_sequence(dataset, element, implicit_vr)
    if isinstance(element, DataElement):
        return element
    if not element.is_little_endian:
        return _converted(dataset, element)
    vr = _definite(vr_of(element), signed=signed)
    return element._replace(
        VR=vr, value=element.value or b"", is_implicit_VR=implicit_vr, is_little_endian=True
    )


def items_to_encode(dataset: Dataset, element: Element, implicit_vr: bool) -> list[Dataset] | None:
    """Items of a sequence; None where its raw bytes stay, of the same encoding or unreadable."""
    if _stays(element, implicit_vr):
        return None
    items = items_of(dataset, element.tag)
    return None if isinstance(element, RawDataElement) and not items else items


def _encoded_sequence(dataset: Dataset, element: Element, implicit_vr: bool) -> Element:
    """A sequence with encoded items; raw bytes of the same encoding stay as they are."""
    items = items_to_encode(dataset, element, implicit_vr)
    if items is None and isinstance(element, RawDataElement):
        # What cannot be parsed is passed through as bytes of no known kind.
        vr = "SQ" if _stays(element, implicit_vr) else "UN"
        return element._replace(VR=vr, value=element.value or b"")
    encoded_items = [encoded(item, implicit_vr=implicit_vr) for item in items or ()]
    made = DataElement(element.tag, "SQ", Sequence(encoded_items))
    made.is_undefined_length = bool(getattr(element, "is_undefined_length", False))
    return made


def _stays(element: Element, implicit_vr: bool) -> bool:
    """Whether the raw bytes of a sequence are written as they are."""
    if not isinstance(element, RawDataElement):
        return False
    same = element.is_implicit_VR == implicit_vr and element.is_little_endian
    return same or is_empty(element)


def _converted(dataset: Dataset, element: RawDataElement) -> Element:
    """A big-endian element as a value; its bytes as UN where pydicom cannot make one of them."""
    try:
        return dataset[element.tag]
    except Exception:  # what cannot be parsed is passed through
        return DataElement(element.tag, "UN", element.value)


def _definite(vr: str, *, signed: bool) -> str:
    """One VR where the dictionary leaves a choice: the bytes are the same in all of them."""
    choices = vr.split(" or ")
    if len(choices) == 1:
        return vr
    return "SS" if signed and "SS" in choices else choices[0] if "US" in choices else choices[-1]
