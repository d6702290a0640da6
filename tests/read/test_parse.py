from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.read import parse

DECIMALS = st.floats(allow_nan=False, allow_infinity=False, width=64)


def spelt(value: float) -> st.SearchStrategy[str]:
    styles = [f"{value:.{digits}f}" for digits in range(8)]
    styles += [repr(value), f"{value:g}", f"{value:+.3e}", f" {value:.2f} "]
    return st.sampled_from(styles)


@given(st.lists(st.lists(DECIMALS.flatmap(spelt), max_size=6), max_size=6))
def test_bulk_numbers_equal_python_floats_bit_for_bit(texts):
    values = ["\\".join(parts).encode() for parts in texts]
    numbers, counts = parse.float_lists(values)
    expected = [float(part) for parts in texts for part in parts]
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(np.signbit(numbers), np.signbit(expected))
    assert counts.tolist() == [len(parts) for parts in texts]


@given(st.lists(st.text("0123456789.-+eE /", max_size=20), min_size=1, max_size=8))
def test_any_characters_are_read_in_bulk_as_one_by_one(parts):
    value = "\\".join(parts).encode()
    np.testing.assert_array_equal(parse.float_lists([value])[0], parse.floats(value))


@pytest.mark.parametrize("length", range(1, 18))
def test_a_dot_anywhere_in_a_number_of_any_length(length):
    digits = "9081726354453627"[: length - 1]
    texts = [digits[:at] + "." + digits[at:] for at in range(length)] + [digits + "5"]
    texts += ["-" + text for text in texts]
    numbers, _ = parse.float_lists(["\\".join(texts).encode()])
    np.testing.assert_array_equal(
        numbers, [float(t) if t not in (".", "-.") else np.nan for t in texts]
    )


def test_what_is_no_number_becomes_nan_alone():
    numbers, counts = parse.float_lists(
        [b"1\\x\\3", b"", b"1,5\\2\\\\4 ", b"7\0", b"1.2.3\\-\\--4"]
    )
    np.testing.assert_array_equal(
        numbers, [1, np.nan, 3, np.nan, 2, np.nan, 4, 7, np.nan, np.nan, np.nan]
    )
    assert counts.tolist() == [3, 0, 4, 1, 3]


def test_long_digits_are_the_nearest_float():
    texts = [b"0.12345678901234567890", b"-161.1234567890123456", b"123456789012345678901", b"1e-3"]
    numbers, _ = parse.float_lists(texts)
    assert numbers.tolist() == [float(text) for text in texts]


def test_many_values_go_through_in_pieces():
    values = [b"%d.25\\-1" % number for number in range(60_000)]
    numbers, counts = parse.float_lists(values)
    assert counts.sum() == len(numbers) == 120_000
    assert numbers[::2].tolist() == [number + 0.25 for number in range(60_000)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        (b"", []),
        (b"  \0", []),
        (b" 1.5\\2 ", [1.5, 2.0]),
        ("3", [3.0]),
        (b"12 \0", [12]),
    ],
)
def test_single_values(value, expected):
    assert parse.floats(value).tolist() == expected


def test_first_number_integer_and_text():
    assert parse.number(b"2.5\\3") == 2.5
    assert parse.number(b"x") is None
    assert parse.integer(b"7.0 ") == 7
    assert parse.integer(b"") is None
    assert parse.text(b"1.2.3\0") == "1.2.3"
    assert parse.text(None) == ""
