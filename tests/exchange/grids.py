"""Grids and arrays to be written: along the patient's axes, turned and sheared."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

from rtxr import model
from rtxr.geometry import Grid


def positions(array: xr.DataArray) -> np.ndarray:
    """Patient position of every voxel, (…, 3), LPS mm."""
    grid = model.grid_of(array)
    return grid.to_patient(np.stack(np.meshgrid(*grid.axes, indexing="ij")[::-1], axis=-1))


def placed(values: np.ndarray, grid: Grid, name: str = "ct") -> xr.DataArray:
    """Values on a grid; axes before those of the grid are called ``layer``."""
    dims = ("layer", *grid.dims) if values.ndim == 4 else grid.dims
    return xr.DataArray(values, model.grid_coords(grid), dims, name)


def turn(rng: np.random.Generator) -> np.ndarray:
    """A random rotation."""
    found, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return found * np.linalg.det(found)


def random_grid(rng: np.random.Generator, kind: str) -> Grid:
    """``"aligned"``, ``"turned"`` or ``"sheared"``, of a few voxels with decimal positions."""
    steps = np.round(rng.uniform(0.5, 5.0, 3), 3)
    first = np.round(rng.uniform(-500.0, 500.0, 3), 2)
    lengths = rng.integers(2, 6, 3)
    axes = tuple(a + b * np.arange(n) for a, b, n in zip(first, steps, lengths, strict=True))
    matrix = np.eye(4)
    if kind != "aligned":
        matrix[:3, :3] = turn(rng)
        matrix[:3, 3] = rng.uniform(-100, 100, 3)
    if kind == "sheared":
        matrix[:3, 2] += 0.3 * matrix[:3, 1]
        matrix[:3, 2] /= np.linalg.norm(matrix[:3, 2])
    names = ("z", "y", "x") if kind == "aligned" else ("slice", "row", "column")
    return Grid(names, (axes[0], axes[1], axes[2]), matrix)


DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", "bool")


@st.composite
def arrays(draw, kinds=("aligned", "turned", "sheared")) -> xr.DataArray:
    """Arrays of every type on every kind of grid."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    grid = random_grid(rng, draw(st.sampled_from(kinds)))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = (2, *grid.shape) if draw(st.booleans()) else grid.shape
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    else:
        values = rng.normal(size=shape).astype(dtype)
    return placed(values > 0 if dtype.kind == "b" else values, grid)
