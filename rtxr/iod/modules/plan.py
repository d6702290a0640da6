"""Modules of plans: general, prescription, setup, fractions, and brachytherapy.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased. Beams have their own file, :mod:`rtxr.iod.modules.beams`.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

RT_GENERAL_PLAN = Module(
    "RT General Plan",
    "C.8.8.9",
    rows("""
1  RTPlanLabel
3  RTPlanName RTPlanDescription InstanceNumber
2  RTPlanDate RTPlanTime
3  TreatmentProtocols PlanIntent TreatmentSite
3  TreatmentSiteCodeSequence
>include CODE
>3 TreatmentSiteModifierCodeSequence
>>include CODE
1  RTPlanGeometry
1C ReferencedStructureSetSequence | RT Plan Geometry is PATIENT
>include SOP_REFERENCE
3  ReferencedDoseSequence
>include SOP_REFERENCE
3  ReferencedRTPlanSequence
>include SOP_REFERENCE
>1 RTPlanRelationship
3  FrameOfReferenceToDisplayedCoordinateSystemTransformationMatrix
"""),
)

RT_PRESCRIPTION = Module(
    "RT Prescription",
    "C.8.8.10",
    rows("""
3  PrescriptionDescription
3  DoseReferenceSequence
>1 DoseReferenceNumber
>3 DoseReferenceUID
>1 DoseReferenceStructureType
>3 DoseReferenceDescription
>1C ReferencedROINumber | Dose Reference Structure Type is POINT or VOLUME
>1C DoseReferencePointCoordinates | Dose Reference Structure Type is COORDINATES
>3 NominalPriorDose
>1 DoseReferenceType
>include DOSE_LIMITS
>3 DoseValuePurpose DoseValueInterpretation
"""),
)

RT_TOLERANCE_TABLES = Module(
    "RT Tolerance Tables",
    "C.8.8.11",
    rows("""
3  ToleranceTableSequence
>1 ToleranceTableNumber
>3 ToleranceTableLabel GantryAngleTolerance GantryPitchAngleTolerance
>3 BeamLimitingDeviceAngleTolerance
>3 BeamLimitingDeviceToleranceSequence
>>1 RTBeamLimitingDeviceType BeamLimitingDevicePositionTolerance
>3 PatientSupportAngleTolerance TableTopEccentricAngleTolerance TableTopPitchAngleTolerance
>3 TableTopRollAngleTolerance TableTopVerticalPositionTolerance
>3 TableTopLongitudinalPositionTolerance TableTopLateralPositionTolerance
"""),
)

RT_PATIENT_SETUP = Module(
    "RT Patient Setup",
    "C.8.8.12",
    rows("""
1  PatientSetupSequence
>1 PatientSetupNumber
>3 PatientSetupLabel
>1C PatientPosition | Patient Additional Position is not there
>1C PatientAdditionalPosition | Patient Position is not there
>3 ReferencedSetupImageSequence
>>include IMAGE_REFERENCE
>>3 SetupImageComment
>3 FixationDeviceSequence
>>1 FixationDeviceType
>>2 FixationDeviceLabel
>>3 FixationDeviceDescription FixationDevicePosition FixationDevicePitchAngle
>>3 FixationDeviceRollAngle AccessoryCode
>3 ShieldingDeviceSequence
>>1 ShieldingDeviceType
>>2 ShieldingDeviceLabel
>>3 ShieldingDeviceDescription ShieldingDevicePosition AccessoryCode
>3 SetupTechnique SetupTechniqueDescription
>3 SetupDeviceSequence
>>1 SetupDeviceType
>>2 SetupDeviceLabel SetupDeviceParameter
>>3 SetupDeviceDescription SetupReferenceDescription AccessoryCode
>3 TableTopVerticalSetupDisplacement TableTopLongitudinalSetupDisplacement
>3 TableTopLateralSetupDisplacement
>3 MotionSynchronizationSequence
>>1 RespiratoryMotionCompensationTechnique RespiratorySignalSource
>>3 RespiratoryMotionCompensationTechniqueDescription RespiratorySignalSourceID
>3 PatientTreatmentPreparationSequence
>>include TREATMENT_PREPARATION
"""),
)

RT_FRACTION_SCHEME = Module(
    "RT Fraction Scheme",
    "C.8.8.13",
    rows("""
1  FractionGroupSequence
>1 FractionGroupNumber
>3 FractionGroupDescription
>3 DefinitionSourceSequence
>>include SOP_REFERENCE
>3 ReferencedDoseSequence
>>include SOP_REFERENCE
>3 ReferencedDoseReferenceSequence
>>1 ReferencedDoseReferenceNumber
>>include DOSE_LIMITS
>2 NumberOfFractionsPlanned
>3 NumberOfFractionPatternDigitsPerDay RepeatFractionCycleLength FractionPattern
>1 NumberOfBeams
>3 BeamDoseMeaning
>1C ReferencedBeamSequence | Number of Beams is greater than zero
>>1 ReferencedBeamNumber
>>3 ReferencedDoseReferenceUID BeamDose BeamMeterset BeamDeliveryDurationLimit
>>1C BeamDoseType | Alternate Beam Dose is there
>>3 AlternateBeamDose
>>1C AlternateBeamDoseType | Alternate Beam Dose is there
>>3 DoseCalibrationConditionsVerifiedFlag
>>1C DoseCalibrationConditionsSequence | the flag is YES and no commissioning key is there
>>>1 AbsorbedDoseToMetersetRatio DelineatedRadiationFieldSize CalibrationReferencePointDepth
>>>1 SourceToSurfaceDistance
>>>2 CalibrationDateTime
>>>3 DoseValue
>>1C RadiationDeviceConfigurationAndCommissioningKeySequence | verified by a key alone
>>>include CONTENT_ITEM
>1 NumberOfBrachyApplicationSetups
>1C ReferencedBrachyApplicationSetupSequence | there are brachytherapy application setups
>>1 ReferencedBrachyApplicationSetupNumber
>>3 ReferencedDoseReferenceUID BrachyApplicationSetupDoseSpecificationPoint
>>3 BrachyApplicationSetupDose
"""),
)

RT_BRACHY_APPLICATION_SETUPS = Module(
    "RT Brachy Application Setups",
    "C.8.8.15",
    rows("""
1  BrachyTreatmentTechnique BrachyTreatmentType
1  TreatmentMachineSequence
>include TREATMENT_MACHINE
1  SourceSequence
>1 SourceNumber SourceType
>3 SourceSerialNumber SourceModelID SourceDescription SourceManufacturer
>3 ActiveSourceDiameter ActiveSourceLength MaterialID
>3 SourceEncapsulationNominalThickness SourceEncapsulationNominalTransmission
>1 SourceIsotopeName SourceIsotopeHalfLife
>1C SourceStrengthUnits | the source does not emit gamma rays
>1 ReferenceAirKermaRate
>1C SourceStrength | the source does not emit gamma rays
>1 SourceStrengthReferenceDate SourceStrengthReferenceTime
1  ApplicationSetupSequence
>1 ApplicationSetupType ApplicationSetupNumber
>3 ApplicationSetupName ApplicationSetupManufacturer TemplateNumber TemplateType TemplateName
>3 ReferencedReferenceImageSequence
>>include SOP_REFERENCE
>1 TotalReferenceAirKerma
>3 BrachyAccessoryDeviceSequence
>>2 BrachyAccessoryDeviceNumber BrachyAccessoryDeviceID
>>1 BrachyAccessoryDeviceType
>>3 BrachyAccessoryDeviceName MaterialID BrachyAccessoryDeviceNominalThickness
>>3 BrachyAccessoryDeviceNominalTransmission
>>2 ReferencedROINumber
>1 ChannelSequence
>>1 ChannelNumber
>>2 ChannelLength
>>3 ChannelEffectiveLength AfterloaderChannelID
>>2C ChannelInnerLength | Channel Effective Length is there
>>1 ChannelTotalTime SourceMovementType
>>1C NumberOfPulses | Brachy Treatment Type is PDR
>>1C PulseRepetitionInterval | Brachy Treatment Type is PDR
>>3 SourceApplicatorNumber
>>2C SourceApplicatorID | Source Applicator Number is there
>>1C SourceApplicatorType | Source Applicator Number is there
>>3 SourceApplicatorName
>>1C SourceApplicatorLength | Source Applicator Number is there
>>2C SourceApplicatorTipLength | Channel Effective Length is there
>>3 SourceApplicatorManufacturer MaterialID SourceApplicatorWallNominalThickness
>>3 SourceApplicatorWallNominalTransmission ApplicatorShapeReferencedROINumber
>>1C SourceApplicatorStepSize | Source Movement Type is STEPWISE
>>2C ReferencedROINumber | Source Applicator Number is there
>>2 TransferTubeNumber
>>2C TransferTubeLength | Transfer Tube Number has a value
>>3 ChannelShieldSequence
>>>1 ChannelShieldNumber
>>>2 ChannelShieldID
>>>3 ChannelShieldName MaterialID ChannelShieldNominalThickness
>>>3 ChannelShieldNominalTransmission
>>>2 ReferencedROINumber
>>1 ReferencedSourceNumber NumberOfControlPoints
>>1C FinalCumulativeTimeWeight | the control points have a Cumulative Time Weight
>>1 BrachyControlPointSequence
>>>1 ControlPointIndex
>>>2 CumulativeTimeWeight
>>>1 ControlPointRelativePosition
>>>3 ControlPoint3DPosition ControlPointOrientation
>>>3 BrachyReferencedDoseReferenceSequence
>>>>1 ReferencedDoseReferenceNumber CumulativeDoseReferenceCoefficient
"""),
)
