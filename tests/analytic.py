"""What a DVH of slabs in a linear dose must say, in closed form; nothing of the package takes part.

A slab is an outline (discs and polygons) from face to face. The area of an outline beyond a line
is closed form: segments of circles, trapezoids below the edges of polygons. Across a slab it is
integrated by Gauss's rule, doses to volumes are found by bisection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: Dose at the origin, Gy; it grows by 1 Gy per mm along one of these unit vectors.
MIDDLE = 25.0
GRADIENTS = {
    "x": np.array([1.0, 0.0, 0.0]),
    "y": np.array([0.0, 1.0, 0.0]),
    "z": np.array([0.0, 0.0, 1.0]),
    "diagonal": np.ones(3) / np.sqrt(3),
}
#: Lowest dose to the hottest part of the volume: in %, or in cm3.
LEVELS = {"D99%": 99.0, "D95%": 95.0, "D50%": 50.0, "D5%": 5.0, "D1%": 1.0, "D0.03cc": None}
QUANTITIES = ("volume", "min", "max", "mean", *LEVELS)
_ACROSS = np.polynomial.legendre.leggauss(8)
_LINES = 500


def linear_dose(gradient: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Dose in Gy at points (..., 3), mm."""
    return lambda points: MIDDLE + points @ gradient


@dataclass(frozen=True)
class Disc:
    """Disc about the origin; of negative sign where it is a hole."""

    radius: float
    sign: float = 1.0

    @property
    def area(self) -> float:
        return self.sign * np.pi * self.radius**2

    @property
    def moment(self) -> np.ndarray:
        return np.zeros(2)

    def beyond(self, _: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Area where ``normal @ point`` is at least a number: a segment of the circle."""

        def segment(line: np.ndarray) -> np.ndarray:
            t = np.clip(line / self.radius, -1, 1)
            return self.sign * self.radius**2 * (np.arccos(t) - t * np.sqrt(1 - t * t))

        return segment

    def reach(self, normal: np.ndarray) -> tuple[float, float]:
        """Least and largest ``normal @ point``."""
        far = self.radius * float(np.linalg.norm(normal))
        return -far, far


@dataclass(frozen=True)
class Polygon:
    """Outline by its corners, (n, 2), anticlockwise."""

    corners: np.ndarray

    @property
    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        return self.corners, np.roll(self.corners, -1, axis=0)

    @property
    def area(self) -> float:
        (x0, y0), (x1, y1) = (end.T for end in self._edges)
        return float((x0 * y1 - x1 * y0).sum()) / 2

    @property
    def moment(self) -> np.ndarray:
        begin, end = self._edges
        cross = begin[:, 0] * end[:, 1] - end[:, 0] * begin[:, 1]
        return np.asarray((begin + end).T @ cross / 6)

    def beyond(self, normal: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Area where ``normal @ point`` is at least a number, by the trapezoids of all edges."""
        low, high = self.reach(normal)
        lines = np.linspace(low, high, _LINES)
        along = np.array([-normal[1], normal[0]])
        (t0, s0), (t1, s1) = ((each @ normal, each @ along) for each in self._edges)
        level = np.abs(t1 - t0) < 1e-12  # along the line, which encloses nothing
        t0, t1, s0, s1 = t0[~level], t1[~level], s0[~level], s1[~level]
        slope = (s1 - s0) / (t1 - t0)
        areas = np.empty(_LINES)
        for at, line in enumerate(lines):
            a, b = np.maximum(t0, line), np.maximum(t1, line)
            areas[at] = ((a - b) * (s0 + ((a + b) / 2 - t0) * slope)).sum()
        return lambda line: np.interp(line, lines, areas)

    def reach(self, normal: np.ndarray) -> tuple[float, float]:
        """Least and largest ``normal @ point``."""
        at = self.corners @ normal
        return float(at.min()), float(at.max())


Outline = Disc | Polygon


@dataclass(frozen=True)
class Slab:
    """Outlines from face to face."""

    lower: float
    upper: float
    outlines: Sequence[Outline]

    @property
    def area(self) -> float:
        return sum(each.area for each in self.outlines)


@dataclass(frozen=True)
class Truth:
    """What a DVH of slabs in a linear dose must say; volumes in mm3, doses in Gy."""

    slabs: Sequence[Slab]
    gradient: np.ndarray
    known_volume: float | None = None
    known_ends: tuple[float, float] | None = None

    @cached_property
    def volume(self) -> float:
        summed = sum(slab.area * (slab.upper - slab.lower) for slab in self.slabs)
        return summed if self.known_volume is None else self.known_volume

    @cached_property
    def mean(self) -> float:
        """Dose at the centroid."""
        moment = np.zeros(3)
        for slab in self.slabs:
            height, middle = slab.upper - slab.lower, (slab.upper + slab.lower) / 2
            moment[:2] += height * sum(each.moment for each in slab.outlines)
            moment[2] += height * middle * slab.area
        total = sum(slab.area * (slab.upper - slab.lower) for slab in self.slabs)
        return MIDDLE + float(moment @ self.gradient) / total

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest dose, on the faces and outlines."""
        if self.known_ends is not None:
            return self.known_ends
        normal, rise = self.gradient[:2], self.gradient[2]
        ends = [
            MIDDLE + edge + face * rise
            for slab in self.slabs
            for each in slab.outlines
            for edge in each.reach(normal)
            for face in (slab.lower, slab.upper)
        ]
        return min(ends), max(ends)

    @cached_property
    def _parts(self) -> list[tuple[Slab, list[Callable[[np.ndarray], np.ndarray]]]]:
        across = float(np.linalg.norm(self.gradient[:2]))
        if not across:
            return [(slab, []) for slab in self.slabs]
        normal = self.gradient[:2] / across
        return [(slab, [each.beyond(normal) for each in slab.outlines]) for slab in self.slabs]

    def volume_at(self, dose: np.ndarray) -> np.ndarray:
        """Volume that receives at least some doses, mm3."""
        above, rise = np.asarray(dose) - MIDDLE, self.gradient[2]
        across = float(np.linalg.norm(self.gradient[:2]))
        total = np.zeros(np.shape(above))
        for slab, outlines in self._parts:
            height = slab.upper - slab.lower
            if not outlines:
                total += slab.area * np.clip(slab.upper - above / rise, 0, height)
                continue
            pieces = 1 if not rise else max(1, round(2 * height))
            for piece in range(pieces):
                low = slab.lower + piece * height / pieces
                z = low + height / pieces * (_ACROSS[0] + 1) / 2
                line = (above[..., None] - rise * z) / across
                weight = _ACROSS[1] / 2 * height / pieces
                total += sum(each(line) for each in outlines) @ weight
        return total

    def values(self) -> dict[str, float]:
        """All quantities; the volume in cm3."""
        parts = [30.0 if level is None else level / 100 * self.volume for level in LEVELS.values()]
        low, high = (np.full(len(parts), end) for end in self.ends)
        for _ in range(45):
            middle = (low + high) / 2
            more = self.volume_at(middle) >= parts
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        found = {"volume": self.volume / 1000, "mean": self.mean}
        found["min"], found["max"] = self.ends
        return found | dict(zip(LEVELS, low.tolist(), strict=True))
