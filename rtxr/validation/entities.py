"""Patients, studies and series: what all objects of one have in common (PS3.3 A.1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydicom.datadict import dictionary_VR

from rtxr.errors import Severity, Violation
from rtxr.validation.facts import ENTITIES, Facts, shared_keywords, tag
from rtxr.validation.walk import CHARACTER_SET

_FRAME = "FrameOfReferenceUID"
#: Of a series: what its objects must share, whatever modules they have (PS3.3 A.1.2.3).
_OF_SERIES = ("Modality", _FRAME, "StudyInstanceUID", "PatientID")
#: IOD whose objects have a frame of reference each, as imagers write them.
_ONE_FRAME_EACH = "RT Image"


def check(objects: Iterable[Facts]) -> Iterator[Violation]:
    """Attributes that differ between objects of one patient, study or series."""
    objects = list(objects)
    for entity, (name, modules) in ENTITIES.items():
        groups: dict[str, list[Facts]] = {}
        for each in objects:
            if uid := each.text(name):
                groups.setdefault(uid, []).append(each)
        hard = _OF_SERIES if entity == "series" else ("PatientID",) if entity == "study" else ()
        keywords = dict.fromkeys((*hard, *shared_keywords(modules)))
        for group in groups.values():
            for keyword in keywords:
                severity: Severity = "error" if keyword in hard else "warning"
                yield from _differing(group, entity, keyword, severity)


def _differing(
    group: Sequence[Facts], entity: str, keyword: str, severity: Severity
) -> Iterator[Violation]:
    """A row where one attribute has several values; at the first object that is not as most."""
    wanted, is_number = tag(keyword), dictionary_VR(keyword) in ("DS", "IS")
    values: dict[bytes | float, list[Facts]] = {}
    for each in group:
        value = each.top.values.get(wanted, b"").strip(b" \0^")
        if value:
            values.setdefault(_number(value) if is_number else value, []).append(each)
    if len(values) < 2 or _of_several_sets(values):
        return
    most, *others = sorted(values.values(), key=len, reverse=True)
    count = sum(map(len, others))
    message = (
        f"is not the same in all objects of the {entity}: {count} of {count + len(most)} are not "
        "as the others"
    )
    fix = f"write the same in all objects of the {entity}, or make it another {entity}"
    if keyword == _FRAME and {each.subject.iod_name for each in group} == {_ONE_FRAME_EACH}:
        severity, message = "warning", "is not the same in all objects of the series, all RT Images"
        fix = "nothing has to be done: imagers give each RT Image one of its own"
    yield others[0][0].subject.violation(f"{entity}-differs", severity, keyword, message, fix)


def _number(value: bytes) -> bytes | float:
    """A number however it is written."""
    try:
        return float(value)
    except ValueError:
        return value


def _of_several_sets(values: Mapping[bytes | float, Sequence[Facts]]) -> bool:
    """Whether texts are written in several character sets, so that bytes tell nothing."""
    if all(value.isascii() for value in values if isinstance(value, bytes)):
        return False
    sets = (each.top.values.get(CHARACTER_SET, b"") for some in values.values() for each in some)
    return len(set(sets)) > 1
