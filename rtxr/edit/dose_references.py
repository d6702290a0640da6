"""What doses that were never files are doses of."""

from __future__ import annotations

import json
from typing import Any

import xarray as xr

from rtxr import header_store, model
from rtxr.iod.rt_dose import OF_FRACTIONS
from rtxr.read.rt_dose import references

#: Attributes by which a dose that is given says what part of the plan it is of.
GROUP, BEAM = "ReferencedFractionGroupNumber", "ReferencedBeamNumber"


def doses_of_plan(ds: xr.Dataset) -> xr.Dataset:
    """The case, its doses that were never files and say no plan being doses of its plan.

    Parameters
    ----------
    ds : Dataset
        A case. Attributes ReferencedFractionGroupNumber (1 where its kind asks for one) and
        ReferencedBeamNumber (one or several) of a dose say what part of the plan it is of.
    """
    if model.PLAN_UID not in ds.coords:
        return ds
    plan = str(ds[model.PLAN_UID].values)
    changed = {}
    for name in model.dose_names(ds):
        if _was_file(ds, name) or any(uid for uid, _, _ in references(ds, name)):
            continue
        array = ds[name].copy(deep=False)
        attrs = dict(array.attrs)
        beams = attrs.pop(BEAM, None)
        in_group = beams is not None or attrs.get("DoseSummationType") in OF_FRACTIONS
        group = attrs.pop(GROUP, 1 if in_group else None)
        of = [(plan, None if group is None else int(group), beam) for beam in _numbers(beams)]
        array.attrs = {**attrs, model.DOSE_REFERENCES_ATTR: json.dumps(of)}
        changed[name] = array
    return ds.assign(changed)


def _was_file(ds: xr.Dataset, name: str) -> bool:
    uid = ds.coords.get(model.uid_name(name))
    if uid is None or not header_store.has_headers(ds):
        return False
    return any(each.path for each in header_store.unpack(ds, [str(uid.values)]).values())


def _numbers(beams: Any) -> list[int | None]:
    if beams is None:
        return [None]
    return [int(each) for each in (beams if isinstance(beams, list | tuple) else [beams])]
