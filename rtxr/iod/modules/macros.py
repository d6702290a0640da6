"""Macros of PS3.3: rows that many module tables include (edition 2026b).

Table numbers stand beside each; those of radiotherapy are in :mod:`rtxr.iod.modules.macros_rt`. The
tests compare every row with a machine-readable copy of the Standard.
"""

from __future__ import annotations

from collections.abc import Mapping

from rtxr.iod.modules import macros_rt
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

#: A content item and what modifies it, as protocols, contexts and procedures list them.
_CONTENT_WITH_MODIFIERS = """
include CONTENT_ITEM
3  ContentItemModifierSequence
>include CONTENT_ITEM
"""

#: Code of a protocol and its context (Tables 10-9 and 10-16).
_PROTOCOL_CODE = """
include CODE
3  ProtocolContextSequence
>include CONTENT_WITH_MODIFIERS
"""

#: Issuer of Patient ID Macro, Table 10-18.
_PATIENT_ID_ISSUER = """
3  IssuerOfPatientID
3  IssuerOfPatientIDQualifiersSequence
>3 UniversalEntityID
>1C UniversalEntityIDType | Universal Entity ID is there
>3 IdentifierTypeCode
>3 AssigningFacilitySequence
>>include HL7_DESIGNATOR
>3 AssigningJurisdictionCodeSequence
>>include CODE
>3 AssigningAgencyOrDepartmentCodeSequence
>>include CODE
"""

#: UDI Macro, Table 10.29-1.
_UDI = """
1  UniqueDeviceIdentifier
3  DeviceDescription
"""

#: Referenced Instances and Access Macro, Table 10-3b.
_INSTANCES_AND_ACCESS = """
1  TypeOfInstances
1C StudyInstanceUID | Type of Instances is DICOM
1C SeriesInstanceUID | Type of Instances is DICOM
1  ReferencedSOPSequence
>include IMAGE_REFERENCE
>1C HL7InstanceIdentifier | Type of Instances is CDA
1C DICOMRetrievalSequence | no other way of retrieval is there
>1 RetrieveAETitle
1C DICOMMediaRetrievalSequence | no other way of retrieval is there
>2 StorageMediaFileSetID
>1 StorageMediaFileSetUID
1C WADORetrievalSequence | no other way of retrieval is there
>1 RetrieveURI
1C XDSRetrievalSequence | no other way of retrieval is there
>1 RepositoryUniqueID
>3 HomeCommunityID
1C WADORSRetrievalSequence | no other way of retrieval is there
>1 RetrieveURL
"""

#: Digital Signatures Macro, Table C.12-6.
_DIGITAL_SIGNATURES = """
3  MACParametersSequence
>1 MACIDNumber MACCalculationTransferSyntaxUID MACAlgorithm DataElementsSigned
3  DigitalSignaturesSequence
>1 MACIDNumber DigitalSignatureUID DigitalSignatureDateTime CertificateType CertificateOfSigner
>1 Signature
>1C CertifiedTimestampType | Certified Timestamp is there
>3 CertifiedTimestamp
>3 DigitalSignaturePurposeCodeSequence
>>include CODE
"""

#: Image Pixel Description Macro, Table C.7-11c: all but the pixels.
_PIXEL_DESCRIPTION = """
1  SamplesPerPixel PhotometricInterpretation Rows Columns
1  BitsAllocated BitsStored HighBit PixelRepresentation
1C PlanarConfiguration | Samples per Pixel is greater than 1
1C PixelAspectRatio | pixels are not square and no spacing says so
3  SmallestImagePixelValue LargestImagePixelValue
1C RedPaletteColorLookupTableDescriptor | Photometric Interpretation is PALETTE COLOR
1C GreenPaletteColorLookupTableDescriptor | Photometric Interpretation is PALETTE COLOR
1C BluePaletteColorLookupTableDescriptor | Photometric Interpretation is PALETTE COLOR
1C RedPaletteColorLookupTableData | Photometric Interpretation is PALETTE COLOR
1C GreenPaletteColorLookupTableData | Photometric Interpretation is PALETTE COLOR
1C BluePaletteColorLookupTableData | Photometric Interpretation is PALETTE COLOR
3  ICCProfile ColorSpace
"""

#: Image Pixel Macro, Table C.7-11b: as icons include it.
_IMAGE_PIXEL = """
include PIXEL_DESCRIPTION
1  PixelData
"""

#: Items of a LUT (C.11.1, C.11.2).
_LUT = """
1  LUTDescriptor LUTData
3  LUTExplanation
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
>include PROTOCOL_CODE
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
    CONTENT_WITH_MODIFIERS=_CONTENT_WITH_MODIFIERS,
    PROTOCOL_CODE=_PROTOCOL_CODE,
    PATIENT_ID_ISSUER=_PATIENT_ID_ISSUER,
    UDI=_UDI,
    INSTANCES_AND_ACCESS=_INSTANCES_AND_ACCESS,
    DIGITAL_SIGNATURES=_DIGITAL_SIGNATURES,
    PIXEL_DESCRIPTION=_PIXEL_DESCRIPTION,
    IMAGE_PIXEL=_IMAGE_PIXEL,
    LUT=_LUT,
    ALGORITHM=_ALGORITHM,
    PERSON_OR_DEVICE=_PERSON_OR_DEVICE,
    REQUEST=_REQUEST,
    ANATOMY=_ANATOMY,
    **macros_rt.TEXTS,
)


def rows(text: str) -> tuple[Attribute, ...]:
    """Rows of a module table that may include the macros."""
    return parse_rows(text, MACROS)


#: Name > title and table of those that stand for themselves in a statement.
TITLES: Mapping[str, str] = {
    "CODE": "Code Sequence Macro, Table 8.8-1",
    "IMAGE_REFERENCE": "Image SOP Instance Reference Macro, Table 10-3",
    "HL7_DESIGNATOR": "HL7v2 Hierarchic Designator Macro, Table 10-17",
    "PERSON": "Person Identification Macro, Table 10-1",
    "CONTENT_ITEM": "Content Item Macro, Table 10-2",
    "PATIENT_ID_ISSUER": "Issuer of Patient ID Macro, Table 10-18",
    "INSTANCES_AND_ACCESS": "Referenced Instances and Access Macro, Table 10-3b",
    "DIGITAL_SIGNATURES": "Digital Signatures Macro, Table C.12-6",
    "IMAGE_PIXEL": "Image Pixel Macro, Table C.7-11b",
    "ALGORITHM": "Algorithm Identification Macro, Table 10-19",
    "PERSON_OR_DEVICE": "Identified Person or Device Macro, Table C.17-3b",
    "REQUEST": "Request Attributes Macro, Table 10-9",
    "ANATOMY": "General Anatomy Optional Macro, Table 10-7",
    "RT_DEVICE": "device identification and accessory holder",
    "OUTLINE": "outline of an opening",
    "ENHANCED_DEVICE": "definition of an enhanced beam limiting device",
    "ENHANCED_OPENING": "opening of an enhanced beam limiting device",
    "SCAN_POSITION": "positions of source and receptor",
    "TREATMENT_PREPARATION": "preparation of the patient for treatment",
}


def macros_among(given: tuple[Attribute, ...]) -> dict[int, tuple[str, int]]:
    """Where rows of a table are those of a macro with a title: place > name and number of rows.

    Rows keep the identity that they have in the macro, so that nothing that only looks like one is
    taken for it.
    """
    found: dict[int, tuple[str, int]] = {}
    taken: set[int] = set()
    for name in sorted(TITLES, key=lambda each: -len(MACROS[each])):
        macro = MACROS[name]
        for at in range(len(given) - len(macro) + 1):
            places = range(at, at + len(macro))
            same = all(given[place] is row for place, row in zip(places, macro, strict=True))
            if same and taken.isdisjoint(places):
                found[at] = (name, len(macro))
                taken.update(places)
    return found
