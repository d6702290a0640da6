"""Whatever is wrong with the file of a cache, the scan goes on and gives the right rows."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from read.cached_scans import about_cache, scanned
from rtxr.read.scanning import database as scan_database
from rtxr.read.scanning.cache import ScanCache


# --- a cache that is no good ------------------------------------------------------------------
def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE treasure (x)")


def damaged_pages(path: Path) -> None:
    data = path.read_bytes()
    page = 4096
    path.write_bytes(data[:page] + b"\x5a" * (len(data) - page))


def other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE records ADD COLUMN more")


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b"no database at all" * 100),
        lambda path: path.write_bytes(b"x"),
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        damaged_pages,
        other_tables,
        lambda path: (path.unlink(), foreign(path)),
    ],
)
def test_a_damaged_or_foreign_file_is_put_aside_and_replaced(
    folder: Path, cache: Path, read: list[str], harm: Any
) -> None:
    expected = scanned(folder)
    scanned(folder, cache)
    harm(cache)
    content = cache.read_bytes()
    rows, findings = scanned(folder, cache)
    assert rows == expected[0]
    assert about_cache(findings) == ["cache-rebuilt"]
    aside = cache.with_name("scan.cache.old-1")
    assert repr(aside.name) in findings[-1].message
    assert aside.read_bytes() == content
    scanned(folder, cache)
    read.clear()
    assert scanned(folder, cache) == expected
    assert read == []


def test_damage_that_shows_while_writing(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = scanned(folder)
    real = scan_database._transaction
    failed: list[bool] = []

    def failing(db: Any) -> Any:
        if failed or cache.stat().st_size == 0:
            return real(db)
        failed.append(True)
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    scanned(folder / "rt", cache)
    monkeypatch.setattr(scan_database, "_transaction", failing)
    rows, findings = scanned(folder, cache)
    assert rows == expected[0]
    assert about_cache(findings) == ["cache-rebuilt"]
    assert scanned(folder, cache) == expected


def test_the_new_file_of_another_process_is_not_put_aside(
    folder: Path, cache: Path, read: list[str]
) -> None:
    cache.write_bytes(b"no database at all" * 100)
    database = ScanCache(cache)._db
    database._opened = scan_database._identity(str(cache))
    cache.rename(cache.with_name("aside"))
    scanned(folder, cache)
    database._replace("it was damaged")
    database.close()
    assert database.findings == []
    read.clear()
    scanned(folder, cache)
    assert read == []


# --- a cache that cannot be used --------------------------------------------------------------
def test_a_place_where_no_file_can_be(folder: Path, tmp_path: Path) -> None:
    expected = scanned(folder)
    (tmp_path / "full").mkdir()
    for cache, reason in (
        (tmp_path / "full", "no regular file"),
        (tmp_path / "absent" / "cache", "unable to open"),
        (folder / "notes.txt" / "cache", "unable to open"),
    ):
        rows, findings = scanned(folder, cache)
        assert rows == expected[0]
        assert about_cache(findings) == ["cache-not-used"]
        assert reason in findings[-1].message
        assert findings[-1].path == str(cache)


def test_a_file_that_cannot_be_renamed(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_bytes(b"no database at all" * 100)

    def rename(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", rename)
    rows, findings = scanned(folder, cache)
    assert len(rows) == 10
    assert about_cache(findings) == ["cache-not-used"]
    assert "Permission denied" in findings[-1].message


def test_a_read_only_cache_is_read(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(folder / "ct", cache)
    real = sqlite3.connect

    def read_only(path: str, **options: Any) -> sqlite3.Connection:
        return real(f"{Path(path).as_uri()}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    read.clear()
    rows, findings = scanned(folder, cache)
    assert len(rows) == 10
    assert len(read) == 7
    assert about_cache(findings) == ["cache-not-used"]
    assert "readonly" in findings[-1].message
    read.clear()
    assert about_cache(scanned(folder / "ct", cache)[1]) == []
    assert read == []


@pytest.fixture
def locked(cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another one holds the file for longer than anybody waits."""
    scanned(folder / "ct", cache)
    monkeypatch.setattr(scan_database, "PATIENCE", 0.01)
    with closing(sqlite3.connect(cache, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield


def test_a_locked_cache_is_not_waited_for_forever(locked: None, folder: Path, cache: Path) -> None:
    rows, findings = scanned(folder, cache)
    assert rows == scanned(folder)[0]
    assert about_cache(findings) == ["cache-not-used"]
    assert "locked" in findings[-1].message


def test_a_cache_that_others_write_is_read(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(folder / "ct", cache)
    monkeypatch.setattr(scan_database, "PATIENCE", 0.01)
    read.clear()
    with closing(sqlite3.connect(cache, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        rows, findings = scanned(folder, cache)
    assert len(rows) == 10
    assert len(read) == 7
    assert about_cache(findings) == ["cache-not-used"]


# --- several at once ---------------------------------------------------------------------------
SCAN = """
import sys
from rtxr.read.scanning.scan import scan_headers
rows, findings = scan_headers(sys.argv[1], cache=sys.argv[2], progress=False)
print(len(rows), [finding.code for finding in findings])
"""


def test_two_processes_at_once(folder: Path, cache: Path, read: list[str]) -> None:
    source = sorted((folder / "ct").iterdir())[0]
    for number in range(300):
        shutil.copy2(source, folder / "ct" / f"copy{number}")
    command = [sys.executable, "-c", SCAN, str(folder), str(cache)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert out.strip() == "310 ['not-dicom']"
    rows, findings = scanned(folder, cache)
    assert read == []
    assert (len(rows), about_cache(findings)) == (310, [])
    assert sorted(path.name for path in cache.parent.iterdir()) == ["files", "scan.cache"]
