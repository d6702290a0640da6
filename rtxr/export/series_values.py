"""What the slices of an edited series say of all its values: display windows and extremes.

A window stays as long as it shows something of the values. Values in another unit (SUV for Bq/ml,
0 to 1 for HU) may be one gray in it, and then the window is what they span.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rtxr.errors import Finding
from rtxr.export.objects import Outgoing
from rtxr.iod.build import DELETE
from rtxr.iod.encoding.raw import has_value, numbers_of
from rtxr.model import IMAGE_NAMES, RT_IMAGE_NAME

#: A window this many times as wide as the values shows them in five of 256 grays.
TOO_WIDE = 50.0
#: A linear window is at least 1 wide, an exact one need not be (PS3.3 C.11.2.1.2, C.11.2.1.3.2).
_NARROWEST = 1.0
_EXTREMES = ("SmallestPixelValueInSeries", "LargestPixelValueInSeries")


def follow(objects: Sequence[Outgoing]) -> list[Outgoing]:
    """The objects, the slices of an edited image saying what holds for all of it.

    Parameters
    ----------
    objects : sequence of Outgoing
        Judged: ``changes`` says what differs from the sources.
    """
    objects = [_alone(each) for each in objects]
    slices = [each for each in objects if _is_slice(each)]
    if not any(each.has_other_pixels for each in slices):
        return list(objects)
    values = [value for each in slices for value in _span(each)]
    span = min(values), max(values)
    extremes = _extremes(slices)
    return [_followed(each, *span, extremes) if _is_slice(each) else each for each in objects]


def _alone(each: Outgoing) -> Outgoing:
    """An RT Image, which is on its own: its window follows its own values."""
    if each.pixels is None or not RT_IMAGE_NAME.fullmatch(each.variable):
        return each
    return _followed(each, *_span(each), {}) if each.has_other_pixels else each


def _extremes(slices: Sequence[Outgoing]) -> dict[str, object]:
    """Smallest and largest stored value of a series; none where the slices are stored unlike."""
    codings = {(*_rescale(e), str(e.pixels.dtype)) for e in slices if e.pixels is not None}
    stored = [bound for each in slices for bound in _bounds(each)]
    ends = (min(stored), max(stored)) if len(codings) == 1 else (DELETE, DELETE)
    return dict(zip(_EXTREMES, ends, strict=True))


def _is_slice(each: Outgoing) -> bool:
    return each.variable in IMAGE_NAMES.values() and each.pixels is not None


def _followed(each: Outgoing, low: float, high: float, extremes: dict[str, object]) -> Outgoing:
    new: dict[str, object] = {
        keyword: value
        for keyword, value in extremes.items()
        if each.header is not None and keyword in each.header
    }
    if not _shows_nothing(each, low, high):
        return replace(each, values={**each.values, **new}) if new else each
    width = high - low
    text = (
        "(0028,1050) WindowCenter and (0028,1051) WindowWidth showed nothing of the new values; "
        "they are what these span"
    )
    window = {
        "WindowCenter": (low + high) / 2,
        "WindowWidth": width,
        "WindowCenterWidthExplanation": DELETE,
        "VOILUTFunction": "LINEAR" if width >= _NARROWEST else "LINEAR_EXACT",
    }
    finding = Finding("window-recomputed", "info", text, each.uid)
    return replace(
        each, values={**each.values, **new, **window}, findings=(*each.findings, finding)
    )


def _shows_nothing(each: Outgoing, low: float, high: float) -> bool:
    """Whether all windows of a slice lie beside the values or are far wider than they span."""
    if each.header is None or not has_value(each.header, "WindowCenter") or low == high:
        return False
    centers = numbers_of(each.header, "WindowCenter")
    widths = numbers_of(each.header, "WindowWidth")
    windows = list(zip(centers, widths, strict=False))
    return bool(windows) and not any(
        center - width / 2 < high and center + width / 2 > low and width <= TOO_WIDE * (high - low)
        for center, width in windows
    )


def _span(each: Outgoing) -> tuple[float, float]:
    """Lowest and highest value of a slice."""
    slope, intercept = _rescale(each)
    ends = [bound * slope + intercept for bound in _bounds(each)]
    return min(ends), max(ends)


def _rescale(each: Outgoing) -> tuple[float, float]:
    """Rescale Slope and Rescale Intercept of a slice as it is written."""
    found = []
    for keyword, plain in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0)):
        stated = each.values.get(keyword) or next(iter(numbers_of(each.header, keyword)), plain)
        found.append(float(str(stated)))
    return found[0], found[1]


def _bounds(each: Outgoing) -> tuple[int, int]:
    """Smallest and largest stored value of a slice."""
    return (0, 0) if each.pixels is None else (int(each.pixels.min()), int(each.pixels.max()))
