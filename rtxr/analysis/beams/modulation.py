"""How complicated a beam is: indices of its apertures and of the motion of its leaves.

Between two control points a beam counts with the mean of what it is at both, weighted with the
meterset that it delivers there; of a segment that stands still that is the segment itself.

- McNiven, Sharpe, Purdie: A new metric for assessing IMRT modulation complexity and plan
  deliverability. Med Phys 37 (2010) 505
- Masi, Doro, Favuzza, Cipressi, Livi: Impact of plan parameters on the dosimetric accuracy of
  volumetric modulated arc therapy. Med Phys 40 (2013) 071718
- Du, Cho, Zhang, Hoffman, Kudchadker: Quantification of beam complexity in intensity-modulated
  radiation therapy treatment plans. Med Phys 41 (2014) 021716
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtxr.analysis.beams.apertures import Apertures, Layer
from rtxr.geometry import FloatArray

#: Masi et al.: a beam whose leaves travel so far has an LTMCS of 0, mm.
_FULL_TRAVEL_MM = 1000.0


def leaf_sequence_variability(found: Apertures) -> FloatArray:
    """How even the edges of each aperture are (LSV of McNiven 2010), (point,).

    For each side, the sum over neighbouring open strips of pos_max - |difference of their
    positions|, divided by (N - 1) pos_max, where pos_max is the range of the positions and N the
    number of open strips; the product of both sides. 1 for a rectangle or a single strip, NaN where
    nothing is open. Positions are those of the aperture: where a jaw covers a leaf, the jaw's.
    """
    sides = (found.starts, found.stops)
    rows = [[_evenness(side[at, some]) for side in sides] for at, some in enumerate(found.is_open)]
    both: FloatArray = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return both[:, 0] * both[:, 1]


def aperture_area_variability(found: Apertures) -> FloatArray:
    """Opening of each aperture as a part of the widest (AAV of McNiven 2010), (point,).

    The sum of the openings of all strips, divided by the sum of the widest opening that each strip
    has in the beam: from its leftmost start to its rightmost stop. 1 where all apertures are the
    same; NaN where nothing is ever open.
    """
    some = found.is_open
    first = np.where(some, found.starts, np.inf).min(axis=0)
    last = np.where(some, found.stops, -np.inf).max(axis=0)
    widest = np.where(some.any(axis=0), last - first, 0.0).sum()
    total = found.widths.sum(axis=1)
    return total / widest if widest > 0 else np.full(len(total), np.nan)


def modulation_complexity_score(found: Apertures, segments: FloatArray) -> float:
    """MCS of a beam, from 0 to 1 for a single rectangle (McNiven 2010, Masi 2013).

    Parameters
    ----------
    found : Apertures
        Of the beam.
    segments : ndarray, (point - 1,)
        What is delivered from each control point to the next.

    Returns
    -------
    float
        The sum over segments of the mean aperture area variability of both ends, times the mean
        leaf sequence variability of both, times the part of the meterset. A closed end counts with
        an area of 0. NaN where nothing is delivered.
    """
    area, sequence = aperture_area_variability(found), leaf_sequence_variability(found)
    return weighted(_mean_of_ends(area) * _mean_of_ends(sequence), segments)


def mean_area(found: Apertures, segments: FloatArray) -> float:
    """Mean aperture area, by meterset, mm2."""
    return weighted(_mean_of_ends(found.areas), segments)


def aperture_irregularity(found: Apertures, segments: FloatArray) -> float:
    """Beam irregularity (Du 2014): 1 for a circle, 4 / pi for a square.

    Perimeter squared over 4 pi times the area, as the mean by meterset.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(found.areas > 0, found.perimeters**2 / (4 * np.pi * found.areas), np.nan)
    return weighted(_mean_of_ends(each), segments)


def leaf_travel(layers: Sequence[Layer], found: Apertures) -> float:
    """Mean way of the leaves (LT of Masi 2013), mm.

    Of the leaves that move and whose strip is open at some control point, the sum of their steps;
    0 where none moves, NaN without leaves.
    """
    if not layers:
        return np.nan
    opened = found.is_open.any(axis=0)
    low, high = found.low.min(axis=0)[opened], found.high.max(axis=0)[opened]
    ways = []
    for layer in layers:
        across = (layer.edges[:-1, None] < high) & (layer.edges[1:, None] > low)
        ways.append(np.abs(np.diff(layer.positions[:, across.any(axis=1)], axis=0)).sum(axis=0))
    ways_of_all = np.concatenate([each.ravel() for each in ways])
    moving = ways_of_all[ways_of_all > 0]
    return float(moving.mean()) if len(moving) else 0.0


def travel_weighted(score: float, travel: float) -> float:
    """LTMCS of Masi 2013: (1000 mm - leaf travel) / 1000 mm times the MCS, 0 beyond 1000 mm."""
    return score * max(_FULL_TRAVEL_MM - travel, 0.0) / _FULL_TRAVEL_MM


def weighted(values: FloatArray, weights: FloatArray) -> float:
    """Mean of values by their weights, over those that are known; NaN where nothing weighs."""
    some = np.isfinite(values) & np.isfinite(weights)
    total = weights[some].sum()
    return float((values[some] * weights[some]).sum() / total) if total > 0 else np.nan


def _mean_of_ends(values: FloatArray) -> FloatArray:
    """Mean over both ends of each segment, over the one that is known."""
    ends = np.stack([values[:-1], values[1:]])
    known = np.isfinite(ends)
    with np.errstate(invalid="ignore"):
        found: FloatArray = np.where(known, ends, 0.0).sum(axis=0) / known.sum(axis=0)
    return found


def _evenness(positions: FloatArray) -> float:
    if not len(positions):
        return np.nan
    span = np.ptp(positions)
    if span == 0:
        return 1.0
    return float((span - np.abs(np.diff(positions))).sum() / ((len(positions) - 1) * span))
