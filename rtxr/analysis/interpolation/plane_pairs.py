"""The solid between two neighbouring planes, as a field on a lattice: above zero inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rtxr.analysis.interpolation.endings import Ending, Last
from rtxr.analysis.interpolation.outline_distance import BLOCK, Crossings, Outline
from rtxr.analysis.interpolation.plane_lattice import BoolArray, Lattice, grown, reached, rim
from rtxr.analysis.interpolation.profiles import Profiles
from rtxr.analysis.interpolation.thin_slabs import Solid
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray

#: Cosine of normals that are one direction, seen along which there is one profile.
_PARALLEL = 0.985
#: The same where a line can be followed instead.
_NEARLY_PARALLEL = 0.9
#: Lines are followed only where outlines are so many nodes apart.
_WIDE = 2.0
#: ... and so many steps between planes far.
_FAR = 4.0


class Plane:
    """One plane of a structure on a lattice.

    Parameters
    ----------
    height : float
        w, mm.
    edges : Edges
        Of its outline, see :func:`rtxr.analysis.interpolation.outline_distance.boundary`.
    lattice : Lattice
        Nodes on which it is compared with other planes.

    Attributes
    ----------
    outline : Outline
        Its outline.
    inside : ndarray of bool, (rows, columns)
        Nodes that are inside.
    """

    def __init__(self, height: float, edges: Edges, lattice: Lattice) -> None:
        self.height, self.outline, self._lattice = height, Outline(edges), lattice
        self.inside = lattice.inside(edges)
        self._known = np.zeros(self.inside.size, dtype=bool)
        self._found = np.zeros((3, self.inside.size))

    def signed(self, nodes: IntArray) -> tuple[FloatArray, FloatArray]:
        """Distance of nodes, positive inside, (n,), and unit vectors that lead out, (2, n).

        Nodes are given by their places in the flat lattice.
        """
        new = nodes[~self._known[nodes]]
        if len(new):
            found = self.outline.nearest(*self._lattice.at(new), BLOCK * self._lattice.pitch)
            sign = np.where(self.inside.ravel()[new], 1.0, -1.0)
            self._found[:, new] = sign * np.stack([found.distance, -found.u, -found.v])
            self._known[new] = True
        distance, u, v = self._found[:, nodes]
        return distance, np.stack([u, v])


def between(lattice: Lattice, below: Sequence[Plane], above: Sequence[Plane]) -> Solid:
    """The solid between two planes.

    Parameters
    ----------
    lattice : Lattice
        Of the planes.
    below, above : sequence of Plane
        The two planes and up to two more beyond each, nearest first.
    """
    low, high = below[0], above[0]
    step = high.height - low.height
    differs = low.inside ^ high.inside
    reach = int(np.ceil(0.1 * step / lattice.pitch)) + 2
    near = grown(differs | rim(low.inside) | rim(high.inside), reach)
    base = np.where(low.inside & high.inside, 1.0, -1.0)
    four = [below[1] if len(below) > 1 else None, low, high, above[1] if len(above) > 1 else None]
    distance, least, most = _distances(lattice, near, four)
    height = np.array([np.nan if each is None else each.height for each in four])
    profiles = Profiles(distance, height)
    endings = [
        *_endings(lattice, below, high, up=True),
        *_endings(lattice, above, low, up=False),
    ]

    index = np.flatnonzero(near)

    def at(w: float) -> FloatArray:
        values = base.copy()
        values.ravel()[index] = np.clip(profiles.at(w), least, most)
        for ending in endings:
            ending(w, values)
        return values

    return at


def _distances(
    lattice: Lattice, nodes: BoolArray, four: Sequence[Plane | None]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Signed distances of nodes from the outlines of four planes, (4, n), seen along one normal.

    The other two are bounds of what is made of them, (n,).
    """
    index = np.flatnonzero(nodes)
    x, y = lattice.at(index)
    distance, normal = np.full((4, len(x)), np.nan), np.zeros((4, 2, len(x)))
    for each, plane in enumerate(four):
        if plane is not None:
            distance[each], normal[each] = plane.signed(index)
    assert four[1] is not None
    assert four[2] is not None
    crosses = (four[1].inside ^ four[2].inside)[nodes]
    cosine = [(normal[a] * normal[b]).sum(axis=0) for a, b in ((0, 1), (1, 2), (2, 3))]
    least, most = _bounds(distance[1], distance[2], cosine[1] < _PARALLEL)
    wide = crosses & (np.abs(distance[1:3]).max(axis=0) > _WIDE * lattice.pitch)
    apart = wide & (cosine[1] < _PARALLEL)
    for outer, each in ((0, 0), (3, 2)):
        if four[outer] is not None:
            apart |= wide & (cosine[each] < _NEARLY_PARALLEL)
            straight = np.minimum(cosine[each], cosine[1]) >= _PARALLEL
            distance[outer, ~wide & ~straight] = np.nan
    if apart.any():
        some = np.zeros_like(nodes)
        some[nodes] = apart
        within = (_FAR * (four[2].height - four[1].height), BLOCK * lattice.pitch)
        points, alone = (x[apart], y[apart]), distance[:, apart]
        seen, known = _look_along(four, some, points, alone, normal[..., apart], within)
        alone[[0, 3]] = np.nan
        distance[:, apart] = np.where(known, seen, alone)
    return distance, least, most


def _bounds(low: FloatArray, high: FloatArray, apart: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Bounds of a field near corners, where distances are large on one side of an outline.

    No farther from zero than what is drawn is, zero between nodes is where it should be.
    """
    nearer, farther = np.minimum(low, high), np.maximum(low, high)
    least = np.where(farther < 0, farther, np.where(nearer < 0, nearer, -np.inf))
    most = np.where(nearer > 0, nearer, np.where(farther > 0, farther, np.inf))
    return np.where(apart, least, -np.inf), np.where(apart, most, np.inf)


def _look_along(
    four: Sequence[Plane | None],
    nodes: BoolArray,
    points: tuple[FloatArray, FloatArray],
    own: FloatArray,
    normal: FloatArray,
    within: tuple[float, float],
) -> tuple[FloatArray, BoolArray]:
    """Distances along lines that meet both outlines, (4, n), and where there are any.

    At a corner the nearest places on two planes are on different sides of it. The line from the
    nearest place of one outline through the point meets the other one: of the two such lines the
    shorter one is taken.
    """
    count = len(points[0])
    distance, shortest = np.full((4, count), np.nan), np.full(count, np.inf)
    inside = [np.zeros(count, dtype=bool) if p is None else p.inside[nodes] for p in four]
    for source in (1, 2):
        u, v = normal[source]
        found = [None if p is None else p.outline.crossings(*points, u, v, within) for p in four]
        _begin(found[source], inside[source], own[source])
        seen, length = _along(found, inside)
        better = length < shortest
        distance[:, better], shortest[better] = seen[:, better], length[better]
    return distance, np.isfinite(shortest)


def _begin(found: Crossings | None, inside: BoolArray, distance: FloatArray) -> None:
    """Let lines begin on the outline they are taken from: at a corner they might just miss it."""
    assert found is not None
    side = np.where(inside, found.ahead[0], found.behind[0])
    side = np.minimum(side, np.abs(distance))
    found.ahead[0] = np.where(inside, side, found.ahead[0])
    found.behind[0] = np.where(inside, found.behind[0], side)


def _along(
    found: Sequence[Crossings | None], inside: Sequence[BoolArray]
) -> tuple[FloatArray, FloatArray]:
    """Distances along lines that lead out, (4, n), and their lengths between the two outlines.

    The length is inf where the line leaves the wider outline only after it has come back to the
    narrower one, or never.
    """
    distance = np.full((4, len(inside[1])), np.nan)
    for row, each, within in zip(distance, found, inside, strict=True):
        if each is not None:
            row[:] = np.where(within, each.ahead[0], -each.behind[0])
    low, high = found[1], found[2]
    assert low is not None
    assert high is not None
    low_wider = inside[1]
    wider_ahead = np.where(low_wider, low.ahead[0], high.ahead[0])
    narrower_ahead = np.where(low_wider, high.ahead[0], low.ahead[0])
    wider_behind = np.where(low_wider, low.behind[0], high.behind[0])
    narrower_behind = np.where(low_wider, high.behind[0], low.behind[0])
    good = (wider_ahead <= narrower_ahead) & (narrower_behind <= wider_behind)
    length = np.where(good, wider_ahead + narrower_behind, np.inf)
    for outer, neighbour in ((0, 1), (3, 2)):
        usual = np.isfinite(length) & np.isfinite(distance[outer])
        far = np.abs(np.where(usual, distance[outer], 0) - np.where(usual, distance[neighbour], 0))
        distance[outer, ~usual | (far > 4 * length)] = np.nan
    return distance, length


def _endings(
    lattice: Lattice, planes: Sequence[Plane], beyond: Plane, *, up: bool
) -> list[Callable[[float, FloatArray], None]]:
    """What changes a field where a part, or a hole, of the first plane is not on the next one."""
    here = planes[0]
    away = np.array([abs(each.height - here.height) for each in planes])
    step = abs(beyond.height - here.height)
    last = Last(tuple(each.outline for each in planes), away, step)
    found = []
    for solid in (True, False):
        inside = [each.inside == solid for each in planes]
        there = beyond.inside == solid
        ends = inside[0] & ~reached(inside[0], inside[0] & there)
        if ends.any():
            nodes = grown(ends, 2) & ~(inside[0] & ~ends) & ~there
            ending = Ending.of(lattice, last, inside, ends, nodes)
            found.append(_change(ending, here.height, solid=solid, up=up))
    return found


def _change(
    ending: Ending, origin: float, *, solid: bool, up: bool
) -> Callable[[float, FloatArray], None]:
    def change(w: float, values: FloatArray) -> None:
        depth = ending.at(w - origin if up else origin - w)
        old = values[ending.nodes]
        values[ending.nodes] = np.maximum(old, depth) if solid else np.minimum(old, -depth)

    return change
