"""The cache of scans: what files gave when they were read last, in one SQLite file.

It holds what an index holds, names of patients among it, and has to be kept as the files are. It
may lie on a share, and several processes may use it at once. It is never trusted: whatever is
wrong with it, or with any record, files are read again instead.
"""

from __future__ import annotations

import os
import stat
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from importlib import metadata
from typing import Any

from rtxr.catalog.table import COLUMNS
from rtxr.errors import Finding
from rtxr.read.files import file_on_disk
from rtxr.read.listing import PathLike
from rtxr.read.scan_database import BESIDE, ScanDatabase
from rtxr.read.scan_record import MisfitError, Part, Reading, pack, unpack, unpack_parts
from rtxr.read.side_by_side import side_by_side

#: To be raised when the reader gives another row for the same file.
READER = 1
#: Marks a file as a cache of scans.
APPLICATION = int.from_bytes(b"rtxr")


def _version() -> int:
    """Number of this reader and its columns."""
    try:
        release = metadata.version("rtxr")
    except metadata.PackageNotFoundError:  # run from where its source lies
        release = ""
    facts = (release, READER, [*COLUMNS.items()])
    return int.from_bytes(blake2b(repr(facts).encode(), digest_size=3).digest())


VERSION = _version()
TABLES = {
    "records": "CREATE TABLE records (kind INTEGER, path BLOB, size INTEGER, mtime_ns INTEGER, "
    "shared INTEGER, own BLOB, crc INTEGER, PRIMARY KEY (kind, path)) WITHOUT ROWID",
    "shared": "CREATE TABLE shared (key INTEGER PRIMARY KEY, parts BLOB)",
}
#: A file that changed this shortly before it was read may change once more without a new time.
GRAIN_NS = 2_000_000_000
#: New records are written after so many files or seconds, so that an interrupted scan keeps them.
WRITE_FILES = 1000
WRITE_SECONDS = 2.0

_READING, _DIGEST = 0, 1
_RECORDS = "SELECT path, size, mtime_ns, shared, own, crc FROM records WHERE kind = ? AND path IN"
_PARTS = "SELECT key, parts FROM shared WHERE key IN"
_BELOW = "SELECT path FROM records WHERE kind = ? AND path > ? AND path < ? ORDER BY path LIMIT ?"
_ADD_RECORD = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
_ADD_PARTS = "INSERT OR REPLACE INTO shared VALUES (?, ?)"
_REMOVE = "DELETE FROM records WHERE kind = ? AND path = ?"
_REMOVE_UNUSED = "DELETE FROM shared WHERE key NOT IN (SELECT shared FROM records)"


#: What tells a changed file from an unchanged one: its size and time.
Stamp = tuple[int, int]


class ScanCache:
    """Readings of files, remembered by path, size and time of change; a context manager.

    Parameters
    ----------
    path : path
        Of the SQLite file, which is made when it is missing. A file that is damaged or no cache
        of scans is renamed and replaced. It holds what the headers say about patients.
    """

    def __init__(self, path: PathLike) -> None:
        self._db = ScanDatabase(os.path.abspath(os.fspath(path)), TABLES, APPLICATION, VERSION)
        self._stamps: dict[str, Stamp] = {}
        self._new: list[tuple[Any, ...]] = []
        self._new_parts: dict[tuple[Part, ...], bytes] = {}
        self._written = time.monotonic()

    def __enter__(self) -> ScanCache:
        self._db.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._write()
        self._db.close()

    @property
    def findings(self) -> list[Finding]:
        """What was wrong with the cache: ``cache-rebuilt``, ``cache-not-used``."""
        return self._db.findings

    # --- what is known --------------------------------------------------------------------------
    def readings(self, files: Sequence[str], keep: dict[str, str]) -> dict[str, Reading]:
        """Readings of those files that have not changed since.

        Parameters
        ----------
        files : sequence of str
            Absolute paths, a few thousand at most.
        keep : dict of str to str
            Strings seen before: those that repeat from file to file are held once.
        """
        records = self._records(_READING, files)
        parts = self._parts({shared for shared, _ in records.values()}, keep)
        found = {}
        for file, (shared, own) in records.items():
            with suppress(KeyError, MisfitError):
                found[file] = unpack(file, own, parts[shared], keep)
        return found

    def digests(self, files: Sequence[str]) -> dict[str, str]:
        """Content hashes of those files, or members of archives, that have not changed since."""
        records = self._records(_DIGEST, files)
        return {file: own.decode("latin-1") for file, (_, own) in records.items()}

    def owns(self, files: Iterable[str]) -> set[str]:
        """Those of some files that are the cache itself, or lie beside it while it is written.

        They are not to be opened: closing one again would end SQLite's locks on it.
        """
        ends = tuple(os.path.basename(self._db.path) + end for end in ("", *BESIDE))
        folder = os.path.realpath(os.path.dirname(self._db.path))
        ours = {os.path.join(folder, end) for end in ends}
        return {file for file in files if file.endswith(ends) and _in_real_folder(file) in ours}

    # --- what is new ----------------------------------------------------------------------------
    def remember(self, file: str, reading: Reading) -> None:
        """Store the reading of a file that :meth:`readings` was asked for and did not know."""
        stamp = self._stamps.pop(file, None)
        if stamp is None or not reading.lasting:
            return
        try:
            shared, own = pack(file, reading, self._new_parts)
        except MisfitError:
            return
        self._add(_READING, file, stamp, _key(shared), own)

    def remember_digest(self, file: str, digest: str) -> None:
        """Store the content hash of a file that :meth:`digests` was asked for and did not know."""
        stamp = self._stamps.pop(file, None)
        if stamp is not None and digest:
            self._add(_DIGEST, file, stamp, 0, digest.encode("ascii"))

    def keep_only(self, files: Collection[str], roots: Iterable[PathLike]) -> None:
        """Forget what was below some folders and is not among their files any more."""
        self._write()
        forgot = False
        for root in roots:
            for lost in self._lost(files, os.path.join(os.path.abspath(root), "")):
                self._db.change((_REMOVE, lost))
                forgot = True
        if forgot:
            self._db.change((_REMOVE_UNUSED, [()]))

    def _lost(self, files: Collection[str], folder: str) -> Iterator[list[tuple[int, bytes]]]:
        """Records below a folder that none of the files has, some at a time."""
        start = os.fsencode(folder)
        end = start[:-1] + bytes([start[-1] + 1])
        for kind in (_READING, _DIGEST):
            after = start
            while asked := self._db.ask(_BELOW, (kind, after, end, WRITE_FILES)):
                after = asked[-1][0]
                lost = [(kind, path) for (path,) in asked if not _is_held(path, files)]
                if lost:
                    yield lost

    # --- records --------------------------------------------------------------------------------
    def _records(self, kind: int, files: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Sound records of files that have not changed: key of the shared parts, own content."""
        now = time.time_ns()
        stamps = dict(zip(files, side_by_side(_stamp, files), strict=True))
        names = {os.fsencode(file): file for file in files}
        found = {}
        for path, size, mtime_ns, shared, own, crc in self._db.ask_each(
            _RECORDS, list(names), kind
        ):
            file, stamp = names[path], (size, mtime_ns)
            sound = isinstance(own, bytes) and crc == _crc(kind, path, stamp, shared, own)
            if sound and stamps[file] == stamp:
                found[file] = (shared, own)
        self._stamps = {
            file: stamp
            for file, stamp in stamps.items()
            if stamp is not None and stamp[1] < now - GRAIN_NS
        }
        return found

    def _parts(self, keys: set[int], keep: dict[str, str]) -> dict[int, list[Part]]:
        found = {}
        for key, parts in self._db.ask_each(_PARTS, list(keys)):
            if isinstance(parts, bytes) and key == _key(parts):
                with suppress(MisfitError):
                    found[key] = unpack_parts(parts, keep)
        return found

    def _add(self, kind: int, file: str, stamp: Stamp, shared: int, own: bytes) -> None:
        path = os.fsencode(file)
        crc = _crc(kind, path, stamp, shared, own)
        self._new.append((kind, path, *stamp, shared, own, crc))
        late = time.monotonic() - self._written > WRITE_SECONDS
        if late or len(self._new) >= WRITE_FILES:
            self._write()

    def _write(self) -> None:
        if self._new:
            parts = [(_key(shared), shared) for shared in self._new_parts.values()]
            self._db.change((_ADD_PARTS, parts), (_ADD_RECORD, self._new))
        self._new, self._new_parts = [], {}
        self._written = time.monotonic()


def _stamp(file: str) -> Stamp | None:
    """Size and time of a regular file, or of the archive that holds a member."""
    try:
        status = os.stat(file)
    except OSError:
        try:
            status = os.stat(file_on_disk(file))
        except OSError:
            return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _crc(kind: int, path: bytes, stamp: Stamp, shared: int, own: bytes) -> int:
    """Checksum of a record of this version."""
    text = f"{kind} {stamp} {shared}".encode()
    return zlib.crc32(own, zlib.crc32(path + text, VERSION))


def _key(shared: bytes) -> int:
    """Key of shared parts, by their content."""
    digest = blake2b(shared, digest_size=8, key=VERSION.to_bytes(3)).digest()
    return int.from_bytes(digest, signed=True)


def _is_held(path: bytes, files: Collection[str]) -> bool:
    """Whether a path is one of some files or a member of one."""
    file, inner = os.fsdecode(path), ""
    while file not in files and file != inner:
        file, inner = os.path.dirname(file), file
    return file in files


def _in_real_folder(file: str) -> str:
    folder, name = os.path.split(file)
    return os.path.join(os.path.realpath(folder), name)
