"""Tables and plots that need both what the headers say and what the numbers are.

``read`` and ``analysis`` do not know each other; the few questions that take both meet here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis import contours, dvh, metrics
from rtxr.analysis.planes import EndCap, about
from rtxr.analysis.polygons import Combine
from rtxr.errors import Finding, MissingDataError
from rtxr.read import rt_dose, rt_plan, rt_structure_set
from rtxr.read.structure_findings import of_roi
from rtxr.view import dvh_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROIs = str | Sequence[str] | None
#: Dose Summation Types (3004,000A) that are a plan's total; empty where nothing is said.
WHOLE_PLAN = ("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "")


#: Codes of a computation > those of reading that have said the same.
_SAID_BY_READING: Mapping[str, frozenset[str]] = {
    "no-contours": frozenset({"roi-without-contours"}),
    "open-contours": frozenset({"contour-open", "contour-type"}),
    "degenerate-contours": frozenset({"contour-too-short", "contour-empty", "contour-unreadable"}),
}


def structures(
    ds: xr.Dataset, *, end_cap: EndCap = "half", combine: Combine = "xor"
) -> pd.DataFrame:
    """One row per ROI: what the structure set says and the volume of its contours.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    end_cap : {"half", "none"}, default: "half"
        Whether the outermost contours stand for half the local spacing beyond them.
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
    """
    table = rt_structure_set.structures(ds)
    volumes = contours.volumes(ds, end_cap=end_cap, combine=combine)
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


def points(ds: xr.Dataset) -> pd.DataFrame:
    """POINT ROIs of the structure set and isocentres of the plan.

    Returns
    -------
    DataFrame
        Columns ``name``, ``kind`` (``"ROI"`` or ``"isocenter"``), ``x``, ``y``, ``z`` (patient
        LPS, mm) and what else each source knows. Empty where there is neither.
    """
    parts = []
    if model.STRUCTURE_SET_UID in ds.coords or model.ROI in ds.coords:
        parts.append(rt_structure_set.points(ds))
    if model.PLAN_UID in ds.coords:
        parts.append(rt_plan.isocenters(ds))
    full = [part for part in parts if len(part)]
    if not full:
        return pd.DataFrame(columns=["name", "kind", "x", "y", "z"])
    return pd.concat(full, ignore_index=True)


def dvh_metrics(
    ds: xr.Dataset,
    names: str | Sequence[str] = metrics.DEFAULT_METRICS,
    rois: ROIs = None,
    *,
    prescription: float | None = None,
    dose: str = model.DOSE,
    end_cap: EndCap = "half",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """Dose-volume metrics, with the prescription taken from the plan where none is given.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    names : str or sequence of str
        Metrics as in ``"D95%"``, ``"D2cc"``, ``"V20Gy"``, ``"V20Gy[cc]"``, ``"V95%"``, ``"mean"``.
    rois : str or sequence of str, optional
        ROI labels; all by default.
    prescription : float, optional
        Gy; by default what :func:`rtxr.read.rt_plan.target_prescription` finds in the plan.
    dose : str, default: "dose"
        Which dose.
    end_cap : {"half", "none"}, default: "half"
        Whether the outermost contours stand for half the local spacing beyond them.
    combine : {"xor", "union"}, default: "xor"
        How contours of one plane combine.

    Returns
    -------
    DataFrame
        One row per ROI, one column per metric. ``attrs["prescription"]`` and
        ``attrs["prescription_source"]`` say what percentages of dose refer to.
    """
    names = [names] if isinstance(names, str) else names
    source = "given"
    findings = _part_of_plan(ds, dose, names)
    if prescription is None and metrics.need_prescription(names):
        prescription, source, noticed = rt_plan.target_prescription(ds)
        findings += noticed
        if prescription is None:
            reasons = "; ".join(finding.message for finding in noticed)
            raise MissingDataError(
                "metrics in % of the prescription were asked for and no one dose is prescribed"
                + (f" ({reasons})" if reasons else "")
                + "; pass prescription=... in Gy"
            )
    table = metrics.dvh_metrics(
        ds, names, rois, prescription=prescription, dose=dose, end_cap=end_cap, combine=combine
    )
    table.attrs["prescription_source"] = source if prescription is not None else "none"
    table.attrs["findings"] = [
        *table.attrs.get("findings", []),
        *model.findings_frame(findings).to_dict("records"),
    ]
    return table


def _part_of_plan(ds: xr.Dataset, dose: str, names: Sequence[str]) -> list[Finding]:
    """Warn where a dose that is only part of the plan meets the prescription of all of it."""
    kind = str(ds[dose].attrs.get("DoseSummationType", "")) if dose in ds else ""
    if not metrics.need_prescription(names) or kind in WHOLE_PLAN:
        return []
    text = (
        f"(3004,000A) DoseSummationType of {dose!r} is {kind!r}, not the plan's total; metrics in "
        "% of the prescription compare a part with the whole"
    )
    return [Finding("dose-not-plan-total", "warning", text)]


def plot_dvh(
    ds: xr.Dataset,
    rois: ROIs = None,
    *,
    static: Literal[True] = True,
    relative: bool = True,
    stored: bool = False,
    ax: Axes | None = None,
    dose: str = model.DOSE,
    end_cap: EndCap = "half",
) -> Axes:
    """Cumulative DVHs of a case as a matplotlib figure.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    rois : str or sequence of str, optional
        ROI labels; by default every ROI with a volume.
    static : True
        A matplotlib figure, which is all there is.
    relative : bool, default: True
        Volume in % of the ROI, else cm3.
    stored : bool, default: False
        Also draw the DVHs that came in the dose file, dashed.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure.
    dose : str, default: "dose"
        Which dose.
    end_cap : {"half", "none"}, default: "half"
        Whether the outermost contours stand for half the local spacing beyond them.
    """
    if not static:
        raise ValueError("plot_dvh draws with matplotlib only: pass static=True")
    table = dvh.dvh(ds, rois, dose=dose, end_cap=end_cap)
    colors = dict(zip(model.roi_labels(ds), map(str, ds[model.ROI_COLOR].values), strict=True))
    beside = rt_dose.stored_dvh(ds, dose=dose) if stored else None
    return dvh_plot.plot_dvh(table, relative=relative, stored=beside, colors=colors, ax=ax)
