"""CT Image IOD (PS3.3 A.3): its tables, and where a slice is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from rtxr.geometry import FloatArray, slice_normal
from rtxr.iod import conditions
from rtxr.iod.encoding.raw import has_value, numbers_of
from rtxr.iod.modules import image, modality, patient, series
from rtxr.iod.rules import given
from rtxr.iod.tables import (
    COMPUTED,
    GIVEN,
    IOD,
    NEW_UID,
    ModuleUse,
    Rule,
    constant,
    default,
    register_iod,
)

#: Numbers that differ from the header's by less are its own, and its text stays.
POSITION_TOLERANCE_MM, SPACING_TOLERANCE, COSINE_TOLERANCE = 1e-4, 1e-6, 1e-6
#: Spacing Between Slices, which files round as they like.
STEP_TOLERANCE_MM = 1e-3

#: Modules that come before the image in every image IOD.
PATIENT_TO_SERIES = (
    ModuleUse(patient.PATIENT, "M"),
    ModuleUse(patient.CLINICAL_TRIAL_SUBJECT, "U"),
    ModuleUse(patient.GENERAL_STUDY, "M"),
    ModuleUse(patient.PATIENT_STUDY, "U"),
    ModuleUse(patient.CLINICAL_TRIAL_STUDY, "U"),
    ModuleUse(series.GENERAL_SERIES, "M"),
    ModuleUse(series.CLINICAL_TRIAL_SERIES, "U"),
)

#: Modules that come after it.
LAST = (
    ModuleUse(image.OVERLAY_PLANE, "U"),
    ModuleUse(image.VOI_LUT, "U"),
    ModuleUse(series.SOP_COMMON, "M"),
    ModuleUse(series.COMMON_INSTANCE_REFERENCE, "U"),
)

SYNCHRONIZATION = ModuleUse(
    series.SYNCHRONIZATION, "C", "the acquisition was synchronised with a time or a trigger"
)
CONTRAST_BOLUS = ModuleUse(
    image.CONTRAST_BOLUS, "C", "contrast was used", conditions.present("ContrastBolusAgent")
)

IDENTITY_RULES: dict[str, Rule] = {
    "SOPInstanceUID": NEW_UID,
    "StudyInstanceUID": COMPUTED,
    "SeriesInstanceUID": COMPUTED,
    "FrameOfReferenceUID": given(
        "rtxr.new_case gives one; else ds.assign_coords(spatial_ref=ds.spatial_ref.assign_attrs("
        "FrameOfReferenceUID=pydicom.uid.generate_uid())), and so for each grid"
    ),
    "PatientName": GIVEN,
    "PatientID": GIVEN,
}
IMAGE_RULES: dict[str, Rule] = {
    **IDENTITY_RULES,
    "ImageType": default(["DERIVED", "SECONDARY", "AXIAL"]),
    "SamplesPerPixel": constant(1),
    "PhotometricInterpretation": default("MONOCHROME2"),
    **dict.fromkeys(
        (
            "ImageOrientationPatient",
            "ImagePositionPatient",
            "PixelSpacing",
            "SliceLocation",
            "SliceThickness",
            "Rows",
            "Columns",
            "BitsAllocated",
            "BitsStored",
            "HighBit",
            "PixelRepresentation",
            "PixelData",
        ),
        COMPUTED,
    ),
}

CT_IMAGE = register_iod(
    "CT",
    IOD(
        name="CT Image",
        sop_class_uid=str(CTImageStorage),
        modality="CT",
        section="A.3.3",
        modules=(
            *PATIENT_TO_SERIES,
            ModuleUse(series.FRAME_OF_REFERENCE, "M"),
            SYNCHRONIZATION,
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            ModuleUse(image.GENERAL_ACQUISITION, "M"),
            ModuleUse(image.GENERAL_IMAGE, "M"),
            ModuleUse(series.GENERAL_REFERENCE, "U"),
            ModuleUse(image.ENHANCED_PATIENT_ORIENTATION, "U"),
            ModuleUse(image.IMAGE_PLANE, "M"),
            ModuleUse(image.IMAGE_PIXEL, "M"),
            CONTRAST_BOLUS,
            ModuleUse(image.DEVICE, "U"),
            ModuleUse(image.SPECIMEN, "U"),
            ModuleUse(modality.CT_IMAGE, "M"),
            ModuleUse(
                modality.MULTI_ENERGY_CT_IMAGE,
                "C",
                "Multi-energy CT Acquisition is YES",
                conditions.equals("MultienergyCTAcquisition", "YES"),
            ),
            *LAST,
        ),
        rules={
            **IMAGE_RULES,
            "SOPClassUID": constant(str(CTImageStorage)),
            "Modality": constant("CT"),
            "RescaleIntercept": COMPUTED,
            "RescaleSlope": COMPUTED,
        },
        conditions={
            **conditions.COMMON,
            **conditions.IMAGE_SERIES,
            "PatientPosition": conditions.absent("PatientOrientationCodeSequence"),
        },
    ),
)


def plane_values(
    position: npt.ArrayLike,
    orientation: npt.ArrayLike,
    pixel_spacing: Sequence[float],
    header: Dataset | None = None,
    *,
    slice_spacing: float | None = None,
) -> dict[str, Any]:
    """Image Plane values of one slice (PS3.3 C.7.6.2), where they differ from the header's.

    Parameters
    ----------
    position : array_like, (3,)
        Centre of the first voxel, patient LPS mm.
    orientation : array_like, (6,)
        Row cosine, column cosine.
    pixel_spacing : (float, float)
        Row spacing, column spacing, mm.
    header : pydicom.Dataset or None
        Its text stays where its numbers are these, to 1e-4 mm and 1e-6 of a spacing or cosine.
    slice_spacing : float, optional
        Distance of neighbouring slices where it may be another than the header's, mm: Spacing
        Between Slices where the header has one, Slice Thickness of an image made from scratch.

    Returns
    -------
    dict
        By keyword; Slice Location only with a new position or orientation.
    """
    at, cosines = np.asarray(position, np.float64), np.asarray(orientation, np.float64)
    spacing = np.asarray(pixel_spacing, np.float64)
    tolerances: dict[str, tuple[FloatArray, npt.ArrayLike]] = {
        "ImagePositionPatient": (at, POSITION_TOLERANCE_MM),
        "ImageOrientationPatient": (cosines, COSINE_TOLERANCE),
        "PixelSpacing": (spacing, SPACING_TOLERANCE * spacing),
    }
    changed = {
        keyword: numbers.tolist()
        for keyword, (numbers, tolerance) in tolerances.items()
        if differs(header, keyword, numbers, tolerance)
    }
    moved = bool(changed.keys() & {"ImagePositionPatient", "ImageOrientationPatient"})
    if moved and (header is None or has_value(header, "SliceLocation")):
        changed["SliceLocation"] = float(at @ slice_normal(cosines))
    if slice_spacing is None:
        return changed
    keyword = "SliceThickness" if header is None else "SpacingBetweenSlices"
    stated = header is None or has_value(header, keyword)
    if stated and differs(header, keyword, [slice_spacing], STEP_TOLERANCE_MM):
        changed[keyword] = float(slice_spacing)
    return changed


def differs(
    header: Dataset | None, keyword: str, numbers: npt.ArrayLike, tolerance: npt.ArrayLike
) -> bool:
    """Whether a header's numbers are other ones, or none."""
    wanted = np.asarray(numbers, np.float64)
    there = np.asarray(numbers_of(header, keyword), np.float64)
    return there.shape != wanted.shape or bool((np.abs(there - wanted) > tolerance).any())
