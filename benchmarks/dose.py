"""DVHs of a case of clinical size, and gamma in three dimensions: rtxr against other tools.

Measured as in ``structures.py``, whose case it is, with a plan and a dose. The other tools are in
two environments, made by ``make bench`` from ``peers.txt`` and ``peers-dose.txt``; one that is not
there is left out. In the last round the results are compared: mean doses and volumes of structures,
and pass rates, have to agree.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from clinical.protocol import CT
from structures import ALL, ROUNDS, SMALL, Bench, Measured, Way, fastest, folder_of, make, run

#: Job > the ways to do it, rtxr's first.
JOBS: dict[str, tuple[Way, ...]] = {
    "all 40 DVHs, files to table": (
        Way("rtxr", "dvhs"),
        Way("plastimatch", "dvhs"),
        Way("pydcm", "dvhs"),
        Way("dicompyler", "dvhs"),
    ),
    "gamma, 3 % and 3 mm, 72 x 60 x 84 voxels": (
        Way("rtxr", "gamma"),
        Way("pymedphys", "gamma"),
    ),
}
#: The tools count voxels where rtxr has areas: small and hollow structures differ, half do hardly.
MOST_APART, MEDIAN_APART = 0.5, 0.03
#: Steps of a tenth of the distance criterion make pass rates a little lower, in %.
PASS_RATES_APART = 0.5


def pythons(environments: Sequence[str]) -> dict[str, str]:
    """The interpreter of each tool that is there; says which one is left out."""
    found = {"rtxr": sys.executable}
    for tool in sorted({way.tool for ways in JOBS.values() for way in ways} - {"rtxr"}):
        for python in filter(os.path.exists, environments):
            if run([python, "-c", f"import clinical.with_{tool}"]).returncode == 0:
                found[tool] = python
        if tool not in found:
            print(f"{tool} is left out: it is in none of {', '.join(environments)}")
    return found


def compared(name: str, rounds: int, bench: Bench) -> None:
    """Do a job in all ways and print a row for each."""
    ways = [way for way in JOBS[name] if way.tool in bench.pythons]
    each: dict[Way, list[Measured]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways:
            each[way].append(bench.run(way, "listed" if number == rounds - 1 else "used"))
    ours = fastest(each[ways[0]])
    print(f"\n{name}\n{'':34s} best  median   ratio | processor   ratio |     peak")
    for way, results in each.items():
        best, label = fastest(results), f"{way.tool} {results[0].version}"
        print(
            f"  {label:30s}{best.seconds:6.2f} "
            f"{statistics.median(each.seconds for each in results):7.2f} s "
            f"{best.seconds / ours.seconds:7.1f} | {best.busy:7.2f} s {best.busy / ours.busy:7.1f}"
            f" | {best.peak_mb:5.0f} MB   {VERDICTS[way.function](way, each)}"
        )


def apart(values: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Relative differences of numbers that both have; NaN is none."""
    pairs = zip(values, ours, strict=True)
    found = (abs(value / own - 1) for value, own in pairs)
    return [each for each in found if math.isfinite(each)]


def dvhs_agree(way: Way, each: Mapping[Way, Sequence[Measured]]) -> str:
    """How far volumes and mean doses are from those of rtxr; stops where too far."""
    found, ours = (numbers(each[which][-1].found) for which in (way, next(iter(each))))
    names = sorted(found.keys() & ours.keys())
    said = []
    for column, what in enumerate(("volumes", "mean doses")):
        off = apart(*([table[name][column] for name in names] for table in (found, ours)))
        if off and (max(off) > MOST_APART or statistics.median(off) > MEDIAN_APART):
            raise SystemExit(f"{way.tool} has other {what}: {found} instead of {ours}")
        said += [f"{what} {statistics.median(off):.2%}, at most {max(off):.1%}"] if off else []
    return f"{len(names)} structures; apart: {'; '.join(said)}"


def gammas_agree(way: Way, each: Mapping[Way, Sequence[Measured]]) -> str:
    """The pass rate; stops where it is not that of rtxr."""
    found, ours = (numbers(each[which][-1].found)["gamma"] for which in (way, next(iter(each))))
    if abs(found[0] - ours[0]) > PASS_RATES_APART or found[1] != ours[1]:
        raise SystemExit(f"{way.tool} has another pass rate: {found} instead of {ours}")
    return f"{found[0]:.2f} % of {found[1]:,.0f} voxels pass"


def numbers(found: object) -> dict[str, list[float]]:
    assert isinstance(found, dict)
    return found


VERDICTS = {"dvhs": dvhs_agree, "gamma": gammas_agree}


def with_dose(parent: Path, name: str, case: Path) -> Path:
    """The case with a plan and a dose, made unless it is there."""
    folder = folder_of(parent, f"{name}-dose")
    run([sys.executable, "-m", "clinical.dose_case", str(folder), str(case)]).check_returncode()
    assert (folder / CT).is_dir()
    return folder


def main(parent: Path, environments: Sequence[str], rounds: int) -> None:
    """Print a table per job."""
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"processes that want a processor already: {os.getloadavg()[0]:.1f}")
    small, large = folder_of(parent, "small"), folder_of(parent, "clinical")
    with tempfile.TemporaryDirectory() as out:
        bench = Bench(pythons(environments), small, large, Path(out))
        make(bench, small, SMALL)
        make(bench, large, ALL)
        bench = bench._replace(
            small=with_dose(parent, "small", small), case=with_dose(parent, "clinical", large)
        )
        for name in JOBS:
            compared(name, rounds, bench)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=Path, default=Path(tempfile.gettempdir()), help="where the case is kept"
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        default=[f"{sys.prefix}-peers/bin/python", f"{sys.prefix}-peers-dose/bin/python"],
        help="Pythons of the other tools",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    main(given.cases, given.peers, given.rounds)
