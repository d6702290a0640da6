"""Pixels and grids: how many bytes there are, what a sample is, where frames lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rtxr.errors import Violation
from rtxr.geometry import are_directions
from rtxr.validation.opened import Opened

#: IOD > attribute of the pixels > values that its module allows (PS3.3 C.8).
ALLOWED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "CT Image": {
        "SamplesPerPixel": ("1",),
        "PhotometricInterpretation": ("MONOCHROME1", "MONOCHROME2"),
        "BitsAllocated": ("16",),
        "BitsStored": ("12", "13", "14", "15", "16"),
    },
    "MR Image": {
        "SamplesPerPixel": ("1",),
        "PhotometricInterpretation": ("MONOCHROME1", "MONOCHROME2"),
        "BitsAllocated": ("16",),
    },
    "Positron Emission Tomography Image": {
        "SamplesPerPixel": ("1",),
        "PhotometricInterpretation": ("MONOCHROME2",),
        "BitsAllocated": ("16",),
    },
    "RT Dose": {
        "SamplesPerPixel": ("1",),
        "PhotometricInterpretation": ("MONOCHROME2",),
        "BitsAllocated": ("16", "32"),
    },
    "RT Image": {
        "SamplesPerPixel": ("1",),
        "PhotometricInterpretation": ("MONOCHROME2",),
        "BitsAllocated": ("8", "16"),
        "PixelRepresentation": ("0",),
    },
}
#: A dose may be points or curves only.
_DOSE = "RT Dose"
_FRAME_OFFSETS, _SAME_Z_MM = 0x3004000C, 1e-3
#: Samples stored of each pixel where chrominance is shared.
_SHARED = {"YBR_FULL_422": 2.0, "YBR_PARTIAL_422": 2.0}


def check(opened: Opened) -> Iterator[Violation]:
    """What is wrong with the pixels of an object, and with where they are."""
    yield from _length(opened)
    yield from _bits(opened)
    yield from _allowed(opened)
    yield from _plane(opened)
    yield from _frames(opened)


def _length(opened: Opened) -> Iterator[Violation]:
    subject, pixels = opened.subject, opened.pixels
    if pixels is None:
        if subject.iod_name in ALLOWED and (subject.iod_name != _DOSE or opened.text("Rows")):
            message = "is not there, and an image (a dose with Rows) has it"
            fix = "get the complete file"
            yield subject.violation("no-pixel-data", "error", "PixelData", message, fix)
        return
    expected = _expected(opened)
    if pixels.encapsulated or expected is None:
        return
    if pixels.length != expected + expected % 2:
        message = (
            f"has {pixels.length} bytes, and Rows x Columns x frames x samples x bits are "
            f"{expected}"
        )
        fix = "get the complete file, or correct the description of the pixels"
        yield subject.violation("pixel-length", "error", "PixelData", message, fix)


def _expected(opened: Opened) -> int | None:
    """Bytes of native pixels; None where they are not described."""
    names = ("Rows", "Columns", "BitsAllocated")
    sizes = [opened.number(name, np.nan) for name in names]
    if not np.isfinite(sizes).all():
        return None
    samples = opened.number("SamplesPerPixel", 1)
    samples = _SHARED.get(opened.text("PhotometricInterpretation"), samples)
    frames = opened.number("NumberOfFrames", 1)
    return int(np.ceil(np.prod(sizes) * samples * frames / 8))


def _bits(opened: Opened) -> Iterator[Violation]:
    allocated, stored, high = (
        opened.number(name, np.nan) for name in ("BitsAllocated", "BitsStored", "HighBit")
    )
    if stored > allocated:
        message = f"is {stored:g}, more than the {allocated:g} of (0028,0100) BitsAllocated"
        yield _pixel_flaw(opened, "BitsStored", message)
    if high != stored - 1 and np.isfinite([high, stored]).all():
        message = f"is {high:g}, and (0028,0101) BitsStored is {stored:g}"
        yield _pixel_flaw(opened, "HighBit", message)
    if opened.subject.iod_name == _DOSE and allocated > stored:
        message = f"is {stored:g}, and a dose uses all {allocated:g} bits (PS3.3 C.8.8.3)"
        yield _pixel_flaw(opened, "BitsStored", message)


def _allowed(opened: Opened) -> Iterator[Violation]:
    for keyword, allowed in ALLOWED.get(opened.subject.iod_name, {}).items():
        said = opened.text(keyword)
        if said and said not in allowed:
            message = f"is none of what {opened.subject.iod_name} allows: {', '.join(allowed)}"
            yield _pixel_flaw(opened, keyword, message)


def _pixel_flaw(opened: Opened, keyword: str, message: str) -> Violation:
    fix = "write the pixels anew as the IOD asks, or correct their description"
    return opened.subject.violation("pixel-description", "error", keyword, message, fix)


def _plane(opened: Opened) -> Iterator[Violation]:
    """Direction cosines and spacing."""
    cosines = opened.numbers("ImageOrientationPatient")
    if len(cosines) == 6 and not are_directions(cosines):
        yield opened.subject.violation(
            "direction-cosines",
            "error",
            "ImageOrientationPatient",
            "holds no two directions of unit length at a right angle",
            "write the true directions of rows and columns",
        )
    for keyword in ("PixelSpacing", "ImagePlanePixelSpacing"):
        if any(not number > 0 for number in opened.numbers(keyword)):
            yield opened.subject.violation(
                "bad-value", "error", keyword, "is not above 0", "write the true spacing, mm"
            )


def _frames(opened: Opened) -> Iterator[Violation]:
    """Frame offsets of a dose (PS3.3 C.8.8.3.2)."""
    if opened.subject.iod_name != _DOSE:
        return
    offsets = opened.numbers("GridFrameOffsetVector")
    frames = opened.number("NumberOfFrames", 1)
    pointer = opened.numbers("FrameIncrementPointer")
    if frames > 1 and pointer and pointer[0] != _FRAME_OFFSETS:
        yield opened.subject.violation(
            "frame-offsets",
            "error",
            "FrameIncrementPointer",
            "does not point to (3004,000C) GridFrameOffsetVector",
            "write (3004,000C)",
        )
    position = opened.numbers("ImagePositionPatient")
    starts = (0, *position[2:3])
    if offsets and min(abs(offsets[0] - start) for start in starts) > _SAME_Z_MM:
        yield opened.subject.violation(
            "frame-offsets",
            "error",
            "GridFrameOffsetVector",
            "begins neither with 0 nor with the z of (0020,0032) ImagePositionPatient",
            "write offsets from the first frame, which begin with 0",
        )
