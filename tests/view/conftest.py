"""The synthetic patient, and no figure left open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from rtxr.index import scan

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def patient(phantom: Path) -> xr.Dataset:
    """The synthetic patient."""
    return scan(phantom).open()
