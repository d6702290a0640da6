"""Grids of even spacing where another grid is: along its own axes or the patient's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal

import numpy as np

from rtxr import model
from rtxr.analysis.grids.resample import corners
from rtxr.errors import GeometryError
from rtxr.geometry import AXIS_NAMES, FloatArray, Grid, as_decimals

#: Along whose axes a grid runs.
Axes = Literal["own", "patient"]
#: One step for all axes, or one each along the dimensions of a grid, in their order or by name
#: (without the prefix of a grid); None leaves an axis as it is.
Spacing = float | Sequence[float | None] | Mapping[str, float | None]

#: Positions this near to those that are there already are those, mm.
_SAME_MM = 1e-6


def even_grid(grid: Grid, spacing: Spacing, *, axes: Axes = "own") -> Grid:
    """Grid of even spacing in the place of another one.

    Parameters
    ----------
    grid : Grid
        ``ds.rt.grid()``, ``ds.rt.grid("dose")`` or any other.
    spacing : float, three floats, or mapping of str to float
        Distance of voxel centres, mm: one for all axes, or one each along the dimensions of the
        result: z, y, x, or slice, row, column. None leaves an axis as it is, and so does a mapping
        that does not name it: ``{"z": 2}``.
    axes : {"own", "patient"}
        ``"own"``: along the axes of ``grid``, so that an oblique or sheared stack stays one.
        ``"patient"``: along the patient's axes, the box that holds all voxel centres of ``grid``.

    Returns
    -------
    Grid
        Every axis ascends from the lowest voxel centre of ``grid``, with as many positions as fit
        up to the highest, so that nothing but the corners of a turned box is outside ``grid``, and
        a spacing that divides the old one, or is a multiple of it, meets the voxels that are
        there. An axis that has this spacing, and an axis of one voxel, stay what they are.

    Raises
    ------
    GeometryError
        A spacing that is no positive number, or wider than the grid; a dimension that the result
        does not have; None along the patient's axes for a grid that does not run along them.

    Examples
    --------
    >>> even_grid(ds.rt.grid(), (3, 1, 1))  # doctest: +SKIP
    >>> ds.rt.resample(grid=even_grid(ds.rt.grid("mr"), 1, axes="patient"))  # doctest: +SKIP
    """
    if axes not in ("own", "patient"):
        raise GeometryError(f"axes must be 'own' or 'patient', not {axes!r}")
    prefix = model.grid_prefix(grid.dims[0])
    own = tuple(dim.removeprefix(prefix) for dim in grid.dims)
    z, y, x = _three(spacing, own if axes == "own" else AXIS_NAMES)
    if axes == "patient" and not grid.is_axis_aligned:
        if None in (z, y, x):
            raise GeometryError(
                f"spacing={spacing!r}: an oblique grid has no axis along a patient axis that could "
                "stay as it is; give three numbers"
            )
        grid = _patient_box(grid)
    dims = grid.dims
    a, b, c = (even_axis(*each) for each in zip(grid.axes, (z, y, x), dims, strict=True))
    return replace(grid, axes=(a, b, c))


def even_axis(axis: FloatArray, spacing: float | None, name: str = "this axis") -> FloatArray:
    """Even positions from the lowest one of an axis on, as many as fit."""
    axis = np.sort(axis)
    if spacing is None or len(axis) == 1:
        return axis
    extent = float(axis[-1] - axis[0])
    steps = int(np.floor(extent / spacing + _SAME_MM))
    if not steps:
        raise GeometryError(
            f"spacing={spacing:g}: the voxel centres along {name!r} reach over {extent:g} mm; give "
            "a spacing that is not wider"
        )
    even = as_decimals(axis[0] + spacing * np.arange(steps + 1))
    is_even = len(even) == len(axis) and np.allclose(even, axis, rtol=0, atol=_SAME_MM)
    return axis if is_even else even


def _three(
    spacing: object, names: Sequence[str]
) -> tuple[float | None, float | None, float | None]:
    """A spacing along each dimension."""
    given = spacing.tolist() if isinstance(spacing, np.ndarray) else spacing
    if isinstance(given, Mapping):
        if unknown := [name for name in given if name not in names]:
            raise GeometryError(
                f"spacing={spacing!r}: there is no {', '.join(map(repr, unknown))}; the dimensions "
                f"are {', '.join(names)}, for a dose too"
            )
        given = [given.get(name) for name in names]
    each: list[Any] = list(given) if isinstance(given, Sequence) else [given] * 3
    if len(each) != 3 or not all(one is None or _is_step(one) for one in each):
        raise GeometryError(
            f"spacing={spacing!r}: give one positive number, or three along z, y, x (slice, row, "
            f"column), in mm, or some of them by name: {{{names[0]!r}: 2}}"
        )
    z, y, x = (None if one is None else float(one) for one in each)
    return z, y, x


def _is_step(value: object) -> bool:
    """Whether a value is a positive number."""
    return isinstance(value, Real) and bool(np.isfinite(float(value))) and float(value) > 0


def _patient_box(grid: Grid) -> Grid:
    """Grid of two voxels along each patient axis (one if flat), at another's outermost centres."""
    box = np.sort(corners(grid), axis=0)
    flat = np.ptp(box, axis=0) <= _SAME_MM
    z, y, x = (box[:1, at] if flat[at] else box[[0, -1], at] for at in (2, 1, 0))
    names = [model.grid_prefix(grid.dims[0]) + name for name in AXIS_NAMES]
    return Grid((names[0], names[1], names[2]), (z, y, x), np.eye(4), grid.frame_of_reference_uid)
