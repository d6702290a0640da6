"""How machine, couch and patient stand at the control points of a beam."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from rtxr import header_store, model
from rtxr.geometry.beam_frames import BeamPose
from rtxr.read import headers
from rtxr.read.item_values import integer, items, numbers, text
from rtxr.read.plans.control_points import ISOCENTER, control_points
from rtxr.read.plans.plan_records import Plan, PlannedBeam

_POSITION = "PatientPosition"
#: Angle of a control point > how a pose calls it; 0 where the plan does not say.
_ANGLES = {
    "GantryAngle": "gantry",
    "GantryPitchAngle": "gantry_pitch",
    "BeamLimitingDeviceAngle": "collimator",
    "PatientSupportAngle": "couch",
    "TableTopEccentricAngle": "eccentric",
    "TableTopPitchAngle": "table_pitch",
    "TableTopRollAngle": "table_roll",
}
_USUAL_SAD_MM = 1000.0


def beam_poses(ds: xr.Dataset, plan: Plan, beam: PlannedBeam) -> list[BeamPose]:
    """Poses at all control points of a beam.

    Parameters
    ----------
    ds : Dataset
        The case, whose image says how the patient lies where the plan does not.
    plan : Plan
        Its plan.
    beam : PlannedBeam
        One of its beams, whose number no other one has.

    Returns
    -------
    list of BeamPose
        ``patient_position`` is empty where nothing says it. What the plan does not say of an angle
        is 0, of the source-axis distance 1000 mm; an isocentre that it does not say is NaN. The
        distance of an ion beam is the mean of its two virtual ones.
    """
    rows = control_points(ds, beam.name if beam.number is None else beam.number).to_dict("records")
    distances = numbers(beam.item, "SourceAxisDistance")
    if not len(distances):
        distances = numbers(beam.item, "VirtualSourceAxisDistances")
    sad = float(distances.mean()) if len(distances) else _USUAL_SAD_MM
    position = patient_position(ds, plan, beam)
    return [_pose(row, sad, position) for row in rows]


def patient_position(ds: xr.Dataset, plan: Plan, beam: PlannedBeam) -> str:
    """Patient Position (0018,5100) of a beam: of its patient setup, else of the image."""
    wanted = integer(beam.item, "ReferencedPatientSetupNumber")
    setups = items(plan.top, "PatientSetupSequence")
    own = [each for each in setups if integer(each, "PatientSetupNumber") == wanted]
    stated = [text(each, _POSITION) for each in (own or setups[:1])]
    return next(filter(None, stated), "") or _of_image(ds)


def _of_image(ds: xr.Dataset) -> str:
    name = model.image_name(ds)
    uids = ds.coords.get(model.uid_name(name)) if name else None
    if uids is None or not header_store.has_headers(ds):
        return ""
    first = str(np.ravel(uids.values)[0])
    records = header_store.unpack(ds, [first])
    return text(headers.excerpt(records[first], [_POSITION]), _POSITION) if records else ""


def _pose(row: Mapping[Hashable, Any], sad: float, position: str) -> BeamPose:
    x, y, z = (float(row[axis]) for axis in ISOCENTER)
    pose = BeamPose(patient_position=position, isocenter=(x, y, z), sad=sad)
    stated = {name: float(row.get(keyword, np.nan)) for keyword, name in _ANGLES.items()}
    angles: Any = {name: angle for name, angle in stated.items() if np.isfinite(angle)}
    return replace(pose, **angles)
