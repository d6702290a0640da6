"""Where a structure meets a slice of a grid: outlines as lines, for pictures (numpy only).

On slices parallel to the contours these are the contours themselves. Across them, the slabs are
cut: the outline has a step wherever one slab ends and the next begins, which is what masks, volumes
and DVHs are computed from.
"""

from __future__ import annotations

import numpy as np

from rtxr.analysis import frames, raster
from rtxr.analysis.planes import Slabs
from rtxr.analysis.sweep import Edges, IntArray
from rtxr.geometry import FloatArray, Grid


def outlines(part: Slabs, grid: Grid, dim: int, index: int) -> list[FloatArray] | None:
    """Outlines of a structure on a slice of a grid.

    Parameters
    ----------
    part : Slabs
        The structure.
    grid : Grid
        The grid.
    dim : int
        Dimension of the grid across the slice: 0, 1 or 2, as in ``grid.dims``.
    index : int
        Which slice along it.

    Returns
    -------
    list of ndarray, (n, 2), or None
        Lines in own millimetres of the grid: along its later, then along its earlier remaining
        dimension (column and row for ``dim=0``). None where contours and grid share no axes.
    """
    along = frames.axis_map(part.frame, grid.matrix)
    if along is None:
        return None
    fixed = along.axis.index(2 - dim)
    place = along.values(grid.axes, fixed)[index]
    pitch = grid.spacing[dim]
    if fixed == 2:
        lines, shown = _contours_at(part, place, pitch), (0, 1)
    else:
        lines, shown = _cut_slabs(part, fixed, place), (1 - fixed, 2)
    across = [axis for axis in range(3) if axis != 2 - dim]  # own axes: later dimension first
    columns = [shown.index(along.axis.index(axis)) for axis in across]
    signs = np.array([along.sign[shown[column]] for column in columns])
    offsets = np.array([along.offset[shown[column]] for column in columns])
    return [line[:, columns] * signs + offsets for line in lines]


def _contours_at(part: Slabs, place: float, pitch: float) -> list[FloatArray]:
    """Closed contours of the plane in whose slab a slice is."""
    plane = int(raster.plane_at(part, np.array([place]), pitch)[0])
    if plane < 0:
        return []
    first = part.starts[:-1]
    chosen = np.flatnonzero(part.point_plane[first] == plane)
    polygons = [part.points[part.starts[at] : part.starts[at + 1]] for at in chosen]
    return [np.concatenate([polygon, polygon[:1]]) for polygon in polygons]


def _cut_slabs(part: Slabs, fixed: int, place: float) -> list[FloatArray]:
    """Outline of the slabs at one u (``fixed=0``) or v (``fixed=1``), as (other, w) segments."""
    if not len(part.position) or np.isnan(part.lower).any():
        return []
    at, plane = _crossings(part.edges, fixed, place)
    counts = np.bincount(plane, minlength=len(part.position))
    stop = np.cumsum(counts)
    spans = [at[end - count : end] for end, count in zip(stop, counts, strict=True)]
    lines = [
        np.array([[x, part.lower[p]], [x, part.upper[p]]]) for x, p in zip(at, plane, strict=True)
    ]
    nothing = np.empty(0)
    joined = np.isclose(part.upper[:-1], part.lower[1:], rtol=0, atol=1e-6)
    for p, span in enumerate(spans):
        below = spans[p - 1] if p > 0 and joined[p - 1] else nothing
        lines += _level_lines(span, below, part.lower[p])
        if p == len(spans) - 1 or not joined[p]:
            lines += _level_lines(span, nothing, part.upper[p])
    return lines


def _crossings(edges: Edges, fixed: int, place: float) -> tuple[FloatArray, IntArray]:
    """Where edges cross a line, ascending within each plane, half-open like the raster."""
    ends = ((edges.y0, edges.x0), (edges.y1, edges.x1))
    if fixed == 0:
        ends = ((edges.x0, edges.y0), (edges.x1, edges.y1))
    (a0, b0), (a1, b1) = ends
    low, high = np.minimum(a0, a1), np.maximum(a0, a1)
    hit = np.flatnonzero((low <= place) & (place < high))
    share = (place - a0[hit]) / (a1[hit] - a0[hit])
    at = b0[hit] + share * (b1[hit] - b0[hit])
    order = np.lexsort((at, edges.plane[hit]))
    return at[order], edges.plane[hit][order]


def _level_lines(span: FloatArray, other: FloatArray, height: float) -> list[FloatArray]:
    """Segments of a face that are inside one slab and not the other."""
    ends = np.sort(np.concatenate([span, other]))
    return [
        np.array([[a, height], [b, height]])
        for a, b in zip(ends[::2], ends[1::2], strict=True)
        if b - a > 1e-9
    ]
