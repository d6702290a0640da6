"""Instances that objects name: whether they are here, of the right class, and of one case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydicom import uid as sop

from rtxr.catalog.lookup import listed
from rtxr.catalog.table import sop_class_name
from rtxr.errors import Severity, Violation
from rtxr.validation.facts import NUMBERS, PLANS, STRUCTURES, Facts, Reference, tag
from rtxr.validation.walk import Path

#: Sequence > SOP classes that it may name (PS3.3 C.8.8).
CLASSES: Mapping[str, tuple[str, ...]] = {
    "ReferencedRTPlanSequence": (sop.RTPlanStorage, sop.RTIonPlanStorage),
    "ReferencedStructureSetSequence": (sop.RTStructureSetStorage,),
    "ReferencedDoseSequence": (sop.RTDoseStorage,),
}
#: Sequences that name a study as if it were an instance, and classes that are no files.
_STUDIES = ("RTReferencedStudySequence", "ReferencedStudySequence")
_NO_FILES = ("1.2.840.10008.3.1.2.", "1.2.840.10008.5.1.4.32.")
#: Sequences whose instances share a frame of reference, study and patient with what names them.
_OF_ONE_CASE = (*CLASSES, "ContourImageSequence")
_SEQUENCES = {tag(name): name for name in (*CLASSES, *_STUDIES, "ContourImageSequence")}
_ROI = "ReferencedROINumber"
#: Kinds of numbers > IODs of the objects that define them.
_DEFINED_IN: Mapping[str, tuple[str, ...]] = {
    keyword: STRUCTURES if keyword == _ROI else PLANS for keyword in NUMBERS
}
#: Attribute that the objects of one case share: code, severity, what to do.
_SAME: Mapping[str, tuple[str, Severity, str]] = {
    "PatientID": ("patient-mismatch", "warning", "correct it where it is wrong"),
    "StudyInstanceUID": ("study-mismatch", "warning", "keep what belongs together in one study"),
}


@dataclass(frozen=True)
class Objects:
    """The objects of a folder, by UID.

    Parameters
    ----------
    by_uid : mapping
        SOP Instance UID > object.
    alone : bool
        Only one file was given, so that nothing it names can be here.
    """

    by_uid: Mapping[str, Facts]
    alone: bool = False

    def named_by(self, one: Facts, kinds: tuple[str, ...]) -> tuple[list[Facts], bool]:
        """Objects of some IODs that one names, directly or through those; whether all are here."""
        found: dict[str, Facts] = {}
        complete, waiting = True, [one]
        while waiting:
            for reference in waiting.pop().references:
                if _sequence(reference) not in CLASSES or reference.uid in found:
                    continue
                other = self.by_uid.get(reference.uid)
                if other is None:
                    complete = complete and _class_kind(reference) not in kinds
                    continue
                found[reference.uid] = other
                waiting.append(other)
        return [each for each in found.values() if each.subject.iod_name in kinds], complete


#: Where structure sets and contours name images, and what to do where only some are there.
_CONTOUR_IMAGES = "ContourImageSequence"
_SLICES_MISSING = (
    "look for the missing slices, on which contours are drawn; without them nothing has to be "
    "done: the contours stay where they are"
)


def check(objects: Iterable[Facts], known: Objects) -> Iterator[Violation]:
    """What is wrong with what objects name."""
    for one in objects:
        yield from _absent(one, known)
        yield from _classes(one, known)
        yield from _disagreeing(one, known)
        yield from _numbers(one, known)


def _absent(one: Facts, known: Objects) -> Iterator[Violation]:
    """Instances that are not among the files."""
    severity: Severity = "info" if known.alone else "warning"
    for path, references in _by_path(one.references).items():
        here = known.by_uid
        if _sequence(references[0]) in _STUDIES:
            continue
        absent = [
            each.uid
            for each in references
            if each.uid not in here and not each.sop_class.startswith(_NO_FILES)
        ]
        if absent:
            message = (
                f"names {len(references)} instance(s), and {len(absent)} of them are not among "
                f"these files: {listed(absent)}"
            )
            fix = "add their files if you have them; else nothing has to be done"
            if _sequence(references[0]) == _CONTOUR_IMAGES and len(absent) < len(references):
                fix = _SLICES_MISSING
            yield one.subject.violation("unresolved-reference", severity, path, message, fix)


def _classes(one: Facts, known: Objects) -> Iterator[Violation]:
    """References whose class is not that of the instance, or none that the sequence may name."""
    for path, references in _by_path(one.references).items():
        allowed = CLASSES.get(_sequence(references[0]))
        wrong = {each.sop_class for each in references if allowed and each.sop_class not in allowed}
        at = (*path[:-1], tag("ReferencedSOPClassUID"))
        fix = "write the SOP Class UID of the instance that is meant"
        if wrong:
            message = f"is {listed(sorted(wrong), sop_class_name)}, which may not be named there"
            yield one.subject.violation("wrong-reference-class", "error", at, message, fix)
        others = [
            each
            for each in references
            if each.sop_class
            and each.uid in known.by_uid
            and known.by_uid[each.uid].subject.sop_class != each.sop_class
        ]
        if others:
            true = {known.by_uid[each.uid].subject.iod_name for each in others}
            message = f"is not that of {len(others)} instance(s) named, of {listed(sorted(true))}"
            yield one.subject.violation("wrong-reference-class", "error", at, message, fix)


def _disagreeing(one: Facts, known: Objects) -> Iterator[Violation]:
    """Patients, studies and frames of reference of objects that belong to one case."""
    for references in _by_path(one.references).values():
        if _sequence(references[0]) not in _OF_ONE_CASE:
            continue
        others = [known.by_uid[each.uid] for each in references if each.uid in known.by_uid]
        for keyword, (code, severity, fix) in _SAME.items():
            own = one.text(keyword)
            apart = [each for each in others if own and each.text(keyword) not in ("", own)]
            if apart:
                message = f"is not that of {_counted(apart)} named in {_sequence(references[0])}"
                yield one.subject.violation(code, severity, keyword, message, fix)
        apart = [e for e in others if one.frames and e.frames and not one.frames & e.frames]
        if apart:
            message = f"is not that of {_counted(apart)} named in {_sequence(references[0])}"
            fix = "check that their positions fit, and correct the reference or the frame"
            code = "frame-of-reference-mismatch"
            at = "FrameOfReferenceUID"
            yield one.subject.violation(code, "warning", at, message, fix)


def _numbers(one: Facts, known: Objects) -> Iterator[Violation]:
    """Numbers that refer to nothing in the objects that define them."""
    for path, numbers in one.named.items():
        keyword = next(name for name in NUMBERS if tag(name) == path[-1])
        kinds = _DEFINED_IN[keyword]
        others, complete = known.named_by(one, kinds)
        own = one.subject.iod_name in kinds
        if not complete or not (own or others) or not all(e.whole for e in (one, *others)):
            continue
        defined = one.defined[keyword].union(*(each.defined[keyword] for each in others))
        if lacking := sorted(numbers - defined):
            where = "this object" if own else listed([each.subject.uid for each in others])
            target = NUMBERS[keyword][0].partition(".")[0]
            message = f"is {listed(lacking)}, which {target} of {where} lacks"
            fix = "correct the number, or add what it refers to"
            # A ROI may be removed after others were made with it; beams and groups may not.
            stale = keyword == _ROI and not own
            severity: Severity = "warning" if stale else "error"
            yield one.subject.violation("dangling-number", severity, path, message, fix)


def _by_path(references: Iterable[Reference]) -> dict[Path, list[Reference]]:
    """References by the path of their UID."""
    found: dict[Path, list[Reference]] = {}
    for each in references:
        found.setdefault((*each.path, tag("ReferencedSOPInstanceUID")), []).append(each)
    return found


def _sequence(reference: Reference) -> str:
    """Keyword of the sequence that holds a reference; empty for one of no interest here."""
    return _SEQUENCES.get(reference.path[-1], "")


def _class_kind(reference: Reference) -> str:
    """IOD that the sequence or class of a reference says it is of."""
    if _sequence(reference) == "ReferencedStructureSetSequence":
        return STRUCTURES[0]
    return PLANS[0] if _sequence(reference) == "ReferencedRTPlanSequence" else ""


def _counted(objects: list[Facts]) -> str:
    kinds = sorted({each.subject.iod_name for each in objects})
    return f"{len(objects)} {' and '.join(kinds)} object(s)"
