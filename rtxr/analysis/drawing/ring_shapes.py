"""Smoother and simpler rings: approximations of outlines, ring by ring.

Rings are (n, 2) polygons in millimetres that do not repeat their first point. A ring that would
lose or gain more than half of its area is kept as it was, so that none vanishes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rtxr.analysis.drawing.rings import IntArray
from rtxr.geometry import FloatArray

#: Share of its area by which a ring may change.
_MOST_CHANGE = 0.5


def smoothed(ring: FloatArray, sigma: float, step: float) -> FloatArray:
    """A ring smoothed by a Gaussian along its course, with the area it had.

    What the Gaussian takes off bends is given back by moving the ring outwards all along.

    Parameters
    ----------
    ring : ndarray, (n, 2)
        Points, mm.
    sigma : float
        Standard deviation, mm of the ring's length. A ring shorter than that of a circle with
        this radius is left as it is.
    step : float
        About how far apart points are taken, mm.
    """
    along = _lengths(ring)
    length, area = along[-1], signed_area(ring)
    if length < 2 * np.pi * sigma:
        return ring
    closed = np.concatenate([ring, ring[:1]])
    count = int(np.ceil(length / step))
    at = np.arange(count) * (length / count)
    points = np.interp(at, along, closed[:, 0]) + 1j * np.interp(at, along, closed[:, 1])
    waves = 2 * np.pi * np.fft.fftfreq(count, length / count)
    points = np.fft.ifft(np.fft.fft(points) * np.exp(-((waves * sigma) ** 2) / 2))
    smooth = np.column_stack([points.real, points.imag])
    for _ in range(3):
        smooth = _moved_out(smooth, area)
    return smooth if _similar(signed_area(smooth), area) else ring


def simplified(rings: Sequence[FloatArray], tolerance: float) -> tuple[list[FloatArray], float]:
    """Rings without the points that are off by no more than a tolerance (Douglas-Peucker).

    Parameters
    ----------
    rings : sequence of ndarray, (n, 2)
        Points, mm.
    tolerance : float
        Largest distance of a point left out from the side that replaces it, mm.

    Returns
    -------
    rings : list of ndarray, (m, 2)
        Some of the points of each, in the same order.
    off : float
        The largest such distance, mm.
    """
    points = np.concatenate([part for ring in rings for part in (ring, ring[:1])])
    stops = np.cumsum([len(ring) + 1 for ring in rings])
    starts = np.append(0, stops[:-1])
    keep, off = _douglas_peucker(points, starts, stops - 1, tolerance)
    chosen, furthest = [], 0.0
    for at, ring in enumerate(rings):
        simple = ring[keep[starts[at] : stops[at] - 1]]
        if len(simple) >= 3 and _similar(signed_area(simple), signed_area(ring)):
            chosen.append(simple)
            furthest = max(furthest, float(off[at]))
        else:
            chosen.append(ring)
    return chosen, furthest


def _douglas_peucker(
    points: FloatArray, first: IntArray, last: IntArray, tolerance: float
) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """Points to keep of several lines at once, and how far off the others of each line are.

    ``first`` and ``last`` are the ends of each line among the points. A closed line has the same
    point at both; its point furthest from there is the first to be kept.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[first] = keep[last] = True
    line, off = np.arange(len(first)), np.zeros(len(first))
    while len(first):  # all pieces at once: each round cuts those that are too far off
        inner = last - first - 1
        some = inner > 0
        first, last, line, inner = first[some], last[some], line[some], inner[some]
        begin = np.cumsum(inner) - inner
        piece = np.repeat(np.arange(len(first)), inner)
        index = np.arange(len(piece)) + np.repeat(first + 1 - begin, inner)
        away = _offsets(points[index], points[first[piece]], points[last[piece]])
        distance = np.hypot(away[:, 0], away[:, 1])
        worst = np.maximum.reduceat(distance, begin) if len(begin) else np.empty(0)
        cut = worst > tolerance
        np.maximum.at(off, line[~cut], worst[~cut])
        furthest = np.flatnonzero(distance == worst[piece])
        middle = index[furthest[np.searchsorted(piece[furthest], np.flatnonzero(cut))]]
        keep[middle] = True
        first = np.concatenate([first[cut], middle])
        last = np.concatenate([middle, last[cut]])
        line = np.concatenate([line[cut], line[cut]])
    return keep, off


def with_channels(rings: Sequence[FloatArray], around: IntArray) -> list[FloatArray]:
    """Rings with their holes joined to them by channels without width.

    Parameters
    ----------
    rings : sequence of ndarray, (n, 2)
        Points, mm; what is around a hole comes before it.
    around : ndarray of int
        For a hole, the ring it is to be joined to; -1 for others.
    """
    joined = list(rings)
    for hole in np.flatnonzero(around >= 0)[::-1].tolist():
        outer, inner = joined[around[hole]], joined[hole]
        top = int(inner[:, 1].argmin())
        off = _offsets(inner[top], outer, np.roll(outer, -1, axis=0))
        side = int(np.hypot(off[:, 0], off[:, 1]).argmin())
        gate = inner[[top]] - off[[side]]
        way = (outer[: side + 1], gate, inner[top:], inner[: top + 1], gate, outer[side + 1 :])
        joined[around[hole]] = np.concatenate(way)
    return [ring for ring, inside in zip(joined, around.tolist(), strict=True) if inside < 0]


def signed_area(ring: FloatArray) -> float:
    """Area of a ring, negative where it is walked the other way round, mm2."""
    x, y = (ring - ring[0]).T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _lengths(ring: FloatArray) -> FloatArray:
    """Way along a ring to each of its points and back to the first, (n + 1,), mm."""
    sides = np.roll(ring, -1, axis=0) - ring
    return np.concatenate([[0.0], np.cumsum(np.hypot(sides[:, 0], sides[:, 1]))])


def _moved_out(ring: FloatArray, area: float) -> FloatArray:
    """A smooth ring moved along its normals until it has about this signed area."""
    chord = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    chord /= np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-12)[:, None]
    by = (area - signed_area(ring)) / _lengths(ring)[-1]
    return np.asarray(ring + by * np.column_stack([chord[:, 1], -chord[:, 0]]))


def _offsets(points: FloatArray, start: FloatArray, stop: FloatArray) -> FloatArray:
    """From the nearest point of line segments to points, (n, 2), mm."""
    way, to = stop - start, points - start
    share = (to * way).sum(axis=1) / np.maximum((way**2).sum(axis=1), 1e-24)
    return np.asarray(to - np.clip(share, 0.0, 1.0)[:, None] * way)


def _similar(area: float, before: float) -> bool:
    return abs(area - before) <= _MOST_CHANGE * abs(before)
