"""Structures of a case cut by the planes of a viewer: as lines, quickly for every plane.

A ROI is the pile of slabs that masks and volumes take it for, see
:mod:`rtxr.analysis.structures.planes`. A plane parallel to its contours shows the contours of the
slab that it lies in; a plane across them shows the outline of the slabs. A ROI whose contours lie
along no axis of the grid is shown by the outline of its voxels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr.analysis.grids import frames
from rtxr.analysis.grids.frames import AxisMap
from rtxr.analysis.structures import contours, raster
from rtxr.analysis.structures.planes import CLOSED_TYPES, FACE_TOLERANCE, RoiContours, Slabs
from rtxr.geometry import FloatArray, Grid, cell_edges
from rtxr.view.plane import Plane

IntArray = npt.NDArray[np.int64]
#: Added to the number of a ROI: the line encloses nothing.
OPEN = 0x8000


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines on a plane, each of one ROI; the inside of a ROI is what its lines enclose (even-odd).

    Parameters
    ----------
    points : ndarray of float32, (n, 2)
        (across, up) own mm; closed lines end where they begin.
    starts : ndarray of uint32, (m + 1,)
        Where each line begins, and the end. A line of one point is a mark.
    roi : ndarray of uint16, (m,)
        Which ROI; plus :data:`OPEN` for a line that encloses nothing.
    """

    points: npt.NDArray[np.float32]
    starts: npt.NDArray[np.uint32]
    roi: npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class _Some:
    """Lines of some kind, before they are joined: ROI and number of points of each."""

    roi: IntArray
    counts: IntArray
    points: FloatArray


@dataclass(frozen=True, eq=False)
class _Pile:
    """Slabs of several ROIs with the same axes.

    Parameters
    ----------
    along : AxisMap
        Their axes (u, v, w) on the grid.
    points, starts : ndarray
        Vertices (u, v) of all polygons, and where each polygon begins.
    following, slab : ndarray of int
        Of each vertex the next one, and its slab.
    roi : ndarray of int
        ROI of each slab.
    face : ndarray of int, (slabs, 2)
        Numbers of the lower and upper face of each slab; neighbours share one.
    height : ndarray
        w of each face.
    """

    along: AxisMap
    points: FloatArray
    starts: IntArray
    following: IntArray
    slab: IntArray
    roi: IntArray
    face: IntArray
    height: FloatArray


class Sections:
    """Structures of a case, ready to be cut.

    Parameters
    ----------
    ds : Dataset
        A case with structures.
    labels : sequence of str
        ROIs, in the order of the numbers in :class:`Lines`.
    grid : Grid
        Of the planes.
    """

    def __init__(self, ds: xr.Dataset, labels: Sequence[str], grid: Grid) -> None:
        self._grid = grid
        self._slabs: list[Slabs] = []
        self._open: list[tuple[int, FloatArray]] = []
        if labels:
            rois = contours.read_contours(ds, labels)
            self._open = [(at, line) for at, roi in enumerate(rois) for line in _open(roi, grid)]
            self._slabs = list(contours.slabs(ds, labels, first=grid))
        self._turned: list[tuple[int, Slabs]] = []
        groups: dict[AxisMap, list[tuple[int, Slabs]]] = {}
        for at, part in enumerate(self._slabs):
            along = frames.axis_map(part.frame, grid.matrix)
            if len(part.position):
                (self._turned if along is None else groups.setdefault(along, [])).append((at, part))
        self._piles = [_pile(along, group, grid) for along, group in groups.items()]

    def cut(self, plane: Plane) -> Lines:
        """Lines of all ROIs on a plane of the grid."""
        found = [
            _some(_within(self._open, plane)),
            *(_drawn_or_across(pile, plane) for pile in self._piles),
            *(_outlined(at, part, plane) for at, part in self._turned),
        ]
        counts = np.concatenate([each.counts for each in found])
        return Lines(
            np.concatenate([each.points for each in found]).astype(np.float32),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
            np.concatenate([each.roi for each in found]).astype(np.uint16),
        )

    def middle(self, number: int) -> FloatArray | None:
        """Patient point in the middle of a ROI; None where it has no contours.

        It is the middle of the largest polygon of the plane that is nearest to its middle.
        """
        part = self._slabs[number]
        if not len(part.position):
            own = [points.mean(axis=0) for at, points in self._open if at == number]
            return self._grid.to_patient(own[0]) if own else None
        middle = (part.position[0] + part.position[-1]) / 2
        plane = int(np.abs(part.position - middle).argmin())
        there = np.flatnonzero(part.point_plane[part.starts[:-1]] == plane)
        polygons = [part.points[part.starts[i] : part.starts[i + 1]] for i in there]
        largest = max(polygons, key=lambda points: float(np.ptp(points, axis=0).prod()))
        centre = (largest.min(axis=0) + largest.max(axis=0)) / 2
        return frames.from_frame(part.frame, np.append(centre, part.position[plane]))


# --- open lines and points ------------------------------------------------------------------------
def _open(roi: RoiContours, grid: Grid) -> list[FloatArray]:
    """Open lines and points of a ROI, (n, 3) own mm."""
    parts = [roi.points[a:b] for a, b in zip(roi.starts[:-1], roi.starts[1:], strict=True)]
    both = zip(map(str, roi.types), parts, strict=True)
    return [grid.to_own(part) for kind, part in both if kind not in CLOSED_TYPES and len(part)]


def _within(lines: Sequence[tuple[int, FloatArray]], plane: Plane) -> list[tuple[int, FloatArray]]:
    """Open lines that lie in the layer of voxels."""
    edges = cell_edges(plane.axis(plane.normal))
    low, high = edges[plane.index], edges[plane.index + 1]
    heights = [points[:, plane.normal] for _, points in lines]
    return [
        (at, points[:, [plane.across, plane.up]])
        for (at, points), height in zip(lines, heights, strict=True)
        if ((height >= low) & (height < high)).all()
    ]


def _some(lines: Sequence[tuple[int, FloatArray]]) -> _Some:
    """Open lines as they are joined with others."""
    return _Some(
        np.array([at + OPEN for at, _ in lines], dtype=np.int64),
        np.array([len(points) for _, points in lines], dtype=np.int64),
        np.concatenate([np.empty((0, 2)), *(points for _, points in lines)]),
    )


# --- slabs ----------------------------------------------------------------------------------------
def _pile(along: AxisMap, group: Sequence[tuple[int, Slabs]], grid: Grid) -> _Pile:
    """Slabs of some ROIs as one."""
    parts = [part for _, part in group]
    nodes = _offsets([len(part.points) for part in parts])
    slabs = _offsets([len(part.position) for part in parts])
    faces = [_faces(part, grid.spacing[2 - along.axis[2]]) for part in parts]
    first = _offsets([len(height) for _, height in faces])
    each = list(zip(parts, nodes, slabs, strict=False))
    return _Pile(
        along,
        np.concatenate([part.points for part in parts]),
        np.concatenate([*(at + part.starts[:-1] for part, at, _ in each), nodes[-1:]]),
        np.concatenate([at + _next(part.starts) for part, at, _ in each]),
        np.concatenate([at + part.point_plane for part, _, at in each]),
        np.repeat([at for at, _ in group], np.diff(slabs)),
        np.concatenate([at + face for (face, _), at in zip(faces, first, strict=False)]),
        np.concatenate([height for _, height in faces]),
    )


def _offsets(counts: Sequence[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _faces(part: Slabs, pitch: float) -> tuple[IntArray, FloatArray]:
    """Lower and upper face of each slab, by number, and where each face is.

    A slab of unknown thickness is as thick as a voxel.
    """
    lower, upper = part.lower, part.upper
    if np.isnan(lower).any():
        half = pitch / 2 if np.isfinite(pitch) else 0.5
        lower, upper = part.position - half, part.position + half
    shared = np.concatenate([[True], np.abs(lower[1:] - upper[:-1]) < FACE_TOLERANCE])
    low = np.arange(len(lower)) + np.cumsum(~shared)
    height = np.empty(low[-1] + 2)
    height[low + 1] = upper
    height[low] = lower
    return np.stack([low, low + 1], axis=-1), height


def _next(starts: IntArray) -> IntArray:
    """Number of the vertex after each one of closed polygons."""
    following = np.arange(1, starts[-1] + 1)
    following[starts[1:] - 1] = starts[:-1]
    return following


def _drawn_or_across(pile: _Pile, plane: Plane) -> _Some:
    return _drawn(pile, plane) if pile.along.axis[2] == plane.normal else _across(pile, plane)


def _drawn(pile: _Pile, plane: Plane) -> _Some:
    """Polygons of the slabs that a plane lies in, closed."""
    at = pile.along.sign[2] * (plane.position - pile.along.offset[2])
    low, high = (pile.height[pile.face[:, side]] - FACE_TOLERANCE for side in (0, 1))
    of_polygon = pile.slab[pile.starts[:-1]]
    chosen = np.flatnonzero(((low <= at) & (at < high))[of_polygon])
    counts = np.diff(pile.starts)[chosen] + 1
    ends = np.cumsum(counts)
    index = np.arange(counts.sum()) - np.repeat(ends - counts - pile.starts[chosen], counts)
    index[ends - 1] = pile.starts[chosen]
    own = [pile.along.axis.index(axis) for axis in (plane.across, plane.up)]
    return _Some(pile.roi[of_polygon[chosen]], counts, _placed(pile, pile.points[index], own))


def _placed(pile: _Pile, points: FloatArray, own: Sequence[int]) -> FloatArray:
    """Points along two axes of a frame (0, 1, 2 for u, v, w) as (across, up) of the grid."""
    sign, offset = (np.array(each) for each in (pile.along.sign, pile.along.offset))
    kept = list(own) if max(own) < 2 else [0, 1]
    placed: FloatArray = sign[list(own)] * points[..., kept] + offset[list(own)]
    return placed


def _across(pile: _Pile, plane: Plane) -> _Some:
    """Sides of all slabs that a plane cuts.

    Each edge of a polygon that crosses the plane is an upright side. Along a face runs what just
    one of the two slabs has: even-odd of the crossings of both.
    """
    cut = pile.along.axis.index(plane.normal)
    other = 1 - cut
    at = pile.along.sign[cut] * (plane.position - pile.along.offset[cut])
    beyond = pile.points[:, cut] > at
    crossing = np.flatnonzero(beyond != beyond[pile.following])
    first, second = pile.points[crossing], pile.points[pile.following[crossing]]
    share = (at - first[:, cut]) / (second[:, cut] - first[:, cut])
    place = first[:, other] + share * (second[:, other] - first[:, other])
    slab = pile.slab[crossing]
    sides = np.stack([np.repeat(place[:, None], 2, axis=1), pile.height[pile.face[slab]]], axis=-1)
    # Of neighbours that share a face all crossings meet there; sorted, they bound what differs.
    face, places = pile.face[slab].ravel(), np.repeat(place, 2)
    order = np.lexsort((places, face))
    ends, on_face = places[order].reshape(-1, 2), face[order][::2]
    differs = ends[:, 0] < ends[:, 1]
    ends, on_face = ends[differs], on_face[differs]
    rims = np.stack([ends, np.repeat(pile.height[on_face][:, None], 2, axis=1)], axis=-1)
    of_face = np.empty(len(pile.height), dtype=np.int64)
    of_face[pile.face] = pile.roi[:, None]
    roi = np.concatenate([pile.roi[slab], of_face[on_face]])
    points = _placed(pile, np.concatenate([sides, rims]), (other, 2))
    if pile.along.axis[other] != plane.across:
        points = points[..., ::-1]
    return _Some(roi, np.full(len(roi), 2), points.reshape(-1, 2))


# --- contours along no axis -----------------------------------------------------------------------
def _outlined(number: int, part: Slabs, plane: Plane) -> _Some:
    """Sides between voxels inside and outside of a ROI, on a plane."""
    layer = plane.layer
    out = np.zeros(layer.shape, dtype=bool)
    raster.rasterise(part, plane.grid, layer.axes, "xor", out)
    inside = np.pad(plane.page(out).astype(bool), 1)
    across, up = (cell_edges(plane.axis(own)) for own in (plane.across, plane.up))
    rows, columns = np.nonzero(inside[1:-1, 1:] != inside[1:-1, :-1])
    upright = [np.stack([across[columns], up[rows + each]], axis=-1) for each in (0, 1)]
    rows, columns = np.nonzero(inside[1:, 1:-1] != inside[:-1, 1:-1])
    level = [np.stack([across[columns + each], up[rows]], axis=-1) for each in (0, 1)]
    pairs = np.concatenate([np.stack(upright, axis=1), np.stack(level, axis=1)])
    return _Some(np.full(len(pairs), number), np.full(len(pairs), 2), pairs.reshape(-1, 2))
