"""Cases of tiny files, built without an index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import factories as make
import numpy as np
import pandas as pd
import pytest
from factories import write
from pydicom.dataset import Dataset

from read.cached_scans import age
from rtxr import model
from rtxr.catalog import Case
from rtxr.errors import NotDicomError
from rtxr.read.headers import read_header
from rtxr.read.scanning import scan


def case_of(paths: Iterable[str | Path]) -> Case:
    """A case of files, the most frequent image series being the image."""
    rows = []
    for path in sorted(map(str, paths)):
        try:
            header = read_header(path)
        except NotDicomError:
            continue
        keywords = ("Modality", "SeriesInstanceUID", "SOPInstanceUID", "DoseSummationType")
        rows.append({"path": path, **{keyword: header.text(keyword) for keyword in keywords}})
    table = pd.DataFrame(rows)
    images = table[table["Modality"].isin(["CT", "MR", "PT"])]
    if len(images):
        images = images[images["SeriesInstanceUID"] == images["SeriesInstanceUID"].mode()[0]]

    def rows_of(modality: str) -> list[pd.Series]:
        return [row for _, row in table[table["Modality"] == modality].iterrows()]

    doses = sorted(rows_of("RTDOSE"), key=lambda row: row["DoseSummationType"] != "PLAN")
    return Case(
        label="1",
        image=images if len(images) else None,
        structure_set=next(iter(rows_of("RTSTRUCT")), None),
        plan=next(iter(rows_of("RTPLAN")), None),
        doses=tuple(doses),
        rt_images=table[table["Modality"] == "RTIMAGE"],
    )


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[[Sequence[Dataset]], Case]:
    """Write objects below the test's folder and make them one case."""

    def make(objects: Sequence[Dataset], **how: object) -> Case:
        return case_of(write(tmp_path / "dicom", objects, **how))

    return make


class Boxes:
    """Stands for a rasteriser: ROI i is the voxels with index >= i along the first dimension."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.dtype = shape, np.dtype(bool)

    def read(self, indices: tuple[np.ndarray, ...]) -> np.ndarray:
        roi, z, y, x = np.ix_(*indices)
        return (z >= roi) & (y >= 0) & (x >= 0)


def boxes(ds) -> Boxes:
    """Mask source for tests."""
    return Boxes((ds.sizes[model.ROI], *model.grid_of(ds).shape))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four slices, an RT case and a text file, all old."""
    files = tmp_path / "files"
    make.write(files / "ct", make.ct_series(4))
    make.write(files / "rt", make.case())
    (files / "notes.txt").write_text("hello")
    age(files)
    return files


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "scan.cache"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read since this list was cleared."""
    names: list[str] = []
    real = scan.read_file

    def counting(path: str, keep: dict[str, str]) -> Any:
        names.append(os.path.basename(path))
        return real(path, keep)

    monkeypatch.setattr(scan, "read_file", counting)
    return names
