"""What Table E.1-1 does not speak of and a de-identifier still has to see to (PS3.15 E.1.1).

Names of persons, moments, UIDs and comments are treated like those of the table. Other texts stay
unless they tell something: those that people type into a plan are read with all care, codes and
names of equipment only for names and identifiers, since they are full of numbers.
"""

from __future__ import annotations

from pydicom.datadict import keyword_for_tag
from pydicom.tag import BaseTag, Tag

from rtxr.iod.deidentification.table import Row

#: A person, or what identifies one, that no row names; also a text in which one was found.
TELLING = Row("X/Z/D", {})
_COMMENT = Row("X/Z/D", {"descriptors": "C"})
_MOMENT = Row("X/Z/D", {"full": "K", "modified": "C"})
_UID = Row("U", {"uids": "K"})
#: What is encrypted may be anything: it goes, whatever the IOD says.
SEALED = Row("X", {})

_BY_VR = {"PN": TELLING, "DA": _MOMENT, "DT": _MOMENT, "TM": _MOMENT, "UI": _UID}
_BY_TAG = {
    **dict.fromkeys(
        map(
            Tag,
            (
                "AuthorizationEquipmentCertificationNumber",
                "BreedRegistrationNumber",
                "PatientBirthDateInAlternativeCalendar",
                "PatientDeathDateInAlternativeCalendar",
            ),
        ),
        TELLING,
    ),
    **dict.fromkeys(
        map(
            Tag,
            (
                "DoseComment",
                "RTImageDescription",
                "RTImageLabel",
                "RTImageName",
                "SOPAuthorizationComment",
                "SetupImageComment",
                "TextValue",
            ),
        ),
        _COMMENT,
    ),
    Tag("EncryptedAttributesSequence"): SEALED,
}
#: UIDs that say what kind of thing something is, or in which terms it is said.
_OF_KINDS = ("ClassUID", "SyntaxUID", "CreatorUID", "CodingSchemeUID", "ContextUID", "ResourceUID")
_TEXT_VRS = ("AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT")
_RADIOTHERAPY_GROUPS = range(0x3002, 0x3010)
_CODES = ("ID", "Code", "FractionPattern")


def row_beyond(tag: BaseTag, vr: str) -> Row | None:
    """How a standard attribute without a row of its own is treated; None: it stays."""
    row = _BY_TAG.get(tag) or _BY_VR.get(vr)
    if row is _UID and keyword_for_tag(tag).endswith(_OF_KINDS):
        return None
    return row


def is_text(vr: str) -> bool:
    """Whether values of a VR are texts that people write."""
    return vr in _TEXT_VRS


def is_typed(tag: BaseTag) -> bool:
    """Whether a text is one that people type into a plan, such as the name of a beam."""
    return tag.group in _RADIOTHERAPY_GROUPS and not keyword_for_tag(tag).endswith(_CODES)
