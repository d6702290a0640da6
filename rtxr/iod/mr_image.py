"""MR Image IOD (PS3.3 A.4), as far as an edited series needs it."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from rtxr.iod import conditions
from rtxr.iod.ct_image import CONTRAST_BOLUS, IMAGE_RULES, LAST, PATIENT_TO_SERIES
from rtxr.iod.modules import image, modality, series
from rtxr.iod.tables import IOD, ModuleUse, constant, default, register_iod

_IS_PLANAR = conditions.equals("ScanningSequence", "EP")
_IS_SEGMENTED = conditions.equals("SequenceVariant", "SK")


def _repeats(dataset: Dataset) -> bool:
    """All but echo planar sequences without segmented k-space."""
    return not _IS_PLANAR(dataset) or _IS_SEGMENTED(dataset)


MR_IMAGE = register_iod(
    "MR",
    IOD(
        name="MR Image",
        sop_class_uid=str(MRImageStorage),
        modality="MR",
        section="A.4.3",
        modules=(
            *PATIENT_TO_SERIES,
            ModuleUse(series.FRAME_OF_REFERENCE, "M"),
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
            ModuleUse(modality.MR_IMAGE, "M"),
            *LAST,
        ),
        rules={
            **IMAGE_RULES,
            "SOPClassUID": constant(str(MRImageStorage)),
            "Modality": constant("MR"),
            "ImageType": default(["DERIVED", "SECONDARY", "OTHER"]),
            "ScanningSequence": default("RM"),
            "SequenceVariant": default("NONE"),
        },
        conditions={
            **conditions.COMMON,
            **conditions.IMAGE_SERIES,
            "PatientPosition": conditions.absent("PatientOrientationCodeSequence"),
            "RepetitionTime": _repeats,
            "InversionTime": conditions.equals("ScanningSequence", "IR"),
        },
    ),
)
