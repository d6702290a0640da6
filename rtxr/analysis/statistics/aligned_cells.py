"""Cells of a structure whose axes run along those of the dose grid: everything is separable.

Slabs are cut along the planes of the dose grid through its voxel centres, each step subdivided
until cells are small against the structure. No cell reaches over a kink of the trilinear dose,
nor over the end of the dose grid. Across the slabs of a structure that is large against the dose
grid the cuts are looked at but do not divide: the mean dose through the slab is exact all the
same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rtxr.analysis.grids.frames import AxisMap
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics.dose_extremes import Extremes, ends
from rtxr.analysis.statistics.dose_levels import Levels, Lines, Through
from rtxr.analysis.statistics.slab_cells import (
    Samples,
    box_of,
    by_plane,
    finite_range,
    slab_bounds,
    some_planes,
)
from rtxr.analysis.structures import raster
from rtxr.analysis.structures.cells import Pieces, level_pieces, split_edges
from rtxr.analysis.structures.covered_cells import covered_cells
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.sweep import IntArray
from rtxr.geometry import FloatArray

_CELLS_AT_ONCE = 400_000
#: Cells may be so much longer across slabs than in plane: across, a cell is exact.
_ACROSS = 4.0


class AlignedCells:
    """Cells of a structure along the axes of a dose grid.

    Parameters
    ----------
    part : Slabs
        The structure; its faces are known.
    signed : SignedEdges
        Its inside.
    field : Field
        The dose.
    along : AxisMap
        From the structure's frame to the dose grid.
    size : float
        Wanted edge of the cells, mm.
    """

    def __init__(
        self, part: Slabs, signed: SignedEdges, field: Field, along: AxisMap, size: float
    ) -> None:
        self._part, self._signed = part, by_plane(signed)
        values = np.asarray(along.to_frame_order(field.values), dtype=np.float64)
        nodes = [along.values(field.grid.axes, j) for j in (2, 1, 0)]
        for d, j in enumerate((2, 1, 0)):
            if along.sign[j] < 0:
                values, nodes[d] = np.flip(values, d), nodes[d][::-1]
        box_u, box_v = box_of(part)
        v = _cuts(nodes[1], *box_v, _parts(nodes[1], size))
        u = _cuts(nodes[2], *box_u, _parts(nodes[2], size))
        w = _cuts(
            nodes[0],
            float(part.lower[0]),
            float(part.upper[-1]),
            _parts(nodes[0], _ACROSS * size),
        )
        near = (_around(nodes[1], v), _around(nodes[2], u))
        self._cuts = (v, u)
        self._values = values[:, near[0], near[1]]
        divides = np.ones(len(w), dtype=bool)
        large = len(nodes[0]) > 1 and size > np.median(np.diff(nodes[0]))
        if large and not np.isnan(self._values).any():  # a gap ends at a voxel centre
            divides = (w == nodes[0][0]) | (w == nodes[0][-1])
        self._bounds = slab_bounds(part, w, divides)
        self._nodes = (nodes[0], nodes[1][near[0]], nodes[2][near[1]])
        self._through = Through.of(nodes[0], self._bounds)
        self._lines = (Lines.of(self._nodes[1], v), Lines.of(self._nodes[2], u))

    @property
    def dose_range(self) -> tuple[float, float]:
        """Bounds of the dose near the structure."""
        return finite_range(self._values[_around(self._nodes[0], self._bounds.height)])

    def blocks(self) -> Iterator[tuple[Samples, FloatArray]]:
        """Cells, and doses that decide the extremes, block by block of planes."""
        planes = len(self._part.position)
        v, u = self._cuts
        step = max(1, int(_CELLS_AT_ONCE * planes / (len(v) * len(u) * len(self._bounds.plane))))
        outlines: list[tuple[IntArray, Pieces]] = []
        none, known = np.empty(0), np.empty(0)
        for first in range(0, planes, step):
            stop = min(first + step, planes)
            pieces = split_edges(some_planes(self._signed, first, stop), v, u)
            runs, parts = covered_cells(pieces, v, u, stop - first)
            through = self._through.of_planes(first, stop)
            levels = Levels.of(self._values, through, self._lines, stop - first)
            for cells in levels.whole(runs):
                known = np.concatenate([known, ends(cells.dose)])
                yield cells, none
            yield levels.partial(parts), none  # whose doses may pass the ends of the dose's own
            outlines.append((pieces.line // (len(v) - 1) + first, pieces))
        yield Samples(*np.empty((4, 0))), self._extremes(outlines, known)

    def _extremes(self, outlines: list[tuple[IntArray, Pieces]], known: FloatArray) -> FloatArray:
        """Lowest and highest dose, beyond what is known of whole cells."""
        edges, planes = self._part.edges, len(self._part.position)
        level = level_pieces(edges, *self._cuts)
        outlines.append((level.line // (len(self._cuts[0]) - 1), level))
        inside = raster.fill(edges, edges.plane, *self._nodes[1:], planes, "xor")
        look = Extremes(self._values, self._nodes, self._bounds, known)
        return look.found(outlines, inside, (self._lines[0].before, self._lines[1].before))


def _parts(nodes: FloatArray, size: float) -> int:
    """Into how many cells of about this size the usual step of a dose grid goes."""
    return max(1, round(float(np.median(np.diff(nodes))) / size)) if len(nodes) > 1 else 1


def _cuts(nodes: FloatArray, low: float, high: float, parts: int) -> FloatArray:
    """Nodes around ``low`` to ``high``, each step in equal parts; the ends where they lie beyond.

    No cell between two cuts reaches over a node or over the end of the dose grid.
    """
    if len(nodes) == 1:  # known on one plane only, which is the end of every cell
        return np.unique([low, *np.clip(nodes, low, high), high])
    inner = np.empty(0)
    if high > nodes[0] and low < nodes[-1]:
        count = len(nodes) - 1
        fine = np.interp(np.arange(count * parts + 1) / parts, np.arange(count + 1), nodes)
        first = max(int(np.searchsorted(fine, low, side="right")) - 1, 0)
        inner = fine[first : int(np.searchsorted(fine, high, side="left")) + 1]
    before = [low] if not len(inner) or low < inner[0] else []
    after = [high] if not len(inner) or high > inner[-1] else []
    return np.concatenate([before, inner, after])


def _around(nodes: FloatArray, places: FloatArray) -> slice:
    """Nodes needed to interpolate anywhere between the least and the largest of some places."""
    first = int(np.searchsorted(nodes, places.min(), side="right")) - 1
    first = min(max(first, 0), max(len(nodes) - 2, 0))
    stop = int(np.searchsorted(nodes, places.max(), side="left")) + 1
    return slice(first, max(stop, min(first + 2, len(nodes))))
