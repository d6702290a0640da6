from __future__ import annotations

import pytest
from factories import ct_series, save, structure_set

from rtxr.read.elements import EXPLICIT
from rtxr.read.sources import read_source, source_of
from rtxr.read.structures.contour_items import CONTOUR_DATA, contour_items


@pytest.mark.parametrize("undefined", [True, False])
def test_the_walk_finds_every_contour_and_what_holds_it(tmp_path, undefined):
    ds = structure_set(ct_series(3))
    sequences = [ds["ROIContourSequence"], ds.ROIContourSequence[0]["ContourSequence"]]
    for sequence in sequences:
        sequence.is_undefined_length = undefined
        for each in sequence.value:
            each.is_undefined_length_sequence_item = undefined
    source = read_source(save(tmp_path / "x", ds))
    (roi,), cuts = contour_items(source)
    assert roi.encoding == EXPLICIT
    drawn = ds.ROIContourSequence[0].ContourSequence
    assert len(roi.contours) == len(cuts.spans) == len(drawn)
    for contour, (start, end), there in zip(roi.contours, cuts.spans, drawn, strict=True):
        vr, begin, value, stop, behind = contour[CONTOUR_DATA]
        assert (vr, begin, behind) == (b"DS", start, end)
        numbers = [float(part) for part in source.data[value:stop].split(b"\\")]
        assert numbers == list(there.ContourData)
    assert len(cuts.holders) == (0 if undefined else 3 + len(drawn))


def test_no_contours_are_none():
    source = source_of(b"\x08\0\x05\0CS\0\0", complete=True, name="")
    assert contour_items(source) == ([], ([], []))
