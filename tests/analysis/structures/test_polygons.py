"""Areas by even-odd and union against shapes whose areas are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import circle, closed, naive_inside, shoelace, square, star
from rtxr.analysis.structures import polygons
from rtxr.analysis.structures.raster import fill
from rtxr.errors import RTXRError

# A square with a square hole, joined to the outside by a bridge of no width.
_BRIDGE = (-5, 0), (-2, 0)
_HOLE = (-2, 2), (2, 2), (2, -2), (-2, -2)
KEYHOLE = np.array(
    [(-5, -5), (5, -5), (5, 5), (-5, 5), *_BRIDGE, *_HOLE, *_BRIDGE[::-1]], dtype=float
)
FIGURE_OF_EIGHT = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], dtype=float)


def area(shapes, combine="xor"):
    edges = closed(shapes)
    return polygons.plane_areas(polygons.signed_edges(edges, combine), 1)[0]


@pytest.mark.parametrize(
    ("shapes", "xor", "union"),
    [
        ([square(2.0)], 16, 16),
        ([square(2.0)[::-1]], 16, 16),
        ([square(3.0), square(1.0)], 36 - 4, 36),
        ([square(3.0), square(1.0)[::-1]], 36 - 4, 36),
        ([square(5.0), square(3.0), square(1.0)], 100 - 36 + 4, 100),
        ([KEYHOLE], 100 - 16, 100 - 16),
        ([FIGURE_OF_EIGHT], 8, 8),
        ([square(1.0), square(1.0, (5.0, 0.0))], 8, 8),
        ([square(1.0), square(1.0, (2.0, 0.0))], 8, 8),  # share an edge
        ([square(2.0), square(2.0, (2.0, 0.0))], 16, 24),  # overlap by half
        ([square(2.0), square(2.0, (2.0, 2.0))], 24, 28),  # overlap by a corner
        ([square(2.0)] * 2, 0, 16),
    ],
)
def test_area(shapes, xor, union):
    assert area(shapes) == pytest.approx(xor, abs=1e-9)
    assert area(shapes, "union") == pytest.approx(union, abs=1e-9)


def test_crossings_of_three_polygons_resolve():
    # Three equal discs whose centres are on each other's rims: inclusion-exclusion.
    radius = 10.0
    centres = [(0.0, 0.0), (radius, 0.0), (radius / 2, radius * np.sqrt(3) / 2)]
    discs = [circle(radius, 2000, centre) for centre in centres]
    lens = 2 * radius**2 * (np.pi / 3 - np.sqrt(3) / 4)
    triple = radius**2 * (np.pi - np.sqrt(3)) / 2
    disc = np.pi * radius**2
    assert area(discs, "union") == pytest.approx(3 * disc - 3 * lens + triple, rel=1e-5)
    assert area(discs) == pytest.approx(3 * disc - 6 * lens + 4 * triple, rel=1e-5)


@given(st.integers(0, 2**31), st.integers(3, 60))
@settings(max_examples=60, deadline=None)
def test_area_of_a_simple_polygon_is_its_shoelace(seed, n):
    polygon = star(np.random.default_rng(seed), n, wobble=0.8)
    polygon = np.round(polygon, 2)  # as files have it: many equal heights
    edges = closed([polygon])
    signed = polygons.signed_edges(edges)
    # Rounding may fold a sliver over itself; then even-odd and shoelace differ by less than it.
    assert polygons.plane_areas(signed, 1)[0] == pytest.approx(shoelace(polygon), abs=0.05)


def test_area_is_exact_far_from_the_origin():
    polygon = star(np.random.default_rng(0), centre=(1e4, -1e4))
    assert area([polygon]) == pytest.approx(shoelace(polygon - polygon[0]), rel=1e-9)


def test_planes_are_independent():
    edges = closed([square(1.0), square(2.0), square(1.0)], planes=[0, 1, 1])
    assert polygons.plane_areas(polygons.signed_edges(edges), 3).tolist() == [4, 12, 0]


def test_whole_edges_stay_whole():
    edges = closed([star(np.random.default_rng(1), 50)])
    assert len(polygons.signed_edges(edges).x0) == 50


@pytest.mark.parametrize(
    ("shapes", "crosses"),
    [
        ([square(3.0), square(1.0)], False),
        ([square(5.0), square(3.0), square(1.0)], False),
        ([square(1.0), square(1.0, (2.0, 0.0))], False),  # share an edge
        ([square(3.0), square(1.0, (2.0, 0.0))], False),  # touches from within
        ([square(3.0), square(1.0, (2.005, 0.0))], False),  # by less than 0.01 mm
        ([square(2.0), square(2.0, (2.0, 2.0))], True),
        ([square(2.0), square(2.0, (2.0, 0.0))], True),
        ([square(2.0), square(1.0, (2.0, 0.0))], True),
        ([np.array([[0, 0], [2, 2], [0, 4], [-2, 2]]), square(2.0)], True),  # through vertices
        ([FIGURE_OF_EIGHT], False),
    ],
)
def test_crossing(shapes, crosses):
    assert (len(polygons.crossing_planes(closed(shapes))) > 0) is crosses


def test_lookup_agrees_with_the_definition():
    rng = np.random.default_rng(2)
    shapes = [star(rng, 30), star(rng, 20, 4.0), FIGURE_OF_EIGHT]
    x, y = rng.uniform(-15, 15, (2, 400))
    expected = [naive_inside(shapes, a, b) for a, b in zip(x, y, strict=True)]
    lookup = polygons.Lookup(closed(shapes))
    assert lookup.inside(np.zeros(400, dtype=np.int64), x, y).tolist() == expected


def test_lookup_below_and_above_the_polygons_of_a_plane():
    shapes = [square(1.0, (0.0, height)) for height in (0.0, 5.0, 9.0)]
    lookup = polygons.Lookup(closed(shapes, planes=[1, 0, 2]))
    y, plane = np.tile([-3.0, 0.0, 5.0, 9.0, 12.0], 3), np.repeat([0, 1, 2], 5)
    for x in (-9.0, 9.0):
        assert not lookup.inside(plane, np.full(15, x), y).any()
    inside = lookup.inside(plane, np.zeros(15), y).reshape(3, 5)
    assert np.argwhere(inside).tolist() == [[0, 2], [1, 1], [2, 3]]


def test_united_edges_have_the_union_inside():
    edges = closed([square(2.0), square(2.0, (2.0, 2.0)), square(1.0)])
    assert polygons.plane_areas(polygons.signed_edges(polygons.united(edges)), 1)[0] == 28


def test_a_way_of_combining_that_does_not_exist():
    with pytest.raises(RTXRError, match='"xor" or "union"'):
        polygons.check_combine("or")


def test_lookup_of_a_union():
    lookup = polygons.Lookup(closed([square(2.0), square(2.0, (2.0, 0.0))]), "union")
    x, plane = np.array([-3.0, -1.0, 1.0, 3.0, 5.0]), np.zeros(5, dtype=np.int64)
    assert lookup.inside(plane, x, np.zeros(5)).tolist() == [False, True, True, True, False]


def test_nothing():
    edges = closed([square(1.0)]).take(np.zeros(4, dtype=bool))
    signed = polygons.signed_edges(edges)
    assert polygons.plane_areas(signed, 2).tolist() == [0, 0]
    assert polygons.crossing_planes(edges).tolist() == []
    zero = np.zeros(1)
    assert not polygons.Lookup(edges).inside(zero.astype(np.int64), zero, zero).any()


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_polygons_agree_with_a_fine_raster(seed, lattice):
    # Self-crossing, overlapping, with shared and collinear edges where on a lattice.
    rng = np.random.default_rng(seed)
    sizes = [(rng.integers(3, 20), 2) for _ in range(rng.integers(1, 5))]
    shapes = [rng.uniform(-6, 6, size) for size in sizes]
    if lattice:
        shapes = [np.round(shape) for shape in shapes]
    centres = (np.arange(600) + 0.5) / 600 * 13 - 6.5 + 1e-4 * np.pi
    for combine in ("xor", "union"):
        edges = closed(shapes)
        inside, _, _ = fill(edges, edges.plane, centres, centres, 1, combine)
        assert area(shapes, combine) == pytest.approx(
            inside.sum() * (13 / 600) ** 2, rel=0.003, abs=0.3
        )
