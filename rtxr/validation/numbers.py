"""Numbers within one object: each once where it names something, and counts that are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

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
from rtxr.validation.subject import Subject, element_name
from rtxr.validation.walk import Item, Path

_ITEM_COUNTS = {
    tag(number): tuple(map(tag, sequences)) for number, sequences in ITEM_COUNTS.items()
}
_VALUE_COUNTS = {
    tag(number): (tag(values), each, more) for number, (values, each, more) in VALUE_COUNTS.items()
}
#: How many numbers a message names.
_NAMED = 5
#: Numbers that say which ROI or beam an item is of.
_NAMES = {tag("ReferencedROINumber"): "ROI", tag("ROINumber"): "ROI", tag("BeamNumber"): "beam"}
_CONTOURS = tag("ContourSequence")
_TYPE, _DATA = tag("ContourGeometricType"), tag("ContourData")
#: Points that a contour of a type must have, at least and at most.
_POINTS = {b"POINT": (1, 1), b"CLOSED_PLANAR": (3, 0), b"CLOSEDPLANAR_XOR": (3, 0)}


def check(subject: Subject, items: Sequence[Item]) -> Iterator[Violation]:
    """What is wrong with the numbers of an object.

    Parameters
    ----------
    subject : Subject
        The object.
    items : sequence of Item
        From a walk over it.
    """
    yield from _twice(subject, items)
    wrong: dict[Path, list[str]] = {}
    is_plan = subject.iod_name in PLANS
    flaws = [
        [*_miscounted_values(item), *(_miscounted_items(item) if is_plan else ())] for item in items
    ]
    if any(flaws):
        for (item, place), some in zip(_placed(items), flaws, strict=True):
            for number, message in some:
                wrong.setdefault((*item.path, number), []).append(message + place)
    for path, messages in wrong.items():
        more = f"; so in {len(messages) - 1} more item(s)" if len(messages) > 1 else ""
        fix = "find out which of the two is wrong, and correct it"
        yield subject.violation("wrong-count", "error", path, messages[0] + more, fix)
    yield from _points(subject, items)


def _placed(items: Sequence[Item]) -> Iterator[tuple[Item, str]]:
    """Items, and where each is: its ROI or beam, and which contour it is."""
    last: dict[Path, Item] = {}
    count: Counter[Path] = Counter()
    for item in items:
        for inner in [path for path in count if path[:-1] == item.path]:
            del count[inner]
        count[item.path] += 1
        last[item.path] = item
        around = [last[item.path[:end]] for end in range(len(item.path), 0, -1)]
        named = [f"{what} {number}" for what, number in map(_own_number, around) if number][:1]
        if item.path[-1:] == (_CONTOURS,):
            named.append(f"contour {count[item.path]}")
        yield item, f" ({', '.join(named)})" if named else ""


def _own_number(item: Item) -> tuple[str, str]:
    """What an item is of, and its number; empty where it says none."""
    for tag_of, what in _NAMES.items():
        if number := item.values.get(tag_of):
            return what, number.decode("latin-1")
    return "", ""


def _twice(subject: Subject, items: Sequence[Item]) -> Iterator[Violation]:
    """Numbers that name something and stand several times in their sequence."""
    for path in (*(path for paths in NUMBERS.values() for path in paths), *UNIQUE):
        numbers = Counter(values_at(items, path))
        repeated = [number for number, count in numbers.items() if number and count > 1]
        if repeated:
            message = f"has {', '.join(repeated[:_NAMED])} in several items"
            fix = "give each item a number of its own, and let what refers to it follow"
            yield subject.violation("repeated-number", "error", path, message, fix)


def _miscounted_items(item: Item) -> Iterator[tuple[int, str]]:
    """Counts that are not the number of items of their sequence: tag, and what is wrong."""
    for number in item.values.keys() & _ITEM_COUNTS.keys():
        said, sequences = _integer(item, number), _ITEM_COUNTS[number]
        count = sum(item.counts.get(each, 0) for each in sequences)
        if said is not None and said != count:
            here = next((each for each in sequences if each in item.counts), sequences[0])
            yield number, f"is {said}, and {element_name(here)} has {count} item(s)"


def _miscounted_values(item: Item) -> Iterator[tuple[int, str]]:
    """Counts that do not go with the number of values of their element."""
    for number in item.values.keys() & _VALUE_COUNTS.keys():
        values, each, more = _VALUE_COUNTS[number]
        said, count = _integer(item, number), item.counts.get(values)
        if said is not None and count is not None and count != said * each + more:
            wanted = str(said * each + more) if (each, more) != (1, 0) else "as many"
            yield number, f"is {said}, and {element_name(values)} has {count} values, not {wanted}"


def _points(subject: Subject, items: Sequence[Item]) -> Iterator[Violation]:
    """Contours with too few or too many points for their type."""
    wrong: Counter[Path] = Counter()
    for item in items:
        count = item.counts.get(_DATA, 0) // 3
        low, high = _POINTS.get(item.values.get(_TYPE, b""), (0, 0))
        if count and (count < low or (high and count > high)):
            wrong[(*item.path, _DATA)] += 1
    for path, count in wrong.items():
        message = f"has too few or too many points for its geometric type ({count} items)"
        fix = "remove the contour, or give it the type of what it is"
        yield subject.violation("contour-points", "warning", path, message, fix)


def _integer(item: Item, number: int) -> int | None:
    try:
        return int(item.values[number])
    except ValueError:
        return None
