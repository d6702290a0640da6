"""Text values of DICOM (DS, IS, CS, UI, …) to numbers and strings, in bulk and forgivingly.

A decimal string (DS) as real files hold it may be padded with spaces or NULs, be empty, carry too
many characters or be no number at all. What cannot be read becomes NaN; nothing raises.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]

_CHUNK_BYTES = 250_000
_MOST_DIGITS = 15  # integers of 15 digits are exact, and so is one division by a power of ten
_ZERO, _DOT, _MINUS, _SEPARATOR = b"0"[0], b"."[0], b"-"[0], b"\\"[0]
_WORD, _LONGEST = 8, 16
#: One byte in each of the eight lanes of a word.
_LANES = 0x0101010101010101
_ZEROS, _HIGH_BITS = _ZERO * _LANES, 0x80 * _LANES
#: The last characters of a word, by their number: those in its highest lanes.
_LAST = np.array([2**64 - 2 ** (64 - 8 * count) for count in range(_WORD + 1)], np.uint64)
#: By the bits below a dot: what digits that end in a zero for it are to be divided by.
_DIVISORS = np.ones(65)
_DIVISORS[:64:8] = 10.0 ** np.arange(_WORD, 0, -1)


def text(value: bytes | None) -> str:
    """Text of a value of the default character repertoire, without padding."""
    return "" if value is None else value.decode("latin-1").strip(" \0\r\n\t")


def floats(value: bytes | str | None) -> FloatArray:
    """Numbers of one DS or IS value; NaN where a part is no number, empty for an empty value."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value or b""
    if not raw.strip(b" \0"):
        return np.empty(0)
    return np.array([_number(part) for part in raw.split(b"\\")])


def number(value: bytes | str | None) -> float | None:
    """First number of a value, None where there is none."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value or b""
    found = _number(raw.partition(b"\\")[0])
    return found if math.isfinite(found) else None


def integer(value: bytes | str | None) -> int | None:
    """First number of an IS value as an integer, also where it is written as ``"7.0"``."""
    found = number(value)
    return None if found is None else round(found)


def _number(part: bytes) -> float:
    try:
        return float(part.replace(b"\0", b" "))
    except ValueError:
        return float("nan")


def float_lists(values: Sequence[bytes]) -> tuple[FloatArray, IntArray]:
    r"""Numbers of many multi-valued DS values at once, each equal to ``float`` of its text.

    Parameters
    ----------
    values : sequence of bytes
        For example the Contour Data (3006,0050) of every contour, parts separated by ``\``.

    Returns
    -------
    numbers : ndarray, (n,)
        Of all values, one after the other; NaN where a part is empty or no number.
    counts : ndarray, (len(values),)
        Parts of each value; 0 for an empty one.
    """
    stripped = [value.rstrip(b" \0") for value in values]
    filled = np.array([len(value) > 0 for value in stripped], bool)
    counts = np.zeros(len(values), np.int64)
    if not filled.any():
        return np.empty(0), counts
    parts = [_parts(chunk) for chunk in _chunks([value for value in stripped if value])]
    counts[filled] = np.concatenate([each for _, each in parts])
    return np.concatenate([numbers for numbers, _ in parts]), counts


def _chunks(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Values in pieces whose arrays stay in the processor's cache."""
    stops = np.cumsum([len(value) for value in values])
    first = 0
    while first < len(values):
        reached = stops[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(stops, reached + _CHUNK_BYTES)))
        yield values[first:last]
        first = last


def _parts(values: Sequence[bytes]) -> tuple[FloatArray, IntArray]:
    r"""Numbers of ``-12.3\4\…``: plain decimals all at once, the others one by one.

    Up to 15 digits make an integer that float64 holds exactly; divided by an exact power of ten it
    is rounded once, as the text itself would be, so the result is the nearest float64.
    """
    joined = b"\\".join([bytes(_LONGEST - 1), *values, b""])
    codes = np.frombuffer(joined, np.uint8)
    separators = np.flatnonzero(codes == _SEPARATOR)
    starts, stops = separators[:-1] + 1, separators[1:]
    signed = codes.take(starts) == _MINUS
    digits, plain = _decimals(codes, stops, stops - starts - signed)
    numbers = digits.values / digits.divisors * (1.0 - 2.0 * signed)
    odd = np.flatnonzero(~plain)
    for at, start, stop in zip(odd, starts[odd].tolist(), stops[odd].tolist(), strict=True):
        numbers[at] = _number(joined[start:stop])
    ends = _LONGEST - 1 + np.cumsum([len(value) + 1 for value in values])
    return numbers, np.diff(np.searchsorted(stops, ends), prepend=-1)


class _Digits(NamedTuple):
    """Numbers as integers to be divided by powers of ten, above 1 where there is a dot."""

    values: IntArray
    divisors: FloatArray


def _decimals(
    codes: npt.NDArray[np.uint8], stops: IntArray, lengths: IntArray
) -> tuple[_Digits, BoolArray]:
    """Digits of the characters before each stop, and where they are right."""
    words = np.ndarray(len(codes) - _WORD + 1, "<u8", codes, strides=(1,))  # one at every byte
    digits, plain = _eight(words[stops - _WORD], np.minimum(lengths, _WORD))
    plain &= lengths > (digits.divisors > 1)
    longer = np.flatnonzero(lengths > _WORD)
    if len(longer):
        rest = lengths[longer] - _WORD
        left, left_plain = _eight(words[stops[longer] - 2 * _WORD], np.minimum(rest, _WORD))
        right = _Digits(digits.values[longer], digits.divisors[longer])
        dots = (left.divisors > 1) + 1 * (right.divisors > 1)
        plain[longer] &= left_plain & (dots <= 1) & (lengths[longer] - dots <= _MOST_DIGITS)
        digits.values[longer], digits.divisors[longer] = _sixteen(left, right)
    return digits, plain


def _sixteen(left: _Digits, right: _Digits) -> _Digits:
    """Eight characters and the eight after them as one number with at most one dot."""
    in_left, in_right = left.divisors > 1, right.divisors > 1
    high = np.where(in_left, left.values // 10, left.values)
    values = np.where(in_right, high * 10**7 + right.values // 10, high * 10**8 + right.values)
    after = np.where(in_right, right.divisors / 10, 1.0)
    return _Digits(values, np.where(in_left, left.divisors * 10**7, after))


def _eight(words: Words, lengths: IntArray) -> tuple[_Digits, BoolArray]:
    """Digits of the last characters of words of eight, the last of them in the highest lane.

    All lanes of a word are worked on at once. The digits after a dot move into its place, which
    leaves a zero at the end. What is said to be right has only digits and one dot, or none.
    """
    lanes = (words ^ _ZEROS) & _LAST.take(lengths)
    dot = lanes >> 4 & _LANES  # no digit has that bit
    lanes -= dot * (_DOT ^ _ZERO)
    below = dot - 1
    plain = (((lanes + (0x80 - 10) * _LANES) | lanes) & _HIGH_BITS) | ((lanes | below) & dot) == 0
    before = lanes & below
    lanes = before | (lanes ^ before) >> 8
    # Pairs of digits, then fours, then all eight: each step joins neighbours into the higher one.
    lanes = (lanes * (1 + (10 << 8)) >> 8) & 0x00FF00FF00FF00FF
    lanes = (lanes * (1 + (100 << 16)) >> 16) & 0x0000FFFF0000FFFF
    lanes = lanes * (1 + (10_000 << 32)) >> 32
    return _Digits(lanes.view(np.int64), _DIVISORS.take(np.bitwise_count(below))), plain
