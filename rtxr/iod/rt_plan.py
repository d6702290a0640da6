"""RT Plan and RT Ion Plan IODs (PS3.3 A.20, A.49): their tables, and the references of a plan."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import RTIonPlanStorage, RTPlanStorage, RTStructureSetStorage

from rtxr.iod import conditions
from rtxr.iod.ct_image import IDENTITY_RULES
from rtxr.iod.encoding.raw import Predicate, item, items_of
from rtxr.iod.modules import beams as modules_beams
from rtxr.iod.modules import ion as modules_ion
from rtxr.iod.modules import plan as modules_plan
from rtxr.iod.modules import rt, series
from rtxr.iod.rt_dose import RT_PATIENT_TO_SERIES
from rtxr.iod.rules import COMPUTED, given
from rtxr.iod.tables import IOD, ModuleUse, Rule, constant, default, derived, register_iod

_LAST = (
    ModuleUse(rt.APPROVAL, "U"),
    ModuleUse(series.GENERAL_REFERENCE, "U"),
    ModuleUse(series.SOP_COMMON, "M"),
    ModuleUse(series.COMMON_INSTANCE_REFERENCE, "U"),
)
_FRACTIONS = "FractionGroupSequence"
_POINTS = "BeamSequence.ControlPointSequence"
_ION_POINTS = "IonBeamSequence.IonControlPointSequence"
#: The first control point says all of these; later ones where they change (C.8.8.14.5).
_FIRST_POINT = (
    "BeamLimitingDeviceAngle",
    "BeamLimitingDeviceRotationDirection",
    "GantryAngle",
    "GantryRotationDirection",
    "IsocenterPosition",
    "PatientSupportAngle",
    "PatientSupportRotationDirection",
    "TableTopEccentricAngle",
    "TableTopEccentricRotationDirection",
    "TableTopLateralPosition",
    "TableTopLongitudinalPosition",
    "TableTopVerticalPosition",
)


_ENHANCED = conditions.equals("EnhancedRTBeamLimitingDeviceDefinitionFlag", "YES")


def _any_group(keyword: str) -> Predicate:
    """Some fraction group has beams, or brachytherapy setups."""
    counts = conditions.positive(keyword)

    def holds(dataset: Dataset) -> bool:
        return any(counts(group) for group in items_of(dataset, _FRACTIONS))

    return holds


def _not_enhanced(beam: Dataset) -> bool:
    """The devices that limit a beam are described in the usual way."""
    return not _ENHANCED(beam)


def _has_beams(dataset: Dataset) -> bool:
    return "BeamSequence" in dataset or _any_group("NumberOfBeams")(dataset)


def _geometry(dataset: Dataset) -> str:
    """What refers to a structure set is about a patient."""
    refers = bool(items_of(dataset, "ReferencedStructureSetSequence"))
    return "PATIENT" if refers else "TREATMENT_DEVICE"


_RULES: dict[str, Rule] = {
    **IDENTITY_RULES,
    "Modality": constant("RTPLAN"),
    "RTPlanLabel": default("RTXR"),
    "RTPlanGeometry": derived(_geometry),
}
_OF_POINTS = "is a column of the tables of ds.rt.add_plan"
_TURNS = "it turns, CW or CC: the direction " + _OF_POINTS
#: What a plan that was never a file takes from its tables, and what these owe.
_MADE: dict[str, Rule] = {
    "ReferencedStructureSetSequence": given(
        'ds.rt.add_structure makes a structure set; else leave RTPlanGeometry="PATIENT" out'
    ),
    "DoseReferenceSequence": COMPUTED,
    "PatientSetupSequence": COMPUTED,
    _FRACTIONS: COMPUTED,
    "BeamSequence": COMPUTED,
    **{
        f"BeamSequence.{keyword}": default(0)
        for keyword in ("NumberOfWedges", "NumberOfCompensators", "NumberOfBoli", "NumberOfBlocks")
    },
    "BeamSequence.BeamLimitingDeviceSequence": given(
        "X1 and X2, Y1 and Y2 (mm), or the leaves of MLCX or MLCY: each " + _OF_POINTS
    ),
    **{
        f"{_POINTS}.{angle}": given(f"{angle} (degrees) {_OF_POINTS}")
        for angle in ("GantryAngle", "BeamLimitingDeviceAngle", "PatientSupportAngle")
    },
    **{
        f"{_POINTS}.{direction}": given(_TURNS)
        for direction in (
            "GantryRotationDirection",
            "BeamLimitingDeviceRotationDirection",
            "PatientSupportRotationDirection",
            "TableTopEccentricRotationDirection",
        )
    },
    f"{_POINTS}.TableTopEccentricAngle": default(0.0),
}
_PLAN_CONDITIONS: dict[str, Predicate] = {
    **conditions.COMMON,
    **conditions.APPROVAL,
    "ReferencedStructureSetSequence": conditions.equals("RTPlanGeometry", "PATIENT"),
    "PatientSetupSequence.PatientPosition": conditions.absent("PatientAdditionalPosition"),
    "DoseReferenceSequence.ReferencedROINumber": conditions.equals(
        "DoseReferenceStructureType", "POINT", "VOLUME"
    ),
    "DoseReferenceSequence.DoseReferencePointCoordinates": conditions.equals(
        "DoseReferenceStructureType", "COORDINATES"
    ),
    f"{_FRACTIONS}.ReferencedBeamSequence": conditions.positive("NumberOfBeams"),
    f"{_FRACTIONS}.ReferencedBrachyApplicationSetupSequence": conditions.positive(
        "NumberOfBrachyApplicationSetups"
    ),
}
_BEAM_CONDITIONS: dict[str, Predicate] = {
    "BeamSequence.WedgeSequence": conditions.positive("NumberOfWedges"),
    "BeamSequence.CompensatorSequence": conditions.positive("NumberOfCompensators"),
    "BeamSequence.BlockSequence": conditions.positive("NumberOfBlocks"),
    "BeamSequence.BeamLimitingDeviceSequence": _not_enhanced,
    "BeamSequence.ReferencedBolusSequence": conditions.positive("NumberOfBoli"),
    "BeamSequence.BeamLimitingDeviceSequence.LeafPositionBoundaries": conditions.equals(
        "RTBeamLimitingDeviceType", "MLCX", "MLCY"
    ),
    **{f"{_POINTS}.{keyword}": conditions.first_control_point for keyword in _FIRST_POINT},
}

#: The first control point of an ion beam says all but what only photon beams have (C.8.8.25.7).
_FIRST_ION_POINT = tuple(name for name in _FIRST_POINT if "Eccentric" not in name)
_ION_CONDITIONS: dict[str, Predicate] = {
    "IonBeamSequence.ModulatedScanModeType": conditions.equals("ScanMode", "MODULATED_SPEC"),
    **{
        f"IonBeamSequence.{keyword}": conditions.equals("RadiationType", "ION")
        for keyword in ("RadiationMassNumber", "RadiationAtomicNumber", "RadiationChargeState")
    },
    **{
        f"IonBeamSequence.{sequence}": conditions.positive(number)
        for sequence, number in (
            ("IonWedgeSequence", "NumberOfWedges"),
            ("IonRangeCompensatorSequence", "NumberOfCompensators"),
            ("ReferencedBolusSequence", "NumberOfBoli"),
            ("IonBlockSequence", "NumberOfBlocks"),
            ("RangeShifterSequence", "NumberOfRangeShifters"),
            ("LateralSpreadingDeviceSequence", "NumberOfLateralSpreadingDevices"),
            ("RangeModulatorSequence", "NumberOfRangeModulators"),
        )
    },
    **{f"{_ION_POINTS}.{keyword}": conditions.first_control_point for keyword in _FIRST_ION_POINT},
}

RT_PLAN = register_iod(
    "RTPLAN",
    IOD(
        name="RT Plan",
        sop_class_uid=str(RTPlanStorage),
        modality="RTPLAN",
        section="A.20.3",
        modules=(
            *RT_PATIENT_TO_SERIES,
            ModuleUse(series.FRAME_OF_REFERENCE, "U"),
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            ModuleUse(modules_plan.RT_GENERAL_PLAN, "M"),
            ModuleUse(modules_plan.RT_PRESCRIPTION, "U"),
            ModuleUse(modules_plan.RT_TOLERANCE_TABLES, "U"),
            ModuleUse(modules_plan.RT_PATIENT_SETUP, "U"),
            ModuleUse(modules_plan.RT_FRACTION_SCHEME, "U"),
            ModuleUse(
                modules_beams.RT_BEAMS,
                "C",
                "a fraction group has beams",
                _has_beams,
            ),
            ModuleUse(
                modules_plan.RT_BRACHY_APPLICATION_SETUPS,
                "C",
                "a fraction group has brachytherapy application setups",
                _any_group("NumberOfBrachyApplicationSetups"),
            ),
            *_LAST,
        ),
        rules={**_RULES, **_MADE, "SOPClassUID": constant(str(RTPlanStorage))},
        conditions={**_PLAN_CONDITIONS, **_BEAM_CONDITIONS},
    ),
)

RT_ION_PLAN = register_iod(
    "RTIONPLAN",
    IOD(
        name="RT Ion Plan",
        sop_class_uid=str(RTIonPlanStorage),
        modality="RTPLAN",
        section="A.49.3",
        modules=(
            *RT_PATIENT_TO_SERIES,
            ModuleUse(series.FRAME_OF_REFERENCE, "M"),
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            ModuleUse(modules_plan.RT_GENERAL_PLAN, "M"),
            ModuleUse(modules_plan.RT_PRESCRIPTION, "U"),
            ModuleUse(modules_ion.RT_ION_TOLERANCE_TABLES, "U"),
            ModuleUse(modules_plan.RT_PATIENT_SETUP, "U"),
            ModuleUse(modules_plan.RT_FRACTION_SCHEME, "U"),
            ModuleUse(
                modules_ion.RT_ION_BEAMS,
                "C",
                "a fraction group has beams",
                conditions.present("IonBeamSequence"),
            ),
            *_LAST,
        ),
        rules={**_RULES, "SOPClassUID": constant(str(RTIonPlanStorage))},
        conditions={**_PLAN_CONDITIONS, **_ION_CONDITIONS},
    ),
)


def values(header: Dataset | None = None, *, structure_set_uid: str = "") -> dict[str, Any]:
    """Values of a plan that follow from the rest of its case, where they differ from a header's.

    Parameters
    ----------
    header : pydicom.Dataset or None
        Source plan.
    structure_set_uid : str, optional
        SOP Instance UID of the structure set that goes with it.

    Returns
    -------
    dict
        Referenced Structure Set Sequence (300C,0060) where the plan has none and a structure set
        is there; else empty. References that are there follow their objects by
        :func:`rtxr.iod.remap.remap_uids`.
    """
    refers = header is not None and bool(items_of(header, "ReferencedStructureSetSequence"))
    if refers or not structure_set_uid:
        return {}
    return {
        "ReferencedStructureSetSequence": [
            item(
                ReferencedSOPClassUID=str(RTStructureSetStorage),
                ReferencedSOPInstanceUID=structure_set_uid,
            )
        ]
    }
