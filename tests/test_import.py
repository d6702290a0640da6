"""Importing rtxr loads what it stands on; pictures, widgets and stores load when first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rtxr

HEAVY = (
    "pydicom",
    "matplotlib",
    "ipywidgets",
    "anywidget",
    "IPython",
    "dask",
    "zarr",
    "netCDF4",
    "tqdm",
    "scipy",
    "PIL",
)
CODE = f"""
import sys
import xarray
before = set(sys.modules)
import rtxr
print(*[name for name in {HEAVY!r} if name in sys.modules and name not in before])
"""


def test_import_loads_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_the_public_names_are_there():
    assert set(rtxr.__all__) <= set(dir(rtxr))
    assert all(getattr(rtxr, name) is not None for name in rtxr.__all__)


def test_a_name_that_is_not_there_shows_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'open_dir'"):
        _ = rtxr.opendir
