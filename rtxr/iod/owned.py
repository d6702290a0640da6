"""Attributes that follow from the Dataset: set by hand they would contradict it.

One table for whoever refuses them (a caller's keywords, modules of users, functions before saving,
facts about a new case), with what to do instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Owned(NamedTuple):
    """What to do instead of setting an attribute.

    Parameters
    ----------
    edit : str
        How to change it in a Dataset; empty where the Dataset says it all.
    new : str
        What ``rtxr.new_case`` takes instead; empty where it may be said of a new case.
    """

    edit: str = ""
    new: str = ""


_ITSELF = "nothing: every object has its own"
_ARRAY, _PLACE = "the array itself", "spacing=, origin= or grid="
_VALUES = "the values themselves"
_GRID = "ds.rt.crop(...) and ds.rt.resample(...) change grids"
_PIXELS = "assign other values: ds.assign(ct=...)"
_NEW_UIDS = 'uids="new" renews all of them'
_ALONE = "a new object gets it: rtxr.register_iod(..., objects=...)"
_STRUCTURES = "ds.rt.add_structure(...), set_structure(...), rename(...) and remove(...) change it"
_BEAMS = "ds.rt.with_beams(...), with_control_points(...) and remove_beam(...) change it"
_MASKS, _PLAN = "masks=, or ds.rt.add_structure(...)", "plan=, or ds.rt.add_plan(beams=...)"

_GROUPS = (
    ("SOPInstanceUID SeriesInstanceUID", Owned(_NEW_UIDS, _ITSELF)),
    ("SOPClassUID Modality", Owned(_ALONE, _ITSELF)),
    ("Rows Columns NumberOfFrames", Owned(_GRID, _ARRAY)),
    (
        "PixelSpacing ImagePositionPatient SliceLocation GridFrameOffsetVector"
        " FrameIncrementPointer",
        Owned(_GRID, _PLACE),
    ),
    ("ImageOrientationPatient", Owned(_GRID)),
    (
        "PixelData BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel"
        " SmallestImagePixelValue LargestImagePixelValue"
        " SmallestPixelValueInSeries LargestPixelValueInSeries",
        Owned(_PIXELS, _ARRAY),
    ),
    ("PhotometricInterpretation", Owned(_PIXELS)),
    ("RescaleSlope RescaleIntercept", Owned(_PIXELS, f"{_VALUES} (of CT in HU)")),
    (
        "DoseGridScaling",
        Owned("it follows from the values: ds.assign(dose=ds.dose * factor)", f"{_VALUES}, in Gy"),
    ),
    ("DoseUnits", Owned("ds.assign(dose=ds.dose.assign_attrs(DoseUnits=...))")),
    (
        "StructureSetROISequence ROIContourSequence RTROIObservationsSequence",
        Owned(_STRUCTURES, _MASKS),
    ),
    ("BeamSequence", Owned(_BEAMS, _PLAN)),
    ("IonBeamSequence", Owned(_BEAMS)),
    (
        "FractionGroupSequence",
        Owned("ds.rt.with_beams(...) changes it, ds.rt.add_plan(fractions=...) makes it", _PLAN),
    ),
    (
        "DVHSequence",
        Owned("ds.rt.to_dicom(out, dvh=ds.rt.dvh()) writes one", "to_dicom(out, dvh=ds.rt.dvh())"),
    ),
    (
        "ReferencedRTPlanSequence",
        Owned('ds.rt.add_plan(..., doses="dose") makes a dose that of the plan'),
    ),
    (
        "FrameOfReferenceUID ReferencedFrameOfReferenceSequence ReferencedStructureSetSequence",
        Owned(),
    ),
)
#: Keyword > what to do instead.
OWNED: Mapping[str, Owned] = {
    keyword: owned for keywords, owned in _GROUPS for keyword in keywords.split()
}


def edit_hint(keyword: str) -> str:
    """What to do where an owned keyword cannot be set, for the end of a message."""
    how = OWNED[keyword].edit if keyword in OWNED else ""
    return "follows from the Dataset; edit the Dataset instead" + (f": {how}" if how else "")
