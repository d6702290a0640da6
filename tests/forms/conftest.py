"""Synthetic portal images, templates and plan."""

from __future__ import annotations

from pathlib import Path

import pytest

import rtxr


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rtxr.tutorial.portal_images(tmp_path_factory.mktemp("portal"))
