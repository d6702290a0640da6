"""Between injection and what PET values stand for: how long the dose has decayed.

Values are decay corrected to one instant for a whole series (PS3.3 C.8.9.1.1.11): the
administration, or the start of the acquisition, which Series Date and Time say unless the series
was made later; or they are not corrected, and each slice has an instant of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from rtxr.errors import ConflictingDataError, Finding, MissingDataError
from rtxr.geometry import FloatArray
from rtxr.keywords import describe
from rtxr.read.suv.dates import DAY, acquisitions, clock, date_time, known_of, series_start
from rtxr.read.suv.elements import PetSeries

#: What is left after so many half-lives cannot be measured.
_HALF_LIVES = 10.0
#: Instants worked out from several frames agree as well as times written in whole seconds do, s.
_AGREEMENT = 2.0
#: Decay Factor is checked to so much of the values; the middle of a frame is not its mean.
_DECAY_TOLERANCE = 0.05
#: GE: instant to which the values are decay corrected.
_GE_SCAN = (0x0009, "GEMS_PETD_01", 0x0D)


@dataclass(frozen=True)
class Decay:
    """How long the dose decays before the values stand for it.

    Parameters
    ----------
    seconds : ndarray
        From injection, one number, or one per slice of the series.
    reference : str
        What the values are corrected to, in words.
    findings : list of Finding
        What was assumed.
    """

    seconds: FloatArray
    reference: str
    findings: list[Finding]


def decay(series: PetSeries) -> Decay:
    """Time from injection to what the values of a series in Bq/mL stand for.

    Raises
    ------
    MissingDataError
        Decay Correction, the injection's or the acquisition's time is missing.
    ConflictingDataError
        The injection is after the scan, further after what the values are corrected to than the
        scan is long, or too long before it.
    """
    correction = series.text("DecayCorrection").upper()
    ways = {"ADMIN": _from_administration, "START": _from_start, "NONE": _of_each_slice}
    if correction not in ways:
        raise MissingDataError(
            f"SUV needs {describe('DecayCorrection')}, which is missing or none of "
            f"{', '.join(ways)}; give it: ds.rt.suv(DecayCorrection='START')"
        )
    return ways[correction](series)


def _from_administration(_: PetSeries) -> Decay:
    return Decay(np.zeros(1), "administration", [])


def _from_start(series: PetSeries) -> Decay:
    half_life = series.number("RadionuclideHalfLife")
    acquired, moved = acquisitions(series)
    reference, name, findings = _scan_start(series, acquired, half_life)
    injected, more = _injection(series, _scan(series, reference, acquired), half_life)
    implied = _implied_by_factors(series, acquired, half_life)
    findings += [*moved, *more, *_factor_findings(reference, implied, half_life)]
    return Decay(np.array([(reference - injected).total_seconds()]), name, findings)


def _of_each_slice(series: PetSeries) -> Decay:
    half_life = series.number("RadionuclideHalfLife")
    acquired, moved = acquisitions(series)
    known = known_of(acquired)
    if len(known) < len(acquired):
        raise MissingDataError(
            f"values that are not decay corrected need {describe('AcquisitionTime')} of every "
            f"slice; {len(acquired) - len(known)} of {len(acquired)} have none"
        )
    injected, findings = _injection(series, _scan(series, min(known), known), half_life)
    inside = _mean_in_frame(series, half_life)
    lacking = int(np.isnan(inside).sum())
    if lacking:
        message = (
            f"{lacking} slice(s) have no {describe('ActualFrameDuration')}; their values were "
            "taken to be those of the beginning of the acquisition"
        )
        findings.append(Finding("suv-frame-duration", "warning", message))
    begun = np.array([(each - injected).total_seconds() for each in known])
    return Decay(begun + np.nan_to_num(inside), "acquisition of each slice", [*moved, *findings])


# --- the instant that values are corrected to ------------------------------------------------
def _scan_start(
    series: PetSeries, acquired: Sequence[datetime | None], half_life: float
) -> tuple[datetime, str, list[Finding]]:
    """Start of the acquisition, what says it, and a Finding where it is not the series itself."""
    stated = date_time(series.text("DecayCorrectionDateTime"))
    if stated is not None:
        return stated, "DecayCorrectionDateTime", []
    started = series_start(series)
    known = known_of(acquired)
    if started is not None and ("SeriesTime" in series.given or not known):
        return started, "SeriesTime", [] if known else [_unchecked()]
    if started is not None and started <= min(known) + timedelta(seconds=1):
        return started, "SeriesTime", []
    if not known:
        raise MissingDataError(
            f"SUV needs {describe('SeriesDate')} and {describe('SeriesTime')}, or "
            f"{describe('AcquisitionTime')} of the slices; give the start of the scan: "
            "ds.rt.suv(DecayCorrectionDateTime='YYYYMMDDHHMMSS')"
        )
    reference, name = _of_processed(series, acquired, half_life)
    message = (
        f"{describe('SeriesTime')} is missing or later than the first acquisition, as in a "
        f"series made afterwards; values were taken to be decay corrected to the {name}"
    )
    return reference, name, [Finding("suv-reference-time", "warning", message)]


def _unchecked() -> Finding:
    message = (
        f"no slice has {describe('AcquisitionTime')}, so nothing shows whether the series was "
        f"made after the scan; {describe('SeriesTime')} was taken for its start"
    )
    return Finding("suv-reference-time", "warning", message)


def _of_processed(
    series: PetSeries, acquired: Sequence[datetime | None], half_life: float
) -> tuple[datetime, str]:
    """Start of the acquisition of a series whose own time is later, best source first."""
    first = min(known_of(acquired))
    scans = [found for text in series.private(*_GE_SCAN) if (found := date_time(text))]
    if scans and min(scans) <= first + timedelta(seconds=1):
        return min(scans), "scan time of GE (0009,xx0D)"
    # Frame Reference Time is from the start to when the mean activity of the frame was there.
    offset, inside = (
        series.per_slice("FrameReferenceTime") / 1000,
        _mean_in_frame(series, half_life),
    )
    usable = (offset > 0) & ~np.isnan(inside)
    if len(known_of(acquired)) == len(acquired) and usable.all():
        starts = _since(first, acquired) - offset + inside
        if np.ptp(starts) <= _AGREEMENT:
            start = first + timedelta(seconds=float(np.median(starts)))
            return start, "start that FrameReferenceTime of the slices says"
    return first, "earliest AcquisitionTime"


def _implied_by_factors(
    series: PetSeries, acquired: Sequence[datetime | None], half_life: float
) -> datetime | None:
    """Instant that Decay Factor (0054,1321) of the slices says."""
    factors, inside = series.per_slice("DecayFactor"), _mean_in_frame(series, half_life)
    known = known_of(acquired)
    usable = (factors > 0) & ~np.isnan(inside)
    # Some write 1 for a factor that they do not know.
    if len(known) < len(acquired) or not usable.any() or (factors[usable] == 1).all():
        return None
    starts = _since(known[0], acquired) + inside
    starts[usable] -= np.log2(factors[usable]) * half_life
    return known[0] + timedelta(seconds=float(np.median(starts[usable])))


def _factor_findings(
    reference: datetime, implied: datetime | None, half_life: float
) -> list[Finding]:
    apart = 0.0 if implied is None else (implied - reference).total_seconds()
    ratio = 2 ** (min(abs(apart) / half_life, 50)) - 1
    if ratio <= _DECAY_TOLERANCE:
        return []
    message = (
        f"{describe('DecayFactor')} of the slices says that values are decay corrected to an "
        f"instant {abs(apart) / 60:.0f} minutes {'after' if apart > 0 else 'before'} the one taken,"
        f" which would change SUV by {100 * ratio:.0f} %; if it is right give it: "
        "ds.rt.suv(DecayCorrectionDateTime='YYYYMMDDHHMMSS')"
    )
    return [Finding("suv-decay-factor", "warning", message)]


# --- the injection -----------------------------------------------------------------------------
@dataclass(frozen=True)
class _Scan:
    """What the values are corrected to, when the last slice was begun, and how long all took."""

    reference: datetime
    last: datetime
    length: timedelta

    def allows(self, injected: datetime, half_life: float) -> bool:
        """Whether an injection is not too long before the reference, and after it in the scan."""
        before = self.reference - injected
        seconds = before.total_seconds()
        return (
            injected <= self.last
            and -self.length <= before
            and (seconds <= _HALF_LIVES * half_life)
        )


def _scan(series: PetSeries, reference: datetime, acquired: Sequence[datetime | None]) -> _Scan:
    known = known_of(acquired) or [reference]
    duration = np.nan_to_num(series.per_slice("ActualFrameDuration"), posinf=0).max()
    length = max(known) - min(known) + timedelta(milliseconds=max(float(duration), 0.0))
    return _Scan(reference, max([reference, *known]), length)


def _injection(series: PetSeries, scan: _Scan, half_life: float) -> tuple[datetime, list[Finding]]:
    """When the dose was given; by the clock alone where the date is missing or cannot be."""
    keyword = "RadiopharmaceuticalStartDateTime"
    clock_given = "RadiopharmaceuticalStartTime" in series.given and keyword not in series.given
    stated = None if clock_given else date_time(series.text(keyword))
    if stated is not None and scan.allows(stated, half_life):
        return stated, _late_findings(stated, scan.reference)
    if keyword in series.given:
        raise _impossible(keyword)
    injected = _by_clock(_clock(series, stated), scan)
    if not scan.allows(injected, half_life):
        raise _impossible(keyword)
    findings = [_date_finding(stated is not None, half_life)]
    if injected.date() < scan.reference.date():
        message = (
            "the injection is later than the scan by the clock; it was taken to be on the day "
            "before"
        )
        findings.append(Finding("suv-past-midnight", "info", message))
    return injected, [*findings, *_late_findings(injected, scan.reference)]


def _by_clock(time: datetime, scan: _Scan) -> datetime:
    """The last time of day like this before the end of a scan, which may be past midnight."""
    first, last = scan.reference.date(), scan.last.date()
    injected = datetime.combine(last if last - first == DAY else first, time.time())
    return injected if injected <= scan.last else injected - DAY


def _clock(series: PetSeries, stated: datetime | None) -> datetime:
    """Time of day of the injection, on any date."""
    if stated is not None:
        return stated
    found = clock(series.text("RadiopharmaceuticalStartTime"))
    if found is None:
        raise MissingDataError(
            f"SUV needs {describe('RadiopharmaceuticalStartDateTime')} or "
            f"{describe('RadiopharmaceuticalStartTime')}, which the PET series lacks; give it: "
            "ds.rt.suv(RadiopharmaceuticalStartDateTime='YYYYMMDDHHMMSS')"
        )
    return found


def _impossible(keyword: str) -> ConflictingDataError:
    return ConflictingDataError(
        f"the injection ({describe(keyword)} or StartTime) is after the scan, further after "
        "the instant of decay correction than the scan is long, or more than "
        f"{_HALF_LIVES:g} half-lives before it; give what is right: ds.rt.suv({keyword}="
        "'YYYYMMDDHHMMSS'), or DecayCorrectionDateTime for the start of the scan"
    )


def _date_finding(contradicts: bool, half_life: float) -> Finding:
    if contradicts:
        message = (
            f"the date in {describe('RadiopharmaceuticalStartDateTime')} cannot be that of this"
            " scan, as where dates were changed; its time of day was used"
        )
        return Finding("suv-injection-date", "warning", message)
    message = (
        "the injection has a time of day and no date; it was taken to be within the day before "
        "the scan"
    )
    long_lived = half_life > 6 * 3600
    return Finding("suv-injection-date", "warning" if long_lived else "info", message)


def _late_findings(injected: datetime, reference: datetime) -> list[Finding]:
    if injected <= reference:
        return []
    message = (
        "the injection is after the start of the scan, as in a dynamic study; the dose was carried "
        "back to that start, to which the values are decay corrected"
    )
    return [Finding("suv-injection-in-scan", "warning", message)]


# --- frames ---------------------------------------------------------------------------------
def _since(first: datetime, moments: Sequence[datetime | None]) -> FloatArray:
    """Seconds after an instant; NaN where unknown."""
    return np.array(
        [np.nan if each is None else (each - first).total_seconds() for each in moments]
    )


def _mean_in_frame(series: PetSeries, half_life: float) -> FloatArray:
    """Seconds into each frame at which the activity was its mean there; NaN where unknown."""
    duration = series.per_slice("ActualFrameDuration") / 1000
    duration[~(duration > 0)] = np.nan
    rate = np.log(2) / half_life
    return np.asarray(np.log(rate * duration / -np.expm1(-rate * duration)) / rate)
