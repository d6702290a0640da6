"""What can be given as the shape of a structure, as contours: a mask on any grid, or contours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


def drawn(ds: xr.Dataset, shape: Shape, options: MaskOptions) -> Drawing:
    """A shape as contours.

    Parameters
    ----------
    ds : Dataset
        A case: what an array without coordinates lies on, and which way its slices run.
    shape : DataArray, ndarray or sequence of array_like
        As in :func:`rtxr.edit.structures.add_structure`.
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
        return _from_mask(ds, shape, options)
    if isinstance(shape, str):
        require_array(shape, "a shape is a DataArray, an ndarray or a list of contours, (n, 3)")
    if (options.smooth, options.simplify) != (None, None):
        raise RTXRError("smooth and simplify are for masks, and this shape is a list of contours")
    points = [_contour(at, given) for at, given in enumerate(shape)]
    return Drawing(points, [POINT if len(each) == 1 else CLOSED for each in points])


def image_uids(ds: xr.Dataset, contours: Sequence[FloatArray]) -> list[str]:
    """Image in whose plane each contour lies, within 0.01 mm; empty where there is none.

    Parameters
    ----------
    ds : Dataset
        A case. Of a dynamic series the first label's images are named: contours hold for all.
    contours : sequence of ndarray, (n, 3)
        Patient LPS (x, y, z), mm.
    """
    name, dim = model.image_name(ds), _slice_dim(ds)
    uid = ds.coords.get(model.uid_name(name or ""))
    if name is None or uid is None or not contours:
        return [""] * len(contours)
    grid = model.grid_of(ds, name)
    leading = [each for each in uid.dims if each not in grid.dims]
    uids = np.atleast_1d(uid.isel(dict.fromkeys(leading, 0)).values)
    starts = np.cumsum([0, *map(len, contours)])[:-1]
    height = grid.to_own(np.concatenate(list(contours)))[:, 2 - dim]
    low, high = np.minimum.reduceat(height, starts), np.maximum.reduceat(height, starts)
    axis = grid.axes[dim]
    nearest = np.abs(axis - (low + high)[:, None] / 2).argmin(axis=1)
    off = np.maximum(np.abs(low - axis[nearest]), np.abs(high - axis[nearest]))
    return [
        str(uids[at]) if far <= ALIGNMENT_TOLERANCE_MM else ""
        for at, far in zip(nearest.tolist(), off.tolist(), strict=True)
    ]


def outside_findings(ds: xr.Dataset, contours: Sequence[FloatArray]) -> list[Finding]:
    """A finding where contours leave the image, whose voxels reach half way to their neighbours.

    What is smaller than half a voxel does not count: points, and what marks an empty slice beside
    the image.

    Parameters
    ----------
    ds : Dataset
        A case.
    contours : sequence of ndarray, (n, 3)
        Patient LPS (x, y, z), mm.
    """
    if model.image_name(ds) is None or not contours:
        return []
    grid = model.grid_of(ds)
    starts = np.cumsum([0, *map(len, contours)])[:-1]
    own = grid.to_own(np.concatenate(list(contours)))
    low, high = np.minimum.reduceat(own, starts), np.maximum.reduceat(own, starts)
    edges = [cell_edges(np.sort(axis)) for axis in grid.axes[::-1]]
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


def _slice_dim(ds: xr.Dataset) -> int:
    """Number of the image's grid dimension along which its slices run; 0 where nothing says."""
    name = model.image_name(ds)
    uid = ds.coords.get(model.uid_name(name or ""))
    if name is None or uid is None:
        return 0
    dims = model.grid_of(ds, name).dims
    gone = [dim for dim in dims if dim not in ds[name].dims]  # of a single slice
    along = [dim for dim in uid.dims if dim in dims] or gone or [dims[0]]
    return dims.index(str(along[0]))


def _dim_on(ds: xr.Dataset, grid: Grid) -> int:
    """Number of a grid's dimension that runs as the slices of the image do; else 0."""
    name = model.image_name(ds)
    if name is None:
        return 0
    along = frames.axis_map(model.grid_of(ds, name).matrix, grid.matrix)
    return 0 if along is None else 2 - along.axis[2 - _slice_dim(ds)]


# --- masks ----------------------------------------------------------------------------------------
def _from_mask(
    ds: xr.Dataset, shape: xr.DataArray | npt.NDArray[np.generic], options: MaskOptions
) -> Drawing:
    require_array(shape, "a shape is a DataArray, an ndarray or a list of contours, (n, 3)")
    array = shape if isinstance(shape, xr.DataArray) else _on_image(ds, np.asarray(shape))
    array = placed(array)
    grid = model.grid_of(array)
    image = model.image_name(ds)
    found = outlines(
        true_or_false(array.values),
        grid,
        _dim_on(ds, grid),
        holes=options.holes,
        smooth=options.smooth,
        simplify=options.simplify,
        image=_ascending(model.grid_of(ds, image)) if image else None,
    )
    # Holes that are contours of their own are holes by XOR alone, which the type then says.
    kind = XOR_TYPE if options.holes == "nested" else CLOSED
    kinds = [kind] * len(found.points)
    return Drawing(found.points, kinds, (*found.findings, *_frame_findings(ds, grid)))


def _ascending(grid: Grid) -> Grid:
    """The grid with the same voxels, its axes ascending."""
    z, y, x = map(np.sort, grid.axes)
    return replace(grid, axes=(z, y, x))


def _on_image(ds: xr.Dataset, values: npt.NDArray[np.generic]) -> xr.DataArray:
    """Values in the shape of the image, with its coordinates."""
    name = model.image_name(ds)
    if name is None:
        raise MissingDataError(
            "an array without coordinates is taken to lie on the image, and this Dataset has none; "
            "give a DataArray with coordinates, such as ds.dose > 20"
        )
    image = ds[name]
    if leading := model.leading_dims(image):
        image = image.isel(dict.fromkeys(leading, 0))
    if values.shape != image.shape:
        raise GeometryError(
            f"the array has shape {values.shape}, and the image {name!r} is "
            f"{', '.join(f'{dim}: {size}' for dim, size in image.sizes.items())}; give a DataArray "
            "for a mask on another grid, and a list for contours: [points, …]"
        )
    names = (*model.grid_of(image).dims, model.SPATIAL_REF)
    coords = {each: image.coords[each].variable for each in names if each in image.coords}
    return xr.DataArray(values, coords, image.dims, model.MASK)


def _frame_findings(ds: xr.Dataset, grid: Grid) -> list[Finding]:
    """A finding where a mask is in another frame of reference than the image."""
    image = model.grid_of(ds) if model.image_name(ds) else None
    return frame_findings(grid, image, "its mask was", "the image")


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
