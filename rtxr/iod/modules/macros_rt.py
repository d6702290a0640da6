"""Macros of radiotherapy modules, and of images made for treatment (PS3.3, edition 2026b).

Text only: :mod:`rtxr.iod.modules.macros` reads it, after those that these macros include.
"""

from __future__ import annotations

from collections.abc import Mapping

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
>include UDI
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

#: Definition of an enhanced beam limiting device (C.8.8.14, C.8.8.25, C.8.8.2).
_ENHANCED_DEVICE = """
include RT_DEVICE
1  DeviceIndex
1C ReferencedDefinedDeviceIndex | the device is defined in another object
2  RTBeamLimitingDeviceProximalDistance RTBeamLimitingDeviceDistalDistance
1  BeamModifierOrientationAngle
1C ParallelRTBeamDelimiterDeviceSequence | the delimiters of the device move in parallel
>1 ParallelRTBeamDelimiterDeviceOrientationLabelCodeSequence
>>include CODE
>1 ParallelRTBeamDelimiterOpeningMode NumberOfParallelRTBeamDelimiters
>1 ParallelRTBeamDelimiterBoundaries
>1C ParallelRTBeamDelimiterLeafMountingSide | leaves are mounted on one side only
>1C ParallelRTBeamDelimiterOpeningExtents | the opening is limited by the device
1C FixedRTBeamDelimiterDeviceSequence | the delimiters of the device are fixed
>include OUTLINE
"""

#: Opening of an enhanced beam limiting device.
_ENHANCED_OPENING = """
1  ReferencedDeviceIndex
1C ParallelRTBeamDelimiterPositions | the device has parallel delimiters
1C RTBeamLimitingDeviceOffset | the device is moved from its centre
1C RTBeamDelimiterGeometrySequence | the device has another outline than its definition
>include OUTLINE
"""

#: Where the machine is that treats, with its owner.
_TREATMENT_MACHINE = """
2  TreatmentMachineName
3  Manufacturer InstitutionName InstitutionAddress InstitutionalDepartmentName
3  InstitutionalDepartmentTypeCodeSequence
>include CODE
3  ManufacturerModelName DeviceSerialNumber DateOfManufacture DateOfInstallation
"""

#: Positions of a device of the scanner, at the begin or the end of a scan (C.8.2.1).
_SCAN_POSITION = """
1  ImagingSourcePositionSequence
>1 DevicePositionParameterSequence
>>include CONTENT_ITEM
>1C ReferencedDefinedDeviceIndex | the device is defined in another object
1  ImageReceptorPositionSequence
>1 DevicePositionParameterSequence
>>include CONTENT_ITEM
>1C ReferencedDefinedDeviceIndex | the device is defined in another object
"""

#: How a patient is prepared for treatment (C.8.8.12, and image modules).
_TREATMENT_PREPARATION = """
1  PatientTreatmentPreparationMethodCodeSequence
>include CODE
3  PatientTreatmentPreparationMethodDescription
3  ReferencedPatientSetupPhotoSequence
>include SOP_REFERENCE
>2 PatientSetupPhotoDescription
>1C ReferencedPatientSetupProcedureIndex | the photo shows one of the procedures
2  PatientTreatmentPreparationProcedureSequence
>1 PatientTreatmentPreparationProcedureIndex
>1 PatientTreatmentPreparationProcedureCodeSequence
>>include CODE
>2 PatientTreatmentPreparationProcedureParameterDescription
>2 PatientTreatmentPreparationProcedureParameterSequence
>>include CONTENT_WITH_MODIFIERS
>3 PatientTreatmentPreparationDeviceSequence
>>include RT_DEVICE
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
>include TREATMENT_PREPARATION
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
>3 ReferencedBeamSequence
>>1 ReferencedBeamNumber
"""

#: Dose limits and prescriptions of a dose reference.
_DOSE_LIMITS = """
3  ConstraintWeight DeliveryWarningDose DeliveryMaximumDose
3  TargetMinimumDose TargetPrescriptionDose TargetMaximumDose TargetUnderdoseVolumeFraction
3  OrganAtRiskFullVolumeDose OrganAtRiskLimitDose OrganAtRiskMaximumDose
3  OrganAtRiskOverdoseVolumeFraction
"""

#: By name, each after those it includes.
TEXTS: Mapping[str, str] = {
    "RT_DEVICE": _RT_DEVICE,
    "OUTLINE": _OUTLINE,
    "ENHANCED_DEVICE": _ENHANCED_DEVICE,
    "ENHANCED_OPENING": _ENHANCED_OPENING,
    "TREATMENT_MACHINE": _TREATMENT_MACHINE,
    "SCAN_POSITION": _SCAN_POSITION,
    "TREATMENT_PREPARATION": _TREATMENT_PREPARATION,
    "TREATMENT_IMAGE": _TREATMENT_IMAGE,
    "DOSE_LIMITS": _DOSE_LIMITS,
}
