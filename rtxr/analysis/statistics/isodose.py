"""Volume of a dose grid that receives at least a dose: the size of an isodose.

It is that of the trilinear dose between the outermost voxel centres, by the same integral as a DVH
(:mod:`rtxr.analysis.statistics.dose_volume`): the part of the grid around the isodose is taken as
a box of slabs, a slab per step of the grid, and its cumulative curve is read at the dose. What
lies beyond the grid, or where the dose is NaN, is not known and does not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics.dose_volume import integrate
from rtxr.analysis.structures.planes import Slabs
from rtxr.analysis.structures.sweep import closed_edges
from rtxr.errors import Finding
from rtxr.geometry import Grid


class Isodose:
    """Volumes of isodoses of one dose, each computed once, when it is asked for.

    Parameters
    ----------
    load : callable
        Gives the dose; called when the first volume is asked for.
    """

    def __init__(self, load: Callable[[], Field]) -> None:
        self._load = load
        self._field: Field | None = None
        self._known: dict[float, tuple[float, tuple[Finding, ...]]] = {}

    def volume_cc(self, dose: float) -> float:
        """Volume with at least a dose, cm3; NaN where the grid has no thickness."""
        if dose not in self._known:
            self._field = self._field or self._load()
            self._known[dose] = isodose_volume(self._field, dose)
        return self._known[dose][0]

    @property
    def findings(self) -> list[Finding]:
        """What was noticed of the volumes computed so far."""
        return [finding for _, told in self._known.values() for finding in told]


def isodose_volume(field: Field, dose: float) -> tuple[float, tuple[Finding, ...]]:
    """Volume of a dose grid with at least a dose.

    Parameters
    ----------
    field : Field
        The dose.
    dose : float
        In the unit of the field.

    Returns
    -------
    volume_cc : float
        cm3; NaN where the grid has a single plane, row or column.
    findings : tuple of Finding
        ``isodose-cut`` where the isodose reaches the border of the grid, or voxels without a
        dose, so that there may be more of it.
    """
    if min(field.values.shape) < 2 or not np.isfinite(dose):
        return float("nan"), ()
    hot = field.values >= dose
    if not hot.any():
        return 0.0, ()
    near = _around(hot)
    z, y, x = (axis[part] for axis, part in zip(field.grid.axes, near, strict=True))
    box = Field(replace(field.grid, axes=(z, y, x)), field.values[near])
    volume = float(integrate(_slabs(box.grid), box).volume_at(dose)) if dose > 0 else _known(box)
    border = any(
        bool(hot.take(end, axis=axis).any()) for axis in range(hot.ndim) for end in (0, -1)
    )
    if not border and not np.isnan(box.values).any():
        return volume, ()
    text = (
        f"the isodose of {dose:g} reaches the border of the dose grid, or voxels without a dose; "
        f"its volume of {volume:.3f} cm3 is that of the part inside"
    )
    return volume, (Finding("isodose-cut", "warning", text),)


def _known(box: Field) -> float:
    """Volume where there is a dose at all."""
    return integrate(_slabs(box.grid), box).inside_cc


def _around(hot: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[slice, ...]:
    """The part of a grid that holds what is true, and a voxel more on each side."""
    parts = []
    for axis in range(hot.ndim):
        others = tuple(each for each in range(hot.ndim) if each != axis)
        at = np.flatnonzero(hot.any(axis=others))
        parts.append(slice(max(int(at[0]) - 1, 0), int(at[-1]) + 2))
    return tuple(parts)


def _slabs(grid: Grid) -> Slabs:
    """The box between the outermost voxel centres, a slab per step along the first axis."""
    z, y, x = grid.axes
    count = len(z) - 1
    corners = np.array([[x[0], y[0]], [x[-1], y[0]], [x[-1], y[-1]], [x[0], y[-1]]])
    points, plane = np.tile(corners, (count, 1)), np.arange(count)
    starts = 4 * np.arange(count + 1)
    edges = closed_edges(points, starts, plane, plane)
    return Slabs(
        "isodose",
        grid.matrix,
        (z[1:] + z[:-1]) / 2,
        z[:-1],
        z[1:],
        points,
        np.repeat(plane, 4),
        starts,
        edges,
    )
