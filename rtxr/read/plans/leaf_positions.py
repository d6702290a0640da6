"""Positions of leaves and jaws of a plan, by beam and control point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.errors import ConflictingDataError, Finding, MissingDataError
from rtxr.geometry import FloatArray
from rtxr.read.item_values import number, text
from rtxr.read.plans.collimators import boundaries, device_items
from rtxr.read.plans.control_points import JAWS, Points
from rtxr.read.plans.metersets import metersets
from rtxr.read.plans.plan_records import PlannedBeam, chosen_beams, planned

#: Of each control point, as in ``ds.rt.control_points()``.
_ANGLES = ("GantryAngle", "BeamLimitingDeviceAngle", "PatientSupportAngle")
_METERSETS = ("meterset", "segment_meterset")


@dataclass(frozen=True)
class _Device:
    """A collimator that one or more beams use: jaws, or leaves with the same boundaries."""

    kind: str
    pairs: int
    edges: tuple[float, ...] = ()

    @property
    def is_jaw(self) -> bool:
        return self.kind in model.JAW_NAMES


@dataclass
class _Beam:
    beam: PlannedBeam
    points: Points
    reached: FloatArray
    segments: FloatArray
    positions: dict[_Device, FloatArray] = field(default_factory=dict)


def leaf_positions(ds: xr.Dataset, beam: int | str | None = None) -> xr.Dataset:
    """Leaf and jaw positions of the plan, those inherited filled in.

    Elements read: LeafJawPositions (300A,011C) of the control points, LeafPositionBoundaries
    (300A,00BE) of the beams.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : int or str, optional
        BeamNumber or BeamName; all beams by default.

    Returns
    -------
    Dataset
        A variable per multi-leaf collimator by its RT Beam Limiting Device Type (``MLCX``, …), of
        dimensions beam, control_point, leaf, side, and the jaws ``X`` and ``Y`` (beam,
        control_point, side), as far as the plan has them; mm in the IEC beam limiting device
        system at the isocentre. Side 1 is that of X1 and Y1 (leaves 101 to 1N), side 2 the
        other. ``leaf`` counts from 1, ``leaf_start`` and ``leaf_stop`` are the boundaries of each
        leaf, across its motion. A second collimator (two layers, or beams with unlike leaves) has
        ``leaf_2`` with its own boundaries; one of the same type is ``MLCX_2``.

        ``beam`` is the BeamNumber (-1 where it is missing). Further coordinates: BeamName and
        SourceAxisDistance of a beam; GantryAngle, BeamLimitingDeviceAngle, PatientSupportAngle,
        CumulativeMetersetWeight, ``meterset`` and ``segment_meterset`` of a control point. NaN
        stands where a beam has no such collimator, or fewer control points. With ``beam=`` the
        dimension beam is gone. ``.rt.findings`` says what was odd.

    Raises
    ------
    ConflictingDataError
        Several beams have this number or name.
    MissingDataError
        The Dataset carries no plan, or one without collimators.
    UnknownNameError
        No such beam.
    """
    plan = planned(ds)
    chosen, findings = chosen_beams(plan.beams, beam), list(plan.findings)
    if beam is not None and len(chosen) > 1:
        names = ", ".join(each.label for each in chosen)
        raise ConflictingDataError(
            f"beam={beam!r} is that of {len(chosen)} beams: {names}; choose one by what only it "
            "has, or leave out beam= and take one with .isel(beam=…)"
        )
    found = []
    for each in chosen:
        read, more = _read(each)
        found.append(read)
        findings += more
    devices = list(dict.fromkeys(device for each in found for device in each.positions))
    if not devices:
        raise MissingDataError(
            f"{len(chosen)} beam(s) and no positions of jaws or leaves in them ((300A,011A) "
            "BeamLimitingDevicePositionSequence); ds.rt.beams(), ds.rt.spots() and "
            "ds.rt.source_positions() tell what the plan has"
        )
    made = _dataset(found, devices)
    made.attrs[model.FINDINGS_ATTR] = model.findings_to_json(dict.fromkeys(findings))
    return made if beam is None else made.isel({model.BEAM: 0})


def _read(beam: PlannedBeam) -> tuple[_Beam, list[Finding]]:
    """Control points of a beam and its collimators."""
    points = Points(beam.points)
    reached, segments, findings = metersets(beam, points.weights)
    found = _Beam(beam, points, reached, segments)
    edges = {
        text(device, "RTBeamLimitingDeviceType"): boundaries(device)
        for device in device_items(beam)
    }
    for kind, rows in points.devices.items():
        pairs, odd = divmod(rows.shape[1], 2)
        if odd:
            message = f"beam {beam.number}: {kind} has {rows.shape[1]} positions; it was left out"
            findings.append(Finding("leaf-positions-odd", "warning", message))
            continue
        if kind in JAWS and pairs == 1:
            device = _Device(JAWS[kind], 1)
        else:
            device, more = _leaves(beam, kind, pairs, edges.get(kind, ()))
            findings += more
        found.positions[device] = rows.reshape(-1, 2, pairs).swapaxes(1, 2)
    return found, findings


def _leaves(
    beam: PlannedBeam, kind: str, pairs: int, edges: tuple[float, ...]
) -> tuple[_Device, list[Finding]]:
    """A multi-leaf collimator with its boundaries, NaN where they are not known."""
    if len(edges) == pairs + 1:
        return _Device(kind, pairs, edges), []
    message = (
        f"beam {beam.number}: {kind} has {pairs} pair(s) of leaves and {len(edges)} (300A,00BE) "
        f"LeafPositionBoundaries, not {pairs + 1}; where its leaves lie is not known"
    )
    return _Device(kind, pairs), [Finding("leaf-boundaries", "warning", message)]


def _dataset(beams: Sequence[_Beam], devices: Sequence[_Device]) -> xr.Dataset:
    dims = (model.BEAM, model.CONTROL_POINT)
    length = max(len(each.points) for each in beams)
    coords: dict[str, Any] = {
        model.BEAM: [-1 if each.beam.number is None else each.beam.number for each in beams],
        model.CONTROL_POINT: np.arange(length),
        model.SIDE: [1, 2],
        "BeamName": (model.BEAM, np.array([each.beam.name for each in beams], np.str_)),
        "SourceAxisDistance": (model.BEAM, [_distance(each.beam) for each in beams], _MM),
    }
    for name in (*_ANGLES, "CumulativeMetersetWeight", *_METERSETS):
        rows = [_padded(_of_points(each, name), length) for each in beams]
        coords[name] = (dims, np.stack(rows), {"units": "degrees"} if name in _ANGLES else {})
    variables: dict[str, Any] = {}
    for device in devices:
        variables |= _variable(device, beams, length, coords, variables)
    return xr.Dataset(variables, coords)


_MM = {"units": "mm"}


def _distance(beam: PlannedBeam) -> float:
    found = number(beam.item, "SourceAxisDistance")
    return np.nan if found is None else found


def _of_points(beam: _Beam, name: str) -> FloatArray:
    """Values of the control points of a beam by column."""
    points = beam.points
    own = {
        "CumulativeMetersetWeight": points.weights,
        "meterset": beam.reached,
        "segment_meterset": beam.segments,
    }
    return own[name] if name in own else points.numbers.get(name, np.full(len(points), np.nan))


def _padded(values: FloatArray, length: int) -> FloatArray:
    """Values of control points with NaN for those that a beam does not have."""
    rest = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, rest, constant_values=np.nan)


def _variable(
    device: _Device,
    beams: Sequence[_Beam],
    length: int,
    coords: dict[str, Any],
    others: dict[str, Any],
) -> dict[str, Any]:
    """Variable of one collimator; a multi-leaf one adds its leaves to the coordinates."""
    nothing = np.full((0, device.pairs, 2), np.nan)
    rows = [_padded(each.positions.get(device, nothing), length) for each in beams]
    positions = np.stack(rows)
    dims: tuple[str, ...] = (model.BEAM, model.CONTROL_POINT, model.SIDE)
    attrs = {"units": "mm", "long_name": "position at the isocentre"}
    if device.is_jaw:
        return {device.kind: (dims, positions[:, :, 0], attrs)}
    leaf = _next(model.LEAF, coords)
    start, stop = model.leaf_bounds(leaf)
    edges = np.array(device.edges or [np.nan] * (device.pairs + 1))
    coords[leaf] = np.arange(1, device.pairs + 1)
    coords |= {start: (leaf, edges[:-1], _MM), stop: (leaf, edges[1:], _MM)}
    dims = (*dims[:2], leaf, model.SIDE)
    attrs["RTBeamLimitingDeviceType"] = device.kind
    return {_next(device.kind, others): (dims, positions, attrs)}


def _next(name: str, taken: dict[str, Any]) -> str:
    """The name, or the first of name_2, name_3, … that is free."""
    if name not in taken:
        return name
    count = 2
    while f"{name}_{count}" in taken:
        count += 1
    return f"{name}_{count}"
