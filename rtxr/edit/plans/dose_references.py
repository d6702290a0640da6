"""Which doses of a case are doses of its plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import xarray as xr

from rtxr import header_store, model
from rtxr.edit.structures.rows import with_findings
from rtxr.errors import ConflictingDataError, Finding, UnknownNameError, did_you_mean
from rtxr.iod.rt_dose import OF_FRACTIONS
from rtxr.read.rt_dose import references
from rtxr.read.rt_plan import beams, fraction_groups

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
    plan = model.plan_uid(ds)
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


def require_doses(ds: xr.Dataset, doses: str | Sequence[str] | None) -> list[str]:
    """Names of doses that were asked for.

    Raises
    ------
    UnknownNameError
        The case has no such dose.
    """
    names = [doses] if isinstance(doses, str) else list(doses or ())
    for name in names:
        if name not in model.dose_names(ds):
            raise UnknownNameError(
                f"doses={name!r}: the case has no such dose; "
                f"{did_you_mean(name, model.dose_names(ds))}"
            )
    return names


def with_doses(ds: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The case, some of its doses being doses of its plan, whatever they referred to before.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    names : sequence of str
        Dose variables. One that is of fraction groups or beams is of those of the same number.

    Raises
    ------
    ConflictingDataError
        A dose is of a fraction group or beam that the plan does not have.
    """
    plan = model.plan_uid(ds)
    changed = {}
    for name in names:
        before = references(ds, name)
        parts = {(group, beam) for _, group, beam in before} or {(None, None)}
        _require_parts(ds, name, parts)
        array = ds[name].copy(deep=False)
        of = [(plan, group, beam) for group, beam in sorted(parts, key=str)]
        array.attrs = {**array.attrs, model.DOSE_REFERENCES_ATTR: json.dumps(of)}
        changed[name] = array
    return ds.assign(changed)


def noticed(ds: xr.Dataset) -> xr.Dataset:
    """The case with a Finding for each dose that is of another plan than its own."""
    plan = model.plan_uid(ds)
    found = []
    for name in model.dose_names(ds):
        named = {uid for uid, _, _ in references(ds, name)}
        if named and plan not in named:
            text = (
                f"{name!r} names another plan than the one of the case, and is not its dose; if it "
                f"is, say so: ds.rt.add_plan(..., doses={name!r})"
            )
            uid = str(ds[model.uid_name(name)].values) if model.uid_name(name) in ds.coords else ""
            found.append(Finding("dose-of-another-plan", "warning", text, uid))
    return with_findings(ds, [*model.findings_of(ds), *found]) if found else ds


def _require_parts(ds: xr.Dataset, name: str, parts: set[tuple[int | None, int | None]]) -> None:
    """Raise where the plan lacks a fraction group or a beam that a dose is of."""
    if parts == {(None, None)}:
        return
    known = {
        "fraction group": set(fraction_groups(ds)["FractionGroupNumber"].tolist()),
        "beam": set(beams(ds)["BeamNumber"].tolist()),
    }
    for at, (what, numbers) in enumerate(known.items()):
        lacking = {part[at] for part in parts} - numbers - {None}
        if lacking:
            raise ConflictingDataError(
                f"{name!r} is of {what} {sorted(map(str, lacking))} and the plan has "
                f"{sorted(map(str, numbers))}: give the plan the same numbers, or leave "
                f"{name!r} out of doses="
            )


def _was_file(ds: xr.Dataset, name: str) -> bool:
    uid = ds.coords.get(model.uid_name(name))
    if uid is None or not header_store.has_headers(ds):
        return False
    return any(each.path for each in header_store.unpack(ds, [str(uid.values)]).values())


def _numbers(beams: Any) -> list[int | None]:
    if beams is None:
        return [None]
    return [int(each) for each in (beams if isinstance(beams, list | tuple) else [beams])]
