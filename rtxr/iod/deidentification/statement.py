"""What an object says of its de-identification (PS3.3 C.7.1.1, C.12.1; PS3.15 E.1.1)."""

from __future__ import annotations

from collections.abc import Collection

from pydicom.dataset import Dataset

from rtxr.iod.deidentification.profile import BASIC_PROFILE, OPTIONS, Deidentify
from rtxr.iod.deidentification.words import Words
from rtxr.iod.encoding.raw import item, items_of, make, put, text_of
from rtxr.iod.provenance import NAME, software_version

_LONGEST = 64
_OWN_DATE = "ContributionDateTime"


def state(
    dataset: Dataset,
    profile: Deidentify,
    words: Words,
    given: Collection[str],
    patient_id: str = "",
) -> None:
    """Write pseudonyms, and that, how and by what the object was de-identified; in place.

    Parameters
    ----------
    dataset : pydicom.Dataset
        After the profile.
    profile : Deidentify
        What was done.
    words : Words
        Names and identifiers of the case: an earlier statement that holds one is left out.
    given : collection of str
        Keywords that the caller set, and that stay.
    patient_id : str, optional
        Pseudonym of the patient, see :meth:`Deidentify.pseudonym`; none by default.
    """
    values = {
        "PatientName": profile.patient_name or None,
        "PatientID": patient_id or None,
        "PatientIdentityRemoved": "YES",
        "LongitudinalTemporalInformationModified": _dates(dataset, profile),
        "DeidentificationMethod": _methods(dataset, profile, words),
        "DeidentificationMethodCodeSequence": _codes(dataset, profile),
        "ContributingEquipmentSequence": _equipment(dataset),
    }
    for keyword, value in values.items():
        if keyword not in given:
            put(dataset, make(keyword, value))


def _dates(dataset: Dataset, profile: Deidentify) -> str:
    """What became of the dates; dates that were changed before stay changed."""
    before = text_of(dataset, "LongitudinalTemporalInformationModified")
    now = profile.temporal_information
    return before if before and now == "UNMODIFIED" else now


def _methods(dataset: Dataset, profile: Deidentify, words: Words) -> list[str]:
    """Earlier methods, then ours: values of LO, 64 characters at most."""
    before = text_of(dataset, "DeidentificationMethod").split("\\")
    ours = [software_version(), f"PS3.15 {BASIC_PROFILE[1]}"]
    ours += [OPTIONS[name].meaning for name in profile.options]
    kept = [text for text in before if text and not words.tells(text)]
    return [text[:_LONGEST] for text in dict.fromkeys([*kept, *ours])]


def _codes(dataset: Dataset, profile: Deidentify) -> list[Dataset]:
    """Earlier codes, then ours of CID 7050."""
    kept = items_of(dataset, "DeidentificationMethodCodeSequence")
    known = {text_of(each, "CodeValue") for each in kept}
    ours = [BASIC_PROFILE, *((OPTIONS[n].code, OPTIONS[n].meaning) for n in profile.options)]
    return [*kept, *(_code(code, meaning) for code, meaning in ours if code not in known)]


def _equipment(dataset: Dataset) -> list[Dataset]:
    """What contributed before, and what de-identified; our own edits without their time."""
    before = items_of(dataset, "ContributingEquipmentSequence")
    for each in before:
        if text_of(each, "Manufacturer") == NAME and _OWN_DATE in each:
            del each[_OWN_DATE]
    ours = item(
        Manufacturer=NAME,
        ManufacturerModelName=NAME,
        SoftwareVersions=software_version(),
        PurposeOfReferenceCodeSequence=[_code("109104", "De-identifying Equipment")],
    )
    return [*before, ours]


def _code(value: str, meaning: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator="DCM", CodeMeaning=meaning)


def burned_in(dataset: Dataset) -> bool:
    """Whether an image says that its pixels show text."""
    return text_of(dataset, "BurnedInAnnotation").strip().upper() == "YES"
