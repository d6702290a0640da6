"""Cells of a structure with their dose: where dose and contours share axes, and where not.

:class:`AlignedCells` cuts the slabs along the planes of the dose grid through its voxel centres
(subdivided), so that every cell lies within one trilinear cell of the dose; everything is
separable. :class:`TurnedCells` serves a dose that is rotated against the contours, point by point.
Both yield, block by block, the cells' doses and volumes and the doses that decide the extremes:
at voxel centres of the dose inside the structure, at the vertices and along the outlines, on both
faces of every slab and wherever a plane of the dose grid cuts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis import frames, raster
from rtxr.analysis.cells import cell_moments
from rtxr.analysis.planes import Slabs
from rtxr.analysis.polygons import IntArray, SignedEdges
from rtxr.analysis.resample import Field, brackets
from rtxr.geometry import FloatArray

_CELLS_AT_ONCE = 400_000
_THIN_MM = 1e-9


@dataclass(frozen=True)
class Samples:
    """Cells of a structure.

    Parameters
    ----------
    dose : ndarray, (n,)
        At the centroid of what is covered; NaN outside the dose grid.
    spread : ndarray, (n,)
        Half the range of dose within the cell.
    volume : ndarray, (n,)
        Covered volume, own mm3.
    """

    dose: FloatArray
    spread: FloatArray
    volume: FloatArray


@dataclass(frozen=True)
class _Bounds:
    """Heights at which slabs begin, are cut and end, plane after plane.

    Level i reaches from bound ``first[i]`` to bound ``last[i]``, which are of the same slab.
    """

    height: FloatArray
    plane: IntArray
    first: IntArray
    last: IntArray


class AlignedCells:
    """Cells of a structure whose axes run along those of the dose grid.

    Parameters
    ----------
    part : Slabs
        The structure.
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
        self, part: Slabs, signed: SignedEdges, field: Field, along: frames.AxisMap, size: float
    ) -> None:
        self.part, self.signed = part, signed
        values = np.asarray(along.to_frame_order(field.values))
        nodes = [along.values(field.grid.axes, j) for j in (2, 1, 0)]
        for d, j in enumerate((2, 1, 0)):
            if along.sign[j] < 0:
                values, nodes[d] = np.flip(values, d), nodes[d][::-1]
        low, high = _box(part.points)
        self.parts = (_parts(nodes[1], size), _parts(nodes[2], size))
        self.v = _cuts(nodes[1], low[1], high[1], self.parts[0])
        self.u = _cuts(nodes[2], low[0], high[0], self.parts[1])
        parts_w = _parts(nodes[0], 4 * size)
        w = _cuts(nodes[0], float(part.lower[0]), float(part.upper[-1]), parts_w)
        self.bounds = _slab_bounds(part, w)
        box = [_within(nodes[1], self.v), _within(nodes[2], self.u)]
        self.values = values[:, box[0], box[1]]
        self.nodes = (nodes[0], nodes[1][box[0]], nodes[2][box[1]])
        self.outline = _outline(part, _finest(self.nodes) / 2)
        self.centres = _inside_centres(part, self.nodes[1], self.nodes[2])

    @property
    def dose_range(self) -> tuple[float, float]:
        """Bounds of the dose anywhere near the structure."""
        span = _within(self.nodes[0], self.bounds.height)
        return _finite_range(self.values[span])

    def blocks(self) -> Iterator[tuple[Samples, FloatArray]]:
        """Cells, and doses that decide the extremes, block by block."""
        per_bound = max(1, (len(self.v) - 1) * (len(self.u) - 1))
        bounds_per_plane = len(self.bounds.plane) / len(self.part.position)
        step = max(1, int(_CELLS_AT_ONCE / (per_bound * bounds_per_plane)))
        for first in range(0, len(self.part.position), step):
            stop = min(first + step, len(self.part.position))
            here = slice(*np.searchsorted(self.bounds.plane, [first, stop]).tolist())
            faces = self._faces(here)
            yield self._samples(first, stop, here, faces), self._extremes(first, stop, here, faces)

    def _faces(self, here: slice) -> FloatArray:
        """Dose on the bounds of a block, (bounds, nodes v, nodes u)."""
        at = brackets(self.nodes[0], self.bounds.height[here])
        low = self.values[at.low]
        low += at.share[:, None, None] * (self.values[at.high] - low)
        return low

    def _samples(self, first: int, stop: int, here: slice, faces: FloatArray) -> Samples:
        """Cells of the planes from ``first`` to ``stop``, level by level."""
        cells = covered_cells(_some_planes(self.signed, first, stop), self.v, self.u, stop - first)
        levels = _levels(self.bounds, here)
        thickness = np.diff(self.bounds.height[here][levels], axis=1)[:, 0]
        middle, step_w = _level_doses(faces, self.bounds.height[here], levels)
        v = brackets(self.nodes[1], (self.v[1:] + self.v[:-1]) / 2)
        u = brackets(self.nodes[2], (self.u[1:] + self.u[:-1]) / 2)
        rows = middle[:, v.low]
        rows += v.share[:, None] * (middle[:, v.high] - rows)
        # Across a cell the dose changes by so much along u, v and w.
        steps = np.zeros((3, *middle.shape))
        steps[0, :, :, :-1] = np.diff(middle, axis=2) / self.parts[1]
        steps[1, :, :-1] = np.diff(middle, axis=1) / self.parts[0]
        steps[2] = step_w
        look = _CellLookup(cells, v, u, rows, steps, thickness)
        plane = self.bounds.plane[here][levels[:, 0]] - first
        return look.samples(plane)

    def _extremes(self, first: int, stop: int, here: slice, faces: FloatArray) -> FloatArray:
        """Doses at voxel centres inside and along the outlines, on every bound."""
        plane = self.bounds.plane[here]
        mask, row, column = self.centres
        inside = faces[:, row, column][mask[plane]]
        points, begin = self.outline
        chosen = slice(int(begin[first]), int(begin[stop]))
        u = brackets(self.nodes[2], points[chosen, 0])
        v = brackets(self.nodes[1], points[chosen, 1])
        starts = begin[plane] - begin[first]
        of, at = _gather(starts, begin[plane + 1] - begin[plane])
        ny, nx = faces.shape[1:]
        low, high = (of * ny + v.low[at]) * nx, (of * ny + v.high[at]) * nx
        doses = [
            np.take(faces, row + u.low[at])
            + u.share[at] * (np.take(faces, row + u.high[at]) - np.take(faces, row + u.low[at]))
            for row in (low, high)
        ]
        return np.concatenate([inside, doses[0] + v.share[at] * (doses[1] - doses[0])])


class TurnedCells:
    """Cells of a structure whose axes are not those of the dose grid; parameters as above."""

    def __init__(self, part: Slabs, signed: SignedEdges, field: Field, size: float) -> None:
        self.part, self.signed, self.field = part, signed, field
        low, high = _box(part.points)
        self.u = _even(low[0], high[0], size)
        self.v = _even(low[1], high[1], size)
        w = _even(float(part.lower[0]), float(part.upper[-1]), 2 * size)
        self.bounds = _slab_bounds(part, w)
        self.outline = _outline(part, _finest(field.grid.axes) / 2)

    @property
    def dose_range(self) -> tuple[float, float]:
        """Bounds of the dose anywhere."""
        return _finite_range(self.field.values)

    def blocks(self) -> Iterator[tuple[Samples, FloatArray]]:
        """Cells, and doses that decide the extremes, plane by plane."""
        yield Samples(*[np.empty(0)] * 3), self._inside_centres()
        points, begin = self.outline
        for plane in range(len(self.part.position)):
            here = slice(*np.searchsorted(self.bounds.plane, [plane, plane + 1]).tolist())
            height = self.bounds.height[here]
            outline = points[begin[plane] : begin[plane + 1]]
            own = np.empty((len(height), len(outline), 3))
            own[..., :2], own[..., 2] = outline, height[:, None]
            yield self._samples(plane, here), self._sample(own).ravel()

    def _sample(self, own: FloatArray) -> FloatArray:
        return self.field.sample(frames.from_frame(self.part.frame, own))

    def _samples(self, plane: int, here: slice) -> Samples:
        """Cells of one plane; slopes by differences across each cell."""
        cells = _covered(self.signed, self.v, self.u, plane, plane + 1)
        height = self.bounds.height[here]
        level = np.flatnonzero(self.bounds.level[here])
        centre_u = ((self.u[1:] + self.u[:-1]) / 2)[cells.column]
        centre_v = ((self.v[1:] + self.v[:-1]) / 2)[cells.row]
        width_u, width_v = np.diff(self.u)[cells.column], np.diff(self.v)[cells.row]
        own = np.empty((len(level), len(cells.row), 3))
        own[..., 0] = centre_u + cells.offset_u * width_u
        own[..., 1] = centre_v + cells.offset_v * width_v
        own[..., 2] = ((height[level] + height[level + 1]) / 2)[:, None]
        thickness = (height[level + 1] - height[level])[:, None]
        reach = (
            width_u * (0.5 - np.abs(cells.offset_u)),
            width_v * (0.5 - np.abs(cells.offset_v)),
            np.broadcast_to(thickness / 2, own.shape[:2]),
        )
        square = np.zeros(own.shape[:2])
        for axis, half in enumerate(reach):
            step = np.zeros_like(own)
            step[..., axis] = half
            square += np.nan_to_num((self._sample(own + step) - self._sample(own - step)) / 2) ** 2
        volume = cells.area * thickness
        return Samples(self._sample(own).ravel(), np.sqrt(square).ravel(), volume.ravel())

    def _inside_centres(self) -> FloatArray:
        """Doses of the voxels of the dose grid whose centres are inside."""
        grid = self.field.grid
        mask = np.zeros(grid.shape, dtype=bool)
        raster.rasterise(self.part, grid, grid.axes, "xor", mask)
        return self.field.values[mask]


def _covered(signed: SignedEdges, v: FloatArray, u: FloatArray, first: int, stop: int) -> _Lattice:
    """Covered cells of the planes from ``first`` to ``stop``."""
    chosen = (signed.plane >= first) & (signed.plane < stop)
    some = signed.take(chosen)
    some = SignedEdges(some.x0, some.y0, some.x1, some.y1, some.plane - first, some.sign)
    cells = cell_moments(some, v, u, stop - first)
    width, height = np.diff(u), np.diff(v)
    whole = height[:, None] * width
    index = np.flatnonzero(cells.area > 1e-9 * whole)
    plane_row, column = np.divmod(index, len(width))
    plane, row = np.divmod(plane_row, len(height))
    area = np.take(cells.area, index)
    partial = area < (1 - 1e-9) * np.take(whole, row * len(width) + column)
    offset_u, offset_v = np.zeros(len(area)), np.zeros(len(area))
    cut, size = index[partial], area[partial]
    offset_u[partial] = np.take(cells.moment_u, cut) / (size * width[column[partial]])
    offset_v[partial] = np.take(cells.moment_v, cut) / (size * height[row[partial]])
    counts = np.bincount(plane, minlength=stop - first)
    begin = np.cumsum(counts) - counts
    np.clip(offset_u, -0.5, 0.5, out=offset_u)
    np.clip(offset_v, -0.5, 0.5, out=offset_v)
    return _Lattice(row, column, area, begin, counts, partial, offset_u, offset_v)


def _parts(nodes: FloatArray, size: float) -> int:
    """Into how many cells of this size the usual step of a dose grid goes."""
    return max(1, int(np.ceil(np.median(np.diff(nodes)) / size))) if len(nodes) > 1 else 1


def _cuts(nodes: FloatArray, low: float, high: float, parts: int) -> FloatArray:
    """Nodes of the dose grid from ``low`` to ``high``, each step in so many parts; the ends
    where they lie beyond.

    No cell between two cuts reaches over a node or over the end of the dose grid.
    """
    inner = np.empty(0)
    if len(nodes) > 1 and high > nodes[0] and low < nodes[-1]:
        count = len(nodes) - 1
        fine = np.interp(np.arange(count * parts + 1) / parts, np.arange(count + 1), nodes)
        first = max(int(np.searchsorted(fine, low, side="right")) - 1, 0)
        inner = fine[first : int(np.searchsorted(fine, high, side="left")) + 1]
    before = [low] if not len(inner) or low < inner[0] else []
    after = [high] if not len(inner) or high > inner[-1] else []
    return np.concatenate([before, inner, after])


def _even(low: float, high: float, size: float) -> FloatArray:
    return np.linspace(low, high, max(1, int(np.ceil((high - low) / size))) + 1)


def _slab_bounds(part: Slabs, cuts: FloatArray) -> _Bounds:
    """Faces of slabs and the cuts between them."""
    owner = np.searchsorted(part.lower, cuts, side="right") - 1
    inside = (owner >= 0) & (cuts > part.lower[owner] + _THIN_MM)
    inside &= cuts < part.upper[owner] - _THIN_MM
    planes = np.arange(len(part.position))
    height = np.concatenate([part.lower, cuts[inside], part.upper])
    plane = np.concatenate([planes, owner[inside], planes])
    order = np.lexsort((height, plane))
    height, plane = height[order], plane[order]
    level = np.zeros(len(height), dtype=bool)
    level[:-1] = (np.diff(plane) == 0) & (np.diff(height) > _THIN_MM)
    return _Bounds(height, plane, level)


def _outline(part: Slabs, step: float) -> tuple[FloatArray, IntArray]:
    """Vertices and points along long edges, plane after plane, and where planes begin."""
    edges = part.edges
    run, rise = edges.x1 - edges.x0, edges.y1 - edges.y0
    parts = np.maximum(np.ceil(np.hypot(run, rise) / step), 1).astype(np.int64)
    of, number = _gather(np.ones(len(parts), dtype=np.int64), parts - 1)
    share = number / parts[of]
    between = np.column_stack([edges.x0[of] + share * run[of], edges.y0[of] + share * rise[of]])
    points = np.concatenate([part.points, between])
    plane = np.concatenate([part.point_plane, edges.plane[of]])
    order = np.argsort(plane, kind="stable")
    begin = np.searchsorted(plane[order], np.arange(len(part.position) + 1))
    return points[order], begin


def _inside_centres(
    part: Slabs, v: FloatArray, u: FloatArray
) -> tuple[npt.NDArray[np.bool_], slice, slice]:
    """Which voxel centres of the dose are inside the polygons of each plane."""
    return raster.fill(part.edges, part.edges.plane, v, u, len(part.position), "xor")


def _gather(begin: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """For runs of consecutive numbers: which run, and the number."""
    of = np.repeat(np.arange(len(counts)), counts)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts - begin, counts)


def _within(nodes: FloatArray, edges: FloatArray) -> slice:
    """Nodes needed to interpolate anywhere between the first and the last edge."""
    low, high = edges.min(), edges.max()
    first = max(int(np.searchsorted(nodes, low, side="right")) - 1, 0)
    stop = int(np.searchsorted(nodes, high, side="left")) + 1
    first = min(first, max(len(nodes) - 2, 0))
    return slice(first, max(stop, min(first + 2, len(nodes))))


def _finest(axes: tuple[FloatArray, FloatArray, FloatArray]) -> float:
    """Smallest median spacing of the axes, mm; 1 where no axis has two voxels."""
    spacings = [float(np.median(np.diff(axis))) for axis in axes if len(axis) > 1]
    return min(spacings, default=1.0)


def _finite_range(values: FloatArray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
