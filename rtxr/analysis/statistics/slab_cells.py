"""What the integration of dose over slabs is made of: samples, heights and outlines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.polygons import SignedEdges
from rtxr.analysis.structures.runs import consecutive
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray

E = TypeVar("E", Edges, SignedEdges)

_THIN_MM = 1e-9


@dataclass(frozen=True)
class Samples:
    """Cells of a structure.

    Parameters
    ----------
    dose : ndarray, (n,)
        At the centroid of what is covered; NaN where it is not known.
    widest, rest : ndarray, (n,)
        Squares of half the changes of dose along u, v and w: the largest, and the sum of the
        others. A third of both is the mean square of the dose about its mean.
    volume : ndarray, (n,)
        Covered volume, own mm3.
    """

    dose: FloatArray
    widest: FloatArray
    rest: FloatArray
    volume: FloatArray


def squares_of_parts(
    half: tuple[FloatArray, FloatArray, FloatArray],
    moments: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """What :class:`Samples` says of the changes in cells of which a part is covered.

    Parameters
    ----------
    half : tuple of ndarray
        Half of the changes of dose along u, v and w through the whole cell.
    moments : tuple of ndarray
        Mean uu, uv and vv of what is covered, about its centroid, in units of the cell.
    """
    uu, uv, vv = moments
    square_u, square_v, square_w = half[0] ** 2, half[1] ** 2, half[2] ** 2
    square_u *= 12 * uu
    square_v *= 12 * vv
    total = half[0] * half[1]
    total *= 24 * uv
    for each in (square_u, square_v, square_w):
        total += each
    np.maximum(total, 0, out=total)
    widest = np.maximum(np.maximum(square_u, square_v), square_w)
    # Neither more than there is, nor so little that the rest would drive the cell apart.
    widest = np.minimum(np.maximum(widest, total / 4), total)
    total -= widest
    return widest, total


@dataclass(frozen=True)
class Bounds:
    """Heights at which slabs begin, are cut and end, plane after plane, ascending.

    Parameters
    ----------
    height : ndarray, (n,)
        w, mm.
    plane : ndarray of int, (n,)
        Plane whose slab it is.
    is_end : ndarray of bool, (n,)
        Where a level of the integration ends or begins; other bounds lie within a level.
    """

    height: FloatArray
    plane: IntArray
    is_end: npt.NDArray[np.bool_]

    def of_planes(self, first: int, stop: int) -> Bounds:
        """The bounds of the planes from ``first`` to ``stop``, planes counted from 0 again."""
        some = slice(*np.searchsorted(self.plane, [first, stop]).tolist())
        return Bounds(self.height[some], self.plane[some] - first, self.is_end[some])

    def levels(self) -> tuple[IntArray, IntArray]:
        """First and last bound of each level."""
        ends = np.flatnonzero(self.is_end)
        low, high = ends[:-1], ends[1:]
        same = self.plane[low] == self.plane[high]
        thick = self.height[high] - self.height[low] > _THIN_MM
        return low[same & thick], high[same & thick]


def slab_bounds(lower: FloatArray, upper: FloatArray, cuts: FloatArray, *, divide: bool) -> Bounds:
    """Faces of slabs, and the cuts between them.

    Parameters
    ----------
    lower, upper : ndarray, (planes,)
        Faces of the slabs, ascending, mm.
    cuts : ndarray
        Ascending heights at which to cut, mm.
    divide : bool
        Whether cuts divide levels; those that do not are only looked at.
    """
    owner = np.searchsorted(lower, cuts, side="right") - 1
    inside = (owner >= 0) & (cuts > lower[owner] + _THIN_MM)
    inside &= cuts < upper[owner] - _THIN_MM
    planes, faces, cuts = np.arange(len(lower)), np.ones(len(lower), dtype=bool), cuts[inside]
    height = np.concatenate([lower, cuts, upper])
    plane = np.concatenate([planes, owner[inside], planes])
    is_end = np.concatenate([faces, np.full(len(cuts), divide), faces])
    order = np.lexsort((height, plane))
    return Bounds(height[order], plane[order], is_end[order])


def outline(part: Slabs, step: float) -> tuple[FloatArray, FloatArray, IntArray]:
    """Vertices, and points every ``step`` mm along longer edges, plane after plane.

    Returns
    -------
    u, v : ndarray
        Where they are, mm.
    begin : ndarray of int, (planes + 1,)
        Where those of each plane begin, and the end.
    """
    edges = part.edges
    run, rise = edges.x1 - edges.x0, edges.y1 - edges.y0
    parts = np.maximum(np.ceil(np.hypot(run, rise) / step), 1).astype(np.int64)
    of, number = consecutive(np.ones(len(parts), dtype=np.int64), parts - 1)
    share = number / parts[of]
    u = np.concatenate([part.points[:, 0], edges.x0[of] + share * run[of]])
    v = np.concatenate([part.points[:, 1], edges.y0[of] + share * rise[of]])
    plane = np.concatenate([part.point_plane, edges.plane[of]])
    order = np.argsort(plane, kind="stable")
    begin = np.searchsorted(plane[order], np.arange(len(part.position) + 1))
    return u[order], v[order], begin


def by_plane(edges: E) -> E:
    """The edges plane after plane, else in the order they have."""
    if (edges.plane[1:] >= edges.plane[:-1]).all():
        return edges
    return edges.take(np.argsort(edges.plane, kind="stable"))


def some_planes(edges: E, first: int, stop: int) -> E:
    """Edges of the planes from ``first`` to ``stop``, planes counted from 0 again.

    Parameters
    ----------
    edges : Edges or SignedEdges
        Plane after plane.
    first, stop : int
        Which planes.
    """
    some = edges.take(slice(*np.searchsorted(edges.plane, [first, stop]).tolist()))
    return replace(some, plane=some.plane - first)


def box_of(part: Slabs) -> tuple[tuple[float, float], tuple[float, float]]:
    """Least and largest u, and least and largest v, of the vertices, mm."""
    u, v = part.points[:, 0], part.points[:, 1]
    return (float(u.min()), float(u.max())), (float(v.min()), float(v.max()))


def finest_spacing(axes: tuple[FloatArray, FloatArray, FloatArray]) -> float:
    """Smallest median spacing of the axes, mm; 1 where no axis has two voxels."""
    spacings = [float(np.median(np.abs(np.diff(axis)))) for axis in axes if len(axis) > 1]
    return min(spacings, default=1.0)


class DoseRange(NamedTuple):
    """Lowest, mean and highest dose near a structure."""

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, values: FloatArray) -> tuple[DoseRange, bool]:
        """Of finite values, from 0 to 1 where there is none; and whether all are finite."""
        low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
        if np.isfinite(low) and np.isfinite(high):
            return cls(low, float(values.mean()), high), True
        finite = values[np.isfinite(values)]
        return cls.of(finite)[0] if len(finite) else cls(0.0, 0.5, 1.0), False


def ends(doses: FloatArray) -> FloatArray:
    """Lowest and highest of some doses; none where none is known."""
    low, high = np.fmin.reduce(doses, initial=np.inf), np.fmax.reduce(doses, initial=-np.inf)
    return np.array([low, high]) if low <= high else np.empty(0)
