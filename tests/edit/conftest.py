"""The case whose plan is edited."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import rtxr
from tests.edit.plan_case import write_case


@pytest.fixture(scope="session")
def plan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files; do not write into it."""
    return write_case(tmp_path_factory.mktemp("plan") / "dicom")


@pytest.fixture(scope="session")
def plan_case(plan_folder: Path) -> xr.Dataset:
    """A case with a static beam and an arc."""
    return rtxr.open_dir(plan_folder)
