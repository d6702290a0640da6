"""Modules of patient and study.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

PATIENT = Module(
    "Patient",
    "C.7.1.1",
    rows("""
2  PatientName PatientID PatientBirthDate PatientSex
3  ReferencedPatientSequence
>include SOP_REFERENCE
3  TypeOfPatientID
include PATIENT_ID_ISSUER
3  SourcePatientGroupIdentificationSequence
>1 PatientID
>include PATIENT_ID_ISSUER
3  GroupOfPatientsIdentificationSequence
>1 PatientID
>include PATIENT_ID_ISSUER
>3 SubjectRelativePositionInImage PatientPosition
3  PatientBirthTime PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar
1C PatientAlternativeCalendar | a date in an alternative calendar is there
3  QualityControlSubject StrainDescription StrainNomenclature StrainAdditionalInformation
3  StrainStockSequence
>1 StrainStockNumber StrainSource
>1 StrainSourceRegistryCodeSequence
>>include CODE
3  StrainCodeSequence
>include CODE
3  GeneticModificationsSequence
>1 GeneticModificationsDescription GeneticModificationsNomenclature
>3 GeneticModificationsCodeSequence
>>include CODE
3  OtherPatientNames
3  OtherPatientIDsSequence
>1 PatientID TypeOfPatientID
>include PATIENT_ID_ISSUER
3  ReferencedPatientPhotoSequence
>include INSTANCES_AND_ACCESS
3  EthnicGroupCodeSequence
>include CODE
1C PatientSpeciesDescription | the patient is an animal and no species code is there
1C PatientSpeciesCodeSequence | the patient is an animal and no species description is there
>include CODE
2C PatientBreedDescription | the patient is an animal and the breed code is empty
2C PatientBreedCodeSequence | the patient is an animal
>include CODE
2C BreedRegistrationSequence | the patient is an animal
>1 BreedRegistrationNumber
>1 BreedRegistryCodeSequence
>>include CODE
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
>3 IssuerOfClinicalTrialProtocolID
"""),
)
