"""The quick walk meets the same elements as the thorough one, and ends where bytes do."""

from __future__ import annotations

import pytest

from rtxr.read.elements import EXPLICIT, IMPLICIT, elements
from rtxr.read.scanning.starts import starts_of

SHORT = b"\x08\0\x60\0CS\x02\0CT"
LONG = b"\x09\0\x10\x10OB\0\0\x04\0\0\0abcd"
SEQUENCE = b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\x00\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
PLAIN = b"\x08\0\x60\0\x02\0\0\0CT"
PIXELS = b"\xe0\x7f\x10\0OW\0\0\x02\0\0\0ab"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(SHORT + LONG + SEQUENCE + PIXELS, EXPLICIT), (PLAIN * 3, IMPLICIT), (b"", EXPLICIT)],
)
def test_it_meets_what_the_thorough_walk_meets(data, encoding):
    found = list(elements(data, 0, len(data), encoding))
    starts = starts_of(data, 0, encoding)
    assert starts.end == len(data)
    assert starts.offsets == {each.tag: each.start for each in reversed(found)}


def test_it_ends_before_a_tag():
    starts = starts_of(SHORT + LONG + PIXELS + SHORT, 0, EXPLICIT, before=0x7FE00010)
    assert starts.offsets == {0x00080060: 0, 0x00091010: len(SHORT)}
    assert starts.end == len(SHORT + LONG)


def test_the_first_of_a_tag_counts():
    assert starts_of(SHORT + LONG + SHORT, 0, EXPLICIT).offsets[0x00080060] == 0


@pytest.mark.parametrize("last", [SHORT, LONG, SEQUENCE])
def test_what_is_not_whole_is_left_out(last):
    data = SHORT + last
    for cut in range(1, len(last)):
        starts = starts_of(data[:-cut], 0, EXPLICIT)
        assert starts.end == len(SHORT)
        assert list(starts.offsets.values()) == [0]
