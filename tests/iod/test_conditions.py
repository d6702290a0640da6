"""Conditions that a data set decides alone."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from pydicom.dataset import Dataset

from rtxr.iod import conditions
from rtxr.iod.encoding.raw import item


def test_presence_and_values():
    ds = item(PatientID="", StudyID="1")
    assert conditions.present("PatientID")(ds)
    assert not conditions.valued("PatientID")(ds)
    assert conditions.valued("PatientID", "StudyID")(ds)
    assert conditions.absent("PatientID")(ds)
    assert not conditions.absent("StudyID")(ds)


def test_one_of_several_values_is_enough():
    scanning = conditions.equals("ScanningSequence", "IR")
    assert scanning(item(ScanningSequence=["SE", "IR"]))
    assert not scanning(item(ScanningSequence="SE"))
    assert not scanning(Dataset())


def test_numbers():
    beams = conditions.positive("NumberOfBeams")
    assert beams(item(NumberOfBeams=2))
    assert not beams(item(NumberOfBeams=0))
    assert not beams(Dataset())
    assert conditions.first_control_point(item(ControlPointIndex=0))
    assert not conditions.first_control_point(item(ControlPointIndex=1))
    assert not conditions.first_control_point(Dataset())
    assert conditions.is_multi_frame(item(NumberOfFrames=2))
    assert not conditions.is_multi_frame(item(NumberOfFrames=1))
    assert conditions.has_pixels(item(Rows=2))


def test_unpaired_regions_are_those_of_the_standard():
    pytest.importorskip("highdicom")
    path = files("highdicom") / "_standard" / "anatomic_regions.json"
    regions = json.loads(path.read_text())
    assert [name for name in conditions.UNPAIRED if regions[name][3]] == []
