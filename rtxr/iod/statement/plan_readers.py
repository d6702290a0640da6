"""What reading a plan asks for: the elements that the files of its readers name."""

from __future__ import annotations

from rtxr.iod.statement.reader import reader

RT_PLAN = reader(
    "beams and control points",
    "rt_plan.py plans/plan_records.py plans/control_point_bytes.py plans/control_points.py "
    "plans/metersets.py plans/collimators.py plans/leaf_positions.py",
    """
    ApplicationSetupSequence BeamDescription BeamDose BeamLimitingDeviceAngle
    BeamLimitingDevicePositionSequence BeamLimitingDeviceRotationDirection
    BeamLimitingDeviceSequence BeamMeterset BeamName BeamNumber BeamSequence BeamType
    ControlPointIndex ControlPointSequence CumulativeMetersetWeight DoseRateSet
    FinalCumulativeMetersetWeight FractionGroupSequence GantryAngle GantryPitchAngle
    GantryPitchRotationDirection GantryRotationDirection IonBeamLimitingDeviceSequence
    IonBeamSequence IonControlPointSequence IsocenterPosition
    IsocenterToBeamLimitingDeviceDistance LeafJawPositions LeafPositionBoundaries MetersetRate
    NominalBeamEnergy NumberOfControlPoints NumberOfLeafJawPairs PatientSupportAngle
    PatientSupportRotationDirection PrimaryDosimeterUnit RTBeamLimitingDeviceType RadiationType
    ReferencedBeamNumber ReferencedBeamSequence ReferencedReferenceImageSequence
    ReferencedSOPInstanceUID SOPInstanceUID SnoutPosition SourceAxisDistance
    SourceToBeamLimitingDeviceDistance SourceToSurfaceDistance TableTopEccentricAngle
    TableTopEccentricRotationDirection TableTopLateralPosition TableTopLongitudinalPosition
    TableTopPitchAngle TableTopPitchRotationDirection TableTopRollAngle
    TableTopRollRotationDirection TableTopVerticalPosition TreatmentDeliveryType
    TreatmentMachineName VirtualSourceAxisDistances
    """,
)
ACCESSORIES = reader(
    "accessories of beams",
    "plans/accessories.py plans/accessory_kinds.py plans/device_tables.py plans/plan_records.py "
    "plans/control_point_bytes.py",
    """
    AccessoryCode ApplicationSetupSequence ApplicatorApertureShape ApplicatorDescription
    ApplicatorGeometrySequence ApplicatorID ApplicatorOpening ApplicatorOpeningX
    ApplicatorOpeningY ApplicatorSequence ApplicatorType BeamDose BeamMeterset BeamName
    BeamNumber BeamSequence BlockData BlockDivergence BlockMountingPosition BlockName
    BlockNumber BlockNumberOfPoints BlockSequence BlockThickness BlockTransmission BlockTrayID
    BlockType BolusDescription BolusID CompensatorColumnOffset CompensatorColumns
    CompensatorDescription CompensatorDivergence CompensatorID CompensatorMillingToolDiameter
    CompensatorMountingPosition CompensatorNumber CompensatorPixelSpacing CompensatorPosition
    CompensatorRelativeStoppingPowerRatio CompensatorRows CompensatorSequence
    CompensatorThicknessData CompensatorTransmissionData CompensatorTrayID CompensatorType
    ControlPointIndex ControlPointSequence EffectiveWedgeAngle FractionGroupSequence
    GeneralAccessoryDescription GeneralAccessoryID GeneralAccessoryNumber
    GeneralAccessorySequence GeneralAccessoryType IonBeamSequence IonBlockSequence
    IonControlPointSequence IonRangeCompensatorSequence IonWedgePositionSequence
    IonWedgeSequence IsocenterToBlockTrayDistance IsocenterToCompensatorTrayDistance
    IsocenterToGeneralAccessoryDistance IsocenterToWedgeTrayDistance MaterialID NumberOfBlocks
    NumberOfBoli NumberOfCompensators NumberOfControlPoints NumberOfWedges ReferencedBeamNumber
    ReferencedBeamSequence ReferencedBolusSequence ReferencedROINumber ReferencedWedgeNumber
    SourceToApplicatorMountingPositionDistance SourceToBlockTrayDistance
    SourceToCompensatorTrayDistance SourceToGeneralAccessoryDistance SourceToWedgeTrayDistance
    TrayAccessoryCode WedgeAngle WedgeFactor WedgeID WedgeNumber WedgeOrientation WedgePosition
    WedgePositionSequence WedgeSequence WedgeThinEdgePosition WedgeType
    """,
)
IONS = reader(
    "devices and spots of ion beams",
    "plans/ion_devices.py plans/spots.py plans/device_tables.py plans/plan_records.py "
    "plans/control_point_bytes.py",
    """
    AccessoryCode ApplicationSetupSequence BeamCurrentModulationID BeamDose BeamMeterset
    BeamName BeamNumber BeamSequence ControlPointIndex ControlPointSequence
    FinalCumulativeMetersetWeight FractionGroupSequence IonBeamSequence IonControlPointSequence
    IsocenterToLateralSpreadingDeviceDistance IsocenterToRangeModulatorDistance
    IsocenterToRangeShifterDistance LateralSpreadingDeviceDescription LateralSpreadingDeviceID
    LateralSpreadingDeviceNumber LateralSpreadingDeviceSequence LateralSpreadingDeviceSetting
    LateralSpreadingDeviceSettingsSequence LateralSpreadingDeviceType
    LateralSpreadingDeviceWaterEquivalentThickness MaterialID NominalBeamEnergy
    NumberOfControlPoints NumberOfLateralSpreadingDevices NumberOfPaintings
    NumberOfRangeModulators NumberOfRangeShifters RangeModulatorDescription
    RangeModulatorGatingStartValue RangeModulatorGatingStartWaterEquivalentThickness
    RangeModulatorGatingStopValue RangeModulatorGatingStopWaterEquivalentThickness
    RangeModulatorID RangeModulatorNumber RangeModulatorSequence RangeModulatorSettingsSequence
    RangeModulatorType RangeShifterDescription RangeShifterID RangeShifterNumber
    RangeShifterSequence RangeShifterSetting RangeShifterSettingsSequence RangeShifterType
    RangeShifterWaterEquivalentThickness ReferencedBeamNumber ReferencedBeamSequence
    ReferencedLateralSpreadingDeviceNumber ReferencedRangeModulatorNumber
    ReferencedRangeShifterNumber ScanSpotMetersetWeights ScanSpotPositionMap ScanSpotTuneID
    ScanningSpotSize SnoutID SnoutSequence
    """,
)
SETUPS = reader(
    "patient setups and tolerances",
    "plans/patient_setups.py plans/plan_records.py plans/control_point_bytes.py",
    """
    AccessoryCode ApplicationSetupSequence BeamDose BeamLimitingDeviceAngleTolerance
    BeamLimitingDevicePositionTolerance BeamLimitingDeviceToleranceSequence BeamMeterset
    BeamName BeamNumber BeamSequence ChairHeadFramePositionTolerance ControlPointIndex
    ControlPointSequence FixationDeviceDescription FixationDeviceLabel FixationDevicePosition
    FixationDeviceSequence FixationDeviceType FixationLightAzimuthalAngleTolerance
    FixationLightPolarAngleTolerance FractionGroupSequence GantryAngleTolerance
    GantryPitchAngleTolerance HeadFixationAngleTolerance IonBeamSequence IonControlPointSequence
    IonToleranceTableSequence NumberOfControlPoints PatientAdditionalPosition PatientPosition
    PatientSetupLabel PatientSetupNumber PatientSetupSequence PatientSupportAngleTolerance
    RTBeamLimitingDeviceType ReferencedBeamNumber ReferencedBeamSequence
    ReferencedPatientSetupNumber ReferencedToleranceTableNumber SetupDeviceDescription
    SetupDeviceLabel SetupDeviceParameter SetupDeviceSequence SetupDeviceType SetupTechnique
    SetupTechniqueDescription ShieldingDeviceDescription ShieldingDeviceLabel
    ShieldingDevicePosition ShieldingDeviceSequence ShieldingDeviceType SnoutPositionTolerance
    TableTopEccentricAngleTolerance TableTopLateralPositionTolerance
    TableTopLateralSetupDisplacement TableTopLongitudinalPositionTolerance
    TableTopLongitudinalSetupDisplacement TableTopPitchAngleTolerance TableTopRollAngleTolerance
    TableTopVerticalPositionTolerance TableTopVerticalSetupDisplacement ToleranceTableLabel
    ToleranceTableNumber ToleranceTableSequence
    """,
)
BRACHYTHERAPY = reader(
    "brachytherapy",
    "plans/brachytherapy.py plans/source_positions.py plans/plan_records.py "
    "plans/control_point_bytes.py",
    """
    ActiveSourceDiameter ActiveSourceLength AfterloaderChannelID ApplicationSetupManufacturer
    ApplicationSetupName ApplicationSetupNumber ApplicationSetupSequence ApplicationSetupType
    BeamDose BeamMeterset BeamName BeamNumber BeamSequence BrachyApplicationSetupDose
    BrachyControlPointSequence BrachyTreatmentTechnique BrachyTreatmentType
    ChannelEffectiveLength ChannelInnerLength ChannelLength ChannelNumber ChannelSequence
    ChannelTotalTime ControlPoint3DPosition ControlPointIndex ControlPointOrientation
    ControlPointRelativePosition ControlPointSequence CumulativeTimeWeight
    FinalCumulativeTimeWeight FractionGroupSequence IonBeamSequence IonControlPointSequence
    MaterialID NumberOfControlPoints NumberOfPulses PulseRepetitionInterval
    ReferenceAirKermaRate ReferencedBeamNumber ReferencedBeamSequence
    ReferencedBrachyApplicationSetupNumber ReferencedBrachyApplicationSetupSequence
    ReferencedROINumber ReferencedSourceNumber SourceApplicatorID SourceApplicatorLength
    SourceApplicatorManufacturer SourceApplicatorName SourceApplicatorNumber
    SourceApplicatorStepSize SourceApplicatorTipLength SourceApplicatorType
    SourceApplicatorWallNominalThickness SourceApplicatorWallNominalTransmission
    SourceDescription SourceEncapsulationNominalThickness SourceEncapsulationNominalTransmission
    SourceIsotopeHalfLife SourceIsotopeName SourceManufacturer SourceModelID SourceMovementType
    SourceNumber SourceSequence SourceSerialNumber SourceStrength SourceStrengthReferenceDate
    SourceStrengthReferenceTime SourceStrengthUnits SourceType TemplateName TemplateNumber
    TemplateType TotalReferenceAirKerma TransferTubeLength TransferTubeNumber
    """,
)
PRESCRIPTION = reader(
    "prescriptions",
    "plans/prescriptions.py",
    """
    BeamDose BeamMeterset BeamName BeamNumber BrachyApplicationSetupDose DeliveryMaximumDose
    DoseReferenceDescription DoseReferenceNumber DoseReferencePointCoordinates
    DoseReferenceSequence DoseReferenceStructureType DoseReferenceType FractionGroupNumber
    FractionGroupSequence NumberOfFractionsPlanned OrganAtRiskMaximumDose ReferencedBeamNumber
    ReferencedBeamSequence ReferencedBrachyApplicationSetupNumber
    ReferencedBrachyApplicationSetupSequence ReferencedROINumber TargetMaximumDose
    TargetMinimumDose TargetPrescriptionDose TreatmentDeliveryType
    """,
)
