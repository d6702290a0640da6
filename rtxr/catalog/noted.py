"""Findings about cases and about what is left beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from rtxr.catalog.lookup import Record, listed
from rtxr.catalog.stacks import Stack
from rtxr.catalog.table import KINDS, sop_class_name
from rtxr.errors import Finding, Severity
from rtxr.keywords import describe

_NO_PIXELS = "(7FE0,0010) PixelData is missing or empty"


def doses_without_pixels(doses: Iterable[Record]) -> list[Finding]:
    """Doses of a case that are headers only."""
    return [
        Finding("no-pixel-data", "error", _NO_PIXELS, row["SOPInstanceUID"], row["path"])
        for row in doses
        if not row["has_pixel_data"]
    ]


def slices_without_pixels(count: int, total: int, series: str, path: str) -> Finding:
    """Slices of a series that are headers only; the path is that of the first."""
    message = f"{count} of {total} slices: {_NO_PIXELS}"
    return Finding("no-pixel-data", "error", message, series, path)


def other_frames(first: Record, rows: Iterable[Record]) -> list[Finding]:
    """Objects linked by UID whose frame of reference is not that of the first of the case."""
    findings = []
    for row in rows:
        if first["frames"] and row["frames"] and not first["frames"] & row["frames"]:
            message = (
                f"this {row['Modality']} object is linked by UID but its "
                f"{describe('FrameOfReferenceUID')} is not that of {first['Modality']} object "
                f"{first['SOPInstanceUID']}; positions may not fit"
            )
            uid, path = row["SOPInstanceUID"], row["path"]
            findings.append(Finding("frame-of-reference-mismatch", "warning", message, uid, path))
    return findings


# --- what a series holds --------------------------------------------------------------------------
def series(table: pd.DataFrame, stacks: Sequence[Stack]) -> list[list[Finding]]:
    """What is odd about each stack as a part of one series: UIDs that are missing or differ."""
    frames, studies = table["FrameOfReferenceUID"].tolist(), table["StudyInstanceUID"].tolist()
    first = [stack.positions[0] for stack in stacks]
    paths, patient_of = table["path"].iloc[first].tolist(), table["PatientID"].iloc[first].tolist()
    patients: dict[str, set[str]] = {}
    for stack, patient in zip(stacks, patient_of, strict=True):
        patients.setdefault(stack.series, set()).add(patient)
    return [
        [
            Finding(code, severity, message, stack.series, path)
            for code, severity, message in _oddities(
                stack.series,
                dict.fromkeys(frames[at] for at in stack.positions if frames[at]),
                dict.fromkeys(studies[at] for at in stack.positions if studies[at]),
                len(patients[stack.series]),
            )
        ]
        for stack, path in zip(stacks, paths, strict=True)
    ]


def _oddities(
    uid: str, frames: Collection[str], studies: Collection[str], patients: int
) -> Iterator[tuple[str, Severity, str]]:
    """Code, severity and message."""
    if not uid:
        message = (
            f"these slices have no {describe('SeriesInstanceUID')}; those of one kind, patient, "
            "study, frame of reference and folder are taken as a series"
        )
        yield ("missing-uid", "warning", message)
    elif patients > 1:
        message = (
            f"slices of {patients} PatientIDs carry this {describe('SeriesInstanceUID')}; those "
            "of each are an image of their own"
        )
        yield ("series-of-several-patients", "warning", message)
    if len(studies) > 1:
        message = (
            f"the slices of this series name {len(studies)} studies in "
            f"{describe('StudyInstanceUID')} ({listed(studies)}); they are taken as one image"
        )
        yield ("series-of-several-studies", "warning", message)
    if len(frames) > 1:
        message = (
            f"the slices of this series name {len(frames)} frames of reference in "
            f"{describe('FrameOfReferenceUID')} ({listed(frames)}); objects in any of them are "
            "linked to the whole series"
        )
        yield ("several-frames-of-reference", "warning", message)


def without_study(table: pd.DataFrame) -> list[Finding]:
    """Objects of each patient that name no study."""
    lacking = table[table["StudyInstanceUID"] == ""]
    consequence = "those of one PatientID are listed as one study"
    return [
        Finding(
            "missing-uid",
            "warning",
            f"{len(rows)} object(s) have no {describe('StudyInstanceUID')}; {consequence}",
            path=rows["path"].iloc[0],
        )
        for _, rows in _groups(lacking, "PatientID")
    ]


# --- what is left ---------------------------------------------------------------------------------
def not_opened(table: pd.DataFrame, left: Sequence[int]) -> list[Finding]:
    """Objects that do not become arrays, a Finding per series and SOP class."""
    groups: dict[tuple[str, str], list[int]] = {}
    series, classes = table["SeriesInstanceUID"].tolist(), table["SOPClassUID"].tolist()
    paths = table["path"].tolist()
    for at in left:
        groups.setdefault((series[at], classes[at]), []).append(at)
    findings = []
    for (uid, sop_class), positions in groups.items():
        message = (
            f"{len(positions)} {sop_class_name(sop_class)} object(s): listed, not opened as arrays"
        )
        findings.append(Finding("not-opened", "info", message, uid, paths[positions[0]]))
    return findings


def contradictions(table: pd.DataFrame, kind_of: Sequence[str]) -> list[Finding]:
    """Series whose Modality is not that of their SOP class; the class is believed."""
    kind = pd.Series(kind_of, index=table.index, dtype="object")
    wrong = table[(kind != "") & (table["Modality"] != "") & (kind != table["Modality"])]
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
        for (series, sop_class, modality), rows in _groups(
            wrong, "SeriesInstanceUID", "SOPClassUID", "Modality"
        )
    ]


def kinds_by_modality(table: pd.DataFrame, kind_of: Sequence[str]) -> list[Finding]:
    """Series whose SOP class is missing or a vendor's own, and which Modality tells the kind of."""
    kind = pd.Series(kind_of, index=table.index, dtype="object")
    told = table[(kind != "") & ~table["SOPClassUID"].isin(KINDS)]
    return [
        Finding(
            "kind-by-modality",
            "info",
            f"{len(rows)} {sop_class_name(str(sop_class))} object(s) are taken as {modality} by "
            f"{describe('Modality')}",
            str(series),
            rows["path"].iloc[0],
        )
        for (series, sop_class, modality), rows in _groups(
            told, "SeriesInstanceUID", "SOPClassUID", "Modality"
        )
    ]


def _groups(rows: pd.DataFrame, *columns: str) -> Iterable[tuple[Any, pd.DataFrame]]:
    """Rows by what some columns say; mostly there are none, which pandas is slow to see."""
    return rows.groupby(list(columns), sort=False) if len(rows) else ()
