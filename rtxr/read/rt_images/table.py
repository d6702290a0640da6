"""The RT Images of a case as a table, each with the plan and beam that it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding
from rtxr.header_store import Record
from rtxr.keywords import describe
from rtxr.read.headers import Header, excerpt, parse
from rtxr.read.item_values import integer, items, text
from rtxr.read.part import Part
from rtxr.read.plans.plan_records import beam_items, plan_of
from rtxr.read.rt_images.facts import KEYWORDS

_TEXTS = ("RTImageLabel", "RTImageName", "RadiationMachineName", "PrimaryDosimeterUnit")
_FACTS = (*KEYWORDS, *model.TRANSLATION, model.IMAGE_NUMBERS[-1])
_BEAM = model.IMAGE_NUMBERS[0]
_PLANS, _UID = "ReferencedRTPlanSequence", "ReferencedSOPInstanceUID"
_COLUMNS = [
    *("variable", "image", "RTImageLabel", "RTImageName", *_FACTS),
    *("BeamName", "ReferencedRTPlan", "RadiationMachineName", "PrimaryDosimeterUnit"),
    *("shape", "spacing", "SOPInstanceUID"),
]


def rt_images(ds: xr.Dataset) -> pd.DataFrame:
    """RT Images of a case, one row per image (frame).

    Parameters
    ----------
    ds : Dataset
        A case.

    Returns
    -------
    DataFrame
        Columns ``variable`` and ``image`` (its place along that dimension), RTImageLabel,
        RTImageName; ``gantry_angle``, ``beam_limiting_device_angle``, ``patient_support_angle``,
        ``receptor_angle`` (degrees), ``rt_image_sid``, ``radiation_machine_sad`` (mm),
        ``beam_number``, ``fraction_number``, ``fraction_group_number`` (-1 for none),
        ``meterset`` (in PrimaryDosimeterUnit), ``kvp``, ``translation_x``, ``translation_y``,
        ``translation_z`` (mm), ``frame`` (from 1); BeamName (of the plan of the case, empty where
        it has no such beam), ReferencedRTPlan (SOPInstanceUID), RadiationMachineName,
        PrimaryDosimeterUnit, ``shape`` and ``spacing`` (y, x; mm at the receptor) and
        SOPInstanceUID. Texts are empty where the Dataset carries no headers.
    """
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    names, plan_uid = beam_names(ds), model.plan_uid(ds)
    rows = []
    for name in model.rt_image_names(ds):
        array = ds[name]
        along, dim_y, dim_x = model.rt_image_dims(name)
        shape = (array.sizes.get(dim_y, 1), array.sizes.get(dim_x, 1))
        spacing = (_step(array, dim_y), _step(array, dim_x))
        for at in range(array.sizes.get(along, 1)):
            uid = str(_at(array, model.uid_name(name), at, ""))
            facts = {each: _at(array, model.rt_image_coord(name, each), at) for each in _FACTS}
            texts, plans = _texts(records.get(uid))
            linked = plan_uid in plans or not plans
            beam = names.get(int(facts[_BEAM]), "") if linked and facts[_BEAM] >= 0 else ""
            row = {"variable": name, "image": at, **texts, **facts, "BeamName": beam}
            row |= {"ReferencedRTPlan": "\\".join(plans), "shape": shape, "spacing": spacing}
            rows.append({**row, "SOPInstanceUID": uid})
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.astype(dict.fromkeys(model.IMAGE_NUMBERS, "int64"))


def beam_names(ds: xr.Dataset) -> dict[int, str]:
    """Beam Name by Beam Number of the plan of a case; none where it has no plan with a header."""
    uid = model.plan_uid(ds)
    if not uid or not header_store.has_headers(ds) or not header_store.unpack(ds, [uid]):
        return {}
    return _beam_names(plan_of(ds))


def _beam_names(plan: pydicom.Dataset) -> dict[int, str]:
    numbered = ((integer(beam, "BeamNumber"), text(beam, "BeamName")) for beam in beam_items(plan))
    return {number: name for number, name in numbered if number is not None}


def absent_beams(plan: Header, images: Part) -> list[Finding]:
    """RT Images of a plan that name a beam which it does not have.

    Parameters
    ----------
    plan : Header
        Of the case.
    images : Part
        From :func:`rtxr.read.rt_image.read_rt_images`.
    """
    uid = plan.record.uid
    of_plan = {record.uid for record in images.records if uid in _plans(record)}
    beams: dict[str, int] = {}
    for name in images.data_vars:
        uids = images.coords[model.uid_name(name)].values
        numbers = images.coords[model.rt_image_coord(name, _BEAM)].values
        beams |= {str(at): int(n) for at, n in zip(uids, numbers, strict=True) if n >= 0}
    known = _beam_names(parse(plan.record)) if of_plan else {}
    strays = {at: n for at, n in beams.items() if at in of_plan and n not in known}
    if not strays:
        return []
    message = (
        f"{len(strays)} RT Image(s) name beam {', '.join(map(str, sorted(set(strays.values()))))} "
        f"in {describe('ReferencedBeamNumber')}, which their plan does not have"
    )
    return [Finding("rt-image-beam-absent", "warning", message, next(iter(strays)))]


def _at(array: xr.DataArray, name: str, place: int, missing: Any = np.nan) -> Any:
    """Value of a coordinate for one image; NaN, or -1 for a number, where it was dropped."""
    if name in array.coords:
        return np.atleast_1d(array.coords[name].values)[place]
    whole = any(name.startswith(each) for each in model.IMAGE_NUMBERS)
    return -1 if whole else missing


def _texts(record: Record | None) -> tuple[dict[str, str], list[str]]:
    """Texts of a header, and the plans that it names."""
    if record is None:
        return dict.fromkeys(_TEXTS, ""), []
    header = parse(record)
    return {keyword: text(header, keyword) for keyword in _TEXTS}, _plans(record)


def _plans(record: Record) -> list[str]:
    """SOPInstanceUIDs of the plans that a header names."""
    return [text(each, _UID) for each in items(excerpt(record, [_PLANS]), _PLANS)]


def _step(array: xr.DataArray, dim: str) -> float:
    """Distance of neighbouring rows or columns; NaN where there is one."""
    axis = np.atleast_1d(array.coords[dim].values) if dim in array.coords else np.empty(0)
    return round(float(np.ptp(axis)) / (len(axis) - 1), 9) if len(axis) > 1 else np.nan
