"""In which order images and templates are paired, and whether they were taken in that order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pydicom

from rtxr.edit.rt_images.sheets import Sheet
from rtxr.errors import Finding
from rtxr.iod.encoding.raw import text_of
from rtxr.iod.rt_image_series import when, whole
from rtxr.keywords import describe

_TIMES = f"{describe('ContentDate')} and {describe('ContentTime')}"


def out_of_order(images: Sequence[Sheet], templates: Sequence[Sheet]) -> list[Finding]:
    """A finding where what was paired by order was taken in another one.

    Parameters
    ----------
    images, templates : sequence of Sheet
        The first of one goes with the first of the other, and so on.
    """
    taken = [_when([each.dataset for each in some]) for some in (images, templates)]
    if not all(taken):
        return []
    # By the images' times, of equal ones by the templates': then these never go back if both agree.
    pairs = sorted(zip(*taken, range(len(images)), strict=True))
    for (_, before, one), (_, after, other) in pairwise(pairs):
        if after < before:
            return [_contradiction(images, templates, one, other)]
    return []


def _contradiction(
    images: Sequence[Sheet], templates: Sequence[Sheet], one: int, other: int
) -> Finding:
    text = (
        "images and templates were paired by their order, and were not taken in one order: the "
        f"image {images[one].name} before {images[other].name}, its template "
        f"{templates[one].name} after {templates[other].name} (by {_TIMES}, else "
        f"{describe('InstanceNumber')}); check the pairs, "
        "pairs=[(image, template), ...] sets others"
    )
    return Finding("rt-image-order", "warning", text, path=images[one].path)


def _when(objects: Sequence[pydicom.Dataset]) -> list[Any]:
    """What they are put in order by; empty where some do not say it, or all say the same."""
    times: list[Any] = [when(each, "ContentDate", "ContentTime") for each in objects]
    if all(day and not no_time for day, no_time, _ in times) and len(set(times)) > 1:
        return times
    series = {text_of(each, "SeriesInstanceUID") for each in objects}
    numbers = [number for each in objects if (number := whole(each, "InstanceNumber")) is not None]
    known = len(numbers) == len(objects) and len(set(numbers)) > 1 and len(series) == 1
    return numbers if known else []
