"""Silhouettes hold what the source sees of a solid through any pose, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from rtxr.analysis.beams.silhouettes import Solid, projected, silhouette, solids
from rtxr.geometry.beam_frames import BeamPose, to_isocenter_plane

#: An L of 30 x 30 mm with an arm 10 mm wide, on planes at 0, 10 and 20: slabs from -5 to 25.
CORNERS = [(0, 0), (30, 0), (30, 10), (10, 10), (10, 30), (0, 30)]
SQUARE = [(0, 0), (30, 0), (30, 30), (0, 30)]


def _case(corners: list[tuple[float, float]], *heights: float) -> xr.Dataset:
    case = rtxr.new_case(np.zeros((5, 6, 8)), spacing=(10, 10, 10), PatientPosition="HFS")
    contours = [np.array([(x, y, z) for x, y in corners], float) for z in heights]
    return case.rt.add_structure("S", contours)


def _solid(corners: list[tuple[float, float]]) -> Solid:
    return solids(_case(corners, 0.0, 10.0, 20.0), ["S"])["S"]


def _winding(silhouette: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    """How often the sides of all faces go around each point."""
    turns = np.zeros(len(points))
    for faces in silhouette:
        a, b = (each[:, :, None] - points for each in (faces, np.roll(faces, -1, axis=1)))
        cross = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
        turns += np.arctan2(cross, (a * b).sum(-1)).sum((0, 1))
    return np.round(turns / (2 * np.pi))


def _corners(silhouette: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([faces.reshape(-1, 2) for faces in silhouette])


def test_a_side_view_is_as_high_as_the_slabs():
    pose = BeamPose(gantry=0.0, isocenter=(15, 15, 10), sad=1e6)
    corners = _corners(silhouette(_solid(SQUARE), pose))
    low, high = corners.min(axis=0), corners.max(axis=0)
    np.testing.assert_allclose(low, [-15, -15], atol=1e-3)
    np.testing.assert_allclose(high, [15, 15], atol=1e-3)


def test_a_notch_that_is_seen_along_stays_open():
    # The couch at 90 degrees and the gantry at 90: from the feet, along z of the patient.
    pose = BeamPose(gantry=90.0, couch=90.0, isocenter=(0, 0, 10), sad=1e6)
    faces = silhouette(_solid(CORNERS), pose)
    inside, outside = [(5, 25, 10), (25, 5, 10), (5, 5, 10)], [(20, 20, 10), (25, 15, 10)]
    assert _winding(faces, to_isocenter_plane(pose, inside)).all()
    assert not _winding(faces, to_isocenter_plane(pose, outside)).any()


@settings(max_examples=40, deadline=None)
@given(
    gantry=st.floats(0, 360),
    couch=st.floats(-90, 90),
    collimator=st.floats(0, 360),
    at=st.tuples(st.floats(0.5, 29.5), st.floats(0.5, 29.5), st.floats(-4.5, 24.5)),
)
def test_what_is_inside_is_seen_inside(gantry, couch, collimator, at):
    pose = BeamPose(
        gantry=gantry, couch=couch, collimator=collimator, isocenter=(15, 15, 10), sad=1000
    )
    faces = silhouette(SOLID, pose)
    seen = to_isocenter_plane(pose, [at])
    assert _winding(faces, seen).all()
    # No face leaves the shadow of the box, whose corners are seen farthest along any direction.
    corners = to_isocenter_plane(pose, SOLID.sides.reshape(-1, 3))
    for angle in np.radians([0, 30, 77, 120]):
        along = np.array([np.cos(angle), np.sin(angle)])
        assert (_corners(faces) @ along).max() <= (corners @ along).max() + 1e-9


SOLID = _solid(SQUARE)


def test_contours_are_those_that_were_drawn():
    pose = BeamPose(isocenter=(0, 0, 0), sad=1000)
    first = projected(SOLID, pose)[0]
    scale = 1000 / (1000 + np.array([0, 0, 30, 30]))  # y of the patient is away from the source
    np.testing.assert_allclose(first[:, 0], np.array([0, 30, 30, 0]) * scale)
    np.testing.assert_allclose(first[:, 1], 0, atol=1e-9)
    behind = BeamPose(isocenter=(0, 5000, 0), sad=1000)
    assert projected(SOLID, behind) == []
    assert silhouette(SOLID, behind) == []


@pytest.mark.parametrize("labels", [[], ["P"]])
def test_what_encloses_nothing(labels):
    case = _case(SQUARE, 0.0).rt.add_structure("P", [np.array([(1.0, 2.0, 3.0)])])
    found = solids(case, labels)
    assert list(found) == labels
    assert all(silhouette(each, BeamPose()) == [] for each in found.values())
