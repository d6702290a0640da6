"""Check boxes of a tree: three states, undo, and calls that leave the same series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtxr.catalog import COLUMNS
from rtxr.errors import UnknownNameError
from rtxr.index.selection import matching
from rtxr.view.widgets.prune.series_choice import SeriesChoice
from rtxr.view.widgets.prune.series_tree import LEVELS, SeriesTree

KEYS = st.tuples(
    st.sampled_from(["P1", "P2", ""]),
    st.sampled_from(["1.1", "1.2", ""]),
    st.sampled_from(["2.1", "2.2", "2.3", ""]),
    st.sampled_from(["CT", "RTDOSE"]),
)


def table_of(keys: list[tuple[str, ...]]) -> pd.DataFrame:
    table = pd.DataFrame({name: [""] * len(keys) for name in COLUMNS}, dtype=object)
    table[list(LEVELS)] = pd.DataFrame(keys, columns=list(LEVELS), dtype=object)
    table["path"] = [f"{at}.dcm" for at in range(len(keys))]
    table["bytes"] = 100
    table["SeriesNumber"] = pd.array([pd.NA] * len(keys), dtype="Int64")
    return table


def of_series(table: pd.DataFrame, choice: SeriesChoice) -> set[str]:
    """Paths of the files of the checked series."""
    kept = choice.tree.series[choice.kept]
    keys = set(zip(*(kept[name] for name in LEVELS), strict=True))
    rows = zip(table["path"], zip(*(table[name] for name in LEVELS), strict=True), strict=True)
    return {path for path, key in rows if key in keys}


@settings(max_examples=30)
@given(st.lists(KEYS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_calls_leave_what_is_checked(keys, random):
    table = table_of(keys)
    choice = SeriesChoice(SeriesTree(table))
    choice.change(np.array([random.random() < 0.5 for _ in choice.kept]))
    if not choice.kept.any():
        choice.undo()
    left = table
    for method, criteria in choice.calls():
        met = matching(left, criteria)
        left = left[met if method == "select" else ~met]
    assert set(left["path"]) == of_series(table, choice)


@settings(max_examples=30)
@given(
    st.lists(KEYS, min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.sampled_from(["", "ct", "p1 2.1"]))),
)
def test_undo_goes_all_the_way_back(keys, changes):
    choice = SeriesChoice(SeriesTree(table_of(keys)))
    ranges = [(group.first, group.end) for group in choice.tree.groups]
    ranges += [(at, at + 1) for at in range(len(choice.tree))]
    states = [choice.kept]
    for at, _, text in changes:
        choice.toggle(*ranges[at % len(ranges)], choice.tree.matching(text))
        if choice.undoable == len(states):
            states.append(choice.kept)
    for state in reversed(states):
        assert np.array_equal(choice.kept, state)
        choice.undo()
    assert choice.kept.all()


@settings(max_examples=30)
@given(st.lists(KEYS, min_size=1, max_size=12), st.integers(0, 60))
def test_toggling_twice_changes_nothing(keys, at):
    choice = SeriesChoice(SeriesTree(table_of(keys)))
    ranges = [(group.first, group.end) for group in choice.tree.groups]
    ranges += [(each, each + 1) for each in range(len(choice.tree))]
    span = ranges[at % len(ranges)]
    choice.toggle(*span)
    assert choice.state(*span) == "none"
    choice.toggle(*span)
    assert choice.kept.all()


@pytest.fixture
def choice() -> SeriesChoice:
    """P1 with two studies of two series and of one, P2 with one series."""
    keys = [
        ("P1", "1.1", "2.1", "CT"),
        ("P1", "1.1", "2.2", "RTDOSE"),
        ("P1", "1.2", "2.3", "CT"),
        ("P2", "1.3", "2.4", "CT"),
    ]
    return SeriesChoice(SeriesTree(table_of(keys)))


def test_a_box_has_three_states(choice):
    choice.toggle(0, 1)
    assert [choice.state(0, 3), choice.state(0, 1), choice.state(2, 3)] == ["some", "none", "all"]
    choice.toggle(0, 3)
    assert choice.state(0, 3) == "all"


def test_a_filter_keeps_boxes_to_what_it_shows(choice):
    shown = choice.tree.matching("rtdose")
    choice.toggle(0, 3, shown)
    assert choice.kept.tolist() == [True, False, True, True]
    assert choice.state(0, 3, shown) == "none"
    assert choice.state(0, 3) == "some"


@pytest.mark.parametrize(
    ("kept", "calls"),
    [
        ("1111", []),
        ("1110", [("drop", {"PatientID": "P2"})]),
        ("0001", [("drop", {"PatientID": "P1"})]),
        ("1101", [("drop", {"StudyInstanceUID": "1.2"})]),
        ("1011", [("drop", {"SeriesInstanceUID": "2.2"})]),
        (
            "1000",
            [
                ("drop", {"PatientID": "P2"}),
                ("drop", {"StudyInstanceUID": "1.2"}),
                ("drop", {"SeriesInstanceUID": "2.2"}),
            ],
        ),
    ],
)
def test_the_calls_are_those_one_would_write(choice, kept, calls):
    choice.change(np.array([each == "1" for each in kept]))
    assert choice.calls() == calls


def test_what_is_less_is_named():
    keys = [("P1", "1.1", f"2.{at}", "CT") for at in range(5)]
    choice = SeriesChoice(SeriesTree(table_of(keys)))
    choice.change(np.array([True, True, False, False, False]))
    assert choice.calls() == [("select", {"SeriesInstanceUID": ["2.0", "2.1"]})]


def test_a_uid_that_comes_twice_is_told_apart():
    keys = [("P1", "1.1", "2.1", "CT"), ("P2", "1.1", "2.1", "CT"), ("P2", "1.1", "2.1", "RTDOSE")]
    choice = SeriesChoice(SeriesTree(table_of(keys)))
    assert choice.selected == ("2.1", "2.1#2", "2.1#3")
    choice.change(choice.named(["2.1", "2.1#3"]))
    path = {"PatientID": "P2", "StudyInstanceUID": "1.1", "SeriesInstanceUID": "2.1"}
    assert choice.calls() == [("drop", {**path, "Modality": "CT"})]


def test_a_name_that_does_not_exist(choice):
    with pytest.raises(UnknownNameError, match=r"no series '2\.11'; did you mean '2\.1'"):
        choice.named(["2.11"])
