"""Solids in linear dose gradients: contours of them, their truth, and DICOM files with both.

A contour stands for a slab, so the truth of a contoured solid is that of its slabs: on every plane
the ideal outline, a disc, a rectangle, or a curve as a polygon of 360 corners (its area is right
to 1e-4). Slabs as thin as one likes are the solid itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import factories as make
import numpy as np
from analytic import GRADIENTS, MIDDLE, Disc, Outline, Polygon, Slab, Truth, linear_dose
from presented import POSITIONS, Presentation, objects
from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Solid:
    """A body about the origin, mm.

    Parameters
    ----------
    volume : float
        By its formula, mm3.
    height : float
        It reaches from minus this to this along z.
    outlines : callable
        Outlines where a plane at z cuts it, those of curves with a number of corners.
    reach : callable
        Largest ``direction @ point`` of the body.
    """

    volume: float
    height: float
    outlines: Callable[[float, int], list[Outline]]
    reach: Callable[[np.ndarray], float]

    def planes(self, spacing: float) -> np.ndarray:
        """Where it is contoured: slabs fill it from end to end."""
        count = round(self.height / spacing)
        return (np.arange(-count, count) + 0.5) * spacing

    def contours(self, spacing: float, corners: int = 360) -> list[np.ndarray]:
        """Closed contours (n, 3), mm; polygons of discs have their area."""
        return [
            np.column_stack([_drawn(each, corners), np.full(len(_drawn(each, corners)), z)])
            for z in self.planes(spacing)
            for each in self.outlines(float(z), corners)
        ]

    def truth(self, gradient: np.ndarray, spacing: float, corners: int = 360) -> Truth:
        """Of the slabs of its contours."""
        slabs = [
            Slab(z - spacing / 2, z + spacing / 2, self.outlines(float(z), corners))
            for z in self.planes(spacing)
        ]
        return Truth(slabs, gradient)

    def ideal(self, gradient: np.ndarray) -> Truth:
        """Of the body itself; its slabs are 0.1 mm thick, volume and extremes are by formula."""
        found = self.truth(gradient, 0.1, 240)
        ends = (MIDDLE - self.reach(-gradient), MIDDLE + self.reach(gradient))
        return Truth(found.slabs, gradient, self.volume, ends)


def _drawn(outline: Outline, corners: int) -> np.ndarray:
    if isinstance(outline, Polygon):
        return outline.corners
    step = 2 * np.pi / corners
    angle = (np.arange(corners) + 0.5) * step
    fit = outline.radius * np.sqrt(step / np.sin(step))
    return np.column_stack([np.cos(angle), np.sin(angle)]) * fit


def ball(radius: float) -> Solid:
    return Solid(
        4 / 3 * np.pi * radius**3,
        radius,
        lambda z, _: [Disc(np.sqrt(radius**2 - z**2))],
        lambda g: radius * float(np.linalg.norm(g)),
    )


def cylinder(radius: float, half: float) -> Solid:
    """Round bar along z."""
    return Solid(
        2 * np.pi * radius**2 * half,
        half,
        lambda *_: [Disc(radius)],
        lambda g: radius * float(np.hypot(g[0], g[1])) + half * abs(g[2]),
    )


def lying_cylinder(radius: float, half: float) -> Solid:
    """Round bar along x."""
    return Solid(
        2 * np.pi * radius**2 * half,
        radius,
        lambda z, _: [_box(half, np.sqrt(radius**2 - z**2))],
        lambda g: radius * float(np.hypot(g[1], g[2])) + half * abs(g[0]),
    )


def cone(radius: float, half: float) -> Solid:
    """Cone whose tip is at the upper end of z."""
    return Solid(
        2 / 3 * np.pi * radius**2 * half,
        half,
        lambda z, _: [Disc(radius * (half - z) / (2 * half))],
        lambda g: max(radius * float(np.hypot(g[0], g[1])) - half * g[2], half * g[2]),
    )


def lying_cone(radius: float, half: float) -> Solid:
    """Cone whose tip is at the upper end of x: planes cut hyperbolas."""

    def outlines(z: float, corners: int) -> list[Outline]:
        turn = np.arccosh(radius / abs(z)) * np.linspace(-1, 1, corners)
        x = half - 2 * half / radius * abs(z) * np.cosh(turn)
        return [Polygon(np.column_stack([x, abs(z) * np.sinh(turn)]))]

    return Solid(
        2 / 3 * np.pi * radius**2 * half,
        radius,
        outlines,
        lambda g: max(radius * float(np.hypot(g[1], g[2])) - half * g[0], half * g[0]),
    )


def box(x: float, y: float, z: float) -> Solid:
    """Box by its half sides."""
    return Solid(
        8 * x * y * z, z, lambda *_: [_box(x, y)], lambda g: float(np.abs(g) @ np.array([x, y, z]))
    )


def _box(x: float, y: float) -> Polygon:
    return Polygon(np.array([[-x, -y], [x, -y], [x, y], [-x, y]]))


def lying_torus(ring: float, tube: float) -> Solid:
    """Ring around z: a disc with a hole on every plane."""

    def outlines(z: float, _: int) -> list[Outline]:
        half = np.sqrt(tube**2 - z**2)
        return [Disc(ring + half), Disc(ring - half, -1)]

    return Solid(
        2 * np.pi**2 * ring * tube**2,
        tube,
        outlines,
        lambda g: ring * float(np.hypot(g[0], g[1])) + tube * float(np.linalg.norm(g)),
    )


def standing_torus(ring: float, tube: float) -> Solid:
    """Ring around x: planes cut two ovals, further up one."""

    def outlines(z: float, corners: int) -> list[Outline]:
        far = np.sqrt((ring + tube) ** 2 - z**2)
        near = np.sqrt(max((ring - tube) ** 2 - z**2, 0))
        middle, half = ((far + near) / 2, (far - near) / 2) if near else (0.0, far)
        y = middle - half * np.cos(np.linspace(0, np.pi, corners // 2 + 1))
        x = np.sqrt(np.clip(tube**2 - (np.hypot(y, z) - ring) ** 2, 0, None))
        oval = np.concatenate([np.column_stack([x, y]), np.column_stack([-x, y])[-2:0:-1]])
        return [Polygon(oval), Polygon(-oval)] if near else [Polygon(oval)]

    return Solid(
        2 * np.pi**2 * ring * tube**2,
        ring + tube,
        outlines,
        lambda g: ring * float(np.hypot(g[1], g[2])) + tube * float(np.linalg.norm(g)),
    )


SOLIDS = {
    "sphere": ball(12),
    "cylinder along": cylinder(12, 12),
    "cylinder across": lying_cylinder(12, 12),
    "cone along": cone(12, 12),
    "cone across": lying_cone(12, 12),
    "box": box(10, 8, 12),
    "torus lying": lying_torus(12, 6),
    "torus standing": standing_torus(12, 6),
}


def case(
    spacing: float, gradient: np.ndarray, step: float, shift: float, position: str
) -> list[Dataset]:
    """Images, structure set with all solids as ROIs, plan and dose.

    Parameters
    ----------
    spacing : float
        Between contours, mm.
    gradient : ndarray, (3,)
        Of the dose, Gy per mm.
    step, shift : float
        Spacing of the dose grid, mm, and where it begins, in voxels from one on the origin.
    position : str
        Patient Position (0018,5100), for the orientation of images and of the dose.
    """
    count = int(np.ceil(20 / step)) + 1
    axis = np.round((np.arange(-count, count + 1) + shift) * step, 6)
    orientation, dose = POSITIONS[position], linear_dose(gradient)
    how = Presentation(
        image=orientation,
        dose=orientation,
        position=position,
        dose_axes=(axis, axis, axis),
        gray=lambda points: np.maximum(dose(points), 0),  # far from the solids
    )
    found = objects(how)
    for each in found:
        if each.Modality == "RTSTRUCT":
            _with_solids(each, spacing)
    return found


def _with_solids(structures: Dataset, spacing: float) -> None:
    """Let a structure set hold the solids and nothing else."""
    frame = structures.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    structures.StructureSetROISequence = [
        make.item(ROINumber=number, ReferencedFrameOfReferenceUID=frame, ROIName=name)
        for number, name in enumerate(SOLIDS, start=1)
    ]
    structures.ROIContourSequence = _drawn_solids(spacing)


@cache
def _drawn_solids(spacing: float) -> list[Dataset]:
    """Items of ROIContourSequence (3006,0039)."""
    return [
        make.item(
            ReferencedROINumber=number,
            ContourSequence=[
                make.item(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(points),
                    ContourData=[f"{value:.6f}" for value in points.ravel()],
                )
                for points in solid.contours(spacing)
            ],
        )
        for number, solid in enumerate(SOLIDS.values(), start=1)
    ]


@cache
def truth(name: str, gradient: str, spacing: float) -> dict[str, float]:
    """All quantities of a solid contoured at a spacing."""
    return SOLIDS[name].truth(GRADIENTS[gradient], spacing).values()
