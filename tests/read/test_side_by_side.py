"""Results in order, whether read by one thread or by many."""

from __future__ import annotations

import threading

import pytest

from rtxr.read import side_by_side as side


@pytest.mark.parametrize("slow", [False, True])
def test_results_keep_their_order_with_and_without_threads(
    monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    monkeypatch.setattr(side, "PROBE_FILES", 2)
    monkeypatch.setattr(side, "ROUND_FILES", 7)
    if slow:  # a disk on which every file waits
        monkeypatch.setattr(side, "thread_time", lambda: 0.0)
    names = [str(number) for number in range(20)]
    assert list(side.side_by_side(int, names)) == list(range(20))


@pytest.mark.parametrize(("waits_at", "threads"), [(range(64), True), (range(3), False)])
def test_only_what_waits_for_most_files_is_read_in_threads(
    monkeypatch: pytest.MonkeyPatch, waits_at: range, threads: bool
) -> None:
    """A busy processor delays a few files for long, a slow disk all of them."""
    clock = {"wall": 0.0, "busy": 0.0}
    monkeypatch.setattr(side, "perf_counter", lambda: clock["wall"])
    monkeypatch.setattr(side, "thread_time", lambda: clock["busy"])
    readers = set()

    def read(name: str) -> None:
        readers.add(threading.get_ident())
        clock["wall"] += 2.1 if int(name) in waits_at else 0.1
        clock["busy"] += 0.1

    names = [str(number) for number in range(side.PROBE_FILES + 20)]
    assert len(list(side.side_by_side(read, names))) == len(names)
    assert (readers != {threading.get_ident()}) is threads
