"""What a beam has delivered at each of its control points (PS3.3 C.8.8.14.1)."""

from __future__ import annotations

import numpy as np

from rtxr.errors import Finding
from rtxr.geometry import FloatArray
from rtxr.read.item_values import number
from rtxr.read.plans.plan_records import PlannedBeam

#: Relative difference from which the last weight and the final one disagree.
_DISAGREE = 1e-3


def metersets(
    beam: PlannedBeam, weights: FloatArray
) -> tuple[FloatArray, FloatArray, list[Finding]]:
    """Meterset when each control point is reached, and from there to the next.

    Parameters
    ----------
    beam : PlannedBeam
        With its meterset.
    weights : ndarray, (point,)
        Cumulative Meterset Weights, NaN where missing.

    Returns
    -------
    reached, segments : ndarray, (point,)
        In the unit of the beam; NaN where they are not known. A beam that delivers nothing has
        zeros, whatever its weights.
    findings : list of Finding
        A final weight that is missing, or is not the last one.
    """
    if not len(weights):
        return weights, weights, []
    # The first weight is zero by definition, also where a file leaves it out.
    known = np.concatenate([np.nan_to_num(weights[:1]), weights[1:]])
    final, findings = _final_weight(beam, known)
    if beam.meterset == 0:
        reached = np.zeros(len(weights))
    elif final > 0:
        reached = known / final * beam.meterset
    else:
        reached = np.full(len(weights), np.nan)
    return reached, np.diff(reached, append=reached[-1:]), findings


def _final_weight(beam: PlannedBeam, weights: FloatArray) -> tuple[float, list[Finding]]:
    """Final Cumulative Meterset Weight (300A,010E), else the last weight; NaN where neither."""
    stated, last = number(beam.item, "FinalCumulativeMetersetWeight"), float(weights[-1])
    if not beam.meterset > 0:
        return (np.nan if stated is None else stated), []
    name = f"beam {beam.number}: (300A,010E) FinalCumulativeMetersetWeight"
    if not stated:
        what = "is missing" if stated is None else "is 0"
        if not last > 0:
            message = f"{name} {what}, and so is the last weight; its metersets are not known"
            return np.nan, [Finding("final-weight", "warning", message)]
        message = f"{name} {what}; the last weight, {last:g}, was taken"
        return last, [Finding("final-weight", "info", message)]
    if abs(last - stated) > _DISAGREE * stated:
        message = f"{name} is {stated:g}, and the last weight is {last:g}; the former was taken"
        return stated, [Finding("final-weight", "warning", message)]
    return stated, []
