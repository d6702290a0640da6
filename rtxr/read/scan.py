"""Read what an index needs of every DICOM file below a folder: headers only, never pixels.

A file is DICOM when its content says so, whatever its name. What cannot be read becomes a
Finding; one bad file never ends a scan.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rtxr.catalog import Row
from rtxr.errors import Finding, NotDicomError, Severity
from rtxr.read.file_header import read_index_values
from rtxr.read.listing import PathLike, list_files
from rtxr.read.scan_row import (
    CONTOUR_IMAGES,
    STOP,
    WANTED,
    is_directory,
    is_object,
    make_row,
    names_no_image,
)
from rtxr.read.side_by_side import side_by_side

T = TypeVar("T")

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
        results = side_by_side(lambda file: _read(file, keep), files)
        for row, noticed in _bar(results, progress, "reading headers", len(files)):
            findings += noticed
            if row is not None:
                rows.append(row)
    return rows, findings


def digests(paths: Sequence[str]) -> list[str]:
    """Hash of the whole content of each file; empty where it cannot be read."""
    return list(side_by_side(_digest, paths))


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
