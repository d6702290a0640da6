"""What a page is told of curves: numbers in one block of bytes, the rest as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rtxr.analysis.statistics.stored_curves import CutOff
from rtxr.geometry import FloatArray
from rtxr.view.colors import for_paper, for_screen
from rtxr.view.dvh_curves import Curve, DVHCurves
from rtxr.view.goal_marks import GoalMark, axis_end
from rtxr.view.goal_table import STYLES

#: Points of a curve that are sent; of longer ones a choice that leaves no step out.
MOST = 20_000
#: Colours of a status that are too dark for a dark page.
_ON_DARK = {"pass": "#56b4e9"}


@dataclass
class Block:
    """Arrays of single precision one after another, each of them once."""

    parts: list[bytes] = field(default_factory=list)
    known: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    stop: int = 0

    def add(self, values: FloatArray) -> tuple[int, int]:
        """Where an array begins and how long it is."""
        data = np.ascontiguousarray(values, dtype="<f4").tobytes()
        if data not in self.known:
            self.known[data] = (self.stop, len(values))
            self.parts.append(data)
            self.stop += len(values)
        return self.known[data]


def message(dvhs: DVHCurves, goals: Sequence[GoalMark]) -> tuple[dict[str, Any], bytes]:
    """Curves and goals for a page.

    Parameters
    ----------
    dvhs : DVHCurves
        Cumulative ones.
    goals : sequence of GoalMark
        To be drawn and listed.

    Returns
    -------
    values : dict
        ``unit``, ``sources``, ``rois``, ``curves``, ``goals``, ``signs``, ``notes`` (findings),
        ``ends`` (of the dose axis: in its unit, in %) and ``prescription``; numbers that are not
        known are None. A curve says of its ``doses`` and ``volumes`` where they begin in the
        block, and how long they are.
    block : bytes
        Little-endian float32.
    """
    block = Block()
    light, dark = for_paper(dvhs.colors), for_screen(dvhs.colors)
    rois = [{"name": each, "light": light[each], "dark": dark[each]} for each in dvhs.rois]
    values = {
        "unit": {"relative": "", "other": ""}.get(dvhs.unit, dvhs.unit),
        "sources": dvhs.sources,
        "rois": rois,
        "curves": [_curve(each, dvhs, block) for each in dvhs.curves],
        "goals": [_goal(each, dvhs) for each in goals],
        "signs": {
            status: [*style, _ON_DARK.get(status, style[1])] for status, style in STYLES.items()
        },
        "notes": [each["message"] for each in dvhs.findings if each["severity"] != "info"],
        "ends": [plain(axis_end(dvhs, goals, relative=each)) for each in (False, True)],
        "prescription": plain(dvhs.prescription),
    }
    return values, b"".join(block.parts)


def _curve(curve: Curve, dvhs: DVHCurves, block: Block) -> dict[str, Any]:
    doses, volumes = _thinned(curve.doses, curve.volumes)
    asked = curve.answers
    numbers: Mapping[str, float] = {
        "whole": curve.volume_cc,
        "inside": asked.inside_cc,
        "min": asked.minimum,
        "mean": asked.mean,
        "max": asked.maximum,
        "prescription": curve.prescription,
    }
    return {
        "roi": dvhs.rois.index(curve.roi),
        "source": dvhs.sources.index(curve.source),
        "doses": block.add(doses),
        "volumes": block.add(volumes),
        "cut": isinstance(asked, CutOff),
        **{name: plain(value) for name, value in numbers.items()},
    }


def _thinned(doses: FloatArray, volumes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A curve up to where it reaches nothing; of a long one rows at even doses and even volumes."""
    filled = np.flatnonzero(volumes > 0)
    stop = int(filled[-1]) + 2 if len(filled) else 1
    doses, volumes = doses[:stop], volumes[:stop]
    if len(doses) <= MOST:
        return doses, volumes
    levels = np.linspace(volumes[0], volumes[-1], MOST // 4)
    after = np.searchsorted(-volumes, -levels).clip(1, len(doses) - 1)
    even = np.linspace(0, len(doses) - 1, MOST // 2).astype(int)
    rows = np.unique(np.concatenate([even, after - 1, after]))
    return doses[rows], volumes[rows]


def _goal(mark: GoalMark, dvhs: DVHCurves) -> dict[str, Any]:
    rois = dvhs.rois
    return {
        "roi": rois.index(mark.roi) if mark.roi in rois else None,
        "name": mark.roi,
        "text": mark.text,
        "dose": plain(mark.dose) if mark.placed else None,
        "share": plain(mark.share) if mark.placed else None,
        "way": mark.way,
        "results": [mark.results.get(each) for each in dvhs.sources],
    }


def plain(value: float) -> float | None:
    """A number as JSON has it; None for one that is not known."""
    return float(value) if math.isfinite(value) else None
