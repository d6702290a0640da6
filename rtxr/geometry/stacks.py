"""Stacks of parallel slices as DICOM places them, to a grid and back (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from rtxr.errors import GeometryError
from rtxr.geometry.grid import (
    ALIGNMENT_TOLERANCE_MM,
    AXIS_NAMES,
    OBLIQUE_NAMES,
    FloatArray,
    Grid,
    as_decimals,
)

#: How far direction cosines may be from unit length and from a right angle.
_COSINES = 1e-3


@dataclass(frozen=True)
class Layout:
    """How a stored array (slice, row, column) becomes the presented one.

    ``presented = stored.transpose(order)`` and then reversed along every dimension whose ``flip``
    is true; ``order[d]`` is the stored axis that presented dimension ``d`` shows.
    """

    order: tuple[int, int, int] = (0, 1, 2)
    flip: tuple[bool, bool, bool] = (False, False, False)

    @property
    def slice_dim(self) -> int:
        """Presented dimension along which the stored slices (or frames) run."""
        return self.order.index(0)

    def present(self, stored: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Stored (slice, row, column) array to the presented order."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flip)
        return stored.transpose(self.order)[steps]

    def store(self, presented: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Presented array back to (slice, row, column)."""
        steps = tuple(slice(None, None, -1 if flip else 1) for flip in self.flip)
        return presented[steps].transpose(np.argsort(self.order))


def slice_normal(orientation: npt.ArrayLike) -> FloatArray:
    """Unit normal of an Image Orientation (Patient), row cosine x column cosine (C.7.6.2.1.1)."""
    cosines = np.asarray(orientation, dtype=np.float64)
    if cosines.shape != (6,) or not np.isfinite(cosines).all():
        raise GeometryError(
            f"(0020,0037) ImageOrientationPatient needs six finite numbers, not {cosines.size}"
        )
    normal = np.cross(cosines[:3], cosines[3:])
    length = float(np.linalg.norm(normal))
    if length < 1e-6:
        raise GeometryError("(0020,0037) ImageOrientationPatient: row and column are parallel")
    return np.asarray(normal / length, dtype=np.float64)


def are_directions(orientation: npt.ArrayLike) -> bool:
    """Whether row and column cosine (6,) are of unit length and at a right angle (C.7.6.2.1.1)."""
    row, column = np.asarray(orientation, dtype=np.float64).reshape(2, 3)
    off = np.abs([row @ row - 1, column @ column - 1, row @ column])
    return bool(off.max() <= _COSINES)


def offsets_are_patient_z(
    offsets: npt.ArrayLike, position: npt.ArrayLike, orientation: npt.ArrayLike
) -> bool:
    """Whether a Grid Frame Offset Vector (n,) holds patient z and not distances (C.8.8.3.2).

    It does where it begins with the z of the position, not 0, on an axial grid: the Standard says
    (1, 0, 0, 0, 1, 0), and patient z means the same on any axial grid.
    """
    first = np.atleast_1d(np.asarray(offsets, dtype=np.float64))[:1]
    at = np.asarray(position, dtype=np.float64)
    if not first.size or at.shape != (3,) or first[0] == 0:
        return False
    is_axial = abs(abs(slice_normal(orientation)[2]) - 1) < 1e-6
    return bool(is_axial and abs(first[0] - at[2]) <= ALIGNMENT_TOLERANCE_MM)


def stack_grid(
    positions: npt.ArrayLike,
    orientation: Sequence[float],
    pixel_spacing: Sequence[float],
    shape: tuple[int, int],
    prefix: str = "",
    frame_of_reference_uid: str = "",
) -> tuple[Grid, Layout]:
    """Grid of a stack of parallel slices, and how its stored array is to be presented.

    The position of a voxel is ImagePositionPatient + column index x column spacing x row cosine
    + row index x row spacing x column cosine (PS3.3 C.7.6.2.1-1).

    Parameters
    ----------
    positions : array_like, (n, 3)
        Image Position (Patient) of each slice in stored order, mm, monotonic along the normal.
    orientation : sequence of 6 floats
        Image Orientation (Patient): row cosine (along which the column index grows), then column
        cosine.
    pixel_spacing : (float, float)
        Row spacing, column spacing, mm, in the order of Pixel Spacing (0028,0030).
    shape : (int, int)
        Rows, Columns.
    prefix : str, optional
        Put before the dimension names, for example ``"dose_"``.
    frame_of_reference_uid : str, optional
        Carried into the grid.

    Returns
    -------
    Grid
        Ascending z, y, x in patient millimetres where axis-aligned (no corner off by
        0.01 mm or more); else (slice, row, column) with its matrix.
    Layout
        From stored (slice, row, column) to the grid's dimensions.

    Raises
    ------
    GeometryError
        Fewer numbers than needed, spacing not positive, slices that are not monotonic along the
        normal or not on one line.
    """
    at = np.atleast_2d(np.asarray(positions, dtype=np.float64))
    normal = slice_normal(orientation)
    cosines = np.asarray(orientation, dtype=np.float64)
    spacing = np.asarray(pixel_spacing, dtype=np.float64)
    if spacing.shape != (2,) or not (spacing > 0).all():
        raise GeometryError(f"(0028,0030) PixelSpacing must be two positive numbers, not {spacing}")
    if at.shape[1:] != (3,) or not np.isfinite(at).all():
        raise GeometryError("(0020,0032) ImagePositionPatient must be three finite numbers")
    direction, distances = _slice_line(at, normal)
    columns = np.column_stack([cosines[:3], cosines[3:], direction])  # own x, y, z directions
    extents = np.array([*spacing[::-1] * (np.array(shape[::-1]) - 1), abs(distances[-1])])
    down, across = (np.arange(count) * step for count, step in zip(shape, spacing, strict=True))
    axes = (as_decimals(distances), as_decimals(down), as_decimals(across))
    nearest = np.abs(columns).argmax(axis=0)  # patient axis of each own axis
    snapped = np.zeros((3, 3))
    snapped[nearest, range(3)] = np.sign(columns[nearest, range(3)])
    drift = np.linalg.norm(columns - snapped, axis=0) * extents
    if len(set(nearest)) < 3 or drift.sum() >= ALIGNMENT_TOLERANCE_MM:
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = columns, at[0]
        flip = bool(distances[-1] < 0)
        dims = tuple(prefix + name for name in OBLIQUE_NAMES)
        presented = (axes[0][::-1] if flip else axes[0], axes[1], axes[2])
        grid = Grid((dims[0], dims[1], dims[2]), presented, matrix, frame_of_reference_uid)
        return grid, Layout((0, 1, 2), (flip, False, False))
    return _aligned(at, snapped, nearest, axes, prefix, frame_of_reference_uid)


def _aligned(
    positions: FloatArray,
    snapped: FloatArray,
    nearest: npt.NDArray[np.intp],
    axes: tuple[FloatArray, FloatArray, FloatArray],
    prefix: str,
    frame_of_reference_uid: str,
) -> tuple[Grid, Layout]:
    """Present an axis-aligned stack as ascending z, y, x."""
    order, flips, coords = [], [], []
    for patient_axis in (2, 1, 0):
        own_axis = int(np.flatnonzero(nearest == patient_axis)[0])  # 0 column, 1 row, 2 slice
        stored_axis = 2 - own_axis
        sign = snapped[patient_axis, own_axis]
        if stored_axis == 0:
            values = positions[:, patient_axis].copy()  # the true positions, digit for digit
        else:
            values = as_decimals(positions[0, patient_axis] + sign * axes[stored_axis])
        flip = bool(len(values) > 1 and values[0] > values[-1])
        coords.append(values[::-1].copy() if flip else values)
        order.append(stored_axis)
        flips.append(flip)
    names = [prefix + name for name in AXIS_NAMES]
    grid = Grid(
        (names[0], names[1], names[2]),
        (coords[0], coords[1], coords[2]),
        np.eye(4),
        frame_of_reference_uid,
    )
    return grid, Layout((order[0], order[1], order[2]), (flips[0], flips[1], flips[2]))


def _slice_line(positions: FloatArray, normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Unit direction from slice to slice and the signed distance of each slice from the first."""
    heights = (positions - positions[0]) @ normal
    if len(positions) == 1:
        return normal, heights
    steps = np.diff(heights)
    if not ((steps > 0).all() or (steps < 0).all()):
        raise GeometryError(
            "slices are not in order along their normal, or two share one position; "
            "sort them and drop duplicates first"
        )
    chord = positions[-1] - positions[0]
    direction = chord / np.linalg.norm(chord) * np.sign(heights[-1])
    distances = heights / float(direction @ normal)
    off = np.linalg.norm(positions - positions[0] - distances[:, None] * direction, axis=1)
    if off.max() >= 0.5:
        raise GeometryError(
            f"slices are not on one line: slice {int(off.argmax())} is {off.max():.2f} mm off"
        )
    return direction, distances


def slice_origins(grid: Grid, layout: Layout) -> tuple[FloatArray, FloatArray]:
    """Image Position (Patient) of every stored slice and the Image Orientation (Patient).

    The inverse of :func:`stack_grid`: the grid's axes must ascend along every dimension.

    Returns
    -------
    positions : ndarray, (n, 3)
        Centre of the first voxel of each stored slice, patient LPS mm, in stored order.
    orientation : ndarray, (6,)
        Row cosine, column cosine.
    """
    stored_axes: list[FloatArray] = [np.empty(0)] * 3
    directions = np.zeros((3, 3))  # rows: stored slice, row, column directions in patient mm
    own_of_stored = [0, 0, 0]
    for dim in range(3):
        stored = layout.order[dim]
        axis = grid.axes[dim]
        stored_axes[stored] = axis[::-1] if layout.flip[dim] else axis
        own_of_stored[stored] = 2 - dim
        sign = -1.0 if layout.flip[dim] else 1.0
        directions[stored] = sign * grid.matrix[:3, 2 - dim]
    first = np.empty((len(stored_axes[0]), 3))
    first[:, own_of_stored[0]] = stored_axes[0]
    first[:, own_of_stored[1]] = stored_axes[1][0]
    first[:, own_of_stored[2]] = stored_axes[2][0]
    return grid.to_patient(first), np.concatenate([directions[2], directions[1]])


def own_orientation(grid: Grid) -> list[float]:
    """Image Orientation (Patient) of a grid that was never a file: axial, or along its axes."""
    if grid.is_axis_aligned:
        return [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return [*map(float, grid.matrix[:3, 0]), *map(float, grid.matrix[:3, 1])]


def layout_for(grid: Grid, orientation: Sequence[float]) -> Layout:
    """Layout that stores an ascending grid with rows and columns like those of an orientation.

    Parameters
    ----------
    grid : Grid
        Axes ascending.
    orientation : sequence of 6 floats
        Row cosine and column cosine wanted, patient LPS. Of a grid with other axes, those that
        run nearest to them become rows and columns.
    """
    normal = slice_normal(orientation)
    cosines = np.asarray(orientation, dtype=np.float64)
    wanted = np.stack([normal, cosines[3:], cosines[:3]])  # slice, row, column
    own = grid.matrix[:3, :3] / np.linalg.norm(grid.matrix[:3, :3], axis=0)
    along = (wanted @ own)[:, ::-1]  # of each stored axis along each dimension
    dims = [0, 1, 2]
    z, y, x = max(permutations(dims), key=lambda order: float(np.abs(along[order, dims]).sum()))
    return Layout((z, y, x), (bool(along[z, 0] < 0), bool(along[y, 1] < 0), bool(along[x, 2] < 0)))
