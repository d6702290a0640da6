"""What a row of a table is, and what a module: attributes with their types, checked when made.

Keywords exist, types are valid, conditional rows have a condition, only sequences have items, and
no keyword stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_dict, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtxr.errors import RTXRError, did_you_mean
from rtxr.iod.encoding.raw import make
from rtxr.iod.rules import Rule
from rtxr.keywords import shown

TYPES = ("1", "1C", "2", "2C", "3")
_SECTION = re.compile(r"[A-Z]\.\d[\d.]*")
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
        _require_condition(self)
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
        return f"{shown(self.tag)} {self.keyword}"


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


def _require_condition(row: Attribute) -> None:
    """Raise RTXRError unless a row has a condition where, and only where, its type asks for one."""
    if bool(row.condition) != row.type.endswith("C"):
        raise RTXRError(
            f"{row}: 1C and 2C have a condition, other types have none; write "
            f"`1C {row.keyword} | why`"
        )


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


def _checked(rows: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    return tuple(row for row in rows if row.type != "3" or row.items)


def _refuse_twice(rows: tuple[Attribute, ...], where: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.keyword in seen:
            raise RTXRError(f"{where}: {row.keyword} stands there twice")
        seen.add(row.keyword)
