"""Uploads: bounded, under safe names, and gone when the form is."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from rtxr.errors import RTXRError
from rtxr.forms.workspace import Inbox, Workspace


@pytest.fixture
def workspace():
    made = Workspace(1000)
    yield made
    made.close()


def send(inbox, files):
    inbox.begin([(name, len(data)) for name, data in files])
    for at, (_, data) in enumerate(files):
        for start in range(0, len(data), 7):
            inbox.write(at, data[start : start + 7])
    return [Path(path) for path in inbox.finish()]


def test_files_come_in_the_order_of_their_names(workspace):
    paths = send(
        Inbox(workspace, "images"), [("b.dcm", b"two" * 9), ("a.dcm", b""), ("b.dcm", b"x")]
    )
    assert [path.name for path in paths] == ["a.dcm", "b.dcm", "b.dcm"]
    assert [path.read_bytes() for path in paths] == [b"", b"two" * 9, b"x"]


def test_numbers_in_names_are_numbers(workspace):
    names = [f"image_{number}.dcm" for number in (10, 2, 1)]
    paths = send(Inbox(workspace, "images"), [(name, b"1") for name in names])
    assert [path.name for path in paths] == names[::-1]


@pytest.mark.parametrize(
    "name", ["../../up.dcm", "/etc/passwd", "..", "", "a\0b", "x" * 999, "CON"]
)
def test_no_name_leads_out_of_the_folder(workspace, name):
    (path,) = send(Inbox(workspace, "images"), [(name, b"1")])
    assert path.resolve().relative_to(workspace.folder.resolve()).parts[:2] == ("images", "0000")


def test_only_this_user_can_look(workspace):
    if os.name == "posix":
        assert workspace.folder.stat().st_mode & 0o077 == 0


def test_all_uploads_together_are_bounded(workspace):
    first, second = Inbox(workspace, "images"), Inbox(workspace, "plan")
    send(first, [("a", b"1" * 700)])
    with pytest.raises(RTXRError, match=r"up to 0\.001 MB are taken"):
        second.begin([("b", 301)])
    (path,) = send(first, [("c", b"2" * 900)])  # in the place of the first
    assert [each.name for each in workspace.folder.rglob("*") if each.is_file()] == ["c"]
    assert path.stat().st_size == 900


@pytest.mark.parametrize(
    "files", [[], [("a", -1)], [("a", 0)] * 2001], ids=["none", "negative", "many"]
)
def test_what_cannot_be_is_refused(workspace, files):
    with pytest.raises(RTXRError):
        Inbox(workspace, "images").begin(files)


def test_more_or_less_than_announced_is_refused(workspace):
    inbox = Inbox(workspace, "images")
    inbox.begin([("a", 3)])
    with pytest.raises(RTXRError, match="more arrived"):
        inbox.write(0, b"1234")
    with pytest.raises(RTXRError, match="more arrived"):
        inbox.write(1, b"")
    inbox.write(0, b"12")
    with pytest.raises(RTXRError, match="less arrived"):
        inbox.finish()


def test_an_archive_counts_as_what_it_holds(workspace, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5000))
    data = (tmp_path / "a.zip").read_bytes()
    assert len(data) < 1000
    with pytest.raises(RTXRError, match=r"archives with 0\.005 MB"):
        send(Inbox(workspace, "images"), [("a.zip", data)])
    assert [each for each in workspace.folder.rglob("*") if each.is_file()] == []


def test_the_folder_goes_with_its_owner():
    made = Workspace(10)
    folder = made.folder
    assert folder.is_dir()
    del made
    gc.collect()
    assert not folder.exists()


def test_nothing_comes_after_the_end(workspace):
    workspace.close()
    workspace.close()
    assert not workspace.folder.exists()
    with pytest.raises(RTXRError, match="was closed"):
        Inbox(workspace, "images").begin([("a", 1)])


@pytest.mark.parametrize("end", ["pass", "os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_the_folder_goes_when_python_ends(end):
    code = (
        "import os\nfrom rtxr.forms.workspace import Workspace\n"
        "kept = Workspace(9)\n(kept.folder / 'a').touch()\n"
        f"print(kept.folder, flush=True)\n{end}"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("rtxr-")
    for _ in range(200):  # the process beside it may take a moment
        if not folder.exists():
            break
        time.sleep(0.05)
    assert not folder.exists()
