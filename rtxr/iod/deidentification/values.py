"""Values that say nothing, and dates that are moved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

DUMMY_TEXT = "DEIDENTIFIED"

#: By VR, a value of it that says nothing (PS3.15 E.1.1, action D).
DUMMIES: Mapping[str, Any] = {
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), DUMMY_TEXT),
    **dict.fromkeys(("US", "SS", "UL", "SL", "SV", "UV"), 0),
    **dict.fromkeys(("FL", "FD"), 0.0),
    **dict.fromkeys(("DS", "IS"), "0"),
    **dict.fromkeys(("OB", "OW", "UN"), b"\0\0"),
    **dict.fromkeys(("OD", "OF", "OL", "OV"), bytes(8)),
    "AS": "000Y",
    "AT": 0,
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "UR": "http://deidentified.invalid",
}

_DATE = re.compile(r"(\d{4})([.]?)(\d{2})\2(\d{2})")


def dummy(vr: str) -> Any:
    """A value of a VR that says nothing."""
    return DUMMIES[vr.partition(" or ")[0]]


def shifted(text: str, days: int) -> str | None:
    """A date, or a date with time, moved by whole days; the time of day stays.

    Parameters
    ----------
    text : str
        Value of DA (also in the old form with dots) or DT.
    days : int
        To be added.

    Returns
    -------
    str or None
        None where there is no whole date to move, or where it would leave the calendar.
    """
    text = text.strip(" \0")
    found = _DATE.match(text)
    if found is None:
        return None
    year, _, month, day = found.groups()
    try:
        moved = datetime(int(year), int(month), int(day)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}{text[found.end() :]}"
