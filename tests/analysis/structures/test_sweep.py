"""Strips: edges in order from left to right, cut where they begin, end and cross."""

import numpy as np
import pytest

from analysis.shapes import closed, square, star
from rtxr.analysis.structures import sweep as sweep_module
from rtxr.analysis.structures.sweep import Heights as StripHeights
from rtxr.analysis.structures.sweep import cut, steep, sweep


def test_edges_run_upwards_and_close_the_polygon():
    edges = closed([square(1.0)])
    assert len(edges) == 4
    assert (edges.y0 <= edges.y1).all()
    assert len(steep(edges)) == 2


def test_fragments_of_a_strip_are_ordered_from_left_to_right():
    edges = steep(closed([square(3.0), square(1.0)]))
    fragments = cut(edges, StripHeights.of(edges, np.empty(0), np.empty(0, dtype=np.int64)))
    middle = (fragments.x_lo + fragments.x_hi) / 2
    for strip in np.unique(fragments.strip):
        assert (np.diff(middle[fragments.strip == strip]) > 0).all()
    assert np.bincount(fragments.strip).tolist() == [2, 4, 2]


def test_crossing_edges_are_cut_where_they_cross():
    figure_of_eight = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], dtype=float)
    found = [(use, f) for use, f in sweep(closed([figure_of_eight])) if len(f.edge)]
    assert len(found) == 1
    heights = found[0][1].y
    assert np.isclose(heights, 2.0).any()


def test_planes_without_crossings_are_not_swept_again():
    figure_of_eight = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], dtype=float)
    edges = closed([square(1.0), figure_of_eight], planes=[0, 1])
    rounds = [set(use.plane[f.edge].tolist()) for use, f in sweep(edges)]
    assert rounds == [{0}, {1}]


def test_nearly_level_edges_keep_strips_balanced():
    tiny = 2.0**-31
    wedge = np.array([[0, 0], [10, tiny], [10, 5], [0, 5 + tiny]])
    for _, fragments in sweep(closed([wedge])):
        counts = np.bincount(fragments.strip)
        assert (counts % 2 == 0).all()


@pytest.mark.parametrize("at_once", [1, 40, 1000])
def test_planes_swept_by_portions_are_those_swept_at_once(monkeypatch, at_once):
    rng = np.random.default_rng(3)
    shapes = [star(rng, 30, wobble=0.9) for _ in range(6)]
    edges = closed(shapes, planes=[4, 0, 2, 0, 2, 1])  # some cross, and the planes are mixed

    def fragments():
        swept = [(use, f) for use, f in sweep(edges) if len(f.edge)]
        found = [
            np.stack([use.plane[f.edge], f.y[f.strip], f.y[f.strip + 1], f.x_lo, f.x_hi])
            for use, f in swept
        ]
        rows = np.concatenate(found, axis=1)
        return rows[:, np.lexsort(rows[::-1])]

    whole = fragments()
    monkeypatch.setattr(sweep_module, "_AT_ONCE", at_once)
    np.testing.assert_allclose(fragments(), whole, atol=1e-8)


def test_no_edges_are_swept_as_none():
    assert [len(f.edge) for _, f in sweep(closed([square(1.0)]).take(np.zeros(4, dtype=bool)))] == [
        0
    ]
