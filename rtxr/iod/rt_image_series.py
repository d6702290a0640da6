"""What all RT Images of a new series share: dates, patient, and the plan's beams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from rtxr.iod.encoding.raw import has_value, items_of, numbers_of, text_of, value_of


def series_values(
    images: Sequence[Dataset], templates: Sequence[Dataset], plan: Dataset
) -> dict[str, Any]:
    """Values by keyword that are the same in every image of the series.

    StudyDate and StudyTime are those of the template that is earliest, SeriesDate and SeriesTime
    ContentDate and ContentTime of the image that is; both of one object, whatever its place. The
    patient is that of the images, else of the templates, else of the plan.
    """
    values: dict[str, Any] = {"SeriesInstanceUID": str(generate_uid(prefix=None))}
    if earliest(templates, "StudyDate", "StudyTime") is not None:
        values |= _moment(of_study(templates), "Study", "Study")
    series = earliest(images, "ContentDate", "ContentTime")
    if series is not None:
        values |= _moment(images[series], "Content", "Series")
    for keyword in ("PatientName", "PatientID"):
        said = (each for each in (*images, *templates, plan) if has_value(each, keyword))
        if (found := next(said, None)) is not None:
            values[keyword] = str(value_of(found, keyword))
    return values


def earliest(objects: Sequence[Dataset], date: str, time: str) -> int | None:
    """Which object is earliest by a date and a time; None where none has the date.

    Of several of one day those that say no time come last, and of equal ones the first.
    """
    dated = [(when(each, date, time), at) for at, each in enumerate(objects)]
    known = [(key, at) for key, at in dated if key[0]]
    return min(known)[1] if known else None


def of_study(templates: Sequence[Dataset]) -> Dataset:
    """The template that speaks for patient, study and series: the earliest, else the first."""
    return templates[earliest(templates, "StudyDate", "StudyTime") or 0]


def beams(plan: Dataset) -> list[Dataset]:
    """Beams of a plan, of photons, electrons or ions."""
    return items_of(plan, "BeamSequence") or items_of(plan, "IonBeamSequence")


def beam_of(plan: Dataset, number: int | None) -> Dataset | None:
    """The beam of a number; None where the plan has none."""
    return next((each for each in beams(plan) if whole(each, "BeamNumber") == number), None)


def first_beam(plan: Dataset) -> int | None:
    """Number of the first beam of a plan that is no setup field, or of the first one."""
    kinds = [text_of(each, "TreatmentDeliveryType") != "SETUP" for each in beams(plan)]
    at = kinds.index(True) if True in kinds else 0
    return whole(beams(plan)[at], "BeamNumber") if kinds else None


def whole(dataset: Dataset, keyword: str) -> int | None:
    """A number without a fraction; None where there is none."""
    found = numbers_of(dataset, keyword)
    return int(found[0]) if found and float(found[0]).is_integer() else None


def _moment(dataset: Dataset, source: str, target: str) -> dict[str, str]:
    """Date and time of one object, under the keywords of another entity; empty ones too."""
    old = {"Date": ".", "Time": ":"}  # as ACR-NEMA wrote them (PS3.5 6.2)
    return {
        target + kind: text_of(dataset, source + kind).replace(mark, "")
        for kind, mark in old.items()
    }


def when(dataset: Dataset, date: str, time: str) -> tuple[str, bool, str]:
    """A date, whether it has no time, and the time, as they compare, however they are spelt."""
    day = text_of(dataset, date).replace(".", "")
    clock, _, fraction = text_of(dataset, time).replace(":", "").partition(".")
    return day, not clock, clock.ljust(6, "0") + fraction.ljust(6, "0")
