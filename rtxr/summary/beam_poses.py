"""How machine, couch and patient stand at the control points of a beam."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rtxr import header_store, model
from rtxr.geometry.beam_frames import BeamPose
from rtxr.read import headers
from rtxr.read.item_values import integer, items, numbers, text
from rtxr.read.plans.control_points import Points
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
        One of its beams.

    Returns
    -------
    list of BeamPose
        ``patient_position`` is empty where nothing says it. What the plan does not say of an angle
        is 0, of the source-axis distance 1000 mm; an isocentre that it does not say is NaN. The
        distance of an ion beam is the mean of its two virtual ones.
    """
    points = Points(beam.points)
    distances = numbers(beam.item, "SourceAxisDistance")
    if not len(distances):
        distances = numbers(beam.item, "VirtualSourceAxisDistances")
    sad = float(distances.mean()) if len(distances) else _USUAL_SAD_MM
    position = patient_position(ds, plan, beam)
    angles = {
        name: np.nan_to_num(points.numbers[keyword]).tolist()
        for keyword, name in _ANGLES.items()
        if keyword in points.numbers
    }
    return [
        BeamPose(
            patient_position=position,
            isocenter=tuple(place),
            sad=sad,
            **{name: values[at] for name, values in angles.items()},
        )
        for at, place in enumerate(points.isocenters.tolist())
    ]


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
