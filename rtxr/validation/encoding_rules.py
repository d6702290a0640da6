"""What PS3.5 and PS3.6 say about the bytes of an element: VR, number of values, letters."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR

from rtxr.read.elements import NUMBER_WIDTH

_TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
#: VRs of which a backslash always separates values: no letter of theirs has its code.
_PLAIN_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"))
_COUNTED_NUMBERS = frozenset(("AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"))
_UNICODE = "ISO_IR 192"
_VM = re.compile(r"(\d+)(?:-(?:(\d*)n|(\d+)))?")


class Rule(NamedTuple):
    """What is asked of the elements of a tag.

    Parameters
    ----------
    vr : str
        Value representation to read them by.
    wrong_vr : str
        What is wrong with the one in the file; empty where nothing is.
    is_text : bool
        Whether Specific Character Set counts.
    low, high, step : int
        How many values there may be, and in multiples of what; ``high`` 0: no limit; ``low`` 0:
        anything goes.
    """

    vr: str
    wrong_vr: str
    is_text: bool
    low: int = 0
    high: int = 0
    step: int = 1


@lru_cache(maxsize=4096)
def rule_of(tag: int, vr: bytes) -> Rule:
    """Rule of a tag and the VR that a file gives it, empty in Implicit VR."""
    said = vr.decode("latin-1")
    if tag & 0xFFFF == 0:
        return Rule("UL", "", False, 1, 1)
    if tag >> 16 & 1 or not dictionary_has_tag(tag):
        return Rule(said or "UN", "", said in _TEXT_VRS)
    allowed = dictionary_VR(tag).split(" or ")
    # An application that does not know an element may write it as UN (PS3.5 6.2.2).
    wrong = said not in ("", "UN", *allowed)
    used = said if said and said != "UN" else allowed[0]
    flaw = f"VR {said}, which is not {' or '.join(allowed)}" if wrong else ""
    low, high, step = _multiplicity(dictionary_VM(tag)) if not wrong else (0, 0, 1)
    return Rule(used, flaw, used in _TEXT_VRS, low, high, step)


def _multiplicity(text: str) -> tuple[int, int, int]:
    """Least and most values, and their step, of a VM such as ``1-3`` or ``2-2n``."""
    found = _VM.fullmatch(text)
    if found is None:
        return 0, 0, 1
    low, many, high = int(found[1]), found[2], found[3]
    if high is not None:
        return low, int(high), 1
    return (low, 0, int(many or 1)) if many is not None else (low, low, 1)


def number_of_values(value: bytes, rule: Rule) -> int:
    """How many values there are in the bytes of one that is not empty."""
    if rule.vr in _COUNTED_NUMBERS:
        return len(value) // NUMBER_WIDTH[rule.vr.encode()] if rule.vr != "AT" else len(value) // 4
    return value.count(b"\\") + 1 if rule.vr in _PLAIN_VRS else 1


def count_flaw(value: bytes, rule: Rule) -> str:
    """What is wrong with how many values there are; empty where nothing is."""
    if not rule.low or rule.vr not in _PLAIN_VRS | _COUNTED_NUMBERS:
        return ""
    if not value.strip(b" \0") and rule.vr in _PLAIN_VRS:
        return ""
    if rule.vr in _COUNTED_NUMBERS and len(value) % (4 if rule.vr == "AT" else _width(rule.vr)):
        return f"{len(value)} bytes, which is no whole number of {rule.vr} values"
    count = number_of_values(value, rule)
    if count < rule.low or (rule.high and count > rule.high) or count % rule.step:
        return f"{count} values, and {_wanted(rule)} allowed"
    return ""


def _width(vr: str) -> int:
    return NUMBER_WIDTH[vr.encode()]


def _wanted(rule: Rule) -> str:
    if rule.step > 1:
        return f"multiples of {rule.step} are"
    if rule.high == rule.low:
        return f"{rule.low} is" if rule.low == 1 else f"{rule.low} are"
    return f"{rule.low} to {rule.high or 'any number'} are"


# --- character sets -------------------------------------------------------------------------------
def terms_of(value: bytes) -> tuple[str, ...]:
    """Defined terms in a value of Specific Character Set (0008,0005)."""
    text = value.decode("latin-1").strip(" \0")
    return tuple(part.strip() for part in text.split("\\")) if text else ()


def unknown_terms(terms: Sequence[str]) -> list[str]:
    """Those that PS3.3 C.12.1.1.2 does not define."""
    return [term for term in terms if term not in python_encoding]


def character_flaw(value: bytes, terms: Sequence[str]) -> str:
    """What is wrong with the letters of a text; empty where nothing is."""
    if value.isascii():
        return ""
    if not any(terms):
        return "letters beyond ASCII, and no character set is declared"
    if unknown_terms(terms):
        return ""  # said of the declaration itself
    try:
        if _UNICODE in terms:
            value.decode("utf-8")
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                decode_bytes(value.rstrip(b" \0"), convert_encodings(list(terms)), set(b"\\^="))
    except (LookupError, ValueError, Warning):
        return "bytes that are no letters of the declared character set"
    return ""
