import pytest
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from rtxr.iod.deidentification.beyond import is_typed, row_beyond
from rtxr.iod.deidentification.table import row_of


@pytest.mark.parametrize(
    ("keyword", "action"),
    [
        ("EquipmentFrameOfReferenceUID", "U"),
        ("MultiFrameSourceSOPInstanceUID", "U"),
        ("PatientBirthDateInAlternativeCalendar", "X/Z/D"),
        ("DoseComment", "X/Z/D"),
        ("EncryptedAttributesSequence", "X"),
        ("SOPClassUID", None),
        ("ReferencedSOPClassUID", None),
        ("CodingSchemeUID", None),
        ("BeamName", None),
        ("SliceThickness", None),
        ("Manufacturer", None),
    ],
)
def test_attributes_without_a_row(keyword, action):
    tag = Tag(keyword)
    assert row_of(tag) is None
    row = row_beyond(tag, dictionary_VR(tag))
    assert (row.action if row else None) == action


def test_which_texts_are_typed_into_a_plan():
    assert is_typed(Tag("BeamName"))
    assert is_typed(Tag("PatientSetupLabel"))
    assert not is_typed(Tag("AccessoryCode"))
    assert not is_typed(Tag("WedgeID"))
    assert not is_typed(Tag("FractionPattern"))
    assert not is_typed(Tag("SoftwareVersions"))
