"""Positron Emission Tomography Image IOD (PS3.3 A.21), as far as an edited series needs it."""

from __future__ import annotations

from pydicom.uid import PositronEmissionTomographyImageStorage

from rtxr.iod import conditions
from rtxr.iod.ct_image import IMAGE_RULES, LAST, PATIENT_TO_SERIES, SYNCHRONIZATION
from rtxr.iod.modules import image, modality, series
from rtxr.iod.rules import given
from rtxr.iod.tables import COMPUTED, IOD, ModuleUse, constant, default, register_iod

#: Facts of an acquisition that nothing else tells > an example.
_OWED = {
    "SeriesDate": '"20260131"',
    "SeriesTime": '"120000"',
    "Units": '"BQML"',
    "CountsSource": '"EMISSION"',
    "SeriesType": '["STATIC", "IMAGE"]',
    "DecayCorrection": '"START"',
    "FrameReferenceTime": "0",
}
_CLASS = str(PositronEmissionTomographyImageStorage)

PT_IMAGE = register_iod(
    "PT",
    IOD(
        name="Positron Emission Tomography Image",
        sop_class_uid=_CLASS,
        modality="PT",
        section="A.21.3",
        modules=(
            *PATIENT_TO_SERIES,
            ModuleUse(modality.PET_SERIES, "M"),
            ModuleUse(modality.PET_ISOTOPE, "M"),
            ModuleUse(modality.PET_MULTI_GATED_ACQUISITION, "C", "Series Type is GATED"),
            ModuleUse(modality.NM_PET_PATIENT_ORIENTATION, "M"),
            ModuleUse(series.FRAME_OF_REFERENCE, "M"),
            SYNCHRONIZATION,
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            ModuleUse(image.GENERAL_ACQUISITION, "M"),
            ModuleUse(image.GENERAL_IMAGE, "M"),
            ModuleUse(series.GENERAL_REFERENCE, "U"),
            ModuleUse(image.IMAGE_PLANE, "M"),
            ModuleUse(image.IMAGE_PIXEL, "M"),
            ModuleUse(image.DEVICE, "U"),
            ModuleUse(image.SPECIMEN, "U"),
            ModuleUse(modality.PET_IMAGE, "M"),
            ModuleUse(image.ACQUISITION_CONTEXT, "U"),
            *LAST,
        ),
        rules={
            **IMAGE_RULES,
            "SOPClassUID": constant(_CLASS),
            "Modality": constant("PT"),
            "ImageType": default(["DERIVED", "PRIMARY"]),
            **dict.fromkeys(
                ("RescaleIntercept", "RescaleSlope", "NumberOfSlices", "ImageIndex"), COMPUTED
            ),
            **{
                keyword: given(f"rtxr.new_case(..., {keyword}={example}) or to_dicom, the same way")
                for keyword, example in _OWED.items()
            },
        },
        conditions={**conditions.COMMON, **conditions.IMAGE_SERIES},
    ),
)
