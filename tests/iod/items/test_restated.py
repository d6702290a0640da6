"""Control points say what is new, in the digits of the file where nothing is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.errors import ConflictingDataError
from rtxr.iod.encoding.raw import has_value, item, items_of, numbers_of, text_of
from rtxr.iod.items.restated import put_value, restate, restate_device

KIND = "RTBeamLimitingDeviceType"


def points(*stated: object):
    return [item({} if value is None else {"GantryAngle": value}) for value in stated]


def filled(stated: list[object]) -> list[object]:
    found: list[object] = []
    for value in stated:
        found.append(value if value is not None or not found else found[-1])
    return found


def test_a_value_that_the_first_one_states():
    some = points("10.0", None, None)
    restate(some, "GantryAngle", [10.0] * 3, [20.0] * 3)
    assert [text_of(each, "GantryAngle") for each in some] == ["20.0", "", ""]


def test_those_after_an_edit_say_what_they_inherited():
    some = points("10.0", None, None, None)
    restate(some, "GantryAngle", [10.0] * 4, [10.0, 20.0, 10.0, 10.0])
    assert [text_of(each, "GantryAngle") for each in some] == ["10.0", "20.0", "10.0", ""]


def test_what_stays_keeps_its_digits():
    some = points("10.00", "10.00", "30.500")
    restate(some, "GantryAngle", [10.0, 10.0, 30.5], [10.0, 11.0, 30.5])
    assert [text_of(each, "GantryAngle") for each in some] == ["10.00", "11.0", "30.500"]
    place = item(IsocenterPosition=["1.50", "2.00", "3"])
    put_value(place, "IsocenterPosition", (1.5, 7.0, 3.0))
    assert text_of(place, "IsocenterPosition") == "1.50\\7.0\\3"


angles = st.lists(st.none() | st.integers(0, 3).map(float), min_size=1, max_size=8)


@given(angles, st.data())
def test_whatever_was_stated(stated, data):
    stated[0] = 0.0 if stated[0] is None else stated[0]
    old = filled(stated)
    new = data.draw(st.lists(st.integers(0, 3).map(float), min_size=len(old), max_size=len(old)))
    some = points(*stated)
    restate(some, "GantryAngle", old, new)
    said = [next(iter(numbers_of(each, "GantryAngle")), None) for each in some]
    assert filled(said) == new
    for at, each in enumerate(some):  # stated where it was, else only where it is another one
        needed = at == 0 or new[at] != new[at - 1]
        assert has_value(each, "GantryAngle") == (stated[at] is not None or needed)


def devices(**positions: object):
    rows = [item({KIND: kind, "LeafJawPositions": value}) for kind, value in positions.items()]
    return item(BeamLimitingDevicePositionSequence=rows)


def positions_of(point) -> dict[str, str]:
    rows = items_of(point, "BeamLimitingDevicePositionSequence")
    return {text_of(each, KIND): text_of(each, "LeafJawPositions") for each in rows}


def test_positions_of_one_device():
    beam = item(BeamLimitingDeviceSequence=[item({KIND: "ASYMX", "NumberOfLeafJawPairs": 1})])
    some = [devices(ASYMX=["-10.00", "10.00"], MLCX=["1", "2"]), devices(MLCX=["3", "4"]), item()]
    old = [(-10.0, 10.0)] * 3
    restate_device(beam, some, ("X", "ASYMX"), old, [(-10.0, 5.0), (-10.0, 5.0), (-10.0, 10.0)])
    assert positions_of(some[0]) == {"ASYMX": "-10.00\\5.0", "MLCX": "1\\2"}
    assert positions_of(some[1]) == {"MLCX": "3\\4"}
    assert positions_of(some[2]) == {"ASYMX": "-10.0\\10.0"}


def test_the_items_of_others_stay_as_they_are():
    shared = item({KIND: "ASYMX", "LeafJawPositions": ["1", "2"]})
    one, other = (item(BeamLimitingDevicePositionSequence=[shared]) for _ in range(2))
    restate_device(item(), [one], ("ASYMX",), [(1.0, 2.0)], [(0.0, 2.0)])
    assert positions_of(one) == {"ASYMX": "0.0\\2"}
    assert positions_of(other) == {"ASYMX": "1\\2"}


def test_devices_that_do_not_fit():
    beam = item(BeamLimitingDeviceSequence=[item({KIND: "MLCX", "NumberOfLeafJawPairs": 2})])
    with pytest.raises(ConflictingDataError, match="4 positions"):
        restate_device(beam, [item()], ("MLCX",), [None], [(1.0, 2.0)])
    with pytest.raises(ConflictingDataError, match=r"no MLCY.*MLCX"):
        restate_device(beam, [item()], ("MLCY",), [None], [(1.0, 2.0)])
