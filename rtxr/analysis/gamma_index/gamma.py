"""The gamma index of two doses.

Low, Harms, Mutic and Purdy, Medical Physics 25 (1998) 656-661. How the two arrays come to one
space is in :mod:`rtxr.analysis.gamma_index.gamma_grids`, the search in
:mod:`rtxr.analysis.gamma_index.gamma_search`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.doses.dose_units import unit_of
from rtxr.analysis.gamma_index.gamma_cells import Cells
from rtxr.analysis.gamma_index.gamma_grids import Pair, paired
from rtxr.analysis.gamma_index.gamma_search import Points, least_gamma
from rtxr.errors import Finding, RTXRError
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray, Grid

#: Gamma of a dose that is off by just the criterion is 1 but for rounding, and passes.
_ROUNDING = 1e-6
#: Points of a block at most and at least, and positions of cells around them along its axes.
_POINTS, _FEW_POINTS, _POSITIONS = 2**15, 2**9, 2**20

Block = tuple[slice, ...]


def gamma(
    reference: xr.DataArray,
    evaluated: xr.DataArray,
    dose_percent: float = 3.0,
    distance_mm: float = 3.0,
    *,
    local: bool = False,
    normalisation: float | None = None,
    cutoff: float = 10.0,
    max_gamma: float = 2.0,
) -> xr.DataArray:
    """Gamma index (Low et al. 1998) at every voxel of the reference dose.

    Parameters
    ----------
    reference : DataArray
        Dose at whose voxels gamma is computed: all percentages and the cut-off are of it.
    evaluated : DataArray
        Dose that is searched around each of them, multilinear between its voxel centres and
        not known beyond. Both have a grid (any two: other spacings, turned against each other),
        or both are plain arrays of one to three dimensions of the same names, with coordinates
        in mm; and both are in the same unit.
    dose_percent : float, default: 3
        Dose criterion, % of ``normalisation``; of the dose of each voxel itself if ``local``.
    distance_mm : float, default: 3
        Distance criterion, mm.
    local : bool, default: False
        Whether differences of dose are relative to the reference dose of the voxel.
    normalisation : float, optional
        Dose that is 100 %, in the unit of the doses; by default the maximum of the reference.
    cutoff : float, default: 10
        Voxels of the reference below this many % of ``normalisation`` are left out.
    max_gamma : float, default: 2
        Highest gamma searched for, above 1: a larger one is given as this. Nothing further away
        than ``max_gamma * distance_mm`` is looked at.

    Returns
    -------
    DataArray of float64
        Dimensions and coordinates of the reference. NaN below the cut-off, where the reference
        is NaN, and where no evaluated dose is known within reach. ``attrs``: ``units`` ("1"),
        ``pass_rate`` (share of gamma <= 1 among the voxels that are not NaN, 0 to 1),
        ``points`` (their number), ``dose_percent``, ``distance_mm``, ``kind`` ("global" or
        "local"), ``normalisation``, ``cutoff_percent``, ``max_gamma``.

    Raises
    ------
    GeometryError
        The two do not lie in one space, or the evaluated dose has one voxel only.
    MissingDataError
        A dimension without coordinates.
    RTXRError
        A criterion that is none, doses in different units, nothing to normalise to.

    Notes
    -----
    There is no search step: within each cell between voxel centres the minimum is found by
    bounded Gauss-Newton iteration, and cells far from linear are halved first, so that gamma does
    not depend on a lattice and is never above that of a search on one. A pass rate is therefore
    slightly above that of tools that step through a tenth of the distance criterion.

    Two planes with different positions as a scalar coordinate are that far apart; drop the
    coordinate of both, ``plane.drop_vars("z")``, to compare them in the plane.

    Examples
    --------
    >>> found = rtxr.gamma(planned.dose, measured.dose, 3, 2)  # doctest: +SKIP
    >>> found.attrs["pass_rate"]  # doctest: +SKIP
    """
    _check(dose_percent, distance_mm, cutoff, max_gamma)
    pair = paired(reference, evaluated)
    _check_units(reference, evaluated)
    full = _normalisation(pair.reference, normalisation)
    with np.errstate(invalid="ignore"):
        wanted = pair.reference >= cutoff / 100 * full
        wanted &= (pair.reference > 0) | (not local)
    criterion = np.abs(pair.reference) if local else np.broadcast_to(full, wanted.shape)
    found = _at_points(pair, wanted, criterion * dose_percent / 100, distance_mm, max_gamma)
    known = found[~np.isnan(found)]
    passed = np.count_nonzero(known <= 1 + _ROUNDING)
    attrs = {
        "units": "1",
        "long_name": "gamma index",
        "pass_rate": float(passed / len(known)) if len(known) else float("nan"),
        "points": len(known),
        "dose_percent": float(dose_percent),
        "distance_mm": float(distance_mm),
        "kind": "local" if local else "global",
        "normalisation": full,
        "cutoff_percent": float(cutoff),
        "max_gamma": float(max_gamma),
    }
    if findings := _findings(pair, int(np.count_nonzero(wanted)), len(known)):
        attrs[model.FINDINGS_ATTR] = model.findings_to_json(findings)
    return _like(reference, pair, found, attrs)


def _check(dose_percent: float, distance_mm: float, cutoff: float, max_gamma: float) -> None:
    """Raise RTXRError for numbers that make no criterion."""
    lowest = {"dose_percent": 0.0, "distance_mm": 0.0, "cutoff": 0.0, "max_gamma": 1.0}
    given = {"dose_percent": dose_percent, "distance_mm": distance_mm}
    for name, value in {**given, "cutoff": cutoff, "max_gamma": max_gamma}.items():
        above = value >= 0 if name == "cutoff" else value > lowest[name]
        if not (above and np.isfinite(value)):
            bound = "at least 0" if name == "cutoff" else f"above {lowest[name]:g}"
            raise RTXRError(f"{name}={value!r}: it must be {bound} and finite")


def _check_units(reference: xr.DataArray, evaluated: xr.DataArray) -> None:
    units = [unit_of(each.to_dataset(name=model.DOSE)) for each in (reference, evaluated)]
    if units[0] != units[1]:
        raise RTXRError(
            f"the reference dose is in {units[0]}, the evaluated one in {units[1]} (attrs 'units' "
            "and 'DoseUnits'): bring both to one unit"
        )


def _normalisation(dose: FloatArray, given: float | None) -> float:
    """Dose that is 100 %."""
    if given is not None and not (np.isfinite(given) and given > 0):
        raise RTXRError(f"normalisation={given!r}: it must be above 0 and finite")
    full = float(given) if given is not None else float(np.fmax.reduce(dose.ravel(), initial=0.0))
    if not full > 0:
        raise RTXRError("the reference holds no dose above 0; give normalisation=, in its unit")
    return full


def _at_points(
    pair: Pair,
    wanted: npt.NDArray[np.bool_],
    criterion: FloatArray,
    distance_mm: float,
    max_gamma: float,
) -> FloatArray:
    """Gamma of the wanted voxels of the reference, block by block; NaN elsewhere."""
    found = np.full(wanted.shape, np.nan)
    reach = max_gamma * distance_mm
    for block in _blocks(wanted.shape, _points_at_once(pair.evaluated_grid, reach)):
        index = np.nonzero(wanted[block])
        if not len(index[0]):
            continue
        at = tuple(where + part.start for where, part in zip(index, block, strict=True))
        own = pair.in_evaluated(at)
        axes, values, beside = _near(pair, own, reach)
        live = [d for d, axis in enumerate(pair.evaluated_grid.axes) if len(axis) > 1]
        points = Points(
            own[live] / distance_mm,
            pair.reference[at],
            criterion[at],
            max_gamma**2 - beside / distance_mm**2,
        )
        cells = Cells([axis / distance_mm for axis in axes], values)
        found[at] = np.sqrt(least_gamma(points, cells) + beside / distance_mm**2)
    return found


def _near(
    pair: Pair, own: FloatArray, reach: float
) -> tuple[list[FloatArray], FloatArray, FloatArray]:
    """Evaluated axes and dose around points, and the square of how far they are beside it, mm2.

    An axis of one voxel has nothing between voxels: the dose is known there only, and what it is
    away counts as distance.
    """
    axes, cuts, beside = [], [], np.zeros(own.shape[1])
    for axis, at in zip(pair.evaluated_grid.axes, own, strict=True):
        if len(axis) == 1:
            off = np.abs(at - axis[0])
            beside += np.square(np.where(off > ALIGNMENT_TOLERANCE_MM, off, 0.0))
            cuts.append(slice(1))
            continue
        low, high = at.min() - reach, at.max() + reach
        first = min(max(int(np.searchsorted(axis, low)) - 1, 0), len(axis) - 2)
        stop = max(int(np.searchsorted(axis, high)) + 1, first + 2)
        cuts.append(slice(first, stop))
        axes.append(axis[first:stop])
    values = pair.evaluated[tuple(cuts)]
    return axes, values.reshape([len(axis) for axis in axes]), beside


def _points_at_once(grid: Grid, reach: float) -> int:
    """Points whose search stays within the memory it is given."""
    steps = [float(np.diff(axis).min()) for axis in grid.axes if len(axis) > 1]
    positions = sum(2 * reach / step + 2 for step in steps)
    return int(np.clip(_POSITIONS / positions, _FEW_POINTS, _POINTS))


def _blocks(shape: tuple[int, ...], points: int) -> Iterator[Block]:
    """Parts of an array of about so many points, as nearly cubes as its shape allows."""
    edges, left = [1] * len(shape), float(points)
    order = sorted(range(len(shape)), key=lambda d: shape[d])
    for done, d in enumerate(order):
        edges[d] = max(1, min(shape[d], int(left ** (1 / (len(shape) - done)))))
        left /= edges[d]
    cuts = [range(0, size, edge) for size, edge in zip(shape, edges, strict=True)]
    for starts in product(*cuts):
        yield tuple(slice(start, start + edge) for start, edge in zip(starts, edges, strict=True))


def _findings(pair: Pair, wanted: int, known: int) -> list[Finding]:
    """What a user should know of the result."""
    found = []
    uids = {pair.reference_grid.frame_of_reference_uid, pair.evaluated_grid.frame_of_reference_uid}
    if len(uids - {""}) > 1:
        message = "the doses name two frames of reference; their millimetres were taken as the same"
        found.append(Finding("gamma-frames", "warning", message))
    if wanted > known:
        message = (
            f"{wanted - known} of {wanted} voxels of the reference above the cut-off have no "
            "evaluated dose within reach: their gamma is NaN and the pass rate is without them"
        )
        found.append(Finding("gamma-unknown", "warning", message))
    return found


def _like(
    reference: xr.DataArray, pair: Pair, values: FloatArray, attrs: dict[str, object]
) -> xr.DataArray:
    """Values of the grid of the reference as an array with its dimensions and positions."""
    dims = pair.reference_grid.dims
    kept = {*reference.dims, *dims, model.spatial_ref_name(model.grid_prefix(dims[0]))}
    coords = {name: coord for name, coord in reference.coords.items() if name in kept}
    shape = [reference.sizes[dim] for dim in pair.dims]
    found = xr.DataArray(values.reshape(shape), dims=pair.dims, name="gamma", attrs=attrs)
    return found.transpose(*reference.dims).assign_coords(coords)
