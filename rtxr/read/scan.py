"""Read what an index needs of every DICOM file below a folder: headers only, never pixels.

A file is DICOM when its content says so, whatever its name. What cannot be read becomes a
Finding; one bad file never ends a scan.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, thread_time
from typing import TypeVar

from rtxr.catalog import Row
from rtxr.errors import Finding, NotDicomError, Severity
from rtxr.read.file_header import read_index_values
from rtxr.read.scan_row import (
    CONTOUR_IMAGES,
    STOP,
    WANTED,
    is_directory,
    is_object,
    make_row,
    names_no_image,
)

PathLike = str | os.PathLike[str]
T = TypeVar("T")

#: Files read by one thread before it is decided how to read the others of their round.
PROBE_FILES = 64
ROUND_FILES = 2048
#: Threads that wait for a slow disk or a network share side by side.
WAITING_THREADS = 16
#: Reading waits when it takes this many times as long as the processor is busy with it.
WAITING = 3
#: A scan of this many seconds shows its progress.
PROGRESS_DELAY = 2.0


def scan_headers(
    path: PathLike | Iterable[PathLike], *, progress: bool | None = None
) -> tuple[list[Row], list[Finding]]:
    """Read the headers of all DICOM files below a folder.

    Parameters
    ----------
    path : path or iterable of paths
        Folders, walked with all their sub-folders (symbolic links too, each folder once), or
        files.
    progress : bool, optional
        Show a progress bar: always, never, or (default) on scans longer than two seconds.

    Returns
    -------
    rows : list of tuple
        A row per DICOM file, in the order of :data:`rtxr.catalog.COLUMNS`.
    findings : list of Finding
        ``not-dicom``, ``unreadable-file``, ``unreadable-folder``, ``dicomdir-ignored``,
        ``damaged-header``, ``unreadable-value``, ``missing-uid``.

    Raises
    ------
    FileNotFoundError
        A path does not exist.
    """
    roots = [path] if isinstance(path, str | os.PathLike) else list(path)
    findings: list[Finding] = []
    files = list(dict.fromkeys(_listed(list_files(roots, findings), progress)))
    keep: dict[str, str] = {}
    rows = []
    with warnings.catch_warnings():  # what pydicom says about character sets
        warnings.simplefilter("ignore")
        results = _side_by_side(lambda file: _read(file, keep), files)
        for row, noticed in _bar(results, progress, "reading headers", len(files)):
            findings += noticed
            if row is not None:
                rows.append(row)
    return rows, findings


def digests(paths: Sequence[str]) -> list[str]:
    """Hash of the whole content of each file; empty where it cannot be read."""
    return list(_side_by_side(_digest, paths))


def list_files(roots: Iterable[PathLike], findings: list[Finding]) -> Iterator[str]:
    """Absolute paths of all regular files below some folders, in the order of their names."""
    seen: set[tuple[int, int]] = set()  # a link may lead back up
    for root in roots:
        top = os.path.abspath(os.fspath(root))
        if not os.path.exists(top):
            raise FileNotFoundError(f"there is no file or folder {top!r}")
        if not os.path.isdir(top):
            yield top
            continue
        folders = [top]
        while folders:
            inside: list[str] = []
            for entry in _entries(folders.pop(), seen, findings):
                if _is(entry.is_dir):
                    inside.append(entry.path)
                elif _is(entry.is_file):
                    yield entry.path
                else:
                    findings.append(_finding("unreadable-file", "no regular file", entry.path))
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
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        findings.append(_finding("unreadable-folder", error.strerror or str(error), folder))
        return []


def _is(question: Callable[[], bool]) -> bool:
    """Answer of a DirEntry; no where a link leads in a circle."""
    try:
        return question()
    except OSError:
        return False


def _read(path: str, keep: dict[str, str]) -> tuple[Row | None, list[Finding]]:
    """Row of one file, or none and the Finding that says why."""
    try:
        header = read_index_values(path, WANTED, STOP)
        if is_directory(header):
            message = "a DICOMDIR; the files it lists are found by their own content"
            return None, [_finding("dicomdir-ignored", message, path, "info")]
        if not is_object(header):
            raise NotDicomError("no SOP Class UID and SOP Instance UID where DICOM has them")
        if names_no_image(header):
            header.found.update(read_index_values(path, CONTOUR_IMAGES).found)
        return make_row(path, header, keep)
    except NotDicomError as error:
        return None, [_finding("not-dicom", f"not DICOM: {error}", path, "info")]
    except OSError as error:
        return None, [_finding("unreadable-file", error.strerror or str(error), path)]
    except Exception as error:  # one bad file never ends a scan
        message = f"the header cannot be read: {type(error).__name__}"
        return None, [_finding("unreadable-file", message, path)]


def _finding(code: str, message: str, path: str, severity: Severity = "warning") -> Finding:
    return Finding(code, severity, message, path=path)


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError:
        return ""


def _side_by_side(read: Callable[[str], T], paths: Sequence[str]) -> Iterator[T]:
    """Results in order; in threads only where reading waits.

    Parsing holds the interpreter, so that threads make a scan of cached files slower; on a slow
    disk or a share most of the time goes by waiting, which threads do side by side. A few files
    at the beginning of each round show which it is.
    """
    with ThreadPoolExecutor(WAITING_THREADS) as pool:
        for start in range(0, len(paths), ROUND_FILES):
            probe = start + PROBE_FILES
            wall, busy = perf_counter(), thread_time()
            results = [read(path) for path in paths[start:probe]]
            waits = perf_counter() - wall > WAITING * (thread_time() - busy)
            yield from results
            rest = paths[probe : start + ROUND_FILES]
            yield from pool.map(read, rest) if waits else map(read, rest)


def _listed(files: Iterator[str], progress: bool | None) -> Iterator[str]:
    return _bar(files, progress, "listing files")


def _bar(
    items: Iterator[T], progress: bool | None, text: str, total: int | None = None
) -> Iterator[T]:
    """Items behind a progress bar."""
    if progress is False:
        return items
    from tqdm.auto import tqdm  # noqa: PLC0415 (brings widgets along in a notebook)

    delay = 0.0 if progress else PROGRESS_DELAY
    bar: Iterator[T] = iter(
        tqdm(items, desc=text, total=total, unit=" files", delay=delay, leave=False)
    )
    return bar
