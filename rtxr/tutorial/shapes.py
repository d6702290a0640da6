"""What the synthetic patient consists of: analytic shapes, an analytic dose, and their numbers.

Everything is a row of a table here (``ROIS``, ``TISSUES``, ``DOSE``, ``PLAN``); files are made
from it in :mod:`rtxr.tutorial.objects` and :mod:`rtxr.tutorial.plan`. Coordinates are patient LPS
millimetres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Solid:
    """A body whose axial cross-sections are ellipses.

    Parameters
    ----------
    centre : (float, float, float)
        x, y, z of its centre, patient LPS, mm.
    radii : (float, float, float)
        Semi-axes along x, y and z, mm; along z half the height of a cylinder.
    round : bool, default: False
        An ellipsoid, else an elliptic cylinder with flat ends.
    """

    centre: Point
    radii: Point
    round: bool = False

    @property
    def volume(self) -> float:
        """Volume, mm3."""
        a, b, c = self.radii
        return (4 / 3 if self.round else 2) * math.pi * a * b * c

    def scale(self, z: npt.ArrayLike) -> FloatArray:
        """Size of the cross-section at z relative to ``radii``; 0 beyond the ends."""
        height = (np.asarray(z, dtype=np.float64) - self.centre[2]) / self.radii[2]
        inside = (height >= -1) & (height < 1)
        profile = np.sqrt(np.clip(1 - height**2, 0, None)) if self.round else 1.0
        return np.where(inside, profile, 0.0)

    def area(self, z: float) -> float:
        """Area of the cross-section at z, mm2."""
        return float(math.pi * self.radii[0] * self.radii[1] * self.scale(z) ** 2)

    def contour(self, z: float, nodes: int = 120) -> FloatArray | None:
        """Cross-section at z as a polygon of exactly the same area.

        Returns
        -------
        ndarray, (nodes, 2), or None
            x, y in mm, counter-clockwise for growing angle from x to y; the vertices lie outside
            the ellipse by less than 0.05 % so that the polygon loses no area. None beyond the ends.
        """
        size = float(self.scale(z))
        if size <= 0:
            return None
        angle = np.arange(nodes) * 2 * math.pi / nodes
        step = 2 * math.pi / nodes
        size *= math.sqrt(step / math.sin(step))
        x = self.centre[0] + size * self.radii[0] * np.cos(angle)
        y = self.centre[1] + size * self.radii[1] * np.sin(angle)
        return np.stack([x, y], axis=-1)

    def contains(
        self, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike
    ) -> npt.NDArray[np.bool_]:
        """Whether points are inside; the coordinates broadcast against each other."""
        u = (np.asarray(x, dtype=np.float64) - self.centre[0]) / self.radii[0]
        v = (np.asarray(y, dtype=np.float64) - self.centre[1]) / self.radii[1]
        return np.asarray(u**2 + v**2 < self.scale(z) ** 2)

    def quadrature(self, order: int = 32) -> tuple[FloatArray, FloatArray]:
        """Points and weights whose weighted sum integrates a smooth function over the solid.

        Gauss-Legendre in height and radius, the trapezoidal rule in angle. For a Gaussian as wide
        as the solid, order 32 is exact to better than 1e-9.

        Returns
        -------
        points : ndarray, (n, 3)
            x, y, z, mm.
        weights : ndarray, (n,)
            mm3; their sum is the volume.
        """
        nodes, weights = np.polynomial.legendre.leggauss(order)
        angles = np.arange(2 * order) * math.pi / order
        if self.round:  # the height as sin(t) takes the square root at the poles away
            height, height_weight = np.sin(nodes * math.pi / 2), np.cos(nodes * math.pi / 2)
            height_weight = weights * height_weight * math.pi / 2
            taper = np.cos(nodes * math.pi / 2)
        else:
            height, height_weight, taper = nodes, weights, np.ones(order)
        radius, radius_weight = (nodes + 1) / 2, weights / 2
        h, r, angle = np.meshgrid(np.arange(order), np.arange(order), angles, indexing="ij")
        r_at = radius[r] * taper[h]
        unit = np.stack([r_at * np.cos(angle), r_at * np.sin(angle), height[h]], axis=-1)
        weight = height_weight[h] * radius_weight[r] * r_at * taper[h] * math.pi / order
        points = unit * np.asarray(self.radii) + np.asarray(self.centre)
        return points.reshape(-1, 3), weight.ravel() * math.prod(self.radii)


@dataclass(frozen=True)
class Roi:
    """One ROI of the structure set: an outer solid, perhaps a hole in it, a point, or nothing.

    Parameters
    ----------
    number : int
        ROI Number (3006,0022).
    name, type, color : str
        ROI Name, RT ROI Interpreted Type, display colour as ``"#rrggbb"``.
    solid : Solid, optional
        Its outer surface.
    hole : Solid, optional
        Entirely inside ``solid``, and not part of the ROI.
    point : (float, float, float), optional
        For a POINT ROI.
    """

    number: int
    name: str
    type: str
    color: str
    solid: Solid | None = None
    hole: Solid | None = None
    point: Point | None = None

    @property
    def parts(self) -> Iterator[tuple[int, Solid]]:
        """Solids with the sign they count with: +1 the outer one, -1 the hole."""
        yield from ((sign, part) for sign, part in ((1, self.solid), (-1, self.hole)) if part)

    @property
    def volume_cc(self) -> float:
        """Volume, cm3; 0 for a point and an empty ROI."""
        return sum(sign * part.volume for sign, part in self.parts) / 1000

    def contours(self, z: float) -> list[FloatArray]:
        """Polygons (n, 2) in the plane z; a hole runs the other way round."""
        polygons = [(sign, part.contour(z)) for sign, part in self.parts]
        return [each[::sign] for sign, each in polygons if each is not None]


@dataclass(frozen=True)
class Tissue:
    """A solid with a CT number: ``hu`` at its centre, growing by ``hu_per_mm`` along x."""

    solid: Solid
    hu: float
    hu_per_mm: float = 0.0


@dataclass(frozen=True)
class GaussianDose:
    """A dose that falls off as a Gaussian of the distance to its centre, in air too.

    Parameters
    ----------
    centre : (float, float, float)
        Patient LPS, mm.
    peak : float
        Gy.
    sigma : float
        mm.
    """

    centre: Point
    peak: float
    sigma: float

    def at(self, x: npt.ArrayLike, y: npt.ArrayLike, z: npt.ArrayLike) -> FloatArray:
        """Dose at points, Gy; the coordinates broadcast against each other."""
        offsets = [
            np.asarray(v, dtype=np.float64) - c for v, c in zip((x, y, z), self.centre, strict=True)
        ]
        squared = offsets[0] ** 2 + offsets[1] ** 2 + offsets[2] ** 2
        return np.asarray(self.peak * np.exp(-squared / (2 * self.sigma**2)))

    def radius(self, dose: npt.ArrayLike) -> FloatArray:
        """Distance from the centre at which the dose is ``dose`` Gy, mm; 0 above the peak."""
        ratio = np.maximum(self.peak / np.maximum(np.asarray(dose, dtype=np.float64), 1e-300), 1)
        return np.asarray(self.sigma * np.sqrt(2 * np.log(ratio)))

    def mean_in(self, roi: Roi) -> float:
        """Mean dose of an ROI, Gy, by numerical integration (:meth:`Solid.quadrature`)."""
        total = 0.0
        for sign, part in roi.parts:
            points, weights = part.quadrature()
            total += sign * float(self.at(*points.T) @ weights)
        return total / (1000 * roi.volume_cc)

    def volume_above(self, dose: npt.ArrayLike, radius: float) -> FloatArray:
        """Volume with at least ``dose`` Gy inside a sphere about the centre, cm3 (closed form)."""
        return np.asarray(4 / 3 * math.pi * np.minimum(self.radius(dose), radius) ** 3 / 1000)

    def dose_to(self, volume_cc: float) -> float:
        """Least dose to the hottest ``volume_cc`` cm3, which are a sphere about the centre, Gy."""
        radius = (3000 * volume_cc / (4 * math.pi)) ** (1 / 3)
        return float(self.peak * math.exp(-(radius**2) / (2 * self.sigma**2)))

    def mean_in_sphere(self, radius: float) -> float:
        """Mean dose of a sphere about the centre, Gy (closed form)."""
        s, r = self.sigma, radius
        tail = s**3 * math.sqrt(math.pi / 2) * math.erf(r / (s * math.sqrt(2)))
        return 3 * self.peak / r**3 * (tail - s**2 * r * math.exp(-(r**2) / (2 * s**2)))


@dataclass(frozen=True)
class Prescription:
    """What the plan asks for."""

    target_gy: float = 70.0
    cord_limit_gy: float = 45.0
    fractions: int = 35
    #: Gy per fraction and monitor units of each beam.
    beams: tuple[tuple[float, float], ...] = ((0.8, 88.0), (1.2, 132.0))


TARGET_CENTRE: Point = (-14.0, -22.0, 21.0)
TARGET_RADIUS = 20.0

_BODY = Solid((0.0, -10.0, 9.0), (88.0, 66.0, 51.0))
_TARGET = Solid(TARGET_CENTRE, (TARGET_RADIUS,) * 3, round=True)
_LUNG_L = Solid((45.0, -12.0, 21.0), (24.0, 36.0, 30.0), round=True)
_LUNG_R = Solid((-45.0, -12.0, 21.0), (26.0, 38.0, 33.0), round=True)
_SPINE = Solid((0.0, 36.0, 9.0), (14.0, 14.0, 51.0))
_CORD = Solid((0.0, 36.0, 9.0), (6.0, 6.0, 51.0))
_TUBE = Solid((34.0, -20.0, -25.5), (14.0, 14.0, 10.5))
_LUMEN = Solid((34.0, -20.0, -25.5), (8.0, 8.0, 10.5))

ROIS: tuple[Roi, ...] = (
    Roi(1, "BODY", "EXTERNAL", "#c0c0c0", _BODY),
    Roi(2, "PTV_70", "PTV", "#e41a1c", _TARGET),
    Roi(3, "Ring_Hole", "ORGAN", "#ff7f00", _TUBE, hole=_LUMEN),
    Roi(4, "SpinalCord", "ORGAN", "#377eb8", _CORD),
    Roi(5, "Lung_L", "ORGAN", "#4daf4a", _LUNG_L),
    Roi(6, "Lung_R", "ORGAN", "#984ea3", _LUNG_R),
    Roi(7, "ISO", "ISOCENTER", "#ffff33", point=TARGET_CENTRE),
    Roi(8, "Empty", "CONTROL", "#a65628"),
)

#: Painted in this order, the later ones over the earlier ones; the rest is air.
TISSUES: tuple[Tissue, ...] = (
    Tissue(_BODY, 20.0, 20.0 / 88.0),
    Tissue(_LUNG_L, -700.0),
    Tissue(_LUNG_R, -700.0),
    Tissue(_SPINE, 700.0),
    Tissue(_CORD, 30.0),
    Tissue(_TUBE, 60.0),
    Tissue(_LUMEN, 10.0),
    Tissue(_TARGET, 50.0),
)
AIR_HU = -1000.0

DOSE = GaussianDose(TARGET_CENTRE, peak=74.0, sigma=42.0)
PLAN = Prescription()

#: Least and greatest x, y and z that the CT's voxels cover, and those of the dose grid's centres.
CT_BOX: tuple[Point, Point] = ((-96.0, -106.0, -51.0), (96.0, 86.0, 69.0))
DOSE_BOX: tuple[Point, Point] = ((-95.0, -81.25, -47.0), (95.0, 58.75, 64.0))


@dataclass(frozen=True)
class Answers:
    """The analytic truth about the synthetic patient, to test computed numbers against.

    Parameters
    ----------
    volumes_cc : mapping of str to float
        Volume of each ROI, cm3, closed form; 0 for ``ISO`` and ``Empty``.
    mean_gy : mapping of str to float
        Mean dose of each ROI that has a volume, Gy: closed form for the target, for the others
        numerical integration with an error below 1e-6 Gy.
    target : mapping of str to float
        DVH metrics of ``PTV_70`` as :func:`rtxr.analysis.statistics.metrics.dvh_metrics` spells
        them, closed form: doses in Gy, volumes in % of the ROI or cm3.
    isocenter : (float, float, float)
        Patient LPS, mm; the ROI ``ISO``, the beams' isocentre and the dose maximum.
    prescription_gy, fractions
        What the plan prescribes.
    dose : GaussianDose
        The dose as a function of position: ``answers().dose.at(x, y, z)``.
    """

    volumes_cc: Mapping[str, float]
    mean_gy: Mapping[str, float]
    target: Mapping[str, float]
    isocenter: Point
    prescription_gy: float
    fractions: int
    dose: GaussianDose


def answers() -> Answers:
    """The analytic truth about the synthetic patient; the same for every grid spacing."""
    whole = _TARGET.volume / 1000
    percent = 100 / whole
    target = {
        "volume": whole,
        "min": float(DOSE.at(*TARGET_CENTRE[:2], TARGET_CENTRE[2] + TARGET_RADIUS)),
        "mean": DOSE.mean_in_sphere(TARGET_RADIUS),
        "max": DOSE.peak,
        **{f"D{part}%": DOSE.dose_to(part * whole / 100) for part in (2, 50, 95, 98)},
        "D2cc": DOSE.dose_to(2.0),
        **{
            f"V{gy}Gy": percent * float(DOSE.volume_above(gy, TARGET_RADIUS)) for gy in (20, 68, 70)
        },
        "V95%": percent * float(DOSE.volume_above(0.95 * PLAN.target_gy, TARGET_RADIUS)),
    }
    means = {roi.name: DOSE.mean_in(roi) for roi in ROIS if roi.solid}
    return Answers(
        volumes_cc={roi.name: roi.volume_cc for roi in ROIS},
        mean_gy={**means, "PTV_70": target["mean"]},
        target=target,
        isocenter=TARGET_CENTRE,
        prescription_gy=PLAN.target_gy,
        fractions=PLAN.fractions,
        dose=DOSE,
    )
