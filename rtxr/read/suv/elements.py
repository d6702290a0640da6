"""What the headers of a PET series say that a standardized uptake value depends on.

One value holds for a series (PS3.3 C.8.9.1, C.8.9.2) unless its slices say otherwise, which is an
error; the caller's own values stand for those of the headers. Messages name elements, never values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pydicom
import xarray as xr

from rtxr import header_store, model
from rtxr.errors import ConflictingDataError, MissingDataError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray
from rtxr.header_store import Record
from rtxr.keywords import describe
from rtxr.read import parse as parsing
from rtxr.read.headers import Header, header_of, parse
from rtxr.read.item_values import items, text
from rtxr.read.sources import source_of

_ISOTOPE = "RadiopharmaceuticalInformationSequence"
#: Elements that are in an item of Radiopharmaceutical Information Sequence (0054,0016).
_OF_ISOTOPE = frozenset(
    {
        "RadionuclideHalfLife",
        "RadionuclideTotalDose",
        "RadiopharmaceuticalStartDateTime",
        "RadiopharmaceuticalStartTime",
    }
)
#: Elements that a caller may give.
GIVABLE = (
    *sorted(_OF_ISOTOPE),
    "CorrectedImage",
    "DecayCorrection",
    "DecayCorrectionDateTime",
    "PatientSex",
    "PatientSize",
    "PatientWeight",
    "SUVType",
    "SeriesDate",
    "SeriesTime",
    "Units",
)
#: Smallest and largest value that the unit of the Standard makes likely > that unit.
_LIKELY: Mapping[str, tuple[float, float, str]] = {
    "PatientWeight": (0.0, 500.0, "kg"),
    "PatientSize": (0.0, 3.0, "m"),
    "RadionuclideTotalDose": (1e6, 1e11, "Bq, not kBq or MBq"),
    "RadionuclideHalfLife": (10.0, 1e8, "s"),
}


class PetSeries:
    """Elements of a PET series.

    Parameters
    ----------
    headers : sequence of Header
        Of all slices of the series.
    given : mapping
        Values by keyword that stand for those of the headers.
    """

    def __init__(self, headers: Sequence[Header], given: Mapping[str, Any]) -> None:
        unknown = [keyword for keyword in given if keyword not in GIVABLE]
        if unknown:
            raise UnknownNameError(
                f"SUV does not depend on {unknown[0]!r}; {did_you_mean(unknown[0], GIVABLE, 20)}"
            )
        self.headers = headers
        self.given = given
        self.asked: set[str] = set()

    def text(self, keyword: str) -> str:
        """Value of an element of the series as text; empty where no slice has one.

        Raises
        ------
        ConflictingDataError
            The slices disagree.
        """
        self.asked.add(keyword)
        if keyword in self.given:
            value = self.given[keyword]
            return "\\".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        found = self._isotope(keyword) if keyword in _OF_ISOTOPE else self._outermost(keyword)
        if len(set(map(_number_or_text, found))) > 1:
            raise ConflictingDataError(
                f"{describe(keyword)} has several values in the PET series, of slices or of "
                f"radiopharmaceuticals; give the one that holds: ds.rt.suv({keyword}=...)"
            )
        return next(iter(found), "")

    def number(self, keyword: str) -> float:
        """Value of an element of the series as a number, which must be positive.

        Raises
        ------
        MissingDataError
            It is missing, empty, zero or no number.
        ConflictingDataError
            The slices disagree, or the value cannot be in the unit of the Standard.
        """
        low, high, unit = _LIKELY[keyword]
        value = parsing.number(self.text(keyword))
        if value is None or value <= 0:
            raise MissingDataError(
                f"SUV needs {describe(keyword)} in {unit}, which the PET series lacks; "
                f"give it: ds.rt.suv({keyword}=...)"
            )
        if keyword not in self.given and not low <= value <= high:
            raise ConflictingDataError(
                f"the value of {describe(keyword)} cannot be in {unit}; give one that is: "
                f"ds.rt.suv({keyword}=...)"
            )
        return value

    def per_slice(self, keyword: str) -> FloatArray:
        """A number of every slice; NaN where it has none."""
        found = [header.number(keyword) for header in self.headers]
        return np.array([np.nan if value is None else value for value in found], np.float64)

    def private(self, group: int, creator: str, element: int) -> list[str]:
        """A private element of every slice as text; empty where it has none."""
        return [_private(parse(each.record), group, creator, element) for each in self.headers]

    def _outermost(self, keyword: str) -> list[str]:
        found = dict.fromkeys(header.text(keyword) for header in self.headers)
        return [value for value in found if value]

    def _isotope(self, keyword: str) -> list[str]:
        found = dict.fromkeys(text(item, keyword) for item in self._isotopes)
        return [value for value in found if value]

    @cached_property
    def _isotopes(self) -> list[pydicom.Dataset]:
        distinct = {header.value(_ISOTOPE): header.record for header in self.headers}
        return [item for record in distinct.values() for item in items(parse(record), _ISOTOPE)]


def pet_series(ds: xr.Dataset, given: Mapping[str, Any]) -> PetSeries:
    """Series of the image ``pt`` of a case: all of its slices whose headers the Dataset carries.

    Raises
    ------
    MissingDataError
        The Dataset carries no header of a PET slice.
    """
    headers = [_header(record) for record in header_store.unpack(ds).values()]
    uids = set(slice_uids(ds))
    series = {each.text("SeriesInstanceUID") for each in headers if each.record.uid in uids}
    if series:
        headers = [each for each in headers if each.text("SeriesInstanceUID") in series]
    else:
        headers = [each for each in headers if each.text("Modality") == "PT"]
    if not headers:
        raise MissingDataError(
            "this Dataset carries no header of a PET slice, which SUV is computed from; keep them "
            "with ds.drop_vars(...) rather than ds[[...]]"
        )
    return PetSeries(headers, given)


def slice_uids(ds: xr.Dataset) -> list[str]:
    """SOPInstanceUIDs of the slices of ``pt``, flat; none where the coordinate is lost."""
    coordinate = ds.coords.get(model.uid_name(model.IMAGE_NAMES["PT"]))
    return [] if coordinate is None else [str(uid) for uid in np.ravel(coordinate.values)]


def _header(record: Record) -> Header:
    source = source_of(record.data, complete=True, name=record.path)
    return header_of(source, record.path, record.uid)


def _number_or_text(value: str) -> float | str:
    number = parsing.number(value)
    return value if number is None or "\\" in value else number


def _private(ds: pydicom.Dataset, group: int, creator: str, element: int) -> str:
    try:
        value = ds.private_block(group, creator)[element].value
    except Exception:  # not there, or whatever pydicom meets in broken bytes
        return ""
    return parsing.text(value) if isinstance(value, bytes) else str(value or "").strip(" \0")
