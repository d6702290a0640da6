"""Curves of dose and volume as the columns of a table: bins, kinds and units of the axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from rtxr.analysis.doses.dose_units import AXIS_NAMES, Unit
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.prescriptions import Prescriptions
from rtxr.analysis.structures.sweep import IntArray
from rtxr.errors import Finding, RTXRError, UnknownNameError, above_0, did_you_mean
from rtxr.geometry import FloatArray

Kind = Literal["cumulative", "differential"]

#: Widest bin that is chosen by itself, Gy or %.
WIDTH = 0.01
#: Bins from 0 to the highest dose, at least, where no width is given.
_BINS = 1000
#: Rows of a table at most; a dose of thousands of Gy takes wider bins.
_MAX_ROWS = 200_000
#: Volumes, and differences of volumes, below this part of the whole are rounding of sums.
_ROUNDING = 1e-11


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
    prescribed : Prescriptions
        What 100 % are; without any the index is in the unit of the dose.
    """

    name: str
    edges: FloatArray
    width: float
    prescribed: Prescriptions

    def per_unit(self, label: str) -> float:
        """Unit of the dose in one unit of the index: 1, or a hundredth of the prescription."""
        return self.prescribed.of(label) / 100 if self.prescribed.given else 1.0

    def findings(self, columns: Iterable[tuple[str, str]]) -> list[Finding]:
        """Which structures, of columns (dose, label), have no prescription to be in % of."""
        labels = dict.fromkeys(label for _, label in columns)
        text = (
            "ROI {!r}: prescription= says none of it, so its column is empty; name it there, "
            "or give a 'default'"
        )
        return [
            Finding("dvh-without-prescription", "warning", text.format(label))
            for label in labels
            if np.isnan(self.per_unit(label))
        ]

    def index(self, kind: Kind) -> FloatArray:
        """Edges of a cumulative table but for the last, centres of bins of a differential one."""
        return self.edges if kind == "cumulative" else (self.edges[1:] + self.edges[:-1]) / 2


def check(kind: str, bin_width: float | None) -> None:
    """Raise unless the options of a table make sense."""
    if kind not in get_args(Kind):
        raise UnknownNameError(f"kind={kind!r}; {did_you_mean(kind, get_args(Kind))}")
    if bin_width is not None:
        above_0("bin_width", bin_width, "the step of the index, in its unit")


def axis_of(
    found: Iterable[RoiDose], unit: Unit, prescribed: Prescriptions, bin_width: float | None
) -> Axis:
    """Dose axis that holds every curve, from 0 or the lowest dose below it to beyond the highest.

    Parameters
    ----------
    found : iterable of RoiDose
        Curves of a table.
    unit : str
        Unit of the doses.
    prescribed : Prescriptions
        Doses that are 100 %, in that unit; the axis is then in percent.
    bin_width : float, optional
        In the unit of the axis; by default 0.01 (Gy, %), finer where the highest dose is below
        10: the power of ten that makes 1000 bins or more. A dose in another unit takes that
        power of ten whatever it is.

    Raises
    ------
    RTXRError
        A width that makes more than 200 000 rows.
    """
    name = AXIS_NAMES["%" if prescribed.given else unit]
    axis = Axis(name, np.empty(0), 0.0, prescribed)
    scales = [(each, axis.per_unit(each.label)) for each in found if np.isfinite(each.maximum)]
    known = [(each, scale) for each, scale in scales if np.isfinite(scale)]
    highest = max((each.maximum / scale for each, scale in known), default=0.0)
    lowest = min((each.minimum / scale for each, scale in known), default=0.0)
    reach = max(highest, 0.0) - min(lowest, 0.0)
    capped = name in (AXIS_NAMES["Gy"], AXIS_NAMES["%"], AXIS_NAMES["relative"])
    if bin_width is None:
        width = max(_fine(reach, capped=capped), reach / _MAX_ROWS)
    else:
        width = float(bin_width)
        _require_rows(width, reach, name)
    first = int(np.floor(min(lowest, 0.0) / width))
    last = int(np.floor(max(highest, 0.0) / width)) + 1
    return replace(axis, edges=_multiples(np.arange(first, last + 1), width), width=width)


def _require_rows(width: float, reach: float, name: str) -> None:
    """Raise where a width makes more rows than a table is to have."""
    if reach / width <= _MAX_ROWS:
        return
    enough = 10.0 ** np.ceil(np.log10(reach / _MAX_ROWS))
    raise RTXRError(
        f"bin_width={width:g} would make {reach / width:,.0f} rows ({name} up to {reach:.4g}), and "
        f"{_MAX_ROWS:,} are the most; give bin_width={enough:g} or more (metrics do not depend on "
        "it: ds.rt.dvh_metrics() has the exact doses and volumes)"
    )


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
    per_unit = axis.per_unit(found.label)
    if np.isnan(per_unit):
        return np.full(len(axis.index(kind)), np.nan)
    volumes = found.volume_at(axis.edges * per_unit)
    rounding = _ROUNDING * found.volume_cc
    inside = found.inside_cc
    volumes = np.where(np.abs(volumes - inside) < rounding, inside, volumes)
    if kind == "differential":
        known = np.minimum(volumes, inside)  # the whole at the lowest edge is no bin's
        volumes = known[:-1] - known[1:]
    volumes = np.where(np.abs(volumes) < rounding, 0.0, volumes)
    if not relative:
        return volumes
    whole = found.volume_cc if found.volume_cc > 0 else float("nan")
    return np.asarray(100 * (volumes / whole), dtype=np.float64)
