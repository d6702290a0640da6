"""Scan spots of a layer, turned as the beam limiting device is."""

from __future__ import annotations

import numpy as np
import pytest

from rtxr.geometry.beam_frames import BeamPose
from rtxr.summary.beam_spots import BeamSpots

SPOTS = BeamSpots(
    np.array([(10.0, 0.0), (0.0, 20.0), (5.0, 5.0)]),
    np.array([1.0, 0.5, 0.25]),
    np.array([0, 0, 2.0]),
)


@pytest.mark.parametrize(("point", "count"), [(0, 2), (1, 2), (2, 1), (7, 1)])
def test_the_layer_of_a_control_point(point, count):
    found = SPOTS.at(point, BeamPose())
    assert found[:, 2].tolist() == SPOTS.weights[SPOTS.points == (0 if count == 2 else 2)].tolist()


def test_a_turned_device():
    # At 90 degrees x of the device points along y of the gantry.
    found = SPOTS.at(0, BeamPose(collimator=90))
    np.testing.assert_allclose(found[:, :2], [(0, -10), (20, 0)], atol=1e-12)


def test_before_the_first_layer_there_are_none():
    assert SPOTS.at(-1, BeamPose()).shape == (0, 3)
