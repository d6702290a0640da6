"""Cells of a structure whose axes run along those of the dose grid: everything is separable.

Slabs are cut along the planes of the dose grid through its voxel centres, each step subdivided
until cells are small against the structure. No cell reaches over a kink of the trilinear dose,
and there are none beyond the ends of the dose grid. Across the slabs of a structure that is large
against the dose grid the cuts are looked at but do not divide: the mean dose through the slab is
exact all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rtxr.analysis.grids.frames import AxisMap
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics.dose_extremes import Extremes
from rtxr.analysis.statistics.dose_levels import Levels, Lines, Through
from rtxr.analysis.statistics.slab_cells import (
    Bounds,
    DoseRange,
    Samples,
    box_of,
    by_plane,
    ends,
    slab_bounds,
    some_planes,
)
from rtxr.analysis.structures import raster
from rtxr.analysis.structures.cells import Pieces, level_pieces, split_edges
from rtxr.analysis.structures.covered_cells import covered_cells
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import ALIGNMENT_TOLERANCE_MM, FloatArray

_CELLS_AT_ONCE = 800_000
#: Cells may be so much longer across slabs than in plane: across, a cell is exact.
_ACROSS = 4.0


@dataclass(frozen=True)
class Lattice:
    """Where a structure and a dose grid are both: what cells are made of.

    Parameters
    ----------
    values : ndarray
        The dose at nodes.
    nodes : tuple of ndarray
        Voxel centres of the dose grid, ascending along w, v and u, mm.
    dose_range : DoseRange
        Bounds of the dose there.
    gaps : bool
        Whether it is not known at some of them.
    lines : pair of Lines
        Lines between cells along v and u.
    signed, edges : SignedEdges, Edges
        The structure on the planes that the dose grid reaches, counted from 0.
    bounds : Bounds
        Heights of these planes' slabs.
    """

    values: FloatArray
    nodes: tuple[FloatArray, FloatArray, FloatArray]
    dose_range: DoseRange
    gaps: bool
    lines: tuple[Lines, Lines]
    signed: SignedEdges
    edges: Edges
    bounds: Bounds

    @classmethod
    def of(
        cls, part: Slabs, signed: SignedEdges, field: Field, along: AxisMap, size: float
    ) -> Lattice | None:
        """Cells of a structure; None where the dose grid does not reach it.

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
        values, axes = _in_frame(field, along)
        w_step, v_step, u_step = (field.grid.spacing[2 - along.axis[j]] for j in (2, 1, 0))
        box_u, box_v = box_of(part)
        w = _cuts(axes[0], float(part.lower[0]), float(part.upper[-1]), w_step / (_ACROSS * size))
        v, u = _cuts(axes[1], *box_v, v_step / size), _cuts(axes[2], *box_u, u_step / size)
        if not (len(w) and len(v) and len(u)):
            return None
        lower, upper = np.maximum(part.lower, w[0]), np.minimum(part.upper, w[-1])
        reached = np.flatnonzero(upper > lower)
        if not len(reached):
            return None
        near = tuple(_around(*each) for each in zip(axes, (w, v, u), strict=True))
        values, nodes = values[near], (axes[0][near[0]], axes[1][near[1]], axes[2][near[2]])
        dose_range, complete = DoseRange.of(values)
        divide = not (complete and size > w_step)  # gaps end at voxel centres
        first, stop = int(reached[0]), int(reached[-1]) + 1
        return cls(
            values,
            nodes,
            dose_range,
            not complete,
            (Lines.of(nodes[1], v), Lines.of(nodes[2], u)),
            some_planes(by_plane(signed), first, stop),
            some_planes(by_plane(part.edges), first, stop),
            slab_bounds(lower[first:stop], upper[first:stop], w, divide=divide),
        )


class AlignedCells:
    """Cells of a structure along the axes of a dose grid, as far as that reaches.

    Parameters
    ----------
    lattice : Lattice
        What they are made of.
    """

    def __init__(self, lattice: Lattice) -> None:
        self._lattice = lattice
        self._known = np.empty(0)
        self._outlines: list[tuple[IntArray, Pieces]] = []

    @property
    def dose_range(self) -> DoseRange:
        """Bounds of the dose near the structure."""
        return self._lattice.dose_range

    def cells(self) -> Iterator[Samples]:
        """Cells, some planes at a time."""
        of = self._lattice
        v, u = (each.cuts for each in of.lines)
        through = Through.of(of.nodes[0], of.bounds)
        planes = int(of.bounds.plane[-1]) + 1
        step = max(1, int(_CELLS_AT_ONCE * planes / (len(v) * len(u) * len(of.bounds.plane))))
        for first in range(0, planes, step):
            stop = min(first + step, planes)
            pieces = split_edges(some_planes(of.signed, first, stop), v, u)
            runs, parts = covered_cells(pieces, v, u, stop - first)
            some = through.of_planes(first, stop)
            levels = Levels.of(of.values, some, of.lines, stop - first, gaps=of.gaps)
            for cells in levels.whole(runs):
                self._known = ends(np.concatenate([self._known, ends(cells.dose)]))
                yield cells
            yield levels.partial(parts)  # whose doses may pass the ends of the dose's own
            self._outlines.append((pieces.line // (len(v) - 1) + first, pieces))

    def extremes(self) -> FloatArray:
        """Lowest and highest dose, once the cells have been looked at.

        What lies between doses may round to a little beyond them.
        """
        of = self._lattice
        v, u = (each.cuts for each in of.lines)
        level = of.edges.take(
            (of.edges.y0 == of.edges.y1) & (of.edges.y0 >= v[0]) & (of.edges.y0 <= v[-1])
        )
        pieces = level_pieces(level, v, u)
        outlines = [*self._outlines, (pieces.line // (len(v) - 1), pieces)]
        inside = raster.fill(
            of.edges, of.edges.plane, *of.nodes[1:], int(of.bounds.plane[-1]) + 1, "xor"
        )
        look = Extremes(of.values, of.nodes, of.bounds, self._known)
        found = look.found(outlines, inside, (of.lines[0].before, of.lines[1].before))
        return np.clip(found, of.dose_range.low, of.dose_range.high)


def _in_frame(field: Field, along: AxisMap) -> tuple[FloatArray, list[FloatArray]]:
    """A dose and its voxel centres along w, v and u, each ascending."""
    values = np.asarray(along.to_frame_order(field.values), dtype=np.float64)
    axes = [along.values(field.grid.axes, j) for j in (2, 1, 0)]
    turns = [slice(None, None, -1 if along.sign[j] < 0 else None) for j in (2, 1, 0)]
    return values[tuple(turns)], [axis[turn] for axis, turn in zip(axes, turns, strict=True)]


def _cuts(nodes: FloatArray, low: float, high: float, parts: float) -> FloatArray:
    """Lines from ``low`` to ``high``, as far as the nodes reach; none where they do not.

    Lines are nodes around that range, each step in about so many equal parts, and what is no more
    than rounding beyond the first and the last one. No cell between two lines reaches over a node.
    """
    if low < nodes[0] - ALIGNMENT_TOLERANCE_MM:
        low = float(nodes[0])
    if high > nodes[-1] + ALIGNMENT_TOLERANCE_MM:
        high = float(nodes[-1])
    if not low < high:
        return np.empty(0)
    if len(nodes) == 1:
        return np.array([low, high])
    nodes = nodes[_around(nodes, np.array([low, high]))]
    count, parts = len(nodes) - 1, max(1, round(parts))
    fine = np.interp(np.arange(count * parts + 1) / parts, np.arange(count + 1), nodes)
    first = max(int(np.searchsorted(fine, low, side="right")) - 1, 0)
    inner = fine[first : int(np.searchsorted(fine, high, side="left")) + 1]
    before = [low] if low < inner[0] else []
    after = [high] if high > inner[-1] else []
    return np.concatenate([before, inner, after])


def _around(nodes: FloatArray, places: FloatArray) -> slice:
    """Nodes needed to interpolate anywhere between the first and the last of some places."""
    first = int(np.searchsorted(nodes, places[0], side="right")) - 1
    first = min(max(first, 0), max(len(nodes) - 2, 0))
    stop = int(np.searchsorted(nodes, places[-1], side="left")) + 1
    return slice(first, max(stop, min(first + 2, len(nodes))))
