"""ROI numbers that the source headers in a Dataset speak of, whichever object says them."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from rtxr import header_store, model

#: ROI Number (3006,0022) and Referenced ROI Number (3006,0084) up to the value, explicit or
#: implicit; headers are kept in little endian.
_NUMBER = re.compile(rb"\x06\x30[\x22\x84]\0(?:IS(.)\0|(.)\0\0\0)", re.DOTALL)


def labels_by_number(ds: xr.Dataset) -> dict[int, str]:
    """Labels of the ROIs of a case by ROI Number (3006,0022); none without structures."""
    if model.ROI_NUMBER not in ds.coords or model.ROI not in ds.coords:
        return {}
    stored, labels = (np.atleast_1d(ds[name].values) for name in (model.ROI_NUMBER, model.ROI))
    return dict(zip(stored.tolist(), map(str, labels.tolist()), strict=True))


def numbers_in_headers(ds: xr.Dataset) -> set[int]:
    """Every number of a ROI in the headers, however deep in their sequences.

    A plan or a dose names ROIs by number, also those that a structure set has lost. Whoever
    numbers a new ROI must not let them name that one. The bytes are searched as a whole: a number
    found by accident would only be one more that stays free.

    Parameters
    ----------
    ds : Dataset
        With or without headers.
    """
    if not header_store.has_headers(ds):
        return set()
    data = np.asarray(ds[header_store.HEADER_DATA].values, dtype=np.uint8).tobytes()
    found = set()
    for match in _NUMBER.finditer(data):
        length = (match[1] or match[2])[0]
        text = data[match.end() : match.end() + length].strip(b" \0")
        if re.fullmatch(rb"[+-]?\d+", text):
            found.add(int(text))
    return found
