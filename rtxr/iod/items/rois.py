"""Items of Structure Set ROI Sequence and RT ROI Observations Sequence (PS3.3 C.8.8.5, C.8.8.8).

A header's items stay the very objects they were unless something about their ROI changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import duplicate, item, items_of, make, numbers_of, put, text_of

if TYPE_CHECKING:
    from rtxr.iod.rt_structure_set import StructureData

#: Defined Terms of RT ROI Interpreted Type (3006,00A4), PS3.3 C.8.8.8.1.
INTERPRETED_TYPES = (
    *("EXTERNAL", "PTV", "CTV", "GTV", "TREATED_VOLUME", "IRRAD_VOLUME", "BOLUS", "AVOIDANCE"),
    *("ORGAN", "MARKER", "REGISTRATION", "ISOCENTER", "CONTRAST_AGENT", "CAVITY"),
    *("BRACHY_CHANNEL", "BRACHY_ACCESSORY", "BRACHY_SRC_APP", "BRACHY_CHNL_SHLD"),
    *("SUPPORT", "FIXATION", "DOSE_REGION", "CONTROL", "DOSE_MEASUREMENT"),
)


def rois(structures: StructureData, header: Dataset | None) -> list[Dataset] | None:
    """Structure Set ROI Sequence; None where the header's stays as it is."""
    old = [] if header is None else items_of(header, "StructureSetROISequence")
    numbers = own_numbers(old)
    names = {int(n): str(name) for n, name in _pairs(structures, "roi_names")}
    drawn = drawn_numbers(header)
    kept = []
    named: set[int] = set()
    for number, roi in zip(numbers, old, strict=True):
        if number in names:
            # Of two items with one number the first has the say about the name.
            kept.append(roi if number in named else _with_text(roi, "ROIName", names[number]))
            named.add(number)
    frame = frame_of_new(structures, header)
    new = [
        item(ROINumber=number, ReferencedFrameOfReferenceUID=frame or None, ROIName=name)
        for number, name in names.items()
        if number not in named and (name or number not in drawn)
    ]
    return _changed(old, [*kept, *new])


def observations(structures: StructureData, header: Dataset | None) -> list[Dataset] | None:
    """RT ROI Observations Sequence; None where the header's stays as it is."""
    old = [] if header is None else items_of(header, "RTROIObservationsSequence")
    types = {int(n): str(kind) for n, kind in _pairs(structures, "roi_types")}
    existed = known_numbers(header)
    kept = []
    typed: set[int] = set()
    for observation in old:
        number = number_of(observation, "ReferencedROINumber")
        if number in existed and number not in types:
            continue  # its ROI was removed; observations of ROIs that never were stay
        kept.append(_observed(observation, number, types, typed, existed))
    numbers = [number_of(each, "ObservationNumber") or 0 for each in old]
    free = max(numbers, default=0) + 1
    missing = [n for n in types if n not in typed and (n not in existed or types[n])]
    new = [
        item(
            ObservationNumber=free + at,
            ReferencedROINumber=number,
            RTROIInterpretedType=types[number],
            ROIInterpreter=None,
        )
        for at, number in enumerate(missing)
    ]
    return _changed(old, [*kept, *new])


def frame_of_new(structures: StructureData, header: Dataset | None) -> str:
    """Frame of reference of new ROIs: that of the image, if the other ROIs are in it or in none.

    Where they all are in other ones the Dataset took those for that of the image, and so must
    whoever reads the file: a single ROI in that of the image would single it out.
    """
    kept = {int(number) for number in structures.roi_numbers}
    old = [] if header is None else items_of(header, "StructureSetROISequence")
    named = Counter(
        text_of(roi, "ReferencedFrameOfReferenceUID")
        for number, roi in zip(own_numbers(old), old, strict=True)
        if number in kept
    )
    del named[""]
    own = structures.frame_of_reference_uid
    return (
        own
        if own and (own in named or not named)
        else max(named, key=named.__getitem__, default="")
    )


def own_numbers(items: Iterable[Dataset]) -> list[int]:
    """ROI Number of each item; a negative one by place where it is missing."""
    found = (number_of(roi, "ROINumber") for roi in items)
    return [-at - 1 if number is None else number for at, number in enumerate(found)]


def drawn_numbers(header: Dataset | None) -> set[int]:
    """ROI numbers that ROI Contour Sequence refers to."""
    drawn = [] if header is None else items_of(header, "ROIContourSequence")
    found = (number_of(each, "ReferencedROINumber") for each in drawn)
    return {number for number in found if number is not None}


def known_numbers(header: Dataset | None) -> set[int]:
    """ROI numbers that the source gives as ROIs: named or drawn."""
    named = [] if header is None else items_of(header, "StructureSetROISequence")
    return {*own_numbers(named), *drawn_numbers(header)}


def number_of(holder: Dataset, keyword: str) -> int | None:
    """Integer of an element, None where it is missing or no number."""
    numbers = numbers_of(holder, keyword)
    return round(numbers[0]) if numbers else None


def _observed(
    observation: Dataset,
    number: int | None,
    types: dict[int, str],
    typed: set[int],
    existed: set[int],
) -> Dataset:
    """An observation that stays: with the type of its ROI, without relations to removed ones."""
    result = observation
    if number in types and number not in typed:
        typed.add(number)
        result = _with_text(result, "RTROIInterpretedType", types[number])
    related = items_of(result, "RTRelatedROISequence")
    left = []
    for each in related:
        other = number_of(each, "ReferencedROINumber")
        if other in types or other not in existed:
            left.append(each)
    if len(left) < len(related):
        result = duplicate(result)
        if left:
            put(result, make("RTRelatedROISequence", left))
        else:
            del result["RTRelatedROISequence"]
    return result


def _with_text(holder: Dataset, keyword: str, text: str) -> Dataset:
    """The item with a text, itself where it says that already."""
    if text_of(holder, keyword).strip(" \0") == text.strip(" \0"):
        return holder
    changed = duplicate(holder)
    put(changed, make(keyword, text))
    return changed


def _pairs(structures: StructureData, name: str) -> Iterable[tuple[int, str]]:
    texts = getattr(structures, name)
    return zip(structures.roi_numbers, texts, strict=True)


def _changed(old: Sequence[Dataset], new: list[Dataset]) -> list[Dataset] | None:
    same = len(old) == len(new) and all(a is b for a, b in zip(old, new, strict=True))
    return None if same else new
