"""Find what is wrong with an object: missing attributes and values that a VR does not allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from rtxr.iod.conditions import EXCLUDED_BY, at_root
from rtxr.iod.encoding.raw import (
    element_at,
    elements_of,
    is_empty,
    items_of,
    numbers_of,
    text_of,
    vr_of,
)
from rtxr.iod.items.packed import each_value, judged_as_one
from rtxr.iod.items.remembered import short_sequence
from rtxr.iod.private_rows import value_flaws
from rtxr.iod.tables import IOD, Attribute, Module
from rtxr.iod.values.allowed import flaw
from rtxr.keywords import shown, tag_of

#: What is wrong with a value beside another one, and with none.
EXCLUDED = "rules out"
EMPTY = "no value, and what is of type 1C has one or is not there (PS3.5 7.4.2)"
MISSING_1, MISSING_2, BAD_VALUE = "missing-type-1", "missing-type-2", "bad-value"
#: Modules with their rows, or the one module around an item with the rows of the item.
_Tables = Sequence[tuple[Module, tuple[Attribute, ...]]]
_NOT_CHECKED = ("SQ", "OB", "OW", "OB or OW", "UN")
NARROW = "a value below 1, which asks for a VOILUTFunction other than LINEAR (PS3.3 C.11.2.1.2)"
_WINDOW_WIDTH, _WINDOW_FUNCTION = Tag("WindowWidth"), Tag("VOILUTFunction")


@dataclass
class Flaw:
    """One kind of flaw at one path.

    Parameters
    ----------
    code : str
        ``missing-type-1``, ``missing-type-2`` or ``bad-value``.
    path : str
        Keywords from the top level, joined by dots.
    tag : BaseTag
        Of the attribute.
    module : Module or None
        Table that asks for it; None for an element of no listed module.
    detail : str
        What is wrong with a value.
    count : int
        In how many items.
    type : str
        Of the attribute in that table; empty without one.
    """

    code: str
    path: str
    tag: BaseTag
    module: Module | None
    detail: str = ""
    count: int = 0
    type: str = ""

    @property
    def name(self) -> str:
        """The attribute as ``(gggg,eeee) Keyword``."""
        return f"{shown(self.tag)} {self.path.rpartition('.')[2]}"


def audit(dataset: Dataset, iod: IOD) -> dict[tuple[str, str], Flaw]:
    """Flaws of an object by (code, path).

    Parameters
    ----------
    dataset : pydicom.Dataset
        Not changed, but raw sequences of listed modules stay parsed.
    iod : IOD
        Tables and conditions.
    """
    conditions = at_root(iod.conditions, dataset)
    if conditions is not iod.conditions:
        iod = replace(iod, conditions=conditions)
    found: dict[tuple[str, str], Flaw] = {}
    rows: dict[BaseTag, tuple[Attribute, Module]] = {}
    modules = [use.module for use in iod.uses(dataset)]
    for module in modules:
        for row in module.checked:
            _note_missing(dataset, row, "", module, iod, found)
            rows.setdefault(row.tag, (row, module))
    _note_excluded(dataset, rows, found)
    _note_narrow_window(dataset, rows, found)
    tables = [(module, module.attributes) for module in modules]
    _note_values(dataset, "", tables, found)
    for row, own, detail in value_flaws(dataset, iod):
        flawed = Flaw(BAD_VALUE, row.keyword, row.tag, own, detail, count=1, type=row.type)
        found[BAD_VALUE, row.keyword] = flawed
    for row, module in rows.values():
        _descend(dataset, row, "", module, iod, found)
    return found


def _descend(
    dataset: Dataset,
    row: Attribute,
    prefix: str,
    module: Module,
    iod: IOD,
    found: dict[tuple[str, str], Flaw],
    count: int = 1,
) -> None:
    """Audit the items of a sequence of a data set that stands for so many."""
    if not row.items or element_at(dataset, row.tag) is None:
        return
    here = f"{prefix}{row.keyword}."
    short = short_sequence(dataset, row.tag, f"{module.name} {here}")
    if short in iod.sound:
        return
    packed = judged_as_one(dataset, row.tag, here, iod.conditions)
    items = items_of(dataset, row.tag) if packed is None else [packed.item]
    each = count if packed is None else count * packed.size
    for item in items:
        for inner in row.checked:
            _note_missing(item, inner, here, module, iod, found, each)
            _descend(item, inner, here, module, iod, found, each)
        _note_values(item, here, [(module, row.items)], found)
    if not any(path.startswith(here) for _, path in found):
        iod.sound.add(short, dataset)


def _note_missing(
    dataset: Dataset,
    row: Attribute,
    prefix: str,
    module: Module,
    iod: IOD,
    found: dict[tuple[str, str], Flaw],
    count: int = 1,
) -> None:
    if row.type == "3":
        return
    element = element_at(dataset, row.tag)
    if not is_empty(element) or (element is not None and row.type[0] == "2"):
        return
    path = prefix + row.keyword
    if row.type.endswith("C"):
        condition = iod.conditions.get(path)
        if condition is None or not condition(dataset):
            if element is not None:
                bare = Flaw(BAD_VALUE, path, row.tag, module, EMPTY, type=row.type)
                found.setdefault((BAD_VALUE, path), bare).count += count
            return
    code = MISSING_1 if row.type[0] == "1" else MISSING_2
    known = found.setdefault((code, path), Flaw(code, path, row.tag, module, type=row.type))
    known.count += count * (known.module is module)


def _note_excluded(
    dataset: Dataset,
    rows: dict[BaseTag, tuple[Attribute, Module]],
    found: dict[tuple[str, str], Flaw],
) -> None:
    """Conditional attributes that have a value although their condition rules them out."""
    for keyword, others in EXCLUDED_BY.items():
        row, module = rows.get(tag_of(keyword), (None, None))
        if row is None or is_empty(element_at(dataset, row.tag)):
            continue
        for other in map(Tag, others):
            if not is_empty(element_at(dataset, other)):
                name = f"{shown(other)} {keyword_for_tag(other)}"
                detail = f"a value, which {name} {EXCLUDED}"
                found[BAD_VALUE, keyword] = Flaw(
                    BAD_VALUE, keyword, row.tag, module, detail, count=1, type=row.type
                )
                break


def _note_narrow_window(
    dataset: Dataset,
    rows: dict[BaseTag, tuple[Attribute, Module]],
    found: dict[tuple[str, str], Flaw],
) -> None:
    """A window of less than one stored value; only other functions than LINEAR have such ones."""
    widths = numbers_of(dataset, _WINDOW_WIDTH)
    linear = text_of(dataset, _WINDOW_FUNCTION) in ("", "LINEAR")
    if not linear or not any(0 < width < 1 for width in widths):
        return
    row, module = rows.get(_WINDOW_WIDTH, (None, None))
    path, kind = "WindowWidth", "" if row is None else row.type
    found[BAD_VALUE, path] = Flaw(
        BAD_VALUE, path, _WINDOW_WIDTH, module, NARROW, count=1, type=kind
    )


def _note_values(
    dataset: Dataset, prefix: str, tables: _Tables, found: dict[tuple[str, str], Flaw]
) -> None:
    """Values of every standard element, listed or not."""
    for element in elements_of(dataset):
        if element.tag.is_private or vr_of(element) in _NOT_CHECKED:
            continue
        for each, count in each_value(element):
            if detail := flaw(each):
                path = prefix + (keyword_for_tag(element.tag) or str(element.tag))
                module, kind = _place(element.tag, tables, prefix)
                known = found.setdefault(
                    (BAD_VALUE, path),
                    Flaw(BAD_VALUE, path, element.tag, module, detail, type=kind),
                )
                known.count += count


def _place(tag: BaseTag, tables: _Tables, prefix: str) -> tuple[Module | None, str]:
    """Module and type of an element; of a nested one without a row, the module around it."""
    for module, rows in tables:
        for row in rows:
            if row.tag == tag:
                return module, row.type
    return (tables[0][0] if prefix else None), ""
