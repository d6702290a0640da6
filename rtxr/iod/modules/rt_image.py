"""Module of RT Images.

Rows of PS3.3, edition 2026b, as data (notation: :mod:`rtxr.iod.table_text`). Conditions are
paraphrased.
"""

from __future__ import annotations

from rtxr.iod.modules.macros import rows
from rtxr.iod.tables import Module

RT_IMAGE = Module(
    "RT Image",
    "C.8.8.2",
    rows("""
1  SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit PixelRepresentation
3  PixelIntensityRelationship
1C PixelIntensityRelationshipSign | Pixel Intensity Relationship is there
1  RTImageLabel
3  RTImageName RTImageDescription
1  ImageType
2  ConversionType
2C ReportedValuesOrigin | Image Type value 3 is SIMULATOR or PORTAL
1  RTImagePlane
3  XRayImageReceptorTranslation
2  XRayImageReceptorAngle
2C RTImageOrientation | RT Image Plane is NON_NORMAL
2  ImagePlanePixelSpacing RTImagePosition RadiationMachineName PrimaryDosimeterUnit
2  RadiationMachineSAD
3  RadiationMachineSSD
2  RTImageSID
3  SourceToReferenceObjectDistance FractionNumber ClinicalFractionNumber
3  ExposureTime ExposureTimeInms MetersetExposure
3  ReferencedRTPlanSequence
>include SOP_REFERENCE
3  ReferencedBeamNumber ReferencedFractionGroupNumber
3  StartCumulativeMetersetWeight EndCumulativeMetersetWeight
3  EnhancedRTBeamLimitingDeviceDefinitionFlag
1C EnhancedRTBeamLimitingDeviceSequence | the enhanced definition flag is YES
>include ENHANCED_DEVICE
3  ExposureSequence
>1C ReferencedFrameNumber | there are several items
>2C KVP | Image Type value 3 is PORTAL, SIMULATOR or RADIOGRAPH
>3 PrimaryFluenceModeSequence
>>1 FluenceMode
>>1C FluenceModeID | Fluence Mode is NON_STANDARD
>2C XRayTubeCurrent | Image Type value 3 is SIMULATOR or RADIOGRAPH
>3 XRayTubeCurrentInmA
>2C ExposureTime | Image Type value 3 is SIMULATOR or RADIOGRAPH
>3 ExposureTimeInms
>2C MetersetExposure | Image Type value 3 is PORTAL
>3 DiaphragmPosition
>3 BeamLimitingDeviceSequence
>>1 RTBeamLimitingDeviceType
>>3 SourceToBeamLimitingDeviceDistance
>>1 NumberOfLeafJawPairs
>>2C LeafPositionBoundaries | the device is MLCX or MLCY
>>1C LeafJawPositions | the enhanced definition flag is not YES
>2C EnhancedRTBeamLimitingOpeningSequence | the enhanced definition flag is YES
>>include ENHANCED_OPENING
>3 GantryAngle GantryPitchAngle BeamLimitingDeviceAngle PatientSupportAngle TableTopPitchAngle
>3 TableTopRollAngle TableTopVerticalPosition TableTopLongitudinalPosition
>3 TableTopLateralPosition
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
>1 NumberOfBlocks
>2C BlockSequence | Number of Blocks is not zero
>>2 MaterialID SourceToBlockTrayDistance BlockDivergence BlockNumberOfPoints BlockData
>>1 BlockType BlockNumber
>>3 BlockTrayID TrayAccessoryCode AccessoryCode BlockMountingPosition BlockName BlockThickness
1C FluenceMapSequence | Image Type value 3 is FLUENCE
>1 FluenceDataSource
>3 FluenceDataScale
3  GantryAngle GantryPitchAngle BeamLimitingDeviceAngle PatientSupportAngle
3  TableTopEccentricAxisDistance TableTopEccentricAngle TableTopPitchAngle TableTopRollAngle
3  TableTopVerticalPosition TableTopLongitudinalPosition TableTopLateralPosition IsocenterPosition
1C PatientPosition | Isocenter Position is there
"""),
)
