"""Biologically effective dose and the equivalent dose in fractions of 2 Gy, voxel by voxel.

Linear-quadratic model, no repopulation, complete repair between fractions (Fowler, Br J Radiol 62,
1989; ICRU Report 91, 2017): a dose D given in n equal fractions to tissue of alpha/beta a has

    BED = D (1 + (D/n) / a)        EQD2 = BED / (1 + 2/a) = D (D/n + a) / (2 + a)
"""

from __future__ import annotations

import xarray as xr

from rtxr import model
from rtxr.analysis.doses.dose_units import unit_of_array
from rtxr.analysis.grids import resample
from rtxr.errors import ConflictingDataError, RTXRError, above_0
from rtxr.geometry import Grid

#: Attributes that say how an effect was computed, and which it is: its kind and alpha/beta.
MADE_ATTR, EFFECT_ATTR = "made", "effect"
#: What a table or figure calls the dose that comes out, and its formula in words.
_FORMULAS = {
    "BED": "D (1 + (D/n) / (a/b))",
    "EQD2": "D (D/n + a/b) / (2 + a/b)",
}


def bed(
    dose: xr.DataArray,
    alpha_beta: float | xr.DataArray,
    fractions: float,
    *,
    effective: bool = False,
) -> xr.DataArray:
    """Biologically effective dose, D (1 + (D/n) / (a/b)).

    Parameters
    ----------
    dose : DataArray
        Gy, physical, with a grid: the total of ``fractions`` equal fractions.
    alpha_beta : float or DataArray
        Gy, above 0; a map is taken trilinear where it is on another grid, NaN beyond it.
    fractions : float
        n, above 0.
    effective : bool, default: False
        Take a dose of DoseType EFFECTIVE too, which is weighted already.

    Returns
    -------
    DataArray
        On the grid of the dose, lazy where that is a dask array. ``attrs``: ``units`` "Gy",
        ``DoseType`` "EFFECTIVE" and in ``made`` how it was made; an export writes both.

    Raises
    ------
    ConflictingDataError
        The dose is not in Gy, an error, or EFFECTIVE and that was not told.
    RTXRError
        ``alpha_beta`` or ``fractions`` are not above 0.
    """
    return _converted("BED", dose, alpha_beta, fractions, effective)


def eqd2(
    dose: xr.DataArray,
    alpha_beta: float | xr.DataArray,
    fractions: float,
    *,
    effective: bool = False,
) -> xr.DataArray:
    """Equivalent dose in fractions of 2 Gy, D (D/n + a/b) / (2 + a/b); see :func:`bed`."""
    return _converted("EQD2", dose, alpha_beta, fractions, effective)


def _converted(
    kind: str,
    dose: xr.DataArray,
    alpha_beta: float | xr.DataArray,
    fractions: float,
    effective: bool,
) -> xr.DataArray:
    _check_dose(kind, dose, effective)
    above_0("fractions", fractions, "the number of equal fractions that the dose was given in")
    ratio, told = _ratio(dose, alpha_beta)
    per_fraction = dose.variable / fractions
    if kind == "BED":
        values = dose.variable * (1 + per_fraction / ratio)
    else:
        values = dose.variable * (per_fraction + ratio) / (2 + ratio)
    attrs = {
        **dose.attrs,
        "units": "Gy",
        "DoseUnits": "GY",
        "long_name": kind,
        "DoseType": "EFFECTIVE",
        "DoseComment": f"{kind}, n = {fractions:g}, a/b = {told}",
        EFFECT_ATTR: f"{kind}, a/b = {told}",
        MADE_ATTR: f"{kind} = {_FORMULAS[kind]}, n = {fractions:g}, a/b = {told}",
    }
    attrs.pop(model.FINDINGS_ATTR, None)
    return xr.DataArray(values.data, dose.coords, dose.dims, kind.lower(), attrs)


def _check_dose(kind: str, dose: xr.DataArray, effective: bool) -> None:
    unit = unit_of_array(dose)
    if unit != "Gy":
        raise ConflictingDataError(
            f"{kind} needs a dose in Gy, and {dose.name!r} is in {unit} (attrs 'units' and "
            "'DoseUnits'); convert it, and set both attrs"
        )
    stated = str(dose.attrs.get("DoseType", "")).strip().upper()
    if stated == "ERROR":
        raise ConflictingDataError(
            f"(3004,0004) DoseType of {dose.name!r} is ERROR: an error has no {kind}"
        )
    if stated == "EFFECTIVE" and not effective:
        raise ConflictingDataError(
            f"(3004,0004) DoseType of {dose.name!r} is EFFECTIVE: it is weighted for its "
            f"biological effect already, by RBE or as {kind} itself; effective=True takes it as if "
            "it were the physical dose of photons"
        )


def _ratio(dose: xr.DataArray, alpha_beta: float | xr.DataArray) -> tuple[float | xr.Variable, str]:
    """Alpha/beta as a number or along the dimensions of the dose, and as text."""
    if not isinstance(alpha_beta, xr.DataArray):
        above_0("alpha_beta", alpha_beta, "alpha/beta of the tissue in Gy")
        return float(alpha_beta), f"{alpha_beta:g} Gy"
    if bool((alpha_beta <= 0).any()):
        raise RTXRError("alpha_beta=<map>: alpha/beta must be above 0 in every voxel, or NaN")
    low, high = float(alpha_beta.min()), float(alpha_beta.max())
    told = f"{low:g} Gy" if low == high else f"{low:g} to {high:g} Gy"
    return _on_dose(alpha_beta, dose), told


def _on_dose(values: xr.DataArray, dose: xr.DataArray) -> xr.Variable:
    """A map at the voxels of the dose, along its dimensions."""
    grid, own = model.grid_of(dose), model.grid_of(values)
    if own.same_as(grid):
        here = values.variable.transpose(*own.dims)
        return xr.Variable(grid.dims, here.data).transpose(*dose.dims)
    rising = model.ascending(values)
    points = xr.DataArray(_sampled(rising, grid), dims=grid.dims)
    return points.variable.transpose(*dose.dims)


def _sampled(rising: xr.DataArray, grid: Grid) -> object:
    return resample.dose_on(rising.to_dataset(name=model.DOSE), grid).values
