"""Case Datasets built by hand from shapes whose areas, volumes and DVHs are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.structures.sweep import closed_edges
from rtxr.geometry import Grid

Contour = np.ndarray | tuple[str, np.ndarray]


def axial_grid(shape, spacing, first=(0.0, 0.0, 0.0), prefix=""):
    """Grid along patient axes; shape, spacing and first are (z, y, x)."""
    axes = tuple(f + s * np.arange(n) for n, s, f in zip(shape, spacing, first, strict=True))
    dims = tuple(prefix + name for name in ("z", "y", "x"))
    return Grid(dims, axes)


def turned(grid, matrix):
    """The same own axes, presented through a matrix."""
    prefix = grid.dims[0].removesuffix("z")
    dims = tuple(prefix + name for name in ("slice", "row", "column"))
    return Grid(dims, grid.axes, matrix)


def rotation(axis=(1.0, 2.0, 3.0), degrees=25.0, shift=(0.0, 0.0, 0.0)):
    """4x4 matrix that turns about an axis and then shifts."""
    k = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    matrix[:3, 3] = shift
    return matrix


def moved(points, matrix):
    return np.asarray(points) @ matrix[:3, :3].T + matrix[:3, 3]


def at_height(polygon, z):
    """A polygon (n, 2) in x, y at one z, (n, 3)."""
    polygon = np.asarray(polygon, dtype=float)
    return np.column_stack([polygon, np.full(len(polygon), float(z))])


def square(half, centre=(0.0, 0.0)):
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float)
    return corners * half + np.asarray(centre)


def circle(radius, n=360, centre=(0.0, 0.0)):
    """Regular polygon with the area of the circle."""
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    fit = radius * np.sqrt(2 * np.pi / n / np.sin(2 * np.pi / n))
    return np.column_stack([np.cos(angle), np.sin(angle)]) * fit + np.asarray(centre)


def closed(polygons, planes=None, groups=None):
    """Edges of polygons (n, 2), by default all on plane 0."""
    starts = np.concatenate([[0], np.cumsum([len(p) for p in polygons])])
    planes = np.zeros(len(polygons), dtype=np.int64) if planes is None else np.asarray(planes)
    groups = np.arange(len(polygons)) if groups is None else np.asarray(groups)
    points = np.concatenate([np.asarray(p, dtype=float) for p in polygons])
    return closed_edges(points, starts, planes, groups)


def shoelace(polygon):
    """Area of a simple polygon, (n, 2)."""
    x, y = np.asarray(polygon, dtype=float).T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def star(rng, n=40, radius=10.0, centre=(0.0, 0.0), wobble=0.4):
    """Random simple polygon around a centre."""
    angle = 2 * np.pi * (np.arange(n) + rng.uniform(0, 0.4, n)) / n
    length = radius * (1 + wobble * rng.uniform(-1, 1, n))
    return np.column_stack([np.cos(angle), np.sin(angle)]) * length[:, None] + np.asarray(centre)


def naive_inside(polygons, x, y):
    """Even-odd by definition, point by point, with the same half-open edges."""
    odd = False
    for polygon in polygons:
        for one, two in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            (ax, ay), (bx, by) = sorted([tuple(one), tuple(two)], key=lambda p: (p[1], p[0]))
            if ay <= y < by and ax + (y - ay) * ((bx - ax) / (by - ay)) <= x:
                odd = not odd
    return odd


def stack(polygon, heights):
    return [at_height(polygon, z) for z in heights]


def make_case(
    rois: Mapping[str, Sequence[Contour]],
    image: Grid | None = None,
    dose: tuple[Grid, np.ndarray] | None = None,
    units: str = "GY",
) -> xr.Dataset:
    """Dataset as a reader would make it, without headers and without the lazy mask."""
    contours, owners, kinds = [], [], []
    for number, group in enumerate(rois.values(), start=1):
        for contour in group:
            kind, points = contour if isinstance(contour, tuple) else ("CLOSED_PLANAR", contour)
            contours.append(np.asarray(points, dtype=float).reshape(-1, 3))
            kinds.append(kind)
            owners.append(number)
    nodes = np.concatenate([*contours, np.empty((0, 3))])
    keys = np.arange(len(contours))
    coords = {
        model.ROI: (model.ROI, np.array(list(rois), dtype=np.str_)),
        model.ROI_NUMBER: (model.ROI, np.arange(1, len(rois) + 1)),
        model.ROI_NAME: (model.ROI, np.array(list(rois), dtype=np.str_)),
        model.ROI_TYPE: (model.ROI, np.array(["ORGAN"] * len(rois), dtype=np.str_)),
        model.ROI_COLOR: (model.ROI, np.array(["#d62728"] * len(rois), dtype=np.str_)),
        model.CONTOUR: (model.CONTOUR, keys),
        model.CONTOUR_ROI_NUMBER: (model.CONTOUR, np.array(owners, dtype=np.int64)),
        model.CONTOUR_TYPE: (model.CONTOUR, np.array(kinds, dtype=np.str_)),
        model.CONTOUR_IMAGE_UID: (model.CONTOUR, np.array([""] * len(keys), dtype=np.str_)),
        model.NODE_CONTOUR: (model.NODE, np.repeat(keys, [len(c) for c in contours])),
    }
    for j, name in enumerate((model.NODE_X, model.NODE_Y, model.NODE_Z)):
        coords[name] = (model.NODE, nodes[:, j])
    variables = {}
    if image is not None:
        coords |= model.grid_coords(image)
        values = np.zeros(image.shape, dtype=np.int16)
        variables["ct"] = (image.dims, values, {"units": "HU", "long_name": "CT number"})
    if dose is not None:
        grid, values = dose
        coords |= model.grid_coords(grid)
        attrs = {"units": "Gy", "long_name": "absorbed dose", "DoseUnits": units}
        variables["dose"] = (grid.dims, values, attrs)
    return xr.Dataset(variables, coords)
