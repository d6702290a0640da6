"""Cells of a structure whose axes run along those of the dose grid: everything is separable.

Slabs are cut along the planes of the dose grid through its voxel centres, each step subdivided
until cells are small against the structure. No cell reaches over a kink of the trilinear dose,
nor over the end of the dose grid. Across the slabs of a structure that is large against the dose
grid the cuts are looked at but do not divide: the mean dose through the slab is exact all the
same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.grids.frames import AxisMap
from rtxr.analysis.grids.resample import Field, brackets
from rtxr.analysis.statistics.slab_cells import (
    Bounds,
    Samples,
    box_of,
    consecutive,
    finest_spacing,
    finite_range,
    outline,
    slab_bounds,
    some_planes,
    spreads,
)
from rtxr.analysis.structures import raster
from rtxr.analysis.structures.covered_cells import Parts, Runs, covered_cells
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
        self._part, self._signed = part, signed
        values = np.asarray(along.to_frame_order(field.values), dtype=np.float64)
        nodes = [along.values(field.grid.axes, j) for j in (2, 1, 0)]
        for d, j in enumerate((2, 1, 0)):
            if along.sign[j] < 0:
                values, nodes[d] = np.flip(values, d), nodes[d][::-1]
        box_u, box_v = box_of(part)
        self._parts = (_parts(nodes[1], size), _parts(nodes[2], size))
        self._v = _cuts(nodes[1], *box_v, self._parts[0])
        self._u = _cuts(nodes[2], *box_u, self._parts[1])
        w = _cuts(
            nodes[0],
            float(part.lower[0]),
            float(part.upper[-1]),
            _parts(nodes[0], _ACROSS * size),
        )
        near = (_around(nodes[1], self._v), _around(nodes[2], self._u))
        self._values = values[:, near[0], near[1]]
        divides = np.ones(len(w), dtype=bool)
        large = len(nodes[0]) > 1 and size > np.median(np.diff(nodes[0]))
        if large and not np.isnan(self._values).any():  # a gap ends at a voxel centre
            divides = (w == nodes[0][0]) | (w == nodes[0][-1])
        self._bounds = slab_bounds(part, w, divides)
        self._nodes = (nodes[0], nodes[1][near[0]], nodes[2][near[1]])
        self._outline = outline(part, finest_spacing(self._nodes) / 2)
        planes = len(part.position)
        self._centres = raster.fill(
            part.edges, part.edges.plane, self._nodes[1], self._nodes[2], planes, "xor"
        )

    @property
    def dose_range(self) -> tuple[float, float]:
        """Bounds of the dose near the structure."""
        return finite_range(self._values[_around(self._nodes[0], self._bounds.height)])

    def blocks(self) -> Iterator[tuple[Samples, FloatArray]]:
        """Cells, and doses that decide the extremes, block by block of planes."""
        planes = len(self._part.position)
        per_plane = (len(self._v) - 1) * (len(self._u) - 1) * len(self._bounds.plane) / planes
        step = max(1, int(_CELLS_AT_ONCE / per_plane))
        known = (np.inf, -np.inf)
        for first in range(0, planes, step):
            stop = min(first + step, planes)
            bounds = self._bounds.of_planes(first, stop)
            at = brackets(self._nodes[0], bounds.height)
            faces = self._values[at.low]
            # On a voxel centre the next one, which may not be known, does not count.
            above = np.where(at.share == 0, at.low, at.high)
            faces += at.share[:, None, None] * (self._values[above] - faces)
            signed = some_planes(self._signed, first, stop)
            runs, parts = covered_cells(signed, self._v, self._u, stop - first)
            levels = self._levels(bounds, faces, stop - first)
            rim = self._on_outlines(first, bounds, faces)
            known = (np.fmin.reduce(rim, initial=known[0]), np.fmax.reduce(rim, initial=known[1]))
            yield levels.whole(runs), rim
            yield levels.partial(parts), self._inside(first, bounds, faces, known)

    def _levels(self, bounds: Bounds, faces: FloatArray, planes: int) -> _Levels:
        """Dose on the levels of a block of planes; ``faces`` is the dose on every bound."""
        low, high = bounds.levels()
        middle = _level_means(faces, bounds.height, low, high)
        v = brackets(self._nodes[1], (self._v[1:] + self._v[:-1]) / 2)
        u = brackets(self._nodes[2], (self._u[1:] + self._u[:-1]) / 2)
        return _Levels(
            middle,
            faces[high] - faces[low],
            v.low[:, None] * middle.shape[2] + u.low,
            (np.repeat(v.share, len(u.share)), np.tile(u.share, len(v.share))),
            self._parts,
            np.diff(self._v)[:, None] * np.diff(self._u),
            np.bincount(bounds.plane[low], minlength=planes),
            bounds.height[high] - bounds.height[low],
        )

    def _inside(
        self, first: int, bounds: Bounds, faces: FloatArray, known: tuple[float, float]
    ) -> FloatArray:
        """Doses at voxel centres inside that are beyond what is known already."""
        mask, row, column = self._centres
        there = faces[:, row, column]
        beyond = (there < known[0]) | (there > known[1])
        beyond &= mask[first + bounds.plane]
        return np.asarray(there[beyond], dtype=np.float64)

    def _on_outlines(self, first: int, bounds: Bounds, faces: FloatArray) -> FloatArray:
        """Doses along the outlines, on every bound of a block."""
        at_u, at_v, begin = self._outline
        begin = begin[first:]
        some = slice(int(begin[0]), int(begin[bounds.plane[-1] + 1]))
        u, v = brackets(self._nodes[2], at_u[some]), brackets(self._nodes[1], at_v[some])
        counts = np.diff(begin)[bounds.plane]
        of, at = consecutive(begin[bounds.plane] - begin[0], counts)
        rows, width = faces.shape[1:]
        line = of * rows
        u_low, u_high, u_share = u.low[at], u.high[at], u.share[at]
        ends = []
        for row_at in (v.low[at], v.high[at]):
            start = (line + row_at) * width
            low = np.take(faces, start + u_low)
            low += u_share * (np.take(faces, start + u_high) - low)
            ends.append(low)
        ends[0] += v.share[at] * (ends[1] - ends[0])
        return np.asarray(ends[0], dtype=np.float64)


@dataclass(frozen=True)
class _Levels:
    """Dose on the levels of some planes.

    Parameters
    ----------
    middle : ndarray, (levels, nodes along v, nodes along u)
        Mean dose through each level.
    across : ndarray, (levels, nodes along v, nodes along u)
        Change of dose from its lower to its upper face.
    node : ndarray of int, (rows, columns)
        Number of the node before each cell.
    shares : pair of ndarray, (rows * columns,)
        Where the centre of each cell is between nodes along v and u; NaN outside the dose grid.
    parts : (int, int)
        Cells from node to node along v and u.
    area : ndarray, (rows, columns)
        Of each cell, mm2.
    counts : ndarray of int, (planes,)
        How many levels each plane has.
    thickness : ndarray, (levels,)
        mm.
    """

    middle: FloatArray
    across: FloatArray
    node: IntArray
    shares: tuple[FloatArray, FloatArray]
    parts: tuple[int, int]
    area: FloatArray
    counts: IntArray
    thickness: FloatArray

    def whole(self, runs: Runs) -> Samples:
        """Cells that are covered all over, on every level of their planes."""
        of, level = self._on_levels(runs.plane)
        count = runs.count[of]
        _, cell = consecutive(runs.cell[of], count)
        dose, square_u, square_v, square = self._at(cell, np.repeat(level, count))
        for each in (square_u, square_v, square):
            np.square(each, out=each)
        widest = np.maximum(square_u, square_v)
        np.maximum(widest, square, out=widest)
        square += square_u
        square += square_v
        spread, shift = spreads(square, widest)
        volume = np.take(self.area, cell)
        volume *= np.repeat(self.thickness[level], count)
        return Samples(dose, spread, shift, volume)

    def partial(self, parts: Parts) -> Samples:
        """Cells of which a part is covered, on every level of their planes."""
        of, level = self._on_levels(parts.plane)
        cell = parts.cell[of]
        dose, along_u, along_v, along_w = self._at(cell, level)
        dose += along_u * parts.u[of] + along_v * parts.v[of]
        square_u, square_v = along_u**2 * parts.uu[of] * 12, along_v**2 * parts.vv[of] * 12
        square = square_u + square_v + 24 * along_u * along_v * parts.uv[of] + along_w**2
        widest = np.maximum(np.maximum(square_u, square_v), along_w**2)
        spread, shift = spreads(square, np.minimum(widest, square))
        volume = self.thickness[level] * parts.share[of] * np.take(self.area, cell)
        return Samples(dose, spread, shift, volume)

    def _at(
        self, cell: IntArray, level: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Dose in the middle of cells, bilinear, and its changes across them along u, v and w."""
        rows, columns = self.middle.shape[1:]
        node = np.take(self.node, cell)
        node += level * (rows * columns)
        across = np.take(self.across, node)
        right, down = int(columns > 1), columns * int(rows > 1)
        dose, along_u = np.take(self.middle, node), np.take(self.middle, node + right)
        along_u -= dose
        node += down
        along_v, other = np.take(self.middle, node), np.take(self.middle, node + right)
        other -= along_v
        share_v, share_u = (np.take(each, cell) for each in self.shares)
        dose += share_u * along_u
        along_v += share_u * other
        along_v -= dose
        dose += share_v * along_v
        other -= along_u
        other *= share_v
        along_u += other
        if self.parts[1] > 1:
            along_u /= self.parts[1]
        if self.parts[0] > 1:
            along_v /= self.parts[0]
        return dose, along_u, along_v, across

    def _on_levels(self, plane: IntArray) -> tuple[IntArray, IntArray]:
        """Everything on some planes, once for each level: which of it, and the level."""
        first = np.cumsum(self.counts) - self.counts
        return consecutive(first[plane], self.counts[plane])


def _level_means(
    faces: FloatArray,
    height: FloatArray,
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
) -> FloatArray:
    """Mean dose through each level; between bounds the dose is linear."""
    if (high == low + 1).all():
        return (faces[low] + faces[high]) / 2
    total = np.zeros((len(low), *faces.shape[1:]))
    for step in range(int((high - low).max())):
        here = low + step < high
        at = (low + step)[here]
        weight = (height[at + 1] - height[at]) / (height[high] - height[low])[here] / 2
        total[here] += weight[:, None, None] * (faces[at] + faces[at + 1])
    return total


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
