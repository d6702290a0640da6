"""Contours to boolean masks: even-odd scan-line fill, one ROI at a time, bounding box only.

A voxel is inside when its centre is. Edges are half-open, the left and the lower one belong to
the polygon, so that tiles neither overlap nor leave gaps; slabs likewise. A plane of the grid is
filled by the contours in whose slab (half way to the neighbouring contour planes) its centre
lies: one slice each where contours are on slices, several where slices are finer, and contours
between slices are used as well. Contours of one plane combine by XOR, after identical duplicates
are dropped; ``combine="union"`` unites CLOSED_PLANAR contours, CLOSEDPLANAR_XOR ones are XOR in
any case.

Contours that are not parallel to a plane of the grid (oblique images with axial contours, say)
are met voxel by voxel: slower, by the same definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.analysis.grids import frames
from rtxr.analysis.structures import polygons
from rtxr.analysis.structures.places import places
from rtxr.analysis.structures.planes import FACE_TOLERANCE, Slabs
from rtxr.analysis.structures.polygons import Combine
from rtxr.analysis.structures.runs import consecutive
from rtxr.analysis.structures.slice_cells import half_slices
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray, Grid

BoolArray = npt.NDArray[np.bool_]
Axes = tuple[FloatArray, FloatArray, FloatArray]

#: Cells filled at a time, unless a single plane has more.
_MOST_CELLS = 1 << 22


def rasterise(part: Slabs, grid: Grid, axes: Axes, combine: Combine, out: BoolArray) -> None:
    """Fill a mask with the slabs of one ROI.

    Parameters
    ----------
    part : Slabs
        The ROI.
    grid : Grid
        Its matrix says where ``axes`` are.
    axes : tuple of ndarray
        Own positions of the voxels along the grid's dimensions, mm: those of the grid or some.
    combine : {"xor", "union"}
        How contours of one plane combine.
    out : ndarray of bool
        All false, in the shape of ``axes``; filled in place.
    """
    along = frames.axis_map(part.frame, grid.matrix)
    if along is None:
        _rasterise_voxelwise(part, grid, axes, combine, out)
        return
    w, v, u = (along.values(axes, j) for j in (2, 1, 0))
    plane = plane_at(part, w, along.values(grid.axes, 2))
    filled = np.asarray(along.to_frame_order(out))  # a view, so that filling it fills ``out``
    used = np.unique(plane[plane >= 0])
    if not len(used):
        return
    number = np.full(len(part.position) + 1, -1, dtype=np.int64)  # the last one for no plane
    number[used] = np.arange(len(used))
    whole = len(used) == len(part.position)
    edges = part.edges if whole else part.edges.take(number[part.edges.plane] >= 0)
    rows, columns = np.argsort(v, kind="stable"), np.argsort(u, kind="stable")
    toggles = _toggles(edges, number[edges.plane], v[rows], u[columns], combine)
    _place(toggles, number[plane], filled, rows, columns)


def _place(
    toggles: _Toggles, source: IntArray, out: BoolArray, rows: IntArray, columns: IntArray
) -> None:
    """Fill an array from the planes that its own come from, -1 for none.

    ``rows`` and ``columns`` say which of the array are those of the box, ascending along v and u.
    """
    straight = (rows[1:] > rows[:-1]).all() and (columns[1:] > columns[:-1]).all()
    row, column = toggles.rows, toggles.columns
    # Few enough that what is filled before it is placed stays small.
    few = 1 + _MOST_CELLS // max(toggles.cells, 1)
    planes = int(source.max()) + 1
    for first in range(0, planes, few):
        block = toggles.filled(first, min(first + few, planes))
        for at in np.flatnonzero((source >= first) & (source < first + few)).tolist():
            if straight:
                out[at, row, column] = block[source[at] - first]
            else:
                out[at][np.ix_(rows[row], columns[column])] = block[source[at] - first]


def _bounds(edges: Edges) -> tuple[list[float], list[float]]:
    """Least and largest x, and y, of some edges."""
    x = [min(edges.x0.min(), edges.x1.min()), max(edges.x0.max(), edges.x1.max())]
    return x, [edges.y0.min(), edges.y1.max()]


def plane_at(part: Slabs, w: FloatArray, slices: FloatArray) -> IntArray:
    """Contour plane in whose slab each position is, -1 for none.

    Parameters
    ----------
    part : Slabs
        The ROI.
    w : ndarray
        Positions along the frame's w, mm.
    slices : ndarray
        Positions of the slices of the grid along w, mm; a single plane of unknown thickness is
        taken to be as thick as one of them there.
    """
    lower, upper = part.lower, part.upper
    if not len(lower):
        return np.full(len(w), -1, dtype=np.int64)
    if np.isnan(lower).any():
        down, up = half_slices(np.sort(slices), float(part.position[0]))
        lower, upper = part.position - down, part.position + up
    plane = np.searchsorted(lower - FACE_TOLERANCE, w, side="right") - 1
    inside = (plane >= 0) & (w < upper[plane] - FACE_TOLERANCE)
    return np.where(inside, plane, -1)


def fill(
    edges: Edges, plane: IntArray, v: FloatArray, u: FloatArray, planes: int, combine: Combine
) -> tuple[BoolArray, slice, slice]:
    """Even-odd fill of the bounding box of some polygons.

    Parameters
    ----------
    edges : Edges
        Of the polygons.
    plane : ndarray of int
        Plane of the result each edge belongs to.
    v, u : ndarray
        Ascending positions of rows and columns, mm.
    planes : int
        Planes of the result.
    combine : {"xor", "union"}
        How polygons of one plane combine.

    Returns
    -------
    inside : ndarray of bool, (planes, rows in the box, columns in the box)
    rows, columns : slice
        The box.
    """
    toggles = _toggles(edges, plane, v, u, combine)
    return toggles.filled(0, planes), toggles.rows, toggles.columns


@dataclass(frozen=True)
class _Toggles:
    """Where the rows of the box around some polygons change between outside and inside.

    Parameters
    ----------
    at : ndarray of int
        Ascending flat indices into (planes, rows, columns) of the box.
    inside : ndarray of bool
        What the cells are from each of them on.
    rows, columns : slice
        The box.
    """

    at: IntArray
    inside: BoolArray
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the box."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def cells(self) -> int:
        """Cells of a plane of the box."""
        return self.shape[0] * self.shape[1]

    def filled(self, first: int, stop: int) -> BoolArray:
        """Some planes of the box, (planes, rows, columns)."""
        begin, end = first * self.cells, stop * self.cells
        some = slice(*np.searchsorted(self.at, [begin, end]).tolist())
        before = self.inside[some.start - 1 : some.start] if some.start else [False]
        runs = np.diff(self.at[some], prepend=begin, append=end)
        cells = np.repeat(np.concatenate([before, self.inside[some]]), runs)
        return cells.reshape(stop - first, *self.shape)


def _toggles(
    edges: Edges, plane: IntArray, v: FloatArray, u: FloatArray, combine: Combine
) -> _Toggles:
    """Where the rows at some positions meet polygons, see :func:`fill`."""
    x, y = _bounds(edges)
    row, column = slice(*np.searchsorted(v, y).tolist()), slice(*np.searchsorted(u, x).tolist())
    v, u = v[row], u[column]
    first, stop = places(v, edges.y0), places(v, edges.y1)
    counts = stop - first
    of, at_row = consecutive(first, counts)
    x0, y0 = edges.x0, edges.y0
    slope = (edges.x1 - x0) / np.where(counts > 0, edges.y1 - y0, 1.0)
    crossing = x0.take(of) + (v.take(at_row) - y0.take(of)) * slope.take(of)
    # A centre to the right of, or on, an odd number of crossings is inside.
    toggle = (plane.take(of) * len(v) + at_row) * len(u) + places(u, crossing)
    if combine == "xor":
        toggle.sort()
        inside = np.ones(len(toggle), dtype=bool)
        inside[1::2] = False
    else:
        order = np.lexsort((toggle, edges.contour[of]))
        depth = np.empty(len(order), dtype=np.int64)
        depth[order] = 1 - 2 * (np.arange(len(order)) % 2)  # polygons begin and end by turns
        order = np.argsort(toggle)
        toggle, inside = toggle[order], np.cumsum(depth[order]) > 0
    return _Toggles(toggle, inside, row, column)


def _rasterise_voxelwise(
    part: Slabs, grid: Grid, axes: Axes, combine: Combine, out: BoolArray
) -> None:
    """Fill a mask by looking up every voxel centre in the slabs, plane by plane of the grid."""
    box = _own_box(part, grid, axes)
    if any(len(index) == 0 for index in box):
        return
    rows, columns = axes[1][box[1]], axes[2][box[2]]
    own = np.empty((len(rows), len(columns), 3))
    own[..., 0], own[..., 1] = columns, rows[:, None]
    slices = np.arange(2.0) * np.nanmin(np.append(grid.spacing, np.inf))
    slices = slices[np.isfinite(slices)]
    lookup = polygons.Lookup(part.edges, combine)
    for at in box[0].tolist():
        own[..., 2] = axes[0][at]
        points = frames.to_frame(part.frame, grid.to_patient(own).reshape(-1, 3))
        plane = plane_at(part, points[:, 2], slices)
        inside = plane >= 0
        inside[inside] = lookup.inside(plane[inside], points[inside, 0], points[inside, 1])
        out[at][np.ix_(box[1], box[2])] = inside.reshape(own.shape[:2])


def _own_box(part: Slabs, grid: Grid, axes: Axes) -> Sequence[IntArray]:
    """Indices along the grid's dimensions that can hold something of the ROI."""
    if not len(part.points):
        return [np.empty(0, dtype=np.int64)] * 3
    finite = not np.isnan(part.lower).any()
    faces = (part.lower, part.upper) if finite else (part.position - 1e3, part.position + 1e3)
    corners = [np.column_stack([part.points, face[part.point_plane]]) for face in faces]
    own = grid.to_own(frames.from_frame(part.frame, np.concatenate(corners)))
    low, high = own.min(axis=0), own.max(axis=0)
    return [np.flatnonzero((axes[d] >= low[2 - d]) & (axes[d] <= high[2 - d])) for d in range(3)]
