"""Sums of doses: on unlike grids, from one or several cases, each with a weight."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.doses.biological_dose import EFFECT_ATTR, MADE_ATTR
from rtxr.analysis.doses.dose_kinds import Planned, Reference, Summand, kind_of_sum
from rtxr.analysis.doses.dose_units import unit_of_array
from rtxr.analysis.grids import frames
from rtxr.analysis.grids.resample import Resampled, brackets
from rtxr.errors import (
    ConflictingDataError,
    Finding,
    GeometryError,
    RTXRError,
    UnknownNameError,
    did_you_mean,
)
from rtxr.geometry import Grid

Outside = Literal["nan", "zero"]
#: What a sum refuses unless told: doses that are not in Gy, of unlike types, in unlike frames.
Allowed = Literal["relative", "types", "frames"]

_CHUNK_VOXELS = 2_000_000


def sum_doses(
    doses: xr.DataArray | Sequence[xr.DataArray],
    *,
    weights: Sequence[float] | None = None,
    grid: frames.GridLike | None = None,
    outside: Outside = "nan",
    allow: Allowed | Sequence[Allowed] = (),
) -> xr.DataArray:
    """Sum of doses, each times a weight, on one grid.

    Parameters
    ----------
    doses : DataArray or sequence of DataArray
        From one or several Datasets, on any grids and orientations; dimensions need not fit.
    weights : sequence of float, optional
        One per dose, such as the number of fractions of a dose per fraction; 1 by default.
        Negative ones make differences.
    grid : Grid, DataArray or "finest", optional
        Where the sum is wanted; by default where the first dose is. ``"finest"`` is the grid of
        the dose with the smallest voxels. A sum reaches no further than its grid.
    outside : {"nan", "zero"}, default: "nan"
        What a dose is outside its outermost voxel centres: NaN, and so is the sum; or nothing.
        Either is a Finding that says the fraction of the grid.
    allow : {"relative", "types", "frames"} or several of them, optional
        What is refused otherwise: doses in one relative unit; unlike Dose Types (3004,0004), or
        errors; unlike FrameOfReferenceUIDs, where positions are compared as if they were one.

    Returns
    -------
    DataArray of float64
        On the dimensions and coordinates of the grid; ``ds.assign(dose=...)`` puts it in the place
        of a dose of the first one's Dataset. Exact where a dose is on the grid already, else
        trilinear. Of dask arrays it is one. ``attrs``: ``units``, ``DoseUnits``, ``DoseType``
        (EFFECTIVE where only some are), ``DoseSummationType`` (what the sum is, see
        :func:`rtxr.analysis.doses.dose_kinds.kind_of_sum`; ``"OTHER"`` where the Standard has no
        word for it) and ``sum_of``, in words. ``.rt.findings`` says what was noticed.

    Raises
    ------
    ConflictingDataError
        Units, types or frames of reference that are not allowed.
    GeometryError
        A dose without a grid, or with dimensions beside it.
    RTXRError
        No doses, no arrays, weights that are no numbers or of another count.
    """
    return summed(doses, weights=weights, grid=grid, outside=outside, allow=allow)


def summed(
    doses: xr.DataArray | Sequence[xr.DataArray],
    *,
    weights: Sequence[float] | None = None,
    grid: frames.GridLike | None = None,
    outside: Outside = "nan",
    allow: Allowed | Sequence[Allowed] = (),
    references: Sequence[tuple[Reference, ...]] | None = None,
    plans: Mapping[str, Planned] | None = None,
) -> xr.DataArray:
    """:func:`sum_doses`, with what headers say of each dose and of the plans."""
    if outside not in get_args(Outside):
        raise UnknownNameError(f"outside={outside!r}; {did_you_mean(outside, get_args(Outside))}")
    terms = _terms(doses, weights)
    allowed = _allowed(allow)
    attrs = _agreed(terms, allowed)
    target = _target(terms, grid)
    _one_frame(terms, target, allowed)
    known = references or [references_of(each.array) for each in terms]
    summands = [
        Summand(each.name, _attr(each, "DoseSummationType"), each.weight, refs, _uid(each.array))
        for each, refs in zip(terms, known, strict=True)
    ]
    kind, refers_to, findings = kind_of_sum(summands, plans)
    attrs |= {
        "DoseSummationType": kind,
        "DoseComment": f"sum of {len(terms)} dose(s)",
        "sum_of": " + ".join(f"{each.weight:g} x {_said(each)}" for each in summands),
        model.DOSE_REFERENCES_ATTR: json.dumps([tuple(each) for each in refers_to]),
    }
    findings += _outside_findings(terms, target, outside)
    attrs[model.FINDINGS_ATTR] = model.findings_to_json(findings)
    fill = np.nan if outside == "nan" else 0.0
    total: Any = sum(each.on(target, fill) for each in terms)
    coords = {**model.grid_coords(target), **_common_plan(terms)}
    return xr.DataArray(total, coords, target.dims, model.DOSE, attrs)


@dataclass(frozen=True, eq=False)
class _Term:
    """A dose of a sum, every axis ascending, and its weight."""

    name: str
    array: xr.DataArray
    grid: Grid
    weight: float

    def on(self, target: Grid, fill: float) -> Any:
        """Weighted values on a grid; a dask array where the dose is one."""
        is_dask = self.array.chunks is not None
        if self.grid.same_as(target):
            values = self.array.data if is_dask else self.array.values
            return np.asarray(self.weight) * values.astype(np.float64)
        source = _Weighted(Resampled(self.array.variable, self.grid, target, fill), self.weight)
        return source.chunked() if is_dask else source[:, :, :]


@dataclass(frozen=True, eq=False)
class _Weighted:
    """A dose on another grid times a weight, in the way of an array that dask reads from."""

    source: Resampled
    weight: float

    ndim = 3
    dtype = np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    def __getitem__(self, key: tuple[slice, ...]) -> npt.NDArray[np.float64]:
        at = tuple(np.arange(n)[part] for n, part in zip(self.shape, key, strict=True))
        values: npt.NDArray[np.float64] = self.weight * self.source.read(at).astype(np.float64)
        return values

    def chunked(self) -> Any:
        """A dask array, some planes per chunk."""
        import dask.array as da  # noqa: PLC0415 (there, since the dose is a dask array)

        planes = max(_CHUNK_VOXELS // max(int(np.prod(self.shape[1:])), 1), 1)
        chunks = (planes, *self.shape[1:])
        from_array: Any = da.from_array
        return from_array(self, chunks=chunks, name=False, asarray=False, meta=np.empty(0))


def _terms(
    doses: xr.DataArray | Sequence[xr.DataArray], weights: Sequence[float] | None
) -> list[_Term]:
    given = [doses] if isinstance(doses, xr.DataArray) else list(doses)
    if not given or not all(isinstance(each, xr.DataArray) for each in given):
        raise RTXRError(
            f"doses={type(doses).__name__} of {len(given)}: give one or more DataArrays with a "
            "grid, such as [ds.dose, ds.dose_2]; names of doses of a Dataset are for "
            "ds.rt.sum_doses"
        )
    factors = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=np.float64)
    if factors.shape != (len(given),) or not np.isfinite(factors).all():
        raise RTXRError(
            f"weights={weights!r}: there must be one finite number for each of {len(given)} dose(s)"
        )
    terms = []
    for number, (array, weight) in enumerate(zip(given, factors.tolist(), strict=True), start=1):
        rising = model.ascending(array)
        name = f"dose {number} ({array.name})"
        if leading := model.leading_dims(rising):
            raise GeometryError(f"{name} has dimensions {leading} beside its grid; select one")
        terms.append(_Term(name, rising, model.grid_of(rising), weight))
    return terms


def _allowed(allow: Allowed | Sequence[Allowed]) -> frozenset[str]:
    found = frozenset([allow] if isinstance(allow, str) else allow)
    for each in found - set(get_args(Allowed)):
        raise UnknownNameError(f"allow={each!r}; {did_you_mean(str(each), get_args(Allowed))}")
    return found


def _agreed(terms: Sequence[_Term], allowed: frozenset[str]) -> dict[str, Any]:
    """Unit and type of the sum.

    Raises
    ------
    ConflictingDataError
        The doses have unlike ones, or such as are not summed unless told.
    """
    units = {each.name: unit_of_array(each.array) for each in terms}
    if set(units.values()) != {"Gy"}:
        one_relative = set(units.values()) in ({"relative"}, {"%"})
        if not (one_relative and "relative" in allowed):
            hint = "allow='relative' sums what is relative to the same" if one_relative else ""
            raise ConflictingDataError(
                f"doses in Gy are summed, and {_listed(units)} (attrs 'units' and 'DoseUnits'); "
                + (hint or "convert them, and set both attrs")
            )
    types = {each.name: _attr(each, "DoseType") for each in terms}
    stated = set(types.values()) - {""}
    if (len(stated) > 1 or "ERROR" in stated) and "types" not in allowed:
        raise ConflictingDataError(
            f"(3004,0004) DoseType: {_listed(types)}; a sum of unlike types, or of errors, is "
            "no dose of either: allow='types' if it is meant"
        )
    effects = {each.name: str(each.array.attrs.get(EFFECT_ATTR, "none")) for each in terms}
    if len(set(effects.values())) > 1 and "types" not in allowed:
        raise ConflictingDataError(
            f"the doses are of unlike effect: {_listed(effects)}; make one effect of all, with one "
            "alpha/beta: allow='types' if it is meant"
        )
    first = terms[0].array.attrs
    kind = next((each for each in ("ERROR", "EFFECTIVE") if each in stated), "")
    return {
        "units": str(first.get("units", "Gy")),
        "long_name": "sum of doses",
        "DoseUnits": str(first.get("DoseUnits", "GY")),
        "DoseType": kind or next(iter(stated), ""),
        **(_made(terms) if EFFECT_ATTR in first and len(set(effects.values())) == 1 else {}),
    }


def _made(terms: Sequence[_Term]) -> dict[str, str]:
    """What a sum of one effect says of how it was made."""
    made = dict.fromkeys(str(each.array.attrs.get(MADE_ATTR, "")) for each in terms)
    effect = str(terms[0].array.attrs[EFFECT_ATTR])
    return {EFFECT_ATTR: effect, MADE_ATTR: "; ".join(filter(None, made))}


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} is {value or 'unknown'}" for name, value in values.items())


def _target(terms: Sequence[_Term], grid: frames.GridLike | None) -> Grid:
    grids = [each.grid for each in terms]
    if grid is None:
        return grids[0]
    if isinstance(grid, str) and grid == "finest":
        return min(grids, key=lambda each: float(np.prod(np.nan_to_num(each.spacing, nan=np.inf))))
    if isinstance(grid, str):
        raise UnknownNameError(
            f"grid={grid!r}: 'finest', a Grid, or a DataArray such as ds.ct, whose grid is meant"
        )
    target = frames.grid_like(xr.Dataset(), grid)
    uid = target.frame_of_reference_uid or grids[0].frame_of_reference_uid
    return replace(target, frame_of_reference_uid=uid)


def _one_frame(terms: Sequence[_Term], target: Grid, allowed: frozenset[str]) -> None:
    uids = {each.grid.frame_of_reference_uid for each in terms} | {target.frame_of_reference_uid}
    if len(uids - {""}) > 1 and "frames" not in allowed:
        raise ConflictingDataError(
            f"the doses (or the grid) name {len(uids - {''})} frames of reference ((0020,0052) "
            "FrameOfReferenceUID), so that nothing says they lie on each other; register them "
            "first, or allow='frames' if positions are meant as they are"
        )


def _outside_findings(terms: Iterable[_Term], target: Grid, outside: Outside) -> list[Finding]:
    what = "is NaN there" if outside == "nan" else "takes that dose as zero there"
    found = []
    for each in terms:
        fraction = 0.0 if each.grid.same_as(target) else _fraction_outside(each.grid, target)
        if fraction > 0:
            message = (
                f"{100 * fraction:.2g} % of the grid of the sum is outside {each.name}, beyond its "
                f"outermost voxel centres; the sum {what} (outside={outside!r})"
            )
            found.append(Finding("dose-sum-outside", "warning", message))
    return found


def _fraction_outside(grid: Grid, target: Grid) -> float:
    """Fraction of the voxels of a grid that have no value of another, ascending one."""
    along = frames.axis_map(target.matrix, grid.matrix)
    if along is not None:
        shares = [brackets(along.values(grid.axes, j), target.axes[2 - j]).share for j in range(3)]
        return 1 - float(np.prod([np.isfinite(share).mean() for share in shares]))
    own = np.empty((*target.shape[1:], 3))
    own[..., 0], own[..., 1] = target.axes[2], target.axes[1][:, None]
    outside = 0
    for height in target.axes[0]:
        own[..., 2] = height
        outside += int(np.isnan(grid.fractional_index(target.to_patient(own))).any(axis=-1).sum())
    return outside / float(np.prod(target.shape))


def _attr(term: _Term, keyword: str) -> str:
    return str(term.array.attrs.get(keyword, "")).strip().upper()


def references_of(array: xr.DataArray) -> tuple[Reference, ...]:
    """What an array says it is a dose of: in its attrs, or by the plan of its Dataset."""
    stated = array.attrs.get(model.DOSE_REFERENCES_ATTR)
    if stated:
        return tuple(Reference(*each) for each in json.loads(stated))
    return (Reference(_scalar(array, model.PLAN_UID)),)


def _uid(array: xr.DataArray) -> str:
    return _scalar(array, model.uid_name(str(array.name)))


def _scalar(array: xr.DataArray, coord: str) -> str:
    """Text of a scalar coordinate, empty where there is none."""
    has_it = coord in array.coords and array.coords[coord].ndim == 0
    return str(array.coords[coord].values) if has_it else ""


def _common_plan(terms: Sequence[_Term]) -> dict[str, xr.Variable]:
    """The plan as a coordinate, where all doses are of one."""
    uids = {_scalar(each.array, model.PLAN_UID) for each in terms}
    if len(uids) > 1 or "" in uids:
        return {}
    return {model.PLAN_UID: xr.Variable((), np.array(uids.pop(), np.str_))}


def _said(summand: Summand) -> str:
    return f"{summand.name}" + (f" {summand.kind}" if summand.kind else "")
