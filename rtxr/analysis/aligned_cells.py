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
import numpy.typing as npt

from rtxr.analysis import raster
from rtxr.analysis.cells import CoveredCells, covered_cells
from rtxr.analysis.frames import AxisMap
from rtxr.analysis.planes import Slabs
from rtxr.analysis.polygons import SignedEdges
from rtxr.analysis.resample import Field, brackets
from rtxr.analysis.slab_cells import (
    Bounds,
    Samples,
    box_of,
    consecutive,
    finest_spacing,
    finite_range,
    outline,
    slab_bounds,
    some_planes,
)
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
        divides = np.ones(len(w), dtype=bool)
        if len(nodes[0]) > 1 and size > np.median(np.diff(nodes[0])):
            divides = (w == nodes[0][0]) | (w == nodes[0][-1])
        self._bounds = slab_bounds(part, w, divides)
        near = (_around(nodes[1], self._v), _around(nodes[2], self._u))
        self._values = values[:, near[0], near[1]]
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
        for first in range(0, planes, step):
            stop = min(first + step, planes)
            bounds = self._bounds.of_planes(first, stop)
            at = brackets(self._nodes[0], bounds.height)
            faces = self._values[at.low]
            faces += at.share[:, None, None] * (self._values[at.high] - faces)
            signed = some_planes(self._signed, first, stop)
            cells = covered_cells(signed, self._v, self._u, stop - first)
            yield self._samples(cells, bounds, faces), self._extremes(first, bounds, faces)

    def _samples(self, cells: CoveredCells, bounds: Bounds, faces: FloatArray) -> Samples:
        """Cells of a block of planes, on every level; ``faces`` is the dose on every bound."""
        low, high = bounds.levels()
        middle = _level_means(faces, bounds.height, low, high)
        steps = np.zeros((3, *middle.shape))  # change across a cell along u, v and w
        steps[0, :, :, :-1] = np.diff(middle, axis=2) / self._parts[1]
        steps[1, :, :-1] = np.diff(middle, axis=1) / self._parts[0]
        np.subtract(faces[high], faces[low], out=steps[2])
        half = np.sqrt((steps**2).sum(axis=0)) / 2
        v = brackets(self._nodes[1], (self._v[1:] + self._v[:-1]) / 2)
        u = brackets(self._nodes[2], (self._u[1:] + self._u[:-1]) / 2)
        rows = middle[:, v.low]
        rows += v.share[:, None] * (middle[:, v.high] - rows)
        width, hop = middle.shape[2], int(middle.shape[2] > 1)
        fine = cells.row * width + u.low[cells.column]
        coarse = v.low[cells.row] * width + u.low[cells.column]
        share = u.share[cells.column]
        level, thickness = _by_rank(bounds.plane[low], (bounds.height[high] - bounds.height[low]))
        dose, spread, volume = np.empty((3, len(level), len(fine)))
        for rank, at_level in enumerate(level):
            shift = np.repeat(at_level, cells.counts)
            index = fine + shift * rows[0].size
            np.take(rows, index, out=dose[rank])
            dose[rank] += share * (np.take(rows, index + hop) - dose[rank])
            index = coarse + shift * middle[0].size
            np.take(half, index, out=spread[rank])
            np.multiply(cells.area, np.repeat(thickness[rank], cells.counts), out=volume[rank])
            cut = cells.partial
            index = index[cut]
            along = [np.take(step, index) for step in steps]
            dose[rank, cut] += along[0] * cells.offset_u + along[1] * cells.offset_v
            # What is covered of a cell reaches from its centroid to the near side, twice.
            along[0] *= 1 - 2 * np.abs(cells.offset_u)
            along[1] *= 1 - 2 * np.abs(cells.offset_v)
            spread[rank, cut] = np.sqrt(along[0] ** 2 + along[1] ** 2 + along[2] ** 2) / 2
        return Samples(dose.ravel(), spread.ravel(), volume.ravel())

    def _extremes(self, first: int, bounds: Bounds, faces: FloatArray) -> FloatArray:
        """Doses at voxel centres inside and along the outlines, on every bound of a block."""
        mask, row, column = self._centres
        inside = faces[:, row, column][mask[first + bounds.plane]]
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
        return np.concatenate([inside, ends[0]])


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


def _by_rank(
    plane: npt.NDArray[np.int64], thickness: FloatArray
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """First, second … level of each plane and its thickness, (ranks, planes); 0 thick if none."""
    counts = np.bincount(plane)
    rank = np.arange(len(plane)) - np.repeat(np.cumsum(counts) - counts, counts)
    level = np.zeros((int(counts.max()), len(counts)), dtype=np.int64)
    thick = np.zeros(level.shape)
    level[rank, plane], thick[rank, plane] = np.arange(len(plane)), thickness
    return level, thick


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
