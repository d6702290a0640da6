"""Text values of DICOM (DS, IS, CS, UI, …) to numbers and strings, in bulk and forgivingly.

A decimal string (DS) as real files hold it may be padded with spaces or NULs, be empty, carry too
many characters or be no number at all. What cannot be read becomes NaN; nothing raises.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]

Words = npt.NDArray[np.uint64]

_CHUNK_BYTES = 250_000
_MOST_DIGITS = 15  # integers of 15 digits are exact, and so is one division by a power of ten
_ZERO, _DOT, _MINUS, _SEPARATOR = b"0"[0], b"."[0], b"-"[0], b"\\"[0]
_WORD, _LONGEST = 8, 16
#: One byte in each of the eight lanes of a word.
_LANES = 0x0101010101010101
_ZEROS, _DOTS = _ZERO * _LANES, (_DOT ^ _ZERO) * _LANES
_HIGH_BITS, _LOW_BITS = 0x80 * _LANES, 0x7F * _LANES
#: By place of the dot counted from the end (0: there is none): what its left part is worth with
#: the dot as a digit, how much of that is too much, and what the digits are to be divided by.
_LEFT = np.array([10**18, *(10**place for place in range(1, _LONGEST + 1))], np.uint64)
_TOO_MUCH = np.array([0, *(9 * 10**place for place in range(_LONGEST))], np.uint64)
_DIVISORS = np.array([1, *(10**place for place in range(_LONGEST))], np.float64)


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
    signed = codes[starts] == _MINUS
    lengths = stops - starts - signed
    mantissas, dots, plain = _decimals(codes, stops, lengths)
    numbers = mantissas.view(np.int64) / _DIVISORS[dots]
    numbers[signed] *= -1.0
    odd = np.flatnonzero(~plain)
    for at, start, stop in zip(odd, starts[odd].tolist(), stops[odd].tolist(), strict=True):
        numbers[at] = _number(joined[start:stop])
    ends = _LONGEST - 1 + np.cumsum([len(value) + 1 for value in values])
    return numbers, np.diff(np.searchsorted(stops, ends), prepend=-1)


def _decimals(
    codes: npt.NDArray[np.uint8], stops: IntArray, lengths: IntArray
) -> tuple[Words, IntArray, npt.NDArray[np.bool_]]:
    """Digits as integers, places of the dot from the end, and where both are right."""
    words = np.ndarray(len(codes) - _WORD + 1, "<u8", codes, strides=(1,))  # one at every byte
    values, dots, plain = _eight(words[stops - _WORD], np.minimum(lengths, _WORD))
    longer = np.flatnonzero(lengths > _WORD)
    if len(longer):
        rest = np.minimum(lengths[longer] - _WORD, _WORD)
        left, left_dots, left_plain = _eight(words[stops[longer] - 2 * _WORD], rest)
        plain[longer] &= left_plain & ((left_dots == 0) | (dots[longer] == 0))
        values[longer] += left * 10**_WORD
        dots[longer] += np.where(left_dots > 0, left_dots + _WORD, 0)
        dots[~plain] = 0
    values -= values // _LEFT[dots] * _TOO_MUCH[dots]
    digits = lengths - (dots > 0)
    plain &= (digits > 0) & (digits <= _MOST_DIGITS)
    return values, dots, plain


def _eight(words: Words, lengths: IntArray) -> tuple[Words, IntArray, npt.NDArray[np.bool_]]:
    """Values of the last characters of words of eight, the last of them in the highest lane.

    All lanes of a word are worked on at once. A dot is taken as the digit zero; ``dots`` says
    where it was, counted from the end, and ``plain`` that there were only digits and one dot.
    """
    unused = (_WORD * (_WORD - lengths)).astype(np.uint64)
    lanes = (words ^ _ZEROS) >> unused << unused
    other = lanes ^ _DOTS
    is_dot = ~(((other & _LOW_BITS) + _LOW_BITS) | other | _LOW_BITS)
    lanes ^= (is_dot >> 7) * (_DOT ^ _ZERO)
    plain = ((lanes + (0x80 - 10) * _LANES) | lanes) & _HIGH_BITS == 0
    plain &= is_dot & (is_dot - 1) == 0
    dots = _WORD - (np.bitwise_count(is_dot - 1) >> 3)
    # Pairs of digits, then fours, then all eight: each step joins neighbours into the higher one.
    lanes = (lanes * (1 + (10 << 8)) >> 8) & 0x00FF00FF00FF00FF
    lanes = (lanes * (1 + (100 << 16)) >> 16) & 0x0000FFFF0000FFFF
    values: Words = (lanes * (1 + (10_000 << 32)) >> 32).astype(np.uint64, copy=False)
    return values, dots.astype(np.int64), plain
