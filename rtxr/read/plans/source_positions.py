"""Where the sources of a brachytherapy plan dwell, and for how long (PS3.3 C.8.8.15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.errors import Finding
from rtxr.geometry import FloatArray
from rtxr.read.item_values import integer, items, number, numbers, text
from rtxr.read.plans.brachytherapy import CHANNEL_KEYS, CHANNELS, SETUPS
from rtxr.read.plans.item_tables import row_of, table_of
from rtxr.read.plans.plan_records import noted, plan_of, with_findings

_POINTS = "BrachyControlPointSequence"
_RELATIVE = "ControlPointRelativePosition"
_PLACE = ("x", "y", "z")
_COLUMNS = [
    *CHANNEL_KEYS,
    "ReferencedSourceNumber",
    "ControlPointIndex",
    _RELATIVE,
    *_PLACE,
    "ControlPointOrientation",
    "dwell_time",
    "transit_time",
]
#: Relative difference within which times of positions add up to the whole.
_SAME = 1e-2


def source_positions(ds: xr.Dataset) -> pd.DataFrame:
    """Dwell positions of a brachytherapy plan and the time at each.

    Elements read: BrachyControlPointSequence (300A,02D0) of the channels, ChannelTotalTime
    (300A,0286), FinalCumulativeTimeWeight (300A,02C8).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per position of a channel, in the order of the plan; successive control points at
        one place are one position. Columns ApplicationSetupNumber, ChannelNumber,
        ReferencedSourceNumber, ControlPointIndex (of the first), ControlPointRelativePosition (mm
        from the tip), ``x``, ``y``, ``z`` (patient LPS, mm), ControlPointOrientation (tuple),
        ``dwell_time`` there and ``transit_time`` from there to the next position (s, both at the
        source strength of the plan, of one pulse where there are several; NaN where not known).
        Without positions it is empty and ``attrs["note"]`` says what the plan has;
        ``attrs["findings"]`` says what was odd.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    top = plan_of(ds)
    rows: list[dict[str, Any]] = []
    odd: dict[str, list[str]] = {}
    for setup in items(top, SETUPS):
        for channel in items(setup, CHANNELS):
            more, what = _of_channel(channel)
            keys = row_of(setup, CHANNEL_KEYS[:1])
            rows += [{**keys, **row} for row in more]
            odd.setdefault(what, []).append(text(channel, CHANNEL_KEYS[1]))
    findings = [
        Finding("time-weights", "warning", f"channel(s) {', '.join(found)}: {what}")
        for what, found in odd.items()
        if what
    ]
    return noted(with_findings(table_of(rows, _COLUMNS), findings), "source positions", top)


def _of_channel(channel: pydicom.Dataset) -> tuple[list[dict[str, Any]], str]:
    """Dwell positions of one channel, and what was odd about their times."""
    points = items(channel, _POINTS)
    if not points:
        return [], ""
    reached, odd = _reached(channel, points)
    places = [_place(point) for point in points]
    first = [0, *(at for at in range(1, len(points)) if places[at] != places[at - 1])]
    last = [*(at - 1 for at in first[1:]), len(points) - 1]
    keys = row_of(channel, [CHANNEL_KEYS[1], "ReferencedSourceNumber"])
    rows = []
    for start, stop in zip(first, last, strict=True):
        after = reached[min(stop + 1, len(points) - 1)]
        index = integer(points[start], "ControlPointIndex")
        rows.append(
            {
                **keys,
                **row_of(points[start], [_RELATIVE, "ControlPointOrientation"]),
                "ControlPointIndex": start if index is None else index,
                **dict(zip(_PLACE, places[start][1:], strict=True)),
                "dwell_time": reached[stop] - reached[start],
                "transit_time": after - reached[stop],
            }
        )
    return rows, odd


def _place(point: pydicom.Dataset) -> tuple[float | None, ...]:
    """Position along the channel, mm, and in the patient; None for what is not known."""
    stated = numbers(point, "ControlPoint3DPosition").tolist()
    known = len(stated) == 3 and bool(np.isfinite(stated).all())
    return number(point, _RELATIVE), *(stated if known else (None,) * 3)


#: What may be wrong with the times of a channel.
_MISSING = (
    "(300A,02C8) FinalCumulativeTimeWeight or (300A,0286) ChannelTotalTime is missing; dwell times "
    "are not known"
)
_OWN = (
    "(300A,02D6) CumulativeTimeWeight is not cumulative, but adds up to the final one; each was "
    "taken as that of its own position"
)
_FALLING = (
    "(300A,02D6) CumulativeTimeWeight goes down and does not add up to the final one; dwell times "
    "are not known"
)


def _reached(channel: pydicom.Dataset, points: Sequence[pydicom.Dataset]) -> tuple[FloatArray, str]:
    """Time when each control point is reached, s, NaN where it is not known, and what was odd."""
    stated = [number(point, "CumulativeTimeWeight") for point in points]
    weights = np.array([np.nan if each is None else each for each in stated])
    weights[0] = np.nan_to_num(weights[0])  # zero by definition
    final, total = number(channel, "FinalCumulativeTimeWeight"), number(channel, "ChannelTotalTime")
    unknown = np.full(len(points), np.nan)
    if total == 0:
        return np.zeros(len(points)), ""
    if not final or total is None:
        return unknown, _MISSING
    if not (np.diff(weights) < 0).any():
        return weights / final * total, ""
    if abs(weights.sum() - final) <= _SAME * final:
        return np.cumsum(weights) / final * total, _OWN
    return unknown, _FALLING
