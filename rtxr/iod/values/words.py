"""What a value of each VR is, in words for those who have to give one (PS3.5 Table 6.2-1)."""

from __future__ import annotations

from collections.abc import Mapping

from rtxr.iod.values.allowed import MAX_LENGTH

_WHOLE, _NUMBER = "a whole number, or a list of them", "a number, or a list of them"
_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("IS", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"), _WHOLE),
    **dict.fromkeys(("DS", "FD", "FL"), _NUMBER),
    **dict.fromkeys(("OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW"), "bytes"),
    "AS": 'an age as text, such as "045Y"',
    "AT": "a tag, or a list of them",
    "CS": f"capital letters, digits, spaces and _, at most {MAX_LENGTH['CS']}",
    "DA": 'a date as text, "YYYYMMDD"',
    "DT": 'a date and time as text, "YYYYMMDDHHMMSS"',
    "PN": 'a name as text, "Family^Given"',
    "SQ": "a list of mappings or data sets",
    "TM": 'a time as text, "HHMMSS"',
    "UI": "a UID as text",
    **{
        vr: f"a text of at most {MAX_LENGTH[vr]} characters without line ends or backslash"
        for vr in ("AE", "LO", "SH")
    },
    **{vr: f"a text of at most {MAX_LENGTH[vr]} characters" for vr in ("LT", "ST")},
}


def value_of_vr(vr: str) -> str:
    """What a value of a VR is: ``"a whole number, or a list of them"``."""
    return _WORDS.get(vr, "a text")
