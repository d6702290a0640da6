"""Numbers as DICOM decimal strings (VR DS, PS3.5 6.2): at most 16 characters, least loss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_LENGTH = 16
#: Below this magnitude a number has few enough digits before the point for fixed notation.
_FIXED_BELOW = 1e13


def ds_string(value: float) -> str:
    """Decimal string of a number, at most 16 characters, as close as these allow.

    Parameters
    ----------
    value : float
        Finite.

    Raises
    ------
    ValueError
        The number is not finite; no decimal string stands for it.
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a decimal string cannot hold {number}")
    text = repr(number)
    if len(text) <= MAX_LENGTH:
        return text
    fitting = (_longest(number, "g"), _longest(number, "e"))
    return min(fitting, key=lambda each: abs(float(each) - number))


def value_fields(arrays: Sequence[npt.ArrayLike]) -> list[bytes]:
    """Value fields of many decimal strings: backslashes between, padded to even length.

    Parameters
    ----------
    arrays : sequence of array_like
        Finite numbers of each field, any shape; taken in C order.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    flat = [np.asarray(each, dtype=np.float64).ravel() for each in arrays]
    if not flat:
        return []
    numbers = np.concatenate(flat)
    if not np.isfinite(numbers).all():
        raise ValueError("decimal strings cannot hold NaN or infinite numbers")
    # Coordinates repeat: contours around masks run along the edges of voxels.
    which, distinct = pd.factorize(numbers)
    texts = np.array(_texts(distinct), dtype=object)
    stops = np.cumsum([len(each) for each in flat]).tolist()
    return [
        _field(texts[which[start:stop]].tolist())
        for start, stop in zip([0, *stops], stops, strict=False)
    ]


def _texts(numbers: npt.NDArray[np.float64]) -> list[bytes]:
    """Decimal strings of numbers, fast where most are short."""
    # Rounding first leaves short numbers as they are, and repr is slow for long ones.
    found = [repr(each) for each in _shortened(numbers).tolist()]
    for at, text in enumerate(found):
        if len(text) > MAX_LENGTH:
            found[at] = ds_string(numbers[at])
    return [text.encode("ascii") for text in found]


def _field(texts: Iterable[bytes]) -> bytes:
    data = b"\\".join(texts)
    return data + b" " if len(data) % 2 else data


def _longest(number: float, notation: str) -> str:
    """The most precise text of 16 characters in one notation (``g`` or ``e``)."""
    texts = (_compact(f"{number:.{digits}{notation}}") for digits in range(16, -1, -1))
    return next(text for text in texts if len(text) <= MAX_LENGTH)


def _compact(text: str) -> str:
    """Drop what an exponent does not need: ``1.5e+08`` is ``1.5e8``."""
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else text


def _shortened(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Numbers rounded to as many decimals as 16 characters of fixed notation hold."""
    size = np.abs(numbers)
    fixed = (size >= 1e-3) & (size < _FIXED_BELOW)
    before_point = np.where(fixed & (size >= 1), np.floor(np.log10(np.where(fixed, size, 1))), 0)
    decimals = MAX_LENGTH - 2 - before_point.astype(int) - (numbers < 0)
    rounded = numbers.copy()
    for count in np.unique(decimals[fixed]):
        some = fixed & (decimals == count)
        rounded[some] = np.round(numbers[some], int(count))
    return rounded
