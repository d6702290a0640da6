"""What an export must keep of its sources: every element and every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom

from rtxr.read.headers import read_header
from rtxr.read.pixels import pixel_file, read_frames

PIXEL_DATA = 0x7FE00010


def added_elements(written: str | Path, source: str | Path) -> set[str]:
    """Assert that a file has every element and pixel of its source; name what it has more."""
    new, old = pydicom.dcmread(written), pydicom.dcmread(source, force=True)
    if PIXEL_DATA in old:
        np.testing.assert_array_equal(pixels(written), pixels(source))
    return _added(new, old, old.SOPClassUID.name)


def pixels(path: str | Path) -> np.ndarray:
    """Stored values of all frames."""
    file = pixel_file(read_header(path))
    return read_frames(file, range(file.frames))


def _added(new: pydicom.Dataset, old: pydicom.Dataset, where: str) -> set[str]:
    added = {f"{where}: {new[tag].keyword}" for tag in set(new.keys()) - set(old.keys())}
    for tag in old.keys():  # noqa: SIM118 (elements are decoded one by one)
        if int(tag) == PIXEL_DATA or not tag.element:
            continue  # compared decoded; retired group lengths are not written
        theirs = old[tag]
        if theirs.VR == "SQ":
            here = f"{where}: {theirs.keyword}"
            assert len(new[tag].value) == len(theirs.value), here
            for one, other in zip(new[tag].value, theirs.value, strict=True):
                added |= _added(one, other, here)
        else:
            assert new[tag] == theirs, f"{where}: {theirs.keyword}"
    return added
