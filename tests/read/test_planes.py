from __future__ import annotations

import pickle

import numpy as np
import pytest
from factories import ct_slice, save

from rtxr.geometry import Layout
from rtxr.read.headers import read_header
from rtxr.read.pixels import PixelFile, pixel_file
from rtxr.read.planes import PlaneStack, rescaled_dtype

RNG = np.random.default_rng(5)
STORED = RNG.integers(-2000, 2000, (3, 4, 5), dtype=np.int16)


LAYOUTS = [
    Layout(),
    Layout((0, 1, 2), (True, False, True)),
    Layout((1, 2, 0), (False, True, False)),
    Layout((2, 0, 1), (True, True, True)),
]


def files_of(folder, stored=STORED) -> tuple[PixelFile, ...]:
    found = []
    for number, plane in enumerate(stored):
        ds = ct_slice(number, float(number))
        ds.Rows, ds.Columns, ds.PixelData = *plane.shape, plane.tobytes()
        ds.PixelRepresentation = int(plane.dtype.kind == "i")
        found.append(pixel_file(read_header(save(folder / str(number), ds))))
    return tuple(found)


def stack_of(folder, layout=LAYOUTS[0], slopes=(1, 1, 1), intercepts=(0, 0, 0)) -> PlaneStack:
    files = files_of(folder)
    slopes, intercepts = np.array(slopes, float), np.array(intercepts, float)
    dtype = rescaled_dtype(files, slopes, intercepts)
    return PlaneStack(files, np.arange(3), np.zeros(3, np.intp), slopes, intercepts, dtype, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_outer_products_of_any_layout(tmp_path, layout):
    stack = stack_of(tmp_path, layout)
    whole = layout.present(STORED)
    assert stack.shape == whole.shape
    indices = [np.array([1]), np.array([2, 0]), np.arange(whole.shape[2])[::2]]
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        chosen = tuple(indices[place] for place in order)
        chosen = tuple(
            np.unique(np.minimum(i, n - 1)) for i, n in zip(chosen, whole.shape, strict=True)
        )
        np.testing.assert_array_equal(stack.read(chosen), whole[np.ix_(*chosen)])
    everything = tuple(map(np.arange, whole.shape))
    np.testing.assert_array_equal(stack.read(everything), whole)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whole_planes_are_known_by_their_numbers(tmp_path, layout):
    stack = stack_of(tmp_path, layout)
    indices = [np.arange(size) for size in stack.shape]
    along = layout.slice_dim
    order = np.arange(3)[:: -1 if layout.flip[along] else 1]
    np.testing.assert_array_equal(stack.whole_planes(tuple(indices), layout), order)
    indices[along] = np.array([2, 0])
    np.testing.assert_array_equal(stack.whole_planes(tuple(indices), layout), order[[2, 0]])
    turned = Layout(layout.order, tuple(not flip for flip in layout.flip))
    assert stack.whole_planes(tuple(indices), turned) is None
    indices[along - 1] = indices[along - 1][1:]
    assert stack.whole_planes(tuple(indices), layout) is None


def test_rescale_of_every_plane(tmp_path):
    slopes, intercepts = [1.0, 2.0, 3.0], [-1024.0, 5.0, 0.0]
    expected = STORED * np.reshape(slopes, (3, 1, 1)) + np.reshape(intercepts, (3, 1, 1))
    stack = stack_of(tmp_path, slopes=slopes, intercepts=intercepts)
    values = stack.read(tuple(map(np.arange, stack.shape)))
    assert values.dtype == np.int32
    np.testing.assert_array_equal(values, expected)


def test_fractional_rescale_is_float32_and_exact_to_a_step(tmp_path):
    stack = stack_of(tmp_path, slopes=[0.1] * 3, intercepts=[-7.5] * 3)
    values = stack.read(tuple(map(np.arange, stack.shape)))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(np.round((values.astype(float) + 7.5) / 0.1), STORED)


def test_pickles_to_the_same_values(tmp_path):
    stack = stack_of(tmp_path)
    again = pickle.loads(pickle.dumps(stack))
    everything = tuple(map(np.arange, stack.shape))
    np.testing.assert_array_equal(again.read(everything), stack.read(everything))


def fake(bits: int, signed: bool, allocated: int = 16) -> PixelFile:
    return PixelFile("", None, "", False, 1, 1, 1, 1, "", allocated, bits, signed)


@pytest.mark.parametrize(
    ("bits", "signed", "slope", "intercept", "expected"),
    [
        (12, False, 1, -1024, "i2"),
        (12, False, 1, 0, "i2"),
        (16, False, 1, 0, "u2"),
        (16, False, 1, -1024, "i4"),
        (16, False, 1, -32768, "i2"),
        (16, True, 1, 0, "i2"),
        (8, False, 1, 0, "u1"),
        (7, False, 1, 0, "i1"),
        (32, False, 1, 0, "u4"),
        (32, False, 2, 0, "i8"),
        (16, False, 0.5, 0, "f4"),
        (16, False, 0.01526, -1000, "f4"),
        (16, False, 1, 0.5, "f4"),
        (16, False, 1e-3, 1e6, "f8"),
        (32, False, 0.5, 0, "f8"),
    ],
)
def test_smallest_type_that_holds_every_storable_value(bits, signed, slope, intercept, expected):
    file = fake(bits, signed, max(16, bits))
    dtype = rescaled_dtype([file], np.array([slope], float), np.array([intercept], float))
    assert dtype == np.dtype(expected)


def test_unsigned_values_beyond_the_type_wrap_back(tmp_path):
    stored = np.array([[[0, 40000, 65535]]], dtype=np.uint16)
    files = files_of(tmp_path, stored)
    one, shift = np.array([1.0]), np.array([-32768.0])
    dtype = rescaled_dtype(files, one, shift)
    stack = PlaneStack(files, np.arange(1), np.zeros(1, np.intp), one, shift, dtype, Layout())
    values = stack.read((np.arange(1), np.arange(1), np.arange(3)))
    assert values.dtype == np.int16
    assert values.tolist() == [[[-32768, 7232, 32767]]]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("leading", [(2,), (3, 2)])
def test_leading_dimensions_come_before_any_layout(tmp_path, layout, leading):
    labels = int(np.prod(leading))
    stored = RNG.integers(-2000, 2000, (labels * 3, 4, 5), dtype=np.int16)
    files = files_of(tmp_path, stored)
    count = len(files)
    stack = PlaneStack(
        files,
        np.arange(count),
        np.zeros(count, np.intp),
        np.ones(count),
        np.zeros(count),
        np.dtype(np.int16),
        layout,
        leading,
    )
    stacks = [layout.present(stored[3 * n : 3 * n + 3]) for n in range(labels)]
    whole = np.reshape(stacks, (*leading, *stacks[0].shape))
    assert stack.shape == whole.shape
    everything = tuple(map(np.arange, whole.shape))
    np.testing.assert_array_equal(stack.read(everything), whole)
    some = tuple(index[::-2] for index in everything)
    np.testing.assert_array_equal(stack.read(some), whole[np.ix_(*some)])
