"""What an RT Image is to say of its frames, where its coordinates are other than its header's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import xarray as xr

from rtxr import model
from rtxr.errors import Violation
from rtxr.header_store import Record
from rtxr.iod.encoding.raw import duplicate, has_value, item, items_of, make, numbers_of, put
from rtxr.keywords import describe
from rtxr.read.rt_images.facts import (
    EXPOSURES,
    FRAME,
    FRAME_NUMBER,
    KEYWORDS,
    TRANSLATION,
    frame_facts,
)

Values = npt.NDArray[np.float64]
#: Facts that are written into the Exposure Sequence unless the header has them outside.
_EXPOSED = frozenset({model.METERSET, model.KVP})


def changed_facts(
    array: xr.DataArray, name: str, record: Record | None, header: pydicom.Dataset | None
) -> tuple[dict[str, Any], list[Violation]]:
    """Values by keyword of what the coordinates say and the header does not.

    Parameters
    ----------
    array : DataArray
        Images (image, y, x) of one file, frames in order.
    name : str
        The variable.
    record, header : Record and pydicom.Dataset, or None
        Header of the file, as bytes and parsed; not changed.

    Returns
    -------
    dict
        Values at the top level, and the Exposure Sequence where an item of it changes or frames
        were left out. What is not known (NaN, -1) is written empty.
    list of Violation
        Where frames differ in what one file says once.
    """
    now = _now(array, name)
    frames = now.pop(FRAME, np.arange(1.0, array.shape[0] + 1)).astype(int)
    header = pydicom.Dataset() if header is None else header
    stated = max(int((numbers_of(header, "NumberOfFrames") or [1])[0]), int(frames.max()))
    before = _before(record, frames, stated)
    changed = {
        fact: values
        for fact, values in now.items()
        if not np.array_equal(values, before[fact], equal_nan=True)
    }
    exposures = _kept(items_of(header, EXPOSURES), frames, stated)
    values: dict[str, Any] = {}
    if exposures and len(frames) < stated:
        values[EXPOSURES] = exposures
    told: list[Violation] = []
    if changed.keys() & set(model.TRANSLATION):
        place = [changed.pop(axis, now.get(axis, before[axis])) for axis in model.TRANSLATION]
        told += _once(values, TRANSLATION, np.stack(place, axis=1), name)
    for fact, wanted in changed.items():
        keyword = KEYWORDS[fact]
        inside = any(has_value(each, keyword) for each in exposures)
        outside = has_value(header, keyword) or not (inside or fact in _EXPOSED)
        told += _once(values, keyword, wanted[:, None], name) if outside else []
        if inside or not outside:
            exposures = exposures or [item(NumberOfBlocks=0)]
            told += _exposed(exposures, keyword, wanted, name)
            values[EXPOSURES] = exposures
    return values, told


def _now(array: xr.DataArray, name: str) -> dict[str, Values]:
    """Facts of each image that the Dataset still has."""
    names = {
        fact: model.rt_image_coord(name, fact) for fact in (*KEYWORDS, *model.TRANSLATION, FRAME)
    }
    count = array.shape[0]
    return {
        fact: np.broadcast_to(np.asarray(array.coords[coord].values, np.float64), (count,))
        for fact, coord in names.items()
        if coord in array.coords
    }


def _before(record: Record | None, frames: npt.NDArray[np.int_], stated: int) -> dict[str, Values]:
    """Facts of the same frames by their header; unknown ones where there is none."""
    if record is None:
        unknown = {fact: -1.0 if fact in model.IMAGE_NUMBERS else np.nan for fact in KEYWORDS}
        unknown |= dict.fromkeys(model.TRANSLATION, np.nan)
        return {fact: np.full(len(frames), value) for fact, value in unknown.items()}
    facts, _ = frame_facts(record, stated)
    return {
        fact: np.array([facts[frame - 1][fact] for frame in frames])
        for fact in (*KEYWORDS, *model.TRANSLATION)
    }


def _kept(
    exposures: Sequence[pydicom.Dataset], frames: npt.NDArray[np.int_], stated: int
) -> list[pydicom.Dataset]:
    """Items of the frames that are left, with their new frame numbers."""
    new = {old: number for number, old in enumerate(frames.tolist(), start=1)}
    kept = []
    for each in map(duplicate, exposures):
        of = [int(number) for number in numbers_of(each, FRAME_NUMBER)]
        if len(frames) < stated and of:
            if of[0] not in new:
                continue
            put(each, make(FRAME_NUMBER, new[of[0]]))
        kept.append(each)
    return kept


def _once(values: dict[str, Any], keyword: str, wanted: Values, name: str) -> list[Violation]:
    """Set a value at the top level; a violation where the frames of the file differ in it."""
    if len(np.unique(wanted, axis=0)) > 1:
        return [_differ(keyword, name)]
    values[keyword] = _written(keyword, wanted[0])
    return []


def _exposed(
    exposures: Sequence[pydicom.Dataset], keyword: str, wanted: Values, name: str
) -> list[Violation]:
    """Set a value in the items of the exposures, in place."""
    several = len(wanted) > 1
    of = [numbers_of(each, FRAME_NUMBER) if several else [] for each in exposures]
    places = [wanted[[int(number[0]) - 1]] if number else wanted for number in of]
    alone = len(exposures) == 1 or (several and len({tuple(number) for number in of}) == len(of))
    if not alone or any(len(np.unique(place)) > 1 for place in places):
        return [_differ(keyword, name)]
    for each, place in zip(exposures, places, strict=True):
        put(each, make(keyword, _written(keyword, place[:1])))
    return []


def _written(keyword: str, numbers: Values) -> Any:
    """Numbers as an element holds them; None for what is not known."""
    whole = {KEYWORDS[fact] for fact in model.IMAGE_NUMBERS if fact in KEYWORDS}
    if np.isnan(numbers).any() or (keyword in whole and numbers[0] < 0):
        return None
    if keyword in whole:
        return int(numbers[0])
    return numbers.tolist() if len(numbers) > 1 else float(numbers[0])


def _differ(keyword: str, name: str) -> Violation:
    text = (
        f"the frames of one file of {name!r} differ in {describe(keyword)}, which stands there "
        "once, or for several exposures of one frame"
    )
    fix = "give all frames of a file one value, or write them as files of their own"
    return Violation("rt-image-frames-differ", "error", text, attribute=describe(keyword), fix=fix)
