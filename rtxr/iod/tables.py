"""What an IOD table is: IOD > module > attribute, and the rule that gives an attribute its value.

The rows themselves are plain text in the ``modules_*`` files; :mod:`rtxr.iod.table_text` reads
them. Everything is checked when it is made: keywords exist, types are valid, conditional rows have
a condition, only sequences have items, no keyword stands twice in a module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Literal

from pydicom.datadict import dictionary_VR, keyword_dict, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.iod.encoding.raw import Predicate, make
from rtxr.iod.rules import (
    COMPUTED,
    COPY,
    GIVEN,
    NEW_UID,
    Rule,
    constant,
    default,
    derived,
    same_as,
)

__all__ = [
    "COMPUTED", "COPY", "GIVEN", "IOD", "IODS", "NEW_UID", "OVERLAY_TAGS", "TYPES", "Attribute",
    "Module", "ModuleUse", "Rule", "Usage", "check_paths", "constant", "default", "derived",
    "iod_for", "key_of", "register_iod", "rows_at", "same_as", "walk",
]  # fmt: skip

TYPES = ("1", "1C", "2", "2C", "3")
_SECTION = re.compile(r"[A-Z]\.\d[\d.]*")
Usage = Literal["M", "C", "U"]


#: Keywords of repeating group 60xx stand for 16 tags: tables take those of the first overlay.
OVERLAY_TAGS: Mapping[str, int] = {
    keyword_for_tag(tag): tag
    for tag in (
        *(0x60000010, 0x60000011, 0x60000015, 0x60000022, 0x60000040, 0x60000045, 0x60000050),
        *(0x60000051, 0x60000100, 0x60000102, 0x60001301, 0x60001302, 0x60001303, 0x60001500),
        0x60003000,
    )
}


@dataclass(frozen=True)
class Attribute:
    """One row of a module table.

    Parameters
    ----------
    keyword : str
        DICOM keyword.
    type : {"1", "1C", "2", "2C", "3"}
        1: there with a value; 2: there, may be empty; 3: optional; C: if the condition holds.
    condition : str, optional
        In words, for 1C and 2C.
    items : tuple of Attribute, optional
        Rows of each item of a sequence.
    """

    keyword: str
    type: str
    condition: str = ""
    items: tuple[Attribute, ...] = ()
    tag: BaseTag = field(init=False, repr=False, compare=False)
    vr: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tag = tag_for_keyword(self.keyword) or OVERLAY_TAGS.get(self.keyword)
        if tag is None:
            raise RTXRError(
                f"{self.keyword!r} is no keyword of the DICOM data dictionary; "
                f"{did_you_mean(self.keyword, _keywords())}"
            )
        object.__setattr__(self, "tag", Tag(tag))
        object.__setattr__(self, "vr", dictionary_VR(tag))
        if self.type not in TYPES:
            raise RTXRError(f"{self}: type {self.type!r}; there are {', '.join(TYPES)}")
        require_condition(self)
        if self.items and self.vr != "SQ":
            raise RTXRError(f"{self}: only a sequence has items, this is {self.vr}")
        _refuse_twice(self.items, str(self))

    @cached_property
    def checked(self) -> tuple[Attribute, ...]:
        """The items' rows that ask for something: all but optional plain values."""
        return _checked(self.items)

    @property
    def own_rule(self) -> Rule | None:
        """Rule that a row brings along, whatever the IOD."""
        return None

    def placed(self, dataset: Dataset) -> Attribute:  # noqa: ARG002 (a private row has no fixed tag)
        """The row with the tag that it has in a data set."""
        return self

    def element(self, value: Any, *, signed: bool = False) -> DataElement:
        """An element of this row with a value, None for an empty one; see :func:`make`."""
        return make(self.keyword, value, signed=signed)

    def __str__(self) -> str:
        return f"({self.tag.group:04X},{self.tag.element:04X}) {self.keyword}"


@dataclass(frozen=True)
class Module:
    """A table of attributes; one without rows stands for a module that is only passed through.

    Parameters
    ----------
    name : str
        As in PS3.3, for example ``"General Study"``.
    section : str
        Of PS3.3; of a module that is not in it, whose it is.
    attributes : tuple of Attribute, optional
        Its rows.
    """

    name: str
    section: str
    attributes: tuple[Attribute, ...] = ()

    def __post_init__(self) -> None:
        if not all(isinstance(row, Attribute) for row in self.attributes):
            raise RTXRError(
                f"module {self.name!r}: its attributes are rows, not text: rtxr.module_rows("
                '"1 SeriesDescription")'
            )
        _refuse_twice(self.attributes, self.name)

    @cached_property
    def checked(self) -> tuple[Attribute, ...]:
        """Rows that ask for something: all but optional plain values."""
        return _checked(self.attributes)

    @cached_property
    def private(self) -> Mapping[str, Attribute]:
        """Rows of private blocks by name; which tags they have depends on the data set."""
        return {row.keyword: row for row in self.attributes if row.tag.is_private}

    @property
    def is_standard(self) -> bool:
        """Whether it is a module of PS3.3, going by its section."""
        return _SECTION.fullmatch(self.section) is not None

    @property
    def source(self) -> str:
        """Where the table stands: ``"PS3.3 C.7.2.1"``, or whose it is."""
        return f"PS3.3 {self.section}" if self.is_standard else self.section


@dataclass(frozen=True)
class ModuleUse:
    """A module in an IOD: mandatory (M), conditional (C, with the condition) or by choice (U).

    ``when`` tells whether a data set uses the module; without it the module counts as used where
    any of its own attributes of type 1 or 2 is there.
    """

    module: Module
    usage: Usage
    condition: str = ""
    when: Predicate | None = None

    def __post_init__(self) -> None:
        if self.usage not in ("M", "C", "U"):
            raise RTXRError(f"{self.module.name}: usage {self.usage!r}; there are M, C and U")
        if bool(self.condition) != (self.usage == "C"):
            raise RTXRError(
                f"{self.module.name}: usage C has a condition, M and U have none; in a table write "
                f'`C {self.module.name} | why`, else condition="why"'
            )

    @cached_property
    def own_tags(self) -> frozenset[BaseTag]:
        """Tags that give the module away: its attributes of type 1 and 2, else all it has."""
        strong = [row.tag for row in self.module.attributes if row.type != "3"]
        return frozenset(strong or [row.tag for row in self.module.attributes])

    def applies(self, dataset: Dataset) -> bool:
        """Whether a data set has to meet the module's table."""
        if self.usage == "M":
            return True
        if self.when is not None:
            return self.when(dataset)
        return not self.own_tags.isdisjoint(dataset.keys())

    def placed(self, dataset: Dataset) -> ModuleUse:
        """The use with its private rows at the tags that they have in a data set."""
        if not self.module.private:
            return self
        rows = tuple(row.placed(dataset) for row in self.module.attributes)
        return replace(self, module=replace(self.module, attributes=rows))


@dataclass(frozen=True)
class IOD:
    """An Information Object Definition.

    Parameters
    ----------
    name : str
        As in PS3.3, for example ``"CT Image"``.
    sop_class_uid : str
        SOP Class UID (0008,0016).
    modality : str
        Modality (0008,0060).
    section : str
        Section of PS3.3 with the module table.
    modules : tuple of ModuleUse
        In the order of PS3.3.
    rules : mapping, optional
        Rules by path (keywords joined by dots); what is below a path follows it. All else is
        copied.
    conditions : mapping, optional
        By path, for rows of type 1C and 2C: predicate of the data set (or item) that holds the
        row. A conditional row without predicate is checked only where it is present.
    """

    name: str
    sop_class_uid: str
    modality: str
    section: str
    modules: tuple[ModuleUse, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    conditions: Mapping[str, Predicate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not all(isinstance(use, ModuleUse) for use in self.modules):
            raise RTXRError(
                f"IOD {self.name!r}: its modules are not text: rtxr.module_uses("
                '"M Patient", own_module)'
            )
        rows = [row for use in self.modules for row in use.module.private.values()]
        own = {row.keyword: row.own_rule for row in rows if row.own_rule is not None}
        if own:
            object.__setattr__(self, "rules", {**own, **self.rules})

    @cached_property
    def keywords(self) -> frozenset[str]:
        """Keywords that may stand at the top level of an object; of one tag each, no overlays."""
        rows = [row for use in self.modules for row in use.module.attributes]
        return frozenset(row.keyword for row in rows if row.keyword not in OVERLAY_TAGS)

    @cached_property
    def private(self) -> Mapping[str, Attribute]:
        """Rows of private blocks by name."""
        return {name: row for use in self.modules for name, row in use.module.private.items()}

    def row(self, keyword: str) -> Attribute | None:
        """The row of a name at the top level, private or of the dictionary; None without one."""
        return self.private.get(keyword) or _dictionary_row(keyword)

    @cached_property
    def paths(self) -> Mapping[str, Attribute]:
        """Every row by its path; where modules share one, the strictest type."""
        found: dict[str, Attribute] = {}
        for use in self.modules:
            for path, row in walk(use.module.attributes):
                known = found.get(path)
                if known is None or TYPES.index(row.type) < TYPES.index(known.type):
                    found[path] = row
        return found

    def rule(self, path: str) -> Rule:
        """Rule of a row: its own, else that of the nearest sequence around it, else copy."""
        while path:
            if path in self.rules:
                return self.rules[path]
            path = path.rpartition(".")[0]
        return COPY

    def uses(self, dataset: Dataset) -> Iterator[ModuleUse]:
        """Modules whose tables a data set has to meet."""
        placed = (use.placed(dataset) for use in self.modules)
        return (use for use in placed if use.applies(dataset))


#: IODs by short name: the modality, and ``RTIONPLAN`` for the second one with RTPLAN.
IODS: dict[str, IOD] = {}


def register_iod(key: str, iod: IOD) -> IOD:
    """Make an IOD known to :data:`IODS` and :func:`iod_for`.

    Raises
    ------
    RTXRError
        A rule or a condition names a path that no module has, or a condition stands for a row
        that has none.
    """
    check_paths(iod)
    IODS[key] = iod
    return iod


def check_paths(iod: IOD) -> None:
    """Raise RTXRError for a rule or a condition without a row that it could stand for."""
    for path in iod.rules:
        rows_at(iod, path)
    for path in iod.conditions:
        rows = rows_at(iod, path)
        if not any(row.type.endswith("C") for row in rows):
            raise RTXRError(f"{iod.name}: {path} is of type {rows[0].type}, which has no condition")


def iod_for(sop_class_uid: str) -> IOD:
    """IOD of a SOP Class.

    Raises
    ------
    UnknownNameError
        No table stands for this class.
    """
    for iod in IODS.values():
        if iod.sop_class_uid == sop_class_uid:
            return iod
    known = ", ".join(f"{iod.sop_class_uid} {iod.name}" for iod in IODS.values())
    raise UnknownNameError(f"no IOD table for SOP class {sop_class_uid}; there are {known}")


def key_of(iod: IOD) -> str:
    """Short name of an IOD in :data:`IODS`; empty for one that is not there."""
    return next((key for key, each in IODS.items() if each is iod), "")


def require_condition(row: Attribute) -> None:
    """Raise RTXRError unless a row has a condition where, and only where, its type asks for one."""
    if bool(row.condition) != row.type.endswith("C"):
        raise RTXRError(
            f"{row}: 1C and 2C have a condition, other types have none; write "
            f"`1C {row.keyword} | why`"
        )


def rows_at(iod: IOD, path: str) -> list[Attribute]:
    """The rows that the modules of an IOD have for a path.

    Raises
    ------
    RTXRError
        There is none.
    """
    rows = [row for use in iod.modules for row in use.module.attributes]
    names = path.split(".")
    for name in names[:-1]:
        rows = [inner for row in rows if row.keyword == name for inner in row.items]
    found = [row for row in rows if row.keyword == names[-1]]
    if not found:
        raise RTXRError(f"{iod.name}: no module has {path!r}; {did_you_mean(path, iod.paths)}")
    return found


def walk(rows: tuple[Attribute, ...], path: str = "") -> Iterator[tuple[str, Attribute]]:
    """Every row with its path, outer rows before inner ones."""
    for row in rows:
        here = f"{path}.{row.keyword}" if path else row.keyword
        yield here, row
        yield from walk(row.items, here)


@cache
def _keywords() -> tuple[str, ...]:
    """Every keyword of the data dictionary."""
    return tuple(sorted(filter(None, keyword_dict)))


@cache
def _dictionary_row(keyword: str) -> Attribute | None:
    return Attribute(keyword, "3") if tag_for_keyword(keyword) else None


def _checked(rows: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    return tuple(row for row in rows if row.type != "3" or row.items)


def _refuse_twice(rows: tuple[Attribute, ...], where: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.keyword in seen:
            raise RTXRError(f"{where}: {row.keyword} stands there twice")
        seen.add(row.keyword)
