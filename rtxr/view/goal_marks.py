"""Where a clinical goal is on a dose-volume histogram, and which side of it is the right one.

``D95% >= 66.5 Gy`` is the point (66.5 Gy, 95 %): the curve meets the goal where it passes on the
right of it. ``V20Gy < 30 %`` is (20 Gy, 30 %), to be passed below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from rtxr.analysis.statistics.metric_names import Metric, parse_metric
from rtxr.errors import RTXRError
from rtxr.view import dvh_curves
from rtxr.view.dvh_curves import Curve, DVHCurves
from rtxr.view.goal_table import goal_text, status_of, value_text

#: The dose axis is this much longer than the curves; a goal this many times as far is not on it.
_MARGIN, _FAR = 1.02, 1.5

Way = Literal["left", "right", "up", "down", ""]

#: Whether a dose or a volume is limited, and from which end of the structure the volume counts.
_DOSES: Mapping[str, Callable[[float, float], float]] = {
    "D#%": lambda number, _: number / 100,
    "D#cc": lambda number, volume: number / volume,
    "DC#%": lambda number, _: 1 - number / 100,
    "DC#cc": lambda number, volume: 1 - number / volume,
    "max": lambda _, __: 0.0,
    "median": lambda _, __: 0.5,
    "min": lambda _, __: 1.0,
}
_VOLUMES: Mapping[str, Callable[[float, float], float]] = {
    "V#Gy": lambda number, _: number,
    "V#cGy": lambda number, _: number / 100,
    "V#%": lambda number, prescription: number / 100 * prescription,
}


@dataclass(frozen=True)
class GoalMark:
    """A goal for one structure.

    Parameters
    ----------
    roi, text : str
        Its structure, and what is asked of it: ``"D95% ≥ 66.5 Gy"``.
    results : mapping of str to (str, str)
        Which dose or case > status and value: ``("pass", "67.10 Gy")``; status ``"unknown"`` where
        it has no value.
    dose, share : float
        Where it is: unit of the dose, and part of the structure (0 to 1). NaN where it is no point
        of a curve, as of a mean; a part above 1 where the structure is smaller than what is asked.
    way : {"left", "right", "up", "down", ""}
        Which side of it the curve has to pass on.
    """

    roi: str
    text: str
    results: Mapping[str, tuple[str, str]]
    dose: float = math.nan
    share: float = math.nan
    way: Way = ""

    @property
    def placed(self) -> bool:
        """Whether it is a point that the curve can pass."""
        return math.isfinite(self.dose) and 0 <= self.share <= 1

    def curve(self, dvhs: DVHCurves) -> Curve | None:
        """The first curve that it is about."""
        found = (dvhs.of(roi=self.roi, source=source) for source in self.results)
        return next((each for each in found if each is not None), None)


def goal_marks(tables: Mapping[str, pd.DataFrame], dvhs: DVHCurves) -> tuple[GoalMark, ...]:
    """Goals of several doses or cases, each once.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Which dose or case, as the curves call it > goals, as
        :func:`rtxr.summary.prescribed.goals` makes them.
    dvhs : DVHCurves
        The curves that they are drawn beside.

    Raises
    ------
    RTXRError
        Goals of a dose or case of which there is no curve.
    """
    if unknown := [name for name in tables if name not in dvhs.sources]:
        raise RTXRError(f"goals of {unknown[0]!r}; there are curves of {', '.join(dvhs.sources)}")
    marks: dict[tuple[str, str], GoalMark] = {}
    for source, table in tables.items():
        for row in table.to_dict("records"):
            roi, text = str(row["roi"]), goal_text(row)
            result = {source: (status_of(row["status"]), value_text(row))}
            known = marks.get((roi, text))
            if known is None:
                curve = dvhs.of(roi=roi, source=source)
                marks[roi, text] = replace(_mark(row, curve, roi, text), results=result)
            else:
                marks[roi, text] = replace(known, results={**known.results, **result})
    return tuple(marks.values())


def axis_end(dvhs: DVHCurves, marks: Sequence[GoalMark], *, relative: bool = False) -> float:
    """Where the dose axis may end: after the curves, and after goals that are not far beyond them.

    In the unit of the dose, or in % of the prescription; NaN where no curve has one.
    """
    reached = end = dvh_curves.highest_dose(dvhs, relative=relative)
    for mark in marks:
        curve = mark.curve(dvhs)
        if curve is not None and mark.placed:
            at = mark.dose * (100 / curve.prescription if relative else 1.0)
            end = max(end, at) if at <= _FAR * reached else end
    return _MARGIN * end


def _mark(row: Mapping[Any, Any], curve: Curve | None, roi: str, text: str) -> GoalMark:
    """Where a goal is, if there is a curve that it could be on."""
    mark = GoalMark(roi, text, {})
    if curve is None:
        return mark
    metric = parse_metric(str(row["metric"])).with_unit(str(row["unit"]))
    spelling = metric.kind.spelling
    below = str(row["relation"]).startswith("<")
    if spelling in _DOSES:
        share = _DOSES[spelling](_number(metric), curve.volume_cc)
        dose = _in_unit(float(row["limit"]), metric.unit, curve.prescription)
        return replace(mark, dose=dose, share=share, way="left" if below else "right")
    cold = spelling.startswith("CV")
    if spelling.removeprefix("C") in _VOLUMES:
        dose = _VOLUMES[spelling.removeprefix("C")](_number(metric), curve.prescription)
        share = float(row["limit"]) / (100 if metric.unit == "%" else curve.volume_cc)
        way: Way = "down" if below != cold else "up"
        return replace(mark, dose=dose, share=1 - share if cold else share, way=way)
    return mark


def _number(metric: Metric) -> float:
    return metric.numbers[0] if metric.numbers else math.nan


def _in_unit(limit: float, unit: str, prescription: float) -> float:
    """A limit in the unit of the dose."""
    return limit * {"%": prescription / 100, "cGy": 0.01}.get(unit, 1.0)


def met(marks: Sequence[GoalMark], source: str) -> str:
    """How many goals one dose or case meets: ``"3 of 4 goals met"``."""
    told = [mark.results[source][0] for mark in marks if source in mark.results]
    return f"{told.count('pass')} of {len(told)} goals met"
