"""A row is checked when it is made, and says what is wrong with it."""

from __future__ import annotations

import pytest

from rtxr.errors import RTXRError
from rtxr.iod.rows import Attribute, Module, walk


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            ("PatientNam", "2"),
            "data dictionary; did you mean 'PatientName'",
        ),
        (("PatientName", "4"), "type '4'; there are 1, 1C, 2, 2C, 3"),
        (("PatientName", "2C"), "1C and 2C have a condition"),
        (("PatientName", "2", "always"), "1C and 2C have a condition, other types have none"),
        (("PatientName", "2", "", (Attribute("PatientID", "2"),)), "only a sequence has items"),
    ],
)
def test_what_no_row_can_be(given, complaint):
    with pytest.raises(RTXRError, match=complaint):
        Attribute(*given)


def test_a_module_holds_rows_and_each_once():
    row = Attribute("PatientID", "2")
    with pytest.raises(RTXRError, match="stands there twice"):
        Module("Test", "C.0", (row, row))
    with pytest.raises(RTXRError, match="its attributes are rows, not text"):
        Module("Test", "C.0", ("PatientID",))
    with pytest.raises(RTXRError, match="stands there twice"):
        Attribute("BeamSequence", "1", items=(row, row))


def test_rows_are_walked_with_their_paths():
    inner = Attribute("BeamNumber", "1")
    outer = Attribute("BeamSequence", "3", items=(inner,))
    assert [path for path, _ in walk((outer,))] == ["BeamSequence", "BeamSequence.BeamNumber"]
    assert Module("Test", "C.0", (outer, Attribute("PatientAge", "3"))).checked == (outer,)
    assert (Module("A", "C.7.2").source, Module("A", "MY LAB").source) == ("PS3.3 C.7.2", "MY LAB")
