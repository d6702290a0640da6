from __future__ import annotations

import numpy as np
from factories import ct_series, save, structure_set

from rtxr.read.sources import read_source
from rtxr.read.structures.contour_items import contour_items
from rtxr.read.structures.contours import contour_nodes, raw_contours


def test_raw_contours_are_lists_in_file_order(tmp_path):
    images = ct_series(3)
    ds = structure_set(images)
    ds.ROIContourSequence[0].ROIDisplayColor = [1, 2, 3]
    source = read_source(save(tmp_path / "x", ds))
    raw = raw_contours(source.data, contour_items(source).rois)
    assert raw.colors == {1: b"1\\2\\3 "}
    assert raw.roi_numbers == [1, 1, 1]
    assert raw.types == ["CLOSED_PLANAR"] * 3
    assert raw.image_uids == [image.SOPInstanceUID for image in images]
    assert raw.stated_counts == [4, 4, 4]
    assert raw.data[1].startswith(b"-2.0\\-1.0\\3.0\\2.0")


def test_nodes_of_values_of_any_shape():
    nodes = contour_nodes([b"1\\2\\3\\4\\5\\6", b"", b"7\\8\\9\\1", b"x\\1\\1\\2\\2\\2", b"5"])
    np.testing.assert_array_equal(nodes.points, [[1, 2, 3], [4, 5, 6], [7, 8, 9], [2, 2, 2]])
    assert nodes.contour.tolist() == [0, 0, 2, 3]
    assert nodes.counts.tolist() == [2, 0, 1, 1, 0]
    assert nodes.partial.tolist() == [False, False, True, False, True]
    assert nodes.unreadable.tolist() == [False, False, False, True, False]


def test_nothing_is_nothing():
    nodes = contour_nodes([])
    assert nodes.points.shape == (0, 3)
    assert len(nodes.counts) == 0
