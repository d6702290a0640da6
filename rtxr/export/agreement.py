"""What finished objects say of each other, and of their own numbers, checked as files are.

The checks are those of :func:`rtxr.validate`. What the sources said in the same way came with them;
anything else is of this export and stops it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace

from pydicom.dataset import Dataset

from rtxr.errors import Finding, Violation
from rtxr.export.kept_items import walked
from rtxr.export.objects import Outgoing
from rtxr.export.writing.files import Ready
from rtxr.iod.encoding.raw import text_of
from rtxr.model import IMAGE_NAMES
from rtxr.validation import checks, entities, references
from rtxr.validation.checks import WANTED
from rtxr.validation.facts import SOP_CLASS, SOP_INSTANCE, Facts, facts_of
from rtxr.validation.subject import Subject
from rtxr.validation.walk import Values

#: What an export says by itself, or what is nothing to it: a case need not hold all it names.
_SAID_ELSEWHERE = frozenset(("unresolved-reference", "patient-mismatch", "contour-points"))
_UID = re.compile(r"\d+(?:\.\d+){3,}")
#: Headers carry no contour data, so that nobody can count its points in them.
_NOT_IN_HEADERS = "NumberOfContourPoints"
_OF_SLICES = WANTED - {SOP_CLASS, SOP_INSTANCE}
_INHERITED_FIX = "nothing has to be done; correct it if the receiver asks for it"


def check(
    objects: Sequence[Ready],
    sources: Sequence[Outgoing],
    made: Collection[str] = (),
    *,
    strict: bool = False,
) -> list[Finding]:
    """Flaws between the objects of an export, and of numbers within each.

    Parameters
    ----------
    objects : sequence of Ready
        As they would be written.
    sources : sequence of Outgoing
        What each of them was made of.
    made : collection of str
        UIDs of objects that were never files: what names one that is not written names nothing.
    strict : bool, default: False
        Flaws that came with the sources are violations too.

    Returns
    -------
    list of Finding
        New ones with the severity that :func:`rtxr.validate` gives them; an error that the sources
        had in the same way is a warning unless ``strict``.
    """
    found = list(_rows((each.dataset for each in objects), frozenset(made)))
    if not found:
        return []
    # What was made of several files, such as RT Images of a template, says what these asked for.
    sourced = (each for each in sources if not each.is_made or each.is_composed)
    files = [each.header for each in sourced if each.header is not None]
    known = {_key(row) for row in _rows(files)}
    from_files = {
        text_of(each.dataset, "SOPInstanceUID")
        for each, source in zip(objects, sources, strict=True)
        if not source.is_made
    }
    return [
        row
        if row.severity != "error" or not _is_inherited(row, known, from_files)
        else _inherited(row, strict=strict)
        for row in found
    ]


def _rows(objects: Iterable[Dataset], made: Set[str] = frozenset()) -> Iterator[Violation]:
    """All flaws of some objects as one folder."""
    facts: list[Facts] = []
    for each in objects:
        uid, sop_class = text_of(each, "SOPInstanceUID"), text_of(each, "SOPClassUID")
        subject = Subject("", uid, sop_class)
        walk = _walk(each)
        facts.append(facts_of(subject, walk))
        yield from _told(checks.check(subject, walk.items))
    known = references.Objects({each.subject.uid: each for each in facts})
    yield from _told(entities.check(facts))
    yield from _told(references.check(facts, known))
    gone = made - known.by_uid.keys()
    for one in facts if gone else ():
        yield from _naming(one, gone)


def _naming(one: Facts, gone: Set[str]) -> Iterator[Violation]:
    """References to objects that are nowhere."""
    for path in dict.fromkeys(each.path for each in one.references if each.uid in gone):
        message = "names what was made in memory and is not written, so that nobody has it"
        fix = "leave what it names in the Dataset, so that it is written too"
        yield one.subject.violation(
            "unresolved-reference", "warning", (*path, SOP_INSTANCE), message, fix
        )


def _walk(dataset: Dataset) -> Values:
    """A walk over an object; of a slice over its outermost elements, which are all that counts."""
    if text_of(dataset, "Modality") in IMAGE_NAMES:
        top = Dataset()
        top._dict = {tag: each for tag, each in dataset._dict.items() if tag in _OF_SLICES}
        dataset = top
    return walked(dataset)


def _told(rows: Iterable[Violation]) -> Iterator[Violation]:
    return (row for row in rows if row.code not in _SAID_ELSEWHERE)


def _key(row: Violation) -> tuple[str, ...]:
    """What is wrong, whatever UIDs the objects have."""
    return row.code, row.iod, row.attribute, _UID.sub("", row.message)


def _is_inherited(row: Violation, known: set[tuple[str, ...]], from_files: Iterable[str]) -> bool:
    if _NOT_IN_HEADERS in row.attribute and row.uid in from_files:
        return True
    return _key(row) in known


def _inherited(row: Violation, *, strict: bool) -> Violation:
    message = f"{row.message}, as in the source"
    if strict:
        return replace(row, message=message)
    return replace(row, severity="warning", message=message, fix=_INHERITED_FIX)
