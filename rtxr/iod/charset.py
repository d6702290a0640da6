"""Character sets: whether texts can be written, and in which set (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from rtxr.iod.raw import elements_of, make, put, value_of

UNICODE = "ISO_IR 192"
_TEXT_VRS = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")


def needs_more(dataset: Dataset, elements: Iterable[DataElement]) -> bool:
    """Whether a new text cannot be written in the data set's Specific Character Set."""
    declared = value_of(dataset, "SpecificCharacterSet")
    encodings = convert_encodings(declared) if declared else ["ascii"]
    return not all(_fits(text, encodings) for text in _texts(elements))


def declare_unicode(dataset: Dataset) -> bool:
    """Declare UTF-8 in a data set that declares nothing yet; False where it declares another set.

    What is there is plain ASCII then, so that its bytes stay as they are.
    """
    if value_of(dataset, "SpecificCharacterSet"):
        return False
    put(dataset, make("SpecificCharacterSet", UNICODE))
    if dataset.original_encoding[0] is not None:
        dataset.set_original_encoding(*dataset.original_encoding, convert_encodings(UNICODE))
    return True


def _texts(elements: Iterable[DataElement]) -> Iterator[str]:
    """Texts of elements and of their items; raw elements are the source's own, and fit."""
    for element in elements:
        if element.VR in _TEXT_VRS and element.value is not None:
            yield str(element.value)
        elif element.VR == "SQ" and isinstance(element.value, Sequence):
            for item in element.value:
                yield from _texts(e for e in elements_of(item) if isinstance(e, DataElement))


def _fits(text: str, encodings: Iterable[str]) -> bool:
    if text.isascii():
        return True
    for encoding in encodings:
        try:
            text.encode("ascii" if encoding == "iso8859" else encoding)
        except (UnicodeEncodeError, LookupError):
            continue
        return True
    return False
