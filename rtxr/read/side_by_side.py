"""Run one function over many files, side by side where that is faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter, thread_time
from typing import TypeVar

T = TypeVar("T")

#: Files read by one thread before it is decided how to read the others of their round.
PROBE_FILES = 16
ROUND_FILES = 2048
#: Threads that wait for a slow disk or a network share side by side.
WAITING_THREADS = 16
#: Reading waits when it takes this many times as long as the processor is busy with it.
WAITING = 3


def side_by_side(read: Callable[[str], T], paths: Sequence[str]) -> Iterator[T]:
    """Results in order; in threads only where reading waits.

    Parsing holds the interpreter, so that threads make a scan of cached files slower; on a slow
    disk or a share most of the time goes by waiting, which threads do side by side. A few files
    at the beginning of each round show which it is.
    """
    with ThreadPoolExecutor(WAITING_THREADS) as pool:
        for start in range(0, len(paths), ROUND_FILES):
            probe = start + PROBE_FILES
            results, waits = _probed(read, paths[start:probe])
            yield from results
            rest = paths[probe : start + ROUND_FILES]
            yield from pool.map(read, rest) if waits else map(read, rest)


def _probed(read: Callable[[str], T], paths: Sequence[str]) -> tuple[list[T], bool]:
    """Results of one thread, and whether it waited for most of the files.

    Other programs that keep the processor busy also make it wait, but for few files.
    """
    results, seconds, busy = [], [], thread_time()
    for path in paths:
        start = perf_counter()
        results.append(read(path))
        seconds.append(perf_counter() - start)
    busy = (thread_time() - busy) / len(paths)
    return results, median(seconds) > WAITING * busy
