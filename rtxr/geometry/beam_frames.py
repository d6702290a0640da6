"""Where a beam looks from and to: patient, machine, gantry, beam limiting device.

The systems are those of IEC 61217, as PS3.3 C.8.8.14 and C.8.8.25.6 use them. All are right-handed,
in mm. The isocentre is the origin of ``"fixed"`` and of ``"gantry"``; the radiation source is the
origin of ``"device"`` and at z = SAD of ``"gantry"``.

- ``"patient"``: DICOM patient coordinates, x to the left, y to the back, z to the head
- ``"fixed"``: for one who faces the gantry, x to the right, y to the gantry, z up
- ``"gantry"``: turned about y of fixed; z points to the source. At 90 degrees the source is on the
  right
- ``"device"``: turned about z of gantry, counter-clockwise as seen from the source

Since the plan says which point of the patient is at the isocentre, the couch and its top only turn
the patient about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rtxr.errors import UnknownNameError, did_you_mean
from rtxr.geometry.grid import FloatArray

Frame = Literal["patient", "fixed", "gantry", "device"]

#: What is towards the gantry, and what is up, by the letters of (0018,5100) PatientPosition.
_FIRST: Mapping[str, tuple[int, int, int]] = {
    "HF": (0, 0, 1),
    "FF": (0, 0, -1),
    "LF": (1, 0, 0),
    "RF": (-1, 0, 0),
    "AF": (0, -1, 0),
    "PF": (0, 1, 0),
}
_UP: Mapping[str, tuple[int, int, int]] = {
    "S": (0, -1, 0),
    "P": (0, 1, 0),
    "DR": (1, 0, 0),
    "DL": (-1, 0, 0),
}
#: The terms of PS3.3 C.7.3.1.1.2.
PATIENT_POSITIONS = (
    *("HFP", "HFS", "HFDR", "HFDL", "FFDR", "FFDL", "FFP", "FFS"),
    *("LFP", "LFS", "RFP", "RFS", "AFDR", "AFDL", "PFDR", "PFDL"),
)


@dataclass(frozen=True)
class BeamPose:
    """How machine, couch and patient stand at one control point.

    Parameters
    ----------
    gantry, gantry_pitch : float
        Gantry Angle (300A,011E) and Gantry Pitch Angle (300A,014A), degrees.
    collimator : float
        Beam Limiting Device Angle (300A,0120), degrees.
    couch, eccentric : float
        Patient Support Angle (300A,0122) and Table Top Eccentric Angle (300A,0125), degrees.
    table_pitch, table_roll : float
        Table Top Pitch Angle (300A,0140) and Table Top Roll Angle (300A,0144), degrees.
    patient_position : str
        Patient Position (0018,5100).
    isocenter : (float, float, float)
        Isocenter Position (300A,012C), patient (x, y, z), mm.
    sad : float
        From the source to the isocentre, mm.
    """

    gantry: float = 0.0
    collimator: float = 0.0
    couch: float = 0.0
    eccentric: float = 0.0
    gantry_pitch: float = 0.0
    table_pitch: float = 0.0
    table_roll: float = 0.0
    patient_position: str = "HFS"
    isocenter: tuple[float, float, float] = (0.0, 0.0, 0.0)
    sad: float = 1000.0


def transform(pose: BeamPose, source: Frame, target: Frame) -> FloatArray:
    """Matrix from one system to another.

    Parameters
    ----------
    pose : BeamPose
        Of machine, couch and patient.
    source, target : {"patient", "fixed", "gantry", "device"}
        Systems.

    Returns
    -------
    ndarray, (4, 4)
        Takes (x, y, z, 1) of the one to that of the other, mm; see :func:`apply`.

    Raises
    ------
    UnknownNameError
        No such system, or no such patient position.
    """
    for name in (source, target):
        if name not in _TO_FIXED:
            raise UnknownNameError(f"no system {name!r}; {did_you_mean(name, _TO_FIXED)}")
    to_fixed, from_fixed = _TO_FIXED[source](pose), _inverse(_TO_FIXED[target](pose))
    found: FloatArray = from_fixed @ to_fixed
    return found


def apply(matrix: FloatArray, points: npt.ArrayLike) -> FloatArray:
    """Points, (..., 3), through a matrix, (4, 4)."""
    given = np.asarray(points, dtype=np.float64)
    moved: FloatArray = given @ matrix[:3, :3].T + matrix[:3, 3]
    return moved


def source_position(pose: BeamPose, frame: Frame = "patient") -> FloatArray:
    """Where the radiation source is, (3,), mm."""
    return apply(transform(pose, "device", frame), (0.0, 0.0, 0.0))


def to_isocenter_plane(
    pose: BeamPose, points: npt.ArrayLike, frame: Frame = "patient"
) -> FloatArray:
    """Points as the source sees them on the plane through the isocentre: the beam's-eye view.

    Parameters
    ----------
    pose : BeamPose
        Of machine, couch and patient.
    points : array_like, (..., 3)
        mm.
    frame : str, default: "patient"
        Their system.

    Returns
    -------
    ndarray, (..., 2)
        x and y of the beam limiting device, at SAD, mm: as jaws and leaves are given. NaN for
        what is not in front of the source.
    """
    seen = apply(transform(pose, frame, "device"), points)
    distance = -seen[..., 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance > 0, seen[..., :2] * (pose.sad / distance), np.nan)


def patient_axes(position: str) -> FloatArray:
    """Axes of the patient, seen from the table top: rotation, (3, 3), of DICOM coordinates.

    Parameters
    ----------
    position : str
        Patient Position (0018,5100), one of :data:`PATIENT_POSITIONS`.

    Raises
    ------
    UnknownNameError
        No such position, or one that does not tell how the patient lies (SITTING).
    """
    if position not in PATIENT_POSITIONS:
        raise UnknownNameError(
            f"(0018,5100) PatientPosition {position!r} does not say how the patient lies; "
            f"{did_you_mean(position, PATIENT_POSITIONS)}"
        )
    first, up = np.array(_FIRST[position[:2]]), np.array(_UP[position[2:]])
    return np.array([np.cross(first, up), first, up], dtype=np.float64)


def rotation(axis: Literal["x", "y", "z"], degrees: float) -> FloatArray:
    """Matrix, (3, 3), that turns points about an axis, right-handed."""
    cosine, sine = _exact_cosine(degrees), _exact_cosine(degrees - 90)
    one, other = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    made = np.eye(3)
    made[[one, other], [one, other]] = cosine
    made[other, one], made[one, other] = sine, -sine
    return made


def _exact_cosine(degrees: float) -> float:
    """Cosine, exact at multiples of 90 degrees."""
    quarters, rest = divmod(degrees, 90.0)
    if rest == 0:
        return (1.0, 0.0, -1.0, 0.0)[int(quarters) % 4]
    return float(np.cos(np.radians(degrees)))


def _patient_to_fixed(pose: BeamPose) -> FloatArray:
    table = rotation("x", pose.table_pitch) @ rotation("y", pose.table_roll)  # C.8.8.14.12
    turn = rotation("z", pose.couch) @ rotation("z", pose.eccentric) @ table
    turn = turn @ patient_axes(pose.patient_position)
    return _affine(turn, -turn @ np.asarray(pose.isocenter, dtype=np.float64))


def _gantry_to_fixed(pose: BeamPose) -> FloatArray:
    return _affine(rotation("y", pose.gantry) @ rotation("x", pose.gantry_pitch))


def _device_to_fixed(pose: BeamPose) -> FloatArray:
    device = _affine(rotation("z", pose.collimator), np.array([0.0, 0.0, pose.sad]))
    found: FloatArray = _gantry_to_fixed(pose) @ device
    return found


def _affine(turn: FloatArray, shift: FloatArray | None = None) -> FloatArray:
    made = np.eye(4)
    made[:3, :3] = turn
    if shift is not None:
        made[:3, 3] = shift
    return made


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a rotation and a shift."""
    back = matrix[:3, :3].T
    return _affine(back, -back @ matrix[:3, 3])


_TO_FIXED: Mapping[str, Callable[[BeamPose], FloatArray]] = {
    "patient": _patient_to_fixed,
    "fixed": lambda _: np.eye(4),
    "gantry": _gantry_to_fixed,
    "device": _device_to_fixed,
}
