"""Module of external beams of photons and electrons.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased. Ions have their own file, :mod:`rtxr.iod.modules.ion`.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

RT_BEAMS = Module(
    "RT Beams",
    "C.8.8.14",
    rows("""
1  BeamSequence
>1 BeamNumber
>3 BeamName BeamDescription EntityLongLabel
>1 BeamType
>2 RadiationType
>3 RTTreatmentTechniqueCodeSequence
>>include CODE
>3 PrimaryFluenceModeSequence
>>1 FluenceMode
>>1C FluenceModeID | Fluence Mode is NON_STANDARD
>1C HighDoseTechniqueType | the technique overrides safety controls of the machine
>include TREATMENT_MACHINE
>3 PrimaryDosimeterUnit SourceAxisDistance
>3 EnhancedRTBeamLimitingDeviceDefinitionFlag
>1C BeamLimitingDeviceSequence | the enhanced definition flag is not YES
>>1 RTBeamLimitingDeviceType
>>3 SourceToBeamLimitingDeviceDistance
>>1 NumberOfLeafJawPairs
>>2C LeafPositionBoundaries | the device is MLCX or MLCY
>1C EnhancedRTBeamLimitingDeviceSequence | the enhanced definition flag is YES
>>include ENHANCED_DEVICE
>3 ReferencedPatientSetupNumber
>3 ReferencedReferenceImageSequence
>>include SOP_REFERENCE
>>1 ReferenceImageNumber
>>3 StartCumulativeMetersetWeight EndCumulativeMetersetWeight
>3 PlannedVerificationImageSequence
>>3 StartCumulativeMetersetWeight EndCumulativeMetersetWeight MetersetExposure RTImagePlane
>>3 XRayImageReceptorAngle RTImageOrientation RTImagePosition RTImageSID
>>3 ImagingDeviceSpecificAcquisitionParameters ReferencedReferenceImageNumber
>3 TreatmentDeliveryType
>3 DefinitionSourceSequence
>>include SOP_REFERENCE
>3 ReferencedDoseSequence
>>include SOP_REFERENCE
>3 ReferencedDoseReferenceSequence
>>1 ReferencedDoseReferenceNumber
>>1 BeamDoseVerificationControlPointSequence
>>>1 CumulativeMetersetWeight
>>>1C ReferencedControlPointIndex | the weight is that of a control point
>>>1C BeamDosePointDepth | no equivalent depth and no SSD is there
>>>1C BeamDosePointEquivalentDepth | no depth and no SSD is there
>>>1C BeamDosePointSSD | no depth is there
>>>3 BeamDosePointSourceToExternalContourDistance
>>1C DepthValueAveragingFlag | the depths are averages over the beam
>1 NumberOfWedges
>1C WedgeSequence | Number of Wedges is not zero
>>1 WedgeNumber
>>2 WedgeType WedgeAngle WedgeFactor WedgeOrientation
>>3 WedgeID AccessoryCode SourceToWedgeTrayDistance EffectiveWedgeAngle
>1 NumberOfCompensators
>3 TotalCompensatorTrayFactor
>1C CompensatorSequence | Number of Compensators is not zero
>>1C CompensatorNumber | Number of Compensators is not zero
>>2C MaterialID | Number of Compensators is not zero
>>2 SourceToCompensatorTrayDistance
>>1 CompensatorRows CompensatorColumns CompensatorPixelSpacing CompensatorPosition
>>1C CompensatorTransmissionData | Material ID is empty
>>1C CompensatorThicknessData | Material ID has a value
>>1C SourceToCompensatorDistance | the material has a value and is mounted on both sides
>>3 CompensatorDescription CompensatorID CompensatorType CompensatorTrayID AccessoryCode
>>3 TrayAccessoryCode CompensatorDivergence CompensatorMountingPosition
>1 NumberOfBoli
>1C ReferencedBolusSequence | Number of Boli is not zero
>>1 ReferencedROINumber
>>3 BolusID BolusDescription AccessoryCode
>1 NumberOfBlocks
>3 TotalBlockTrayFactor
>1C BlockSequence | Number of Blocks is not zero
>>2 MaterialID SourceToBlockTrayDistance BlockDivergence BlockNumberOfPoints BlockData
>>1 BlockType BlockNumber
>>3 BlockTrayID AccessoryCode TrayAccessoryCode BlockMountingPosition BlockName
>>2C BlockThickness | Material ID has a value
>>2C BlockTransmission | Material ID is empty
>3 ApplicatorSequence
>>1 ApplicatorID ApplicatorType
>>3 AccessoryCode ApplicatorDescription SourceToApplicatorMountingPositionDistance
>>3 ApplicatorGeometrySequence
>>>1 ApplicatorApertureShape
>>>1C ApplicatorOpening | Applicator Aperture Shape is SYM_SQUARE or SYM_CIRCULAR
>>>1C ApplicatorOpeningX | Applicator Aperture Shape is SYM_RECTANGLE
>>>1C ApplicatorOpeningY | Applicator Aperture Shape is SYM_RECTANGLE
>3 GeneralAccessorySequence
>>1 GeneralAccessoryNumber GeneralAccessoryID
>>3 GeneralAccessoryDescription GeneralAccessoryType AccessoryCode
>>3 SourceToGeneralAccessoryDistance
>3 ReferencedToleranceTableNumber TableTopPositionAlignmentUID
>1C FinalCumulativeMetersetWeight | the control points have a Cumulative Meterset Weight
>1 NumberOfControlPoints
>1 ControlPointSequence
>>1 ControlPointIndex
>>2 CumulativeMetersetWeight
>>3 ReferencedDoseReferenceSequence
>>>1 ReferencedDoseReferenceNumber
>>>2 CumulativeDoseReferenceCoefficient
>>1C ReferencedDoseSequence | a dose of this control point exists
>>>include SOP_REFERENCE
>>3 NominalBeamEnergy DoseRateSet
>>1C WedgePositionSequence | first control point of a beam with wedges, or a change
>>>1 ReferencedWedgeNumber WedgePosition
>>1C BeamLimitingDevicePositionSequence | first control point, or a change
>>>1 RTBeamLimitingDeviceType LeafJawPositions
>>2C EnhancedRTBeamLimitingOpeningSequence | the enhanced definition flag is YES
>>>include ENHANCED_OPENING
>>1C GantryAngle | first control point, or a change
>>1C GantryRotationDirection | first control point, or a change
>>3 GantryPitchAngle GantryPitchRotationDirection
>>1C BeamLimitingDeviceAngle | first control point, or a change
>>1C BeamLimitingDeviceRotationDirection | first control point, or a change
>>1C PatientSupportAngle | first control point, or a change
>>1C PatientSupportRotationDirection | first control point, or a change
>>3 TableTopEccentricAxisDistance
>>1C TableTopEccentricAngle | first control point, or a change
>>1C TableTopEccentricRotationDirection | first control point, or a change
>>1C TableTopPitchAngle | the machine needs it: first control point, or a change
>>1C TableTopPitchRotationDirection | the machine needs it: first control point, or a change
>>1C TableTopRollAngle | the machine needs it: first control point, or a change
>>1C TableTopRollRotationDirection | the machine needs it: first control point, or a change
>>2C TableTopVerticalPosition | first control point, or a change
>>2C TableTopLongitudinalPosition | first control point, or a change
>>2C TableTopLateralPosition | first control point, or a change
>>2C IsocenterPosition | first control point, or a change
>>3 SurfaceEntryPoint ExternalContourEntryPoint SourceToSurfaceDistance
>>3 SourceToExternalContourDistance
"""),
)
