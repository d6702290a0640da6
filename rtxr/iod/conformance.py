"""The conformance statement: what an export writes of each IOD, module and attribute.

It is rendered from the tables that build the objects, so that it cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Literal

from rtxr.errors import UnknownNameError, did_you_mean
from rtxr.iod.tables import IOD, IODS, Attribute, ModuleUse, walk

Status = Literal["green", "yellow", "plain", "grey"]

_MEANING: dict[Status, str] = {
    "green": "written from data, the caller or a rule",
    "yellow": "copied from the source, else written empty",
    "plain": "copied from the source where it is there",
    "grey": "passed through; the table is not listed",
}
_MARK: dict[Status, str] = {"green": "+", "yellow": "o", "plain": " ", "grey": "-"}
_COLOR: dict[Status, str] = {
    "green": "#b9e4c0",
    "yellow": "#fbefb0",
    "plain": "transparent",
    "grey": "#dddddd",
}


@dataclass(frozen=True)
class Line:
    """One attribute of the statement; ``level`` counts the sequences around it."""

    row: Attribute
    level: int
    status: Status
    source: str


@dataclass(frozen=True)
class Conformance:
    """Conformance statement of one IOD; shows itself as text, and as HTML in a notebook."""

    iod: IOD

    def modules(self) -> Iterator[tuple[ModuleUse, Status, list[Line]]]:
        """Each module with its status and its attributes."""
        for use in self.iod.modules:
            lines = [self._line(path, row) for path, row in walk(use.module.attributes)]
            yield use, _module_status(lines), lines

    def _line(self, path: str, row: Attribute) -> Line:
        rule = self.iod.rule(path)
        written = rule.kind != "copy"
        emptied = row.type == "2" or (row.type == "2C" and path in self.iod.conditions)
        status: Status = "green" if written else "yellow" if emptied else "plain"
        return Line(row, path.count("."), status, rule.kind if rule.kind != "copy" else "")

    def __str__(self) -> str:
        iod = self.iod
        out = [f"{iod.name} ({iod.modality}), SOP class {iod.sop_class_uid}, PS3.3 {iod.section}"]
        out += [f"  {_MARK[status]} {text}" for status, text in _MEANING.items()]
        for use, status, lines in self.modules():
            module = use.module
            condition = f": {use.condition}" if use.condition else ""
            out += ["", f"{_MARK[status]} {module.name} {module.section} {use.usage}{condition}"]
            out += [_text_line(line) for line in lines]
        return "\n".join(out)

    def _repr_html_(self) -> str:
        iod = self.iod
        legend = " ".join(
            f'<span style="background:{_COLOR[status]};padding:0 .5em">{escape(text)}</span>'
            for status, text in _MEANING.items()
        )
        parts = [
            f"<h3>{escape(iod.name)}</h3><p>Modality {iod.modality}, SOP class "
            f"{iod.sop_class_uid}, PS3.3 {iod.section}</p><p>{legend}</p>"
        ]
        for use, status, lines in self.modules():
            module = use.module
            condition = f": {escape(use.condition)}" if use.condition else ""
            rows = "".join(map(_html_row, lines))
            parts.append(
                f'<details><summary style="background:{_COLOR[status]}">'
                f"<b>{escape(module.name)}</b> {module.section} {use.usage}{condition}</summary>"
                f"<table><tr><th>Attribute</th><th>Tag</th><th>Type</th><th>Value</th>"
                f"<th>Condition</th></tr>{rows}</table></details>"
            )
        return "\n".join(parts)

    __repr__ = __str__


def conformance(name: str) -> Conformance:
    """Conformance statement of an IOD.

    Parameters
    ----------
    name : str
        Modality or short name (``"RTDOSE"``), or the name of PS3.3 (``"RT Dose"``).

    Returns
    -------
    Conformance
        Green: a module all of whose attributes of type 1 and 2 are met, an attribute written from
        data. Yellow: type 2, written empty where the source has none. Plain: passed through.
        Grey: not listed.

    Raises
    ------
    UnknownNameError
        There are no tables of that name.
    """
    names = {alias: iod for key, iod in IODS.items() for alias in (key, iod.name)}
    folded = {alias.casefold(): iod for alias, iod in names.items()}
    found = folded.get(name.casefold())
    if found is None:
        raise UnknownNameError(f"no IOD {name!r}; {did_you_mean(name, names)}")
    return Conformance(found)


def _module_status(lines: list[Line]) -> Status:
    """Green where nothing of type 1 or 2 depends on the source alone."""
    if not lines:
        return "grey"
    required = [line for line in lines if line.level == 0 and line.row.type in ("1", "2")]
    met = required and all(line.status in ("green", "yellow") for line in required)
    return "green" if met else "plain"


def _text_line(line: Line) -> str:
    name = ">" * line.level + str(line.row)
    source = f" = {line.source}" if line.source else ""
    condition = f" | {line.row.condition}" if line.row.condition else ""
    return f"  {_MARK[line.status]} {line.row.type:<2} {name}{source}{condition}"


def _html_row(line: Line) -> str:
    row = line.row
    cells = (
        "&gt;" * line.level + row.keyword,
        f"({row.tag.group:04X},{row.tag.element:04X})",
        row.type,
        escape(line.source),
        escape(row.condition),
    )
    style = f' style="background:{_COLOR[line.status]}"'
    return f"<tr{style}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
