"""What a dose changed in memory says it is: its attrs count, not the header it came with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pydicom
import xarray as xr
from pydicom.uid import RTPlanStorage

from rtxr import model
from rtxr.errors import Finding
from rtxr.export.objects import Records, source_of
from rtxr.iod.encoding.raw import text_of
from rtxr.iod.rt_dose import RT_DOSE
from rtxr.iod.values.allowed import ENUMERATED
from rtxr.iod.violations import of_attribute
from rtxr.validation.plausible import TERMS

_SUMMATION = "DoseSummationType"
_KEYWORDS = ("DoseType", _SUMMATION, "DoseComment")
_COMMENT_LENGTH = 64  # VR LO

Triple = tuple[str, int | None, int | None]


def kind_values(
    array: xr.DataArray, header: pydicom.Dataset | None, records: Records
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Type, summation, unit and references of a dose where its attrs differ from the header.

    Parameters
    ----------
    array : DataArray
        A dose; attrs that are not there leave what the header says.
    header : pydicom.Dataset or None
        Its own, or a sister's.
    records : mapping of UID to Record
        For the SOP Class of plans.

    Returns
    -------
    values : dict
        By keyword.
    findings : tuple of Finding
        A violation where it is the dose of something that the Standard has no word for.
    """
    stated = {keyword: str(array.attrs.get(keyword, "")) for keyword in _KEYWORDS}
    stated["DoseComment"] = stated["DoseComment"][:_COMMENT_LENGTH]
    values: dict[str, Any] = {
        keyword: text
        for keyword, text in stated.items()
        if text and text != text_of(header, keyword)
    }
    values |= _units(array, header)
    kind = values.get("DoseSummationType", "")
    if kind and kind not in TERMS[_SUMMATION]:
        message = (
            f"(3004,000A) DoseSummationType of {array.name!r} is {kind!r}, for which the Standard "
            "has no word"
        )
        fix = (
            f"say what it is with ds[{str(array.name)!r}].attrs['DoseSummationType']: "
            + ", ".join(sorted(TERMS[_SUMMATION]))
        )
        found = of_attribute("dose-summation-type", message, "", RT_DOSE, "DoseSummationType", fix)
        return values, (found,)
    return values | _references(array.attrs, values, header, records), ()


def _units(array: xr.DataArray, header: pydicom.Dataset | None) -> dict[str, Any]:
    stated, own = str(array.attrs.get("DoseUnits", "")), text_of(header, "DoseUnits")
    differ = stated in ENUMERATED["DoseUnits"] and own in ENUMERATED["DoseUnits"]
    return {"DoseUnits": stated} if differ and stated != own else {}


def _references(
    attrs: Mapping[Any, Any],
    values: Mapping[str, Any],
    header: pydicom.Dataset | None,
    records: Records,
) -> dict[str, Any]:
    """Referenced RT Plan Sequence where the dose is one of other things than the header says."""
    own = _triples(header)
    wanted = own
    if stated := attrs.get(model.DOSE_REFERENCES_ATTR):
        wanted = [(str(plan), group, beam) for plan, group, beam in json.loads(stated) if plan]
    elif "DoseSummationType" in values:
        wanted = [(plan, None, None) for plan in dict.fromkeys(each[0] for each in own)]
    if wanted == own or not wanted:
        return {}
    plans = dict.fromkeys(each[0] for each in wanted)
    return {"ReferencedRTPlanSequence": [_plan(uid, wanted, header, records) for uid in plans]}


def _items(header: pydicom.Dataset | None) -> list[pydicom.Dataset]:
    return [] if header is None else list(header.get("ReferencedRTPlanSequence") or [])


def _triples(header: pydicom.Dataset | None) -> list[Triple]:
    found: list[Triple] = []
    for plan in _items(header):
        uid = str(plan.get("ReferencedSOPInstanceUID", ""))
        groups = plan.get("ReferencedFractionGroupSequence") or []
        found += [] if groups else [(uid, None, None)]
        for group in groups:
            number = int(group.get("ReferencedFractionGroupNumber") or 0)
            beams = group.get("ReferencedBeamSequence") or []
            found += [(uid, number, int(each.get("ReferencedBeamNumber") or 0)) for each in beams]
            found += [] if beams else [(uid, number, None)]
    return found


def _plan(
    uid: str, wanted: list[Triple], header: pydicom.Dataset | None, records: Records
) -> pydicom.Dataset:
    """Item of a plan with the fraction groups and beams that the dose is of."""
    _, plan = source_of(records, uid)
    named = [
        text_of(each, "ReferencedSOPClassUID")
        for each in _items(header)
        if text_of(each, "ReferencedSOPInstanceUID") == uid
    ]
    item = pydicom.Dataset()
    item.ReferencedSOPClassUID = text_of(plan, "SOPClassUID") or next(
        filter(None, named), str(RTPlanStorage)
    )
    item.ReferencedSOPInstanceUID = uid
    groups = dict.fromkeys(group for plan_uid, group, _ in wanted if plan_uid == uid)
    groups.pop(None, None)
    if groups:
        item.ReferencedFractionGroupSequence = [
            _group(group, [each[2] for each in wanted if each[:2] == (uid, group)])
            for group in groups
            if group is not None
        ]
    return item


def _group(number: int, beams: list[int | None]) -> pydicom.Dataset:
    group = pydicom.Dataset()
    group.ReferencedFractionGroupNumber = number
    named = [beam for beam in beams if beam is not None]
    if named:
        group.ReferencedBeamSequence = []
        for beam in named:
            item = pydicom.Dataset()
            item.ReferencedBeamNumber = beam
            group.ReferencedBeamSequence.append(item)
    return group
