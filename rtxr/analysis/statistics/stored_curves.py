"""Curves that another program computed beside those of rtxr, and what explains differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.errors import Finding
from rtxr.geometry import FloatArray

#: Another reading explains a difference when what is left of it is below this part.
_CLOSER = 0.5
#: What explains a volume leaves no more of it than this share.
_EXPLAINED = 0.1
#: Means this near to one another are of one dose: share, Gy.
_SAME_DOSE, _SAME_GY = 0.02, 0.05
#: Volumes that differ by less (part, cm3) are the same.
_SAME_PART, _SAME_CC = 0.03, 0.05
#: Below this part of the whole, volume and missing volume are rounding.
_ROUNDING = 1e-6
#: Doses at which two curves are held against each other.
_SAMPLES = 2000


@dataclass(frozen=True)
class CutOff(RoiDose):
    """A curve that ends before zero volume: what lies beyond its end is NaN."""

    def volume_at(self, dose: npt.ArrayLike) -> FloatArray:
        """Volume that receives at least a dose, cm3; NaN beyond the end of the curve."""
        asked = np.asarray(dose, dtype=np.float64)
        beyond = asked > self.doses[-1]
        return np.where(beyond, np.nan, self._seen.volume_at(np.where(beyond, 0.0, asked)))

    def dose_at(self, volume_cc: float) -> float:
        """Lowest dose to the hottest part of this volume; NaN for less than the curve ends with."""
        if volume_cc < self.volumes[-1]:
            return float("nan")
        return self._seen.dose_at(volume_cc)

    @property
    def _seen(self) -> RoiDose:
        """The curve as if it ended where it was cut off."""
        end = float(self.doses[-1])
        return RoiDose(
            **{**vars(self), "minimum": float(np.fmin(self.minimum, end)), "maximum": end}
        )


@dataclass(frozen=True)
class Pair:
    """The stored and the computed dose to one structure."""

    label: str
    stored: RoiDose
    computed: RoiDose


def roi_dose_of(
    label: str,
    doses: npt.ArrayLike,
    volumes: npt.ArrayLike,
    statistics: Mapping[str, float | None] | None = None,
) -> RoiDose:
    """A cumulative curve as the dose to a structure.

    Parameters
    ----------
    label : str
        Its ROI.
    doses, volumes : array_like, (n,)
        Ascending doses from 0 on, Gy, and the volumes that receive at least those, cm3; rows
        where the volume is NaN do not count, and a curve that does not end at zero was cut off.
    statistics : mapping, optional
        ``min_gy``, ``mean_gy`` and ``max_gy`` where they are known better than by the curve.

    Returns
    -------
    RoiDose
        Of a curve that was cut off, a :class:`CutOff`.
    """
    curve = np.asarray(volumes, dtype=np.float64)
    known = np.isfinite(curve)
    unknown_start = bool(len(curve) and not known[0])
    at, curve = np.asarray(doses, dtype=np.float64)[known], curve[known]
    if not len(at):
        nan, none = float("nan"), np.empty(0)
        return RoiDose(label, none, none, nan, nan, nan, nan, nan)
    whole = float(curve[0])
    cut_off = bool(curve[-1] > _ROUNDING * whole)
    lost = np.flatnonzero(curve < whole * (1 - _ROUNDING))
    left = np.flatnonzero(curve > whole * _ROUNDING)
    end = min(int(left[-1]) + 1 if len(left) else 0, len(at) - 1)
    mean = float(np.trapezoid(curve, at) / whole + at[0]) if whole else float("nan")
    level = float("nan") if cut_off else float(at[-1])  # until the curve falls no minimum is seen
    seen = {
        "min_gy": float(at[max(int(lost[0]) - 1, 0)]) if len(lost) else level,
        "mean_gy": float("nan") if cut_off or unknown_start else mean,
        "max_gy": float("nan") if cut_off else float(at[end]),
    }
    given = {key: value for key, value in (statistics or {}).items() if value is not None}
    told = {key: float(given.get(key, value)) for key, value in seen.items()}
    kind = CutOff if cut_off else RoiDose
    return kind(
        label=label,
        doses=at,
        volumes=curve,
        volume_cc=float("nan") if unknown_start else whole,
        outside_cc=0.0,
        minimum=told["min_gy"],
        maximum=told["max_gy"],
        mean=told["mean_gy"],
    )


def apart(pairs: Sequence[Pair]) -> float:
    """Median over structures of the area between both curves in parts of their volumes, Gy."""
    areas = []
    for pair in pairs:
        if not (pair.stored.volume_cc > 0 and pair.computed.inside_cc > 0):
            continue
        stored, computed = _by_itself(pair.stored), pair.computed
        end = min(float(stored.doses[-1]), 1.05 * computed.maximum)
        at = np.linspace(0.0, end, _SAMPLES)
        first = stored.volume_at(at) / stored.volume_cc
        second = np.minimum(computed.volume_at(at), computed.inside_cc) / computed.inside_cc
        areas.append(float(np.trapezoid(np.abs(first - second), at)))
    return float(np.median(areas)) if areas else float("nan")


def end_cap_findings(
    pairs: Sequence[Pair], end_cap: str, others: Mapping[str, Mapping[str, float]]
) -> list[Finding]:
    """Whether other end caps of the structures come closer to the stored volumes.

    Parameters
    ----------
    pairs : sequence of Pair
        What is compared.
    end_cap : str
        What was computed with.
    others : mapping
        End cap > label > volume of the contours, cm3; also of ``end_cap``.
    """
    off = {
        cap: float(np.median([abs(volumes[p.label] / p.stored.volume_cc - 1) for p in known]))
        for cap, volumes in others.items()
        if (known := [p for p in pairs if p.stored.volume_cc > 0 and p.label in volumes])
    }
    best = min(off, key=lambda cap: off[cap], default=end_cap)
    if best == end_cap or off[best] > _CLOSER * off[end_cap]:
        return []
    message = (
        f"the stored volumes are closer to end_cap={best!r} (median "
        f"difference {100 * off[best]:.2g} %) than to {end_cap!r} ({100 * off[end_cap]:.2g} %)"
    )
    return [Finding("dvh-end-cap", "info", message)]


def volume_findings(pairs: Sequence[Pair], voxel_cc: float) -> list[Finding]:
    """What explains, or does not, that volumes differ.

    Parameters
    ----------
    pairs : sequence of Pair
        What is compared.
    voxel_cc : float
        Volume of a voxel of the dose, cm3.
    """
    return [finding for pair in pairs if (finding := _volume_finding(pair, voxel_cc))]


def _volume_finding(pair: Pair, voxel_cc: float) -> Finding | None:
    stored, computed = pair.stored, pair.computed
    difference = computed.volume_cc - stored.volume_cc
    if not abs(difference) > max(_SAME_PART * stored.volume_cc, _SAME_CC):
        return None
    begin = f"ROI {pair.label!r}: the stored volume is {stored.volume_cc:.4g} cm3, the computed one"
    # The first row of a table is dose 0, where the first stored volume goes on.
    falls = np.flatnonzero(np.diff(stored.volumes) < 0)
    first = float(stored.doses[falls[0]]) if len(falls) else 0.0
    above = float(computed.volume_at(first))
    left = abs(above - stored.volume_cc)
    if first > 0 and left < min(_CLOSER * abs(difference), _EXPLAINED * stored.volume_cc):
        message = (
            f"{begin} {computed.volume_cc:.4g} cm3, of which {above:.4g} cm3 have the {first:.3g} "
            "Gy at which the stored curve begins"
        )
        return Finding("dvh-volume-differs", "info", message)
    message = (
        f"{begin} {computed.volume_cc:.4g} cm3 ({stored.volume_cc / voxel_cc:.3g} and "
        f"{computed.volume_cc / voxel_cc:.3g} voxels of the dose): other contours, or another way "
        "from contours to a volume, which shows in what is small or thin"
    )
    return Finding("dvh-volume-differs", "warning", message)


def dose_findings(pairs: Sequence[Pair]) -> list[Finding]:
    """Which means differ, and whether by one factor: the stored DVHs are then of another dose."""
    known = [
        (pair.label, pair.stored.mean, pair.computed.mean)
        for pair in pairs
        if pair.stored.mean > 0 and np.isfinite(pair.computed.mean)
    ]
    off = [each for each in known if abs(each[2] - each[1]) > max(_SAME_DOSE * each[1], _SAME_GY)]
    if not off:
        return []
    factors = np.array([computed / stored for _, stored, computed in known])
    factor = float(np.median(factors))
    if len(off) > 1 and np.ptp(factors) < _SAME_DOSE * factor:
        message = (
            f"the computed mean doses are {factor:.4g} times the stored ones: the stored DVHs are "
            "of another dose"
        )
        return [Finding("dvh-dose-differs", "warning", message)]
    means = ", ".join(f"{name!r} {first:.4g} and {second:.4g} Gy" for name, first, second in off)
    message = (
        f"stored and computed mean doses differ: {means}; the stored DVHs may be of "
        "another dose or of other contours"
    )
    return [Finding("dvh-dose-differs", "warning", message)]


def _by_itself(found: RoiDose) -> RoiDose:
    """The curve alone: its extremes as it has them, whatever is stored beside it."""
    return replace(found, minimum=float(found.doses[0]), maximum=float(found.doses[-1]))
