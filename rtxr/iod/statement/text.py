"""A conformance statement as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rtxr.iod.modules.macros import TITLES
from rtxr.iod.statement.lines import (
    MEANING,
    Include,
    Line,
    Status,
    folded,
    heading,
    macro_lines,
    macros_needed,
    tag_text,
)

if TYPE_CHECKING:
    from rtxr.iod.statement.conformance import Conformance

_MARK: dict[Status, str] = {"green": "+", "yellow": "o", "plain": " ", "grey": "-"}


def statement_text(statement: Conformance) -> str:
    """Legend, modules, those of 2006, and the macros that they include."""
    iod = statement.iod
    out = [f"{iod.name} ({iod.modality}), SOP class {iod.sop_class_uid}, PS3.3 {iod.section}"]
    out += [f"  {_MARK[status]}  {text}" for status, text in MEANING.items()]
    out.append(f"   r {statement.import_note}")
    included: set[str] = set()
    for use, status, lines in statement.modules():
        out += ["", f"{_MARK[status]} {heading(use)}", *_lines(folded(lines), included)]
    for use, became, lines in statement.former_modules():
        out += ["", f"  {heading(use)} | {became}", *_lines(folded(lines), included)]
    for name in macros_needed(included):
        out += ["", f"  {TITLES[name]}", *_lines(macro_lines(name), set())]
    return "\n".join(out)


def table_text(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of equal columns, as wide as their widest value."""
    names = list(rows[0])
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    table = [dict(zip(names, names, strict=True)), *rows]
    return "\n".join(
        "  ".join(row[name].ljust(widths[name]) for name in names).rstrip() for row in table
    )


def _lines(lines: Iterator[Line | Include] | list[Line | Include], seen: set[str]) -> Iterator[str]:
    for each in lines:
        if isinstance(each, Include):
            seen.add(each.macro)
            yield f"        {'>' * each.level}include {each.title}"
        else:
            yield _line(each)


def _line(line: Line) -> str:
    row = line.row
    marks = _MARK[line.status] + ("r" if line.read else " ")
    source = f" = {line.source}" if line.source else ""
    notes = "".join(f" | {note}" for note in (row.condition, line.note) if note)
    return f"  {marks} {row.type:<2} {'>' * line.level}{tag_text(row)} {row.keyword}{source}{notes}"
