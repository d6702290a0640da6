from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from factories import item

from rtxr.keywords import tag_of
from rtxr.read.item_values import integer, items, number, numbers, text


def raw(**elements) -> pydicom.Dataset:
    """As read from a file: elements are not decoded yet."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer, item(**elements), implicit_vr=True, little_endian=True, enforce_file_format=False
    )
    return pydicom.dcmread(buffer, force=True)


@pytest.mark.parametrize("make", [item, raw])
def test_values_decoded_or_not(make):
    ds = make(
        SourceAxisDistance=1000.5,
        LeafJawPositions=[1, -2.5],
        BeamNumber=3,
        BeamName="Größe",
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["A", "B"],
        BeamSequence=[item(BeamNumber=1)],
        BeamDose=None,
    )
    assert number(ds, "SourceAxisDistance") == 1000.5
    assert numbers(ds, "LeafJawPositions").tolist() == [1, -2.5]
    assert integer(ds, "BeamNumber") == 3
    assert text(ds, "BeamName") == "Größe"
    assert text(ds, "ImageType") == "A\\B"
    assert [integer(each, "BeamNumber") for each in items(ds, "BeamSequence")] == [1]
    for missing in ("BeamDose", "GantryAngle"):
        assert number(ds, missing) is None
        assert len(numbers(ds, missing)) == 0
        assert text(ds, missing) == ""
    assert items(ds, "IonBeamSequence") == []


def test_malformed_values_are_missing():
    ds = raw(SourceAxisDistance=1000, BeamNumber=12, GantryAngle=10)
    for keyword, value in (("SourceAxisDistance", b"far "), ("BeamNumber", b"1.0 ")):
        tag = tag_of(keyword)
        ds[tag] = ds.get_item(tag)._replace(value=value)
    assert number(ds, "SourceAxisDistance") is None
    assert np.isnan(numbers(ds, "SourceAxisDistance")).all()
    assert integer(ds, "BeamNumber") == 1
    assert number(ds, "GantryAngle") == 10


def test_long_values_are_parsed_at_once():
    positions = np.arange(2000) / 4
    ds = raw(LeafJawPositions=positions.tolist())
    np.testing.assert_array_equal(numbers(ds, "LeafJawPositions"), positions)
