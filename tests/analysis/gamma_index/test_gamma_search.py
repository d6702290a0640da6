"""The search for the least gamma opens no cell that cannot hold it."""

from __future__ import annotations

import numpy as np
import pytest

from rtxr.analysis.gamma_index import gamma_search
from rtxr.analysis.gamma_index.gamma_cells import Cells
from rtxr.analysis.gamma_index.gamma_search import Points, least_gamma

AXES = [np.arange(9.0), np.arange(8.0) * 0.7, np.arange(7.0) * 1.3]


def points(dose, limit):
    at = np.stack([np.full(len(dose), axis.mean()) for axis in AXES])
    dose = np.asarray(dose, dtype=float)
    return Points(at, dose, np.ones(len(dose)), np.full(len(dose), limit))


def test_grossly_different_doses_are_known_at_once(monkeypatch):
    values = np.random.default_rng(0).uniform(50, 60, [len(axis) for axis in AXES])
    monkeypatch.setattr(gamma_search, "least_in_cell", lambda *_: pytest.fail("opened"))
    found = least_gamma(points([20.0, 90.0], 25.0), Cells(AXES, values))
    assert found.tolist() == [25.0, 25.0]
    nothing = least_gamma(points([20.0], 25.0), Cells(AXES, np.full_like(values, np.nan)))
    assert np.isnan(nothing).all()


@pytest.mark.parametrize("seed", range(4))
def test_nothing_sampled_is_below_what_is_found(seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 6 * (1 + seed), [len(axis) for axis in AXES])
    asked = points(rng.uniform(-4, 10, 30), 16.0)
    found = least_gamma(asked, Cells(AXES, values))
    best = np.full(30, 16.0)
    for _ in range(4000):
        at = np.array([rng.uniform(axis[0], axis[-1]) for axis in AXES])
        where = [int(np.searchsorted(axis, p) - 1) for axis, p in zip(AXES, at, strict=True)]
        cells = zip(AXES, where, at, strict=True)
        share = [(p - axis[k]) / (axis[k + 1] - axis[k]) for axis, k, p in cells]
        dose = values[tuple(slice(k, k + 2) for k in where)]
        for part in share:
            dose = dose[0] + part * (dose[1] - dose[0])
        away = ((asked.at[:, 0] - at) ** 2).sum()
        best = np.minimum(best, away + (dose - asked.dose) ** 2)
    assert (found <= best + 1e-3).all()
