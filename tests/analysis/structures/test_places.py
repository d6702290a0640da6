"""Places among lines, against a search."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtxr.analysis.structures.places import places


@given(st.data())
def test_places_are_those_of_a_search_on_any_axis(data):
    count = data.draw(st.integers(0, 12))
    axis = data.draw(st.sampled_from([0.3, 1.0, 1e-3])) * np.arange(count) - 1.7
    if data.draw(st.booleans()):
        axis = np.sort(axis + data.draw(st.sampled_from([0.1, 2.0])) * np.sin(np.arange(count)))
    beside = st.sampled_from([*axis.tolist(), 0.0])
    values = np.array(
        [
            data.draw(beside) + data.draw(st.sampled_from([0, 1e-15, -1e-15, 0.15, 9e300, -9e300])),
            *np.nextafter(axis, np.inf),
            *np.nextafter(axis, -np.inf),
            *axis,
        ]
    )
    for side in ("left", "right"):
        found = places(axis, values, side)
        np.testing.assert_array_equal(found, np.searchsorted(axis, values, side))
