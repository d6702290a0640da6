"""Arrows of goals, and signs that can be read."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colors as mpl_colors
from matplotlib import pyplot as plt

from rtxr.view.goal_arrows import GoalArrow, draw_goals, sign_places
from rtxr.view.goal_table import STYLES

ROOM = (0.0, 0.0, 300.0, 200.0)
#: Points by which a sign is wide and high, and by which an arrow is long.
WIDE, HIGH, LONG = 9, 11, 13


def overlap(one, other):
    return abs(one[0] - other[0]) < WIDE and abs(one[1] - other[1]) < HIGH


@pytest.mark.parametrize(
    ("way", "side"), [("left", (1, 0)), ("right", (-1, 0)), ("up", (0, -1)), ("down", (0, 1))]
)
def test_a_sign_is_behind_its_arrow(way, side):
    ((x, y),) = sign_places([((100, 100), way, 1)], ROOM)
    assert (x - 100, y - 100) == (side[0] * (3 + WIDE / 2), side[1] * (3 + HIGH / 2))


def test_signs_of_two_sit_farther_off():
    ((one, _),) = sign_places([((100, 100), "left", 1)], ROOM)
    ((two, _),) = sign_places([((100, 100), "left", 2)], ROOM)
    assert two - one == WIDE / 2


def test_a_sign_stays_in_the_room():
    ((x, y),) = sign_places([((295, 100), "left", 1)], ROOM)
    assert x + WIDE / 2 <= 300
    assert y != 100


def test_goals_at_one_place_have_a_sign_each():
    marks = [((100, 100), way, 1) for way in ("up", "right", "up")]
    for one, other in itertools.combinations(sign_places(marks, ROOM), 2):
        assert not overlap(one, other)


@given(
    st.lists(
        st.tuples(
            st.tuples(st.floats(60, 240), st.floats(60, 140)),
            st.sampled_from(["left", "right", "up", "down"]),
            st.just(1),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_two_goals_are_told_apart_wherever_they_are(marks):
    places = sign_places(marks, ROOM)
    assert not overlap(*places)
    for (x, y), ((at, height), _, _) in itertools.product(places, marks):
        assert abs(x - at) >= WIDE / 2 - 1e-9 or abs(y - height) >= HIGH / 2 - 1e-9


def drawn(*arrows):
    ax = plt.figure().add_subplot(xlim=(0, 70), ylim=(0, 102))
    draw_goals(ax, arrows)
    return ax


def test_each_sign_has_the_colour_of_its_status():
    ax = drawn(GoalArrow((60, 95), "right", "#00ff00", ("pass", "fail")))
    arrow, *signs = ax.texts
    assert mpl_colors.same_color(arrow.arrow_patch.get_facecolor(), "#00ff00")
    assert [sign.get_text() for sign in signs] == ["✓", "✗"]
    for sign, status in zip(signs, ("pass", "fail"), strict=True):
        assert mpl_colors.same_color(sign.get_color(), STYLES[status][1])


def test_signs_do_not_need_the_font_of_a_paper(recwarn):
    with plt.rc_context({"font.family": "cmr10", "axes.formatter.use_mathtext": True}):
        ax = drawn(GoalArrow((60, 95), "up", "k", ("pass", "acceptable", "fail", "unknown")))
        ax.figure.canvas.draw()
    assert not [each for each in recwarn if "Glyph" in str(each.message)]


def test_goals_that_are_not_on_the_axes_are_left_out():
    ax = drawn(GoalArrow((80, 95), "right", "k", ("pass",)), GoalArrow((1, 200), "up", "k", ()))
    assert not ax.texts
    assert not ax.lines
