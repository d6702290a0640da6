"""Modules of ion beams.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

RT_ION_TOLERANCE_TABLES = Module(
    "RT Ion Tolerance Tables",
    "C.8.8.24",
    rows("""
1  IonToleranceTableSequence
>1 ToleranceTableNumber
>3 ToleranceTableLabel GantryAngleTolerance BeamLimitingDeviceAngleTolerance
>3 BeamLimitingDeviceToleranceSequence
>>1 RTBeamLimitingDeviceType BeamLimitingDevicePositionTolerance
>3 SnoutPositionTolerance PatientSupportAngleTolerance TableTopPitchAngleTolerance
>3 TableTopRollAngleTolerance TableTopVerticalPositionTolerance
>3 TableTopLongitudinalPositionTolerance TableTopLateralPositionTolerance
>3 HeadFixationAngleTolerance ChairHeadFramePositionTolerance
>3 FixationLightAzimuthalAngleTolerance FixationLightPolarAngleTolerance
"""),
)

RT_ION_BEAMS = Module(
    "RT Ion Beams",
    "C.8.8.25",
    rows("""
1  IonBeamSequence
>1 BeamNumber BeamName
>3 BeamDescription EntityLongLabel
>1 BeamType RadiationType
>1C RadiationMassNumber | Radiation Type is ION
>1C RadiationAtomicNumber | Radiation Type is ION
>1C RadiationChargeState | Radiation Type is ION
>include TREATMENT_MACHINE
>1 PrimaryDosimeterUnit TreatmentDeliveryType
>3 ReferencedReferenceImageSequence
>>include SOP_REFERENCE
>>1 ReferenceImageNumber
>3 ReferencedPatientSetupNumber ReferencedToleranceTableNumber TableTopPositionAlignmentUID
>3 ReferencedDoseSequence
>>include SOP_REFERENCE
>1 ScanMode
>1C ModulatedScanModeType | the scan mode is MODULATED_SPEC
>1 VirtualSourceAxisDistances
>3 DepthDoseParametersSequence
>>1 ReferenceDoseDefinition DistalDepth DistalDepthFraction
>>1C NominalRangeModulatedRegionDepths | the depths of the modulated region are known
>>1C NominalRangeModulationFractions | the depths of the modulated region are known
>3 IonBeamLimitingDeviceSequence
>>1 RTBeamLimitingDeviceType
>>2 IsocenterToBeamLimitingDeviceDistance
>>1 NumberOfLeafJawPairs
>>1C LeafPositionBoundaries | the device is MLCX or MLCY
>3 EnhancedRTBeamLimitingDeviceDefinitionFlag
>1C EnhancedRTBeamLimitingDeviceSequence | the enhanced definition flag is YES
>>include ENHANCED_DEVICE
>3 SnoutSequence
>>1 SnoutID
>>3 AccessoryCode
>3 ApplicatorSequence
>>1 ApplicatorID ApplicatorType
>>3 AccessoryCode ApplicatorDescription
>3 GeneralAccessorySequence
>>1 GeneralAccessoryNumber GeneralAccessoryID
>>3 GeneralAccessoryDescription GeneralAccessoryType AccessoryCode
>>3 IsocenterToGeneralAccessoryDistance
>1 NumberOfWedges
>3 TotalWedgeTrayWaterEquivalentThickness
>1C IonWedgeSequence | Number of Wedges is not zero
>>1 WedgeNumber IsocenterToWedgeTrayDistance
>>2 WedgeType WedgeAngle WedgeOrientation
>>3 WedgeID AccessoryCode
>1 NumberOfCompensators
>3 TotalCompensatorTrayWaterEquivalentThickness
>1C IonRangeCompensatorSequence | Number of Compensators is not zero
>>2 MaterialID
>>1 CompensatorNumber CompensatorDivergence CompensatorMountingPosition
>>1C CompensatorRows | the shape of the compensator is given
>>1C CompensatorColumns | the shape of the compensator is given
>>1C CompensatorPixelSpacing | the shape of the compensator is given
>>1C CompensatorPosition | the shape of the compensator is given
>>1C CompensatorThicknessData | the shape of the compensator is given
>>1C CompensatorColumnOffset | the pixels are in a hexagonal pattern
>>1C IsocenterToCompensatorTrayDistance | the compensator is not mounted on both sides
>>1C IsocenterToCompensatorDistances | the compensator is mounted on both sides
>>3 CompensatorID AccessoryCode CompensatorDescription CompensatorRelativeStoppingPowerRatio
>>3 CompensatorMillingToolDiameter
>1 NumberOfBoli
>1C ReferencedBolusSequence | Number of Boli is not zero
>>1 ReferencedROINumber
>>3 AccessoryCode
>1 NumberOfBlocks
>3 TotalBlockTrayWaterEquivalentThickness
>1C IonBlockSequence | Number of Blocks is not zero
>>1 BlockNumber BlockType BlockDivergence BlockMountingPosition IsocenterToBlockTrayDistance
>>1 BlockThickness BlockNumberOfPoints BlockData
>>2 MaterialID
>>3 BlockName BlockTrayID AccessoryCode NumberOfBlockSlabItems
>>1C BlockSlabSequence | Number of Block Slab Items is greater than zero
>>>1 BlockSlabNumber
>>>3 BlockSlabThickness AccessoryCode
>1 NumberOfRangeShifters
>1C RangeShifterSequence | Number of Range Shifters is not zero
>>1 RangeShifterNumber RangeShifterID RangeShifterType
>>3 AccessoryCode MaterialID RangeShifterDescription
>1 NumberOfLateralSpreadingDevices
>1C LateralSpreadingDeviceSequence | Number of Lateral Spreading Devices is not zero
>>1 LateralSpreadingDeviceNumber LateralSpreadingDeviceID LateralSpreadingDeviceType
>>3 AccessoryCode LateralSpreadingDeviceDescription
>1 NumberOfRangeModulators
>1C RangeModulatorSequence | Number of Range Modulators is not zero
>>1 RangeModulatorNumber RangeModulatorID RangeModulatorType
>>3 AccessoryCode RangeModulatorDescription
>>1C BeamCurrentModulationID | Range Modulator Type is WHL_MODWEIGHTS
>1 PatientSupportType
>3 PatientSupportID PatientSupportAccessoryCode FixationLightAzimuthalAngle
>3 FixationLightPolarAngle FixationEye
>1C FinalCumulativeMetersetWeight | the control points have a Cumulative Meterset Weight
>1 NumberOfControlPoints
>1 IonControlPointSequence
>>1 ControlPointIndex
>>2 CumulativeMetersetWeight
>>3 ReferencedDoseReferenceSequence
>>>1 ReferencedDoseReferenceNumber
>>>2 CumulativeDoseReferenceCoefficient
>>1C NominalBeamEnergy | first control point, or a change
>>1C KVP | the energy is that of a kilovoltage beam: first control point, or a change
>>1C RadiationMassNumber | Radiation Type is ION: first control point, or a change
>>1C RadiationAtomicNumber | Radiation Type is ION: first control point, or a change
>>1C RadiationChargeState | Radiation Type is ION: first control point, or a change
>>3 MetersetRate
>>1C IonWedgePositionSequence | first control point of a beam with wedges, or a change
>>>1 ReferencedWedgeNumber WedgePosition
>>>1C WedgeThinEdgePosition | the wedge is partly in the beam
>>1C RangeShifterSettingsSequence | first control point with range shifters, or a change
>>>1 ReferencedRangeShifterNumber RangeShifterSetting
>>>3 IsocenterToRangeShifterDistance RangeShifterWaterEquivalentThickness
>>1C LateralSpreadingDeviceSettingsSequence | first control point with such devices, or a change
>>>1 ReferencedLateralSpreadingDeviceNumber LateralSpreadingDeviceSetting
>>>3 IsocenterToLateralSpreadingDeviceDistance LateralSpreadingDeviceWaterEquivalentThickness
>>1C RangeModulatorSettingsSequence | first control point with range modulators, or a change
>>>1 ReferencedRangeModulatorNumber
>>>1C RangeModulatorGatingStartValue | the modulator is one of weighted wheels
>>>1C RangeModulatorGatingStopValue | the modulator is one of weighted wheels
>>>3 RangeModulatorGatingStartWaterEquivalentThickness
>>>3 RangeModulatorGatingStopWaterEquivalentThickness IsocenterToRangeModulatorDistance
>>1C BeamLimitingDevicePositionSequence | first control point with such devices, or a change
>>>1 RTBeamLimitingDeviceType LeafJawPositions
>>1C EnhancedRTBeamLimitingOpeningSequence | the enhanced definition flag is YES
>>>include ENHANCED_OPENING
>>1C GantryAngle | first control point, or a change
>>1C GantryRotationDirection | first control point, or a change
>>2C GantryPitchAngle | the machine needs it: first control point, or a change
>>2C GantryPitchRotationDirection | the machine needs it: first control point, or a change
>>1C BeamLimitingDeviceAngle | first control point, or a change
>>1C BeamLimitingDeviceRotationDirection | first control point, or a change
>>1C ScanSpotTuneID | the beam is scanned: first control point, or a change
>>1C NumberOfScanSpotPositions | Scan Mode is MODULATED
>>3 ScanSpotReorderingAllowed
>>1C ScanSpotPositionMap | Scan Mode is MODULATED
>>1C ScanSpotMetersetWeights | Scan Mode is MODULATED
>>3 ScanningSpotSize
>>1C NumberOfPaintings | Scan Mode is MODULATED
>>1C PatientSupportAngle | first control point, or a change
>>1C PatientSupportRotationDirection | first control point, or a change
>>2C TableTopVerticalPosition | first control point, or a change
>>2C TableTopLongitudinalPosition | first control point, or a change
>>2C TableTopLateralPosition | first control point, or a change
>>2C TableTopPitchAngle | the machine needs it: first control point, or a change
>>2C TableTopPitchRotationDirection | the machine needs it: first control point, or a change
>>2C TableTopRollAngle | the machine needs it: first control point, or a change
>>2C TableTopRollRotationDirection | the machine needs it: first control point, or a change
>>3 HeadFixationAngle ChairHeadFramePosition
>>2C SnoutPosition | first control point with a snout, or a change
>>2C IsocenterPosition | first control point, or a change
>>3 SurfaceEntryPoint ExternalContourEntryPoint
"""),
)
