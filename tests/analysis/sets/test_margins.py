"""Margins: against brute force and scipy, analytic shapes, sides, orientations, borders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from analysis.shapes import axial_grid, rotation, turned
from rtxr.analysis.sets import margins
from rtxr.analysis.sets.margins import by_side, grown
from rtxr.errors import GeometryError, RTXRError, UnknownNameError
from rtxr.geometry import Grid

CT = (3.0, 1.0, 1.0)


def centred(shape, spacing):
    return axial_grid(
        shape, spacing, [-(n - 1) * s / 2 for n, s in zip(shape, spacing, strict=True)]
    )


def drawn(grid, inside):
    """Mask of a shape given as a function of z, y, x, mm."""
    return np.broadcast_to(inside(*np.meshgrid(*grid.axes, indexing="ij", sparse=True)), grid.shape)


def ball(radius, centre=(0.0, 0.0, 0.0)):
    def inside(z, y, x):
        return (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < radius**2

    return inside


def centre_distance(mask, axes):
    """Distance of every centre to the nearest true one, by brute force, inf where there is none."""
    at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    sources = at[mask]
    if not len(sources):
        return np.full(mask.shape, np.inf)
    return np.sqrt(((at[..., None, :] - sources) ** 2).sum(axis=-1).min(axis=-1))


def surface(mask, axes):
    """Centres inside, and where the signed distance changes sign on the lines between centres."""
    signed = centre_distance(mask, axes) - centre_distance(~mask, axes)
    at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    found = [at[mask]]
    for d in range(3):
        one, two = np.moveaxis(mask, d, 0)[:-1], np.moveaxis(mask, d, 0)[1:]
        s, t = np.moveaxis(signed, d, 0)[:-1], np.moveaxis(signed, d, 0)[1:]
        p, q = np.moveaxis(at, d, 0)[:-1], np.moveaxis(at, d, 0)[1:]
        where = one != two
        share = (s[where] / (s[where] - t[where]))[:, None]
        found.append(p[where] + share * (q[where] - p[where]))
    return np.concatenate(found)


def naive_cost(mask, axes, sides):
    """Least sum of squared shares of the margins, from the structure to every centre."""
    at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    step = at[..., None, :] - surface(mask, axes)
    margin = np.where(step > 0, sides[::-1, 1], sides[::-1, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(step == 0, 0.0, np.abs(step) / margin)
    return (share**2).sum(axis=-1).min(axis=-1)


def padded(mask, axes):
    wide = [np.concatenate([[2 * a[0] - a[1]], a, [2 * a[-1] - a[-2]]]) for a in axes]
    return np.pad(mask, 1), wide


@given(st.integers(0, 2**31), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_margins_are_the_definition_by_brute_force(seed, irregular, shrink):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 7, 3)
    steps = [
        rng.uniform(0.8, 3.0, n) if irregular else np.full(n, rng.uniform(1, 3)) for n in shape
    ]
    axes = [np.cumsum(each) - 7 for each in steps]
    grid = Grid(("z", "y", "x"), tuple(axes))
    mask = rng.random(shape) < rng.uniform(0.05, 0.9)
    six = rng.choice([0.0, 1.7, 3.1, 5.3], 6)
    wide, around = padded(mask, axes)
    if not mask.any():
        return
    if shrink:
        sides = by_side(six)[:, ::-1]  # the outside grows the other way
        cost = naive_cost(~wide, around, sides)[1:-1, 1:-1, 1:-1]
        expected = ~(cost <= 1)
    else:
        cost = naive_cost(wide, around, by_side(six))[1:-1, 1:-1, 1:-1]
        expected = cost <= 1
    found = grown(mask, grid, -six if shrink else six)
    sure = np.abs(cost - 1) > 1e-3
    assert (found[sure] == expected[sure]).all()
    assert sure.mean() > 0.9


def test_a_single_voxel_becomes_a_ball_around_it():
    # Its surface is half a voxel away along the axes, so that the ball is a little wider there.
    grid = centred((21, 21, 21), (1.0, 1.0, 1.0))
    mask = drawn(grid, lambda z, y, x: (z == 0) & (y == 0) & (x == 0))
    for radius in (1.0, 1.5, 2.0, 4.0, 4.5, 5.3, 9.0):
        found = grown(mask, grid, radius)
        assert not (drawn(grid, ball(radius - 1e-9)) & ~found).any()
        assert not (found & ~drawn(grid, ball(radius + 0.5 + 1e-3))).any()
        # Half-open: a centre on the border is in below, and not in above.
        below, above = np.floor(radius + 0.5), np.ceil(radius + 0.5) - 1
        assert (np.flatnonzero(found[10, 10])[[0, -1]] == [10 - below, 10 + above]).all()


def faces(axis):
    """Where the cells of an axis begin and end, half way between centres."""
    middle = (axis[1:] + axis[:-1]) / 2
    return np.concatenate(
        [[1.5 * axis[0] - 0.5 * axis[1]], middle, [1.5 * axis[-1] - axis[-2] / 2]]
    )


def box_of(axes, spans):
    """Half-open mask of a box whose spans are (low, high) along each axis."""
    on = [(axis >= low) & (axis < high) for axis, (low, high) in zip(axes, spans, strict=True)]
    return on[0][:, None, None] & on[1][:, None] & on[2]


def widths(mask):
    """Extents (first, last) along each dimension."""
    hits = (np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {d}))) for d in range(3))
    return [(int(hit[0]), int(hit[-1])) for hit in hits]


@pytest.mark.parametrize("halves", range(1, 13))
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_margins_are_half_open_as_masks_are(halves, shift):
    """A box of 40 mm by any number of half voxels, ties for odd ones: 50 and 30 mm by 5 mm."""
    axes = tuple(2.0 * np.arange(-20, 21) + shift for _ in range(3))
    grid, margin = Grid(("z", "y", "x"), axes), float(halves)
    mask = box_of(axes, [(-20, 20)] * 3)
    # Faces half way between centres: those of the voxels that are in.
    low, high = (-21.0, 19.0) if not shift else (-20.0, 20.0)
    for sign in (1, -1):
        span = (low - sign * margin, high + sign * margin)
        found = grown(mask, grid, sign * margin)
        assert widths(found) == widths(box_of(axes, [span] * 3))
        first, last = widths(found)[0]
        assert last + 1 - first == 20 + sign * halves
    assert (found == box_of(axes, [span] * 3)).all()  # shrunk, all of it
    assert (grown(~mask, grid, -margin) == ~grown(mask, grid, margin))[8:-8, 8:-8, 8:-8].all()


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_boxes_of_six_margins_on_irregular_axes_are_half_open(seed):
    rng = np.random.default_rng(seed)
    axes = tuple(np.cumsum(rng.choice([1.0, 1.5, 2.0, 3.0], 34)) for _ in range(3))
    grid = Grid(("z", "y", "x"), axes)
    low = [faces(axis)[rng.integers(8, 11)] for axis in axes]
    high = [faces(axis)[rng.integers(22, 26)] for axis in axes]
    mask = box_of(axes, zip(low, high, strict=True))
    six = rng.choice([0.0, 1.0, 1.25, 2.5, 3.5, 4.0, 5.0], 6)
    down, up = by_side(six)[::-1].T
    found, less = grown(mask, grid, six), grown(mask, grid, -six)
    assert widths(found) == widths(box_of(axes, zip(low - down, high + up, strict=True)))
    assert widths(less) == widths(box_of(axes, zip(low + down, high - up, strict=True)))
    # What grows on its left takes from what lies around it on that one's right.
    around = grown(~mask, grid, -six[[1, 0, 3, 2, 5, 4]])
    assert (around == ~found)[8:-8, 8:-8, 8:-8].all()
    assert (grown(~mask, grid, six[[1, 0, 3, 2, 5, 4]]) == ~less).all()


@pytest.mark.parametrize("margin", [2.0, 3.0, 5.0, 6.0])
def test_a_box_is_the_box_with_round_edges(margin):
    grid = centred((21, 48, 50), CT)
    half = (10.5, 9.0, 12.0)  # faces half way between centres

    def outside(z, y, x):
        return [np.maximum(np.abs(c) - h, 0) for c, h in zip((z, y, x), half, strict=True)]

    mask = drawn(grid, lambda *p: sum(outside(*p)) == 0)
    away = np.sqrt(drawn(grid, lambda *p: sum(d**2 for d in outside(*p))))
    found = grown(mask, grid, margin)
    assert not found[away > margin + 1e-3].any()
    # The surface is a little rounder than the box along its edges, as a slope could be there.
    within = [h - 4.0 for h in half]
    flat = drawn(grid, lambda *p: sum(np.abs(c) > h for c, h in zip(p, within, strict=True)) <= 1)
    assert (found == (away <= margin + 1e-3))[flat].all()
    assert found[away < margin - 1.5].all()
    back = grown(found, grid, -margin)
    assert (back == mask)[flat].all()


def test_boxes_anywhere_on_the_grid_grow_by_the_margin():
    grid, rng = centred((21, 48, 50), CT), np.random.default_rng(6)
    excess = []
    for _ in range(12):
        centre, margin = rng.uniform(-2, 2, 3), rng.uniform(3, 9)

        def away(z, y, x, centre=centre):
            outside = [
                np.maximum(np.abs(c - m) - h, 0)
                for c, m, h in zip((z, y, x), centre, (11.0, 9.0, 12.0), strict=True)
            ]
            return sum(d**2 for d in outside)

        truth = drawn(grid, lambda *p, away=away, margin=margin: away(*p) < margin**2)
        found = grown(drawn(grid, lambda *p, away=away: away(*p) == 0), grid, margin)
        excess.append(found.sum() / truth.sum() - 1)
    assert abs(np.mean(excess)) < 0.02


@pytest.mark.parametrize("spacing", [CT, (1.0, 1.0, 1.0), (2.0, 0.7, 0.7)])
def test_a_sphere_grows_by_the_margin(spacing):
    rng = np.random.default_rng(2)
    grid = centred([int(64 / s) for s in spacing], spacing)
    excess = []
    for _ in range(3):
        centre = rng.uniform(-2, 2, 3)
        found = grown(drawn(grid, ball(20, centre)), grid, 5)
        truth = drawn(grid, ball(25, centre))
        excess.append(found.sum() / truth.sum() - 1)
        layer = ndimage.binary_dilation(truth) ^ ndimage.binary_erosion(truth)
        assert not ((found ^ truth) & ~layer).any()
    assert abs(np.mean(excess)) < 0.022  # 0.2 mm; between centres alone it is up to -0.046
    shrunk = [grown(drawn(grid, ball(25)), grid, -5).sum() / drawn(grid, ball(20)).sum()]
    assert abs(np.mean(shrunk) - 1) < 0.05  # 0.3 mm


def test_slopes_of_thick_slices_do_not_grow_too_far():
    # A cone, 45 degrees: the surface between slices is half way up, not at a step of a slice.
    grid = centred((27, 60, 60), CT)

    def cone(z, y, x, reach=0.0):
        return (np.hypot(y, x) < 15 - z + reach * np.sqrt(2)) & (z > -15)

    mask, truth = drawn(grid, cone), drawn(grid, lambda *p: cone(*p, reach=6.0))
    middle = (grid.axes[0] > -8) & (grid.axes[0] < 8)
    found, wanted = grown(mask, grid, 6.0)[middle], truth[middle]
    assert abs(found.sum() / wanted.sum() - 1) < 0.02
    cells = grown(np.repeat(mask, 3, axis=0), centred((81, 60, 60), (1.0, 1.0, 1.0)), 6.0)
    assert cells[1::3][middle].sum() / wanted.sum() > 1.06


def test_margins_act_on_their_own_side():
    grid = centred((19, 41, 41), CT)
    mask = drawn(grid, lambda z, y, x: (np.abs(z) < 9) & (np.abs(y) < 8) & (np.abs(x) < 8))
    ends = {
        "left": (2, 1),
        "right": (2, 0),
        "anterior": (1, 0),
        "posterior": (1, 1),
        "superior": (0, 1),
        "inferior": (0, 0),
    }

    def reach(found):
        return {
            side: np.flatnonzero(found.any(axis=tuple({0, 1, 2} - {dim})))[-end]
            for side, (dim, end) in ends.items()
        }

    before = reach(mask)
    for side, (dim, end) in ends.items():
        for sign in (1, -1):
            after = reach(grown(mask, grid, {side: sign * 6.0}))
            steps = 2 if dim == 0 else 6
            assert after.pop(side) == before[side] + sign * (steps if end else -steps)
            assert after == {name: at for name, at in before.items() if name != side}
    six = grown(mask, grid, (1, 2, 3, 4, 6, 9))
    moved = {side: abs(int(at - before[side])) for side, at in reach(six).items()}
    assert list(moved.values()) == [1, 2, 3, 4, 2, 3]


def test_octants_are_ellipsoids():
    grid = centred((41, 41, 41), (1.0, 1.0, 1.0))
    mask = drawn(grid, lambda z, y, x: (z == 0) & (y == 0) & (x == 0))
    found = grown(mask, grid, {"left": 15, "posterior": 9, "superior": 6})

    def octant(z, y, x, wider=0.0):
        inside = (x / (15 + wider)) ** 2 + (y / (9 + wider)) ** 2 + (z / (6 + wider)) ** 2 <= 1
        return inside & (z >= 0) & (y >= 0) & (x >= 0)

    assert not (drawn(grid, octant) & ~found).any()
    assert not (found & ~drawn(grid, lambda *p: octant(*p, wider=0.51))).any()


def test_own_axes_do_not_matter():
    grid = centred((9, 26, 24), (3.0, 1.2, 1.0))
    mask = np.random.default_rng(3).random(grid.shape) < 0.002
    found = grown(mask, grid, 4.0)
    assert found.sum() > 3 * mask.sum()
    assert (grown(mask, turned(grid, rotation(shift=(3, 4, 5))), 4.0) == found).all()
    doubled = np.diag([2.0, 2.0, 2.0, 1.0])  # a matrix may hold the unit
    assert (grown(mask, turned(grid, doubled), 8.0) == found).all()


def test_sides_are_those_of_the_patient_on_turned_grids():
    grid = centred((7, 22, 24), (3.0, 1.0, 1.0))
    mask = np.random.default_rng(4).random(grid.shape) < 0.01
    six = dict(zip(margins.SIDES, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), strict=True))
    found = grown(mask, grid, six)
    # Own x, y, z run to patient z, -x, -y.
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, -1, 0], [0, 0, -1], [1, 0, 0]]
    z, y, x = grid.axes
    other = Grid(("slice", "row", "column"), (-y[::-1], -x[::-1], z), matrix)
    there = mask.transpose(1, 2, 0)[::-1, ::-1]
    assert (grown(there, other, six) == found.transpose(1, 2, 0)[::-1, ::-1]).all()


def test_order_of_coordinates_does_not_matter():
    grid = centred((8, 14, 15), (3.0, 1.0, 1.3))
    rng = np.random.default_rng(5)
    mask = rng.random(grid.shape) < 0.01
    found = grown(mask, grid, (1, 2, 3, 4, 5, 6))
    orders = [rng.permutation(n) for n in grid.shape]
    shuffled = Grid(grid.dims, tuple(axis[o] for axis, o in zip(grid.axes, orders, strict=True)))
    mixed = grown(mask[np.ix_(*orders)], shuffled, (1, 2, 3, 4, 5, 6))
    assert (mixed == found[np.ix_(*orders)]).all()


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_growing_keeps_order(seed):
    rng = np.random.default_rng(seed)
    grid = Grid(("z", "y", "x"), tuple(np.cumsum(rng.uniform(0.7, 3, n)) for n in (7, 8, 9)))
    less = rng.random(grid.shape) < rng.uniform(0, 0.5)
    more = less | (rng.random(grid.shape) < 0.2)
    small, large = np.sort(rng.uniform(0, 6, 2))
    for sign in (1, -1):
        assert not (grown(less, grid, sign * large) & ~grown(more, grid, sign * large)).any()
    assert not (grown(less, grid, small) & ~grown(less, grid, large)).any()
    assert not (less & ~grown(less, grid, small)).any()
    assert not (grown(less, grid, -small) & ~less).any()


def test_the_border_of_the_grid_is_the_end():
    grid = axial_grid((6, 10, 10), CT)
    full = np.ones(grid.shape, dtype=bool)
    assert grown(full, grid, 5.0).all()
    inner = grown(full, grid, -2.0)
    assert inner.sum() == 4 * 6 * 6  # 1.5 mm from the border to the first centre along z
    assert inner[1:-1, 2:-2, 2:-2].all()


def test_one_plane_is_a_plane():
    grid = axial_grid((1, 12, 12), CT)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[0, 3:9, 3:9] = True
    assert grown(mask, grid, -2.0).sum() == 2 * 2
    assert grown(mask, grid, 2.0)[0, 1:11, 3:9].all()


def test_nothing_stays_nothing():
    grid = axial_grid((3, 4, 5), CT)
    none = np.zeros(grid.shape, dtype=bool)
    assert not grown(none, grid, 5.0).any()
    assert not grown(none, grid, -5.0).any()
    some = none.copy()
    some[1, 1, 1] = True
    same = grown(some, grid, 0.0)
    assert (same == some).all()
    assert same is not some
    assert not grown(some, grid, -100.0).any()


def test_margins_by_side():
    assert by_side(3).tolist() == [[3, 3]] * 3
    assert by_side((1, 2, 3, 4, 5, 6)).tolist() == [[2, 1], [3, 4], [6, 5]]
    assert by_side({"left": -1.5}).tolist() == [[0, -1.5], [0, 0], [0, 0]]
    assert by_side(np.float32(2.5)).tolist() == [[2.5, 2.5]] * 3
    for wrong in ((1, 2), np.nan, "5mm", None, (1, 2, 3, 4, 5, np.inf)):
        with pytest.raises(RTXRError, match="one number in mm, or six for left, right"):
            by_side(wrong)
    with pytest.raises(RTXRError, match="grow first"):
        by_side((1, 2, 3, 4, 5, -1))
    with pytest.raises(UnknownNameError, match=r"no side 'lefft'; did you mean 'left'"):
        by_side({"lefft": 3})


def test_grids_that_margins_cannot_be_measured_on():
    grid = axial_grid((3, 4, 5), CT)
    mask = np.ones(grid.shape, dtype=bool)
    sheared = np.eye(4)
    sheared[:3, 2] = [0.0, np.sin(0.2), np.cos(0.2)]
    with pytest.raises(GeometryError, match=r"right angles.*ds\.rt\.resample"):
        grown(mask, turned(grid, sheared), 3.0)
    with pytest.raises(GeometryError, match="along the axes of the patient"):
        grown(mask, turned(grid, rotation()), {"left": 3.0})
    with pytest.raises(GeometryError, match="shape"):
        grown(mask[:2], grid, 3.0)
    twice = Grid(grid.dims, (grid.axes[0], grid.axes[1], np.zeros(5)))
    with pytest.raises(GeometryError, match="share one position"):
        grown(mask, twice, 3.0)
