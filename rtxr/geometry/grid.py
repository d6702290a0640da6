"""A grid: positions of voxel centres, cell edges, and the way to and from patient millimetres."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

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
    axes : tuple of array_like
        Millimetre coordinates of voxel centres along ``dims``, each 1-D, any order.
    matrix : ndarray, (4, 4)
        Own millimetres (x, y, z, 1), that is ``(axes[2], axes[1], axes[0], 1)``, to patient LPS
        millimetres.
    frame_of_reference_uid : str
        Frame of Reference UID (0020,0052), empty where the source has none.

    Raises
    ------
    GeometryError
        Dimensions in another order or of other names, axes or a matrix of another shape.
    """

    dims: tuple[str, str, str]
    axes: tuple[FloatArray, FloatArray, FloatArray]
    matrix: FloatArray = field(default_factory=lambda: np.eye(4))
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        prefixes = {
            tuple(dim.removesuffix(name) for dim, name in zip(self.dims, family, strict=True))
            for family in (AXIS_NAMES, OBLIQUE_NAMES)
            if len(self.dims) == 3 and all(map(str.endswith, self.dims, family))
        }
        if not any(len(set(prefix)) == 1 for prefix in prefixes):
            raise GeometryError(
                f"dims={self.dims}: the dimensions of a grid are {AXIS_NAMES} or {OBLIQUE_NAMES}, "
                "outermost first, all with one prefix or none"
            )
        axes = tuple(np.asarray(axis, dtype=np.float64) for axis in self.axes)
        matrix = np.asarray(self.matrix, dtype=np.float64)
        if [axis.ndim for axis in axes] != [1, 1, 1] or matrix.shape != (4, 4):
            raise GeometryError(
                "a grid has three axes of one dimension each and a matrix of shape (4, 4), not "
                f"axes of shapes {[axis.shape for axis in axes]} and a matrix of {matrix.shape}"
            )
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "matrix", matrix)

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

    @cached_property
    def is_axis_aligned(self) -> bool:
        """Whether own millimetres are patient millimetres."""
        return bool(np.array_equal(self.matrix, np.eye(4)))

    @cached_property
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
        if 0 in self.shape:
            return True
        # Positions are affine in the axes: three lines of voxels through one corner say all.
        lines = zip(self._lines(), other._lines(), strict=True)
        return all(float(np.abs(one - two).max()) <= tolerance_mm for one, two in lines)

    def coincides(self, other: Grid) -> bool:
        """Whether both have the same voxel centres, in frames of reference that may be one."""
        frames = {self.frame_of_reference_uid, other.frame_of_reference_uid} - {""}
        return len(frames) < 2 and self.same_as(other)

    def _lines(self) -> list[FloatArray]:
        """Patient positions along each dimension, the others at their first voxel, (n, 3)."""
        corner = np.array([axis[0] for axis in self.axes[::-1]])
        lines = []
        for dim, axis in enumerate(self.axes):
            points = np.tile(corner, (len(axis), 1))
            points[:, 2 - dim] = axis
            lines.append(self.to_patient(points))
        return lines


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


def as_decimals(values: npt.ArrayLike) -> FloatArray:
    """Sums of decimal numbers without what float arithmetic added: 2.1, not 2.0999999999999996.

    So a voxel has one coordinate from whichever corner it is counted. More than 9 decimals stay.
    """
    sums = np.asarray(values, dtype=np.float64)
    nearest = np.round(sums, 9)
    return np.where(np.abs(nearest - sums) < 1e-11, nearest, sums)
