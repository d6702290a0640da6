"""What the dose axis of stored DVHs means, and in which unit their statistics are.

The Standard gives bins and volumes, but not whether a cumulative volume is that of all doses from
the lower edge of its bin, its centre or its upper edge on. The mean doses that are stored beside
the curves tell, also where they are in another unit than the curves, as long as there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from rtxr.errors import Finding, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray
from rtxr.read.dvhs.items import PLACES, StoredCurve

Edge = Literal["left", "centre", "right"]
_ASSUMED: Edge = "left"
#: Words for messages.
_NAMES = {"left": "lower (left) edge", "centre": "centre", "right": "upper (right) edge"}
#: Stored means decide the axis when they fit one of the three this well, in bins.
_FIT_BINS = 0.2
#: Statistics are in the unit of the curves, or in one unit, when they fit so well: part and bins.
_SAME_UNIT, _FIT_PART, _FIT_EXTREMES = 0.02, 0.03, 2.0
#: Below this part of the whole, volume and missing volume are rounding.
_ROUNDING = 1e-6


def check_edge(edge: str | None) -> None:
    """Raise UnknownNameError unless this is None, ``left``, ``centre`` or ``right``."""
    if edge is not None and edge not in PLACES:
        raise UnknownNameError(f"edge={edge!r}; {did_you_mean(str(edge), get_args(Edge))}")


def place_of_dose(
    curves: Sequence[StoredCurve], edge: Edge | None = None
) -> tuple[Edge, str, list[Finding]]:
    """Where in its bin the dose of a cumulative volume lies.

    Parameters
    ----------
    curves : sequence of StoredCurve
        All of one file.
    edge : {"left", "centre", "right"}, optional
        What the caller says.

    Returns
    -------
    place : str
        ``"left"``, ``"centre"`` or ``"right"``.
    source : {"given", "means", "assumed"}
        Where that is from.
    findings : list of Finding
        What was decided, or that the stored means contradict the caller.
    """
    cumulative = [curve for curve in curves if not curve.summed]
    if not cumulative:
        return edge or _ASSUMED, "given" if edge else "assumed", []
    fitting = _fitting(cumulative)
    if edge is not None:
        message = (
            f"edge={edge!r} was asked for; the stored mean doses show that a bin's dose is its "
            f"{_NAMES[fitting or edge]}"
        )
        differs = fitting not in (None, edge)
        return edge, "given", [Finding("dvh-dose-axis", "warning", message)] if differs else []
    if fitting is None:
        message = (
            "the stored curves do not say whether a bin's dose is its lower edge, centre or upper "
            f"edge; the {_NAMES[_ASSUMED]} was assumed; edge=... says otherwise"
        )
        return _ASSUMED, "assumed", [Finding("dvh-dose-axis", "info", message)]
    message = f"the stored mean doses show that a bin's dose is its {_NAMES[fitting]}"
    return fitting, "means", [Finding("dvh-dose-axis", "info", message)]


def _fitting(curves: Sequence[StoredCurve]) -> Edge | None:
    """The place that fits the stored means, None where they do not decide."""
    known = [
        curve
        for curve in curves
        if curve.usable and curve.statistics["mean"] and curve.widths[0] > 0
    ]
    if not known:
        return None
    misfits = {place: _misfit(known, place) for place in get_args(Edge)}
    best: Edge = min(misfits, key=lambda place: misfits[place])
    return best if misfits[best] <= _FIT_BINS else None


def _misfit(curves: Sequence[StoredCurve], place: str) -> float:
    """Median distance, in bins, of the curves' means from the stored ones.

    The stored ones may be in another unit, so their common factor is left free as soon as there
    are several.
    """
    stored = _statistics(curves, "mean") / np.array([curve.per_gray for curve in curves])
    means = np.array([curve.mean(place) for curve in curves])
    widths = np.array([np.median(curve.widths) for curve in curves])
    largest = np.argsort(means)[-max(len(means) // 2, 1) :]
    factor = 1.0 if len(means) == 1 else float(np.median((means / stored)[largest]))
    if abs(factor - 1.0) < 0.01:
        factor = 1.0
    return float(np.median(np.abs(means - factor * stored) / widths))


def unit_of_statistics(
    curves: Sequence[StoredCurve], place: str
) -> tuple[float | None, list[Finding]]:
    """Gy in one unit of the stored minima, means and maxima, as far as the curves show it.

    Returns
    -------
    gray : float or None
        None where they are in the unit of the curves, NaN where they fit no unit.
    findings : list of Finding
        A warning where they are not in the unit of the curves.
    """
    known = [curve for curve in curves if curve.usable and curve.statistics["mean"]]
    if not known:
        return None, []
    means = np.array([curve.mean(place) for curve in known])
    in_unit = _statistics(known, "mean") / np.array([curve.per_gray for curve in known])
    bins = np.array([np.median(curve.widths) for curve in known])
    if (np.abs(means - in_unit) <= np.maximum(bins, _SAME_UNIT * means)).mean() >= 0.5:
        return None, []
    largest = np.argsort(means)[-max(len(means) // 2, 1) :]
    gray = float(np.median((means / _statistics(known, "mean"))[largest]))
    rounded = float(f"{gray:.3g}")
    gray = rounded if abs(gray / rounded - 1) < 2e-3 else gray
    fits = np.concatenate([_fits(curve, place, gray) for curve in known])
    what = (
        "(3004,0070) DVHMinimumDose, (3004,0074) DVHMeanDose and (3004,0072) DVHMaximumDose are "
        "not in the unit of the curves"
    )
    if fits.mean() < 0.5:
        message = f"{what} and fit no other one; take them from the curves"
        return float("nan"), [Finding("dvh-statistics-units", "warning", message)]
    message = f"{what}; they fit percent of {100 * gray:.4g} Gy and were taken as such"
    return gray, [Finding("dvh-statistics-units", "warning", message)]


def _statistics(curves: Sequence[StoredCurve], name: str) -> FloatArray:
    return np.array([curve.statistics[name] or np.nan for curve in curves], dtype=np.float64)


def _fits(curve: StoredCurve, place: str, gray: float) -> FloatArray:
    """Whether minimum, mean and maximum, as far as stored, are those of the curve (1 or 0)."""
    doses, volumes = curve.points(place)
    whole = volumes[0]
    lost = np.flatnonzero(volumes < whole * (1 - _ROUNDING))
    left = np.flatnonzero(volumes > whole * _ROUNDING)
    seen = {
        "minimum": doses[max(int(lost[0]) - 1, 0)] if len(lost) else doses[-1],
        "mean": curve.mean(place),
        "maximum": doses[left[-1]],
    }
    width = float(np.median(curve.widths))
    return np.array(
        [
            abs(seen[name] - gray * value)
            <= max(_FIT_EXTREMES * width, _FIT_PART * float(seen[name]))
            for name, value in curve.statistics.items()
            if value is not None
        ],
        dtype=np.float64,
    )
