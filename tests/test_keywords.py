"""Elements of the Standard: tags, and how messages name them."""

from __future__ import annotations

import pytest

from rtxr.keywords import describe, shown, tag_of


def test_an_element_is_named_with_its_tag():
    assert tag_of("PixelData") == 0x7FE00010
    assert tag_of(tag_of("PixelData")) == 0x7FE00010
    assert shown(0x7FE00010) == "(7FE0,0010)"
    assert describe("DoseGridScaling") == "(3004,000E) DoseGridScaling"


def test_no_other_word_has_a_tag():
    with pytest.raises(ValueError, match="Dose Grid Scaling"):
        tag_of("Dose Grid Scaling")
