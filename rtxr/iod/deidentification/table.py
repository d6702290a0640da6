"""PS3.15 Table E.1-1: what the Basic Application Level Confidentiality Profile does to attributes.

The column of the profile is of edition 2026c, the columns of the options are those of 2024; of the
rows added since, the options of dates, descriptions and devices are filled in by their kind, and
the others have none, so that no option keeps them. Private elements are not rows: without the
option Retain Safe Private all of them go.

A line without indent is an action of the profile and what the options do instead (``K`` keep,
``C`` clean); the attributes below it are those it is for, by keyword, or by tag where the data
dictionary has none yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag, Tag

from rtxr.errors import RTXRError

#: The action codes of PS3.15 E.1.1 in words. Of several the first one that leaves the object
#: conformant is taken: X for type 3, Z for type 2, D (or U) for type 1.
ACTIONS: Mapping[str, str] = {
    "D": "replaced by a value that says nothing and fits the VR",
    "Z": "emptied",
    "X": "removed",
    "K": "kept; the items of a sequence are cleaned one by one",
    "C": "kept if the text says nothing of a person, a date shifted; else as without the option",
    "U": "replaced by a new UID, the same one everywhere",
    "U*": "a sequence that stays, with the UIDs in its items replaced",
}

Column = Literal[
    "uids",
    "device",
    "institution",
    "patient",
    "full",
    "modified",
    "descriptors",
    "content",
    "graphics",
]


@dataclass(frozen=True)
class Row:
    """One attribute of the table.

    Parameters
    ----------
    action : str
        Of the profile, for example ``"X/Z/D"``.
    options : mapping
        Column of an option: ``"K"`` or ``"C"``.
    """

    action: str
    options: Mapping[Column, str]


_TEXT = """
D |
  ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialSubjectID
  ClinicalTrialSubjectReadingID FlowIdentifierSequence FlowIdentifier SourceIdentifier
  ContainerIdentifier SpecimenIdentifier PersonIdentificationCodeSequence VerifyingOrganization
  VerifyingObserverSequence VerifyingObserverName PersonName EncapsulatedDocument
  UnformattedTextValue SelectorOBValue SelectorPNValue SelectorUNValue SelectorURValue
  CertificateOfSigner
D | content:C
  ContentSequence
D | descriptors:C
  AcquisitionFieldOfViewLabel AnnotationGroupLabel SelectorLOValue SelectorLTValue SelectorSHValue
  SelectorSTValue SelectorUTValue ReasonForTheAttributeModification StructureSetLabel RTPlanLabel
  TreatmentPositionGroupLabel RadiationDoseIdentificationLabel RadiationDoseInVivoMeasurementLabel
  RTToleranceSetLabel RadiationGenerationModeLabel TreatmentToleranceViolationDescription
  InterlockDescription InterlockOriginDescription UserContentLabel UserContentLongLabel
  EntityLabel EntityLongLabel RTPrescriptionLabel
D | device:C
  SelectorAEValue DestinationAE
D | device:K
  XRaySourceID XRayDetectorID ModifyingSystem DeviceLabel
D | device:K full:K modified:C
  BeamHoldTransitionDateTime
D | full:K modified:C
  ContextGroupVersion ContextGroupLocalVersion FrameAcquisitionDateTime FrameReferenceDateTime
  SourceStartDateTime SourceEndDateTime FunctionalSyncPulse DecayCorrectionDateTime
  ExclusionStartDateTime FrameOriginTimestamp ImpedanceMeasurementDateTime VerificationDateTime
  DateTime Date Time ReferencedDateTime AssertionDateTime EffectiveDateTime
  InformationIssueDateTime HangingProtocolCreationDateTime SelectorDAValue SelectorDTValue
  SelectorTMValue DigitalSignatureDateTime AttributeModificationDateTime TreatmentControlPointDate
  TreatmentControlPointTime SafePositionExitDate SafePositionExitTime SafePositionReturnDate
  SafePositionReturnTime SourceStrengthReferenceDate SourceStrengthReferenceTime
  TreatmentToleranceViolationDateTime RecordedRTControlPointDateTime InterlockDateTime
  OverrideDateTime
D | graphics:C
  GraphicAnnotationSequence
D | institution:K
  ClinicalTrialProtocolEthicsCommitteeName
D | patient:K
  SelectorASValue
D | uids:K
  AnnotationGroupUID
Z |
  AccessionNumber ReferringPhysicianName ConsultingPhysicianName PatientName PatientBirthDate
  ClinicalTrialProtocolName ClinicalTrialTimePointID StudyID
  IssuerOfTheContainerIdentifierSequence IssuerOfTheSpecimenIdentifierSequence
  PlacerOrderNumberImagingServiceRequest FillerOrderNumberImagingServiceRequest
  VerifyingObserverIdentificationCodeSequence ROIInterpreter RTAccessoryHolderSlotID
  RTAccessoryDeviceSlotID DeviceAlternateIdentifier
Z | content:C
  SpecimenPreparationSequence
Z | descriptors:C
  ROIName RadiationGenerationModeDescription ConceptualVolumeCombinationDescription
  ConceptualVolumeDescription RTPhysicianIntentNarrative ReasonForSuperseding
  TreatmentTechniqueNotes PrescriptionNotes FractionationNotes PrescriptionNotesSequence
Z | device:K
  ManufacturerDeviceIdentifier
Z | device:K full:K modified:C
  CalibrationDateTime
Z | full:K modified:C
  StudyDate StudyTime ParticipationDateTime StructureSetDate StructureSetTime ReviewDate
  ReviewTime
Z | institution:K
  ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialCoordinatingCenterName
  SourceOfPreviousValues
Z | patient:K
  PatientSex
X |
  ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers
  ReferringPhysicianIdentificationSequence ConsultingPhysicianIdentificationSequence
  PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence PerformingPhysicianName
  PerformingPhysicianIdentificationSequence NameOfPhysiciansReadingStudy
  PhysiciansReadingStudyIdentificationSequence (0008,1301) (0008,1302) (0008,1303) (0008,1304)
  (0010,0011) (0010,0012) (0010,0013) (0010,0014) (0010,0015) (0010,0016) IssuerOfPatientID
  PatientBirthTime (0010,0041) (0010,0042) (0010,0043) (0010,0044) (0010,0045) (0010,0046)
  (0010,0047) PatientInsurancePlanCodeSequence PatientPrimaryLanguageCodeSequence
  PatientPrimaryLanguageModifierCodeSequence OtherPatientIDs OtherPatientNames
  OtherPatientIDsSequence PatientBirthName PatientAddress InsurancePlanIdentification
  PatientMotherBirthName MilitaryRank BranchOfService MedicalRecordLocator
  ReferencedPatientPhotoSequence CountryOfResidence RegionOfResidence PatientTelephoneNumbers
  PatientTelecomInformation (0010,2162) PatientReligiousPreference ResponsiblePerson
  ResponsibleOrganization IssuerOfClinicalTrialProtocolID OtherClinicalTrialProtocolIDsSequence
  IssuerOfClinicalTrialSiteID IssuerOfClinicalTrialSubjectID IssuerOfClinicalTrialSubjectReadingID
  IssuerOfClinicalTrialTimePointID ClinicalTrialSeriesID IssuerOfClinicalTrialSeriesID
  ClinicalTrialProtocolEthicsCommitteeApprovalNumber CameraOwnerName GPSVersionID GPSLatitudeRef
  GPSLatitude GPSLongitudeRef GPSLongitude GPSAltitudeRef GPSAltitude GPSTimeStamp GPSSatellites
  GPSStatus GPSMeasureMode GPSDOP GPSSpeedRef GPSSpeed GPSTrackRef GPSTrack GPSImgDirectionRef
  GPSImgDirection GPSMapDatum GPSDestLatitudeRef GPSDestLatitude GPSDestLongitudeRef
  GPSDestLongitude GPSDestBearingRef GPSDestBearing GPSDestDistanceRef GPSDestDistance
  GPSProcessingMethod GPSAreaInformation GPSDifferential ModifiedImageDescription
  ImagePresentationComments StudyIDIssuer RequestingPhysician RequestingService
  ReferencedPatientAliasSequence AdmissionID IssuerOfAdmissionID IssuerOfAdmissionIDSequence
  ScheduledPatientInstitutionResidence ServiceEpisodeID IssuerOfServiceEpisodeID
  IssuerOfServiceEpisodeIDSequence CurrentPatientLocation PatientInstitutionResidence
  MultiplexGroupLabel ChannelLabel ScheduledPerformingPhysicianName ScheduledProcedureStepID
  ScheduledPerformingPhysicianIdentificationSequence PerformedLocation PerformedProcedureStepID
  SpecimenAccessionNumber SlideIdentifier RequestedProcedureID PatientTransportArrangements
  RequestedProcedureLocation NamesOfIntendedRecipientsOfResults
  IntendedRecipientsOfResultsIdentificationSequence PersonAddress PersonTelephoneNumbers
  PersonTelecomInformation OrderEnteredBy OrderEntererLocation OrderCallbackPhoneNumber
  OrderCallbackTelecomInformation ConfidentialityConstraintOnPatientDataDescription
  ScheduledHumanPerformersSequence ActualHumanPerformersSequence HumanPerformerOrganization
  HumanPerformerName AuthorObserverSequence ParticipantSequence CustodialOrganizationSequence
  CurrentObserverTrial VerbalSourceTrial AddressTrial TelephoneNumberTrial
  VerbalSourceIdentifierCodeSequenceTrial (0040,B03B) (0040,B03F) (0040,E012) ContainerComponentID
  ContentCreatorIdentificationCodeSequence IconImageSequence TopicTitle TopicSubject TopicAuthor
  TopicKeywords ReferencedDigitalSignatureSequence ReferencedSOPInstanceMACSequence MAC
  ModifiedAttributesSequence NonconformingModifiedAttributesSequence NonconformingDataElementValue
  OriginalAttributesSequence InstanceOriginStatus TextString ROICreatorSequence
  ROIInterpreterSequence Arbitrary TextComments ResultsID ResultsIDIssuer InterpretationRecorder
  InterpretationTranscriber InterpretationAuthor InterpretationApproverSequence
  PhysicianApprovingInterpretation ResultsDistributionListSequence DistributionName
  DistributionAddress InterpretationID InterpretationIDIssuer DigitalSignaturesSequence
  DataSetTrailingPadding
X | descriptors:C
  StudyDescription SeriesDescription AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence
  PyramidDescription DerivationDescription IdentifyingComments MedicalAlerts Occupation
  AdditionalPatientHistory PatientComments ClinicalTrialTimePointDescription
  ClinicalTrialSeriesDescription MakerNote DeviceSettingDescription AcquisitionComments
  RespiratoryMotionCompensationTechniqueDescription MultienergyAcquisitionDescription
  DecompositionDescription AcquisitionProtocolDescription RequestedSeriesDescription
  ContributionDescription PyramidLabel ImageComments FrameComments ReasonForStudy ReasonForVisit
  ReasonForVisitCodeSequence RequestedContrastAgent StudyComments DischargeDiagnosisDescription
  ServiceEpisodeDescription VisitComments ChannelDerivationDescription WaveformFilterDescription
  FilterLookupTableDescription ScheduledProcedureStepDescription PerformedProcedureStepDescription
  RequestAttributesSequence CommentsOnThePerformedProcedureStep CommentsOnRadiationDose
  ContainerDescription AcquisitionContextDescription SpecimenShortDescription
  SpecimenDetailedDescription ReasonForTheRequestedProcedure
  ReasonForRequestedProcedureCodeSequence RequestedProcedureComments
  ReasonForTheImagingServiceRequest ImagingServiceRequestComments LongDeviceDescription
  AnnotationGroupDescription PositionAcquisitionTemplateName
  PositionAcquisitionTemplateDescription StructureSetName StructureSetDescription ROIDescription
  ROIGenerationDescription ROIObservationLabel ROIObservationDescription RTPlanName
  RTPlanDescription TreatmentSites PrescriptionDescription DoseReferenceDescription
  FractionGroupDescription BeamDescription BolusDescription FixationDeviceDescription
  ShieldingDeviceDescription SetupTechniqueDescription CompensatorDescription
  EquipmentFrameOfReferenceDescription PatientTreatmentPreparationProcedureParameterDescription
  PatientTreatmentPreparationMethodDescription PatientSetupPhotoDescription
  DisplacementReferenceLabel ReasonForOmissionDescription EntityName EntityDescription
  PriorTreatmentDoseDescription InterpretationText InterpretationDiagnosisDescription Impressions
  ResultsComments
X | device:C
  RetrieveAETitle StationAETitle NetworkID ScheduledStudyLocationAETitle ScheduledStationAETitle
  PerformedStationAETitle ReceivingAE RequestingAE Originator
X | device:K
  LensSpecification LensMake LensModel LensSerialNumber PlateID GeneratorID CassetteID GantryID
  UniqueDeviceIdentifier UDISequence SecondaryCaptureDeviceID HardcopyCreationDeviceID
  TransducerIdentificationSequence XRayDetectorLabel ModifyingDeviceID ScheduledStudyLocation
  ScheduledStationName ScheduledProcedureStepLocation PerformedStationName
  ScheduledStationNameCodeSequence ScheduledStationGeographicLocationCodeSequence
  PerformedStationNameCodeSequence PerformedStationGeographicLocationCodeSequence
  DeviceDescription SourceManufacturer
X | device:K full:K modified:C
  CalibrationTime CalibrationDate DateOfLastCalibration TimeOfLastCalibration
  DateTimeOfLastCalibration DateOfManufacture DateOfInstallation
X | full:K modified:C
  InstanceCoercionDateTime OverlayDate CurveDate OverlayTime CurveTime TimezoneOffsetFromUTC
  LastMenstrualDate EthicsCommitteeApprovalEffectivenessStartDate
  EthicsCommitteeApprovalEffectivenessEndDate GPSDateStamp InterventionDrugStopTime
  InterventionDrugStartTime DateOfSecondaryCapture TimeOfSecondaryCapture ContrastBolusStartTime
  ContrastBolusStopTime RadiopharmaceuticalStartTime RadiopharmaceuticalStopTime
  RadiopharmaceuticalStartDateTime RadiopharmaceuticalStopDateTime ContributionDateTime
  ModifiedImageDate ModifiedImageTime StudyVerifiedDate StudyVerifiedTime StudyReadDate
  StudyReadTime ScheduledStudyStartDate ScheduledStudyStartTime ScheduledStudyStopDate
  ScheduledStudyStopTime StudyArrivalDate StudyArrivalTime StudyCompletionDate StudyCompletionTime
  ScheduledAdmissionDate ScheduledAdmissionTime ScheduledDischargeDate ScheduledDischargeTime
  AdmittingDate AdmittingTime DischargeDate DischargeTime ScheduledProcedureStepStartDate
  ScheduledProcedureStepStartTime ScheduledProcedureStepEndDate ScheduledProcedureStepEndTime
  PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepEndDate
  PerformedProcedureStepEndTime IssueDateOfImagingServiceRequest IssueTimeOfImagingServiceRequest
  ScheduledProcedureStepStartDateTime ScheduledProcedureStepExpirationDateTime
  ScheduledProcedureStepModificationDateTime ExpectedCompletionDateTime
  PerformedProcedureStepStartDateTime PerformedProcedureStepEndDateTime
  ProcedureStepCancellationDateTime FindingsGroupRecordingDateTrial
  FindingsGroupRecordingTimeTrial ObservationStartDateTime (0040,A034) (0040,A035)
  DateOfDocumentOrVerbalTransactionTrial TimeOfDocumentCreationOrVerbalTransactionTrial
  ObservationDateTrial ObservationTimeTrial (0040,B034) (0040,B036) TemplateVersion
  TemplateLocalVersion HL7DocumentEffectiveTime ApprovalStatusDateTime ProductExpirationDateTime
  SubstanceAdministrationDateTime AssertionExpirationDateTime PresentationCreationDate
  PresentationCreationTime SOPAuthorizationDateTime CertifiedTimestamp CreationDate CreationTime
  ROIDateTime ROIObservationDateTime IntendedFractionStartTime InterpretationRecordedDate
  InterpretationRecordedTime InterpretationTranscriptionDate InterpretationTranscriptionTime
  InterpretationApprovalDate InterpretationApprovalTime
X | institution:K
  InstitutionAddress InstitutionalDepartmentName InstitutionalDepartmentTypeCodeSequence
X | patient:C
  SpecialNeeds PreMedication
X | patient:C descriptors:C
  Allergies PatientState
X | patient:K
  PatientAge PatientSize PatientWeight EthnicGroup EthnicGroupCodeSequence SmokingStatus
  PregnancyStatus
X | uids:K
  AffectedSOPInstanceUID ReferencedPatientSequence
U |
  UID DigitalSignatureUID
U | uids:K
  RequestedSOPInstanceUID MediaStorageSOPInstanceUID ReferencedSOPInstanceUIDInFile
  InstanceCreatorUID AcquisitionUID SOPInstanceUID PyramidUID FailedSOPInstanceUIDList
  ReferencedSOPInstanceUID TransactionUID IrradiationEventUID TargetUID StudyInstanceUID
  SeriesInstanceUID FrameOfReferenceUID SynchronizationFrameOfReferenceUID ConcatenationUID
  DimensionOrganizationUID PaletteColorLookupTableUID LargePaletteColorLookupTableUID
  MultiplexGroupUID SpecimenUID ReferencedGeneralPurposeScheduledProcedureStepTransactionUID
  ObservationUID ReferencedObservationUIDTrial ObservationSubjectUIDTrial
  TemplateExtensionOrganizationUID TemplateExtensionCreatorUID TrackingUID
  SourceFrameOfReferenceUID FiducialUID PresentationDisplayCollectionUID
  PresentationSequenceCollectionUID StorageMediaFileSetUID ReferencedFrameOfReferenceUID
  RelatedFrameOfReferenceUID DoseReferenceUID TableTopPositionAlignmentUID
  ReferencedDoseReferenceUID TreatmentPositionGroupUID PatientSetupUID TreatmentSessionUID
  ReferencedTreatmentPositionGroupUID ConceptualVolumeUID ReferencedConceptualVolumeUID
  ConstituentConceptualVolumeUID SourceConceptualVolumeUID ReferencedFiducialsUID
  RTTreatmentPhaseUID DosimetricObjectiveUID ReferencedDosimetricObjectiveUID
U | uids:K device:K
  DeviceUID ManufacturerDeviceClassUID
Z/D |
  PatientID ContentCreatorName
Z/D | descriptors:C
  ContrastBolusAgent
Z/D | full:K modified:C
  ContentDate ContentTime InstructionPerformedDateTime
X/Z |
  BarcodeValue ReviewerName
X/Z | content:C
  AcquisitionContextSequence
X/Z | descriptors:C
  RequestedProcedureDescription LabelText
X/Z | device:K
  SourceSerialNumber TreatmentMachineName
X/Z | full:K modified:C
  AcquisitionDate AcquisitionTime
X/Z | patient:K
  PatientSexNeutered
X/Z | uids:K
  ReferencedStudySequence
X/D |
  OperatorIdentificationSequence WaveformAnnotationSequence
X/D | descriptors:C
  ProtocolName AcquisitionDeviceProcessingDescription RTTreatmentApproachLabel TreatmentSite
X/D | device:K
  DetectorID
X/D | device:K full:K modified:C
  DateOfLastDetectorCalibration TimeOfLastDetectorCalibration
X/D | full:K modified:C
  InstanceCreationDate SeriesDate SeriesTime StartAcquisitionDateTime EndAcquisitionDateTime
  ObservationDateTime FirstTreatmentDate MostRecentTreatmentDate TreatmentDate TreatmentTime
  RTPlanDate RTPlanTime IntendedPhaseStartDate IntendedPhaseEndDate
X/Z/D |
  OperatorsName
X/Z/D | device:K
  StationName DeviceSerialNumber
X/Z/D | full:K modified:C
  InstanceCreationTime AcquisitionDateTime
X/Z/D | institution:K
  InstitutionName InstitutionCodeSequence
X/Z/D | uids:K
  ReferencedPerformedProcedureStepSequence
X/Z/U* | uids:K
  ReferencedImageSequence SourceImageSequence
"""

#: Repeating groups: (mask, value, text as in the table).
_REPEATING = (
    (0xFF000000, 0x50000000, Row("X", {"graphics": "C"})),  # Curve Data
    (0xFF00FFFF, 0x60003000, Row("X", {"graphics": "C"})),  # Overlay Data
    (0xFF00FFFF, 0x60004000, Row("X", {"graphics": "C"})),  # Overlay Comments
)


def _rows(text: str) -> Iterator[tuple[BaseTag, Row]]:
    """The attributes of the table with their rows."""
    row = Row("", {})
    for line in text.splitlines():
        if line.startswith("  "):
            yield from ((_tag(name), row) for name in line.split())
        elif line:
            action, _, options = line.partition("|")
            row = Row(action.strip(), dict(each.split(":") for each in options.split()))  # type: ignore[arg-type]


def _tag(name: str) -> BaseTag:
    if name.startswith("("):
        return Tag(int(name[1:5], 16), int(name[6:10], 16))
    tag = tag_for_keyword(name)
    if tag is None:
        raise RTXRError(f"{name!r} is no keyword of the DICOM data dictionary")
    return Tag(tag)


#: Rows by tag, repeating groups apart.
ROWS: Mapping[BaseTag, Row] = dict(_rows(_TEXT))


def row_of(tag: BaseTag) -> Row | None:
    """Row of an attribute; None where the table does not speak of it."""
    row = ROWS.get(tag)
    if row is not None:
        return row
    return next((each for mask, value, each in _REPEATING if tag & mask == value), None)
