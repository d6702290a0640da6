"""What was changed in a table is found by the names of its rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtxr.edit.plans.changed_cells import changed_cells, plain
from rtxr.errors import ConflictingDataError, RTXRError, UnknownNameError

BEFORE = pd.DataFrame(
    {
        "Number": [1, 2, 2],
        "Name": ["a", "b", ""],
        "Angle": [0.0, np.nan, 5.0],
        "Leaves": [(1.0, 2.0), np.nan, (3.0, 4.0)],
    }
)


def changes(after: pd.DataFrame):
    return changed_cells(BEFORE, after, ["Number"], "row")


def test_nothing():
    assert changes(BEFORE) == {}
    assert changes(BEFORE[["Number"]]) == {}
    assert changes(BEFORE.iloc[:0]) == {}


def test_numbers_texts_and_tuples():
    after = BEFORE.astype({"Name": object})
    after.loc[0, "Name"] = " c "
    after.loc[1, "Angle"] = np.float32(1.5)
    after.at[2, "Leaves"] = np.array([3, 5])
    assert changes(after) == {"Name": {0: "c"}, "Angle": {1: 1.5}, "Leaves": {2: (3.0, 5.0)}}


def test_rows_of_one_name_are_told_apart_by_their_order():
    after = BEFORE.assign(Angle=[0.0, 1.0, 2.0])
    assert changes(after) == {"Angle": {1: 1.0, 2: 2.0}}
    assert changes(after[["Number", "Angle"]].iloc[[2]]) == {"Angle": {1: 2.0}}


def test_rows_in_another_order():
    after = pd.DataFrame({"Angle": [5.0, 7.0], "Number": [2, 1]})
    assert changes(after) == {"Angle": {0: 7.0, 1: 5.0}}


@pytest.mark.parametrize(
    ("after", "error", "message"),
    [
        ({"Angle": [1.0]}, RTXRError, "needs a column 'Number'"),
        ({"Number": [3]}, UnknownNameError, "no row Number 3"),
        ({"Number": [1, 1]}, ConflictingDataError, "2 times"),
        ({"Number": [1], "Angel": [1.0]}, UnknownNameError, "Angle"),
        ({"Number": [1], "Angle": [None]}, RTXRError, "taken out"),
        ({"Number": [1], "Angle": ["x"]}, RTXRError, "takes numbers"),
        ({"Number": [1], "Name": [1.0]}, RTXRError, "takes texts"),
        ({"Number": [1], "Leaves": [1.0]}, RTXRError, "tuples of numbers"),
        ({"Number": [1], "Leaves": [(1.0, np.inf)]}, RTXRError, "finite"),
        ({"Number": [2], "Angle": [object()]}, RTXRError, "finite"),
    ],
)
def test_what_is_no_edit(after, error, message):
    with pytest.raises(error, match=message):
        changes(pd.DataFrame(after))


def test_cells_as_they_are_compared():
    assert [plain(each) for each in (None, np.nan, pd.NA, "", " ")] == [None] * 5
    assert [plain(each) for each in (1, np.int64(1), 1.0)] == [1.0] * 3
    assert plain([1, np.nan]) == (1.0, None)
