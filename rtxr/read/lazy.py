"""The one lazy array of rtxr: what is indexed is read, when its values are asked for.

Any object with ``shape``, ``dtype`` and ``read(indices)`` can stand behind a variable: stacks of
pixel files (:mod:`rtxr.read.planes`), masks drawn from contours. This is the only module that
imports ``xarray.core``; the wrapping is the one ``xarray.open_dataset`` does, so that a Dataset
behaves alike whichever door it came through.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing


class ArraySource(Protocol):
    """What a lazy array reads from; must be picklable.

    ``read`` gets one 1-D array of non-negative integers per dimension and returns the outer
    product, with all dimensions.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        ...

    def read(self, indices: tuple[npt.NDArray[np.intp], ...]) -> npt.NDArray[Any]:
        """Values at the outer product of the indices."""
        ...


class LazyArray(BackendArray):
    """An array whose values are read from a source when they are indexed.

    Parameters
    ----------
    source : ArraySource
        Where the values come from.
    """

    __slots__ = ("dtype", "shape", "source")

    def __init__(self, source: ArraySource) -> None:
        self.source = source
        self.shape = tuple(source.shape)
        self.dtype = np.dtype(source.dtype)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._read
        )
        return values

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        chosen = self.chosen(key)
        indices = tuple(np.atleast_1d(index) for index in chosen)
        if not all(map(len, indices)):
            values = np.empty([len(index) for index in indices], self.dtype)
        else:
            values = self.source.read(indices)
        scalars = tuple(axis for axis, index in enumerate(chosen) if np.ndim(index) == 0)
        return values.squeeze(scalars) if scalars else values

    def chosen(self, key: tuple[Any, ...]) -> list[npt.NDArray[np.intp]]:
        """Indices that a key asks for: of no dimension along those that go."""
        return [np.arange(length)[part] for length, part in zip(self.shape, key, strict=True)]


def lazy_variable(
    dims: Sequence[Hashable],
    source: ArraySource,
    attrs: Mapping[str, Any] | None = None,
    *,
    cache: bool = True,
    preferred_chunks: Mapping[Hashable, int] | None = None,
) -> xr.Variable:
    """Variable whose values are read from a source on demand.

    Parameters
    ----------
    dims : sequence of hashable
        Dimension names, in the order of ``source.shape``.
    source : ArraySource
        Where the values come from.
    attrs : mapping, optional
        Attributes of the variable.
    cache : bool, default: True
        Keep values in memory once the whole variable was loaded, as ``xarray.open_dataset`` does.
    preferred_chunks : mapping of dimension to int, optional
        Chunk lengths that fit how the source is stored; xarray uses them for ``chunks={}``.

    Returns
    -------
    Variable
        Lazy under indexing, reversal, transposition, copying and pickling.
    """
    lazily: Any = indexing.LazilyIndexedArray(LazyArray(source))
    data: Any = indexing.CopyOnWriteArray(lazily)
    if cache:
        cached: Any = indexing.MemoryCachedArray
        data = cached(data)
    variable = xr.Variable(tuple(dims), data, dict(attrs or {}))
    if preferred_chunks:
        variable.encoding["preferred_chunks"] = dict(preferred_chunks)
    return variable


def unread(array: xr.DataArray) -> tuple[ArraySource, tuple[npt.NDArray[np.intp], ...]] | None:
    """Where values come from that were selected, but neither read nor computed with.

    Returns
    -------
    (source, indices) or None
        The values are those that the source gives at the outer product of the indices, which are
        of a length of 1 along dimensions that the array has no more. None where they are not.
    """
    data: Any = array.variable._data
    while isinstance(data, indexing.MemoryCachedArray | indexing.CopyOnWriteArray):
        data = data.array
    if not isinstance(data, indexing.LazilyIndexedArray) or not isinstance(data.array, LazyArray):
        return None
    chosen = data.array.chosen(data.key.tuple)
    if tuple(len(index) for index in chosen if np.ndim(index)) != array.shape:
        return None
    return data.array.source, tuple(np.atleast_1d(index) for index in chosen)


def is_in_memory(array: xr.DataArray) -> bool:
    """Whether the values are held rather than read or computed when asked for."""
    return bool(array.variable._in_memory)


def chunked(ds: xr.Dataset, chunks: Mapping[Hashable, int] | int | str) -> xr.Dataset:
    """The Dataset with its lazy variables as dask arrays.

    Parameters
    ----------
    ds : Dataset
        As read; coordinates that are in memory stay there.
    chunks : mapping, int or "auto"
        Chunk length by dimension; dimensions not named use the variable's preferred chunk (one
        file, one ROI), else their whole length. A single value is for every dimension.

    Returns
    -------
    Dataset
        One lazy task per chunk; dask must be installed.
    """
    for name, variable in ds.variables.items():
        preferred = variable.encoding.get("preferred_chunks")
        if preferred is None:
            continue
        if isinstance(chunks, Mapping):
            wanted = {
                dim: chunks.get(dim, preferred.get(dim, size))
                for dim, size in variable.sizes.items()
            }
        else:
            wanted = dict.fromkeys(variable.dims, chunks)
        # The variable alone: chunking the array would chunk the coordinates that it carries.
        pieces = {name: variable.chunk(wanted)}
        ds = ds.assign(pieces) if name in ds.data_vars else ds.assign_coords(pieces)
    return ds
