"""Fixtures every test may use: the synthetic patient, third-party cases, and outside validators."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import settings

from rtxr import tutorial

# Machines are busy at times: no example has a deadline, and CI tries the same ones every time.
settings.register_profile("rtxr", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("rtxr")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the synthetic patient; do not write into it."""
    return tutorial.phantom(tmp_path_factory.mktemp("phantom") / "dicom")


@pytest.fixture(scope="session")
def case_data() -> Callable[[str], Path]:
    """``case_data("oncentra_phantom")``: folder of a third-party case, or a skip.

    Looks in ``RTXR_TEST_DATA``, else in ``shared/data`` beside the checkout.
    """
    where = Path(os.environ.get("RTXR_TEST_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        if not (where / name).is_dir():
            pytest.skip(f"no test data {where / name}; set RTXR_TEST_DATA to the folder of cases")
        return where / name

    return find


@pytest.fixture(scope="session")
def validator() -> Validator:
    """Outside checks of written files; see :class:`Validator`."""
    return Validator()


class Validator:
    """dciodvfy, dcentvfy and drtdump; each skips the test where the tool is missing.

    Every method returns the complaints as lines, so that ``== []`` is a clean bill.
    """

    def dciodvfy(self, path: str | os.PathLike[str]) -> list[str]:
        """Error lines about one file. A 32-bit dose is checked through a 16-bit copy."""
        with tempfile.TemporaryDirectory() as scratch:
            lines = _run("dciodvfy", [_readable(Path(path), Path(scratch))])
        return [line for line in lines if line.startswith("Error")]

    def dcentvfy(self, folder: str | os.PathLike[str]) -> list[str]:
        """Error lines about how the files of a folder (``**/*.dcm``) agree and refer.

        RT Referenced Study Sequence names a study where dcentvfy looks for an instance; its
        complaint about a UID that is the Study Instance UID of these files is left out.
        """
        paths = sorted(Path(folder).rglob("*.dcm"))
        assert paths, f"no *.dcm files below {folder}"
        with tempfile.TemporaryDirectory() as scratch:
            lines = _run("dcentvfy", [_readable(path, Path(scratch)) for path in paths])
        wanted = {"specific_tags": ["StudyInstanceUID"], "force": True}
        headers = (pydicom.dcmread(path, **wanted) for path in paths)
        missing = "Missing SOPInstanceUID that was referenced"
        studies = {f"{missing} - {ds.get('StudyInstanceUID')} " for ds in headers}
        return [
            line
            for line in lines
            if line.startswith("Error") and not any(study in line for study in studies)
        ]

    def drtdump(self, path: str | os.PathLike[str]) -> list[str]:
        """Warnings and errors about one RT object (dose, image, plan, structure set, record)."""
        lines = _run("drtdump", ["-v", Path(path)])
        return [line for line in lines if line.startswith(("W:", "E:", "F:"))]


def _run(tool: str, arguments: Sequence[str | Path]) -> list[str]:
    """Lines a validator prints on stderr; a return code beyond 0 and 1 is a crash, not a pass."""
    beside = Path(sys.executable).with_name(tool)
    program = str(beside) if beside.exists() else shutil.which(tool)
    if program is None:
        package = "dcmtk" if tool == "drtdump" else "dicom3tools"
        pytest.skip(f"{tool} is not installed (package {package})")
    done = subprocess.run(
        [program, *map(str, arguments)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode not in {0, 1}:
        pytest.fail(f"{tool} crashed with return code {done.returncode}: {done.stderr[-500:]}")
    return done.stderr.splitlines()


def _readable(path: Path, scratch: Path) -> Path:
    """The file, or for a 32-bit dose (on which dicom3tools abort) a copy rescaled to 16 bits."""
    wanted = {"specific_tags": ["BitsAllocated"], "force": True}
    header = pydicom.dcmread(path, stop_before_pixels=True, **wanted)
    if header.get("BitsAllocated", 16) != 32:
        return path
    ds = pydicom.dcmread(path, force=True)
    stored = np.frombuffer(ds.PixelData, dtype="<u4")
    step = max(1.0, float(stored.max()) / 65535)
    ds.PixelData = np.round(stored / step).astype("<u2").tobytes()
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.DoseGridScaling = f"{float(ds.DoseGridScaling) * step:.9g}"
    copy = scratch / f"{len(list(scratch.iterdir()))}_{path.name}"
    ds.save_as(copy)
    return copy
