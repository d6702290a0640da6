"""Outlines between planes: closer to the ideal solid than slabs, and the contours on the planes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import (
    at_height,
    axial_grid,
    make_case,
    moved,
    rotation,
    square,
    stack,
)
from analysis.shapes import circle as regular
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.interpolation.between import shaped
from rtxr.analysis.statistics.dose_volume import integrate
from rtxr.analysis.structures.contours import slabs, united

RADIUS = 12.0


def circle(radius, n=120, centre=(0.0, 0.0)):
    return regular(radius, n, centre)


def rectangle(u, v):
    return np.array([[-u, -v], [u, -v], [u, v], [-u, v]], dtype=float)


def root(value):
    return np.sqrt(max(value, 0.0))


def tube(sign):
    return lambda z: 16 + sign * root(36 - z * z)


#: Name > (section at z, volume, largest error of the shape at a spacing of 3 mm, %).
SOLIDS = {
    "sphere": (
        lambda z: [circle(root(144 - z * z))] if abs(z) < 12 else [],
        4 / 3 * np.pi * 12**3,
        0.05,
    ),
    "small sphere": (
        lambda z: [circle(root(36 - z * z))] if abs(z) < 6 else [],
        4 / 3 * np.pi * 6**3,
        0.3,
    ),
    "ellipsoid": (
        lambda z: [circle(root(1 - (z / 15) ** 2)) * [18, 10]] if abs(z) < 15 else [],
        4 / 3 * np.pi * 18 * 10 * 15,
        0.2,
    ),
    "cone": (
        lambda z: [circle((12 - z) / 2)] if -12 <= z < 12 else [],
        np.pi * 12**2 * 24 / 3,
        0.1,
    ),
    "lying cylinder": (
        lambda z: [rectangle(12, root(144 - z * z))] if abs(z) < 12 else [],
        np.pi * 12**2 * 24,
        0.2,
    ),
    "lying torus": (
        lambda z: [circle(tube(1)(z)), circle(tube(-1)(z))] if abs(z) < 6 else [],
        2 * np.pi**2 * 16 * 36,
        0.5,
    ),
    "hollow sphere": (
        lambda z: (
            ([circle(root(400 - z * z))] if abs(z) < 20 else [])
            + ([circle(root(144 - z * z))] if abs(z) < 12 else [])
        ),
        4 / 3 * np.pi * (20**3 - 12**3),
        0.2,
    ),
}


def part_of(section, spacing=3.0, shift=0.5, count=12, **keywords):
    heights = (np.arange(-count, count) + shift) * spacing
    contours = [at_height(ring, z) for z in heights for ring in section(z)]
    return next(slabs(make_case({"A": contours}), ["A"], **keywords))


@pytest.mark.parametrize(
    ("name", "shift"),
    # Where the base of a cone is, contours tell only if it ends half a step beyond them.
    [(name, shift) for name in SOLIDS for shift in (0.5, 0.8) if (name, shift) != ("cone", 0.8)],
)
def test_comes_closer_than_slabs(name, shift):
    section, volume, within = SOLIDS[name]
    part = part_of(section, shift=shift)
    off = 100 * abs(shaped(part, step=0.5).volume_cc() * 1000 / volume - 1)
    assert off < within
    assert off < max(100 * abs(part.volume_cc() * 1000 / volume - 1), 0.1)


@pytest.mark.parametrize("name", SOLIDS)
def test_slabs_follow_one_another(name):
    found = shaped(part_of(SOLIDS[name][0]), step=1.0)
    np.testing.assert_allclose(found.lower[1:], found.upper[:-1], atol=1e-9)
    assert (found.thickness > 0).all()
    assert (found.lower <= found.position).all()
    assert (found.position <= found.upper).all()
    assert (np.diff(found.point_plane) >= 0).all()
    assert found.starts[-1] == len(found.points) == len(found.edges)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(2, 20), min_size=2, max_size=6), st.lists(st.floats(-3, 3), min_size=6))
def test_drawn_outlines_stay(radii, shifts):
    rings = [circle(r, 60, (s, -s)) for r, s in zip(radii, shifts, strict=False)]
    contours = [at_height(ring, 3.0 * at) for at, ring in enumerate(rings)]
    part = next(slabs(make_case({"A": contours}), ["A"]))
    found = shaped(part, step=1.5)
    at = np.searchsorted(found.position, part.position)
    np.testing.assert_array_equal(found.position[at], part.position)
    np.testing.assert_allclose(found.areas()[at], part.areas(), rtol=1e-12)


@pytest.mark.parametrize("ring", [square(10.0), circle(7.0), rectangle(3.0, 20.0)])
def test_upright_solids_stay_as_they_are(ring):
    part = next(slabs(make_case({"A": stack(ring, np.arange(0, 30, 3.0))}), ["A"]))
    found = shaped(part)
    for name in ("position", "lower", "upper", "points"):
        np.testing.assert_array_equal(getattr(found, name), getattr(part, name))


def test_pyramid_keeps_its_edges():
    part = part_of(lambda z: [square((30 - z) / 2)] if -12 <= z < 12 else [])
    found = shaped(part)
    at = found.position
    side = np.where(np.abs(at) < 12, 30 - at, 0)
    np.testing.assert_allclose(found.areas(), side**2, rtol=0.004)


def test_ends_where_the_trend_closes_or_half_way():
    ball = shaped(part_of(SOLIDS["sphere"][0]), step=0.5)
    assert [ball.lower[0], ball.upper[-1]] == pytest.approx([-12, 12], abs=0.01)
    far = shaped(part_of(SOLIDS["sphere"][0], shift=0.0), step=0.5)
    assert [far.lower[0], far.upper[-1]] == pytest.approx([-12, 12], abs=0.01)
    cone = shaped(part_of(SOLIDS["cone"][0]), step=0.5)
    assert [cone.lower[0], cone.upper[-1]] == pytest.approx([-12, 12], abs=0.03)
    assert cone.points[cone.point_plane == 0].max() == pytest.approx(12, abs=0.02)


def test_no_end_caps_on_request():
    part = part_of(SOLIDS["sphere"][0], end_cap="none")
    found = shaped(part)
    assert found.lower[0] == part.lower[0] == -10.5
    assert found.upper[-1] == part.upper[-1] == 10.5


def test_a_single_plane_stays_a_slab():
    image = axial_grid((9, 9, 9), (3.0, 3.0, 3.0))
    part = next(slabs(make_case({"A": stack(circle(5.0), [6.0])}, image), ["A"]))
    assert shaped(part) is part


def test_nothing_stays_nothing():
    part = next(slabs(make_case({"A": []}), ["A"]))
    assert shaped(part).volume_cc() == 0


def test_parts_apart_are_not_joined():
    ball = SOLIDS["small sphere"][0]
    heights = np.concatenate([np.arange(-4.5, 5, 3.0), np.arange(55.5, 65, 3.0)])
    contours = [at_height(r, z) for z in heights for r in ball(z if z < 30 else z - 60)]
    part = next(slabs(make_case({"A": contours}), ["A"]))
    found = shaped(part)
    between = (found.position > 6.1) & (found.position < 53.9)
    assert not between.any()
    assert found.volume_cc() == pytest.approx(2 * 4 / 3 * np.pi * 0.6**3, rel=0.003)


def test_branches_part():
    def section(z):
        return [square(8.0)] if z < 0 else [square(3.0, (-6.0, 0.0)), square(3.0, (6.0, 0.0))]

    found = shaped(part_of(section, count=4))
    areas = found.areas()
    assert areas[found.position < -1.5] == pytest.approx(256)
    assert areas[found.position > 1.5] == pytest.approx(72)
    middle = areas[np.abs(found.position) < 1.5]
    assert (np.diff(middle) < 0.5).all()
    assert middle.min() > 72
    assert middle.max() < 256


def test_a_part_that_ends_between_others_closes_by_itself():
    def section(z):
        ball = [circle(root(81 - z * z), centre=(30.0, 0.0))] if abs(z) < 9 else []
        return [square(8.0), *ball]

    column = part_of(section, count=8)
    found = shaped(column)
    height = column.upper[-1] - column.lower[0]
    ball = found.volume_cc() * 1000 - 256 * height
    assert ball == pytest.approx(4 / 3 * np.pi * 9**3, rel=0.003)


def test_keyholes_and_holes_are_alike():
    def keyhole(z):
        size = 12 - abs(z) / 2
        outer, inner = square(size), square(size - 5)[::-1]
        return [np.concatenate([outer, outer[:1], inner, inner[:1]])]

    def nested(z):
        size = 12 - abs(z) / 2
        return [square(size), square(size - 5)]

    one, two = (shaped(part_of(section, count=3), step=0.5) for section in (keyhole, nested))
    np.testing.assert_allclose(one.areas(), two.areas(), rtol=1e-9)


def test_united_contours():
    def section(z):
        size = 8 - abs(z) / 2
        return [square(size, (-3.0, 0.0)), square(size, (3.0, 0.0))]

    def whole(z):
        size = 8 - abs(z) / 2
        return [rectangle(size + 3, size)]

    one = shaped(united(part_of(section, count=3)))
    two = shaped(part_of(whole, count=3))
    assert one.volume_cc() == pytest.approx(two.volume_cc(), rel=1e-6)


@pytest.mark.parametrize("matrix", [np.eye(4)[[2, 0, 1, 3]], rotation(degrees=30.0)])
def test_planes_in_any_direction(matrix):
    heights = (np.arange(-4, 4) + 0.5) * 3
    rings = [at_height(r, z) for z in heights for r in SOLIDS["sphere"][0](z)]
    part = next(slabs(make_case({"A": [moved(ring, matrix) for ring in rings]}), ["A"]))
    volume = shaped(part).volume_cc() * 1000
    assert volume == pytest.approx(SOLIDS["sphere"][1], rel=0.001)


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0])
def test_extremes_are_those_of_the_ideal_solid(spacing):
    part = shaped(part_of(SOLIDS["sphere"][0], spacing))
    grid = axial_grid((21,) * 3, (3.0,) * 3, (-30.0,) * 3, "dose_")
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    for slope in ((1, 0, 0), (0, 0, 1), (0.6, 0, 0.8)):
        field = Field(grid, 20 + slope[0] * x + slope[1] * y + slope[2] * z)
        found = integrate(part, field)
        assert [found.minimum, found.maximum] == pytest.approx([8, 32], abs=0.04)
        assert found.mean == pytest.approx(20, abs=0.005)
        share = np.array([0.99, 0.95, 0.5, 0.05, 0.01])
        h = np.linspace(0, 2, 20001)
        truth = 8 + 12 * np.interp(1 - share, h**2 * (3 - h) / 4, h)
        got = [found.dose_at(each * found.volume_cc) for each in share]
        np.testing.assert_allclose(got, truth, atol=0.02)


def test_thinner_slabs_on_request():
    part = part_of(SOLIDS["cone"][0])
    assert shaped(part, step=1.0).thickness.max() <= 1.0
    assert len(shaped(part, step=0.5).position) > len(shaped(part, step=1.0).position)
