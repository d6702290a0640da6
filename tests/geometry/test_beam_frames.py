"""Hand-made cases of IEC 61217: a point 10 cm to the left of the isocentre and 5 cm to the head."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.errors import UnknownNameError
from rtxr.geometry.beam_frames import (
    PATIENT_POSITIONS,
    BeamPose,
    Frame,
    apply,
    patient_axes,
    rotation,
    source_position,
    to_isocenter_plane,
    transform,
)

LEFT = (100.0, 0.0, 50.0)
NEAR, FAR = 1000 / 900, 1000 / 1100  # it is 10 cm nearer to the source, or further


@pytest.mark.parametrize(
    ("gantry", "seen", "source"),
    [
        (0, (100, 50), (0, -1000, 0)),
        (90, (0, 50 * NEAR), (1000, 0, 0)),
        (180, (-100, 50), (0, 1000, 0)),
        (270, (0, 50 * FAR), (-1000, 0, 0)),
    ],
)
def test_from_four_gantry_angles(gantry, seen, source):
    pose = BeamPose(gantry=gantry)
    np.testing.assert_allclose(to_isocenter_plane(pose, LEFT), seen, atol=1e-12)
    np.testing.assert_allclose(source_position(pose), source, atol=1e-12)


def test_from_between():
    x, z = 100 * np.cos(np.radians(30)), 100 * np.sin(np.radians(30))
    expected = np.array([x, 50]) * 1000 / (1000 - z)
    np.testing.assert_allclose(to_isocenter_plane(BeamPose(gantry=30), LEFT), expected)


@pytest.mark.parametrize(
    ("angles", "seen"),
    [
        # Counter-clockwise as seen from the source: x of the collimator is y of the gantry.
        ({"collimator": 90}, (50, -100)),
        ({"collimator": 180}, (-100, -50)),
        # Counter-clockwise as seen from above: the head goes to the left of the room.
        ({"couch": 90}, (-50, 100)),
        ({"eccentric": 90}, (-50, 100)),
        ({"couch": 60, "eccentric": 30}, (-50, 100)),
        ({"couch": 90, "collimator": 90}, (100, 50)),
        # The head goes up: 5 cm nearer to the source.
        ({"table_pitch": 90}, (100 / 0.95, 0)),
        # The left side goes down.
        ({"table_roll": 90}, (0, 50 * FAR)),
        # About x first, and then about y as it is now, which the head is on.
        ({"table_pitch": 90, "table_roll": 90}, (0, 100 / 0.95)),
        # The source goes to the feet, from which the point is 105 cm away.
        ({"gantry_pitch": 90}, (100 / 1.05, 0)),
    ],
)
def test_turned_at_gantry_0(angles, seen):
    np.testing.assert_allclose(to_isocenter_plane(BeamPose(**angles), LEFT), seen, atol=1e-12)


@pytest.mark.parametrize(
    ("position", "left", "front", "head"),
    [  # where the patient's left, front and head are in the room: x right, y gantry, z up
        ("HFS", (1, 0, 0), (0, 0, 1), (0, 1, 0)),
        ("HFP", (-1, 0, 0), (0, 0, -1), (0, 1, 0)),
        ("FFS", (-1, 0, 0), (0, 0, 1), (0, -1, 0)),
        ("FFP", (1, 0, 0), (0, 0, -1), (0, -1, 0)),
        ("HFDR", (0, 0, 1), (-1, 0, 0), (0, 1, 0)),
        ("HFDL", (0, 0, -1), (1, 0, 0), (0, 1, 0)),
        ("FFDR", (0, 0, 1), (1, 0, 0), (0, -1, 0)),
        ("FFDL", (0, 0, -1), (-1, 0, 0), (0, -1, 0)),
        ("LFS", (0, 1, 0), (0, 0, 1), (-1, 0, 0)),
        ("RFP", (0, -1, 0), (0, 0, -1), (-1, 0, 0)),
        ("AFDR", (0, 0, 1), (0, 1, 0), (1, 0, 0)),
        ("PFDL", (0, 0, -1), (0, -1, 0), (1, 0, 0)),
    ],
)
def test_how_the_patient_lies(position, left, front, head):
    axes = patient_axes(position)
    np.testing.assert_array_equal(axes @ [1, 0, 0], left)
    np.testing.assert_array_equal(axes @ [0, -1, 0], front)
    np.testing.assert_array_equal(axes @ [0, 0, 1], head)


@pytest.mark.parametrize(
    ("position", "seen"),
    [
        ("HFS", (100, 50)),
        ("HFP", (-100, 50)),
        ("FFS", (-100, -50)),
        ("FFP", (100, -50)),
        ("HFDR", (0, 50 * NEAR)),
        ("HFDL", (0, 50 * FAR)),
        ("FFDR", (0, -50 * NEAR)),
        ("FFDL", (0, -50 * FAR)),
    ],
)
def test_seen_from_above_in_each_position(position, seen):
    pose = BeamPose(patient_position=position)
    np.testing.assert_allclose(to_isocenter_plane(pose, LEFT), seen, atol=1e-12)


@pytest.mark.parametrize("position", PATIENT_POSITIONS)
def test_every_position_is_a_rotation(position):
    axes = patient_axes(position)
    np.testing.assert_array_equal(axes @ axes.T, np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1)


def test_a_position_that_does_not_tell():
    with pytest.raises(UnknownNameError, match="SITTING"):
        patient_axes("SITTING")
    with pytest.raises(UnknownNameError, match=r"0018,5100"):
        patient_axes("")


def test_the_isocenter_is_the_origin_whatever_turns():
    pose = BeamPose(33, 12, 7, 3, 2, 1, 4, "FFDL", isocenter=(10.0, -20.0, 30.0))
    np.testing.assert_allclose(to_isocenter_plane(pose, pose.isocenter), (0, 0), atol=1e-12)
    assert np.linalg.norm(source_position(pose) - pose.isocenter) == pytest.approx(1000)


def test_behind_the_source_nothing_is_seen():
    points = [(0, -1000.0, 0), (5, -1200.0, 0), (0, -999.0, 0)]
    seen = to_isocenter_plane(BeamPose(), points)
    assert np.isnan(seen).all(axis=1).tolist() == [True, True, False]


def test_no_such_system():
    with pytest.raises(UnknownNameError, match="couch"):
        transform(BeamPose(), "couch", "patient")


def test_quarter_turns_are_exact():
    for quarter in range(-5, 6):
        turned = rotation("z", 90.0 * quarter) @ [1, 0, 0]
        assert turned.tolist() == [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]][quarter % 4]


angles = st.floats(-360, 360)


@given(
    *[angles] * 7,
    st.sampled_from(PATIENT_POSITIONS),
    st.sampled_from(get_args(Frame)),
    st.sampled_from(get_args(Frame)),
)
def test_there_and_back(gantry, device, couch, ecc, gp, pitch, roll, lying, one, other):
    pose = BeamPose(gantry, device, couch, ecc, gp, pitch, roll, lying, (5.0, -6.0, 7.0), 990.0)
    points = np.array([LEFT, (1.0, 2.0, 3.0)])
    there = apply(transform(pose, one, other), points)
    np.testing.assert_allclose(apply(transform(pose, other, one), there), points, atol=1e-9)
    assert np.linalg.norm(there[0] - there[1]) == pytest.approx(
        np.linalg.norm(points[0] - points[1])
    )
