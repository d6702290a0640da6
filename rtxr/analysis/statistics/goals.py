"""Clinical goals: the grammar, and a table of which are met.

===========================================  ======================================================
``PTV: D95% >= 66.5 Gy``                     ROI, colon, metric, relation, limit with its unit.
``SpinalCord: D0.03cc <= 45 Gy``             Relations: ``<``, ``<=``, ``>``, ``>=`` (``≤``, ``≥``).
``Lung: V20Gy < 30 %``                       In % of the structure; ``cc`` (``cm3``) is a volume.
``PTV: D95% >= 95 %``                        A dose in % of the prescription.
``PTV: HI <= 0.1``                           A bare number has no unit.
``Cord: max <= 45 Gy (<= 50 Gy)``            In brackets, what is acceptable if the goal is missed;
                                             ``(50 Gy)`` and ``(50)`` are the same.
``/^PTV/: D98% >= 95 %``                     A regular expression: a row for each ROI it fits.
===========================================  ======================================================

ROIs are named as in :mod:`rtxr.roi_names`, metrics as in
:mod:`rtxr.analysis.statistics.metric_kinds`. The unit of the limit is that of the value: ``V20Gy <
300 cc`` asks for ``V20Gy[cc]``.

A value within 1e-9 of the limit (of its size, at least of 1) is the limit: it meets ``<=`` and
``>=``, but neither ``<`` nor ``>``, and its margin is 0. So rounding decides nothing.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.doses.dose_choice import DoseLike
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.dvh import Masks, masks_by_name, roi_doses
from rtxr.analysis.statistics.metric_names import UNITS, Metric, parse_metric
from rtxr.analysis.statistics.metrics import Measure
from rtxr.analysis.statistics.prescriptions import (
    Prescription,
    prescriptions,
    structure_names,
)
from rtxr.analysis.structures.contours import finding_dicts
from rtxr.analysis.structures.planes import Between, EndCap
from rtxr.analysis.structures.polygons import Combine
from rtxr.errors import Finding, RTXRError, UnknownNameError, did_you_mean

#: Share of a structure whose dose may be unknown without a goal being so.
_NEGLIGIBLE = 0.01
#: A value this near to a limit, as a part of it or of 1, is the limit.
_SAME = 1e-9
PASS, ACCEPTABLE, FAIL = "pass", "acceptable", "fail"

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_SPELT = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">="}
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_RELATION = r"<=|>=|=<|=>|<|>|≤|≥"
_UNIT = r"[^\s\d().<>=]*\d?"  # cm3 ends in a digit
_GOAL = re.compile(
    rf"(?P<roi>.+):(?P<metric>[^:<>≤≥]+?)(?P<relation>{_RELATION})\s*"
    rf"(?P<limit>{_NUMBER})\s*(?P<unit>{_UNIT})\s*"
    rf"(?:\(\s*(?P<way>{_RELATION})?\s*(?P<more>{_NUMBER})\s*(?P<same>{_UNIT})\s*\)\s*)?"
)
_COLUMNS = [
    "goal",
    "roi",
    "metric",
    "relation",
    "limit",
    "unit",
    "value",
    "passed",
    "margin",
    "acceptable",
    "status",
]


@dataclass(frozen=True)
class Goal:
    """A goal as asked for.

    Parameters
    ----------
    text : str
        As it was written.
    roi : str
        Name of one or several ROIs.
    metric : Metric
        In the unit of the limit.
    relation : {"<", "<=", ">", ">="}
        Of the value to the limit.
    limit : float
        In the unit of the metric.
    acceptable : float
        A limit that is wider; NaN for none.
    """

    text: str
    roi: str
    metric: Metric
    relation: str
    limit: float
    acceptable: float = math.nan

    def status(self, value: float) -> str | None:
        """``"pass"``, ``"acceptable"`` or ``"fail"``; None for a value that is not known."""
        if math.isnan(value):
            return None
        met = _RELATIONS[self.relation]
        if met(_rounded_to(self.limit, value), self.limit):
            return PASS
        return ACCEPTABLE if met(_rounded_to(self.acceptable, value), self.acceptable) else FAIL

    def margin(self, value: float) -> float:
        """How far a value is on the right side of the limit, below 0 on the wrong one."""
        above = _rounded_to(self.limit, value) - self.limit
        return 0.0 - above if self.relation.startswith("<") else above


def _rounded_to(limit: float, value: float) -> float:
    """The limit itself for a value that differs from it by rounding only."""
    return limit if math.isclose(value, limit, rel_tol=_SAME, abs_tol=_SAME) else value


def parse_goal(text: str) -> Goal:
    """A goal from its text, see :mod:`rtxr.analysis.statistics.goals`.

    Raises
    ------
    UnknownNameError
        No such metric or unit; the message shows the nearest.
    RTXRError
        The text is no goal, or what is acceptable is not wider than the goal.
    """
    found = _GOAL.fullmatch(str(text))
    if found is None:
        raise RTXRError(
            f"{text!r} is no goal: expected ROI, colon, metric, relation (<, <=, >, >=) and limit "
            "with its unit, as in 'SpinalCord: D0.03cc <= 45 Gy'"
        )
    try:
        metric = parse_metric(found["metric"].strip())
        if found["unit"] or "[" not in metric.name:  # V20Gy[cc] has said its unit
            metric = _in_unit(metric, found["unit"])
    except UnknownNameError as error:
        raise UnknownNameError(f"goal {text!r}: {error}") from error
    relation = _SPELT.get(found["relation"], found["relation"])
    more = float(found["more"]) if found["more"] else math.nan
    goal = Goal(str(text), found["roi"].strip(), metric, relation, float(found["limit"]), more)
    way = _SPELT.get(found["way"] or relation, found["way"] or relation)
    unit = found["same"] or found["unit"]
    if (
        way[0] != relation[0]
        or unit.casefold() != found["unit"].casefold()
        or (goal.margin(more) > 0)
    ):
        raise RTXRError(
            f"goal {text!r}: what is acceptable, in brackets, has the relation and the unit of the "
            "goal and a wider limit, as in 'SpinalCord: max <= 45 Gy (<= 50 Gy)'"
        )
    return goal


def _in_unit(metric: Metric, unit: str) -> Metric:
    """A metric in the unit of its limit.

    Raises
    ------
    UnknownNameError
        The limit has no unit where the metric has one, or another one than its name says.
    """
    if unit and unit.casefold() not in UNITS:
        raise UnknownNameError(f"no unit {unit!r}; {did_you_mean(unit, ('Gy', 'cGy', '%', 'cc'))}")
    wanted = metric.with_unit(unit)
    if "[" in metric.name and wanted.unit != metric.unit:
        raise UnknownNameError(
            f"{metric.name!r} is in {metric.unit} and its limit in {wanted.unit}; say one of them"
        )
    return wanted


def parsed_goals(goals: str | Sequence[str]) -> list[Goal]:
    """Goals from their texts; errors as :func:`parse_goal`."""
    return [parse_goal(text) for text in ([goals] if isinstance(goals, str) else goals)]


def evaluate(
    ds: xr.Dataset,
    goals: Sequence[Goal],
    *,
    mask: Masks | None = None,
    prescription: Prescription | None = None,
    dose: DoseLike = model.DOSE,
    end_cap: EndCap = "half",
    between: Between = "slab",
    combine: Combine = "xor",
    unknown: str = "none is given; pass prescription=<Gy>",
) -> pd.DataFrame:
    """Which goals are met.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    goals : sequence of Goal
        From :func:`parsed_goals`.
    mask : DataArray of bool, or mapping of name to DataArray, optional
        Masks that goals name as they name ROIs; one alone is called ``mask``.
    prescription : float or mapping of ROI to float, optional
        Gy; goals that refer to it are not judged without one.
    dose, end_cap, between, combine
        As in :func:`rtxr.analysis.statistics.metrics.dvh_metrics`.
    unknown : str, optional
        Why there is no prescription, for the finding.

    Returns
    -------
    DataFrame
        As :func:`rtxr.summary.prescribed.goals` says.

    Raises
    ------
    MissingDataError
        No structures or no such dose.
    UnknownNameError
        A name of a ROI that fits labels which differ in case only.
    """
    given = masks_by_name(mask)
    names = structure_names(ds, given)
    prescribed = prescriptions(ds, prescription, given)
    judged = [goal for goal in goals if prescribed.given or not goal.metric.needs_prescription]
    measure = Measure(ds, dose, prescribed, [goal.metric for goal in judged])
    wanted = [names.find(goal.roi) for goal in goals]
    labels = list(dict.fromkeys(label for each in wanted for label in each))
    rois, masks = _told_apart(ds, labels, given)
    by_label: dict[str, RoiDose] = {}
    if labels:
        found = roi_doses(
            ds, rois, mask=masks, dose=dose, end_cap=end_cap, between=between, combine=combine
        )
        by_label = {each.label: each for each in found}
    rows = []
    missing = []
    for goal in goals:
        if goal not in judged:
            text = f"goal {goal.text!r}: in % of a prescription, and {unknown}"
            missing.append(Finding("goal-without-prescription", "warning", text))
    for goal, fitting in zip(goals, wanted, strict=True):
        for label in fitting:
            part = by_label[label]
            value = measure.values(part, [goal.metric])[0] if goal in judged else math.nan
            bounds = _bounds(goal.metric, value, part)
            rows.append(_row(goal, label, value, measure.unit(goal.metric), bounds))
            if not math.isnan(value) and _decided(goal, value, bounds) is None:
                text = (
                    f"goal {goal.text!r}: the dose to {part.outside_fraction:.0%} of ROI {label!r} "
                    "is not known, and could decide it"
                )
                missing.append(Finding("goal-undecided", "warning", text))
        if not fitting:
            rows.append(_row(goal, goal.roi, math.nan, measure.unit(goal.metric)))
            near = did_you_mean(goal.roi, names.spellings)
            text = f"goal {goal.text!r}: there is no ROI {goal.roi!r}; {near}"
            missing.append(Finding("goal-without-roi", "warning", text))
    table = pd.DataFrame(rows, columns=_COLUMNS).astype(
        {"passed": "boolean", **dict.fromkeys(("limit", "value", "margin", "acceptable"), float)}
    )
    table.attrs = {
        "prescription": prescribed.told(labels),
        "findings": finding_dicts([*missing, *measure.findings]),
    }
    return table


def _told_apart(
    ds: xr.Dataset, labels: Sequence[str], given: Mapping[str, xr.DataArray]
) -> tuple[list[str] | None, dict[str, xr.DataArray]]:
    """ROIs and masks among labels; None for no ROI, where there are masks.

    What is called as both stands among both, which :func:`roi_doses` refuses.
    """
    known = model.roi_labels(ds) if model.ROI in ds.coords else []
    rois = [label for label in labels if label in known]
    masks = {label: given[label] for label in labels if label in given}
    return (None if masks and not rois else rois), masks


def _bounds(metric: Metric, value: float, part: RoiDose) -> tuple[float, float]:
    """What a value may be, the dose to a part of the structure not being known."""
    could = metric.kind.unknown
    if not part.outside_fraction > _NEGLIGIBLE or could == "same":
        return value, value
    most = math.inf
    if metric.kind.unit == "cc":  # at most all of the part that is not known
        most = value + (100 * part.outside_fraction if metric.unit == "%" else part.outside_cc)
    return (value if could == "higher" else -math.inf, value if could == "lower" else most)


def _decided(goal: Goal, value: float, bounds: tuple[float, float]) -> str | None:
    """The status, if it is that of all that a value may be."""
    status = goal.status(value)
    return status if {goal.status(each) for each in bounds} <= {status} else None


def _row(
    goal: Goal, roi: str, value: float, unit: str, bounds: tuple[float, float] | None = None
) -> list[object]:
    """A row of the table, in the order of its columns."""
    status = _decided(goal, value, bounds or (value, value))
    return [
        goal.text,
        roi,
        goal.metric.name,
        goal.relation,
        goal.limit,
        unit,
        value,
        pd.NA if status is None else status == PASS,
        goal.margin(value) if np.isfinite(value) else math.nan,
        goal.acceptable,
        pd.NA if status is None else status,
    ]
