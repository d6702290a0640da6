"""What differs from the sources: found by comparing with their files, or set by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from pydicom.datadict import dictionary_VR

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.export.objects import OUT_OF_REACH, PIXELS_CHANGED, Outgoing
from rtxr.iod import pixels
from rtxr.iod.tables import IODS
from rtxr.read import headers
from rtxr.read.pixels import pixel_file, read_frames

#: What an export decides or computes itself; set by hand it would contradict the Dataset.
OWNED = frozenset(
    [
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "Modality",
        "PixelData",
        "Rows",
        "Columns",
        "NumberOfFrames",
        "FrameIncrementPointer",
        "GridFrameOffsetVector",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceLocation",
        "RescaleSlope",
        "RescaleIntercept",
        "DoseGridScaling",
        "DoseUnits",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
    ]
)


def check_overrides(attributes: Mapping[str, object]) -> None:
    """Raise UnknownNameError for a keyword that no IOD here has, or that is not the caller's."""
    existing = sorted({keyword for iod in IODS.values() for keyword in iod.keywords})
    for keyword in attributes:
        if keyword not in existing:
            raise UnknownNameError(
                f"{keyword!r} is no attribute of the IODs written here; "
                f"{did_you_mean(keyword, existing)}"
            )
        if keyword in OWNED or dictionary_VR(keyword) == "SQ":
            raise UnknownNameError(f"{keyword} follows from the Dataset; edit the Dataset instead")


def judge(each: Outgoing) -> Outgoing:
    """Add to ``changes`` what a comparison with the source file shows.

    A source out of reach counts as changed: nobody can say that it is not.
    """
    reason = _difference(each) if each.own_uid else ""
    changes = tuple(dict.fromkeys([*each.changes, *([reason] if reason else [])]))
    edited = each.edited or reason == PIXELS_CHANGED
    if not edited or each.pixels is None:
        return replace(each, changes=changes, edited=edited)
    extremes = pixels.extremes(each.pixels, each.header)
    return replace(each, changes=changes, edited=edited, values={**each.values, **extremes})


def override(each: Outgoing, attributes: Mapping[str, object]) -> Outgoing:
    """Set attributes of the caller's; those that say what the header says are no change."""
    new = {
        keyword: value
        for keyword, value in attributes.items()
        if keyword in each.iod.keywords
        and (each.header is None or each.header.get(keyword) != value)
    }
    if not new:
        return each
    note = "set by the caller: " + ", ".join(new)
    return replace(each, values={**each.values, **new}, changes=(*each.changes, note))


def _difference(each: Outgoing) -> str:
    """What differs from the source file, or an empty string."""
    record = each.record
    if record is None:
        return ""
    try:
        source = headers.read_header(record.path, record.uid)
        if source.record.data != record.data:
            return "its header changed"
        if each.pixels is None:
            return ""
        frames = each.pixels.reshape(-1, *each.pixels.shape[-2:])
        same = np.array_equal(read_frames(pixel_file(source), range(len(frames))), frames)
    except (OSError, RTXRError):
        return OUT_OF_REACH
    return "" if same else PIXELS_CHANGED
