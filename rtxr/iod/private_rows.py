"""Private blocks in module tables: rows of a creator of one's own (PS3.5 7.8.1).

A row knows its creator, its group and its place in the block. Which block that is differs from
object to object, since the source may use the first ones for others: a row is *placed* in a data
set before anything is asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import VR

from rtxr.errors import RTXRError, did_you_mean
from rtxr.iod.encoding.raw import element_at, is_empty, new_element, put, text_of
from rtxr.iod.tables import IOD, Attribute, Module, Rule, constant
from rtxr.iod.values.allowed import flaw
from rtxr.keywords import shown

#: What an element of a private block may be here: all VRs but sequences.
VRS = [vr.value for vr in VR if len(vr.value) == 2 and vr != VR.SQ]
_FIRST_BLOCK, _LAST_BLOCK, _LARGEST_OFFSET = 0x10, 0xFF, 0xFF
#: Groups that PS3.5 7.8.1 leaves to nobody.
_RESERVED_GROUPS = frozenset({0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF})
_ROW = re.compile(
    r"(?P<type>[123]C?)\s+(?P<offset>[0-9A-Fa-f]{2})\s+(?P<vr>[A-Z]{2})\s+(?P<name>\S+)"
    r"\s*(\|\s*(?P<why>.+))?"
)
_CREATOR = re.compile(r"[ -\[\]-~]{1,64}")


@dataclass(frozen=True)
class PrivateAttribute(Attribute):
    """A row of a private block; its keyword is the name that its owner gives it.

    Parameters
    ----------
    keyword, type, condition
        See :class:`~rtxr.iod.tables.Attribute`; the keyword is no DICOM keyword.
    creator : str
        Private Creator of the block.
    group : int
        Odd, from 0x0009 on.
    offset : int
        Place in the block, 0 to 0xFF; None for the creator itself.
    kind : str
        VR, not SQ.
    block : int
        Where the block is in a data set, see :meth:`placed`.
    """

    creator: str = ""
    group: int = 0
    offset: int | None = None
    kind: str = "LO"
    block: int = _FIRST_BLOCK

    def __post_init__(self) -> None:
        element = self.block if self.offset is None else self.block << 8 | self.offset
        object.__setattr__(self, "tag", Tag(self.group, element))
        object.__setattr__(self, "vr", self.kind)
        self._check()

    def _check(self) -> None:
        if not self.keyword.isidentifier() or tag_for_keyword(self.keyword) is not None:
            raise RTXRError(
                f"{self.keyword!r}: an element of a private block has a name of letters and digits "
                "that is no DICOM keyword"
            )
        if self.kind not in VRS:
            raise RTXRError(f"{self.keyword}: VR {self.kind!r}; {did_you_mean(self.kind, VRS)}")
        if bool(self.condition) != self.type.endswith("C"):
            raise RTXRError(
                f"{self}: 1C and 2C have a condition, other types have none; write "
                f"`1C {self.offset or 0:02X} {self.kind} {self.keyword} | why`"
            )

    @property
    def own_rule(self) -> Rule | None:
        """A creator is always the same text."""
        return constant(self.creator) if self.offset is None else None

    @property
    def any_block(self) -> str:
        """Its tag wherever the block may be: ``(3287,xx01)``, the creator's ``(3287,00xx)``."""
        return f"({self.group:04X},{'00xx' if self.offset is None else f'xx{self.offset:02X}'})"

    def placed(self, dataset: Dataset) -> PrivateAttribute:
        """The row in the block of its creator, or in the first free one."""
        block = block_of(dataset, self.group, self.creator)
        return self if block == self.block else replace(self, block=block)

    def element(self, value: Any, *, signed: bool = False) -> DataElement:  # noqa: ARG002
        """An element of this row with a value."""
        return new_element(self.tag, self.kind, value)

    def __str__(self) -> str:
        return f"{shown(self.tag)} {self.keyword}"


def private_block(creator: str, group: int, table: str) -> tuple[PrivateAttribute, ...]:
    """Rows of a private block for a module table.

    Parameters
    ----------
    creator : str
        Private Creator (VR LO): who says what the elements mean, with a version: ``"MY LAB 1.0"``.
    group : int
        Odd number from 0x0009 on; the elements are in this group.
    table : str
        One line per element: its type, its place in the block in two hexadecimal digits, its VR and
        the name by which you call it; a conditional type has its condition::

            1  01 DS PlanScore
            2  02 LO PlanScoreMethod
            1C 03 LO PlanScoreReviewer | the score was reviewed

    Returns
    -------
    tuple of PrivateAttribute
        The creator's row, which is written with the first element of the block, then those of the
        table.

    Raises
    ------
    RTXRError
        A creator, group or line that is not allowed; a place or name that stands twice.

    Examples
    --------
    >>> rtxr.Module("Score", "MY LAB", rtxr.private_block("MY LAB 1.0", 0x3287, "1 01 DS Score"))
    ... # doctest: +SKIP
    """
    if not _CREATOR.fullmatch(creator) or creator != creator.strip():
        raise RTXRError(f"creator={creator!r}: 1 to 64 characters of ASCII, no backslash")
    if group % 2 == 0 or group in _RESERVED_GROUPS or not 0 < group < 0xFFFF:
        raise RTXRError(f"group=0x{group:04X}: a private group is odd, from 0x0009 to 0xFFFD")
    name = re.sub(r"\W+", "_", creator)
    first = PrivateAttribute(
        f"PrivateCreator_{group:04X}_{name}", "1", creator=creator, group=group
    )
    rows = [_row(line.strip(), creator, group) for line in table.splitlines() if line.strip()]
    places, names = [row.offset for row in rows], [row.keyword for row in rows]
    for row in rows:
        if places.count(row.offset) > 1:
            raise RTXRError(f"{creator}: {row.any_block} stands there twice")
        if names.count(row.keyword) > 1:
            raise RTXRError(f"{creator}: the name {row.keyword} stands there twice")
    return first, *rows


def _row(line: str, creator: str, group: int) -> PrivateAttribute:
    found = _ROW.fullmatch(line)
    if found is None:
        raise RTXRError(
            f"{creator}: no row of a private block: {line!r}; write type, place, VR and name, such "
            'as "1 01 DS PlanScore"'
        )
    return PrivateAttribute(
        found["name"],
        found["type"],
        found["why"] or "",
        creator=creator,
        group=group,
        offset=int(found["offset"], 16),
        kind=found["vr"],
    )


def block_of(dataset: Dataset, group: int, creator: str) -> int:
    """Number of a creator's block in a data set, else of the first one that nobody uses.

    Raises
    ------
    RTXRError
        All 240 blocks of the group are taken.
    """
    elements = [tag.element for tag in dataset._dict if tag.group == group]
    taken = {each for each in elements if _FIRST_BLOCK <= each <= _LAST_BLOCK}
    for block in sorted(taken):
        if text_of(dataset, Tag(group, block)).strip() == creator:
            return block
    taken |= {each >> 8 for each in elements if each > _LARGEST_OFFSET}
    for block in range(_FIRST_BLOCK, _LAST_BLOCK + 1):
        if block not in taken:
            return block
    raise RTXRError(f"group 0x{group:04X} has no free block for {creator!r}; choose another group")


def reserve(dataset: Dataset, row: Attribute) -> None:
    """Write the creator of the block of a placed row, if it is a private one."""
    if isinstance(row, PrivateAttribute):
        tag = Tag(row.group, row.block)
        if is_empty(element_at(dataset, tag)):
            put(dataset, new_element(tag, "LO", row.creator))


def value_flaws(dataset: Dataset, iod: IOD) -> Iterator[tuple[Attribute, Module, str]]:
    """Private values that their VR does not allow; blocks of others are nobody's to judge.

    Yields
    ------
    tuple of Attribute, Module, str
        The placed row, its module, and what is wrong.
    """
    if not iod.private:
        return
    for use in iod.uses(dataset):
        for row in use.module.private.values():
            element = element_at(dataset, BaseTag(row.tag))
            detail = "" if element is None else flaw(element)
            if detail:
                yield row, use.module, detail
