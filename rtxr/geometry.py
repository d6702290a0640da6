"""Grids: where voxels are, in a grid's own millimetres and in patient millimetres (numpy only).

Two coordinate systems meet here. *Patient* points are (x, y, z) in millimetres in the DICOM
patient system: x to the patient's left, y to the back, z to the head (LPS). A grid's *own* points
are (x, y, z) or (column, row, slice) in millimetres along its own axes. The 4x4 matrix of a
:class:`Grid` takes own points to patient points; it is the identity for axis-aligned grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rtxr.errors import GeometryError

FloatArray = npt.NDArray[np.float64]

AXIS_NAMES = ("z", "y", "x")
OBLIQUE_NAMES = ("slice", "row", "column")
#: A grid counts as axis-aligned when no corner is further than this from where it would be, mm.
ALIGNMENT_TOLERANCE_MM = 0.01


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxel centres of a regular or irregular grid.

    Parameters
    ----------
    dims : tuple of str
        Names of the three dimensions, outermost first: ``("z", "y", "x")`` or
        ``("slice", "row", "column")``, with the variable's prefix.
    axes : tuple of ndarray
        Millimetre coordinates of voxel centres along ``dims``, each 1-D, any order.
    matrix : ndarray, (4, 4)
        Own millimetres (x, y, z, 1), that is ``(axes[2], axes[1], axes[0], 1)``, to patient LPS
        millimetres.
    frame_of_reference_uid : str
        Frame of Reference UID (0020,0052), empty where the source has none.
    """

    dims: tuple[str, str, str]
    axes: tuple[FloatArray, FloatArray, FloatArray]
    matrix: FloatArray = field(default_factory=lambda: np.eye(4))
    frame_of_reference_uid: str = ""

    def __repr__(self) -> str:
        parts = (
            f"{dim}: {len(axis)} from {axis[0]:g} to {axis[-1]:g} mm"
            for dim, axis in zip(self.dims, self.axes, strict=True)
        )
        kind = "axis-aligned" if self.is_axis_aligned else "oblique"
        return f"<Grid {kind}, {', '.join(parts)}>"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along ``dims``."""
        return (len(self.axes[0]), len(self.axes[1]), len(self.axes[2]))

    @property
    def is_axis_aligned(self) -> bool:
        """Whether own millimetres are patient millimetres."""
        return bool(np.array_equal(self.matrix, np.eye(4)))

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Median distance of neighbouring voxel centres along ``dims``, mm; NaN for one voxel."""
        z, y, x = (
            float(np.median(np.abs(np.diff(axis)))) if len(axis) > 1 else float("nan")
            for axis in self.axes
        )
        return (z, y, x)

    def to_patient(self, points: npt.ArrayLike) -> FloatArray:
        """Own (x, y, z) points, shape (..., 3), to patient LPS points, mm."""
        own = np.asarray(points, dtype=np.float64)
        return own @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def to_own(self, points: npt.ArrayLike) -> FloatArray:
        """Patient LPS (x, y, z) points, shape (..., 3), to own points, mm."""
        patient = np.asarray(points, dtype=np.float64)
        if self.is_axis_aligned:
            return patient
        return (patient - self.matrix[:3, 3]) @ np.linalg.inv(self.matrix[:3, :3]).T

    def edges(self, dim: int) -> FloatArray:
        """Cell edges along one dimension, mm: half way between centres, mirrored at both ends.

        Parameters
        ----------
        dim : int
            0, 1 or 2, as in ``dims``; the axis must ascend.

        Returns
        -------
        ndarray, (n + 1,)
            A single voxel gets edges 0.5 mm to each side.
        """
        return cell_edges(self.axes[dim])

    def fractional_index(self, points: npt.ArrayLike) -> FloatArray:
        """Fractional voxel indices (along ``dims``) of patient points; NaN outside the centres.

        Parameters
        ----------
        points : array_like, (..., 3)
            Patient LPS (x, y, z), mm.

        Returns
        -------
        ndarray, (..., 3)
            In the order of ``dims``; NaN where a point is beyond the outermost voxel centres.
        """
        own = self.to_own(points)
        return np.stack(
            [fractional_positions(self.axes[d], own[..., 2 - d]) for d in range(3)], axis=-1
        )

    def same_as(self, other: Grid, tolerance_mm: float = 1e-6) -> bool:
        """Whether both grids have the same voxel centres in patient millimetres."""
        if self.shape != other.shape:
            return False
        return bool(
            np.allclose(self.matrix, other.matrix, rtol=0, atol=1e-9)
            and all(
                np.allclose(a, b, rtol=0, atol=tolerance_mm)
                for a, b in zip(self.axes, other.axes, strict=True)
            )
        )


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


def cell_edges(centres: npt.ArrayLike) -> FloatArray:
    """Edges half way between ascending centres, mirrored at both ends; (n,) to (n + 1,)."""
    at = np.asarray(centres, dtype=np.float64)
    if len(at) == 1:
        return np.array([at[0] - 0.5, at[0] + 0.5])
    middle = (at[1:] + at[:-1]) / 2
    return np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])


def fractional_positions(axis: FloatArray, values: FloatArray) -> FloatArray:
    """Fractional indices of values on an ascending or descending axis; NaN outside its ends.

    A value up to 0.01 mm beyond an end, as far as an axis-aligned grid may be off, is on it.
    """
    if len(axis) == 1:
        return np.where(np.abs(values - axis[0]) <= ALIGNMENT_TOLERANCE_MM, 0.0, np.nan)
    index = np.arange(len(axis), dtype=np.float64)
    if axis[0] > axis[-1]:
        axis, index = axis[::-1], index[::-1]
    slack = ALIGNMENT_TOLERANCE_MM
    inside = (values >= axis[0] - slack) & (values <= axis[-1] + slack)
    return np.where(inside, np.interp(values, axis, index), np.nan)


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
    extents = np.array(
        [spacing[1] * (shape[1] - 1), spacing[0] * (shape[0] - 1), abs(distances[-1])]
    )
    axes = (distances, np.arange(shape[0]) * spacing[0], np.arange(shape[1]) * spacing[1])
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
            values = positions[0, patient_axis] + sign * axes[stored_axis]
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


def layout_for(grid: Grid, orientation: Sequence[float]) -> Layout:
    """Layout that stores an ascending grid with the rows and columns of an orientation.

    Parameters
    ----------
    grid : Grid
        Axes ascending.
    orientation : sequence of 6 floats
        Row cosine and column cosine wanted, patient LPS.

    Raises
    ------
    GeometryError
        The orientation is not one of the grid's own axes.
    """
    normal = slice_normal(orientation)
    cosines = np.asarray(orientation, dtype=np.float64)
    wanted = np.stack([normal, cosines[3:], cosines[:3]])  # slice, row, column
    own = grid.matrix[:3, :3] / np.linalg.norm(grid.matrix[:3, :3], axis=0)
    order = [-1, -1, -1]
    flip = [False, False, False]
    for dim in range(3):
        along = wanted @ own[:, 2 - dim]
        stored = int(np.abs(along).argmax())
        order[dim], flip[dim] = stored, bool(along[stored] < 0)
    if sorted(order) != [0, 1, 2]:
        raise GeometryError(
            "(0020,0037) ImageOrientationPatient does not run along the axes of the grid"
        )
    return Layout((order[0], order[1], order[2]), (flip[0], flip[1], flip[2]))
