"""RT Image IOD (PS3.3 A.17): its tables, and where the pixels of an image are.

The rules say what an export has to give: identity, what the IOD fixes, and what may be assumed of
an image made from scratch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTImageStorage

from rtxr.iod import conditions
from rtxr.iod.ct_image import (
    CONTRAST_BOLUS,
    IDENTITY_RULES,
    POSITION_TOLERANCE_MM,
    SPACING_TOLERANCE,
    differs,
)
from rtxr.iod.encoding.raw import Predicate, numbers_of
from rtxr.iod.modules import image, rt, series
from rtxr.iod.modules import rt_image as modules_rt_image
from rtxr.iod.rt_dose import RT_PATIENT_TO_SERIES
from rtxr.iod.tables import COMPUTED, IOD, ModuleUse, constant, default, register_iod

_EXPOSURES = "ExposureSequence"
_ENHANCED = conditions.equals("EnhancedRTBeamLimitingDeviceDefinitionFlag", "YES")


def _of_kind(*kinds: str) -> Predicate:
    """Image Type value 3 is one of these."""
    return conditions.equals("ImageType", *kinds)


def _is_cine(dataset: Dataset) -> bool:
    """Several frames, told apart by time."""
    in_time = conditions.present("FrameTime", "FrameTimeVector")
    return conditions.is_multi_frame(dataset) and in_time(dataset)


RT_IMAGE = register_iod(
    "RTIMAGE",
    IOD(
        name="RT Image",
        sop_class_uid=str(RTImageStorage),
        modality="RTIMAGE",
        section="A.17.3",
        modules=(
            *RT_PATIENT_TO_SERIES,
            ModuleUse(series.FRAME_OF_REFERENCE, "U"),
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            ModuleUse(image.GENERAL_ACQUISITION, "M"),
            ModuleUse(image.GENERAL_IMAGE, "M"),
            ModuleUse(series.GENERAL_REFERENCE, "U"),
            ModuleUse(image.IMAGE_PIXEL, "M"),
            CONTRAST_BOLUS,
            ModuleUse(image.CINE, "C", "the image is a cine image of several frames", _is_cine),
            ModuleUse(
                image.MULTI_FRAME, "C", "the image has several frames", conditions.is_multi_frame
            ),
            ModuleUse(image.DEVICE, "U"),
            ModuleUse(modules_rt_image.RT_IMAGE, "M"),
            ModuleUse(image.MODALITY_LUT, "U"),
            ModuleUse(image.VOI_LUT, "U"),
            ModuleUse(rt.APPROVAL, "U"),
            ModuleUse(series.SOP_COMMON, "M"),
            ModuleUse(series.COMMON_INSTANCE_REFERENCE, "U"),
            ModuleUse(
                image.FRAME_EXTRACTION, "C", "the object was extracted from one with more frames"
            ),
        ),
        rules={
            **IDENTITY_RULES,
            "SOPClassUID": constant(str(RTImageStorage)),
            "Modality": constant("RTIMAGE"),
            "SamplesPerPixel": constant(1),
            "PhotometricInterpretation": default("MONOCHROME2"),
            "ImageType": default(["DERIVED", "SECONDARY", "DRR"]),
            "ConversionType": default("WSD"),
            "RTImageLabel": default("RTXR"),
            "RTImagePlane": default("NORMAL"),
            **dict.fromkeys(
                (
                    *("ImagePlanePixelSpacing", "RTImagePosition", "Rows", "Columns"),
                    *("NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit"),
                    *("PixelRepresentation", "PixelData", "RescaleSlope", "RescaleIntercept"),
                ),
                COMPUTED,
            ),
        },
        conditions={
            **conditions.COMMON,
            **conditions.APPROVAL,
            "PatientOrientation": conditions.absent("ImageOrientationPatient"),
            "PatientPosition": conditions.present("IsocenterPosition"),
            "PixelIntensityRelationshipSign": conditions.present("PixelIntensityRelationship"),
            "ReportedValuesOrigin": _of_kind("SIMULATOR", "PORTAL"),
            "RTImageOrientation": conditions.equals("RTImagePlane", "NON_NORMAL"),
            "FluenceMapSequence": _of_kind("FLUENCE"),
            "EnhancedRTBeamLimitingDeviceSequence": _ENHANCED,
            f"{_EXPOSURES}.BlockSequence": conditions.positive("NumberOfBlocks"),
            f"{_EXPOSURES}.BeamLimitingDeviceSequence.LeafPositionBoundaries": conditions.equals(
                "RTBeamLimitingDeviceType", "MLCX", "MLCY"
            ),
        },
    ),
)


def pixel_values(
    corner: Sequence[float] | None,
    spacing: Sequence[float] | None,
    shape: tuple[int, int],
    header: Dataset | None = None,
) -> dict[str, Any]:
    """Where the pixels of an image are (PS3.3 C.8.8.2), where that differs from the header's.

    Parameters
    ----------
    corner : (float, float) or None
        Centre of the upper left pixel, receptor mm; None where it is what the header says or
        leaves open.
    spacing : (float, float) or None
        Row spacing, column spacing, mm; None where nobody knows.
    shape : (int, int)
        Rows, columns.
    header : pydicom.Dataset or None
        Its text stays where its numbers are these, to 1e-4 mm and 1e-6 of a spacing.

    Returns
    -------
    dict
        By keyword.
    """
    values: dict[str, Any] = {}
    if spacing is not None:
        steps = np.asarray(spacing, np.float64)
        if differs(header, "ImagePlanePixelSpacing", steps, SPACING_TOLERANCE * steps):
            values["ImagePlanePixelSpacing"] = steps.tolist()
    if corner is not None and differs(header, "RTImagePosition", corner, POSITION_TOLERANCE_MM):
        values["RTImagePosition"] = [float(number) for number in corner]
    for keyword, number in zip(("Rows", "Columns"), shape, strict=True):
        if numbers_of(header, keyword) != [number]:
            values[keyword] = int(number)
    return values
