"""Sequences in which nothing was found are not looked through again, and stay their bytes."""

from __future__ import annotations

import io

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.audit import audit
from rtxr.iod.complete import Completion
from rtxr.iod.encoding.raw import element_at, item
from rtxr.iod.items import remembered
from rtxr.iod.tables import IODS

CODES = Tag("ProcedureCodeSequence")
WHOLE = {"CodeValue": "1", "CodingSchemeDesignator": "DCM", "CodeMeaning": "planning"}


def raw(dataset: Dataset) -> Dataset:
    """A data set as it is read."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True)
    return pydicom.filereader.read_dataset(io.BytesIO(buffer.getvalue()), False, True)


def read(**code: str) -> Dataset:
    """A data set with one code, all raw."""
    return raw(item(ProcedureCodeSequence=[item(code)]))


def found(dataset: Dataset) -> list[str]:
    flaws = audit(dataset, IODS["RTPLAN"])
    return [path for _, path in flaws if path.startswith("ProcedureCode")]


@pytest.mark.parametrize("time", [1, 2])
def test_a_sequence_without_flaws_stays_raw(time):
    dataset = read(**WHOLE)
    Completion(IODS["RTPLAN"]).complete(dataset)
    assert found(dataset) == []
    assert isinstance(element_at(dataset, CODES), RawDataElement)


@pytest.mark.parametrize("time", [1, 2])
def test_a_flaw_is_told_every_time(time):
    assert found(read(**WHOLE)) == []
    assert found(read(**WHOLE | {"CodeMeaning": ""})) == ["ProcedureCodeSequence.CodeMeaning"]
    assert found(read(**WHOLE | {"CodeValue": "x" * 17})) == ["ProcedureCodeSequence.CodeValue"]


@pytest.mark.parametrize("time", [1, 2])
def test_what_is_missing_is_added_every_time(time):
    rois = raw(item(StructureSetROISequence=[item(ROINumber=1)]))
    completion = Completion(IODS["RTSTRUCT"])
    assert completion.complete(rois).StructureSetROISequence[0].ROIName is None
    assert "StructureSetROISequence.ROIName" in completion.additions


def test_few_are_kept(monkeypatch):
    monkeypatch.setattr(remembered, "MOST", 3)
    known = remembered.Remembered()
    for number in range(5):
        dataset = read(**WHOLE | {"CodeValue": str(number)})
        short = remembered.short_sequence(dataset, CODES, "here")
        assert short not in known
        known.add(short, dataset)
        assert short in known
        assert remembered.short_sequence(dataset, CODES, "there") not in known
        assert len(known) <= 3


def test_long_and_parsed_sequences_are_not_kept():
    dataset = read(**WHOLE | {"CodeMeaning": "x" * 600})
    assert remembered.short_sequence(dataset, CODES, "") is None
    dataset = read(**WHOLE)
    assert dataset.ProcedureCodeSequence[0].CodeValue == "1"
    assert remembered.short_sequence(dataset, CODES, "") is None
    known = remembered.Remembered()
    known.add(None, dataset)
    assert (len(known), None in known) == (0, False)
