"""Exact volume of a structure within the cells of a lattice that is turned against it (numpy only).

What :mod:`rtxr.analysis.structures.cells` does in the plane, in space: every face of the solid has
the inside on one side. Cut at the planes of the lattice, a piece of it adds to its own cell what
is to its right there, and its extent to every cell further right, which one running sum per line
of cells provides. Volumes come out exact to float rounding.

Rows of the lattice run along one of its axes, and the contours are swept along the shadow that
this axis casts on their planes: what bounds no strip of the sweep lies along the rows then, and
counts for nothing here as there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.polygons import Combine, signed_edges
from rtxr.analysis.structures.runs import consecutive
from rtxr.analysis.structures.sweep import Edges, IntArray
from rtxr.geometry import FloatArray

#: Pieces of faces at once, which take some 2 kB each.
_PIECES_AT_ONCE = 50_000
#: An axis is parallel to the planes of the contours when it leaves them by less per mm.
_PARALLEL = 1e-12


def cell_volumes(
    part: Slabs, matrix: FloatArray, edges: tuple[FloatArray, ...], combine: Combine = "xor"
) -> FloatArray:
    """Volume of a structure within each cell of a lattice.

    Parameters
    ----------
    part : Slabs
        The structure; its faces are known.
    matrix : ndarray, (4, 4)
        Own (x, y, z, 1) of the lattice to patient millimetres.
    edges : tuple of ndarray
        Ascending edges of the cells along own z, y and x, mm; one more than there are cells.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    ndarray, (z, y, x)
        Own mm3.
    """
    to_own = np.linalg.inv(matrix) @ part.frame
    # Of own x, y and z in the frame's u, v and w.
    directions = np.asarray(np.linalg.inv(to_own[:3, :3]), dtype=np.float64)
    along = int(np.abs(directions[2] / np.linalg.norm(directions, axis=0)).argmin())
    order = [along, *(axis for axis in range(3) if axis != along)]
    faces, weight = _faces(part, directions[:, along], combine)
    own = (faces @ to_own[:3, :3].T + to_own[:3, 3])[..., order]
    lines = [edges[2 - axis] for axis in order]
    handed = np.sign(np.linalg.det(to_own[:3, :3])) * np.sign(np.linalg.det(np.eye(3)[order]))
    volumes = _summed(own, weight * handed, lines)
    return volumes.transpose([order.index(axis) for axis in (2, 1, 0)])


def _faces(part: Slabs, row: FloatArray, combine: Combine) -> tuple[FloatArray, FloatArray]:
    """Faces of the slabs, (n, 4, 3) in u, v, w, and +1 or -1 each: the side the inside is on.

    ``row`` is the direction, in u, v and w, of which no face is needed that lies along it.
    """
    length = float(np.hypot(*row[:2]))
    cosine, sine = row[:2] / length if length > _PARALLEL else (1.0, 0.0)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    signed = signed_edges(_turned(part.edges, turn), combine)
    x, y = (np.stack(pair, axis=-1) for pair in ((signed.x0, signed.x1), (signed.y0, signed.y1)))
    low, high = part.lower[signed.plane][:, None], part.upper[signed.plane][:, None]
    weights, faces = [signed.sign], [_quads(x, y, low, x, high)]
    if abs(row[2]) > _PARALLEL * float(np.linalg.norm(row)):
        left = np.full_like(x, x.min(initial=0.0))  # caps reach from each edge to this line
        faces += [_quads(x, y, level, left, level) for level in (low, high)]
        weights += [-signed.sign, signed.sign]
    quads = np.concatenate(faces)
    quads[..., :2] = quads[..., :2] @ turn
    return quads, np.concatenate(weights)


def _turned(edges: Edges, turn: FloatArray) -> Edges:
    """Edges along other axes of their planes."""
    one = np.column_stack([edges.x0, edges.y0]) @ turn.T
    two = np.column_stack([edges.x1, edges.y1]) @ turn.T
    swap = (one[:, 1] > two[:, 1])[:, None]
    low, high = np.where(swap, two, one), np.where(swap, one, two)
    return Edges(low[:, 0], low[:, 1], high[:, 0], high[:, 1], edges.plane, edges.contour)


def _quads(
    x: FloatArray, y: FloatArray, low: FloatArray, far_x: FloatArray, high: FloatArray
) -> FloatArray:
    """Quadrangles, (n, 4, 3), from segments at one height to others at the same y."""
    near = np.stack([x, y, np.broadcast_to(low, x.shape)], axis=-1)
    far = np.stack([far_x, y, np.broadcast_to(high, x.shape)], axis=-1)
    return np.concatenate([near, far[:, ::-1]], axis=1)


def _summed(faces: FloatArray, weight: FloatArray, lines: list[FloatArray]) -> FloatArray:
    """Volumes of cells, (along, second, third), from faces along axes in that order."""
    sizes = [len(each) - 1 for each in lines]
    own = np.zeros(sizes[1] * sizes[2] * (sizes[0] + 1))
    carried = np.zeros_like(own)
    for some in _chunks(faces, lines):
        pieces, of, at = _cut(faces[some], 1, lines[1])
        cell, signs = at * sizes[2], weight[some][of]
        pieces, of, at = _cut(pieces, 2, lines[2])
        cell, signs = cell[of] + at, signs[of]
        pieces, of, at = _cut(pieces, 0, np.concatenate([[-np.inf], lines[0], [np.inf]]))
        use = at <= sizes[0]  # to the right of the lattice nothing is of interest
        pieces, of, at = pieces[use], of[use], at[use]
        extent, reach = _integrals(pieces, lines[0][np.minimum(at, sizes[0])])
        index = cell[of] * (sizes[0] + 1) + at
        np.add.at(own, index, signs[of] * reach)
        np.add.at(carried, index, signs[of] * extent)
    shape = (sizes[1], sizes[2], sizes[0] + 1)
    before = np.cumsum(carried.reshape(shape), axis=2)[..., :-1]
    return np.moveaxis(own.reshape(shape)[..., 1:] + before * np.diff(lines[0]), -1, 0)


def _chunks(faces: FloatArray, lines: list[FloatArray]) -> Iterator[slice]:
    """Faces in groups whose pieces fit into memory."""
    pieces = np.ones(len(faces), dtype=np.int64)
    for axis, edges in enumerate(lines):
        low, high = (np.searchsorted(edges, at[:, axis]) for at in (faces.min(1), faces.max(1)))
        pieces *= high - low + 1
    group = np.cumsum(pieces) // _PIECES_AT_ONCE
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(faces)], strict=True):
        yield slice(start, stop)


def _cut(
    polygons: FloatArray, axis: int, edges: FloatArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Convex polygons, (n, vertices, 3), cut at planes across an axis.

    Returns
    -------
    pieces : ndarray, (m, vertices, 3)
        Those between the first and the last plane; short ones repeat their first vertex.
    of, band : ndarray of int, (m,)
        Which polygon each is a piece of, and after which plane it begins.
    """
    at = polygons[..., axis]
    first = np.searchsorted(edges, at.min(axis=1), side="right") - 1
    last = np.maximum(np.searchsorted(edges, at.max(axis=1), side="left") - 1, first)
    first, last = np.maximum(first, 0), np.minimum(last, len(edges) - 2)
    of, band = consecutive(first, np.maximum(last - first + 1, 0))
    corners = polygons[of]
    low, high = edges[band][:, None], edges[band + 1][:, None]
    here = corners[..., axis]
    there = np.roll(here, -1, axis=1)
    step = np.roll(corners, -1, axis=1) - corners
    rise = np.where(here == there, 1.0, there - here)
    begin = (np.clip(here, low, high) - here) / rise
    end = np.where(here == there, 1.0, (np.clip(there, low, high) - here) / rise)
    meets = (np.maximum(here, there) >= low) & (np.minimum(here, there) <= high)
    ends = np.stack([begin, end], axis=-1)
    points = corners[:, :, None] + ends[..., None] * step[:, :, None]
    kept = np.stack([meets, meets & (end < 1.0)], axis=-1)
    shape = (len(of), 2 * at.shape[1])
    return _packed(points.reshape(*shape, 3), kept.reshape(shape)), of, band


def _packed(points: FloatArray, kept: npt.NDArray[np.bool_]) -> FloatArray:
    """Only the points that are kept, the first of them again where others have more."""
    counts = kept.sum(axis=1)
    width = int(counts.max(initial=3))
    order = np.argsort(~kept, axis=1, kind="stable")[:, :width]
    order = np.where(np.arange(width) < counts[:, None], order, order[:, :1])
    return np.take_along_axis(points, order[..., None], axis=1)


def _integrals(pieces: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of each piece the area seen along the rows, and the volume from it to ``right``."""
    one = pieces[:, :1]
    two, three = pieces[:, 1:-1] - one, pieces[:, 2:] - one
    area = (two[..., 1] * three[..., 2] - two[..., 2] * three[..., 1]) / 2
    mean = (two[..., 0] + three[..., 0]) / 3 + one[..., 0]
    return area.sum(axis=1), (area * (right[:, None] - mean)).sum(axis=1)
