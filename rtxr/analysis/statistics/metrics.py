"""DVH metrics of structures: a table of them.

Names and definitions are in :mod:`rtxr.analysis.statistics.metric_kinds`. Doses are read from the
fine cumulative curve of :mod:`rtxr.analysis.statistics.dose_volume`, not from the bins of a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.doses.dose_choice import DoseLike, one_dose
from rtxr.analysis.doses.dose_units import unit_findings, unit_of_array
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.dvh import Masks, masks_by_name, roi_doses
from rtxr.analysis.statistics.isodose import Isodose
from rtxr.analysis.statistics.metric_kinds import OUTSIDE, MetricInput
from rtxr.analysis.statistics.metric_names import Metric, parse_metric
from rtxr.analysis.statistics.prescriptions import Prescription, Prescriptions, prescriptions
from rtxr.analysis.structures.contours import finding_dicts
from rtxr.analysis.structures.planes import Between, EndCap
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding, MissingDataError
from rtxr.roi_names import Rois

#: What a table shows when nothing else is asked for (ICRU 83: near-minimum, median, near-maximum).
DEFAULT_METRICS = ("volume", "mean", "min", "max", "D98%", "D50%", "D2%")

_RELATIVE = {"relative": "relative", "%": "in percent"}


def parsed(names: str | Iterable[str]) -> list[Metric]:
    """Metrics by their names.

    Raises
    ------
    UnknownNameError
        No such metric; the message shows the nearest ones.
    """
    return [parse_metric(name) for name in ([names] if isinstance(names, str) else names)]


def dvh_metrics(
    ds: xr.Dataset,
    metrics: str | Sequence[str],
    rois: Rois = None,
    *,
    mask: Masks | None = None,
    prescription: Prescription | None = None,
    dose: DoseLike = model.DOSE,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """Metrics of the dose to structures.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    metrics : str or sequence of str
        Such as ``["D95%", "D0.03cc", "V20Gy", "V20Gy[cc]", "V95%", "mean", "max"]``; see
        :mod:`rtxr.analysis.statistics.metric_kinds`.
    rois : str, Pattern or sequence of them, optional
        Labels, regular expressions or standard names, see :mod:`rtxr.roi_names`; all by default,
        none where there is a ``mask``.
    mask : DataArray of bool, or mapping of name to DataArray, optional
        Masks on any grid, in rows of their own.
    prescription : float or mapping of ROI to float, optional
        Prescribed dose, Gy; needed by metrics that refer to it. By ROI see
        :func:`rtxr.analysis.statistics.prescriptions.prescriptions`.
    dose : str or DataArray, default: "dose"
        Which dose: a variable, or an array with a grid.
    end_cap : {"half", "none"}
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    between : {"slab", "shape"}
        What is between the planes of contours, see :func:`rtxr.analysis.statistics.dvh.dvh`.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    DataFrame
        A row per ROI, a column per metric as it was spelt; doses in Gy (in the dose's own unit,
        with a finding, where its attrs name another). ``attrs``:
        ``prescription`` (Gy or None; by label where it was given by ROI), ``units`` (of each
        column) and ``findings``, a list of dicts.

    Raises
    ------
    UnknownNameError
        No such metric or ROI; the message shows the nearest.
    MissingDataError
        No structures, no such dose, a metric that refers to a prescription that was not given,
        or one in Gy of a dose whose attrs name another unit.
    """
    asked = parsed(metrics)
    prescribed = prescriptions(ds, prescription, masks_by_name(mask))
    measure = Measure(ds, dose, prescribed, asked)
    found = roi_doses(
        ds, rois, mask=mask, dose=dose, end_cap=end_cap, between=between, combine=combine
    )
    rows = {each.label: measure.values(each, asked) for each in found}
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=[metric.name for metric in asked], dtype=float
    )
    table.index.name = model.ROI
    units = {metric.name: measure.unit(metric) for metric in asked}
    findings = finding_dicts(measure.findings)
    told = prescribed.told(rows)
    table.attrs = {"prescription": told, "units": units, "findings": findings}
    return table


class Measure:
    """Values of metrics of one dose, with what is noticed on the way.

    Parameters
    ----------
    ds : Dataset
        A case with the dose.
    dose : str or DataArray
        Which one.
    prescribed : Prescriptions
        What percentages of dose refer to.
    metrics : sequence of Metric
        All that will be asked for.

    Raises
    ------
    MissingDataError
        One of them cannot be computed for any structure, or there is no such dose.
    """

    def __init__(
        self,
        ds: xr.Dataset,
        dose: DoseLike,
        prescribed: Prescriptions,
        metrics: Sequence[Metric],
    ) -> None:
        chosen = one_dose(ds, dose)
        self._unit = unit_of_array(chosen.array)
        _require_prescription(metrics, prescribed)
        _require_gray(metrics, self._unit, chosen.name)
        self._prescribed = prescribed
        self._isodose = Isodose(chosen.field)
        self._findings = unit_findings(ds, chosen.array)

    @property
    def findings(self) -> list[Finding]:
        """What was noticed so far."""
        return [*self._findings, *self._isodose.findings]

    def unit(self, metric: Metric) -> str:
        """Unit of its values."""
        return self._unit if metric.unit == "Gy" else metric.unit

    def values(self, found: RoiDose, metrics: Iterable[Metric]) -> list[float]:
        """Values of metrics for one structure, NaN where they are not known."""
        prescription = self._prescribed.of(found.label)
        given = MetricInput(found, prescription=prescription, isodose=self._isodose.volume_cc)
        values = []
        self._findings += found.findings
        for metric in metrics:
            values.append(metric.value(given))
            if math.isnan(values[-1]) and (reason := _reason(given, metric)):
                text = f"ROI {found.label!r}: no {metric.name}: {reason}"
                self._findings.append(Finding("metric-undefined", "warning", text))
        return values


def _reason(given: MetricInput, metric: Metric) -> str:
    """Why a metric has no value; empty where the findings of the ROI say it."""
    found = given.roi
    if metric.needs_prescription and math.isnan(given.prescription):
        return "prescription= says none of it; name it there, or give a 'default'"
    if math.isnan(found.volume_cc):
        return "its volume is not known, since it has a single plane and nothing tells how thick"
    if not found.volume_cc > 0:
        return ""
    if found.outside_fraction > OUTSIDE or metric.kind.spelling.startswith("D"):
        held = f"{found.inside_cc:.3f} cm3 of it have a dose (it has {found.volume_cc:.3f} cm3)"
        return f"only {held}"
    if metric.kind.spelling in ("CI", "Paddick"):
        return "a dose grid with a single plane, row or column has no isodose volume"
    return f"{metric.kind.meaning} is not defined for its doses"


def _require_prescription(metrics: Sequence[Metric], prescribed: Prescriptions) -> None:
    """Raise where metrics refer to a prescription that is not there."""
    percent = [metric.name for metric in metrics if metric.needs_prescription]
    if percent and not prescribed.given:
        raise MissingDataError(
            f"{', '.join(percent)}: in % of a prescription, and none is given; pass "
            "prescription=<Gy>, or ask for a dose, as in V20Gy"
        )


def _require_gray(metrics: Sequence[Metric], unit: str, dose: str) -> None:
    """Raise where metrics in Gy are asked of a dose that is not in Gy."""
    gray = [
        metric.name
        for metric in metrics
        if metric.kind.needs_gray or metric.unit == "cGy" or "[gy]" in metric.name.casefold()
    ]
    if unit in _RELATIVE and gray:
        raise MissingDataError(
            f"{', '.join(gray)}: the dose is {_RELATIVE[unit]} ((3004,0002) DoseUnits); ask for "
            "V<n>% with prescription=<the value that is 100 %>"
        )
    gray += [metric.name for metric in metrics if metric.needs_prescription]
    if unit in ("cGy", "other") and gray:
        raise MissingDataError(
            f"{', '.join(gray)}: the dose is not in Gy (its attrs 'units' and 'DoseUnits'); "
            f"convert it, and set its attrs: units = 'Gy' and DoseUnits = 'GY' (dose {dose!r})"
        )
