"""Curves of dose-volume histograms as figures need them: in the unit of the dose, and in cm3.

Whatever unit a table is in, one curve of it can be drawn, and asked, in each: cm3 or % of the
structure, the unit of the dose or % of the prescription.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from rtxr.analysis.doses.dose_units import AXIS_NAMES
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.metric_kinds import OUTSIDE
from rtxr.analysis.statistics.stored_curves import roi_dose_of
from rtxr.errors import MissingDataError, RTXRError
from rtxr.geometry import FloatArray
from rtxr.view import colors as roi_colors

#: What stored curves are called beside computed ones.
COMPUTED, STORED = "computed", "stored"
#: The dose axis ends with the highest dose unless this is so many times as high as ...
_TAIL = 5.0
#: ... what this part of any structure receives, as beside a brachytherapy source.
_SHARE = 0.01
_UNITS: Mapping[str, str] = {name: unit for unit, name in AXIS_NAMES.items()}


@dataclass(frozen=True)
class Curve:
    """A DVH of one structure and one dose.

    Parameters
    ----------
    roi : str
        Its label.
    source : str
        Which dose, or which case.
    doses : ndarray, (n,)
        Ascending, in the unit of the dose; centres of bins of a differential curve.
    volumes : ndarray, (n,)
        cm3 that receive at least that dose, or that each bin holds.
    volume_cc : float
        Whole volume.
    prescription : float
        What 100 % are; NaN for none.
    facts : mapping
        ``min_gy``, ``mean_gy``, ``max_gy`` and ``outside_fraction``, as far as they are known.
    """

    roi: str
    source: str
    doses: FloatArray
    volumes: FloatArray
    volume_cc: float
    prescription: float = math.nan
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def answers(self) -> RoiDose:
        """The cumulative curve as something that can be asked."""
        found = roi_dose_of(self.roi, self.doses, self.volumes, self.facts)
        outside = float(self.facts.get("outside_fraction", 0.0))
        outside = outside if outside > OUTSIDE else 0.0
        return replace(found, volume_cc=self.volume_cc, outside_cc=outside * self.volume_cc)

    def per_unit(self, *, relative_dose: bool, relative_volume: bool) -> tuple[float, float]:
        """Factors from the doses and the volumes to what the axes show."""
        dose = 100 / self.prescription if relative_dose else 1.0
        return dose, 100 / self.volume_cc if relative_volume else 1.0


@dataclass(frozen=True)
class DVHCurves:
    """All curves of a figure.

    Parameters
    ----------
    curves : tuple of Curve
        Those that have a volume.
    unit : str
        Of the doses: ``"Gy"``, ``"cGy"``, ``"%"``, ``"relative"`` or ``"other"``.
    colors : mapping of label to ``"#rrggbb"``
        Of every ROI, in their order; to be fitted to the ground they are drawn on.
    differential : bool
        Whether they hold volumes of bins.
    bin_width : float
        Of those, in the unit of the dose or in ``%`` of the prescription; NaN where unknown.
    percent : bool
        Whether the tables were made in % of a prescription.
    findings : tuple of dict
        What the tables say of their curves, each once.
    """

    curves: tuple[Curve, ...]
    unit: str = "Gy"
    colors: Mapping[str, str] = field(default_factory=dict)
    differential: bool = False
    bin_width: float = math.nan
    percent: bool = False
    findings: tuple[Mapping[str, Any], ...] = ()

    @property
    def rois(self) -> list[str]:
        """Labels of the curves, each once, in the order of the tables."""
        there = {curve.roi for curve in self.curves}
        return [label for label in self.colors if label in there]

    @property
    def sources(self) -> list[str]:
        """Names of the doses or cases, each once."""
        return list(dict.fromkeys(curve.source for curve in self.curves))

    @property
    def prescription(self) -> float:
        """The first that a curve has; NaN where none has one."""
        known = (curve.prescription for curve in self.curves)
        return next((each for each in known if each > 0), math.nan)

    def of(self, *, roi: str, source: str) -> Curve | None:
        """One of them, where it is there."""
        fits = (each for each in self.curves if (each.roi, each.source) == (roi, source))
        return next(fits, None)

    def seen(self, hidden: Iterable[str] = (), sources: Iterable[str] = ()) -> DVHCurves:
        """The same without some ROIs and some doses."""
        off, without = set(hidden), set(sources)
        left = [each for each in self.curves if each.roi not in off and each.source not in without]
        return replace(self, curves=tuple(left))

    def with_findings(self, tables: Mapping[str, pd.DataFrame]) -> DVHCurves:
        """The same with what further tables say; of several cases with their names before it."""
        cases = {*tables} - {STORED}
        found = {(each["code"], each["message"]): each for each in self.findings}
        for name, table in tables.items():
            before = f"{name}: " if len(cases) > 1 and name in cases else ""
            for each in table.attrs.get("findings", []):
                told = {**each, "message": before + each["message"]}
                found.setdefault((told["code"], told["message"]), told)
        return replace(self, findings=tuple(found.values()))


def gathered(
    tables: Mapping[str, pd.DataFrame],
    *,
    stored: pd.DataFrame | None = None,
    colors: Mapping[str, str] | None = None,
    dose_names: Mapping[str, str] | None = None,
    prescriptions: Mapping[str, Any] | None = None,
) -> DVHCurves:
    """Curves of several tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Name of a case > its table, as :func:`rtxr.analysis.statistics.dvh.dvh` makes it.
    stored : DataFrame, optional
        More cumulative curves, in the unit of the dose, of ROIs of the only table.
    colors : mapping of label to colour, optional
        Others come from a palette.
    dose_names : mapping of str to str, optional
        What to call each of the doses of a table of several.
    prescriptions : mapping of str to float or mapping, optional
        Name of a case > dose that is 100 %, or that of each ROI, where the table is not in % of
        it already.

    Raises
    ------
    MissingDataError
        No ROI has a volume.
    RTXRError
        Tables of two kinds or units; stored curves beside what they cannot be compared with.
    """
    first = next(iter(tables.values()))
    differential = first.attrs.get("kind") == "differential"
    unit, percent = _unit(first)
    for table in tables.values():
        kinds = (table.attrs.get("kind") == "differential", *_unit(table))
        if kinds != (differential, unit, percent):
            raise RTXRError("DVHs of two kinds, or in two units of dose, do not share one figure")
    several = len(tables) > 1 or first.columns.nlevels > 1
    if stored is not None and (differential or several):
        raise RTXRError("stored DVHs are drawn beside cumulative ones of one dose")
    curves: list[Curve] = []
    for name, table in tables.items():
        known = (prescriptions or {}).get(name)
        own = name if len(tables) > 1 else COMPUTED
        curves += _curves(table, own, known, dose_names or {})
    labels = list(dict.fromkeys(label for table in tables.values() for label in _labels(table)))
    if stored is not None:
        prescribed = {each.roi: each.prescription for each in curves}
        curves += [
            replace(each, prescription=prescribed.get(each.roi, math.nan))
            for each in _curves(stored, STORED, None, {})
            if each.roi in labels
        ]
    if not curves:
        raise MissingDataError(
            f"no DVH to plot: none of the {len(labels)} ROIs of the table has a volume"
        )
    palette = roi_colors.roi_colors(labels, colors)
    made = DVHCurves(tuple(curves), unit, palette, differential, _bin_width(first), percent)
    return made.with_findings({**tables, **({} if stored is None else {STORED: stored})})


def highest_dose(dvhs: DVHCurves, *, relative: bool = False) -> float:
    """Where the dose axis may end: the highest dose, but for the tail beside a source.

    In the unit of the dose, or in % of the prescription; NaN where no curve has one.
    """
    factors = [100 / each.prescription if relative else 1.0 for each in dvhs.curves]
    known = [(each, by) for each, by in zip(dvhs.curves, factors, strict=True) if by > 0]
    reached = [by * float(each.doses[each.volumes > 0].max(initial=0.0)) for each, by in known]
    end = max(reached, default=math.nan)
    usual = max((by * _dose_to_share(each, dvhs.differential) for each, by in known), default=0.0)
    return usual if end > _TAIL * usual > 0 else end


def readings(
    dvhs: DVHCurves, *, dose: float = math.nan, volume: float = math.nan, relative: bool = True
) -> pd.DataFrame:
    """What every curve says at a dose and at a volume.

    Parameters
    ----------
    dvhs : DVHCurves
        Cumulative ones.
    dose : float, optional
        In the unit of the dose; NaN for none.
    volume : float, optional
        In % of each structure, or in cm3; NaN for none.
    relative : bool, default: True
        Whether volumes are in %.

    Returns
    -------
    DataFrame
        Index ``(roi, source)``; columns ``volume_cc``, ``min``, ``D98%``, ``D50%``, ``mean``,
        ``D2%``, ``max`` (unit of the dose, read off the curve), ``V`` (at ``dose``: % or cm3) and
        ``D`` (to ``volume``).
    """
    rows = {(each.roi, each.source): _reading(each, dose, volume, relative) for each in dvhs.curves}
    columns = ["volume_cc", "min", "D98%", "D50%", "mean", "D2%", "max", "V", "D"]
    table = pd.DataFrame(list(rows.values()), columns=columns, dtype=float)
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["roi", "source"])
    return table


def _reading(curve: Curve, dose: float, volume: float, relative: bool) -> list[float]:
    asked, whole = curve.answers, curve.volume_cc
    near = [asked.dose_at(part * whole) for part in (0.98, 0.5, 0.02)]
    received = math.nan if math.isnan(dose) else float(asked.volume_at(dose))
    wanted = volume * whole / 100 if relative else volume
    limit = math.nan if math.isnan(wanted) else asked.dose_at(wanted)
    share = 100 / whole if relative else 1.0
    low, mean, high = asked.minimum, asked.mean, asked.maximum
    return [whole, low, near[0], near[1], mean, near[2], high, received * share, limit]


# --- tables -------------------------------------------------------------------------------------
def _labels(table: pd.DataFrame) -> list[str]:
    """ROIs of a table, each once."""
    return list(dict.fromkeys(str(label) for label in table.columns.get_level_values(-1)))


def _unit(table: pd.DataFrame) -> tuple[str, bool]:
    """Unit of the doses, and whether the index is in % of a prescription instead."""
    if table.attrs.get("prescription") is not None:
        return str(table.attrs.get("units", "Gy")), True
    return _UNITS.get(str(table.index.name), "Gy"), False


def _bin_width(table: pd.DataFrame) -> float:
    at = table.index
    return float((at[-1] - at[0]) / (len(at) - 1)) if len(at) > 1 else math.nan


def _curves(
    table: pd.DataFrame, source: str, prescription: Any, dose_names: Mapping[str, str]
) -> Iterator[Curve]:
    """Curves of the ROIs that have a volume."""
    told = table.attrs.get("prescription")
    percent = told is not None
    for at, column in enumerate(_levels(table)):
        label = column[-1]
        curve = table.iloc[:, at].dropna().astype(np.float64)
        facts = _facts(table, column)
        volume = _volume(table, facts, curve)
        if not len(curve) or not volume > 0:
            continue
        share = volume / 100 if table.attrs.get("relative") else 1.0
        full = _of_label(told if percent else prescription, label)
        yield Curve(
            roi=label,
            source=_source(column, source, dose_names),
            doses=np.asarray(curve.index, dtype=np.float64) * (full / 100 if percent else 1.0),
            volumes=np.asarray(curve.to_numpy() * share, dtype=np.float64),
            volume_cc=volume,
            prescription=full,
            facts=facts,
        )


def _levels(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Label of each column, or dose and label."""
    levels = [table.columns.get_level_values(at) for at in range(table.columns.nlevels)]
    return list(zip(*[map(str, level) for level in levels], strict=True))


def _source(column: tuple[str, ...], source: str, dose_names: Mapping[str, str]) -> str:
    """What a curve is called beside its ROI: the case, the dose, or both."""
    if len(column) == 1:
        return source
    dose = dose_names.get(column[0], column[0])
    return dose if source == COMPUTED else f"{source}: {dose}"


def _of_label(prescription: Any, label: str) -> float:
    if isinstance(prescription, Mapping):
        return float(prescription.get(label, math.nan))
    return math.nan if prescription is None else float(prescription)


def _facts(table: pd.DataFrame, column: Sequence[str]) -> dict[str, Any]:
    """What the table says of one structure."""
    told: Any = table.attrs.get("rois", {})
    for level in column:
        told = told.get(level, {})
    return {key: value for key, value in told.items() if isinstance(value, int | float)}


def _volume(table: pd.DataFrame, facts: Mapping[str, Any], curve: pd.Series[float]) -> float:
    """Volume of a ROI, cm3; NaN or 0 where it has none."""
    if "volume_cc" in facts:
        return float(facts["volume_cc"])
    largest = curve.sum() if table.attrs.get("kind") == "differential" else curve.max()
    return float(largest) if len(curve) else math.nan


def _dose_to_share(curve: Curve, differential: bool) -> float:
    """Highest dose that a small part of a structure receives at least."""
    volume = np.cumsum(curve.volumes[::-1])[::-1] if differential else curve.volumes
    most = curve.doses[volume >= _SHARE * float(volume.max())]
    return float(most.max()) if len(most) else 0.0
