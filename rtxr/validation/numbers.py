"""Numbers within one object: each once where it names something, and counts that are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rtxr.errors import Violation
from rtxr.validation.facts import (
    ITEM_COUNTS,
    NUMBERS,
    PLANS,
    UNIQUE,
    VALUE_COUNTS,
    tag,
    values_at,
)
from rtxr.validation.opened import Opened
from rtxr.validation.subject import element_name
from rtxr.validation.walk import Item, Path

_ITEM_COUNTS = {
    tag(number): tuple(map(tag, sequences)) for number, sequences in ITEM_COUNTS.items()
}
_VALUE_COUNTS = {
    tag(number): (tag(values), each, more) for number, (values, each, more) in VALUE_COUNTS.items()
}
#: How many numbers a message names.
_NAMED = 5
_TYPE, _DATA = tag("ContourGeometricType"), tag("ContourData")
#: Points that a contour of a type must have, at least and at most.
_POINTS = {b"POINT": (1, 1), b"CLOSED_PLANAR": (3, 0), b"CLOSEDPLANAR_XOR": (3, 0)}


def check(opened: Opened) -> Iterator[Violation]:
    """What is wrong with the numbers of an object."""
    yield from _twice(opened)
    wrong: Counter[tuple[Path, str]] = Counter()
    is_plan = opened.subject.iod_name in PLANS
    for item in opened.walk.items:
        wrong.update(_miscounted_values(item))
        wrong.update(_miscounted_items(item) if is_plan else ())
    for (path, message), count in wrong.items():
        fix = "write the true number"
        times = f" ({count} items)" if count > 1 else ""
        yield opened.subject.violation("wrong-count", "error", path, message + times, fix)
    yield from _points(opened)


def _twice(opened: Opened) -> Iterator[Violation]:
    """Numbers that name something and stand several times in their sequence."""
    for path in (*(path for paths in NUMBERS.values() for path in paths), *UNIQUE):
        numbers = Counter(values_at(opened.walk.items, path))
        repeated = [number for number, count in numbers.items() if number and count > 1]
        if repeated:
            message = f"has {', '.join(repeated[:_NAMED])} in several items"
            fix = "give each item a number of its own, and let what refers to it follow"
            yield opened.subject.violation("repeated-number", "error", path, message, fix)


def _miscounted_items(item: Item) -> Iterator[tuple[Path, str]]:
    """Counts that are not the number of items of their sequence: path, and what is wrong."""
    for number, sequences in _ITEM_COUNTS.items():
        said = _integer(item, number)
        if said is not None and said != sum(item.counts.get(each, 0) for each in sequences):
            here = next((each for each in sequences if each in item.counts), sequences[0])
            yield (*item.path, number), f"is not the number of items of {element_name(here)}"


def _miscounted_values(item: Item) -> Iterator[tuple[Path, str]]:
    """Counts that do not go with the number of values of their element."""
    for number, (values, each, more) in _VALUE_COUNTS.items():
        said, count = _integer(item, number), item.counts.get(values)
        if said is not None and count is not None and count != said * each + more:
            message = f"does not go with the number of values of {element_name(values)}"
            yield (*item.path, number), message


def _points(opened: Opened) -> Iterator[Violation]:
    """Contours with too few or too many points for their type."""
    wrong: Counter[Path] = Counter()
    for item in opened.walk.items:
        count = item.counts.get(_DATA, 0) // 3
        low, high = _POINTS.get(item.values.get(_TYPE, b""), (0, 0))
        if count and (count < low or (high and count > high)):
            wrong[(*item.path, _DATA)] += 1
    for path, count in wrong.items():
        message = f"has too few or too many points for its geometric type ({count} items)"
        fix = "remove the contour, or give it the type of what it is"
        yield opened.subject.violation("contour-points", "warning", path, message, fix)


def _integer(item: Item, number: int) -> int | None:
    try:
        return int(item.values[number])
    except (KeyError, ValueError):
        return None
