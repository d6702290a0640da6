"""RT Dose IOD (PS3.3 A.18): its tables, and where the frames of a dose grid are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTDoseStorage

from rtxr.errors import GeometryError
from rtxr.geometry import FloatArray, offsets_are_patient_z, slice_normal
from rtxr.iod import conditions
from rtxr.iod.build import DELETE
from rtxr.iod.ct_image import IDENTITY_RULES, POSITION_TOLERANCE_MM, plane_values
from rtxr.iod.encoding.raw import has_value, numbers_of
from rtxr.iod.modules import image, patient, rt, series
from rtxr.iod.rules import given
from rtxr.iod.tables import COMPUTED, IOD, ModuleUse, constant, default, register_iod

GRID_FRAME_OFFSET_VECTOR = Tag("GridFrameOffsetVector")
#: Frames further than this from the normal through the first one make no dose grid, mm.
_OFF_NORMAL_MM = 0.01
_OF_FRAMES = ("NumberOfFrames", "FrameIncrementPointer", "GridFrameOffsetVector")
_WITH_GRID = "dose data contains grid-based doses"
#: Kinds of a dose, by Dose Summation Type, that are of some beams, and of some fractions of a plan.
OF_BEAMS = ("BEAM", "BEAM_SESSION", "CONTROL_POINT")
OF_FRACTIONS = (*OF_BEAMS, "FRACTION", "FRACTION_SESSION", "BRACHY", "BRACHY_SESSION")
#: Those that belong to a plan.
OF_PLAN = (
    "PLAN",
    "MULTI_PLAN",
    "PLAN_OVERVIEW",
    "FRACTION",
    "BEAM",
    "BRACHY",
    "FRACTION_SESSION",
    "BEAM_SESSION",
    "BRACHY_SESSION",
    "CONTROL_POINT",
)

_GROUPS = "ReferencedRTPlanSequence.ReferencedFractionGroupSequence"


def _kind_is(*kinds: str) -> conditions.OfRoot:
    """The dose is of one of these kinds, which an item in it cannot know."""
    return conditions.OfRoot(conditions.equals("DoseSummationType", *kinds))


#: Modules that come before the object in every RT IOD.
RT_PATIENT_TO_SERIES = (
    ModuleUse(patient.PATIENT, "M"),
    ModuleUse(patient.CLINICAL_TRIAL_SUBJECT, "U"),
    ModuleUse(patient.GENERAL_STUDY, "M"),
    ModuleUse(patient.PATIENT_STUDY, "U"),
    ModuleUse(patient.CLINICAL_TRIAL_STUDY, "U"),
    ModuleUse(series.RT_SERIES, "M"),
    ModuleUse(series.CLINICAL_TRIAL_SERIES, "U"),
)

RT_DOSE = register_iod(
    "RTDOSE",
    IOD(
        name="RT Dose",
        sop_class_uid=str(RTDoseStorage),
        modality="RTDOSE",
        section="A.18.3",
        modules=(
            *RT_PATIENT_TO_SERIES,
            ModuleUse(series.FRAME_OF_REFERENCE, "M"),
            ModuleUse(series.GENERAL_EQUIPMENT, "M"),
            ModuleUse(image.GENERAL_IMAGE, "C", _WITH_GRID, conditions.has_pixels),
            ModuleUse(image.IMAGE_PLANE, "C", _WITH_GRID, conditions.has_pixels),
            ModuleUse(image.IMAGE_PIXEL, "C", _WITH_GRID, conditions.has_pixels),
            ModuleUse(
                image.MULTI_FRAME,
                "C",
                "dose data contains grid-based doses in several frames",
                conditions.is_multi_frame,
            ),
            ModuleUse(rt.RT_DOSE, "M"),
            ModuleUse(rt.RT_DVH, "U", when=conditions.present("DVHSequence")),
            ModuleUse(series.SOP_COMMON, "M"),
            ModuleUse(series.COMMON_INSTANCE_REFERENCE, "U"),
            ModuleUse(
                image.FRAME_EXTRACTION, "C", "the object was extracted from one with more frames"
            ),
        ),
        rules={
            **IDENTITY_RULES,
            "SOPClassUID": constant(str(RTDoseStorage)),
            "Modality": constant("RTDOSE"),
            "SamplesPerPixel": constant(1),
            "PhotometricInterpretation": constant("MONOCHROME2"),
            "DoseUnits": default("GY"),
            "DoseType": default("PHYSICAL"),
            "DoseSummationType": default("PLAN"),
            "FrameIncrementPointer": constant(GRID_FRAME_OFFSET_VECTOR),
            "ReferencedRTPlanSequence": given(
                "ds.rt.add_plan() makes a plan for it, which needs no beams; or name one that is "
                'elsewhere: ds.assign_coords(plan_uid="1.2...")'
            ),
            _GROUPS: given(
                "say of which beams, or of which fraction group, the dose is before the plan is "
                "added: its attribute ReferencedBeamNumber, or ReferencedFractionGroupNumber"
            ),
            **dict.fromkeys(
                (
                    "ImageOrientationPatient",
                    "ImagePositionPatient",
                    "PixelSpacing",
                    "SliceThickness",
                    "NumberOfFrames",
                    "GridFrameOffsetVector",
                    "Rows",
                    "Columns",
                    "BitsAllocated",
                    "BitsStored",
                    "HighBit",
                    "PixelRepresentation",
                    "PixelData",
                    "DoseGridScaling",
                ),
                COMPUTED,
            ),
        },
        conditions={
            **conditions.COMMON,
            "DoseGridScaling": conditions.has_pixels,
            "GridFrameOffsetVector": conditions.is_multi_frame,
            "ReferencedRTPlanSequence": conditions.equals("DoseSummationType", *OF_PLAN),
            _GROUPS: _kind_is(*OF_FRACTIONS),
            f"{_GROUPS}.ReferencedBeamSequence": _kind_is(*OF_BEAMS),
            f"{_GROUPS}.ReferencedBeamSequence.ReferencedControlPointSequence": _kind_is(
                "CONTROL_POINT"
            ),
            f"{_GROUPS}.ReferencedBrachyApplicationSetupSequence": _kind_is(
                "BRACHY", "BRACHY_SESSION"
            ),
            "ReferencedSpatialRegistrationSequence": conditions.valued("SpatialTransformOfDose"),
            "PatientOrientation": conditions.absent("ImageOrientationPatient"),
        },
    ),
)


def grid_values(
    positions: npt.ArrayLike,
    orientation: npt.ArrayLike,
    pixel_spacing: Sequence[float],
    shape: tuple[int, int],
    header: Dataset | None = None,
) -> dict[str, Any]:
    """Image Plane, Multi-frame and offset values of a dose grid, where they differ from a header's.

    Parameters
    ----------
    positions : array_like, (frames, 3)
        Centre of the first voxel of each frame as stored, patient LPS mm.
    orientation : array_like, (6,)
        Row cosine, column cosine.
    pixel_spacing : (float, float)
        Row spacing, column spacing, mm.
    shape : (int, int)
        Rows, columns.
    header : pydicom.Dataset or None
        Its text stays where its numbers are these. New offsets are of its kind: patient z where
        its own are (PS3.3 C.8.8.3.2), else relative to the first frame.

    Returns
    -------
    dict
        By keyword; of one frame, what the header says of several is to be removed.

    Raises
    ------
    GeometryError
        The frames are not stacked along their normal, so that no offsets can tell where they are.
    """
    at = np.atleast_2d(np.asarray(positions, np.float64))
    distances = _distances(at, slice_normal(orientation))
    values = plane_values(at[0], orientation, pixel_spacing, header)
    for keyword, size in zip(("Rows", "Columns"), shape, strict=True):
        if numbers_of(header, keyword) != [size]:
            values[keyword] = int(size)
    values |= _frames(at, distances, header)
    thickness = _thickness(distances)
    stated = numbers_of(header, "SliceThickness")
    if thickness is not None and (header is None or _is_stale(stated, thickness, header)):
        values["SliceThickness"] = thickness
    return values


def _distances(positions: FloatArray, normal: FloatArray) -> FloatArray:
    """Signed distance of each frame from the first along the normal, mm."""
    steps = positions - positions[0]
    distances: FloatArray = steps @ normal
    off = float(np.linalg.norm(steps - distances[:, None] * normal, axis=1).max())
    if off > _OFF_NORMAL_MM:
        raise GeometryError(
            f"the frames of a dose grid must be stacked along their normal (PS3.3 C.8.8.3.2); "
            f"here one is {off:.2f} mm off: resample the dose first"
        )
    return distances


def _frames(positions: FloatArray, distances: FloatArray, header: Dataset | None) -> dict[str, Any]:
    """Number of Frames and their offsets, where those of the header are others."""
    count = len(distances)
    stated = numbers_of(header, "NumberOfFrames")
    stored = np.asarray(numbers_of(header, "GridFrameOffsetVector"), np.float64)
    if count == 1:  # a plane says nothing of frames: offsets are two or more (PS3.6)
        if header is None or (len(stored) < 2 and stated[:1] <= [1]):
            return {}
        return {each: DELETE for each in _OF_FRAMES if each in header}
    values: dict[str, Any] = {}
    if stated != [count]:
        values["NumberOfFrames"] = count
        if header is None or not has_value(header, "FrameIncrementPointer"):
            values["FrameIncrementPointer"] = GRID_FRAME_OFFSET_VECTOR
    absolute = has_patient_z(header)
    # An absolute z of 0 would be read as a distance (PS3.3 C.8.8.3.2 a).
    wanted = positions[:, 2] if absolute and positions[0, 2] != 0 else distances
    there = stored if absolute else stored - stored[:1]
    if there.shape != wanted.shape or (np.abs(there - wanted) > POSITION_TOLERANCE_MM).any():
        values["GridFrameOffsetVector"] = wanted.tolist()
    return values


def has_patient_z(header: Dataset | None) -> bool:
    """Whether the frame offsets of a header are patient z (PS3.3 C.8.8.3.2 b)."""
    orientation = numbers_of(header, "ImageOrientationPatient")
    position = numbers_of(header, "ImagePositionPatient")
    offsets = numbers_of(header, "GridFrameOffsetVector")
    return len(orientation) == 6 and offsets_are_patient_z(offsets, position, orientation)


def _thickness(distances: FloatArray) -> float | None:
    """Distance of evenly spaced frames, mm."""
    steps = np.abs(np.diff(distances))
    even = len(steps) and float(np.ptp(steps)) <= POSITION_TOLERANCE_MM
    return float(abs(distances[-1]) / len(steps)) if even else None


def _is_stale(stated: Sequence[float], thickness: float, header: Dataset) -> bool:
    """Whether the header's thickness was its frame distance and is not any more."""
    offsets = np.asarray(numbers_of(header, "GridFrameOffsetVector"), np.float64)
    if len(stated) != 1 or len(offsets) < 2:
        return False
    was = float(np.abs(np.diff(offsets)).mean())
    return abs(stated[0] - was) <= 1e-3 and abs(thickness - was) > 1e-3
