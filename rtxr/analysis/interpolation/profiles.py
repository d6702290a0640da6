"""Signed distances between planes: interpolated so that round, straight and upright sides keep.

Seen along the normal of the outline, the surface is a profile: how far out it is at the heights
of the planes. Through three neighbouring planes goes one circle, or one line; between two planes
the circles of either side are blended. So spheres, cylinders in any position and the tubes of
tori come out as they are, cones as cones, and upright walls stay upright. Only differences of
distances enter, which a signed distance tells at any point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

#: A surface bulges beyond both planes by this share of their distance at most.
_BULGE = 0.1


class Profiles:
    """Profiles through four planes, between the second and the third of them.

    Parameters
    ----------
    distance : ndarray, (4, n)
        Signed distances of points from the outlines of the planes, positive inside, mm; NaN in
        the first or last where it is not known.
    height : ndarray, (4,)
        Of the planes, mm; NaN where there is none.
    """

    def __init__(self, distance: FloatArray, height: FloatArray) -> None:
        self._low, self._high = distance[1], distance[2]
        self._from, self._step = float(height[1]), float(height[2] - height[1])
        w = height - height[1]
        self._arcs = (_Arc.of(distance[:3], w[:3], 1), _Arc.of(distance[1:], w[1:], 0))
        room = _BULGE * self._step
        self._least = np.minimum(self._low, self._high) - room
        self._most = np.maximum(self._low, self._high) + room

    def at(self, w: float) -> FloatArray:
        """Signed distances at a height, (n,), mm: the sign is that of the solid there."""
        rise = w - self._from
        share = rise / self._step
        below, above = self._arcs
        weight = np.where(below.good & above.good, share, np.where(above.good, 1.0, 0.0))
        found = below.at(rise, share)
        found += weight * (above.at(rise, share) - found)
        straight = self._low + share * (self._high - self._low)
        found = np.where(below.good | above.good, found, straight)
        return np.clip(found, self._least, self._most)


@dataclass(frozen=True)
class _Arc:
    """The circle a (D² + w²) + b D + c w + d = 0 through three planes.

    With a and b known from second differences, a (D² + w²) + b D is linear in w on it; what that
    line is above a w² says where D = 0 is. ``bent`` are the ends of that line on two planes, and
    ``scale`` what it is over the distance there.
    """

    a: FloatArray
    bent: FloatArray
    scale: FloatArray
    good: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, distance: FloatArray, w: FloatArray, first: int) -> _Arc:
        two = slice(first, first + 2)
        known = np.asarray(np.isfinite(distance + w[:, None]).all(axis=0), dtype=np.bool_)
        if not known.any():
            none = np.zeros(distance.shape[1])
            return cls(none, np.zeros((2, len(none))), np.ones((2, len(none))), known)
        distance = np.where(known, distance, 0.0)
        a = -_second(distance, w)
        b = _second(distance**2, w) + 1
        scale = a * distance + b  # above 0 where the near side of the circle is meant
        good = known & (scale > 1e-3 * np.abs(scale).max(axis=0)).all(axis=0)
        bent = a * w[two, None] ** 2 + distance[two] * scale[two]
        return cls(a, bent, np.where(good, scale[two], 1.0), good)

    def at(self, rise: float, share: float) -> FloatArray:
        line: FloatArray = self.bent[0] + share * (self.bent[1] - self.bent[0])
        line -= self.a * rise**2
        line /= self.scale[0] + share * (self.scale[1] - self.scale[0])
        return line


def _second(values: FloatArray, w: FloatArray) -> FloatArray:
    """Second divided difference."""
    slope = (values[1:] - values[:-1]) / np.diff(w)[:, None]
    return np.asarray((slope[1] - slope[0]) / (w[2] - w[0]), dtype=np.float64)
