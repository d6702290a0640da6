"""Rules: where the value of an attribute comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydicom.dataset import Dataset

RuleKind = Literal[
    "copy", "computed", "given", "new uid", "same as", "constant", "default", "derived", "copied"
]


@dataclass(frozen=True)
class Rule:
    """Where the value of an attribute comes from.

    Parameters
    ----------
    kind : str
        ``copy``: as in the source, else by type (2: empty, 1: a violation). ``computed``: from the
        arrays. ``given``: by the caller. The others fill in what is missing: ``new uid``,
        ``same as`` another attribute, ``constant``, ``default`` (like a constant, but only for
        objects made from scratch: guessing it for a source would be inventing), ``derived`` from
        other attributes. ``copied``: of an object made of several others, from the first of those
        named that has it.
    value : object, optional
        The keyword or the constant.
    function : callable, optional
        For ``derived``: Dataset to value, or None where nothing can be derived. For ``computed``,
        of an object made of several others: these by name, to value.
    sources : tuple of str, optional
        For ``copied``: names of the others.
    """

    kind: RuleKind
    value: object = None
    function: Callable[[Any], Any] | None = field(default=None, compare=False)
    sources: tuple[str, ...] = ()


COPY, COMPUTED, GIVEN = Rule("copy"), Rule("computed"), Rule("given")
NEW_UID = Rule("new uid")


def same_as(keyword: str) -> Rule:
    """The value of another attribute of the same data set."""
    return Rule("same as", keyword)


def copied(*sources: str, keyword: str = "") -> Rule:
    """The element of the first of several other objects that has a value, under this keyword."""
    return Rule("copied", keyword, sources=sources)


def computed(function: Callable[[Mapping[str, Dataset]], Any]) -> Rule:
    """A value that follows from several other objects, which the function takes by name."""
    return Rule("computed", function=function)


def given(how: str) -> Rule:
    """A fact that the caller owes, and how to give it."""
    return Rule("given", how)


def constant(value: object) -> Rule:
    """The only value the IOD allows."""
    return Rule("constant", value)


def default(value: object) -> Rule:
    """A sensible value for an object made from scratch."""
    return Rule("default", value)


def derived(function: Callable[[Dataset], Any]) -> Rule:
    """A value that follows from other attributes of the same data set."""
    return Rule("derived", function=function)
