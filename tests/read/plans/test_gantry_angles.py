from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.read.plans.gantry_angles import unwrapped


@pytest.mark.parametrize(
    ("angles", "direction", "expected"),
    [
        ([358, 359, 1, 2], "CW", [358, 359, 361, 362]),
        ([2, 1, 359, 358], "CC", [2, 1, -1, -2]),
        ([181, 179], "CW", [181, 539]),
        ([179, 181], "CC", [179, -179]),
        ([180.1, 180], "CC", [180.1, 180]),
        ([350, 10], "NONE", [350, 370]),
        ([10, 350], "", [10, -10]),
        ([90, 90], "CW", [90, 90]),
        ([90.0, 89.999, 90.5], "CW", [90, 89.999, 90.5]),
        ([], "CW", []),
    ],
)
def test_steps_are_those_of_the_gantry(angles, direction, expected):
    found = unwrapped(np.array(angles, float), [direction] * len(angles))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_two_arcs_in_one_beam():
    angles = np.array([181.0, 270, 0, 90, 179, 90, 0, 270, 181])
    found = unwrapped(angles, ["CW"] * 4 + ["CC"] * 4 + ["NONE"])
    assert np.abs(np.diff(found)).sum() == 2 * 358
    assert found[-1] == found[0]


@given(
    start=st.floats(0, 359.9),
    steps=st.lists(st.floats(0.1, 350), min_size=1, max_size=30),
    sign=st.sampled_from([1, -1]),
)
def test_any_arc_comes_back(start, steps, sign):
    turned = start + sign * np.concatenate([[0.0], np.cumsum(steps)])
    directions = ["CW" if sign > 0 else "CC"] * len(turned)
    np.testing.assert_allclose(
        unwrapped(turned % 360, directions) - start, turned - start, atol=1e-6
    )
