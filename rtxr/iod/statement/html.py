"""A conformance statement as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
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

# Half transparent, so that the text stays readable on light and on dark pages.
_COLOR: dict[Status, str] = {
    "green": "rgba(60, 180, 75, .35)",
    "yellow": "rgba(255, 215, 0, .35)",
    "plain": "transparent",
    "grey": "rgba(128, 128, 128, .35)",
}
_BORDER = "rgba(128, 128, 128, .6)"
_COLUMNS = ("Attribute", "Tag", "Type", "Written", "Read", "Condition, note")
_LEFT = "text-align:left"


def statement_html(statement: Conformance) -> str:
    """Legend, then modules, those of 2006 and macros, each to be opened."""
    iod = statement.iod
    parts = [
        f"<h3>{escape(iod.name)}</h3><p>Modality {iod.modality}, SOP class "
        f"{iod.sop_class_uid}, PS3.3 {iod.section}; {escape(statement.import_note)}.</p>"
        f"<p>{_legend()}</p>"
    ]
    included: set[str] = set()
    for use, status, lines in statement.modules():
        parts.append(_details(heading(use), status, list(folded(lines)), included))
    for use, became, lines in statement.former_modules():
        title = f"{heading(use)} ({became})"
        parts.append(_details(title, "plain", list(folded(lines)), included))
    parts += [
        _details(TITLES[name], "plain", macro_lines(name), set())
        for name in macros_needed(included)
    ]
    return "\n".join(parts)


def overview_html(rows: Sequence[Mapping[str, str]]) -> str:
    """Legend, then rows of equal columns, whatever counts a status in its colour."""
    body = "".join(f"<tr>{''.join(map(_counts, row.values()))}</tr>" for row in rows)
    more = "rtxr.conformance(name) shows the statement of one"
    return f"<p>{_legend()}</p><table>{_head(rows[0])}{body}</table><p>{more}</p>"


def _counts(cell: str) -> str:
    """A cell, of ``"3 green, 1 plain"`` each part in its colour."""
    parts = [part.rpartition(" ") for part in cell.split(", ")]
    if any(status not in _COLOR for _, _, status in parts):
        return f'<td style="{_LEFT}">{escape(cell)}</td>'
    swatches = " ".join(_swatch(status, f"{count} {status}") for count, _, status in parts)  # type: ignore[arg-type]
    return f'<td style="{_LEFT}">{swatches}</td>'


def _legend() -> str:
    return " ".join(_swatch(status, f"{status}: {text}") for status, text in MEANING.items())


def _swatch(status: Status, text: str) -> str:
    """A text on a colour, with a border, by which one without colour is seen too."""
    style = f"background:{_COLOR[status]};border:1px solid {_BORDER};padding:0 .5em"
    return f'<span style="{style}">{escape(text)}</span>'


def _details(title: str, status: Status, lines: list[Line | Include], seen: set[str]) -> str:
    seen.update(each.macro for each in lines if isinstance(each, Include))
    rows = "".join(_include(each) if isinstance(each, Include) else _line(each) for each in lines)
    return (
        f'<details><summary style="background:{_COLOR[status]}">{escape(title)}</summary>'
        f"<table>{_head(_COLUMNS)}{rows}</table></details>"
    )


def _line(line: Line) -> str:
    row = line.row
    cells = (
        ">" * line.level + row.keyword,
        tag_text(row),
        row.type,
        line.source,
        "read" if line.read else "",
        "; ".join(filter(None, (row.condition, line.note))),
    )
    return _row(cells, _COLOR[line.status])


def _include(each: Include) -> str:
    text = escape(">" * each.level + "include " + each.title)
    return f'<tr><td colspan="{len(_COLUMNS)}" style="{_LEFT}"><i>{text}</i></td></tr>'


def _row(cells: Iterable[str], color: str = "transparent") -> str:
    inner = "".join(f'<td style="{_LEFT}">{escape(cell)}</td>' for cell in cells)
    return f'<tr style="background:{color}">{inner}</tr>'


def _head(names: Iterable[str]) -> str:
    return "<tr>" + "".join(f'<th style="{_LEFT}">{name}</th>' for name in names) + "</tr>"
