"""How a plan has the patient set up, and what deviations it tolerates, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.read.item_values import integer, items, number, text
from rtxr.read.plans.item_tables import row_of, table_of
from rtxr.read.plans.plan_records import Plan, noted, planned, with_findings

_SETUP = (
    "PatientSetupNumber",
    "PatientSetupLabel",
    "PatientPosition",
    "PatientAdditionalPosition",
    "SetupTechnique",
    "SetupTechniqueDescription",
    "TableTopVerticalSetupDisplacement",
    "TableTopLongitudinalSetupDisplacement",
    "TableTopLateralSetupDisplacement",
)
_TOLERANCES = (
    "ToleranceTableNumber",
    "ToleranceTableLabel",
    "GantryAngleTolerance",
    "GantryPitchAngleTolerance",
    "BeamLimitingDeviceAngleTolerance",
    "PatientSupportAngleTolerance",
    "TableTopEccentricAngleTolerance",
    "TableTopPitchAngleTolerance",
    "TableTopRollAngleTolerance",
    "TableTopVerticalPositionTolerance",
    "TableTopLongitudinalPositionTolerance",
    "TableTopLateralPositionTolerance",
)
_ION_TOLERANCES = (
    "SnoutPositionTolerance",
    "HeadFixationAngleTolerance",
    "ChairHeadFramePositionTolerance",
    "FixationLightAzimuthalAngleTolerance",
    "FixationLightPolarAngleTolerance",
)
_POSITION_TOLERANCE = "BeamLimitingDevicePositionTolerance"


class _SetupDevice(NamedTuple):
    """Keywords of one kind of device of a patient setup; empty where it has no such attribute."""

    type: str
    label: str
    description: str
    parameter: str = ""
    position: str = ""


_DEVICES = {
    "FixationDeviceSequence": _SetupDevice(
        "FixationDeviceType",
        "FixationDeviceLabel",
        "FixationDeviceDescription",
        position="FixationDevicePosition",
    ),
    "ShieldingDeviceSequence": _SetupDevice(
        "ShieldingDeviceType",
        "ShieldingDeviceLabel",
        "ShieldingDeviceDescription",
        position="ShieldingDevicePosition",
    ),
    "SetupDeviceSequence": _SetupDevice(
        "SetupDeviceType",
        "SetupDeviceLabel",
        "SetupDeviceDescription",
        parameter="SetupDeviceParameter",
    ),
}


def patient_setups(ds: xr.Dataset) -> pd.DataFrame:
    """Patient setups of the plan, and the beams that use them.

    Elements read: PatientSetupSequence (300A,0180), ReferencedPatientSetupNumber (300C,006A).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per setup: columns PatientSetupNumber, PatientSetupLabel, PatientPosition,
        PatientAdditionalPosition, SetupTechnique, SetupTechniqueDescription, displacements of the
        table top from the setup position (mm) by keyword, and ``beams``, a tuple of BeamNumbers.
        Without setups it is empty and ``attrs["note"]`` says what the plan has.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    plan = planned(ds)
    found = items(plan.top, "PatientSetupSequence")
    users = [
        _users(plan, each, "PatientSetupNumber", "ReferencedPatientSetupNumber") for each in found
    ]
    rows = [
        {**row_of(each, _SETUP), "beams": beams} for each, beams in zip(found, users, strict=True)
    ]
    table = table_of(rows, [*_SETUP, "beams"])
    return noted(with_findings(table, plan.findings), "patient setups", plan.top)


def _users(
    plan: Plan, item: pydicom.Dataset, keyword: str, referenced: str
) -> tuple[int | None, ...]:
    """Numbers of the beams that refer to an item by its number."""
    own = integer(item, keyword)
    return tuple(
        each.number
        for each in plan.beams
        if own is not None and integer(each.item, referenced) == own
    )


def setup_devices(ds: xr.Dataset) -> pd.DataFrame:
    """Devices of the patient setups: for fixation, for shielding, and for the setup itself.

    Elements read: FixationDeviceSequence (300A,0190), ShieldingDeviceSequence (300A,01A0) and
    SetupDeviceSequence (300A,01B4) of PatientSetupSequence (300A,0180).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per device: columns PatientSetupNumber, ``sequence`` (the keyword of its sequence),
        ``type``, ``label``, ``description``, ``parameter`` (mm or degrees, of a setup device),
        ``position`` and AccessoryCode. Without devices it is empty, see :func:`patient_setups`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    plan = planned(ds)
    rows = [
        _device_row(setup, sequence, names, device)
        for setup in items(plan.top, "PatientSetupSequence")
        for sequence, names in _DEVICES.items()
        for device in items(setup, sequence)
    ]
    columns = ["PatientSetupNumber", "sequence", *_SetupDevice._fields, "AccessoryCode"]
    table = table_of(rows, columns)
    return noted(with_findings(table, plan.findings), "setup devices", plan.top)


def _device_row(
    setup: pydicom.Dataset, sequence: str, names: _SetupDevice, device: pydicom.Dataset
) -> dict[str, Any]:
    texts = {
        field: text(device, keyword) if keyword else ""
        for field, keyword in names._asdict().items()
        if field != "parameter"
    }
    parameter = number(device, names.parameter) if names.parameter else None
    return {
        **row_of(setup, ["PatientSetupNumber"]),
        "sequence": sequence,
        **texts,
        "parameter": np.nan if parameter is None else parameter,
        "AccessoryCode": text(device, "AccessoryCode"),
    }


def tolerance_tables(ds: xr.Dataset) -> pd.DataFrame:
    """Tolerance tables of the plan, and the beams that use them.

    Elements read: ToleranceTableSequence (300A,0040) or IonToleranceTableSequence (300A,03A0),
    ReferencedToleranceTableNumber (300C,00A0).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.

    Returns
    -------
    DataFrame
        One row per table: columns ToleranceTableNumber, ToleranceTableLabel, the tolerances by
        keyword (degrees, mm); BeamLimitingDevicePositionTolerance (mm) by the type of the device,
        a column each (``X``, ``ASYMY``, ``MLCX``, …); and ``beams``, a tuple of BeamNumbers. NaN
        is no tolerance stated. Without tables it is empty and ``attrs["note"]`` says what the plan
        has.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    """
    plan = planned(ds)
    found, columns = items(plan.top, "ToleranceTableSequence"), list(_TOLERANCES)
    if not found:
        found = items(plan.top, "IonToleranceTableSequence")
        columns += _ION_TOLERANCES if found else ()
    devices = [_device_tolerances(each) for each in found]
    numbers = "ToleranceTableNumber", "ReferencedToleranceTableNumber"
    rows = [
        {**row_of(each, columns), **more, "beams": _users(plan, each, *numbers)}
        for each, more in zip(found, devices, strict=True)
    ]
    table = table_of(rows, [*columns, *_names(devices), "beams"])
    return noted(with_findings(table, plan.findings), "tolerance tables", plan.top)


def _device_tolerances(table: pydicom.Dataset) -> dict[str, float]:
    """Tolerances of jaws and leaves by type of device, mm."""
    devices = items(table, "BeamLimitingDeviceToleranceSequence")
    found = {
        text(each, "RTBeamLimitingDeviceType"): number(each, _POSITION_TOLERANCE)
        for each in devices
    }
    return {name: np.nan if value is None else value for name, value in found.items() if name}


def _names(devices: Sequence[dict[str, float]]) -> list[str]:
    return list(dict.fromkeys(name for each in devices for name in each))
