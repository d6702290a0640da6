"""Modules of images: general, plane, pixels, and those of CT, MR and PET.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.macros import rows
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
3  IconImageSequence PresentationLUTShape RealWorldValueMappingSequence ImageLaterality
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
1  SamplesPerPixel PhotometricInterpretation Rows Columns
1  BitsAllocated BitsStored HighBit PixelRepresentation
1C PixelData | Pixel Data Provider URL is not there
1C PlanarConfiguration | Samples per Pixel is greater than 1
1C PixelAspectRatio | pixels are not square and no spacing says so
3  SmallestImagePixelValue LargestImagePixelValue
1C PixelPaddingRangeLimit | padding is a range of values
1C RedPaletteColorLookupTableDescriptor | Photometric Interpretation is PALETTE COLOR
1C GreenPaletteColorLookupTableDescriptor | Photometric Interpretation is PALETTE COLOR
1C BluePaletteColorLookupTableDescriptor | Photometric Interpretation is PALETTE COLOR
1C RedPaletteColorLookupTableData | Photometric Interpretation is PALETTE COLOR
1C GreenPaletteColorLookupTableData | Photometric Interpretation is PALETTE COLOR
1C BluePaletteColorLookupTableData | Photometric Interpretation is PALETTE COLOR
3  ICCProfile ColorSpace
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
>1 LUTDescriptor LUTData
>3 LUTExplanation
1C WindowCenter | VOI LUT Sequence is not there
1C WindowWidth | Window Center is there
3  WindowCenterWidthExplanation VOILUTFunction
"""),
)

CT_IMAGE = Module(
    "CT Image",
    "C.8.2.1",
    rows("""
1  ImageType SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit
3  MultienergyCTAcquisition
1  RescaleIntercept RescaleSlope
1C RescaleType | values are not in Hounsfield units, or the acquisition is multi-energy
2  KVP AcquisitionNumber
3  ScanOptions DataCollectionDiameter DataCollectionCenterPatient ReconstructionDiameter
3  ReconstructionTargetCenterPatient DistanceSourceToDetector DistanceSourceToPatient
3  GantryDetectorTilt TableHeight RotationDirection ExposureTime XRayTubeCurrent Exposure
3  ExposureInuAs FilterType FilterMaterial GeneratorPower FocalSpots ConvolutionKernel
3  RevolutionTime SingleCollimationWidth TotalCollimationWidth TableSpeed TableFeedPerRotation
3  SpiralPitchFactor ExposureModulationType CTDIvol ImageAndFluoroscopyAreaDoseProduct
3  CTDIPhantomTypeCodeSequence
>include CODE
3  WaterEquivalentDiameter
1C WaterEquivalentDiameterCalculationMethodCodeSequence | Water Equivalent Diameter is there
>include CODE
3  CalciumScoringMassFactorPatient CalciumScoringMassFactorDevice
1C EnergyWeightingFactor | the image is a weighted sum of several energies
3  CTAdditionalXRaySourceSequence
>1 KVP XRayTubeCurrentInmA DataCollectionDiameter FocalSpots FilterType FilterMaterial
>1C EnergyWeightingFactor | the image is a weighted sum of several energies
3  ScanStartPositionSequence ScanStopPositionSequence ScanArcType DetectorPositioningType
include ANATOMY TREATMENT_IMAGE
"""),
)

MR_IMAGE = Module(
    "MR Image",
    "C.8.3.1",
    rows("""
1  ImageType SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit
1  ScanningSequence SequenceVariant
2  ScanOptions MRAcquisitionType
2C RepetitionTime | always, except for echo planar imaging without segmented k-space
2  EchoTime EchoTrainLength
2C InversionTime | Scanning Sequence is IR
2C TriggerTime | Scan Options tell of cardiac gating
3  SequenceName AngioFlag NumberOfAverages ImagingFrequency ImagedNucleus EchoNumbers
3  MagneticFieldStrength NumberOfPhaseEncodingSteps PercentSampling PercentPhaseFieldOfView
3  PixelBandwidth NominalInterval BeatRejectionFlag LowRRValue HighRRValue IntervalsAcquired
3  IntervalsRejected PVCRejection SkipBeats HeartRate CardiacNumberOfImages TriggerWindow
3  ReconstructionDiameter ReceiveCoilName TransmitCoilName AcquisitionMatrix
3  InPlanePhaseEncodingDirection FlipAngle SAR VariableFlipAngleFlag dBdt B1rms
3  TemporalPositionIdentifier NumberOfTemporalPositions TemporalResolution
include ANATOMY TREATMENT_IMAGE
"""),
)

PET_SERIES = Module(
    "PET Series",
    "C.8.9.1",
    rows("""
1  SeriesDate SeriesTime Units CountsSource SeriesType
2C ReprojectionMethod | the second value of Series Type is REPROJECTION
1C NumberOfRRIntervals | the first value of Series Type is GATED
1C NumberOfTimeSlots | the first value of Series Type is GATED
1C NumberOfTimeSlices | the first value of Series Type is DYNAMIC
1  NumberOfSlices
2  CorrectedImage
3  SUVType RandomsCorrectionMethod AttenuationCorrectionMethod ScatterCorrectionMethod
1  DecayCorrection
3  ReconstructionDiameter ConvolutionKernel ReconstructionMethod DetectorLinesOfResponseUsed
3  AcquisitionStartCondition AcquisitionStartConditionData AcquisitionTerminationCondition
3  AcquisitionTerminationConditionData FieldOfViewShape FieldOfViewDimensions
3  GantryDetectorTilt GantryDetectorSlew TypeOfDetectorMotion
2  CollimatorType
3  CollimatorGridName AxialAcceptance AxialMash TransverseMash DetectorElementSize
3  CoincidenceWindowWidth EnergyWindowRangeSequence SecondaryCountsType ScanProgressionDirection
"""),
)

PET_ISOTOPE = Module(
    "PET Isotope",
    "C.8.9.2",
    rows("""
2  RadiopharmaceuticalInformationSequence
>2 RadionuclideCodeSequence
>>include CODE
>3 RadiopharmaceuticalAdministrationEventUID RadiopharmaceuticalRoute RadiopharmaceuticalVolume
>3 RadiopharmaceuticalStartTime RadiopharmaceuticalStartDateTime RadiopharmaceuticalStopTime
>3 RadiopharmaceuticalStopDateTime RadionuclideTotalDose RadionuclideHalfLife
>3 RadionuclidePositronFraction RadiopharmaceuticalSpecificActivity Radiopharmaceutical
3  InterventionDrugInformationSequence
"""),
)

PET_MULTI_GATED_ACQUISITION = Module(
    "PET Multi-gated Acquisition",
    "C.8.9.3",
    rows("""
2  BeatRejectionFlag
3  TriggerSourceOrType PVCRejection SkipBeats HeartRate CardiacFramingType
"""),
)

NM_PET_PATIENT_ORIENTATION = Module(
    "NM/PET Patient Orientation",
    "C.8.4.6",
    rows("""
2  PatientOrientationCodeSequence
>include CODE
>2C PatientOrientationModifierCodeSequence | needed to describe the orientation fully
>>include CODE
2  PatientGantryRelationshipCodeSequence
>include CODE
"""),
)

PET_IMAGE = Module(
    "PET Image",
    "C.8.9.4",
    rows("""
1  ImageType SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit
1  RescaleIntercept RescaleSlope FrameReferenceTime ImageIndex
1C TriggerTime | the first value of Series Type is GATED
1C FrameTime | the first value of Series Type is GATED
1C LowRRValue | the series is gated and beats are rejected
1C HighRRValue | the series is gated and beats are rejected
1C LossyImageCompression | the image was compressed with loss
2  AcquisitionDate AcquisitionTime ActualFrameDuration
3  NominalInterval IntervalsAcquired IntervalsRejected PrimaryPromptsCountsAccumulated
3  SecondaryCountsAccumulated SliceSensitivityFactor
1C DecayFactor | Decay Correction is not NONE
3  DoseCalibrationFactor ScatterFractionFactor DeadTimeFactor
include ANATOMY TREATMENT_IMAGE
"""),
)

#: Passed through as they are: their rows are not listed.
ENHANCED_PATIENT_ORIENTATION = Module("Enhanced Patient Orientation", "C.7.6.30")
DEVICE = Module("Device", "C.7.6.12")
SPECIMEN = Module("Specimen", "C.7.6.22")
OVERLAY_PLANE = Module("Overlay Plane", "C.9.2")
MULTI_ENERGY_CT_IMAGE = Module("Multi-energy CT Image", "C.8.2.2")
ACQUISITION_CONTEXT = Module("Acquisition Context", "C.7.6.14")
