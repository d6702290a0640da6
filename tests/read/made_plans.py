"""Plans of one or more arcs, made for the tests of what is read of plans."""

from __future__ import annotations

import xarray as xr
from factories import base, item, save
from pydicom import uid as sop

from rtxr import header_store
from rtxr.read import rt_plan
from rtxr.read.headers import read_header


def positions(**devices):
    return [
        item(RTBeamLimitingDeviceType=kind, LeafJawPositions=list(values))
        for kind, values in devices.items()
    ]


def arc(number=1, name="Arc", final=1, **elements):
    first = item(
        ControlPointIndex=0,
        NominalBeamEnergy=6,
        DoseRateSet=600,
        GantryAngle=179,
        GantryRotationDirection="CC",
        BeamLimitingDeviceAngle=30,
        PatientSupportAngle=0,
        IsocenterPosition=[1, -2, 3.5],
        CumulativeMetersetWeight=0,
        BeamLimitingDevicePositionSequence=positions(
            ASYMX=(-50, 60), ASYMY=(-70, 80), MLCX=(-1, -2, 1, 2)
        ),
    )
    second = item(
        ControlPointIndex=1,
        GantryAngle=90,
        CumulativeMetersetWeight=0.25 * final,
        BeamLimitingDevicePositionSequence=positions(MLCX=(-3, -4, 3, 4)),
    )
    third = item(ControlPointIndex=2, GantryAngle=10, CumulativeMetersetWeight=final)
    facts = {
        "BeamNumber": number,
        "BeamName": name,
        "BeamType": "DYNAMIC",
        "RadiationType": "PHOTON",
        "TreatmentMachineName": "L1",
        "TreatmentDeliveryType": "TREATMENT",
        "PrimaryDosimeterUnit": "MU",
        "SourceAxisDistance": 1000,
        "FinalCumulativeMetersetWeight": final,
        "NumberOfControlPoints": 3,
        "ControlPointSequence": [first, second, third],
        **elements,
    }
    return item(**facts)


def used(number, meterset=200, dose=None):
    ds = item(ReferencedBeamNumber=number, BeamMeterset=meterset)
    if dose is not None:
        ds.BeamDose = dose
    return ds


def group(*beams, fractions=10, number=1):
    return item(
        FractionGroupNumber=number, NumberOfFractionsPlanned=fractions, ReferencedBeamSequence=beams
    )


def planned(folder, *, beams=(), groups=(), references=(), **elements) -> xr.Dataset:
    ds = base(sop.RTPlanStorage, "RTPLAN", "plan", **elements)
    if beams:
        ds.BeamSequence = list(beams)
    if groups:
        ds.FractionGroupSequence = list(groups)
    if references:
        ds.DoseReferenceSequence = list(references)
    folder.mkdir(exist_ok=True)
    part = rt_plan.read_plan(read_header(save(folder / "plan", ds)))
    return xr.Dataset(coords={**part.coords, **header_store.pack(part.records)})
