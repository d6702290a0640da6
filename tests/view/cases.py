"""Small case Datasets built by hand: an image, a dose and structures of which all is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.geometry import Grid


def axial_grid(
    shape: Sequence[int], spacing: Sequence[float], first: Sequence[float], prefix: str = ""
) -> Grid:
    """Grid along patient axes; shape, spacing and first are (z, y, x)."""
    axes = [f + s * np.arange(n) for n, s, f in zip(shape, spacing, first, strict=True)]
    return Grid((f"{prefix}z", f"{prefix}y", f"{prefix}x"), (axes[0], axes[1], axes[2]))


def turned(grid: Grid, matrix: np.ndarray) -> Grid:
    """The same own axes behind a matrix."""
    prefix = grid.dims[0].removesuffix("z")
    return Grid((f"{prefix}slice", f"{prefix}row", f"{prefix}column"), grid.axes, matrix)


def square(half: float, height: float, normal: int = 2) -> np.ndarray:
    """Square contour about the origin, across patient axis ``normal``, (4, 3)."""
    points = np.full((4, 3), float(height))
    flat = [axis for axis in range(3) if axis != normal]
    points[:, flat] = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return points


def structures(
    rois: Mapping[str, Sequence[tuple[str, np.ndarray]]], colors: Sequence[str]
) -> dict[str, xr.Variable]:
    """Coordinates of some ROIs: label > contours as (type, points)."""
    contours = [(n, *each) for n, group in enumerate(rois.values(), 1) for each in group]
    nodes = np.concatenate([points for _, _, points in contours] or [np.empty((0, 3))])
    keys = np.arange(len(contours))
    labels = np.array(list(rois), dtype=np.str_)

    def by_contour(values: list) -> xr.Variable:
        return xr.Variable(model.CONTOUR, np.array(values))

    coords = {
        model.ROI: xr.Variable(model.ROI, labels),
        model.ROI_NUMBER: xr.Variable(model.ROI, np.arange(1, len(rois) + 1)),
        model.ROI_NAME: xr.Variable(model.ROI, labels),
        model.ROI_TYPE: xr.Variable(model.ROI, np.array(["ORGAN"] * len(rois))),
        model.ROI_COLOR: xr.Variable(model.ROI, np.array(colors, dtype=np.str_)),
        model.CONTOUR: by_contour(keys),
        model.CONTOUR_ROI_NUMBER: by_contour([number for number, _, _ in contours]),
        model.CONTOUR_TYPE: by_contour([kind for _, kind, _ in contours]),
        model.CONTOUR_IMAGE_UID: by_contour([""] * len(contours)),
        model.NODE_CONTOUR: xr.Variable(
            model.NODE, np.repeat(keys, [len(points) for _, _, points in contours])
        ),
    }
    for at, name in enumerate((model.NODE_X, model.NODE_Y, model.NODE_Z)):
        coords[name] = xr.Variable(model.NODE, nodes[:, at])
    return coords


#: 5 x 12 x 10 voxels of 3 x 2 x 1.5 mm.
IMAGE = axial_grid((5, 12, 10), (3.0, 2.0, 1.5), (-6.0, -11.0, -6.75))
DOSE = axial_grid((4, 4, 4), (4.0, 6.0, 4.0), (-6.0, -9.0, -6.0), "dose_")


def image_values(grid: Grid = IMAGE) -> np.ndarray:
    """Each voxel its own value."""
    return np.arange(np.prod(grid.shape), dtype=np.float64).reshape(grid.shape)


def linear_dose(grid: Grid = DOSE) -> np.ndarray:
    """30 + x + 2 y + 0.5 z Gy."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    return 30 + x + 2 * y + 0.5 * z


def make_case(
    image: Grid | None = IMAGE, dose: Grid | None = DOSE, name: str = "ct", **coords: xr.Variable
) -> xr.Dataset:
    """A case with any of an image, a dose and structures."""
    variables: dict[str, xr.Variable] = {}
    for grid, variable, values in ((image, name, image_values), (dose, "dose", linear_dose)):
        if grid is not None:
            coords |= model.grid_coords(grid)
            attrs = {"units": model.UNITS[variable]}
            variables[variable] = xr.Variable(grid.dims, values(grid), attrs)
    return xr.Dataset(variables, coords)
