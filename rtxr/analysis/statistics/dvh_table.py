"""Curves of dose and volume as the columns of a table: bins, kinds and units of the axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from rtxr.analysis.doses.dose_units import AXIS_NAMES, Unit
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.structures.sweep import IntArray
from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray

Kind = Literal["cumulative", "differential"]

#: Widest bin that is chosen by itself, Gy or %.
WIDTH = 0.01
#: Bins from 0 to the highest dose, at least, where no width is given.
_BINS = 1000
#: Rows of a table at most; a dose of thousands of Gy takes wider bins.
_MAX_ROWS = 200_000


@dataclass(frozen=True)
class Axis:
    """Dose axis of a table.

    Parameters
    ----------
    name : str
        Of the index.
    edges : ndarray, (n + 1,)
        Ascending edges of bins, in the unit of the index.
    width : float
        Of a bin, in the unit of the index.
    per_unit : float
        Unit of the dose in one unit of the index: 1, or a hundredth of the prescription.
    """

    name: str
    edges: FloatArray
    width: float
    per_unit: float

    def index(self, kind: Kind) -> FloatArray:
        """Edges of a cumulative table but for the last, centres of bins of a differential one."""
        return self.edges if kind == "cumulative" else (self.edges[1:] + self.edges[:-1]) / 2


def check(kind: str, bin_width: float | None, prescription: float | None) -> None:
    """Raise unless the options of a table make sense."""
    if kind not in get_args(Kind):
        raise UnknownNameError(f"kind={kind!r}; {did_you_mean(kind, get_args(Kind))}")
    for name, value in (("bin_width", bin_width), ("prescription", prescription)):
        if value is not None and not 0 < value < np.inf:
            raise RTXRError(f"{name}={value!r}: it must be above 0")


def axis_of(
    found: Iterable[RoiDose], unit: Unit, prescription: float | None, bin_width: float | None
) -> Axis:
    """Dose axis that holds every curve, from 0 or the lowest dose below it to beyond the highest.

    Parameters
    ----------
    found : iterable of RoiDose
        Curves of a table.
    unit : str
        Unit of the doses.
    prescription : float, optional
        Dose that is 100 %, in that unit; the axis is then in percent.
    bin_width : float, optional
        In the unit of the axis; by default 0.01 (Gy, %), finer where the highest dose is below
        10: the power of ten that makes 1000 bins or more. A dose in another unit takes that
        power of ten whatever it is.
    """
    per_unit = 1.0 if prescription is None else prescription / 100
    name = AXIS_NAMES[unit if prescription is None else "%"]
    known = [each for each in found if np.isfinite(each.maximum)]
    highest = max((each.maximum for each in known), default=0.0) / per_unit
    lowest = min((each.minimum for each in known), default=0.0) / per_unit
    reach = max(highest, 0.0) - min(lowest, 0.0)
    capped = name in (AXIS_NAMES["Gy"], AXIS_NAMES["%"], AXIS_NAMES["relative"])
    width = _fine(reach, capped=capped) if bin_width is None else float(bin_width)
    width = max(width, reach / _MAX_ROWS)
    first = int(np.floor(min(lowest, 0.0) / width))
    last = int(np.floor(max(highest, 0.0) / width)) + 1
    return Axis(name, _multiples(np.arange(first, last + 1), width), width, per_unit)


def _fine(reach: float, *, capped: bool) -> float:
    """Power of ten that makes enough bins."""
    if not reach > 0:
        return WIDTH
    width = float(10.0 ** np.floor(np.log10(reach / _BINS * (1 + 1e-12))))
    return min(width, WIDTH) if capped else width


def _multiples(steps: IntArray, width: float) -> FloatArray:
    """Multiples of a width; of 0.01 those numbers that are read as 0.35 and not as 0.350…03."""
    per_one = np.rint(1 / width) if width < 1 else 0.0
    decimal = per_one and abs(per_one * width - 1) < 1e-12
    return np.asarray(steps / per_one if decimal else steps * width, dtype=np.float64)


def column(found: RoiDose, axis: Axis, kind: Kind, *, relative: bool) -> FloatArray:
    """Volumes of one structure.

    Parameters
    ----------
    found : RoiDose
        Its curve.
    axis : Axis
        Of the table.
    kind : {"cumulative", "differential"}
        Volume that receives at least a dose, or volume in each bin; the latter sums to the volume
        where the dose is known.
    relative : bool
        In % of the whole structure, else cm3.
    """
    volumes = found.volume_at(axis.edges * axis.per_unit)
    if kind == "differential":
        known = np.minimum(volumes, found.inside_cc)  # the whole at the lowest edge is no bin's
        volumes = known[:-1] - known[1:]
    if not relative:
        return volumes
    whole = found.volume_cc if found.volume_cc > 0 else float("nan")
    return np.asarray(100 * (volumes / whole), dtype=np.float64)
