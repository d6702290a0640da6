"""pydcm: a compiled toolkit; one mask per call, each reads the structure set anew."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pydcm
from clinical.protocol import CT, STRUCTURES, Results

VERSION = importlib.metadata.version("pydcm")


def image(case: Path, _: Path) -> Results:
    """A folder of slices as one array of HU."""
    yield "image", pydcm.load_series(case / CT).pixels


def masks(case: Path, _: Path) -> Results:
    """Every mask on the grid of the CT."""
    for roi in pydcm.read_rtstruct(case / STRUCTURES, coordinates=False):
        yield roi.name, pydcm.roi_mask(case / STRUCTURES, case / CT, roi.number)[0]
