"""Apply the profile to one object: every element at every depth, each by its row.

Elements that stay are the very elements they were, with their bytes. Elements that the data
dictionary does not know go; of what no row speaks :mod:`~rtxr.iod.deidentification.beyond` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from rtxr.iod.deidentification.beyond import SEALED, TELLING, is_text, is_typed, row_beyond
from rtxr.iod.deidentification.private import is_safe
from rtxr.iod.deidentification.profile import SAFE_PRIVATE, Deidentify, action
from rtxr.iod.deidentification.table import Column, Row, row_of
from rtxr.iod.deidentification.values import dummy, shifted
from rtxr.iod.deidentification.words import Words
from rtxr.iod.encoding.raw import Element, duplicate, elements_of, is_empty, items_of, put, text_of
from rtxr.iod.tables import IOD

_DATES: tuple[Column, ...] = ("full", "modified")
#: Columns whose ``C`` is a text that stays if it tells nothing.
_TEXTS: tuple[Column, ...] = ("descriptors", "patient")
_TIMEZONE, _CODE = Tag("TimezoneOffsetFromUTC"), Tag("CodeValue")


@dataclass
class Walk:
    """One object on its way through the profile.

    Parameters
    ----------
    profile : Deidentify
        What was asked for.
    iod : IOD
        Its tables say what has to be there.
    words : Words
        Names and identifiers of the case.
    days : int
        Offset of dates.
    given : collection of str
        Keywords at the top level that the caller set, and that stay.
    stamped : collection of str
        Keywords of dates and times of the export itself: they would tell the offset of the others,
        so that no option keeps them.
    done : Counter
        How many elements were ``removed``, ``emptied``, ``replaced``, ``dates shifted`` and so on.
    """

    profile: Deidentify
    iod: IOD
    words: Words
    days: int = 0
    given: Collection[str] = ()
    stamped: Collection[str] = ()
    done: Counter[str] = field(default_factory=Counter)

    @cached_property
    def _columns(self) -> frozenset[Column]:
        return self.profile.columns

    def cleaned(self, dataset: Dataset) -> Dataset:
        """The object after the profile; the data set itself is not changed."""
        return self._data_set(dataset, "", clean=False)

    def _data_set(self, dataset: Dataset, prefix: str, *, clean: bool) -> Dataset:
        """A data set or an item; ``clean``: inside a sequence of which only clean texts stay."""
        made = duplicate(dataset)
        for element in elements_of(dataset):
            new = self._element(dataset, element, prefix, clean)
            if new is None:
                del made._dict[element.tag]
            elif new is not element:
                put(made, new)
        return made

    def _element(
        self, dataset: Dataset, element: Element, prefix: str, clean: bool
    ) -> Element | None:
        tag = element.tag
        if tag.is_private:
            return self._private(dataset, element)
        keyword = keyword_for_tag(tag)
        if not prefix and keyword in self.given:
            return element
        row = row_of(tag)
        path = prefix + keyword
        if row is not None:
            return self._listed(dataset, element, row, path, clean)
        return self._unlisted(dataset, element, path, clean)

    def _private(self, dataset: Dataset, element: Element) -> Element | None:
        if SAFE_PRIVATE in self.profile.options and is_safe(dataset, element.tag):
            return element
        self.done["private elements removed"] += 1
        return None

    def _listed(
        self, dataset: Dataset, element: Element, row: Row, path: str, clean: bool
    ) -> Element | None:
        columns = self._columns
        if path in self.stamped:
            columns = columns.difference(_DATES)
        code = action(row, self._needed(path, row), columns)
        if code == "C":
            kept = self._clean(dataset, element, row, path)
            if kept is not None:
                return kept
            code = action(row, self._needed(path, row), ())
        match code:
            case "K" | "U*":
                return self._kept(dataset, element, path, clean)
            case "X":
                return self._removed()
            case "Z":
                return self._emptied(element)
        return self._replaced(dataset, element)

    def _unlisted(
        self, dataset: Dataset, element: Element, path: str, clean: bool
    ) -> Element | None:
        tag = element.tag
        vr = _vr_of(tag)
        if not vr and tag.element:  # nobody here knows what it says; group lengths go when written
            return self._removed()
        row = row_beyond(tag, vr)
        if row is None and is_text(vr) and _CODE not in dataset:
            tells = self.words.tells if clean or is_typed(tag) else self.words.in_text
            row = TELLING if tells(text_of(dataset, tag)) else None
        if row is SEALED:  # not even where its type asks for it
            return self._removed()
        if row is not None:
            return self._listed(dataset, element, row, path, clean)
        return self._kept(dataset, element, path, clean)

    def _needed(self, path: str, row: Row) -> str:
        """Type of an attribute; in an item that no table describes, whatever the row foresees."""
        known = self.iod.paths.get(path)
        if known is not None:
            return known.type
        return {"X": "3", "Z": "2"}.get(row.action[-1], "1") if "." in path else "3"

    def _kept(self, dataset: Dataset, element: Element, path: str, clean: bool) -> Element | None:
        """The element; of a sequence its items, each through the profile."""
        if _vr_of(element.tag) != "SQ" or is_empty(element):
            return element
        items = items_of(dataset, element.tag)
        if not items:  # bytes that cannot be parsed cannot be looked through
            return element if isinstance(element, DataElement) else self._removed()
        made = [self._data_set(item, path + ".", clean=clean) for item in items]
        return _sequence(dataset, element.tag, made)

    def _clean(self, dataset: Dataset, element: Element, row: Row, path: str) -> Element | None:
        """The element where an option lets it stay clean, None where it has to go."""
        if is_empty(element):
            return element
        vr = _vr_of(element.tag)
        if row.options.get("modified") == "C" and "modified" in self._columns:
            return self._moved(dataset, element, vr)
        if not any(row.options.get(column) == "C" for column in self._columns.intersection(_TEXTS)):
            return None
        if vr == "SQ":
            return self._kept(dataset, element, path, clean=True)
        if self.words.tells(text_of(dataset, element.tag)):
            self.done["descriptions removed"] += 1
            return None
        self.done["descriptions kept"] += 1
        return element

    def _moved(self, dataset: Dataset, element: Element, vr: str) -> Element | None:
        """A date moved by the offset; times of day and the time zone as they are."""
        if vr == "TM" or element.tag == _TIMEZONE:
            return element
        if vr not in ("DA", "DT"):
            return None
        texts = text_of(dataset, element.tag).split("\\")
        moved = [shifted(text, self.days) for text in texts]
        if None in moved:
            return None
        self.done["dates shifted"] += 1
        return DataElement(element.tag, vr, "\\".join(map(str, moved)))

    def _removed(self) -> Element | None:
        self.done["removed"] += 1
        return None

    def _emptied(self, element: Element) -> Element:
        if is_empty(element):
            return element
        self.done["emptied"] += 1
        vr = _vr_of(element.tag)
        return DataElement(element.tag, vr, Sequence() if vr == "SQ" else None)

    def _replaced(self, dataset: Dataset, element: Element) -> Element:
        """A dummy, or a new UID; of a sequence, items of such."""
        if is_empty(element):
            return element
        vr = _vr_of(element.tag)
        if vr == "SQ":
            items = items_of(dataset, element.tag) or [Dataset()]
            return _sequence(dataset, element.tag, [self._dummies(item) for item in items])
        if vr == "UI":
            self.done["UIDs replaced"] += 1
            old = text_of(dataset, element.tag).split("\\")
            new = [self.profile.new_uid(each.strip(" \0")) if each else "" for each in old]
            return DataElement(element.tag, "UI", "\\".join(new))
        self.done["replaced"] += 1
        return DataElement(element.tag, vr.partition(" or ")[0], dummy(vr))

    def _dummies(self, item: Dataset) -> Dataset:
        """An item with the same standard elements, none of which says anything."""
        made = Dataset()
        for element in elements_of(item):
            if _vr_of(element.tag):
                put(made, self._replaced(item, element))
        return made


def _vr_of(tag: BaseTag) -> str:
    """VR of a standard element by the data dictionary; empty where it does not have it."""
    try:
        return "" if tag.is_private else dictionary_VR(tag)
    except KeyError:
        return ""


def _sequence(dataset: Dataset, tag: BaseTag, items: list[Dataset]) -> DataElement:
    made = DataElement(tag, "SQ", Sequence(items))
    made.is_undefined_length = bool(getattr(dataset[tag], "is_undefined_length", False))
    return made
