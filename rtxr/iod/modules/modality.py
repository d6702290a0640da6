"""Modules of CT, MR and PET images.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

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
>3 ExposureInmAs
>1C EnergyWeightingFactor | the image is a weighted sum of several energies
3  ScanStartPositionSequence
>include SCAN_POSITION
3  ScanStopPositionSequence
>include SCAN_POSITION
3  ScanArcType DetectorPositioningType
include ANATOMY TREATMENT_IMAGE
"""),
)

MULTI_ENERGY_CT_IMAGE = Module(
    "Multi-energy CT Image",
    "C.8.2.2",
    rows("""
1  MultienergyCTAcquisitionSequence
>3 MultienergyAcquisitionDescription
>1 MultienergyCTXRaySourceSequence
>>1 XRaySourceIndex XRaySourceID MultienergySourceTechnique SourceStartDateTime
>>1 SourceEndDateTime
>>1C SwitchingPhaseNumber | Multi-energy Source Technique is SWITCHING_SOURCE
>>3 SwitchingPhaseNominalDuration SwitchingPhaseTransitionDuration GeneratorPower
>1 MultienergyCTXRayDetectorSequence
>>1 XRayDetectorIndex XRayDetectorID MultienergyDetectorType
>>3 XRayDetectorLabel
>>1C NominalMaxEnergy | Multi-energy Detector Type is PHOTON_COUNTING
>>1C NominalMinEnergy | Multi-energy Detector Type is PHOTON_COUNTING
>>3 EffectiveBinEnergy
>1 MultienergyCTPathSequence
>>1 MultienergyCTPathIndex ReferencedXRaySourceIndex ReferencedXRayDetectorIndex
>1 CTExposureSequence
>>1C ReferencedXRaySourceIndex | there are several items
>>1C ExposureTimeInms | Image Type value 1 is ORIGINAL
>>1C XRayTubeCurrentInmA | Image Type value 1 is ORIGINAL
>>1C ExposureInmAs | Image Type value 1 is ORIGINAL
>>1C ExposureModulationType | Image Type value 1 is ORIGINAL
>>2C CTDIvol | Image Type value 1 is ORIGINAL
>>3 CTDIPhantomTypeCodeSequence
>>>include CODE
>>3 ImageAndFluoroscopyAreaDoseProduct WaterEquivalentDiameter
>>1C WaterEquivalentDiameterCalculationMethodCodeSequence | Water Equivalent Diameter is there
>>>include CODE
>1 CTXRayDetailsSequence
>>1C ReferencedPathIndex | there are several items
>>1C KVP | Image Type value 1 is ORIGINAL
>>1C FocalSpots | Image Type value 1 is ORIGINAL
>>1C FilterType | Image Type value 1 is ORIGINAL
>>1C FilterMaterial | Filter Type is not NONE
>>3 CalciumScoringMassFactorPatient CalciumScoringMassFactorDevice
>>1C EnergyWeightingFactor | the image is a weighted sum of several energies
>1 CTAcquisitionDetailsSequence
>>1C ReferencedPathIndex | there are several items
>>1C RotationDirection | the source rotates
>>1C RevolutionTime | the source rotates
>>1C SingleCollimationWidth | Image Type value 1 is ORIGINAL
>>1C TotalCollimationWidth | Image Type value 1 is ORIGINAL
>>1C TableHeight | Image Type value 1 is ORIGINAL
>>1C GantryDetectorTilt | Image Type value 1 is ORIGINAL
>>1C DataCollectionDiameter | Image Type value 1 is ORIGINAL
>1 CTGeometrySequence
>>1C ReferencedPathIndex | there are several items
>>1C DistanceSourceToDetector | Image Type value 1 is ORIGINAL
>>1C DistanceSourceToDataCollectionCenter | Image Type value 1 is ORIGINAL
3  MultienergyCTProcessingSequence
>1 DecompositionMethod
>3 DecompositionDescription
>3 DecompositionMaterialSequence
>>1 MaterialCodeSequence
>>>include CODE
>>3 MaterialAttenuationSequence
>>>1 PhotonEnergy XRayMassAttenuationCoefficient
>3 DecompositionAlgorithmIdentificationSequence
>>include ALGORITHM
1C MultienergyCTCharacteristicsSequence | the image was made from several energies
>1C MonoenergeticEnergyEquivalent | the image is a virtual monoenergetic one
>3 DerivationAlgorithmSequence
>>include ALGORITHM
>3 PerformedProcessingParametersSequence
>>include CONTENT_WITH_MODIFIERS
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
3  CoincidenceWindowWidth SecondaryCountsType ScanProgressionDirection
3  EnergyWindowRangeSequence
>3 EnergyWindowLowerLimit EnergyWindowUpperLimit
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
>3 AdministrationRouteCodeSequence
>>include CODE
>3 RadiopharmaceuticalCodeSequence
>>include CODE
3  InterventionDrugInformationSequence
>3 InterventionDrugName InterventionDrugStartTime InterventionDrugStopTime InterventionDrugDose
>3 InterventionDrugCodeSequence
>>include CODE
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
