"""Structures with outlines interpolated between the planes on which they are drawn.

Slabs say that a structure is the same half way up to the next plane. Here thin slabs go between
the planes instead, whose outlines follow the surface that the planes suggest: round along w where
three planes are (:mod:`rtxr.analysis.interpolation.profiles`), branching and with holes where
outlines do, and closing beyond the last plane where that is the trend
(:mod:`rtxr.analysis.interpolation.closing`). What is drawn stays: on the planes themselves
outlines are the contours.

What contours cannot tell: a flat end lies anywhere between the last plane and where the next one
would have been; it is put half way, as slabs do.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rtxr.analysis.interpolation.end_caps import end_cap
from rtxr.analysis.interpolation.outline_distance import boundary
from rtxr.analysis.interpolation.plane_lattice import Lattice
from rtxr.analysis.interpolation.plane_pairs import Plane, between
from rtxr.analysis.interpolation.thin_slabs import ThinSlab, cut, joined
from rtxr.analysis.statistics.slab_cells import box_of
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.sweep import Edges

_FINEST_MM, _COARSEST_MM = 0.1, 1.0
_THINNEST_MM, _THICKEST_MM = 0.08, 0.5
_SAME_MM = 1e-6


def shaped(part: Slabs, *, step: float | None = None) -> Slabs:
    """Many thin slabs with outlines interpolated between the planes of a structure.

    Parameters
    ----------
    part : Slabs
        Slabs of contours; where they end beyond their outermost planes (``end_cap="half"``) the
        shape ends where it closes, at the latest where the next plane would have been, or where
        the slabs do if it does not close.
    step : float, optional
        Thickness of the slabs, mm; about a 300th of the structure by default, 0.08 to 0.5.

    Returns
    -------
    Slabs
        In the same frame; planes on which contours do not change stay as they are. A single plane
        stays a slab. Parts that the slabs leave apart stay apart.
    """
    if len(part.position) < 2:
        return part
    edges = boundary(part.edges)
    stack = _Stack(part, edges, step or _thickness(part))
    return joined(part, [slab for run in _runs(part) for slab in stack.slabs(run)])


def _thickness(part: Slabs) -> float:
    (u0, u1), (v0, v1) = box_of(part)
    size = ((u1 - u0) * (v1 - v0) * float(part.upper[-1] - part.lower[0])) ** (1 / 3)
    return float(np.clip(size / 300, _THINNEST_MM, _THICKEST_MM))


def _runs(part: Slabs) -> Iterator[range]:
    """Planes without a gap between their slabs."""
    gaps = np.flatnonzero(part.lower[1:] > part.upper[:-1] + _SAME_MM) + 1
    ends = [0, *gaps.tolist(), len(part.position)]
    for first, stop in pairwise(ends):
        yield range(first, stop)


class _Stack:
    """Planes of a structure, and what is between them."""

    def __init__(self, part: Slabs, edges: Edges, step: float) -> None:
        self._part, self._step = part, step
        order = np.argsort(edges.plane, kind="stable")
        self._edges = edges.take(order)
        self._begin = np.searchsorted(self._edges.plane, np.arange(len(part.position) + 1))
        self._lattice = Lattice.around(box_of(part), self._pitch(), 3.0)
        self._known: dict[int, Plane] = {}

    def _pitch(self) -> float:
        (u0, u1), (v0, v1) = box_of(self._part)
        return float(np.clip(max(u1 - u0, v1 - v0) / 100, _FINEST_MM, _COARSEST_MM))

    def _own(self, plane: int) -> Edges:
        return self._edges.take(np.arange(self._begin[plane], self._begin[plane + 1]))

    def _plane(self, plane: int) -> Plane:
        if plane not in self._known:
            for old in [each for each in self._known if abs(each - plane) > 5]:
                del self._known[old]
            own = self._own(plane)
            height = float(self._part.position[plane])
            self._known[plane] = Plane(height, own, self._lattice)
        return self._known[plane]

    def _alike(self, one: int, two: int) -> bool:
        """Whether two planes carry the same outline."""
        a, b = self._own(one), self._own(two)
        return len(a) == len(b) and all(
            np.allclose(getattr(a, name), getattr(b, name), rtol=0, atol=_SAME_MM)
            for name in ("x0", "y0", "x1", "y1")
        )

    def _upright(self, run: range, plane: int) -> bool:
        """Whether the outline of a plane goes straight up to the next one.

        Not so where it is the same on two planes alone: the widest place is between them.
        """
        same = [
            each in run and each + 1 in run and self._alike(each, each + 1)
            for each in (plane - 1, plane, plane + 1)
        ]
        return same[1] and (same[0] or same[2] or len(run) < 4)

    def slabs(self, run: range) -> Iterator[ThinSlab]:
        """Slabs of planes without a gap, ascending."""
        part = self._part
        before, after = self._cap(run, up=False)[::-1], self._cap(run, up=True)
        lower = before[-1].upper if before else float(part.lower[run[0]])
        yield from before
        for plane in run:
            within = after if plane == run[-1] else list(self._within(run, plane))
            upper = within[0].lower if within else float(part.upper[plane])
            yield ThinSlab(float(part.position[plane]), lower, upper, plane)
            yield from within
            lower = within[-1].upper if within else upper

    def _within(self, run: range, plane: int) -> Iterator[ThinSlab]:
        """Slabs between a plane and the next one."""
        if self._upright(run, plane):
            return
        low, high = self._part.position[plane : plane + 2].tolist()
        below = [self._plane(each) for each in (plane, plane - 1, plane - 2) if each in run]
        above = [self._plane(each) for each in (plane + 1, plane + 2, plane + 3) if each in run]
        count = max(2, int(np.ceil((high - low) / self._step)))
        thick = (high - low) / count
        levels = [(low + i * thick, thick) for i in range(1, count)]
        yield from cut(between(self._lattice, below, above), self._lattice, levels)

    def _cap(self, run: range, *, up: bool) -> list[ThinSlab]:
        """Slabs beyond the last plane of a run, outwards; none where it goes straight on."""
        part = self._part
        last, inwards = (run[-1], -1) if up else (run[0], 1)
        planes = [each for each in (last, last + inwards, last + 2 * inwards) if each in run]
        faces = part.upper if up else part.lower
        half = abs(float(faces[last] - part.position[last]))
        if half < _SAME_MM or len(planes) < 2 or self._alike(*planes[:2]):
            return []
        edges = [self._own(each) for each in planes]
        return end_cap(part.position[planes], edges, half, self._step, self._lattice.pitch)
