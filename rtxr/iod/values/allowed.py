"""What a value may be: lengths and characters by VR (PS3.5 6.2), values and number by attribute.

Checks run on the bytes of raw elements, so that nothing is converted for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from rtxr.iod.encoding.raw import Element, vr_of
from rtxr.iod.values.charset import unknown_terms
from rtxr.iod.values.forms import form_flaw, name_flaw
from rtxr.iod.values.multiplicity import SEPARATOR, multiplicity_of

#: Characters that one value of a VR may have (PS3.5 Table 6.2-1).
MAX_LENGTH: Mapping[str, int] = {
    "AE": 16,
    "AS": 4,
    "CS": 16,
    "DA": 8,
    "DS": 16,
    "DT": 26,
    "IS": 12,
    "LO": 64,
    "LT": 10240,
    "SH": 16,
    "ST": 1024,
    "TM": 14,
    "UI": 64,
}
#: VRs whose text is one value, backslashes and all.
_SINGLE = ("LT", "ST", "UT", "UR")
#: Control characters (PS3.5 6.1.3): escape sequences in the bytes of any text, line ends in some.
_ONE_LINE, _LINES = r"[\x00-\x1a\x1c-\x1f]", r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]"
_NO_CONTROL: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("AE", "LO", "PN", "SH", "UC"), re.compile(_ONE_LINE)),
    **dict.fromkeys(("LT", "ST", "UT"), re.compile(_LINES)),
}
_NO_CONTROL_BYTES = {
    vr: re.compile(pattern.pattern.encode()) for vr, pattern in _NO_CONTROL.items()
}
_ESCAPE = "\x1b"
#: Bytes of one number; these values are only counted.
_WIDTHS: Mapping[str, int] = {
    **dict.fromkeys(("US", "SS", "US or SS"), 2),
    **dict.fromkeys(("AT", "FL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "SV", "UV"), 8),
}
_TEXTS = frozenset({*MAX_LENGTH, "PN", "SS", "UC", "US", "UT"})
#: A character that is in no text: the bytes are no UTF-8, and which are delimiters is not known.
_UNKNOWN = "\ufffd"
#: Values of more bytes than this are searched as a whole, not one by one.
_BULK_BYTES = 256
#: Of so many short values the answer is kept: the slices of a series say nearly all the same.
_REMEMBERED = 1 << 13
_CHARACTERS = {"DS": b"0123456789+-.eE \\", "UI": b"0123456789.\\"}

#: Enumerated values of PS3.3 that a reader of the object relies on.
ENUMERATED: Mapping[str, tuple[str, ...]] = {
    "ApprovalStatus": ("APPROVED", "UNAPPROVED", "REJECTED"),
    "BeamType": ("STATIC", "DYNAMIC"),
    # Defined terms, but with another word the points mean nothing to anyone.
    "ContourGeometricType": (
        "POINT",
        "OPEN_PLANAR",
        "OPEN_NONPLANAR",
        "CLOSED_PLANAR",
        "CLOSEDPLANAR_XOR",
    ),
    "DVHROIContributionType": ("INCLUDED", "EXCLUDED"),
    "DVHType": ("DIFFERENTIAL", "CUMULATIVE", "NATURAL"),
    "DVHVolumeUnits": ("CM3", "PERCENT", "PER_U"),
    "DoseReferenceStructureType": ("POINT", "VOLUME", "COORDINATES", "SITE"),
    "DoseReferenceType": ("TARGET", "ORGAN_AT_RISK"),
    "DoseType": ("PHYSICAL", "EFFECTIVE", "ERROR"),
    "DoseUnits": ("GY", "RELATIVE"),
    "GantryRotationDirection": ("CW", "CC", "NONE"),
    "ImageLaterality": ("R", "L", "U", "B"),
    "Laterality": ("R", "L"),
    "PatientSex": ("M", "F", "O"),
    "PixelRepresentation": ("0", "1"),
    "RTPlanGeometry": ("PATIENT", "TREATMENT_DEVICE"),
    "TissueHeterogeneityCorrection": ("IMAGE", "ROI_OVERRIDE", "WATER"),
}
#: Numbers that PS3.3 wants above zero where there are any.
POSITIVE = ("SliceThickness", "WindowWidth")
NOT_ABOVE_0 = "a value that is not above 0"
_POSITIVE_TAGS = frozenset(int(Tag(keyword)) for keyword in POSITIVE)
UNDEFINED_TERM = "a term that PS3.3 C.12.1.1.2 does not define"
_CHARACTER_SET = int(Tag("SpecificCharacterSet"))
_ENUMERATED_BY_TAG = {int(Tag(keyword)): allowed for keyword, allowed in ENUMERATED.items()}


def flaw(element: Element) -> str:
    """What is wrong with the value of an element, empty when nothing is.

    The answer names lengths and the values allowed, never the value that is there.
    """
    vr = vr_of(element)
    if isinstance(element, DataElement):
        return _judged(element, vr)
    value = element.value or b""
    if len(value) > _BULK_BYTES:
        return _bulk_flaw(value, vr, int(element.tag))
    return _short_flaw(element.tag, vr, bytes(value), little=element.is_little_endian)


@lru_cache(_REMEMBERED)
def _short_flaw(tag: BaseTag, vr: str, value: bytes, *, little: bool) -> str:
    """What is wrong with a raw value: the same wherever it stands."""
    return _judged(RawDataElement(tag, vr, len(value), value, 0, False, little), vr)


def _judged(element: Element, vr: str) -> str:
    """What is wrong with a value, looked at part by part."""
    texts = list(_texts(element, vr))
    controls = _control_flaw(texts, vr, decoded=isinstance(element, DataElement))
    found = controls or _characters_flaw(texts, vr) or _value_flaw(texts, int(element.tag))
    return found or multiplicity_of(int(element.tag)).flaw(_count(element, vr, texts))


def _control_flaw(texts: list[str], vr: str, *, decoded: bool) -> str:
    """Control characters; in a decoded text nothing is left of an escape sequence that is one."""
    pattern = _NO_CONTROL.get(vr)
    if pattern is None:
        return ""
    if any(map(pattern.search, texts)) or (decoded and any(_ESCAPE in text for text in texts)):
        return f"control characters, which VR {vr} does not allow"
    return ""


def _characters_flaw(texts: list[str], vr: str) -> str:
    """Flaw that the VR tells."""
    if vr == "PN":
        split = _is_split(texts)
        return next(filter(None, (name_flaw(text, split=split) for text in texts)), "")
    longest = max(map(len, texts), default=0)
    if longest > MAX_LENGTH.get(vr, longest):
        return f"{longest} characters, and VR {vr} allows {MAX_LENGTH[vr]}"
    return next(filter(None, (form_flaw(text, vr) for text in texts)), "")


def _is_split(texts: Iterable[str]) -> bool:
    """Whether what looks like delimiters is: letters of some character sets have their codes."""
    return not any(_UNKNOWN in text or _ESCAPE in text for text in texts)


def _count(element: Element, vr: str, texts: list[str]) -> int:
    """Number of values; 0 where there are none, or where it is not known."""
    if vr in _WIDTHS:
        if isinstance(element, RawDataElement):
            return len(element.value or b"") // _WIDTHS[vr]
        many = isinstance(element.value, MultiValue | list | tuple)
        return len(element.value) if many else int(element.value is not None)
    if vr in _SINGLE or not any(texts) or not _is_split(texts):
        return 0
    return len(texts)


def _value_flaw(texts: list[str], tag: int) -> str:
    """Flaw that the attribute tells; the characters are right."""
    allowed = _ENUMERATED_BY_TAG.get(tag, ())
    if allowed and any(text.strip() not in ("", *allowed) for text in texts):
        return f"none of the values the Standard allows: {', '.join(allowed)}"
    if tag in _POSITIVE_TAGS and any(_is_not_positive(text) for text in texts):
        return NOT_ABOVE_0
    if tag == _CHARACTER_SET and unknown_terms([text.strip() for text in texts]):
        return UNDEFINED_TERM
    return ""


def _is_not_positive(text: str) -> bool:
    return bool(text.strip()) and not float(text) > 0


def _texts(element: Element, vr: str) -> Iterable[str]:
    """Values of an element as texts; none for binary values that are no number."""
    if vr not in _TEXTS:
        return []
    if isinstance(element, DataElement):
        value = element.value
        many = value if isinstance(value, MultiValue | list | tuple) else [value]
        texts = [_text(each) for each in many if each is not None]
        return texts if vr in _SINGLE else [part for text in texts for part in text.split("\\")]
    data = element.value or b""
    if vr in ("US", "SS"):
        kind = ("<" if element.is_little_endian else ">") + ("u2" if vr == "US" else "i2")
        return [str(each) for each in np.frombuffer(data[: len(data) // 2 * 2], kind).tolist()]
    # Good enough to count characters: a byte that is no UTF-8 counts as one.
    text = data.rstrip(b"\0 ").decode("utf-8", "replace")
    return [text] if vr in _SINGLE else text.split("\\")


def _text(value: object) -> str:
    own = getattr(value, "original_string", None)
    return own if isinstance(own, str) and own else str(value)  # of a name it is its bytes


def _bulk_flaw(data: bytes, vr: str, tag: int) -> str:
    """Flaw of many values, or of a long text."""
    if vr in _WIDTHS:
        return multiplicity_of(tag).flaw(len(data) // _WIDTHS[vr])
    data = data.rstrip(b" \0")
    if vr in _NO_CONTROL and _NO_CONTROL_BYTES[vr].search(data):
        return f"control characters, which VR {vr} does not allow"
    if vr in _SINGLE:
        longest = MAX_LENGTH.get(vr, len(data))
        too_long = len(data.decode("utf-8", "replace")) > longest
        return f"more than {longest} characters" if too_long else ""
    return _bulk_values_flaw(data, vr, tag)


def _bulk_values_flaw(data: bytes, vr: str, tag: int) -> str:
    """Flaw of many values with backslashes between them."""
    ends = np.flatnonzero(np.frombuffer(data + b"\\", np.uint8) == SEPARATOR)
    if vr in MAX_LENGTH and _longest_part(ends) > MAX_LENGTH[vr]:
        return f"a value of more than the {MAX_LENGTH[vr]} characters that VR {vr} allows"
    if vr not in _CHARACTERS:  # a text may be in a set of which a letter has that code
        return ""
    if data.translate(None, _CHARACTERS[vr]):
        return f"characters that VR {vr} does not allow"
    return multiplicity_of(tag).flaw(len(ends))


def _longest_part(ends: npt.NDArray[np.intp]) -> int:
    """Bytes of the longest of the values that end there, one byte between them."""
    return max(int(ends[0]), int(np.subtract(ends[1:], ends[:-1]).max(initial=1)) - 1)
