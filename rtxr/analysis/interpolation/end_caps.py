"""What lies beyond the last plane of a structure, as thin slabs up to the very tip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rtxr.analysis.interpolation.endings import Ending, Last, tip
from rtxr.analysis.interpolation.outline_distance import Outline
from rtxr.analysis.interpolation.plane_lattice import Lattice, grown
from rtxr.analysis.interpolation.thin_slabs import ThinSlab, cut
from rtxr.analysis.structures.sweep import Edges
from rtxr.geometry import FloatArray

#: Thickness of the last slab, which shows the face of a flat end, mm.
_FACE_MM = 1e-3
#: Size of the ring around a tip, mm.
_TIP_MM = 1e-6
#: Nodes across.
_NODES = 50


def end_cap(
    height: FloatArray, edges: Sequence[Edges], half: float, step: float, pitch: float
) -> list[ThinSlab]:
    """Slabs beyond a plane, outwards.

    Parameters
    ----------
    height : ndarray, (k,)
        w of the last plane and of up to two before it, mm.
    edges : sequence of Edges
        Of the outlines there.
    half : float
        Where a flat end is, distance from the last plane, mm; what closes may do so up to twice
        as far.
    step : float
        Thickness of the slabs, mm.
    pitch : float
        Distance of nodes at most, mm.
    """
    origin, sign = float(height[0]), float(np.sign(height[0] - height[1]))
    lattice = _lattice(edges[0], half, pitch)
    last = Last(tuple(Outline(each) for each in edges), np.abs(height - origin), 2 * half)
    inside = [lattice.inside(each) for each in edges]
    if not inside[0].any():
        return []
    nodes = grown(inside[0], int(np.ceil(half / lattice.pitch)) + 1)
    ending = Ending.of(lattice, last, inside, inside[0], nodes)
    u, v, end = tip(lattice, last, edges, ending)

    def solid(w: float) -> FloatArray:
        values = np.full(lattice.shape, -1.0)
        values[nodes] = ending.at(abs(w - origin))
        return values

    levels = [(origin + sign * at, thick) for at, thick in _levels(end, step)]
    slabs = list(cut(solid, lattice, levels))
    face = origin if not slabs else slabs[-1].upper if sign > 0 else slabs[-1].lower
    low, high = sorted((face, origin + sign * end))
    if high - low > _TIP_MM:  # smaller across than the lattice sees
        ring = np.array([u, v]) + _TIP_MM * np.array([[-1, 0], [0, -1], [1, 0], [0, 1]])
        slabs.append(ThinSlab((low + high) / 2, low, high, -1, ring, np.array([0, 4])))
    return slabs


def _lattice(edges: Edges, half: float, pitch: float) -> Lattice:
    """Nodes for what goes on beyond a plane: finer where that is small."""
    u, v = np.concatenate([edges.x0, edges.x1]), np.concatenate([edges.y0, edges.y1])
    box = [(float(each.min()), float(each.max())) for each in (u, v)]
    size = np.sqrt((box[0][1] - box[0][0]) * (box[1][1] - box[1][0]))
    pitch = float(np.clip(size / _NODES, pitch / 8, pitch))
    return Lattice.around(box, pitch, half + 3 * pitch)


def _levels(end: float, step: float) -> list[tuple[float, float]]:
    """Distances from a plane and thicknesses of slabs beyond it, the last one a mere face."""
    count = max(1, int(np.ceil(end / step)) - 1)
    face = min(_FACE_MM, end / 10)
    thick = (end - face) / (count + 0.5)
    return [*((thick * i, thick) for i in range(1, count + 1)), (end - face / 2, face)]
