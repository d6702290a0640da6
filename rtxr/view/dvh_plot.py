"""Dose-volume histograms as a figure. matplotlib is imported when one is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtxr.errors import MissingDataError, RTXRError
from rtxr.geometry import FloatArray
from rtxr.view import dvh_curves
from rtxr.view.colors import for_paper
from rtxr.view.dvh_curves import Curve, DVHCurves
from rtxr.view.goal_arrows import GoalArrow, draw_goals
from rtxr.view.goal_marks import GoalMark, axis_end, goal_marks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A figure, inches; it is wider where the legend is.
_SIZE, _PLOT = (6.4, 3.8), 4.2
#: Rows of a column of the legend, its handle and its letters, inches.
_ROWS, _HANDLE, _LETTER = 20, 0.55, 0.075
_WIDTH = 1.5
#: Lines of the first, second … dose; of computed and stored curves.
_STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
#: Bins of a differential curve on paper, about; those of a finer table are joined.
_BINS = 200
#: Opacity of curves beside a highlighted one.
_FAINT = 0.35

#: What the axis of a unit of dose is called.
AXES: Mapping[str, str] = {
    "Gy": "Dose (Gy)",
    "cGy": "Dose (cGy)",
    "%": "Dose (%)",
    "relative": "Relative dose",
    "other": "Dose",
}


@dataclass(frozen=True)
class Look:
    """How curves are shown, beside what they are.

    Parameters
    ----------
    relative_volume, relative_dose : bool
        Volumes in % of each structure; doses in % of the prescription.
    goals : tuple of GoalMark
        To be drawn as arrows.
    dose_max : float, optional
        End of the dose axis, in its unit.
    join : bool
        Join fine bins of a differential table.
    roi : str
        Which ROI stands out; empty for none.
    dose, volume : float
        Of the cursors: in the unit of the dose; in % or cm3, as the axis. NaN for none.
    """

    relative_volume: bool = True
    relative_dose: bool = False
    goals: tuple[GoalMark, ...] = ()
    dose_max: float | None = None
    join: bool = True
    roi: str = ""
    dose: float = math.nan
    volume: float = math.nan


def plot_dvh(
    table: pd.DataFrame,
    *,
    others: Mapping[str, pd.DataFrame] | None = None,
    name: str = "this case",
    relative: bool = True,
    stored: pd.DataFrame | None = None,
    goals: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None,
    colors: Mapping[str, str] | None = None,
    dose_names: Mapping[str, str] | None = None,
    dose_max: float | None = None,
    join: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """DVHs as lines: a colour per ROI, a line style per dose.

    Parameters
    ----------
    table : DataFrame
        As :func:`rtxr.analysis.statistics.dvh.dvh` makes it, cumulative or differential: index
        dose, columns ROI labels or (dose, label), volumes in cm3, or in % where
        ``attrs["relative"]`` says so. ``attrs["rois"]`` holds ``volume_cc`` of each ROI; where it
        is missing the largest volume of a cumulative column is, the sum of a differential one.
    others : mapping of str to DataFrame, optional
        Name > table of another case, of the same kind and unit.
    name : str, default: "this case"
        What the legend calls the first table beside others.
    relative : bool, default: True
        Volume in % of the ROI's, else in cm3.
    stored : DataFrame, optional
        More cumulative DVHs of one dose, in its unit, drawn dashed in the colours of the same
        labels; labels that ``table`` does not have are left out. % are of the stored volume.
    goals : DataFrame or mapping of str to DataFrame, optional
        Goals as :func:`rtxr.summary.prescribed.goals` makes them; of several doses or cases by
        their names. An arrow stands where each is on the curve of its ROI and points to the side
        on which the curve has to pass; a sign says whether it does.
    colors : mapping of label to colour, optional
        ``"#rrggbb"``; others come from a palette. Colours that would vanish on white are
        darkened, a colour that two ROIs share is darker for the second.
    dose_names : mapping of str to str, optional
        What to call each of several doses in the legend; their names by default.
    dose_max : float, optional
        End of the dose axis. By default the highest dose of the curves drawn; where less than 1 %
        of every structure receives a fifth of that, as beside a brachytherapy source, the dose
        that 1 % receive. Goals up to half as far again are on the axis, others left out.
    join : bool, default: True
        Join fine bins of a differential table to about 200, which the axis says.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure; the legend is then inside.

    Returns
    -------
    Axes
        A cumulative curve ends where it reaches no volume.

    Raises
    ------
    MissingDataError
        No ROI of the table has a volume.
    RTXRError
        Stored curves beside a differential table or several doses; tables of different kinds;
        goals of a dose or case that is not drawn.
    """
    dvhs = dvh_curves.gathered(
        {name: table, **(others or {})}, stored=stored, colors=colors, dose_names=dose_names
    )
    if isinstance(goals, pd.DataFrame):
        goals = {dvhs.sources[0]: goals}
    marks = goal_marks(goals or {}, dvhs)
    look = Look(relative, dvhs.percent, marks, dose_max, join)
    return draw(dvhs, look, ax)


def draw(dvhs: DVHCurves, look: Look, ax: Axes | None = None) -> Axes:
    """Curves on Axes, or on those of a new figure.

    Raises
    ------
    MissingDataError
        There is nothing to draw.
    RTXRError
        A dose axis that would end below 0.
    """
    if look.dose_max is not None and not look.dose_max > 0:
        raise RTXRError(f"dose_max={look.dose_max!r}: it must be above 0")
    shown = [each for each in dvhs.curves if not look.relative_dose or each.prescription > 0]
    if not shown:
        raise MissingDataError("no DVH to plot: all are hidden, or in % of no prescription")
    outside = ax is None
    if ax is None:
        ax = _new_axes([*dvhs.rois, *dvhs.sources])
    joined = max(1, round(len(shown[0].doses) / _BINS)) if look.join and dvhs.differential else 1
    dvhs = replace(dvhs, colors=for_paper(dvhs.colors))
    points = [_points(each, dvhs, look, joined) for each in shown]
    styles = {source: _STYLES[at % len(_STYLES)] for at, source in enumerate(dvhs.sources)}
    for curve, line in zip(shown, points, strict=True):
        _draw(ax, curve, line, (dvhs, look, styles))
    _label(ax, dvhs, look, joined)
    end = look.dose_max or axis_end(dvhs, look.goals, relative=look.relative_dose)
    _limit(ax, points, end, cumulative=not dvhs.differential, look=look)
    _draw_goals(ax, dvhs, look)
    _draw_cursors(ax, shown, dvhs, look)
    told = styles if len(styles) > 1 else {}
    labels = {each: dvhs.colors[each] for each in dvhs.rois}
    _legend(ax, labels, told, outside=outside)
    return ax


# --- what to draw -------------------------------------------------------------------------------
def _points(curve: Curve, dvhs: DVHCurves, look: Look, joined: int) -> FloatArray:
    """Points of a curve as the axes show them, (2, n)."""
    per_dose, per_volume = _factors(curve, look)
    x, y = curve.doses * per_dose, curve.volumes * per_volume
    return np.array(_joined(x, y, joined) if dvhs.differential else _cut(x, y))


def _factors(curve: Curve, look: Look) -> tuple[float, float]:
    return curve.per_unit(relative_dose=look.relative_dose, relative_volume=look.relative_volume)


def _cut(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A cumulative curve up to where it reaches nothing."""
    filled = np.flatnonzero(y > 0)
    stop = int(filled[-1]) + 2 if len(filled) else 1
    return x[:stop], y[:stop]


def _joined(x: FloatArray, y: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Every so many bins as one, from the last empty one before the others to the next after."""
    begin = np.arange(0, len(x), count)
    step = (x[1] - x[0]) / 2 if len(x) > 1 else 0.0
    centres, sums = x[begin] + (count - 1) * step, np.add.reduceat(y, begin)
    filled = np.flatnonzero(sums > 0)
    some = slice(max(int(filled[0]) - 1, 0), int(filled[-1]) + 2) if len(filled) else slice(0, 1)
    return centres[some], sums[some]


# --- on paper -----------------------------------------------------------------------------------
def _new_axes(names: Sequence[str]) -> Axes:
    """Axes with room for a legend beside them."""
    from matplotlib import pyplot as plt  # noqa: PLC0415

    column = _LETTER * max(map(len, names)) + _HANDLE
    wide = max(_SIZE[0], _PLOT + _columns(len(names)) * column)
    return plt.subplots(figsize=(wide, _SIZE[1]), layout="constrained")[1]


def _columns(count: int) -> int:
    return -(-count // _ROWS)


def _draw(
    ax: Axes,
    curve: Curve,
    points: FloatArray,
    about: tuple[DVHCurves, Look, Mapping[str, Any]],
) -> None:
    dvhs, look, styles = about
    style = styles[curve.source]
    chosen = curve.roi == look.roi
    faint = look.roi in dvhs.rois and not chosen
    ax.plot(
        *points,
        linestyle=style,
        color=dvhs.colors[curve.roi],
        alpha=_FAINT if faint else 1.0,
        linewidth=1.6 * _WIDTH if chosen else _WIDTH,
        # The first dose over all others, the highlighted ROI over all ROIs.
        zorder=2 + 0.1 * (style == _STYLES[0]) + 0.2 * chosen,
        drawstyle="steps-mid" if dvhs.differential else "default",
        label=curve.roi if style == _STYLES[0] else f"_{curve.roi}, {curve.source}",
    )


def _label(ax: Axes, dvhs: DVHCurves, look: Look, joined: int) -> None:
    """Names of the axes, and a light grid behind the lines."""
    x_label = "Dose (% of prescription)" if look.relative_dose else AXES[dvhs.unit]
    unit = "%" if look.relative_volume else "cm³"
    y_label = f"Volume ({unit})"
    if dvhs.differential and dvhs.bin_width > 0:
        per = {"Gy": " Gy", "cGy": " cGy", "%": " %"}.get("%" if dvhs.percent else dvhs.unit, "")
        y_label = f"Volume per {joined * dvhs.bin_width:.3g}{per} ({unit})"
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _limit(
    ax: Axes, points: Sequence[FloatArray], end: float, *, cumulative: bool, look: Look
) -> None:
    """Axes from 0, or the lowest dose below it, to just beyond the data."""
    begin = min([float(x[0]) for x, _ in points if x[0] < 0], default=0.0)
    highest = max((float(y.max()) for _, y in points), default=0.0)
    whole = 100.0 if look.relative_volume and cumulative else 0.0
    ax.set_xlim(begin, end or 1.0)
    ax.set_ylim(0, 1.02 * max(highest, whole) or 1.0)


def _draw_goals(ax: Axes, dvhs: DVHCurves, look: Look) -> None:
    """Goals of curves that are drawn."""
    arrows = []
    for mark in look.goals:
        told = [mark.results[each][0] for each in dvhs.sources if each in mark.results]
        if (at := _place(mark, dvhs, look)) is not None:
            arrows.append(GoalArrow(at, mark.way, dvhs.colors[mark.roi], told))
    draw_goals(ax, arrows)


def _place(mark: GoalMark, dvhs: DVHCurves, look: Look) -> tuple[float, float] | None:
    """Where a goal is in the units of the axes; None where it, or its curve, is not drawn."""
    curve = mark.curve(dvhs)
    if curve is None or not mark.placed:
        return None
    per_dose, per_volume = _factors(curve, look)
    at = (mark.dose * per_dose, mark.share * curve.volume_cc * per_volume)
    return at if all(map(math.isfinite, at)) else None


def _draw_cursors(ax: Axes, shown: Sequence[Curve], dvhs: DVHCurves, look: Look) -> None:
    """Lines at a dose and at a volume, and a point where they cross each curve."""
    for curve in shown:
        per_dose, per_volume = _factors(curve, look)
        points = []
        if math.isfinite(look.dose):
            points.append((look.dose * per_dose, float(curve.answers.volume_at(look.dose))))
        if math.isfinite(look.volume):
            wanted = look.volume / per_volume
            points.append((curve.answers.dose_at(wanted) * per_dose, wanted))
        for dose, volume in points:
            ax.plot(dose, volume * per_volume, "o", color=dvhs.colors[curve.roi], markersize=4)
    line: dict[str, Any] = {"color": "0.45", "linewidth": 0.9, "zorder": 1.5}
    if math.isfinite(look.dose):
        ax.axvline(look.dose * _factors(shown[0], look)[0], **line)
    if math.isfinite(look.volume):
        ax.axhline(look.volume, **line)


def _legend(
    ax: Axes, palette: Mapping[str, str], styles: Mapping[str, Any], *, outside: bool
) -> None:
    """One entry per ROI; of several line styles, what each means."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    handles = [
        Line2D([], [], color=color, linewidth=_WIDTH, label=label)
        for label, color in palette.items()
    ]
    handles += [
        Line2D([], [], linestyle=style, color="0.3", linewidth=_WIDTH, label=name)
        for name, style in styles.items()
    ]
    beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "frameon": False}
    inside: dict[str, Any] = {"loc": "best", "framealpha": 0.85, "edgecolor": "none"}
    more = {"ncols": _columns(len(handles)), "columnspacing": 1.2, **beside} if outside else inside
    ax.legend(handles=handles, fontsize="small", handlelength=2.2, **more)
