"""Modules of series, frame of reference, equipment, SOP instance and references.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

CLINICAL_TRIAL_SERIES = Module(
    "Clinical Trial Series",
    "C.7.3.2",
    rows("""
2  ClinicalTrialCoordinatingCenterName
3  ClinicalTrialSeriesID IssuerOfClinicalTrialSeriesID ClinicalTrialSeriesDescription
"""),
)

GENERAL_SERIES = Module(
    "General Series",
    "C.7.3.1",
    rows("""
1  Modality SeriesInstanceUID
2  SeriesNumber
2C Laterality | the body part is a paired structure and no other laterality is there
3  SeriesDate SeriesTime PerformingPhysicianName
3  PerformingPhysicianIdentificationSequence
>include PERSON
3  ProtocolName SeriesDescription
3  SeriesDescriptionCodeSequence
>include CODE
3  OperatorsName
3  OperatorIdentificationSequence
>include PERSON
3  ReferencedPerformedProcedureStepSequence
>include SOP_REFERENCE
3  RelatedSeriesSequence
>1 StudyInstanceUID SeriesInstanceUID
>2 PurposeOfReferenceCodeSequence
>>include CODE
3  BodyPartExamined
2C PatientPosition | a CT or MR image without Patient Orientation Code Sequence
3  SmallestPixelValueInSeries LargestPixelValueInSeries
3  RequestAttributesSequence
>include REQUEST
3  PerformedProcedureStepID PerformedProcedureStepStartDate PerformedProcedureStepStartTime
3  PerformedProcedureStepEndDate PerformedProcedureStepEndTime PerformedProcedureStepDescription
3  PerformedProtocolCodeSequence
>include PROTOCOL_CODE
3  CommentsOnThePerformedProcedureStep
1C AnatomicalOrientationType | the patient is an animal and not described as a biped
3  TreatmentSessionUID
"""),
)

RT_SERIES = Module(
    "RT Series",
    "C.8.8.1",
    rows("""
1  Modality SeriesInstanceUID
2  SeriesNumber
3  SeriesDate SeriesTime SeriesDescription
3  SeriesDescriptionCodeSequence
>include CODE
2  OperatorsName
3  OperatorIdentificationSequence
>include PERSON
3  ReferencedPerformedProcedureStepSequence
>include SOP_REFERENCE
3  RequestAttributesSequence
>include REQUEST
3  PerformedProcedureStepID PerformedProcedureStepStartDate PerformedProcedureStepStartTime
3  PerformedProcedureStepEndDate PerformedProcedureStepEndTime PerformedProcedureStepDescription
3  PerformedProtocolCodeSequence
>include PROTOCOL_CODE
3  CommentsOnThePerformedProcedureStep TreatmentSessionUID
"""),
)

FRAME_OF_REFERENCE = Module(
    "Frame of Reference",
    "C.7.4.1",
    rows("""
1  FrameOfReferenceUID
2  PositionReferenceIndicator
"""),
)

SYNCHRONIZATION = Module(
    "Synchronization",
    "C.7.4.2",
    rows("""
1  SynchronizationFrameOfReferenceUID SynchronizationTrigger
3  TriggerSourceOrType
1C SynchronizationChannel | the trigger is encoded in a waveform of the object
1  AcquisitionTimeSynchronized
3  TimeSource TimeDistributionProtocol NTPSourceAddress
"""),
)

GENERAL_EQUIPMENT = Module(
    "General Equipment",
    "C.7.5.1",
    rows("""
2  Manufacturer
3  InstitutionName InstitutionAddress StationName InstitutionalDepartmentName
3  InstitutionalDepartmentTypeCodeSequence
>include CODE
3  ManufacturerModelName ManufacturerDeviceClassUID DeviceSerialNumber SoftwareVersions GantryID
3  UDISequence
>include UDI
3  DeviceUID SpatialResolution DateOfManufacture DateOfInstallation
3  DateOfLastCalibration TimeOfLastCalibration
1C PixelPaddingValue | a Pixel Padding Range Limit is there
"""),
)

SOP_COMMON = Module(
    "SOP Common",
    "C.12.1",
    rows("""
1  SOPClassUID SOPInstanceUID
1C SpecificCharacterSet | a text needs more than the basic character set
3  InstanceCreationDate InstanceCreationTime InstanceCoercionDateTime InstanceCreatorUID
3  RelatedGeneralSOPClassUID OriginalSpecializedSOPClassUID SyntheticData
3  CodingSchemeIdentificationSequence
>1 CodingSchemeDesignator
>1C CodingSchemeRegistry | the coding scheme is registered
>1C CodingSchemeUID | the coding scheme has a UID
>2C CodingSchemeExternalID | the scheme is registered elsewhere and has no Coding Scheme UID
>3 CodingSchemeName CodingSchemeVersion CodingSchemeResponsibleOrganization
>3 CodingSchemeResourcesSequence
>>1 CodingSchemeURLType CodingSchemeURL
3  ContextGroupIdentificationSequence
>1 MappingResource ContextGroupVersion ContextIdentifier
>3 ContextUID
3  MappingResourceIdentificationSequence
>1 MappingResource
>3 MappingResourceUID MappingResourceName
3  TimezoneOffsetFromUTC
3  ContributingEquipmentSequence
>1 PurposeOfReferenceCodeSequence
>>include CODE
>1 Manufacturer
>3 InstitutionName InstitutionAddress StationName InstitutionalDepartmentName
>3 InstitutionalDepartmentTypeCodeSequence
>>include CODE
>3 OperatorsName
>3 OperatorIdentificationSequence
>>include PERSON
>3 UDISequence
>>include UDI
>3 ManufacturerModelName DeviceSerialNumber DeviceUID SoftwareVersions
>3 SpatialResolution DateOfLastCalibration TimeOfLastCalibration DateOfManufacture
>3 DateOfInstallation ContributionDateTime ContributionDescription
3  InstanceNumber SOPInstanceStatus SOPAuthorizationDateTime SOPAuthorizationComment
3  AuthorizationEquipmentCertificationNumber
include DIGITAL_SIGNATURES
1C EncryptedAttributesSequence | attributes are encrypted for some recipients
>1 EncryptedContentTransferSyntaxUID EncryptedContent
3  OriginalAttributesSequence
>2 SourceOfPreviousValues
>1 AttributeModificationDateTime ModifyingSystem ReasonForTheAttributeModification
>1 ModifiedAttributesSequence
>3 NonconformingModifiedAttributesSequence
>>1C SelectorAttribute | the value is that of one attribute
>>1C SelectorValueNumber | one value of the attribute is meant
>>1C SelectorSequencePointer | the attribute stands in a sequence
>>1C SelectorSequencePointerPrivateCreator | that sequence is private
>>1C SelectorSequencePointerItems | the attribute stands in a sequence
>>1C SelectorAttributePrivateCreator | the attribute is private
>>1 NonconformingDataElementValue
1C HL7StructuredDocumentReferenceSequence | HL7 structured documents are referred to
>include SOP_REFERENCE
>1 HL7InstanceIdentifier
>3 RetrieveURI
3  LongitudinalTemporalInformationModified
1C QueryRetrieveView | the object was converted on query or retrieval
1C ConversionSourceAttributesSequence | the object was converted from another one
>include IMAGE_REFERENCE
3  ContentQualification InstanceOriginStatus BarcodeValue
3  PrivateDataElementCharacteristicsSequence
>1 PrivateGroupReference PrivateCreatorReference
>3 PrivateDataElementDefinitionSequence
>>1 PrivateDataElement PrivateDataElementValueMultiplicity PrivateDataElementValueRepresentation
>>1C PrivateDataElementNumberOfItems | the element is a sequence with a limited number of items
>>1 PrivateDataElementName PrivateDataElementKeyword
>>3 PrivateDataElementDescription PrivateDataElementEncoding RetrieveURI
>1 BlockIdentifyingInformationStatus
>1C NonidentifyingPrivateElements | some elements of the block may identify a person
>3 DeidentificationActionSequence
>>1 IdentifyingPrivateElements DeidentificationAction
1C ReferencedDefinedProtocolSequence | the object was made by a defined protocol
>include SOP_REFERENCE
>3 SourceAcquisitionProtocolElementNumber SourceReconstructionProtocolElementNumber
1C ReferencedPerformedProtocolSequence | a performed protocol describes how the object was made
>include SOP_REFERENCE
>3 SourceAcquisitionProtocolElementNumber SourceReconstructionProtocolElementNumber
"""),
)

COMMON_INSTANCE_REFERENCE = Module(
    "Common Instance Reference",
    "C.12.2",
    rows("""
1C ReferencedSeriesSequence | the object refers to others of its study
>1 SeriesInstanceUID
>1 ReferencedInstanceSequence
>>include SOP_REFERENCE
1C StudiesContainingOtherReferencedInstancesSequence | the object refers to other studies
>1 StudyInstanceUID
>1 ReferencedSeriesSequence
>>1 SeriesInstanceUID
>>1 ReferencedInstanceSequence
>>>include SOP_REFERENCE
"""),
)

GENERAL_REFERENCE = Module(
    "General Reference",
    "C.12.4",
    rows("""
3  ReferencedImageSequence
>include IMAGE_REFERENCE
>3 PurposeOfReferenceCodeSequence
>>include CODE
3  ReferencedInstanceSequence
>include SOP_REFERENCE
>1 PurposeOfReferenceCodeSequence
>>include CODE
3  DerivationDescription
3  DerivationCodeSequence
>include CODE
3  SourceImageSequence
>include IMAGE_REFERENCE
>3 PurposeOfReferenceCodeSequence
>>include CODE
>3 SpatialLocationsPreserved
>1C PatientOrientation | Spatial Locations Preserved is REORIENTED_ONLY
3  SourceInstanceSequence
>include SOP_REFERENCE
>3 PurposeOfReferenceCodeSequence
>>include CODE
"""),
)
