"""What an IOD table is: IOD > module > attribute, and the rule that gives an attribute its value.

The rows themselves are plain text in ``rtxr/iod/modules/``; :mod:`rtxr.iod.table_text` reads them,
:mod:`rtxr.iod.rows` says what they are. Everything is checked when it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Literal

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.iod.encoding.raw import Predicate
from rtxr.iod.items.remembered import Remembered
from rtxr.iod.rows import OVERLAY_TAGS, TYPES, Attribute, Module, walk
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

Usage = Literal["M", "C", "U"]


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
        return not dataset.keys().isdisjoint(self.own_tags)

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

    @cached_property
    def complete(self) -> Remembered:
        """Sequences of objects of this IOD that lack nothing which a rule could add."""
        return Remembered()

    @cached_property
    def sound(self) -> Remembered:
        """Sequences of objects of this IOD that have no flaw."""
        return Remembered()

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


@cache
def _dictionary_row(keyword: str) -> Attribute | None:
    return Attribute(keyword, "3") if tag_for_keyword(keyword) else None
