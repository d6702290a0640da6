"""The plan of the synthetic patient as DICOM (PS3.3 A.20): a static beam and a small arc."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage, RTStructureSetStorage

from rtxr.geometry import FloatArray
from rtxr.tutorial.objects import DATE, TIME, Case, ds_text, item, new_object, reference
from rtxr.tutorial.shapes import PLAN, ROIS, TARGET_CENTRE, TARGET_RADIUS

_LEAF_PAIRS, _LEAF_WIDTH = 20, 5.0
#: Radius of the opening of both beams at the isocentre, mm.
APERTURE = TARGET_RADIUS + 5.0
_ARC_GANTRY = (170.0, 145.0, 120.0, 95.0, 70.0)


def rt_plan(case: Case) -> Dataset:
    """Plan of a static beam and a small arc with a prescription (PS3.3 A.20)."""
    group = item(
        FractionGroupNumber="1",
        NumberOfFractionsPlanned=str(PLAN.fractions),
        NumberOfBeams=str(len(PLAN.beams)),
        NumberOfBrachyApplicationSetups="0",
        ReferencedBeamSequence=[
            item(
                ReferencedBeamNumber=str(n), BeamDose=ds_text(gray), BeamMeterset=ds_text(meterset)
            )
            for n, (gray, meterset) in enumerate(PLAN.beams, start=1)
        ],
    )
    return new_object(
        case,
        RTPlanStorage,
        "RTPLAN",
        RTPlanLabel="PHANTOM",
        RTPlanName="One field, one arc",
        RTPlanDate=DATE,
        RTPlanTime=TIME,
        RTPlanGeometry="PATIENT",
        PlanIntent="RESEARCH",
        DoseReferenceSequence=_dose_references(case),
        FractionGroupSequence=[group],
        PatientSetupSequence=[item(PatientSetupNumber="1", PatientPosition="HFS")],
        BeamSequence=[
            _beam(1, "AP static", "STATIC", [0.0, 0.0]),
            _beam(2, "Arc", "DYNAMIC", _ARC_GANTRY),
        ],
        ReferencedStructureSetSequence=[reference(case, RTStructureSetStorage, "RTSTRUCT")],
        ApprovalStatus="UNAPPROVED",
    )


def _dose_references(case: Case) -> list[Dataset]:
    """Prescription to the target's site and a limit for the cord (C.8.8.10)."""
    cord = next(roi for roi in ROIS if roi.name == "SpinalCord")
    return [
        item(
            DoseReferenceNumber="1",
            DoseReferenceUID=case.uid("dose reference", 1),
            DoseReferenceStructureType="SITE",
            DoseReferenceDescription="PTV 70 Gy",
            DoseReferenceType="TARGET",
            TargetPrescriptionDose=ds_text(PLAN.target_gy),
        ),
        item(
            DoseReferenceNumber="2",
            DoseReferenceUID=case.uid("dose reference", 2),
            DoseReferenceStructureType="VOLUME",
            DoseReferenceDescription="Cord limit",
            ReferencedROINumber=str(cord.number),
            DoseReferenceType="ORGAN_AT_RISK",
            OrganAtRiskMaximumDose=ds_text(PLAN.cord_limit_gy),
        ),
    ]


def _beam(number: int, name: str, kind: str, gantry: Sequence[float]) -> Dataset:
    """Photon beam; control points after the first hold only what changes."""
    devices = collimators()
    limits = [
        item(RTBeamLimitingDeviceType=device, NumberOfLeafJawPairs=str(pairs))
        for device, pairs, _ in devices
    ]
    limits[-1].LeafPositionBoundaries = [ds_text(edge) for edge in leaves()[0]]
    return item(
        BeamNumber=str(number),
        BeamName=name,
        BeamType=kind,
        RadiationType="PHOTON",
        TreatmentMachineName="RTXR-LINAC",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance="1000",
        BeamLimitingDeviceSequence=limits,
        ReferencedPatientSetupNumber="1",
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges="0",
        NumberOfCompensators="0",
        NumberOfBoli="0",
        NumberOfBlocks="0",
        FinalCumulativeMetersetWeight="1",
        NumberOfControlPoints=str(len(gantry)),
        ControlPointSequence=_control_points(gantry, _first_control_point(devices)),
    )


def leaves() -> tuple[FloatArray, FloatArray]:
    """Bounds of the leaves along y, one more than leaves, and half the gap of each pair, mm."""
    edges: FloatArray = _LEAF_WIDTH * (np.arange(_LEAF_PAIRS + 1.0) - _LEAF_PAIRS / 2)
    middles = (edges[1:] + edges[:-1]) / 2
    return edges, np.sqrt(np.clip(APERTURE**2 - middles**2, 0, None))


def collimators() -> list[tuple[str, int, list[str]]]:
    """Type, number of pairs and positions of jaws and leaves, the same in all beams."""
    jaws = [ds_text(-APERTURE), ds_text(APERTURE)]
    gaps = leaves()[1]
    positions = [ds_text(value) for value in (*-gaps, *gaps)]
    return [("ASYMX", 1, jaws), ("ASYMY", 1, jaws), ("MLCX", _LEAF_PAIRS, positions)]


def _control_points(gantry: Sequence[float], first: Dataset) -> list[Dataset]:
    """Control points at equal steps of meterset; only what changes is repeated (C.8.8.14.5)."""
    points = []
    for index, angle in enumerate(gantry):
        weight = ds_text(index / (len(gantry) - 1))
        points.append(item(ControlPointIndex=str(index), CumulativeMetersetWeight=weight))
        if index == 0 or angle != gantry[index - 1]:
            points[-1].GantryAngle = ds_text(angle)
    turning = len(set(gantry)) > 1
    points[0].update(first)
    points[0].GantryRotationDirection = "CC" if turning else "NONE"
    if turning:
        points[-1].GantryRotationDirection = "NONE"
    return points


def _first_control_point(devices: Sequence[tuple[str, int, list[str]]]) -> Dataset:
    """Everything that stays the same during the beam."""
    return item(
        NominalBeamEnergy="6",
        DoseRateSet="600",
        BeamLimitingDevicePositionSequence=[
            item(RTBeamLimitingDeviceType=device, LeafJawPositions=positions)
            for device, _, positions in devices
        ],
        BeamLimitingDeviceAngle="0",
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle="0",
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle="0",
        TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition="",
        TableTopLongitudinalPosition="",
        TableTopLateralPosition="",
        IsocenterPosition=[ds_text(value) for value in TARGET_CENTRE],
    )
