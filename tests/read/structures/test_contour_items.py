from __future__ import annotations

import pytest
from factories import ct_series, save, structure_set

from rtxr.read.cuts import Cuts
from rtxr.read.sources import read_source, source_of
from rtxr.read.structures.contour_items import RawContours, contour_items


@pytest.mark.parametrize("undefined", [True, False])
def test_the_walk_finds_every_contour_and_what_holds_it(tmp_path, undefined):
    ds = structure_set(ct_series(3))
    sequences = [ds["ROIContourSequence"], ds.ROIContourSequence[0]["ContourSequence"]]
    for sequence in sequences:
        sequence.is_undefined_length = undefined
        for each in sequence.value:
            each.is_undefined_length_sequence_item = undefined
    source = read_source(save(tmp_path / "x", ds))
    raw, cuts = contour_items(source)
    drawn = ds.ROIContourSequence[0].ContourSequence
    assert len(raw.data) == len(cuts.begins) == len(cuts.ends) == len(drawn)
    for value, begin, end, there in zip(raw.data, cuts.begins, cuts.ends, drawn, strict=True):
        assert [float(part) for part in value.split(b"\\")] == list(there.ContourData)
        assert source.data[begin:end] == (
            b"\x06\x30\x50\0DS" + len(value).to_bytes(2, "little") + value
        )
    assert len(cuts.values) == len(cuts.stops) == (0 if undefined else 3 + len(drawn))


def test_contours_are_lists_in_file_order(tmp_path):
    images = ct_series(3)
    ds = structure_set(images)
    ds.ROIContourSequence[0].ROIDisplayColor = [1, 2, 3]
    raw = contour_items(read_source(save(tmp_path / "x", ds))).contours
    assert raw.colors == {1: b"1\\2\\3 "}
    assert raw.roi_numbers == [1, 1, 1]
    assert raw.types == ["CLOSED_PLANAR"] * 3
    assert raw.image_uids == [image.SOPInstanceUID for image in images]
    assert raw.stated_counts == [4, 4, 4]
    assert raw.data[1].startswith(b"-2.0\\-1.0\\3.0\\2.0")


def test_no_contours_are_none():
    source = source_of(b"\x08\0\x05\0CS\0\0", complete=True, name="")
    assert contour_items(source) == (RawContours(), Cuts.none())
