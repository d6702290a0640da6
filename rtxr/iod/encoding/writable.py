"""What each element of a data set is in one transfer syntax, without converting raw elements.

pydicom writes raw elements as they are only where each item says that it was encoded the same way
already; otherwise it converts every one of them, which is slow for contours and fails for private
elements it cannot parse. The bytes of most elements do not depend on whether VRs are written, so
here they just change their label.
"""

from __future__ import annotations

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import (
    Element,
    element_at,
    is_empty,
    items_of,
    vr_of,
)
from rtxr.iod.items.packed import longest, packed_at

#: A value longer than this has no room for its length in Explicit VR with a short length field.
EXPLICIT_LIMIT = 0xFFFE
_CONTOUR_DATA, _CONTOURS = Tag("ContourData"), Tag("ContourSequence")
_ROI_CONTOURS = Tag("ROIContourSequence")
#: How the header of one begins that Explicit VR has no other way to hold (PS3.5 6.2.2).
_LONG_CONTOUR = b"\x06\x30\x50\x00UN"


def has_long_text(dataset: Dataset) -> bool:
    """Whether a contour is too long for Explicit VR, which would have to call it UN."""
    whole = element_at(dataset, _ROI_CONTOURS)
    if isinstance(whole, RawDataElement) and not whole.is_implicit_VR:
        return _LONG_CONTOUR in (whole.value or b"")
    return any(
        longest(element_at(contour, _CONTOUR_DATA)) > EXPLICIT_LIMIT
        for roi in items_of(dataset, "ROIContourSequence")
        for contour in _contours(roi)
    )


def _contours(roi: Dataset) -> list[Dataset]:
    """Contours of a ROI; of packed ones the item that stands for all."""
    packed = packed_at(roi, _CONTOURS)
    return items_of(roi, _CONTOURS) if packed is None else [packed.item]


def encoded_element(
    dataset: Dataset, element: Element, implicit_vr: bool, signed: bool
) -> tuple[Element, str]:
    """An element that is written as it is, and the VR that it is written with.

    Parameters
    ----------
    dataset : pydicom.Dataset
        It is of this.
    element : DataElement or RawDataElement
        If a sequence, one for which :func:`items_to_encode` gives no items.
    implicit_vr : bool
        What it is going to be written in.
    signed : bool
        Whether ambiguous VRs of the data set stand for signed integers.
    """
    vr = vr_of(element)
    if isinstance(element, DataElement):
        return element, vr
    if vr == "SQ":
        # What cannot be parsed is passed through as bytes of no known kind.
        return element, vr if _stays(element, implicit_vr) else "UN"
    if not element.is_little_endian:
        return _converted(dataset, element), vr
    return element, _definite(vr, signed=signed)


def items_to_encode(dataset: Dataset, element: Element, implicit_vr: bool) -> list[Dataset] | None:
    """Items of a sequence; None where its raw bytes stay, of the same encoding or unreadable."""
    if _stays(element, implicit_vr):
        return None
    items = items_of(dataset, element.tag)
    return None if isinstance(element, RawDataElement) and not items else items


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
    if len(vr) == 2:
        return vr
    choices = vr.split(" or ")
    return "SS" if signed and "SS" in choices else choices[0] if "US" in choices else choices[-1]
