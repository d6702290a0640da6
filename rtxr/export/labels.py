"""What slices say of where they are along a dynamic axis: only what their headers do, if that.

The mean over the phases of a 4D-CT takes the header of one of its source slices. What told that
slice from the others at its position, its phase, is not true of the mean. A label that was given in
memory is written.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pydicom
import xarray as xr
from pydicom.datadict import dictionary_VR

from rtxr import model
from rtxr.errors import Finding
from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import has_value, numbers_of, text_of
from rtxr.iod.tables import IOD
from rtxr.keywords import describe

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


def relabelled(
    array: xr.DataArray, header: pydicom.Dataset | None
) -> tuple[dict[str, object], list[Finding]]:
    """Labels that were given in memory to the slices of a stack.

    Parameters
    ----------
    array : DataArray
        The stack of one label, whose leading dimensions are scalar coordinates.
    header : pydicom.Dataset or None
        Of one of its slices.

    Returns
    -------
    values : dict
        By keyword, where the header has another label.
    findings : list of Finding
        Labels that the attribute cannot hold.
    """
    values: dict[str, object] = {}
    found = []
    for keyword, (dim, _) in model.LEADING.items():
        if header is None or dim not in array.coords or array.coords[dim].ndim:
            continue
        label = array.coords[dim].item()
        if not has_value(header, keyword) or is_labelled(header, keyword, label):
            continue
        value = _stored(keyword, label)
        if value is None:
            found.append(_not_written(keyword))
        else:
            values[keyword] = value
    return values, found


def _stored(keyword: str, label: object) -> object:
    """A label as a value of an attribute; None where it cannot be one."""
    vr = dictionary_VR(keyword)
    if vr not in ("IS", "US", "DS", "FD"):
        return str(label).split("\\") if vr == "CS" else str(label)
    try:
        number = float(str(label))
    except ValueError:
        return None
    if vr in ("DS", "FD"):
        return number if np.isfinite(number) else None
    return int(number) if number.is_integer() else None


def is_labelled(header: pydicom.Dataset | None, keyword: str, label: object) -> bool:
    """Whether a label is what the header says."""
    if isinstance(label, str):
        return label == text_of(header, keyword)
    return numbers_of(header, keyword) == [label]


def _not_written(keyword: str) -> Finding:
    text = (
        f"coordinate {model.LEADING[keyword][0]!r} has a label that {describe(keyword)} (VR "
        f"{dictionary_VR(keyword)}) cannot hold; the slices go on saying what they said"
    )
    return Finding("label-not-written", "warning", text)


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
