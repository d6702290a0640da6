"""What a value of each VR is, in words for those who have to give one (PS3.5 Table 6.2-1)."""

from __future__ import annotations

from collections.abc import Mapping

_WHOLE, _NUMBER = "a whole number, or a list of them", "a number, or a list of them"
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("IS", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"), _WHOLE),
    **dict.fromkeys(("DS", "FD", "FL"), _NUMBER),
    **dict.fromkeys(("OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW"), "bytes"),
    "AS": 'an age as text, such as "045Y"',
    "AT": "a tag, or a list of them",
    "DA": 'a date as text, "YYYYMMDD"',
    "DT": 'a date and time as text, "YYYYMMDDHHMMSS"',
    "PN": 'a name as text, "Family^Given"',
    "SQ": "a list of mappings or data sets",
    "TM": 'a time as text, "HHMMSS"',
    "UI": "a UID as text",
}


def value_of_vr(vr: str) -> str:
    """What a value of a VR is: ``"a whole number, or a list of them"``; text for most."""
    return _WORDS.get(vr, "text, or a list of texts")
