"""Doses by formula: of the clinical case, and two of a phantom that gamma compares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Voxels (z, y, x), spacing and centre of the first voxel of the dose of the case, mm.
SHAPE, SPACING, ORIGIN = (180, 112, 168), (3.0, 2.5, 2.5), (-270.0, -140.0, -209.0)
#: Voxels and spacing of the doses that gamma compares.
GAMMA_SHAPE, GAMMA_SPACING = (72, 60, 84), 2.5


def of_case() -> FloatArray:
    """Dose of the case (z, y, x), Gy: high in its target, with a bath around it."""
    axes = (
        at + step * np.arange(size) for at, step, size in zip(ORIGIN, SPACING, SHAPE, strict=True)
    )
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    to_target = np.sqrt(((x + 60) / 40) ** 2 + ((y - 10) / 42) ** 2 + ((z - 130) / 39) ** 2)
    bath = 20 * np.exp(-(((x + 20) / 150) ** 2) - (y / 100) ** 2 - ((z - 60) / 190) ** 2)
    return np.asarray(46 * _edge(1.05 - to_target, 0.07) + bath)


def to_compare() -> tuple[tuple[FloatArray, ...], FloatArray, FloatArray]:
    """Positions along z, y and x, a planned dose, and the same dose moved and modulated."""
    axes = tuple((np.arange(size) - (size - 1) / 2) * GAMMA_SPACING for size in GAMMA_SHAPE)
    z, y, x = np.meshgrid(*axes, indexing="ij")
    change = 1.01 + 0.035 * np.sin(x / 17 + y / 23) * np.cos(z / 19)
    return axes, _planned(z, y, x), _planned(z - 1.1, y + 0.8, x - 1.3) * change


def _planned(z: FloatArray, y: FloatArray, x: FloatArray) -> FloatArray:
    box = _edge(50 - abs(z), 3) * _edge(40 - abs(y), 4) * _edge(55 - abs(x - 5 * np.sin(z / 20)), 3)
    bath = 5 * np.exp(-(x**2 + y**2 + z**2) / 60**2)
    return np.asarray(60 * box * (1 + 0.05 * np.cos(x / 15) * np.cos(y / 12)) + bath)


def _edge(inwards: FloatArray, width: float) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-inwards / width)))
