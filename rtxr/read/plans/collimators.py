"""Jaws and multi-leaf collimators of the beams of a plan, as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.read.item_values import integer, items, number, numbers, text
from rtxr.read.plans.plan_records import PlannedBeam, chosen_beams, noted, planned, with_findings

_DISTANCES = ("SourceToBeamLimitingDeviceDistance", "IsocenterToBeamLimitingDeviceDistance")
_COLUMNS = [
    "BeamNumber",
    "BeamName",
    "RTBeamLimitingDeviceType",
    "NumberOfLeafJawPairs",
    *_DISTANCES,
    "LeafPositionBoundaries",
]


def device_items(beam: PlannedBeam) -> list[pydicom.Dataset]:
    """Items of Beam Limiting Device Sequence (300A,00B6) or that of an ion beam (300A,03A4)."""
    devices = items(beam.item, "BeamLimitingDeviceSequence")
    return devices or items(beam.item, "IonBeamLimitingDeviceSequence")


def boundaries(device: pydicom.Dataset) -> tuple[float, ...]:
    """Leaf Position Boundaries (300A,00BE), mm; empty where they are absent."""
    return tuple(numbers(device, "LeafPositionBoundaries").tolist())


def beam_limiting_devices(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Jaws and multi-leaf collimators of each beam; for positions see ``leaf_positions``.

    Elements read: BeamLimitingDeviceSequence (300A,00B6) or IonBeamLimitingDeviceSequence
    (300A,03A4).

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per beam and device. Columns BeamNumber, BeamName, RTBeamLimitingDeviceType,
        NumberOfLeafJawPairs, SourceToBeamLimitingDeviceDistance (mm; of an ion beam
        IsocenterToBeamLimitingDeviceDistance) and LeafPositionBoundaries (tuple, mm at the
        isocentre; empty for jaws). ``attrs["findings"]`` says what was odd.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    plan = planned(ds)
    chosen = chosen_beams(plan.beams, beam)
    rows = [_row(each, device) for each in chosen for device in device_items(each)]
    table = pd.DataFrame(rows, columns=_COLUMNS).astype({"NumberOfLeafJawPairs": "Int64"})
    return noted(with_findings(table, plan.findings), "jaws and collimators", plan.top)


def _row(beam: PlannedBeam, device: pydicom.Dataset) -> dict[str, Any]:
    distances = {keyword: number(device, keyword) for keyword in _DISTANCES}
    return {
        "BeamNumber": beam.number,
        "BeamName": beam.name,
        "RTBeamLimitingDeviceType": text(device, "RTBeamLimitingDeviceType"),
        "NumberOfLeafJawPairs": integer(device, "NumberOfLeafJawPairs"),
        **{key: np.nan if value is None else value for key, value in distances.items()},
        "LeafPositionBoundaries": boundaries(device),
    }
