"""Text values of DICOM (DS, IS, CS, UI, …) to numbers and strings, in bulk and forgivingly.

A decimal string (DS) as real files hold it may be padded with spaces or NULs, be empty, carry too
many characters or be no number at all. What cannot be read becomes NaN; nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray

IntArray = npt.NDArray[np.int64]

_POWERS = 10.0 ** np.arange(23)  # every one of them is exact in float64
_CHUNK_BYTES = 250_000
_MOST_DIGITS = 15  # integers of 15 digits are exact, and so is one division by a power of ten
_ZERO, _DOT, _MINUS, _SEPARATOR = b"0"[0], b"."[0], b"-"[0], b"\\"[0]


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
    numbers = floats(value)
    return float(numbers[0]) if len(numbers) and np.isfinite(numbers[0]) else None


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
    filled = [value for value in stripped if value]
    counts = np.array([value.count(b"\\") + 1 if value else 0 for value in stripped], np.int64)
    if not filled:
        return np.empty(0), counts
    return np.concatenate([_parts(chunk) for chunk in _chunks(filled)]), counts


def _chunks(values: Sequence[bytes]) -> Iterator[bytes]:
    """Values joined by backslashes into pieces whose arrays stay in the processor's cache."""
    stops = np.cumsum([len(value) for value in values])
    first = 0
    while first < len(values):
        reached = stops[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(stops, reached + _CHUNK_BYTES)))
        yield b"\\".join(values[first:last])
        first = last


def _parts(joined: bytes) -> FloatArray:
    r"""Numbers of ``-12.3\4\…``: plain decimals all at once, the others one by one.

    Up to 15 digits make an integer that float64 holds exactly; divided by an exact power of ten it
    is rounded once, as the text itself would be, so the result is the nearest float64.
    """
    codes = np.frombuffer(joined + b"\\", np.uint8)
    digits = codes - np.uint8(_ZERO)
    is_digit = digits < 10
    stops = np.flatnonzero(codes == _SEPARATOR)
    starts = np.concatenate([[0], stops[:-1] + 1])
    seen = np.cumsum(is_digit, dtype=np.int32)  # digits up to and including each character
    lengths = np.diff(seen[stops], prepend=np.int32(0))
    dots = np.flatnonzero(codes == _DOT)
    dotted = np.searchsorted(stops, dots)
    signed = codes[starts] == _MINUS
    points = np.bincount(dotted, minlength=len(stops))
    plain = (lengths > 0) & (lengths <= _MOST_DIGITS) & (points < 2)
    plain &= lengths + points + signed == stops - starts
    numbers = _mantissas(digits[is_digit], lengths)
    decimals = np.zeros(len(stops), np.int32)
    decimals[dotted] = seen[stops[dotted]] - seen[dots]
    numbers /= _POWERS[np.minimum(decimals, len(_POWERS) - 1)]
    numbers[signed] *= -1.0
    for odd in np.flatnonzero(~plain):
        numbers[odd] = _number(joined[starts[odd] : stops[odd]])
    return numbers


def _mantissas(digits: npt.NDArray[np.uint8], lengths: npt.NDArray[np.int32]) -> FloatArray:
    """Integers written by runs of decimal digits, as float64."""
    ends = np.cumsum(lengths)
    padded = np.concatenate([np.zeros(_MOST_DIGITS, np.uint8), digits])  # no run reaches before
    total = np.zeros(len(lengths))
    for place in range(min(int(lengths.max()), _MOST_DIGITS)):
        digit = padded[ends + (_MOST_DIGITS - 1 - place)].astype(np.float64)
        total += np.where(place < lengths, digit, 0.0) * _POWERS[place]
    return total
