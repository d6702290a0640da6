"""Bytes that nobody touched come back as they were."""

from __future__ import annotations

import pydicom
import pytest
from pydicom import uid as sop

from rtxr.edit.edited_headers import edited, unapproved
from rtxr.header_store import Record
from rtxr.iod.encoding.raw import items_of, make, put
from rtxr.read.headers import parse, read_header
from tests import factories


@pytest.fixture(params=[sop.ExplicitVRLittleEndian, sop.ImplicitVRLittleEndian])
def record(request, tmp_path) -> Record:
    plan = factories.plan()
    plan.BeamSequence = [factories.item(BeamNumber=1, BeamName="A")]
    plan.BeamSequence[0].add_new(0x32870010, "LO", "MY LAB 1.0")
    plan.BeamSequence[0].add_new(0x32871001, "UN", b"\x01\x02")
    path = factories.save(tmp_path / "plan.dcm", plan, syntax=request.param)
    return read_header(path).record


def test_looked_at_and_not_changed(record):
    plan = parse(record)
    items_of(plan, "BeamSequence")
    assert edited(record, plan) == record


def test_one_text(record):
    plan = parse(record)
    put(items_of(plan, "BeamSequence")[0], make("BeamName", "Bb"))
    found = edited(record, plan)
    assert found.path == record.path
    assert len(found.data) == len(record.data)
    assert found.data.replace(b"Bb", b"A ") == record.data


def test_a_text_that_needs_another_character_set(record):
    plan = parse(record)
    put(items_of(plan, "BeamSequence")[0], make("BeamName", "\u5de6"))
    back = parse(edited(record, plan))
    assert back.SpecificCharacterSet == "ISO_IR 192"
    assert back.BeamSequence[0].BeamName == "\u5de6"


def test_approval_is_taken_back():
    for status, was in (("APPROVED", True), ("REJECTED", True), ("UNAPPROVED", False)):
        plan = pydicom.Dataset()
        plan.ApprovalStatus, plan.ReviewDate, plan.ReviewerName = status, "20200101", "X"
        assert unapproved(plan) is was
        assert plan.ApprovalStatus == "UNAPPROVED"
        assert ("ReviewDate" in plan) is not was
    assert not unapproved(pydicom.Dataset())


@pytest.mark.data
def test_plans_of_several_systems(case_data):
    names = (
        "oncentra_phantom/simple_phantom_case/RP*",
        "proton_dcpt/*/*ver2_full.dcm",
        "pymedphys/tiny_vmat/*VMAT.dcm",
        "brachy_hdr_robustbrachy/PL*",
        "pylinac/plans_rapidarc_qa/T2*",
    )
    found = 0
    for name in names:
        folder, _, pattern = name.partition("/")
        for path in case_data(folder).glob(pattern):
            record = read_header(path).record
            plan = parse(record)
            for beams in ("BeamSequence", "IonBeamSequence"):
                for beam in items_of(plan, beams):
                    for points in ("ControlPointSequence", "IonControlPointSequence"):
                        for point in items_of(beam, points):
                            items_of(point, "BeamLimitingDevicePositionSequence")
            assert edited(record, plan).data == record.data
            found += 1
    assert found == len(names)
