"""DVH metrics: one grammar, one registry, definitions in words.

=============  ==================================================================================
``D95%``       Lowest dose to the hottest 95 % of the whole volume.
``D2cc``       Lowest dose to the hottest 2 cm3; NaN, with a finding, where there is less volume.
``V20Gy``      Volume with a dose of at least 20 Gy, in % of the whole structure.
``V20Gy[cc]``  The same in cm3.
``V95%``       Volume with at least 95 % of the prescription, in % of the whole structure.
``V95%[cc]``   The same in cm3.
``mean``       Mean dose; ``median`` is D50%; ``min`` and ``max`` over the solid, faces included.
``volume``     Volume, cm3.
=============  ==================================================================================

Doses are read from the fine cumulative curve of :mod:`rtxr.analysis.dose_volume`, not from the
bins of a table. Numbers may have decimals (``D0.03cc``); letters may be in either case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from rtxr import model
from rtxr.analysis.contours import finding_dicts
from rtxr.analysis.dose_units import unit_findings, unit_of
from rtxr.analysis.dose_volume import RoiDose
from rtxr.analysis.dvh import roi_doses
from rtxr.analysis.planes import EndCap
from rtxr.analysis.polygons import Combine
from rtxr.errors import Finding, MissingDataError, RTXRError, UnknownNameError, did_you_mean

#: Number of a metric (None for those without) and prescription > value.
Compute = Callable[[RoiDose, float, float], float]


@dataclass(frozen=True)
class Kind:
    """One kind of metric.

    Parameters
    ----------
    spelling : str
        How it is written, ``#`` for the number: ``"D#%"``.
    meaning : str
        One sentence.
    compute : callable
        From the dose to a structure, the number and the prescription to the value.
    needs_prescription : bool
        Whether the number is a percentage of the prescription.
    needs_gray : bool
        Whether the number is a dose in Gy, which a dose in relative units cannot answer.
    """

    spelling: str
    meaning: str
    compute: Compute
    needs_prescription: bool = False
    needs_gray: bool = False


@dataclass(frozen=True)
class Metric:
    """A metric as asked for: its kind and its number."""

    name: str
    kind: Kind
    number: float


def _percent(found: RoiDose, dose: float) -> float:
    return 100 * float(found.volume_at(dose)) / found.volume_cc if found.volume_cc else math.nan


KINDS: tuple[Kind, ...] = (
    Kind(
        "D#%",
        "lowest dose to the hottest # % of the volume",
        lambda found, number, _: found.dose_at(number / 100 * found.volume_cc),
    ),
    Kind(
        "D#cc",
        "lowest dose to the hottest # cm3",
        lambda found, number, _: found.dose_at(number),
    ),
    Kind(
        "V#Gy",
        "volume with at least # Gy, % of the structure",
        lambda found, number, _: _percent(found, number),
        needs_gray=True,
    ),
    Kind(
        "V#Gy[cc]",
        "volume with at least # Gy, cm3",
        lambda found, number, _: float(found.volume_at(number)),
        needs_gray=True,
    ),
    Kind(
        "V#%",
        "volume with at least # % of the prescription, % of the structure",
        lambda found, number, prescription: _percent(found, number / 100 * prescription),
        needs_prescription=True,
    ),
    Kind(
        "V#%[cc]",
        "volume with at least # % of the prescription, cm3",
        lambda found, number, prescription: float(found.volume_at(number / 100 * prescription)),
        needs_prescription=True,
    ),
    Kind("mean", "mean dose", lambda found, *_: found.mean),
    Kind("median", "D50%", lambda found, *_: found.dose_at(found.volume_cc / 2)),
    Kind("min", "lowest dose", lambda found, *_: found.minimum),
    Kind("max", "highest dose", lambda found, *_: found.maximum),
    Kind("volume", "volume, cm3", lambda found, *_: found.volume_cc),
)

#: What a table shows when nothing else is asked for (ICRU 83: near-minimum, median, near-maximum).
DEFAULT_METRICS = ("volume", "mean", "min", "max", "D98%", "D50%", "D2%")

_RELATIVE = {"relative": "relative", "%": "in percent"}
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")


def parse_metric(name: str) -> Metric:
    """Metric meant by a name such as ``"D95%"`` or ``"V20Gy[cc]"``.

    Raises
    ------
    UnknownNameError
        No such metric; the message shows the nearest ones.
    """
    text = re.sub(r"\s+", "", str(name)).casefold()
    digits = _NUMBER.search(text)
    shape = _NUMBER.sub("#", text, count=1)
    for kind in KINDS:
        if kind.spelling.casefold() == shape:
            return Metric(str(name), kind, float(digits.group()) if digits else math.nan)
    number = digits.group() if digits else "2"
    known = [kind.spelling.replace("#", number) for kind in KINDS]
    raise UnknownNameError(f"no metric {name!r}; {did_you_mean(str(name), known, len(known))}")


def need_prescription(metrics: str | Sequence[str]) -> bool:
    """Whether any of these metrics is in % of the prescription."""
    names = [metrics] if isinstance(metrics, str) else metrics
    return any(parse_metric(name).kind.needs_prescription for name in names)


def dvh_metrics(
    ds: xr.Dataset,
    metrics: str | Sequence[str],
    rois: str | Sequence[str] | None = None,
    *,
    prescription: float | None = None,
    dose: str = model.DOSE,
    end_cap: EndCap = "half",
    combine: Combine = "xor",
) -> pd.DataFrame:
    """Metrics of the dose to structures.

    Parameters
    ----------
    ds : Dataset
        A case with structures and a dose.
    metrics : str or sequence of str
        Such as ``["D95%", "D0.03cc", "V20Gy", "V20Gy[cc]", "V95%", "mean", "max"]``; see
        :mod:`rtxr.analysis.metrics`.
    rois : str or sequence of str, optional
        Labels; all by default.
    prescription : float, optional
        Prescribed dose, Gy; needed by metrics in % of the prescription.
    dose : str, default: "dose"
        Which dose.
    end_cap : {"half", "none"}
        Whether the outermost slabs go on for half the local spacing beyond their planes.
    combine : {"xor", "union"}
        How contours of one plane combine.

    Returns
    -------
    DataFrame
        A row per ROI, a column per metric as it was spelt; doses in Gy (in the dose's own unit,
        with a finding, where its attrs name another). ``attrs``:
        ``prescription`` (Gy or None) and ``findings``, a list of dicts.

    Raises
    ------
    UnknownNameError
        No such metric or ROI; the message shows the nearest.
    MissingDataError
        No structures, no such dose, a metric in % of a prescription that was not given, or one
        in Gy of a dose whose attrs name another unit.
    """
    asked = [parse_metric(name) for name in ([metrics] if isinstance(metrics, str) else metrics)]
    _require(asked, prescription, ds, dose)
    found = roi_doses(ds, rois, dose=dose, end_cap=end_cap, combine=combine)
    given = math.nan if prescription is None else float(prescription)
    rows = {
        each.label: [metric.kind.compute(each, metric.number, given) for metric in asked]
        for each in found
    }
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=[metric.name for metric in asked], dtype=float
    )
    table.index.name = model.ROI
    findings = unit_findings(ds, dose)
    findings += [finding for each in found for finding in each.findings]
    findings += [
        finding
        for each in found
        for metric, value in zip(asked, rows[each.label], strict=True)
        if (finding := _unanswered(each, metric, value))
    ]
    table.attrs = {"prescription": prescription, "findings": finding_dicts(findings)}
    return table


def _require(
    asked: Sequence[Metric], prescription: float | None, ds: xr.Dataset, dose: str
) -> None:
    """Raise where a metric cannot be computed for any structure."""
    percent = [metric.name for metric in asked if metric.kind.needs_prescription]
    if prescription is None and percent:
        raise MissingDataError(
            f"{', '.join(percent)}: in % of a prescription, and none is given; pass "
            "prescription=<Gy>, or ask for a dose, as in V20Gy"
        )
    if prescription is not None and not prescription > 0:
        raise RTXRError(f"prescription={prescription!r}: it must be above 0")
    unit = unit_of(ds, dose)
    gray = [metric.name for metric in asked if metric.kind.needs_gray]
    if unit in ("relative", "%") and gray:
        raise MissingDataError(
            f"{', '.join(gray)}: the dose is {_RELATIVE[unit]} ((3004,0002) DoseUnits); ask for "
            "V<n>% with prescription=<the value that is 100 %>"
        )
    if unit in ("cGy", "other") and (gray or percent):
        raise MissingDataError(
            f"{', '.join(gray + percent)}: the dose is not in Gy (its attrs 'units' and "
            f"'DoseUnits'); convert it, and set ds[{dose!r}].attrs['units'] = 'Gy' and "
            f"ds[{dose!r}].attrs['DoseUnits'] = 'GY'"
        )


def _unanswered(found: RoiDose, metric: Metric, value: float) -> Finding | None:
    """Why a dose to a volume has no value."""
    if not (math.isnan(value) and metric.kind.spelling.startswith("D") and found.volume_cc > 0):
        return None
    reason = f"only {found.inside_cc:.3f} cm3 of it have a dose (it has {found.volume_cc:.3f} cm3)"
    return Finding(
        "metric-undefined", "warning", f"ROI {found.label!r}: no {metric.name}: {reason}"
    )
