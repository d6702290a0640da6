"""What opens together: one image series, one structure set, one plan and its doses.

Every plan makes a case; so does every structure set without a plan, every group of doses without
a plan and every image stack that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from rtxr.catalog import noted
from rtxr.catalog.duplicates import unused_duplicates
from rtxr.catalog.links import Links, link
from rtxr.catalog.stacks import Stack, image_stacks
from rtxr.catalog.table import IMAGE_KINDS, kinds
from rtxr.errors import Finding

#: Best dose of a plan first (PS3.3 C.8.8.3); types that are not named here come last.
DOSE_RANKS: Mapping[str, int] = {
    name: rank
    for rank, name in enumerate(
        (
            *("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "FRACTION", "FRACTION_SESSION", "BEAM"),
            *("BEAM_SESSION", "BRACHY", "BRACHY_SESSION", "CONTROL_POINT", "RECORD"),
        )
    )
}


@dataclass(frozen=True, eq=False)
class Case:
    """Objects that are opened together as one Dataset.

    Parameters
    ----------
    label : str
        Number of the case in its index, from ``"1"``.
    image : DataFrame or None
        Rows of the slices of one image series, each file once.
    structure_set, plan : Series or None
        A row of the table.
    doses : tuple of Series
        Rows, best first: PLAN, MULTI_PLAN, FRACTION, BEAM, ...
    rt_images : DataFrame
        Rows of the RT Images of the plan; may be empty.
    findings : tuple of Finding
        Decisions and oddities that concern this case.
    """

    label: str
    image: pd.DataFrame | None
    structure_set: pd.Series[Any] | None
    plan: pd.Series[Any] | None
    doses: tuple[pd.Series[Any], ...]
    rt_images: pd.DataFrame
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @property
    def objects(self) -> list[pd.Series[Any]]:
        """Rows of the structure set, the plan and the doses."""
        single = [row for row in (self.structure_set, self.plan) if row is not None]
        return [*single, *self.doses]

    @property
    def paths(self) -> list[str]:
        """Files of everything the case holds."""
        image = [] if self.image is None else self.image["path"].tolist()
        return [*image, *(row["path"] for row in self.objects), *self.rt_images["path"]]


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
        As from :func:`rtxr.catalog.table.build_table`; any selection of its rows.

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
        *noted.not_opened(table, left),
        *noted.contradictions(table, kind_of),
        *(finding for each in links.findings.values() for finding in each),
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
    portal = set(draft.rt_images)  # these have frames of their own
    doses = sorted((rows[at] for at in draft.doses), key=_dose_rank)
    uids = [] if image is None else image["SOPInstanceUID"].tolist()
    uids += [row["SOPInstanceUID"] for row in rows.values()]
    findings = [
        *(duplicates[uid] for uid in uids if uid in duplicates),
        *(stack.findings if stack else ()),
        *(finding for at in rows for finding in links.findings.get(at, [])),
        *noted.without_pixels(image, doses),
        *noted.other_frames(image, [rows[at] for at in draft.objects() if at not in portal]),
        *noted.dose_choice(doses),
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
