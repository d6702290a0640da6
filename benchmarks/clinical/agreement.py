"""Masks as lengths of runs, and how far two of them agree: nobody is timed on nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def runs(mask: Mask) -> npt.NDArray[np.int64]:
    """Shape of a mask, then the lengths of its runs, a false one first."""
    flat = mask.ravel()
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(ends, prepend=0, append=flat.size)
    return np.array([*mask.shape, *([0] if flat[0] else []), *lengths], np.int64)


def mask_of(stored: npt.NDArray[np.int64]) -> Mask:
    """The mask whose runs these are."""
    shape, lengths = stored[:3], stored[3:]
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(shape)


def dice(one: Mask, other: Mask) -> float:
    """Twice the common volume by the sum of the volumes: 1 for the same mask."""
    total = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero(one & other) / total if total else 1.0
