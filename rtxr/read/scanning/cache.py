"""The cache of scans: what files gave when they were read last, in one SQLite file.

It holds what an index holds, names of patients among it, and has to be kept as the files are. It
may lie on a share, and several processes may use it at once. It is never trusted: whatever is
wrong with it, or with any record, files are read again instead.
"""

from __future__ import annotations

import gc
import os
import stat
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import metadata
from itertools import groupby, islice

from rtxr.catalog.table import COLUMNS
from rtxr.errors import Finding
from rtxr.read.files import file_on_disk
from rtxr.read.scanning.database import BESIDE, ScanDatabase
from rtxr.read.scanning.listing import PathLike
from rtxr.read.scanning.record import Batch, MisfitError, Reading, Stamp, pack, unpack
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
    "records": "CREATE TABLE records (kind INTEGER, path BLOB, content BLOB, crc INTEGER, "
    "PRIMARY KEY (kind, path))",
}
#: A file that changed this shortly before it was read may change once more without a new time.
GRAIN_NS = 2_000_000_000
#: Files that are asked for at once.
ASKED_FILES = 2048
#: Files of one folder in a record, more or less.
RECORD_FILES = 1024
#: New records are written after so many seconds, so that an interrupted scan keeps them.
WRITE_SECONDS = 2.0

_READING, _DIGEST = 0, 1
_RECORDS = "SELECT path, content, crc FROM records WHERE kind = ? AND path IN"
_BELOW = "SELECT path FROM records WHERE kind = ? AND path >= ? AND path < ? ORDER BY path LIMIT ?"
_ADD = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)"
_REMOVE = "DELETE FROM records WHERE kind = ? AND path = ?"


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
        self._asked: set[bytes] = set()
        self._batches: dict[bytes, Batch] = {}
        self._changed: set[bytes] = set()
        self._digests: dict[bytes, bytes] = {}
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

    def readings(
        self, files: Collection[str], read: Callable[[str], Reading], keep: dict[str, str]
    ) -> Iterator[Reading]:
        """Readings of files in their order; only those that are new or have changed are read.

        Parameters
        ----------
        files : collection of str
            Absolute paths. The cache itself is left out.
        read : callable
            Reads a file.
        keep : dict of str to str
            Strings seen before: those that repeat from file to file are held once.
        """
        own = self._owns(files)
        for keys in _some(file for file in files if file not in own):
            started = time.time_ns()
            stamps = dict(zip(keys, side_by_side(_stamp, list(keys)), strict=True))
            with _uncollected():
                batches = self._known(keys, stamps, keep)
            new = side_by_side(
                read, [file for file, key in keys.items() if file not in batches[key]]
            )
            for file, key in keys.items():
                known = batches[key].get(file)
                if known is not None:
                    yield known[1]
                    continue
                reading, stamp = next(new), stamps[file]
                if stamp is not None and reading.lasting and _is_old(stamp, started):
                    batches[key][file] = stamp, reading
                    self._changed.add(key)
                    self._write_at_times()
                yield reading
            self._write()

    def digests(self, paths: Iterable[str], digest: Callable[[str], str]) -> dict[str, str]:
        """Content hashes of files, or members of archives; only what is new is read.

        Parameters
        ----------
        paths : iterable of str
            Absolute paths.
        digest : callable
            Hash of a file; an empty one is not remembered.
        """
        found: dict[str, str] = {}
        left = iter(dict.fromkeys(paths))
        while some := list(islice(left, ASKED_FILES)):
            started = time.time_ns()
            stamps = dict(zip(some, side_by_side(_stamp, some), strict=True))
            for key, content in self._records(_DIGEST, map(os.fsencode, some)):
                path = os.fsdecode(key)
                when, _, known = content.decode("latin-1").rpartition(" ")
                if when == str(stamps[path]):
                    found[path] = known
            new = [path for path in some if path not in found]
            for path, made in zip(new, side_by_side(digest, new), strict=True):
                found[path] = made
                stamp = stamps[path]
                if stamp is not None and made and _is_old(stamp, started):
                    self._digests[os.fsencode(path)] = f"{stamp} {made}".encode("ascii")
                    self._write_at_times()
        return found

    def keep_only(self, files: Collection[str], roots: Iterable[PathLike]) -> None:
        """Forget what was below some folders and is not among their files any more."""
        for root in roots:
            for lost in self._lost(files, os.path.join(os.path.abspath(root), "")):
                self._db.change((_REMOVE, lost))

    def _lost(self, files: Collection[str], folder: str) -> Iterator[list[tuple[int, bytes]]]:
        """Records below a folder that none of the files has, some at a time."""
        start = os.fsencode(folder)
        end = start[:-1] + bytes([start[-1] + 1])
        for kind in (_READING, _DIGEST):
            after = start
            while asked := self._db.ask(_BELOW, (kind, after, end, ASKED_FILES)):
                after = asked[-1][0] + b"\0"
                lost = [(kind, path) for (path,) in asked if not self._is_held(kind, path, files)]
                if lost:
                    yield lost

    def _is_held(self, kind: int, path: bytes, files: Collection[str]) -> bool:
        """Whether files were asked for by this key, or a path is one of some or within one."""
        if kind == _READING:
            return path in self._asked
        file, inner = os.fsdecode(path), ""
        while file not in files and file != inner:
            file, inner = os.path.dirname(file), file
        return file in files

    def _owns(self, files: Iterable[str]) -> set[str]:
        """Those of some files that are the cache itself, or lie beside it while it is written.

        They are not to be opened: closing one again would end SQLite's locks on it.
        """
        ends = tuple(os.path.basename(self._db.path) + end for end in ("", *BESIDE))
        folder = os.path.realpath(os.path.dirname(self._db.path))
        ours = {os.path.join(folder, end) for end in ends}
        return {file for file in files if file.endswith(ends) and _in_real_folder(file) in ours}

    # --- records --------------------------------------------------------------------------------
    def _known(
        self, keys: Mapping[str, bytes], stamps: Mapping[str, Stamp | None], keep: dict[str, str]
    ) -> dict[bytes, Batch]:
        """What is known of unchanged files, asked for or not, by the keys of their records."""
        self._batches = {key: {} for key in keys.values()}
        self._asked |= self._batches.keys()
        for key, content in self._records(_READING, self._batches):
            with suppress(MisfitError):
                batch = unpack(_folder(os.fsdecode(key)), content, keep)
                self._batches[key] = sound = {
                    file: known
                    for file, known in batch.items()
                    if known[0] == (stamps[file] if file in stamps else _stamp(file))
                }
                if len(sound) < len(batch):
                    self._changed.add(key)
        return self._batches

    def _records(self, kind: int, keys: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Keys and contents of sound records."""
        for key, content, crc in self._db.ask_each(_RECORDS, list(keys), kind):
            if isinstance(content, bytes) and crc == _crc(kind, key, content):
                yield key, content

    def _write_at_times(self) -> None:
        if time.monotonic() - self._written > WRITE_SECONDS:
            self._write()

    def _write(self) -> None:
        batches = {
            key: pack(_folder(os.fsdecode(key)), self._batches[key]) for key in self._changed
        }
        new = [
            (kind, key, content, _crc(kind, key, content))
            for kind, records in ((_READING, batches), (_DIGEST, self._digests))
            for key, content in records.items()
        ]
        if new:
            self._db.change((_ADD, new))
        self._changed, self._digests = set(), {}
        self._written = time.monotonic()


def _some(files: Iterable[str]) -> Iterator[dict[str, bytes]]:
    """Some files at a time, in their order, with the keys of the records that they belong to."""
    some: dict[str, bytes] = {}
    for key, together in _together(files):
        some |= dict.fromkeys(together, key)
        if len(some) >= ASKED_FILES:
            yield some
            some = {}
    if some:
        yield some


def _together(files: Iterable[str]) -> Iterator[tuple[bytes, list[str]]]:
    """Neighbouring files of one folder and the key of their record.

    A record is that of a folder. Those of many files end after names that a checksum chooses, so
    that files that come or go move none from record to record; archives may hold many files and
    have records of their own.
    """
    for folder, inside in groupby(files, _folder):
        together = []
        for file in inside:
            together.append(file)
            path = os.fsencode(file)
            if zlib.crc32(path) % RECORD_FILES == 0 or path.endswith((b".zip", b".ZIP")):
                yield path, together
                together = []
        if together:
            yield os.fsencode(folder), together


def _folder(path: str) -> str:
    """What a path has before its name."""
    return path[: path.rindex(os.sep) + 1]


@contextmanager
def _uncollected() -> Iterator[None]:
    """No collection of garbage where there is none but many new objects, which slow it down."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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


def _is_old(stamp: Stamp, now: int) -> bool:
    return stamp[1] < now - GRAIN_NS


def _crc(kind: int, key: bytes, content: bytes) -> int:
    """Checksum of a record of this version."""
    return zlib.crc32(content, zlib.crc32(b"%d %b" % (kind, key), VERSION))


def _in_real_folder(file: str) -> str:
    folder, name = os.path.split(file)
    return os.path.join(os.path.realpath(folder), name)
