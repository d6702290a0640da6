"""One step of reading and the elements it asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """One step of reading, with the elements it asks for.

    Parameters
    ----------
    name : str
        What it reads for.
    files : tuple of str
        Its files in ``rtxr/read``.
    keywords : frozenset of str
        Of elements, and of the sequences around them.
    """

    name: str
    files: tuple[str, ...]
    keywords: frozenset[str]

    def reads(self, path: str) -> bool:
        """Whether it reads the element at a path (keywords joined by dots)."""
        return self.keywords.issuperset(path.split("."))


def reader(name: str, files: str, keywords: str) -> Reader:
    """A reader with its files and keywords separated by blanks."""
    return Reader(name, tuple(files.split()), frozenset(keywords.split()))
