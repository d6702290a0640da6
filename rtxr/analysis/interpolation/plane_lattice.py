"""Nodes on which outlines are compared: which are inside, and which hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures import raster
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lattice:
    """Even positions of rows and columns, mm.

    Parameters
    ----------
    v, u : ndarray
        Ascending.
    """

    v: FloatArray
    u: FloatArray

    @classmethod
    def around(cls, box: Sequence[tuple[float, float]], pitch: float, room: float) -> Lattice:
        """Nodes this far apart around a box ((u, u), (v, v)), with room on every side."""
        # Off the round numbers at which contours have their sides.
        axes = []
        for low, high in box:
            count = np.ceil((high - low + 2 * room) / pitch) + 2
            axes.append(low - room + pitch * (np.arange(count) - 0.381966))
        return cls(axes[1], axes[0])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.v), len(self.u)

    @property
    def pitch(self) -> float:
        """Distance of neighbours, mm."""
        return float(self.u[1] - self.u[0])

    def points(self, nodes: BoolArray) -> tuple[FloatArray, FloatArray]:
        """(u, v) of some nodes."""
        return self.at(np.flatnonzero(nodes))

    def at(self, index: IntArray) -> tuple[FloatArray, FloatArray]:
        """(u, v) of nodes by their places in the flat lattice."""
        row, column = np.divmod(index, len(self.u))
        return self.u[column], self.v[row]

    def inside(self, edges: Edges) -> BoolArray:
        """Nodes within the polygons of one plane."""
        found = np.zeros(self.shape, dtype=bool)
        if len(edges):
            plane = np.zeros(len(edges), dtype=np.int64)
            box, rows, columns = raster.fill(edges, plane, self.v, self.u, 1, "xor")
            found[rows, columns] = box[0]
        return found


def grown(nodes: BoolArray, steps: int) -> BoolArray:
    """Nodes up to so many steps away along rows and columns."""
    out = nodes.copy()
    for axis in (0, 1):
        for _ in range(steps):
            lines = np.moveaxis(out, axis, 0)
            before = lines.copy()
            lines[1:] |= before[:-1]
            lines[:-1] |= before[1:]
    return out


def rim(nodes: BoolArray) -> BoolArray:
    """Nodes with a neighbour that is on the other side."""
    out = np.zeros_like(nodes)
    for axis in (0, 1):
        lines, found = np.moveaxis(nodes, axis, 0), np.moveaxis(out, axis, 0)
        differs = lines[1:] != lines[:-1]
        found[1:] |= differs
        found[:-1] |= differs
    return out


def reached(nodes: BoolArray, seeds: BoolArray) -> BoolArray:
    """Nodes that hang together with seeds, along rows and columns."""
    found = nodes & seeds
    count, most = -1, int(np.count_nonzero(nodes))
    while count != int(np.count_nonzero(found)):
        count = int(np.count_nonzero(found))
        found = _spread(nodes, found)
        if int(np.count_nonzero(found)) == most:
            break
        found = _spread(nodes.T, found.T).T
    return found


def _spread(nodes: BoolArray, found: BoolArray) -> BoolArray:
    """Whole runs of each row of which any node is found."""
    begins = nodes.copy()
    begins[:, 1:] &= ~nodes[:, :-1]
    run = np.cumsum(begins.ravel()) - 1
    hit = np.zeros(int(run[-1]) + 2, dtype=bool) if run.size else np.zeros(1, dtype=bool)
    hit[run[found.ravel()]] = True
    return np.asarray(nodes & hit[np.maximum(run, 0)].reshape(nodes.shape), dtype=np.bool_)
