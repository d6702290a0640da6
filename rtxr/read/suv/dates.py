"""Instants in the headers of a PET series: of the series, and of the acquisition of each slice.

Dates may be missing, or be the same for all slices while their times pass midnight; then days are
chosen so that slices are near each other and near the series.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from rtxr.errors import Finding
from rtxr.keywords import describe
from rtxr.read.headers import Header
from rtxr.read.suv.elements import PetSeries

_DATE = r"(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})"
_TIME = r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?"
_DATE_TIME = re.compile(_DATE + _TIME)
_ANY_DAY = "20000101"
DAY = timedelta(days=1)
#: Slices of one scan are not further apart.
_SCAN = timedelta(hours=12)
#: The first slice follows the start of its series within this; any later it was acquired on the day
#: before, and the series made afterwards.
_START = timedelta(hours=6)

Moments = list[datetime | None]


def date_time(text: str) -> datetime | None:
    """Instant of a DT value, or of DA and TM put together; None where it is none.

    A difference to UTC is not used: all times of a scan are those of one place.
    """
    found = _DATE_TIME.match(text.strip())
    if found is None:
        return None
    *parts, fraction = found.groups()
    try:
        moment = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]
    except ValueError:
        return None
    return moment + timedelta(microseconds=int((fraction or "0").ljust(6, "0")))


def clock(time: str, day: str = "") -> datetime | None:
    """Instant of a TM and a DA value, on any day without one; None where the time is missing."""
    return date_time((day or _ANY_DAY) + time) if time else None


def known_of(moments: Sequence[datetime | None]) -> list[datetime]:
    """Those that are known."""
    return [each for each in moments if each is not None]


def series_start(series: PetSeries) -> datetime | None:
    """Series Date and Time; without a date on the day that goes with the dates of the slices."""
    day = series.text("SeriesDate")
    own = _own_days(series.headers)
    started = clock(series.text("SeriesTime"), day or _other_day(series.headers))
    if started is None or day or not any(own):
        return started
    near = _dated(_stated(series.headers, own), own)
    if not near:
        return started
    first = min(_by(each, max(near)) for each in near) if len(set(own)) == 1 else min(near)
    return started - _days_to(first, started, _START)


def acquisitions(series: PetSeries) -> tuple[Moments, list[Finding]]:
    """When the acquisition of each slice began, in the order of the headers, None where unknown.

    Slices whose date is missing, or the same for all while their times are more than 12 h apart,
    are on the day after midnight that their times say. Without any date the first of them is at
    most 6 h after Series Time, or else before it.

    Returns
    -------
    moments : list of datetime or None
    findings : list of Finding
        ``suv-past-midnight`` where slices are on another day than their headers say.
    """
    headers = series.headers
    own = _own_days(headers)
    days = {day for day in own if day}
    fallback = min(days) if days else series.text("SeriesDate") or _other_day(headers)
    stated = _stated(headers, [day or fallback for day in own])
    if not known_of(stated):
        return stated, []
    placed = _placed(series, stated, own)
    moved = sum(one != other for one, other in zip(stated, placed, strict=True))
    return placed, [_midnight_finding(moved)] if moved else []


def _placed(series: PetSeries, stated: Moments, own: Sequence[str]) -> Moments:
    """Acquisitions on the days that their times ask for."""
    days = {day for day in own if day}
    if len(days) > 1:  # those without a date go to the ones that have one
        first = min(_dated(stated, own), default=None)
        return [
            each if day or each is None or first is None else each + _days_to(each, first, _SCAN)
            for each, day in zip(stated, own, strict=True)
        ]
    near = known_of(stated)
    if days and max(near) - min(near) <= _SCAN:
        return stated
    latest = max(near)
    placed = [each if each is None else _by(each, latest) for each in stated]
    started = series_start(series)
    if started is None:
        return placed
    first = min(known_of(placed))
    if days:  # the date may be that after midnight
        shift = -DAY if started.date() == first.date() - DAY else timedelta()
    else:
        shift = _days_to(first, started, _START)
    return [each if each is None else each + shift for each in placed]


def _by(moment: datetime, latest: datetime) -> datetime:
    """A slice after midnight where it is too long before the latest to be of one scan."""
    return moment + DAY if latest - moment > _SCAN else moment


def _dated(moments: Moments, own: Sequence[str]) -> list[datetime]:
    """Those of the slices that have a date."""
    return known_of([each for each, day in zip(moments, own, strict=True) if day])


def _days_to(moment: datetime, anchor: datetime, ahead: timedelta) -> timedelta:
    """Whole days that put a moment into the 24 h that end so long after an anchor."""
    return DAY * ((anchor + ahead - moment) // DAY)


def _midnight_finding(moved: int) -> Finding:
    message = (
        f"{describe('AcquisitionDate')} is missing, or the same for all slices while "
        f"{describe('AcquisitionTime')} passes midnight; {moved} slice(s) were taken to be "
        "acquired on the day after, or before, the one that the headers say"
    )
    return Finding("suv-past-midnight", "warning", message)


def _own_days(headers: Sequence[Header]) -> list[str]:
    """Date of the acquisition of each slice; empty where it has none."""
    return [
        header.text("AcquisitionDate") or header.text("AcquisitionDateTime")[:8]
        for header in headers
    ]


def _other_day(headers: Sequence[Header]) -> str:
    """The next best date for a whole series; empty where dates were removed."""
    own = [day for day in _own_days(headers) if day]
    others = (headers[0].text(keyword) for keyword in ("ContentDate", "StudyDate"))
    return min(own, default="") or next(filter(None, others), "")


def _stated(headers: Sequence[Header], days: Sequence[str]) -> Moments:
    """Acquisition Time on the days given, else Acquisition DateTime."""
    return [
        clock(header.text("AcquisitionTime"), day) or date_time(header.text("AcquisitionDateTime"))
        for header, day in zip(headers, days, strict=True)
    ]
