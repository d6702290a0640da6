"""Contours drawn twice are found whatever their first point, direction and last digit."""

import numpy as np
import pytest

from analysis.shapes import square
from rtxr.analysis.structures.repeats import first_of_repeats

SQUARE = square(5.0)
BOW_TIE = SQUARE[[0, 1, 3, 2]]


def kept(contours, planes=None):
    points = np.concatenate([np.asarray(each, dtype=float) for each in contours])
    starts = np.concatenate([[0], np.cumsum([len(each) for each in contours])])
    planes = np.zeros(len(contours), dtype=np.int64) if planes is None else np.asarray(planes)
    return first_of_repeats(points, starts, planes).tolist()


@pytest.mark.parametrize(
    "again",
    [
        SQUARE,
        np.roll(SQUARE, 1, axis=0),
        SQUARE[::-1],
        SQUARE[[0, 1, 2, 3, 0]],  # closed by its first point again
        SQUARE[[0, 0, 1, 2, 2, 3]],
        SQUARE + 2e-4,  # rounded otherwise
    ],
)
def test_a_repeat(again):
    assert kept([SQUARE, again]) == [True, False]
    assert kept([again, square(2.0), SQUARE, again]) == [True, True, False, False]


@pytest.mark.parametrize("other", [BOW_TIE, square(2.0), square(5.0, (0.01, 0.0)), SQUARE[:3]])
def test_no_repeat(other):
    assert kept([SQUARE, other]) == [True, True]


def test_the_same_contour_on_another_plane_is_no_repeat():
    assert kept([SQUARE, SQUARE, SQUARE], [0, 1, 1]) == [True, True, False]


def test_zero_has_no_sign():
    corner = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    assert kept([corner, np.where(corner == 0, -0.0, corner)]) == [True, False]
