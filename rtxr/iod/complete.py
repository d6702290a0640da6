"""Add what an object lacks: type 2 empty, type 1 where a rule says how, nested items too.

Nothing that is there is touched: items that lack nothing stay the very objects they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from rtxr.iod.encoding.raw import (
    duplicate,
    element_at,
    is_empty,
    is_signed,
    items_of,
    put,
    value_of,
)
from rtxr.iod.items.packed import judged_as_one
from rtxr.iod.items.remembered import short_sequence
from rtxr.iod.tables import IOD, Attribute, Module, Rule


@dataclass
class Addition:
    """Attributes that were added at one path."""

    row: Attribute
    module: Module
    empty: bool
    count: int = 0


@dataclass
class Completion:
    """One walk through the tables of an IOD.

    Parameters
    ----------
    iod : IOD
        Tables and rules.
    derived : mapping
        Values by keyword for what is missing at the top level.
    from_scratch : bool
        Whether the object has no source, so that sensible defaults may be assumed.
    """

    iod: IOD
    derived: Mapping[str, Any] = field(default_factory=dict)
    from_scratch: bool = False
    additions: dict[str, Addition] = field(default_factory=dict)

    def complete(self, dataset: Dataset) -> Dataset:
        """The data set with what the modules it uses ask for; itself where nothing is missing."""
        for use in self.iod.uses(dataset):
            rows = use.placed(dataset).module.checked  # beside what the modules before it added
            dataset = self._filled(dataset, rows, "", use.module)
        return dataset

    def _filled(
        self, dataset: Dataset, rows: tuple[Attribute, ...], prefix: str, module: Module
    ) -> Dataset:
        result = dataset
        for row in rows:
            element = element_at(result, row.tag)
            new = None
            if is_empty(element):
                if row.type[0] == "1" or (element is None and row.type != "3"):
                    new = self._missing(result, row, prefix + row.keyword, module)
            elif row.items:
                new = self._sequence(result, row, prefix + row.keyword, module)
            if new is not None:
                result = duplicate(dataset) if result is dataset else result
                put(result, new)
        return result

    def _sequence(
        self, dataset: Dataset, row: Attribute, path: str, module: Module
    ) -> DataElement | None:
        """The sequence with completed items, None where they lack nothing."""
        packed = judged_as_one(dataset, row.tag, path + ".", self.iod.conditions)
        if packed is not None and not self._lacks(packed.item, row, path, module):
            return None
        short = short_sequence(dataset, row.tag, f"{module.name} {path} {self.from_scratch}")
        if short in self.iod.complete:
            return None
        items = items_of(dataset, row.tag)
        filled = [self._filled(item, row.checked, path + ".", module) for item in items]
        if all(new is old for new, old in zip(filled, items, strict=True)):
            self.iod.complete.add(short, dataset)
            return None
        made = DataElement(row.tag, "SQ", Sequence(filled))
        made.is_undefined_length = dataset[row.tag].is_undefined_length
        return made

    def _lacks(self, item: Dataset, row: Attribute, path: str, module: Module) -> bool:
        """Whether anything would be added to an item of a sequence."""
        trial = replace(self, additions={})
        return trial._filled(item, row.checked, path + ".", module) is not item

    def _missing(
        self, dataset: Dataset, row: Attribute, path: str, module: Module
    ) -> DataElement | None:
        """Element for a missing attribute, None where there is no rule or no need for one."""
        rule = self.iod.rule(path)
        if row.type.endswith("C"):
            condition = self.iod.conditions.get(path)
            if condition is None or not condition(dataset):
                return None
        value = self._value(dataset, path, rule)
        empty = value is None or value == ""
        if empty and row.type[0] == "1":
            return None
        known = self.additions.setdefault(path, Addition(row, module, empty))
        known.count += 1
        return row.element(None if empty else value, signed=is_signed(dataset))

    def _value(self, dataset: Dataset, path: str, rule: Rule) -> Any:
        """Value for what is missing: derived by the caller, else by the rule; None without one."""
        value = self.derived.get(path)
        if value is not None and value != "":
            return value
        match rule.kind:
            case "constant":
                value = rule.value
            case "default" if self.from_scratch:
                value = rule.value
            case "same as":
                value = value_of(dataset, str(rule.value))
            case "derived" if rule.function is not None:
                value = rule.function(dataset)
            case "new uid":
                value = generate_uid(prefix=None)
        return value
