"""Which series of a tree are checked: changes that can be undone, and calls that do the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from rtxr.errors import UnknownNameError, did_you_mean
from rtxr.view.widgets.prune.series_tree import LEVELS, BoolArray, SeriesTree

#: What a check box of several series shows.
State = Literal["all", "some", "none"]
#: A method of an index and its criteria.
Call = tuple[str, dict[str, Any]]
_Key = tuple[str, ...]


class SeriesChoice:
    """The series of a tree that are checked; at first all.

    Parameters
    ----------
    tree : SeriesTree
        What there is.

    Attributes
    ----------
    kept : array of bool
        Whether each series is checked; replaced, never changed.
    """

    def __init__(self, tree: SeriesTree) -> None:
        self.tree = tree
        self.kept: BoolArray = np.ones(len(tree), dtype=bool)
        self._before: list[BoolArray] = []

    @property
    def undoable(self) -> int:
        """How many changes can be undone."""
        return len(self._before)

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the checked series; see :attr:`SeriesTree.names`."""
        return tuple(name for name, kept in zip(self.tree.names, self.kept, strict=True) if kept)

    def named(self, names: str | Iterable[str]) -> BoolArray:
        """Which series one or several names mean.

        Raises
        ------
        UnknownNameError
            One of them is none of the tree's; the message shows the nearest.
        """
        wanted = {names} if isinstance(names, str) else set(names)
        for name in sorted(wanted.difference(self.tree.names)):
            raise UnknownNameError(f"no series {name!r}; {did_you_mean(name, self.tree.names)}")
        return np.array([name in wanted for name in self.tree.names], dtype=bool)

    def change(self, kept: BoolArray) -> bool:
        """Check these series and no others; whether that changed anything."""
        if np.array_equal(kept, self.kept):
            return False
        self._before.append(self.kept)
        self.kept = kept.copy()
        return True

    def undo(self) -> None:
        """Take the last change back; nothing, where there is none."""
        if self._before:
            self.kept = self._before.pop()

    def state(self, first: int, end: int, shown: BoolArray | None = None) -> State:
        """What the check box of some series shows, of those that a filter leaves."""
        kept = self._of(first, end, shown)
        if not kept.any():
            return "none"
        return "all" if kept.all() else "some"

    def toggle(self, first: int, end: int, shown: BoolArray | None = None) -> None:
        """Check some series, of those that a filter leaves; uncheck them if all were checked."""
        on = self.state(first, end, shown) != "all"
        changed = self.kept.copy()
        part = slice(first, end)
        changed[part] = on if shown is None else np.where(shown[part], on, changed[part])
        self.change(changed)

    def _of(self, first: int, end: int, shown: BoolArray | None) -> BoolArray:
        kept = self.kept[first:end]
        return kept if shown is None else kept[shown[first:end]]

    def calls(self) -> list[Call]:
        """Calls of ``select`` and ``drop`` that leave the checked series.

        Level by level, patients first, what has nothing checked goes: named by what goes or by
        what stays, whichever is less, by its own UID where that is enough.
        """
        columns = [self.tree.series[name] for name in LEVELS]
        keys: list[_Key] = list(zip(*columns, strict=True))
        kept = self.kept.tolist()
        left = list(range(len(keys)))
        calls: list[Call] = []
        for depth in range(1, len(LEVELS) + 1):
            on = dict.fromkeys(keys[at][:depth] for at in left if kept[at])
            off = dict.fromkeys(keys[at][:depth] for at in left if keys[at][:depth] not in on)
            calls += _calls(list(on), list(off))
            left = [at for at in left if keys[at][:depth] in on]
        return calls


def _calls(on: Sequence[_Key], off: Sequence[_Key]) -> list[Call]:
    """Calls that tell what stays from what goes, on one level."""
    if not off:
        return []
    name = LEVELS[len(off[0]) - 1]
    stays = dict.fromkeys(key[-1] for key in on)
    # A modality is no identifier: it says what goes only together with its series.
    shared = [key for key in off if key[-1] in stays or name == "Modality"]
    goes = list(dict.fromkeys(key[-1] for key in off if key not in set(shared)))
    calls: list[Call] = []
    if goes and len(stays) < len(goes):
        calls.append(("select", {name: _short(list(stays))}))
    elif goes:
        calls.append(("drop", {name: _short(goes)}))
    above: dict[_Key, list[str]] = {}
    for key in shared:
        above.setdefault(key[:-1], []).append(key[-1])
    for parents, values in above.items():
        path = dict(zip(LEVELS, parents, strict=False))
        calls.append(("drop", {**path, name: _short(values)}))
    return calls


def _short(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
