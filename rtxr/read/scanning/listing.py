"""The files below some folders, each folder once, in the order of their names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from rtxr.errors import Finding
from rtxr.read.scanning.dicomdir import is_dicomdir, listed_files

PathLike = str | os.PathLike[str]


def list_files(roots: Iterable[PathLike], findings: list[Finding]) -> Iterator[str]:
    """Absolute paths of all regular files below some folders, in the order of their names.

    Parameters
    ----------
    roots : iterable of paths
        Folders, files, or DICOMDIR files, which stand for themselves and the files they list.
    findings : list of Finding
        Takes ``unreadable-folder`` and ``unreadable-file``.

    Raises
    ------
    FileNotFoundError
        A root does not exist.
    """
    seen: set[tuple[int, int]] = set()  # a link may lead back up
    for root in roots:
        top = os.path.abspath(os.fspath(root))
        if not os.path.exists(top):
            raise FileNotFoundError(f"there is no file or folder {top!r}")
        yield from _below(top, seen, findings) if os.path.isdir(top) else _named(top, findings)


def _named(path: str, findings: list[Finding]) -> Iterator[str]:
    """A file that was named, and those that it lists if it is a DICOMDIR."""
    if not os.path.isfile(path):  # reading a pipe would wait for ever
        findings.append(Finding("unreadable-file", "warning", "no regular file", path=path))
        return
    yield path
    if is_dicomdir(path):
        try:
            yield from listed_files(path)[0]
        except (OSError, ValueError):  # reading the file itself will tell
            return


def _below(top: str, seen: set[tuple[int, int]], findings: list[Finding]) -> Iterator[str]:
    """Regular files below a folder."""
    folders = [top]
    while folders:
        inside: list[str] = []
        for entry in _entries(folders.pop(), seen, findings):
            if _is(entry.is_file):
                yield entry.path
            elif _is(entry.is_dir):
                inside.append(entry.path)
            else:
                findings.append(
                    Finding("unreadable-file", "warning", "no regular file", path=entry.path)
                )
        folders += reversed(inside)


def _entries(
    folder: str, seen: set[tuple[int, int]], findings: list[Finding]
) -> list[os.DirEntry[str]]:
    """Entries of a folder by name; none if it was seen before or cannot be read."""
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return []
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            return sorted(entries, key=attrgetter("name"))
    except OSError as error:
        findings.append(
            Finding("unreadable-folder", "warning", error.strerror or str(error), path=folder)
        )
        return []


def _is(question: Callable[[], bool]) -> bool:
    """Answer of the file system; no where a link leads in a circle."""
    try:
        return question()
    except OSError:
        return False
