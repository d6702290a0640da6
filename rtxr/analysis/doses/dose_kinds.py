"""What a sum of doses is a dose of: by Dose Summation Type (3004,000A) and what each refers to.

PS3.3 C.8.8.3: PLAN is the entire delivery of all fraction groups of a plan, MULTI_PLAN of two or
more plans, FRACTION of one fraction group (all its fractions), BEAM of one or more beams; the same
with ``_SESSION`` is that of a single fraction. A sum says that it is one of these only where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

from rtxr.errors import Finding

#: Kinds of a dose that hold all there is of a plan.
WHOLE = frozenset({"PLAN", "MULTI_PLAN", "PLAN_OVERVIEW"})
#: Of a sum that is none of the kinds of the Standard.
OTHER = "OTHER"
_SESSION = "_SESSION"
#: Parts of a plan of which several are still one: "one or more beams".
_SEVERAL = frozenset({"BEAM", "BRACHY", "BEAM_SESSION", "BRACHY_SESSION"})
#: Parts of a plan that say which share of it they are by fraction group, or by group and beam.
_BY_GROUP, _BY_BEAM = frozenset({"FRACTION"}), frozenset({"BEAM"})


class Reference(NamedTuple):
    """What a dose is a dose of; None where it does not say, or is of all.

    Parameters
    ----------
    plan : str
        SOPInstanceUID, empty where it is not known.
    group : int or None
        Fraction Group Number.
    beam : int or None
        Beam Number.
    """

    plan: str
    group: int | None = None
    beam: int | None = None


@dataclass(frozen=True)
class Summand:
    """One dose of a sum.

    Parameters
    ----------
    name : str
        How findings call it.
    kind : str
        Dose Summation Type, empty where it is not known.
    weight : float
    references : tuple of Reference
    uid : str
        SOPInstanceUID, empty where it is not known.
    """

    name: str
    kind: str
    weight: float
    references: tuple[Reference, ...] = ()
    uid: str = ""


@dataclass(frozen=True)
class Planned:
    """What a plan delivers.

    Parameters
    ----------
    fractions : mapping of int to int or None
        Number of fractions by fraction group.
    beams : frozenset of (int, int)
        Group and number of every beam that delivers dose.
    complete : bool
        Whether beams are all that delivers dose; brachytherapy is not told apart here.
    """

    fractions: Mapping[int, int | None]
    beams: frozenset[tuple[int, int]]
    complete: bool = True


def kind_of_sum(
    summands: Sequence[Summand], plans: Mapping[str, Planned] | None = None
) -> tuple[str, tuple[Reference, ...], list[Finding]]:
    """Dose Summation Type of a sum, what it refers to, and what is odd about it.

    =========================================================== ==========================
    Doses, each with weight 1                                   the sum
    =========================================================== ==========================
    one                                                         what it is
    of whole plans that differ                                  MULTI_PLAN
    of one plan: all its fraction groups, or all beams of each  PLAN (where ``plans`` tell)
    BEAM (or BRACHY, ...) of one plan                           BEAM (or BRACHY, ...)
    anything else, other weights, a part that counts twice      OTHER, no term of DICOM
    =========================================================== ==========================

    A dose of one session counts as that of all where its weight is the number of fractions that
    the plan has of its group.
    """
    plans = plans or {}
    parts = [_all_sessions(each, plans) for each in summands if each.weight != 0]
    references = tuple(dict.fromkeys(each for part in parts for each in part.references))
    repeated = _repeated(parts)
    if repeated is not None:
        return OTHER, references, [repeated]
    if not parts or any(part.weight != 1 for part in parts):
        return OTHER, references, []
    kinds = {part.kind for part in parts}
    complete = _plans_complete(parts, plans)
    if len(parts) == 1 and (parts[0].kind in WHOLE or not complete):
        return parts[0].kind, references, []
    if complete:
        kind = "PLAN" if len(complete) == 1 else "MULTI_PLAN"
        return kind, tuple(map(Reference, complete)), []
    one_plan = len({each.plan for each in references}) < 2
    if len(kinds) == 1 and one_plan and kinds <= _SEVERAL:
        return kinds.pop(), references, []
    return OTHER, references, []


def _all_sessions(part: Summand, plans: Mapping[str, Planned]) -> Summand:
    """A dose of one fraction, times the number of fractions, as that of them all."""
    if not part.kind.endswith(_SESSION) or len({each[:2] for each in part.references}) != 1:
        return part
    plan, group, _ = part.references[0]
    planned = plans.get(plan)
    if planned is None or group is None or planned.fractions.get(group) != part.weight:
        return part
    return replace(part, kind=part.kind.removesuffix(_SESSION), weight=1.0)


def _plans_complete(parts: Iterable[Summand], plans: Mapping[str, Planned]) -> tuple[str, ...]:
    """Plans of which the parts are all there is; none where one of them is not, or not known."""
    whole: dict[str, bool] = {}
    beams: dict[str, set[tuple[int, int]]] = {}
    for part in parts:
        for plan, group, beam in part.references or (Reference(""),):
            whole[plan] = whole.get(plan, False) or part.kind in WHOLE
            found = beams.setdefault(plan, set())
            if part.kind in _BY_GROUP | _BY_BEAM and plan in plans:
                found |= {
                    each
                    for each in plans[plan].beams
                    if each[0] == group and (part.kind in _BY_GROUP or each[1] == beam)
                }
    for plan, found in beams.items():
        all_beams = plans[plan].beams if plan in plans and plans[plan].complete else frozenset()
        if not (whole[plan] or (all_beams and found == all_beams)):
            return ()
    return () if "" in whole else tuple(whole)


def _repeated(parts: Sequence[Summand]) -> Finding | None:
    """A warning where something counts twice, as far as the doses say."""
    for one, two in combinations(parts, 2):
        if not ((one.uid and one.uid == two.uid) or _share(one, two) or _share(two, one)):
            continue
        message = (
            f"the sum counts something twice: {_text(one)} and {_text(two)} are, or hold, doses of "
            "the same beams; leave one of them out"
        )
        return Finding("dose-sum-repeats", "warning", message)
    return None


def _share(one: Summand, two: Summand) -> bool:
    """Whether a dose holds (some of) another one, as far as both say of what they are."""
    for plan, group, beam in one.references:
        for other in two.references:
            if not plan or other.plan != plan:
                continue
            if one.kind in WHOLE:
                return True
            if one.kind in _BY_GROUP and group is not None and other.group == group:
                return True
            same = other == (plan, group, beam) and beam is not None
            if one.kind == two.kind and one.kind in _BY_BEAM and same:
                return True
    return False


def _text(part: Summand) -> str:
    return f"{part.name} ({part.kind})" if part.kind else part.name
