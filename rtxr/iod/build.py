"""Build an object: source header + values, completed and checked against the tables of its IOD.

IOD > modules > attributes: each takes its rule. All violations are collected, none raised. A
source object to which nothing is done comes out element for element as it was, plus what the
Standard asks for and the source lacked; each addition is a Finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from rtxr.errors import UnknownNameError, Violation, did_you_mean
from rtxr.iod.audit import BAD_VALUE, Flaw, audit
from rtxr.iod.complete import Completion
from rtxr.iod.encoding.raw import duplicate, put, raw_sequences, text_of, value_of, with_elements
from rtxr.iod.private_rows import reserve
from rtxr.iod.remap import remap_uids
from rtxr.iod.tables import IOD
from rtxr.iod.values import charset
from rtxr.iod.values.saying import element_for, says
from rtxr.iod.values.words import value_of_vr
from rtxr.iod.violations import of_addition, of_attribute, of_flaw

__all__ = ["DELETE", "Built", "build", "remap_uids"]


class _Delete:
    """The value that removes an attribute."""

    def __repr__(self) -> str:
        return "DELETE"


#: As a value of :func:`build`: the attribute is removed.
DELETE: Final = _Delete()
#: Not in headers. Texts that rtxr writes are never too long, so that flaws are the source's.
_CONTOUR_DATA = "ROIContourSequence.ContourSequence.ContourData"
RECODED = "character-set-changed"
_TEXTS_RECODED = f"all texts are written in {charset.UNICODE}"
_TEXTS_IN_THE_WAY = "the source's texts cannot be written in the set that new ones need"


@dataclass(frozen=True)
class Built:
    """A finished object.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Shares untouched elements and items with the header it was built from.
    findings : tuple of Violation
        What was added, and flaws that came with the source.
    violations : tuple of Violation
        What forbids writing it; severity ``"error"``.
    """

    dataset: Dataset
    findings: tuple[Violation, ...]
    violations: tuple[Violation, ...]


def build(
    iod: IOD,
    header: Dataset | None,
    values: Mapping[str, Any],
    *,
    derived: Mapping[str, Any] | None = None,
    strict: bool = False,
) -> Built:
    """Build an object of an IOD.

    Parameters
    ----------
    iod : IOD
        Tables, rules and conditions.
    header : pydicom.Dataset or None
        Source object, without bulk data; not changed. None for an object made from scratch.
    values : mapping
        Values by keyword. None writes the attribute empty, :data:`DELETE` removes it, a sequence
        is a list of data sets; anything equal to what the header has leaves it as it is.
    derived : mapping, optional
        Values by keyword, for attributes that are missing or empty and of type 1, or missing and
        of type 2. Empty ones are ignored.
    strict : bool, default: False
        Flaws inherited unchanged from the source are violations too.

    Returns
    -------
    Built
        Findings name module, section of PS3.3 and attribute; never a value.

    Raises
    ------
    UnknownNameError
        A keyword that the data dictionary does not have.
    """
    dataset = Dataset() if header is None else duplicate(header)
    given, violations = _apply(dataset, values, iod)
    uid = text_of(dataset, "SOPInstanceUID")
    recoded = _characters(dataset, header, given, uid, iod)
    violations += [each for each in recoded if each.severity == "error"]
    sop_class = text_of(dataset, "SOPClassUID")
    if sop_class not in ("", iod.sop_class_uid):
        text = f"(0008,0016) SOPClassUID is {sop_class}, not that of {iod.name}"
        fix = f"leave it as it is, or make it {iod.sop_class_uid}"
        violations.append(of_attribute("wrong-sop-class", text, uid, iod, "SOPClassUID", fix))
    completion = Completion(iod, derived or {}, from_scratch=header is None)
    unparsed = raw_sequences(dataset)
    dataset = completion.complete(dataset)
    uid = text_of(dataset, "SOPInstanceUID")
    additions = completion.additions.items()
    findings = [each for each in recoded if each.severity != "error"]
    findings += [of_addition(each, path, iod, uid) for path, each in additions]
    completed = {path.partition(".")[0] for path in completion.additions}
    same = [each for each in unparsed if keyword_for_tag(each.tag) not in completed]
    source = None if header is None else _parsed_alike(header, dataset, same)
    for flaw, inherited in _judged(audit(dataset, iod), iod, source, given):
        finding = of_flaw(flaw, iod, uid, inherited=inherited, strict=strict)
        (violations if finding.severity == "error" else findings).append(finding)
    for each in same:  # what was only looked at is written as the bytes that it was
        put(dataset, each)
    return Built(dataset, tuple(findings), tuple(violations))


def _parsed_alike(header: Dataset, dataset: Dataset, same: Sequence[RawDataElement]) -> Dataset:
    """The header with sequences that another data set has too, which parsed them already."""
    return with_elements(header, (dataset._dict[each.tag] for each in same))


def _apply(
    dataset: Dataset, values: Mapping[str, Any], iod: IOD
) -> tuple[dict[str, DataElement], list[Violation]]:
    """Set, empty and remove attributes; what was really set, and values that no VR can hold."""
    given: dict[str, DataElement] = {}
    violations = []
    uid = str(values.get("SOPInstanceUID") or text_of(dataset, "SOPInstanceUID"))
    # Whether an ambiguous VR is signed depends on this attribute: it goes first.
    for keyword in sorted(values, key=lambda each: each != "PixelRepresentation"):
        value = values[keyword]
        row = iod.row(keyword)
        if row is None:
            near = did_you_mean(keyword, sorted(iod.keywords))
            raise UnknownNameError(f"{keyword!r} is no DICOM keyword; {near}")
        row = row.placed(dataset)
        if value is DELETE:
            if row.tag in dataset:
                del dataset[row.tag]
            continue
        element = element_for(dataset, row, value)
        if element is None:
            text = f"{row}: the value does not fit its VR: it is a {type(value).__name__}"
            fix = f"give {value_of_vr(row.vr)}, a value of VR {row.vr} (PS3.5 6.2)"
            violations.append(of_attribute("bad-value", text, uid, iod, keyword, fix))
            continue
        if element.VR == "SQ" or not says(dataset, element):
            reserve(dataset, row)
            put(dataset, element)
            given[keyword] = element
    return given, violations


def _characters(
    dataset: Dataset,
    header: Dataset | None,
    given: Mapping[str, DataElement],
    uid: str,
    iod: IOD,
) -> list[Violation]:
    """Write new texts in a character set that has them, or say that there is none."""
    source = None if header is None else value_of(header, "SpecificCharacterSet")
    asked = text_of(dataset, "SpecificCharacterSet")
    moved = bool(source) and asked != text_of(header, "SpecificCharacterSet")
    if not moved and not charset.needs_more(dataset, given.values()):
        return []
    free = asked == charset.UNICODE or "SpecificCharacterSet" not in given
    recoded = free and charset.to_unicode(dataset, source)
    if recoded and not source:  # what was there was ASCII, and its bytes are what they were
        return []
    keyword = "SpecificCharacterSet"
    text = f"(0008,0005) {keyword}: {_TEXTS_RECODED if recoded else _TEXTS_IN_THE_WAY}"
    if recoded:
        fix = "check that the receiver reads it"
        return [of_attribute(RECODED, text, uid, iod, keyword, fix, severity="info")]
    fix = "use characters that the source's set has, or leave it as it is"
    return [of_attribute("character-set", text, uid, iod, keyword, fix)]


def _judged(
    flaws: Mapping[tuple[str, str], Flaw],
    iod: IOD,
    header: Dataset | None,
    given: Mapping[str, DataElement],
) -> list[tuple[Flaw, bool]]:
    """Each flaw, and whether it came unchanged with the source."""
    if not flaws or header is None:
        return [(flaw, False) for flaw in flaws.values()]
    before = audit(header, iod)
    judged = []
    for key, flaw in flaws.items():
        had = before[key].count if key in before else 0
        same = had >= flaw.count and flaw.path not in given and not _asked_by_user(flaw)
        judged.append((flaw, same or flaw.path == _CONTOUR_DATA))
    return judged


def _asked_by_user(flaw: Flaw) -> bool:
    """Whether an attribute is missing that only a user's own module asks for."""
    return flaw.code != BAD_VALUE and flaw.module is not None and not flaw.module.is_standard
