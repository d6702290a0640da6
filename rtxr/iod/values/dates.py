"""Dates and times of Python, numpy and pandas as DICOM writes them (PS3.5 6.2)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np

#: VR > how it is written.
_FORMS: Mapping[str, str] = {"DA": "%Y%m%d", "TM": "%H%M%S", "DT": "%Y%m%d%H%M%S"}


def dated(value: Any, vr: str) -> Any:
    """A value, dates and times in it as text where the VR is of dates or times.

    Parameters
    ----------
    value : object
        A date, a time, a numpy.datetime64, a pandas.Timestamp, a list of them, or anything else,
        which stays as it is.
    vr : str
        ``"DA"``, ``"TM"`` and ``"DT"`` count.
    """
    if vr not in _FORMS:
        return value
    if isinstance(value, list | tuple):
        return [dated(each, vr) for each in value]
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").tolist()
    if vr == "DA":
        return value.strftime(_FORMS[vr]) if isinstance(value, datetime.date) else value
    if isinstance(value, datetime.datetime) or (vr == "TM" and isinstance(value, datetime.time)):
        fraction = f".{value.microsecond:06d}" if value.microsecond else ""
        return value.strftime(_FORMS[vr]) + fraction
    return value
