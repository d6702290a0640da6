"""Dose-volume metrics and clinical goals, with the prescription that the plan tells.

``read`` knows what is prescribed, ``analysis`` what is received; they meet here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pandas as pd
import xarray as xr

from rtxr import model, roi_names
from rtxr.analysis.doses.dose_choice import DoseLike, one_dose
from rtxr.analysis.doses.dose_units import Unit, unit_of_array
from rtxr.analysis.statistics import goals as goal_rows
from rtxr.analysis.statistics import metrics
from rtxr.analysis.statistics.dvh import Masks
from rtxr.analysis.statistics.goals import Goal
from rtxr.analysis.statistics.metric_names import Metric
from rtxr.analysis.statistics.prescriptions import Prescription
from rtxr.analysis.structures.contours import finding_dicts
from rtxr.analysis.structures.planes import Between, EndCap
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding, MissingDataError, UnknownNameError
from rtxr.roi_names import Rois
from rtxr.summary.dose_findings import dose_findings
from rtxr.summary.prescription import prescription_of
from rtxr.view.goal_table import GoalTable

TableT = TypeVar("TableT", bound=pd.DataFrame)


def dvh_metrics(
    ds: xr.Dataset,
    names: str | Sequence[str] = metrics.DEFAULT_METRICS,
    rois: Rois = None,
    *,
    mask: Masks | None = None,
    prescription: Prescription | None = None,
    dose: DoseLike = model.DOSE,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """Dose-volume metrics, with the prescription taken from the plan where none is given.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    names : str or sequence of str
        Metrics such as ``"D95%"``, ``"D2cc"``, ``"DC10cc"``, ``"V20Gy"``, ``"V20Gy[cc]"``,
        ``"V95%"``, ``"CV20Gy"``, ``"mean"``, ``"median"``, ``"min"``, ``"max"``, ``"gEUD(a=8)"``,
        ``"HI"``, ``"CI"``, ``"Paddick"``, ``"volume"``, and those of :func:`rtxr.register_metric`;
        what they are is in :mod:`rtxr.analysis.statistics.metric_kinds`.
    rois : str, regular expression, or sequence of them, optional
        ROIs, see :mod:`rtxr.roi_names`; all by default, none where there is a ``mask``.
    mask : DataArray of bool, or mapping of name to DataArray, optional
        Masks on any grid, in rows of their own.
    prescription : float or mapping of ROI to float, optional
        Gy; by default what :func:`rtxr.read.rt_plan.target_prescription` finds in the plan: the
        dose of a target volume or site, else the sum of beam doses, never the dose of a point.
        By ROI or mask, ``{"PTV": 50, "Boost": 66}``, each is in % of its own; ``"default"`` is
        for the rest, which without it has no value in %, and a finding.
    dose : str or DataArray, default: "dose"
        Which dose: a variable, or an array with a grid, such as ``ds.dose * 2``.
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
        One row per ROI, one column per metric; NaN, with a finding, where a value is not known.
        ``attrs``: ``prescription`` (Gy; by label where it was given by ROI) and
        ``prescription_source`` say what percentages of dose refer to, ``units`` the unit of each
        column, ``findings`` what was noticed.

    Raises
    ------
    UnknownNameError
        No such metric or ROI; the message shows the nearest.
    MissingDataError
        No structures or dose, no one prescription, or a metric in Gy of a dose in another unit.
    """
    asked = asked_metrics(ds, names)
    refers = any(metric.needs_prescription for metric in asked)
    prescription, source, findings = prescription_of(ds, prescription, refers=refers, dose=dose)
    table = metrics.dvh_metrics(
        ds,
        names,
        rois,
        mask=mask,
        prescription=prescription,
        dose=dose,
        end_cap=end_cap,
        between=between,
        combine=combine,
    )
    return _said(table, source, [*findings, *_further(ds, dose, findings)])


def goals(
    ds: xr.Dataset,
    goals: str | Sequence[str],
    *,
    mask: Masks | None = None,
    prescription: Prescription | None = None,
    dose: DoseLike = model.DOSE,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
) -> GoalTable:
    """Clinical goals: which are met.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    goals : str or sequence of str
        Such as ``"PTV: D95% >= 66.5 Gy"``, ``"SpinalCord: D0.03cc <= 45 Gy"``,
        ``"Lung: V20Gy < 30 %"``, ``"PTV: D95% >= 95 %"`` (of the prescription) or
        ``"Cord: max <= 45 Gy (<= 50 Gy)"`` (in brackets what is acceptable); see the table in
        :mod:`rtxr.analysis.statistics.goals`.
        ROIs are named as everywhere (:mod:`rtxr.roi_names`); a regular expression or a standard
        name that fits several makes a row for each.
    mask : DataArray of bool, or mapping of name to DataArray, optional
        Masks on any grid, which goals name as they name ROIs; one alone is called ``mask``.
    prescription, dose, end_cap, between, combine
        As in :func:`dvh_metrics`.

    Returns
    -------
    DataFrame
        A row per goal and ROI: ``goal`` (as given), ``roi``, ``metric``, ``relation``, ``limit``,
        ``unit``, ``value`` (both in that unit), ``passed`` (nullable boolean), ``margin`` (how
        far the value is on the right side of the limit, below 0 on the wrong one; within 1e-9 of
        the limit, as a part of it or of 1, it is 0 and the value the limit),
        ``acceptable`` (the wider limit, NaN for none) and ``status`` (``"pass"``,
        ``"acceptable"``, ``"fail"``). Where there is no such ROI, the metric has no value, or the
        goal is in % of a prescription that is not known, ``passed`` and ``status`` are missing
        and a finding says why. ``attrs``: ``prescription``, ``prescription_source`` and
        ``findings`` as in :func:`dvh_metrics`; ``dose_units`` is the unit of the prescription. A
        notebook shows colours and symbols.

    Raises
    ------
    RTXRError
        A text that is no goal.
    UnknownNameError
        No such metric or unit; or a name of a ROI that fits labels which differ in case only.
    MissingDataError
        No structures or dose, or a metric or limit in Gy of a dose in another unit.
    """
    asked = goal_rows.parsed_goals(goals)
    refers = any(goal.metric.needs_prescription for goal in asked)
    # That it is not there, or in no Gy, is an error, while no prescription is a finding.
    unit = unit_of_array(one_dose(ds, dose).array)
    _require_unit(asked, unit)
    unknown, source, findings = "", "none", list[Finding]()
    try:
        prescription, source, findings = prescription_of(ds, prescription, refers=refers, dose=dose)
    except MissingDataError as error:
        unknown = str(error)
    rows = goal_rows.evaluate(
        ds,
        asked,
        mask=mask,
        prescription=prescription,
        dose=dose,
        end_cap=end_cap,
        between=between,
        combine=combine,
        unknown=unknown,
    )
    table = GoalTable(rows)
    table.attrs = {**rows.attrs, "dose_units": unit}
    return _said(table, source, [*findings, *_further(ds, dose, findings)])


def _require_unit(asked: Sequence[Goal], unit: Unit) -> None:
    """Raise where limits in Gy meet a dose in another unit, whose numbers are no Gy."""
    gray = [goal.text for goal in asked if goal.metric.unit in ("Gy", "cGy")]
    if unit != "Gy" and gray:
        raise MissingDataError(
            f"{', '.join(map(repr, gray))}: the limit is in Gy and the dose is in {unit} "
            "(attrs 'units' and 'DoseUnits'); ask for % with prescription=<the value that is "
            "100 %>, or convert the dose, and set both attrs"
        )


def asked_metrics(ds: xr.Dataset, names: str | Sequence[str]) -> list[Metric]:
    """Metrics by their names.

    Raises
    ------
    UnknownNameError
        No such metric; the message shows the nearest ones, or that it is a ROI.
    """
    try:
        return metrics.parsed(names)
    except UnknownNameError as error:
        known = roi_names.names_of(ds).spellings if model.ROI in ds.coords else []
        rois = [each for each in ([names] if isinstance(names, str) else names) if each in known]
        if not rois:
            raise
        text = f"{rois[0]!r} is a ROI and no metric: metrics come first, ROIs second or as rois="
        raise UnknownNameError(text) from error


def _further(ds: xr.Dataset, dose: DoseLike, said: Sequence[Finding]) -> list[Finding]:
    """What is to be known of the dose and was not said with the prescription."""
    codes = {each.code for each in said}
    return [each for each in dose_findings(ds, dose) if each.code not in codes]


def _said(table: TableT, source: str, findings: Sequence[Finding]) -> TableT:
    """The table with where its prescription comes from, and further findings, in its attrs."""
    table.attrs["prescription_source"] = source
    table.attrs["findings"] = [*table.attrs["findings"], *finding_dicts(findings)]
    return table
