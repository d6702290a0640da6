"""A beam taken out of the plan, and out of everything that refers to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from rtxr import header_store, model
from rtxr.edit.plans.edited_plan import plan_to_edit, with_plan
from rtxr.errors import ConflictingDataError, Finding
from rtxr.iod.encoding.raw import items_of, numbers_of, text_of
from rtxr.iod.items.beam_references import without_beam
from rtxr.iod.items.restated import BEAMS, put_items, sequence_of
from rtxr.read.headers import parse
from rtxr.read.plans.plan_records import chosen_beams, planned
from rtxr.read.rt_dose import references

_PLANS = "ReferencedRTPlanSequence"


def remove_beam(ds: xr.Dataset, beam: int | str | Sequence[int | str]) -> xr.Dataset:
    """Remove beams from the plan, and everything that refers to them.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int, str or sequence of them
        BeamNumber or BeamName.

    Returns
    -------
    Dataset
        The plan without the beams, and without what its fraction groups say of them; doses and
        RT Images that name one of them are left out, and a Finding says which. Other doses keep
        their values. Numbers of the other beams stay, as do tolerance tables, patient setups and
        dose references. For the plan see :func:`~rtxr.edit.plans.edits.with_control_points`.

    Raises
    ------
    ConflictingDataError
        No beam would be left.
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam; the message shows the nearest.
    """
    there = planned(ds).beams
    asked = [beam] if isinstance(beam, int | str | np.integer) else list(beam)
    going = {id(found) for each in asked for found in chosen_beams(there, each)}
    kept = [each for each in there if id(each) not in going]
    if not going:
        return ds
    if not kept:
        raise ConflictingDataError(
            "no beam would be left; ds.drop_vars('plan_uid') leaves the plan out"
        )
    staying = {each.number for each in kept}
    gone = [each.number for each in there if id(each) in going]
    plan = plan_to_edit(ds)
    keyword, beams = sequence_of(plan, BEAMS)
    left = [item for item, each in zip(beams, there, strict=True) if id(each) not in going]
    put_items(plan, keyword, left)
    numbers = {number for number in gone if number is not None} - staying
    for number in numbers:
        without_beam(plan, number)
    what = f"beams were removed: {', '.join(map(str, gone))}"
    uid = model.plan_uid(ds)
    made, findings = _without_doses(ds, uid, numbers)
    made, more = _without_rt_images(made, uid, numbers)
    return with_plan(made, plan, what, [*findings, *more])


def _without_doses(
    ds: xr.Dataset, plan_uid: str, numbers: set[int]
) -> tuple[xr.Dataset, list[Finding]]:
    """The case without doses of these beams: what is left of one cannot be told."""
    leaving = [
        name
        for name in model.dose_names(ds)
        if any(plan == plan_uid and beam in numbers for plan, _, beam in references(ds, name))
    ]
    if not leaving:
        return ds, []
    uids = [model.uid_name(name) for name in leaving if model.uid_name(name) in ds.coords]
    text = f"{', '.join(leaving)}: left out, being the dose of a beam that was removed"
    left = ds.drop_vars([*leaving, *uids])
    return left, [Finding("removed-with-beam", "info", text)]


def _without_rt_images(
    ds: xr.Dataset, plan_uid: str, numbers: set[int]
) -> tuple[xr.Dataset, list[Finding]]:
    """The case without RT Images of these beams."""
    findings = []
    records = header_store.unpack(ds) if header_store.has_headers(ds) else {}
    for name in model.rt_image_names(ds):
        uid_name = model.uid_name(name)
        if uid_name not in ds.coords:
            continue
        uids = [str(uid) for uid in np.atleast_1d(ds[uid_name].values)]
        stays = [uid not in records or not _shows(records[uid], plan_uid, numbers) for uid in uids]
        if all(stays):
            continue
        dim = model.rt_image_dims(name)[0]
        if any(stays) and dim in ds.dims:
            ds = ds.isel({dim: np.flatnonzero(stays)})
        else:
            ds = ds.drop_vars([name, *_along(ds, dim, uid_name)])
        text = (
            f"{stays.count(False)} image(s) of {name} left out: they show a beam that was removed"
        )
        findings.append(Finding("removed-with-beam", "info", text))
    return ds, findings


def _along(ds: xr.Dataset, dim: str, uid_name: str) -> list[str]:
    """Coordinates of the images only."""
    own = [str(name) for name, each in ds.coords.items() if dim in each.dims]
    return list(dict.fromkeys([*own, uid_name]))


def _shows(record: header_store.Record, plan_uid: str, numbers: set[int]) -> bool:
    header = parse(record)
    plans = [text_of(each, "ReferencedSOPInstanceUID") for each in items_of(header, _PLANS)]
    beams = numbers_of(header, "ReferencedBeamNumber")
    return plan_uid in plans and any(number in numbers for number in beams)
