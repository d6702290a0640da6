"""Elements of the Standard: their tags, and how messages name them."""

from __future__ import annotations

from functools import cache

from pydicom.tag import BaseTag, Tag


@cache  # the dictionary's own way is slow, and a case asks many thousand times
def tag_of(keyword: str | BaseTag) -> BaseTag:
    """Tag of a keyword of the Standard; a tag itself.

    Raises
    ------
    ValueError
        The Standard has no such keyword.
    """
    return Tag(keyword)


def shown(tag: int) -> str:
    """A tag as ``(gggg,eeee)``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def describe(keyword: str) -> str:
    """An element as ``(gggg,eeee) Keyword``."""
    return f"{shown(tag_of(keyword))} {keyword}"
