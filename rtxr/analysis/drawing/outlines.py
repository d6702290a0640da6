"""Boolean masks to contours that rasterise to the identical mask.

How contours are filled: :mod:`rtxr.analysis.structures.raster`.

Contours run along the sides of the true voxels, half way between voxel centres
(:mod:`rtxr.analysis.drawing.rings`), on the planes of the slices. What lies between is read by the
rule of slabs (:mod:`rtxr.analysis.structures.planes`): a contour reaches half way to the next
plane. Where that would fill a slice that is empty (:mod:`rtxr.analysis.drawing.empty_slices`), the
slice gets a tiny contour outside of the image, so that it is a plane of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from rtxr.analysis.drawing.empty_slices import slices_to_mark
from rtxr.analysis.drawing.mask_stack import Drawn, Stack, order_along
from rtxr.analysis.drawing.ring_shapes import simplified, smoothed, with_channels
from rtxr.analysis.drawing.rings import BoolArray, IntArray, Rings, trace
from rtxr.analysis.structures.planes import PLANAR_MM, RoiContours, roi_slabs
from rtxr.analysis.structures.raster import rasterise
from rtxr.errors import Finding, GeometryError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray, Grid

Holes = Literal["keyhole", "nested"]

#: Voxels traced at a time, unless a single slice has more: what fits the processor's cache.
_MOST_VOXELS = 1 << 20

#: Dimensions across which contours are sought before those across each dimension.
_SOUGHT_BEFORE: tuple[tuple[int, ...], ...] = ((), (0, 2), (0,))


@dataclass(frozen=True)
class Outlines:
    """Contours of a mask.

    Parameters
    ----------
    points : list of ndarray, (n, 3)
        Corners of each contour in patient LPS mm, not repeating the first one.
    slices : ndarray of int
        Index of each contour's slice along the dimension asked for, ascending.
    findings : tuple of Finding
        Which decisions were made, and how far an approximation is off.
    """

    points: list[FloatArray]
    slices: IntArray
    findings: tuple[Finding, ...] = ()


def outlines(
    mask: BoolArray,
    grid: Grid,
    dim: int = 0,
    *,
    holes: Holes = "keyhole",
    smooth: float | None = None,
    simplify: float | None = None,
    image: Grid | None = None,
) -> Outlines:
    """Contours of a mask, whose rasterisation on the same grid is the identical mask.

    Parameters
    ----------
    mask : ndarray of bool
        In the shape of the grid.
    grid : Grid
        Axes in any order.
    dim : int, default: 0
        Dimension of the grid across which contours are drawn: that of the image's slices.
    holes : {"keyhole", "nested"}
        ``"keyhole"``: a hole is joined to the contour around it by a channel without width (PS3.3
        C.8.8.6.3), so that even-odd fill, XOR and union read the same; ``"nested"``: it is a
        contour of its own, to be typed CLOSEDPLANAR_XOR, since many readers unite contours.
    smooth : float, optional
        Smooth contours by a Gaussian of this standard deviation along their course, mm, keeping
        the area each encloses. They then approximate the mask.
    simplify : float, optional
        Leave out points that are off by no more than this, mm (Douglas-Peucker). Contours then
        approximate the mask.
    image : Grid, optional
        Grid of the image of the case in which the contours will be read: its spacing is the
        thickness of a structure on a single slice, and empty slices are marked outside of it;
        ``grid`` by default.

    Returns
    -------
    Outlines
        Without contours where the mask is empty. A contour that would lose half of its area by
        smoothing or simplifying is kept as it was. Findings: ``outline-empty-planes``,
        ``outline-smoothed``, ``outline-simplified``.

    Raises
    ------
    GeometryError
        The mask is not boolean or has another shape than the grid; or slices or voxels are so
        small that contours could not be told apart.
    UnknownNameError
        No such way to draw holes.
    """
    _check(mask, grid, holes, (smooth, simplify))
    stack = Stack.of(mask, grid, dim, grid if image is None else image)
    if stack is None:
        return Outlines([], np.empty(0, dtype=np.int64))
    exact = smooth is None and simplify is None
    rings = _rings(stack, exact and holes == "keyhole")
    first = stack.box[dim].start
    filled = np.unique(rings.plane) + first
    w = stack.grid.axes[dim]
    marked = slices_to_mark(filled, w, stack.frame, stack.image)
    drawn = Drawn(np.split(rings.points, rings.starts[1:-1]), rings.plane + first, marked)
    findings = _marked_finding(marked)
    if not exact:
        drawn, stated = _approximated(stack, drawn, smooth, simplify)
        findings += stated
        if holes == "keyhole":
            joined = with_channels(drawn.rings, rings.around)
            drawn = replace(drawn, rings=joined, slices=drawn.slices[rings.around < 0])
    _check_orientation(stack, drawn)
    points, slices = drawn.in_patient(stack)
    slices = order_along(grid.axes[dim])[slices]
    order = np.argsort(slices, kind="stable")
    return Outlines([points[at] for at in order.tolist()], slices[order], tuple(findings))


def _check(
    mask: BoolArray, grid: Grid, holes: str, lengths: tuple[float | None, float | None]
) -> None:
    """Raise unless the mask fits the grid and the options make sense."""
    if mask.dtype != np.bool_ or mask.shape != grid.shape:
        raise GeometryError(
            f"the mask is {mask.dtype} of shape {mask.shape}; its grid needs bool of shape "
            f"{grid.shape} along {', '.join(grid.dims)}"
        )
    if holes not in get_args(Holes):
        raise UnknownNameError(f"holes={holes!r}; {did_you_mean(holes, get_args(Holes))}")
    for name, length in zip(("smooth", "simplify"), lengths, strict=True):
        if length is not None and not 0 < length < np.inf:
            raise GeometryError(f"{name}={length}: needs a length above 0 mm, or None")
    for name, axis in zip(grid.dims, grid.axes, strict=True):
        if not np.isfinite(axis).all() or len(np.unique(axis)) < len(axis):
            raise GeometryError(
                f"positions along {name} repeat or are no numbers, so that slices or voxels "
                "cannot be told apart; keep one of each"
            )


def _rings(stack: Stack, keyholes: bool) -> Rings:
    """Rings round the true voxels of each slice of the box."""
    row, column = stack.across
    lines = stack.lines(row), stack.lines(column)
    centres = stack.grid.axes[column][stack.box[column]]
    found = {
        first: trace(block, *lines, centres, keyholes)
        for first, block in stack.blocks(_MOST_VOXELS)
        if block.any()
    }
    return Rings.joined(found)


def _check_orientation(stack: Stack, drawn: Drawn) -> None:
    """Raise where contours are so small that they could be across another axis as well."""
    _, column = stack.across
    for d in _SOUGHT_BEFORE[stack.dim]:
        along = 0 if d == column else 1
        largest = max(float(np.ptp(ring[:, along])) for ring in drawn.rings)
        if largest <= 1.01 * PLANAR_MM:
            this, other = stack.grid.dims[stack.dim], stack.grid.dims[d]
            raise GeometryError(
                f"contours across {this} would be no longer than {largest:.2g} mm along {other} "
                f"and could not be told from contours across {other}; draw them across {other}"
            )


def _marked_finding(marked: IntArray) -> list[Finding]:
    """What was done about empty slices."""
    if not len(marked):
        return []
    text = (
        f"{len(marked)} empty slices are within reach of the contours beside them; each is marked "
        "by a tiny contour outside of the image, so that it is read as empty"
    )
    return [Finding("outline-empty-planes", "info", text)]


def _approximated(
    stack: Stack, drawn: Drawn, smooth: float | None, simplify: float | None
) -> tuple[Drawn, list[Finding]]:
    """Smoother or simpler contours, and how far they are off."""
    row, column = stack.across
    basis = stack.grid.matrix[:3, [2 - column, 2 - row]]
    metric = np.linalg.cholesky(basis.T @ basis)  # to coordinates of true lengths
    back = np.linalg.inv(metric)
    rings, findings = [ring @ metric for ring in drawn.rings], []
    if smooth is not None:
        step = float(min(np.diff(stack.lines(d)).min() for d in stack.across)) / 2
        new = [smoothed(ring, smooth, step) for ring in rings]
        kept = sum(one is other for one, other in zip(new, rings, strict=True))
        rings, drawn = new, replace(drawn, rings=[ring @ back for ring in new])
        small = f" ({kept} of {len(new)} are too small for that and stay)" if kept else ""
        text = f"contours are smoothed by {smooth:g} mm{small}; {_difference(stack, drawn)}"
        findings.append(Finding("outline-smoothed", "info", text))
    if simplify is not None:
        before = sum(map(len, rings))
        rings, off = simplified(rings, simplify)
        drawn = replace(drawn, rings=[ring @ back for ring in rings])
        text = (
            f"contours are simplified from {before} to {sum(map(len, rings))} points, what was "
            f"left out is off by up to {off:.3g} mm; {_difference(stack, drawn)}"
        )
        findings.append(Finding("outline-simplified", "info", text))
    return drawn, findings


def _difference(stack: Stack, drawn: Drawn) -> str:
    """How contours, read by the rule of slabs, differ from the mask."""
    points, _ = drawn.in_patient(stack)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in points])])
    types = np.full(len(points), "CLOSED_PLANAR")
    roi = RoiContours("", types, np.concatenate(points), starts)
    part = roi_slabs(roi, [stack.frame], "half", stack.image)
    near = _around(stack, drawn)
    z, y, x = (axis[index] for axis, index in zip(stack.grid.axes, near, strict=True))
    mask = stack.mask[near]
    read = np.zeros(mask.shape, dtype=bool)
    rasterise(part, stack.grid, (z, y, x), "xor", read)
    more, less = np.count_nonzero(read & ~mask), np.count_nonzero(mask & ~read)
    row, column = stack.across
    areas = stack.block @ np.diff(stack.lines(column)) @ np.diff(stack.lines(row))
    exact = np.zeros(len(part.position))
    planes = np.union1d(drawn.slices, drawn.marked)
    exact[np.isin(planes, drawn.slices)] = areas[areas > 0]
    thickness = np.nan_to_num(part.thickness, nan=1.0)  # as the edges of a single voxel
    change = ((part.areas() - exact) * thickness).sum() * part.volume_per_mm3 / 1000
    return (
        f"{more + less} voxels differ from the mask of {np.count_nonzero(mask)} ({more} more, "
        f"{less} less), the volume by {change:+.3g} cm3"
    )


def _around(stack: Stack, drawn: Drawn) -> tuple[slice, slice, slice]:
    """What is true, and what contours may enclose besides, along the dimensions of the grid."""
    _, column = stack.across
    points = np.concatenate(drawn.rings)
    found = []
    for d, (axis, box) in enumerate(zip(stack.grid.axes, stack.box, strict=True)):
        own = points[:, 0 if d == column else 1]
        low, high = np.searchsorted(axis, [own.min(), own.max()]).tolist()
        whole = slice(0, len(axis))
        found.append(whole if d == stack.dim else slice(min(low, box.start), max(high, box.stop)))
    return found[0], found[1], found[2]
