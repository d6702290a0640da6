"""Findings about cases and about what is left beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from rtxr.catalog.table import describe, sop_class_name
from rtxr.errors import Finding


def dose_choice(doses: Sequence[pd.Series[Any]]) -> list[Finding]:
    """Which of several doses comes first, and whether it is the total of the plan."""
    if not doses:
        return []
    best = doses[0]
    kind, uid, path = best["DoseSummationType"], best["SOPInstanceUID"], best["path"]
    element = describe("DoseSummationType")
    findings = []
    if len(doses) > 1:
        message = f"of {len(doses)} doses of this case this {kind or 'untyped'} one comes first"
        findings.append(Finding("dose-chosen", "info", message, uid, path))
    if kind != "PLAN":
        message = (
            f"no dose of this case is the total of its plan: {element} of the first is {kind!r}"
        )
        findings.append(Finding("dose-not-plan-total", "warning", message, uid, path))
    return findings


def without_pixels(image: pd.DataFrame | None, doses: Iterable[pd.Series[Any]]) -> list[Finding]:
    """Slices and doses of a case that are headers only."""
    message = "(7FE0,0010) PixelData is missing or empty"
    findings = [
        Finding("no-pixel-data", "error", message, row["SOPInstanceUID"], row["path"])
        for row in doses
        if not row["has_pixel_data"]
    ]
    if image is not None and not image["has_pixel_data"].all():
        row = image[~image["has_pixel_data"]].iloc[0]
        count = int((~image["has_pixel_data"]).sum())
        message = f"{count} of {len(image)} slices: {message}"
        findings.append(
            Finding("no-pixel-data", "error", message, row["SeriesInstanceUID"], row["path"])
        )
    return findings


def other_frames(image: pd.DataFrame | None, rows: Sequence[pd.Series[Any]]) -> list[Finding]:
    """Objects linked by UID whose frame of reference is not that of the first of the case."""
    first = rows[0] if image is None else image.iloc[0]
    base = _frames(first)
    findings = []
    for row in rows:
        frames = _frames(row)
        if base and frames and not base & frames:
            message = (
                f"this {row['Modality']} object is linked by UID but its "
                f"{describe('FrameOfReferenceUID')} is not that of the {first['Modality']} object; "
                "positions may not fit"
            )
            uid, path = row["SOPInstanceUID"], row["path"]
            findings.append(Finding("frame-of-reference-mismatch", "warning", message, uid, path))
    return findings


def _frames(row: pd.Series[Any]) -> set[str]:
    return {row["FrameOfReferenceUID"], *row["referenced_frames_of_reference"]} - {""}


# --- what is left ---------------------------------------------------------------------------------
def not_opened(table: pd.DataFrame, left: Sequence[int]) -> list[Finding]:
    """Objects that do not become arrays, a Finding per series and SOP class."""
    groups: dict[tuple[str, str], list[int]] = {}
    series, classes = table["SeriesInstanceUID"].tolist(), table["SOPClassUID"].tolist()
    for at in left:
        groups.setdefault((series[at], classes[at]), []).append(at)
    findings = []
    for (uid, sop_class), positions in groups.items():
        message = (
            f"{len(positions)} {sop_class_name(sop_class)} object(s): listed, not opened as arrays"
        )
        path = table["path"].iloc[positions[0]]
        findings.append(Finding("not-opened", "info", message, uid, path))
    return findings


def contradictions(table: pd.DataFrame, kind_of: Sequence[str]) -> list[Finding]:
    """Series whose Modality is not that of their SOP class; the class is believed."""
    kind = pd.Series(kind_of, index=table.index, dtype="object")
    wrong = table[(kind != "") & (kind != table["Modality"])]
    element = describe("Modality")
    return [
        Finding(
            "modality-contradicts-sop-class",
            "warning",
            f"{len(rows)} {sop_class_name(str(sop_class))} object(s) with {element} {modality!r}; "
            "the SOP class is believed",
            str(series),
            rows["path"].iloc[0],
        )
        for (series, sop_class, modality), rows in wrong.groupby(
            ["SeriesInstanceUID", "SOPClassUID", "Modality"], sort=False
        )
    ]
