"""Items of Referenced Frame of Reference Sequence (PS3.3 C.8.8.5): frame > study > series > images.

A header's items stay the very objects they were unless an image is gone or one is new.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import duplicate, item, items_of, make, put, text_of
from rtxr.iod.items.contours import Gone, redirected
from rtxr.iod.items.packed import pack, unpacked

#: Detached Study Management (retired): the class that every writer names for a study.
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
_NESTING = ("RTReferencedStudySequence", "RTReferencedSeriesSequence", "ContourImageSequence")


@dataclass(frozen=True)
class Images:
    """Images of one series, to be listed under a frame of reference.

    Parameters
    ----------
    refs : mapping
        SOP Instance UID > SOP Class UID of all of them.
    needed : collection of str
        Those that must be listed: where one of them is not, all are that are not.
    study_uid, series_uid : str
        Theirs; without both nothing is listed.
    implicit_vr : bool
        How the object will be written.
    """

    refs: Mapping[str, str] = field(default_factory=dict)
    needed: Collection[str] = ()
    study_uid: str = ""
    series_uid: str = ""
    implicit_vr: bool = False


def frames(
    header: Dataset | None, gone: Gone, frame_uid: str, images: Images
) -> list[Dataset] | None:
    """Referenced Frame of Reference Sequence; None where the header's stays.

    Parameters
    ----------
    header : pydicom.Dataset or None
        Source structure set.
    gone : mapping
        Images to which no reference may stay, and what stands in for each.
    frame_uid : str
        Frame of reference to be listed; empty for none.
    images : Images
        To be listed under it.
    """
    old = [] if header is None else items_of(header, "ReferencedFrameOfReferenceSequence")
    kept = [_redirected(frame, _NESTING, gone) for frame in old] if gone else old
    made = _with_frame([frame for frame in kept if frame is not None], frame_uid, images)
    same = len(made) == len(old) and all(map(operator.is_, made, old))
    return None if same else made


def _redirected(holder: Dataset, nesting: Sequence[str], gone: Gone) -> Dataset | None:
    """An item without images that are gone, itself where it has none; None where nothing is left.

    A frame of reference stays without its study; a study or series without images goes.
    """
    inner = items_of(holder, nesting[0])
    if len(nesting) == 1:
        left = redirected(inner, gone)
    else:
        kept = (_redirected(each, nesting[1:], gone) for each in inner)
        left = [each for each in kept if each is not None]
    if len(left) == len(inner) and all(map(operator.is_, left, inner)):
        return holder
    made = duplicate(holder)
    if left:
        put(made, make(nesting[0], left))
    elif nesting is _NESTING:
        del made[nesting[0]]
    else:
        return None
    return made


def _with_frame(frames: list[Dataset], uid: str, images: Images) -> list[Dataset]:
    """The frames, one of them with this UID and the images that none of them lists."""
    if not uid:
        return frames
    listed = {each for frame in frames for each in _images_below(frame, _NESTING)}
    lacking = bool(images.study_uid and images.series_uid and set(images.needed) - listed)
    refs = {uid: sop_class for uid, sop_class in images.refs.items() if uid not in listed}
    refs = refs if lacking else {}
    at = _place(frames, "FrameOfReferenceUID", uid)
    if at < len(frames) and not refs:
        return frames
    frame = duplicate(frames[at]) if at < len(frames) else item(FrameOfReferenceUID=uid)
    if refs:
        studies = _with_images(items_of(frame, _NESTING[0]), refs, images)
        put(frame, make(_NESTING[0], studies))
    return [*frames[:at], frame, *frames[at + 1 :]]


def _with_images(studies: list[Dataset], refs: Mapping[str, str], images: Images) -> list[Dataset]:
    """The studies with more images, in the series that is theirs."""
    holding = (
        at
        for at, study in enumerate(studies)
        if images.series_uid in _texts(items_of(study, _NESTING[1]), "SeriesInstanceUID")
    )
    at = next(holding, _place(studies, "ReferencedSOPInstanceUID", images.study_uid))
    new = item(ReferencedSOPClassUID=_STUDY_CLASS, ReferencedSOPInstanceUID=images.study_uid)
    study = duplicate(studies[at]) if at < len(studies) else new
    series = items_of(study, _NESTING[1])
    place = _place(series, "SeriesInstanceUID", images.series_uid)
    one = item(SeriesInstanceUID=images.series_uid)
    one = duplicate(series[place]) if place < len(series) else one
    columns = {
        "ReferencedSOPClassUID": [sop_class.encode() for sop_class in refs.values()],
        "ReferencedSOPInstanceUID": [uid.encode() for uid in refs],
    }
    listed = items_of(one, _NESTING[2])
    more = pack(_NESTING[2], columns, implicit_vr=images.implicit_vr)
    put(one, make(_NESTING[2], [*listed, *unpacked(more)]) if listed else more)
    put(study, make(_NESTING[1], [*series[:place], one, *series[place + 1 :]]))
    return [*studies[:at], study, *studies[at + 1 :]]


def _images_below(holder: Dataset, nesting: Sequence[str]) -> list[str]:
    """UIDs of all images that an item lists."""
    inner = items_of(holder, nesting[0])
    if len(nesting) == 1:
        return _texts(inner, "ReferencedSOPInstanceUID")
    return [uid for each in inner for uid in _images_below(each, nesting[1:])]


def _place(items: Sequence[Dataset], keyword: str, text: str) -> int:
    """Where the first item with a text is; behind the last one where there is none."""
    texts = _texts(items, keyword)
    return texts.index(text) if text in texts else len(items)


def _texts(items: Sequence[Dataset], keyword: str) -> list[str]:
    return [text_of(each, keyword) for each in items]
