"""One walk over the bytes of a data set: how its elements are encoded, and the values links need.

What a parser forgives is seen here: order, lengths, value representations, private blocks, texts
outside their character set. Nothing is decoded but what is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from rtxr.read.elements import NUMBER_WIDTH, Element, Encoding, elements, items, nested
from rtxr.validation.encoding_rules import (
    Rule,
    character_flaw,
    count_flaw,
    number_of_values,
    rule_of,
    terms_of,
)

#: Tags of the sequences around an element, outermost first, with its own at the end.
Path = tuple[int, ...]
CHARACTER_SET = 0x00080005
_BLOCKS = range(0x10, 0x100)
#: A value of more bytes is counted, not kept.
_KEPT_BYTES = 512
_INTEGERS = ("US", "SS", "UL", "SL")
_PIXELS = ("OB", "OW")
#: Group whose pixels are not among the bytes.
_CUT = 0x7FE0


@dataclass(frozen=True, slots=True)
class Item:
    """What was asked for of one item, or of the data set itself.

    Parameters
    ----------
    path : tuple of int
        Tags of the sequences around it; empty for the data set.
    values : dict of int to bytes
        Wanted values by tag, without padding, numbers as text.
    counts : dict of int to int
        By tag: items of any sequence, values of a wanted element.
    """

    path: Path
    values: dict[int, bytes] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def keep(self, tag: int, value: bytes, rule: Rule, encoding: Encoding) -> None:
        """Keep a value that is not empty, or of a long one how many values it holds."""
        self.counts[tag] = number_of_values(value, rule)
        if len(value) > _KEPT_BYTES:
            return
        if rule.vr in _INTEGERS:
            value = _as_text(value, rule.vr, encoding)
        self.values[tag] = value.strip(b" \0")


@dataclass
class Values:
    """A walk that keeps what was asked for, and looks for no flaws.

    Parameters
    ----------
    data : bytes
        Data elements, without pixels.
    encoding : Encoding
        Of them.
    wanted : collection of int
        Tags whose values, or number of values, are kept.
    """

    data: bytes
    encoding: Encoding
    wanted: Collection[int]
    items: list[Item] = field(default_factory=list)
    #: Why the bytes cannot be followed to their end; empty where they can.
    damage: str = ""

    def run(self) -> Self:
        """Walk from the first byte to the last."""
        try:
            self._data_set(0, len(self.data), self.encoding, ())
        except ValueError as error:
            self.damage = str(error)
        except RecursionError:
            self.damage = "sequences are nested too deeply"
        return self

    def _data_set(self, start: int, stop: int, encoding: Encoding, path: Path) -> None:
        item = Item(path)
        self.items.append(item)
        self._elements(elements(self.data, start, stop, encoding), encoding, item)

    def _elements(self, found: Iterable[Element], encoding: Encoding, item: Item) -> None:
        for element in found:
            if element.stop > len(self.data):
                raise ValueError("the file ends before its elements do")
            self._element(element, rule_of(element.tag, element.vr), encoding, item)

    def _element(self, element: Element, rule: Rule, encoding: Encoding, item: Item) -> None:
        if rule.vr in _PIXELS and element.undefined:  # an icon in fragments
            return
        if rule.vr == "SQ" or element.undefined:
            self._sequence(element, encoding, item)
        elif element.tag in self.wanted and element.stop > element.value:
            item.keep(element.tag, self.data[element.value : element.stop], rule, encoding)

    def _sequence(self, element: Element, encoding: Encoding, item: Item) -> None:
        inner, here = nested(element.vr, encoding), (*item.path, element.tag)
        count = 0
        for each in items(self.data, element, encoding):
            count += 1
            self._data_set(each.value, each.stop, inner, here)
        item.counts[element.tag] = count


@dataclass
class Walk(Values):
    """A walk that also tells what it met on the way."""

    #: (code, path, what is wrong) > how often.
    flaws: Counter[tuple[str, Path, str]] = field(default_factory=Counter)
    #: Character sets of the data set that is walked.
    _sets: Sequence[str] = ()

    def _data_set(self, start: int, stop: int, encoding: Encoding, path: Path) -> None:
        item, around = Item(path), self._sets
        self.items.append(item)
        found, problem = self._followed(start, stop, encoding)
        self._structure(found, encoding, path)
        self._elements(found, encoding, item)
        self._sets = around
        if problem is not None:
            raise problem

    def _followed(
        self, start: int, stop: int, encoding: Encoding
    ) -> tuple[list[Element], ValueError | None]:
        """Elements as far as they can be followed, and why they cannot any further."""
        found: list[Element] = []
        try:
            for element in elements(self.data, start, stop, encoding):
                found.append(element)  # noqa: PERF402 (those before a break are kept)
        except ValueError as error:
            return found, error
        return found, None

    def _structure(self, found: Sequence[Element], encoding: Encoding, path: Path) -> None:
        """Order, group lengths and private blocks of one data set."""
        last, creators = -1, set[int]()
        for at, element in enumerate(found):
            tag, number = element.tag, element.tag & 0xFFFF
            if tag <= last:
                what = "twice" if tag == last else "behind a greater tag"
                self.flaws["element-order", (*path, tag), what] += 1
            last = tag
            if number == 0 and tag >> 16 != _CUT and self._length_is_wrong(found[at:], encoding):
                self.flaws["group-length", (*path, tag), ""] += 1
            if tag >> 16 & 1:
                if number in _BLOCKS and element.stop > element.value:
                    creators.add(tag >> 16 << 8 | number)
                elif number > _BLOCKS[-1] and tag >> 8 not in creators:
                    self.flaws["private-creator", (*path, tag), ""] += 1

    def _length_is_wrong(self, group: Sequence[Element], encoding: Encoding) -> bool:
        """Whether the first element, a group length, says where its group ends and is wrong."""
        first = group[0]
        said = int.from_bytes(self.data[first.value : first.stop], encoding.order)
        end = max((each.end for each in group if each.tag >> 16 == first.tag >> 16), default=0)
        return said != end - first.end

    def _element(self, element: Element, rule: Rule, encoding: Encoding, item: Item) -> None:
        here = (*item.path, element.tag)
        if rule.wrong_vr:
            self.flaws["wrong-vr", here, rule.wrong_vr] += 1
        if rule.vr != "SQ" and not element.undefined:
            self._value(element.tag, self.data[element.value : element.stop], rule, here)
        super()._element(element, rule, encoding, item)

    def _value(self, tag: int, value: bytes, rule: Rule, here: Path) -> None:
        if tag == CHARACTER_SET:
            self._sets = terms_of(value)
        if len(value) % 2:
            self.flaws["odd-length", here, ""] += 1
        if not value:
            return
        if flaw := count_flaw(value, rule):
            self.flaws["value-count", here, flaw] += 1
        if rule.is_text and (flaw := character_flaw(value, self._sets)):
            self.flaws["character-set", here, flaw] += 1


def _as_text(value: bytes, vr: str, encoding: Encoding) -> bytes:
    """Integers as text; the bytes as they are where these are no whole number of them."""
    width, signed = NUMBER_WIDTH[vr.encode()], vr in ("SS", "SL")
    if len(value) % width:
        return value
    parts = [value[at : at + width] for at in range(0, len(value), width)]
    numbers = [int.from_bytes(each, encoding.order, signed=signed) for each in parts]
    return "\\".join(map(str, numbers)).encode()
