"""Items of DVH Sequence (PS3.3 C.8.8.4): made from plain arrays, and which ROIs they refer to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from rtxr.geometry import FloatArray
from rtxr.iod.encoding.raw import item, items_of
from rtxr.iod.items.rois import number_of
from rtxr.iod.modules.rt import RT_DVH

#: The module goes as a whole: a structure set reference without DVHs would call for them.
DVH_KEYWORDS = tuple(row.keyword for row in RT_DVH.attributes)
#: Digits of the whole volume that are kept, and decimals at most.
_DIGITS, _DECIMALS = 8, 20
_STATISTICS = ("DVHMinimumDose", "DVHMaximumDose", "DVHMeanDose")


@dataclass(frozen=True, eq=False)
class DVHData:
    """One histogram in bins of equal width from dose 0 on.

    Parameters
    ----------
    roi_number : int
        Referenced ROI Number (3006,0084).
    kind : {"CUMULATIVE", "DIFFERENTIAL"}
        DVH Type (3004,0001): volumes with at least the dose at the lower edge of their bin, or in
        their bin.
    width : float
        Of a bin, in ``dose_units``.
    volumes : ndarray, (bins,)
        In ``volume_units``.
    volume_units : {"CM3", "PERCENT"}
        DVH Volume Units (3004,0054).
    dose_units : {"GY", "RELATIVE"}
        Dose Units (3004,0002).
    dose_type : {"PHYSICAL", "EFFECTIVE", "ERROR"}
        Dose Type (3004,0004).
    statistics : sequence of float
        Minimum, maximum and mean dose; NaN are left out.
    """

    roi_number: int
    kind: str
    width: float
    volumes: FloatArray
    volume_units: str = "CM3"
    dose_units: str = "GY"
    dose_type: str = "PHYSICAL"
    statistics: Sequence[float] = ()


def values(histograms: Sequence[DVHData], structure_set_uid: str) -> dict[str, Any]:
    """RT DVH module of a dose, by keyword.

    Parameters
    ----------
    histograms : sequence of DVHData
        One or more.
    structure_set_uid : str
        SOP Instance UID of the structure set with their ROIs.
    """
    reference = item(
        ReferencedSOPClassUID=str(RTStructureSetStorage),
        ReferencedSOPInstanceUID=structure_set_uid,
    )
    return {
        "ReferencedStructureSetSequence": [reference],
        "DVHSequence": [_item(each) for each in histograms],
    }


def referenced_rois(dvh: Dataset) -> set[int]:
    """ROI numbers that an item of DVH Sequence names, included or excluded."""
    found = (
        number_of(each, "ReferencedROINumber") for each in items_of(dvh, "DVHReferencedROISequence")
    )
    return {number for number in found if number is not None}


def without_rois(header: Dataset, numbers: Collection[int]) -> tuple[list[Dataset], int]:
    """Items of a header's DVH Sequence that name none of these ROIs, and how many do."""
    old = items_of(header, "DVHSequence")
    kept = [dvh for dvh in old if referenced_rois(dvh).isdisjoint(numbers)]
    return kept, len(old) - len(kept)


def _item(histogram: DVHData) -> Dataset:
    volumes = np.asarray(histogram.volumes, dtype=np.float64)
    largest = float(np.abs(volumes).max(initial=0.0))
    digits = _DIGITS - 1 - int(np.floor(np.log10(largest))) if largest > 0 else 0
    decimals = min(digits, _DECIMALS)
    widths = np.full(len(volumes), histogram.width)
    data = np.column_stack([widths, np.round(volumes, decimals)]).ravel()
    told = zip(_STATISTICS, histogram.statistics, strict=False)
    statistics = {keyword: float(value) for keyword, value in told if np.isfinite(value)}
    roi = item(ReferencedROINumber=histogram.roi_number, DVHROIContributionType="INCLUDED")
    return item(
        statistics,
        DVHReferencedROISequence=[roi],
        DVHType=histogram.kind,
        DoseUnits=histogram.dose_units,
        DoseType=histogram.dose_type,
        DVHDoseScaling=1.0,
        DVHVolumeUnits=histogram.volume_units,
        DVHNumberOfBins=len(volumes),
        DVHData=data.tolist(),
    )
