from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import xarray as xr

from rtxr.read.lazy import LazyArray, chunked, lazy_variable

WHOLE = np.arange(4 * 5 * 6).reshape(4, 5, 6)


class Counting:
    """A source that remembers what was read of it."""

    shape, dtype = WHOLE.shape, WHOLE.dtype

    def __init__(self) -> None:
        self.reads: list[tuple[int, ...]] = []

    def read(self, indices):
        self.reads.append(tuple(map(len, indices)))
        assert all(index.ndim == 1 and (index >= 0).all() for index in indices)
        return WHOLE[np.ix_(*indices)]


class Exploding(Counting):
    def read(self, indices):
        raise AssertionError(f"values were read: {indices}")


def array(source, **how) -> xr.DataArray:
    return xr.DataArray(lazy_variable(("z", "y", "x"), source, {"units": "HU"}, **how))


INDEXERS = [
    {"z": 2},
    {"z": slice(None, None, -1)},
    {"z": slice(3, 0, -2), "x": slice(1, 5, 2)},
    {"z": [0, 3], "y": [4, 1, 1]},
    {"z": -1, "x": [5]},
    {"z": slice(2, 2)},
    {"y": np.array([], dtype=int)},
    {"z": xr.DataArray([0, 1, 3], dims="p"), "y": xr.DataArray([4, 0, 2], dims="p")},
]


@pytest.mark.parametrize("indexer", INDEXERS)
@pytest.mark.parametrize("cache", [True, False])
def test_indexing_gives_what_numpy_gives(indexer, cache):
    eager = xr.DataArray(WHOLE, dims=("z", "y", "x"), attrs={"units": "HU"})
    xr.testing.assert_identical(
        array(Counting(), cache=cache).isel(indexer).compute(), eager.isel(indexer)
    )


def test_only_what_is_indexed_is_read():
    source = Counting()
    assert array(source).isel(z=[1, 3], y=2).shape == (2, 6)
    assert source.reads == []
    array(source).isel(z=[1, 3], y=2).load()
    assert source.reads == [(2, 1, 6)]


def test_everything_but_values_is_lazy():
    data = array(Exploding()).assign_coords(z=[3.0, 2.0, 1.0, 0.0])
    ds = data.to_dataset(name="ct").set_coords([])
    for made in (
        ds.isel(z=slice(None, None, -2)),
        ds.sel(z=1.0),
        ds.sel(z=slice(3, 1)),
        ds.transpose("x", "z", "y"),
        ds.sortby("z"),
        copy.deepcopy(ds),
        ds.copy(deep=True),
        pickle.loads(pickle.dumps(ds)),
        ds.assign(other=1),
        ds.rename(z="height"),
    ):
        assert repr(made)
        assert made._repr_html_()
    assert repr(ds.chunk({"z": 1}))
    with pytest.raises(AssertionError, match="values were read"):
        ds.ct.values  # noqa: B018


def test_loading_is_cached_unless_told_otherwise():
    for cache, expected in ((True, 1), (False, 2)):
        source = Counting()
        data = array(source, cache=cache)
        data.values  # noqa: B018
        data.values  # noqa: B018
        assert len(source.reads) == expected


def test_writing_into_a_loaded_array_leaves_the_source():
    data = array(Counting())
    data[0, 0, 0] = -1
    assert int(data[0, 0, 0]) == -1
    assert WHOLE[0, 0, 0] == 0


def test_chunks_follow_how_the_source_is_stored():
    source = Counting()
    variable = lazy_variable(("z", "y", "x"), source, preferred_chunks={"z": 1})
    ds = xr.Dataset({"ct": variable}, {"in_memory": ("header", [1, 2])})
    lazy = chunked(ds, {})
    assert lazy.ct.chunks == ((1,) * 4, (5,), (6,))
    assert isinstance(lazy.in_memory.data, np.ndarray)
    assert chunked(ds, {"z": 2, "y": 3}).ct.chunks == ((2, 2), (3, 2), (6,))
    assert chunked(ds, 3).ct.chunks == ((3, 1), (3, 2), (3, 3))
    assert source.reads == []
    lazy.ct.isel(z=2).compute()
    assert source.reads == [(1, 5, 6)]


def test_shape_and_type_come_from_the_source():
    lazy = LazyArray(Counting())
    assert lazy.shape == WHOLE.shape
    assert lazy.dtype == WHOLE.dtype
