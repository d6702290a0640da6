"""Values of pydicom items, read so that a malformed one is missing rather than an exception."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement

from rtxr.geometry import FloatArray
from rtxr.keywords import tag_of
from rtxr.read import parse as parsing

#: From so many bytes on, parsing all parts at once pays.
_LONG = 4000


def items(item: pydicom.Dataset, keyword: str) -> list[pydicom.Dataset]:
    """Items of a sequence, none where it is absent, empty or unreadable."""
    try:
        return list(item.get(keyword) or [])
    except Exception:  # whatever pydicom meets in broken bytes
        return []


def text(item: pydicom.Dataset, keyword: str) -> str:
    """Text of an element in its character set; parts joined by a backslash; empty where absent."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = item.get(keyword)
    except Exception:  # whatever pydicom meets in broken bytes
        return parsing.text(_raw(item, keyword))
    if value is None:
        return ""
    parts = value if isinstance(value, pydicom.multival.MultiValue) else [value]
    return "\\".join(str(part) for part in parts).strip(" \0")


def numbers(item: pydicom.Dataset, keyword: str) -> FloatArray:
    """Numbers of an element; NaN where one is unreadable, empty where it is absent."""
    raw = _raw(item, keyword)
    if raw is not None and _is_decimal(keyword):
        return parsing.float_lists([raw])[0] if len(raw) > _LONG else parsing.floats(raw)
    try:
        value = item.get(keyword)
        return np.atleast_1d(np.array([] if value is None else value, dtype=np.float64))
    except Exception:  # whatever pydicom meets in broken bytes
        return np.empty(0)


def number(item: pydicom.Dataset, keyword: str) -> float | None:
    """First number of an element, None where absent or unreadable."""
    found = numbers(item, keyword)
    return float(found[0]) if len(found) and np.isfinite(found[0]) else None


def integer(item: pydicom.Dataset, keyword: str) -> int | None:
    """First number of an element as an integer, None where absent or unreadable."""
    found = number(item, keyword)
    return None if found is None else round(found)


def _raw(item: pydicom.Dataset, keyword: str) -> bytes | None:
    """Bytes of an element that pydicom has not decoded yet."""
    tag = tag_of(keyword)
    if tag not in item:
        return None
    element: object = item.get_item(tag)
    if isinstance(element, RawDataElement):
        value: object = element.value
        return value if isinstance(value, bytes) else None
    return None


@cache
def _is_decimal(keyword: str) -> bool:
    return dictionary_VR(keyword) in {"DS", "IS"}
