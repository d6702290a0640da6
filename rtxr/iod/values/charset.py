"""Character sets: whether texts can be written, and in which set (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Terms
from typing import Any, Final

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from rtxr.iod.encoding.raw import (
    Element,
    duplicate,
    elements_of,
    items_of,
    make,
    put,
    value_of,
    vr_of,
)
from rtxr.iod.items.packed import Packed

UNICODE: Final = "ISO_IR 192"
_TEXT_VRS = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
_UTF8: Final = ["utf8"]
_ESCAPE = b"\x1b"


def unknown_terms(terms: Terms[str]) -> list[str]:
    """Those of Specific Character Set (0008,0005) that PS3.3 C.12.1.1.2 does not define."""
    return [term for term in terms if term not in python_encoding]


def needs_more(dataset: Dataset, elements: Iterable[DataElement]) -> bool:
    """Whether a new text cannot be written in the data set's Specific Character Set."""
    declared = value_of(dataset, "SpecificCharacterSet")
    encodings = _encodings(declared) if declared else ["ascii"]
    return not all(_fits(text, encodings) for text in _texts(elements))


def to_unicode(dataset: Dataset, declared: Any = None) -> bool:
    """Write every text of a data set and of its items in UTF-8, and declare that.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Changed in place, or not at all; items with other bytes than before are replaced by copies,
        so that data sets that share them stay as they are.
    declared : str or sequence of str, optional
        Specific Character Set in which its raw texts are; without one they have to be ASCII, or
        UTF-8 already. Items that declare a set of their own are in that.

    Returns
    -------
    bool
        False where some text has bytes that its set does not have: nothing says what they mean.

    Notes
    -----
    Values of VR UN stay as they are: whether they are texts is not known.
    """
    try:
        recoded = _recoded(dataset, _encodings(declared) if declared else _UTF8)
    except (UnicodeError, LookupError):
        return False
    for element in recoded:
        put(dataset, element)
    put(dataset, make("SpecificCharacterSet", UNICODE))
    _mark_utf8(dataset)
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
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            continue
        return True
    return False


def _encodings(declared: Any) -> list[str]:
    """Python's names of declared character sets; ISO_IR 6 is ASCII and nothing beyond."""
    with warnings.catch_warnings():  # a set that is no set has no texts beyond ASCII
        warnings.simplefilter("ignore")
        found = convert_encodings(declared)
    return ["ascii" if name == "iso8859" else name for name in found]


def _recoded(dataset: Dataset, encodings: list[str]) -> list[Element]:
    """Elements that take the place of those with texts beyond ASCII."""
    found: list[Element] = []
    for element in elements_of(dataset):
        if isinstance(element, RawDataElement) and vr_of(element) in _TEXT_VRS:
            data = element.value or b""
            if not data.isascii() or _ESCAPE in data:
                new = _in_utf8(data, vr_of(element), encodings)
                found.append(element._replace(value=new, length=len(new)))
        elif vr_of(element) == "SQ" and not isinstance(element.value, Packed):
            items = items_of(dataset, element.tag)
            new_items = [_recoded_item(item, encodings) for item in items]
            if any(new is not old for new, old in zip(new_items, items, strict=True)):
                made = DataElement(element.tag, "SQ", Sequence(new_items))
                made.is_undefined_length = dataset[element.tag].is_undefined_length
                found.append(made)
    return found


def _recoded_item(item: Dataset, encodings: list[str]) -> Dataset:
    """An item in UTF-8: the very one where its bytes stay."""
    own = value_of(item, "SpecificCharacterSet")
    elements = _recoded(item, _encodings(own) if own else encodings)
    if own:
        elements.append(make("SpecificCharacterSet", UNICODE))
    if not elements:
        return item
    copy = duplicate(item)
    for element in elements:
        put(copy, element)
    copy._parent_encoding = _UTF8
    _mark_utf8(copy)
    return copy


def _mark_utf8(dataset: Dataset) -> None:
    """Let pydicom take the raw texts of a data set for what they are now."""
    if dataset.original_encoding[0] is not None:
        dataset.set_original_encoding(*dataset.original_encoding, _UTF8)


def _in_utf8(data: bytes, vr: str, encodings: list[str]) -> bytes:
    """Text in UTF-8, padded to even length.

    Raises
    ------
    UnicodeError, LookupError
        The encodings do not have these bytes.
    """
    delimiters = TEXT_VR_DELIMS | (PN_DELIMS if vr == "PN" else set())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pydicom warns where it puts a replacement character
        try:
            text = decode_bytes(data.rstrip(b" \0"), encodings, delimiters)
        except (UserWarning, ValueError) as error:
            raise UnicodeError("bytes that the character set does not have") from error
    new = text.encode("utf-8")
    return new + b" " * (len(new) % 2)
