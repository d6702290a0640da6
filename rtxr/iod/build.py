"""Build an object: source header + values, completed and checked against the tables of its IOD.

IOD > modules > attributes: each takes its rule. All violations are collected, none raised. A
source object to which nothing is done comes out element for element as it was, plus what the
Standard asks for and the source lacked; each addition is a Finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element

from rtxr.errors import Finding, UnknownNameError, did_you_mean
from rtxr.iod import charset
from rtxr.iod.audit import BAD_VALUE, Flaw, audit
from rtxr.iod.complete import Addition, Completion
from rtxr.iod.raw import duplicate, element_at, is_empty, is_signed, make, put, text_of, value_of
from rtxr.iod.remap import remap_uids
from rtxr.iod.tables import IOD

__all__ = ["DELETE", "Built", "build", "remap_uids"]


class _Delete:
    """The value that removes an attribute."""

    def __repr__(self) -> str:
        return "DELETE"


#: As a value of :func:`build`: the attribute is removed.
DELETE: Final = _Delete()
#: Not in headers. Texts that rtxr writes are never too long, so that flaws are the source's.
_CONTOUR_DATA = "ROIContourSequence.ContourSequence.ContourData"
_OPAQUE_VRS = ("SQ", "OB", "OW", "UN")


@dataclass(frozen=True)
class Built:
    """A finished object.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Shares untouched elements and items with the header it was built from.
    findings : tuple of Finding
        What was added, and flaws that came with the source.
    violations : tuple of Finding
        What forbids writing it; severity ``"error"``.
    """

    dataset: Dataset
    findings: tuple[Finding, ...]
    violations: tuple[Finding, ...]


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
    violations += _characters(dataset, header, given, uid)
    sop_class = text_of(dataset, "SOPClassUID")
    if sop_class not in ("", iod.sop_class_uid):
        text = f"(0008,0016) SOPClassUID is {sop_class}, not that of {iod.name}"
        violations.append(Finding("wrong-sop-class", "error", text, uid))
    completion = Completion(iod, derived or {}, from_scratch=header is None)
    dataset = completion.complete(dataset)
    uid = text_of(dataset, "SOPInstanceUID")
    findings = [_added(each, path, uid) for path, each in completion.additions.items()]
    for flaw, inherited in _judged(audit(dataset, iod), iod, header, given):
        finding = _finding(flaw, uid, inherited=inherited, strict=strict)
        (violations if finding.severity == "error" else findings).append(finding)
    return Built(dataset, tuple(findings), tuple(violations))


def _apply(
    dataset: Dataset, values: Mapping[str, Any], iod: IOD
) -> tuple[dict[str, DataElement], list[Finding]]:
    """Set, empty and remove attributes; what was really set, and values that no VR can hold."""
    given: dict[str, DataElement] = {}
    violations = []
    uid = str(values.get("SOPInstanceUID") or text_of(dataset, "SOPInstanceUID"))
    # Whether an ambiguous VR is signed depends on this attribute: it goes first.
    for keyword in sorted(values, key=lambda each: each != "PixelRepresentation"):
        value = values[keyword]
        tag = tag_for_keyword(keyword)
        if tag is None:
            near = did_you_mean(keyword, sorted(iod.keywords))
            raise UnknownNameError(f"{keyword!r} is no DICOM keyword; {near}")
        if value is DELETE:
            if tag in dataset:
                del dataset[tag]
            continue
        try:
            element = make(keyword, value, signed=is_signed(dataset))
            _try_encoding(element)
        except (ValueError, TypeError, OverflowError, AttributeError):
            text = f"({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword}: the value does not fit its VR"
            violations.append(Finding("bad-value", "error", text, uid))
            continue
        if not _already(dataset, element):
            put(dataset, element)
            given[keyword] = element
    return given, violations


def _try_encoding(element: DataElement) -> None:
    """Raise what pydicom would raise while writing; sequences hold elements made here already."""
    if element.VR == "SQ":
        return
    buffer = DicomBytesIO()
    buffer.is_little_endian = buffer.is_implicit_VR = True
    write_data_element(buffer, element)


def _already(dataset: Dataset, element: DataElement) -> bool:
    """Whether the data set has this element with an equal value."""
    there = element_at(dataset, element.tag)
    if there is None or element.VR in _OPAQUE_VRS:
        return False
    if is_empty(there) or is_empty(element):
        return is_empty(there) and is_empty(element)
    try:
        return bool(value_of(dataset, element.tag) == element.value)
    except (ValueError, TypeError):
        return False


def _characters(
    dataset: Dataset, header: Dataset | None, given: Mapping[str, DataElement], uid: str
) -> list[Finding]:
    """Declare a character set for new texts, or say that the source's has no room for them."""
    if header is not None and text_of(header, "SpecificCharacterSet") not in (
        "",
        text_of(dataset, "SpecificCharacterSet"),
    ):
        what = "the source's texts are in another character set; it cannot be changed"
    elif charset.needs_more(dataset, given.values()) and not charset.declare_unicode(dataset):
        what = "a new text has characters that the source's character set does not have"
    else:
        return []
    return [Finding("character-set", "error", f"(0008,0005) SpecificCharacterSet: {what}", uid)]


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
        same = had >= flaw.count and flaw.path not in given
        judged.append((flaw, same or flaw.path == _CONTOUR_DATA))
    return judged


def _added(addition: Addition, path: str, uid: str) -> Finding:
    row, module = addition.row, addition.module
    how = "written empty" if addition.empty else "derived"
    text = (
        f"{row}{_where(path, addition.count)} was missing and is {how} "
        f"(type {row.type}, {module.name} module, PS3.3 {module.section})"
    )
    return Finding("added-empty" if addition.empty else "added-derived", "info", text, uid)


def _finding(flaw: Flaw, uid: str, *, inherited: bool, strict: bool) -> Finding:
    name = f"({flaw.tag.group:04X},{flaw.tag.element:04X}) {flaw.path.rpartition('.')[2]}"
    table = f", {flaw.module.name} module, PS3.3 {flaw.module.section}" if flaw.module else ""
    if flaw.code == BAD_VALUE:
        what = f"{name}{_where(flaw.path, flaw.count)} has {flaw.detail}{table}"
    else:
        kind = flaw.code.rpartition("-")[2]
        what = f"{name}{_where(flaw.path, flaw.count)} has no value (type {kind}{table})"
    if not inherited:
        return Finding(flaw.code, "error", f"{what}; give one", uid)
    code = "inherited-value" if flaw.code == BAD_VALUE else "inherited-missing"
    return Finding(code, "error" if strict else "warning", f"{what}, as in the source", uid)


def _where(path: str, count: int) -> str:
    around = path.rpartition(".")[0]
    if not around:
        return ""
    return f" in {around}" + (f" ({count} items)" if count > 1 else "")
