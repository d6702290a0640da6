"""Runs of numbers."""

import numpy as np

from rtxr.analysis.structures.runs import consecutive, rank_in_runs, run_starts


def test_runs_of_consecutive_numbers():
    of, number = consecutive(np.array([5, 9, 2]), np.array([2, 0, 3]))
    assert of.tolist() == [0, 0, 2, 2, 2]
    assert number.tolist() == [5, 6, 2, 3, 4]


def test_rank_in_runs():
    assert rank_in_runs(np.array([3, 3, 5, 5, 5, 9])).tolist() == [0, 1, 0, 1, 2, 0]


def test_where_runs_start():
    assert run_starts(np.array([3, 3, 5])).tolist() == [True, False, True]
