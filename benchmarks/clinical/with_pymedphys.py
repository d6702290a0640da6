"""PyMedPhys: gamma by shells around every voxel."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pymedphys
from clinical import doses
from clinical.protocol import PREPARED, Results

VERSION = importlib.metadata.version("pymedphys")


def gamma(_: Path, __: Path) -> Results:
    """Pass rate in % and voxels compared, 3 % and 3 mm, global, in steps of a tenth."""
    axes, planned, other = doses.to_compare()
    yield PREPARED, None
    found = pymedphys.gamma(
        axes, planned, axes, other, 3, 3, lower_percent_dose_cutoff=10, max_gamma=2
    )
    known = found[~np.isnan(found)]
    yield "gamma", np.array([100 * np.mean(known <= 1), known.size])
