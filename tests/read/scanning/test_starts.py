"""The quick walk meets the same elements as the thorough one, and ends where bytes do."""

from __future__ import annotations

import pytest

from rtxr.read.elements import EXPLICIT, IMPLICIT, elements
from rtxr.read.scanning.starts import _last_walks, starts_of

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


@pytest.mark.parametrize("encoding", [EXPLICIT, IMPLICIT])
def test_bytes_that_are_laid_out_alike_share_what_was_found(encoding):
    first = SHORT + LONG + SEQUENCE + SHORT[:4] if encoding.explicit else PLAIN + PIXELS[:8] * 2
    other = first.replace(b"CT", b"MR")
    one, same = (starts_of(data, 0, encoding) for data in (first, other))
    assert same is one
    assert other[one.element(other, 0x00080060).value :].startswith(b"MR")
    assert one.element(other, 0x00080018) is None


@pytest.mark.parametrize("last", [SHORT, LONG, SEQUENCE, PIXELS])
def test_whatever_byte_differs_the_answer_is_that_of_a_walk(last):
    data, before = LONG + SEQUENCE + last + SHORT[:6], 0x7FE00010
    for at in range(len(data)):
        for byte in (0, 1, 0xFF, data[at] ^ 1, ord("S")):
            starts_of(data, 0, EXPLICIT, before)
            other = data[:at] + bytes([byte]) + data[at + 1 :]
            found = starts_of(other, 0, EXPLICIT, before)
            _last_walks.clear()
            anew = starts_of(other, 0, EXPLICIT, before)
            assert (found.offsets, found.end) == (anew.offsets, anew.end)


def test_an_element_that_comes_twice_hides_nothing():
    data = SHORT + LONG + SHORT + LONG
    starts_of(data, 0, EXPLICIT)
    other = data[: -len(SHORT + LONG)] + LONG + SHORT[:2] + b"\x61" + SHORT[3:]
    assert set(starts_of(other, 0, EXPLICIT).offsets) == {0x00080060, 0x00091010, 0x00080061}
