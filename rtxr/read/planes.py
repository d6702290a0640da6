"""A stack of pixel planes, one file each or frames of one file, as the source of a lazy array."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rtxr.geometry import FloatArray, Layout
from rtxr.read.pixels import PixelFile, read_frames

#: Tried in this order: signed before unsigned, so that differences do not wrap around.
_INTEGER_TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8")
_PARALLEL_FROM = 4
#: float32 has a 24-bit significand; two bits spare make rounding back to stored integers certain.
_FLOAT32_STEPS = 2.0**22


@dataclass(frozen=True, eq=False)
class PlaneStack:
    """Values of a stack of planes: stored integer x slope + intercept, read plane by plane.

    Parameters
    ----------
    files : tuple of PixelFile
        The files; all frames have one shape.
    file_of, frame_of : ndarray, (n,)
        File and frame of each stored plane.
    slopes, intercepts : ndarray, (n,)
        Rescale of each stored plane.
    dtype : dtype
        Of the values; integers only where slopes and intercepts are.
    layout : Layout
        From stored (plane, row, column) to the presented dimensions.
    leading : tuple of int
        Lengths of the leading dimensions of a dynamic series, whose planes are stored label by
        label.
    """

    files: tuple[PixelFile, ...]
    file_of: npt.NDArray[np.intp]
    frame_of: npt.NDArray[np.intp]
    slopes: FloatArray
    intercepts: FloatArray
    dtype: np.dtype[Any]
    layout: Layout
    leading: tuple[int, ...] = ()

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """Planes (of one label), rows, columns."""
        planes = len(self.file_of) // math.prod(self.leading)
        return planes, self.files[0].rows, self.files[0].columns

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the presented dimensions, the leading ones first."""
        return (*self.leading, *(self.stored_shape[axis] for axis in self.layout.order))

    def read(self, indices: tuple[npt.NDArray[np.intp], ...]) -> npt.NDArray[Any]:
        """Values at the outer product of presented indices; only the planes needed are read."""
        count = len(self.leading)
        labels = _outer(indices[:count], self.leading)
        stored: list[npt.NDArray[np.intp]] = [np.empty(0, np.intp)] * 3
        for dim, index in enumerate(indices[count:]):
            axis = self.layout.order[dim]
            last = self.stored_shape[axis] - 1
            stored[axis] = last - index if self.layout.flip[dim] else index
        of_label, rows, columns = stored
        planes = (labels[:, None] * self.stored_shape[0] + of_label).ravel()
        values = np.empty((len(planes), len(rows), len(columns)), self.dtype)
        window = (_as_slice(rows), _as_slice(columns))
        groups = _by_file(self.file_of[planes])

        def fill(group: npt.NDArray[np.intp]) -> None:
            wanted = planes[group]
            file = self.files[self.file_of[wanted[0]]]
            frames = read_frames(file, self.frame_of[wanted].tolist())
            for at, plane, frame in zip(group, wanted, frames, strict=True):
                part = frame[window[0]][:, window[1]]
                self._rescale(part, plane, out=values[at])

        # Compressed frames are decoded, and slow disks waited for, outside Python's lock.
        if len(groups) >= _PARALLEL_FROM:
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                list(pool.map(fill, groups))
        else:
            for group in groups:
                fill(group)
        lengths = [len(index) for index in indices[:count]]
        values = values.reshape(*lengths, len(of_label), len(rows), len(columns))
        return values.transpose(*range(count), *(count + axis for axis in self.layout.order))

    def whole_planes(
        self, indices: tuple[npt.NDArray[np.intp], ...], layout: Layout
    ) -> npt.NDArray[np.intp] | None:
        """Numbers of the stored planes that stand at presented indices.

        Parameters
        ----------
        indices : tuple of ndarray
            As for :meth:`read`.
        layout : Layout
            How what is read is going to be stored again.

        Returns
        -------
        ndarray, (slice,), or None
            One after the other as they are presented. None where rows and columns would not be
            stored as they are, or where there are several labels.
        """
        count = len(self.leading)
        labels = _outer(indices[:count], self.leading)
        if len(labels) != 1 or layout.order != self.layout.order:
            return None
        planes = np.empty(0, np.intp)
        for dim, index in enumerate(indices[count:]):
            axis = self.layout.order[dim]
            size = self.stored_shape[axis]
            stored = size - 1 - index if self.layout.flip[dim] else index
            if axis == 0:
                planes = labels[0] * size + stored
            elif not np.array_equal(stored[:: -1 if layout.flip[dim] else 1], np.arange(size)):
                return None
        return planes

    def _rescale(self, stored: npt.NDArray[Any], plane: int, out: npt.NDArray[Any]) -> None:
        slope, intercept = self.slopes[plane], self.intercepts[plane]
        if self.dtype.kind in "iu":
            # Modular arithmetic: steps in between may wrap around, the result fits.
            whole = np.array([slope, intercept], np.int64).astype(self.dtype)
            same_size = stored.dtype.itemsize == self.dtype.itemsize
            alike = stored.view(self.dtype) if same_size else stored.astype(self.dtype)
            np.add(alike if slope == 1 else alike * whole[0], whole[1], out=out)
        elif intercept == 0:
            np.multiply(stored, slope, out=out, dtype=np.float64, casting="same_kind")
        else:
            out[...] = stored * slope + intercept


def _outer(indices: Sequence[npt.NDArray[np.intp]], lengths: Sequence[int]) -> npt.NDArray[np.intp]:
    """Numbers of the labels in the outer product of indices, the last of which varies fastest."""
    numbers = np.zeros(1, dtype=np.intp)
    for index, length in zip(indices, lengths, strict=True):
        numbers = (numbers[:, None] * length + index).ravel()
    return numbers


def _by_file(files: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Positions of the planes asked for, grouped by neighbours in one file."""
    return np.split(np.arange(len(files)), np.flatnonzero(np.diff(files)) + 1)


def _as_slice(index: npt.NDArray[np.intp]) -> slice | npt.NDArray[np.intp]:
    """A slice where the indices have one step, so that numpy need not gather."""
    if len(index) == 1:
        return slice(int(index[0]), int(index[0]) + 1)
    step = int(index[1] - index[0])
    if step == 0 or not (np.diff(index) == step).all():
        return index
    stop = int(index[-1]) + (1 if step > 0 else -1)
    return slice(int(index[0]), stop if stop >= 0 else None, step)


def rescaled_dtype(
    files: Sequence[PixelFile], slopes: FloatArray, intercepts: FloatArray
) -> np.dtype[Any]:
    """Smallest type that holds every value that could be stored.

    Integer where all slopes and intercepts are integers (signed is tried first at each size), else
    float32 where stored integers can be told apart in it, else float64.
    """
    ranges = np.array([file.stored_range for file in files], dtype=np.float64)
    ends = ranges * slopes[:, None] + intercepts[:, None]
    low, high = float(ends.min()), float(ends.max())
    whole = not (np.mod(slopes, 1).any() or np.mod(intercepts, 1).any())
    for name in _INTEGER_TYPES if whole else ():
        info = np.iinfo(name)
        if info.min <= low and high <= info.max:
            return np.dtype(name)
    step = float(np.abs(slopes).min())
    fits = max(abs(low), abs(high)) <= step * _FLOAT32_STEPS
    return np.dtype(np.float32 if fits else np.float64)
