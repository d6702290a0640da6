"""Sums of the doses of a case, named by what its plan makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.doses import dose_sum
from rtxr.analysis.doses.dose_choice import KIND, doses_of
from rtxr.analysis.doses.dose_kinds import Planned, Reference
from rtxr.analysis.grids import frames
from rtxr.errors import ConflictingDataError, MissingDataError
from rtxr.read import rt_dose
from rtxr.read.plans import prescriptions


def sum_doses(
    ds: xr.Dataset,
    doses: str | Sequence[str] | None = None,
    *,
    weights: Sequence[float] | None = None,
    grid: frames.GridLike | None = None,
    outside: dose_sum.Outside = "nan",
    allow: dose_sum.Allowed | Sequence[dose_sum.Allowed] = (),
) -> xr.DataArray:
    """Sum of doses of a case, each times a weight; of several cases: :func:`rtxr.sum_doses`.

    Parameters
    ----------
    ds : Dataset
        A case with doses.
    doses : str or sequence of str, optional
        Names of doses, or a DoseSummationType such as ``"BEAM"`` for all of that kind. By default
        all doses, if they are of one kind.
    weights : sequence of float, optional
        One per dose, such as the number of fractions of a dose per fraction; 1 by default.
    grid : str, DataArray, Grid or "finest", optional
        Where the sum is wanted: ``"image"``, a variable's name, an array on the grid, a Grid, or
        the finest of the doses'; by default the grid of the first of them.
    outside : {"nan", "zero"}, default: "nan"
        What a dose is outside its outermost voxel centres: NaN, and so is the sum; or nothing.
        Either is a Finding that says the fraction of the grid.
    allow : {"relative", "types", "frames"} or several of them, optional
        What is refused otherwise, as in :func:`rtxr.sum_doses`.

    Returns
    -------
    DataArray of float64
        As :func:`rtxr.sum_doses` makes it. Its DoseSummationType is PLAN only where the plan's
        fraction groups say that the doses are all there is: every beam with a meterset of every
        group, each once.

    Raises
    ------
    ConflictingDataError
        Units, types or frames of reference that are not allowed; doses of several kinds and no
        word which are meant.
    MissingDataError
        The Dataset has no such dose, or none of the kind.
    """
    names = _names(ds, doses)
    if isinstance(grid, str) and grid != "finest":
        grid = frames.grid_like(ds, grid)
    return dose_sum.summed(
        [ds[name] for name in names],
        weights=weights,
        grid=grid,
        outside=outside,
        allow=allow,
        references=[references(ds, name) for name in names],
        plans=plans(ds),
    )


def _names(ds: xr.Dataset, asked: str | Sequence[str] | None) -> list[str]:
    """Doses that are meant."""
    kinds = {name: str(ds[name].attrs.get(KIND, "")) for name in model.dose_names(ds)}
    if not kinds:
        raise MissingDataError("this Dataset has no dose to sum")
    if asked is None:
        if len(set(kinds.values())) > 1:
            listed = ", ".join(f"{name} is {kind or 'untyped'}" for name, kind in kinds.items())
            raise ConflictingDataError(
                f"the doses are of several kinds ({listed}), of which some may hold others; name "
                "those that are meant, or their kind: ds.rt.sum_doses('BEAM')"
            )
        return list(kinds)
    given = [asked] if isinstance(asked, str) else asked
    return [dose.variable or dose.name for each in given for dose in doses_of(ds, each)[0]]


def references(ds: xr.Dataset, name: str) -> tuple[Reference, ...]:
    """What a dose of a case is a dose of; the plan of the case where it does not say."""
    found = rt_dose.references(ds, name)
    if found:
        return tuple(Reference(*each) for each in found)
    return (Reference(model.plan_uid(ds)),)


def plans(ds: xr.Dataset) -> dict[str, Planned]:
    """What the plan of a case delivers, by its UID; empty without a plan."""
    try:
        groups = prescriptions.fraction_groups(ds)
    except MissingDataError:
        return {}
    return {model.plan_uid(ds): planned(groups)}


def planned(groups: pd.DataFrame) -> Planned:
    """What the rows of :func:`rtxr.read.plans.prescriptions.fraction_groups` deliver."""
    treats = groups["TreatmentDeliveryType"].fillna("").isin(["", "TREATMENT", "CONTINUATION"])
    delivers = treats & (groups["BeamMeterset"].fillna(np.inf) > 0)
    used = groups[delivers & groups["ReferencedBeamNumber"].notna()]
    setups = groups["ReferencedBrachyApplicationSetupNumber"].notna()
    pairs = zip(used["FractionGroupNumber"].fillna(0), used["ReferencedBeamNumber"], strict=True)
    counts = zip(groups["FractionGroupNumber"], groups["NumberOfFractionsPlanned"], strict=True)
    return Planned(
        fractions={
            int(group): None if pd.isna(count) else int(count)
            for group, count in counts
            if not pd.isna(group)
        },
        beams=frozenset((int(group), int(beam)) for group, beam in pairs),
        complete=not setups.any(),
    )
