"""Items of DVH Sequence as cumulative curves in Gy and cm3 (PS3.3 C.8.8.4).

Whatever an item holds becomes a cumulative curve. A differential one is added up from its upper
end. A natural one (volume per unit of u(D) = D^-3/2; Anderson, Med. Phys. 13, 898, 1986) is first
multiplied by the width of each bin in u, with D in the item's own unit of dose; its volumes are
taken as cm3. The bin that begins at dose 0 is infinitely wide in u: what lies in it is only known
where the volume of the ROI is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pydicom

from rtxr import model
from rtxr.errors import Finding
from rtxr.geometry import FloatArray
from rtxr.keywords import describe
from rtxr.read.item_values import integer, items, number, numbers, text

#: Where in its bin the dose of a cumulative volume lies, by name.
PLACES: Mapping[str, float] = {"left": 0.0, "centre": 0.5, "right": 1.0}
CUMULATIVE, DIFFERENTIAL, NATURAL = "CUMULATIVE", "DIFFERENTIAL", "NATURAL"
STATISTICS = {"minimum": "DVHMinimumDose", "mean": "DVHMeanDose", "maximum": "DVHMaximumDose"}
#: What is taken where an item does not say it, or says something else than a number above 0 or a
#: known unit.
_ASSUMED: Mapping[str, str] = {"DVHDoseScaling": "1", "DoseUnits": "GY", "DVHVolumeUnits": "CM3"}
_DOSE_UNITS = frozenset({"GY", "GRAY", "GYS", "RELATIVE", *model.DOSE_UNITS_PER_GRAY})
#: A curve that ends above this fraction of its first volume was cut off.
_CUT_OFF = 1e-3
#: Volumes that rise by more than this part of the largest are no cumulative ones.
_RISE = 1e-3
#: Relative doses up to here are fractions of the reference dose, beyond they are percentages.
_LARGEST_FRACTION = 5.0


@dataclass(frozen=True)
class Reference:
    """What relative doses refer to.

    Parameters
    ----------
    gray : float or None
        The dose that is 1 or 100 %, Gy; None where nothing says it.
    percent : bool
        Whether the axes are in percent; else they are fractions.
    """

    gray: float | None = None
    percent: bool = True


@dataclass(frozen=True)
class StoredCurve:
    """One item of DVH Sequence.

    Parameters
    ----------
    label : str
        ROI label, or labels joined by ``+`` and ``-``.
    included, excluded : tuple of str
        Labels of the ROIs whose union the volume is, and of those cut out of it (C.8.8.4.2).
    kind : str
        DVH Type (3004,0001) as stored.
    edges, widths, volumes : ndarray, (bins,)
        Lower edge and width of each bin, Gy; cumulative volume, cm3.
    statistics : dict
        DVH Minimum, Mean and Maximum Dose as stored, None where absent.
    per_gray : float
        Stored units of dose in one Gy, NaN where that is not known.
    summed : bool
        Volumes were added up from bins: they belong to the lower edges, and end at zero.
    """

    label: str
    included: tuple[str, ...]
    excluded: tuple[str, ...]
    kind: str
    edges: FloatArray
    widths: FloatArray
    volumes: FloatArray
    statistics: Mapping[str, float | None]
    per_gray: float = 1.0
    summed: bool = False

    def points(self, place: str) -> tuple[FloatArray, FloatArray]:
        """Doses (Gy) and cumulative volumes (cm3) of the curve, linear in between."""
        if self.summed:
            end = self.edges[-1] + self.widths[-1]
            nothing = 0.0 * self.volumes[-1]  # of volumes that are not known neither is it
            return np.append(self.edges, end), np.append(self.volumes, nothing)
        return self.edges + PLACES[place] * self.widths, self.volumes

    def mean(self, place: str) -> float:
        """Mean dose by the curve, Gy."""
        doses, volumes = self.points(place)
        under = np.trapezoid(np.append(volumes[0], volumes), np.append(0.0, doses))
        return float(under / volumes[0])

    @property
    def cut_off(self) -> bool:
        """Whether the curve ends before it reaches zero volume."""
        return bool(not self.summed and self.volumes[-1] > _CUT_OFF * self.volumes[0])

    @property
    def usable(self) -> bool:
        """Whether its doses and volumes are known to the end."""
        known = np.isfinite(self.edges).all() and np.isfinite(self.volumes).all()
        return bool(known and self.volumes[0] > 0 and not self.cut_off)


def needs_volume(item: pydicom.Dataset) -> bool:
    """Whether the volumes of an item can only be given in cm3 with the volume of the ROI."""
    return text(item, "DVHVolumeUnits").upper() in ("PERCENT", "PER_U")


def relative_in_percent(found: list[pydicom.Dataset]) -> bool:
    """Whether the relative dose axes of a file are in percent; else they are fractions."""
    ends = [
        float(_bins(pairs, _scaling(item))[0][-1])
        for item in found
        if text(item, "DoseUnits").upper() == "RELATIVE" and len(pairs := _pairs(item))
    ]
    return max(ends, default=0.0) > _LARGEST_FRACTION


def curve_of(
    item: pydicom.Dataset,
    label: str,
    rois: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    volumes: Mapping[str, float],
    reference: Reference,
) -> tuple[StoredCurve | None, list[Finding]]:
    """One stored curve, or None with the reason.

    Parameters
    ----------
    item : pydicom.Dataset
        Of DVH Sequence.
    label : str
        Of its ROI or ROIs.
    rois : (tuple of str, tuple of str)
        Labels of the ROIs included and excluded.
    volumes : mapping of label to float
        Volumes in cm3, for curves that are relative to them.
    reference : Reference
        What a relative dose axis refers to.
    """
    pairs = _pairs(item)
    if not len(pairs) or not np.isfinite(pairs).all():
        message = f"{label!r}: (3004,0058) DVHData is empty or holds something that is no number"
        return None, [Finding("dvh-unreadable", "warning", message)]
    findings = [*_count_findings(item, label, len(pairs)), *_assumed_findings(item, label)]
    edges, widths, more = _axis(pairs, _scaling(item), label)
    findings += more
    kind, more = _kind(item, label, pairs[:, 1])
    findings += more
    per_gray, more = _per_gray(item, label, reference)
    findings += more
    volume, more = _volumes(item, label, kind, (edges, widths, pairs[:, 1]), volumes.get(label))
    curve = StoredCurve(
        label=label,
        included=rois[0],
        excluded=rois[1],
        kind=text(item, "DVHType") or kind,
        edges=edges / per_gray,
        widths=widths / per_gray,
        volumes=np.maximum(volume, 0.0),
        statistics={name: number(item, keyword) for name, keyword in STATISTICS.items()},
        per_gray=per_gray,
        summed=kind != CUMULATIVE,
    )
    return curve, findings + more


def roi_references(
    item: pydicom.Dataset, labels: Mapping[int, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels of the ROIs that are included in the volume of an item, and excluded from it."""
    included: list[str] = []
    excluded: list[str] = []
    for reference in items(item, "DVHReferencedROISequence"):
        roi = integer(reference, "ReferencedROINumber")
        name = labels.get(roi, f"ROI {roi}") if roi is not None else "ROI ?"
        contribution = text(reference, "DVHROIContributionType").upper()
        (excluded if contribution == "EXCLUDED" else included).append(name)
    return tuple(included), tuple(excluded)


def _pairs(item: pydicom.Dataset) -> FloatArray:
    """Widths and volumes as stored, (bins, 2)."""
    stored = numbers(item, "DVHData")
    return stored[: len(stored) // 2 * 2].reshape(-1, 2)


def _bins(pairs: FloatArray, scaling: float) -> tuple[FloatArray, FloatArray, bool]:
    """Upper edges and widths of the bins, and whether what is stored are doses, not widths."""
    widths = pairs[:, 0] * scaling
    steps = np.diff(widths)
    # Widths that grow by the same step from bin to bin are the doses themselves.
    if len(steps) > 1 and steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-3):
        return widths + steps[0], np.full(len(widths), steps[0]), True
    return np.cumsum(widths), widths, False


def _axis(
    pairs: FloatArray, scaling: float, label: str
) -> tuple[FloatArray, FloatArray, list[Finding]]:
    """Lower edges and widths of the bins in the item's unit of dose."""
    upper, widths, doses = _bins(pairs, scaling)
    if not doses:
        return upper - widths, widths, []
    message = (
        f"{label!r}: the bin widths in (3004,0058) DVHData grow by one step from bin to bin; they "
        "were taken as doses"
    )
    return upper - widths, widths, [Finding("dvh-bin-doses", "warning", message)]


def _count_findings(item: pydicom.Dataset, label: str, bins: int) -> list[Finding]:
    stated = integer(item, "DVHNumberOfBins")
    if stated == bins:
        return []
    message = (
        f"{label!r}: (3004,0056) DVHNumberOfBins is {'missing' if stated is None else stated} and "
        f"(3004,0058) DVHData holds {bins} bins, which count"
    )
    return [Finding("dvh-bin-count", "info", message)]


def _scaling(item: pydicom.Dataset) -> float:
    """Units of dose in a stored one, along the dose axis."""
    stated = number(item, "DVHDoseScaling")
    return stated if stated is not None and stated > 0 else float(_ASSUMED["DVHDoseScaling"])


def _assumed_findings(item: pydicom.Dataset, label: str) -> list[Finding]:
    """What an item does not say of its axes, and what was taken for it."""
    units = text(item, "DoseUnits").upper()
    unsaid = {
        "DVHDoseScaling": not (number(item, "DVHDoseScaling") or 0) > 0,
        "DoseUnits": units not in _DOSE_UNITS,
        "DVHVolumeUnits": not text(item, "DVHVolumeUnits"),
    }
    found = []
    for keyword, missing in unsaid.items():
        stated = text(item, keyword) or "missing"
        taken = f"{label!r}: {describe(keyword)} is {stated}; {_ASSUMED[keyword]} was taken"
        found += [Finding("dvh-assumed", "warning", taken)] if missing else []
    return found


def _kind(item: pydicom.Dataset, label: str, volumes: FloatArray) -> tuple[str, list[Finding]]:
    """What the volumes are, of which the DVH Type may be missing or contradict them."""
    stated = text(item, "DVHType").upper()
    rises = bool(np.diff(volumes).max(initial=0.0) > _RISE * np.abs(volumes).max())
    if stated in (DIFFERENTIAL, NATURAL) or (stated == CUMULATIVE and not rises):
        return stated, []
    kind = DIFFERENTIAL if rises else CUMULATIVE
    message = (
        f"{label!r}: (3004,0001) DVHType is {stated or 'missing'} and the volumes "
        f"{'rise with dose' if rises else 'never rise'}; taken as {kind}"
    )
    return kind, [Finding("dvh-type", "warning", message)]


def _per_gray(
    item: pydicom.Dataset, label: str, reference: Reference
) -> tuple[float, list[Finding]]:
    """Units of the dose axis in one Gy."""
    units = text(item, "DoseUnits").upper() or "GY"
    if units != "RELATIVE":
        return model.DOSE_UNITS_PER_GRAY.get(units, 1.0), []
    if reference.gray is None:
        message = (
            f"{label!r}: the dose axis is relative and (3004,0042) DVHNormalizationDoseValue, "
            "which would say to what, is missing; give reference=<Gy>"
        )
        return float("nan"), [Finding("dvh-relative-dose", "warning", message)]
    what = "percent" if reference.percent else "fractions"
    message = f"{label!r}: the dose axis is relative; taken as {what} of {reference.gray:g} Gy"
    finding = Finding("dvh-relative-dose", "info", message)
    return (100 if reference.percent else 1) / reference.gray, [finding]


def _volumes(
    item: pydicom.Dataset,
    label: str,
    kind: str,
    data: tuple[FloatArray, FloatArray, FloatArray],
    volume: float | None,
) -> tuple[FloatArray, list[Finding]]:
    """Cumulative volumes in cm3, NaN where they cannot be known."""
    edges, widths, stored = data
    units = text(item, "DVHVolumeUnits").upper() or "CM3"
    if units == "PER_U" and kind != CUMULATIVE:
        return _natural(edges, widths, stored, label, volume)
    total = stored if kind == CUMULATIVE else np.cumsum(stored[::-1])[::-1]
    if units == "CM3":
        return total, []
    if units == "PERCENT" and volume is not None:
        return total * volume / 100.0, []
    needed = "the volume of the ROI" if units == "PERCENT" else "CM3 or PERCENT"
    message = (
        f"{label!r}: (3004,0054) DVHVolumeUnits is {units}; without {needed} no cm3 can be given"
    )
    return np.full(len(stored), np.nan), [Finding("dvh-volume-units", "warning", message)]


def _natural(
    edges: FloatArray, widths: FloatArray, stored: FloatArray, label: str, volume: float | None
) -> tuple[FloatArray, list[Finding]]:
    """Cumulative volumes of a natural histogram."""
    with np.errstate(divide="ignore", invalid="ignore"):
        in_u = np.maximum(edges, 0.0) ** -1.5 - (edges + widths) ** -1.5
        inside = np.where(stored == 0, 0.0, stored * in_u)
    endless = ~np.isfinite(inside)
    total = np.cumsum(np.where(endless, 0.0, inside)[::-1])[::-1]
    if not endless.any():
        return total, []
    total[: int(np.flatnonzero(endless)[-1]) + 1] = np.nan if volume is None else volume
    rest = "is not known" if volume is None else "is that of the ROI less the other bins'"
    message = (
        f"{label!r}: volumes are per u(D) = D^-3/2, of which the bin at dose 0 has no end; the "
        f"volume in it {rest}"
    )
    return total, [Finding("dvh-volume-units", "warning" if volume is None else "info", message)]
