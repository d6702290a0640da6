"""Dose-volume histograms as a figure. matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtxr.errors import MissingDataError, RTXRError
from rtxr.geometry import FloatArray
from rtxr.view import colors as roi_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (6.4, 3.8)
_WIDTH = 1.5
#: Lines of the first, second … dose; of computed and stored curves.
_STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
#: Bins of a differential curve on paper, about; those of a finer table are joined.
_BINS = 200
#: The dose axis ends with the highest dose unless this is so many times as high as ...
_TAIL = 5.0
#: ... what this part of any structure receives, as beside a brachytherapy source.
_SHARE = 0.01

_AXES: Mapping[str, str] = {
    "dose_gy": "Dose (Gy)",
    "dose_cgy": "Dose (cGy)",
    "dose_percent": "Dose (%)",
    "dose_relative": "Relative dose",
    "dose_other": "Dose",
}


@dataclass(frozen=True)
class _Line:
    """A curve to draw: of which ROI and which dose, x ascending."""

    label: str
    dose: str
    x: FloatArray
    y: FloatArray


def plot_dvh(
    table: pd.DataFrame,
    *,
    relative: bool = True,
    stored: pd.DataFrame | None = None,
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
    relative : bool, default: True
        Volume in % of the ROI's, else in cm3.
    stored : DataFrame, optional
        More cumulative DVHs of one dose, drawn dashed in the colours of the same labels; labels
        that ``table`` does not have are left out. % are of the stored volume.
    colors : mapping of label to colour, optional
        ``"#rrggbb"``; others come from a palette. Colours that would vanish on white are
        darkened, a colour that two ROIs share is darker for the second.
    dose_names : mapping of str to str, optional
        What to call each of several doses in the legend; their names by default.
    dose_max : float, optional
        End of the dose axis. By default the highest dose of the curves drawn; where less than 1 %
        of every structure receives a fifth of that, as beside a brachytherapy source, the dose
        that 1 % receive.
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
        Stored curves beside a differential table or several doses.
    """
    differential = table.attrs.get("kind") == "differential"
    if stored is not None and (differential or table.columns.nlevels > 1):
        raise RTXRError("stored DVHs are drawn beside cumulative ones of one dose")
    labels = _labels(table)
    palette = roi_colors.for_paper(roi_colors.roi_colors(labels, colors))
    lines, width = _lines(table, relative=relative, bins=_BINS if join else len(table))
    beside = [] if stored is None else _lines(stored, relative=relative, name="stored")[0]
    beside = [line for line in beside if line.label in palette]
    if not [*lines, *beside]:
        raise MissingDataError(
            f"no DVH to plot: none of the {len(labels)} ROIs of the table has a volume"
        )
    outside = ax is None
    if ax is None:
        ax = _new_axes()
    doses = list(dict.fromkeys(line.dose for line in [*lines, *beside]))
    styles = {dose: _STYLES[at % len(_STYLES)] for at, dose in enumerate(doses)}
    if stored is not None:
        styles = {"": _STYLES[0], "stored": _STYLES[1]}
    for line in [*beside, *lines]:
        _draw(ax, line, palette[line.label], styles[line.dose], differential=differential)
    drawn = {line.label for line in [*lines, *beside]}
    _label(ax, table, relative=relative, width=width)
    _limit(ax, [*lines, *beside], dose_max, cumulative=not differential, relative=relative)
    names = {"": "computed", "stored": "stored", **(dose_names or {})}
    shown = {names.get(dose, dose): style for dose, style in styles.items()}
    told = shown if beside or table.columns.nlevels > 1 else {}
    _legend(ax, {each: palette[each] for each in labels if each in drawn}, told, outside=outside)
    return ax


# --- what to draw -------------------------------------------------------------------------------
def _labels(table: pd.DataFrame) -> list[str]:
    """ROIs of a table, each once."""
    return list(dict.fromkeys(str(label) for label in table.columns.get_level_values(-1)))


def _lines(
    table: pd.DataFrame, *, relative: bool, name: str = "", bins: int = _BINS
) -> tuple[list[_Line], float | None]:
    """Curves of the ROIs that have a volume, in % or cm3, and the width of differential bins."""
    differential = table.attrs.get("kind") == "differential"
    joined, width = (1, None)
    if differential and len(table) > 1:
        joined = max(1, round(len(table) / bins))
        width = joined * float((table.index[-1] - table.index[0]) / (len(table) - 1))
    lines = []
    for at, column in enumerate(_levels(table)):
        dose, label = (name, *column)[-2:]
        curve = table.iloc[:, at].dropna().astype(np.float64)
        volume = _volume(table, column, curve)
        if not len(curve) or not volume > 0:
            continue
        given = bool(table.attrs.get("relative"))
        scale = 1.0 if given == relative else (100 / volume if relative else volume / 100)
        x = np.asarray(curve.index, dtype=np.float64)
        y = np.asarray(curve.to_numpy() * scale, dtype=np.float64)
        lines.append(_Line(label, dose, *(_joined(x, y, joined) if differential else _cut(x, y))))
    return lines, width


def _levels(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Label of each column, or dose and label."""
    levels = [table.columns.get_level_values(at) for at in range(table.columns.nlevels)]
    return list(zip(*[map(str, level) for level in levels], strict=True))


def _volume(table: pd.DataFrame, column: tuple[str, ...], curve: pd.Series[float]) -> float:
    """Volume of a ROI, cm3; NaN or 0 where it has none."""
    told: Any = table.attrs.get("rois", {})
    for level in column:
        told = told.get(level, {})
    if "volume_cc" in told:
        return float(told["volume_cc"])
    largest = curve.sum() if table.attrs.get("kind") == "differential" else curve.max()
    return float(largest) if len(curve) else float("nan")


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
def _new_axes() -> Axes:
    from matplotlib import pyplot as plt  # noqa: PLC0415

    return plt.subplots(figsize=_SIZE, layout="constrained")[1]


def _draw(ax: Axes, line: _Line, color: str, style: Any, *, differential: bool) -> None:
    name = f"_{line.label}, {line.dose}" if style != _STYLES[0] else line.label
    ax.plot(
        line.x,
        line.y,
        linestyle=style,
        color=color,
        linewidth=_WIDTH,
        drawstyle="steps-mid" if differential else "default",
        label=name,
    )


def _label(ax: Axes, table: pd.DataFrame, *, relative: bool, width: float | None) -> None:
    """Names of the axes, and a light grid behind the lines."""
    x_label = _AXES.get(str(table.index.name), "Dose (Gy)")
    if table.attrs.get("prescription") is not None:
        x_label = "Dose (% of prescription)"
    unit = "%" if relative else "cm³"
    y_label = f"Volume ({unit})"
    if width is not None:
        per = {"dose_gy": " Gy", "dose_cgy": " cGy", "dose_percent": " %"}
        y_label = f"Volume per {width:.3g}{per.get(str(table.index.name), '')} ({unit})"
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _limit(
    ax: Axes, lines: Sequence[_Line], dose_max: float | None, *, cumulative: bool, relative: bool
) -> None:
    """Axes from 0, or the lowest dose below it, to just beyond the data."""
    if dose_max is not None and not dose_max > 0:
        raise RTXRError(f"dose_max={dose_max!r}: it must be above 0")
    reached = [float(line.x[line.y > 0].max()) for line in lines if (line.y > 0).any()]
    end = max(reached, default=1.0)
    usual = max((_dose_to_share(line, cumulative=cumulative) for line in lines), default=0.0)
    if end > _TAIL * usual > 0:
        end = usual
    end = 1.02 * end if dose_max is None else dose_max
    begin = min([float(line.x[0]) for line in lines if line.x[0] < 0], default=0.0)
    highest = max((float(line.y.max()) for line in lines), default=0.0)
    whole = 100.0 if relative and cumulative else 0.0
    ax.set_xlim(begin, end or 1.0)
    ax.set_ylim(0, 1.02 * max(highest, whole) or 1.0)


def _dose_to_share(line: _Line, *, cumulative: bool) -> float:
    """Highest dose that a small part of a structure receives at least."""
    volume = line.y if cumulative else np.cumsum(line.y[::-1])[::-1]
    most = line.x[volume >= _SHARE * float(volume.max())]
    return float(most.max()) if len(most) else 0.0


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
    ax.legend(
        handles=handles, fontsize="small", handlelength=2.2, **(beside if outside else inside)
    )
