"""An SQLite file that may be missing, damaged, foreign, locked or out of reach at any time.

Nothing here raises for such a reason: what cannot be asked has no answer, what cannot be written
is not, and a Finding says why.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from rtxr.errors import Finding

#: Seconds to wait for another process that holds the file.
PATIENCE = 10.0
#: Files that SQLite keeps beside a database.
BESIDE = ("-journal", "-wal", "-shm")
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_MOST_VALUES = 500
#: Bytes of the smallest database that there can be.
_SMALLEST = 512

#: A statement and the values of each time it is to be run.
Change = tuple[str, Sequence[Sequence[Any]]]


class ForeignError(sqlite3.DatabaseError):
    """The file is a database of another program."""


class ScanDatabase:
    """Tables in an SQLite file that is shared with other processes.

    Parameters
    ----------
    path : str
        Absolute path of the file; made when it is missing.
    tables : mapping of str to str
        Names > what creates them.
    application, version : int
        What marks the file as ours (SQLite's application_id and user_version). One of another
        version is emptied, one of another application renamed and replaced.

    Attributes
    ----------
    findings : list of Finding
        ``cache-rebuilt``, ``cache-not-used``.
    """

    def __init__(
        self, path: str, tables: Mapping[str, str], application: int, version: int
    ) -> None:
        self.path = path
        self.tables = tables
        self.marks = (application, version)
        self.findings: list[Finding] = []
        self._db: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._writable = True
        self._replaced = False

    def open(self) -> None:
        """Open the file, which is made, emptied or replaced where that is needed."""
        if os.path.lexists(self.path) and not os.path.isfile(self.path):
            self._note_unused("not used", "it is no regular file")
            return
        self._opened = _identity(self.path)
        try:
            if 0 < _size(self.path) < _SMALLEST:  # SQLite would take it for an empty one
                raise ForeignError("it is no database")
            self._db = _connect(self.path)
            self._prepare(self._db)
        except sqlite3.Error as error:
            self._failed(error)
        self._opened = _identity(self.path) if self._db else None

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows that a statement gives; none when the file cannot be read."""
        if self._db is None:
            return []
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._failed(error)
            return []

    def ask_each(
        self, statement: str, values: Sequence[Any], *first: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Rows for some values, which the statement is to be compared with by its final IN."""
        for start in range(0, len(values), _MOST_VALUES):
            some = values[start : start + _MOST_VALUES]
            yield from self.ask(f"{statement} ({','.join('?' * len(some))})", (*first, *some))

    def change(self, *changes: Change) -> None:
        """Make some changes together, or none of them."""
        if self._db is None or not self._writable:
            return
        try:
            with _transaction(self._db):
                for statement, values in changes:
                    self._db.executemany(statement, values)
        except sqlite3.Error as error:
            self._failed(error, writing=True)

    def _prepare(self, db: sqlite3.Connection) -> None:
        """See to it that the file has our tables."""
        if self._is_ours(db):
            return
        with _transaction(db):
            if self._is_ours(db):  # by now
                return
            kept = db.execute("SELECT type, name FROM sqlite_master WHERE sql NOT NULL").fetchall()
            application, version = _marks(db)
            if kept and (application != self.marks[0] or version == self.marks[1]):
                raise ForeignError("it is a database of another program")
            for kind, name in kept:
                if kind in {b"table", b"view"}:
                    quoted = name.decode().replace('"', '""')
                    db.execute(f'DROP {kind.decode()} "{quoted}"')
            for statement in self.tables.values():
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {self.marks[0]}")
            db.execute(f"PRAGMA user_version = {self.marks[1]}")

    def _is_ours(self, db: sqlite3.Connection) -> bool:
        kept = db.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
        found = {name.decode(): sql.decode() for name, sql in kept}
        return _marks(db) == self.marks and found == self.tables

    # --- when something is wrong ----------------------------------------------------------------
    def _failed(self, error: sqlite3.Error, writing: bool = False) -> None:
        """Go on with a new file, without writing, or without one."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, ForeignError) or code in _DAMAGE:
            self.close()
            self._replace(str(error))
        elif writing:
            self._writable = False
            self._note_unused("not written any more", str(error))
        else:
            self.close()
            self._note_unused("not used", str(error))

    def _replace(self, why: str) -> None:
        """Begin a new file, unless another process has done so; the old one is kept aside."""
        if self._replaced:
            self._note_unused("not used", why)
            return
        self._replaced = True
        if _identity(self.path) == self._opened:
            try:
                aside = _put_aside(self.path)
            except OSError as error:
                self._note_unused("not used", f"{why}, and cannot be renamed: {error.strerror}")
                return
            message = f"begun anew ({why}); the old file is now {os.path.basename(aside)!r}"
            self._note("cache-rebuilt", message)
        self.open()

    def _note_unused(self, what: str, why: str) -> None:
        self._note("cache-not-used", f"the cache of the scan is {what}: {why}")

    def _note(self, code: str, message: str) -> None:
        self.findings.append(Finding(code, "warning", message, path=self.path))


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    db.text_factory = bytes  # damaged text would not decode
    db.execute("PRAGMA trusted_schema = OFF")
    return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Changes that are made together; others may read, but not write, meanwhile."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")


def _marks(db: sqlite3.Connection) -> tuple[int, int]:
    names: Iterable[str] = ("application_id", "user_version")
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return application, version


def _identity(path: str) -> tuple[int, int] | None:
    """What tells a file from a later one of the same name."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0


def _put_aside(path: str) -> str:
    """Rename a file, and first what belongs to it, which would be taken for that of the next."""
    number = 1
    while os.path.lexists(aside := f"{path}.old-{number}"):
        number += 1
    for end in BESIDE:
        with suppress(FileNotFoundError):
            os.rename(path + end, aside + end)
    os.rename(path, aside)
    return aside
