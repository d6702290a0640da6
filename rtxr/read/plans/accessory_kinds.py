"""Which accessories beams may have, and what is told of each (PS3.3 C.8.8.14, C.8.8.25)."""

from __future__ import annotations

from rtxr.read.plans.device_tables import Device, Settings

WEDGES = Device(
    what="wedges",
    sequence="WedgeSequence",
    columns=(
        "WedgeNumber",
        "WedgeType",
        "WedgeID",
        "AccessoryCode",
        "WedgeAngle",
        "EffectiveWedgeAngle",
        "WedgeFactor",
        "WedgeOrientation",
        "SourceToWedgeTrayDistance",
    ),
    ion_sequence="IonWedgeSequence",
    ion_columns=(
        "WedgeNumber",
        "WedgeType",
        "WedgeID",
        "AccessoryCode",
        "WedgeAngle",
        "WedgeOrientation",
        "IsocenterToWedgeTrayDistance",
    ),
    count="NumberOfWedges",
    settings=Settings(
        "WedgePositionSequence", "WedgeNumber", "ReferencedWedgeNumber", ("WedgePosition",)
    ),
    ion_settings=Settings(
        "IonWedgePositionSequence",
        "WedgeNumber",
        "ReferencedWedgeNumber",
        ("WedgePosition", "WedgeThinEdgePosition"),
    ),
)
BLOCKS = Device(
    what="blocks",
    sequence="BlockSequence",
    columns=(
        "BlockNumber",
        "BlockName",
        "BlockType",
        "BlockTrayID",
        "AccessoryCode",
        "TrayAccessoryCode",
        "MaterialID",
        "BlockDivergence",
        "BlockMountingPosition",
        "BlockThickness",
        "BlockTransmission",
        "SourceToBlockTrayDistance",
        "BlockNumberOfPoints",
    ),
    ion_sequence="IonBlockSequence",
    ion_columns=(
        "BlockNumber",
        "BlockName",
        "BlockType",
        "BlockTrayID",
        "AccessoryCode",
        "MaterialID",
        "BlockDivergence",
        "BlockMountingPosition",
        "BlockThickness",
        "IsocenterToBlockTrayDistance",
        "BlockNumberOfPoints",
    ),
    count="NumberOfBlocks",
)
COMPENSATORS = Device(
    what="compensators",
    sequence="CompensatorSequence",
    columns=(
        "CompensatorNumber",
        "CompensatorID",
        "CompensatorType",
        "CompensatorDescription",
        "CompensatorTrayID",
        "AccessoryCode",
        "TrayAccessoryCode",
        "MaterialID",
        "CompensatorDivergence",
        "CompensatorMountingPosition",
        "SourceToCompensatorTrayDistance",
        "CompensatorRows",
        "CompensatorColumns",
        "CompensatorPixelSpacing",
        "CompensatorPosition",
    ),
    ion_sequence="IonRangeCompensatorSequence",
    ion_columns=(
        "CompensatorNumber",
        "CompensatorID",
        "CompensatorDescription",
        "AccessoryCode",
        "MaterialID",
        "CompensatorDivergence",
        "CompensatorMountingPosition",
        "IsocenterToCompensatorTrayDistance",
        "CompensatorRelativeStoppingPowerRatio",
        "CompensatorMillingToolDiameter",
        "CompensatorRows",
        "CompensatorColumns",
        "CompensatorPixelSpacing",
        "CompensatorPosition",
        "CompensatorColumnOffset",
    ),
    count="NumberOfCompensators",
)
BOLUSES = Device(
    what="boluses",
    sequence="ReferencedBolusSequence",
    columns=("ReferencedROINumber", "BolusID", "BolusDescription", "AccessoryCode"),
    ion_sequence="ReferencedBolusSequence",
    ion_columns=("ReferencedROINumber", "AccessoryCode"),
    count="NumberOfBoli",
)
APPLICATORS = Device(
    what="applicators",
    sequence="ApplicatorSequence",
    columns=(
        "ApplicatorID",
        "ApplicatorType",
        "ApplicatorDescription",
        "AccessoryCode",
        "SourceToApplicatorMountingPositionDistance",
    ),
    ion_sequence="ApplicatorSequence",
    ion_columns=("ApplicatorID", "ApplicatorType", "ApplicatorDescription", "AccessoryCode"),
)
OTHERS = Device(
    what="general accessories",
    sequence="GeneralAccessorySequence",
    columns=(
        "GeneralAccessoryNumber",
        "GeneralAccessoryID",
        "GeneralAccessoryType",
        "GeneralAccessoryDescription",
        "AccessoryCode",
        "SourceToGeneralAccessoryDistance",
    ),
    ion_sequence="GeneralAccessorySequence",
    ion_columns=(
        "GeneralAccessoryNumber",
        "GeneralAccessoryID",
        "GeneralAccessoryType",
        "GeneralAccessoryDescription",
        "AccessoryCode",
        "IsocenterToGeneralAccessoryDistance",
    ),
)
#: Of the geometry of an applicator.
OPENINGS = (
    "ApplicatorApertureShape",
    "ApplicatorOpening",
    "ApplicatorOpeningX",
    "ApplicatorOpeningY",
)
