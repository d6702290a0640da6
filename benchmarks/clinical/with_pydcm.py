"""pydcm: a compiled toolkit; one mask per call, each reads the structure set anew."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pydcm
from clinical.protocol import CT, DOSE, STRUCTURES, Results

VERSION = importlib.metadata.version("pydcm")


def image(case: Path, _: Path) -> Results:
    """A folder of slices as one array of HU."""
    yield "image", pydcm.load_series(case / CT).pixels


def masks(case: Path, _: Path) -> Results:
    """Every mask on the grid of the CT."""
    for roi in pydcm.read_rtstruct(case / STRUCTURES, coordinates=False):
        yield roi.name, pydcm.roi_mask(case / STRUCTURES, case / CT, roi.number)[0]


def dvhs(case: Path, _: Path) -> Results:
    """Every DVH, each from the files."""
    for roi in pydcm.read_rtstruct(case / STRUCTURES, coordinates=False):
        found = pydcm.dvhcalc(case / STRUCTURES, case / DOSE, roi.number)
        yield roi.name, np.array([found.volume, found.mean])
