"""Volumes of isodoses against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.shapes import axial_grid, rotation, turned
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics.isodose import Isodose, isodose_volume

GRID = axial_grid((21, 31, 41), (3.0, 2.5, 2.0), (-30.0, -37.5, -40.0))


def field(values, grid=GRID):
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    return Field(grid, np.asarray(values(x, y, z), dtype=float))


def codes(told):
    return [each.code for each in told]


@pytest.mark.parametrize("grid", [GRID, turned(GRID, rotation())])
def test_half_of_a_gradient(grid):
    volume, told = isodose_volume(field(lambda x, _y, _z: 50 + x, grid), 60.0)
    assert volume == pytest.approx(30 * 75 * 60 / 1000, rel=1e-6)
    assert codes(told) == ["isodose-cut"]


def test_a_sphere_inside_the_grid():
    volume, told = isodose_volume(field(lambda x, y, z: 100 - np.sqrt(x**2 + y**2 + z**2)), 80.0)
    assert volume == pytest.approx(4 / 3 * np.pi * 2**3, rel=0.02)  # trilinear, 2 to 3 mm
    assert told == ()


def test_the_whole_grid_and_none_of_it():
    dose = field(lambda x, y, z: 0 * (x + y + z) + 10)
    assert isodose_volume(dose, 10.0)[0] == pytest.approx(80 * 75 * 60 / 1000)
    assert isodose_volume(dose, 0.0)[0] == pytest.approx(80 * 75 * 60 / 1000)
    assert isodose_volume(dose, 10.1) == (0.0, ())


def test_what_has_no_dose_does_not_count_and_is_told():
    dose = field(lambda x, y, z: np.where(abs(x) + abs(y) + abs(z) < 25, 10.0, 0.0))
    inside = isodose_volume(dose, 5.0)
    assert inside[1] == ()
    dose.values[10, 15, :20] = np.nan
    volume, told = isodose_volume(dose, 5.0)
    assert 0 < volume < inside[0]
    assert codes(told) == ["isodose-cut"]


def test_a_grid_without_thickness_has_none():
    flat = axial_grid((1, 31, 41), (3.0, 2.5, 2.0), (0.0, -37.5, -40.0))
    assert np.isnan(isodose_volume(field(lambda x, y, z: x + y + z, flat), 1.0)[0])
    assert np.isnan(isodose_volume(field(lambda x, y, z: x + y + z), np.nan)[0])


def test_each_is_computed_once_and_when_asked_for():
    loaded = []

    def load():
        loaded.append(1)
        return field(lambda x, _y, _z: 50 + x)

    isodose = Isodose(load)
    assert not loaded
    assert isodose.findings == []
    assert isodose.volume_cc(60.0) == isodose.volume_cc(60.0) > isodose.volume_cc(70.0)
    assert loaded == [1]
    assert codes(isodose.findings) == ["isodose-cut"] * 2
