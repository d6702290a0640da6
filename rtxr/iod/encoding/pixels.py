"""Values to stored integers: the source's own scaling where it fits, else one that loses least.

A stored value times slope plus intercept is the value (PS3.3 C.11.1.1.2); a stored dose times
Dose Grid Scaling is the dose (PS3.3 C.8.8.3.4). Bits Allocated, Bits Stored, High Bit and Pixel
Representation (PS3.3 C.7.6.3) follow from the integers. Attributes are returned only where they
differ from the source's, so that its own text stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from rtxr.errors import Finding, Violation
from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import numbers_of, text_of
from rtxr.iod.values.decimal_strings import ds_string
from rtxr.model import DOSE_UNITS_PER_GRAY

__all__ = ["Encoded", "ds_string", "encode_dose", "encode_image", "extremes", "image_as_read"]

FloatArray = npt.NDArray[np.float64]
IntegerArray = npt.NDArray[np.integer[Any]]

#: A value this far from a stored integer, in steps, is that integer.
STEP_TOLERANCE = 1e-3
#: Values of single precision may be further off, but never by as much as this.
_WORST_TOLERANCE = 0.3
_DESCRIPTION = ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
_PADDING = ("PixelPaddingValue", "PixelPaddingRangeLimit")


@dataclass(frozen=True)
class Encoded:
    """Stored integers and what describes them.

    Parameters
    ----------
    stored : ndarray
        Unsigned or signed integers of 8, 16 or 32 bits, shape of the values.
    attributes : dict
        Values by keyword that differ from the header's.
    findings : tuple of Finding
        What cannot be stored; severity ``"error"``.
    as_read : bool
        Whether they are the integers of a file, which never were values.
    """

    stored: IntegerArray
    attributes: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    as_read: bool = False


@dataclass(frozen=True)
class _Coding:
    """How integers stand for values; the texts are what is written."""

    slope: str
    intercept: str
    bits_allocated: int = 16
    bits_stored: int = 16
    signed: bool = False

    @property
    def limits(self) -> tuple[int, int]:
        if self.signed:
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"<{'i' if self.signed else 'u'}{self.bits_allocated // 8}")

    @property
    def description(self) -> dict[str, int]:
        numbers = (self.bits_allocated, self.bits_stored, self.bits_stored - 1, int(self.signed))
        return dict(zip(_DESCRIPTION, numbers, strict=True))

    def steps(self, values: npt.NDArray[Any]) -> FloatArray:
        """Values in steps from zero, not rounded."""
        steps: FloatArray = values - np.float64(self.intercept)
        steps /= np.float64(self.slope)
        return steps

    def whole_steps(self, values: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        """Values as whole steps, as far as their type can tell; None where some are between."""
        slope, intercept = float(self.slope), float(self.intercept)
        if values.dtype.kind in "iu" and slope == 1 and intercept.is_integer():
            narrow = values.dtype.itemsize <= 2 and abs(intercept) < 2**30  # half as long
            whole_numbers: npt.NDArray[Any] = values.astype(np.int32 if narrow else np.int64)
            whole_numbers -= int(intercept)
            return whole_numbers
        steps = self.steps(values)
        whole: FloatArray = np.rint(steps)
        tolerance = STEP_TOLERANCE
        if values.dtype.kind == "f" and values.size:
            resolution = np.finfo(values.dtype).eps * _farthest(values)
            tolerance = min(max(tolerance, 2 * resolution / abs(slope)), _WORST_TOLERANCE)
        steps -= whole
        off = _farthest(steps) if steps.size else 0.0
        return whole if off <= tolerance else None

    def fits(self, integers: npt.NDArray[Any]) -> bool:
        low, high = self.limits
        return bool(integers.size == 0 or (integers.min() >= low and integers.max() <= high))

    def store(self, values: npt.NDArray[Any]) -> IntegerArray:
        return np.clip(np.rint(self.steps(values)), *self.limits).astype(self.dtype)


def encode_image(
    values: npt.ArrayLike, header: Dataset | None = None, *, modality: str = ""
) -> Encoded:
    """Stored integers of one slice of an image.

    Parameters
    ----------
    values : array_like, (rows, columns)
        Rescaled values, for example HU.
    header : pydicom.Dataset or None
        Its slope, intercept and bits are kept where every value is one of their steps.
    modality : str, optional
        Of an image without header; ``"PT"`` asks for an intercept of 0 (PS3.3 C.8.9.4.1.4).

    Returns
    -------
    Encoded
        Integers that span at most 65535 are stored exactly, all else to half a step of 16 bits.
        NaN and infinite values are a violation, and stored as 0.
    """
    numbers, findings = _finite(np.asarray(values), "image")
    own = _image_coding(header)
    whole = None if own is None else own.whole_steps(numbers)
    if own is not None and whole is not None:
        for coding in (own, _Coding(own.slope, own.intercept, signed=own.signed)):
            if coding.fits(whole):
                return Encoded(whole.astype(coding.dtype), _changed_bits(coding, header), findings)
    coding = _new_image_coding(numbers, modality or text_of(header, "Modality"))
    attributes = {
        "RescaleSlope": coding.slope,
        "RescaleIntercept": coding.intercept,
        **_changed_bits(coding, header),
        **_moved_padding(own, coding, header),
    }
    return Encoded(coding.store(numbers), attributes, findings)


def image_as_read(
    stored: IntegerArray, header: Dataset, *, rescale: tuple[float, float], limits: tuple[int, int]
) -> Encoded | None:
    """Stored integers of one slice as a file has them, without making values of them.

    Parameters
    ----------
    stored : ndarray, (rows, columns)
        Integers of the file.
    header : pydicom.Dataset
        What is going to describe them.
    rescale, limits : (slope, intercept), (low, high)
        What made values of them, and what they can be.

    Returns
    -------
    Encoded or None
        What :func:`encode_image` gives for their values; None where the header says something else
        of them than the file did.
    """
    own = _image_coding(header)
    if own is None or (float(own.slope), float(own.intercept)) != rescale:
        return None
    if own.limits != limits or own.dtype != stored.dtype:
        return None
    return Encoded(stored, _changed_bits(own, header), as_read=True)


def encode_dose(values: npt.ArrayLike, header: Dataset | None = None) -> Encoded:
    """Stored integers of a dose grid.

    Parameters
    ----------
    values : array_like, (frames, rows, columns)
        Dose in Gy, also where the header's (3004,0002) DoseUnits is CGY; a relative dose in the
        header's unit.
    header : pydicom.Dataset or None
        Its scaling and bits are kept where every dose is one of their steps; else its scaling
        with 32 bits, else a scaling that makes them whole, else a new one of 32 bits.

    Returns
    -------
    Encoded
        Doses to half a step of at most 1/4294967295 of the largest. NaN, and negative doses unless
        (3004,0004) DoseType is ERROR, are violations, and stored as 0.
    """
    numbers, findings = _finite(np.asarray(values), "dose")
    per_gray = DOSE_UNITS_PER_GRAY.get(text_of(header, "DoseUnits").upper())
    if per_gray not in (None, 1):
        numbers = numbers * per_gray
    is_error = text_of(header, "DoseType") == "ERROR"
    negative = int((numbers < 0).sum())
    if negative and not is_error:
        text = (
            f"the dose is negative in {negative} voxels and (3004,0004) DoseType is not ERROR; "
            "a stored dose is unsigned (PS3.3 C.8.8.3.4)"
        )
        findings += (_unstorable("negative-dose", text, "clip it at 0"),)
        numbers = np.maximum(numbers, 0)
    own = _dose_coding(header)
    coding, stored = _kept_dose(numbers, own) or _new_dose(numbers, own, signed=is_error)
    attributes: dict[str, Any] = _changed_bits(coding, header)
    if own is None or coding.slope != own.slope:
        attributes["DoseGridScaling"] = coding.slope
    return Encoded(stored, attributes, findings)


def extremes(stored: IntegerArray, header: Dataset | None) -> dict[str, int]:
    """Smallest and largest stored value, for those attributes that the header has.

    For changed pixels only: a source may say what it likes about its own.
    """
    found = {"SmallestImagePixelValue": stored.min, "LargestImagePixelValue": stored.max}
    return {
        keyword: int(extreme())
        for keyword, extreme in found.items()
        if header is not None and keyword in header
    }


def _finite(values: npt.NDArray[Any], what: str) -> tuple[npt.NDArray[Any], tuple[Finding, ...]]:
    """Numbers without NaN or infinities, and a violation where there were some."""
    if values.dtype.kind in "iub":
        return values.astype(np.int64) if values.dtype.kind == "b" else values, ()
    bad = ~np.isfinite(values)
    if not bad.any():
        return values, ()
    text = (
        f"the {what} has voxels without a number (NaN or infinite) and stored integers have no NaN"
    )
    fix = "fill it, with fillna or the fill_value of resample, or select the rest"
    return np.where(bad, 0, values), (_unstorable(f"nan-in-{what}", text, fix),)


def _unstorable(code: str, message: str, fix: str) -> Violation:
    """Values that no stored pixels can stand for."""
    module, name = "Image Pixel", "(7FE0,0010) PixelData"
    return Violation(code, "error", message, module=module, attribute=name, type="1C", fix=fix)


def _image_coding(header: Dataset | None) -> _Coding | None:
    """Coding of a source image; None where it has none that can be written."""
    slope = _number_text(header, "RescaleSlope", "1")
    intercept = _number_text(header, "RescaleIntercept", "0")
    return _source_coding(header, slope, intercept)


def _dose_coding(header: Dataset | None) -> _Coding | None:
    slope = _number_text(header, "DoseGridScaling", "")
    return _source_coding(header, slope, "0") if slope and float(slope) > 0 else None


def _source_coding(header: Dataset | None, slope: str, intercept: str) -> _Coding | None:
    bits = [_first(header, keyword) for keyword in ("BitsAllocated", "BitsStored")]
    allocated = bits[0]
    if allocated not in {8, 16, 32} or not float(slope):
        return None
    stored = bits[1] if bits[1] and bits[1] <= allocated else allocated
    return _Coding(slope, intercept, allocated, stored, _first(header, "PixelRepresentation") == 1)


def _new_image_coding(values: npt.NDArray[Any], modality: str) -> _Coding:
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    whole = values.dtype.kind in "iu" or bool((values == np.rint(values)).all())
    if whole and low >= -32768 and high <= 32767:
        return _Coding("1", "0", signed=True)
    if modality == "PT":
        signed = low < 0
        largest = max(abs(low), high)
        return _Coding(ds_string(largest / (32767 if signed else 65535)), "0", signed=signed)
    if (whole and high - low <= 65535) or high == low:
        return _Coding("1", ds_string(low))
    return _Coding(ds_string((high - low) / 65535), ds_string(low))


def _kept_dose(
    values: npt.NDArray[Any], own: _Coding | None
) -> tuple[_Coding, IntegerArray] | None:
    """A coding in which the doses are the whole steps that they are of the source's scaling."""
    if own is None:
        return None
    whole = own.whole_steps(values)
    if whole is None:
        return None
    wide = _Coding(own.slope, "0", 32, 32, own.signed)
    for coding in (own, wide):
        if coding.fits(whole):
            return coding, whole.astype(coding.dtype)
    if np.abs(whole).max(initial=0) > 2**53:
        return None
    common = int(np.gcd.reduce(whole.astype(np.int64), axis=None))
    coarse = _Coding(ds_string(float(own.slope) * common), "0", 32, 32, own.signed)
    exact = float(coarse.slope) == float(own.slope) * common
    fewer = whole / common
    return (coarse, fewer.astype(coarse.dtype)) if exact and coarse.fits(fewer) else None


def _new_dose(
    values: npt.NDArray[Any], own: _Coding | None, *, signed: bool
) -> tuple[_Coding, IntegerArray]:
    """32 bits, the largest dose at the top."""
    largest = _farthest(values) if values.size else 0.0
    if largest == 0:
        coding = own or _Coding("1", "0", 32, 32, signed)
    else:
        step = ds_string(largest / (2 ** (31 if signed else 32) - 1))
        coding = _Coding(step, "0", 32, 32, signed)
    return coding, coding.store(values)


def _changed_bits(coding: _Coding, header: Dataset | None) -> dict[str, Any]:
    """Description of the integers where the header says something else or nothing."""
    return {
        keyword: number
        for keyword, number in coding.description.items()
        if _first(header, keyword) != number
    }


def _moved_padding(own: _Coding | None, coding: _Coding, header: Dataset | None) -> dict[str, Any]:
    """Padding values in the new integers; removed where they have none there."""
    moved: dict[str, Any] = {}
    for keyword in _PADDING:
        stored = _first(header, keyword)
        if header is None or keyword not in header or own is None:
            continue
        value = (stored or 0) * float(own.slope) + float(own.intercept)
        whole = coding.whole_steps(np.asarray([value]))
        fits = whole is not None and coding.fits(whole)
        moved[keyword] = int(whole[0]) if whole is not None and fits else DELETE
    return moved


def _farthest(values: npt.NDArray[Any]) -> float:
    """Largest distance of a value from zero."""
    return max(abs(float(values.min())), abs(float(values.max())))


def _first(header: Dataset | None, keyword: str) -> int | None:
    numbers = _whole_numbers(header, keyword)
    return numbers[0] if numbers else None


def _whole_numbers(header: Dataset | None, keyword: str) -> Sequence[int]:
    if header is None or keyword not in header:
        return []
    if keyword in _PADDING:  # whether it is signed depends on a neighbour
        value = header.get(keyword)
        return [value] if isinstance(value, int) else []
    return [int(number) for number in numbers_of(header, keyword)]


def _number_text(header: Dataset | None, keyword: str, without: str) -> str:
    """Text of a decimal string; the other text where it is absent or no number."""
    numbers = numbers_of(header, keyword)
    if not numbers or not np.isfinite(numbers[0]):
        return without
    return text_of(header, keyword) if len(numbers) == 1 else without
