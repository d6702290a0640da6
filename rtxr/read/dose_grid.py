"""Where the frames of an RT Dose are: offsets, positions and grid (PS3.3 C.8.8.3.2)."""

from __future__ import annotations

import numpy as np

from rtxr.errors import Finding, GeometryError
from rtxr.geometry import (
    FloatArray,
    Grid,
    Layout,
    as_decimals,
    offsets_are_patient_z,
    slice_normal,
    stack_grid,
)
from rtxr.read.directions import direction_findings
from rtxr.read.headers import Header
from rtxr.read.pixels import PixelFile


def dose_grid(
    header: Header, file: PixelFile, prefix: str
) -> tuple[Grid, Layout, int, list[Finding]]:
    """Grid of a dose, how its frames are presented, and how many frames it has.

    Raises
    ------
    GeometryError
        Position, orientation or spacing are missing, or the frames are in no order.
    """
    position = _vector(header, "ImagePositionPatient", "(0020,0032)", 3)
    orientation = _vector(header, "ImageOrientationPatient", "(0020,0037)", 6)
    spacing = _vector(header, "PixelSpacing", "(0028,0030)", 2)
    offsets, findings = frame_offsets(header, _frames_held(file))
    positions, more = frame_positions(position, orientation, offsets)
    try:
        grid, layout = stack_grid(
            positions,
            orientation.tolist(),
            spacing.tolist(),
            (file.rows, file.columns),
            prefix=prefix,
            frame_of_reference_uid=header.text("FrameOfReferenceUID"),
        )
    except GeometryError as error:
        raise GeometryError(f"{header.record.path}: {error}") from error
    findings += direction_findings(orientation) + more
    return grid, layout, len(offsets), findings


def _vector(header: Header, keyword: str, tag: str, size: int) -> FloatArray:
    numbers = header.numbers(keyword)
    if len(numbers) != size or not np.isfinite(numbers).all():
        raise GeometryError(
            f"{header.record.path}: {tag} {keyword} must hold {size} numbers and holds "
            f"{np.isfinite(numbers).sum()}; the dose cannot be placed in the patient"
        )
    return numbers


def _frames_held(file: PixelFile) -> int:
    """Frames that PixelData holds; as NumberOfFrames says where they are compressed."""
    if file.span.encapsulated:
        return file.frames
    return max(file.span.length // file.frame_bytes, 1)


def frame_offsets(header: Header, held: int) -> tuple[FloatArray, list[Finding]]:
    """Grid Frame Offset Vector (3004,000C) of the frames that can be read.

    Parameters
    ----------
    header : Header
        Of the dose.
    held : int
        Frames that PixelData holds.

    Returns
    -------
    offsets : ndarray, (frames,)
        As stored; 0 for a single frame without any; multiples of SliceThickness where the vector
        is missing.
    findings : list of Finding
        Counts that disagree, a missing vector.

    Raises
    ------
    GeometryError
        Several frames and neither offsets nor a slice thickness.
    """
    offsets = header.numbers("GridFrameOffsetVector")
    if not np.isfinite(offsets).all():
        raise GeometryError(
            f"{header.record.path}: (3004,000C) GridFrameOffsetVector holds values that are no "
            "numbers; the frames cannot be placed"
        )
    stated = header.integer("NumberOfFrames") or max(len(offsets), 1)
    findings = []
    if len(offsets) == 0 and stated > 1:
        thickness = header.number("SliceThickness")
        if not thickness:
            raise GeometryError(
                f"{header.record.path}: {stated} frames and neither (3004,000C) "
                "GridFrameOffsetVector nor (0018,0050) SliceThickness say where they are"
            )
        offsets = thickness * np.arange(stated, dtype=np.float64)
        message = (
            "(3004,000C) GridFrameOffsetVector is missing; frames were placed one (0018,0050) "
            "SliceThickness apart"
        )
        findings.append(Finding("frame-offsets-missing", "warning", message))
    elif len(offsets) == 0:
        offsets = np.zeros(1)
    frames = min(stated, len(offsets), held)
    if not frames == stated == len(offsets):
        message = (
            f"(0028,0008) NumberOfFrames says {stated}, (3004,000C) GridFrameOffsetVector has "
            f"{len(offsets)} values and (7FE0,0010) PixelData holds {held} frame(s); the first "
            f"{frames} were used"
        )
        findings.append(Finding("frame-count-mismatch", "warning", message))
    return offsets[:frames], findings


def frame_positions(
    position: FloatArray, orientation: FloatArray, offsets: FloatArray
) -> tuple[FloatArray, list[Finding]]:
    """Image Position (Patient) of every frame, by PS3.3 C.8.8.3.2.

    Offsets are relative when the first is 0, and patient z when the first equals the z of
    ImagePositionPatient on an axial grid. Anything else is taken relative to its first value.

    Parameters
    ----------
    position : ndarray, (3,)
        Image Position (Patient), mm.
    orientation : ndarray, (6,)
        Image Orientation (Patient).
    offsets : ndarray, (frames,)
        Grid Frame Offset Vector, mm.

    Returns
    -------
    positions : ndarray, (frames, 3)
        Patient LPS, mm.
    findings : list of Finding
        Empty where the vector follows the Standard.
    """
    normal = slice_normal(orientation)
    first = float(offsets[0])
    distances: FloatArray = offsets
    findings = []
    if offsets_are_patient_z(offsets, position, orientation):
        distances = (offsets - position[2]) * float(np.sign(normal[2]))
    elif first != 0:
        distances = offsets - first
        message = (
            "(3004,000C) GridFrameOffsetVector begins neither with 0 nor with the z of (0020,0032) "
            f"ImagePositionPatient but with {first:g}; it was taken relative to its first value"
        )
        findings.append(Finding("frame-offsets-odd", "warning", message))
    return as_decimals(position + distances[:, None] * normal), findings
