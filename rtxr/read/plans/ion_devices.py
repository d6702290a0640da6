"""Devices of ion beams as tables: snouts, range shifters, range modulators, lateral spreaders.

Sources: PS3.3 C.8.8.25. A device has one row for each control point that changes its settings.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from rtxr.read.plans.device_tables import Device, Settings, device_table

_SNOUTS = Device(
    what="snouts", ion_sequence="SnoutSequence", ion_columns=("SnoutID", "AccessoryCode")
)
_SHIFTERS = Device(
    what="range shifters",
    ion_sequence="RangeShifterSequence",
    ion_columns=(
        "RangeShifterNumber",
        "RangeShifterID",
        "RangeShifterType",
        "RangeShifterDescription",
        "MaterialID",
        "AccessoryCode",
    ),
    count="NumberOfRangeShifters",
    ion_settings=Settings(
        "RangeShifterSettingsSequence",
        "RangeShifterNumber",
        "ReferencedRangeShifterNumber",
        (
            "RangeShifterSetting",
            "IsocenterToRangeShifterDistance",
            "RangeShifterWaterEquivalentThickness",
        ),
    ),
)
_MODULATORS = Device(
    what="range modulators",
    ion_sequence="RangeModulatorSequence",
    ion_columns=(
        "RangeModulatorNumber",
        "RangeModulatorID",
        "RangeModulatorType",
        "RangeModulatorDescription",
        "BeamCurrentModulationID",
        "AccessoryCode",
    ),
    count="NumberOfRangeModulators",
    ion_settings=Settings(
        "RangeModulatorSettingsSequence",
        "RangeModulatorNumber",
        "ReferencedRangeModulatorNumber",
        (
            "RangeModulatorGatingStartValue",
            "RangeModulatorGatingStopValue",
            "RangeModulatorGatingStartWaterEquivalentThickness",
            "RangeModulatorGatingStopWaterEquivalentThickness",
            "IsocenterToRangeModulatorDistance",
        ),
    ),
)
_SPREADERS = Device(
    what="lateral spreading devices",
    ion_sequence="LateralSpreadingDeviceSequence",
    ion_columns=(
        "LateralSpreadingDeviceNumber",
        "LateralSpreadingDeviceID",
        "LateralSpreadingDeviceType",
        "LateralSpreadingDeviceDescription",
        "AccessoryCode",
    ),
    count="NumberOfLateralSpreadingDevices",
    ion_settings=Settings(
        "LateralSpreadingDeviceSettingsSequence",
        "LateralSpreadingDeviceNumber",
        "ReferencedLateralSpreadingDeviceNumber",
        (
            "LateralSpreadingDeviceSetting",
            "IsocenterToLateralSpreadingDeviceDistance",
            "LateralSpreadingDeviceWaterEquivalentThickness",
        ),
    ),
)


def snouts(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Snouts of the ion beams; SnoutPosition is in ``ds.rt.control_points()``.

    Elements read: SnoutSequence (300A,030C).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and snout: columns BeamNumber, BeamName, SnoutID, AccessoryCode. Without
        snouts it is empty and ``attrs["note"]`` says what the plan has.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    return device_table(ds, _SNOUTS, beam)


def range_shifters(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Range shifters of the ion beams and their settings.

    Elements read: RangeShifterSequence (300A,0314), RangeShifterSettingsSequence (300A,0360).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam, range shifter and control point from which on it has another setting:
        columns BeamNumber, BeamName, the attributes of the range shifter by keyword,
        ControlPointIndex, RangeShifterSetting, IsocenterToRangeShifterDistance and
        RangeShifterWaterEquivalentThickness (mm). Without any it is empty, see :func:`snouts`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    return device_table(ds, _SHIFTERS, beam)


def range_modulators(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Range modulators of the ion beams and their settings.

    Elements read: RangeModulatorSequence (300A,0342), RangeModulatorSettingsSequence (300A,0380).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam, range modulator and control point from which on it has another setting:
        columns BeamNumber, BeamName, the attributes of the range modulator by keyword,
        ControlPointIndex and its settings by keyword (thickness and distance in mm). Without any
        it is empty, see :func:`snouts`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    return device_table(ds, _MODULATORS, beam)


def lateral_spreading_devices(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Lateral spreading devices of the ion beams, such as scanning magnets, and their settings.

    Elements read: LateralSpreadingDeviceSequence (300A,0332) and
    LateralSpreadingDeviceSettingsSequence (300A,0370).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam, device and control point from which on it has another setting: columns
        BeamNumber, BeamName, the attributes of the device by keyword, ControlPointIndex and its
        settings by keyword (mm). Without any it is empty, see :func:`snouts`.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    return device_table(ds, _SPREADERS, beam)
