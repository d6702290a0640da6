"""Images that contours refer to and that are not written: which written slice stands in for each.

A structure set drawn on one phase of a 4D-CT goes with every image that is made of it. What holds
for a contour is the plane it lies in, so a slice in the same plane takes the place of one that is
gone, whatever has become of the image: another phase, a mean, a resampled or cropped volume. Only
an image that was moved is no more what the contours were drawn on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pydicom

from rtxr import model
from rtxr.errors import GeometryError
from rtxr.export.objects import MOVED, Outgoing, Records, source_of
from rtxr.export.slice_sources import SAME_HEIGHT_MM
from rtxr.geometry import FloatArray, slice_normal
from rtxr.iod.encoding.raw import numbers_of, text_of
from rtxr.iod.items.contours import ImageReference
from rtxr.iod.tables import IODS
from rtxr.read import headers

#: What structures ask of an image.
_SAID_OF_IMAGES = (
    *("SOPClassUID", "Modality", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
    *("ImagePositionPatient", "ImageOrientationPatient"),
)
#: Three points so far apart, mm, tell a slice from one that is tilted by 0.06 degrees.
_ARM_MM = 10.0


def images_gone(
    records: Records,
    others: Sequence[Outgoing],
    contours: Mapping[str, FloatArray],
    frame_of_reference_uid: str = "",
) -> dict[str, ImageReference | None]:
    """Images that the case was opened with and that are not written any more.

    Where no image is written at all, nothing is gone: the structure set goes on referring to the
    series it was drawn on.

    Parameters
    ----------
    records : mapping of UID to Record
    others : sequence of Outgoing
        What is written.
    contours : mapping
        Points of a contour, (n, 3), patient mm, by the image it names: they tell the plane of an
        image whose header does not.
    frame_of_reference_uid : str, optional
        Of images whose header does not say.

    Returns
    -------
    dict
        SOP Instance UID > the written slice in the same plane; None where there is none. Of
        several, such as two phases, the first.
    """
    images = _images(others)
    written = {each.uid for each in images if each.own_uid}
    series = {text_of(each.header, "SeriesInstanceUID") for each in images if each.header}
    still = [each for each in images if MOVED not in each.changes]
    planes = _planes(still) if series and still else None
    gone: dict[str, ImageReference | None] = {}
    for uid in records.keys() - written if series else ():
        _, header = source_of(records, uid)
        if header is None or text_of(header, "SeriesInstanceUID") not in series:
            continue
        points = _plane_points(header)
        points = contours.get(uid) if points is None else points
        frame = text_of(header, "FrameOfReferenceUID") or frame_of_reference_uid
        at = None if points is None or planes is None else planes.find([points])[0]
        same = at is not None and frame == (
            text_of(still[at].header, "FrameOfReferenceUID") or frame_of_reference_uid
        )
        gone[uid] = _reference(still[at]) if at is not None and same else None
    return gone


def image_refs(others: Sequence[Outgoing]) -> dict[str, str]:
    """SOP Class UID of every image that is written, by the UID that stands for it."""
    return {uid: sop_class for sop_class, uid in map(_reference, _images(others))}


def images_below(
    images: Sequence[Outgoing], contours: Sequence[FloatArray], named: Sequence[str]
) -> list[str]:
    """The image in whose plane each contour, (n, 3), lies; empty where there is none.

    Of several images in one plane it is the one that the contour names, else the first.
    """
    if not images or not contours:
        return [""] * len(contours)
    planes = _planes(images)
    places = {each.uid: at for at, each in enumerate(images) if each.own_uid}
    keys = [each.key for each in images]
    found = []
    for at, uid in zip(planes.find(contours), named, strict=True):
        own = places.get(uid)
        same = at is not None and own is not None and planes.are_one(own, at)
        place = own if same else at
        found.append("" if place is None else keys[place])
    return found


def images_known(records: Records, others: Sequence[Outgoing]) -> list[Outgoing]:
    """Images that structures may refer to: those that are written; where none is, the sources.

    A structure set that is written alone, as of ``ds.drop_vars("ct")``, goes with the series that
    the case was opened with.
    """
    if written := _images(others):
        return written
    found: list[Outgoing] = []
    for record in records.values():
        header = headers.excerpt(record, _SAID_OF_IMAGES)
        modality = text_of(header, "Modality")
        if modality in model.IMAGE_NAMES and _plane_points(header) is not None:
            name = model.IMAGE_NAMES[modality]
            # The first one speaks for all about patient and study.
            whole = header if found else headers.parse(record)
            found.append(Outgoing(name, IODS[modality], "", record, whole))
    return found


def _images(others: Sequence[Outgoing]) -> list[Outgoing]:
    return [each for each in others if each.variable in model.IMAGE_NAMES.values()]


@dataclass(frozen=True, eq=False)
class _Planes:
    """Planes of parallel slices: their normal, (3,), and how far along it each is, mm."""

    normal: FloatArray
    heights: FloatArray

    def find(self, contours: Sequence[FloatArray]) -> list[int | None]:
        """Number of the slice in whose plane all points of each contour, (n, 3), lie."""
        found: list[int | None] = [None] * len(contours)
        filled = [at for at, points in enumerate(contours) if len(points)]
        if not filled:
            return found
        x, y, z = np.concatenate([contours[at] for at in filled]).T
        # A product of matrices would start threads for three columns.
        along = x * self.normal[0] + y * self.normal[1] + z * self.normal[2]
        starts = np.cumsum([0, *(len(contours[at]) for at in filled)])[:-1]
        nearest = np.abs(self.heights - along[starts, None]).argmin(axis=1)
        height = self.heights[nearest]
        high = np.maximum.reduceat(along, starts) - height
        low = height - np.minimum.reduceat(along, starts)
        for at, place, off in zip(filled, nearest.tolist(), np.maximum(low, high), strict=True):
            found[at] = place if off <= SAME_HEIGHT_MM else None
        return found

    def are_one(self, one: int, other: int) -> bool:
        """Whether two slices lie in one plane."""
        return bool(abs(self.heights[one] - self.heights[other]) <= SAME_HEIGHT_MM)


def _planes(images: Sequence[Outgoing]) -> _Planes:
    """Planes of slices as they are written."""
    origins = np.array([_numbers(each, "ImagePositionPatient") for each in images])
    normal = slice_normal(_numbers(images[0], "ImageOrientationPatient"))
    return _Planes(normal, origins @ normal)


def _numbers(each: Outgoing, keyword: str) -> FloatArray:
    """What is computed, else what the header says."""
    value = each.values.get(keyword)
    found = numbers_of(each.header, keyword) if value is None else value
    return np.asarray(found, dtype=np.float64)


def _plane_points(header: pydicom.Dataset | None) -> FloatArray | None:
    """Three points of a slice; None where its header does not say where it is."""
    position = np.array(numbers_of(header, "ImagePositionPatient"))
    arms = _arms(tuple(numbers_of(header, "ImageOrientationPatient")))
    return position + arms if len(position) == 3 and arms is not None else None


@lru_cache(maxsize=64)  # one for all slices of a series
def _arms(cosines: tuple[float, ...]) -> FloatArray | None:
    """From the position of a slice to three points of it; None where these are no directions."""
    if len(cosines) != 6:
        return None
    try:
        slice_normal(np.array(cosines))
    except GeometryError:
        return None
    return _ARM_MM * np.array([(0.0, 0.0, 0.0), cosines[:3], cosines[3:]])


def _reference(each: Outgoing) -> ImageReference:
    sop_class = text_of(each.header, "SOPClassUID") or each.iod.sop_class_uid
    return ImageReference(sop_class, each.key)
