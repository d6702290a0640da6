"""What can be given as the shape of a structure, as contours: a mask on any grid, or contours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.analysis.drawing.outlines import Holes, outlines
from rtxr.analysis.grids import frames
from rtxr.analysis.structures.given_arrays import (
    frame_findings,
    placed,
    require_array,
    true_or_false,
)
from rtxr.analysis.structures.planes import CLOSED_TYPES, PLANAR_MM, XOR_TYPE
from rtxr.errors import Finding, GeometryError, MissingDataError, RTXRError
from rtxr.geometry import (
    ALIGNMENT_TOLERANCE_MM,
    FloatArray,
    Grid,
    cell_edges,
)

#: Contour Geometric Type (3006,0042) of contours and of single points.
CLOSED, POINT = CLOSED_TYPES[0], "POINT"
#: A mask with coordinates, a mask in the shape of the image, or contours, each (n, 3).
Shape = xr.DataArray | npt.NDArray[np.generic] | Sequence[npt.ArrayLike]


@dataclass(frozen=True)
class Drawing:
    """A structure as contours.

    Parameters
    ----------
    points : list of ndarray, (n, 3)
        Patient LPS (x, y, z), mm.
    kinds : list of str
        Contour Geometric Type (3006,0042) of each.
    findings : tuple of Finding
        What was noticed on the way.
    """

    points: list[FloatArray]
    kinds: list[str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class MaskOptions:
    """How a mask becomes contours, see :func:`rtxr.analysis.drawing.outlines.outlines`."""

    holes: Holes = "keyhole"
    smooth: float | None = None
    simplify: float | None = None


@dataclass(frozen=True, eq=False)
class Canvas:
    """The image of a case, as shapes are drawn on it; what is asked of it is found once.

    Parameters
    ----------
    ds : Dataset
        A case, with or without an image.
    """

    ds: xr.Dataset

    @cached_property
    def name(self) -> str | None:
        """Variable of the image."""
        return model.image_name(self.ds)

    @cached_property
    def grid(self) -> Grid | None:
        """Grid of the image."""
        return None if self.name is None else model.grid_of(self.ds, self.name)

    @cached_property
    def ascending(self) -> Grid | None:
        """The grid with the same voxels, its axes ascending."""
        if self.grid is None:
            return None
        z, y, x = map(np.sort, self.grid.axes)
        return replace(self.grid, axes=(z, y, x))

    @cached_property
    def dim(self) -> int:
        """Number of the grid dimension along which slices run; 0 where nothing says."""
        uid = self.ds.coords.get(model.uid_name(self.name or ""))
        if self.name is None or self.grid is None or uid is None:
            return 0
        dims = self.grid.dims
        gone = [dim for dim in dims if dim not in self.ds[self.name].dims]  # of a single slice
        along = [dim for dim in uid.dims if dim in dims] or gone or [dims[0]]
        return dims.index(str(along[0]))

    @cached_property
    def blank(self) -> xr.DataArray | None:
        """A mask of the image, of one label where it is dynamic; its values take no memory."""
        if self.name is None or self.grid is None:
            return None
        image = self.ds[self.name]
        image = image.isel(dict.fromkeys(model.leading_dims(image), 0))
        names = (*self.grid.dims, model.SPATIAL_REF)
        coords = {each: image.coords[each].variable for each in names if each in image.coords}
        values = np.broadcast_to(np.False_, image.shape)
        return xr.DataArray(values, coords, image.dims, model.MASK)


def drawn(canvas: Canvas, shape: Shape, options: MaskOptions) -> Drawing:
    """A shape as contours.

    Parameters
    ----------
    canvas : Canvas
        What an array without coordinates lies on, and which way its slices run.
    shape : DataArray, ndarray or sequence of array_like
        As in :func:`rtxr.edit.structures.edits.add_structure`.
    options : MaskOptions
        For masks.

    Raises
    ------
    GeometryError
        The mask does not fit the image, has dimensions beside its grid, or a contour is not made
        of points, has two of them or is not flat.
    MissingDataError
        A mask whose place cannot be told.
    RTXRError
        Values other than true and false, or options for masks with contours.
    """
    if not isinstance(shape, Sequence):
        return _from_mask(canvas, shape, options)
    if isinstance(shape, str):
        require_array(shape, "a shape is a DataArray, an ndarray or a list of contours, (n, 3)")
    if (options.smooth, options.simplify) != (None, None):
        raise RTXRError("smooth and simplify are for masks, and this shape is a list of contours")
    points = [_contour(at, given) for at, given in enumerate(shape)]
    return Drawing(points, [POINT if len(each) == 1 else CLOSED for each in points])


def image_uids(canvas: Canvas, contours: Sequence[FloatArray]) -> list[str]:
    """Image in whose plane each contour lies, within 0.01 mm; empty where there is none.

    Parameters
    ----------
    canvas : Canvas
        The image. Of a dynamic series the first label's images are named: contours hold for all.
    contours : sequence of ndarray, (n, 3)
        Patient LPS (x, y, z), mm.
    """
    grid, uid = canvas.grid, canvas.ds.coords.get(model.uid_name(canvas.name or ""))
    if grid is None or uid is None or not contours:
        return [""] * len(contours)
    leading = [each for each in uid.dims if each not in grid.dims]
    uids = np.atleast_1d(uid.isel(dict.fromkeys(leading, 0)).values)
    starts = np.cumsum([0, *map(len, contours)])[:-1]
    height = grid.to_own(np.concatenate(list(contours)))[:, 2 - canvas.dim]
    low, high = np.minimum.reduceat(height, starts), np.maximum.reduceat(height, starts)
    axis = grid.axes[canvas.dim]
    nearest = np.abs(axis - (low + high)[:, None] / 2).argmin(axis=1)
    off = np.maximum(np.abs(low - axis[nearest]), np.abs(high - axis[nearest]))
    return [
        str(uids[at]) if far <= ALIGNMENT_TOLERANCE_MM else ""
        for at, far in zip(nearest.tolist(), off.tolist(), strict=True)
    ]


def outside_findings(canvas: Canvas, contours: Sequence[FloatArray]) -> list[Finding]:
    """A finding where contours leave the image, whose voxels reach half way to their neighbours.

    What is smaller than half a voxel does not count: points, and what marks an empty slice beside
    the image.

    Parameters
    ----------
    canvas : Canvas
        The image.
    contours : sequence of ndarray, (n, 3)
        Patient LPS (x, y, z), mm.
    """
    grid, ascending = canvas.grid, canvas.ascending
    if grid is None or ascending is None or not contours:
        return []
    starts = np.cumsum([0, *map(len, contours)])[:-1]
    own = grid.to_own(np.concatenate(list(contours)))
    low, high = np.minimum.reduceat(own, starts), np.maximum.reduceat(own, starts)
    edges = [cell_edges(axis) for axis in ascending.axes[::-1]]
    counted = (high - low).max(axis=1) > min(np.diff(each).min() for each in edges) / 2
    low, high = low[counted], high[counted]
    first, last = np.array([each[[0, -1]] for each in edges]).T
    beyond = float(np.maximum(first - low, high - last).max(initial=0.0))
    if beyond <= ALIGNMENT_TOLERANCE_MM:
        return []
    apart = int(((high < first) | (low > last)).any(axis=1).sum())
    text = (
        f"it reaches up to {beyond:.1f} mm beyond the image; {apart} of its {len(low)} contours "
        "lie wholly outside"
    )
    return [Finding("outside-image", "warning", text)]


def _dim_on(canvas: Canvas, grid: Grid) -> int:
    """Number of a grid's dimension that runs as the slices of the image do; else 0."""
    if canvas.grid is None:
        return 0
    along = frames.axis_map(canvas.grid.matrix, grid.matrix)
    return 0 if along is None else 2 - along.axis[2 - canvas.dim]


# --- masks ----------------------------------------------------------------------------------------
def _from_mask(
    canvas: Canvas, shape: xr.DataArray | npt.NDArray[np.generic], options: MaskOptions
) -> Drawing:
    require_array(shape, "a shape is a DataArray, an ndarray or a list of contours, (n, 3)")
    array = shape if isinstance(shape, xr.DataArray) else _on_image(canvas, np.asarray(shape))
    array = placed(array)
    grid = model.grid_of(array)
    found = outlines(
        true_or_false(array.values),
        grid,
        _dim_on(canvas, grid),
        holes=options.holes,
        smooth=options.smooth,
        simplify=options.simplify,
        image=canvas.ascending,
    )
    # Holes that are contours of their own are holes by XOR alone, which the type then says.
    kind = XOR_TYPE if options.holes == "nested" else CLOSED
    kinds = [kind] * len(found.points)
    findings = frame_findings(grid, canvas.grid, "its mask was", "the image")
    return Drawing(found.points, kinds, (*found.findings, *findings))


def _on_image(canvas: Canvas, values: npt.NDArray[np.generic]) -> xr.DataArray:
    """Values in the shape of the image, with its coordinates."""
    blank = canvas.blank
    if blank is None:
        raise MissingDataError(
            "an array without coordinates is taken to lie on the image, and this Dataset has none; "
            "give a DataArray with coordinates, such as ds.dose > 20"
        )
    if values.shape != blank.shape:
        raise GeometryError(
            f"the array has shape {values.shape}, and the image {canvas.name!r} is "
            f"{', '.join(f'{dim}: {size}' for dim, size in blank.sizes.items())}; give a DataArray "
            "for a mask on another grid, and a list for contours: [points, …]"
        )
    return blank.copy(deep=False, data=values)


# --- contours -------------------------------------------------------------------------------------
def _contour(at: int, given: npt.ArrayLike) -> FloatArray:
    """Points of one contour, (n, 3), checked."""
    try:
        points = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GeometryError(f"contour {at} is not made of numbers") from error
    if points.ndim != 2 or points.shape[1] != 3 or not len(points):
        raise GeometryError(
            f"contour {at} has shape {points.shape}; a contour is (n, 3): x, y, z in patient LPS mm"
        )
    if not np.isfinite(points).all():
        raise GeometryError(f"contour {at} has points that are NaN or infinite")
    if len(points) == 2:
        raise GeometryError(
            f"contour {at} has two points; a closed contour has at least three, one is a POINT"
        )
    frame = frames.fitted_frame(points) if len(points) > 3 else None
    if frame is not None:
        off = float(np.ptp(frames.to_frame(frame, points)[:, 2]))
        if off > PLANAR_MM:
            raise GeometryError(
                f"contour {at} leaves its plane by {off:.2f} mm; give one flat contour per plane"
            )
    return points
