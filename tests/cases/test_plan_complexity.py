"""Complexity of real plans, worked out again from their elements by loops over leaves.

AAV and LSV as in McNiven 2010, between control points as in Masi 2013, irregularity as in Du 2014.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pydicom
import pytest

import rtxr

pytestmark = pytest.mark.data
PLANS = [
    "breast_boost_eclipse/rtplan.dcm",
    "pylinac/picket_fence_with_plan/T1.2*.dcm",
    "pylinac/plans_rapidarc_qa/T0.1*.dcm",
    "pylinac/plans_rapidarc_qa/T0.2*.dcm",
    "pylinac/plans_rapidarc_qa/T2*.dcm",
    "pylinac/plans_rapidarc_qa/T3*.dcm",
    "pymedphys/tiny_vmat/TinyFS_TinyVMAT.dcm",
    "quirks/monaco_no_preamble/ghosting_RP.06X.dcm",
]
#: An open strip: left, right, bottom, top.
Strip = tuple[float, float, float, float]


def _shapes(beam: pydicom.Dataset) -> Iterator[tuple[dict[int, Strip], np.ndarray]]:
    """Open strips by leaf, and the leaves, at each control point."""
    (edges,) = (
        [float(edge) for edge in device.LeafPositionBoundaries]
        for device in beam.BeamLimitingDeviceSequence
        if device.RTBeamLimitingDeviceType == "MLCX"
    )
    known: dict[str, list[float]] = {}
    for point in beam.ControlPointSequence:
        for device in point.get("BeamLimitingDevicePositionSequence", []):
            kind = device.RTBeamLimitingDeviceType.removeprefix("ASYM")
            known[kind] = [float(each) for each in device.LeafJawPositions]
        x, y = (known.get(kind, [-1e4, 1e4]) for kind in "XY")
        leaves, count = known["MLCX"], len(edges) - 1
        found = {}
        for at in range(count):
            left, right = max(leaves[at], x[0]), min(leaves[count + at], x[1])
            low, high = max(edges[at], y[0]), min(edges[at + 1], y[1])
            if right > left and high > low:
                found[at] = (left, right, low, high)
        yield found, np.array(leaves)


def _area(strips: dict[int, Strip]) -> float:
    return sum((right - left) * (high - low) for left, right, low, high in strips.values())


def _irregularity(strips: dict[int, Strip]) -> float:
    around = 0.0
    for at, (left, right, low, high) in strips.items():
        around += 2 * (high - low) + 2 * (right - left)
        if at + 1 in strips:
            first, last = strips[at + 1][:2]
            around -= 2 * max(0.0, min(right, last) - max(left, first))
    return around**2 / (4 * np.pi * _area(strips)) if strips else np.nan


def _lsv(strips: dict[int, Strip]) -> float:
    found = 1.0 if strips else np.nan
    for side in (0, 1):
        along = [strips[at][side] for at in sorted(strips)]
        longest = max(along, default=0.0) - min(along, default=0.0)
        if longest:
            steps = [longest - abs(a - b) for a, b in pairwise(along)]
            found *= sum(steps) / (len(steps) * longest)
    return found


def _aav(shapes: list[dict[int, Strip]]) -> list[float]:
    widest = 0.0
    for at in set().union(*shapes):
        own = [strips[at] for strips in shapes if at in strips]
        widest += max(each[1] for each in own) - min(each[0] for each in own)
    opened = [sum(right - left for left, right, *_ in strips.values()) for strips in shapes]
    return [each / widest for each in opened]


def _ends(values: list[float]) -> np.ndarray:
    """Mean over both ends of each segment, or the end that has a value."""
    pairs = np.array([values[:-1], values[1:]])
    return np.array([np.nanmean(pair) if np.isfinite(pair).any() else np.nan for pair in pairs.T])


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    some = np.isfinite(values)
    return float(np.average(values[some], weights=weights[some]))


@pytest.mark.parametrize("name", PLANS)
def test_indices(case_data, name):
    folder, _, rest = name.partition("/")
    (path,) = case_data(folder).glob(rest)
    plan = pydicom.dcmread(path, force=True)
    table = rtxr.scan(path).open().rt.complexity().set_index("BeamNumber")
    (group,) = plan.FractionGroupSequence
    stated = {each.ReferencedBeamNumber: each for each in group.ReferencedBeamSequence}
    for beam in plan.BeamSequence:
        shapes, leaves = zip(*_shapes(beam), strict=True)
        points = beam.ControlPointSequence
        weights = np.diff([float(each.get("CumulativeMetersetWeight") or 0) for each in points])
        row = table.loc[beam.BeamNumber]
        lsv = [_lsv(each) for each in shapes]
        mcs = _mean(_ends(_aav(list(shapes))) * _ends(lsv), weights)
        assert row["mcs"] == pytest.approx(mcs)
        area = _mean(_ends([_area(each) for each in shapes]), weights) / 100
        assert row["mean_aperture_cm2"] == pytest.approx(area)
        irregular = _mean(_ends([_irregularity(each) for each in shapes]), weights)
        assert row["irregularity"] == pytest.approx(irregular)
        ways = np.abs(np.diff(leaves, axis=0)).sum(axis=0).reshape(2, -1)
        ways = ways[:, sorted(set().union(*shapes))]
        travel = ways[ways > 0].mean() if ways.any() else 0.0
        assert row["leaf_travel_mm"] == pytest.approx(travel)
        assert row["ltmcs"] == pytest.approx(mcs * max(1000 - travel, 0) / 1000)
        own = stated[beam.BeamNumber]
        if "BeamDose" in own:
            assert row["mu_per_gy"] == pytest.approx(own.BeamMeterset / own.BeamDose)
