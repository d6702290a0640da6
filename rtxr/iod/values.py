"""What a value may be: lengths and characters by VR (PS3.5 6.2), values by attribute.

Checks run on the bytes of raw elements, so that nothing is converted for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import Tag

from rtxr.iod.raw import Element, vr_of

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
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "CS": re.compile(r"[A-Z0-9 _]*"),
    "DA": re.compile(r"(\d{8})?"),
    "DS": re.compile(r" *([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)? *"),
    "IS": re.compile(r" *([+-]?\d+)? *"),
    "TM": re.compile(r"(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)? *"),
    "UI": re.compile(r"((0|[1-9]\d*)(\.(0|[1-9]\d*))*)?"),
}
#: Control characters (PS3.5 6.1.3): escape sequences in any text, line ends in some.
_NO_CONTROL = re.compile(r"[\x00-\x1a\x1c-\x1f]")
_NO_CONTROL_BYTES = re.compile(rb"[\x00-\x1a\x1c-\x1f]")
_ONE_LINE_VRS = frozenset({"AE", "LO", "PN", "SH"})
_PN_GROUP_LENGTH = 64
#: Values of more bytes than this are searched as a whole, not one by one.
_BULK_BYTES = 256
_SEPARATOR = ord("\\")
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
POSITIVE = ("SliceThickness",)
_POSITIVE_TAGS = frozenset(int(Tag(keyword)) for keyword in POSITIVE)
_ENUMERATED_BY_TAG = {int(Tag(keyword)): allowed for keyword, allowed in ENUMERATED.items()}


def flaw(element: Element) -> str:
    """What is wrong with the value of an element, empty when nothing is.

    The answer names lengths and the values allowed, never the value that is there.
    """
    vr = vr_of(element)
    if isinstance(element, RawDataElement) and len(element.value or b"") > _BULK_BYTES:
        return _bulk_flaw(element.value or b"", vr)
    texts = list(_texts(element, vr))
    return _characters_flaw(texts, vr) or _value_flaw(texts, int(element.tag))


def _characters_flaw(texts: list[str], vr: str) -> str:
    """Flaw that the VR tells."""
    if vr in _ONE_LINE_VRS and any(map(_NO_CONTROL.search, texts)):
        return f"control characters, which VR {vr} does not allow"
    if vr == "PN":
        return _name_flaw(texts)
    longest = max(map(len, texts), default=0)
    if longest > MAX_LENGTH.get(vr, longest):
        return f"{longest} characters, and VR {vr} allows {MAX_LENGTH[vr]}"
    if vr in _PATTERNS and not all(map(_PATTERNS[vr].fullmatch, texts)):
        return f"characters that VR {vr} does not allow"
    return ""


def _value_flaw(texts: list[str], tag: int) -> str:
    """Flaw that the attribute tells; the characters are right."""
    allowed = _ENUMERATED_BY_TAG.get(tag, ())
    if allowed and any(text.strip() not in ("", *allowed) for text in texts):
        return f"none of the values the Standard allows: {', '.join(allowed)}"
    if tag in _POSITIVE_TAGS and any(_is_not_positive(text) for text in texts):
        return "a value that is not above 0"
    return ""


def _is_not_positive(text: str) -> bool:
    return bool(text.strip()) and not float(text) > 0


def _texts(element: Element, vr: str) -> Iterable[str]:
    """Values of an element as texts; none for binary values that are no number."""
    if vr not in MAX_LENGTH and vr not in ("PN", "US", "SS"):
        return []
    if isinstance(element, DataElement):
        value = element.value
        many = value if isinstance(value, MultiValue | list | tuple) else [value]
        return [_text(each) for each in many if each is not None]
    data = element.value or b""
    if vr in ("US", "SS"):
        kind = ("<" if element.is_little_endian else ">") + ("u2" if vr == "US" else "i2")
        return [str(each) for each in np.frombuffer(data[: len(data) // 2 * 2], kind).tolist()]
    # Good enough to count characters: a byte that is no UTF-8 counts as one.
    text = data.rstrip(b"\0 ").decode("utf-8", "replace")
    return [text] if vr in _SINGLE else text.split("\\")


def _text(value: object) -> str:
    return str(getattr(value, "original_string", None) or value)


def _bulk_flaw(data: bytes, vr: str) -> str:
    """Flaw of many values, or of a long text."""
    data = data.rstrip(b" \0")
    if vr in _ONE_LINE_VRS and _NO_CONTROL_BYTES.search(data):
        return f"control characters, which VR {vr} does not allow"
    if vr in _SINGLE:
        longest = MAX_LENGTH.get(vr, len(data))
        return (
            f"more than {longest} characters"
            if len(data.decode("utf-8", "replace")) > longest
            else ""
        )
    if vr in MAX_LENGTH and _longest_part(data) > MAX_LENGTH[vr]:
        return f"a value of more than the {MAX_LENGTH[vr]} characters that VR {vr} allows"
    if vr in _CHARACTERS and data.translate(None, _CHARACTERS[vr]):
        return f"characters that VR {vr} does not allow"
    return ""


def _longest_part(data: bytes) -> int:
    """Bytes of the longest value between backslashes."""
    ends = np.flatnonzero(np.frombuffer(b"\\%b\\" % data, np.uint8) == _SEPARATOR)
    return int((ends[1:] - ends[:-1]).max()) - 1


def _name_flaw(texts: Iterable[str]) -> str:
    groups = [group for text in texts for group in text.split("=")]
    longest = max(map(len, groups), default=0)
    if longest > _PN_GROUP_LENGTH:
        return f"a component group of {longest} characters, and VR PN allows {_PN_GROUP_LENGTH}"
    return ""
