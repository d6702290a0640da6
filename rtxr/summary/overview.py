"""Tables that need both what the headers say and what the numbers are.

``read`` and ``analysis`` do not know each other; the few questions that take both meet here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses.dose_choice import Doses
from rtxr.analysis.statistics import dvh as dvh_tables
from rtxr.analysis.structures import contours
from rtxr.analysis.structures.planes import Between, EndCap, about
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding
from rtxr.read import rt_dose, rt_plan, rt_structure_set
from rtxr.read.structures.findings import of_roi
from rtxr.roi_names import Rois
from rtxr.summary.dose_findings import dose_findings

P = ParamSpec("P")
#: Codes of a computation > those of reading that have said the same.
_SAID_BY_READING: Mapping[str, frozenset[str]] = {
    "no-contours": frozenset({"roi-without-contours"}),
    "open-contours": frozenset({"contour-open", "contour-type"}),
    "degenerate-contours": frozenset({"contour-too-short", "contour-empty", "contour-unreadable"}),
}


def structures(
    ds: xr.Dataset,
    rois: Rois = None,
    *,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """One row per ROI: what the structure set says and the volume of its contours.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    rois : str, regular expression, or sequence of them, optional
        ROIs, see :mod:`rtxr.roi_names`; all by default.
    end_cap : {"half", "none"}, default: "half"
        Whether the outermost contours stand for half the local spacing beyond them.
    between : {"slab", "shape"}, default: "slab"
        What a structure is between the planes of its contours, see
        :func:`rtxr.analysis.statistics.dvh.dvh`.
    combine : {"xor", "union"}, default: "xor"
        How contours of one plane combine.

    Returns
    -------
    DataFrame
        Index ``roi``; the columns of :func:`rtxr.read.rt_structure_set.structures` and
        ``volume_cc`` (cm3, exact polygon areas times slab thickness). ``findings`` says of each
        ROI what reading noticed and what the volume did: contours that cross, repeat one another
        or lie outside the image, say. ``attrs["findings"]`` lists the latter as dicts.

    Raises
    ------
    MissingDataError
        The Dataset has no structures.
    UnknownNameError
        No such ROI.
    """
    labels = roi_names.select(ds, rois)
    table = rt_structure_set.structures(ds).loc[labels]
    volumes = contours.volumes(ds, labels, end_cap=end_cap, combine=combine, between=between)
    at = list(table.columns).index("findings")
    table.insert(at, "volume_cc", volumes.reindex(table.index))
    computed = volumes.attrs["findings"]
    read = model.findings_of(ds)
    rows = zip(table.index, table["number"], table["findings"], strict=True)
    table["findings"] = [
        "; ".join(filter(None, [told, *_further(str(label), int(number), computed, read)]))
        for label, number, told in rows
    ]
    table.attrs["findings"] = computed
    return table


def _further(
    label: str, number: int, computed: Sequence[Mapping[str, str]], read: Sequence[Finding]
) -> list[str]:
    """What a computation says of a ROI and reading has not, without its name."""
    begin, begin_read = about(label), of_roi(number, label)
    said = {finding.code for finding in read if finding.message.startswith(begin_read)}
    return [
        each["message"].removeprefix(begin)
        for each in computed
        if each["message"].startswith(begin)
        and not said & _SAID_BY_READING.get(each["code"], frozenset())
    ]


def points(ds: xr.Dataset, rois: Rois = None) -> pd.DataFrame:
    """POINT ROIs of the structure set and isocentres of the plan.

    Parameters
    ----------
    ds : Dataset
        A case.
    rois : str, regular expression, or sequence of them, optional
        Points of these ROIs only, see :mod:`rtxr.roi_names`, beside the isocentres.

    Returns
    -------
    DataFrame
        Columns ``name``, ``kind`` (``"ROI"`` or ``"isocenter"``), ``x``, ``y``, ``z`` (patient
        LPS, mm) and what else each source knows. Empty where there is neither.
    """
    parts = []
    if model.STRUCTURE_SET_UID in ds.coords or model.ROI in ds.coords:
        found = rt_structure_set.points(ds)
        parts.append(found if rois is None else _of_rois(found, roi_names.select(ds, rois)))
    if model.PLAN_UID in ds.coords:
        parts.append(rt_plan.isocenters(ds))
    full = [part for part in parts if len(part)]
    if not full:
        return pd.DataFrame(columns=["name", "kind", "x", "y", "z"])
    return pd.concat(full, ignore_index=True)


def _of_rois(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Points of some ROIs, in the order of these."""
    parts = [table[table["name"] == label] for label in labels]
    return pd.concat([table.iloc[:0], *parts], ignore_index=True)


def _with_beams(
    function: Callable[Concatenate[xr.Dataset, P], pd.DataFrame],
) -> Callable[Concatenate[xr.Dataset, P], pd.DataFrame]:
    """A table over doses that also tells what each is: its beams by the headers, and findings."""

    @wraps(function)
    def table(ds: xr.Dataset, *args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        found = function(ds, *args, **kwargs)
        noticed = dose_findings(ds, cast("Doses", kwargs.get("dose", model.DOSE)))
        found.attrs["findings"] = [*found.attrs["findings"], *contours.finding_dicts(noticed)]
        told = found.attrs.get("doses", {})
        if any(each["variable"] in model.dose_names(ds) for each in told.values()):
            _add_beams(ds, told)
        return found

    return cast("Callable[Concatenate[xr.Dataset, P], pd.DataFrame]", table)


dvh = _with_beams(dvh_tables.dvh)


def _add_beams(ds: xr.Dataset, told: Mapping[str, dict[str, Any]]) -> None:
    """Say of each dose which beams it refers to, by number and, where the plan knows, by name."""
    doses = rt_dose.doses(ds)
    names = {}
    if model.PLAN_UID in ds.coords:
        beams = rt_plan.beams(ds)
        names = dict(zip(beams["BeamNumber"], beams["BeamName"], strict=True))
    for each in told.values():
        if each["variable"] in doses.index:
            numbers = list(doses.loc[each["variable"], "ReferencedBeamNumber"])
            each["ReferencedBeamNumber"] = numbers
            each["BeamName"] = [str(names.get(number, "")) for number in numbers]
