"""Read what an index needs of every DICOM file below a folder: headers only, never pixels.

A file is DICOM when its content says so, whatever its name. What cannot be read becomes a
Finding; one bad file never ends a scan. What a cache of earlier scans knows is not read again.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial

from rtxr.catalog import Row
from rtxr.errors import Finding, NotDicomError, Severity
from rtxr.read.files import archive_members, file_on_disk, is_archive, open_file
from rtxr.read.progress import bar
from rtxr.read.scanning.cache import ScanCache
from rtxr.read.scanning.dicomdir import dicomdir_findings
from rtxr.read.scanning.file_header import NESTED_ARCHIVE, BrokenFileError, read_index_values
from rtxr.read.scanning.listing import PathLike, list_files
from rtxr.read.scanning.other_files import gathered
from rtxr.read.scanning.record import Reading
from rtxr.read.scanning.row import (
    CONTOUR_IMAGES,
    STOP,
    WANTED,
    is_directory,
    is_object,
    make_row,
    names_no_image,
)
from rtxr.read.side_by_side import side_by_side

_HEAD_BYTES = 132
_HASHED_BYTES = 1 << 20


def scan_headers(
    path: PathLike | Iterable[PathLike],
    *,
    cache: PathLike | None = None,
    progress: bool | None = None,
) -> tuple[list[Row], list[Finding]]:
    """Read the headers of all DICOM files below a folder.

    Parameters
    ----------
    path : path or iterable of paths
        Folders, walked with all their sub-folders (symbolic links too, each folder once), or
        files. Zip archives are read as the files they hold.
    cache : path, optional
        Of an SQLite file that remembers what files gave, see
        :class:`rtxr.read.scanning.cache.ScanCache`; made when it is missing. Only files whose path,
        size or time of change is new are read.
    progress : bool, optional
        Show a progress bar: always, never, or (default) on scans longer than two seconds.

    Returns
    -------
    rows : list of tuple
        A row per DICOM file, in the order of :data:`rtxr.catalog.COLUMNS`.
    findings : list of Finding
        ``not-dicom``, ``unreadable-file``, ``unreadable-folder``, ``dicomdir-ignored``,
        ``dicomdir-files-missing``, ``damaged-header``, ``unreadable-value``, ``missing-uid``,
        ``cache-rebuilt``, ``cache-not-used``.

    Raises
    ------
    FileNotFoundError
        A path does not exist.
    """
    roots = [path] if isinstance(path, str | os.PathLike) else list(path)
    findings: list[Finding] = []
    rows: list[Row] = []
    with nullcontext() if cache is None else ScanCache(cache) as known, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pydicom says about character sets
        files = dict.fromkeys(bar(list_files(roots, findings), progress, "listing files"))
        complete = not findings
        readings = _readings(files, known)
        for reading in bar(readings, progress, "reading headers", total=len(files)):
            rows += reading.rows
            findings += reading.findings
        if known and complete:  # a share that is out of reach for once is not forgotten
            known.keep_only(files, roots)
    return rows, gathered(findings) + (known.findings if known else [])


def digests(paths: Sequence[str], cache: PathLike | None = None) -> list[str]:
    """Hash of the whole content of each file; empty where it cannot be read.

    Parameters
    ----------
    paths : sequence of str
        Files, or members of archives.
    cache : path, optional
        As in :func:`scan_headers`.
    """
    if cache is None:
        return list(side_by_side(_digest, paths))
    with ScanCache(cache) as known:
        found = known.digests(paths, _digest)
    return [found[path] for path in paths]


def read_file(path: str, keep: dict[str, str]) -> Reading:
    """Rows and findings of one file on disk.

    Parameters
    ----------
    path : str
        Absolute path of a DICOM file, a zip archive of DICOM files, or anything else.
    keep : dict of str to str
        Strings seen before: those that repeat from file to file are held once.
    """
    try:
        return _read(path, keep)
    except NotDicomError as error:
        archive = _read_archive(path, keep)
        return archive or _not_dicom(path, error)


def _readings(files: Collection[str], known: ScanCache | None) -> Iterator[Reading]:
    """Readings of files in their order."""
    keep: dict[str, str] = {}
    read = partial(read_file, keep=keep)
    if known is None:
        return side_by_side(read, list(files))
    return known.readings(files, read, keep)


def _read(path: str, keep: dict[str, str]) -> Reading:
    """Reading of a file that is no archive; raises NotDicomError."""
    try:
        header = read_index_values(path, WANTED, STOP)
        if is_directory(header):  # what it lists may come and go, but not in an archive
            return Reading(
                findings=tuple(dicomdir_findings(path)), lasting=file_on_disk(path) != path
            )
        if not is_object(header):
            reason = "no SOP Class UID and SOP Instance UID where DICOM has them"
            raise (BrokenFileError if header.has_prefix else NotDicomError)(reason)
        if names_no_image(header):
            header.found.update(read_index_values(path, CONTOUR_IMAGES).found)
        row, findings = make_row(path, header, keep)
        return Reading((row,), tuple(findings))
    except NotDicomError:
        raise
    except OSError as error:
        return _noted("unreadable-file", error.strerror or str(error), path)
    except Exception as error:  # one bad file never ends a scan
        return _noted("unreadable-file", f"the header cannot be read: {type(error).__name__}", path)


def _read_archive(path: str, keep: dict[str, str]) -> Reading | None:
    """Readings of all members of an archive as one; none if it is no archive."""
    try:
        with open_file(path) as file:
            if not is_archive(file.read(_HEAD_BYTES)):
                return None
        members = archive_members(path)
    except OSError as error:
        return _noted("unreadable-file", error.strerror or str(error), path)
    readings = [_read_member(member, keep) for member in members]
    rows = tuple(row for reading in readings for row in reading.rows)
    findings = [finding for reading in readings for finding in reading.findings]
    inner = sum(NESTED_ARCHIVE in finding.message for finding in findings)
    if not rows and inner:
        message = f"no DICOM object but {inner} archive(s) within this archive; unpack it first"
        findings.insert(0, Finding("unreadable-file", "warning", message, path=path))
    elif not rows:  # documents of many programs are archives
        findings = [finding for finding in findings if finding.code != "not-dicom"]
        message = "not DICOM: a zip archive without a DICOM object"
        findings.insert(0, Finding("not-dicom", "info", message, path=path))
    return Reading(rows, tuple(findings), all(reading.lasting for reading in readings))


def _read_member(path: str, keep: dict[str, str]) -> Reading:
    try:
        return _read(path, keep)
    except NotDicomError as error:
        return _not_dicom(path, error)


def _not_dicom(path: str, error: NotDicomError) -> Reading:
    """Reading of what is no DICOM object; one that says it is one is broken, not something else."""
    if isinstance(error, BrokenFileError):
        return _noted("unreadable-file", f"a broken DICOM file: {error}", path)
    return _noted("not-dicom", f"not DICOM: {error}", path, "info")


def _noted(code: str, message: str, path: str, severity: Severity = "warning") -> Reading:
    """Reading of a file that gives no row; why it cannot be read may change without the file."""
    finding = Finding(code, severity, message, path=path)
    return Reading(findings=(finding,), lasting=severity == "info")


def _digest(path: str) -> str:
    digest = hashlib.blake2b()
    try:
        with open_file(path) as file:
            while data := file.read(_HASHED_BYTES):
                digest.update(data)
    except OSError:
        return ""
    return digest.hexdigest()
