"""One job of one tool in a process of its own: what it takes, and whether the result is right.

``python -m clinical.measure TOOL JOB SMALL CASE OUT`` runs in the environment of the tool. Only
what the job does up to a result counts, not what is done with the result here. It is first done
on a small case, so that imports and first use do not count either.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
from clinical.agreement import dice, mask_of, runs
from clinical.protocol import DONE, MASKS, PREPARED, Results

Array = npt.NDArray[np.generic]
Arrays = Iterator[tuple[str, Array]]


def busy_seconds() -> float:
    """Seconds of processors spent by this process and those it has started."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    each = [resource.getrusage(one) for one in who]
    return sum(used.ru_utime + used.ru_stime for used in each)


class Clock:
    """Seconds that a job took up to its results, by the wall and of processors."""

    def __init__(self) -> None:
        self.seconds = self.busy = 0.0

    def watched(self, results: Results) -> Arrays:
        """The results that are arrays."""
        counts = True
        while True:
            start, busy = perf_counter(), busy_seconds()
            name, array = next(results, (None, None))
            if counts:
                self.seconds += perf_counter() - start
                self.busy += busy_seconds() - busy
            if name is None:
                return
            if name == PREPARED:
                self.seconds = self.busy = 0.0
            elif name == DONE:
                counts = False
            elif array is not None:
                yield name, array
                del array


def peak_mb() -> float:
    """Most memory held, by this process or by the largest one it started."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(each).ru_maxrss for each in who)
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def used(results: Arrays, _: Path) -> object:
    """Let the results pass."""
    count = 0
    for each in results:
        count += 1
        del each  # or it would be held while the next one is made
    return count


def compared(results: Arrays, case: Path) -> object:
    """Agreement of each mask with the one kept."""
    truth: Mapping[str, Array] = np.load(case / MASKS)
    return {name: dice(mask.astype(bool), mask_of(truth[name])) for name, mask in results}


def kept(results: Arrays, case: Path) -> object:
    """Keep masks for others to be compared with."""
    return np.savez_compressed(case / MASKS, **{name: runs(mask) for name, mask in results})


def summed(results: Arrays, _: Path) -> object:
    """A checksum of each array in whole numbers, whatever type it has."""
    return {name: zlib.crc32(array.astype(np.int16).tobytes()) for name, array in results}


def listed(results: Arrays, _: Path) -> object:
    """The numbers of each array."""
    return {name: array.tolist() for name, array in results}


def traced(results: Arrays, _: Path) -> object:
    """Most memory that arrays took at a time, and the largest result, MB."""
    tracemalloc.start()
    largest = 0
    for _, array in results:
        largest = max(largest, array.nbytes)
        del array
    return tracemalloc.get_traced_memory()[1] / 1e6, largest / 1e6


def timed(results: Arrays, _: Path) -> object:
    """Name, voxels in the box around it and seconds of each mask, the first one apart."""
    next(results)
    found, start = [], perf_counter()
    for name, mask in results:
        seconds = perf_counter() - start
        sides = [np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
        box = np.prod([side[-1] - side[0] + 1 for side in sides])
        found.append((name, int(box), seconds))
        start = perf_counter()
    return found


CHECKS: dict[str, Callable[[Arrays, Path], object]] = {
    each.__name__: each for each in (used, compared, kept, listed, summed, timed, traced)
}


def main() -> None:
    """Do the job and print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("tool", "job", "small", "case", "out"):
        parser.add_argument(name)
    parser.add_argument("--check", choices=CHECKS, default="used")
    given = parser.parse_args()
    module = importlib.import_module(f"clinical.with_{given.tool}")
    job = getattr(module, given.job)
    small, case, out = map(Path, (given.small, given.case, given.out))
    used(Clock().watched(job(small, out)), small)
    clock = Clock()
    found = CHECKS[given.check](clock.watched(job(case, out)), case)
    facts = {"seconds": clock.seconds, "busy": clock.busy, "peak_mb": peak_mb(), "found": found}
    print(json.dumps({**facts, "version": module.VERSION}))


if __name__ == "__main__":
    main()
