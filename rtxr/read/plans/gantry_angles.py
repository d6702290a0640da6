"""Gantry angles of an arc without jumps at 360 degrees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtxr.geometry import FloatArray

#: Degrees against the stated direction that are noise of the angles, not a turn of nearly 360.
_NOISE = 0.01


def unwrapped(angles: FloatArray, directions: Sequence[str]) -> FloatArray:
    """Gantry angles such that each step is as large as the gantry's, and has its sign.

    Parameters
    ----------
    angles : ndarray, (point,)
        Gantry Angle (300A,011E), degrees.
    directions : sequence of str, (point,)
        Gantry Rotation Direction (300A,011F) from each control point to the next: CW is towards
        larger angles (IEC 61217), CC towards smaller ones; with any other the
        shorter way is taken.

    Returns
    -------
    ndarray, (point,)
        Beginning with the first angle; 359 > 1 is 359 > 361 (CW), 1 > 359 is 1 > -1 (CC). Two
        control points of the same angle are taken as no turn, not as a full one.
    """
    if not len(angles):
        return angles
    steps = np.diff(angles)
    shorter = (steps + 180.0) % 360.0 - 180.0
    sign = np.array([{"CW": 1.0, "CC": -1.0}.get(each, 0.0) for each in directions[:-1]])
    along = np.where(sign * shorter < -_NOISE, shorter + sign * 360.0, shorter)
    return np.concatenate([angles[:1], angles[0] + np.cumsum(along)])
