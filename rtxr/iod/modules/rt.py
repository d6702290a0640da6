"""Modules of structure sets and doses.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

STRUCTURE_SET = Module(
    "Structure Set",
    "C.8.8.5",
    rows("""
1  StructureSetLabel
3  StructureSetName StructureSetDescription InstanceNumber
2  StructureSetDate StructureSetTime
3  ReferencedFrameOfReferenceSequence
>1 FrameOfReferenceUID
>3 RTReferencedStudySequence
>>include SOP_REFERENCE
>>1 RTReferencedSeriesSequence
>>>1 SeriesInstanceUID
>>>1 ContourImageSequence
>>>>include IMAGE_REFERENCE
3  StructureSetROISequence
>1 ROINumber ReferencedFrameOfReferenceUID
>2 ROIName
>3 ROIDescription ROIVolume ROIDateTime
>2 ROIGenerationAlgorithm
>3 ROIGenerationDescription
>3 ROIDerivationAlgorithmIdentificationSequence
>>include ALGORITHM
>3 DerivationCodeSequence
>>include CODE
>3 DefinitionSourceSequence
>>include SOP_REFERENCE
>>1C ReferencedSegmentNumber | the source is a segmentation or surface segmentation
>>1C ReferencedFiducialUID | the source is a spatial fiducials object
>3 ROICreatorSequence
>>include PERSON_OR_DEVICE
>3 RTProtocolCodeSequence
>>include CODE
>3 ConceptualVolumeIdentificationSequence
>>1 ConceptualVolumeUID
>>1C OriginatingSOPInstanceReferenceSequence | the volume was first identified in another object
>>>include SOP_REFERENCE
>>3 EquivalentConceptualVolumesSequence
>>>1 EquivalentConceptualVolumeInstanceReferenceSequence
>>>>include SOP_REFERENCE
>>>1 ReferencedConceptualVolumeUID
>>3 DerivationConceptualVolumeSequence
>>>3 DerivationDescription
>>>3 ConceptualVolumeDerivationAlgorithmSequence
>>>>include ALGORITHM
>>>1 SourceConceptualVolumeSequence
>>>>1 SourceConceptualVolumeUID ConceptualVolumeConstituentIndex
>>>>2 ConceptualVolumeConstituentSegmentationReferenceSequence
>>>>>1 ReferencedSegmentReferenceIndex
>>>>>1 ReferencedDirectSegmentInstanceSequence
>>>>>>include SOP_REFERENCE
3  PredecessorStructureSetSequence
>include SOP_REFERENCE
3  SourceSeriesInformationSequence
>1 Modality SeriesDate SeriesTime SeriesDescription SeriesInstanceUID SeriesNumber
include ANATOMY
"""),
)

ROI_CONTOUR = Module(
    "ROI Contour",
    "C.8.8.6",
    rows("""
3  ROIContourSequence
>1 ReferencedROINumber
>3 ROIDisplayColor RecommendedDisplayGrayscaleValue RecommendedDisplayCIELabValue
>3 SourcePixelPlanesCharacteristicsSequence
>>1 PixelSpacing SpacingBetweenSlices ImageOrientationPatient ImagePositionPatient
>>1 NumberOfFrames Rows Columns
>3 SourceSeriesSequence
>>1 SeriesInstanceUID
>3 ContourSequence
>>3 ContourNumber
>>3 ContourImageSequence
>>>include IMAGE_REFERENCE
>>1 ContourGeometricType NumberOfContourPoints ContourData
"""),
)

RT_ROI_OBSERVATIONS = Module(
    "RT ROI Observations",
    "C.8.8.8",
    rows("""
3  RTROIObservationsSequence
>1 ObservationNumber ReferencedROINumber
>3 ROIObservationDateTime
>3 RTRelatedROISequence
>>1 ReferencedROINumber
>>3 RTROIRelationship
>3 SegmentedPropertyCategoryCodeSequence
>>include CODE
>3 RTROIIdentificationCodeSequence
>>include CODE
>>3 SegmentedPropertyTypeModifierCodeSequence
>>>include CODE
>3 TherapeuticRoleCategoryCodeSequence
>>include CODE
>3 TherapeuticRoleTypeCodeSequence
>>include CODE
>3 ROIObservationContextCodeSequence
>>include CODE
>3 RelatedRTROIObservationsSequence
>>1 ObservationNumber
>2 RTROIInterpretedType ROIInterpreter
>1C ROIInterpreterSequence | a person or device is identified by more than a name
>>include PERSON_OR_DEVICE
>3 MaterialID
>3 ROIPhysicalPropertiesSequence
>>1 ROIPhysicalProperty ROIPhysicalPropertyValue
>>1C ROIElementalCompositionSequence | ROI Physical Property is ELEM_FRACTION
>>>1 ROIElementalCompositionAtomicNumber ROIElementalCompositionAtomicMassFraction
>include ANATOMY
"""),
)

APPROVAL = Module(
    "Approval",
    "C.8.8.16",
    rows("""
1  ApprovalStatus
2C ReviewDate | Approval Status is APPROVED or REJECTED
2C ReviewTime | Approval Status is APPROVED or REJECTED
2C ReviewerName | Approval Status is APPROVED or REJECTED
"""),
)

RT_DOSE = Module(
    "RT Dose",
    "C.8.8.3",
    rows("""
1C SamplesPerPixel | Pixel Data is there
1C PhotometricInterpretation | Pixel Data is there
1C BitsAllocated | Pixel Data is there
1C BitsStored | Pixel Data is there
1C HighBit | Pixel Data is there
1C PixelRepresentation | Pixel Data is there
3  ContentDate ContentTime
1  DoseUnits DoseType
1C SpatialTransformOfDose | the dose was moved or deformed from where it was planned
2C ReferencedSpatialRegistrationSequence | Spatial Transform of Dose is there
>include SOP_REFERENCE
3  InstanceNumber EntityLongLabel DoseComment NormalizationPoint
1  DoseSummationType
1C ReferencedRTPlanSequence | Dose Summation Type says the dose belongs to a plan
>include SOP_REFERENCE
>1C ReferencedFractionGroupSequence | Dose Summation Type is about fractions, beams or setups
>>1 ReferencedFractionGroupNumber
>>1C ReferencedBeamSequence | Dose Summation Type is BEAM, BEAM_SESSION or CONTROL_POINT
>>>1 ReferencedBeamNumber
>>>1C ReferencedControlPointSequence | Dose Summation Type is CONTROL_POINT
>>>>1 ReferencedStartControlPointIndex ReferencedStopControlPointIndex
>>1C ReferencedBrachyApplicationSetupSequence | Dose Summation Type is BRACHY or BRACHY_SESSION
>>>1 ReferencedBrachyApplicationSetupNumber
>1C ReferencedPlanOverviewIndex | Plan Overview Sequence is there
1C ReferencedTreatmentRecordSequence | Dose Summation Type is RECORD
>include SOP_REFERENCE
>1C ReferencedBeamSequence | the dose is that of some of the beams of the record
>>1 ReferencedBeamNumber
1C PlanOverviewSequence | Dose Summation Type is PLAN_OVERVIEW
>1 PlanOverviewIndex
>2 RTPlanLabel
>1C ReferencedStructureSetSequence | the plan refers to a structure set
>>include SOP_REFERENCE
>1C ReferencedImageSequence | the dose was calculated on an image
>>include SOP_REFERENCE
>2 PrescriptionOverviewSequence
>>1 TotalPrescriptionDose
>>3 ReferencedROINumber
>>1C EntityLongLabel | Referenced ROI Number is not there
>1C CurrentFractionNumber | the dose is that of one fraction
>1C NumberOfFractionsIncluded | the dose is that of several fractions
>2 TreatmentSite
>2 TreatmentSiteCodeSequence
>>include CODE
>>3 TreatmentSiteModifierCodeSequence
>>>include CODE
1C GridFrameOffsetVector | the pixels have several frames and Frame Increment Pointer points here
1C DoseGridScaling | Pixel Data is there
3  TissueHeterogeneityCorrection
1C DerivationCodeSequence | the dose was derived from other objects
>include CODE
3  ReferencedInstanceSequence
>include SOP_REFERENCE
>1 PurposeOfReferenceCodeSequence
>>include CODE
"""),
)

RT_DVH = Module(
    "RT DVH",
    "C.8.8.4",
    rows("""
1  ReferencedStructureSetSequence
>include SOP_REFERENCE
3  DVHNormalizationPoint DVHNormalizationDoseValue
1  DVHSequence
>1 DVHReferencedROISequence
>>1 ReferencedROINumber DVHROIContributionType
>1 DVHType DoseUnits DoseType DVHDoseScaling DVHVolumeUnits DVHNumberOfBins DVHData
>3 DVHMinimumDose DVHMaximumDose DVHMeanDose
"""),
)
