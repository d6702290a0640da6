"""DICOMDIR: which files the list on a medium names (PS3.10 chapter 8, PS3.3 annex F).

A scan finds files by what they hold, so the list adds none; it tells which ones are lacking.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from pydicom.uid import MediaStorageDirectoryStorage

from rtxr.errors import Finding, NotDicomError
from rtxr.read.files import archive_members, file_on_disk, inside, open_file
from rtxr.read.scanning.file_header import read_index_values
from rtxr.read.scanning.header_walk import Wanted

_CLASS = {0x00020002: Wanted("MediaStorageSOPClassUID")}
_FILES = {
    0x00041220: Wanted("DirectoryRecordSequence", {0x00041500: Wanted("ReferencedFileID")}),
}
_UID, _HEAD_BYTES = MediaStorageDirectoryStorage.encode(), 1024
#: File names that a message shows.
_SHOWN = 3

#: Names in a folder as they are spelt, by their lower case; empty where there is no such folder.
_Names = Callable[[str], Mapping[str, str]]


def is_dicomdir(path: str) -> bool:
    """Whether a file is a DICOMDIR by its content."""
    try:
        with open_file(path) as file:
            if _UID not in file.read(_HEAD_BYTES):  # most files are none, and asked in thousands
                return False
        found = read_index_values(path, _CLASS).found
    except (NotDicomError, OSError):
        return False
    return found.uid("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage


def listed_files(path: str) -> tuple[list[str], list[str]]:
    """Files that a DICOMDIR lists, on disk or in the archive in which it lies itself.

    Media are written in capitals and often copied in small letters, so that case does not count
    where a name exists in one spelling only. Nothing outside the folder of the DICOMDIR is looked
    for.

    Parameters
    ----------
    path : str
        Absolute path of the DICOMDIR.

    Returns
    -------
    existing : list of str
        Absolute paths of the files that exist, as they are spelt there, each once.
    missing : list of str
        Paths of the others, relative to the folder of the DICOMDIR.

    Raises
    ------
    NotDicomError
        The list cannot be followed.
    OSError
        The file cannot be read.
    """
    header = read_index_values(path, _FILES)
    records = header.found.items_of("DirectoryRecordSequence")
    if header.damage and not records:
        raise NotDicomError(header.damage)
    ids = (record.raw("ReferencedFileID").data.strip(b" \0") for record in records)
    names = dict.fromkeys(inside(os.fsdecode(each)) for each in ids if each)
    folder, archive = os.path.dirname(path), file_on_disk(path)
    if archive == path:
        separator, names_in = os.sep, _on_disk()
    else:
        separator, names_in = "/", _in_archive(archive_members(archive))
    found = {name: _spelt(folder, name, names_in, separator) for name in names}
    existing = dict.fromkeys(each for each in found.values() if each)
    return list(existing), [name for name, each in found.items() if not each]


def dicomdir_findings(path: str) -> list[Finding]:
    """What a scan says about a DICOMDIR that it meets."""
    try:
        existing, missing = listed_files(path)
    except (NotDicomError, OSError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        message = f"a DICOMDIR whose list cannot be followed: {reason}; {_BY_CONTENT}"
        return [Finding("dicomdir-ignored", "warning", message, path=path)]
    message = f"a DICOMDIR that lists {len(existing) + len(missing)} file(s); {_BY_CONTENT}"
    findings = [Finding("dicomdir-ignored", "info", message, path=path)]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        message = (
            f"a DICOMDIR lists {len(missing)} file(s) that are not where it says: "
            f"{', '.join(missing[:_SHOWN])}{more}"
        )
        findings.append(Finding("dicomdir-files-missing", "warning", message, path=path))
    return findings


_BY_CONTENT = "files are found by their own content"


def _spelt(folder: str, name: str, names_in: _Names, separator: str) -> str:
    """Path of a file as it is spelt where it lies; empty where there is none."""
    place = folder
    for part in name.split("/"):
        names = names_in(place)
        spelt = names.get(part) or names.get(part.lower())
        if spelt is None:
            return ""
        place = f"{place.rstrip(separator)}{separator}{spelt}"
    return place


def _on_disk() -> _Names:
    """Names in folders on disk, each folder listed once: a share is slow in asking for files."""
    known: dict[str, Mapping[str, str]] = {}

    def names_in(folder: str) -> Mapping[str, str]:
        if folder not in known:
            try:
                known[folder] = _by_case(os.listdir(folder))
            except OSError:
                known[folder] = {}
        return known[folder]

    return names_in


def _in_archive(members: Iterable[str]) -> _Names:
    """Names in the folders of an archive."""
    folders: dict[str, dict[str, None]] = {}
    for member in members:
        folder, name = os.path.split(member)
        while name and name not in folders.setdefault(folder, {}):
            folders[folder][name] = None
            folder, name = os.path.split(folder)
    known = {folder: _by_case(names) for folder, names in folders.items()}
    return lambda folder: known.get(folder, {})


def _by_case(names: Iterable[str]) -> Mapping[str, str]:
    """Names by themselves and, where only one is spelt so, by their lower case."""
    exact = {name: name for name in names}
    return {name.lower(): name for name in exact} | exact
