"""The lines of a conformance statement: attributes with their status, macros folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from rtxr.iod.modules.macros import MACROS, TITLES, macros_among
from rtxr.iod.private_rows import PrivateAttribute
from rtxr.iod.tables import Attribute, ModuleUse

Status = Literal["green", "yellow", "plain", "grey"]

MEANING: dict[Status, str] = {
    "green": "written from data, the caller or a rule; a module whose types 1 and 2 are all met",
    "yellow": "copied from the source, else written empty",
    "plain": "passed through: copied from the source where it is there",
    "grey": "not supported, for the reason given",
}


@dataclass(frozen=True)
class Place:
    """A row where it stands.

    Parameters
    ----------
    path : str
        Keywords from the top level, joined by dots.
    row : Attribute
        The row.
    macro, within : str
        Name of the macro that it comes from, and path of the sequence that includes it; both
        empty outside of macros, and at the top level, where macros are not told apart.
    """

    path: str
    row: Attribute
    macro: str = ""
    within: str = ""

    @property
    def level(self) -> int:
        """Number of sequences around it."""
        return self.path.count(".")


@dataclass(frozen=True)
class Line:
    """One attribute of the statement.

    Parameters
    ----------
    place : Place
        Its row and where that stands.
    status : {"green", "yellow", "plain", "grey"}
        As :data:`MEANING` says.
    source : str
        Kind of its rule; empty where it is copied.
    read : bool
        Whether ``open`` reads it.
    note : str
        Why it is not supported, or what became of it since 2006.
    """

    place: Place
    status: Status = "plain"
    source: str = ""
    read: bool = False
    note: str = ""

    @property
    def row(self) -> Attribute:
        """Its row."""
        return self.place.row

    @property
    def path(self) -> str:
        """Keywords from the top level, joined by dots."""
        return self.place.path

    @property
    def level(self) -> int:
        """Number of sequences around it."""
        return self.place.level


@dataclass(frozen=True)
class Include:
    """A macro in place of its rows."""

    macro: str
    level: int

    @property
    def title(self) -> str:
        """Name of the macro and its table."""
        return TITLES[self.macro]


def places(
    rows: tuple[Attribute, ...], around: str = "", macro: str = "", within: str = ""
) -> Iterator[Place]:
    """Every row with its place, outer rows before inner ones."""
    spans = macros_among(rows) if around and not macro else {}
    owner = {
        at: name for start, (name, count) in spans.items() for at in range(start, start + count)
    }
    for at, row in enumerate(rows):
        name, where = (macro, within) if macro else (owner.get(at, ""), around)
        path = f"{around}.{row.keyword}" if around else row.keyword
        yield Place(path, row, name, where if name else "")
        yield from places(row.items, path, name, where)


def folded(lines: Iterable[Line]) -> Iterator[Line | Include]:
    """The lines; those that say no more than their macro does as one include."""
    for (macro, _), group in groupby(lines, lambda line: (line.place.macro, line.place.within)):
        some = list(group)
        if macro and not any(line.source or line.read or line.note for line in some):
            yield Include(macro, min(line.level for line in some))
        else:
            yield from some


def macro_lines(name: str) -> list[Line | Include]:
    """Rows of a macro."""
    return list(folded(map(Line, places(MACROS[name]))))


def macros_needed(names: Iterable[str]) -> list[str]:
    """Macros with those that they include themselves, in the order of their titles."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += [line.macro for line in macro_lines(name) if isinstance(line, Include)]
    return [name for name in TITLES if name in wanted]


def heading(use: ModuleUse) -> str:
    """Name, section, usage and condition of a module."""
    condition = f": {use.condition}" if use.condition else ""
    return f"{use.module.name} {use.module.section} {use.usage}{condition}"


def tag_text(row: Attribute) -> str:
    """Group and element; ``xx`` for what differs between overlays, or between private blocks."""
    if isinstance(row, PrivateAttribute):
        return row.any_block
    group = "60xx" if row.tag.group == 0x6000 else f"{row.tag.group:04X}"
    return f"({group},{row.tag.element:04X})"
