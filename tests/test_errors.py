"""Findings, violations, and the tables made of them."""

from __future__ import annotations

from rtxr.errors import (
    ConformanceError,
    Finding,
    Violation,
    in_iod,
    merged,
    violation_table,
)
from rtxr.model import findings_frame

FLAW = Violation(
    "missing-type-1",
    "error",
    "(0020,0010) StudyID has no value",
    "1.2.3",
    iod="RT Dose",
    module="General Study",
    attribute="(0020,0010) StudyID",
    type="2",
    fix="give it",
)
PLAIN = Finding("dose-chosen", "info", "the first", "1.2.4", "a.dcm")


def test_a_violation_says_in_one_line_all_that_its_row_says():
    assert str(FLAW) == (
        "error missing-type-1: (0020,0010) StudyID has no value "
        "(type 2, General Study module of RT Dose); give it [1.2.3]"
    )


def test_a_table_has_a_column_for_each_part_and_takes_plain_findings():
    table = violation_table([FLAW, PLAIN])
    first, second = table.to_dict("records")
    assert list(table.columns) == [
        *("severity", "code", "IOD", "module", "attribute"),
        *("type", "message", "fix", "uid", "path"),
    ]
    assert (first["IOD"], first["module"], first["type"]) == ("RT Dose", "General Study", "2")
    assert (second["IOD"], second["fix"], second["path"]) == ("", "", "a.dcm")
    assert list(violation_table([]).columns) == list(table.columns)


def test_the_tables_of_other_stages_stay_what_they_are():
    table = findings_frame([FLAW, PLAIN])
    assert list(table.columns) == ["code", "severity", "message", "uid", "path"]


def test_an_error_holds_the_rows_of_the_table():
    error = ConformanceError("nothing was written", [FLAW])
    assert error.findings == (FLAW,)
    assert error.table.equals(violation_table([FLAW]))
    assert str(FLAW) in str(error)


def test_a_finding_gets_the_object_it_does_not_name():
    told = in_iod(PLAIN, "RT Dose", "b.dcm")
    assert (told.iod, told.path, told.uid) == ("RT Dose", "a.dcm", "1.2.4")
    assert in_iod(FLAW, "CT Image", "b.dcm").iod == "RT Dose"
    assert in_iod(FLAW, "CT Image", "b.dcm").path == "b.dcm"


def test_what_several_objects_share_is_one_finding_with_their_number():
    other = Violation(**{**vars(FLAW), "uid": "1.2.5"})
    elsewhere = Violation(**{**vars(FLAW), "iod": "RT Plan"})
    assert [each.message for each in merged([FLAW, PLAIN, other, FLAW, elsewhere])] == [
        "(0020,0010) StudyID has no value [2 objects]",
        "the first",
        "(0020,0010) StudyID has no value",
    ]
