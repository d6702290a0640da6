"""Objects made of several others: what is copied, what is said, in which character set."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import element_at, item
from rtxr.iod.made_of import by_rules, in_one_character_set, take_group
from rtxr.iod.rules import COPY, NEW_UID, computed, constant, copied


def parsed(**elements: object) -> Dataset:
    """A data set as from a file, its elements raw."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, item(elements), implicit_vr=False, little_endian=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer, force=True)


def test_an_empty_element_counts_less_than_one_with_a_value():
    one, other = item(StudyID="", AccessionNumber="", StudyDescription="A"), item(StudyID="B")
    names = ("StudyID", "AccessionNumber", "StudyDescription", "PatientAge")
    rules = dict.fromkeys(names, copied("one", "other"))
    header, values = by_rules(rules, {"one": one, "other": other}, {})
    assert {each.keyword: each.value for each in header} == {
        "StudyID": "B",
        "AccessionNumber": "",
        "StudyDescription": "A",
    }
    assert values == {}


def test_a_copied_element_is_the_very_one():
    one = parsed(GantryAngle="90.50", ContentDate="20240101")
    rules = {
        "GantryAngle": copied("one"),
        "AcquisitionDate": copied("one", keyword="ContentDate"),
    }
    header, _ = by_rules(rules, {"one": one}, {})
    assert element_at(header, Tag("GantryAngle")) is element_at(one, Tag("GantryAngle"))
    renamed = element_at(header, Tag("AcquisitionDate"))
    assert isinstance(renamed, RawDataElement)
    assert (renamed.tag, renamed.VR, renamed.value) == (0x00080022, "DA", b"20240101")


def test_values_that_no_file_has():
    rules = {
        "StationName": copied("machine", keyword="RadiationMachineName"),
        "PatientID": copied("user"),
        "PatientName": copied("user"),
        "Modality": constant("RTIMAGE"),
        "RTImageLabel": computed(lambda sources: sources["one"].RTPlanLabel + "!"),
        "RTImageName": computed(lambda _: None),
        "SOPInstanceUID": NEW_UID,
        "StudyID": COPY,
    }
    said = {
        "machine": {"RadiationMachineName": "TB1"},
        "user": {"PatientID": "", "PatientName": None},
    }
    header, values = by_rules(rules, {"one": item(RTPlanLabel="A")}, said)
    assert len(header) == 0
    assert values.pop("SOPInstanceUID").startswith("2.25.")
    assert values == {
        "StationName": "TB1",
        "PatientID": "",
        "Modality": "RTIMAGE",
        "RTImageLabel": "A!",
    }


def test_a_group_is_taken_as_it_is():
    source = Dataset()
    source.add_new(0x32730010, "LO", "SOMEBODY")
    source.add_new(0x32731001, "UN", b"HFS ")
    source.add_new(0x32750010, "LO", "SOMEBODY ELSE")
    header = Dataset()
    take_group(header, source, 0x3273)
    assert sorted(header.keys()) == [0x32730010, 0x32731001]
    assert header[0x32731001] is source[0x32731001]


def test_objects_of_one_character_set_stay_as_they_are():
    one, other = item(SpecificCharacterSet="ISO_IR 100"), item(SpecificCharacterSet="ISO_IR 100")
    found, unreadable = in_one_character_set({"one": one, "other": other})
    assert found["one"] is one
    assert found["other"] is other
    assert unreadable == []


def test_unlike_character_sets_become_utf_8():
    one = parsed(SpecificCharacterSet="ISO_IR 100", StudyID="Größe", AccessionNumber="A")
    other = parsed(StudyID="plain")
    found, unreadable = in_one_character_set({"one": one, "other": other})
    assert unreadable == []
    assert [each.SpecificCharacterSet for each in found.values()] == ["ISO_IR 192"] * 2
    assert [each.StudyID for each in found.values()] == ["Größe", "plain"]
    assert one.SpecificCharacterSet == "ISO_IR 100"


@pytest.mark.parametrize("declared", ["ISO_IR 192", None])
def test_bytes_that_a_character_set_does_not_have_are_told(declared):
    latin = parsed(SpecificCharacterSet="ISO_IR 100", StudyID="Größe")
    if declared is None:
        del latin.SpecificCharacterSet
    else:
        latin.SpecificCharacterSet = declared
    _, unreadable = in_one_character_set(
        {"one": latin, "other": item(SpecificCharacterSet="GB18030")}
    )
    assert unreadable == ["one"]
