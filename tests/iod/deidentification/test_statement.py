import pytest
from pydicom.dataset import Dataset

from rtxr.iod.deidentification.profile import Deidentify
from rtxr.iod.deidentification.statement import state
from rtxr.iod.deidentification.words import Words
from rtxr.iod.encoding.raw import item

NOBODY = Words(frozenset(), frozenset())


def stated(dataset, *options, words=NOBODY, given=(), **more):
    state(dataset, Deidentify(options=options, **more), words, given)
    return dataset


def test_every_value_is_short_enough_and_every_option_is_named():
    header = stated(Dataset(), "Retain UIDs", "Retain Longitudinal Modified Dates")
    assert all(len(text) <= 64 for text in header.DeidentificationMethod)
    assert "Retain UIDs Option" in header.DeidentificationMethod
    codes = {code.CodeValue: code for code in header.DeidentificationMethodCodeSequence}
    assert set(codes) == {"113100", "113107", "113110"}
    assert {code.CodingSchemeDesignator for code in codes.values()} == {"DCM"}


def test_what_was_done_before_stays_said():
    header = Dataset()
    header.DeidentificationMethod = ["by hand of Kowalski", "tool 1"]
    header.DeidentificationMethodCodeSequence = [
        item(
            CodeValue="113101", CodingSchemeDesignator="DCM", CodeMeaning="Clean Pixel Data Option"
        )
    ]
    words = Words(frozenset({"kowalski"}), frozenset())
    stated(header, words=words)
    assert header.DeidentificationMethod[0] == "tool 1"
    codes = [code.CodeValue for code in header.DeidentificationMethodCodeSequence]
    assert codes == ["113101", "113100"]


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        (None, (), "REMOVED"),
        (None, ("Retain Longitudinal Full Dates",), "UNMODIFIED"),
        ("MODIFIED", ("Retain Longitudinal Full Dates",), "MODIFIED"),
        ("UNMODIFIED", ("Retain Longitudinal Modified Dates",), "MODIFIED"),
    ],
)
def test_what_became_of_the_dates(before, options, after):
    header = Dataset()
    if before:
        header.LongitudinalTemporalInformationModified = before
    assert stated(header, *options).LongitudinalTemporalInformationModified == after


def test_our_own_edits_keep_no_time():
    header = Dataset()
    header.ContributingEquipmentSequence = [
        item(Manufacturer="rtxr", ContributionDateTime="20240101"),
        item(Manufacturer="other", ContributionDateTime="20240102"),
    ]
    own, other, ours = stated(header).ContributingEquipmentSequence
    assert "ContributionDateTime" not in own
    assert other.ContributionDateTime == "20240102"
    assert ours.PurposeOfReferenceCodeSequence[0].CodeValue == "109104"


def test_pseudonyms_and_what_the_caller_gave():
    header = Dataset()
    header.PatientID = "given"
    stated(header, patient_name="P^1", patient_id="P1", given={"PatientID"})
    assert (header.PatientName, header.PatientID) == ("P^1", "given")
    assert stated(Dataset())["PatientName"].is_empty
    header = Dataset()
    state(header, Deidentify(), NOBODY, (), "P1")
    assert header.PatientID == "P1"
