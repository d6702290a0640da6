"""Which files of a series make one stack of slices, and in which order.

Real series hold scouts, second orientations, several acquisitions at one place, the same instance
twice, gaps and uneven steps. Each is decided here by a stated rule and reported as a Finding.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydicom.uid import (
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from rtxr.errors import Finding, GeometryError, PixelDecodeError
from rtxr.geometry import FloatArray, slice_normal
from rtxr.read.headers import Header
from rtxr.read.pixels import PixelFile, pixel_file

OnIrregular = Literal["keep", "raise", "resample"]
_LOSSLESS = frozenset(
    {
        HTJ2KLossless,
        HTJ2KLosslessRPCL,
        JPEG2000Lossless,
        JPEGLossless,
        JPEGLosslessSV1,
        JPEGLSLossless,
        RLELossless,
    }
)
#: Slices closer than this along their normal share one position, mm.
SAME_POSITION_MM = 0.01
#: Steps that differ by less than this fraction of the usual one are equal.
_STEP_TOLERANCE = 0.01
#: Slices further beside the line of their stack are told, mm.
_BESIDE_MM = 0.05
_ORIENTATION_TOLERANCE = 1e-3
_SPACING_TOLERANCE = 1e-4
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing")
#: What says where a slice is: numbers that it has.
_PLACE = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6}


@dataclass(frozen=True)
class Slice:
    """One file with what decides its place; see PS3.3 C.7.6.2.

    ``label`` numbers the label of a dynamic series that the file belongs to.
    """

    header: Header
    pixels: PixelFile
    key: str
    position: FloatArray
    orientation: FloatArray
    pixel_spacing: FloatArray
    spacing_keyword: str
    label: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.rows, self.pixels.columns

    @property
    def is_lossless(self) -> bool:
        """Whether the pixels are coded without loss."""
        native = self.header.pixels is not None and not self.header.pixels.encapsulated
        return native or self.header.transfer_syntax in _LOSSLESS


def placed_slices(
    headers: Sequence[Header], labels: Sequence[int] | None = None
) -> tuple[list[Slice], list[Finding]]:
    """Files that have a position, an orientation, a pixel spacing and grey pixels.

    Parameters
    ----------
    headers : sequence of Header
        One per file.
    labels : sequence of int, optional
        The label of each file in a dynamic series.

    Raises
    ------
    GeometryError
        None of them has.
    """
    tried = [
        _placed(header, label)
        for header, label in zip(headers, labels or [0] * len(headers), strict=True)
    ]
    slices = [each for each in tried if isinstance(each, Slice)]
    findings, reasons = [], Counter(each for each in tried if isinstance(each, str))
    imager_spacing = sum(each.spacing_keyword != _SPACINGS[0] for each in slices)
    told = "; ".join(f"{count} file(s) {reason}" for reason, count in reasons.items())
    if not slices:
        told = told or "there are no files"
        raise GeometryError(f"no slice of this series can be placed: {told}")
    if reasons:
        findings.append(Finding("slices-left-out", "warning", f"left out of the stack: {told}"))
    if imager_spacing:
        findings.append(
            Finding(
                "imager-pixel-spacing",
                "warning",
                f"{imager_spacing} file(s) have no usable (0028,0030) PixelSpacing; (0018,1164) "
                "ImagerPixelSpacing was used, which is the spacing at the detector",
            )
        )
    return slices, findings


def _placed(header: Header, label: int) -> Slice | str:
    """A file as a slice, or why it cannot be one."""
    position, orientation = map(header.numbers, _PLACE)
    for keyword, numbers in zip(_PLACE, (position, orientation), strict=True):
        if len(numbers) != _PLACE[keyword] or not _is_finite(numbers):
            return f"without {keyword}"
    keyword = _spacing_keyword(header)
    if not keyword:
        return "without (0028,0030) PixelSpacing of two positive numbers"
    pixels = _grey_pixels(header)
    if isinstance(pixels, str):
        return pixels
    spacing = header.numbers(keyword)
    uid = header.record.uid
    return Slice(header, pixels, uid, position, orientation, spacing, keyword, label)


def _grey_pixels(header: Header) -> PixelFile | str:
    """The pixels of a file, or why they cannot be those of a slice."""
    if header.pixels is None or header.pixels.length == 0:
        return "without (7FE0,0010) PixelData"
    if (header.integer("NumberOfFrames") or 1) > 1:
        return "with several frames (enhanced multi-frame images are not read)"
    if (header.integer("SamplesPerPixel") or 1) > 1:
        return "with colour pixels"
    try:
        return pixel_file(header)
    except PixelDecodeError:
        return "whose (7FE0,0010) PixelData is not as long as its Rows, Columns and bits say"


def _is_finite(numbers: FloatArray) -> bool:
    """Whether all are: quicker for a few than numpy."""
    return all(map(math.isfinite, numbers.tolist()))


def _spacing_keyword(header: Header) -> str:
    """Element with the usable pixel spacing of a file, empty if there is none."""
    for keyword in _SPACINGS:
        numbers = header.numbers(keyword)
        if len(numbers) == 2 and _is_finite(numbers) and min(numbers.tolist()) > 0:
            return keyword
    return ""


def one_stack(
    slices: Sequence[Slice], on_irregular: OnIrregular
) -> tuple[list[Slice], list[Finding]]:
    """Slices of one orientation, size and spacing, each position once, sorted along the normal.

    Parameters
    ----------
    slices : sequence of Slice
        At least one.
    on_irregular : {"keep", "raise", "resample"}
        Whether a series that is not one even stack is read with Findings or refused; whether it
        is to be resampled only changes what a Finding says.

    Raises
    ------
    GeometryError
        The series is not one even stack and ``on_irregular`` is ``"raise"``.
    """
    largest, findings = _largest_group(slices)
    normal = slice_normal(largest[0].orientation)
    largest.sort(key=lambda each: float(each.position @ normal))
    single, more = _one_per_position(largest, normal)
    heights = np.array([each.position @ normal for each in single])
    findings += more + _step_findings(heights, on_irregular) + _line_findings(single, heights)
    refuse(findings, on_irregular)
    return unique_keys(single), findings


def refuse(findings: Sequence[Finding], on_irregular: OnIrregular) -> None:
    """Raise GeometryError where there are findings and the series was to be even."""
    if on_irregular == "raise" and findings:
        raise GeometryError(
            "the series is not one even stack of slices: "
            + "; ".join(finding.message for finding in findings)
            + "; open it with on_irregular='keep' or 'resample', or select what belongs together"
        )


def _largest_group(slices: Sequence[Slice]) -> tuple[list[Slice], list[Finding]]:
    """The most slices that agree in orientation, spacing and size."""
    facts = np.array([[*each.orientation, *each.pixel_spacing, *each.shape] for each in slices])
    tolerance = [_ORIENTATION_TOLERANCE] * 6 + [_SPACING_TOLERANCE] * 2 + [0.0] * 2
    left, groups = np.arange(len(slices)), []
    while len(left):
        same = (np.abs(facts[left] - facts[left[0]]) <= tolerance).all(axis=1)
        same[0] = True  # whatever its numbers are, so that this ends
        groups.append(left[same])
        left = left[~same]
    groups.sort(key=len, reverse=True)
    chosen = [slices[at] for at in groups[0]]
    if len(groups) == 1:
        return chosen, []
    message = (
        f"the series holds {len(groups)} kinds of slices (orientation, size or spacing differ), of "
        f"{', '.join(str(len(group)) for group in groups)} files; the {len(chosen)} of the largest "
        "kind make the image, the others were left out"
    )
    return chosen, [Finding("mixed-series", "warning", message)]


def _one_per_position(
    slices: Sequence[Slice], normal: FloatArray
) -> tuple[list[Slice], list[Finding]]:
    """Of slices at one position: the lossless copy, else the commonest acquisition's."""
    heights = np.array([each.position @ normal for each in slices])
    places = np.split(
        np.arange(len(slices)), np.flatnonzero(np.diff(heights) > SAME_POSITION_MM) + 1
    )
    if len(places) == len(slices):
        return list(slices), []
    acquisitions = Counter(each.header.integer("AcquisitionNumber") for each in slices)
    kept: list[Slice] = []
    findings: list[Finding] = []
    replaced = 0
    for place in places:
        copies = [slices[at] for at in place]
        best = max(
            copies,
            key=lambda each: (
                each.is_lossless,
                acquisitions[each.header.integer("AcquisitionNumber")],
                -(each.header.integer("InstanceNumber") or 0),
            ),
        )
        kept.append(best)
        copies.remove(best)
        twins = [each for each in copies if each.key == best.key]
        findings += [_twin_finding(best, twin) for twin in twins]
        replaced += len(copies) - len(twins)
    if replaced:
        message = (
            f"{replaced} slice(s) lie where another one lies (several acquisitions or phases in "
            "one series?); of each place the losslessly coded slice, then the one of the commonest "
            "(0020,0012) AcquisitionNumber was kept"
        )
        findings.append(Finding("duplicate-position", "warning", message))
    return kept, findings


def _twin_finding(used: Slice, other: Slice) -> Finding:
    coding = "losslessly coded " if used.is_lossless and not other.is_lossless else ""
    message = (
        "two files have one SOPInstanceUID and one position; the "
        f"{coding}one was used: {used.header.record.path}; left out: {other.header.record.path}"
    )
    return Finding("duplicate-sop-instance", "warning", message, used.key, other.header.record.path)


class Steps:
    """Steps between ascending positions.

    Parameters
    ----------
    positions : ndarray, (n,)
        Along the normal of the slices, or along their stack, mm.

    Attributes
    ----------
    sizes : ndarray, (n - 1,)
        Each step, mm.
    usual : float
        The median one; of an even number of steps the lower one; 0 where there is none.
    multiples : ndarray of int, (n - 1,)
        How many usual steps each is, at least 1.
    fit : ndarray of bool, (n - 1,)
        Whether it is that many, to 1 % or 0.01 mm of each.
    """

    def __init__(self, positions: FloatArray) -> None:
        self.sizes: FloatArray = np.diff(positions)
        self.usual = float(np.sort(self.sizes)[(len(self.sizes) - 1) // 2 :][:1].sum())
        tolerance = max(SAME_POSITION_MM, _STEP_TOLERANCE * self.usual)
        count = np.round(self.sizes / self.usual)
        self.multiples: npt.NDArray[np.int64] = np.maximum(count, 1).astype(np.int64)
        off = np.abs(self.sizes - self.multiples * self.usual)
        self.fit: npt.NDArray[np.bool_] = off <= tolerance * self.multiples

    @property
    def are_even(self) -> bool:
        """Whether all steps are the usual one."""
        return len(self.sizes) < 2 or bool((self.fit & (self.multiples == 1)).all())


def _step_findings(heights: FloatArray, on_irregular: OnIrregular) -> list[Finding]:
    """Uneven steps and missing slices, from sorted heights along the normal."""
    steps = Steps(heights)
    if steps.are_even:
        return []
    kept = "" if on_irregular == "resample" else "; every slice keeps its true position"
    message = (
        f"steps between slices run from {steps.sizes.min():.4g} to {steps.sizes.max():.4g} mm "
        f"(usually {steps.usual:.4g}){kept}"
    )
    findings = [Finding("irregular-spacing", "warning", message)]
    if steps.fit.all():
        missing = f"{int((steps.multiples - 1).sum())} slice(s) seem to be missing: "
        missing += f"{int((steps.multiples > 1).sum())} step(s) are a multiple of the usual one"
        findings.append(Finding("missing-slices", "warning", missing))
    return findings


def _line_findings(slices: Sequence[Slice], heights: FloatArray) -> list[Finding]:
    """Slices beside the straight line on which the stack is read, first to last."""
    at = np.array([each.position for each in slices])
    share = (heights - heights[0]) / ((heights[-1] - heights[0]) or 1.0)
    off = np.linalg.norm(at - at[0] - share[:, None] * (at[-1] - at[0]), axis=1)
    if off.max() < _BESIDE_MM:
        return []
    message = (
        f"{int((off >= _BESIDE_MM).sum())} slice(s) lie up to {off.max():.2f} mm beside the "
        "straight line from the first to the last; they are read as lying on it"
    )
    return [Finding("slices-off-line", "warning", message)]


def unique_keys(slices: Sequence[Slice]) -> list[Slice]:
    """Keys made unique: of one SOPInstanceUID at several places, later ones get ``#2``, ``#3``."""
    seen: Counter[str] = Counter()
    named = []
    for each in slices:
        seen[each.key] += 1
        number = seen[each.key]
        named.append(each if number == 1 else replace(each, key=f"{each.key}#{number}"))
    return named
