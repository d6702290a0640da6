"""RT Images made of an image, a template and a plan: where each attribute comes from.

An imager that was left in development mode says what it measured and little about the treatment; a
template of the same beam, delivered in production mode, says the rest. The rows below are the
recipe; :func:`rtxr.iod.build.build` completes and checks what they give.

What no row names follows one rule: the constant that the IOD asks for, else as in the template,
else as in the plan (of what a plan says of patient and study), else empty where the Standard asks
for the attribute. What is said of patient, study and series is that of one template, the one that
gives the study its date, so that the new series is one. What describes pixels and their plane goes
with the pixels. What holds for the template as an object, such as its approval or its signatures,
is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import numpy as np
from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import (
    duplicate,
    has_value,
    item,
    items_of,
    make,
    numbers_of,
    put,
    text_of,
)
from rtxr.iod.made_of import Sources
from rtxr.iod.modules import image, patient, rt
from rtxr.iod.modules.series import (
    CLINICAL_TRIAL_SERIES,
    COMMON_INSTANCE_REFERENCE,
    GENERAL_REFERENCE,
    GENERAL_SERIES,
    RT_SERIES,
    SOP_COMMON,
)
from rtxr.iod.rt_image import RT_IMAGE
from rtxr.iod.rules import NEW_UID, Rule, computed, constant, copied

#: The objects that a new RT Image is made of; of the plan also the beam of the template.
IMAGE, TEMPLATE, PLAN, BEAM = "image", "template", "plan", "beam"
#: The template that speaks for patient, study and series.
FIRST = "earliest template"
#: What is said of it: by the user, of the machine, and of all images of the series.
USER, MACHINE, SERIES = "user", "machine", "series"
#: Private blocks of this group of the template are copied as they are, creator included.
PRIVATE_GROUP = 0x3273

_EXPOSURES, _DEVICES = "ExposureSequence", "BeamLimitingDeviceSequence"
_DEVICE_TYPE, _BOUNDARIES = "RTBeamLimitingDeviceType", "LeafPositionBoundaries"


def image_position(sources: Sources) -> list[float] | None:
    """RT Image Position (3002,0012) of an image that is centred on the beam axis, mm.

    The centre of the upper left pixel, x and y, y pointing up (PS3.3 C.8.8.2). None where rows,
    columns or spacing are no numbers above 0.
    """
    try:
        rows, columns = (Decimal(text_of(sources[IMAGE], key)) for key in ("Rows", "Columns"))
        stated = text_of(sources[IMAGE], "ImagePlanePixelSpacing").split("\\")
        between_rows, between_columns = map(Decimal, stated)
        # In decimals, since the digits of a file are meant.
        found = -(columns - 1) / 2 * between_columns, (rows - 1) / 2 * between_rows
        usable = all(each.is_finite() and each > 0 for each in (between_rows, between_columns))
    except (InvalidOperation, ValueError):
        return None
    return [float(each) for each in found] if usable and rows > 0 and columns > 0 else None


def plan_reference(sources: Sources) -> list[Dataset]:
    """Referenced RT Plan Sequence (300C,0002): the chosen plan."""
    plan = sources[PLAN]
    return [
        item(
            ReferencedSOPClassUID=text_of(plan, "SOPClassUID"),
            ReferencedSOPInstanceUID=text_of(plan, "SOPInstanceUID"),
        )
    ]


def patient_position(sources: Sources) -> str | None:
    """Patient Position (0018,5100): the template's, else that of the beam's setup in the plan."""
    number = text_of(sources[BEAM], "ReferencedPatientSetupNumber")
    setups = items_of(sources[PLAN], "PatientSetupSequence")
    own = [each for each in setups if text_of(each, "PatientSetupNumber") == number]
    said = [sources[TEMPLATE], *(own or (setups if len(setups) == 1 else []))]
    return next(filter(None, (text_of(each, "PatientPosition") for each in said)), None)


def exposures(sources: Sources) -> list[Dataset] | None:
    """Exposure Sequence (3002,0030) of the template, with the leaf boundaries that it lacks.

    They are those of the beam in the plan where the device and its number of leaf pairs are the
    same, and all are numbers. None where the template lacks nothing, or the plan has it neither.
    """
    known = {
        (text_of(each, _DEVICE_TYPE), text_of(each, "NumberOfLeafJawPairs")): each
        for each in items_of(sources[BEAM], _DEVICES)
        if np.isfinite(numbers_of(each, _BOUNDARIES) or np.nan).all()
    }
    found, lacked = [], False
    for exposure in items_of(sources[TEMPLATE], _EXPOSURES):
        devices = [_bounded(device, known) for device in items_of(exposure, _DEVICES)]
        filled = exposure
        if any(
            new is not old for new, old in zip(devices, items_of(exposure, _DEVICES), strict=True)
        ):
            filled, lacked = duplicate(exposure), True
            put(filled, make(_DEVICES, devices))
        found.append(filled)
    return found if lacked else None


def _bounded(device: Dataset, known: Mapping[tuple[str, str], Dataset]) -> Dataset:
    """A device with the leaf boundaries of its like; itself where it has them or there is none."""
    like = known.get((text_of(device, _DEVICE_TYPE), text_of(device, "NumberOfLeafJawPairs")))
    if like is None or has_value(device, _BOUNDARIES):
        return device
    bounded = duplicate(device)
    put(bounded, make(_BOUNDARIES, text_of(like, _BOUNDARIES).split("\\")))
    return bounded


def _of(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


MISCELLANEOUS: Mapping[str, Rule] = {
    "RTImagePosition": computed(image_position),
    "ReferencedRTPlanSequence": computed(plan_reference),
    "InstitutionName": copied(IMAGE),
}
#: Media Storage SOP Instance UID (0002,0003) is this one in every file that is written.
UIDS: Mapping[str, Rule] = {
    "SOPInstanceUID": NEW_UID,
    "StudyInstanceUID": copied(TEMPLATE),
    "SeriesInstanceUID": copied(SERIES),
    "FrameOfReferenceUID": NEW_UID,
}
DATES: Mapping[str, Rule] = {
    **_of(copied(SERIES), "StudyDate StudyTime SeriesDate SeriesTime"),
    **_of(copied(IMAGE, keyword="ContentDate"), "AcquisitionDate InstanceCreationDate"),
    **_of(copied(IMAGE, keyword="ContentTime"), "AcquisitionTime InstanceCreationTime"),
}
CHOSEN: Mapping[str, Rule] = {
    "StationName": copied(MACHINE, keyword="RadiationMachineName"),
    **_of(copied(USER), "PatientName PatientID"),
    **_of(copied(MACHINE), "DeviceSerialNumber RadiationMachineName"),
}
FROM_IMAGE: Mapping[str, Rule] = _of(
    copied(IMAGE),
    """
    ContentDate ContentTime ImageComments SamplesPerPixel PhotometricInterpretation Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation WindowCenter WindowWidth RescaleIntercept
    RescaleSlope RescaleType RTImageLabel RTImageName RTImageDescription ReportedValuesOrigin
    RTImagePlane XRayImageReceptorTranslation XRayImageReceptorAngle ImagePlanePixelSpacing
    RadiationMachineSAD RTImageSID PixelData
    """,
)
#: Those of items come with their sequences, in which there may be more than is named here.
FROM_TEMPLATE: Mapping[str, Rule] = _of(
    copied(TEMPLATE),
    """
    FractionNumber ReferencedFrameNumber KVP MetersetExposure BeamLimitingDeviceSequence
    RTBeamLimitingDeviceType NumberOfLeafJawPairs LeafJawPositions NumberOfBlocks GantryAngle
    BeamLimitingDeviceAngle PatientSupportAngle TableTopVerticalPosition
    TableTopLongitudinalPosition TableTopLateralPosition PrimaryDosimeterUnit IsocenterPosition
    ReferencedBeamNumber ReferencedFractionGroupNumber ExposureSequence
    """,
)
#: What no row of the recipe names, and what the rule for that does not decide: what is said of
#: pixels and their plane is said by the image.
WITH_PIXELS: Mapping[str, Rule] = _of(
    copied(IMAGE),
    """
    PixelAspectRatio SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue
    PixelPaddingRangeLimit PixelIntensityRelationship PixelIntensityRelationshipSign
    RTImageOrientation LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod
    BurnedInAnnotation RecognizableVisualFeatures QualityControlImage PresentationLUTShape
    ModalityLUTSequence RealWorldValueMappingSequence VOILUTSequence WindowCenterWidthExplanation
    VOILUTFunction
    """,
)
#: Modules of what holds for the template as an object, or for how it was acquired or derived.
_NOT_COPIED = (
    *(rt.APPROVAL, SOP_COMMON, GENERAL_REFERENCE, COMMON_INSTANCE_REFERENCE),
    *(image.CINE, image.MULTI_FRAME, image.FRAME_EXTRACTION, image.IMAGE_PIXEL),
)
#: The same of other modules, and which machine the template is of; of these what is kept.
_LEFT_OUT = frozenset(
    [
        *("IconImageSequence", "AcquisitionUID", "IrradiationEventUID", "AcquisitionDateTime"),
        *("AcquisitionDuration", "ImagesInAcquisition", "DeviceUID", "UDISequence"),
    ]
)
_KEPT = frozenset(["InstanceNumber", "TimezoneOffsetFromUTC"])
_OF_PLAN = (
    patient.PATIENT,
    patient.CLINICAL_TRIAL_SUBJECT,
    patient.GENERAL_STUDY,
    patient.PATIENT_STUDY,
    patient.CLINICAL_TRIAL_STUDY,
)
_OF_SERIES = (GENERAL_SERIES, CLINICAL_TRIAL_SERIES, RT_SERIES)
NAMED: Mapping[str, Rule] = {
    **MISCELLANEOUS,
    **UIDS,
    **DATES,
    **CHOSEN,
    **FROM_IMAGE,
    **FROM_TEMPLATE,
}


def _unnamed() -> dict[str, Rule]:
    """The rule for what no row of the recipe names, by keyword."""
    by_plan = {row.keyword for module in _OF_PLAN for row in module.attributes}
    shared = by_plan | {row.keyword for module in _OF_SERIES for row in module.attributes}
    own = {row.keyword for module in _NOT_COPIED for row in module.attributes} - _KEPT
    rules = {
        keyword: copied(
            FIRST if keyword in shared else TEMPLATE, *([PLAN] if keyword in by_plan else [])
        )
        for keyword in RT_IMAGE.keywords - own - _LEFT_OUT
    }
    constants = {"SOPClassUID": RT_IMAGE.sop_class_uid, "Modality": RT_IMAGE.modality}
    rules |= {keyword: constant(value) for keyword, value in constants.items()}
    rules["PatientPosition"] = computed(patient_position)
    return rules


#: Rule of every attribute that a new RT Image may have at its top level.
RULES: Mapping[str, Rule] = {**_unnamed(), **WITH_PIXELS, **NAMED}
#: Attributes of patient, study and series that all images have from one template.
SHARED = tuple(sorted(key for key, rule in RULES.items() if FIRST in rule.sources))
#: What the plan adds to what was copied.
ADDED: Mapping[str, Rule] = {_EXPOSURES: computed(exposures)}


def _owed(source: str, *more: str) -> tuple[str, ...]:
    """Keywords that every new image needs (type 1) and that only this source can give."""
    asked = {
        row.keyword
        for use in RT_IMAGE.modules
        for row in use.module.attributes
        if use.usage == "M" and row.type == "1"
    }
    own = {key for key, rule in RULES.items() if rule == copied(source)}
    return tuple(sorted((asked & own) | set(more)))


#: What an image and a template have to say, beside what the Standard asks for what the dates are
#: taken from and how the beam is found in the plan.
OWED: Mapping[str, tuple[str, ...]] = {
    IMAGE: _owed(IMAGE, "ContentDate", "ContentTime"),
    TEMPLATE: _owed(TEMPLATE, "ReferencedBeamNumber"),
}


def has_frames(dataset: Dataset) -> bool:
    """Whether an image holds several frames."""
    return any(number > 1 for number in numbers_of(dataset, "NumberOfFrames")[:1])
