"""The tables of docs/accuracy.md: analytic solids, contoured on slices, against their formulas.

Run without arguments: ``python docs/accuracy.py``. Each solid is contoured where slices cut it, as
people and programs do, and measured at several places of the grid below its voxels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

import rtxr  # noqa: F401 (gives Datasets their .rt)
from rtxr import model
from rtxr.analysis.grids.even_grid import even_grid
from rtxr.analysis.sets.margins import grown
from rtxr.geometry import FloatArray, Grid

PAGE = Path(__file__).parent / "accuracy.md"
#: Slice spacing > spacing along y and x, mm.
SPACINGS = {1.0: (0.7, 0.9), 2.0: (1.3, 1.0), 3.0: (2.0, 1.7)}
#: Centre of the solid in voxels along z, y, x.
OFFSETS = ((0.0, 0.0, 0.0), (0.13, 0.21, 0.37), (0.5, 0.77, 0.91))
#: Corners of a contour; those of ellipses stand out by so much that the area is the ellipse's.
NODES = 360


@dataclass(frozen=True)
class Solid:
    """A body about the origin, mm.

    Parameters
    ----------
    volume : float
        By its formula, mm3.
    reach : (float, float, float)
        How far it goes from the origin along z, y, x at most.
    inside : callable
        Whether points (x, y, z) are inside; half-open where it has flat faces.
    section : callable
        Polygons (n, 2) where a slice at z cuts it; none beyond its ends.
    """

    volume: float
    reach: tuple[float, float, float]
    inside: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
    section: Callable[[float], list[FloatArray]]


def ellipse(a: float, b: float) -> FloatArray:
    """Polygon of the area of an ellipse with these half axes."""
    step = 2 * np.pi / NODES
    angle = np.arange(NODES) * step
    fit = np.sqrt(step / np.sin(step))
    return np.column_stack([a * np.cos(angle), b * np.sin(angle)]) * fit


def ellipsoid(a: float, b: float, c: float) -> Solid:
    """Ellipsoid with half axes along x, y, z."""

    def section(z: float) -> list[FloatArray]:
        size = np.sqrt(max(1 - (z / c) ** 2, 0))
        return [ellipse(a * size, b * size)] if size else []

    return Solid(
        4 / 3 * np.pi * a * b * c,
        (c, b, a),
        lambda x, y, z: (x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 < 1,
        section,
    )


def hollow(outer: float, inner: float) -> Solid:
    """Shell between two spheres."""
    out, hole = ellipsoid(outer, outer, outer), ellipsoid(inner, inner, inner)
    return Solid(
        out.volume - hole.volume,
        out.reach,
        lambda x, y, z: out.inside(x, y, z) & ~hole.inside(x, y, z),
        lambda z: out.section(z) + (hole.section(z) if abs(z) < inner else []),
    )


def cube(side: float) -> Solid:
    """Cube along the axes."""
    half = side / 2
    square = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])

    def within(at: FloatArray) -> FloatArray:
        return (at >= -half) & (at < half)

    return Solid(
        side**3,
        (half, half, half),
        lambda x, y, z: within(x) & within(y) & within(z),
        lambda z: [square] if within(z) else [],
    )


def cylinder(radius: float, height: float, lean: tuple[float, float] = (0.0, 0.0)) -> Solid:
    """Round bar between two slices' planes, whose axis leans by (x, y) per mm of height."""
    axis = np.array([*lean, 1.0]) / np.linalg.norm([*lean, 1.0])
    across = np.eye(2) - np.outer(axis[:2], axis[:2])  # squared distance from the axis in a slice
    values, vectors = np.linalg.eigh(across)
    outline = radius * ellipse(1, 1) @ (vectors / np.sqrt(values) @ vectors.T)

    def inside(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        u, v = x - lean[0] * z, y - lean[1] * z
        distance = across[0, 0] * u**2 + 2 * across[0, 1] * u * v + across[1, 1] * v**2
        return (distance < radius**2) & (z >= -height / 2) & (z < height / 2)

    return Solid(
        np.pi * radius**2 * height / axis[2],
        (height / 2, *(2 * radius + abs(each) * height / 2 for each in lean[::-1])),
        inside,
        lambda z: [outline + np.array(lean) * z] if -height / 2 <= z < height / 2 else [],
    )


def torus(ring: float, tube: float) -> Solid:
    """Ring that stands on its rim: slices cut it into two, then one."""

    def section(z: float) -> list[FloatArray]:
        far = np.sqrt(max((ring + tube) ** 2 - z**2, 0))
        near = np.sqrt(max((ring - tube) ** 2 - z**2, 0))
        turn = np.cos(np.linspace(0, np.pi, NODES // 2))
        middle, half = ((far + near) / 2, (far - near) / 2) if near else (0.0, far)
        y = middle + half * turn
        x = np.sqrt(np.clip(tube**2 - (np.hypot(y, z) - ring) ** 2, 0, None))
        right = np.concatenate([np.column_stack([x, y]), np.column_stack([-x, y])[-2:0:-1]])
        return ([right, right * [1, -1]] if near else [right]) if far else []

    return Solid(
        2 * np.pi**2 * ring * tube**2,
        (ring + tube, ring + tube, tube),
        lambda x, y, z: (np.hypot(y, z) - ring) ** 2 + x**2 < tube**2,
        section,
    )


def lying(ring: float, tube: float) -> Solid:
    """Ring that lies flat between slices."""

    def section(z: float) -> list[FloatArray]:
        half = np.sqrt(max(tube**2 - z**2, 0))
        return [ellipse(ring + s * half, ring + s * half) for s in (1, -1)] if half else []

    return Solid(
        2 * np.pi**2 * ring * tube**2,
        (tube, ring + tube, ring + tube),
        lambda x, y, z: (np.hypot(x, y) - ring) ** 2 + z**2 < tube**2,
        section,
    )


SOLIDS = {
    "sphere, radius 20 mm": ellipsoid(20, 20, 20),
    "cube, 24 mm": cube(24),
    "cylinder, radius 12 mm, height 30 mm": cylinder(12, 30),
    "ellipsoid, half axes 26, 18, 20 mm": ellipsoid(26, 18, 20),
    "torus standing, radii 20 and 8 mm": torus(20, 8),
    "hollow sphere, radii 25 and 15 mm": hollow(25, 15),
    "straw, 2.5 mm across, 60 mm high, oblique": cylinder(1.25, 60, (0.45, 0.3)),
}
#: What slices cannot tell.
LIMITS = {
    "sphere, radius 6 mm": ellipsoid(6, 6, 6),
    "torus lying flat, radii 20 and 8 mm": lying(20, 8),
    "cylinder, radius 12 mm, height 31 mm": cylinder(12, 31),
}


@dataclass(frozen=True)
class Measured:
    """One solid at one place.

    Parameters
    ----------
    coverage, mask : float
        Volumes by exact partial volumes and by counting voxels, mm3.
    slabs : float
        Area of the contours (shoelace) times slice spacing, mm3.
    wrong, beyond : int
        Voxels of the mask that are not as the solid at their centre; those of them away from its
        surface, where all 27 voxels around are alike.
    """

    coverage: float
    mask: float
    slabs: float
    wrong: int
    beyond: int


def measured(solid: Solid, slices: float, offset: Sequence[float]) -> Measured:
    """Contour a solid on slices and measure it.

    Parameters
    ----------
    solid : Solid
        What to contour.
    slices : float
        Slice spacing, one of ``SPACINGS``, mm.
    offset : sequence of 3 floats
        Its centre in voxels along z, y, x.
    """
    grid = _grid(solid, (slices, *SPACINGS[slices]))
    centre = [step * share for step, share in zip(grid.spacing, offset, strict=True)]
    ds, contours = _contoured(solid, grid, centre)
    z, y, x = (axis - middle for axis, middle in zip(grid.axes, centre, strict=True))
    truth = solid.inside(x, y[:, None], z[:, None, None])
    mask = ds.rt.mask("A").values
    wrong = mask != truth
    voxel = float(np.prod(grid.spacing))
    return Measured(
        coverage=float(ds.rt.coverage("A").sum()) * voxel,
        mask=int(mask.sum()) * voxel,
        slabs=slices * sum(_signed_areas(contours)),
        wrong=int(wrong.sum()),
        beyond=int((wrong & ~_surface(truth)).sum()),
    )


def _contoured(
    solid: Solid, grid: Grid, centre: Sequence[float]
) -> tuple[xr.Dataset, list[FloatArray]]:
    """A case with a solid as its structure A, and the contours of it."""
    contours = [
        np.column_stack([polygon + centre[:0:-1], np.full(len(polygon), z)])
        for z in grid.axes[0]
        for polygon in solid.section(z - centre[0])
    ]
    image = xr.Variable(grid.dims, np.zeros(grid.shape, dtype=np.int16))
    ds = xr.Dataset({"ct": image}, model.grid_coords(grid))
    return ds.rt.add_structure("A", contours), contours


def _grid(solid: Solid, spacing: tuple[float, ...], room: float = 0.0) -> Grid:
    """Voxels around a solid wherever it is, one of them at the origin."""
    axes = [
        step * np.arange(-np.ceil((reach + room) / step) - 2, np.ceil((reach + room) / step) + 4)
        for step, reach in zip(spacing, solid.reach, strict=True)
    ]
    return Grid(("z", "y", "x"), (axes[0], axes[1], axes[2]))


def _signed_areas(contours: Sequence[FloatArray]) -> Iterator[float]:
    """Areas of polygons, those within another one of their plane negative."""
    for polygon in contours:
        x, y = polygon[:, 0], polygon[:, 1]
        area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
        around = [
            other
            for other in contours
            if other[0, 2] == polygon[0, 2]
            and (np.ptp(other[:, :2], axis=0) > np.ptp(polygon[:, :2], axis=0)).all()
        ]
        yield -area if around else area


def _surface(truth: FloatArray) -> FloatArray:
    """Voxels around which not all are alike."""
    low = high = np.pad(truth, 1, mode="edge")
    for axis in range(3):
        n = low.shape[axis] - 2
        ahead = [np.take(each, range(2, n + 2), axis) for each in (low, high)]
        here = [np.take(each, range(1, n + 1), axis) for each in (low, high)]
        behind = [np.take(each, range(n), axis) for each in (low, high)]
        low = ahead[0] & here[0] & behind[0]
        high = ahead[1] | here[1] | behind[1]
    return high & ~low


def _ball(radius: float) -> float:
    return 4 / 3 * np.pi * radius**3


def _grown_cube(m: float) -> float:
    return 64e3 + 9600 * m + 120 * np.pi * m**2 + _ball(m)


def _grown_cylinder(m: float) -> float:
    return np.pi * (9000 + 1650 * m + (40 + 15 * np.pi) * m**2) + _ball(m)


#: Solids with margins > what they are, and their volumes: grown by Steiner's formula, or smaller.
GROWING: dict[str, tuple[Solid, Callable[[float], float]]] = {
    "sphere, radius 20 mm": (ellipsoid(20, 20, 20), lambda m: _ball(20 + m)),
    "cube, 40 mm": (cube(40), lambda m: _grown_cube(m) if m > 0 else (40 + 2 * m) ** 3),
    "cylinder, radius 15 mm, height 40 mm": (
        cylinder(15, 40),
        lambda m: _grown_cylinder(m) if m > 0 else cylinder(15 + m, 40 + 2 * m).volume,
    ),
}
MARGINS = (3.0, 5.0, 10.0, -5.0)
#: What voxels are called > spacing of the slices and along y and x, and what they are refined to.
VOXELS: dict[str, tuple[tuple[float, float, float], float | None]] = {
    "1 x 1 x 1": ((1.0, 1.0, 1.0), None),
    "3 x 1 x 1": ((3.0, 1.0, 1.0), None),
    "3 x 2 x 2": ((3.0, 2.0, 2.0), None),
    "1 x 1 x 1 of 3 mm slices": ((3.0, 1.0, 1.0), 1.0),
}
#: Centre of the solid in voxels along z, y, x: thirds, so that flat faces are off both ways.
PLACES = ((1 / 6, 0.1, 0.1), (3 / 6, 0.767, 0.433), (5 / 6, 0.433, 0.767))
#: Solid > voxels > margin > volume in mm3 at each place.
Grown = dict[str, dict[str, dict[float, list[float]]]]


def grown_volumes() -> Grown:
    """Volumes of solids with margins."""
    found: Grown = {name: {} for name in GROWING}
    for name, (solid, _) in GROWING.items():
        for voxels, (spacing, finer) in VOXELS.items():
            row: dict[float, list[float]] = {margin: [] for margin in MARGINS}
            for place in PLACES:
                grid = _grid(solid, spacing, max(MARGINS))
                centre = [step * share for step, share in zip(spacing, place, strict=True)]
                ds, _ = _contoured(solid, grid, centre)
                grid = even_grid(grid, finer) if finer else grid
                mask = ds.rt.mask("A", grid).values
                for margin in MARGINS:
                    voxel = float(np.prod(grid.spacing))
                    row[margin].append(grown(mask, grid, margin).sum() * voxel)
            found[name][voxels] = row
    return found


def errors(volumes: Sequence[float], name: str, margin: float) -> tuple[float, float, float]:
    """Mean error of volumes in %, the same as mm of the surface, and the largest of those."""
    ideal = GROWING[name][1]
    area = (ideal(margin + 1e-3) - ideal(margin - 1e-3)) / 2e-3
    off = np.array(volumes) - ideal(margin)
    worst = off[np.abs(off).argmax()] / area
    return 100 * off.mean() / ideal(margin), off.mean() / area, worst


Figures = dict[str, dict[float, list[Measured]]]


def figures(solids: dict[str, Solid]) -> Figures:
    """Every solid at every spacing and place."""
    return {
        name: {slices: [measured(solid, slices, at) for at in OFFSETS] for slices in SPACINGS}
        for name, solid in solids.items()
    }


def page(found: Figures, limits: Figures, larger: Grown) -> str:
    """The page, its tables made anew."""
    tables = iter([_table(SOLIDS, found), _table(LIMITS, limits), _margin_table(larger)])
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(r"(?m)(?:^\|.*\n)+", lambda _: next(tables), text)


def _table(solids: dict[str, Solid], found: Figures) -> str:
    head = "".join(f" {slices:g} mm |" for slices in (*SPACINGS, *SPACINGS))
    lines = [f"| solid | cm³ |{head}", "|---|---|" + "---|" * 2 * len(SPACINGS)]
    for name, solid in solids.items():
        errors = [
            100 * max(abs(getattr(each, way) / solid.volume - 1) for each in found[name][slices])
            for way in ("coverage", "mask")
            for slices in SPACINGS
        ]
        cells = " | ".join(f"{error:.2f}" for error in errors)
        lines.append(f"| {name} | {solid.volume / 1000:.3f} | {cells} |")
    return "\n".join(lines) + "\n"


def _margin_table(found: Grown) -> str:
    head = "".join(f" {margin:+g} mm |" for margin in MARGINS)
    lines = [f"| solid | voxels, mm |{head}", "|---|---|" + "---|" * len(MARGINS)]
    for name, rows in found.items():
        for voxels, row in rows.items():
            cells = [
                "{:+.1f} % ({:+.2f}, {:+.2f} mm)".format(*errors(volumes, name, margin))
                for margin, volumes in row.items()
            ]
            lines.append(f"| {name} | {voxels} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = page(figures(SOLIDS), figures(LIMITS), grown_volumes())
    PAGE.write_text(text, encoding="utf-8")
