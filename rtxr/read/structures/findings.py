"""What is odd about a structure set, ROI by ROI.

Messages about one ROI begin with ``ROI <number> (<label>)``, which
:func:`rtxr.read.structures.tables.structures` looks for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from rtxr.errors import Finding, Severity
from rtxr.read.structures.contour_items import RawContours
from rtxr.read.structures.contours import STANDARD_TYPES, Nodes, Roi, geometric_type, is_known


def of_roi(number: int, label: str) -> str:
    """How a message about one ROI begins."""
    return f"ROI {number} ({label!r})"


def number_findings(repeated: int, unknown: int) -> list[Finding]:
    """Findings about items that share a ROI Number, or observe a ROI that there is not."""
    found = []
    if repeated:
        message = (
            f"{repeated} item(s) of StructureSetROISequence repeat a ROINumber; the first counts"
        )
        found.append(Finding("roi-duplicate-number", "warning", message))
    if unknown:
        message = (
            f"{unknown} item(s) of (3006,0080) RTROIObservationsSequence are about ROIs that the "
            "structure set does not have"
        )
        found.append(Finding("observation-without-roi", "info", message))
    return found


def roi_findings(
    rois: Sequence[Roi],
    raw: RawContours,
    frame_of_reference_uid: str,
    left_out: frozenset[int] = frozenset(),
) -> list[Finding]:
    """Findings about ROIs as wholes: no contours, shared names, other frames of reference."""
    drawn = Counter(raw.roi_numbers)
    findings = []
    for roi in rois:
        prefix = of_roi(roi.number, roi.label)
        if not drawn[roi.number]:
            findings.append(Finding("roi-without-contours", "info", f"{prefix} has no contours"))
        if roi.name and roi.label != roi.name:
            message = f"{prefix}: another ROI has the same ROIName; the label was made unique"
            findings.append(Finding("roi-duplicate-name", "info", message))
        if not roi.name:
            message = f"{prefix} has no (3006,0026) ROIName, or no item in StructureSetROISequence"
            findings.append(Finding("roi-without-name", "info", message))
        other = roi.frame_of_reference_uid
        if frame_of_reference_uid and other and other != frame_of_reference_uid:
            outcome = (
                "its contours belong on another image and are left out"
                if roi.number in left_out
                else "it was kept as it is and may be in another place"
            )
            message = (
                f"{prefix} is drawn in another frame of reference ({other}) than the image; "
                f"{outcome}"
            )
            findings.append(Finding("roi-frame-of-reference", "warning", message))
    if drawn[None]:
        message = (
            f"{drawn[None]} contour(s) say no (3006,0084) ReferencedROINumber and were left out"
        )
        findings.append(Finding("contours-without-roi", "warning", message))
    return findings


def contour_findings(rois: Sequence[Roi], raw: RawContours, nodes: Nodes) -> list[Finding]:
    """Findings about contours, one per ROI and kind."""
    counts = nodes.counts.tolist()
    kinds = [geometric_type(*each) for each in zip(raw.types, counts, strict=True)]
    tests: tuple[tuple[str, Severity, str, Callable[[int], bool]], ...] = (
        (
            "contour-empty",
            "info",
            "have no (3006,0050) ContourData",
            lambda key: counts[key] == 0 and not nodes.unreadable[key],
        ),
        (
            "contour-not-triples",
            "warning",
            "have a (3006,0050) ContourData that is no multiple of three; the rest was left out",
            lambda key: bool(nodes.partial[key]),
        ),
        (
            "contour-unreadable",
            "warning",
            "have points in (3006,0050) ContourData that are no numbers; those were left out",
            lambda key: bool(nodes.unreadable[key]),
        ),
        (
            "contour-point-count",
            "info",
            "state another (3006,0046) NumberOfContourPoints than they have; the points count",
            lambda key: raw.stated_counts[key] not in {None, counts[key]},
        ),
        (
            "contour-type",
            "info",
            "have no (3006,0042) ContourGeometricType of the Standard, and are taken as {kinds}",
            lambda key: raw.types[key] not in STANDARD_TYPES and is_known(kinds[key]),
        ),
        (
            "contour-type",
            "warning",
            "have an unknown (3006,0042) ContourGeometricType ({kinds}) and enclose nothing",
            lambda key: not is_known(kinds[key]),
        ),
        (
            "contour-too-short",
            "warning",
            "are closed and have fewer than three points; they enclose nothing",
            lambda key: kinds[key].startswith("CLOSED") and 0 < counts[key] < 3,
        ),
        (
            "contour-open",
            "info",
            "are open lines or points and enclose nothing",
            lambda key: kinds[key].startswith("OPEN"),
        ),
    )
    keys_of: dict[int | None, list[int]] = defaultdict(list)
    for key, number in enumerate(raw.roi_numbers):
        keys_of[number].append(key)
    findings = []
    for roi in rois:
        keys = keys_of.get(roi.number, [])
        for code, severity, told, test in tests:
            met = [key for key in keys if test(key)]
            if met:
                taken = ", ".join(sorted({kinds[key] for key in met}))
                text = told.replace("{kinds}", taken)
                message = f"{of_roi(roi.number, roi.label)}: {len(met)} contour(s) {text}"
                findings.append(Finding(code, severity, message))
    return findings + _reference_findings(raw)


def _reference_findings(raw: RawContours) -> list[Finding]:
    lacking = int(np.sum([not uid for uid in raw.image_uids]))
    if not lacking:
        return []
    message = (
        f"{lacking} of {len(raw.image_uids)} contours name no image ((3006,0016) "
        "ContourImageSequence); positions alone say where they are"
    )
    return [Finding("contour-images-missing", "info", message)]
