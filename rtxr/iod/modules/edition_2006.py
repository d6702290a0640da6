"""What PS3.3-2006 asked for elsewhere or otherwise: its rows and modules, with what became of them.

Objects of that time are read as they are, and what the current tables do not know is passed
through. Rows that stand unchanged in the tables of today are not repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rtxr.iod import conditions
from rtxr.iod.modules import image, rt
from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Attribute, Module, ModuleUse


@dataclass(frozen=True)
class FormerRows:
    """Rows that a module had and has no more.

    Parameters
    ----------
    module : str
        Name of the module, as today.
    status : str
        What became of them: ``moved to ...``, ``retired`` or ``2006 only``, with what is used now.
    attributes : tuple of Attribute
        As in 2006.
    """

    module: str
    status: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class FormerUse(ModuleUse):
    """A module that an IOD had and has no more."""

    status: str = ""


FORMER_ROWS: tuple[FormerRows, ...] = (
    FormerRows("Patient", "retired, now Other Patient IDs Sequence", rows("3 OtherPatientIDs")),
    FormerRows("Patient", "2006 only, now Ethnic Group Code Sequence", rows("3 EthnicGroup")),
    FormerRows("CT Image", "retired", rows("3 EstimatedDoseSaving")),
    FormerRows(
        "General Image",
        "moved to General Acquisition",
        rows("""
3  AcquisitionNumber AcquisitionDate AcquisitionTime AcquisitionDateTime ImagesInAcquisition
3  IrradiationEventUID
"""),
    ),
    FormerRows(
        "General Image",
        "moved to General Reference",
        rows("""
3  ReferencedImageSequence
>include IMAGE_REFERENCE
>3 PurposeOfReferenceCodeSequence
>>include CODE
3  DerivationDescription
3  DerivationCodeSequence
>include CODE
3  SourceImageSequence
>include IMAGE_REFERENCE
>3 PurposeOfReferenceCodeSequence
>>include CODE
>3 SpatialLocationsPreserved
3  ReferencedInstanceSequence
>include SOP_REFERENCE
>1 PurposeOfReferenceCodeSequence
>>include CODE
"""),
    ),
)

_REFERENCE = ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
#: Module > path > type in 2006, where it is another one today.
FORMER_TYPES: Mapping[str, Mapping[str, str]] = {
    "Patient": {f"ReferencedPatientSequence.{keyword}": "1C" for keyword in _REFERENCE},
    "General Study": {f"ReferencedStudySequence.{keyword}": "1C" for keyword in _REFERENCE},
    "General Series": {
        f"ReferencedPerformedProcedureStepSequence.{keyword}": "1C" for keyword in _REFERENCE
    },
    "General Equipment": {"PixelPaddingValue": "3"},
}

MULTI_FRAME_OVERLAY = Module(
    "Multi-frame Overlay",
    "C.9.3",
    rows("""
1  NumberOfFramesInOverlay
3  ImageFrameOrigin
"""),
)

RT_DOSE_ROI = Module(
    "RT Dose ROI",
    "C.8.8.7",
    rows("""
3  RTDoseROISequence
>1 ReferencedROINumber DoseUnits DoseValue
"""),
)

_POINTS = "dose points or isodose curves, of which there are none in a dose of today"
#: Short name of the IOD > the modules it had.
FORMER_MODULES: Mapping[str, tuple[FormerUse, ...]] = {
    "RTDOSE": (
        FormerUse(image.OVERLAY_PLANE, "U", status="2006 only"),
        FormerUse(MULTI_FRAME_OVERLAY, "U", status="retired"),
        FormerUse(image.MODALITY_LUT, "U", status="2006 only, now Dose Grid Scaling"),
        FormerUse(
            rt.STRUCTURE_SET,
            "C",
            _POINTS,
            conditions.present("StructureSetLabel", "StructureSetROISequence"),
            status="2006 only, now in RT Structure Sets",
        ),
        FormerUse(
            rt.ROI_CONTOUR,
            "C",
            _POINTS,
            conditions.present("ROIContourSequence"),
            status="2006 only, now in RT Structure Sets",
        ),
        FormerUse(
            RT_DOSE_ROI,
            "C",
            _POINTS,
            conditions.present("RTDoseROISequence"),
            status="retired",
        ),
    ),
}


def former_rows(module: str) -> tuple[FormerRows, ...]:
    """Rows that a module had in 2006 and has no more, by its name."""
    return tuple(former for former in FORMER_ROWS if former.module == module)
