import pytest

from rtxr.errors import CustomCodeError, RTXRError, UnknownNameError
from rtxr.iod.deidentification.profile import (
    FULL_DATES,
    MODIFIED_DATES,
    OPTIONS,
    Deidentify,
    action,
)
from rtxr.iod.deidentification.table import Row


@pytest.mark.parametrize(
    ("code", "needed", "expected"),
    [
        ("X", "3", "X"),
        ("X", "2", "Z"),
        ("X", "1C", "D"),
        ("Z", "3", "Z"),
        ("Z", "1", "D"),
        ("D", "3", "D"),
        ("U", "1", "U"),
        ("Z/D", "3", "Z"),
        ("Z/D", "2", "Z"),
        ("Z/D", "1", "D"),
        ("X/Z", "3", "X"),
        ("X/Z", "2C", "Z"),
        ("X/D", "3", "X"),
        ("X/D", "2", "D"),
        ("X/D", "1", "D"),
        ("X/Z/D", "3", "X"),
        ("X/Z/D", "2", "Z"),
        ("X/Z/D", "1", "D"),
        ("X/Z/U*", "3", "X"),
        ("X/Z/U*", "2", "Z"),
        ("X/Z/U*", "1C", "U*"),
    ],
)
def test_action_by_type(code, needed, expected):
    assert action(Row(code, {}), needed, ()) == expected


def test_keeping_goes_before_cleaning_before_the_profile():
    row = Row("X", {"patient": "K", "descriptors": "C"})
    assert action(row, "3", {"patient", "descriptors"}) == "K"
    assert action(row, "3", {"descriptors"}) == "C"
    assert action(row, "3", {"device"}) == "X"


def test_options_by_the_names_of_the_standard():
    long = "Retain Longitudinal Temporal Information with Full Dates Option"
    assert Deidentify(options=[long]).options == (FULL_DATES,)
    profile = Deidentify(options=["retain uids option", "Clean Descriptors", "RETAIN UIDS"])
    assert profile.options == ("Retain UIDs", "Clean Descriptors")
    assert profile.columns == {"uids", "descriptors"}
    assert len({option.code for option in OPTIONS.values()}) == len(OPTIONS)


@pytest.mark.parametrize("name", ["Clean Pixel Data", "clean graphics", "Clean Structured Content"])
def test_what_is_not_supported_is_refused_by_name(name):
    with pytest.raises(RTXRError, match=f"(?i){name}.*not supported"):
        Deidentify(options=[name])


def test_an_option_that_does_not_exist():
    with pytest.raises(UnknownNameError, match="Retain UIDs"):
        Deidentify(options=["Retain UID"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"options": [FULL_DATES, MODIFIED_DATES]},
        {"shift_days": -10},
        {"options": [MODIFIED_DATES], "shift_days": 0},
        {"options": [MODIFIED_DATES], "shift_days": True},
        {"options": [MODIFIED_DATES], "shift_days": 1.5},
        {"patient_name": "a\\b"},
        {"key": ""},
        {"patient_id": "x" * 65},
        {"patient_id": "Jürgen"},
        {"patient_id": {"A": "Jürgen"}},
        {"patient_id": {"A": 1}},
        {"patient_id": 1},
    ],
)
def test_contradictions_are_refused(arguments):
    with pytest.raises(RTXRError):
        Deidentify(**arguments)


def test_pseudonyms_by_the_original():
    assert Deidentify().pseudonym("A") == ""
    assert Deidentify(patient_id="T").pseudonym("A") == "T"
    assert Deidentify(patient_id={"A": "T"}).pseudonym("A") == "T"
    assert Deidentify(patient_id=lambda old: f"T{len(old)}").pseudonym("AB") == "T2"
    assert "A" not in repr(Deidentify(patient_id={"A": "T"})).removeprefix("Deidentify")
    with pytest.raises(UnknownNameError, match="1 patients, and none of this one"):
        Deidentify(patient_id={"A": "T"}).pseudonym("SECRET")
    with pytest.raises(CustomCodeError, match="patient_id raised KeyError"):
        Deidentify(patient_id=lambda old: {}[old]).pseudonym("A")
    with pytest.raises(RTXRError, match="what patient_id returns is text"):
        Deidentify(patient_id=lambda _: 3).pseudonym("A")


def test_the_offset_of_dates():
    assert Deidentify().days("P") == 0
    assert Deidentify(options=[MODIFIED_DATES], shift_days=-45).days("P") == -45
    drawn = Deidentify(options=[MODIFIED_DATES])
    assert -3650 <= drawn.days("P") <= -30
    assert drawn.days("P") == drawn.days("Q")
    keyed = [Deidentify(options=[MODIFIED_DATES], key="k") for _ in range(2)]
    assert keyed[0].days("P") == keyed[1].days("P")
    assert len({keyed[0].days(str(patient)) for patient in range(20)}) > 10


def test_uids_are_consistent_and_repeatable_with_a_key():
    profile = Deidentify()
    new = profile.new_uid("1.2.3")
    assert new != "1.2.3"
    assert profile.new_uid("1.2.3") == new == profile.uid_map["1.2.3"]
    assert profile.new_uid("1.2.840.10008.1.2") == "1.2.840.10008.1.2"
    assert Deidentify().new_uid("1.2.3") != new
    first, second, other = Deidentify(key="k"), Deidentify(key=b"k"), Deidentify(key="l")
    assert first.new_uid("1.2.3") == second.new_uid("1.2.3") != other.new_uid("1.2.3")
    assert len(first.new_uid("1.2.3")) <= 64
    assert Deidentify(uid_map=profile.uid_map).new_uid("1.2.3") == new


def test_the_repr_says_nothing_that_leads_back():
    profile = Deidentify(options=[MODIFIED_DATES], shift_days=-77, key="secret")
    profile.new_uid("1.2.3")
    text = repr(profile)
    assert "secret" not in text
    assert "77" not in text
    assert "1.2.3" not in text
