"""What PS3.5 and PS3.6 say about the bytes of one element."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.tag import Tag

from rtxr.validation.encoding_rules import character_flaw, count_flaw, rule_of, terms_of


@pytest.mark.parametrize(
    ("keyword", "vr", "value", "fits"),
    [
        ("PixelSpacing", b"DS", b"1\\2", True),
        ("PixelSpacing", b"DS", b"1\\2\\3", False),
        ("PixelSpacing", b"", b"1 ", False),
        ("ContourData", b"DS", b"1\\2\\3\\4\\5\\6", True),
        ("ContourData", b"DS", b"1\\2\\3\\4", False),
        ("ROIDisplayColor", b"IS", b"1\\2\\3 ", True),
        ("Rows", b"US", b"\1\0", True),
        ("Rows", b"US", b"\1\0\1\0", False),
        ("Rows", b"US", b"\1\0\1", False),
        ("ImageType", b"CS", b"ORIGINAL\\PRIMARY ", True),
        ("ImageType", b"CS", b"ORIGINAL", False),
        ("PatientComments", b"LT", b"any\\thing", True),
        ("PixelSpacing", b"DS", b"  ", True),
    ],
)
def test_values_are_as_many_as_the_dictionary_allows(keyword, vr, value, fits):
    assert (count_flaw(value, rule_of(Tag(keyword), vr)) == "") is fits


def test_a_vr_is_that_of_the_dictionary_or_unknown():
    rows, pixel = Tag("Rows"), Tag("PixelPaddingValue")
    assert rule_of(rows, b"UN").wrong_vr == rule_of(rows, b"").wrong_vr == ""
    assert "VR SS" in rule_of(rows, b"SS").wrong_vr
    assert rule_of(pixel, b"SS").wrong_vr == rule_of(pixel, b"US").wrong_vr == ""
    assert rule_of(0x00091001, b"LO").wrong_vr == ""


@given(st.text(st.characters(min_codepoint=0xA0, max_codepoint=0xFF), min_size=1))
def test_letters_need_a_declared_set_that_has_them(text):
    assert character_flaw(text.encode("latin-1"), ()) != ""
    assert character_flaw(text.encode("latin-1"), ("ISO_IR 100",)) == ""
    assert character_flaw(text.encode("utf-8"), ("ISO_IR 192",)) == ""


@given(st.text(st.characters(codec="ascii", exclude_characters="\x1b"), min_size=1))
def test_ascii_needs_none(text):
    assert character_flaw(text.encode(), ()) == ""


def test_bytes_that_are_no_utf_8_are_a_flaw_and_sets_are_read_one_by_one():
    assert "no letters" in character_flaw(b"M\xfcller", terms_of(b"ISO_IR 192"))
    assert terms_of(b"\\ISO 2022 IR 87 ") == ("", "ISO 2022 IR 87")
    assert "escape sequence" in character_flaw(b"\x1b[31m", terms_of(b"ISO_IR 100"))
    japanese = "山田".encode("iso2022_jp")
    assert character_flaw(japanese, terms_of(b"\\ISO 2022 IR 87")) == ""
