"""Results in order, whether read by one thread or by many."""

from __future__ import annotations

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
