"""Slices made of several images at one position: none of their labels may be claimed.

The mean over the phases of a 4D-CT takes the header of one of its source slices. What told that
slice from the others at its position, its phase, is not true of the mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import pydicom

from rtxr import model
from rtxr.catalog.table import describe
from rtxr.errors import Finding
from rtxr.iod.build import DELETE
from rtxr.iod.raw import has_value, text_of
from rtxr.iod.tables import IOD

#: What says which of several images at one position this one is. Content Date and Time are not
#: here: every changed object gets new ones.
LABELS = (
    *(keyword for keyword in model.LEADING if keyword != "ContentTime"),
    *("TemporalPositionIndex", "TemporalPositionTimeOffset", "TemporalPositionSequence"),
    *("AcquisitionDate", "AcquisitionDateTime", "AcquisitionUID"),
    *("NominalCardiacTriggerDelayTime", "ActualCardiacTriggerDelayTime"),
    *("StartingRespiratoryAmplitude", "StartingRespiratoryPhase"),
    *("EndingRespiratoryAmplitude", "EndingRespiratoryPhase"),
    *("DiffusionGradientOrientation", "DiffusionDirectionality"),
)
#: What means nothing without any of these labels.
COMPANIONS = {
    "NumberOfTemporalPositions": ("TemporalPositionIdentifier", "TemporalPositionIndex"),
    "TemporalResolution": ("TemporalPositionIdentifier", "TemporalPositionIndex"),
}


def unclaimed(
    header: pydicom.Dataset, twins: Sequence[pydicom.Dataset], iod: IOD
) -> tuple[dict[str, object], list[Finding]]:
    """Values that take the labels away from a slice, and what there is to say about it.

    Parameters
    ----------
    header : pydicom.Dataset
        The header that the slice takes.
    twins : sequence of pydicom.Dataset
        Headers of all source slices at its position, this one among them.
    iod : IOD
        Of the slice: what must be there is emptied where it may be, and stays where it must not.

    Returns
    -------
    values : dict
        By keyword, for :func:`rtxr.iod.build.build`.
    findings : list of Finding
    """
    differing = [name for name in LABELS if len({text_of(twin, name) for twin in twins}) > 1]
    companions = [
        name for name, labels in COMPANIONS.items() if not set(labels).isdisjoint(differing)
    ]
    types = {
        name: iod.paths[name].type if name in iod.paths else "3"
        for name in (*differing, *companions)
        if has_value(header, name)
    }
    kept = [name for name, kind in types.items() if kind.startswith("1")]
    values: dict[str, object] = {
        name: None if kind.startswith("2") else DELETE
        for name, kind in types.items()
        if name not in kept
    }
    return values, [*_removed(list(values)), *_kept(kept)]


def _removed(keywords: Sequence[str]) -> list[Finding]:
    if not keywords:
        return []
    text = (
        "the slices are none of the source slices at their positions, which differ in "
        f"{', '.join(map(describe, keywords))}: removed, or empty where it must be there"
    )
    return [Finding("label-removed", "info", text)]


def _kept(keywords: Sequence[str]) -> list[Finding]:
    if not keywords:
        return []
    text = (
        "the slices are none of the source slices at their positions, but have to say "
        f"{', '.join(map(describe, keywords))} and say what one of those does; give what is true: "
        f"to_dicom(..., {keywords[0]}=...)"
    )
    return [Finding("label-kept", "warning", text)]
