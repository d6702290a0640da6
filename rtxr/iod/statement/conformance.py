"""The conformance statement: what an export writes, and an import reads, of each IOD.

It is rendered from the tables that build the objects, so that it cannot say anything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import overload

from rtxr.errors import UnknownNameError, did_you_mean
from rtxr.iod.modules.edition_2006 import FORMER_MODULES, FORMER_TYPES, former_rows
from rtxr.iod.private_rows import PrivateAttribute
from rtxr.iod.statement.html import overview_html, statement_html
from rtxr.iod.statement.lines import MEANING, Line, Place, Status, places
from rtxr.iod.statement.reader import Reader
from rtxr.iod.statement.support import NOT_SUPPORTED, READERS, WRITTEN
from rtxr.iod.statement.text import statement_text, table_text
from rtxr.iod.tables import IOD, IODS, ModuleUse


@dataclass(frozen=True)
class Conformance:
    """Conformance statement of one IOD; shows itself as text, and as HTML in a notebook.

    Parameters
    ----------
    iod : IOD
        Its tables.
    key : str
        Its short name.
    """

    iod: IOD
    key: str = ""

    @property
    def readers(self) -> tuple[Reader, ...]:
        """What reads objects of this IOD."""
        return READERS.get(self.key, ())

    @property
    def is_opened(self) -> bool:
        """Whether ``open`` makes more of an object than a row of the index."""
        return bool(self.readers)

    @property
    def import_note(self) -> str:
        """What ``open`` makes of an object."""
        if not self.is_opened:
            return "read for the index; the object is listed, not opened"
        return f"read by open, for {', '.join(dict.fromkeys(each.name for each in self.readers))}"

    def modules(self) -> Iterator[tuple[ModuleUse, Status, list[Line]]]:
        """Each module with its status and its attributes, those that it had in 2006 last."""
        for use in self.iod.modules:
            was = FORMER_TYPES.get(use.module.name, {})
            lines = [
                self._line(place, f"type {was[place.path]} in 2006" if place.path in was else "")
                for place in places(use.module.attributes)
            ]
            yield use, _module_status(lines), lines + self._former(use)

    def former_modules(self) -> Iterator[tuple[ModuleUse, str, list[Line]]]:
        """Modules that the IOD had in 2006, what became of each, and their attributes."""
        for use in FORMER_MODULES.get(self.key, ()):
            yield use, use.status, list(map(self._passed, places(use.module.attributes)))

    def _former(self, use: ModuleUse) -> list[Line]:
        return [
            replace(self._passed(place), note="" if place.level else former.status)
            for former in former_rows(use.module.name)
            for place in places(former.attributes)
        ]

    def _passed(self, place: Place) -> Line:
        return Line(place, "plain", read=self._reads(place.path))

    def _line(self, place: Place, note: str) -> Line:
        row, path = place.row, place.path
        written = self._written(path)
        emptied = row.type == "2" or (row.type == "2C" and path in self.iod.conditions)
        status: Status = "green" if written else "yellow" if emptied else "plain"
        if reason := NOT_SUPPORTED.get(path.partition(".")[0], ""):
            status, note = "grey", "" if place.level else reason
        if isinstance(row, PrivateAttribute):
            note = f"private block of {row.creator!r}"
        return Line(place, status, written, self._reads(path), note)

    def _written(self, path: str) -> str:
        """How an export writes an attribute; empty where it only copies what is there."""
        kind = self.iod.rule(path).kind
        has_own_rule = path in self.iod.rules or self.key not in WRITTEN
        if has_own_rule and kind != "copy":
            return kind
        return ("computed" if kind == "copy" else kind) if path in WRITTEN.get(self.key, ()) else ""

    def _reads(self, path: str) -> bool:
        return any(reader.reads(path) for reader in self.readers)

    def __str__(self) -> str:
        return statement_text(self)

    def _repr_html_(self) -> str:
        return statement_html(self)

    __repr__ = __str__


@dataclass(frozen=True)
class Overview:
    """What is known of all IODs; shows itself as text, and as HTML in a notebook."""

    statements: tuple[Conformance, ...]

    def rows(self) -> list[dict[str, str]]:
        """One per IOD: import, modules and attributes by status; rows of macros not counted."""
        found = []
        for each in self.statements:
            parts = list(each.modules())
            lines = [line for _, _, some in parts for line in some if not line.place.macro]
            found.append(
                {
                    "name": each.key,
                    "IOD": each.iod.name,
                    "PS3.3": each.iod.section,
                    "import": "opened" if each.is_opened else "listed",
                    "modules": _counted(status for _, status, _ in parts),
                    "attributes": _counted(line.status for line in lines),
                    "read": str(sum(line.read for line in lines)),
                }
            )
        return found

    def __str__(self) -> str:
        return table_text(self.rows())

    def _repr_html_(self) -> str:
        return overview_html(self.rows())

    __repr__ = __str__


@overload
def conformance(name: None = None) -> Overview: ...


@overload
def conformance(name: str) -> Conformance: ...


def conformance(name: str | None = None) -> Conformance | Overview:
    """Conformance statement of an IOD, or the overview of all.

    Parameters
    ----------
    name : str, optional
        Modality or short name (``"RTDOSE"``), or the name of PS3.3 (``"RT Dose"``). Without it an
        overview of all IODs.

    Returns
    -------
    Conformance or Overview
        Green: a module all of whose attributes of type 1 and 2 are met, an attribute written from
        data. Yellow: type 2, written empty where the source has none. Plain: passed through.
        Grey: not supported, with the reason. What stood elsewhere or was another type in 2006
        says so; what ``open`` reads is marked.

    Raises
    ------
    UnknownNameError
        There are no tables of that name.
    """
    if name is None:
        return Overview(tuple(Conformance(iod, key) for key, iod in IODS.items()))
    names = {alias: key for key, iod in IODS.items() for alias in (key, iod.name)}
    folded = {alias.casefold(): key for alias, key in names.items()}
    found = folded.get(name.casefold())
    if found is None:
        raise UnknownNameError(f"no IOD {name!r}; {did_you_mean(name, names)}")
    return Conformance(IODS[found], found)


def _module_status(lines: list[Line]) -> Status:
    """Green where nothing of type 1 or 2 depends on the source alone."""
    required = [line for line in lines if line.level == 0 and line.row.type in ("1", "2")]
    met = required and all(line.status in ("green", "yellow") for line in required)
    return "green" if met else "plain"


def _counted(statuses: Iterator[Status]) -> str:
    counts = Counter(statuses)
    return ", ".join(f"{counts[status]} {status}" for status in MEANING if counts[status])
