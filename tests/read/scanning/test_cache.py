"""A cache of scans saves reading, never changes what a scan gives, and never stops one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import factories as make
import pytest
from pydicom import uid as sop

from read.cached_scans import OLD, age, count, scanned
from rtxr.catalog import COLUMNS
from rtxr.read.scanning import cache as scan_cache
from rtxr.read.scanning import scan
from rtxr.read.scanning.cache import APPLICATION, ScanCache
from rtxr.read.scanning.record import unpack

PATHS = list(COLUMNS).index("path")


# --- what is read again -----------------------------------------------------------------------
def test_a_second_scan_reads_nothing_and_gives_the_same(
    folder: Path, cache: Path, read: list[str]
) -> None:
    expected = scanned(folder)
    assert len(expected[0]) == 10
    assert [finding.code for finding in expected[1]] == ["not-dicom"]
    assert scanned(folder, cache) == expected
    read.clear()
    assert scanned(folder, cache) == expected
    assert read == []


def test_the_order_is_that_of_the_files_whoever_knows_them(folder: Path, cache: Path) -> None:
    scanned(folder / "rt", cache)
    assert scanned(folder, cache) == scanned(folder)
    assert scanned([folder / "rt", folder], cache) == scanned([folder / "rt", folder])


def test_only_what_changed_is_read(folder: Path, cache: Path, read: list[str]) -> None:
    scanned(folder, cache)
    longer, touched, gone = sorted((folder / "ct").iterdir())[:3]
    longer.write_bytes(longer.read_bytes() + bytes(2))
    os.utime(longer, ns=(OLD, OLD))
    os.utime(touched, ns=(OLD, OLD + 1))
    gone.unlink()
    make.save(folder / "ct" / "new", make.ct_slice(9, 90))
    os.utime(folder / "ct" / "new", ns=(OLD, OLD))
    read.clear()
    rows, findings = scanned(folder, cache)
    assert sorted(read) == sorted([longer.name, touched.name, "new"])
    assert (rows, findings) == scanned(folder)
    assert len(rows) == 10
    read.clear()
    scanned(folder, cache)
    assert read == []


def test_what_vanished_is_forgotten_below_the_scanned_folders_only(
    folder: Path, cache: Path, read: list[str]
) -> None:
    scanned(folder, cache)
    assert count(cache) == 3  # of three folders with files
    shutil.rmtree(folder / "rt")
    (folder / "ct2").mkdir()
    scanned(folder / "ct", cache)
    assert count(cache) == 3
    scanned(folder, cache)
    assert count(cache) == 2
    read.clear()
    scanned(folder, cache)
    assert read == []


def test_a_folder_that_cannot_be_listed_for_once_is_not_forgotten(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(folder, cache)
    real = os.scandir

    def scandir(path: str) -> Any:
        if str(path).endswith("rt"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    rows, findings = scanned(folder, cache)
    assert len(rows) == 4
    assert "unreadable-folder" in [finding.code for finding in findings]
    assert count(cache) == 3


def test_what_vanished_leaves_the_record_of_its_neighbours(folder: Path, cache: Path) -> None:
    scanned(folder, cache)
    gone, *left = map(str, sorted((folder / "ct").iterdir()))
    os.unlink(gone)
    scanned(folder, cache)
    assert stored(cache, folder / "ct") == left


def stored(cache: Path, folder: Path) -> list[str]:
    """Files in the record of a folder."""
    with closing(sqlite3.connect(cache)) as db:
        key = os.fsencode(os.path.join(folder, ""))
        question = "SELECT content FROM records WHERE path = ?"
        return list(unpack(f"{folder}{os.sep}", db.execute(question, [key]).fetchone()[0], {}))


def test_files_that_are_not_asked_for_stay_in_the_record(
    folder: Path, cache: Path, read: list[str]
) -> None:
    scanned(folder, cache)
    first, second, third = sorted((folder / "ct").iterdir())[:3]
    os.utime(first, ns=(OLD, OLD + 1))
    third.unlink()
    read.clear()
    scanned([first, folder / "notes.txt", second], cache)
    assert read == [first.name]
    assert str(third) not in stored(cache, folder / "ct")
    read.clear()
    scanned(folder, cache)
    assert read == []


@pytest.mark.parametrize("files", [1, 2, 3])
def test_many_files_of_a_folder_are_some_records(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, files: int
) -> None:
    monkeypatch.setattr(scan_cache, "RECORD_FILES", files)
    monkeypatch.setattr(scan_cache, "ASKED_FILES", 2)
    scanned(folder, cache)
    assert 3 < count(cache) <= 11
    read.clear()
    rows, findings = scanned(folder, cache)
    assert read == []
    assert (rows, findings) == scanned(folder)
    for path in sorted((folder / "ct").iterdir())[1:3]:
        path.unlink()
    assert scanned(folder, cache) == scanned(folder)


def test_an_archive_has_a_record_of_its_own(archive: Path, cache: Path) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("notes.txt", "hello")
    shutil.copy2(archive, archive.with_name("b.zip"))
    (archive.parent / "c").write_text("no archive")
    age(archive.parent)
    scanned(archive.parent, cache)
    assert count(cache) == 3


def test_a_file_that_has_just_changed_is_read_again(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sorted((folder / "ct").iterdir())[0]
    now = OLD + 10 * scan_cache.GRAIN_NS
    monkeypatch.setattr(scan_cache.time, "time_ns", lambda: now)
    for before, again in ((scan_cache.GRAIN_NS // 2, [path.name]), (2 * scan_cache.GRAIN_NS, [])):
        os.utime(path, ns=(OLD, now - before))
        scanned(folder, cache)
        read.clear()
        scanned(folder, cache)
        assert read == again


def test_what_may_read_otherwise_next_time_is_not_remembered(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = str(sorted((folder / "ct").iterdir())[0])
    real = scan.read_index_values
    failing = True

    def broken(path: str, *rest: Any) -> Any:
        if failing and path == bad:
            raise OSError(5, "Input/output error")
        return real(path, *rest)

    monkeypatch.setattr(scan, "read_index_values", broken)
    rows, findings = scanned(folder, cache)
    assert len(rows) == 9
    assert [finding.code for finding in findings] == ["not-dicom", "unreadable-file"]
    failing = False
    assert len(scanned(folder, cache)[0]) == 10


def test_a_dicomdir_is_read_each_time(tmp_path: Path, cache: Path, read: list[str]) -> None:
    ds = make.item(SOPClassUID=sop.MediaStorageDirectoryStorage, SOPInstanceUID="1.2")
    (tmp_path / "files").mkdir()
    make.save(tmp_path / "files" / "INDEX", ds)
    age(tmp_path / "files")
    for _ in range(2):
        read.clear()
        scanned(tmp_path / "files", cache)
        assert read == ["INDEX"]


def test_names_that_are_no_text(folder: Path, cache: Path, read: list[str]) -> None:
    odd = os.path.join(os.fsencode(folder), b"ct", b"\xff\xe9\x80.dcm")
    try:
        os.rename(os.fsencode(sorted((folder / "ct").iterdir())[0]), odd)
    except OSError:
        pytest.skip("this file system has names of text only")
    expected = scanned(folder)
    scanned(folder, cache)
    read.clear()
    assert scanned(folder, cache) == expected
    assert read == []


def test_an_interrupted_scan_keeps_what_it_had(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_cache, "RECORD_FILES", 1)
    monkeypatch.setattr(scan_cache, "ASKED_FILES", 3)
    real = scan.make_row

    def interrupted(path: str, *rest: Any) -> Any:
        if len(read) == 7:
            raise KeyboardInterrupt
        return real(path, *rest)

    monkeypatch.setattr(scan, "make_row", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scanned(folder, cache)
    monkeypatch.setattr(scan, "make_row", real)
    read.clear()
    assert scanned(folder, cache) == scanned(folder)
    assert len(read) == 11 - 6 + 11


@pytest.mark.parametrize(("seconds", "kept"), [(-1.0, 3), (100.0, 0)])
def test_what_is_new_is_written_from_time_to_time(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, kept: int
) -> None:
    monkeypatch.setattr(scan_cache, "WRITE_SECONDS", seconds)
    files = [str(path) for path in sorted((folder / "ct").iterdir())]
    with ScanCache(cache) as known:
        readings = known.readings(files, lambda path: scan.read_file(path, {}), {})
        assert [len(next(readings).rows) for _ in files[:3]] == [1, 1, 1]
        assert count(cache) == min(kept, 1)
        if kept:
            assert stored(cache, folder / "ct") == files[:kept]
    assert stored(cache, folder / "ct") == files[:3]


def test_the_cache_itself_is_no_file_of_the_scan(folder: Path, read: list[str]) -> None:
    expected = scanned(folder)
    cache = folder / "rt" / "scan.cache"
    for _ in range(2):
        assert scanned(folder, cache) == expected
    link = folder.parent / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert len(scanned(link, cache)[1]) == 1
    (folder / "ct" / "scan.cache").write_text("another file of this name")
    assert len(scanned(folder, cache)[1]) == 2


# --- archives ---------------------------------------------------------------------------------
@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three slices, a text and a slice whose bytes are damaged."""
    source = tmp_path / "source"
    paths = make.write(source, make.ct_series(4))
    path = tmp_path / "zipped" / "all.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as opened:
        for name in paths[:3]:
            opened.write(name, f"deep/{name.name}")
        opened.writestr("notes.txt", "hello")
        opened.writestr("bad.dcm", b"\x89" * 900)
    data = bytearray(path.read_bytes())
    at = data.index(b"\x89" * 900)
    data[at + 5] = 0
    path.write_bytes(data)
    age(tmp_path / "zipped")
    return path


def test_an_archive_is_remembered_as_its_members(
    archive: Path, cache: Path, read: list[str]
) -> None:
    rows, findings = scan.scan_headers(archive.parent, progress=False)
    inside = [row[PATHS].removeprefix(f"{archive}/") for row in rows]
    assert len(inside) == 3
    assert all(name.startswith("deep/") for name in inside)
    assert {Path(finding.path).name for finding in findings} == {"notes.txt", "bad.dcm"}
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a", make_bytes(make.ct_slice(1, 0), archive.parent.parent))
        opened.writestr("notes.txt", "hello")
    age(archive.parent)
    expected = scanned(archive.parent)
    assert [finding.path for finding in expected[1]] == [f"{archive}/notes.txt"]
    scanned(archive.parent, cache)
    read.clear()
    assert scanned(archive.parent, cache) == expected
    assert read == []


def make_bytes(ds: Any, folder: Path) -> bytes:
    return make.save(folder / "one", ds).read_bytes()


def test_an_archive_without_dicom_is_one_finding(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "text.docx", "w") as opened:
        for name in ("a", "b", "c"):
            opened.writestr(name, "hello")
    rows, findings = scanned(tmp_path)
    assert rows == []
    assert [(finding.code, finding.message) for finding in findings] == [
        ("not-dicom", "not DICOM: a zip archive without a DICOM object")
    ]


def test_a_damaged_archive_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04....")
    _, findings = scanned(tmp_path)
    assert [finding.code for finding in findings] == ["unreadable-file"]
    assert "a damaged zip archive" in findings[0].message


# --- content hashes ---------------------------------------------------------------------------
def test_content_hashes_are_remembered(
    folder: Path, archive: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(map(str, (folder / "ct").iterdir()))
    member = next(row[PATHS] for row in scan.scan_headers(archive, progress=False)[0])
    paths = [*files, files[0], member, str(folder / "absent")]
    expected = scan.digests(paths)
    assert expected[0] == expected[4] != expected[1]
    assert expected[-1] == ""
    hashed: list[str] = []
    real = scan._digest

    def counting(path: str) -> str:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(scan, "_digest", counting)
    assert scan.digests(paths, cache) == expected
    hashed.clear()
    os.utime(files[1], ns=(OLD, OLD + 1))
    assert scan.digests(paths, cache) == expected
    assert hashed == [files[1], str(folder / "absent")]
    scanned([folder, archive.parent], cache)
    assert len(known_digests(cache, paths)) == 5
    archive.unlink()
    os.unlink(files[0])
    scanned([folder, archive.parent], cache)
    assert set(known_digests(cache, paths)) == set(files[1:])


def known_digests(cache: Path, paths: list[str]) -> dict[str, str]:
    with ScanCache(cache) as known:
        found = known.digests(paths, lambda _: "")
    return {path: digest for path, digest in found.items() if digest}


# --- records that are not believed
@pytest.mark.parametrize(
    "change",
    [
        "content = CAST(replace(content, '3.0', '5.0') AS BLOB)",
        "content = 5",
        "crc = crc + 1",
        "path = path || x'00'",
    ],
)
def test_a_changed_record_is_not_believed(
    folder: Path, cache: Path, read: list[str], change: str
) -> None:
    expected = scanned(folder)
    scanned(folder, cache)
    with closing(sqlite3.connect(cache)) as db, db:
        db.execute(f"UPDATE records SET {change}")
    read.clear()
    assert scanned(folder, cache) == expected
    assert len(read) >= 1
    read.clear()
    assert scanned(folder, cache) == expected
    assert read == []


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"[[],[],[],[],[],[],[],[],[]]", b"\xff", b"[" * 10**5]
)
def test_a_forged_record_is_not_believed(
    folder: Path, cache: Path, read: list[str], content: bytes
) -> None:
    expected = scanned(folder)
    scanned(folder, cache)
    with closing(sqlite3.connect(cache)) as db, db:
        for kind, path in db.execute("SELECT kind, path FROM records").fetchall():
            crc = scan_cache._crc(kind, path, content)
            db.execute("UPDATE records SET content = ?, crc = ?", (content, crc))
    read.clear()
    assert scanned(folder, cache) == expected
    assert len(read) == 11
    read.clear()
    assert scanned(folder, cache) == expected
    assert read == []


def test_another_version_begins_anew_without_a_word(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = scanned(folder)
    with closing(sqlite3.connect(cache)) as db, db:
        db.execute('CREATE TABLE "so ""it"" was" (x)')
        db.execute("CREATE VIEW seen AS SELECT 1")
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("PRAGMA user_version = 1")
    for _ in range(2):
        read.clear()
        assert scanned(folder, cache) == expected
    assert read == []
    monkeypatch.setattr(scan_cache, "VERSION", scan_cache.VERSION ^ 1)
    assert scanned(folder, cache) == expected
    assert len(read) == 11


def test_records_of_another_version_are_not_believed(
    folder: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that began before this one emptied the file, and goes on writing."""
    mine = scan_cache.VERSION
    with monkeypatch.context() as other:
        other.setattr(scan_cache, "VERSION", mine ^ 1)
        scanned(folder, cache)
    with closing(sqlite3.connect(cache)) as db:
        db.execute(f"PRAGMA user_version = {mine}")
    read.clear()
    scanned(folder, cache)
    assert len(read) == 11
