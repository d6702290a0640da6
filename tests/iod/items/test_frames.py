"""Referenced Frame of Reference Sequence: what new contours refer to is listed, once."""

from __future__ import annotations

from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import item, items_of
from rtxr.iod.items.frames import Images, frames

CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
IMAGES = Images(dict.fromkeys(("1.1.1", "1.1.2", "1.1.3"), CT_CLASS), ("1.1.2",), "1.5", "1.1")


def header(*listed: tuple[str, str, str, list[str]]) -> Dataset:
    """A structure set that lists images: (frame, study, series, images) each."""
    made = []
    for frame, study, series, uids in listed:
        images = [item(ReferencedSOPClassUID=CT_CLASS, ReferencedSOPInstanceUID=u) for u in uids]
        one = item(SeriesInstanceUID=series, ContourImageSequence=images)
        held = item(ReferencedSOPInstanceUID=study, RTReferencedSeriesSequence=[one])
        made.append(item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[held]))
    return item(ReferencedFrameOfReferenceSequence=made)


def told(found: list[Dataset] | None) -> list[tuple[str, str, str, list[str]]]:
    return [
        (
            frame.FrameOfReferenceUID,
            study.ReferencedSOPInstanceUID,
            series.SeriesInstanceUID,
            [image.ReferencedSOPInstanceUID for image in series.ContourImageSequence],
        )
        for frame in found or []
        for study in items_of(frame, "RTReferencedStudySequence")
        for series in items_of(study, "RTReferencedSeriesSequence")
    ]


def test_from_nothing_everything_is_listed():
    found = frames(None, {}, "1.9", IMAGES)
    assert told(found) == [("1.9", "1.5", "1.1", ["1.1.1", "1.1.2", "1.1.3"])]
    (study,) = found[0].RTReferencedStudySequence
    assert study.ReferencedSOPClassUID == "1.2.840.10008.3.1.2.3.1"


def test_a_frame_alone_where_there_are_no_images():
    (frame,) = frames(None, {}, "1.9", Images())
    assert frame.FrameOfReferenceUID == "1.9"
    assert "RTReferencedStudySequence" not in frame
    assert frames(None, {}, "", IMAGES) is None


def test_a_source_that_lists_what_is_needed_stays():
    assert frames(header(("1.9", "1.5", "1.1", ["1.1.2"])), {}, "1.9", IMAGES) is None


def test_what_is_not_listed_joins_its_series():
    source = header(("1.9", "1.5", "1.1", ["1.1.1"]))
    before = told(source.ReferencedFrameOfReferenceSequence)
    found = frames(source, {}, "1.9", IMAGES)
    assert told(found) == [("1.9", "1.5", "1.1", ["1.1.1", "1.1.2", "1.1.3"])]
    assert told(source.ReferencedFrameOfReferenceSequence) == before


def test_a_series_that_stands_under_another_study_stays_there():
    found = frames(header(("1.9", "1.77", "1.1", ["1.1.1"])), {}, "1.9", IMAGES)
    assert told(found) == [("1.9", "1.77", "1.1", ["1.1.1", "1.1.2", "1.1.3"])]


def test_a_new_series_of_the_same_study():
    found = frames(header(("1.9", "1.5", "1.4", ["1.4.1"])), {}, "1.9", IMAGES)
    assert told(found) == [
        ("1.9", "1.5", "1.4", ["1.4.1"]),
        ("1.9", "1.5", "1.1", ["1.1.1", "1.1.2", "1.1.3"]),
    ]
    assert len(found[0].RTReferencedStudySequence) == 1


def test_a_new_frame_and_study():
    found = frames(header(("1.8", "1.4", "1.3", ["1.3.1"])), {}, "1.9", IMAGES)
    assert told(found) == [
        ("1.8", "1.4", "1.3", ["1.3.1"]),
        ("1.9", "1.5", "1.1", ["1.1.1", "1.1.2", "1.1.3"]),
    ]


def test_images_that_are_gone_go_before_new_ones_come():
    source = header(("1.9", "1.5", "1.1", ["1.1.8", "1.1.1"]))
    found = frames(source, {"1.1.8": None}, "1.9", IMAGES)
    assert told(found) == [("1.9", "1.5", "1.1", ["1.1.1", "1.1.2", "1.1.3"])]
