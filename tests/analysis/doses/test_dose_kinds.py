"""What a sum of doses says it is."""

import pytest

from rtxr.analysis.doses.dose_kinds import OTHER, Planned, Reference, Summand, kind_of_sum

#: Two fraction groups: beams 1 and 2 in 20 fractions, beam 3 in 5.
PLAN = {"P": Planned({1: 20, 2: 5}, frozenset({(1, 1), (1, 2), (2, 3)}))}


def part(kind, group=None, *beams, weight=1.0, plan="P", uid=""):
    references = tuple(Reference(plan, group, beam) for beam in beams or (None,))
    return Summand(f"{kind} {group} {beams}", kind, weight, references, uid)


@pytest.mark.parametrize(
    ("summands", "kind"),
    [
        ([part("PLAN")], "PLAN"),
        ([part("PLAN_OVERVIEW")], "PLAN_OVERVIEW"),
        ([part("", plan="")], ""),
        ([part("PLAN", weight=0.5)], OTHER),
        ([part("PLAN"), part("BEAM", 1, 1, weight=0)], "PLAN"),
        ([part("PLAN"), part("PLAN", plan="Q")], "MULTI_PLAN"),
        ([part("PLAN"), part("PLAN", plan="Q", weight=2)], OTHER),
        ([part("PLAN"), part("PLAN", plan="")], OTHER),
        ([part("BEAM", 1, 1), part("BEAM", 1, 2), part("BEAM", 2, 3)], "PLAN"),
        ([part("BEAM", 1, 1, 2), part("BEAM", 2, 3)], "PLAN"),
        ([part("BEAM", 1, 1), part("BEAM", 1, 2)], "BEAM"),
        ([part("BEAM", None), part("BEAM", None)], "BEAM"),
        ([part("BEAM", 1, 1), part("BEAM", 1, 1, plan="Q")], OTHER),
        ([part("BRACHY", 1), part("BRACHY", 1)], "BRACHY"),
        ([part("FRACTION", 1), part("FRACTION", 2)], "PLAN"),
        ([part("FRACTION", 1), part("BEAM", 2, 3)], "PLAN"),
        ([part("FRACTION", 1), part("BEAM", 2, 9)], OTHER),
        ([part("FRACTION", 1)], "FRACTION"),
        ([part("FRACTION_SESSION", 1, weight=20), part("FRACTION_SESSION", 2, weight=5)], "PLAN"),
        ([part("FRACTION_SESSION", 1, weight=20)], "FRACTION"),
        ([part("FRACTION_SESSION", 1, weight=19)], OTHER),
        ([part("FRACTION_SESSION", 1)], "FRACTION_SESSION"),
        ([part("BEAM_SESSION", 1, 1), part("BEAM_SESSION", 1, 2)], "BEAM_SESSION"),
        ([part("CONTROL_POINT", 1, 1), part("CONTROL_POINT", 1, 1)], OTHER),
        ([part("FRACTION", 1), part("FRACTION", 2), part("PLAN", plan="Q")], "MULTI_PLAN"),
        ([part("FRACTION", 1), part("PLAN", plan="Q")], OTHER),
    ],
)
def test_a_sum_is_what_its_parts_make_it(summands, kind):
    found, _, findings = kind_of_sum(summands, PLAN)
    assert found == kind
    assert findings == []


@pytest.mark.parametrize(
    "summands",
    [
        [part("PLAN"), part("PLAN")],
        [part("PLAN"), part("BEAM", 1, 1)],
        [part("FRACTION", 1), part("BEAM", 1, 2)],
        [part("BEAM", 1, 1), part("BEAM", 1, 2), part("BEAM", 1, 1, 2)],
        [part("", plan="", uid="1.2"), part("", plan="", uid="1.2")],
        [part("MULTI_PLAN", plan="Q"), part("BEAM", 1, 1, plan="Q")],
    ],
)
def test_what_counts_twice_is_told_and_is_no_total(summands):
    kind, _, (finding,) = kind_of_sum(summands, PLAN)
    assert kind == OTHER
    assert (finding.code, finding.severity) == ("dose-sum-repeats", "warning")
    assert summands[0].name in finding.message


def test_without_the_plan_beams_are_never_its_total():
    beams = [part("BEAM", 1, 1), part("BEAM", 1, 2), part("BEAM", 2, 3)]
    assert kind_of_sum(beams)[0] == "BEAM"
    brachy = {"P": Planned({1: 20}, frozenset({(1, 1)}), complete=False)}
    assert kind_of_sum([part("BEAM", 1, 1)], brachy)[0] == "BEAM"


def test_a_total_refers_to_plans_and_a_part_to_its_beams():
    beams = [part("BEAM", 1, 1), part("BEAM", 1, 2)]
    assert kind_of_sum(beams, PLAN)[1] == (Reference("P", 1, 1), Reference("P", 1, 2))
    total = kind_of_sum([*beams, part("BEAM", 2, 3), part("PLAN", plan="Q")], PLAN)
    assert total == ("MULTI_PLAN", (Reference("P"), Reference("Q")), [])
