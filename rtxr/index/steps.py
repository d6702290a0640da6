"""How an index came about: its pruning as steps that can be read, run again and kept as code."""

from __future__ import annotations

import math
import operator
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np

if TYPE_CHECKING:
    from rtxr.index.index import Index

#: The names that the code of some steps gives to the whole scan and to what is left of it.
SCANNED, INDEX = "scanned", "index"
OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "|": operator.or_,
    "&": operator.and_,
    "-": operator.sub,
}


@dataclass(frozen=True)
class Step:
    """One step of a pruning.

    Parameters
    ----------
    method : str
        ``"select"``, ``"drop"``, or a set operation: a key of :data:`OPERATIONS`.
    criteria : mapping
        Of select and drop: what they were called with.
    stated : mapping
        The criteria as code states them: the values that a function chose in its place.
    other : Steps, optional
        Of a set operation: how the index on the right came about.
    """

    method: str
    criteria: Mapping[str, Any] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    other: Steps | None = None

    def code(self, before: str, source: tuple[str, ...]) -> str:
        """The step applied to an expression, as Python."""
        if self.other is not None:
            start = SCANNED if self.other.source == source else self.other.scan_code()
            return f"{before} {self.method} {self.other.chain(start)}"
        arguments = ", ".join(f"{name}={literal(value)}" for name, value in self.stated.items())
        return f"{before}.{self.method}({arguments})"


@dataclass(frozen=True)
class Steps(Sequence[Step]):
    """What was done to a scan, in order; shown and printed as Python code that does the same.

    ``index.replay(steps)`` does it to another scan: of the same folder on another day, or of
    another folder.

    Parameters
    ----------
    source : tuple of str
        Folders and files that were scanned, as they were given.
    steps : tuple of Step
        What was done then.
    """

    source: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> Steps: ...
    def __getitem__(self, at: int | slice) -> Step | Steps:
        return Steps(self.source, self.steps[at]) if isinstance(at, slice) else self.steps[at]

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def then(self, step: Step) -> Steps:
        """These steps and one more."""
        return Steps(self.source, (*self.steps, step))

    def scan_code(self) -> str:
        """The scan, as Python."""
        roots = self.source[0] if len(self.source) == 1 else list(self.source)
        return f"rtxr.scan({literal(roots)})"

    def chain(self, start: str) -> str:
        """All steps applied to an expression, as one Python expression."""
        code = start
        for step in self.steps:
            code = step.code(code, self.source)
            code = f"({code})" if step.other is not None else code
        return code

    def _lines(self) -> Iterator[str]:
        if any(isinstance(value, re.Pattern) for value in self._values()):
            yield "import re"
        yield "import rtxr"
        yield ""
        yield f"{SCANNED} = {self.scan_code()}"
        before = SCANNED
        for step in self.steps:
            yield f"{INDEX} = {step.code(before, self.source)}"
            before = INDEX

    def _values(self) -> Iterator[Any]:
        for step in self.steps:
            yield from step.criteria.values()
            if step.other is not None:
                yield from step.other._values()


def replayed(index: Index, steps: Steps, scan: Callable[[tuple[str, ...]], Index]) -> Index:
    """Do some steps to an index; other scans that they join are made again."""
    scanned = index
    for step in steps:
        if step.other is None:
            index = getattr(index, step.method)(**step.criteria)
            continue
        start = scanned if step.other.source == steps.source else scan(step.other.source)
        other = replayed(start, step.other, scan)
        index = OPERATIONS[step.method](index, other)
    return index


def settled(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """Criteria that can be looked at more than once: what is iterated over becomes a list."""
    return {
        name: list(value)
        if isinstance(value, Iterable) and not isinstance(value, str | bytes | tuple)
        else value
        for name, value in criteria.items()
    }


def literal(value: Any) -> str:
    """A criterion as Python code."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, re.Pattern):  # its own repr cuts long ones and repeats inline flags
        plain = re.compile(value.pattern).flags == value.flags
        flags = "" if plain else f", {re.RegexFlag(value.flags & ~re.UNICODE)!r}"
        return f"re.compile({value.pattern!r}{flags})"
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
