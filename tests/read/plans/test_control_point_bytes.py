"""Plans taken apart in every encoding are what pydicom makes of them."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from factories import base, item
from pydicom import uid as sop

from read.made_plans import arc
from rtxr.header_store import Record
from rtxr.read.headers import parse, read_header
from rtxr.read.plans.control_point_bytes import all_numbers, first_numbers, plan_bytes


def undefined_lengths(ds: pydicom.Dataset) -> None:
    for element in ds:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for each in element.value:
                each.is_undefined_length_sequence_item = True
                undefined_lengths(each)


@pytest.fixture(params=[(False, False), (False, True), (True, False), (True, True)])
def record(request, tmp_path) -> Record:
    """A plan with implicit or explicit VR, and with sequences of known or undefined length."""
    explicit, undefined = request.param
    ds = base(sop.RTPlanStorage, "RTPLAN", "plan", BeamSequence=[arc(1), arc(2, "Föhn")])
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ApprovalStatus = "UNAPPROVED"
    ds.BeamSequence.append(item(BeamNumber=3))
    if undefined:
        undefined_lengths(ds)
    syntax = sop.ExplicitVRLittleEndian if explicit else sop.ImplicitVRLittleEndian
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.save_as(tmp_path / "plan", enforce_file_format=True)
    return read_header(tmp_path / "plan").record


def test_without_control_points_all_else_stays(record):
    apart = plan_bytes(record)
    bare, whole = parse(apart.bare), parse(record)
    assert [beam.BeamName for beam in bare.BeamSequence[:2]] == ["Arc", "Föhn"]
    for beam in whole.BeamSequence:
        if "ControlPointSequence" in beam:
            del beam.ControlPointSequence
    assert bare == whole


def test_control_points_are_those_of_pydicom(record):
    found = plan_bytes(record).points()
    assert [len(each.points) for each in found] == [3, 3, 0]
    whole = parse(record)
    for raw, beam in zip(found[:2], whole.BeamSequence[:2], strict=True):
        places, values, vr = raw.stated("GantryAngle")
        angles = [float(point.GantryAngle) for point in beam.ControlPointSequence]
        assert (places, first_numbers(values, vr).tolist()) == ([0, 1, 2], angles)
        assert raw.stated("NominalBeamEnergy")[0] == [0]
        devices = list(raw.nested("BeamLimitingDevicePositionSequence"))
        assert [(at, len(each.points)) for at, each in devices] == [(0, 3), (1, 1)]
        assert raw.index.tolist() == [0, 1, 2]


def test_what_cannot_be_followed_stays_whole():
    for data in (
        b"",
        b"nothing",
        b"\x08\0\x05\0CS\x02\0AB" + b"\x0a\x30\xb0\0SQ\0\0\x10\0\0\0" + b"x" * 16,
    ):
        record = Record("1", "", data)
        apart = plan_bytes(record)
        assert apart.bare == record
        assert apart.points() == []


def test_numbers_of_text_and_of_bytes():
    found, counts = all_numbers([b"1\\2.5", b"", b"x\\-3 "], b"DS")
    np.testing.assert_array_equal(found, [1, 2.5, np.nan, -3])
    assert counts.tolist() == [2, 0, 2]
    np.testing.assert_array_equal(first_numbers([b"1\\2.5", b"", b"x"], b"DS"), [1, np.nan, np.nan])
    raw = [np.array([1.5, 2], "<f4").tobytes(), b"", np.array([-7], "<f4").tobytes() + b"\0"]
    np.testing.assert_array_equal(first_numbers(raw, b"FL"), [1.5, np.nan, -7])
