"""SimpleITK: the series reader."""

from __future__ import annotations

from pathlib import Path

import SimpleITK
from clinical.protocol import CT, PREPARED, Results

VERSION = SimpleITK.Version.VersionString()


def image(case: Path, _: Path) -> Results:
    """A folder of slices as one array of HU; which files make a series is found first."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(case / CT)))
    yield "image", SimpleITK.GetArrayFromImage(reader.Execute())


def pixels(case: Path, _: Path) -> Results:
    """The same when it is known which files make the series."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(case / CT)))
    yield PREPARED, None
    yield "image", SimpleITK.GetArrayFromImage(reader.Execute())
