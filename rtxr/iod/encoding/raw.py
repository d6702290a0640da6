"""Look at, copy and make elements without converting the ones nobody touches.

pydicom keeps what it read as raw elements and converts each one on first access. A converted
element may be written with other bytes than it was read with, and some vendors' private elements
cannot be converted at all. So an export copies raw elements as they are, and looks at values
through :func:`value_of`, which leaves the data set as it was.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from rtxr.iod.values.dates import dated
from rtxr.iod.values.decimal_strings import ds_string
from rtxr.keywords import tag_of

Element = DataElement | RawDataElement
#: Says something about a data set, for example whether a condition of the Standard holds.
Predicate = Callable[[Dataset], bool]

#: Smallest and largest number of the binary integer VRs (PS3.5 Table 6.2-1).
_INTEGER_LIMITS = {
    "US": (0, 2**16 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "UL": (0, 2**32 - 1),
    "SL": (-(2**31), 2**31 - 1),
}
_PLAIN_TEXT_VRS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI")
_PIXEL_REPRESENTATION = Tag(0x0028, 0x0103)


def element_at(dataset: Dataset, tag: BaseTag) -> Element | None:
    """Element of a data set as it is, None where it is absent."""
    # get_item() converts raw elements of no length, and with private ones their neighbours.
    return dataset._dict.get(tag)


def elements_of(dataset: Dataset) -> list[Element]:
    """Elements of a data set as they are, in no order."""
    return list(dataset._dict.values())


def duplicate(dataset: Dataset) -> Dataset:
    """Shallow copy: own dictionary of elements, shared raw elements and items."""
    copy = Dataset({element.tag: element for element in elements_of(dataset)})
    implicit, little = dataset.original_encoding
    copy.set_original_encoding(implicit, little, dataset.original_character_set)
    copy._parent_encoding = dataset._parent_encoding
    copy.is_undefined_length_sequence_item = dataset.is_undefined_length_sequence_item
    if hasattr(dataset, "file_meta"):
        copy.file_meta = dataset.file_meta
    return copy


def is_empty(element: Element | None) -> bool:
    """Whether an element is absent, or has no value (a sequence: no items)."""
    if element is None:
        return True
    if isinstance(element, RawDataElement):
        return not element.value
    return bool(element.VM == 0) if element.VR == "SQ" else bool(element.is_empty)


def has_value(dataset: Dataset, keyword: str) -> bool:
    """Whether an element is there with a value."""
    return not is_empty(element_at(dataset, tag_of(keyword)))


def value_of(dataset: Dataset, keyword: str | BaseTag) -> Any:
    """Converted value of an element, None where it is absent, empty or cannot be converted.

    The data set keeps its raw element.
    """
    element = element_at(dataset, tag_of(keyword))
    if element is None or is_empty(element):
        return None
    if isinstance(element, DataElement):
        return element.value
    try:
        encoding = dataset.original_character_set or None
        with warnings.catch_warnings():  # what is wrong with a value is a Finding of the audit
            warnings.simplefilter("ignore")
            return convert_raw_data_element(element, encoding=encoding, ds=dataset).value
    except Exception:  # whatever a broken element makes pydicom raise, it has no usable value
        return None


def numbers_of(dataset: Dataset | None, keyword: str | BaseTag) -> list[float]:
    """Values of a numeric element as floats; empty where there are none or they are no numbers."""
    if dataset is None:
        return []
    integers = _plain_integers(dataset, keyword)
    if integers:
        return integers
    text = _plain_text(dataset, keyword)
    value = text.split("\\") if text else value_of(dataset, keyword)
    if value is None:
        return []
    try:
        return [float(each) for each in np.atleast_1d(np.asarray(value, dtype=np.float64))]
    except (TypeError, ValueError):
        return []


def text_of(dataset: Dataset | None, keyword: str | BaseTag) -> str:
    """Value of an element as text, several with backslashes between; empty where there is none."""
    if dataset is None:
        return ""
    text = _plain_text(dataset, keyword)
    if text is not None:
        return text
    value = value_of(dataset, keyword)
    if isinstance(value, MultiValue):
        return "\\".join(map(str, value))
    return "" if value is None else str(value)


def _plain_integers(dataset: Dataset, keyword: str | BaseTag) -> list[float]:
    """Integers of a raw element of VR US, read from its bytes: the quick way."""
    element = element_at(dataset, tag_of(keyword))
    if not isinstance(element, RawDataElement) or vr_of(element) != "US":
        return []
    data, order = element.value or b"", "<" if element.is_little_endian else ">"
    if len(data) % 2:
        return []
    return [float(each) for each in struct.unpack(f"{order}{len(data) // 2}H", data)]


def _plain_text(dataset: Dataset, keyword: str | BaseTag) -> str | None:
    """Text of a raw element of a VR without character sets, read from its bytes: the quick way."""
    element = element_at(dataset, tag_of(keyword))
    if not isinstance(element, RawDataElement) or vr_of(element) not in _PLAIN_TEXT_VRS:
        return None
    return (element.value or b"").decode("ascii", "replace").strip(" \0")


def values_of(dataset: Dataset) -> dict[str, Any]:
    """Decoded values of standard elements by keyword, without the character set they had."""
    values = {each.keyword: each.value for each in dataset if each.keyword and not is_empty(each)}
    values.pop("SpecificCharacterSet", None)
    return values


def items_of(dataset: Dataset, keyword: str | BaseTag) -> list[Dataset]:
    """Items of a sequence; empty where it is absent, not a sequence or cannot be parsed.

    A raw sequence stays parsed in the data set: its items hold raw elements again.
    """
    tag = tag_of(keyword)
    element = element_at(dataset, tag)
    if is_empty(element):
        return []
    try:
        value = dataset[tag].value
    except Exception:  # a sequence that cannot be parsed is passed through as it is
        return []
    return list(value) if isinstance(value, Sequence) else []


def put(dataset: Dataset, element: Element) -> None:
    """Add or replace an element without conversion of it or of its neighbours."""
    if isinstance(element, RawDataElement):
        dataset._dict[element.tag] = element
    else:
        dataset[element.tag] = element


def with_elements(dataset: Dataset, elements: Iterable[Element]) -> Dataset:
    """A shallow copy with elements added or replaced, without conversion."""
    copy = duplicate(dataset)
    for element in elements:
        put(copy, element)
    return copy


def raw_sequences(dataset: Dataset) -> list[RawDataElement]:
    """Outermost sequences of the Standard that nobody has parsed."""
    raw = (each for each in elements_of(dataset) if isinstance(each, RawDataElement))
    return [each for each in raw if vr_of(each) == "SQ" and not each.tag.is_private]


def make(keyword: str, value: Any, *, signed: bool = False) -> DataElement:
    """Element of the data dictionary with a value; None makes it empty.

    Decimal strings get at most 16 characters with the least loss.

    Raises
    ------
    KeyError
        The keyword is not in the data dictionary.
    ValueError, TypeError
        The value does not fit the element's VR.
    """
    tag = tag_of(keyword)
    return new_element(tag, _definite(dictionary_VR(tag), signed=signed), value)


def new_element(tag: BaseTag, vr: str, value: Any) -> DataElement:
    """Element of a tag and one VR with a value; see :func:`make`."""
    if vr == "SQ":
        return DataElement(tag, vr, Sequence(value or []))
    value = dated(value, vr)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, tuple):
        value = list(value)
    if vr in _INTEGER_LIMITS and value is not None:
        _check_integers(value if isinstance(value, list) else [value], *_INTEGER_LIMITS[vr])
    if vr == "DS":
        many = isinstance(value, list)
        value = [_decimal(each) for each in value] if many else _decimal(value)
    return DataElement(tag, vr, value, validation_mode=config.IGNORE)


def item(elements: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), **more: Any) -> Dataset:
    """New item of a sequence from keywords and values."""
    made = Dataset()
    for keyword, value in {**dict(elements), **more}.items():
        put(made, make(keyword, value))
    return made


def is_signed(dataset: Dataset) -> bool:
    """Whether (0028,0103) PixelRepresentation says that pixels are signed."""
    return bool(value_of(dataset, _PIXEL_REPRESENTATION) == 1)


def vr_of(element: Element) -> str:
    """VR of an element; of a raw one without VR, that of the dictionary or UN."""
    if element.VR is not None:
        return str(element.VR)
    try:
        return dictionary_VR(element.tag)
    except KeyError:
        return "UN"


def _check_integers(values: list[Any], low: int, high: int) -> None:
    if not all(isinstance(value, int) and low <= value <= high for value in values):
        raise ValueError(f"binary integers from {low} to {high} are needed")


def _decimal(value: Any) -> Any:
    return ds_string(value) if isinstance(value, float) else value


def _definite(vr: str, *, signed: bool) -> str:
    """One VR where the dictionary leaves a choice, such as ``US or SS``."""
    choices = vr.split(" or ")
    if len(choices) == 1:
        return vr
    wanted = "SS" if signed else "US"
    return wanted if wanted in choices else choices[-1]
