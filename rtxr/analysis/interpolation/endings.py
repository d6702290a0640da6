"""Parts of a structure that end on a plane, continued on a lattice to where they close.

What would not have closed by the next plane would have been drawn there; so it ends flat, and it
does so half way, since nothing says where between the two planes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rtxr.analysis.interpolation.closing import Trend, trend
from rtxr.analysis.interpolation.outline_distance import BLOCK, Outline
from rtxr.analysis.interpolation.plane_lattice import BoolArray, Lattice, grown, reached
from rtxr.analysis.structures.sweep import Edges
from rtxr.geometry import FloatArray

#: Closing is taken for flat only if it is later than the next plane by more than rounding.
_LATEST = 1.1
_ROUNDS = 4


@dataclass(frozen=True)
class Last:
    """The last planes of a part, from the one on which it ends inwards.

    Parameters
    ----------
    outlines : tuple of Outline
        Up to three.
    away : ndarray
        Distance of each from the first, mm.
    step : float
        To the next plane, on which the part is not, mm.
    """

    outlines: tuple[Outline, ...]
    away: FloatArray
    step: float


@dataclass(frozen=True)
class Ending:
    """What goes on beyond a plane.

    Parameters
    ----------
    nodes : ndarray of bool, (rows, columns)
        Nodes it is about.
    going : Trend
        How it goes on there.
    inside, flat : ndarray of bool, (n,)
        Which nodes are inside on the plane, and where the end is flat.
    step : float
        To the next plane, mm.
    """

    nodes: BoolArray
    going: Trend
    inside: BoolArray
    flat: BoolArray
    step: float

    @classmethod
    def of(
        cls,
        lattice: Lattice,
        last: Last,
        inside: Sequence[BoolArray],
        ends: BoolArray,
        nodes: BoolArray,
    ) -> Ending:
        """Continue a part.

        Parameters
        ----------
        lattice : Lattice
            Of the nodes.
        last : Last
            Its last planes.
        inside : sequence of ndarray of bool, (rows, columns)
            Which nodes are inside on these planes.
        ends, nodes : ndarray of bool, (rows, columns)
            Nodes of the part, and nodes to continue it on.
        """
        within = [each[nodes] for each in inside]
        block = BLOCK * lattice.pitch
        going = trend(last.outlines, within, last.away, lattice.points(nodes), block)
        stays = np.zeros_like(nodes)
        stays[nodes] = (going.at(_LATEST * last.step) > 0) & ends[nodes]
        flat = reached(ends, stays)
        if flat.any() and not flat[ends].all():
            flat = grown(flat, 2)
        elif flat.any():
            flat = nodes
        return cls(nodes, going, within[0], flat[nodes], last.step)

    def at(self, beyond: float) -> FloatArray:
        """About how deep inside the nodes are at this distance from the plane, (n,), mm."""
        depth = self.going.at(beyond)
        return np.where(self.flat, -1.0, depth) if beyond > self.step / 2 else depth

    def reach(self) -> FloatArray:
        """How far from the plane the nodes stay inside, (n,), mm."""
        until = np.where(self.flat, self.step / 2, np.minimum(self.going.reach(), self.step))
        return np.where(self.inside, until, 0.0)


def tip(
    lattice: Lattice, last: Last, edges: Sequence[Edges], ending: Ending
) -> tuple[float, float, float]:
    """Where an ending reaches farthest: (u, v) and how far, mm; sought between the nodes too."""
    reach = ending.reach()
    best = int(reach.argmax())
    x, y = lattice.points(ending.nodes)
    u, v, far = float(x[best]), float(y[best]), float(reach[best])
    if ending.flat[best] or far >= last.step:
        return u, v, far
    size = lattice.pitch
    for _ in range(_ROUNDS):
        around = np.linspace(-size, size, 5)
        patch = Lattice(v + around, u + around)
        inside = [patch.inside(each) for each in edges]
        if not inside[0].any():
            break
        x, y = patch.points(inside[0])
        some = [each[inside[0]] for each in inside]
        reach = trend(last.outlines, some, last.away, (x, y), BLOCK * size).reach()
        best = int(reach.argmax())
        if far < reach[best] <= last.step:
            u, v, far = float(x[best]), float(y[best]), float(reach[best])
        size /= 2
    return u, v, far
