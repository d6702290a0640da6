"""Tables and plots that need both what the headers say and what the numbers are.

``read`` and ``analysis`` do not know each other; the few questions that take both meet here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, cast

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses.dose_choice import Doses
from rtxr.analysis.statistics import dvh as dvh_tables
from rtxr.analysis.statistics.dvh import Masks
from rtxr.analysis.statistics.dvh_table import Kind
from rtxr.analysis.statistics.prescriptions import Prescription
from rtxr.analysis.structures import contours
from rtxr.analysis.structures.planes import Between, EndCap, about
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding, RTXRError
from rtxr.read import rt_dose, rt_plan, rt_structure_set
from rtxr.read.structure_findings import of_roi
from rtxr.roi_names import Rois
from rtxr.summary import stored_dvhs
from rtxr.view import dvh_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    """A table over doses that also tells the beams which the headers of each refer to."""

    @wraps(function)
    def table(ds: xr.Dataset, *args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        found = function(ds, *args, **kwargs)
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


def plot_dvh(
    ds: xr.Dataset,
    rois: Rois = None,
    *,
    static: Literal[True] = True,
    relative: bool = True,
    stored: bool = False,
    ax: Axes | None = None,
    dose_max: float | None = None,
    mask: Masks | None = None,
    dose: Doses = model.DOSE,
    kind: Kind = "cumulative",
    prescription: Prescription | None = None,
    bin_width: float | None = None,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> Axes:
    """DVHs of a case as a matplotlib figure: a colour per ROI, a line style per dose.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    rois : str, regular expression, or sequence of them, optional
        ROIs, see :mod:`rtxr.roi_names`; by default every ROI with a volume.
    static : True
        A matplotlib figure, which is all there is; anything else is an error.
    relative : bool, default: True
        Volume in % of the ROI, else cm3.
    stored : bool, default: False
        Also draw the DVHs that came in the dose file, dashed.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure.
    dose_max : float, optional
        End of the dose axis; by default the highest dose of the curves drawn, see
        :func:`rtxr.view.dvh_plot.plot_dvh`.
    mask, dose, kind, prescription, bin_width, end_cap, between, combine
        As in :func:`rtxr.analysis.statistics.dvh.dvh`. Bins of a differential DVH are joined to
        some 200 where no width is given.

    Raises
    ------
    RTXRError
        Stored DVHs beside anything but cumulative ones of one dose of the Dataset and one
        prescription; or ``static=False``.
    """
    if static is not True:
        raise RTXRError(
            f"static={static!r}: plot_dvh draws with matplotlib only, which is static=True; for an "
            "interactive plot take the table: ds.rt.dvh(relative=True), such as "
            "table.hvplot() or plotly.express.line(table)"
        )
    if stored and not (isinstance(dose, str) and kind == "cumulative"):
        raise RTXRError("stored=True: stored DVHs are drawn beside cumulative ones of one dose")
    if stored and isinstance(prescription, Mapping):
        raise RTXRError(
            "stored=True: stored DVHs are drawn in % of one prescription; give a number"
        )
    table = dvh(
        ds,
        rois,
        mask=mask,
        dose=dose,
        kind=kind,
        prescription=prescription,
        bin_width=bin_width,
        end_cap=end_cap,
        between=between,
        combine=combine,
    )
    beside = None
    if stored and isinstance(dose, str):
        beside = stored_dvhs.stored_dvh(ds, dose=dose)
        if prescription is not None and not isinstance(prescription, Mapping):
            beside.index *= 100 / prescription
    return dvh_plot.plot_dvh(
        table,
        relative=relative,
        stored=beside,
        colors=_colors(ds),
        dose_names=_dose_names(table),
        dose_max=dose_max,
        join=bin_width is None,
        ax=ax,
    )


def _colors(ds: xr.Dataset) -> dict[str, str]:
    """Colour of each ROI, where there are any."""
    if model.ROI_COLOR not in ds.coords:
        return {}
    known = map(str, np.atleast_1d(ds[model.ROI_COLOR].values))
    return dict(zip(model.roi_labels(ds), known, strict=True))


def _dose_names(table: pd.DataFrame) -> dict[str, str]:
    """What to call doses of one beam each: by that beam."""
    found = {}
    for name, told in table.attrs.get("doses", {}).items():
        numbers = told.get("ReferencedBeamNumber", [])
        if len(numbers) == 1:
            found[name] = f"beam {numbers[0]} {told['BeamName'][0]}".rstrip()
    return found
