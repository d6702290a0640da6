"""What opens together: one image series, one structure set, one plan and its doses.

Every plan makes a case; so does every structure set without a plan, every group of doses without
a plan and every image stack that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from rtxr.catalog import (
    DOSE_RANKS,
    IMAGE_KINDS,
    Case,
    describe,
    kinds,
    sop_class_name,
    unused_duplicates,
)
from rtxr.catalog_links import Links, link
from rtxr.catalog_stacks import Stack, image_stacks
from rtxr.errors import Finding


@dataclass(frozen=True, eq=False)
class Catalog:
    """The cases of a table and what was noticed while they were put together.

    Parameters
    ----------
    cases : tuple of Case
        In the order of patients and studies, labelled from ``"1"``.
    findings : tuple of Finding
        Those of all cases too, each once.
    """

    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]


@dataclass
class _Draft:
    """A case by row positions and stack number."""

    stack: int | None = None
    structure_set: int | None = None
    plan: int | None = None
    doses: list[int] = field(default_factory=list)
    rt_images: list[int] = field(default_factory=list)

    def objects(self) -> list[int]:
        """Positions of what is not an image slice."""
        single = [at for at in (self.structure_set, self.plan) if at is not None]
        return [*single, *self.doses, *self.rt_images]


def find_cases(table: pd.DataFrame) -> Catalog:
    """Cases of a table.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.build_table`; any selection of its rows.

    Returns
    -------
    Catalog
        Its findings have the codes ``duplicate-sop-instance``, ``not-opened``,
        ``modality-contradicts-sop-class``, ``no-pixel-data``, ``slices-set-aside``,
        ``several-images-at-one-position``, ``unresolved-reference``, ``patient-mismatch``,
        ``linked-by-series``, ``linked-by-frame-of-reference``, ``linked-through-dose``,
        ``ambiguous-link``, ``several-frames-of-reference``, ``image-chosen``, ``dose-chosen``,
        ``dose-not-plan-total``, ``frame-of-reference-mismatch``.
    """
    kind_of = kinds(table).tolist()
    unused, duplicates = unused_duplicates(table)
    skip = set(unused)
    used = [at for at in range(len(table)) if at not in skip]
    images = [at for at in used if kind_of[at] in IMAGE_KINDS]
    stacks = image_stacks(table, kind_of, images)
    links = link(table, kind_of, used, stacks)
    drafts = _drafts(table, kind_of, used, stacks, links)
    by_uid = {finding.uid: finding for finding in duplicates if finding.severity != "info"}
    cases = [
        _case(table, str(number), draft, stacks, links, by_uid)
        for number, draft in enumerate(drafts, start=1)
    ]
    in_case = {at for draft in drafts for at in draft.rt_images}
    left = [
        at for at in used if kind_of[at] == "" or (kind_of[at] == "RTIMAGE" and at not in in_case)
    ]
    findings = [
        *duplicates,
        *_not_opened(table, left),
        *_contradictions(table, kind_of),
        *(finding for noted in links.findings.values() for finding in noted),
        *(finding for case in cases for finding in case.findings),
    ]
    return Catalog(tuple(cases), tuple(dict.fromkeys(findings)))


# --- which objects make a case -------------------------------------------------------------------
def _drafts(
    table: pd.DataFrame,
    kind_of: Sequence[str],
    used: Sequence[int],
    stacks: Sequence[Stack],
    links: Links,
) -> list[_Draft]:
    of_kind: dict[str, list[int]] = {}
    for at in used:
        of_kind.setdefault(kind_of[at], []).append(at)
    plans = {
        at: _Draft(links.stack_of.get(at), links.structure_set_of.get(at), at)
        for at in of_kind.get("RTPLAN", [])
    }
    planless: list[int] = []
    for at in of_kind.get("RTDOSE", []):
        for plan in links.plans_of[at]:
            plans[plan].doses.append(at)
        if not links.plans_of[at]:
            planless.append(at)
    for at in of_kind.get("RTIMAGE", []):
        for plan in links.plans_of[at]:
            plans[plan].rt_images.append(at)
    drafts = [*plans.values(), *_without_plan(table, planless, links)]
    taken = {draft.structure_set for draft in drafts}
    drafts += [
        _Draft(links.stack_of.get(at), at) for at in of_kind.get("RTSTRUCT", []) if at not in taken
    ]
    shown = {draft.stack for draft in drafts}
    drafts += [_Draft(number) for number in range(len(stacks)) if number not in shown]
    order = _order(table, stacks)
    return sorted(drafts, key=order)


def _without_plan(table: pd.DataFrame, doses: Sequence[int], links: Links) -> list[_Draft]:
    """Cases of doses without a plan: those of one absent plan, structure set and frame together."""
    groups: dict[Hashable, _Draft] = {}
    for at in doses:
        row = table.iloc[at]
        structure_set, stack = links.structure_set_of.get(at), links.stack_of.get(at)
        frame = row["FrameOfReferenceUID"] or at
        key = (row["PatientID"], row["ReferencedRTPlanSequence"], structure_set, stack, frame)
        groups.setdefault(key, _Draft(stack, structure_set)).doses.append(at)
    return list(groups.values())


def _order(table: pd.DataFrame, stacks: Sequence[Stack]) -> Any:
    """Sort key of drafts: patient, study, then plans before structure sets before the rest."""
    patients, dates = table["PatientID"].tolist(), table["StudyDate"].tolist()
    studies = table["StudyInstanceUID"].tolist()

    def key(draft: _Draft) -> tuple[Any, ...]:
        first = stacks[draft.stack].positions[0] if draft.stack is not None else draft.objects()[0]
        rank = (draft.plan is None, draft.structure_set is None, not draft.doses)
        lead = draft.objects()[0] if draft.objects() else first
        return patients[first], dates[first], studies[first], *rank, lead

    return key


# --- a case and its findings ---------------------------------------------------------------------
def _case(
    table: pd.DataFrame,
    label: str,
    draft: _Draft,
    stacks: Sequence[Stack],
    links: Links,
    duplicates: dict[str, Finding],
) -> Case:
    stack = None if draft.stack is None else stacks[draft.stack]
    image = None if stack is None else table.iloc[list(stack.positions)]
    rows = {at: table.iloc[at] for at in draft.objects()}
    doses = sorted((rows[at] for at in draft.doses), key=_dose_rank)
    uids = [] if image is None else image["SOPInstanceUID"].tolist()
    uids += [row["SOPInstanceUID"] for row in rows.values()]
    findings = [
        *(duplicates[uid] for uid in uids if uid in duplicates),
        *(stack.findings if stack else ()),
        *(finding for at in rows for finding in links.findings.get(at, [])),
        *_without_pixels(image, doses),
        *_other_frames(image, list(rows.values())),
        *_dose_choice(doses),
    ]
    return Case(
        label=label,
        image=image,
        structure_set=None if draft.structure_set is None else rows[draft.structure_set],
        plan=None if draft.plan is None else rows[draft.plan],
        doses=tuple(doses),
        rt_images=table.iloc[draft.rt_images],
        findings=tuple(findings),
    )


def _dose_rank(row: pd.Series[Any]) -> tuple[Any, ...]:
    number = row["InstanceNumber"]
    return (
        not row["has_pixel_data"],
        DOSE_RANKS.get(row["DoseSummationType"], len(DOSE_RANKS)),
        float("inf") if number is pd.NA else number,
    )


def _dose_choice(doses: Sequence[pd.Series[Any]]) -> list[Finding]:
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


def _without_pixels(image: pd.DataFrame | None, doses: Iterable[pd.Series[Any]]) -> list[Finding]:
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


def _other_frames(image: pd.DataFrame | None, rows: Sequence[pd.Series[Any]]) -> list[Finding]:
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
def _not_opened(table: pd.DataFrame, left: Sequence[int]) -> list[Finding]:
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


def _contradictions(table: pd.DataFrame, kind_of: Sequence[str]) -> list[Finding]:
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
