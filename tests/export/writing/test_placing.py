"""Whatever fails while files are moved into place, the folder is as it was before."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtxr.errors import ExistingFilesError
from rtxr.export.writing import placing

NAMES = ["CT_0001.dcm", "CT_0002.dcm", "RTPLAN_1.dcm"]
EARLIER = {"CT_0001.dcm": b"one", "CT_0003.dcm": b"three", "RTPLAN_1.dcm": b"plan"}


@pytest.fixture(autouse=True)
def _exports(monkeypatch):
    """Files that end in dcm are taken for exports."""
    monkeypatch.setattr(placing, "is_export", lambda path: path.suffix == ".dcm" and path.is_file())


def contents(folder: Path) -> dict[str, bytes | str]:
    """Every file and link below a folder, hidden ones too; folders as an empty text."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


def export(out: Path, overwrite: bool = True) -> None:
    with placing.advised(out), placing.aside(out) as folder:
        for name in NAMES:
            (folder / name).write_bytes(b"new " + name.encode())
        placing.move(folder, out, NAMES, overwrite=overwrite)


def earlier(out: Path) -> None:
    out.mkdir(parents=True)
    for name, data in EARLIER.items():
        (out / name).write_bytes(data)
    (out / "notes.txt").write_bytes(b"mine")


@contextmanager
def failing(at: int, error: BaseException, patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let the call of that number to the file system fail, of all that change it."""
    calls = [0]

    def guarded(function: Callable) -> Callable:
        def call(*args, **kwargs):
            calls[0] += 1
            if calls[0] == at:
                raise error
            return function(*args, **kwargs)

        return call

    with patch.context() as patched:
        for owner, name in [
            (os, "replace"),
            (os, "rename"),
            (os, "mkdir"),
            (Path, "write_bytes"),
        ]:
            patched.setattr(owner, name, guarded(getattr(owner, name)))
        yield calls


@pytest.mark.parametrize("before", ["absent", "empty", "earlier", "deep"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_every_step_may_fail(before, error, tmp_path, monkeypatch):
    out = tmp_path / "there" / "out" if before == "deep" else tmp_path / "out"
    if before == "empty":
        out.mkdir()
    if before == "earlier":
        earlier(out)
    was = contents(tmp_path)
    step = 0
    while True:
        step += 1
        with failing(step, error, monkeypatch) as calls:
            try:
                export(out)
            except type(error):
                assert calls[0] >= step
            else:
                break
        assert contents(tmp_path) == was, f"step {step}"
    assert step > len(NAMES) + 1
    kept = {"notes.txt": b"mine"} if before == "earlier" else {}
    assert contents(out) == {**{name: b"new " + name.encode() for name in NAMES}, **kept}
    assert {path.name for path in out.parent.iterdir()} == {"out"}


def test_what_cannot_be_put_back_is_not_lost(tmp_path, monkeypatch):
    out = tmp_path / "out"
    earlier(out)
    replace, broken = os.replace, []

    def stuck(source, target):
        if broken or Path(source).name == "CT_0002.dcm":
            broken.append(source)
            raise PermissionError(errno.EACCES, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(placing.os, "replace", stuck)
    with pytest.raises(PermissionError) as caught:
        export(out)
    (aside,) = (path for path in out.iterdir() if path.name.startswith(".rtxr-"))
    assert any(str(aside / "replaced") in note for note in caught.value.__notes__)
    assert {path.name: path.read_bytes() for path in (aside / "replaced").iterdir()} == EARLIER
    assert {path.name for path in aside.iterdir()} == {"replaced"}


def test_nothing_is_overwritten_unless_told(tmp_path):
    out = tmp_path / "out"
    earlier(out)
    was = contents(tmp_path)
    with pytest.raises(ExistingFilesError, match=r"'CT_0001\.dcm'; nothing was replaced"):
        export(out, overwrite=False)
    assert contents(tmp_path) == was


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling"])
def test_what_is_no_export_is_never_replaced(kind, tmp_path, monkeypatch):
    out, name = tmp_path / "out", "CT_0002.dcm"
    out.mkdir()
    monkeypatch.setattr(placing, "is_export", lambda _: False)
    if kind == "folder":
        (out / name).mkdir()
    elif kind == "file":
        (out / name).write_bytes(b"theirs")
    else:
        (tmp_path / "elsewhere").write_bytes(b"theirs")
        (out / name).symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    was = contents(tmp_path)
    with pytest.raises(ExistingFilesError, match="no export of rtxr's"):
        export(out)
    assert contents(tmp_path) == was


def test_a_link_to_a_folder_stays_one(tmp_path):
    earlier(tmp_path / "disk" / "out")
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "out")
    export(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert set(contents(tmp_path / "disk" / "out")) == {*NAMES, "notes.txt"}


def test_a_link_to_nowhere_makes_the_folder_it_names(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "new")
    export(tmp_path / "out")
    assert set(contents(tmp_path / "disk" / "new")) == set(NAMES)
    assert (tmp_path / "out").is_symlink()


def test_a_link_in_the_folder_is_replaced_and_what_it_names_is_not(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "other.dcm").write_bytes(b"another export")
    (out / "CT_0001.dcm").symlink_to(tmp_path / "other.dcm")
    export(out)
    assert (tmp_path / "other.dcm").read_bytes() == b"another export"
    assert not (out / "CT_0001.dcm").is_symlink()


def test_the_folder_may_be_the_longest_name_there_is(tmp_path):
    export(tmp_path / ("x" * 255))
    assert {path.name for path in tmp_path.iterdir()} == {"x" * 255}


def test_a_name_too_long_says_so(tmp_path):
    with pytest.raises(OSError, match="too long") as caught:
        export(tmp_path / ("x" * 256))
    assert "name a shorter one" in caught.value.__notes__[0]
    assert contents(tmp_path) == {}


def test_permissions_are_those_of_any_new_folder(tmp_path):
    mask = os.umask(0o027)
    try:
        export(tmp_path / "out")
    finally:
        os.umask(mask)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750


def test_a_file_system_that_takes_no_more(tmp_path):
    out = tmp_path / "out"
    earlier(out)
    was = contents(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            export(out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "name a folder on another one" in caught.value.__notes__[0]
    assert contents(tmp_path) == was


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_may_not_be_written_to(exists, tmp_path):
    out = tmp_path / "out"
    locked = out if exists else tmp_path
    if exists:
        out.mkdir()
    locked.chmod(0o555)
    try:
        with pytest.raises(PermissionError) as caught:
            export(out)
    finally:
        locked.chmod(0o755)
    assert "name another folder" in caught.value.__notes__[0]
    assert {path.name for path in tmp_path.iterdir()} == ({"out"} if exists else set())


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "cannot be written to"),
    ],
)
def test_an_error_says_what_can_be_done(number, advice, tmp_path, monkeypatch):
    with failing(2, OSError(number, os.strerror(number)), monkeypatch), pytest.raises(OSError) as e:  # noqa: PT011
        export(tmp_path / "out")
    assert advice in e.value.__notes__[0]
    assert "is as it was before" in e.value.__notes__[0]
