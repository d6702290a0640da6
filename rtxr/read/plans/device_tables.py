"""Devices in beams as tables: a row for each of each beam, and for each change of its settings.

A beam says what a device is, its control points how it is set: where a wedge is, how thick a range
shifter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pydicom
import xarray as xr

from rtxr.errors import Finding
from rtxr.keywords import describe
from rtxr.read import parse as parsing
from rtxr.read.item_values import integer, items
from rtxr.read.plans.control_point_bytes import RawPoints, first_numbers
from rtxr.read.plans.item_tables import kind_of, row_of, table_of
from rtxr.read.plans.plan_records import PlannedBeam, chosen_beams, noted, planned, with_findings

#: Columns that need more than one element > what gives them and their findings.
Extra = Mapping[str, Callable[[pydicom.Dataset], Any]]


class Settings(NamedTuple):
    """Where control points say something of a device.

    Parameters
    ----------
    sequence : str
        Keyword in the control point.
    number : str
        Keyword of the number of the device.
    referenced : str
        Keyword with which a setting refers to it.
    columns : tuple of str
        Keywords of what is said.
    """

    sequence: str
    number: str
    referenced: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Device:
    """A sequence of devices in the items of beams.

    Parameters
    ----------
    what : str
        What it holds, in words.
    ion_sequence, ion_columns : str, tuple of str
        Keyword in Ion Beam Sequence, and of the columns.
    sequence, columns : str, tuple of str
        Keyword in Beam Sequence, and of the columns; empty for what only ion beams have.
    count : str
        Keyword of the stated number of items; empty where there is none.
    settings, ion_settings : Settings, optional
        What control points say of it.
    """

    what: str
    ion_sequence: str
    ion_columns: tuple[str, ...]
    sequence: str = ""
    columns: tuple[str, ...] = ()
    count: str = ""
    settings: Settings | None = None
    ion_settings: Settings | None = None

    def of(self, *, ion: bool) -> tuple[str, tuple[str, ...], Settings | None]:
        """Sequence, columns and settings of photon or of ion beams."""
        if ion or not self.sequence:
            return self.ion_sequence, self.ion_columns, self.ion_settings
        return self.sequence, self.columns, self.settings


def device_table(
    ds: xr.Dataset, device: Device, beam: int | str | None, extra: Extra | None = None
) -> pd.DataFrame:
    """Devices of one kind in the beams of the plan, or in one of them.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    device : Device
        Which, and with what columns.
    beam : int, str or None
        BeamNumber or BeamName; None for all.
    extra : mapping, optional
        Further columns, from the item of the device.
    """
    plan = planned(ds)
    ion = any(each.ion for each in plan.beams)
    sequence, columns, settings = device.of(ion=ion)
    rows, findings = [], list(plan.findings)
    for each in chosen_beams(plan.beams, beam):
        found = items(each.item, sequence)
        findings += _count_findings(each, device, len(found))
        for item in found:
            more = {name: make(item) for name, make in (extra or {}).items()}
            row = {"BeamNumber": each.number, "BeamName": each.name, **row_of(item, columns)}
            rows += _device_rows({**row, **more}, each.points, settings)
    stated = ["ControlPointIndex", *settings.columns] if settings else []
    names = ["BeamNumber", "BeamName", *columns, *(extra or {}), *stated]
    return noted(with_findings(table_of(rows, names), findings), device.what, plan.top)


def _count_findings(beam: PlannedBeam, device: Device, there: int) -> list[Finding]:
    stated = integer(beam.item, device.count) if device.count else None
    if stated is None or stated == there:
        return []
    message = f"beam {beam.number}: {describe(device.count)} is {stated}, and there are {there}"
    return [Finding("accessory-count", "warning", message)]


def _device_rows(
    row: Mapping[str, Any], points: RawPoints, settings: Settings | None
) -> list[dict[str, Any]]:
    """A row of a device for each control point that changes its settings; one where none does.

    Parameters
    ----------
    row : mapping
        What the beam says of the device.
    points : RawPoints
        Control points of the beam.
    settings : Settings or None
        Where they say something of it.
    """
    if settings is None:
        return [dict(row)]
    index = points.index
    found: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for at, stated in points.nested(settings.sequence):
        for now in _of_device(stated, settings, row[settings.number]):
            if now != before:
                found.append({**row, "ControlPointIndex": index[at], **now})
                before = now
    return found or [dict(row)]


def _of_device(stated: RawPoints, settings: Settings, device: float) -> list[dict[str, Any]]:
    """What the items of one control point say of one device."""
    numbers = _column(stated, settings.referenced)
    columns = {name: _column(stated, name) for name in settings.columns}
    return [
        {name: values[at] for name, values in columns.items()}
        for at, number in enumerate(numbers)
        if number == device
    ]


def _column(stated: RawPoints, keyword: str) -> list[Any]:
    """Values of an element of all items: texts, or numbers with None where they are missing."""
    places, values, vr = stated.stated(keyword)
    if kind_of(keyword) == "text":
        texts = [""] * len(stated.points)
        for at, value in zip(places, values, strict=True):
            texts[at] = parsing.text(value)
        return texts
    numbers: list[float | None] = [None] * len(stated.points)
    for at, number in zip(places, first_numbers(values, vr).tolist(), strict=True):
        numbers[at] = number if np.isfinite(number) else None
    return numbers
