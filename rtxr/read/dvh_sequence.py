"""Dose volume histograms as they were stored in RT Dose files (PS3.3 C.8.8.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, MissingDataError
from rtxr.geometry import FloatArray
from rtxr.read.headers import parse
from rtxr.read.item_values import integer, items, number, numbers, text

#: Position of a bin's dose inside the bin, by name.
_AXES = {"left edge": 0.0, "centre": 0.5, "right edge": 1.0}
_ASSUMED_AXIS = "left edge"
#: A curve that ends above this fraction of its first volume was cut off.
_CUT_OFF = 1e-3
#: Stored means decide the axis when they fit one of the three this well, in bins.
_FIT_BINS = 0.2


@dataclass(frozen=True)
class StoredCurve:
    """One item of the DVH Sequence: cumulative volumes over the left edges of dose bins.

    Parameters
    ----------
    label : str
        ROI label, or labels joined by ``+`` and ``-``.
    kind : str
        DVH Type (3004,0001) as stored.
    edges, widths, volumes : ndarray, (bins,)
        Left edge and width of each bin, Gy; cumulative volume in ``unit``.
    unit : str
        DVH Volume Units (3004,0054).
    statistics : dict
        DVH Minimum, Mean and Maximum Dose as stored, None where absent.
    """

    label: str
    kind: str
    edges: FloatArray
    widths: FloatArray
    volumes: FloatArray
    unit: str
    statistics: dict[str, float | None]

    def axis(self, place: str) -> FloatArray:
        """Dose of each volume, Gy, when it stands for this place in its bin."""
        return self.edges + _AXES[place] * self.widths

    def mean(self, place: str) -> float:
        """Mean dose by the curve, Gy."""
        dose, volume = np.concatenate([[0.0], self.axis(place)]), self.volumes
        return float(np.trapezoid(np.concatenate([volume[:1], volume]), dose) / volume[0])


def stored_dvh(
    ds: xr.Dataset, dose: str = model.DOSE, *, volumes: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """DVHs that came in the file of a dose.

    Elements read (DVH Sequence, PS3.3 C.8.8.4):

    =========== ======================== ====
    Tag         Keyword                  Type
    =========== ======================== ====
    (3004,0001) DVHType                  1
    (3004,0002) DoseUnits                1
    (3004,0042) DVHNormalizationDoseValue 3
    (3004,0052) DVHDoseScaling           1
    (3004,0054) DVHVolumeUnits           1
    (3004,0058) DVHData                  1
    (3004,0060) DVHReferencedROISequence 1
    (3004,0070) DVHMinimumDose           3
    (3004,0072) DVHMaximumDose           3
    (3004,0074) DVHMeanDose              3
    =========== ======================== ====

    Parameters
    ----------
    ds : Dataset
        A case that carries its headers.
    dose : str
        Dose variable, or the SOPInstanceUID of a dose without a grid.
    volumes : mapping of ROI label to float, optional
        Volumes in cm3, to turn curves stored in percent into cm3.

    Returns
    -------
    DataFrame
        Index ``dose_gy`` (the union of the curves' dose axes and 0); one column per ROI label,
        cumulative volume in cm3, linear between stored points, the first stored volume before
        them, 0 beyond them, NaN beyond a curve that was cut off. ``attrs``: ``dose``,
        ``dose_axis`` (what a bin's dose stands for), ``rois`` (per label ``type``, ``volume_cc``
        and ``minimum``, ``mean``, ``maximum`` as stored) and ``findings``.

    Raises
    ------
    MissingDataError
        No such dose, no headers, or no DVH in the file.
    """
    header = _dose_header(ds, dose)
    labels = _labels(ds)
    findings: list[Finding] = []
    curves = []
    for item in items(header, "DVHSequence"):
        curve, more = _curve(item, labels, volumes or {})
        findings += more
        curves += [] if curve is None else [curve]
    if not curves:
        reasons = "; ".join(finding.message for finding in findings)
        raise MissingDataError(
            f"the file of {dose!r} holds no DVH that can be read "
            f"((3004,0050) DVHSequence{': ' + reasons if reasons else ' is absent or empty'})"
        )
    curves = _unique_labels(curves)
    place, more = _bin_place(curves)
    findings += more + _statistics_findings(curves, place) + _cut_off_findings(curves)
    return _table(curves, place, dose, findings)


def _dose_header(ds: xr.Dataset, dose: str) -> pydicom.Dataset:
    coord = model.uid_name(dose)
    uid = str(ds[coord].values) if coord in ds.coords else dose
    records = header_store.unpack(ds, [uid])
    if uid not in records:
        there = ", ".join(model.dose_names(ds)) or "none"
        raise MissingDataError(f"no header of a dose {dose!r} in this Dataset; doses: {there}")
    return parse(records[uid])


def _labels(ds: xr.Dataset) -> dict[int, str]:
    if model.ROI_NUMBER not in ds.coords:
        return {}
    by_label = zip(np.atleast_1d(ds[model.ROI_NUMBER].values), model.roi_labels(ds), strict=True)
    return {int(number_): label for number_, label in by_label}


def _curve(
    item: pydicom.Dataset, labels: Mapping[int, str], volumes: Mapping[str, float]
) -> tuple[StoredCurve | None, list[Finding]]:
    """One stored curve in Gy and cm3, or None with the reason."""
    label = _roi_label(item, labels)
    pairs = numbers(item, "DVHData")
    pairs = pairs[: len(pairs) // 2 * 2].reshape(-1, 2)
    if not len(pairs) or not np.isfinite(pairs).all():
        message = f"{label!r}: (3004,0058) DVHData is empty or holds something that is no number"
        return None, [Finding("dvh-unreadable", "warning", message)]
    to_gy, findings = _dose_factor(item, label)
    to_cc, more = _volume_factor(item, label, volumes)
    kind = text(item, "DVHType") or "CUMULATIVE"
    widths = pairs[:, 0] * to_gy
    stored = pairs[:, 1] * to_cc
    if kind != "CUMULATIVE":
        stored = np.cumsum(stored[::-1])[::-1]
    keywords = {"minimum": "DVHMinimumDose", "mean": "DVHMeanDose", "maximum": "DVHMaximumDose"}
    curve = StoredCurve(
        label=label,
        kind=kind,
        edges=np.cumsum(widths) - widths,
        widths=widths,
        volumes=np.maximum(stored, 0.0),
        unit=text(item, "DVHVolumeUnits"),
        statistics={
            name: None if (value := number(item, keyword)) is None else value / _per_gray(item)
            for name, keyword in keywords.items()
        },
    )
    return curve, findings + more


def _roi_label(item: pydicom.Dataset, labels: Mapping[int, str]) -> str:
    text_ = ""
    for reference in items(item, "DVHReferencedROISequence"):
        roi = integer(reference, "ReferencedROINumber")
        name = labels.get(-1 if roi is None else roi, f"ROI {roi}")
        sign = "-" if text(reference, "DVHROIContributionType") == "EXCLUDED" else "+"
        text_ = f"{text_} {sign} {name}" if text_ else name
    return text_ or "ROI ?"


def _dose_factor(item: pydicom.Dataset, label: str) -> tuple[float, list[Finding]]:
    """What turns stored dose bins into Gy."""
    scaling = number(item, "DVHDoseScaling") or 1.0
    units = text(item, "DoseUnits").upper() or "GY"
    if units != "RELATIVE":
        return scaling / _per_gray(item), []
    reference = number(item, "DVHNormalizationDoseValue")
    if reference is None:
        message = (
            f"{label!r}: the dose axis is relative and (3004,0042) DVHNormalizationDoseValue, "
            "which would say to what, is missing; no dose can be given"
        )
        return float("nan"), [Finding("dvh-relative-dose", "warning", message)]
    message = f"{label!r}: the dose axis is relative; taken as percent of {reference:g} Gy"
    return scaling * reference / 100.0, [Finding("dvh-relative-dose", "info", message)]


def _per_gray(item: pydicom.Dataset) -> float:
    """Stored units of dose in one Gy."""
    return model.DOSE_UNITS_PER_GRAY.get(text(item, "DoseUnits").upper(), 1.0)


def _volume_factor(
    item: pydicom.Dataset, label: str, volumes: Mapping[str, float]
) -> tuple[float, list[Finding]]:
    """What turns stored volumes into cm3."""
    units = text(item, "DVHVolumeUnits").upper() or "CM3"
    if units == "CM3":
        return 1.0, []
    if units == "PERCENT" and label in volumes:
        return float(volumes[label]) / 100.0, []
    needed = "the volume of the ROI" if units == "PERCENT" else "CM3 or PERCENT"
    message = (
        f"{label!r}: (3004,0054) DVHVolumeUnits is {units}; without {needed} no cm3 can be given"
    )
    return float("nan"), [Finding("dvh-volume-units", "warning", message)]


def _unique_labels(curves: Sequence[StoredCurve]) -> list[StoredCurve]:
    named: dict[str, StoredCurve] = {}
    for curve in curves:
        label, copy = curve.label, 2
        while label in named:
            label, copy = f"{curve.label} ({copy})", copy + 1
        named[label] = replace(curve, label=label)
    return list(named.values())


def _bin_place(curves: Sequence[StoredCurve]) -> tuple[str, list[Finding]]:
    """Which place of a bin its dose stands for, by the means that are stored beside the curves.

    The means may be in another unit (Gy or percent), so their common factor is left free as soon
    as there are several.
    """
    known = [c for c in curves if c.statistics["mean"] and c.volumes[0] > 0 and c.widths[0] > 0]
    misfits = {place: _misfit(known, place) for place in _AXES} if known else {}
    best = min(misfits, key=lambda place: misfits[place], default=_ASSUMED_AXIS)
    if misfits.get(best, np.inf) > _FIT_BINS:
        message = (
            "the stored curves do not say whether a bin's dose is its left edge, centre or right "
            f"edge; the {_ASSUMED_AXIS} was assumed"
        )
        return _ASSUMED_AXIS, [Finding("dvh-dose-axis", "info", message)]
    message = f"the stored mean doses show that a bin's dose is its {best}"
    return best, [Finding("dvh-dose-axis", "info", message)]


def _misfit(curves: Sequence[StoredCurve], place: str) -> float:
    """Median distance, in bins, of the curves' means from the stored ones."""
    stored = np.array([curve.statistics["mean"] for curve in curves])
    means = np.array([curve.mean(place) for curve in curves])
    widths = np.array([np.median(curve.widths) for curve in curves])
    factors = means / stored
    largest = np.argsort(means)[-max(len(means) // 2, 1) :]
    factor = 1.0 if len(means) == 1 else float(np.median(factors[largest]))
    if abs(factor - 1.0) < 0.01:
        factor = 1.0
    return float(np.median(np.abs(means - factor * stored) / widths))


def _statistics_findings(curves: Sequence[StoredCurve], place: str) -> list[Finding]:
    """Say so when stored minimum, mean and maximum are percentages although the axis is in Gy."""
    factors = [
        curve.mean(place) / stored
        for curve in curves
        if (stored := curve.statistics["mean"]) and curve.volumes[0] > 0
    ]
    if len(factors) < 2:
        return []
    factor = float(np.median(factors))
    if not np.isfinite(factor) or abs(factor - 1) < 0.02:
        return []
    message = (
        "(3004,0070) DVHMinimumDose, (3004,0074) DVHMeanDose and (3004,0072) DVHMaximumDose are "
        f"not in the unit of the curves; they look like percent of {100 * factor:.4g} Gy and are "
        "given as stored"
    )
    return [Finding("dvh-statistics-units", "warning", message)]


def _cut_off_findings(curves: Sequence[StoredCurve]) -> list[Finding]:
    cut = [repr(curve.label) for curve in curves if _is_cut_off(curve)]
    if not cut:
        return []
    message = f"the stored curves of {', '.join(cut)} end before they reach zero volume"
    return [Finding("dvh-cut-off", "info", message)]


def _is_cut_off(curve: StoredCurve) -> bool:
    return bool(curve.kind == "CUMULATIVE" and curve.volumes[-1] > _CUT_OFF * curve.volumes[0])


def _table(
    curves: Sequence[StoredCurve], place: str, dose: str, findings: Sequence[Finding]
) -> pd.DataFrame:
    axes = [curve.axis(place if curve.kind == "CUMULATIVE" else _ASSUMED_AXIS) for curve in curves]
    readable = [axis for axis in axes if np.isfinite(axis).all()]
    union = np.unique(np.round(np.concatenate([[0.0], *readable]), 9))
    columns: dict[str, FloatArray] = {}
    for curve, axis in zip(curves, axes, strict=True):
        beyond = np.nan if _is_cut_off(curve) else 0.0
        columns[curve.label] = (
            np.interp(union, axis, curve.volumes, left=curve.volumes[0], right=beyond)
            if np.isfinite(axis).all()
            else np.full(len(union), np.nan)
        )
    table = pd.DataFrame(columns, index=pd.Index(union, name="dose_gy"))
    rois: dict[str, dict[str, Any]] = {
        curve.label: {
            "type": curve.kind,
            "volume_cc": float(curve.volumes[0]),
            **curve.statistics,
        }
        for curve in curves
    }
    table.attrs.update(
        dose=dose,
        dose_axis=place,
        rois=rois,
        findings=[asdict(finding) for finding in findings],
    )
    return table
