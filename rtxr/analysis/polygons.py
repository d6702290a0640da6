"""Plane polygon arithmetic by even-odd rule, exact for any set of closed polygons (numpy only).

One sweep serves areas, coverage and DVHs: the plane is cut into horizontal strips at every vertex
and crossing, so that within a strip the edges are ordered from left to right; walking along a
strip, the inside begins at every edge that switches the rule on and ends at the next that
switches it off. Nesting, keyholes, figures of eight, touching and crossing polygons need no
special case. Everything runs over all planes of a structure at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]
Combine = Literal["xor", "union"]

#: Heights closer than this are one height, mm; a power of two so that rounding is exact.
_QUANTUM = 2.0**-30
#: Edges whose order differs by less from one side of a strip to the other do not cross, mm.
_CROSSING_TOLERANCE = 1e-7
#: Edges closer than this belong to contours that touch, not to contours that cross, mm.
_TOUCHING = 0.01
_MAX_ROUNDS = 40


@dataclass(frozen=True)
class Edges:
    """Edges of closed polygons on several parallel planes.

    Parameters
    ----------
    x0, y0, x1, y1 : ndarray, (n,)
        End points, mm, lower end first (``y0 <= y1``), so that two polygons that share an edge
        compute the same crossings whatever their direction.
    plane : ndarray of int, (n,)
        Which plane.
    contour : ndarray of int, (n,)
        Which polygon; polygons to be taken together by even-odd in a union share a number.
    """

    x0: FloatArray
    y0: FloatArray
    x1: FloatArray
    y1: FloatArray
    plane: IntArray
    contour: IntArray

    def __len__(self) -> int:
        return len(self.x0)

    def take(self, index: npt.NDArray[np.generic]) -> Edges:
        """The edges at these indices, or where a boolean mask is true."""
        return Edges(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class SignedEdges:
    """Edges that bound the inside: ``sign`` is +1 where the inside is to the right, else -1."""

    x0: FloatArray
    y0: FloatArray
    x1: FloatArray
    y1: FloatArray
    plane: IntArray
    sign: FloatArray

    def take(self, index: npt.NDArray[np.generic]) -> SignedEdges:
        """The edges at these indices, or where a boolean mask is true."""
        return SignedEdges(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class _Heights:
    """Heights at which edges begin, end or cross; strip i goes from height i to height i + 1.

    ``keys`` are heights in steps of the quantum above ``lowest``, plane after plane; ``begin``
    and ``end`` say for each edge at which height it begins and ends.
    """

    lowest: float
    span: int
    keys: IntArray
    y: FloatArray
    begin: IntArray
    end: IntArray

    @classmethod
    def of(cls, edges: Edges, extra_y: FloatArray, extra_plane: IntArray) -> _Heights:
        n = len(edges)
        y = np.concatenate([edges.y0, edges.y1, extra_y])
        plane = np.concatenate([edges.plane, edges.plane, extra_plane])
        lowest = float(y.min(initial=0.0))
        key = np.rint((y - lowest) / _QUANTUM).astype(np.int64)
        span = int(key.max(initial=0)) + 1
        key += plane * span
        keys, first, event = np.unique(key, return_index=True, return_inverse=True)
        return cls(lowest, span, keys, y[first], event[:n], event[n : 2 * n])

    def strip(self, plane: IntArray, y: FloatArray) -> IntArray:
        """Strip in which points are, where :meth:`spans` their height."""
        steps = np.clip(np.floor((y - self.lowest) / _QUANTUM), 0, self.span - 1)
        found = np.searchsorted(self.keys, steps.astype(np.int64) + plane * self.span, side="right")
        return np.clip(found - 1, 0, max(len(self.keys) - 1, 0))

    def spans(self, y: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether heights are between the lowest and the highest of all planes."""
        return (y >= self.lowest) & (y < self.lowest + self.span * _QUANTUM)


@dataclass(frozen=True)
class _Fragments:
    """Edges cut at the strips, ordered by strip and then from left to right."""

    edge: IntArray
    strip: IntArray
    y_lo: FloatArray
    y_hi: FloatArray
    x_lo: FloatArray
    x_hi: FloatArray

    def take(self, index: npt.NDArray[np.generic]) -> _Fragments:
        return _Fragments(*(getattr(self, field.name)[index] for field in fields(self)))


def closed_edges(points: FloatArray, starts: IntArray, plane: IntArray, group: IntArray) -> Edges:
    """Edges of closed polygons given one after the other.

    Parameters
    ----------
    points : ndarray, (n, 2)
        Vertices of all polygons; the last one of each is joined to its first.
    starts : ndarray of int, (m + 1,)
        Where each polygon begins, and the end.
    plane, group : ndarray of int, (m,)
        Plane and union group of each polygon.
    """
    counts = np.diff(starts)
    following = np.arange(1, len(points) + 1)
    following[starts[1:] - 1] = starts[:-1]
    x0, y0 = points[:, 0], points[:, 1]
    x1, y1 = x0[following], y0[following]
    # Level edges are put in order as well: the same two points always give the same edge.
    swap = (y0 > y1) | ((y0 == y1) & (x0 > x1))
    return Edges(
        np.where(swap, x1, x0),
        np.where(swap, y1, y0),
        np.where(swap, x0, x1),
        np.where(swap, y0, y1),
        np.repeat(plane, counts),
        np.repeat(group, counts),
    )


def signed_edges(edges: Edges, combine: Combine = "xor") -> SignedEdges:
    """Edges that bound the inside of the polygons of each plane, with the side the inside is on.

    Parameters
    ----------
    edges : Edges
        All edges of all polygons.
    combine : {"xor", "union"}
        ``"xor"``: inside is what an odd number of polygons enclose (even-odd over all edges);
        ``"union"``: inside is what at least one polygon encloses.

    Returns
    -------
    SignedEdges
        An edge whose side never changes is kept whole, the others in pieces; level edges bound
        no strip and are left out.
    """
    parts: list[SignedEdges] = []
    for at, rule in _rules(edges, combine):
        use = edges.take(at)
        parts.extend(
            _whole_edges(use, fragments, _signs(use, fragments, rule))
            for use, fragments in _sweep(use)
        )
    return SignedEdges(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(SignedEdges)
        )
    )


def plane_areas(signed: SignedEdges, planes: int) -> FloatArray:
    """Area of the inside on each plane, (planes,), mm2."""
    if not len(signed.x0):
        return np.zeros(planes)
    middle = (signed.x0 + signed.x1) / 2
    middle -= middle[0]  # small numbers keep more digits
    strips = -signed.sign * middle * (signed.y1 - signed.y0)
    return np.asarray(np.bincount(signed.plane, strips, planes), dtype=np.float64)


def crossing_planes(edges: Edges) -> IntArray:
    """Planes on which polygons partly cross: neither nested in, nor beside, each other.

    Polygons that touch, or overlap by less than 0.01 mm, do not cross. A polygon that crosses
    itself is not meant here: the even-odd rule says what it encloses.
    """
    found: list[IntArray] = []
    for use, fragments in _sweep(edges.take(_several_contours(edges))):
        if not len(use):
            continue
        contour = use.contour[fragments.edge]
        before, after = _counts(contour, fragments.strip)
        others = np.minimum(before, after)  # other polygons around this edge
        middle = (fragments.x_lo + fragments.x_hi) / 2
        near = (
            (np.diff(fragments.strip) == 0)
            & (np.diff(middle) < _TOUCHING)
            & (np.diff(contour) != 0)
        )
        apart = np.ones(len(contour), dtype=bool)
        apart[:-1] &= ~near
        apart[1:] &= ~near
        ids, which = np.unique(contour[apart], return_inverse=True)
        least = np.full(len(ids), np.iinfo(np.int64).max)
        most = np.zeros(len(ids), dtype=np.int64)
        np.minimum.at(least, which, others[apart])
        np.maximum.at(most, which, others[apart])
        crossing = np.isin(contour, ids[least != most])
        found.append(use.plane[fragments.edge[crossing]])
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


class Lookup:
    """Looks up whether scattered points are inside polygons, half-open like the raster.

    Parameters
    ----------
    edges : Edges
        Of all planes.
    combine : {"xor", "union"}
        See :func:`signed_edges`.
    """

    def __init__(self, edges: Edges, combine: Combine = "xor") -> None:
        if combine == "union":
            signed = signed_edges(edges, "union")
            none = np.zeros(len(signed.x0), dtype=np.int64)
            edges = Edges(signed.x0, signed.y0, signed.x1, signed.y1, signed.plane, none)
        self._edges = edges.take(edges.y1 - edges.y0 > _QUANTUM)
        nothing = np.empty(0), np.empty(0, dtype=np.int64)
        self._heights = _Heights.of(self._edges, *nothing)
        fragments = _cut(self._edges, self._heights)
        self._edge = fragments.edge
        strips = np.arange(len(self._heights.keys) + 1)
        self._first = np.searchsorted(fragments.strip, strips)

    def inside(self, plane: IntArray, x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether points (x, y) of planes are inside, (n,)."""
        strip = self._heights.strip(plane, y)
        first, stop = self._first[strip], self._first[strip + 1]
        stop = np.where(self._heights.spans(y), stop, first)
        odd = np.zeros(len(x), dtype=bool)
        todo = np.flatnonzero(first < stop)
        while len(todo):
            edge = self._edge[first[todo]]
            x0, y0 = self._edges.x0[edge], self._edges.y0[edge]
            slope = (self._edges.x1[edge] - x0) / (self._edges.y1[edge] - y0)
            odd[todo] ^= x0 + (y[todo] - y0) * slope <= x[todo]
            first[todo] += 1
            todo = todo[first[todo] < stop[todo]]
        return odd


def _several_contours(edges: Edges) -> npt.NDArray[np.bool_]:
    """Which edges are on planes that hold more than one polygon."""
    if not len(edges):
        return np.zeros(0, dtype=bool)
    planes = int(edges.plane.max()) + 1
    low = np.full(planes, np.iinfo(np.int64).max)
    high = np.full(planes, np.iinfo(np.int64).min)
    np.minimum.at(low, edges.plane, edges.contour)
    np.maximum.at(high, edges.plane, edges.contour)
    return np.asarray((low != high)[edges.plane], dtype=np.bool_)


def _rules(edges: Edges, combine: Combine) -> list[tuple[npt.NDArray[np.bool_], Combine]]:
    """Which edges go by which rule: a plane with one polygon is even-odd in any case."""
    if combine == "xor":
        return [(np.ones(len(edges), dtype=bool), "xor")]
    several = _several_contours(edges)
    return [(~several, "xor"), (several, "union")]


def _sweep(edges: Edges) -> list[tuple[Edges, _Fragments]]:
    """Cut the edges into strips without crossings; planes with crossings take further rounds."""
    todo = edges.take(edges.y1 - edges.y0 > _QUANTUM)
    extra_y, extra_plane = np.empty(0), np.empty(0, dtype=np.int64)
    done = []
    for _ in range(_MAX_ROUNDS):
        fragments = _cut(todo, _Heights.of(todo, extra_y, extra_plane))
        y, plane = _crossings(todo, fragments)
        dirty = np.zeros(int(todo.plane.max(initial=-1)) + 1, dtype=bool)
        dirty[plane] = True
        crossed = dirty[todo.plane]
        clean = ~crossed[fragments.edge]
        done.append((todo, fragments if clean.all() else fragments.take(clean)))
        if not len(y):
            return done
        kept = dirty[extra_plane] if len(extra_plane) else np.zeros(0, dtype=bool)
        extra_y = np.concatenate([extra_y[kept], y])
        extra_plane = np.concatenate([extra_plane[kept], plane])
        todo = todo.take(crossed)
    return [*done, (todo, _cut(todo, _Heights.of(todo, extra_y, extra_plane)))]


def _cut(edges: Edges, heights: _Heights) -> _Fragments:
    """Cut edges at every height at which an edge of their plane begins or ends."""
    counts = heights.end - heights.begin
    edge = np.repeat(np.arange(len(edges)), counts)
    strip = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts - heights.begin, counts)
    y_lo, y_hi = heights.y[strip], heights.y[strip + 1]
    base, run, rise = edges.x0[edge], (edges.x1 - edges.x0)[edge], (edges.y1 - edges.y0)[edge]
    foot = edges.y0[edge]
    x_lo = base + np.clip((y_lo - foot) / rise, 0, 1) * run
    x_hi = base + np.clip((y_hi - foot) / rise, 0, 1) * run
    middle = (x_lo + x_hi) / 2
    left = float(middle.min(initial=0.0))
    width = float(middle.max(initial=0.0)) - left + 1.0
    order = np.argsort(strip * width + (middle - left))
    return _Fragments(edge, strip, y_lo, y_hi, x_lo, x_hi).take(order)


def _crossings(edges: Edges, fragments: _Fragments) -> tuple[FloatArray, IntArray]:
    """Heights at which neighbours within a strip change places, and their planes."""
    same = np.diff(fragments.strip) == 0
    low, high = np.diff(fragments.x_lo), np.diff(fragments.x_hi)
    at = np.flatnonzero(same & (np.minimum(low, high) < -_CROSSING_TOLERANCE))
    share = np.clip(low[at] / (low[at] - high[at]), 0, 1)
    height = fragments.y_hi[at] - fragments.y_lo[at]
    y = fragments.y_lo[at] + share * height
    new = np.minimum(share, 1 - share) * height > _QUANTUM
    return y[new], edges.plane[fragments.edge[at[new]]]


def _signs(edges: Edges, fragments: _Fragments, combine: Combine) -> FloatArray:
    """+1 where the inside begins, -1 where it ends, 0 where nothing changes."""
    if combine == "xor":
        return np.asarray(1.0 - 2.0 * (_rank(fragments.strip) & 1), dtype=np.float64)
    before, after = _counts(edges.contour[fragments.edge], fragments.strip)
    return np.asarray((after > 0).astype(np.float64) - (before > 0), dtype=np.float64)


def _rank(sorted_keys: IntArray) -> IntArray:
    """Position of each element within its run of equal keys."""
    index = np.arange(len(sorted_keys))
    first = np.ones(len(sorted_keys), dtype=bool)
    first[1:] = sorted_keys[1:] != sorted_keys[:-1]
    return index - np.maximum.accumulate(np.where(first, index, 0))


def _counts(contour: IntArray, strip: IntArray) -> tuple[IntArray, IntArray]:
    """How many polygons enclose the place just left, and just right, of each fragment."""
    key = strip * (int(contour.max(initial=0)) + 1) + contour
    order = np.argsort(key, kind="stable")  # keeps left to right within a polygon
    step = np.empty(len(contour), dtype=np.int64)
    step[order] = 1 - 2 * (_rank(key[order]) & 1)
    # Every strip begins and ends outside, so one running sum serves them all.
    after = np.cumsum(step)
    return after - step, after


def _whole_edges(edges: Edges, fragments: _Fragments, sign: FloatArray) -> SignedEdges:
    """Whole edges where the sign is the same all along, fragments elsewhere."""
    n = len(edges)
    pieces = np.bincount(fragments.edge, minlength=n)
    total = np.bincount(fragments.edge, sign, n)
    whole = (pieces > 0) & (np.abs(total) == pieces)
    part = ~whole[fragments.edge] & (sign != 0)
    cut = fragments.take(part)
    return SignedEdges(
        np.concatenate([edges.x0[whole], cut.x_lo]),
        np.concatenate([edges.y0[whole], cut.y_lo]),
        np.concatenate([edges.x1[whole], cut.x_hi]),
        np.concatenate([edges.y1[whole], cut.y_hi]),
        np.concatenate([edges.plane[whole], edges.plane[cut.edge]]),
        np.concatenate([np.sign(total[whole]), sign[part]]),
    )
