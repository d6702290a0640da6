"""What PS3.5 and PS3.6 say about the bytes of an element: VR, number of values, letters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_has_tag, dictionary_VR

from rtxr.iod.values.charset import unknown_terms
from rtxr.iod.values.multiplicity import Multiplicity, multiplicity_of, values_in
from rtxr.read.elements import NUMBER_WIDTH

_TEXT_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
#: VRs of which a backslash always separates values: no letter of theirs has its code.
_PLAIN_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"))
_COUNTED_NUMBERS = frozenset(("AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"))
_UNICODE = "ISO_IR 192"
_ESCAPE, _CODE_EXTENSION = b"\x1b", "ISO 2022"


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
    values : Multiplicity
        How many values there may be.
    """

    vr: str
    wrong_vr: str
    is_text: bool
    values: Multiplicity = Multiplicity()


@lru_cache(maxsize=4096)
def rule_of(tag: int, vr: bytes) -> Rule:
    """Rule of a tag and the VR that a file gives it, empty in Implicit VR."""
    said = vr.decode("latin-1")
    if tag & 0xFFFF == 0:
        return Rule("UL", "", False, Multiplicity(1, 1))
    if tag >> 16 & 1 or not dictionary_has_tag(tag):
        return Rule(said or "UN", "", said in _TEXT_VRS)
    allowed = dictionary_VR(tag).split(" or ")
    # An application that does not know an element may write it as UN (PS3.5 6.2.2).
    wrong = said not in ("", "UN", *allowed)
    used = said if said and said != "UN" else allowed[0]
    flaw = f"VR {said}, which is not {' or '.join(allowed)}" if wrong else ""
    values = Multiplicity() if wrong else multiplicity_of(tag)
    return Rule(used, flaw, used in _TEXT_VRS, values)


def number_of_values(value: bytes, rule: Rule) -> int:
    """How many values there are in the bytes of one that is not empty."""
    if rule.vr in _COUNTED_NUMBERS:
        return len(value) // NUMBER_WIDTH[rule.vr.encode()] if rule.vr != "AT" else len(value) // 4
    return values_in(value) if rule.vr in _PLAIN_VRS else 1


def count_flaw(value: bytes, rule: Rule) -> str:
    """What is wrong with how many values there are; empty where nothing is."""
    if not rule.values.low or rule.vr not in _PLAIN_VRS | _COUNTED_NUMBERS:
        return ""
    if not value.strip(b" \0") and rule.vr in _PLAIN_VRS:
        return ""
    if rule.vr in _COUNTED_NUMBERS and len(value) % (4 if rule.vr == "AT" else _width(rule.vr)):
        return f"{len(value)} bytes, which is no whole number of {rule.vr} values"
    return rule.values.flaw(number_of_values(value, rule))


def _width(vr: str) -> int:
    return NUMBER_WIDTH[vr.encode()]


# --- character sets -------------------------------------------------------------------------------
def terms_of(value: bytes) -> tuple[str, ...]:
    """Defined terms in a value of Specific Character Set (0008,0005)."""
    text = value.decode("latin-1").strip(" \0")
    return tuple(part.strip() for part in text.split("\\")) if text else ()


def character_flaw(value: bytes, terms: Sequence[str]) -> str:
    """What is wrong with the letters of a text; empty where nothing is."""
    if _ESCAPE in value and not any(term.startswith(_CODE_EXTENSION) for term in terms):
        return "an escape sequence, and the declared character set has none"
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
