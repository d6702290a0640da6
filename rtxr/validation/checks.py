"""All checks of one object that look at a walk over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtxr.errors import Violation
from rtxr.validation import facts, numbers, plausible
from rtxr.validation.subject import Subject
from rtxr.validation.walk import Item

#: Everything a walk keeps.
WANTED = facts.WANTED | plausible.WANTED


def check(subject: Subject, items: Sequence[Item]) -> Iterator[Violation]:
    """What is wrong with numbers and terms of an object, from a walk that kept :data:`WANTED`."""
    yield from numbers.check(subject, items)
    yield from plausible.check(subject, items)
