"""Cases made of arrays on any grid, in any patient position: exported, they come back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from written_cases import assert_same

import rtxr

#: Patient Position > Image Orientation (Patient) as a scanner stores such images.
POSITIONS: dict[str, list[float]] = {
    "HFS": [1, 0, 0, 0, 1, 0],
    "HFP": [-1, 0, 0, 0, -1, 0],
    "HFDR": [0, 1, 0, -1, 0, 0],
    "HFDL": [0, -1, 0, 1, 0, 0],
    "FFS": [-1, 0, 0, 0, 1, 0],
    "FFP": [1, 0, 0, 0, -1, 0],
    "FFDR": [0, -1, 0, -1, 0, 0],
    "FFDL": [0, 1, 0, 1, 0, 0],
}


def _axis(draw: st.DrawFn, most: int) -> np.ndarray:
    count = draw(st.integers(2, most))
    step = draw(st.integers(2, 24)) / 8
    return draw(st.integers(-400, 400)) / 4 + step * np.arange(count)


@st.composite
def grids(draw: st.DrawFn, *, oblique: bool = False) -> rtxr.Grid:
    axes = (_axis(draw, 5), _axis(draw, 7), _axis(draw, 7))
    if not oblique:
        return rtxr.Grid(("z", "y", "x"), axes)
    turn, tilt = (np.radians(draw(st.integers(-40, 40))) for _ in range(2))
    turned = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    tilted = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turned @ tilted @ np.diag([1.0, 1.0, 1.0])
    names = ("slice", "row", "column") if not np.allclose(matrix, np.eye(4)) else ("z", "y", "x")
    return rtxr.Grid(names, axes, matrix)


def _any_case(grid: rtxr.Grid, dose: rtxr.Grid, rois: int, seed: int, **facts: Any) -> xr.Dataset:
    random = np.random.default_rng(seed)
    masks = {f"ROI {at}": random.random(grid.shape) < 0.4 for at in range(rois)}
    for mask in masks.values():
        mask[0, 0, 0] = True
    values = random.integers(-1024, 3000, grid.shape)
    gray = random.random(dose.shape)
    return rtxr.new_case(
        values, grid=grid, dose=gray, dose_grid=dose, masks=masks, plan={}, **facts
    )


def _exported(made: xr.Dataset) -> xr.Dataset:
    with tempfile.TemporaryDirectory() as folder:
        made.rt.to_dicom(Path(folder) / "out")
        return rtxr.open_dir(Path(folder) / "out").load()


@settings(max_examples=16)
@given(
    grid=grids(),
    dose=grids(),
    position=st.sampled_from(sorted(POSITIONS)),
    rois=st.integers(1, 3),
    seed=st.integers(0, 2**16),
)
def test_a_case_on_any_grid_in_any_position_comes_back(grid, dose, position, rois, seed):
    facts = {"PatientPosition": position, "ImageOrientationPatient": POSITIONS[position]}
    made = _any_case(grid, dose, rois, seed, **facts)
    assert_same(_exported(made), made)


@settings(max_examples=8)
@given(grid=grids(oblique=True), seed=st.integers(0, 2**16))
def test_an_oblique_case_comes_back(grid, seed):
    made = _any_case(grid, grid, 1, seed)
    back = _exported(made)
    for name in ("ct", "dose"):
        assert back.rt.grid(name).same_as(made.rt.grid(name), 1e-3)
        np.testing.assert_allclose(back[name], made[name], atol=1e-6)
    np.testing.assert_array_equal(back.rt.mask("ROI 0"), made.rt.mask("ROI 0"))


@pytest.mark.validators
@pytest.mark.parametrize("position", [*sorted(POSITIONS), "oblique"])
def test_validators_have_nothing_to_say(position, tmp_path, validator):
    axes = (np.arange(3) * 2.5, np.arange(4) * 1.5, np.arange(5) * 1.25)
    facts: dict[str, Any] = {"PatientPosition": "HFS"}
    turn, matrix = np.radians(25), np.eye(4)
    if position == "oblique":
        matrix[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        grid = rtxr.Grid(("slice", "row", "column"), axes, matrix)
    else:
        grid = rtxr.Grid(("z", "y", "x"), axes)
        facts = {"PatientPosition": position, "ImageOrientationPatient": POSITIONS[position]}
    _any_case(grid, grid, 1, 3, **facts).rt.to_dicom(tmp_path / "out")
    for path in (tmp_path / "out").glob("*.dcm"):
        assert validator.dciodvfy(path) == []
        if path.name.startswith("RT"):
            assert validator.drtdump(path) == []
    assert validator.dcentvfy(tmp_path / "out") == []
    written = pydicom.dcmread(tmp_path / "out" / "CT_0001.dcm")
    if position != "oblique":
        assert list(written.ImageOrientationPatient) == POSITIONS[position]
