"""rt-utils: masks from and to structure sets by OpenCV."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
from clinical.agreement import mask_of
from clinical.protocol import CT, DONE, MASKS, PREPARED, STRUCTURES, WRITTEN, Results
from rt_utils import RTStruct, RTStructBuilder

VERSION = importlib.metadata.version("rt-utils")


def masks(case: Path, _: Path) -> Results:
    """Every mask on the grid of the CT; rt-utils has the slices last."""
    yield from _masks(RTStructBuilder.create_from(str(case / CT), str(case / STRUCTURES)))


def structure_set(case: Path, out: Path) -> Results:
    """Masks in memory to a structure set file."""
    kept = np.load(case / MASKS)
    made = {name: mask_of(kept[name]).transpose(1, 2, 0).copy() for name in WRITTEN if name in kept}
    yield PREPARED, None
    structures = RTStructBuilder.create_new(str(case / CT))
    for name, mask in made.items():
        structures.add_roi(mask, name=name)
    path = str(out / "rt_utils.dcm")
    structures.save(path)
    yield DONE, None
    yield from _masks(RTStructBuilder.create_from(str(case / CT), path))


def _masks(structures: RTStruct) -> Results:
    for name in structures.get_roi_names():
        yield name, structures.get_roi_mask_by_name(name).transpose(2, 0, 1)
