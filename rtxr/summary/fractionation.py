"""BED and EQD2 of the doses of a case: how many fractions its plan gives, which tissue is where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses import biological_dose
from rtxr.analysis.doses.biological_dose import EFFECT_ATTR, MADE_ATTR
from rtxr.analysis.doses.dose_choice import require_no_dataset
from rtxr.analysis.doses.dose_kinds import Planned, Reference
from rtxr.analysis.doses.dose_sum import references_of
from rtxr.analysis.structures import masks
from rtxr.errors import (
    ConflictingDataError,
    Finding,
    MissingDataError,
    RTXRError,
    UnknownNameError,
    above_0,
)
from rtxr.geometry import Grid
from rtxr.summary import plan_sums

#: Alpha/beta, Gy: of all tissue, by ROI (``"default"`` is the rest), or a map.
AlphaBeta = float | Mapping[Any, float] | xr.DataArray
_DEFAULT = "default"
#: Dose Summation Types of what is given at once.
_ONE_FRACTION = frozenset({"FRACTION_SESSION", "BEAM_SESSION", "BRACHY_SESSION", "CONTROL_POINT"})
#: Of which the fractions are those of a fraction group, or of the only one of the plan.
_OF_A_GROUP = frozenset({"", "PLAN", "FRACTION", "BEAM", "BRACHY"})
#: Parts of what tissue gets in a fraction; their effects do not add up.
_PARTS = frozenset({"BEAM", "BRACHY", "BEAM_SESSION", "BRACHY_SESSION", "CONTROL_POINT"})
_GIVE = "; give fractions=..."


def bed(
    ds: xr.Dataset,
    alpha_beta: AlphaBeta,
    *,
    fractions: float | None = None,
    dose: str | xr.DataArray = model.DOSE,
    effective: bool = False,
) -> xr.DataArray:
    """Biologically effective dose, D (1 + (D/n) / (a/b)), of a dose given in n equal fractions.

    Parameters
    ----------
    ds : Dataset
        A case with a dose.
    alpha_beta : float, mapping or DataArray
        Gy. A number for all tissue; by ROI, ``{"SpinalCord": 2, "PTV": 10, "default": 3}``, where
        a voxel is of the ROI that its centre is inside, of several the one that comes first in
        the mapping (a Finding tells the volume), and NaN where none is and there is no
        ``"default"``; or a map, trilinear on the grid of the dose. Voxels across the outline of a
        ROI have another ratio, which its DVH feels at the edge: for the DVH of one ROI give its
        number.
    fractions : float, optional
        n. By default what the plan says of the fraction group of the dose: FRACTION and BEAM
        doses name it, and a PLAN dose is of the plan's only one. Doses of a session
        (FRACTION_SESSION, BEAM_SESSION) are of one fraction.
    dose : str or DataArray, default: "dose"
        Which dose, in Gy: a variable's name, or an array on any grid.
    effective : bool, default: False
        Take a dose of DoseType EFFECTIVE too, which is weighted already.

    Returns
    -------
    DataArray
        On the grid of the dose, in Gy, with DoseType EFFECTIVE: ``ds.assign(dose=...)`` or
        ``ds.rt.dvh(dose=...)`` take it, and an export says EFFECTIVE. ``attrs["made"]`` is how it
        was made; ``.rt.findings`` says what was noticed.

    Raises
    ------
    ConflictingDataError
        The dose is not in Gy, an error, or EFFECTIVE and that was not told; the plan has several
        fraction groups and the dose is of them all.
    MissingDataError
        No such dose, or neither the plan nor the caller say how many fractions there are.
    RTXRError
        Alpha/beta or fractions are not above 0.
    UnknownNameError
        No such ROI.

    Notes
    -----
    Effects of several plans (or fraction groups) add up where each is taken with its own number of
    fractions: ``rtxr.sum_doses([one.rt.eqd2(3), two.rt.eqd2(3)])``. Those of the beams of one
    fraction do not: sum the beams first, ``ds.rt.bed(3, dose=ds.rt.sum_doses("BEAM"))``. The
    formula and its limits are in :mod:`rtxr.analysis.doses.biological_dose`.
    """
    return _converted(ds, "bed", alpha_beta, fractions, dose, effective)


def eqd2(
    ds: xr.Dataset,
    alpha_beta: AlphaBeta,
    *,
    fractions: float | None = None,
    dose: str | xr.DataArray = model.DOSE,
    effective: bool = False,
) -> xr.DataArray:
    """Equivalent dose in fractions of 2 Gy, D (D/n + a/b) / (2 + a/b).

    Parameters, result and errors are those of :func:`bed`.

    Parameters
    ----------
    ds : Dataset
        A case with a dose.
    alpha_beta : float, mapping or DataArray
        Gy; of all tissue, by ROI with ``"default"`` for the rest, or a map.
    fractions : float, optional
        n; by default what the plan says of the fraction group of the dose.
    dose : str or DataArray, default: "dose"
        Which dose, in Gy.
    effective : bool, default: False
        Take a dose of DoseType EFFECTIVE too, which is weighted already.
    """
    return _converted(ds, "eqd2", alpha_beta, fractions, dose, effective)


def _converted(
    ds: xr.Dataset,
    kind: str,
    alpha_beta: AlphaBeta,
    fractions: float | None,
    dose: str | xr.DataArray,
    effective: bool,
) -> xr.DataArray:
    array, references = _dose(ds, dose)
    count = _fractions(ds, array, references) if fractions is None else fractions
    findings = _part_findings(array, count, kind)
    told = ""
    if isinstance(alpha_beta, Mapping):
        by_roi = alpha_beta
        alpha_beta, more = alpha_beta_map(ds, by_roi, model.grid_of(array))
        findings += more
        told = ", ".join(f"{value:g} Gy {key}" for key, value in by_roi.items())
    function = biological_dose.bed if kind == "bed" else biological_dose.eqd2
    found = function(array, alpha_beta, count, effective=effective)
    found.attrs[model.FINDINGS_ATTR] = model.findings_to_json(findings)
    if told:
        for name in (MADE_ATTR, EFFECT_ATTR):
            found.attrs[name] += f" ({told})"
    return found


def _dose(ds: xr.Dataset, dose: str | xr.DataArray) -> tuple[xr.DataArray, tuple[Reference, ...]]:
    """The dose, and what it is a dose of; an array with the UID of a dose of the case is that."""
    if isinstance(dose, xr.DataArray):
        uid, name = model.uid_name(str(dose.name)), str(dose.name)
        known = {model.DOSE_REFERENCES_ATTR} & dose.attrs.keys()
        both = name in ds.data_vars and uid in dose.coords and uid in ds.coords
        if not known and both and str(ds[uid].values) == str(dose[uid].values):
            return dose, plan_sums.references(ds, name)
        return dose, references_of(dose)
    require_no_dataset(dose)
    if not isinstance(dose, str):
        raise RTXRError(
            f"dose={type(dose).__name__} is no dose: give the name of a variable, or a DataArray "
            "with a grid, such as ds.dose"
        )
    if dose not in ds.data_vars:
        raise UnknownNameError(
            f"no dose {dose!r}; this Dataset has {', '.join(model.dose_names(ds)) or 'none'}"
        )
    return ds[dose], plan_sums.references(ds, dose)


def _fractions(ds: xr.Dataset, array: xr.DataArray, references: tuple[Reference, ...]) -> float:
    """Number of equal fractions in which a dose was given, as the plan says it."""
    kind = str(array.attrs.get("DoseSummationType", "")).upper()
    if kind in _ONE_FRACTION:
        return 1
    if kind not in _OF_A_GROUP:
        raise ConflictingDataError(
            f"(3004,000A) DoseSummationType is {kind!r}: a dose of several plans, or of no known "
            "part of one, has no number of fractions; take the effect of each plan with its own "
            "and sum them, rtxr.sum_doses([one.rt.eqd2(3), two.rt.eqd2(3)])" + _GIVE
        )
    plans = plan_sums.plans(ds)
    if not plans:
        raise MissingDataError("this Dataset has no plan to say how many fractions" + _GIVE)
    ((plan, planned),) = plans.items()
    others = {each.plan for each in references} - {plan, ""}
    if others:
        raise ConflictingDataError(
            f"{array.name!r} is a dose of the plan {', '.join(sorted(others))}, and the plan of "
            f"this Dataset is {plan}" + _GIVE
        )
    named = {each.group for each in references if each.group is not None}
    return _planned_number(planned, named or set(planned.fractions))


def _planned_number(planned: Planned, groups: set[int]) -> float:
    counts = {group: planned.fractions.get(group) for group in sorted(groups)}
    if len(counts) > 1:
        listed = ", ".join(f"{group} ({count} fractions)" for group, count in counts.items())
        raise ConflictingDataError(
            f"the dose is of several fraction groups: {listed}; what each gives cannot be told "
            "from their total: take the effect of a FRACTION dose of each and sum them" + _GIVE
        )
    number = next(iter(counts.values()), None)
    if not number:
        raise MissingDataError(
            "(300A,0078) NumberOfFractionsPlanned of the plan is missing" + _GIVE
        )
    return number


def _part_findings(array: xr.DataArray, count: float, kind: str) -> list[Finding]:
    stated = str(array.attrs.get("DoseSummationType", "")).upper()
    if stated not in _PARTS:
        return []
    message = (
        f"(3004,000A) DoseSummationType is {stated!r}: what other beams give in the same "
        f"{count:g} fraction(s) adds to the effect, so that {kind.upper()} of beams do not add up; "
        "sum the beams first, ds.rt.sum_doses('BEAM')"
    )
    return [Finding("biological-dose-of-part", "warning", message)]


def alpha_beta_map(
    ds: xr.Dataset, by_roi: Mapping[Any, float], grid: Grid
) -> tuple[xr.DataArray, list[Finding]]:
    """Alpha/beta on a grid, from values by ROI.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    by_roi : mapping
        ROI > Gy; the first of several that hold a voxel centre counts. ``"default"`` is for all
        other voxels, which are NaN without it.
    grid : Grid

    Returns
    -------
    DataArray of float64
        Gy.
    list of Finding
        ROIs of unlike values that overlap, with the volume.
    """
    if not by_roi:
        raise RTXRError("alpha_beta={}: give alpha/beta of at least one ROI, or 'default'")
    values = np.full(grid.shape, np.nan)
    findings: list[Finding] = []
    for key, value in by_roi.items():
        above_0(f"alpha_beta[{key!r}]", value, "alpha/beta in Gy")
        for roi in [] if key == _DEFAULT else roi_names.select(ds, key):
            inside = masks.mask(ds, roi, grid).values
            free = np.isnan(values)
            overlap = int((inside & ~free & (values != value)).sum())
            if overlap:
                findings.append(_overlap(roi, overlap * float(np.prod(grid.spacing)) / 1000))
            values[inside & free] = value
    if _DEFAULT in by_roi:
        values[np.isnan(values)] = by_roi[_DEFAULT]
    return xr.DataArray(values, model.grid_coords(grid), grid.dims, "alpha_beta"), findings


def _overlap(roi: str, volume_cc: float) -> Finding:
    message = (
        f"{volume_cc:.2f} cm3 of ROI {roi!r} are in ROIs that come before it in alpha_beta and "
        "have another value, which is the one taken there"
    )
    return Finding("alpha-beta-overlap", "warning", message)
