"""Which object belongs to which: dose > plan > structure set > image series.

References by UID come first. What they leave open is decided by Frame of Reference UID within one
patient, and every such decision is a Finding. Where several objects would do equally well, an
image is chosen (the patient coordinates are the same); a structure set or plan is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from rtxr.catalog.lookup import NOUNS, Lookup, Record, in_order, listed, same_patient
from rtxr.catalog.table import KINDS
from rtxr.errors import Finding, Severity
from rtxr.keywords import describe

_FRAME = describe("FrameOfReferenceUID")
_PLANS, _STRUCTURES = "ReferencedRTPlanSequence", "ReferencedStructureSetSequence"


#: A stack, why it and no other was chosen ("" if it is the only one), and how sure that is.
_Choice = tuple[int, str, Severity]


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
    other_stacks_of : dict
        Structure sets > stacks in the further frames of reference that they name, one of each.
    findings : dict
        Objects > what was found about their references.
    """

    stack_of: dict[int, int] = field(default_factory=dict)
    structure_set_of: dict[int, int] = field(default_factory=dict)
    plans_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    other_stacks_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    findings: dict[int, list[Finding]] = field(default_factory=dict)

    def stacks_of(self, structure_set: int | None) -> tuple[int, ...]:
        """Stacks of a structure set, one of each frame of reference; may be none."""
        if structure_set is None or structure_set not in self.stack_of:
            return ()
        return self.stack_of[structure_set], *self.other_stacks_of.get(structure_set, ())


def link(lookup: Lookup) -> Links:
    """Links between the objects that a table holds."""
    linker = _Linker(lookup)
    of_kind = lookup.of_kind
    for position in of_kind("RTSTRUCT"):
        linker.structure_set(position)
    for position in of_kind("RTDOSE"):
        linker.named_by_dose(position)
    for position in of_kind("RTPLAN"):
        linker.plan(position)
    for position in of_kind("RTDOSE"):
        linker.dose(position)
    for position in of_kind("RTIMAGE"):
        linker.rt_image(position)
    return linker.links


class _Linker:
    """Decides what belongs together and notes each decision."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup, self.rows = lookup, lookup.rows
        self.links = Links()
        self.doses_of: dict[int, list[int]] = {}  # plan > doses that name it by UID
        self._choices: dict[Hashable, list[_Choice]] = {}

    def note(self, at: int, code: str, message: str, severity: Severity = "warning") -> None:
        row = self.rows[at]
        text = f"this {NOUNS[self.lookup.kinds[at]]} {message}"
        finding = Finding(code, severity, text, row["SOPInstanceUID"], row["path"])
        self.links.findings.setdefault(at, []).append(finding)

    def uid(self, at: int) -> str:
        return str(self.rows[at]["SOPInstanceUID"])

    # --- by UID -------------------------------------------------------------------------------
    def named(self, at: int, column: str, kind: str) -> list[int]:
        """Objects that one names in a sequence."""
        by_uid, kinds = self.lookup.by_uid, self.lookup.kinds
        uids, noun, element = self.rows[at][column], NOUNS[kind], describe(column)
        if absent := [uid for uid in uids if uid not in by_uid]:
            message = f"names {noun} {listed(absent)} in {element}, not in this index"
            self.note(at, "unresolved-reference", message)
        held = [by_uid[uid] for uid in uids if uid in by_uid]
        known = [other for other in held if kinds[other] == kind and other != at]
        if len(known) < len(held):
            wrong = [uid for uid in uids if uid in by_uid and by_uid[uid] not in known]
            message = f"names {listed(wrong)} in {element}, which is no {noun}; not linked"
            self.note(at, "unresolved-reference", message)
        return [
            other
            for other in known
            if self._trusted(at, self.rows[other], element, self.uid(other))
        ]

    def named_structure_set(self, at: int) -> int | None:
        """The structure set that a plan or dose names; of several the first."""
        named = self.named(at, _STRUCTURES, "RTSTRUCT")
        if len(named) > 1:
            first, *others = map(self.uid, named)
            element = describe(_STRUCTURES)
            message = f"names {len(named)} structure sets in {element}; linked to {first}, "
            self.note(at, "reference-chosen", f"{message}not to {listed(others)}")
        return named[0] if named else None

    def named_plans(self, at: int, code: str) -> tuple[int, ...]:
        """The plans that a dose or RT image names; the code is for several."""
        plans = self.links.plans_of[at] = tuple(self.named(at, _PLANS, "RTPLAN"))
        if len(plans) > 1:
            uids = listed(plans, self.uid)
            message = f"names {len(plans)} plans ({uids}); it belongs to the case of each"
            self.note(at, code, message, "info")
        return plans

    def _trusted(self, at: int, other: Record, element: str, uid: str) -> bool:
        """Whether a reference holds: across patients only within one frame of reference."""
        row = self.rows[at]
        if same_patient(row, other):
            return True
        shared = bool(row["frames"] & other["frames"])
        outcome = "linked, since they share" if shared else "not linked, since they do not share"
        message = f"names in {element} {uid} of another PatientID; {outcome} a {_FRAME}"
        self.note(at, "patient-mismatch", message)
        return shared

    def structure_set(self, at: int) -> None:
        """Image stack of a structure set: by the images it names, by their series, by frame."""
        row, images = self.rows[at], describe("ContourImageSequence")
        uids = row["referenced_images"]
        if missing := sum(not self.lookup.is_image(uid) for uid in uids):
            message = f"names {len(uids)} images in {images}; {missing} are not in this index"
            self.note(at, "unresolved-reference", message)
        if len(frames := row["referenced_frames_of_reference"]) > 1:
            message = (
                f"names {len(frames)} frames of reference ({listed(frames)}); each in which it is "
                "linked to an image is a case of its own"
            )
            self.note(at, "several-frames-of-reference", message, "info")
        found = [self.lookup.stack_of(uid) for uid in uids]
        hits = Counter(number for number in found if number is not None)
        if near := self._trusted_stacks(at, [n for n, _ in hits.most_common()], images):
            groups = self._by_frame(self.rows[at], near)
            self._link_stacks(at, [group[0] for group in groups])
            for group in groups:
                self._note_others(at, group, hits)
            return
        element = describe("RTReferencedSeriesSequence")
        of_series = self.lookup.stacks_of_series
        named = [n for uid in row["referenced_series"] for n in of_series.get(uid, [])]
        series = [n for n in named if n not in hits]  # those were refused
        if series := self._trusted_stacks(at, series, element):
            numbers = self._take(at, self._chosen(row, series))
            message = f"is linked to image series {listed(numbers, self._series)} by {element}, "
            self.note(at, "linked-by-series", f"{message}not by the images it names", "info")
        else:
            self.stack_by_frame(at)

    def _trusted_stacks(self, at: int, numbers: list[int], element: str) -> list[int]:
        rows = self.lookup.stack_rows
        return [n for n in numbers if self._trusted(at, rows[n], element, self._series(n))]

    def _by_frame(self, row: Record, near: Sequence[int]) -> list[list[int]]:
        """Stacks by the first frame of reference they share; without any, with the first stack."""
        order, groups = in_order(row), dict[str | None, list[int]]()
        for number in near:
            frames = self.lookup.stack_rows[number]["frames"]
            here = next(iter(groups), None)
            shared = next((frame for frame in order if frame in frames), here)
            groups.setdefault(shared, []).append(number)
        return list(groups.values())

    def _link_stacks(self, at: int, numbers: Sequence[int]) -> None:
        """Link to the first, and a structure set to the others as well."""
        self.links.stack_of[at], *others = numbers
        if others:
            self.links.other_stacks_of[at] = tuple(others)

    def _note_others(self, at: int, near: list[int], hits: Counter[int]) -> None:
        """Say which stack was taken of those whose slices a structure set names."""
        if len(near) < 2:
            return
        best, *others = near
        message = (
            f"names slices of {len(near)} image stacks; linked to {self._stack(best)}, of which it "
            f"names {hits[best]}, not to {listed(others, self._stack)}"
        )
        equal = hits[best] == hits[others[0]]
        self.note(at, "image-chosen", message, "warning" if equal else "info")

    def _series(self, number: int) -> str:
        return self.lookup.stacks[number].series or "without UID"

    def _stack(self, number: int) -> str:
        stack = self.lookup.stacks[number]
        return f"{stack.kind} series {self._series(number)} ({len(stack.positions)} slices)"

    # --- by frame of reference ------------------------------------------------------------------
    def stack_by_frame(self, at: int) -> None:
        """Image stack in the frame of reference of an object; one in each of several frames."""
        row = self.rows[at]
        if near := self.lookup.stacks_in_frame(row):
            key = (row["PatientID"], in_order(row), *self._wanted(row))
            if key not in self._choices:
                self._choices[key] = self._chosen(row, near)
            numbers = self._take(at, self._choices[key])
            message = f"is linked to image series {listed(numbers, self._series)} by {_FRAME} only"
            self.note(at, "linked-by-frame-of-reference", message)
        elif others := self.lookup.stacks_of_patients(row):
            series = listed(others, self._series)
            message = f"shares its {_FRAME} with image series {series} of another PatientID; "
            self.note(at, "patient-mismatch", f"{message}not linked")

    def _take(self, at: int, choices: Sequence[_Choice]) -> list[int]:
        """Link to the stacks that were chosen, and note why."""
        for _, message, severity in choices:
            if message:
                self.note(at, "image-chosen", message, severity)
        numbers = [number for number, _, _ in choices]
        self._link_stacks(at, numbers)
        return numbers

    @staticmethod
    def _wanted(row: Record) -> tuple[frozenset[str | None], str, int]:
        """Kinds, study and number of images that an object names."""
        kinds = frozenset(KINDS.get(uid) for uid in row["referenced_image_classes"])
        return kinds, row["StudyInstanceUID"], len(row["referenced_images"])

    def _chosen(self, row: Record, numbers: Sequence[int]) -> list[_Choice]:
        """One of the stacks in each frame of reference."""
        return [self._choice(row, group) for group in self._by_frame(row, numbers)]

    def _choice(self, row: Record, numbers: Sequence[int]) -> _Choice:
        """One of several stacks: of the class, study and size an object names, else the largest."""
        stacks, rows = self.lookup.stacks, self.lookup.stack_rows
        named, study, count = self._wanted(row)
        left = numbers
        for fits in (
            lambda n: stacks[n].kind in named,
            lambda n: rows[n]["StudyInstanceUID"] == study,
            lambda n: len(stacks[n].positions) == count,
        ):
            left = [n for n in left if fits(n)] or left
        best = max(left, key=lambda n: (stacks[n].kind == "CT", len(stacks[n].positions)))
        if len(numbers) == 1:
            return best, "", "info"
        alone = len(left) == 1
        why = "alone is of the class, study or size it names" if alone else "is the largest"
        others = listed([n for n in numbers if n != best], self._stack)
        message = (
            f"fits {len(numbers)} image stacks; linked to {self._stack(best)}, which {why}, "
            f"not to {others}"
        )
        return best, message, "info" if alone else "warning"

    def _only_one(self, at: int, kind: str) -> int | None:
        """The one object of a kind in the frame of reference (and study) of another."""
        row, noun = self.rows[at], NOUNS[kind]
        near = self.lookup.objects_beside(row, kind)
        if len(near) > 1:
            message = f"names none of the {len(near)} {noun}s in its {_FRAME} "
            self.note(at, "ambiguous-link", f"{message}({listed(near, self.uid)}); not linked")
        return near[0] if len(near) == 1 else None

    def _note_frame(self, at: int, other: int) -> None:
        noun = NOUNS[self.lookup.kinds[other]]
        message = f"is linked to {noun} {self.uid(other)} by {_FRAME} only"
        self.note(at, "linked-by-frame-of-reference", message)

    # --- plan and dose --------------------------------------------------------------------------
    def named_by_dose(self, at: int) -> None:
        """What a dose names by UID."""
        for plan in self.named_plans(at, "dose-of-several-plans"):
            self.doses_of.setdefault(plan, []).append(at)
        if (named := self.named_structure_set(at)) is not None:
            self.links.structure_set_of[at] = named

    def plan(self, at: int) -> None:
        """Structure set (or image) of a plan, once the doses are linked by UID."""
        if plans := self.rows[at][_PLANS]:
            message = f"names plan {listed(plans)} in {describe(_PLANS)}, such as one it replaces; "
            self.note(at, "plan-names-plan", f"{message}each plan is a case of its own", "info")
        structure_set = self.named_structure_set(at)
        if structure_set is None:
            structure_set = self._structure_set_besides(at)
        if structure_set is not None:
            self.links.structure_set_of[at] = structure_set
        self._stack_through(at)

    def _structure_set_besides(self, at: int) -> int | None:
        """Structure set of a plan that names none: that of its doses, else the one in its frame."""
        of = self.links.structure_set_of
        through = dict.fromkeys(of[dose] for dose in self.doses_of.get(at, []) if dose in of)
        if len(through) > 1:
            uids = listed(through, self.uid)
            message = f"names no structure set and its doses name several ({uids}); not linked"
            self.note(at, "ambiguous-link", message)
            return None
        for structure_set in through:
            uid = self.uid(structure_set)
            message = f"is linked to structure set {uid}, which its dose names"
            self.note(at, "linked-through-dose", message, "info")
            return structure_set
        only = self._only_one(at, "RTSTRUCT")
        if only is not None:
            self._note_frame(at, only)
        return only

    def dose(self, at: int) -> None:
        """Plan, structure set and image of a dose, as far as it did not name them."""
        links = self.links
        if not links.plans_of[at]:
            self._plan_by_frame(at)
        if links.plans_of[at]:
            self._compare_structure_sets(at)
            return
        if at not in links.structure_set_of:
            only = self._only_one(at, "RTSTRUCT")
            if only is not None:
                links.structure_set_of[at] = only
                self._note_frame(at, only)
        self._stack_through(at)

    def _plan_by_frame(self, at: int) -> None:
        plan = self._only_one(at, "RTPLAN")
        if plan is None:
            return
        if plan in self.doses_of:
            message = (
                f"names no plan here; plan {self.uid(plan)} in its frame has a dose of its own"
            )
            self.note(at, "ambiguous-link", f"{message}; not linked")
        else:
            self.links.plans_of[at] = (plan,)
            self._note_frame(at, plan)

    def rt_image(self, at: int) -> None:
        """Plans that an RT Image names; else the one in its frame of reference."""
        if self.named_plans(at, "rt-image-of-several-plans"):
            return
        plan = self._only_one(at, "RTPLAN")
        if plan is not None:
            self.links.plans_of[at] = (plan,)
            self._note_frame(at, plan)

    def _compare_structure_sets(self, at: int) -> None:
        """Say where a dose names another structure set than its plan, which is believed."""
        of = self.links.structure_set_of
        for plan in self.links.plans_of[at]:
            if at in of and plan in of and of[at] != of[plan]:
                message = (
                    f"names structure set {self.uid(of[at])}, its plan {self.uid(plan)} has "
                    f"{self.uid(of[plan])}; the case holds that of the plan"
                )
                self.note(at, "structure-sets-disagree", message)

    def _stack_through(self, at: int) -> None:
        """Image of a plan or dose: that of its structure set, else the one in its frame.

        Of the images of a structure set in several frames it is the one in the frame of the plan
        or dose; a plan without a frame stands in those of its doses.
        """
        structure_set = self.links.structure_set_of.get(at)
        if stacks := self.links.stacks_of(structure_set):
            doses = (self.rows[dose]["frames"] for dose in self.doses_of.get(at, []))
            frames = self.rows[at]["frames"] or frozenset[str]().union(*doses)
            rows = self.lookup.stack_rows
            fitting = (n for n in stacks if rows[n]["frames"] & frames)
            self.links.stack_of[at] = next(fitting, stacks[0])
        elif structure_set is None or not self.rows[structure_set]["frames"]:
            self.stack_by_frame(at)
