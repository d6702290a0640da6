"""Tables written as text: nesting, conditions, macros, and what is refused."""

from __future__ import annotations

import pytest

from rtxr.errors import RTXRError
from rtxr.iod.table_text import parse_rows
from rtxr.iod.tables import Attribute, Module, walk


def test_rows_nest_by_their_level():
    rows = parse_rows(
        """
    1  StructureSetLabel
    3  StructureSetROISequence
    >1 ROINumber ReferencedFrameOfReferenceUID
    >3 DerivationCodeSequence
    >>include CODE
    2  StructureSetDate
    """,
        {"CODE": (Attribute("CodeMeaning", "1"),)},
    )
    assert [(path, row.type) for path, row in walk(rows)] == [
        ("StructureSetLabel", "1"),
        ("StructureSetROISequence", "3"),
        ("StructureSetROISequence.ROINumber", "1"),
        ("StructureSetROISequence.ReferencedFrameOfReferenceUID", "1"),
        ("StructureSetROISequence.DerivationCodeSequence", "3"),
        ("StructureSetROISequence.DerivationCodeSequence.CodeMeaning", "1"),
        ("StructureSetDate", "2"),
    ]


def test_conditional_rows_carry_their_condition():
    (row,) = parse_rows("2C ReviewDate | Approval Status is APPROVED")
    assert (row.type, row.condition) == ("2C", "Approval Status is APPROVED")
    assert str(row) == "(300E,0004) ReviewDate"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1 PatientsName", "no keyword"),
        ("4 PatientName", "no row"),
        ("1C PatientName", "have a condition"),
        ("2 PatientName | always", "have a condition"),
        ("2 PatientName\n>1 PatientID", "only a sequence"),
        ("2 PatientName PatientName", "twice"),
        (">1 PatientID", "without the sequence"),
        ("include NOTHING", "no macro 'NOTHING'"),
        ("3 BeamSequence\n>1 BeamNumber\n>2 BeamNumber", "twice"),
    ],
)
def test_a_row_that_is_not_valid_is_refused(text, complaint):
    with pytest.raises(RTXRError, match=complaint):
        Module("Test", "C.0", parse_rows(text))


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("4 SeriesDescription", "write type .* such as `1 SeriesDescription`"),
        ("SeriesDescription", "write type .* such as `1 SeriesDescription`"),
        ("1 SeriesDesciption", "did you mean 'SeriesDescription'"),
        ("1C SeriesDescription", r"write `1C SeriesDescription \| why`"),
    ],
)
def test_a_line_that_is_not_right_says_how_it_is_written(table, complaint):
    with pytest.raises(RTXRError, match=complaint):
        parse_rows(table)
