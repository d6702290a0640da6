"""Overlay planes (PS3.3 C.9.2): bits over the rows and columns of one image, cut as it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtxr.iod.encoding.raw import elements_of, numbers_of, put, value_of

#: First and last group of overlays, and of the curves that PS3.3 has retired.
_OVERLAYS, _CURVES = (0x6000, 0x60FF), (0x5000, 0x50FF)
_ROWS, _COLUMNS, _ORIGIN, _FRAMES = 0x0010, 0x0011, 0x0050, 0x0015
_BITS, _POSITION, _DATA = 0x0100, 0x0102, 0x3000


@dataclass(frozen=True)
class Cut:
    """Where an image is in its source: rows and columns left out before it, and its own size."""

    first_row: int
    first_column: int
    rows: int
    columns: int


def overlay_groups(dataset: Dataset) -> list[int]:
    """Groups of a data set that hold an overlay or a curve, ascending."""
    groups = {element.tag.group for element in elements_of(dataset)}
    spans = (_OVERLAYS, _CURVES)
    return sorted(g for g in groups if g % 2 == 0 and any(low <= g <= high for low, high in spans))


def cut_overlays(dataset: Dataset, cut: Cut | None) -> tuple[int, int]:
    """Cut overlays as the image was cut, and remove those that cannot be.

    Parameters
    ----------
    dataset : pydicom.Dataset
        An image; changed in place.
    cut : Cut or None
        None where rows and columns are other ones than the source's.

    Returns
    -------
    cut, removed : int
        Overlays; also those of which nothing is left, and curves, count as removed.
    """
    done = [cut is not None and _cut(dataset, group, cut) for group in overlay_groups(dataset)]
    for group, is_cut in zip(overlay_groups(dataset), done, strict=True):
        for tag in [] if is_cut else list(_tags(dataset, group)):
            del dataset[tag]
    return done.count(True), done.count(False)


def _tags(dataset: Dataset, group: int) -> Iterator[BaseTag]:
    return (element.tag for element in elements_of(dataset) if element.tag.group == group)


def _cut(dataset: Dataset, group: int, cut: Cut) -> bool:
    """Cut one overlay; False where it is of a kind that cannot be, or outside the image."""
    if _OVERLAYS[0] > group:
        return False
    plane = _plane(dataset, group)
    if plane is None:
        return False
    row, column = (int(first) - 1 for first in numbers_of(dataset, Tag(group, _ORIGIN)))
    # What lies on the rows and columns that are left, counted from the corner of the overlay.
    top, left = max(cut.first_row - row, 0), max(cut.first_column - column, 0)
    bottom, right = cut.first_row + cut.rows - row, cut.first_column + cut.columns - column
    part = plane[top : max(bottom, 0), left : max(right, 0)]
    if not part.size:
        return False
    origin = [row + top - cut.first_row + 1, column + left - cut.first_column + 1]
    bits = np.packbits(part.ravel(), bitorder="little").tobytes()
    for element, vr, value in (
        (_ROWS, "US", part.shape[0]),
        (_COLUMNS, "US", part.shape[1]),
        (_ORIGIN, "SS", origin),
        (_DATA, "OW", bits + b"\0" * (len(bits) % 2)),
    ):
        put(dataset, DataElement(Tag(group, element), vr, value))
    return True


def _plane(dataset: Dataset, group: int) -> npt.NDArray[np.bool_] | None:
    """Bits of an overlay, (rows, columns); None where it is not one plane of bits of its own."""

    def numbers(element: int) -> list[float]:
        return numbers_of(dataset, Tag(group, element))

    size = [*numbers(_ROWS), *numbers(_COLUMNS)]
    data = value_of(dataset, Tag(group, _DATA))
    # Bits that once stood in the unused ones of the pixels (retired) are not there any more.
    own = numbers(_BITS) in ([], [1]) and numbers(_POSITION) in ([], [0])
    single = numbers(_FRAMES) in ([], [1]) and len(numbers(_ORIGIN)) == 2
    if len(size) != 2 or not (own and single and isinstance(data, bytes)):
        return None
    rows, columns = map(int, size)
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return (
        bits[: rows * columns].reshape(rows, columns) > 0 if bits.size >= rows * columns else None
    )
