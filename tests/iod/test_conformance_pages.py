"""The pages of docs/conformance are what the tables say today."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from rtxr.iod.tables import IODS

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "conformance.py"))
PAGES = SCRIPT["pages"]()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_true(name):
    path = SCRIPT["FOLDER"] / name
    assert path.read_text(encoding="utf-8") == PAGES[name], "run: python docs/conformance.py"


def test_there_is_a_page_of_each_iod_and_no_other():
    names = {path.name for path in SCRIPT["FOLDER"].iterdir()}
    assert names == set(PAGES) == {"README.md", "macros.md", *(f"{key.lower()}.md" for key in IODS)}
