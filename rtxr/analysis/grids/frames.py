"""Which axes to compute along: frames in which contours are planar and grids are axis-aligned.

A *frame* is a 4x4 matrix from its own millimetres (u, v, w, 1) to patient millimetres, in the
manner of :attr:`rtxr.geometry.Grid.matrix`. Contours are closed polygons in the (u, v) plane that
stand at some w. The frames tried are the axes of the grids of a case and their cyclic
permutations, so that axial, sagittal, coronal and oblique contours all meet their grids along
shared axes, where everything is exact and separable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import MissingDataError, RTXRError
from rtxr.geometry import FloatArray, Grid

#: A grid to compute on: ``"image"``, ``"dose"``, a variable's name, an array on the grid, or it.
GridLike = str | xr.DataArray | Grid

#: Directions differ when a component differs by more: 0.01 mm at 1 m.
_DIRECTION_TOLERANCE = 1e-5
_CYCLES = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


@dataclass(frozen=True)
class AxisMap:
    """How the axes of a frame run along the axes of a grid.

    Parameters
    ----------
    axis : tuple of int
        For u, v and w: the own axis of the grid (0 for x or column, 1 for y or row, 2 for z or
        slice) that runs along it.
    sign : tuple of float
        +1 or -1: same or opposite direction.
    offset : tuple of float
        ``grid value = sign * frame value + offset``, mm.
    """

    axis: tuple[int, int, int]
    sign: tuple[float, float, float]
    offset: tuple[float, float, float]

    def values(self, grid_axes: Sequence[FloatArray], j: int) -> FloatArray:
        """Positions of the grid's voxel centres along frame axis ``j`` (0 u, 1 v, 2 w), mm.

        ``grid_axes`` are in the order of ``Grid.dims``, outermost first.
        """
        return self.sign[j] * (grid_axes[2 - self.axis[j]] - self.offset[j])

    def to_frame_order(self, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """An array along the grid's dimensions to (w, v, u)."""
        return array.transpose([2 - self.axis[j] for j in (2, 1, 0)])


def axis_map(frame: FloatArray, matrix: FloatArray) -> AxisMap | None:
    """Match the axes of a frame to those of a grid; None where they do not run along each other.

    Parameters
    ----------
    frame, matrix : ndarray, (4, 4)
        Frame and grid to patient millimetres.
    """
    if np.array_equal(frame, matrix):
        return AxisMap((0, 1, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    relation = np.linalg.inv(matrix) @ frame
    turn = relation[:3, :3]
    nearest = np.abs(turn).argmax(axis=0)
    sign = np.sign(turn[nearest, range(3)])
    snapped = np.zeros((3, 3))
    snapped[nearest, range(3)] = sign
    if len(set(nearest.tolist())) < 3 or np.abs(turn - snapped).max() > _DIRECTION_TOLERANCE:
        return None
    offset = relation[nearest, 3]
    a, s, o = nearest.tolist(), sign.tolist(), offset.tolist()
    return AxisMap((a[0], a[1], a[2]), (s[0], s[1], s[2]), (o[0], o[1], o[2]))


def is_zero(components: FloatArray) -> bool:
    """Whether the components of a direction along other axes are those of rounding."""
    return bool((np.abs(components) <= _DIRECTION_TOLERANCE).all())


def grid_like(ds: xr.Dataset, grid: GridLike) -> Grid:
    """Grid meant by a name, an array or a grid.

    Raises
    ------
    MissingDataError
        The Dataset has no such variable; the message says which grids it has.
    RTXRError
        Something that says nothing about a grid.
    """
    if isinstance(grid, Grid):
        return grid
    if isinstance(grid, xr.DataArray):
        return model.grid_of(grid)
    if not isinstance(grid, str):
        raise RTXRError(
            f"grid={type(grid).__name__} is no grid: give 'image', 'dose' or a variable's name, a "
            "DataArray on the grid wanted, such as ds.ct, or a Grid, such as ds.rt.grid('dose')"
        )
    if grid == "image" and model.image_name(ds) is None:
        doses = model.dose_names(ds)
        hint = f'; pass grid="{doses[0]}" to compute on the dose grid' if doses else ""
        raise MissingDataError(f"this Dataset has no image (ct, mr or pt){hint}")
    return model.grid_of(ds, grid)


def grids_of(ds: xr.Dataset) -> list[Grid]:
    """Grids of the image and of every dose, in that order; none where there are none."""
    image = model.image_name(ds)
    names = ([image] if image else []) + model.dose_names(ds)
    return [model.grid_of(ds, name) for name in names]


def candidate_frames(grids: Iterable[Grid]) -> list[FloatArray]:
    """Frames worth trying for contours: those of the grids first, then the patient's axes.

    Of each come the three cyclic permutations, slices first, so that contours parallel to the
    slices of the first grid are taken in its own axes.
    """
    matrices: list[FloatArray] = []
    for matrix in [*(grid.matrix for grid in grids), np.eye(4)]:
        if not any(np.allclose(matrix, known, rtol=0, atol=1e-9) for known in matrices):
            matrices.append(matrix)
    frames = []
    for cycle in _CYCLES:
        for matrix in matrices:
            frame = matrix.copy()
            frame[:3, :3] = matrix[:3, list(cycle)]
            frames.append(frame)
    return frames


def to_frame(frame: FloatArray, points: FloatArray) -> FloatArray:
    """Patient (x, y, z) points, (..., 3), to a frame's own (u, v, w), mm."""
    if np.array_equal(frame, np.eye(4)):
        return points
    permuted = _permutation(frame)
    if permuted is not None:  # no arithmetic, so that coordinates keep every digit
        return points[..., permuted]
    inverse = np.linalg.inv(frame[:3, :3])
    return np.asarray((points - frame[:3, 3]) @ inverse.T, dtype=np.float64)


def from_frame(frame: FloatArray, points: FloatArray) -> FloatArray:
    """A frame's own (u, v, w) points, (..., 3), to patient (x, y, z), mm."""
    return np.asarray(points @ frame[:3, :3].T + frame[:3, 3], dtype=np.float64)


def fitted_frame(polygon: FloatArray) -> FloatArray | None:
    """Orthonormal frame whose (u, v) plane is that of a polygon (Newell's normal).

    Parameters
    ----------
    polygon : ndarray, (n, 3)
        Patient (x, y, z), mm.

    Returns
    -------
    ndarray, (4, 4), or None
        None where the polygon encloses no area. Its origin is the patient's, so that parallel
        polygons share the frame.
    """
    centred = polygon - polygon.mean(axis=0)
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    length = float(np.linalg.norm(normal))
    if length < 1e-9:
        return None
    w = normal / length * np.sign(normal[np.abs(normal).argmax()])
    helper = np.eye(3)[np.abs(w).argmin()]
    u = np.cross(helper, w)
    u /= np.linalg.norm(u)
    frame = np.eye(4)
    frame[:3, :3] = np.column_stack([u, np.cross(w, u), w])
    return frame


def _permutation(frame: FloatArray) -> list[int] | None:
    """Patient axis along u, v and w where the frame is a plain permutation, else None."""
    for cycle in _CYCLES:
        if np.array_equal(frame[:3, :3], np.eye(3)[:, list(cycle)]) and not frame[:3, 3].any():
            return list(cycle)
    return None
