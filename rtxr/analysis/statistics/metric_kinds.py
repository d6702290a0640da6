"""What each DVH metric is, in words, in numbers and by whom.

=================  ==============================================================================
``D95%``           Lowest dose to the hottest 95 % of the whole volume (ICRU 83); ``D100%`` is
                   ``min``, ``D0%`` is ``max``.
``D2cc``           Lowest dose to the hottest 2 cm3; NaN, with a finding, where there is less.
``DC5%``           Complement dose: highest dose to the coldest 5 % (TG-263); equals ``D95%``.
``DC10cc``         Highest dose to the coldest 10 cm3.
``V20Gy``          Volume with at least 20 Gy, in % of the whole structure; ``V2000cGy`` too.
``V95%``           Volume with at least 95 % of the prescription, in % of the whole structure.
``CV20Gy``         Cold volume: with less than 20 Gy (complement volume, TG-263); in % as ``V``.
``CV95%``          With less than 95 % of the prescription.
``mean``           Mean dose (``Dmean``); ``min`` (``Dmin``) and ``max`` (``Dmax``) over the solid,
                   faces included; ``median`` (``Dmedian``) is D50%.
``gEUD(a=8)``      Generalised equivalent uniform dose (1/V ∫ D^a dV)^(1/a), Niemierko 1997, 1999.
``HI``             Homogeneity index (D2% - D98%) / D50% (ICRU 83); 0 is uniform.
``CI``             Conformity index V_RI / TV (RTOG; Shaw 1993): volume of the prescription isodose,
                   in the whole dose grid, by the volume of the structure.
``Paddick``        TV_RI^2 / (TV V_RI) (Paddick 2000), with TV_RI the volume of the structure in the
                   prescription isodose; 1 is ideal.
``volume``         Volume, cm3.
=================  ==============================================================================

A unit in brackets chooses another one: a volume ``[cc]`` or ``[%]`` of the structure
(``V20Gy[cc]``), a dose ``[Gy]``, ``[cGy]`` or ``[%]`` of the prescription (``D95%[%]``,
``mean[cGy]``). Numbers may have decimals (``D0.03cc``), letters may be in either case, spaces do
not count.

Volume outside the dose grid: doses and ``V`` are those of the rest, by the whole volume; what is
only known with all of the structure (``CV``, ``DC``, ``Paddick``, and ``D`` of more than there is)
is NaN, with a finding.

Sources: ICRU Report 83, J ICRU 10 (2010); Shaw et al., Int J Radiat Oncol Biol Phys 27 (1993)
1231; Paddick, J Neurosurg 93 Suppl 3 (2000) 219; Niemierko, Med Phys 24 (1997) 103 and 26 (1999)
1100; Mayo et al. (AAPM TG-263), Int J Radiat Oncol Biol Phys 100 (2018) 1057.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from rtxr.analysis.statistics.dose_volume import RoiDose

#: Part of the volume that may lie outside the dose grid without a metric being unknown.
OUTSIDE = 1e-6
#: Volumes that differ by no more of their size are the same.
_SAME = 1e-9


@dataclass(frozen=True)
class MetricInput:
    """What a metric is computed from.

    Parameters
    ----------
    roi : RoiDose
        Dose to the structure: ``roi.dose_at(cm3)``, ``roi.volume_at(dose)``, ``roi.mean``,
        ``roi.volume_cc``, and the fine cumulative curve ``roi.doses``, ``roi.volumes``.
    numbers : tuple of float
        The numbers in the name, in their order: ``(95.0,)`` of ``D95%``.
    prescription : float
        In the unit of the dose; NaN where there is none.
    isodose : callable
        Volume (cm3) of the whole dose grid with at least a dose.
    """

    roi: RoiDose
    numbers: tuple[float, ...] = ()
    prescription: float = math.nan
    isodose: Callable[[float], float] = field(default=lambda _: math.nan, repr=False)

    @property
    def number(self) -> float:
        """The first number in the name, NaN where it has none."""
        return self.numbers[0] if self.numbers else math.nan

    @property
    def isodose_cc(self) -> float:
        """Volume of the prescription isodose, cm3, computed when it is first asked for."""
        return self.isodose(self.prescription)


#: From what a metric needs to its value, in the unit of its kind.
Compute = Callable[[MetricInput], float]
#: Unit of what a metric computes: dose, volume in cm3, percentage, or a bare number.
Unit = Literal["Gy", "cc", "%", ""]
Unknown = Literal["higher", "lower", "either", "same"]


@dataclass(frozen=True)
class Kind:
    """One kind of metric.

    Parameters
    ----------
    spelling : str
        How it is written, ``#`` for a number: ``"D#%"``. After ``=`` it may be negative.
    meaning : str
        One sentence.
    compute : callable
        From :class:`MetricInput` to the value.
    unit : {"Gy", "cc", "%", ""}
        Of what it computes.
    shown : str, optional
        Unit where none is asked for, if not ``unit``.
    needs_prescription, needs_gray, needs_whole : bool
        Whether it asks for a prescription, for a dose in Gy, for a dose to all of the structure.
    unknown : {"higher", "lower", "either", "same"}
        What the value could be if all of the structure had a known dose, against what it is.
    aliases : tuple of str
        Other spellings.
    """

    spelling: str
    meaning: str
    compute: Compute
    unit: Unit = "Gy"
    shown: str = ""
    needs_prescription: bool = False
    needs_gray: bool = False
    needs_whole: bool = False
    unknown: Unknown = "either"
    aliases: tuple[str, ...] = ()


def _hottest(given: MetricInput, volume: float) -> float:
    """Of all of the structure the lowest dose there is, which the curve has to its step only."""
    roi = given.roi
    if roi.outside_cc == 0 and 0 < roi.volume_cc <= volume <= roi.volume_cc * (1 + _SAME):
        return roi.minimum
    return roi.dose_at(volume)


def _above(given: MetricInput, dose: float) -> float:
    if given.roi.volume_cc > 0 and not given.roi.inside_cc > 0:
        return math.nan
    return float(given.roi.volume_at(dose))


def _below(given: MetricInput, dose: float) -> float:
    return given.roi.volume_cc - _above(given, dose)


def _percent(given: MetricInput) -> float:
    """The dose that a percentage of the prescription is."""
    return given.number / 100 * given.prescription


def _share(given: MetricInput) -> float:
    """The volume that a percentage of the structure is, cm3."""
    return given.number / 100 * given.roi.volume_cc


def _geud(given: MetricInput) -> float:
    """Of the cumulative curve, each step of it at its middle."""
    roi, a = given.roi, given.number
    if not roi.inside_cc > 0 or roi.minimum < 0 or a == 0:
        return math.nan
    if a < 0 and roi.minimum == 0:
        return 0.0
    weights = -np.diff(roi.volumes)
    edges = np.clip(roi.doses, roi.minimum, roi.maximum)
    with_volume = weights > 0
    doses = ((edges[1:] + edges[:-1]) / 2)[with_volume]
    scale = roi.maximum if a > 0 else roi.minimum  # powers of at most 1 do not overflow
    if not scale > 0:
        return 0.0
    mean = np.average((doses / scale) ** a, weights=weights[with_volume])
    return float(scale * mean ** (1 / a))


def _homogeneity(given: MetricInput) -> float:
    near_max, near_min, median = (
        given.roi.dose_at(part * given.roi.volume_cc) for part in (0.02, 0.98, 0.5)
    )
    return (near_max - near_min) / median if median else math.nan


def _conformity(given: MetricInput) -> float:
    volume = given.roi.volume_cc
    return given.isodose_cc / volume if volume > 0 else math.nan


def _paddick(given: MetricInput) -> float:
    volume, isodose = given.roi.volume_cc, given.isodose_cc
    if not volume > 0 or math.isnan(isodose):
        return math.nan
    inside = _above(given, given.prescription)
    return inside**2 / (volume * isodose) if isodose > 0 else 0.0


BUILT_IN: tuple[Kind, ...] = (
    Kind(
        "D#%",
        "lowest dose to the hottest # % of the volume",
        lambda g: _hottest(g, _share(g)),
        unknown="higher",
    ),
    Kind(
        "D#cc",
        "lowest dose to the hottest # cm3",
        lambda g: _hottest(g, g.number),
        unknown="higher",
    ),
    Kind(
        "DC#%",
        "highest dose to the coldest # % of the volume",
        lambda g: _hottest(g, g.roi.volume_cc - _share(g)),
        needs_whole=True,
    ),
    Kind(
        "DC#cc",
        "highest dose to the coldest # cm3",
        lambda g: _hottest(g, g.roi.volume_cc - g.number),
        needs_whole=True,
    ),
    Kind(
        "V#Gy",
        "volume with at least # Gy",
        lambda g: _above(g, g.number),
        unit="cc",
        shown="%",
        needs_gray=True,
        unknown="higher",
    ),
    Kind(
        "V#cGy",
        "volume with at least # cGy",
        lambda g: _above(g, g.number / 100),
        unit="cc",
        shown="%",
        needs_gray=True,
        unknown="higher",
    ),
    Kind(
        "V#%",
        "volume with at least # % of the prescription",
        lambda g: _above(g, _percent(g)),
        unit="cc",
        shown="%",
        needs_prescription=True,
        unknown="higher",
    ),
    Kind(
        "CV#Gy",
        "cold volume: with less than # Gy",
        lambda g: _below(g, g.number),
        unit="cc",
        shown="%",
        needs_gray=True,
        needs_whole=True,
    ),
    Kind(
        "CV#cGy",
        "cold volume: with less than # cGy",
        lambda g: _below(g, g.number / 100),
        unit="cc",
        shown="%",
        needs_gray=True,
        needs_whole=True,
    ),
    Kind(
        "CV#%",
        "cold volume: with less than # % of the prescription",
        lambda g: _below(g, _percent(g)),
        unit="cc",
        shown="%",
        needs_prescription=True,
        needs_whole=True,
    ),
    Kind("mean", "mean dose", lambda g: g.roi.mean, aliases=("Dmean",)),
    Kind(
        "median",
        "D50%",
        lambda g: _hottest(g, g.roi.volume_cc / 2),
        unknown="higher",
        aliases=("Dmedian",),
    ),
    Kind("min", "lowest dose", lambda g: g.roi.minimum, unknown="lower", aliases=("Dmin",)),
    Kind("max", "highest dose", lambda g: g.roi.maximum, unknown="higher", aliases=("Dmax",)),
    Kind("gEUD(a=#)", "generalised equivalent uniform dose", _geud),
    Kind("HI", "homogeneity index (D2% - D98%) / D50%", _homogeneity, unit=""),
    Kind(
        "CI",
        "volume of the prescription isodose by that of the structure",
        _conformity,
        unit="",
        unknown="same",
        needs_prescription=True,
    ),
    Kind(
        "Paddick",
        "Paddick's conformity index",
        _paddick,
        unit="",
        needs_prescription=True,
        needs_whole=True,
    ),
    Kind("volume", "volume", lambda g: g.roi.volume_cc, unit="cc", unknown="same"),
)
