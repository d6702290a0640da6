"""Scan spots of the ion beams of a plan, as one long table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rtxr.errors import Finding
from rtxr.geometry import FloatArray
from rtxr.read import parse as parsing
from rtxr.read.item_values import number
from rtxr.read.plans.control_point_bytes import RawPoints, all_numbers
from rtxr.read.plans.control_points import Points
from rtxr.read.plans.plan_records import PlannedBeam, chosen_beams, noted, planned, with_findings

_COLUMNS = [
    "BeamNumber",
    "BeamName",
    "ControlPointIndex",
    "NominalBeamEnergy",
    "ScanSpotTuneID",
    "NumberOfPaintings",
    "x",
    "y",
    "weight",
    "meterset",
    "size_x",
    "size_y",
]
#: Relative difference from which the weights of a beam do not add up to its final weight.
_DISAGREE = 1e-3


def spots(ds: xr.Dataset, beam: int | str | None = None) -> pd.DataFrame:
    """Scan spots of the ion beams, layer by layer.

    Elements read: ScanSpotPositionMap (300A,0394), ScanSpotMetersetWeights (300A,0396),
    ScanningSpotSize (300A,0398), ScanSpotTuneID (300A,0390) and NumberOfPaintings (300A,039A) of
    the control points.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    DataFrame
        One row per spot: columns BeamNumber, BeamName, ControlPointIndex, NominalBeamEnergy (MeV,
        per nucleon for ions), ScanSpotTuneID, NumberOfPaintings, ``x`` and ``y`` (mm, IEC GANTRY
        system at the isocentre), ``weight`` (of Scan Spot Meterset Weights), ``meterset`` (of all
        paintings, in the PrimaryDosimeterUnit of the beam; NaN where it is not known), ``size_x``
        and ``size_y`` (full width at half maximum in air, mm). Control points whose weights are
        all 0, with which layers end, are left out. Without spots the table is empty and
        ``attrs["note"]`` says what the plan has; ``attrs["findings"]`` says what was odd.

    Raises
    ------
    MissingDataError
        The Dataset carries no plan.
    UnknownNameError
        No such beam.
    """
    plan = planned(ds)
    parts, findings = [], list(plan.findings)
    for each in chosen_beams(plan.beams, beam):
        part, more = _of_beam(each)
        parts.append(part)
        findings += more
    columns = {name: _joined(parts, name) for name in _COLUMNS}
    table = pd.DataFrame(columns, columns=_COLUMNS)
    return noted(with_findings(table, findings), "scan spots", plan.top)


def _joined(parts: Sequence[dict[str, Any]], name: str) -> Any:
    found = [part[name] for part in parts if part]
    return np.concatenate(found) if found else []


def _of_beam(beam: PlannedBeam) -> tuple[dict[str, Any], list[Finding]]:
    """Columns of the spots of one beam."""
    layers, findings = _layers(beam)
    if not layers:
        return {}, findings
    counts = [len(weights) for _, _, weights in layers]
    at = np.repeat([place for place, _, _ in layers], counts)
    xy = np.concatenate([each for _, each, _ in layers])
    weights = np.concatenate([each for _, _, each in layers])
    points = Points(beam.points)
    sizes, paintings = (
        _pairs(beam.points, "ScanningSpotSize", 2),
        _pairs(beam.points, "NumberOfPaintings", 1),
    )
    final = number(beam.item, "FinalCumulativeMetersetWeight") or np.nan
    total = float(weights.sum())
    if beam.meterset > 0 and not abs(total - final) <= _DISAGREE * final:
        message = (
            f"beam {beam.number}: the (300A,0396) ScanSpotMetersetWeights add up to {total:g}, and "
            f"(300A,010E) FinalCumulativeMetersetWeight is {final:g}; metersets follow the latter"
        )
        findings.append(Finding("spot-weights", "warning", message))
    energies = points.numbers.get("NominalBeamEnergy", np.full(len(points), np.nan))
    return {
        "BeamNumber": [beam.number] * len(at),
        "BeamName": [beam.name] * len(at),
        "ControlPointIndex": beam.points.index[at],
        "NominalBeamEnergy": energies[at],
        "ScanSpotTuneID": _tunes(beam.points)[at],
        "NumberOfPaintings": paintings[at, 0],
        "x": xy[:, 0],
        "y": xy[:, 1],
        "weight": weights,
        "meterset": weights / final * beam.meterset,
        "size_x": sizes[at, 0],
        "size_y": sizes[at, 1],
    }, findings


_Layer = tuple[int, FloatArray, FloatArray]


def _layers(beam: PlannedBeam) -> tuple[list[_Layer], list[Finding]]:
    """Place of the control point, positions (spot, 2) and weights of each layer with any weight."""
    maps = _values(beam.points, "ScanSpotPositionMap")
    weights = _values(beam.points, "ScanSpotMetersetWeights")
    layers, unlike = [], 0
    for at, found in weights.items():
        stored = maps.get(at, found[:0])
        count = min(len(stored) // 2, len(found))
        unlike += int(count != len(found) or 2 * count != len(stored))
        if found[:count].any():
            layers.append((at, stored[: 2 * count].reshape(-1, 2), found[:count]))
    if not unlike:
        return layers, []
    message = (
        f"beam {beam.number}: {unlike} control point(s) have as many (300A,0394) "
        "ScanSpotPositionMap positions as (300A,0396) ScanSpotMetersetWeights not; spots without "
        "both were left out"
    )
    return layers, [Finding("spot-count", "warning", message)]


def _values(points: RawPoints, keyword: str) -> dict[int, FloatArray]:
    """All numbers of an element by place of the control point."""
    places, values, vr = points.stated(keyword)
    found, counts = all_numbers(values, vr)
    return dict(zip(places, np.split(found, np.cumsum(counts)[:-1]), strict=True)) if places else {}


def _pairs(points: RawPoints, keyword: str, width: int) -> FloatArray:
    """Numbers of an element by control point, NaN where it is not stated."""
    rows = np.full((len(points.points), width), np.nan)
    for at, found in _values(points, keyword).items():
        rows[at, : min(width, len(found))] = found[:width]
    return rows


def _tunes(points: RawPoints) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Scan Spot Tune ID by control point."""
    found = np.full(len(points.points), "", object)
    places, values, _ = points.stated("ScanSpotTuneID")
    found[places] = [parsing.text(value) for value in values]
    return found
