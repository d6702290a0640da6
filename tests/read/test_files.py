"""Members of zip archives are files like others, and what is wrong with them is told."""

from __future__ import annotations

import errno
import io
import os
import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import factories as make
import numpy as np
import pytest
from pydicom import uid as sop

from read.watching import bytes_read
from rtxr.errors import PixelDecodeError
from rtxr.read import files
from rtxr.read.headers import read_header
from rtxr.read.pixels import pixel_file, read_frames
from rtxr.read.sources import read_source

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
NOISE = np.random.default_rng(3).integers(0, 256, 300_000, dtype=np.uint8).tobytes()


def archive(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> str:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return str(path)


def patched(path: Path, at: bytes, offset: int, new: bytes, start: int = 0) -> None:
    """Put bytes at an offset behind the first place of some others."""
    data = bytearray(path.read_bytes())
    place = data.index(at, start) + offset
    data[place : place + len(new)] = new
    path.write_bytes(bytes(data))


@pytest.fixture
def decompressed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes that come out of archives, read by read."""
    return bytes_read(monkeypatch, zipfile.ZipExtFile, "_read1")


def test_plain_files_are_opened_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    with files.open_file(tmp_path / "a") as file:
        assert isinstance(file, io.FileIO)
        assert files.size_of(file) == 5
    assert files.file_size(tmp_path / "a") == 5
    assert files.read_bytes(str(tmp_path / "a")) == b"12345"
    assert files.file_on_disk(tmp_path / "a") == str(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent", "No such file"),
        ("absent/a", "No such file"),
        ("file/a", "File is not a zip file"),
        ("", "Is a directory"),
    ],
)
def test_what_is_no_file_and_no_member(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "file").write_bytes(b"no archive")
    with pytest.raises(OSError, match=says):
        files.open_file(tmp_path / name)
    if name:
        with pytest.raises(OSError, match=says):
            files.file_size(tmp_path / name)


@pytest.mark.parametrize("method", METHODS)
def test_a_member_is_a_seekable_stream(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path / "a.zip", method, **{"folder/b.dcm": NOISE, "c": b"short"})
    member = f"{path}/folder/b.dcm"
    assert files.archive_members(path) == [member, f"{path}/c"]
    assert files.file_size(member) == len(NOISE)
    assert files.read_bytes(member) == NOISE
    assert files.read_bytes(f"{path}/c") == b"short"
    assert files.file_on_disk(member) == path
    with files.open_file(member) as file:
        assert file.seekable()
        assert files.size_of(file) == len(NOISE)
        for position in (0, 10, 250_000, 5, 299_990, 100_000):
            assert file.seek(position) == position
            assert file.read(8) == NOISE[position : position + 8]
            assert file.tell() == position + 8
        buffer = bytearray(1000)
        file.seek(20_000)
        assert file.readinto(buffer) == 1000
        assert buffer == NOISE[20_000:21_000]
        assert file.read() == NOISE[21_000:]
        assert file.read(1) == b""
        assert file.seek(len(NOISE) + 50) == len(NOISE)


def test_relative_paths_and_spellings_of_one_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(tmp_path / "a.zip", **{"./b//c": b"content"})
    monkeypatch.chdir(tmp_path)
    assert files.archive_members("a.zip") == ["a.zip/b/c"]
    for path in ("a.zip/b/c", Path("a.zip", "b", "c"), Path("a.zip/b/c").absolute()):
        assert files.read_bytes(path) == b"content"


def test_names_stay_inside_their_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    names = ["../up", "/top", "C:/drive", "a/../b", "back\\slash", "empty/", "same", "same", "same"]
    with zipfile.ZipFile(path, "w") as file:
        for number, name in enumerate(names):
            with pytest.warns() if names.index(name) < number else _nothing():
                file.writestr(name, str(number))
    members = files.archive_members(path)
    inside = ["up", "top", "drive", "a/b", "back/slash", "same", "same#2", "same#3"]
    assert members == [f"{path}/{name}" for name in inside]
    assert [files.read_bytes(each) for each in members] == [
        b"%d" % n for n in (0, 1, 2, 3, 4, 6, 7, 8)
    ]


class _nothing:  # noqa: N801 (stands for a context)
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"PK\x03\x04" + bytes(200), True),
        (b"PK\x05\x06" + bytes(18), True),
        (b"PK\x03\x04" + bytes(124) + b"DICM", False),
        (bytes(128) + b"DICM", False),
        (b"", False),
    ],
)
def test_archives_are_known_by_their_first_bytes(head: bytes, expected: bool) -> None:
    assert files.is_archive(head) is expected


@pytest.mark.parametrize("left", [0, 3, 200, 299_000])
def test_an_archive_that_is_cut_short(tmp_path: Path, left: int) -> None:
    path = Path(archive(tmp_path / "a.zip", b=NOISE))
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(OSError, match="a damaged zip archive") as caught:
        files.archive_members(path)
    assert caught.value.errno == errno.EIO


def test_an_empty_archive_has_no_members(tmp_path: Path) -> None:
    assert files.archive_members(archive(tmp_path / "a.zip")) == []


@pytest.mark.parametrize(
    ("offset", "new", "says"),
    [
        (8, b"\x01\x00", "encrypted in its archive; unpack it first"),
        (10, b"\x09\x00", "compressed by a method that cannot be read here"),
        (16, b"\0\0\0\0", "damaged in its archive: Bad CRC-32"),
        (20, b"\x05\0\0\0", "damaged in its archive"),  # compressed size
        (42, b"\x40\0\0\0", "damaged in its archive: it does not begin where"),
    ],
)
def test_members_that_cannot_be_read_say_why(
    tmp_path: Path, offset: int, new: bytes, says: str
) -> None:
    path = archive(tmp_path / "a.zip", b=NOISE[:5000], good=b"good")
    patched(Path(path), b"PK\x01\x02", offset, new)
    with pytest.raises(OSError, match=says) as caught:
        files.read_bytes(f"{path}/b")
    assert caught.value.strerror
    assert caught.value.filename == f"{path}/b"
    assert files.read_bytes(f"{path}/good") == b"good"


@pytest.mark.parametrize("method", METHODS[1:])
def test_damaged_content_is_told(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path / "a.zip", method, b=bytes(1000) + NOISE[:5000])
    patched(Path(path), b"PK\x03\x04", 36, b"\xff" * 60)
    with pytest.raises(OSError, match="damaged in its archive"):
        files.read_bytes(f"{path}/b")


def test_a_member_that_is_not_there(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", b=b"")
    with pytest.raises(FileNotFoundError, match="no such member"):
        files.open_file(f"{path}/c")
    with pytest.raises(FileNotFoundError, match="no such member"):
        files.file_size(f"{path}/b/c")


def test_a_replaced_archive_is_noticed(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", b=b"old")
    assert files.read_bytes(f"{path}/b") == b"old"
    os.replace(archive(tmp_path / "new", b=b"new", c=b"more"), path)
    assert files.read_bytes(f"{path}/b") == b"new"
    assert len(files.archive_members(path)) == 2


def test_the_directory_is_read_once_and_no_archive_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    real = zipfile.ZipFile.__init__

    def counting(self: zipfile.ZipFile, file: str, *rest: object) -> None:
        opened.append(file)
        real(self, file, *rest)  # type: ignore[arg-type]

    contents = {f"f{number}": b"%d" % number for number in range(200)}
    path = archive(tmp_path / "a.zip", **contents)
    monkeypatch.setattr(zipfile.ZipFile, "__init__", counting)
    with ThreadPoolExecutor(8) as pool:
        members = files.archive_members(path)
        assert list(pool.map(files.read_bytes, members)) == list(contents.values())
    assert opened == [path]
    if os.path.isdir("/proc/self/fd"):
        links = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
        assert path not in [os.readlink(link) for link in links if os.path.islink(link)]


def test_members_are_read_side_by_side(tmp_path: Path) -> None:
    contents = {f"f{number}": NOISE[number * 1000 :][:100_000] for number in range(40)}
    path = archive(tmp_path / "a.zip", **contents)
    streams = [files.open_file(member) for member in files.archive_members(path)]
    parts: list[bytes] = [b""] * len(streams)
    for _ in range(4):  # all of them open, by turns and in threads
        with ThreadPoolExecutor(8) as pool:
            for number, part in enumerate(pool.map(lambda each: each.read(25_000), streams)):
                parts[number] += part
    for stream in streams:
        stream.close()
    assert parts == list(contents.values())


def test_a_slice_is_decompressed_once(tmp_path: Path, decompressed: list[int]) -> None:
    ds = make.ct_slice(1, 0, size=(512, 512))
    on_disk = make.save(tmp_path / "ct", ds)
    content = on_disk.read_bytes()
    path = archive(tmp_path / "a.zip", **{"s/ct": content})
    header = read_header(f"{path}/s/ct")
    assert sum(decompressed) < 100_000 < len(content)
    plain = read_header(on_disk)
    assert header.record.data == plain.record.data
    assert header.pixels == plain.pixels
    file = pickle.loads(pickle.dumps(pixel_file(header)))
    decompressed.clear()
    values = read_frames(file, [0])
    assert sum(decompressed) == len(content)
    np.testing.assert_array_equal(values, read_frames(pixel_file(plain), [0]))


@pytest.mark.parametrize(
    "syntax", [sop.DeflatedExplicitVRLittleEndian, sop.ExplicitVRBigEndian, sop.RLELossless]
)
def test_other_encodings_in_an_archive(tmp_path: Path, syntax: str) -> None:
    ds = make.ct_slice(1, 0, size=(40, 50))
    if syntax == sop.RLELossless:
        ds.file_meta = make.item(TransferSyntaxUID=sop.ExplicitVRLittleEndian)
        ds.compress(syntax)
    on_disk = make.save(tmp_path / "ct", ds, syntax=syntax)
    member = archive(tmp_path / "a.zip", ct=on_disk.read_bytes()) + "/ct"
    assert read_source(member) == read_source(on_disk)
    there, here = (read_frames(pixel_file(read_header(path)), [0]) for path in (member, on_disk))
    np.testing.assert_array_equal(there, here)
    assert there.shape == (1, 40, 50)


def test_elements_behind_the_pixels_of_a_member(tmp_path: Path) -> None:
    ds = make.ct_slice(1, 0)
    ds.add_new(0xFFFCFFFC, "OB", b"\0" * 8)  # DataSetTrailingPadding
    on_disk = make.save(tmp_path / "ct", ds)
    member = archive(tmp_path / "a.zip", ct=on_disk.read_bytes()) + "/ct"
    assert read_header(member).record.data == read_header(on_disk).record.data
    assert b"\xfc\xff\xfc\xff" in read_header(member).record.data


def test_pixels_of_an_archive_that_changes_or_goes(tmp_path: Path) -> None:
    content = make.save(tmp_path / "ct", make.ct_slice(1, 0)).read_bytes()
    path = archive(tmp_path / "a.zip", ct=content)
    file = pixel_file(read_header(f"{path}/ct"))
    archive(tmp_path / "a.zip", ct=content + bytes(2))
    with pytest.raises(PixelDecodeError, match="has changed since it was opened"):
        read_frames(file, [0])
    archive(tmp_path / "a.zip", ct=content)
    patched(tmp_path / "a.zip", b"PK\x01\x02", 16, b"\0\0\0\0")
    with pytest.raises(PixelDecodeError, match="damaged in its archive"):
        read_frames(file, [0])
    (tmp_path / "a.zip").unlink()
    with pytest.raises(PixelDecodeError, match="No such file or directory"):
        read_frames(file, [0])
