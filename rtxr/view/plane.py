"""One plane of a case, ready to draw: where it is, which way up, what lies on it (numbers only).

A plane is one layer of voxels of the image's grid (of the dose's where there is no image), across
any of the grid's own axes. Own axes are numbered 0 (x or column), 1 (y or row), 2 (z or slice), as
in :attr:`rtxr.geometry.Grid.matrix`; arrays of a plane are (up the page, across the page), both
along ascending own coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.grids import frames, resample
from rtxr.analysis.structures import contours, raster
from rtxr.analysis.structures.planes import CLOSED_TYPES, RoiContours, Slabs
from rtxr.errors import GeometryError, MissingDataError
from rtxr.geometry import FloatArray, Grid, cell_edges

BoolArray = npt.NDArray[np.bool_]

#: Letters of the patient's directions at the positive and negative end of x, y and z (LPS).
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
#: A direction is named after every patient axis along which it goes by more than this.
_NAMED = 0.2
#: Whether the patient's x, y or z grows up the page, where it runs up the page.
_UP_SIGN = (1, -1, 1)
#: Spacing may vary by this part of itself and still count as regular.
_REGULAR = 1e-3


@dataclass(frozen=True, eq=False)
class Plane:
    """One layer of voxels and how it is laid out on the page.

    Parameters
    ----------
    grid : Grid
        The grid it is taken from, every axis ascending.
    normal, across, up : int
        Own axis through the plane, from left to right and from bottom to top of the page.
    index : int
        Which layer along ``normal``.
    flip_across, flip_up : bool
        Whether own coordinates fall from left to right, from bottom to top.
    """

    grid: Grid
    normal: int
    index: int
    across: int
    up: int
    flip_across: bool
    flip_up: bool

    @property
    def position(self) -> float:
        """Own coordinate of the plane, mm."""
        return float(self.axis(self.normal)[self.index])

    @property
    def layer(self) -> Grid:
        """Grid of this layer of voxels only."""
        axes = list(self.grid.axes)
        axes[2 - self.normal] = axes[2 - self.normal][[self.index]]
        grid = self.grid
        return Grid(
            grid.dims, (axes[0], axes[1], axes[2]), grid.matrix, grid.frame_of_reference_uid
        )

    def axis(self, own: int) -> FloatArray:
        """Voxel centres along an own axis, mm."""
        return self.grid.axes[2 - own]

    def name(self, own: int) -> str:
        """Name of an own axis without its prefix: x, y, z, or column, row, slice."""
        return self.grid.dims[2 - own].rsplit("_", 1)[-1]

    def limits(self, own: int) -> tuple[float, float]:
        """Voxel edges at both ends of the page along an own axis, first the left or lower one."""
        edges = cell_edges(self.axis(own))
        flip = self.flip_across if own == self.across else self.flip_up
        low, high = float(edges[0]), float(edges[-1])
        return (high, low) if flip else (low, high)

    def letters(self) -> tuple[str, str, str, str]:
        """Patient directions at the left, right, bottom and top of the page."""
        right = self.grid.matrix[:3, self.across] * (-1 if self.flip_across else 1)
        top = self.grid.matrix[:3, self.up] * (-1 if self.flip_up else 1)
        return (
            direction_letters(-right),
            direction_letters(right),
            direction_letters(-top),
            direction_letters(top),
        )

    def page(self, layer: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """An array on :attr:`layer`, in grid order, as (up, across)."""
        order = [2 - self.normal, 2 - self.up, 2 - self.across]
        return np.asarray(layer.transpose(order)[0])

    def on_page(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Patient points (n, 3) as (across, up) own mm, (n, 2), and their own normal coordinate."""
        own = self.grid.to_own(points)
        return own[:, [self.across, self.up]], own[:, self.normal]


@dataclass(frozen=True, eq=False)
class Outline:
    """What one ROI shows on a plane.

    Parameters
    ----------
    label : str
        ROI label.
    lines : list of ndarray, (n, 2)
        Contours on the plane, (across, up) own mm; closed ones end where they begin.
    points : list of ndarray, (1, 2)
        POINT contours within the layer of voxels.
    mask : ndarray of bool, (up, across), optional
        Voxels inside, where the ROI's contours are not parallel to the plane.
    """

    label: str
    lines: list[FloatArray] = field(default_factory=list)
    points: list[FloatArray] = field(default_factory=list)
    mask: BoolArray | None = None

    def __bool__(self) -> bool:
        return bool(self.lines or self.points or self.mask is not None)


def direction_letters(direction: FloatArray) -> str:
    """Name of a patient direction: ``"L"``, ``"PH"``, the nearest axis first."""
    order = np.argsort(-np.abs(direction), kind="stable")
    named = [axis for axis in order.tolist() if abs(direction[axis]) > _NAMED]
    return "".join(_LETTERS[axis][int(direction[axis] < 0)] for axis in named)


def is_regular(axis: FloatArray) -> bool:
    """Whether voxel centres are evenly spaced."""
    steps = np.diff(axis)
    return len(steps) < 2 or bool(np.ptp(steps) <= _REGULAR * np.median(steps))


def reference_name(ds: xr.Dataset) -> str:
    """Variable whose voxels are shown: the image, else the first dose.

    Raises
    ------
    MissingDataError
        Neither is there.
    """
    names = [name for name in (model.image_name(ds), *model.dose_names(ds)) if name]
    if not names:
        raise MissingDataError(
            "this Dataset has neither an image (ct, mr or pt) nor a dose to show a slice of"
        )
    return names[0]


def choose_plane(
    ds: xr.Dataset, x: float | None = None, y: float | None = None, z: float | None = None
) -> Plane:
    """Plane nearest to a position along one axis; the middle z (slice) by default.

    Parameters
    ----------
    ds : Dataset
        A case with an image or a dose.
    x, y, z : float, optional
        At most one: patient LPS mm, or own column, row, slice mm of an oblique grid.

    Raises
    ------
    MissingDataError
        Neither image nor dose.
    GeometryError
        Several positions, or one beyond the voxels; the message says how far they reach.
    """
    given = {axis: value for axis, value in enumerate((x, y, z)) if value is not None}
    if len(given) > 1:
        asked = ", ".join(f"{'xyz'[axis]}={value:g}" for axis, value in given.items())
        raise GeometryError(f"a slice is across one axis, not {asked}; give one of x, y, z")
    name = reference_name(ds)
    grid = model.grid_of(model.ascending(ds[name]))
    normal, position = next(iter(given.items()), (2, None))
    axis = grid.axes[2 - normal]
    if position is None:
        position = (axis[0] + axis[-1]) / 2
    edges = cell_edges(axis)
    if not edges[0] <= position <= edges[-1]:
        raise GeometryError(
            f"{'xyz'[normal]}={position:g} mm is outside {name!r}, which reaches from "
            f"{edges[0]:g} to {edges[-1]:g} mm"
        )
    index = int(np.abs(axis - position).argmin())
    return Plane(grid, normal, index, *layout(grid.matrix, normal))


def layout(matrix: FloatArray, normal: int) -> tuple[int, int, bool, bool]:
    """Own axes across and up the page, and whether each is reversed.

    The axis that runs most from foot to head goes up the page, else the one from front to back,
    which then has the front on top; across the page go right to left of the patient, or front to
    back. So axial, coronal and sagittal planes of any grid come out the usual way up.
    """
    size = np.abs(matrix[:3, :3])
    nearest = size.argmax(axis=0)
    across, up = sorted(
        (axis for axis in range(3) if axis != normal),
        key=lambda axis: (int(nearest[axis]), float(size[:, axis].max())),
    )
    to_right = matrix[nearest[across], across]
    upward = matrix[nearest[up], up] * _UP_SIGN[int(nearest[up])]
    return across, up, bool(to_right < 0), bool(upward < 0)


def image_on(ds: xr.Dataset, name: str, plane: Plane) -> npt.NDArray[np.generic]:
    """Values of the variable the plane was taken from, (up, across); reads this plane only."""
    dim = plane.grid.dims[2 - plane.normal]
    array = model.ascending(ds[name]).isel({dim: [plane.index]})
    return plane.page(array.transpose(*plane.grid.dims).values)


def dose_on(ds: xr.Dataset, name: str, plane: Plane) -> FloatArray | None:
    """Dose at the plane's voxel centres, (up, across), trilinear; None where it has none there.

    Only the layers of the dose grid that the plane lies between are read. NaN outside the
    outermost voxel centres of the dose grid (see :func:`rtxr.analysis.grids.resample.dose_on`).
    """
    name = model.resolve(ds, name)
    array = model.ascending(ds[name])
    grid, layer = model.grid_of(array), plane.layer
    ends = [(axis[0], axis[-1]) for axis in layer.axes[::-1]]
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    own = grid.to_own(layer.to_patient(corners))
    low, high = own.min(axis=0), own.max(axis=0)
    near = {dim: _bracket(grid.axes[d], low[2 - d], high[2 - d]) for d, dim in enumerate(grid.dims)}
    if any(part.start >= part.stop for part in near.values()):
        return None
    part = array.isel(near).to_dataset(name=name)
    values = plane.page(resample.dose_on(part, layer, name).values)
    return None if np.isnan(values).all() else np.asarray(values, dtype=np.float64)


def _bracket(axis: FloatArray, low: float, high: float) -> slice:
    """Voxels of an ascending axis needed to interpolate from ``low`` to ``high``; empty if none."""
    slack = 0.01  # rounding of a matrix product must not lose the outermost layer
    if high < axis[0] - slack or low > axis[-1] + slack:
        return slice(0, 0)
    first = np.searchsorted(axis, low, side="right") - 1
    last = np.searchsorted(axis, high, side="left")
    return slice(max(int(first), 0), min(int(last), len(axis) - 1) + 1)


def outlines(ds: xr.Dataset, plane: Plane, labels: Sequence[str]) -> list[Outline]:
    """What the ROIs show on a plane, those that show nothing left out.

    Contours parallel to the plane are taken as they are: those of the contour plane in whose slab
    (half way to its neighbours, as for masks) the plane lies. Any other ROI is rasterised there.
    """
    if not labels:
        return []
    parts = contours.slabs(ds, labels, first=plane.grid)
    both = zip(contours.read_contours(ds, labels), parts, strict=True)
    return [shown for roi, part in both if (shown := _outline(roi, part, plane))]


def _outline(roi: RoiContours, part: Slabs, plane: Plane) -> Outline:
    """What one ROI shows on a plane."""
    lines, points = _open_contours(roi, plane)
    along = frames.axis_map(part.frame, plane.grid.matrix)
    if along is None or along.axis[2] != plane.normal:
        return Outline(roi.label, lines, points, _mask(part, plane))
    here, slices = (along.values(axes, 2) for axes in (plane.layer.axes, plane.grid.axes))
    at = int(raster.plane_at(part, here, slices)[0])
    if at >= 0:
        heights = along.sign[2] * part.position + along.offset[2]
        lines = _closed_contours(roi, plane, heights, at) + lines
    return Outline(roi.label, lines, points)


def _closed_contours(
    roi: RoiContours, plane: Plane, heights: FloatArray, at: int
) -> list[FloatArray]:
    """Closed contours whose nearest contour plane is number ``at``, first point repeated."""
    found = []
    for kind, points in _each(roi):
        if kind not in CLOSED_TYPES or len(points) < 3:
            continue
        line, height = plane.on_page(points)
        if int(np.abs(heights - height.mean()).argmin()) == at:
            found.append(np.concatenate([line, line[:1]]))
    return found


def _open_contours(roi: RoiContours, plane: Plane) -> tuple[list[FloatArray], list[FloatArray]]:
    """Open lines and single points that lie in the layer of voxels."""
    edges = cell_edges(plane.axis(plane.normal))
    low, high = edges[plane.index], edges[plane.index + 1]
    lines: list[FloatArray] = []
    points: list[FloatArray] = []
    for kind, nodes in _each(roi):
        if kind in CLOSED_TYPES or not len(nodes):
            continue
        line, height = plane.on_page(nodes)
        if ((height >= low) & (height < high)).all():
            (lines if len(nodes) > 1 else points).append(line)
    return lines, points


def _each(roi: RoiContours) -> list[tuple[str, FloatArray]]:
    """Type and points of each contour."""
    bounds = zip(roi.starts[:-1], roi.starts[1:], strict=True)
    pieces = [roi.points[start:stop] for start, stop in bounds]
    return list(zip(map(str, roi.types), pieces, strict=True))


def _mask(part: Slabs, plane: Plane) -> BoolArray | None:
    """Voxels of the plane inside a ROI, (up, across); None where there are none."""
    layer = plane.layer
    out = np.zeros(layer.shape, dtype=bool)
    raster.rasterise(part, plane.grid, layer.axes, "xor", out)
    return plane.page(out).astype(bool) if out.any() else None
