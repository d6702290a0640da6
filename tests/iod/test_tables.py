"""Tables are checked when they are made, and tell which rule and which modules an object has."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from rtxr.errors import RTXRError, UnknownNameError
from rtxr.iod.audit import audit
from rtxr.iod.table_text import parse_rows
from rtxr.iod.tables import (
    COMPUTED,
    COPY,
    IOD,
    IODS,
    OVERLAY_TAGS,
    Module,
    ModuleUse,
    Rule,
    iod_for,
    register_iod,
)


@pytest.mark.parametrize(("usage", "condition"), [("C", ""), ("M", "always"), ("X", "")])
def test_usage_and_condition_of_a_module_agree(usage, condition):
    with pytest.raises(RTXRError, match="usage"):
        ModuleUse(Module("Test", "C.0"), usage, condition)


def _iod(**more: object) -> IOD:
    rows = parse_rows("1 SOPClassUID\n2C ReviewDate | approved\n3 BeamSequence\n>1 BeamNumber")
    module = ModuleUse(Module("Test", "C.0", rows), "M")
    return IOD("Test", "1.2.3", "OT", "A.0", (module,), **more)


def test_rules_hold_for_what_is_below_them():
    iod = _iod(rules={"BeamSequence": COMPUTED})
    assert iod.rule("BeamSequence.BeamNumber") == COMPUTED
    assert iod.rule("SOPClassUID") == COPY
    assert iod.keywords == {"SOPClassUID", "ReviewDate", "BeamSequence"}


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"rules": {"PatientName": COMPUTED}}, "no module has 'PatientName'"),
        ({"rules": {"BeamSequence.BeamName": COMPUTED}}, "no module has"),
        ({"conditions": {"SOPClassUID": bool}}, "type 1, which has no condition"),
    ],
)
def test_registration_checks_rules_and_conditions(more, complaint):
    with pytest.raises(RTXRError, match=complaint):
        register_iod("TEST", _iod(**more))
    assert "TEST" not in IODS


def test_every_iod_is_found_by_its_sop_class():
    images = {"CT", "MR", "PT", "RTIMAGE"}
    assert set(IODS) == {*images, "RTSTRUCT", "RTDOSE", "RTPLAN", "RTIONPLAN"}
    for iod in IODS.values():
        assert iod_for(iod.sop_class_uid) is iod
    with pytest.raises(UnknownNameError, match="RT Dose"):
        iod_for("1.2.840.10008.5.1.4.1.1.481.4")


def test_optional_modules_apply_where_their_attributes_are():
    used = {use.module.name for use in IODS["RTPLAN"].uses(Dataset())}
    assert "RT General Plan" in used
    assert "Approval" not in used
    plan = Dataset()
    plan.ApprovalStatus = "APPROVED"
    plan.FractionGroupSequence = [Dataset()]
    plan.FractionGroupSequence[0].NumberOfBeams = 2
    used = {use.module.name for use in IODS["RTPLAN"].uses(plan)}
    assert {"Approval", "RT Fraction Scheme", "RT Beams"} <= used
    assert "RT Brachy Application Setups" not in used


def test_rules_of_one_kind_are_equal():
    assert Rule("constant", 1) == Rule("constant", 1)


def test_overlays_stand_for_the_first_of_their_groups():
    row = parse_rows("1 OverlayRows")[0]
    assert (row.tag, row.vr, str(row)) == (0x60000010, "US", "(6000,0010) OverlayRows")
    assert {"OverlayData", "NumberOfFramesInOverlay"} <= set(OVERLAY_TAGS)
    assert "OverlayRows" not in IODS["CT"].keywords
    image = Dataset()
    assert "Overlay Plane" not in {use.module.name for use in IODS["CT"].uses(image)}
    image.add_new(0x60000010, "US", 4)
    assert "Overlay Plane" in {use.module.name for use in IODS["CT"].uses(image)}


def test_an_rt_image_is_asked_for_what_its_kind_needs():
    image = Dataset()
    image.ImageType = ["ORIGINAL", "PRIMARY", "PORTAL"]
    image.NumberOfFrames = 2
    iod = IODS["RTIMAGE"]
    missing = {path for code, path in audit(image, iod) if code == "missing-type-2"}
    assert {"ReportedValuesOrigin", "RTImagePosition", "RadiationMachineSAD"} <= missing
    assert {"RTImageOrientation"}.isdisjoint(missing)
    assert {use.module.name for use in iod.uses(image)} >= {"Multi-frame", "RT Image"}
    image.FrameTime = 40
    assert "Cine" in {use.module.name for use in iod.uses(image)}
    image.RTImagePlane = "NON_NORMAL"
    assert ("missing-type-2", "RTImageOrientation") in audit(image, iod)
