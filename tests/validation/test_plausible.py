"""Values that are hardly meant: each gives its row, in ``rtxr.validate`` and before an export."""

from __future__ import annotations

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage, RTPlanStorage

from rtxr.iod.encoding.data_set_bytes import data_set_bytes
from rtxr.iod.encoding.raw import item
from rtxr.iod.items.beams import LEAVES, TURNS
from rtxr.read.elements import EXPLICIT
from rtxr.validation.checks import WANTED
from rtxr.validation.plausible import METERSETS, TERMS, check
from rtxr.validation.subject import Subject
from rtxr.validation.walk import Walk


def rows(dataset: Dataset, sop_class: str = RTPlanStorage) -> list[tuple[str, str, str]]:
    """Severity, code and attribute of each row."""
    walk = Walk(data_set_bytes(dataset, implicit_vr=False), EXPLICIT, WANTED).run()
    assert not walk.damage
    found = check(Subject("", "1.2.3", sop_class), walk.items)
    return [(each.severity, each.code, each.attribute) for each in found]


def beam(*, edges=(-10.0, 10.0), kind="ASYMX", **point) -> Dataset:
    jaw = item(RTBeamLimitingDeviceType=kind, LeafJawPositions=list(edges))
    first = item(BeamLimitingDevicePositionSequence=[jaw], **point)
    return item(BeamSequence=[item(ControlPointSequence=[first])])


@pytest.mark.parametrize("keyword", TERMS)
def test_every_term_is_known_and_another_one_is_a_warning(keyword):
    assert [rows(item(**{keyword: term})) for term in TERMS[keyword]] == [[]] * len(TERMS[keyword])
    ((severity, code, attribute),) = rows(item(**{keyword: "SOMETHING"}))
    assert (severity, code) == ("warning", "unknown-term")
    assert attribute.endswith(keyword)


@pytest.mark.parametrize("keyword", TURNS)
@pytest.mark.parametrize(("angle", "odd"), [(0, 0), (360, 0), (359.9, 0), (-1, 1), (400, 1)])
def test_angles_are_those_of_one_turn(keyword, angle, odd):
    found = rows(beam(**{keyword: angle}))
    assert [code for _, code, _ in found] == ["odd-angle"] * odd


@pytest.mark.parametrize(("edges", "crossed"), [((-10, 10), 0), ((5, 5), 0), ((10, -10), 1)])
@pytest.mark.parametrize("kind", ["X", "ASYMY"])
def test_jaws_do_not_cross(edges, kind, crossed):
    found = rows(beam(edges=edges, kind=kind))
    assert [code for _, code, _ in found] == ["jaws-cross"] * crossed


@pytest.mark.parametrize("kind", LEAVES)
@pytest.mark.parametrize(
    ("edges", "crossed"),
    [((-5, -5, 5, 5), 0), ((5, -5, 5, 5), 0), ((-5, 30, 5, -20), 1), ((5, 5, -5, -5), 1)],
)
def test_leaves_do_not_cross(kind, edges, crossed):
    found = rows(beam(edges=edges, kind=kind))
    told = [code for _, code, _ in found if code != "unknown-term"]  # of layers: MLCX1
    assert told == ["leaves-cross"] * crossed


@pytest.mark.parametrize(("meterset", "odd"), [(0, 0), (120.5, 0), (-1, 1)])
@pytest.mark.parametrize("keyword", METERSETS)
def test_a_meterset_is_not_negative(keyword, meterset, odd):
    found = rows(item(FractionGroupSequence=[item(**{keyword: meterset})]))
    assert [code for _, code, _ in found] == ["negative-meterset"] * odd


@pytest.mark.parametrize(
    ("kind", "more", "missing"),
    [
        ("MLCX", {}, 1),
        ("MLCX", {"LeafPositionBoundaries": None}, 1),
        ("MLCY", {"LeafPositionBoundaries": [-5.0, 0.0, 5.0]}, 0),
        ("ASYMX", {}, 0),
    ],
)
def test_leaves_have_boundaries(kind, more, missing):
    device = item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs=2, **more)
    found = rows(item(BeamSequence=[item(BeamLimitingDeviceSequence=[device])]))
    assert [code for _, code, _ in found] == ["leaf-boundaries-missing"] * missing


def test_a_code_is_of_a_scheme():
    whole = item(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning="x")
    assert rows(item(ProcedureCodeSequence=[whole])) == []
    bare = item(CodeValue="1", CodeMeaning="x")
    assert rows(item(ProcedureCodeSequence=[bare])) == [
        ("error", "missing-type-1", "(0008,0102) CodingSchemeDesignator in ProcedureCodeSequence")
    ]


@pytest.mark.parametrize(("scaling", "odd"), [("1e-4", 0), ("0", 1), ("-1", 1)])
def test_a_dose_has_a_scaling_above_0(monkeypatch, scaling, odd):
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)
    found = rows(item(DoseGridScaling=scaling), RTDoseStorage)
    assert [code for _, code, _ in found] == ["dose-scaling-odd"] * odd


def test_what_is_alike_is_one_row():
    twice = item(BeamSequence=[*beam(GantryAngle=400).BeamSequence] * 2)
    assert len(rows(twice)) == 1
