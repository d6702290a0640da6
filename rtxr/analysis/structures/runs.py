"""Runs of consecutive numbers, or of equal ones, which stand for what lies side by side."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def consecutive(begin: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """For runs of consecutive numbers: which run, and the number."""
    return np.repeat(np.arange(len(counts)), counts), numbers(begin, counts)


def numbers(begin: IntArray, counts: IntArray) -> IntArray:
    """Runs of consecutive numbers, one run after the other."""
    found = np.repeat(begin + counts - np.cumsum(counts), counts)
    found += np.arange(len(found))
    return found


def rank_in_runs(sorted_keys: IntArray) -> IntArray:
    """Position of each element within its run of equal keys."""
    first = np.flatnonzero(run_starts(sorted_keys))
    counts = np.diff(first, append=len(sorted_keys))
    return np.arange(len(sorted_keys)) - first.repeat(counts)


def run_starts(sorted_keys: IntArray) -> npt.NDArray[np.bool_]:
    """Where runs of equal keys begin."""
    starts = np.ones(len(sorted_keys), dtype=bool)
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=starts[1:])
    return starts
