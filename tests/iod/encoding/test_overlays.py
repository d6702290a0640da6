"""Overlays are cut as the image is: each bit stays over the pixel it was drawn on."""

from __future__ import annotations

import factories as make
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.iod.encoding.overlays import Cut, cut_overlays, overlay_groups

SHAPE = (7, 9)


def with_overlay(
    bits: np.ndarray, origin: tuple[int, int] = (1, 1), group: int = 0x6000
) -> Dataset:
    """An image of 7 x 9 pixels under an overlay."""
    ds = make.ct_slice(1, 0.0, SHAPE)
    data = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds.add_new(Tag(group, 0x0010), "US", bits.shape[0])
    ds.add_new(Tag(group, 0x0011), "US", bits.shape[1])
    ds.add_new(Tag(group, 0x0040), "CS", "G")
    ds.add_new(Tag(group, 0x0050), "SS", list(origin))
    ds.add_new(Tag(group, 0x0100), "US", 1)
    ds.add_new(Tag(group, 0x0102), "US", 0)
    ds.add_new(Tag(group, 0x3000), "OW", data + b"\0" * (len(data) % 2))
    return ds


def drawn(ds: Dataset, shape: tuple[int, int], group: int = 0x6000) -> np.ndarray:
    """Pixels of an image that an overlay covers, bit by bit as PS3.3 C.9.2 says."""
    rows, columns = (ds[Tag(group, each)].value for each in (0x0010, 0x0011))
    row, column = ds[Tag(group, 0x0050)].value
    data = ds[Tag(group, 0x3000)].value
    found = np.zeros(shape, dtype=bool)
    for number in range(rows * columns):
        at = (row - 1 + number // columns, column - 1 + number % columns)
        inside = 0 <= at[0] < shape[0] and 0 <= at[1] < shape[1]
        if inside and data[number // 8] >> number % 8 & 1:
            found[at] = True
    return found


@given(
    bits=st.integers(0, 2**63 - 1),
    size=st.tuples(st.integers(1, 9), st.integers(1, 7)),
    origin=st.tuples(st.integers(-3, 8), st.integers(-3, 10)),
    rows=st.tuples(st.integers(0, 6), st.integers(1, 7)),
    columns=st.tuples(st.integers(0, 8), st.integers(1, 9)),
)
def test_bits_stay_over_their_pixels(bits, size, origin, rows, columns):
    plane = (bits >> np.arange(size[0] * size[1], dtype=np.uint64) & 1 > 0).reshape(size)
    ds = with_overlay(plane, origin)
    cut = Cut(rows[0], columns[0], min(rows[1], 7 - rows[0]), min(columns[1], 9 - columns[0]))
    before = drawn(ds, SHAPE)[
        cut.first_row : cut.first_row + cut.rows, cut.first_column : cut.first_column + cut.columns
    ]
    done = cut_overlays(ds, cut)
    if done == (0, 1):
        assert not before.any()
        assert overlay_groups(ds) == []
    else:
        assert done == (1, 0)
        np.testing.assert_array_equal(drawn(ds, before.shape), before)
        assert len(ds[0x6000, 0x3000].value) % 2 == 0
        assert all(first >= 1 for first in ds[0x6000, 0x0050].value)


@pytest.mark.parametrize(
    ("element", "vr", "value"),
    [(0x0102, "US", 12), (0x0100, "US", 16), (0x0015, "IS", 3), (0x0010, "US", 900)],
    ids=["in the bits of pixels", "allocated", "frames", "too few bits"],
)
def test_what_is_no_plane_of_bits_of_its_own_goes(element, vr, value):
    ds = with_overlay(np.ones((3, 3), bool))
    ds.add_new(Tag(0x6000, element), vr, value)
    assert cut_overlays(ds, Cut(0, 0, 2, 2)) == (0, 1)
    assert overlay_groups(ds) == []


def test_an_image_that_is_no_part_of_its_source_keeps_none():
    ds = with_overlay(np.ones((3, 3), bool), group=0x6002)
    ds.add_new(Tag(0x5000, 0x0005), "US", 2)
    assert overlay_groups(ds) == [0x5000, 0x6002]
    assert cut_overlays(ds, None) == (0, 2)
    assert overlay_groups(ds) == []
    assert ds.Rows == 7
