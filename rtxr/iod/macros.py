"""Macros of PS3.3: rows that many module tables include (edition 2026b).

Section numbers stand beside each. The tests compare every row with a machine-readable copy of the
Standard.
"""

from __future__ import annotations

from collections.abc import Mapping

from rtxr.iod.table_text import parse_rows
from rtxr.iod.tables import Attribute

#: Code Sequence Macro, PS3.3 Table 8.8-1: the code, and the equivalent codes that are like it.
_BASIC_CODE = """
1C CodeValue | the code has at most 16 characters and is not a URN
1C CodingSchemeDesignator | Code Value or Long Code Value is there
1C CodingSchemeVersion | the designator does not identify the code without it
1  CodeMeaning
1C MappingResource | Context Identifier is there
1C ContextGroupVersion | Context Identifier is there
1C ContextGroupLocalVersion | Context Group Extension Flag is Y
3  ContextGroupExtensionFlag
1C ContextGroupExtensionCreatorUID | Context Group Extension Flag is Y
3  ContextIdentifier ContextUID MappingResourceUID MappingResourceName
1C LongCodeValue | the code has more than 16 characters and is not a URN
1C URNCodeValue | the code is a URN or URL
"""
_CODE = """
include BASIC_CODE
3  EquivalentCodeSequence
>include BASIC_CODE
"""

#: SOP Instance Reference Macro, Table 10-11.
_SOP_REFERENCE = """
1  ReferencedSOPClassUID ReferencedSOPInstanceUID
"""

#: Image SOP Instance Reference Macro, Table 10-3.
_IMAGE_REFERENCE = """
include SOP_REFERENCE
1C ReferencedFrameNumber | the reference is not to all frames of a multi-frame image
1C ReferencedSegmentNumber | the reference is not to all segments of a segmentation
"""

#: HL7v2 Hierarchic Designator Macro, Table 10-17.
_HL7_DESIGNATOR = """
1C LocalNamespaceEntityID | Universal Entity ID is not there
1C UniversalEntityID | Local Namespace Entity ID is not there
1C UniversalEntityIDType | Universal Entity ID is there
"""

#: Person Identification Macro, Table 10-1.
_PERSON = """
1C InstitutionName | Institution Code Sequence is not there
3  InstitutionAddress
1C InstitutionCodeSequence | Institution Name is not there
>include CODE
3  InstitutionalDepartmentName
3  InstitutionalDepartmentTypeCodeSequence
>include CODE
1  PersonIdentificationCodeSequence
>include CODE
3  PersonAddress PersonTelephoneNumbers PersonTelecomInformation
"""

#: Content Item Macro, Table 10-2.
_CONTENT_ITEM = """
1  ValueType
3  ObservationDateTime ObservationStartDateTime
1  ConceptNameCodeSequence
>include CODE
1C DateTime | Value Type is DATETIME
1C Date | Value Type is DATE
1C Time | Value Type is TIME
1C PersonName | Value Type is PNAME
1C UID | Value Type is UIDREF
1C TextValue | Value Type is TEXT
1C ConceptCodeSequence | Value Type is CODE
>include CODE
1C NumericValue | Value Type is NUMERIC
1C FloatingPointValue | Numeric Value has not enough precision
1C RationalNumeratorValue | the value is a fraction that Numeric Value cannot hold exactly
1C RationalDenominatorValue | Rational Numerator Value is there
1C MeasurementUnitsCodeSequence | Value Type is NUMERIC
>include CODE
1C ReferencedSOPSequence | Value Type is COMPOSITE, IMAGE or WAVEFORM
>include IMAGE_REFERENCE
>1C ReferencedWaveformChannels | the reference is not to all channels of a waveform
"""

#: Algorithm Identification Macro, Table 10-19.
_ALGORITHM = """
1  AlgorithmFamilyCodeSequence
>include CODE
3  AlgorithmNameCodeSequence
>include CODE
1  AlgorithmName AlgorithmVersion
3  AlgorithmParameters AlgorithmSource
"""

#: Identified Person or Device Macro, Table C.17-3b.
_PERSON_OR_DEVICE = """
1  ObserverType
1C PersonName | Observer Type is PSN
2C PersonIdentificationCodeSequence | Observer Type is PSN
>include CODE
3  OrganizationalRoleCodeSequence
>include CODE
1C DeviceUID | Observer Type is DEV and the device has one
1C Manufacturer | Observer Type is DEV
1C ManufacturerModelName | Observer Type is DEV
2C StationName | Observer Type is DEV
3  StationAETitle DeviceSerialNumber SoftwareVersions DateOfManufacture DateOfInstallation
2  InstitutionName
2  InstitutionCodeSequence
>include CODE
3  InstitutionalDepartmentName
3  InstitutionalDepartmentTypeCodeSequence
>include CODE
"""

#: Request Attributes Macro, Table 10-9.
_REQUEST = """
1C RequestedProcedureID | the procedure was scheduled
3  AccessionNumber
3  IssuerOfAccessionNumberSequence
>include HL7_DESIGNATOR
3  ReferencedStudySequence
>include SOP_REFERENCE
3  StudyInstanceUID RequestedProcedureDescription
3  RequestedProcedureCodeSequence
>include CODE
3  ReasonForTheRequestedProcedure
3  ReasonForRequestedProcedureCodeSequence
>include CODE
1C ScheduledProcedureStepID | the procedure was scheduled
3  ScheduledProcedureStepDescription
3  ScheduledProtocolCodeSequence
>include CODE
"""

#: General Anatomy Optional Macro, Table 10-7.
_ANATOMY = """
3  AnatomicRegionSequence
>include CODE
>3 AnatomicRegionModifierSequence
>>include CODE
3  PrimaryAnatomicStructureSequence
>include CODE
>3 PrimaryAnatomicStructureModifierSequence
>>include CODE
"""

#: What CT, MR and PET Image say about an image made for treatment: view, equipment and plan.
_TREATMENT_IMAGE = """
3  ViewCodeSequence
>include CODE
>3 ViewModifierCodeSequence
>>include CODE
3  SliceProgressionDirection IsocenterPosition
1C EquipmentFrameOfReferenceUID | the image relates to the coordinates of the equipment
3  PatientTreatmentPreparationSequence
>1 PatientTreatmentPreparationMethodCodeSequence
>>include CODE
3  PatientToEquipmentRelationshipSequence
>1 ImageToEquipmentMappingMatrix
>2 PatientSupportPositionParameterSequence
>>include CONTENT_ITEM
3  ImagingEquipmentToTreatmentDeliveryDeviceRelationshipSequence
>1 DevicePositionToEquipmentMappingMatrix
>2 DevicePositionParameterSequence
>>include CONTENT_ITEM
3  ReferencedRTPlanSequence
>include SOP_REFERENCE
"""

#: Device identification and accessory holder (enhanced radiotherapy devices).
_RT_DEVICE = """
1  DeviceLabel
1  DeviceTypeCodeSequence
>include CODE
2  Manufacturer ManufacturerModelName ManufacturerModelVersion DeviceSerialNumber SoftwareVersions
2  ManufacturerDeviceIdentifier DeviceAlternateIdentifier
1C DeviceAlternateIdentifierType | Device Alternate Identifier has a value
1C DeviceAlternateIdentifierFormat | Device Alternate Identifier has a value
3  UDISequence
>1 UniqueDeviceIdentifier
>3 DeviceDescription
3  DateOfManufacture DateOfInstallation LongDeviceDescription
2C ReferencedRTAccessoryHolderDeviceIndex | the device is mounted on an accessory holder
2C RTAccessoryHolderSlotID | the device is mounted in a slot of its holder
2C RTAccessorySlotDistance | RT Accessory Holder Slot ID has a value
2C RTAccessoryDeviceSlotID | the device has a slot for another one
"""

#: Outline Definition Macro (enhanced radiotherapy devices).
_OUTLINE = """
1  OutlineShapeType
1C OutlineLeftVerticalEdge | Outline Shape Type is RECTANGULAR
1C OutlineRightVerticalEdge | Outline Shape Type is RECTANGULAR
1C OutlineUpperHorizontalEdge | Outline Shape Type is RECTANGULAR
1C OutlineLowerHorizontalEdge | Outline Shape Type is RECTANGULAR
1C CenterOfCircularOutline | Outline Shape Type is CIRCULAR
1C DiameterOfCircularOutline | Outline Shape Type is CIRCULAR
1C NumberOfPolygonalVertices | Outline Shape Type is POLYGONAL
1C VerticesOfThePolygonalOutline | Outline Shape Type is POLYGONAL
"""

#: Dose limits and prescriptions of a dose reference.
_DOSE_LIMITS = """
3  ConstraintWeight DeliveryWarningDose DeliveryMaximumDose
3  TargetMinimumDose TargetPrescriptionDose TargetMaximumDose TargetUnderdoseVolumeFraction
3  OrganAtRiskFullVolumeDose OrganAtRiskLimitDose OrganAtRiskMaximumDose
3  OrganAtRiskOverdoseVolumeFraction
"""


def _in_order(**texts: str) -> Mapping[str, tuple[Attribute, ...]]:
    """Rows of each macro; a macro may include those before it."""
    made: dict[str, tuple[Attribute, ...]] = {}
    for name, text in texts.items():
        made[name] = parse_rows(text, made)
    return made


MACROS = _in_order(
    BASIC_CODE=_BASIC_CODE,
    CODE=_CODE,
    SOP_REFERENCE=_SOP_REFERENCE,
    IMAGE_REFERENCE=_IMAGE_REFERENCE,
    HL7_DESIGNATOR=_HL7_DESIGNATOR,
    PERSON=_PERSON,
    CONTENT_ITEM=_CONTENT_ITEM,
    ALGORITHM=_ALGORITHM,
    PERSON_OR_DEVICE=_PERSON_OR_DEVICE,
    REQUEST=_REQUEST,
    ANATOMY=_ANATOMY,
    TREATMENT_IMAGE=_TREATMENT_IMAGE,
    RT_DEVICE=_RT_DEVICE,
    OUTLINE=_OUTLINE,
    DOSE_LIMITS=_DOSE_LIMITS,
)


def rows(text: str) -> tuple[Attribute, ...]:
    """Rows of a module table that may include the macros."""
    return parse_rows(text, MACROS)
