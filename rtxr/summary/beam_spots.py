"""Scan spots of an ion beam as its source sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rtxr.geometry import FloatArray
from rtxr.geometry.beam_frames import BeamPose, rotation
from rtxr.read.plans.plan_records import PlannedBeam
from rtxr.read.plans.spots import spots


@dataclass(frozen=True)
class BeamSpots:
    """The spots of a beam.

    Parameters
    ----------
    places : ndarray, (spot, 2)
        x and y in the plane through the isocentre, IEC GANTRY system, mm.
    weights : ndarray, (spot,)
        As parts of the largest one.
    points : ndarray, (spot,)
        ControlPointIndex at which they begin.
    """

    places: FloatArray
    weights: FloatArray
    points: FloatArray

    def at(self, point: float, pose: BeamPose) -> FloatArray:
        """Spots of the layer that a control point begins or ends.

        Parameters
        ----------
        point : float
            Its ControlPointIndex.
        pose : BeamPose
            Of the machine there.

        Returns
        -------
        ndarray, (spot, 3)
            x and y in the beam limiting device system, mm, and the weight.
        """
        begun = self.points[self.points <= point]
        own = self.points == begun.max(initial=-np.inf)
        turn = rotation("z", -pose.collimator)[:2, :2]
        return np.column_stack([self.places[own] @ turn.T, self.weights[own]])


def beam_spots(ds: xr.Dataset, beam: PlannedBeam) -> BeamSpots:
    """Spots of a beam of the plan, none where it has none.

    Parameters
    ----------
    ds : Dataset
        A case with a plan.
    beam : PlannedBeam
        One of its beams.
    """
    if not beam.ion:
        return BeamSpots(np.empty((0, 2)), np.empty(0), np.empty(0))
    table = spots(ds, beam.name if beam.number is None else beam.number)
    weights = table["weight"].to_numpy(np.float64)
    return BeamSpots(
        places=table[["x", "y"]].to_numpy(np.float64),
        weights=weights / weights.max(initial=0.0) if len(weights) else weights,
        points=table["ControlPointIndex"].to_numpy(np.float64),
    )
