"""Modules of images of any modality: general, plane, pixels, look-up tables, context.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

GENERAL_ACQUISITION = Module(
    "General Acquisition",
    "C.7.10.1",
    rows("""
3  AcquisitionUID AcquisitionNumber AcquisitionDate AcquisitionTime AcquisitionDateTime
3  AcquisitionDuration ImagesInAcquisition IrradiationEventUID
"""),
)

GENERAL_IMAGE = Module(
    "General Image",
    "C.7.6.1",
    rows("""
2  InstanceNumber
2C PatientOrientation | the image has no Image Orientation (Patient) and Image Position (Patient)
2C ContentDate | the images of the series are temporally related
2C ContentTime | the images of the series are temporally related
3  ImageType
include ANATOMY
3  ImageComments QualityControlImage BurnedInAnnotation RecognizableVisualFeatures
3  LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod
3  IconImageSequence
>include IMAGE_PIXEL
3  PresentationLUTShape ImageLaterality
3  RealWorldValueMappingSequence
>1C RealWorldValueFirstValueMapped | the pixels are integers
>1C RealWorldValueLastValueMapped | the pixels are integers
>1C DoubleFloatRealWorldValueFirstValueMapped | the pixels are floating point numbers
>1C DoubleFloatRealWorldValueLastValueMapped | the pixels are floating point numbers
>1C RealWorldValueIntercept | Real World Value LUT Data is not there
>1C RealWorldValueSlope | Real World Value LUT Data is not there
>1C RealWorldValueLUTData | Real World Value Intercept is not there
>1 LUTExplanation LUTLabel
>1 MeasurementUnitsCodeSequence
>>include CODE
>3 QuantityDefinitionSequence
>>include CONTENT_WITH_MODIFIERS
"""),
)

IMAGE_PLANE = Module(
    "Image Plane",
    "C.7.6.2",
    rows("""
1  PixelSpacing ImageOrientationPatient ImagePositionPatient
2  SliceThickness
3  SpacingBetweenSlices SliceLocation
"""),
)

IMAGE_PIXEL = Module(
    "Image Pixel",
    "C.7.6.3",
    rows("""
include PIXEL_DESCRIPTION
1C PixelData | Pixel Data Provider URL is not there
1C PixelPaddingRangeLimit | padding is a range of values
1C PixelDataProviderURL | the transfer syntax refers to a provider of pixels
3  ExtendedOffsetTable
1C ExtendedOffsetTableLengths | Extended Offset Table is there
"""),
)

MULTI_FRAME = Module(
    "Multi-frame",
    "C.7.6.6",
    rows("""
1  NumberOfFrames FrameIncrementPointer
3  StereoPairsPresent EncapsulatedPixelDataValueTotalLength
"""),
)

FRAME_EXTRACTION = Module(
    "Frame Extraction",
    "C.12.3",
    rows("""
1  FrameExtractionSequence
>1 MultiFrameSourceSOPInstanceUID
>1C SimpleFrameList | frames were asked for by a simple list
>1C CalculatedFrameList | frames were asked for by a calculated list
>1C TimeRange | frames were asked for by a time range
"""),
)

CONTRAST_BOLUS = Module(
    "Contrast/Bolus",
    "C.7.6.4",
    rows("""
2  ContrastBolusAgent
3  ContrastBolusAgentSequence
>include CODE
3  ContrastBolusRoute
3  ContrastBolusAdministrationRouteSequence
>include CODE
>3 AdditionalDrugSequence
>>include CODE
3  ContrastBolusVolume ContrastBolusStartTime ContrastBolusStopTime ContrastBolusTotalDose
3  ContrastFlowRate ContrastFlowDuration ContrastBolusIngredient
3  ContrastBolusIngredientConcentration
"""),
)

VOI_LUT = Module(
    "VOI LUT",
    "C.11.2",
    rows("""
1C VOILUTSequence | Window Center is not there
>include LUT
1C WindowCenter | VOI LUT Sequence is not there
1C WindowWidth | Window Center is there
3  WindowCenterWidthExplanation VOILUTFunction
"""),
)

MODALITY_LUT = Module(
    "Modality LUT",
    "C.11.1",
    rows("""
1C ModalityLUTSequence | Rescale Intercept is not there
>include LUT
>1 ModalityLUTType
1C RescaleIntercept | Modality LUT Sequence is not there
1C RescaleSlope | Rescale Intercept is there
1C RescaleType | Rescale Intercept is there
"""),
)

CINE = Module(
    "Cine",
    "C.7.6.5",
    rows("""
3  PreferredPlaybackSequencing
1C FrameTime | Frame Increment Pointer points to it
1C FrameTimeVector | Frame Increment Pointer points to it
3  StartTrim StopTrim RecommendedDisplayFrameRate CineRate FrameDelay ImageTriggerDelay
3  EffectiveDuration ActualFrameDuration
2C MultiplexedAudioChannelsDescriptionCodeSequence | the pixels come with multiplexed audio
>1 ChannelIdentificationCode ChannelMode
>1 ChannelSourceSequence
>>include CODE
"""),
)

#: Of the first overlay, group 6000; further ones, in groups 6002 to 601E, are passed through.
OVERLAY_PLANE = Module(
    "Overlay Plane",
    "C.9.2",
    rows("""
1  OverlayRows OverlayColumns OverlayType OverlayOrigin OverlayBitsAllocated OverlayBitPosition
1  OverlayData
3  OverlayDescription OverlaySubtype OverlayLabel ROIArea ROIMean ROIStandardDeviation
"""),
)

ENHANCED_PATIENT_ORIENTATION = Module(
    "Enhanced Patient Orientation",
    "C.7.6.30",
    rows("""
1  PatientOrientationCodeSequence
>include CODE
>1C PatientOrientationModifierCodeSequence | needed to describe the orientation fully
>>include CODE
1  PatientEquipmentRelationshipCodeSequence
>include CODE
"""),
)

DEVICE = Module(
    "Device",
    "C.7.6.12",
    rows("""
1  DeviceSequence
>include CODE
>3 Manufacturer ManufacturerModelName DeviceSerialNumber DeviceID DateOfManufacture
>3 DeviceLength DeviceDiameter
>2C DeviceDiameterUnits | Device Diameter is there
>3 DeviceVolume InterMarkerDistance DeviceDescription
"""),
)

SPECIMEN = Module(
    "Specimen",
    "C.7.6.22",
    rows("""
1  ContainerIdentifier
2  IssuerOfTheContainerIdentifierSequence
>include HL7_DESIGNATOR
3  AlternateContainerIdentifierSequence
>1 ContainerIdentifier
>2 IssuerOfTheContainerIdentifierSequence
>>include HL7_DESIGNATOR
2  ContainerTypeCodeSequence
>include CODE
3  ContainerDescription
3  ContainerComponentSequence
>1 ContainerComponentTypeCodeSequence
>>include CODE
>3 Manufacturer ManufacturerModelName ContainerComponentID ContainerComponentLength
>3 ContainerComponentWidth ContainerComponentDiameter ContainerComponentThickness
>3 ContainerComponentMaterial ContainerComponentDescription
1  SpecimenDescriptionSequence
>1 SpecimenIdentifier SpecimenUID
>2 IssuerOfTheSpecimenIdentifierSequence
>>include HL7_DESIGNATOR
>3 SpecimenTypeCodeSequence
>>include CODE
>3 SpecimenShortDescription SpecimenDetailedDescription
>2 SpecimenPreparationSequence
>>1 SpecimenPreparationStepContentItemSequence
>>>include CONTENT_ITEM
>3 PrimaryAnatomicStructureSequence
>>include CODE
>>3 PrimaryAnatomicStructureModifierSequence
>>>include CODE
>1C SpecimenLocalizationContentItemSequence | several specimens are in one container
>>include CONTENT_ITEM
"""),
)

ACQUISITION_CONTEXT = Module(
    "Acquisition Context",
    "C.7.6.14",
    rows("""
2  AcquisitionContextSequence
>include CONTENT_WITH_MODIFIERS
3  AcquisitionContextDescription
"""),
)
