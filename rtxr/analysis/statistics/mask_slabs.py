"""A mask as slabs: the solid is its voxels, exactly.

Each true voxel is a box that reaches half way to the centres of its neighbours; the outermost
voxels of a grid reach as far outwards as inwards. So the volume is the number of voxels times
the volume of one, and where slices are spaced unevenly the sum over slices of voxels times the
thickness of theirs. A grid of one slice is as thick as the slices of the case, if those run
along the same axes; else nobody knows how thick.

Sides of voxels carry a vertex wherever a voxel centre is beside them, so that extremes of a dose
on the grid of the mask are found on faces as well as within.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.drawing.mask_stack import Stack
from rtxr.analysis.drawing.rings import IntArray, trace
from rtxr.analysis.grids import frames
from rtxr.analysis.structures.given_arrays import (
    frame_findings,
    placed,
    require_array,
    true_or_false,
)
from rtxr.analysis.structures.planes import Slabs, about, roi_finding
from rtxr.analysis.structures.runs import consecutive
from rtxr.analysis.structures.sweep import closed_edges
from rtxr.errors import Finding, GeometryError, RTXRError
from rtxr.geometry import FloatArray, Grid


def mask_slabs(label: str, mask: xr.DataArray, case: Grid | None = None) -> Slabs:
    """The voxels of a mask as slabs.

    Parameters
    ----------
    label : str
        Name of the structure.
    mask : DataArray of bool
        On any grid; 0 and 1 are false and true.
    case : Grid, optional
        Of the image, or of the dose where there is none: its spacing is the thickness of a mask
        on a single slice, and a mask in another frame of reference is reported.

    Returns
    -------
    Slabs
        In the axes of the grid, a slab per slice with true voxels; without planes, and with a
        finding, where no voxel is true.

    Raises
    ------
    RTXRError
        No DataArray, or values other than true and false.
    MissingDataError
        Nothing says where the voxels are.
    GeometryError
        Dimensions beside the grid, positions that repeat, or a single row or column of voxels.
    """
    _require_coordinates(label, mask)
    array = placed(mask, otherwise="")
    grid = model.grid_of(array)
    values = true_or_false(array.values)
    dim = _slice_dim(label, grid)
    findings = frame_findings(grid, case, about(label) + "its mask is", "the case")
    stack = Stack.of(values, grid, dim, grid)
    if stack is None:
        findings.append(roi_finding("mask-empty", "info", label, "no voxel of its mask is true"))
        return _empty(label, grid, findings)
    return _filled(label, stack, case, findings)


def _require_coordinates(label: str, mask: object) -> None:
    """Raise unless a mask is a DataArray."""
    if not isinstance(mask, xr.DataArray):
        require_array(mask, f"mask {label!r} is to be a DataArray")
        raise RTXRError(
            f"mask {label!r} is an array without coordinates, so that nothing says where it lies; "
            "give a DataArray, such as ds.ct > 200 or ds.rt.mask('PTV')"
        )


def _slice_dim(label: str, grid: Grid) -> int:
    """Dimension across which slabs are piled: the first, or the only one with a single voxel."""
    for name, axis in zip(grid.dims, grid.axes, strict=True):
        if not (np.isfinite(axis).all() and (np.diff(axis) > 0).all()):
            raise GeometryError(
                f"mask {label!r}: positions along {name} repeat or are no numbers, so that voxels "
                "have no size; keep one of each"
            )
    single = [d for d, length in enumerate(grid.shape) if length == 1]
    if len(single) > 1:
        raise GeometryError(
            f"mask {label!r} has one voxel along {[grid.dims[d] for d in single]}, of which no "
            "position says the size; give a mask with several voxels there"
        )
    return single[0] if single else 0


def _empty(label: str, grid: Grid, findings: list[Finding]) -> Slabs:
    """A structure without voxels."""
    none, nobody, points = np.empty(0), np.empty(0, dtype=np.int64), np.empty((0, 2))
    starts = np.zeros(1, dtype=np.int64)
    edges = closed_edges(points, starts, nobody, nobody)
    return Slabs(
        label, grid.matrix, none, none, none, points, nobody, starts, edges, tuple(findings)
    )


def _filled(label: str, stack: Stack, case: Grid | None, findings: list[Finding]) -> Slabs:
    """A structure with voxels."""
    row, column = stack.across
    points, starts, plane = _outlines(stack)
    filled, plane = np.unique(plane, return_inverse=True)
    u, v = (_half_steps(stack, d)[points[:, j]] for j, d in enumerate((column, row)))
    own = np.stack([u, v], axis=-1)
    faces = stack.lines(stack.dim)
    lower, upper = faces[:-1][filled], faces[1:][filled]
    position = stack.grid.axes[stack.dim][stack.box[stack.dim]][filled]
    if len(stack.grid.axes[stack.dim]) == 1:
        half, more = _half_thickness(label, stack.frame, case)
        lower, upper, findings = position - half, position + half, [*findings, more]
    # Rings of one plane are one polygon by even-odd, whatever way of combining is asked for.
    edges = closed_edges(own, starts, plane, plane)
    return Slabs(
        label,
        stack.frame,
        position,
        lower,
        upper,
        own,
        np.repeat(plane, np.diff(starts)),
        starts,
        edges,
        tuple(findings),
    )


def _outlines(stack: Stack) -> tuple[IntArray, IntArray, IntArray]:
    """Rings along the sides of voxels, in half voxels from the first corner of the box.

    Returns
    -------
    points : ndarray of int, (n, 2)
        u and v: even numbers are sides of voxels, odd ones centres.
    starts : ndarray of int, (m + 1,)
        Where each ring begins, and the end.
    plane : ndarray of int, (m,)
        Slice of the box.
    """
    block = stack.block
    _, rows, columns = block.shape
    lines = np.arange(rows + 1.0), np.arange(columns + 1.0)
    rings = trace(block, *lines, lines[1][:-1] + 0.5, keyholes=False)
    corners = np.rint(rings.points).astype(np.int64)  # tracing keeps a little inside of the sides
    following = np.arange(1, len(corners) + 1)
    following[rings.starts[1:] - 1] = rings.starts[:-1]
    step = corners[following] - corners
    length = np.abs(step).sum(axis=1)
    side, number = consecutive(np.zeros(len(corners), dtype=np.int64), 1 + length)
    beyond = np.maximum(2 * number - 1, 0)  # the corner itself, then the centres passed
    points = 2 * corners[side] + np.sign(step)[side] * beyond[:, None]
    before = np.concatenate([[0], np.cumsum(1 + length)])
    return points, before[rings.starts], rings.plane


def _half_steps(stack: Stack, d: int) -> FloatArray:
    """Sides and centres of the voxels along one dimension of the box, in turn, mm."""
    lines = stack.lines(d)
    steps = np.empty(2 * len(lines) - 1)
    steps[0::2], steps[1::2] = lines, stack.grid.axes[d][stack.box[d]]
    return steps


def _half_thickness(label: str, frame: FloatArray, case: Grid | None) -> tuple[float, Finding]:
    """Half the thickness of a mask on one slice, NaN where nothing says it."""
    along = None if case is None else frames.axis_map(frame, case.matrix)
    spacing = float("nan")
    if case is not None and along is not None:
        spacing = case.spacing[2 - along.axis[2]]
    known = bool(np.isfinite(spacing))
    text = (
        f"the only slice of its mask stands for {spacing:.2f} mm (the spacing of the case's grid)"
        if known
        else "the only slice of its mask has an unknown thickness: its volume is NaN"
    )
    finding = roi_finding("single-plane", "info" if known else "warning", label, text)
    return spacing / 2, finding
