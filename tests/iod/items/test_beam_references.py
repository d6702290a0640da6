"""What refers to a beam by its number is found at any depth."""

from __future__ import annotations

from rtxr.iod.encoding.raw import item, items_of, numbers_of
from rtxr.iod.items.beam_references import without_beam


def _group(*beams: int):
    references = [item(ReferencedBeamNumber=number) for number in beams]
    return item(NumberOfBeams=len(beams), ReferencedBeamSequence=references)


def test_of_all_fraction_groups():
    shared = _group(1, 2)
    plan = item(FractionGroupSequence=[shared, _group(2), _group(1)])
    assert without_beam(plan, 2) == 2
    groups = items_of(plan, "FractionGroupSequence")
    assert [numbers_of(each, "NumberOfBeams") for each in groups] == [[1], [0], [1]]
    assert ["ReferencedBeamSequence" in each for each in groups] == [True, False, True]
    assert numbers_of(shared, "NumberOfBeams") == [2]  # which others may hold too


def test_nothing_refers_to_it():
    plan = item(FractionGroupSequence=[_group(1)])
    before = plan.to_json()
    assert without_beam(plan, 2) == 0
    assert plan.to_json() == before
