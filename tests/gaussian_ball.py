"""A Gaussian dose in a contoured ball: the case, and its truth by numerical integration.

The truth is of the Gaussian itself: rings of each slab's disc through its height. Trilinear reading
of a grid of 0.5 mm is off by up to 0.5**2 / 8 * TOP / SIGMA**2 = 0.015 Gy per axis, which is
allowed for beside the 0.3 %.
"""

from __future__ import annotations

import numpy as np
import solids
import xarray as xr
from analysis.shapes import axial_grid, make_case
from analytic import LEVELS

#: Gy and mm of the dose; the ball is that of the linear doses.
TOP, SIGMA = 60.0, 11.0
_BALL = solids.SOLIDS["sphere"]
_STEP, _REACH = 0.5, 14.0
_LEVELS, _RINGS = 60, 800


def gauss(square: np.ndarray) -> np.ndarray:
    """Dose at the square of a distance from the middle, Gy."""
    return TOP * np.exp(-square / (2 * SIGMA**2))


def case(spacing: float) -> xr.Dataset:
    """The ball ``A`` contoured every ``spacing`` mm, and the dose on its grid."""
    n = round(2 * _REACH / _STEP) + 1
    grid = axial_grid((n,) * 3, (_STEP,) * 3, (-_REACH,) * 3, "dose_")
    z, y, x = (np.square(axis) for axis in grid.axes)
    return make_case(
        {"A": _BALL.contours(spacing)}, None, (grid, gauss(z[:, None, None] + y[:, None] + x))
    )


def truth(spacing: float) -> dict[str, float]:
    """Volume (cm3) and doses (Gy) of the slabs, by the names of metrics."""
    doses, volumes, far = [], [], 0.0
    for z in _BALL.planes(spacing):
        disc = 144 - z**2
        heights = z + spacing * ((np.arange(_LEVELS) + 0.5) / _LEVELS - 0.5)
        rings = disc * (np.arange(_RINGS) + 0.5) / _RINGS  # of equal area
        doses.append(gauss(np.add.outer(heights**2, rings)).ravel())
        volumes.append(np.full(doses[-1].size, np.pi * disc * spacing / doses[-1].size))
        far = max(far, disc + (abs(z) + spacing / 2) ** 2)
    dose, volume = np.concatenate(doses), np.concatenate(volumes)
    order = np.argsort(-dose)
    received = np.cumsum(volume[order])
    whole = received[-1]
    parts = {name: 30.0 if x is None else x / 100 * whole for name, x in LEVELS.items()}
    return {
        "volume": whole / 1000,
        "min": float(gauss(far)),
        "max": TOP,
        "mean": dose @ volume / whole,
        **{name: np.interp(part, received, dose[order]) for name, part in parts.items()},
    }
