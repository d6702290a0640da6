"""Dose-volume histograms: tables of curves, one column per structure.

How the volume is integrated is said in :mod:`rtxr.analysis.statistics.dose_volume`; how contours
become slabs in :mod:`rtxr.analysis.structures.planes`, how masks do in
:mod:`rtxr.analysis.statistics.mask_slabs`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses.dose_choice import KIND, Dose, DoseLike, Doses, doses_of, one_dose
from rtxr.analysis.doses.dose_units import unit_findings, unit_of
from rtxr.analysis.grids import frames
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics import dvh_table
from rtxr.analysis.statistics.dose_volume import RoiDose, integrate
from rtxr.analysis.statistics.dvh_table import Kind
from rtxr.analysis.statistics.mask_slabs import mask_slabs
from rtxr.analysis.statistics.prescriptions import Prescription, prescriptions
from rtxr.analysis.structures.contours import (
    check_between,
    finding_dicts,
    slabs,
    solid,
    with_crossings,
)
from rtxr.analysis.structures.planes import Between, EndCap, Slabs
from rtxr.analysis.structures.polygons import Combine, check_combine
from rtxr.errors import Finding, RTXRError
from rtxr.roi_names import Rois

#: A mask, or several by name.
Masks = xr.DataArray | Mapping[str, xr.DataArray]


@dataclass(frozen=True)
class Solids:
    """What is integrated over: structures and masks, and how contours become solids.

    Parameters
    ----------
    rois : str, regular expression, or sequence of them, optional
        ROIs; all by default, none where there are masks.
    masks : mapping of str to DataArray
        Masks by name.
    end_cap, between, combine : str
        See :func:`dvh`.
    """

    rois: Rois = None
    masks: Mapping[str, xr.DataArray] = field(default_factory=dict)
    end_cap: EndCap = "half"
    between: Between = "slab"
    combine: Combine = "xor"


def roi_doses(
    ds: xr.Dataset,
    rois: Rois = None,
    *,
    mask: Masks | None = None,
    dose: DoseLike = model.DOSE,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> list[RoiDose]:
    """Dose to each of several structures.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    rois, mask, end_cap, between, combine
        As in :func:`dvh`.
    dose : str or DataArray, default: "dose"
        Which dose: a variable, or an array with a grid.

    Raises
    ------
    MissingDataError
        No structures or no such dose.
    UnknownNameError
        No such ROI.
    """
    solids = Solids(rois, masks_by_name(mask), end_cap, between, combine)
    return _curves(ds, solids, [one_dose(ds, dose)])[0]


def dvh(
    ds: xr.Dataset,
    rois: Rois = None,
    *,
    mask: Masks | None = None,
    dose: Doses = model.DOSE,
    kind: Kind = "cumulative",
    relative: bool = False,
    prescription: Prescription | None = None,
    bin_width: float | None = None,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """Dose-volume histograms.

    Parameters
    ----------
    ds : Dataset
        A case with a dose, and with structures unless masks alone are asked for.
    rois : str, regular expression, or sequence of them, optional
        ROIs, see :mod:`rtxr.roi_names`; all by default, none where there is a ``mask``.
    mask : DataArray of bool, or mapping of name to DataArray, optional
        Masks on any grid, in columns beside those of ``rois``; one alone is called ``mask``. The
        solid is its voxels, exactly: each reaches half way to its neighbours.
    dose : str, DataArray, sequence or mapping of them, default: "dose"
        Which dose: a variable; an array with a grid, in the Dataset or not, such as
        ``ds.dose * 2`` or the dose of another case; a DoseSummationType such as ``"BEAM"`` for
        all doses of that kind; or several of them, by name where they share one. Of a kind, or
        several, columns are a MultiIndex ``(dose, roi)``.
    kind : {"cumulative", "differential"}, default: "cumulative"
        Volume that receives at least a dose; or volume per bin, which sums to the volume where
        the dose is known.
    relative : bool, default: False
        Volumes in % of the whole structure, else in cm3.
    prescription : float or mapping of ROI to float, optional
        Dose that is 100 %, in the unit of the dose; the index is then in % of it. By ROI,
        ``{"PTV": 50, "Boost": 66, "default": 50}``, each column is in % of its own; without
        ``"default"`` a ROI that is not named has an empty column and a finding.
    bin_width : float, optional
        Step of the index, in its unit. By default 0.01 (Gy, %), finer where the highest dose is
        below 10: the power of ten that makes 1000 steps or more.
    end_cap : {"half", "none"}, default: "half"
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    between : {"slab", "shape"}, default: "slab"
        What a structure is between the planes of its contours: slabs that reach half way to the
        next, or outlines interpolated from plane to plane. Of a mask it is always its voxels.
    combine : {"xor", "union"}, default: "xor"
        How contours of one plane combine.

    Returns
    -------
    DataFrame
        Index ``dose_gy`` (``dose_relative``, ``dose_percent``, ``dose_cgy`` or ``dose_other``
        where the attrs of the dose name such a unit, with a finding; ``dose_percent`` with a
        prescription) from 0, or the lowest dose below it, to beyond the maximum; of a
        differential table the centres of bins. A column per structure, cm3 or %. The first row
        of a cumulative table is the whole volume, which includes what lies outside the dose grid;
        no other row does, so a step from the first row to the second shows it.

        ``attrs``: ``dose``, ``units`` (of the dose), ``kind``, ``relative``, ``prescription``,
        ``bin_width``, ``end_cap``, ``between``, ``combine``, ``rois`` ({label: {volume_cc, min_gy,
        max_gy, mean_gy, outside_fraction}}) and ``findings``, a list of dicts. Of several doses
        ``dose`` is a list, ``rois`` has a level for the dose above that of the label, and
        ``doses`` says of each which it is ({name: {variable, DoseSummationType, DoseType}}).

    Raises
    ------
    MissingDataError
        No structures or no such dose.
    UnknownNameError
        No such ROI, or no such kind of table.
    RTXRError
        A width or prescription that is not above 0, a mask that is none, or doses in several
        units in one table.

    Notes
    -----
    The volume is exact (polygon areas times slab thickness); each curve is computed in steps
    finer than those of the table. Minimum and maximum are those of the trilinear dose over
    the slabs, faces and outlines included. Volume outside the outermost voxel centres of the dose
    grid, or where the dose is NaN, stays in the whole and never counts as zero dose:
    ``outside_fraction`` and the finding ``outside-dose-grid`` say how much it is.
    """
    dvh_table.check(kind, bin_width)
    doses, several = doses_of(ds, dose)
    units = {each.name: unit_of(ds, each.array) for each in doses}
    unit = units[doses[0].name]
    if set(units.values()) != {unit}:
        raise RTXRError(f"doses in several units do not go into one table: {units}")
    solids = Solids(rois, masks_by_name(mask), end_cap, between, combine)
    prescribed = prescriptions(ds, prescription, solids.masks)
    found = dict(zip([each.name for each in doses], _curves(ds, solids, doses), strict=True))
    axis = dvh_table.axis_of(
        (each for some in found.values() for each in some), unit, prescribed, bin_width
    )
    columns = {
        (name, each.label): dvh_table.column(each, axis, kind, relative=relative)
        for name, some in found.items()
        for each in some
    }
    index = pd.Index(axis.index(kind), name=axis.name)
    table = pd.DataFrame({name if several else name[1]: v for name, v in columns.items()}, index)
    if several:
        table.columns = pd.MultiIndex.from_tuples(list(columns), names=["dose", model.ROI])
    table.attrs = {
        **_attrs_of_doses(doses, found, several=several),
        "units": unit,
        "kind": kind,
        "relative": relative,
        "prescription": prescribed.told(each.label for each in found[doses[0].name]),
        "bin_width": axis.width,
        "end_cap": end_cap,
        "between": between,
        "combine": combine,
        "findings": finding_dicts(
            [*_findings(ds, doses, found, several=several), *axis.findings(columns)]
        ),
    }
    return table


def masks_by_name(mask: Masks | None) -> dict[str, xr.DataArray]:
    """Masks by name."""
    if mask is None:
        return {}
    if isinstance(mask, Mapping):
        return {str(name): each for name, each in mask.items()}
    return {model.MASK: mask}


def _curves(ds: xr.Dataset, solids: Solids, doses: Sequence[Dose]) -> list[list[RoiDose]]:
    """Dose to every structure, dose by dose."""
    check_combine(solids.combine)
    check_between(solids.between)
    fields = [each.field() for each in doses]
    found: list[list[RoiDose]] = [[] for _ in doses]
    for alike in _alike(fields):
        rows = _integrated(ds, solids, [fields[at] for at in alike])
        for column, at in enumerate(alike):
            more = doses[at].findings
            found[at] = [
                replace(row[column], findings=(*row[column].findings, *more))
                if more
                else row[column]
                for row in rows
            ]
    return found


def _alike(fields: Sequence[Field]) -> list[list[int]]:
    """Doses along the same axes, which take the same slabs."""
    groups: dict[bytes, list[int]] = {}
    for at, each in enumerate(fields):
        groups.setdefault(each.grid.matrix.tobytes(), []).append(at)
    return list(groups.values())


def _integrated(
    ds: xr.Dataset, solids: Solids, fields: Sequence[Field]
) -> list[tuple[RoiDose, ...]]:
    """Dose to every structure: a row each, with a curve per dose."""
    grids = frames.grids_of(ds)
    case = grids[0] if grids else None

    def curves(job: Slabs | str) -> tuple[RoiDose, ...]:
        if isinstance(job, str):
            part = mask_slabs(job, solids.masks[job], case)
        else:
            part = solid(with_crossings(job), solids.combine, solids.between)
        return tuple(integrate(part, each) for each in fields)

    drawn = _of_contours(ds, solids, fields[0])
    return [*map(curves, drawn), *map(curves, solids.masks)]


def _of_contours(ds: xr.Dataset, solids: Solids, first: Field) -> Iterator[Slabs]:
    """Structures as slabs, one after the other; none where masks alone are asked for."""
    if solids.masks and solids.rois is None:
        return iter(())
    model.require_structures(ds)
    labels = roi_names.select(ds, solids.rois)
    if shared := [label for label in labels if label in solids.masks]:
        raise RTXRError(f"ROIs and masks are both called {shared}; give the masks other names")
    return slabs(ds, labels, end_cap=solids.end_cap, first=first.grid)


def _attrs_of_doses(
    doses: Sequence[Dose], found: Mapping[str, Sequence[RoiDose]], *, several: bool
) -> dict[Hashable, Any]:
    """Which doses a table is of, and plain numbers of every structure."""
    told = {name: {each.label: _summary(each) for each in some} for name, some in found.items()}
    if not several:
        return {"dose": doses[0].name, "rois": told[doses[0].name]}
    kinds = {
        each.name: {
            "variable": each.variable,
            **{key: str(each.array.attrs.get(key, "")) for key in (KIND, "DoseType")},
        }
        for each in doses
    }
    return {"dose": list(found), "doses": kinds, "rois": told}


def _summary(found: RoiDose) -> dict[str, float]:
    """Plain numbers of one structure."""
    return {
        "volume_cc": float(found.volume_cc),
        "min_gy": float(found.minimum),
        "max_gy": float(found.maximum),
        "mean_gy": float(found.mean),
        "outside_fraction": float(found.outside_fraction),
    }


def _findings(
    ds: xr.Dataset,
    doses: Sequence[Dose],
    found: Mapping[str, Sequence[RoiDose]],
    *,
    several: bool,
) -> list[Finding]:
    """What was noticed; of several doses, which one it is about unless it is about all."""
    findings = [each for dose in doses for each in unit_findings(ds, dose.array)]
    noticed = {
        name: [each for row in some for each in row.findings] for name, some in found.items()
    }
    about_all = set.intersection(*map(set, noticed.values()))
    of_doses = {each for dose in doses for each in dose.findings}
    for name, some in noticed.items():
        for each in some:
            told = not several or each in about_all or each in of_doses
            text = each.message if told else f"dose {name!r}, {each.message}"
            findings.append(replace(each, message=text))
    return findings
