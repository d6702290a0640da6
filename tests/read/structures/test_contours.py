from __future__ import annotations

import numpy as np

from rtxr.read.structures.contours import contour_nodes


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
