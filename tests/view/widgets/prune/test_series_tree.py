"""Patients, studies and series of a table, and what a browser gets of them."""

from __future__ import annotations

import factories as make
import many_series
import numpy as np
import pandas as pd
import pytest

from rtxr.errors import Finding
from rtxr.index import Index, scan
from rtxr.model import findings_frame
from rtxr.view.widgets.prune.series_tree import LEVELS, Group, SeriesTree


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """P1 with a case and a second study, P2 with a CT."""
    folder = tmp_path_factory.mktemp("archive")
    later = {"StudyInstanceUID": make.uid("later"), "StudyDate": "20210304", "SeriesNumber": 7}
    make.write(folder / "a", make.case())
    make.write(folder / "b", make.ct_series(4, PatientID="P2", SeriesDescription="Thorax"))
    series = {"SeriesInstanceUID": make.uid("series"), "name": "later"}
    make.write(folder / "c", make.ct_series(2, **later, **series))
    return scan(folder, progress=False)


@pytest.fixture(scope="module")
def tree(index: Index) -> SeriesTree:
    return SeriesTree(index.table)


def test_series_of_a_study_and_studies_of_a_patient_are_together(tree):
    assert tree.groups == (
        Group(0, "P1", "", 0, 5),
        Group(1, "Test", "2020-01-02", 0, 4),
        Group(1, "Test", "2021-03-04", 4, 5),
        Group(0, "P2", "", 5, 6),
        Group(1, "Test", "2020-01-02", 5, 6),
    )
    assert tree.series["Modality"].tolist() == ["CT", "RTDOSE", "RTPLAN", "RTSTRUCT", "CT", "CT"]


def test_counts_and_sizes_are_those_of_the_table(tree, index):
    assert tree.series["objects"].tolist() == [3, 1, 1, 1, 2, 4]
    sizes = index.table.groupby(list(LEVELS), sort=False)["bytes"].sum()
    assert sorted(tree.series["bytes"]) == sorted(sizes)
    assert tree.series["bytes"].sum() == sum(map(_size, index.table["path"]))


def _size(path: str) -> int:
    with open(path, "rb") as file:
        return len(file.read())


def test_a_browser_gets_lists(tree):
    columns = tree.columns()
    assert columns["groups"]["end"] == [5, 4, 5, 6, 6]
    series = columns["series"]
    assert series["title"] == ["", "", "Boost", "Organs", "", "Thorax"]
    assert series["number"] == ["", "", "", "", "7", ""]
    assert {type(value) for name in ("objects", "bytes") for value in series[name]} == {int}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "111111"),
        ("p2", "000001"),
        ("CT p1", "100010"),
        ("2020-01-02 rtdose", "010000"),
        ("20200102 boost", "001000"),
        ("series 7", "000010"),
        ("nothing", "000000"),
    ],
)
def test_a_filter_looks_at_all_that_is_shown(tree, text, found):
    assert tree.matching(text).tolist() == [each == "1" for each in found]


def test_findings_go_to_their_series(tree, index):
    table = index.table
    thorax = table[table["SeriesDescription"] == "Thorax"]
    dose = table[table["Modality"] == "RTDOSE"]
    found = [
        Finding("a-b", "info", "", path=thorax["path"].iloc[1]),
        Finding("a-b", "info", "", uid=thorax["SOPInstanceUID"].iloc[2]),
        Finding("c-d", "error", "", uid=dose["SeriesInstanceUID"].item()),
        Finding("e-f", "warning", "", path="elsewhere"),
    ]
    assert tree.badges(findings_frame(found)) == {
        "1": [1, 0, 0, "error c-d"],
        "5": [0, 0, 2, "info a-b ×2"],
    }


def test_facts_come_from_the_first_file_that_has_them():
    table = many_series.index(2, objects=3).table
    table.loc[[0, 1, 3], "SeriesDescription"] = ""
    table.loc[[0, 5], "SeriesNumber"] = pd.NA
    series = SeriesTree(table).series
    assert series["SeriesDescription"].tolist() == ["Planning CT 3 mm", "Lung 1.5 mm"]
    assert series["SeriesNumber"].tolist() == [1, 2]


def test_scattered_series_are_put_together():
    table = many_series.index(40).table
    mixed = table.sample(frac=1, random_state=1).reset_index(drop=True)
    tree = SeriesTree(mixed)
    assert [group.end - group.first for group in tree.groups] == [20, 10, 10] * 2
    assert set(tree.names) == set(table["SeriesInstanceUID"])
    found = [Finding("a-b", "info", "", path=path) for path in mixed["path"]]
    assert list(tree.badges(findings_frame(found))) == [str(at) for at in range(40)]
    for at, path in enumerate(mixed["path"]):
        (place,) = tree.badges(findings_frame(found[at : at + 1]))
        uid = mixed.set_index("path").loc[path, "SeriesInstanceUID"]
        assert tree.names[int(place)] == uid


def test_an_empty_table_is_an_empty_tree():
    tree = SeriesTree(many_series.index(2).table.iloc[:0])
    assert (len(tree), tree.groups, tree.badges(findings_frame([]))) == (0, (), {})
    assert np.array_equal(tree.matching("x"), np.ones(0, dtype=bool))
