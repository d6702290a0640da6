"""Which object belongs to which: dose > plan > structure set > image series.

References by UID come first. What they leave open is decided by Frame of Reference UID within one
patient, and every such decision is a Finding. Where several objects would do equally well, an
image is chosen (the patient coordinates are the same); a structure set or plan is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from rtxr.catalog.stacks import Stack
from rtxr.catalog.table import IMAGE_KINDS, KINDS, describe
from rtxr.errors import Finding, Severity

K = TypeVar("K", bound=Hashable)

_NAMES = {"RTSTRUCT": "structure set", "RTPLAN": "plan", "RTDOSE": "dose", "RTIMAGE": "RT image"}
_FRAME = describe("FrameOfReferenceUID")


@dataclass(frozen=True)
class Links:
    """What belongs to what, by row positions in the table and numbers of stacks.

    Parameters
    ----------
    stack_of : dict
        Structure sets, plans and doses > number of the image stack.
    structure_set_of : dict
        Plans and doses > structure set.
    plans_of : dict
        Doses and RT images > plans.
    findings : dict
        Objects > what was found about their references.
    """

    stack_of: dict[int, int] = field(default_factory=dict)
    structure_set_of: dict[int, int] = field(default_factory=dict)
    plans_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    findings: dict[int, list[Finding]] = field(default_factory=dict)


def link(
    table: pd.DataFrame, kinds: Sequence[str], used: Sequence[int], stacks: Sequence[Stack]
) -> Links:
    """Links between the objects of a table.

    Parameters
    ----------
    table : DataFrame
        As from :func:`rtxr.catalog.table.build_table`.
    kinds : sequence of str
        Kind of each row.
    used : sequence of int
        Row positions, each object once.
    stacks : sequence of Stack
        From :func:`rtxr.catalog.stacks.image_stacks`.
    """
    linker = _Linker(table, kinds, used, stacks)
    for position in linker.of_kind("RTSTRUCT"):
        linker.structure_set(position)
    for position in linker.of_kind("RTDOSE"):
        linker.named_by_dose(position)
    for position in linker.of_kind("RTPLAN"):
        linker.plan(position)
    with_dose = {plan for plans in linker.links.plans_of.values() for plan in plans}
    for position in linker.of_kind("RTDOSE"):
        linker.dose(position, with_dose)
    for position in linker.of_kind("RTIMAGE"):
        plans = linker.named(position, "ReferencedRTPlanSequence", "RTPLAN")
        linker.links.plans_of[position] = tuple(plans)
    return linker.links


class _Linker:
    """Looks up objects of a table and notes what it decides."""

    def __init__(
        self,
        table: pd.DataFrame,
        kinds: Sequence[str],
        used: Sequence[int],
        stacks: Sequence[Stack],
    ) -> None:
        uids = table["SOPInstanceUID"].tolist()
        rt_objects = [at for at in used if kinds[at] in _NAMES]
        self.kinds, self.stacks = kinds, stacks
        self.rows = _records(table, rt_objects)
        self.stack_rows = list(_records(table, [stack.positions[0] for stack in stacks]).values())
        self.by_uid = {uids[at]: at for at in rt_objects if uids[at]}
        self.stack_by_uid = {
            uids[at]: number for number, stack in enumerate(stacks) for at in stack.positions
        }
        self.image_uids = {uids[at] for at in used if kinds[at] in IMAGE_KINDS}
        self.stacks_of_series = _grouped(range(len(stacks)), lambda n: stacks[n].series)
        self.stacks_of_patient = _grouped(
            range(len(stacks)), lambda n: self.stack_rows[n]["PatientID"]
        )
        self.of_patient = _grouped(rt_objects, lambda at: (kinds[at], self.rows[at]["PatientID"]))
        self.links = Links()

    def of_kind(self, kind: str) -> list[int]:
        return [at for at in self.rows if self.kinds[at] == kind]

    def note(self, at: int, code: str, message: str, severity: Severity = "warning") -> None:
        row = self.rows[at]
        text = f"this {_NAMES[self.kinds[at]]} {message}"
        finding = Finding(code, severity, text, row["SOPInstanceUID"], row["path"])
        self.links.findings.setdefault(at, []).append(finding)

    # --- by UID -------------------------------------------------------------------------------
    def named(self, at: int, column: str, kind: str) -> list[int]:
        """Objects that one names in a sequence."""
        uids, name, element = self.rows[at][column], _NAMES[kind], describe(column)
        known = [self.by_uid[uid] for uid in uids if uid in self.by_uid]
        known = [other for other in known if self.kinds[other] == kind]
        if len(known) < len(uids):
            count = (
                f"{len(uids) - len(known)} of {len(uids)} {name}s" if len(uids) > 1 else f"a {name}"
            )
            message = f"names {count} in {element} that this index does not hold"
            self.note(at, "unresolved-reference", message)
        return [other for other in known if self._trusted(at, other, element)]

    def _trusted(self, at: int, other: int, element: str) -> bool:
        """Whether a reference holds: across patients only within one frame of reference."""
        row, other_row = self.rows[at], self.rows[other]
        if _same_patient(row, other_row):
            return True
        shared = bool(_frames(row) & _frames(other_row))
        outcome = "linked, since they share" if shared else "not linked, since they do not share"
        message = f"names in {element} an object of another PatientID; {outcome} a {_FRAME}"
        self.note(at, "patient-mismatch", message)
        return shared

    def structure_set(self, at: int) -> None:
        """Image stack of a structure set."""
        row = self.rows[at]
        uids = row["referenced_images"]
        if missing := sum(uid not in self.image_uids for uid in uids):
            element = describe("ContourImageSequence")
            message = f"names {len(uids)} images in {element}; {missing} are not in this index"
            self.note(at, "unresolved-reference", message)
        if len(frames := row["referenced_frames_of_reference"]) > 1:
            message = f"names {len(frames)} frames of reference ({', '.join(frames)})"
            self.note(at, "several-frames-of-reference", message, "info")
        hits = Counter(self.stack_by_uid[uid] for uid in uids if uid in self.stack_by_uid)
        near = [number for number, _ in hits.most_common() if self._related(row, number)]
        if near:
            self.links.stack_of[at] = near[0]
            if len(near) > 1:
                message = f"names slices of {len(near)} image stacks; linked to the one with most"
                self.note(at, "image-chosen", message, "info")
            return
        series = [
            number
            for uid in row["referenced_series"]
            for number in self.stacks_of_series.get(uid, [])
            if self._related(row, number)
        ]
        if series:
            self.links.stack_of[at] = self._chosen(at, series)
            element = describe("RTReferencedSeriesSequence")
            message = f"is linked to its image series by {element}, not by the images it names"
            self.note(at, "linked-by-series", message, "info")
        else:
            self.stack_by_frame(at)

    def _related(self, row: Mapping[str, Any], number: int) -> bool:
        other = self.stack_rows[number]
        return _same_patient(row, other) or bool(_frames(row) & _frames(other))

    # --- by frame of reference ------------------------------------------------------------------
    def stack_by_frame(self, at: int) -> None:
        """Image stack in the frame of reference of an object."""
        row = self.rows[at]
        near = [
            number
            for number in self.stacks_of_patient.get(row["PatientID"], [])
            if _frames(row) & _frames(self.stack_rows[number])
        ]
        if near:
            number = self._chosen(at, near)
            self.links.stack_of[at] = number
            message = f"is linked to image series {self.stacks[number].series} by {_FRAME} only"
            self.note(at, "linked-by-frame-of-reference", message)

    def _chosen(self, at: int, numbers: list[int]) -> int:
        """One of several stacks: of the class, study and size it names, else the largest."""
        row = self.rows[at]
        named = {KINDS.get(uid) for uid in row["referenced_image_classes"]}
        study, count = row["StudyInstanceUID"], len(row["referenced_images"])
        for fits in (
            lambda n: self.stacks[n].kind in named,
            lambda n: self.stack_rows[n]["StudyInstanceUID"] == study,
            lambda n: len(self.stacks[n].positions) == count,
        ):
            numbers = [n for n in numbers if fits(n)] or numbers
        best = max(
            numbers, key=lambda n: (self.stacks[n].kind == "CT", len(self.stacks[n].positions))
        )
        if len(numbers) > 1:
            others = ", ".join(self.stacks[n].series for n in numbers if n != best)
            message = f"fits {len(numbers)} image stacks; linked to the largest, not to {others}"
            self.note(at, "image-chosen", message)
        return best

    def _only_one(self, at: int, kind: str) -> int | None:
        """The one object of a kind in the frame of reference (and study) of another."""
        row, name = self.rows[at], _NAMES[kind]
        near = [
            other
            for other in self.of_patient.get((kind, row["PatientID"]), [])
            if _frames(row) & _frames(self.rows[other])
        ]
        study = row["StudyInstanceUID"]
        near = [n for n in near if self.rows[n]["StudyInstanceUID"] == study] or near
        if len(near) > 1:
            uids = ", ".join(self.rows[n]["SOPInstanceUID"] for n in near)
            message = f"names none of the {len(near)} {name}s in its {_FRAME} ({uids}); not linked"
            self.note(at, "ambiguous-link", message)
        return near[0] if len(near) == 1 else None

    def _note_frame(self, at: int, other: int) -> None:
        uid, name = self.rows[other]["SOPInstanceUID"], _NAMES[self.kinds[other]]
        self.note(at, "linked-by-frame-of-reference", f"is linked to {name} {uid} by {_FRAME} only")

    # --- plan and dose --------------------------------------------------------------------------
    def plan(self, at: int) -> None:
        """Structure set (or image) of a plan, once the doses are linked by UID."""
        links = self.links
        named = self.named(at, "ReferencedStructureSetSequence", "RTSTRUCT")
        if named:
            links.structure_set_of[at] = named[0]
        elif len(through := self._named_by_doses_of(at)) == 1:
            links.structure_set_of[at] = through.pop()
            self.note(
                at, "linked-through-dose", "is linked to the structure set its dose names", "info"
            )
        elif (only := self._only_one(at, "RTSTRUCT")) is not None:
            links.structure_set_of[at] = only
            self._note_frame(at, only)
        self._stack_through(at)

    def _named_by_doses_of(self, plan: int) -> set[int]:
        """Structure sets that the doses of a plan name."""
        links = self.links
        return {
            links.structure_set_of[dose]
            for dose in self.of_kind("RTDOSE")
            if plan in links.plans_of[dose] and dose in links.structure_set_of
        }

    def named_by_dose(self, at: int) -> None:
        """What a dose names by UID."""
        self.links.plans_of[at] = tuple(self.named(at, "ReferencedRTPlanSequence", "RTPLAN"))
        named = self.named(at, "ReferencedStructureSetSequence", "RTSTRUCT")
        if named:
            self.links.structure_set_of[at] = named[0]

    def dose(self, at: int, with_dose: set[int]) -> None:
        """Plan, structure set and image of a dose, as far as it did not name them."""
        links = self.links
        if not links.plans_of[at] and (plan := self._only_one(at, "RTPLAN")) is not None:
            if plan in with_dose:
                uid = self.rows[plan]["SOPInstanceUID"]
                message = (
                    f"names no plan; plan {uid} in its frame has a dose of its own; not linked"
                )
                self.note(at, "ambiguous-link", message)
            else:
                links.plans_of[at] = (plan,)
                self._note_frame(at, plan)
        if links.plans_of[at]:
            return
        if at not in links.structure_set_of:
            only = self._only_one(at, "RTSTRUCT")
            if only is not None:
                links.structure_set_of[at] = only
                self._note_frame(at, only)
        self._stack_through(at)

    def _stack_through(self, at: int) -> None:
        """Image of a plan or dose: that of its structure set, else the one in its frame."""
        structure_set = self.links.structure_set_of.get(at)
        if structure_set is None:
            self.stack_by_frame(at)
        elif structure_set in self.links.stack_of:
            self.links.stack_of[at] = self.links.stack_of[structure_set]


def _grouped(numbers: Iterable[int], key: Callable[[int], K]) -> dict[K, list[int]]:
    groups: dict[K, list[int]] = {}
    for number in numbers:
        groups.setdefault(key(number), []).append(number)
    return groups


def _records(table: pd.DataFrame, positions: Sequence[int]) -> dict[int, dict[Any, Any]]:
    return dict(zip(positions, table.iloc[list(positions)].to_dict("records"), strict=True))


def _frames(row: Mapping[Any, Any]) -> set[str]:
    """Frame of Reference UIDs that an object stands in."""
    return {row["FrameOfReferenceUID"], *row["referenced_frames_of_reference"]} - {""}


def _same_patient(row: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Whether nothing speaks against one patient."""
    ids = {row["PatientID"], other["PatientID"]}
    return len(ids) == 1 or "" in ids
