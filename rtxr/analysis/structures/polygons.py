"""Plane polygon arithmetic by even-odd rule, exact for any set of closed polygons (numpy only).

One sweep (:mod:`rtxr.analysis.structures.sweep`) serves areas, coverage and DVHs: walking along a
strip from left to right, the inside begins at every edge that switches the rule on and ends at the
next that switches it off. Nesting, keyholes, figures of eight, touching and crossing polygons need
no special case. Everything runs over all planes of a structure at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.runs import rank_in_runs, run_starts
from rtxr.analysis.structures.sweep import (
    Edges,
    Fragments,
    Heights,
    IntArray,
    cut,
    steep,
    sweep,
)
from rtxr.errors import UnknownNameError
from rtxr.geometry import FloatArray

Combine = Literal["xor", "union"]


def check_combine(combine: str) -> None:
    """Raise UnknownNameError unless a way of combining contours is known."""
    if combine not in get_args(Combine):
        raise UnknownNameError(
            f'combine={combine!r}: contours of one plane combine by "xor" or "union"'
        )


#: Edges closer than this belong to contours that touch, not to contours that cross, mm.
_TOUCHING = 0.01


@dataclass(frozen=True)
class SignedEdges:
    """Edges that bound the inside, lower end first.

    ``sign`` is +1 where the inside is to the right of the edge, -1 where it is to the left.
    """

    x0: FloatArray
    y0: FloatArray
    x1: FloatArray
    y1: FloatArray
    plane: IntArray
    sign: FloatArray

    def take(self, index: npt.NDArray[np.generic] | slice) -> SignedEdges:
        """The edges at these indices, or where a boolean mask is true."""
        return SignedEdges(*(getattr(self, field.name)[index] for field in fields(self)))


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
    parts = [
        _whole_edges(use, fragments, _signs(use, fragments, combine))
        for use, fragments in sweep(edges)
    ]
    names = [field.name for field in fields(SignedEdges)]
    return SignedEdges(*(np.concatenate([getattr(part, n) for part in parts]) for n in names))


def united(edges: Edges) -> Edges:
    """Edges whose even-odd inside is the union of the polygons of each plane."""
    signed = signed_edges(edges, "union")
    one = np.zeros(len(signed.x0), dtype=np.int64)
    return Edges(signed.x0, signed.y0, signed.x1, signed.y1, signed.plane, one)


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
    several = _several_contours(edges)
    if not several.any():
        return np.empty(0, dtype=np.int64)
    found = [_crossing(*swept) for swept in sweep(edges.take(several[edges.plane]))]
    return np.unique(np.concatenate(found))


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
        self._edges = steep(united(edges) if combine == "union" else edges)
        self._heights = Heights.of(self._edges, np.empty(0), np.empty(0, dtype=np.int64))
        fragments = cut(self._edges, self._heights)
        self._edge = fragments.edge
        strips = np.arange(len(self._heights.keys) + 1)
        self._first = np.searchsorted(fragments.strip, strips)

    def inside(self, plane: IntArray, x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether points (x, y) of planes are inside, (n,)."""
        odd = np.zeros(len(x), dtype=bool)
        if not len(self._edge):
            return odd
        strip = self._heights.strip(plane, y)
        at = self._first[strip]
        stop = np.where(self._heights.spans(y), self._first[strip + 1], at)
        todo = np.flatnonzero(at < stop)
        while len(todo):  # as often as the busiest strip has edges
            edge = self._edge[at[todo]]
            x0, y0 = self._edges.x0[edge], self._edges.y0[edge]
            slope = (self._edges.x1[edge] - x0) / (self._edges.y1[edge] - y0)
            odd[todo] ^= x0 + (y[todo] - y0) * slope <= x[todo]
            at[todo] += 1
            todo = todo[at[todo] < stop[todo]]
        return odd


def _several_contours(edges: Edges) -> npt.NDArray[np.bool_]:
    """Which planes hold more than one polygon."""
    first = np.flatnonzero(run_starts(edges.contour) | run_starts(edges.plane))
    plane, contour = edges.plane[first], edges.contour[first]
    planes = int(plane.max(initial=-1)) + 1
    low, high = np.full(planes, np.iinfo(np.int64).max), np.full(planes, -1)
    np.minimum.at(low, plane, contour)
    np.maximum.at(high, plane, contour)
    return np.asarray(low < high, dtype=np.bool_)


def _crossing(edges: Edges, fragments: Fragments) -> IntArray:
    """Planes of swept edges on which a polygon is partly inside others."""
    contour = edges.contour[fragments.edge]
    before, after = _counts(contour, fragments.strip)
    others = np.minimum(before, after)  # other polygons around this edge
    same_strip = fragments.strip[1:] == fragments.strip[:-1]
    near = np.diff(fragments.x_lo + fragments.x_hi) < 2 * _TOUCHING
    touching = same_strip & near & (contour[1:] != contour[:-1])
    apart = np.ones(len(contour), dtype=bool)
    apart[:-1] &= ~touching
    apart[1:] &= ~touching
    ids, which = np.unique(contour[apart], return_inverse=True)
    least = np.full(len(ids), np.iinfo(np.int64).max)
    most = np.zeros(len(ids), dtype=np.int64)
    np.minimum.at(least, which, others[apart])
    np.maximum.at(most, which, others[apart])
    crossing = np.isin(contour, ids[least != most])
    return edges.plane[fragments.edge[crossing]]


def _signs(edges: Edges, fragments: Fragments, combine: Combine) -> FloatArray:
    """+1 where the inside begins, -1 where it ends, 0 where nothing changes."""
    if combine == "xor":
        return np.asarray(1.0 - 2.0 * (rank_in_runs(fragments.strip) & 1), dtype=np.float64)
    before, after = _counts(edges.contour[fragments.edge], fragments.strip)
    return np.asarray((after > 0).astype(np.float64) - (before > 0), dtype=np.float64)


def _counts(contour: IntArray, strip: IntArray) -> tuple[IntArray, IntArray]:
    """How many polygons enclose the place just left, and just right, of each fragment."""
    key = strip * (int(contour.max(initial=0)) + 1) + contour
    order = np.argsort(key, kind="stable")  # keeps left to right within a polygon
    step = np.empty(len(contour), dtype=np.int64)
    step[order] = 1 - 2 * (rank_in_runs(key[order]) & 1)
    # Every strip begins and ends outside, so one running sum serves them all.
    after = np.cumsum(step)
    return after - step, after


def _whole_edges(edges: Edges, fragments: Fragments, sign: FloatArray) -> SignedEdges:
    """Whole edges where the sign is the same all along, fragments elsewhere."""
    n = len(edges)
    pieces = np.bincount(fragments.edge, minlength=n)
    total = np.bincount(fragments.edge, sign, n)
    whole = (pieces > 0) & (np.abs(total) == pieces)
    if whole.all():
        return SignedEdges(edges.x0, edges.y0, edges.x1, edges.y1, edges.plane, np.sign(total))
    part = ~whole[fragments.edge] & (sign != 0)
    rest = fragments.take(part)
    return SignedEdges(
        np.concatenate([edges.x0[whole], rest.x_lo]),
        np.concatenate([edges.y0[whole], rest.y[rest.strip]]),
        np.concatenate([edges.x1[whole], rest.x_hi]),
        np.concatenate([edges.y1[whole], rest.y[rest.strip + 1]]),
        np.concatenate([edges.plane[whole], edges.plane[rest.edge]]),
        np.concatenate([np.sign(total[whole]), sign[part]]),
    )
