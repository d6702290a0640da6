"""plastimatch: a compiled program; it writes masks to files, which is its way to hand them over."""

from __future__ import annotations

import csv
import importlib.metadata
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
from clinical.protocol import CT, DONE, STRUCTURES, Results

VERSION = importlib.metadata.version("plastimatch")
#: Gy, and bins that hold the highest dose.
BIN_WIDTH, BINS = 0.1, 800


def masks(case: Path, out: Path) -> Results:
    """A file per mask."""
    folder = out / "masks"
    shutil.rmtree(folder, ignore_errors=True)
    _convert(case, "--output-prefix", str(folder), "--prefix-format", "mha")
    yield DONE, None
    for path in sorted(folder.iterdir()):
        yield path.stem, _values(path)


def bits(case: Path, out: Path) -> Results:
    """One file for all, in which every voxel has a bit per ROI, as it is."""
    values, places = _bits(case, out)
    yield DONE, None
    yield from _apart(values, places)


def bits_apart(case: Path, out: Path) -> Results:
    """The same, and its bits taken apart: what one has to do to have masks."""
    yield from _apart(*_bits(case, out))


def dvhs(case: Path, out: Path) -> Results:
    """A table of cumulative DVHs as shares; it tells no volumes."""
    table = out / "dvh.csv"
    bins = ["--bin-width", str(BIN_WIDTH), "--num-bins", str(BINS), "--cumulative"]
    _run("dvh", "--input", str(case), "--output-csv", str(table), *bins)
    yield DONE, None
    with table.open() as lines:
        names, *rows = csv.reader(lines)
    percent = np.array([[float(value) for value in row if value] for row in rows])
    for name, curve in zip(names[1:], percent.T[1:], strict=False):
        # The volume at D has more than D less half a bin.
        yield name, np.array([np.nan, (curve.sum() - 0.5) * BIN_WIDTH])


def _convert(case: Path, *output: str) -> None:
    inputs = [str(case / STRUCTURES), "--referenced-ct", str(case / CT)]
    _run("convert", "--input", *inputs, *output)


def _bits(case: Path, out: Path) -> tuple[npt.NDArray[np.uint8], dict[str, int]]:
    """Bytes of every voxel, and the number of each ROI's bit."""
    image, names = out / "bits.mha", out / "bits.txt"
    _convert(case, "--output-ss-img", str(image), "--output-ss-list", str(names))
    rows = [line.split("|") for line in names.read_text().splitlines()]
    return _values(image), {name: int(bit) for bit, _, name in rows}


def _apart(values: npt.NDArray[np.uint8], places: dict[str, int]) -> Results:
    for name, bit in places.items():
        yield name, (values[..., bit // 8] & (1 << bit % 8)).astype(bool)


def _run(*arguments: str) -> None:
    program = importlib.metadata.distribution("plastimatch").locate_file("plastimatch/bin")
    command = [str(Path(str(program)) / "plastimatch"), *arguments]
    subprocess.run(command, check=True, capture_output=True)


def _values(path: Path) -> npt.NDArray[np.uint8]:
    """Bytes of an uncompressed MetaImage, (z, y, x) and its channels."""
    data = path.read_bytes()
    head, _, values = data.partition(b"ElementDataFile = LOCAL\n")
    found = dict(re.findall(r"(\w+) = (.*)", head.decode()))
    shape = [int(size) for size in found["DimSize"].split()[::-1]]
    channels = int(found.get("ElementNumberOfChannels", 1))
    return np.frombuffer(values, np.uint8).reshape(*shape, *([channels] if channels > 1 else []))
