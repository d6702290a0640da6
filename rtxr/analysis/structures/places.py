"""Where values are among ascending lines (numpy only)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray


def places(
    lines: FloatArray, values: FloatArray, side: Literal["left", "right"] = "left"
) -> IntArray:
    """``np.searchsorted(lines, values, side)``.

    Lines are even as a rule: places are computed as if all steps were that in the middle, and
    searched for where the lines beside a place say that it is another.
    """
    if len(lines) < 2:
        return np.asarray(lines.searchsorted(values, side), dtype=np.int64)
    middle = (len(lines) - 1) // 2
    guess = values - lines[middle]
    guess /= lines[middle + 1] - lines[middle]
    guess += middle + 1
    np.maximum(guess, 1, out=guess)
    np.minimum(guess, len(lines) - 1, out=guess)
    place: IntArray = guess.astype(np.int64)
    before, after = lines.take(place - 1), lines.take(place)
    if side == "left":
        wrong = (before >= values) | (after < values)
    else:
        wrong = (before > values) | (after <= values)
    if wrong.any():
        place[wrong] = lines.searchsorted(values[wrong], side)
    return place
