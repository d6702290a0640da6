"""Forms of values by VR (PS3.5 6.2): letters and their order, dates and times that exist, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "AS": re.compile(r"(\d{3}[DWMY])?"),
    "CS": re.compile(r"[A-Z0-9 _]*"),
    "DA": re.compile(r"(\d{8})?"),
    "DS": re.compile(r" *([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)? *"),
    "DT": re.compile(r"(\d{4}(\d\d){0,4}|\d{14}(\.\d{1,6})?)([+-]\d{4})? *|"),
    "IS": re.compile(r" *([+-]?\d+)? *"),
    "TM": re.compile(r"(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)? *"),
    "UI": re.compile(r"((0|[1-9]\d*)(\.(0|[1-9]\d*))*)?"),
}
#: Hours, minutes, seconds (60 is a leap second) that there are at most.
_LATEST = (23, 59, 60)
_OFFSETS = range(-1200, 1401)
_INTEGERS = range(-(2**31), 2**31)
_GROUPS, _COMPONENTS, _GROUP_LENGTH = 3, 5, 64


def form_flaw(text: str, vr: str) -> str:
    """What is wrong with the form of one value; empty where nothing is, or nothing is asked."""
    pattern = _PATTERNS.get(vr)
    if pattern is not None and not pattern.fullmatch(text):
        if vr == "AS":
            return "an age that is not three digits and D, W, M or Y"
        return f"characters that VR {vr} does not allow"
    if vr == "IS" and text.strip() and int(text) not in _INTEGERS:
        return "a whole number of more than 32 bits, which VR IS does not allow"
    exists = _EXISTS.get(vr)
    if exists is None or exists(text.strip()):
        return ""
    return "a date or time that does not exist"


def name_flaw(text: str, *, split: bool = True) -> str:
    """What is wrong with a name (PS3.5 6.2.1); ``split`` where its delimiters are surely such."""
    groups = text.split("=")
    longest = max(map(len, groups))
    if longest > _GROUP_LENGTH:
        return f"a component group of {longest} characters, and VR PN allows {_GROUP_LENGTH}"
    if not split:
        return ""
    if len(groups) > _GROUPS:
        return f"{len(groups)} component groups, and VR PN allows {_GROUPS}"
    components = max(group.count("^") for group in groups) + 1
    if components > _COMPONENTS:
        return f"{components} components, and VR PN allows {_COMPONENTS}"
    return ""


def _is_date(text: str) -> bool:
    """Whether YYYY, YYYYMM or YYYYMMDD is in the calendar."""
    if not text:
        return True
    year, month, day = (text[:4], text[4:6] or "01", text[6:8] or "01")
    try:
        date(int(year) or 4, int(month), int(day))  # the year 0 is a leap year, as 4 is
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    """Whether HH, HHMM or HHMMSS, with or without a fraction, is on the clock."""
    parts = (text[at : at + 2] for at in (0, 2, 4))
    return all(not part or int(part) <= most for part, most in zip(parts, _LATEST, strict=True))


def _is_moment(text: str) -> bool:
    """Whether a date, time and offset from UTC exist."""
    found = re.search(r"[+-]\d{4}$", text)
    offset = int(found[0]) if found else 0
    local = text[: found.start()] if found else text
    fits = offset in _OFFSETS and abs(offset) % 100 <= _LATEST[1]
    return fits and _is_date(local[:8]) and _is_time(local[8:])


_EXISTS: Mapping[str, Callable[[str], bool]] = {
    "DA": _is_date,
    "DT": _is_moment,
    "TM": _is_time,
}
