"""Sources of a brachytherapy plan stand in their channels, and its dose is that of their times."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr.contour_points import contours_of
from rtxr.geometry import FloatArray

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def case(case_data) -> xr.Dataset:
    return rtxr.open_dir(case_data("brachy_hdr_robustbrachy"))


def _distance(points: FloatArray, line: FloatArray) -> FloatArray:
    """From each point to a line of straight pieces, mm."""
    start, along = line[:-1], np.diff(line, axis=0)
    part = ((points[:, None] - start) * along).sum(-1) / (along**2).sum(-1)
    nearest = start + part.clip(0, 1)[..., None] * along
    return np.linalg.norm(nearest - points[:, None], axis=-1).min(axis=1)


def test_each_source_is_in_its_channel(case):
    positions = case.rt.source_positions().set_index("ChannelNumber")[["x", "y", "z"]]
    for channel in case.rt.channels().itertuples():
        ((_, line),) = contours_of(case, channel.roi)
        assert _distance(positions.loc[channel.ChannelNumber].to_numpy(), line).max() < 2


def test_the_dose_is_that_of_the_times(case):
    table = case.rt.source_positions()
    dose = case["dose"]
    z, y, x = np.meshgrid(dose["dose_z"], dose["dose_y"], dose["dose_x"], indexing="ij")
    total, nearest = np.zeros(dose.shape), np.full(dose.shape, np.inf)
    for row in table.itertuples():
        squared = (x - row.x) ** 2 + (y - row.y) ** 2 + (z - row.z) ** 2
        total += row.dwell_time / squared
        nearest = np.minimum(nearest, squared)
    seen = (dose.values > 1) & (nearest > 5**2) & (nearest < 30**2)
    given, expected = np.log(dose.values[seen]), np.log(total[seen])
    assert np.corrcoef(given, expected)[0, 1] > 0.98
    assert np.std(given - expected) < 0.1  # all that scatter and the length of sources make
