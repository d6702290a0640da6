"""Thin slabs cut from a solid that is known as a field, and put together to one structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from rtxr.analysis.interpolation.level_rings import level_rings
from rtxr.analysis.interpolation.plane_lattice import Lattice
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.sweep import Edges, IntArray, closed_edges
from rtxr.geometry import FloatArray

#: Values above zero inside, at a height, on the nodes of a lattice.
Solid = Callable[[float], FloatArray]

_OUTSIDE = -1e-6
#: Nodes looked at together.
_MOST_NODES = 1 << 18


@dataclass(frozen=True)
class ThinSlab:
    """One slab: rings at a height, or the contours of a plane.

    Parameters
    ----------
    position, lower, upper : float
        w of the outline and of the faces, mm.
    plane : int, default: -1
        Plane whose contours it has; -1 if it has rings.
    points : ndarray, (n, 2)
        (u, v) of all rings, mm.
    starts : ndarray of int, (m + 1,)
        Where each ring begins, and the end.
    """

    position: float
    lower: float
    upper: float
    plane: int = -1
    points: FloatArray = field(default_factory=lambda: np.empty((0, 2)))
    starts: IntArray = field(default_factory=lambda: np.zeros(1, dtype=np.int64))


def cut(
    solid: Solid, lattice: Lattice, levels: Sequence[tuple[float, float]]
) -> Iterator[ThinSlab]:
    """Slabs of a solid at heights, so thick; none where it is empty."""
    at_once = max(1, _MOST_NODES // (len(lattice.v) * len(lattice.u)))
    for first in range(0, len(levels), at_once):
        some = levels[first : first + at_once]
        values = np.stack([solid(w) for w, _ in some])
        for border in (values[:, 0], values[:, -1], values[:, :, 0], values[:, :, -1]):
            np.minimum(border, _OUTSIDE, out=border)
        points, starts, plane = level_rings(values, lattice.v, lattice.u)
        ring = np.searchsorted(plane, np.arange(len(some) + 1)).tolist()
        for (w, thick), (begin, end) in zip(some, pairwise(ring), strict=True):
            if end > begin:
                own = points[starts[begin] : starts[end]]
                own_starts = starts[begin : end + 1] - starts[begin]
                yield ThinSlab(w, w - thick / 2, w + thick / 2, -1, own, own_starts)


def joined(part: Slabs, slabs: Sequence[ThinSlab]) -> Slabs:
    """The structure with these slabs, ascending, in the place of its own."""
    ring_plane = part.point_plane[part.starts[:-1]]
    plane_begin = np.searchsorted(ring_plane, np.arange(len(part.position) + 1))
    in_order = bool((np.diff(ring_plane) >= 0).all())
    edge_order = np.argsort(part.edges.plane, kind="stable")
    edge_begin = np.searchsorted(
        part.edges.plane[edge_order], np.arange(len(part.position) + 1)
    ).tolist()
    points, counts, owner, edges = [], [], [], []
    for number, slab in enumerate(slabs):
        if slab.plane < 0:
            sizes = np.diff(slab.starts)
            of = np.full(len(sizes), number)
            points.append(slab.points)
            edges.append(closed_edges(slab.points, slab.starts, of, np.arange(len(sizes))))
        else:
            own = edge_order[edge_begin[slab.plane] : edge_begin[slab.plane + 1]]
            drawn = part.edges.take(own)
            edges.append(replace(drawn, plane=np.full(len(drawn), number)))
            rings = (
                np.arange(plane_begin[slab.plane], plane_begin[slab.plane + 1])
                if in_order
                else np.flatnonzero(ring_plane == slab.plane)
            )
            sizes = np.diff(part.starts)[rings]
            points += [part.points[part.starts[r] : part.starts[r + 1]] for r in rings.tolist()]
        counts.append(sizes)
        owner.append(np.full(int(sizes.sum()), number))
    names = ("x0", "y0", "x1", "y1", "plane", "contour")
    return replace(
        part,
        position=np.array([each.position for each in slabs]),
        lower=np.array([each.lower for each in slabs]),
        upper=np.array([each.upper for each in slabs]),
        points=np.concatenate(points),
        point_plane=np.concatenate(owner),
        starts=np.concatenate([[0], np.cumsum(np.concatenate(counts))]),
        edges=Edges(*(np.concatenate([getattr(each, name) for each in edges]) for name in names)),
    )
