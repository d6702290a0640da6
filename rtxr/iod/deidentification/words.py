"""What may not be left in a text that stays: names, identifiers, dates, long numbers.

A text is kept or not, it is never cut. Labels such as ``PTV_7000`` pass, and so does every name of
TG-263; ``Smith boost`` does not where a person of these objects is called Smith.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import elements_of, items_of, text_of, vr_of

#: Identifiers besides the names of persons, which are looked for in full.
_IDENTIFIERS = frozenset(
    Tag(keyword)
    for keyword in (
        "AccessionNumber",
        "AdmissionID",
        "InstitutionName",
        "MedicalRecordLocator",
        "OtherPatientIDs",
        "PatientAddress",
        "PatientBirthDate",
        "PatientID",
        "PatientTelephoneNumbers",
    )
)
#: Where no persons are named, and much is.
_NOT_SEARCHED = Tag("ROIContourSequence")
#: Names of nobody.
_NOBODY_TEXT = """
anon anonymized anonymous deidentified dummy name none patient phantom test unknown
"""
_NOBODY = frozenset(_NOBODY_TEXT.split())
_SHORTEST_NAME, _SHORTEST_PART, _SHORTEST_IDENTIFIER = 3, 5, 4
_NO_LETTER = re.compile(r"[\W\d_]+")
#: A date, a number as long as one, an address of mail or web, a UID.
_TELLING = re.compile(
    r"\d{6}|\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2}|@|://|\d(\.\d+){4}"
)


@dataclass(frozen=True)
class Words:
    """Names and identifiers that some objects hold.

    Parameters
    ----------
    names : frozenset of str
        Parts of the names of persons, casefolded, of three letters and more (two where they are
        not of the Latin alphabet).
    identifiers : frozenset of str
        Whole identifiers, casefolded, of four characters and more.
    """

    names: frozenset[str]
    identifiers: frozenset[str]

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        """What may not stand anywhere in a text; short names are looked for as words."""
        long = (each for each in self.names if len(each) >= _SHORTEST_PART or not each.isascii())
        return (*self.identifiers, *long)

    def in_text(self, text: str) -> bool:
        """Whether a text holds a name (short ones as a word) or an identifier."""
        folded = text.casefold()
        if any(part in folded for part in self._parts):
            return True
        return not self.names.isdisjoint(_NO_LETTER.split(folded))

    def tells(self, text: str) -> bool:
        """Whether a text could tell who it is about: as above, or a date, a long number, a UID."""
        return _TELLING.search(text) is not None or self.in_text(text)


def words_of(datasets: Iterable[Dataset]) -> Words:
    """Names of persons, at any depth, and identifiers that data sets hold."""
    names: set[str] = set()
    identifiers: set[str] = set()
    for dataset in datasets:
        _collect(dataset, names, identifiers)
    split = {part for name in names for part in _NO_LETTER.split(name.casefold())}
    return Words(
        frozenset(part for part in split - _NOBODY if _is_name(part)),
        frozenset(
            each.casefold()
            for each in identifiers
            if len(each) >= _SHORTEST_IDENTIFIER and each.casefold() not in _NOBODY
        ),
    )


def _is_name(part: str) -> bool:
    """Whether part of a name is long enough to be told from other words; any in other scripts."""
    return len(part) >= _SHORTEST_NAME or (len(part) > 1 and not part.isascii())


def _collect(dataset: Dataset, names: set[str], identifiers: set[str]) -> None:
    for element in elements_of(dataset):
        if element.tag in _IDENTIFIERS:
            values = text_of(dataset, element.tag).split("\\")
            identifiers.update(value.strip() for value in values)
            continue
        match vr_of(element):
            case "PN":
                names.add(text_of(dataset, element.tag))
            case "SQ" if element.tag != _NOT_SEARCHED:
                for item in items_of(dataset, element.tag):
                    _collect(item, names, identifiers)
