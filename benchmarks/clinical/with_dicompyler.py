"""dicompyler-core: DVHs by voxels of the dose grid."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
from clinical.protocol import DOSE, STRUCTURES, Results
from dicompylercore import dicomparser, dvhcalc

VERSION = importlib.metadata.version("dicompyler-core")


def dvhs(case: Path, _: Path) -> Results:
    """Every DVH; the files are read once."""
    structures = dicomparser.DicomParser(str(case / STRUCTURES))
    dose = dicomparser.DicomParser(str(case / DOSE))
    for number, roi in structures.GetStructures().items():
        found = dvhcalc.get_dvh(structures.ds, dose.ds, number)
        if found.volume:  # it has none where there is no dose
            yield roi["name"], np.array([found.volume, found.mean])
