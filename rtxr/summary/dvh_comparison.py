"""DVHs that came in dose files beside those that rtxr computes.

``read`` gives what is stored, ``analysis`` what the contours and the dose say; here they meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses.dose_units import unit_of
from rtxr.analysis.statistics import metrics, stored_curves
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.dvh import roi_doses
from rtxr.analysis.statistics.metric_names import Metric
from rtxr.analysis.statistics.prescriptions import Prescription, prescriptions
from rtxr.analysis.statistics.stored_curves import Pair
from rtxr.analysis.structures import contours
from rtxr.analysis.structures.planes import Between, EndCap
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding, MissingDataError
from rtxr.geometry import FloatArray
from rtxr.read.dvhs.axis import Edge
from rtxr.roi_names import Rois
from rtxr.summary.prescribed import asked_metrics
from rtxr.summary.prescription import prescription_of
from rtxr.summary.stored_dvhs import stored_dvh

#: What a comparison shows when nothing else is asked for.
COMPARED = ("volume", "min", "mean", "max", "D98%", "D95%", "D50%", "D2%")
SOURCES = ("stored", "computed", "difference")
#: A place in the bin is chosen by the computed curves when it leaves this part of the distance.
_FITS_BETTER = 0.7


@dataclass(frozen=True)
class _Solids:
    """How contours become solids, see :func:`rtxr.analysis.statistics.dvh.dvh`."""

    end_cap: EndCap = "half"
    between: Between = "slab"
    combine: Combine = "xor"


def dvh_compare(
    ds: xr.Dataset,
    names: str | Sequence[str] = COMPARED,
    rois: Rois = None,
    *,
    curves: bool = False,
    dose: str = model.DOSE,
    edge: Edge | None = None,
    reference: float | None = None,
    prescription: Prescription | None = None,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """Stored and computed DVHs side by side.

    Parameters
    ----------
    ds : Dataset
        A case with structures, a dose and the headers.
    names : str or sequence of str
        Metrics, see :mod:`rtxr.analysis.statistics.metric_kinds`.
    rois : str, regular expression, or sequence of them, optional
        ROIs, see :mod:`rtxr.roi_names`; by default all that have a stored DVH.
    curves : bool, default: False
        The curves instead of metrics.
    dose : str, default: "dose"
        Which dose.
    edge, reference
        As in :func:`stored_dvh`; where stored means do not say what a bin's dose is, the place
        that fits the computed curves best is taken.
    prescription : float or mapping of ROI to float, optional
        Gy, for metrics in % of it, see :func:`rtxr.summary.prescribed.dvh_metrics`; by default
        that of the plan.
    end_cap, between, combine
        How contours become solids, as in :func:`rtxr.analysis.statistics.dvh.dvh`.

    Returns
    -------
    DataFrame
        Index ``roi``, columns ``(metric, source)`` with the sources ``stored``, ``computed`` and
        ``difference`` (computed less stored): ``table["D95%"]``, or
        ``table.xs("difference", axis=1, level="source")``. Doses in Gy. With ``curves`` the index
        is ``dose_gy``, that of the stored curves and on to the highest computed dose, and the
        columns are ``(roi, source)``, cumulative volumes in cm3. What is not stored is NaN.
        ``attrs``: ``dose``, ``edge``, ``edge_source``, ``end_cap``, ``between``, ``combine``,
        ``prescription``, and ``findings``, which say what explains differences.

    Raises
    ------
    MissingDataError
        No stored DVHs, structures or such a dose; a dose that is not in Gy; no prescription.
    UnknownNameError
        No such ROI, metric or edge.

    Notes
    -----
    Minimum, mean and maximum are those stored beside the curve where they make sense, else the
    curve's. A stored curve of one ROI without others is compared with all of that ROI, and a
    finding says so.
    """
    if dose in ds.data_vars and (unit := unit_of(ds, dose)) != "Gy":
        raise MissingDataError(f"stored DVHs are compared in Gy, and {dose!r} is in {unit}")
    asked = asked_metrics(ds, names)
    refers = any(metric.needs_prescription for metric in asked)
    given, _, findings = prescription_of(ds, prescription, refers=refers, dose=dose)
    prescribed = prescriptions(ds, given)
    # What a stored curve does not answer, its own findings explain.
    of_stored, measure = (metrics.Measure(ds, dose, prescribed, asked) for _ in SOURCES[:2])
    solids = _Solids(end_cap, between, combine)
    table, pairs, more = _paired(ds, rois, dose, (edge, reference), solids)
    findings += more
    result = _curves(table, pairs) if curves else _metrics(pairs, (of_stored, measure), asked)
    findings += measure.findings
    findings += [each for pair in pairs for each in pair.computed.findings if curves]
    findings += _explained(ds, pairs, dose, solids)
    result.attrs = {
        "dose": dose,
        "edge": table.attrs["edge"],
        "edge_source": table.attrs["edge_source"],
        "end_cap": end_cap,
        "between": between,
        "combine": combine,
        "prescription": prescribed.told(pair.label for pair in pairs),
        "findings": table.attrs["findings"] + model.findings_frame(findings).to_dict("records"),
    }
    return result


def _paired(
    ds: xr.Dataset,
    rois: Rois,
    dose: str,
    axis: tuple[Edge | None, float | None],
    solids: _Solids,
) -> tuple[pd.DataFrame, list[Pair], list[Finding]]:
    """The stored table, and stored and computed dose of each ROI."""
    edge, reference = axis
    table = stored_dvh(ds, dose, edge=edge, reference=reference)
    column_of, findings = _columns(ds, table)
    labels = list(column_of) if rois is None else roi_names.select(ds, rois)
    if not labels:
        raise MissingDataError(
            f"none of the stored DVHs ({', '.join(table.columns)}) is of a ROI of the case"
        )
    if absent := [repr(label) for label in labels if label not in column_of]:
        message = f"no DVH is stored of {', '.join(absent)}"
        findings.append(Finding("dvh-not-compared", "info", message))
    computed = roi_doses(
        ds,
        labels,
        dose=dose,
        end_cap=solids.end_cap,
        between=solids.between,
        combine=solids.combine,
    )

    def pairs_by(stored: pd.DataFrame) -> list[Pair]:
        return [Pair(each.label, _stored(each.label, stored, column_of), each) for each in computed]

    pairs = pairs_by(table)
    if table.attrs["edge_source"] != "assumed":
        return table, pairs, findings
    tables = {place: stored_dvh(ds, dose, edge=place, reference=reference) for place in _EDGES}
    off = {place: stored_curves.apart(pairs_by(tables[place])) for place in _EDGES}
    best = min(_EDGES, key=lambda place: off[place])
    assumed: Edge = table.attrs["edge"]
    if not off[best] < _FITS_BETTER * off[assumed]:
        return table, pairs, findings
    message = (
        f"beside the computed curves the stored ones fit edge={best!r} best ({off[best]:.2g} Gy "
        f"apart; {assumed!r} {off[assumed]:.2g} Gy), which was taken"
    )
    findings.append(Finding("dvh-dose-axis", "info", message))
    tables[best].attrs["edge_source"] = "computed"
    return tables[best], pairs_by(tables[best]), findings


_EDGES: tuple[Edge, ...] = get_args(Edge)


def _columns(ds: xr.Dataset, table: pd.DataFrame) -> tuple[dict[str, str], list[Finding]]:
    """ROI label > column of the stored table, and what cannot be compared."""
    labels = set(model.roi_labels(ds))
    found: dict[str, str] = {}
    findings: list[Finding] = []
    whole = sorted(table.columns, key=lambda name: bool(table.attrs["rois"][name]["excluded"]))
    for name in whole:
        facts: Mapping[str, Any] = table.attrs["rois"][name]
        roi = facts["included"][0] if len(facts["included"]) == 1 else None
        if roi not in labels or roi in found:
            message = f"the stored DVH {name!r} is not of one ROI of the case, or not its first"
            findings.append(Finding("dvh-not-compared", "info", message))
            continue
        found[roi] = name
        if facts["excluded"]:
            message = f"the stored DVH {name!r} stands beside the computed one of all of {roi!r}"
            findings.append(Finding("dvh-combined-rois", "warning", message))
    return {roi: found[roi] for roi in model.roi_labels(ds) if roi in found}, findings


def _stored(label: str, table: pd.DataFrame, column_of: Mapping[str, str]) -> RoiDose:
    """The stored curve of a ROI; all NaN where there is none."""
    if label not in column_of:
        return stored_curves.roi_dose_of(label, [], [])
    name = column_of[label]
    return stored_curves.roi_dose_of(label, table.index, table[name], table.attrs["rois"][name])


def _explained(ds: xr.Dataset, pairs: Sequence[Pair], dose: str, solids: _Solids) -> list[Finding]:
    """What explains that curves differ."""
    labels = [pair.label for pair in pairs]
    caps: dict[str, dict[str, float]] = {}
    for cap in get_args(EndCap) if solids.between == "slab" else ():
        own = contours.volumes(ds, labels, end_cap=cap, combine=solids.combine)
        caps[cap] = {label: float(own[label]) for label in labels if own[label] > 0}
    voxel_cc = float(np.prod(np.abs(model.grid_of(ds, dose).spacing))) / 1000
    return [
        *stored_curves.end_cap_findings(pairs, solids.end_cap, caps),
        *stored_curves.volume_findings(pairs, voxel_cc),
        *stored_curves.dose_findings(pairs),
    ]


def _metrics(
    pairs: Sequence[Pair],
    measures: tuple[metrics.Measure, metrics.Measure],
    asked: Sequence[Metric],
) -> pd.DataFrame:
    """A row per ROI, stored and computed beside each other."""
    of_stored, of_computed = measures
    unknown = [float("nan")] * len(asked)
    rows = []
    for pair in pairs:
        stored = of_stored.values(pair.stored, asked) if len(pair.stored.doses) else unknown
        computed = of_computed.values(pair.computed, asked)
        difference = np.array(computed) - np.array(stored)
        rows.append(np.stack([stored, computed, difference], axis=-1).ravel())
    columns = pd.MultiIndex.from_product(
        [[metric.name for metric in asked], SOURCES], names=["metric", "source"]
    )
    index = pd.Index([pair.label for pair in pairs], name=model.ROI)
    return pd.DataFrame(rows, index=index, columns=columns, dtype=float)


def _curves(stored: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Both curves of every ROI on one axis."""
    doses = stored.index.to_numpy()
    step = float(np.median(np.diff(doses))) if len(doses) > 1 else 0.01
    highest = max((p.computed.maximum for p in pairs if p.computed.maximum > 0), default=0.0)
    more = doses[-1] + step * np.arange(1, max(0, np.ceil((highest - doses[-1]) / step)) + 1)
    at = np.concatenate([doses, np.round(more, 9)])
    columns: dict[tuple[str, str], FloatArray] = {}
    for pair in pairs:
        first = pair.stored.volume_at(at) if len(pair.stored.doses) else np.full(len(at), np.nan)
        second = pair.computed.volume_at(at)
        columns |= {
            (pair.label, source): values
            for source, values in zip(SOURCES, (first, second, second - first), strict=True)
        }
    table = pd.DataFrame(columns, index=pd.Index(at, name="dose_gy"))
    table.columns = pd.MultiIndex.from_tuples(list(columns), names=[model.ROI, "source"])
    return table
