"""Modules of patient, study, series, frame of reference, equipment and SOP instance.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased. Items of optional sequences are listed as far as they are simple; what is not listed
is passed through.
"""

from __future__ import annotations

from rtxr.iod.macros import rows
from rtxr.iod.tables import Module

PATIENT = Module(
    "Patient",
    "C.7.1.1",
    rows("""
2  PatientName PatientID PatientBirthDate PatientSex
3  ReferencedPatientSequence
>include SOP_REFERENCE
3  IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence
3  SourcePatientGroupIdentificationSequence
>1 PatientID
3  GroupOfPatientsIdentificationSequence
>1 PatientID
3  PatientBirthTime PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar
1C PatientAlternativeCalendar | a date in an alternative calendar is there
3  QualityControlSubject StrainDescription StrainNomenclature StrainAdditionalInformation
3  StrainStockSequence StrainCodeSequence GeneticModificationsSequence
3  OtherPatientNames
3  OtherPatientIDsSequence
>1 PatientID TypeOfPatientID
3  ReferencedPatientPhotoSequence EthnicGroupCodeSequence
1C PatientSpeciesDescription | the patient is an animal and no species code is there
1C PatientSpeciesCodeSequence | the patient is an animal and no species description is there
2C PatientBreedDescription | the patient is an animal and the breed code is empty
2C PatientBreedCodeSequence | the patient is an animal
2C BreedRegistrationSequence | the patient is an animal
2C ResponsiblePerson | the patient is an animal
1C ResponsiblePersonRole | Responsible Person has a value
2C ResponsibleOrganization | the patient is an animal
3  PatientComments PatientIdentityRemoved
1C DeidentificationMethod | Patient Identity Removed is YES and no method code is there
1C DeidentificationMethodCodeSequence | Patient Identity Removed is YES and no method is there
>include CODE
"""),
)

CLINICAL_TRIAL_SUBJECT = Module(
    "Clinical Trial Subject",
    "C.7.1.3",
    rows("""
1  ClinicalTrialSponsorName ClinicalTrialProtocolID
2  ClinicalTrialProtocolName
3  IssuerOfClinicalTrialProtocolID
3  OtherClinicalTrialProtocolIDsSequence
>1 ClinicalTrialProtocolID IssuerOfClinicalTrialProtocolID
2  ClinicalTrialSiteID ClinicalTrialSiteName
3  IssuerOfClinicalTrialSiteID
1C ClinicalTrialSubjectID | Clinical Trial Subject Reading ID is not there
3  IssuerOfClinicalTrialSubjectID
1C ClinicalTrialSubjectReadingID | Clinical Trial Subject ID is not there
3  IssuerOfClinicalTrialSubjectReadingID
1C ClinicalTrialProtocolEthicsCommitteeName | an approval number of the committee is there
3  ClinicalTrialProtocolEthicsCommitteeApprovalNumber
"""),
)

GENERAL_STUDY = Module(
    "General Study",
    "C.7.2.1",
    rows("""
1  StudyInstanceUID
2  StudyDate StudyTime ReferringPhysicianName
3  ReferringPhysicianIdentificationSequence
>include PERSON
3  ConsultingPhysicianName
3  ConsultingPhysicianIdentificationSequence
>include PERSON
2  StudyID AccessionNumber
3  IssuerOfAccessionNumberSequence
>include HL7_DESIGNATOR
3  StudyDescription
3  ProcedureCodeSequence
>include CODE
3  PhysiciansOfRecord
3  PhysiciansOfRecordIdentificationSequence
>include PERSON
3  NameOfPhysiciansReadingStudy
3  PhysiciansReadingStudyIdentificationSequence
>include PERSON
3  ReferencedStudySequence
>include SOP_REFERENCE
3  RequestingService
3  RequestingServiceCodeSequence
>include CODE
3  ReasonForPerformedProcedureCodeSequence
>include CODE
"""),
)

PATIENT_STUDY = Module(
    "Patient Study",
    "C.7.2.2",
    rows("""
3  AdmittingDiagnosesDescription
3  AdmittingDiagnosesCodeSequence
>include CODE
3  PatientAge PatientSize PatientWeight PatientBodyMassIndex
3  PatientSizeCodeSequence
>include CODE
3  MeasuredAPDimension MeasuredLateralDimension MedicalAlerts Allergies Occupation SmokingStatus
3  AdditionalPatientHistory PregnancyStatus LastMenstrualDate
2C PatientSexNeutered | the patient is an animal
3  ReasonForVisit
3  ReasonForVisitCodeSequence
>include CODE
3  AdmissionID
3  IssuerOfAdmissionIDSequence
>include HL7_DESIGNATOR
3  ServiceEpisodeID ServiceEpisodeDescription
3  IssuerOfServiceEpisodeIDSequence
>include HL7_DESIGNATOR
3  PatientState
"""),
)

CLINICAL_TRIAL_STUDY = Module(
    "Clinical Trial Study",
    "C.7.2.3",
    rows("""
2  ClinicalTrialTimePointID
3  IssuerOfClinicalTrialTimePointID ClinicalTrialTimePointDescription
3  ClinicalTrialTimePointTypeCodeSequence
>include CODE
3  LongitudinalTemporalOffsetFromEvent
1C LongitudinalTemporalEventType | Longitudinal Temporal Offset from Event is there
3  ConsentForClinicalTrialUseSequence
>1 ConsentForDistributionFlag
>1C DistributionType | the flag is YES or WITHDRAWN
>1C ClinicalTrialProtocolID | the protocol is another one than the object's
"""),
)

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
>include CODE
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
>include CODE
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
>1 UniqueDeviceIdentifier
>3 DeviceDescription
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
3  ContextGroupIdentificationSequence
>1 MappingResource ContextGroupVersion ContextIdentifier
3  MappingResourceIdentificationSequence
>1 MappingResource
3  TimezoneOffsetFromUTC
3  ContributingEquipmentSequence
>1 PurposeOfReferenceCodeSequence
>>include CODE
>1 Manufacturer
>3 InstitutionName InstitutionAddress StationName InstitutionalDepartmentName
>3 OperatorsName ManufacturerModelName DeviceSerialNumber DeviceUID SoftwareVersions
>3 SpatialResolution DateOfLastCalibration TimeOfLastCalibration DateOfManufacture
>3 DateOfInstallation ContributionDateTime ContributionDescription
3  InstanceNumber SOPInstanceStatus SOPAuthorizationDateTime SOPAuthorizationComment
3  AuthorizationEquipmentCertificationNumber MACParametersSequence DigitalSignaturesSequence
1C EncryptedAttributesSequence | attributes are encrypted for some recipients
>1 EncryptedContentTransferSyntaxUID EncryptedContent
3  OriginalAttributesSequence
>2 SourceOfPreviousValues
>1 AttributeModificationDateTime ModifyingSystem ReasonForTheAttributeModification
>1 ModifiedAttributesSequence
1C HL7StructuredDocumentReferenceSequence | HL7 structured documents are referred to
>include SOP_REFERENCE
>1 HL7InstanceIdentifier
3  LongitudinalTemporalInformationModified
1C QueryRetrieveView | the object was converted on query or retrieval
1C ConversionSourceAttributesSequence | the object was converted from another one
>include IMAGE_REFERENCE
3  ContentQualification PrivateDataElementCharacteristicsSequence InstanceOriginStatus BarcodeValue
1C ReferencedDefinedProtocolSequence | the object was made by a defined protocol
>include SOP_REFERENCE
1C ReferencedPerformedProtocolSequence | a performed protocol describes how the object was made
>include SOP_REFERENCE
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
>3 PurposeOfReferenceCodeSequence SpatialLocationsPreserved
>1C PatientOrientation | Spatial Locations Preserved is REORIENTED_ONLY
3  SourceInstanceSequence
>include SOP_REFERENCE
"""),
)
