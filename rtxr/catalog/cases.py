"""What opens together: one image series, one structure set, one plan, its doses and RT Images.

Every plan makes a case; so does every structure set without a plan, every group of doses or of RT
Images without a plan and every image stack that nothing refers to.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import pandas as pd

from rtxr.catalog import noted
from rtxr.catalog.doses import dose_choice, dose_order
from rtxr.catalog.duplicates import unused_duplicates
from rtxr.catalog.dynamic import Leading
from rtxr.catalog.links import Links, link
from rtxr.catalog.lookup import Lookup, Record
from rtxr.catalog.stacks import Stack, image_stacks
from rtxr.catalog.table import IMAGE_KINDS, kinds
from rtxr.errors import Finding


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
        Rows of the RT Images of the plan, or of those without one; may be empty. They are in the
        order of their series, and by Instance Number there.
    findings : tuple of Finding
        Decisions and oddities that concern this case.
    leading : tuple of Leading
        Leading dimensions of a dynamic image series; the rows of ``image`` then come label by
        label, each along the normal of the slices.
    kind : str
        What the image is opened as, ``"CT"``, ``"MR"`` or ``"PT"``: by its SOP class, which
        Modality may contradict; ``""`` without image.
    """

    label: str
    image: pd.DataFrame | None
    structure_set: pd.Series[Any] | None
    plan: pd.Series[Any] | None
    doses: tuple[pd.Series[Any], ...]
    rt_images: pd.DataFrame
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    leading: tuple[Leading, ...] = ()
    kind: str = ""

    @property
    def lead(self) -> pd.Series[Any]:
        """Row that says whose the case is: the first slice, else the first object."""
        if self.image is not None:
            return self.image.iloc[0]
        return self.objects[0] if self.objects else self.rt_images.iloc[0]

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
        With the findings that docs/findings.md lists under "Objects, series and cases".
    """
    kind_of = kinds(table).tolist()
    unused, duplicates = unused_duplicates(table)
    skip = set(unused)
    used = [at for at in range(len(table)) if at not in skip]
    images = [at for at in used if kind_of[at] in IMAGE_KINDS]
    stacks = image_stacks(table, kind_of, images)
    lookup = Lookup(table, kind_of, used, stacks)
    links = link(lookup)
    drafts = _drafts(table, lookup, links)
    maker = _CaseMaker(table, lookup, links, drafts, duplicates)
    cases = [maker.case(str(number), draft) for number, draft in enumerate(drafts, start=1)]
    left = [at for at in used if kind_of[at] == ""]
    findings = [
        *duplicates,
        *noted.not_opened(table, left),
        *noted.contradictions(table, kind_of),
        *noted.without_study(table),
        *noted.kinds_by_modality(table, kind_of),
        *(finding for each in links.findings.values() for finding in each),
        *(finding for case in cases for finding in case.findings),
    ]
    return Catalog(tuple(cases), tuple(dict.fromkeys(findings)))


# --- which objects make a case -------------------------------------------------------------------
def _drafts(table: pd.DataFrame, lookup: Lookup, links: Links) -> list[_Draft]:
    plans = {
        at: _Draft(links.stack_of.get(at), links.structure_set_of.get(at), at)
        for at in lookup.of_kind("RTPLAN")
    }
    planless: list[int] = []
    for at in lookup.of_kind("RTDOSE"):
        for plan in links.plans_of[at]:
            plans[plan].doses.append(at)
        if not links.plans_of[at]:
            planless.append(at)
    flat: dict[Hashable, _Draft] = {}
    for at in sorted(lookup.of_kind("RTIMAGE"), key=_image_order(lookup)):
        for plan in links.plans_of[at]:
            plans[plan].rt_images.append(at)
        if not links.plans_of[at]:  # those of one patient, and of one absent plan, are together
            row = lookup.rows[at]
            key = (row["PatientID"], row["ReferencedRTPlanSequence"])
            flat.setdefault(key, _Draft()).rt_images.append(at)
    drafts = [*plans.values(), *_without_plan(lookup, planless, links), *flat.values()]
    taken = {(draft.structure_set, draft.stack) for draft in drafts}
    with_plan_or_dose = {draft.structure_set for draft in drafts}
    for at in lookup.of_kind("RTSTRUCT"):
        stacks = links.stacks_of(at)
        drafts += [_Draft(stack, at) for stack in stacks if (at, stack) not in taken]
        if not stacks and at not in with_plan_or_dose:
            drafts.append(_Draft(None, at))
    shown = {draft.stack for draft in drafts}
    drafts += [_Draft(number) for number in range(len(lookup.stacks)) if number not in shown]
    return sorted(drafts, key=_order(table, lookup.stacks))


def _image_order(lookup: Lookup) -> Callable[[int], tuple[int, float, int]]:
    """Sort key of RT Images: series as they come, in each by Instance Number (0020,0013)."""
    series: dict[Hashable, int] = {}
    for at in lookup.of_kind("RTIMAGE"):
        series.setdefault(lookup.rows[at]["SeriesInstanceUID"], len(series))

    def key(at: int) -> tuple[int, float, int]:
        row = lookup.rows[at]
        number = row["InstanceNumber"]
        return series[row["SeriesInstanceUID"]], inf if pd.isna(number) else int(number), at

    return key


def _without_plan(lookup: Lookup, doses: Sequence[int], links: Links) -> list[_Draft]:
    """Cases of doses without a plan: those of one absent plan, structure set and frame together."""
    groups: dict[Hashable, _Draft] = {}
    for at in doses:
        row = lookup.rows[at]
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
class _CaseMaker:
    """Makes cases of drafts; takes rows from the table once for all of them, which is faster."""

    def __init__(
        self,
        table: pd.DataFrame,
        lookup: Lookup,
        links: Links,
        drafts: Iterable[_Draft],
        duplicates: Iterable[Finding],
    ) -> None:
        stacks = lookup.stacks
        self.table, self.lookup, self.stacks, self.links = table, lookup, stacks, links
        self.records = lookup.rows
        self.differing = {each.uid: each for each in duplicates if each.severity != "info"}
        self.uids = table["SOPInstanceUID"].tolist()
        self.has_pixels = table["has_pixel_data"].tolist()
        self.nothing = table.iloc[:0]
        self.slices = table.iloc[[at for stack in stacks for at in stack.positions]]
        counts = [len(stack.positions) for stack in stacks]
        self.ends = list(itertools.accumulate(counts, initial=0))
        self.of_series = noted.series(table, stacks)
        self.rows = _series(table, list({at for draft in drafts for at in draft.objects()}))

    def case(self, label: str, draft: _Draft) -> Case:
        doses = sorted(draft.doses, key=lambda at: dose_order(self.records[at]))
        return Case(
            label=label,
            image=None if draft.stack is None else self._image(draft.stack),
            structure_set=None if draft.structure_set is None else self.rows[draft.structure_set],
            plan=None if draft.plan is None else self.rows[draft.plan],
            doses=tuple(self.rows[at] for at in doses),
            rt_images=self.table.iloc[draft.rt_images] if draft.rt_images else self.nothing,
            findings=tuple(self._findings(draft, doses)),
            leading=() if draft.stack is None else self.stacks[draft.stack].leading,
            kind="" if draft.stack is None else self.stacks[draft.stack].kind,
        )

    def _image(self, number: int) -> pd.DataFrame:
        return self.slices.iloc[self.ends[number] : self.ends[number + 1]]

    def _findings(self, draft: _Draft, doses: Sequence[int]) -> list[Finding]:
        stack = None if draft.stack is None else self.stacks[draft.stack]
        objects = draft.objects()
        placed = [self.records[at] for at in objects if at not in draft.rt_images]
        uids = (self.uids[at] for at in (*(stack.positions if stack else ()), *objects))
        return [
            *(self.differing[uid] for uid in uids if uid in self.differing),
            *(stack.findings if stack else ()),
            *(() if draft.stack is None else self.of_series[draft.stack]),
            *(finding for at in objects for finding in self.links.findings.get(at, ())),
            *noted.doses_without_pixels([self.records[at] for at in doses]),
            *(self._slices_without_pixels(stack) if stack else ()),
            *noted.other_frames(self._first(draft), placed),
            *dose_choice([self.records[at] for at in doses]),
        ]

    def _slices_without_pixels(self, stack: Stack) -> list[Finding]:
        lacking = [at for at in stack.positions if not self.has_pixels[at]]
        paths = [self.table["path"].iloc[at] for at in lacking[:1]]
        return [
            noted.slices_without_pixels(len(lacking), len(stack.positions), stack.series, path)
            for path in paths
        ]

    def _first(self, draft: _Draft) -> Record:
        """The slice or object that the frames of reference of a case are compared with."""
        if draft.stack is None:
            return self.records[draft.objects()[0]]
        return self.lookup.stack_rows[draft.stack]


def _series(table: pd.DataFrame, positions: Sequence[int]) -> dict[int, pd.Series[Any]]:
    """Some rows of a table."""
    values = table.iloc[list(positions)].to_numpy(dtype=object)
    return {
        at: pd.Series(row, index=table.columns, name=table.index[at])
        for at, row in zip(positions, values, strict=True)
    }
