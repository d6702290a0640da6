"""Unit of a dose array, as far as its attrs tell.

Arithmetic may drop attrs: a dose without them counts as Gy, the unit of every dose that was read.
"""

from __future__ import annotations

from typing import Literal

import xarray as xr

from rtxr import model
from rtxr.errors import Finding

Unit = Literal["Gy", "cGy", "relative", "%", "other"]

_UNITS: dict[str, Unit] = {
    "": "Gy",
    "GY": "Gy",
    "GYS": "Gy",
    "GRAY": "Gy",
    "CGY": "cGy",
    "1": "relative",
    "RELATIVE": "relative",
    "%": "%",
    "PERCENT": "%",
}
#: Name of a dose axis in each unit.
AXIS_NAMES: dict[Unit, str] = {
    "Gy": "dose_gy",
    "cGy": "dose_cgy",
    "relative": "dose_relative",
    "%": "dose_percent",
    "other": "dose_other",
}


def unit_of(ds: xr.Dataset, dose: str | xr.DataArray = model.DOSE) -> Unit:
    """Unit of a dose: Gy unless ``units`` or ``DoseUnits`` of its attrs says otherwise."""
    if isinstance(dose, str):
        attrs = ds[dose].attrs if dose in ds.data_vars else {}
    else:
        attrs = dose.attrs
    stated = (str(attrs.get(key, "")).strip().upper() for key in ("units", "DoseUnits"))
    units = [_UNITS.get(text, "other") for text in stated]
    return next((unit for unit in units if unit != "Gy"), "Gy")


def unit_findings(ds: xr.Dataset, dose: str | xr.DataArray = model.DOSE) -> list[Finding]:
    """A warning where the doses of a result are not in Gy."""
    name = dose if isinstance(dose, str) else str(dose.name)
    unit = unit_of(ds, dose)
    if unit == "Gy":
        return []
    what = "an unknown unit" if unit == "other" else unit
    message = (
        f"{name!r} is in {what}, not in Gy (attrs 'units' and 'DoseUnits'), and so is every dose "
        "of this table"
    )
    return [Finding("dose-units", "warning", message)]


def unit_of_array(array: xr.DataArray) -> Unit:
    """Unit of a dose array: Gy unless its attrs say otherwise."""
    return unit_of(xr.Dataset(), array)
