"""Dose volume histograms as they were stored in RT Dose files (PS3.3 C.8.8.4).

Items become curves in :mod:`rtxr.read.dvhs.items`; what their dose axis means is found in
:mod:`rtxr.read.dvhs.axis`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import Finding, MissingDataError, UnknownNameError, above_0, did_you_mean
from rtxr.geometry import FloatArray
from rtxr.read.dvhs.axis import Edge, check_edge, place_of_dose, unit_of_statistics
from rtxr.read.dvhs.items import (
    Reference,
    StoredCurve,
    curve_of,
    needs_volume,
    relative_in_percent,
    roi_references,
)
from rtxr.read.headers import parse
from rtxr.read.item_values import items, number, text


def stored_dvh(
    ds: xr.Dataset,
    dose: str = model.DOSE,
    *,
    edge: Edge | None = None,
    reference: float | None = None,
    volumes: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """DVHs that came in the file of a dose, as cumulative curves in Gy and cm3.

    Elements read (RT DVH module, PS3.3 C.8.8.4):

    =========== ============================ ====
    Tag         Keyword                      Type
    =========== ============================ ====
    (300C,0060) ReferencedStructureSetSequence 1
    (3004,0042) DVHNormalizationDoseValue    3
    (3004,0050) DVHSequence                  1
    (3004,0001) > DVHType                    1
    (3004,0002) > DoseUnits                  1
    (3004,0052) > DVHDoseScaling             1
    (3004,0054) > DVHVolumeUnits             1
    (3004,0056) > DVHNumberOfBins            1
    (3004,0058) > DVHData                    1
    (3004,0060) > DVHReferencedROISequence   1
    (3004,0070) > DVHMinimumDose             3
    (3004,0072) > DVHMaximumDose             3
    (3004,0074) > DVHMeanDose                3
    =========== ============================ ====

    Parameters
    ----------
    ds : Dataset
        A case that carries its headers.
    dose : str
        Dose variable, or the SOPInstanceUID of a dose without a grid.
    edge : {"left", "centre", "right"}, optional
        Where in its bin the dose of a cumulative volume lies: at its lower edge, its centre or its
        upper edge. By default the stored mean doses decide where they can, else it is ``"left"``;
        ``attrs["edge"]`` and a finding say which.
    reference : float, optional
        Gy that relative doses refer to; by default (3004,0042) DVHNormalizationDoseValue.
    volumes : mapping of ROI label to float, optional
        Volumes in cm3, for curves stored in percent of them.

    Returns
    -------
    DataFrame
        Index ``dose_gy`` (the union of the curves' dose axes and 0); one column per DVH, named by
        its ROI (``DVH 3`` where it names none), cumulative volume in cm3, linear between stored
        points, the first stored volume before them, 0 beyond them, NaN beyond a curve that was
        cut off. ``attrs``: ``dose``, ``edge``, ``edge_source`` (``"given"``, ``"means"`` or
        ``"assumed"``), ``rois`` and ``findings``. ``rois`` holds per column ``type`` (as stored),
        ``included`` and ``excluded`` (labels: the volume is the union of the former without that
        of the latter), ``volume_cc``, ``min_gy``, ``mean_gy``, ``max_gy`` (None where nothing
        usable is stored), and ``minimum``, ``mean``, ``maximum`` as stored.

    Raises
    ------
    MissingDataError
        No such dose, no headers, or no DVH in the file.
    RTXRError
        ``reference``, or one of ``volumes``, is no number above 0.
    UnknownNameError
        No such ``edge``, or ``volumes`` of what is neither a ROI nor a stored DVH.

    Notes
    -----
    Volumes of a ``DIFFERENTIAL`` histogram are those of its bins and are added up from the upper
    end. A ``NATURAL`` one in ``PER_U`` holds volume per unit of u(D) = D^-3/2 (Anderson, Med.
    Phys. 13, 898, 1986), which times the width of a bin in u is its volume. Relative doses are
    percent of the reference, or fractions where none of the axes of a file goes beyond 5.
    """
    check_edge(edge)
    if reference is not None:
        reference = above_0("reference", reference, "Gy that relative doses refer to")
    header = dose_header(ds, dose)
    given = _volumes(volumes or {}, _names(header, _labels(ds)))
    curves, findings = _curves(header, _labels(ds), given, reference)
    if not curves:
        reasons = "; ".join(finding.message for finding in findings)
        raise MissingDataError(
            f"the file of {dose!r} holds no DVH that can be read "
            f"((3004,0050) DVHSequence{': ' + reasons if reasons else ' is absent or empty'})"
        )
    place, source, more = place_of_dose(curves, edge)
    gray, told = unit_of_statistics(curves, place)
    findings += [*more, *told, *_cut_off_findings(curves), *_other_structures(ds, header)]
    table = _table(curves, place)
    table.attrs.update(
        dose=dose,
        edge=place,
        edge_source=source,
        rois={curve.label: _facts(curve, gray) for curve in curves},
        findings=[asdict(finding) for finding in findings],
    )
    return table


def rois_in_percent(ds: xr.Dataset, dose: str = model.DOSE) -> list[str]:
    """Labels of single ROIs whose stored DVH needs their volume to be given in cm3."""
    labels = _labels(ds)
    found: list[str] = []
    for item in items(dose_header(ds, dose), "DVHSequence"):
        included, excluded = roi_references(item, labels)
        if needs_volume(item) and len(included) == 1 and not excluded:
            found += included
    return [label for label in dict.fromkeys(found) if label in labels.values()]


def dose_header(ds: xr.Dataset, dose: str) -> pydicom.Dataset:
    """Parsed header of a dose variable, or of a dose without a grid by its SOPInstanceUID.

    Raises
    ------
    MissingDataError
        No such header.
    """
    coord = model.uid_name(dose)
    uid = str(ds[coord].values) if coord in ds.coords else dose
    records = header_store.unpack(ds, [uid])
    if uid not in records:
        there = ", ".join(model.dose_names(ds)) or "none"
        raise MissingDataError(f"no header of a dose {dose!r} in this Dataset; doses: {there}")
    return parse(records[uid])


def _names(header: pydicom.Dataset, labels: Mapping[int, str]) -> list[str]:
    """What stored DVHs and ROIs are called."""
    stored = [_label(*roi_references(item, labels)) for item in items(header, "DVHSequence")]
    numbered = [label or f"DVH {at}" for at, label in enumerate(stored, start=1)]
    return list(dict.fromkeys([*numbered, *labels.values()]))


def _volumes(volumes: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Volumes that a caller gave, each of something that there is."""
    for label in volumes:
        if label not in names:
            raise UnknownNameError(
                f"volumes={{{label!r}: ...}}: there is no such ROI or stored DVH; "
                f"{did_you_mean(label, names)}"
            )
    return {label: above_0(f"volumes[{label!r}]", value, "cm3") for label, value in volumes.items()}


def _curves(
    header: pydicom.Dataset,
    labels: Mapping[int, str],
    volumes: Mapping[str, float],
    reference: float | None,
) -> tuple[list[StoredCurve], list[Finding]]:
    """The curves that can be read, with labels of their own."""
    found = items(header, "DVHSequence")
    curves: list[StoredCurve] = []
    findings: list[Finding] = []
    for at, item in enumerate(found, start=1):
        rois = roi_references(item, labels)
        label = _label(*rois) or f"DVH {at}"
        # The Standard has the value beside the sequence; some write it into its items.
        gray = reference or number(item, "DVHNormalizationDoseValue")
        gray = gray or number(header, "DVHNormalizationDoseValue")
        relative = Reference(gray, relative_in_percent(found))
        curve, more = curve_of(item, label, rois, volumes=volumes, reference=relative)
        findings += _roi_findings(rois, label, labels) + more
        if curve is not None:
            taken = {each.label for each in curves}
            copies = (f"{label} ({copy})" for copy in range(2, len(taken) + 3))
            free = label if label not in taken else next(c for c in copies if c not in taken)
            curves.append(replace(curve, label=free))
    return curves, findings


def _labels(ds: xr.Dataset) -> dict[int, str]:
    if model.ROI_NUMBER not in ds.coords:
        return {}
    by_label = zip(np.atleast_1d(ds[model.ROI_NUMBER].values), model.roi_labels(ds), strict=True)
    return {int(number_): label for number_, label in by_label}


def _label(included: Sequence[str], excluded: Sequence[str]) -> str:
    """``A + B - C``, empty where no ROI is named."""
    first = " + ".join(included) or ("everything" if excluded else "")
    return " - ".join([first, *excluded])


def _roi_findings(
    rois: tuple[Sequence[str], Sequence[str]], label: str, labels: Mapping[int, str]
) -> list[Finding]:
    """What is odd about the ROIs that an item names."""
    named = {*rois[0], *rois[1]}
    unknown = sorted(named - set(labels.values())) if labels else []
    if named and not unknown:
        return []
    if named:
        what = f"(3006,0084) ReferencedROINumber names no ROI of the case ({', '.join(unknown)})"
    else:
        what = "(3004,0060) DVHReferencedROISequence is missing or empty, so nothing says of what"
    return [Finding("dvh-without-roi", "warning", f"{label!r}: {what}")]


def _other_structures(ds: xr.Dataset, header: pydicom.Dataset) -> list[Finding]:
    """A warning where the DVHs name another structure set than that of the case."""
    coord = ds.coords.get(model.STRUCTURE_SET_UID)
    named = items(header, "ReferencedStructureSetSequence")
    uid = text(named[0], "ReferencedSOPInstanceUID") if named else ""
    if coord is None or not uid or uid == str(coord.values):
        return []
    message = (
        f"the stored DVHs are of another structure set ({uid}, (300C,0060) "
        "ReferencedStructureSetSequence) than that of the case; their ROI numbers may mean others"
    )
    return [Finding("dvh-other-structures", "warning", message)]


def _cut_off_findings(curves: Sequence[StoredCurve]) -> list[Finding]:
    cut = [repr(curve.label) for curve in curves if curve.cut_off]
    if not cut:
        return []
    message = f"the stored curves of {', '.join(cut)} end before they reach zero volume"
    return [Finding("dvh-cut-off", "info", message)]


def _table(curves: Sequence[StoredCurve], place: str) -> pd.DataFrame:
    points = [curve.points(place) for curve in curves]
    readable = [doses for doses, _ in points if np.isfinite(doses).all()]
    union = np.unique(np.round(np.concatenate([[0.0], *readable]), 9))
    columns: dict[str, FloatArray] = {}
    for curve, (doses, volumes) in zip(curves, points, strict=True):
        ends = np.isfinite(volumes[-1]) and not curve.cut_off
        beyond = 0.0 if ends else np.nan
        columns[curve.label] = (
            np.interp(union, np.round(doses, 9), volumes, left=volumes[0], right=beyond)
            if np.isfinite(doses).all()
            else np.full(len(union), np.nan)
        )
    return pd.DataFrame(columns, index=pd.Index(union, name="dose_gy"))


def _facts(curve: StoredCurve, gray: float | None) -> dict[str, Any]:
    """What is stored beside a curve, with its statistics in Gy."""
    factor = 1 / curve.per_gray if gray is None else gray
    names = {"minimum": "min_gy", "mean": "mean_gy", "maximum": "max_gy"}
    in_gray = {
        names[key]: value * factor if value is not None and np.isfinite(factor) else None
        for key, value in curve.statistics.items()
    }
    return {
        "type": curve.kind,
        "included": list(curve.included),
        "excluded": list(curve.excluded),
        "volume_cc": float(curve.volumes[0]),
        **in_gray,
        **curve.statistics,
    }
