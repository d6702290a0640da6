"""Every published case: opened, exported and opened again it is what it was, to the byte.

Two large ones have modules of their own, which hold the same: ``breast_boost_eclipse`` in
``test_breast_boost``, ``brachy_hdr_robustbrachy`` in ``test_planning_cases``.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from comparison import pixels
from lossless import FILLED, lost

import rtxr
from rtxr import header_store, model
from rtxr.errors import ConformanceError

pytestmark = pytest.mark.data

#: Folders of cases, and how many cases each holds.
FOLDERS = {
    "geometry": 8,
    "ibsi_sts003": 3,
    "matrad_tg119": 1,
    "oncentra_phantom": 3,
    "proton_dcpt": 2,
    "pylinac": 9,
    "pymedphys": 18,
    "quirks": 9,
    "rt_utils": 3,
}
#: Doses of eight patient positions whose files were published without pixels: nothing to write.
WITHOUT_PIXELS = {("pymedphys", str(number)) for number in range(1, 9)}
#: Of a long series, slices whose files are looked at one by one.
SOME = 1
#: Where the written file repeats a UID of the source that has no file meta.
META = "(0x0002,0x0003)"


@dataclass(frozen=True)
class Written:
    """A case, its export, and the source file of each written one."""

    label: str
    ds: xr.Dataset
    table: pd.DataFrame
    sources: list[str]

    @property
    def folder(self) -> Path:
        return Path(self.table["path"].iloc[0]).parent

    @property
    def files(self) -> list[tuple[str, str, str]]:
        """IOD, written file and source of each object."""
        return list(zip(self.table["IOD"], self.table["path"], self.sources, strict=True))

    @property
    def some_files(self) -> list[tuple[str, str, str]]:
        """The same of all RT objects and of a few slices."""
        files = self.files
        slices = [each for each in files if not each[0].startswith("RT")]
        return [each for each in files if each not in slices[SOME:]]


@pytest.fixture(scope="module", params=FOLDERS)
def written(request, case_data, tmp_path_factory) -> list[Written]:
    """All cases of a folder that can be written."""
    index = rtxr.scan(case_data(request.param), progress=False)
    labels = list(index.cases.index)
    assert len(labels) == FOLDERS[request.param]
    out = tmp_path_factory.mktemp(request.param)
    found = []
    for label in labels:
        ds = index.open(case=label)
        if (request.param, label) in WITHOUT_PIXELS:
            with pytest.raises(ConformanceError, match="holds no object"):
                ds.rt.to_dicom(out / label)
            continue
        table = ds.rt.to_dicom(out / label)
        records = header_store.unpack(ds)
        nameless = next((r.path for r in records.values() if r.uid.startswith("no-uid")), "")
        paths = [records[u].path if u in records else nameless for u in table["SOPInstanceUID"]]
        found.append(Written(label, ds, table, paths))
    return found


def each_problem(cases: list[Written], of: Callable[[Written], Iterator[str]]) -> list[str]:
    return [f"case {case.label}: {problem}" for case in cases for problem in of(case)]


def test_files_hold_every_byte_that_the_sources_hold(written):
    def problems(case: Written) -> Iterator[str]:
        yield from case.table["changed"][case.table["changed"] != ""]
        for iod, new, old in case.files:
            found = [each for each in lost(new, old) if not each.endswith(FILLED)]
            yield from (f"{iod} {problem}" for problem in found)

    assert each_problem(written, problems) == []


def test_pixels_are_those_of_the_sources(written):
    def problems(case: Written) -> Iterator[str]:
        with_pixels = {name.rstrip("0123456789_") for name in case.ds.data_vars}
        for iod, new, old in case.some_files:
            is_array = iod.split()[0].lower() in with_pixels or iod in ("RT Dose", "RT Image")
            if is_array and not np.array_equal(pixels(new), pixels(old)):
                yield iod

    assert each_problem(written, problems) == []


def test_what_is_opened_again_is_equal(written):
    def problems(case: Written) -> Iterator[str]:
        back = rtxr.open_dir(case.folder, progress=False)
        names = [*case.ds.data_vars, *case.ds.dims]
        names += [name for name in model.STRUCTURE_COORDS if name in case.ds.coords]
        for name in names:
            if name in case.ds and name not in header_store.HEADER_COORDS:
                same = np.array_equal(back[name].values, case.ds[name].values)
                yield from [] if same else [str(name)]

    assert each_problem(written, problems) == []


@pytest.mark.validators
def test_validators_find_nothing_that_the_sources_did_not_have(written, validator):
    def problems(case: Written) -> Iterator[str]:
        for iod, new, old in case.some_files:
            had = set(validator.dciodvfy(old))
            errors = (
                line.replace(META, "(0x0008,0x0018)").replace("Media Storage SOP", "SOP")
                for line in validator.dciodvfy(new)
            )
            yield from set(errors) - had
            if iod.startswith("RT"):
                yield from set(validator.drtdump(new)) - set(validator.drtdump(old))

    assert each_problem(written, problems) == []


@pytest.mark.validators
def test_references_are_as_they_were(written, validator, tmp_path):
    def complaints(folder: Path) -> Counter[str]:
        return Counter(line.split(" - ")[1] for line in validator.dcentvfy(folder))

    def problems(case: Written) -> Iterator[str]:
        if not any(iod.startswith("RT") for iod in case.table["IOD"]):
            return  # slices refer to nothing here
        folder = tmp_path / case.label
        folder.mkdir()
        for number, source in enumerate(case.sources):
            shutil.copyfile(source, folder / f"{number:04d}.dcm")
        yield from complaints(case.folder) - complaints(folder)

    assert each_problem(written, problems) == []
