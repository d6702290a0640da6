"""Control points of a plan with what each inherits filled in (PS3.3 C.8.8.14.5), as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.errors import ConflictingDataError, Finding, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray
from rtxr.read import parse as parsing
from rtxr.read.control_point_bytes import RawPoints, all_numbers, first_numbers
from rtxr.read.gantry_angles import unwrapped
from rtxr.read.item_values import integer, text
from rtxr.read.metersets import reached
from rtxr.read.plan_records import PlannedBeam, beams_of, with_findings

#: Numbers that a control point has from the one before it where it does not state them.
INHERITED = (
    "NominalBeamEnergy",
    "DoseRateSet",
    "MetersetRate",
    "GantryAngle",
    "GantryPitchAngle",
    "BeamLimitingDeviceAngle",
    "PatientSupportAngle",
    "TableTopEccentricAngle",
    "TableTopPitchAngle",
    "TableTopRollAngle",
    "TableTopVerticalPosition",
    "TableTopLongitudinalPosition",
    "TableTopLateralPosition",
    "SourceToSurfaceDistance",
    "SnoutPosition",
)
