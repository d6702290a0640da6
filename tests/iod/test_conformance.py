"""The conformance statement says what the tables do."""

from __future__ import annotations

import pytest

from rtxr.errors import UnknownNameError
from rtxr.iod.conformance import conformance


@pytest.mark.parametrize("name", ["RTDOSE", "rtdose", "RT Dose"])
def test_an_iod_is_found_by_either_name(name):
    assert conformance(name).iod.name == "RT Dose"


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'RTDOSE'"):
        conformance("RTDOES")


def test_status_of_attributes_follows_their_rule():
    lines = {
        line.row.keyword: line.status
        for _, _, some in conformance("RTDOSE").modules()
        for line in some
        if line.level == 0
    }
    assert lines["DoseGridScaling"] == "green"  # computed
    assert lines["Modality"] == "green"  # constant
    assert lines["OperatorsName"] == "yellow"  # type 2
    assert lines["DoseComment"] == "plain"
    assert lines["PatientBreedDescription"] == "plain"  # nobody can decide its condition


def test_status_of_modules_follows_their_attributes():
    of = {use.module.name: status for use, status, _ in conformance("CT").modules()}
    assert of["Patient"] == of["Image Plane"] == of["General Equipment"] == "green"
    assert of["Overlay Plane"] == "grey"
    assert of["General Acquisition"] == "plain"
    assert {use.module.name: s for use, s, _ in conformance("RTSTRUCT").modules()}[
        "Structure Set"
    ] == "green"


def test_text_and_html_hold_every_row():
    statement = conformance("RTSTRUCT")
    text, html = str(statement), statement._repr_html_()
    assert repr(statement) == text
    assert "\n+ Structure Set C.8.8.5 M\n" in text
    assert "  + 1  >>(3006,0050) ContourData = computed" in text
    assert "2C (300E,0004) ReviewDate | Approval Status is APPROVED or REJECTED" in text
    assert html.count("<tr") == len(text.split("\n")) - _head(text) - _modules(text) + _tables(html)
    assert "<td>&gt;&gt;ContourData</td><td>(3006,0050)</td><td>1</td><td>computed</td>" in html


def _head(text: str) -> int:
    return 5


def _modules(text: str) -> int:
    return 2 * text.count("\n\n")  # a blank line and a heading each


def _tables(html: str) -> int:
    return html.count("<table>")  # the row of headings
