"""The pages of docs/conformance: the conformance statement of each IOD, and of all together.

They are written from the tables that build and read the objects: ``python docs/conformance.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import rtxr
from rtxr.iod.modules.macros import TITLES
from rtxr.iod.statement.conformance import Conformance
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

FOLDER = Path(__file__).parent / "conformance"
INDEX, MACROS = "README.md", "macros.md"
_MARK: dict[Status, str] = {"green": "🟢", "yellow": "🟡", "plain": "", "grey": "⚫"}
_HEAD = (
    "| | Attribute | Tag | Type | Written | Read | Condition, note |\n|---|---|---|---|---|---|---|"
)
_WRITTEN = "Written by `docs/conformance.py` from the tables in `rtxr/iod`; not to be edited."


def pages() -> dict[str, str]:
    """File name > text of every page."""
    statements = rtxr.conformance().statements
    included: set[str] = set()
    found = {_name(each): _page(each, included) for each in statements}
    return {INDEX: _index(), **found, MACROS: _macros(included)}


def _name(statement: Conformance) -> str:
    return f"{statement.key.lower()}.md"


def _index() -> str:
    overview = rtxr.conformance()
    rows = overview.rows()
    names = list(rows[0])
    lines = [
        "# Conformance",
        "",
        "What rtxr writes and reads of each IOD of PS3.3, edition 2026b. In Python:",
        '`rtxr.conformance("RTDOSE")`, and `rtxr.conformance()` for this table.',
        "",
        f"| {' | '.join(names)} |",
        "|" + "---|" * len(names),
    ]
    for each, row in zip(overview.statements, rows, strict=True):
        cells = [f"[{row['name']}]({_name(each)})", *list(row.values())[1:]]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *_legend(), "", f"The [macros]({MACROS}) have a page of their own.", "", _WRITTEN]
    return "\n".join(lines) + "\n"


def _legend() -> list[str]:
    legend = [f"- {_MARK[status] or '(no mark)'} {text}" for status, text in MEANING.items()]
    return [
        *legend,
        "- read: `open` reads it; all other elements ride along with the Dataset unread",
        "- 2006: a row or module that the 2006 edition had elsewhere or otherwise; it is read and "
        "passed through",
    ]


def _page(statement: Conformance, included: set[str]) -> str:
    iod = statement.iod
    lines = [
        f"# {iod.name}",
        "",
        f"Modality {iod.modality}, SOP class {iod.sop_class_uid}, PS3.3 {iod.section}. "
        f"Import: {statement.import_note}.",
        "",
        *_legend(),
    ]
    for use, status, rows in statement.modules():
        mark = f"{_MARK[status]} " if _MARK[status] else ""
        lines += ["", f"## {mark}{heading(use)}", "", *_table(folded(rows), included)]
    for use, became, rows in statement.former_modules():
        lines += ["", f"## {heading(use)} ({became})", "", *_table(folded(rows), included)]
    return "\n".join([*lines, "", _WRITTEN]) + "\n"


def _macros(included: set[str]) -> str:
    lines = ["# Macros", "", "Rows that several modules include."]
    for name in macros_needed(included):
        lines += ["", f"## {TITLES[name]}", "", *_table(macro_lines(name), set())]
    return "\n".join([*lines, "", _WRITTEN]) + "\n"


def _table(rows: Iterator[Line | Include] | list[Line | Include], seen: set[str]) -> Iterator[str]:
    yield _HEAD
    for each in rows:
        if isinstance(each, Include):
            seen.add(each.macro)
            yield f"| | {'&gt;' * each.level}include [{each.title}]({MACROS}) | | | | | |"
        else:
            yield _row(each)


def _row(line: Line) -> str:
    row = line.row
    notes = "; ".join(filter(None, (row.condition, line.note)))
    cells = (
        _MARK[line.status],
        "&gt;" * line.level + row.keyword,
        tag_text(row),
        row.type,
        line.source,
        "read" if line.read else "",
        notes,
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
