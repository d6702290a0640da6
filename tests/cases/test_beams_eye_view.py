"""Doses and portal images lie where the beam's-eye view says that their beams are open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr.analysis.beams.apertures import Apertures
from rtxr.analysis.beams.collimators import collimators_of
from rtxr.geometry import FloatArray
from rtxr.geometry.beam_frames import BeamPose, source_position, to_isocenter_plane
from rtxr.read.plans.plan_records import planned
from rtxr.summary.beam_poses import beam_poses

pytestmark = pytest.mark.data


def _beam(case: xr.Dataset, number: int) -> tuple[BeamPose, Apertures]:
    """How a beam begins, and what it leaves open at all its control points."""
    plan = planned(case)
    (beam,) = [each for each in plan.beams if each.number == number]
    poses = beam_poses(case, plan, beam)
    return poses[0], collimators_of(case.rt.leaf_positions(number), len(poses)).apertures


def _high(array: xr.DataArray, level: float) -> FloatArray:
    """Voxel centres above a part of the highest dose, (voxel, 3), patient (x, y, z), mm."""
    z, y, x = (array[dim].values for dim in array.dims)
    inside = np.argwhere(array.values > level * array.values.max())
    return np.stack([x[inside[:, 2]], y[inside[:, 1]], z[inside[:, 0]]], axis=-1)


def _part_in(opened: Apertures, pose: BeamPose, points: FloatArray, margin: float) -> float:
    """Part of the points that the source sees in an opening."""
    x, y = to_isocenter_plane(pose, points).T
    seen = np.zeros(len(points), bool)
    for at in range(len(opened.starts)):
        for left, right, low, high in opened.rectangles(at):
            across = (x > left - margin) & (x < right + margin)
            seen |= across & (y > low - margin) & (y < high + margin)
    return float(seen.mean())


def test_each_beam_dose_is_in_its_aperture(case_data):
    case = rtxr.open_dir(case_data("oncentra_phantom") / "simple_phantom_case")
    for name, number in (("dose", 1), ("dose_2", 2), ("dose_3", 3)):
        assert case.rt.doses().loc[name, "ReferencedBeamNumber"] == (number,)
        pose, opened = _beam(case, number)
        assert _part_in(opened, pose, _high(case[name], 0.5), 0.0) == 1
    # The second beam has leaves, from 90 degrees, with its collimator at 90.
    pose, opened = _beam(case, 2)
    points = _high(case["dose_2"], 0.5)
    for wrong in ({"gantry": -90.0}, {"collimator": -90.0}, {"patient_position": "FFS"}):
        assert _part_in(opened, replace(pose, **wrong), points, 0.0) < 0.8
    assert source_position(pose)[0] > 900


def test_all_beams_of_a_plan_see_its_high_dose(case_data):
    index = rtxr.scan(case_data("breast_boost_eclipse"))
    case = index.select(Modality=["RTPLAN", "RTDOSE", "RTSTRUCT"]).open()
    points = _high(case["dose"], 0.9)
    for number in (1, 2, 3, 4):
        pose, opened = _beam(case, number)
        assert _part_in(opened, pose, points, 2.0) == 1
        assert _part_in(opened, replace(pose, patient_position="FFS"), points, 2.0) < 0.1
    pose, opened = _beam(case, 1)
    assert _part_in(opened, replace(pose, gantry=-pose.gantry), points, 2.0) < 0.9


def test_a_portal_image_shows_leaves_where_the_plan_has_them(case_data):
    case = rtxr.open_dir(case_data("pylinac") / "picket_fence_with_plan")
    leaves = case.rt.leaf_positions(0)
    planned_places = leaves["MLCX"].mean("side").isel(control_point=slice(2, None, 2))
    image = case.rt.rt_image().isel(image=0).transpose("isocenter_y", "isocenter_x")
    x, y = (image[f"isocenter_{axis}"].values for axis in "xy")

    def seen(leaf: int) -> FloatArray:
        """Middle of each slit along a leaf."""
        low, high = (float(leaves[name][leaf]) for name in ("leaf_start", "leaf_stop"))
        profile = image.values[(y > low + 0.6) & (y < high - 0.6)].mean(axis=0)
        found = []
        for middle in planned_places.median("leaf").values:
            near = np.abs(x - middle) < 8
            light = profile[near] - np.median(profile[near])
            light = (light - 0.3 * light.max()).clip(0)
            found.append((light * x[near]).sum() / light.sum())
        return np.array(found)

    places = np.array([seen(leaf) for leaf in range(18, 42)])
    # Slits are half a millimetre off the middle, one leaf pair is off by as much again, the other
    # way, and another one is open wider on one side: nothing is the same mirrored or turned.
    np.testing.assert_allclose(places, planned_places.T[18:42], atol=0.35)
    wanted = np.zeros(24)
    wanted[[29 - 18, 34 - 18]] = -0.5, -0.25
    found = places.mean(axis=1)
    np.testing.assert_allclose(found - np.median(found), wanted, atol=0.15)
