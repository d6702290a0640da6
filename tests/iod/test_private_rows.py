"""Private blocks: their rows, where they are placed, and how they are written and judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from rtxr.errors import RTXRError
from rtxr.iod.build import DELETE, build
from rtxr.iod.private_rows import block_of, private_block
from rtxr.iod.standard_modules import module_rows
from rtxr.iod.tables import IOD, Module, ModuleUse

GROUP, CREATOR = 0x3287, "MY LAB 1.0"
ROWS = """
1  01 DS Score
2  02 LO Method
3  10 UI Model
"""


def iod(usage: str = "U") -> IOD:
    common = Module("Common", "C.0", module_rows("1 SOPClassUID SOPInstanceUID\n3 PatientComments"))
    own = Module("Score", "MY LAB", private_block(CREATOR, GROUP, ROWS))
    return IOD("Test", "1.2.3", "OT", "A.0", (ModuleUse(common, "M"), ModuleUse(own, usage)))


def source(**elements: object) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.3", generate_uid()
    for name, value in elements.items():
        setattr(ds, name, value)
    return ds


def test_a_block_is_the_creator_and_its_rows():
    creator, score, method, model = private_block(CREATOR, GROUP, ROWS)
    assert (creator.tag, creator.vr, creator.type) == (0x32870010, "LO", "1")
    assert creator.own_rule.value == CREATOR
    assert [(row.keyword, row.tag, row.vr, row.type) for row in (score, method, model)] == [
        ("Score", 0x32871001, "DS", "1"),
        ("Method", 0x32871002, "LO", "2"),
        ("Model", 0x32871010, "UI", "3"),
    ]
    assert (creator.any_block, model.any_block) == ("(3287,00xx)", "(3287,xx10)")
    assert str(model) == "(3287,1010) Model"


@pytest.mark.parametrize(
    ("creator", "group", "table", "complaint"),
    [
        ("", GROUP, ROWS, "1 to 64 characters"),
        ("A\\B", GROUP, ROWS, "1 to 64 characters"),
        (" LAB", GROUP, ROWS, "1 to 64 characters"),
        ("x" * 65, GROUP, ROWS, "1 to 64 characters"),
        (CREATOR, 0x3286, ROWS, "is odd"),
        (CREATOR, 0x0007, ROWS, "is odd"),
        (CREATOR, 0xFFFF, ROWS, "is odd"),
        (CREATOR, GROUP, "1 1 DS Score", "no row of a private block"),
        (CREATOR, GROUP, "1 01 DS", "no row of a private block"),
        (CREATOR, GROUP, "1 01 DX Score", "did you mean 'DS'|there are"),
        (CREATOR, GROUP, "1 01 SQ Scores", "VR 'SQ'"),
        (CREATOR, GROUP, "1 01 DS PatientName", "no DICOM keyword"),
        (CREATOR, GROUP, "1 01 DS Plan.Score", "letters and digits"),
        (CREATOR, GROUP, "1C 01 DS Score", "have a condition"),
        (CREATOR, GROUP, "1 01 DS Score\n3 01 LO Other", "stands there twice"),
        (CREATOR, GROUP, "1 01 DS Score\n3 02 LO Score", "the name Score stands there twice"),
    ],
)
def test_what_is_no_private_block_is_refused(creator, group, table, complaint):
    with pytest.raises(RTXRError, match=complaint):
        private_block(creator, group, table)


def test_a_name_stands_once_in_a_module():
    first = private_block(CREATOR, GROUP, "1 01 DS Score")
    with pytest.raises(RTXRError, match="Score stands there twice"):
        Module("Score", "MY LAB", (*first, *private_block(CREATOR, GROUP + 2, "1 01 DS Score")))


def test_values_are_written_with_their_creator():
    built = build(iod(), source(), {"Score": 0.1 + 0.2, "Model": "1.2.840.1"})
    block = built.dataset.private_block(GROUP, CREATOR)
    assert (block[0x01].value, block[0x01].VR) == (0.3, "DS")
    assert (block[0x02].is_empty, block[0x10].value) == (True, "1.2.840.1")
    assert built.violations == ()
    assert [(each.code, each.attribute) for each in built.findings] == [
        ("added-empty", "(3287,1002) Method")
    ]
    assert build(iod(), built.dataset, {}).dataset == built.dataset


def test_a_block_is_only_asked_of_objects_that_have_it():
    assert build(iod(), source(), {}).violations == ()
    missing = build(iod(), source(), {"Method": "by hand"}).violations
    assert [(each.code, each.attribute, each.module) for each in missing] == [
        ("missing-type-1", "(3287,1001) Score", "Score")
    ]
    assert "MY LAB asks for one" in missing[0].message
    built = build(iod("M"), source(), {})
    assert [each.attribute for each in built.violations] == ["(3287,1001) Score"]
    assert built.dataset[GROUP, 0x0010].value == CREATOR


def test_a_value_of_a_block_is_judged_like_any_other():
    (flaw,) = build(iod(), source(), {"Score": 1, "Method": "x" * 65}).violations
    assert (flaw.code, flaw.attribute, flaw.type) == ("bad-value", "(3287,1002) Method", "2")
    assert "65 characters" in flaw.message
    (flaw,) = build(iod(), source(), {"Score": "much"}).violations[:1]
    assert (flaw.code, flaw.message) == (
        "bad-value",
        "(3287,1001) Score: the value does not fit its VR: it is a str",
    )
    assert flaw.fix == "give a number, or a list of them, a value of VR DS (PS3.5 6.2)"


def test_a_text_beyond_ascii_declares_its_character_set():
    built = build(iod(), source(), {"Score": 1, "Method": "größer"})
    assert built.dataset.SpecificCharacterSet == "ISO_IR 192"


def test_a_value_can_be_removed():
    there = build(iod(), source(), {"Score": 1, "Model": "1.2"}).dataset
    gone = build(iod(), there, {"Model": DELETE}).dataset
    assert 0x10 not in gone.private_block(GROUP, CREATOR)


def test_what_others_say_in_their_blocks_is_not_judged():
    ds = source()
    ds.private_block(GROUP, "OTHER", create=True).add_new(0x02, "LO", "x" * 65)
    assert build(iod(), ds, {}).violations == ()


@given(
    creators=st.lists(st.sampled_from(["A", "B", "C", CREATOR]), unique=True, max_size=4),
    blocks=st.lists(st.integers(0x10, 0x18), unique=True, min_size=4, max_size=4),
    nameless=st.lists(st.integers(0x1000, 0x18FF), max_size=5),
)
def test_a_block_never_takes_the_place_of_another(creators, blocks, nameless):
    ds = source()
    for creator, block in zip(creators, blocks, strict=False):
        ds.add_new((GROUP, block), "LO", creator)
        ds.add_new((GROUP, block << 8 | 0x01), "DS", str(block))
    for element in nameless:
        if (GROUP, element) not in ds:
            ds.add_new((GROUP, element), "UN", b"00")
    before = {element.tag: element.value for element in ds}
    at = block_of(ds, GROUP, CREATOR)
    after = build(iod(), ds, {"Score": 7, "Method": "by rule"}).dataset
    assert after[GROUP, at].value == CREATOR
    assert after[GROUP, at << 8 | 0x01].value == 7
    ours = {(GROUP << 16) | at, (GROUP << 16) | at << 8 | 1, (GROUP << 16) | at << 8 | 2}
    assert {tag: after[tag].value for tag in before if tag not in ours} == {
        tag: value for tag, value in before.items() if tag not in ours
    }
    if CREATOR not in creators[:4]:
        assert not ours & set(before)


def test_a_full_group_is_told():
    ds = source()
    for block in range(0x10, 0x100):
        ds.add_new((GROUP, block), "LO", f"C{block}")
    with pytest.raises(RTXRError, match="0x3287 has no free block"):
        block_of(ds, GROUP, CREATOR)


def test_two_blocks_of_one_group_stand_apart():
    other = Module("Other", "X", private_block("OTHER 1", GROUP, "2 01 LO Grade"))
    own = Module("Score", "MY LAB", private_block(CREATOR, GROUP, "2 01 LO Method"))
    uses = (*iod().modules[:1], ModuleUse(own, "M"), ModuleUse(other, "M"))
    built = build(IOD("Test", "1.2.3", "OT", "A.0", uses), source(), {})
    assert [built.dataset[GROUP, block].value for block in (0x10, 0x11)] == [CREATOR, "OTHER 1"]
    assert {(GROUP << 16) | 0x1001, (GROUP << 16) | 0x1101} <= set(built.dataset.keys())
    assert built.violations == ()
