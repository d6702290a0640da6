"""What is wrong with a registration is said when it is made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from custom_case import GROUP, SC_EQUIPMENT, SCORE, SECONDARY_CAPTURE, score

import rtxr
from rtxr.errors import RTXRError, UnknownNameError
from rtxr.export.custom.registered import MODULES
from rtxr.iod.rules import constant
from rtxr.iod.tables import IODS


def without():
    """A function without arguments."""


def one(ds):
    """A function of one argument."""


def three(ds, variable, more):
    """A function of three arguments."""


def module(table: str, name: str = "Mine") -> rtxr.Module:
    return rtxr.Module(name, "MY LAB", rtxr.module_rows(table))


def block(table: str, name: str = "Mine") -> rtxr.Module:
    return rtxr.Module(name, "MY LAB", rtxr.private_block("MY LAB 1.0", GROUP, table))


@pytest.mark.parametrize(
    ("given", "more", "complaint"),
    [
        (rtxr.Module("Empty", "MY LAB"), {}, "has no rows"),
        ("Plan Score", {}, "module is a str; give rtxr.Module"),
        (module("1 PatientID", "Patient"), {}, "has a module 'Patient' of its own"),
        (SCORE, {"usage": "X"}, "usage 'X'; there are M, C and U"),
        (SCORE, {"usage": "C", "condition": "always"}, "usage C needs when="),
        (SCORE, {"usage": "C", "when": bool}, "usage C has a condition"),
        (SCORE, {"values": {"PlanScore": 1}}, "is a dict, not a function"),
        (SCORE, {"values": one}, r"values\(ds, variable\): .*too many positional"),
        (SCORE, {"values": three}, r"values\(ds, variable\): .*missing a required"),
        (SCORE, {"rules": {"PlanScor": constant(1)}}, "did you mean 'PlanScore'"),
        (SCORE, {"conditions": {"Score": bool}}, "did you mean 'PlanScore'"),
        (SCORE, {"conditions": {"PlanScore": bool}}, "type 1, which has no condition"),
        (SCORE, {"conditions": {"PlanScore": lambda: True}}, "PlanScore: predicate"),
        (module("1 PixelSpacing"), {"values": score}, "PixelSpacing of RTDOSE gets its value else"),
        (module("3 DoseComment"), {"values": score}, "DoseComment of RTDOSE gets its value else"),
        (module("3 DoseComment"), {"values": score}, r"attributes=\{'RTDOSE': \{'DoseComment': "),
        (module("1 DoseUnits"), {"values": score}, r"ds.dose.assign_attrs\(DoseUnits=...\)"),
        (module("1 DoseType"), {"rules": {"DoseType": constant("X")}}, "DoseType of RTDOSE gets"),
        (SCORE, {"rules": {"PlanScore": 1}}, r"\(module 'Plan Score'\) is a int; give a rule"),
    ],
)
def test_a_module_that_cannot_be(given, more, complaint):
    before = dict(IODS)
    with pytest.raises(RTXRError, match=complaint):
        rtxr.register_module("RTDOSE", given, **more)
    assert before == IODS


@pytest.mark.parametrize(
    "other",
    [
        block("1 07 DS PlanScore", "Other"),  # one name for two elements
        block("1 01 LO Grade", "Other"),  # one element for two names
    ],
)
def test_modules_that_contradict_each_other(other):
    with (
        rtxr.register_module("RTDOSE", SCORE, values=score),
        pytest.raises(RTXRError, match=r"the name or the place of|gets its value elsewhere"),
    ):
        rtxr.register_module("RTDOSE", other, values=score)


def test_iods_are_named_once_and_one_at_least():
    with pytest.raises(RTXRError, match="no IOD is named; give one or several of CT"):
        rtxr.register_module([], SCORE)
    with rtxr.register_module(["RTDOSE", "CT", "RTDOSE"], SCORE) as made:
        assert repr(made) == "<Registration of module 'Plan Score' for RTDOSE, CT>"
        assert [entry.key for entry in MODULES] == ["RTDOSE", "CT"]


def test_a_rule_that_another_module_gives_names_it():
    rule = {"rules": {"InstitutionAddress": constant("X")}}
    with (
        rtxr.register_module("RTDOSE", module("1 InstitutionAddress", "First"), **rule),
        pytest.raises(RTXRError, match="the module 'First', which is registered, gives it"),
    ):
        rtxr.register_module("RTDOSE", module("1 InstitutionAddress", "Second"), **rule)


def test_text_is_no_table():
    with pytest.raises(RTXRError, match=r"rows, not text: rtxr.module_rows"):
        rtxr.Module("Mine", "MY LAB", "1 SeriesDescription")
    with pytest.raises(RTXRError, match=r"not text: rtxr.module_uses"):
        replace(SECONDARY_CAPTURE, modules="M Patient")


def test_a_block_may_be_shared_by_modules():
    with (
        rtxr.register_module("RTDOSE", SCORE),
        rtxr.register_module("RTDOSE", block("3 07 DS Other", "Other")),
    ):
        assert {"PlanScore", "Other"} <= IODS["RTDOSE"].keywords


@pytest.mark.parametrize(
    ("key", "changes", "more", "complaint"),
    [
        ("CT", {}, {}, "there is an IOD CT already; choose another name"),
        ("CT", {}, {"overwrite": True}, "there is an IOD CT already; choose another name"),
        ("sc", {}, {}, "'sc': a short name is"),
        ("SC", {"sop_class_uid": IODS["CT"].sop_class_uid}, {}, "is that of the IOD CT"),
        ("SC", {"sop_class_uid": "1.02"}, {}, "'1.02' is no UID"),
        ("SC", {"modality": "other"}, {}, "modality='other'"),
        ("SC", {"modules": rtxr.module_uses("M Patient")}, {}, "no module has StudyInstanceUID"),
        ("SC", {"rules": {"Modality": constant("CT")}}, {}, "Modality is given by the export"),
        ("SC", {"rules": {"KVP": constant(1)}}, {}, "no module has 'KVP'"),
        ("SC", {}, {"objects": without}, r"objects\(ds\): .*too many positional"),
    ],
)
def test_an_iod_that_cannot_be(key, changes, more, complaint):
    before = dict(IODS)
    with pytest.raises(RTXRError, match=complaint):
        rtxr.register_iod(key, replace(SECONDARY_CAPTURE, **changes), **more)
    assert before == IODS


def test_an_iod_is_replaced_only_if_that_is_meant():
    first = rtxr.register_iod("SC", SECONDARY_CAPTURE)
    with pytest.raises(RTXRError, match="there is an IOD SC already; remove it, or pass overw"):
        rtxr.register_iod("SC", SECONDARY_CAPTURE)
    second = rtxr.register_iod("SC", SECONDARY_CAPTURE, overwrite=True)
    first.remove()
    assert "SC" in IODS
    rtxr.register_module("SC", SCORE)
    second.remove()
    assert "SC" not in IODS


def test_objects_of_an_iod_are_registered_once():
    with rtxr.register_iod("RTIMAGE", objects=lambda _: []):
        with pytest.raises(RTXRError, match="objects of RTIMAGE are registered already"):
            rtxr.register_iod("RTIMAGE", objects=lambda _: [])
        rtxr.register_iod("RTIMAGE", objects=lambda _: [], overwrite=True).remove()


def test_registrations_say_what_they_are():
    with rtxr.register_module(["CT", "RTDOSE"], SCORE) as registration:
        assert repr(registration) == "<Registration of module 'Plan Score' for CT, RTDOSE>"
    with rtxr.register_iod("SC", SECONDARY_CAPTURE) as registration:
        assert repr(registration) == "<Registration of IOD SC>"
    with pytest.raises(UnknownNameError, match="did you mean"):
        rtxr.module_uses("M SC Equipmen", SC_EQUIPMENT)
