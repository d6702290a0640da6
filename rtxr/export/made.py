"""Objects that were never files: what they take from each other, and from what the caller said.

Their headers hold facts that a caller gave, so that all their violations are the caller's to mend.
They share patient and study, the plan names the structure set, a dose its plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pydicom
from pydicom.uid import generate_uid

from rtxr.export.objects import PLAN, STRUCTURE_SET, Outgoing
from rtxr.export.overrides import Overrides
from rtxr.iod import provenance, rt_plan
from rtxr.iod.encoding.raw import duplicate, item, items_of, make, put, text_of, values_of
from rtxr.iod.rt_dose import OF_PLAN
from rtxr.iod.tables import IODS
from rtxr.iod.values.allowed import flaw
from rtxr.model import DOSE_NAME, IMAGE_NAMES

_POSITION, _PLANS = "PatientPosition", "ReferencedRTPlanSequence"
_KIND = "DoseSummationType"


def linked(objects: Sequence[Outgoing], asked: Overrides, plan_uid: str = "") -> list[Outgoing]:
    """The objects of an export, those that were never files with what the others tell.

    Parameters
    ----------
    objects : sequence of Outgoing
        All of them.
    asked : Overrides
        What the caller says at export.
    plan_uid : str, optional
        Plan of the case, which may be elsewhere.
    """
    shared = _patient_and_study(objects)
    position = _position(objects, asked)
    found = []
    for each in objects:
        if not each.is_made:
            found.append(each)
            continue
        values = dict(each.values)
        if each.header is None:
            values = {**shared, **values}
        elif not text_of(each.header, "StudyInstanceUID"):
            values = {"StudyInstanceUID": shared["StudyInstanceUID"], **values}
        if each.variable == PLAN and each.header is not None:
            values |= _of_plan(each.header, objects, position)
        if DOSE_NAME.fullmatch(each.variable):
            kind = asked.given(each).get(_KIND) or values.get(_KIND) or text_of(each.header, _KIND)
            values |= _of_dose(each, objects, plan_uid, str(kind or "PLAN"))
        found.append(replace(each, values=values))
    return found


def _patient_and_study(objects: Sequence[Outgoing]) -> dict[str, Any]:
    """Patient and study of the first object that says them; else a new study."""
    shared = {"StudyInstanceUID": str(generate_uid(prefix=None))}
    named = (each.header for each in objects if text_of(each.header, "StudyInstanceUID"))
    header = next(named, None)
    if header is None:
        return shared
    theirs = provenance.same_patient_and_study(header)
    sound = {each.keyword for each in theirs if not flaw(each)}
    return shared | {key: value for key, value in values_of(theirs).items() if key in sound}


def _position(objects: Sequence[Outgoing], asked: Overrides) -> object:
    """Patient Position (0018,5100) that the caller says, of the images too, or the images do."""
    images = [each for each in objects if each.variable in IMAGE_NAMES.values()]
    given = (asked.given(each).get(_POSITION) for each in images)
    said = (text_of(each.header, _POSITION) for each in images)
    return next(filter(None, (*given, asked.everywhere.get(_POSITION), *said)), "")


def _of_plan(
    header: pydicom.Dataset, objects: Sequence[Outgoing], position: object
) -> dict[str, Any]:
    """Structure set of a plan, and its patient setup where the position is known."""
    keys = [each.key for each in objects if each.variable == STRUCTURE_SET]
    values = rt_plan.values(header, structure_set_uid=next(iter(keys), ""))
    if position and not items_of(header, "PatientSetupSequence"):
        values["PatientSetupSequence"] = [item(PatientSetupNumber=1, PatientPosition=position)]
        beams = [duplicate(beam) for beam in items_of(header, "BeamSequence")]
        for beam in beams:
            put(beam, make("ReferencedPatientSetupNumber", 1))
        values |= {"BeamSequence": beams} if beams else {}
    return values


def _of_dose(
    each: Outgoing, objects: Sequence[Outgoing], plan_uid: str, kind: str
) -> dict[str, Any]:
    """Plan of a dose that says none, where its kind asks for one and the case has one."""
    stated = _PLANS in each.values or (each.header is not None and _PLANS in each.header)
    if stated or not plan_uid or kind not in OF_PLAN:
        return {}
    classes = (other.iod.sop_class_uid for other in objects if other.variable == PLAN)
    sop_class = next(classes, IODS["RTPLAN"].sop_class_uid)
    return {_PLANS: [item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=plan_uid)]}
