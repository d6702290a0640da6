"""A CT series and a structure set of clinical size: rtxr against other tools, side by side.

The tools come from PyPI into an environment of their own (``make bench`` makes it from
``peers.txt``); one that is not there is left out. Every measurement is a process of its own, in
turns over some rounds, with the files in the cache of the operating system. In the last round the
results are compared as well: images have to be the same, masks have to agree.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from clinical.protocol import MASKS

HERE = Path(__file__).parent
ROUNDS = 2
#: Slices of the case, and of the small one on which every tool warms up.
ALL, SMALL = (0, 180), (120, 126)
#: Position and key of the contour.
BYTES_PER_POINT = 4 * 8
#: Others round outlines to whole voxels, or count their voxels in; more than that is an error.
LEAST_DICE, LEAST_MEAN_DICE = 0.3, 0.9


class Way(NamedTuple):
    """A function of a tool that does a job, and what the row in the table says."""

    tool: str
    function: str
    note: str = ""


#: Job > how the results are compared, and the ways to do it, rtxr's first.
JOBS: dict[str, tuple[str, tuple[Way, ...]]] = {
    "CT folder to one array of HU": (
        "summed",
        (Way("rtxr", "image"), Way("simpleitk", "image"), Way("pydcm", "image")),
    ),
    "the same, the series being known": (
        "summed",
        (Way("rtxr", "pixels"), Way("simpleitk", "pixels")),
    ),
    "all 40 masks, from the files": (
        "compared",
        (
            Way("rtxr", "masks"),
            Way("plastimatch", "masks", "a file per mask"),
            Way("plastimatch", "bits_apart", "bits of one file, taken apart"),
            Way("plastimatch", "bits", "bits of one file, as they are"),
            Way("pydcm", "masks"),
            Way("rt_utils", "masks"),
        ),
    ),
    "10 masks to a structure set file": (
        "compared",
        (
            Way("rtxr", "structure_set"),
            Way("rtxr", "structure_set_and_ct", "and the CT, copied"),
            Way("rt_utils", "structure_set"),
        ),
    ),
}


class Measured(NamedTuple):
    """What a process found: see ``clinical.measure``."""

    seconds: float
    busy: float
    peak_mb: float
    version: str
    found: object


class Bench(NamedTuple):
    """Where everything is."""

    pythons: Mapping[str, str]
    small: Path
    case: Path
    out: Path

    def run(self, way: Way, check: str = "used") -> Measured:
        """Do a job in a process of its own."""
        folders = map(str, (self.small, self.case, self.out))
        command = [self.pythons[way.tool], "-m", "clinical.measure", way.tool, way.function]
        done = run([*command, *folders, "--check", check])
        if done.returncode:
            raise SystemExit(f"{way.tool} {way.function} failed:\n{done.stderr}")
        return Measured(**json.loads(done.stdout.splitlines()[-1]))


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A finished process, started where the modules of the case are found."""
    return subprocess.run(command, check=False, cwd=HERE, capture_output=True, text=True)


def tools() -> set[str]:
    return {way.tool for _, ways in JOBS.values() for way in ways}


def pythons(peers: str) -> dict[str, str]:
    """The interpreter of each tool that is there; says why one is left out."""
    found = {"rtxr": sys.executable}
    for tool in sorted(tools() - {"rtxr"}):
        command = [peers, "-c", f"import clinical.with_{tool}"]
        try:
            done = run(command)
            reason = done.stderr.strip().splitlines()[-1] if done.returncode else ""
        except OSError as error:
            reason = str(error)
        if reason:
            print(f"{tool} is left out: {reason}")
        else:
            found[tool] = peers
    return found


def compared(name: str, rounds: int, bench: Bench) -> None:
    """Do a job in all ways and print a row for each."""
    check, ways = JOBS[name]
    ways = tuple(way for way in ways if way.tool in bench.pythons)
    each: dict[Way, list[Measured]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            each[way].append(bench.run(way, check if number == rounds - 1 else "used"))
    ours = fastest(each[ways[0]])
    print(f"\n{name}\n{'':46s} best  median   ratio | processor   ratio |     peak")
    for way, results in each.items():
        best, label = fastest(results), f"{way.tool} {results[0].version}"
        print(
            f"  {f'{label} ({way.note})' if way.note else label:42s}"
            f"{best.seconds:6.2f} {statistics.median(each.seconds for each in results):7.2f} s "
            f"{best.seconds / ours.seconds:7.1f} | {best.busy:7.2f} s {best.busy / ours.busy:7.1f}"
            f" | {best.peak_mb:5.0f} MB   {verdict(way, each)}"
        )


def fastest(results: Sequence[Measured]) -> Measured:
    """The least of everything that was measured."""
    seconds, busy, peak_mb, version, _ = zip(*results, strict=True)
    return Measured(min(seconds), min(busy), min(peak_mb), version[0], None)


def verdict(way: Way, each: Mapping[Way, Sequence[Measured]]) -> str:
    """How the results of a tool agree with those of rtxr; stops where they do not."""
    found, ours = (each[which][-1].found for which in (way, next(iter(each))))
    if way.function in ("image", "pixels"):
        if found != ours:
            raise SystemExit(f"{way.tool} reads another image: {found} instead of {ours}")
        return "same image"
    if not found:
        return ""
    assert isinstance(found, dict)
    assert isinstance(ours, dict)
    least, mean = min(found.values()), statistics.mean(found.values())
    if found.keys() != ours.keys() or least < LEAST_DICE or mean < LEAST_MEAN_DICE:
        raise SystemExit(f"{way.tool} {way.function} makes other masks, Dice: {found}")
    return f"Dice {mean:.3f}, {least:.3f} at least"


def memory(bench: Bench, points: int) -> None:
    """Print what looping over all masks holds at a time."""
    found = bench.run(Way("rtxr", "masks"), "traced").found
    assert isinstance(found, list)
    peak, mask = found
    limit = 2 * mask + points * BYTES_PER_POINT / 1e6
    print(
        f"\narrays held while looping over all masks: {peak:.0f} MB at most; asked for: less than"
    )
    print(f"{limit:.0f} MB, which is two masks of {mask:.0f} MB and the contours")


def boxes(bench: Bench) -> None:
    """Print what a mask costs by the size of the ROI."""
    found = bench.run(Way("rtxr", "masks"), "timed").found
    assert isinstance(found, list)
    print("\none mask, by the voxels in the box around the ROI")
    for name, voxels, seconds in sorted(found, key=lambda each: each[1])[:: len(found) // 8]:
        print(f"  {name:20s} {voxels:12,d} voxels {1e3 * seconds:7.1f} ms")


def folder_of(parent: Path, name: str) -> Path:
    """Folder whose name changes with the sources of the case: an old one is never taken for it."""
    sources = [HERE / "clinical" / "case.py", HERE / "index_scan.py"]
    key = zlib.crc32(b"".join(each.read_bytes() for each in sources))
    return parent / f"rtxr-{name}-{key:08x}"


def make(bench: Bench, folder: Path, slices: tuple[int, int]) -> int:
    """Make a case, and the masks to compare with, unless they are there; its contour points."""
    made = run([sys.executable, "-m", "clinical.case", str(folder), *map(str, slices)])
    made.check_returncode()
    if not (folder / MASKS).exists():
        bench._replace(case=folder).run(Way("rtxr", "masks"), "kept")
    return int(made.stdout)


def main(parent: Path, peers: str, rounds: int) -> None:
    """Print a table per job."""
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"processes that want a processor already: {os.getloadavg()[0]:.1f}")
    small, large = folder_of(parent, "small"), folder_of(parent, "clinical")
    with tempfile.TemporaryDirectory() as out:
        bench = Bench(pythons(peers), small, large, Path(out))
        make(bench, small, SMALL)
        points = make(bench, large, ALL)
        print(f"{ALL[1]} slices, {points:,d} contour points")
        for name in JOBS:
            compared(name, rounds, bench)
        memory(bench, points)
        boxes(bench)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=Path, default=Path(tempfile.gettempdir()), help="where the case is kept"
    )
    parser.add_argument(
        "--peers", default=f"{sys.prefix}-peers/bin/python", help="Python of the other tools"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    main(given.cases, given.peers, given.rounds)
