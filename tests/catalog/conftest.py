"""Fixture of the catalogue's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import factories as make
import pytest
from pydicom.dataset import Dataset

from catalog.scanned import table_of
from rtxr.catalog import Catalog, find_cases


@pytest.fixture
def catalogued(tmp_path: Path) -> Callable[..., Catalog]:
    """Write objects, scan them and find their cases."""

    def run(*objects: Dataset | Iterable[Dataset]) -> Catalog:
        for each in objects:
            make.write(tmp_path, each)
        return find_cases(table_of(tmp_path))

    return run
