"""Items of ROI Contour Sequence (PS3.3 C.8.8.6) from arrays and the header's items.

Contour Data is written as raw bytes: a decimal string object for each coordinate would take
seconds on a clinical structure set. Contours that no file has yet are encoded together
(:mod:`rtxr.iod.items.packed`); those that a file has keep the items they came with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.encoding.raw import (
    duplicate,
    element_at,
    has_value,
    item,
    items_of,
    make,
    numbers_of,
    put,
    text_of,
)
from rtxr.iod.encoding.writable import EXPLICIT_LIMIT
from rtxr.iod.items.packed import Columns, pack, unpacked
from rtxr.iod.items.rois import number_of
from rtxr.iod.values.decimal_strings import value_fields

if TYPE_CHECKING:
    from rtxr.iod.rt_structure_set import StructureData

_CONTOUR_DATA, _CONTOUR_IMAGES = Tag("ContourData"), Tag("ContourImageSequence")
_UID = re.compile(rb"\d[0-9.]+")


class ImageReference(NamedTuple):
    """An image that contours may refer to: its SOP Class UID and SOP Instance UID."""

    sop_class: str
    uid: str


#: Images that are no more > the image to refer to instead, None where there is none.
Gone = Mapping[str, ImageReference | None]


@dataclass
class ContourItems:
    """Builds ROI Contour Sequence.

    ``dropped`` and ``replaced`` count the contours whose image is gone: those that refer to none
    now, and those that refer to another one. ``named`` are the images that contours refer to
    which did not before, with their SOP Class UID.

    Parameters
    ----------
    structures : StructureData
        What the structure set is to hold.
    header : pydicom.Dataset or None
        Source structure set without Contour Data.
    image_refs : mapping
        SOP Instance UID > SOP Class UID, for new references.
    gone : mapping
        Images to which no reference may stay, and what stands in for each.
    """

    structures: StructureData
    header: Dataset | None
    image_refs: Mapping[str, str]
    gone: Gone
    dropped: int = field(default=0, init=False)
    replaced: int = field(default=0, init=False)
    named: dict[str, str] = field(default_factory=dict, init=False)

    def sequence(self) -> list[Dataset] | None:
        """Items in the order of the header, new ROIs after them; None where there are none."""
        sources = dict(self._source_contours())
        places: dict[int, list[int]] = {}
        fresh: dict[int, list[int]] = {}
        for at, (key, number) in enumerate(self._owners()):
            source = sources.get(key)
            if source is not None and source.number == number:
                places.setdefault(source.place, []).append(at)
            else:
                fresh.setdefault(number, []).append(at)
        made = list(self._from_header(sources, places, fresh, self._passed_on(sources)))
        made += self._new(fresh)
        return made or None

    def _from_header(
        self,
        sources: Mapping[int, _Source],
        places: Mapping[int, list[int]],
        fresh: dict[int, list[int]],
        passed_on: Mapping[int, list[Dataset]],
    ) -> Iterator[Dataset]:
        """Header items of ROIs that stay; new contours join the last item of their ROI."""
        old = [] if self.header is None else items_of(self.header, "ROIContourSequence")
        numbers = [number_of(roi, "ReferencedROINumber") for roi in old]
        rois = zip(self.structures.roi_numbers, self.structures.roi_colors, strict=True)
        colors = {int(number): color for number, color in rois}
        last = {number: place for place, number in enumerate(numbers)}
        for place, (number, roi) in enumerate(zip(numbers, old, strict=True)):
            if number is None:
                yield self._unowned(roi, place, sources)
                continue
            if number not in colors:
                continue
            contours = [self._existing(at, sources) for at in places.get(place, [])]
            contours += passed_on.get(place, [])
            new = fresh.pop(number, []) if last[number] == place else []
            yield _roi_item(roi, contours, self._fresh(new), colors[number])

    def _new(self, fresh: Mapping[int, list[int]]) -> Iterator[Dataset]:
        """Items of ROIs that the header has no item of: with contours, or new and named."""
        old = [] if self.header is None else items_of(self.header, "ROIContourSequence")
        drawn = {number_of(roi, "ReferencedROINumber") for roi in old}
        rois = zip(self.structures.roi_numbers, self.structures.roi_colors, strict=True)
        for number, color in ((int(number), color) for number, color in rois):
            if number in drawn or not (color or number in fresh):
                continue
            made = item(ReferencedROINumber=number)
            yield _roi_item(made, [], self._fresh(fresh.get(number, [])), color)

    def _passed_on(self, sources: Mapping[int, _Source]) -> dict[int, list[Dataset]]:
        """Contours with a text but without arrays, such as those on another image, by place."""
        found: dict[int, list[Dataset]] = {}
        for key in sorted(self.structures.texts.keys() - set(self.structures.contour_keys)):
            source = sources.get(key)
            if source is not None and source.number is not None:
                made = duplicate(source.contour)
                _put_data(made, self.structures.texts[key])
                self._follow(made)
                found.setdefault(source.place, []).append(made)
        return found

    def _owners(self) -> Iterator[tuple[int, int]]:
        keys, numbers = self.structures.contour_keys, self.structures.contour_roi_numbers
        return ((int(key), int(number)) for key, number in zip(keys, numbers, strict=True))

    def _source_contours(self) -> Iterator[tuple[int, _Source]]:
        """Contour items of the header by key: their place, counted over all ROIs."""
        rois = [] if self.header is None else items_of(self.header, "ROIContourSequence")
        key = 0
        for place, roi in enumerate(rois):
            number = number_of(roi, "ReferencedROINumber")
            for contour in items_of(roi, "ContourSequence"):
                yield key, _Source(place, number, contour)
                key += 1

    def _existing(self, at: int, sources: Mapping[int, _Source]) -> Dataset:
        """A contour that the header has an item of."""
        key = int(self.structures.contour_keys[at])
        made = duplicate(sources[key].contour)
        _put_data(made, self._data[at])
        count = len(self.structures.points[at])
        # The count of a contour that nobody edited is the source's, right or wrong.
        own = key in self.structures.texts and has_value(made, "NumberOfContourPoints")
        if not own and numbers_of(made, "NumberOfContourPoints") != [count]:
            put(made, make("NumberOfContourPoints", count))
        kind = str(self.structures.contour_types[at])
        if text_of(made, "ContourGeometricType") != kind:
            put(made, make("ContourGeometricType", kind))
        self._refer(made, str(self.structures.contour_image_uids[at]))
        return made

    def _fresh(self, places: Sequence[int]) -> list[RawDataElement]:
        """Contours that no file has, packed; those of one shape that follow each other together."""
        kinds = [str(self.structures.contour_types[at]).encode() for at in places]
        images = [self._image(str(self.structures.contour_image_uids[at])) for at in places]
        rows = zip(kinds, images, places, strict=True)
        shapes = groupby(rows, lambda row: (bool(row[0]), row[1] is None, not self._data[row[2]]))
        return [self._packed(*zip(*some, strict=True)) for _, some in shapes]

    def _packed(
        self,
        kinds: Sequence[bytes],
        images: Sequence[ImageReference | None],
        places: Sequence[int],
    ) -> RawDataElement:
        """Contours of one shape, none of them in a file yet."""
        columns: dict[str, Columns | Sequence[bytes]] = {
            "ContourGeometricType": kinds,
            "NumberOfContourPoints": [b"%d" % len(self.structures.points[at]) for at in places],
            "ContourData": [self._data[at] for at in places],
        }
        named = [image for image in images if image is not None]
        if named:
            columns["ContourImageSequence"] = {
                "ReferencedSOPClassUID": [image.sop_class.encode() for image in named],
                "ReferencedSOPInstanceUID": [image.uid.encode() for image in named],
            }
        return pack("ContourSequence", columns, implicit_vr=self.implicit_vr)

    def _unowned(self, roi: Dataset, place: int, sources: Mapping[int, _Source]) -> Dataset:
        """An item that names no ROI: nothing in the arrays stands for it, so it stays."""
        contours = []
        for key, source in sources.items():
            if source.place == place:
                made = duplicate(source.contour)
                if key in self.structures.texts:
                    _put_data(made, self.structures.texts[key])
                self._follow(made)
                contours.append(made)
        return _roi_item(roi, contours, [], "")

    def _refer(self, contour: Dataset, uid: str) -> None:
        """Make a contour refer to its image; where that is gone, to what stands in for it."""
        if _image_of(contour, uid) == uid:
            self._follow(contour)
            return
        image = self._image(uid)
        _put_images(contour, [] if image is None else [_pointed(item(), image)])

    def _image(self, uid: str) -> ImageReference | None:
        """What a contour that names an image is to refer to, now noted; None for nothing."""
        image = self.gone.get(uid)
        if image is not None:
            self.replaced += 1
        elif uid in self.image_refs and uid not in self.gone:
            image = ImageReference(self.image_refs[uid], uid)
        else:
            self.dropped += bool(uid)
        if image is not None:
            self.named[image.uid] = image.sop_class
        return image

    def _follow(self, contour: Dataset) -> None:
        """Let a contour that refers to images that are gone refer to those in their place."""
        if not self.gone or not _may_name(contour, self.gone):
            return
        images = items_of(contour, _CONTOUR_IMAGES)
        kept = redirected(images, self.gone)
        if kept is images:
            return
        self.replaced += bool(kept)
        self.dropped += not kept
        _put_images(contour, kept)

    @cached_property
    def implicit_vr(self) -> bool:
        """How the object will be written: as the source was, or so that long texts have room."""
        of_source = self.header is not None and bool(self.header.original_encoding[0])
        return of_source or any(len(text) > EXPLICIT_LIMIT for text in self._data)

    @cached_property
    def _data(self) -> list[bytes]:
        """Contour Data of every contour: as stored where given, else written anew in one go."""
        texts, points = self.structures.texts, self.structures.points
        found = [texts.get(int(key), b"") for key in self.structures.contour_keys]
        anew = [at for at, key in enumerate(self.structures.contour_keys) if int(key) not in texts]
        for at, text in zip(anew, value_fields([points[at] for at in anew]), strict=True):
            found[at] = text
        return found


@dataclass(frozen=True)
class _Source:
    """A contour item of the header: in which ROI item, of which ROI."""

    place: int
    number: int | None
    contour: Dataset


def redirected(images: list[Dataset], gone: Gone) -> list[Dataset]:
    """Items that refer to images, each image once: without, or in place of, those that are gone.

    The same list where none of them is gone.
    """
    uids = [text_of(image, "ReferencedSOPInstanceUID") for image in images]
    if gone.keys().isdisjoint(uids):
        return images
    seen = set(uids) - gone.keys()
    kept = []
    for uid, image in zip(uids, images, strict=True):
        instead = gone.get(uid)
        if uid not in gone:
            kept.append(image)
        elif instead is not None and instead.uid not in seen:
            seen.add(instead.uid)
            kept.append(_pointed(image, instead))
    return kept


def hex_color(numbers: Iterable[float]) -> str:
    """ROI Display Color (3006,002A) as ``"#rrggbb"``; empty where it is no colour."""
    given = list(numbers)
    if len(given) != 3 or not np.isfinite(given).all():
        return ""
    red, green, blue = np.clip(np.round(given), 0, 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def color_numbers(color: str) -> list[int]:
    """``"#rrggbb"`` as ROI Display Color."""
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def _roi_item(
    roi: Dataset, contours: list[Dataset], packed: Sequence[RawDataElement], color: str
) -> Dataset:
    """Item of an ROI with these contours, and its colour where that is another one."""
    made = duplicate(roi)
    if len(packed) == 1 and not contours:
        put(made, packed[0])
    elif contours or packed:
        put(made, make("ContourSequence", [*contours, *chain.from_iterable(map(unpacked, packed))]))
    elif items_of(made, "ContourSequence"):
        del made["ContourSequence"]
    if color and color.lower() != hex_color(numbers_of(roi, "ROIDisplayColor")):
        put(made, make("ROIDisplayColor", color_numbers(color)))
    return made


def _image_of(contour: Dataset, expected: str) -> str:
    """UID of the first image a contour refers to; empty where it refers to none.

    Where the bytes of the sequence hold the expected one it need not be parsed.
    """
    sequence = element_at(contour, _CONTOUR_IMAGES)
    data = (sequence.value or b"") if isinstance(sequence, RawDataElement) else b""
    if expected and expected.encode("ascii", "replace") in _UID.findall(data):
        return expected
    images = items_of(contour, _CONTOUR_IMAGES)
    return text_of(images[0], "ReferencedSOPInstanceUID") if images else ""


def _may_name(contour: Dataset, gone: Gone) -> bool:
    """Whether the bytes hold a UID of an image that is gone; True where there are none to see."""
    sequence = element_at(contour, _CONTOUR_IMAGES)
    if not isinstance(sequence, RawDataElement):
        return sequence is not None
    return any(uid.decode("ascii") in gone for uid in _UID.findall(sequence.value or b""))


def _pointed(image: Dataset, to: ImageReference) -> Dataset:
    """An item that refers to an image, referring to this one."""
    made = duplicate(image)
    put(made, make("ReferencedSOPClassUID", to.sop_class))
    put(made, make("ReferencedSOPInstanceUID", to.uid))
    return made


def _put_images(contour: Dataset, images: list[Dataset]) -> None:
    """Set Contour Image Sequence; none where there are no images."""
    if images:
        put(contour, make("ContourImageSequence", images))
    elif "ContourImageSequence" in contour:
        del contour["ContourImageSequence"]


def _put_data(contour: Dataset, data: bytes) -> None:
    implicit = bool(contour.original_encoding[0])
    put(contour, RawDataElement(_CONTOUR_DATA, "DS", len(data), data, 0, implicit, True))
