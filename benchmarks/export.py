"""Export of a case of clinical size: rtxr against pydicom alone writing the same bytes.

The case is that of ``dose.py``. Every measurement is a process of its own, warmed up on a small
case, in turns over some rounds, with the files in the cache of the operating system. What rtxr does
counts from a Dataset whose pixels nobody has read yet to files that are read back, compared and in
their place. pydicom gets the files that rtxr wrote and writes them again, which checks nothing:
with elements that have values, as in data sets that a program has made or looked at; reading
included; and with elements as it read them, which are bytes to copy. In the end the bytes are
compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import pydicom
from clinical.measure import busy_seconds
from dose import with_dose
from structures import ALL, SMALL, Bench, folder_of, make
from tqdm import tqdm

import rtxr

ROUNDS = 3
#: What is asked of rtxr, in times of the first way of pydicom.
ALLOWED = 2.5
#: What follows is done and not measured; the rest is.
Job = Callable[[Path, Path], Callable[[], object]]


def with_rtxr(case: Path, out: Path) -> Callable[[], object]:
    ds = rtxr.open_dir(case, progress=False)
    return lambda: ds.rt.to_dicom(out)


def valued(written: Path, out: Path) -> Callable[[], object]:
    objects = _objects(written)
    for each in objects.values():
        for _ in each.iterall():
            pass  # gives every element its value
    return lambda: _write(objects, out)


def as_read(written: Path, out: Path) -> Callable[[], object]:
    objects = _objects(written)
    return lambda: _write(objects, out)


def read_and_written(written: Path, out: Path) -> Callable[[], object]:
    return lambda: _write(_objects(written), out)


#: What it is called > how it is done; rtxr first, as it makes what the others write.
WAYS: dict[str, Job] = {
    "rtxr": with_rtxr,
    "pydicom, elements with values": valued,
    "pydicom, reading and writing": read_and_written,
    "pydicom, elements as read": as_read,
}


def _objects(folder: Path) -> dict[str, pydicom.Dataset]:
    return {path.name: pydicom.dcmread(path) for path in sorted(folder.iterdir())}


def _write(objects: dict[str, pydicom.Dataset], out: Path) -> None:
    out.mkdir()
    for name, each in objects.items():
        each.save_as(out / name)


def measured(way: str, small: Path, case: Path, out: Path) -> tuple[float, float]:
    """Seconds by the wall and of processors of one export, after one of a small case."""
    WAYS[way](small, out)()
    shutil.rmtree(out)
    job = WAYS[way](case, out)
    start, busy = perf_counter(), busy_seconds()
    job()
    return perf_counter() - start, busy_seconds() - busy


def in_turns(
    cases: Sequence[Path], work: Path, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Each way in a process of its own, round by round, on a small case and a large one."""
    each: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in tqdm(range(rounds), leave=False, file=sys.stderr):
        for number, way in enumerate(WAYS):
            sources = (work / "small", work / "0") if number else cases
            out = work / str(number)
            shutil.rmtree(out, ignore_errors=True)
            command = [sys.executable, __file__, "--measure", way, *map(str, (*sources, out))]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            each[way].append(tuple(json.loads(done.stdout.splitlines()[-1])))
    return each


def same_bytes(work: Path) -> tuple[int, int]:
    """Files and bytes that rtxr wrote; stops where pydicom wrote others."""
    ours = {path.name: path.read_bytes() for path in (work / "0").iterdir()}
    for number, way in enumerate(WAYS):
        for path in (work / str(number)).iterdir():
            if path.read_bytes() != ours[path.name]:
                raise SystemExit(f"{way} writes other bytes: {path.name}")
    return len(ours), sum(map(len, ours.values()))


def main(parent: Path, rounds: int) -> None:
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"processes that want a processor already: {os.getloadavg()[0]:.1f}")
    small, large = folder_of(parent, "small"), folder_of(parent, "clinical")
    with tempfile.TemporaryDirectory() as out:
        bench = Bench({"rtxr": sys.executable}, small, large, Path(out))
        make(bench, small, SMALL)
        make(bench, large, ALL)
        cases = with_dose(parent, "small", small), with_dose(parent, "clinical", large)
        with_rtxr(cases[0], Path(out) / "small")()
        each = in_turns(cases, Path(out), rounds)
        count, size = same_bytes(Path(out))
    print(
        f"pydicom {pydicom.__version__}, rtxr {rtxr.__version__}: {count} files, "
        f"{size / 1e6:.0f} MB"
    )
    print(f"\n{'':34s} best  median   rtxr takes | processor   rtxr takes")
    ours = _least(each["rtxr"])
    for way, times in each.items():
        (wall, busy), median = _least(times), statistics.median(each for each, _ in times)
        print(
            f"  {way:30s}{wall:6.2f} {median:7.2f} s {ours[0] / wall:8.2f} x | {busy:7.2f} s "
            f"{ours[1] / busy:9.2f} x"
        )
    print(f"asked for: at most {ALLOWED} times the first of pydicom")


def _least(times: Sequence[tuple[float, float]]) -> tuple[float, float]:
    seconds, busy = zip(*times, strict=True)
    return min(seconds), min(busy)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=Path, default=Path(tempfile.gettempdir()), help="where the case is kept"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure[0], *map(Path, given.measure[1:]))))
    else:
        main(given.cases, given.rounds)
