"""The DICOM file format: preamble and file meta (PS3.10 7.1), and how the bytes are encoded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom import uid as syntax
from pydicom.uid import UID

from rtxr.errors import Severity, Violation
from rtxr.iod.values.charset import unknown_terms
from rtxr.read.elements import Encoding
from rtxr.validation.encoding_rules import terms_of
from rtxr.validation.facts import tag
from rtxr.validation.opened import Opened
from rtxr.validation.subject import element_name
from rtxr.validation.walk import CHARACTER_SET, Path

#: Elements of type 1 of PS3.10 Table 7.1-1.
_META = (
    "FileMetaInformationGroupLength",
    "FileMetaInformationVersion",
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "TransferSyntaxUID",
    "ImplementationClassUID",
)
_UID = re.compile(r"(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))*")
_SAME = {"MediaStorageSOPClassUID": "SOPClassUID", "MediaStorageSOPInstanceUID": "SOPInstanceUID"}
_IMPLICIT = Encoding(explicit=False)
#: Flaws that a walk meets: code, severity, what is wrong, what to do.
_ROWS: tuple[tuple[str, Severity, str, str], ...] = (
    ("element-order", "error", "stands", "write elements in ascending order, each once"),
    ("group-length", "warning", "is not the length of its group", "leave it out: it is retired"),
    ("odd-length", "error", "has an odd number of bytes", "pad the value to an even length"),
    (
        "private-creator",
        "warning",
        "is of a private block that nobody reserved",
        "write the creator of the block, or remove the element",
    ),
    ("wrong-vr", "error", "has", "write it with the VR of the data dictionary (PS3.6)"),
    ("value-count", "error", "has", "give as many values as PS3.6 allows"),
    ("character-set", "error", "has", "declare the character set that the text is in"),
)
_FLAWS = {code: (severity, what, fix) for code, severity, what, fix in _ROWS}


def check(opened: Opened) -> Iterator[Violation]:
    """What is wrong with a file whatever it holds."""
    yield from _preamble(opened)
    yield from _meta(opened)
    yield from _syntax(opened)
    yield from _damage(opened)
    yield from _flaws(opened)
    yield from _declared(opened)
    yield from _uids(opened)


def _preamble(opened: Opened) -> Iterator[Violation]:
    if not opened.has_preamble:
        yield opened.subject.violation(
            "no-preamble",
            "error",
            "",
            "the file does not begin with 128 bytes and DICM, as PS3.10 7.1 asks",
            "write it again in the DICOM file format",
        )


def _meta(opened: Opened) -> Iterator[Violation]:
    top = opened.meta.items[0]
    for keyword in _META:
        if not top.counts.get(tag(keyword)):
            message = "has no value, and PS3.10 Table 7.1-1 asks for one"
            yield opened.subject.violation("file-meta", "error", keyword, message, "write it")
    for keyword in _META[2:]:
        uid = top.values.get(tag(keyword), b"").decode("latin-1")
        if uid and not _UID.fullmatch(uid):
            message = "is no UID: digits and dots, no number beginning with 0, at most 64"
            yield opened.subject.violation("file-meta", "error", keyword, message, "write a UID")
    for keyword, other in _SAME.items():
        said = top.values.get(tag(keyword))
        if said and said.decode("latin-1") != opened.text(other):
            message = f"is not the {other} of the data set"
            yield opened.subject.violation(
                "file-meta", "error", keyword, message, "write that of the data set"
            )


def _syntax(opened: Opened) -> Iterator[Violation]:
    """Whether the bytes are what Transfer Syntax UID says."""
    said = UID(opened.transfer_syntax)
    if not said:
        return
    problem = ""
    if not said.is_transfer_syntax:
        problem = "is none that DICOM defines"
        if said.is_private:
            return
    elif opened.encoding != _encoding(said):
        kind = "Explicit" if opened.encoding.explicit else "Implicit"
        order = "Little" if opened.encoding.little else "Big"
        problem = f"is {said.name}, and the data set is in {kind} VR {order} Endian"
    elif opened.pixels is not None and opened.pixels.encapsulated != said.is_encapsulated:
        how = "in fragments" if opened.pixels.encapsulated else "not in fragments"
        problem = f"is {said.name}, and the pixels are {how}"
    if problem:
        yield opened.subject.violation(
            "transfer-syntax", "error", "TransferSyntaxUID", problem, "write the true one"
        )


def _encoding(said: UID) -> Encoding:
    if said == syntax.ImplicitVRLittleEndian:
        return _IMPLICIT
    return Encoding(explicit=True, little=said != syntax.ExplicitVRBigEndian)


def _damage(opened: Opened) -> Iterator[Violation]:
    for walk, what in ((opened.meta, "file meta"), (opened.walk, "data set")):
        if walk.damage:
            yield opened.subject.violation(
                "damaged-header",
                "error",
                "",
                f"the {what} cannot be followed to its end: {walk.damage}",
                "get the file anew; what comes behind was not checked",
            )


def _flaws(opened: Opened) -> Iterator[Violation]:
    """What the walks met on their way."""
    for (code, path, detail), count in opened.meta.flaws.items():
        if path == (_GROUP_LENGTH,) and code == "group-length":
            message = "is not the length of the file meta"
            yield opened.subject.violation(
                "file-meta", "error", path, message, "write the true one"
            )
        else:
            yield _flaw(opened, code, path, detail, count)
    for (code, path, detail), count in opened.walk.flaws.items():
        yield _flaw(opened, code, path, detail, count)


def _flaw(opened: Opened, known: str, path: Path, detail: str, count: int) -> Violation:
    severity, what, fix = _FLAWS[known]
    times = f" ({count} times)" if count > 1 else ""
    message = f"{what} {detail}".strip() + times
    return opened.subject.violation(known, severity, path, message, fix)


_GROUP_LENGTH = tag("FileMetaInformationGroupLength")


def _declared(opened: Opened) -> Iterator[Violation]:
    """Character sets that DICOM does not define."""
    declared = opened.top.values.get(CHARACTER_SET, b"")
    for term in unknown_terms(terms_of(declared)):
        path: Path = (CHARACTER_SET,)
        message = f"is {term!r}, which PS3.3 C.12.1.1.2 does not define"
        fix = "write the term of the set that the texts are in"
        yield opened.subject.violation("character-set", "error", path, message, fix)


def _uids(opened: Opened) -> Iterator[Violation]:
    """UIDs of different things that are the same."""
    first: dict[str, str] = {}
    for keyword in _UIDS:
        value = opened.text(keyword)
        if value and value in first:
            message = f"is that of {element_name(tag(first[value]))} too"
            fix = "give each its own UID"
            yield opened.subject.violation("uid-of-two", "error", keyword, message, fix)
        first.setdefault(value, keyword)


_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
