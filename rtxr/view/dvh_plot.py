"""Cumulative dose-volume histograms as a figure. matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rtxr.errors import MissingDataError
from rtxr.view import colors as roi_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (6.4, 3.8)
_WIDTH = 1.5


def plot_dvh(
    table: pd.DataFrame,
    *,
    relative: bool = True,
    stored: pd.DataFrame | None = None,
    colors: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Cumulative DVHs as lines, one per ROI.

    Parameters
    ----------
    table : DataFrame
        As :func:`rtxr.analysis.dvh.dvh` makes it: index dose in Gy, one column per ROI label,
        cumulative volume in cm3. ``attrs["rois"][label]["volume_cc"]`` is the volume of the ROI;
        where it is missing the largest volume of the column is.
    relative : bool, default: True
        Volume in % of the ROI's, else in cm3.
    stored : DataFrame, optional
        More DVHs in the same form, drawn dashed in the colours of the same labels; labels that
        ``table`` does not have are left out. % are of the stored volume.
    colors : mapping of label to colour, optional
        ``"#rrggbb"``; others come from a palette. Colours that would vanish on white are
        darkened, a colour that two ROIs share is darker for the second.
    ax : matplotlib Axes, optional
        Draw here instead of on a new figure; the legend is then inside.

    Returns
    -------
    Axes
        Gy and % or cm3, from 0.

    Raises
    ------
    MissingDataError
        No ROI of the table has a volume.
    """
    labels = [str(label) for label in table.columns]
    palette = roi_colors.for_paper(roi_colors.roi_colors(labels, colors))
    curves = _curves(table, labels, relative=relative)
    dashed = {} if stored is None else _curves(stored, labels, relative=relative)
    shown = [label for label in labels if label in curves or label in dashed]
    if not shown:
        raise MissingDataError(
            f"no DVH to plot: none of the {len(labels)} ROIs of the table has a volume"
        )
    outside = ax is None
    if ax is None:
        ax = _new_axes()
    for drawn, style in ((dashed, "--"), (curves, "-")):
        for label, curve in drawn.items():
            (line,) = ax.plot(curve.index, curve, style, color=palette[label], linewidth=_WIDTH)
            line.set_label(label if style == "-" else f"_{label}, stored")
    _label(ax, [*curves.values(), *dashed.values()], relative=relative)
    _legend(ax, {label: palette[label] for label in shown}, both=bool(dashed), outside=outside)
    return ax


def _curves(
    table: pd.DataFrame, labels: list[str], *, relative: bool
) -> dict[str, pd.Series[float]]:
    """Curve of each ROI that has a volume, in % or cm3, without the doses it says nothing about."""
    found = {}
    for label in labels:
        if label not in table.columns:
            continue
        curve = table[label].dropna().astype(np.float64)
        volume = _volume(table, label)
        if len(curve) and np.isfinite(volume) and volume > 0:
            found[label] = curve * (100 / volume) if relative else curve
    return found


def _volume(table: pd.DataFrame, label: str) -> float:
    """Volume of a ROI, cm3; NaN or 0 where it has none."""
    known = table.attrs.get("rois", {}).get(label, {}).get("volume_cc")
    return float(table[label].max() if known is None else known)


def _new_axes() -> Axes:
    from matplotlib import pyplot as plt  # noqa: PLC0415

    return plt.subplots(figsize=_SIZE, layout="constrained")[1]


def _label(ax: Axes, curves: list[pd.Series[float]], *, relative: bool) -> None:
    """Axes from 0 to just beyond the data, and a light grid behind the lines."""
    reached = [curve.index[curve.to_numpy() > 0].max() for curve in curves if (curve > 0).any()]
    highest = max((float(curve.max()) for curve in curves), default=0.0)
    ax.set_xlim(0, 1.02 * float(max(reached, default=1.0)) or 1.0)
    ax.set_ylim(0, 1.02 * max(highest, 100.0 if relative else 0.0) or 1.0)
    ax.set_xlabel("Dose (Gy)")
    ax.set_ylabel("Volume (%)" if relative else "Volume (cm³)")
    ax.grid(color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _legend(ax: Axes, palette: Mapping[str, str], *, both: bool, outside: bool) -> None:
    """One entry per ROI; where stored DVHs are drawn too, what solid and dashed mean."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    handles = [
        Line2D([], [], color=color, linewidth=_WIDTH, label=label)
        for label, color in palette.items()
    ]
    if both:
        grey: dict[str, Any] = {"color": "0.3", "linewidth": _WIDTH}
        handles += [
            Line2D([], [], linestyle="-", label="computed", **grey),
            Line2D([], [], linestyle="--", label="stored", **grey),
        ]
    beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "frameon": False}
    inside: dict[str, Any] = {"loc": "upper right", "framealpha": 0.85, "edgecolor": "none"}
    ax.legend(
        handles=handles, fontsize="small", handlelength=1.8, **(beside if outside else inside)
    )
