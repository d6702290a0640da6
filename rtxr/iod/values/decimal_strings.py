"""Numbers as DICOM decimal strings (VR DS, PS3.5 6.2): at most 16 characters, least loss."""

from __future__ import annotations

import math
from collections.abc import Iterable

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


def ds_strings(values: npt.ArrayLike) -> list[str]:
    """Decimal strings of many numbers, fast where most are short.

    Parameters
    ----------
    values : array_like
        Finite numbers, any shape; taken in C order.

    Raises
    ------
    ValueError
        A number is not finite.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(numbers).all():
        raise ValueError("decimal strings cannot hold NaN or infinite numbers")
    # Coordinates repeat: contours around masks run along the edges of voxels.
    which, distinct = pd.factorize(numbers)
    # Rounding first leaves short numbers as they are, and repr is slow for long ones.
    texts = np.array([repr(each) for each in _shortened(distinct).tolist()], dtype=object)
    for at, text in enumerate(texts):
        if len(text) > MAX_LENGTH:
            texts[at] = ds_string(distinct[at])
    found: list[str] = texts[which].tolist()
    return found


def joined(texts: Iterable[str]) -> bytes:
    """Value field of decimal strings: backslashes between, padded to even length."""
    data = "\\".join(texts).encode("ascii")
    return data + b" " * (len(data) % 2)


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
