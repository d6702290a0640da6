"""Which files a scan looks at."""

from __future__ import annotations

import os
from pathlib import Path

import factories as make
import pytest
from pydicom import uid as sop

from rtxr.errors import Finding
from rtxr.read.scanning.listing import list_files


def listed(*roots: Path | str) -> tuple[list[str], list[Finding]]:
    findings: list[Finding] = []
    return list(list_files(roots, findings)), findings


def dicomdir(path: Path, *names: str) -> Path:
    records = [make.item(DirectoryRecordType="IMAGE", ReferencedFileID=name) for name in names]
    ds = make.item(
        SOPClassUID=sop.MediaStorageDirectoryStorage,
        SOPInstanceUID="1.2",
        DirectoryRecordSequence=records,
    )
    return make.save(path, ds)


def test_files_come_in_the_order_of_their_names_then_the_folders(tmp_path: Path) -> None:
    for place in ("b", "a/2", "a/1", "c/d/.hidden", "a/.DS_Store", ".git/x"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    paths, findings = listed(tmp_path)
    order = ["b", ".git/x", "a/.DS_Store", "a/1", "a/2", "c/d/.hidden"]
    assert paths == [str(tmp_path / place) for place in order]
    assert findings == []


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    monkeypatch.chdir(tmp_path)
    assert listed("a")[0] == listed(".")[0] == [str(tmp_path / "a")]


def test_a_dicomdir_that_is_named_stands_for_what_it_lists(tmp_path: Path) -> None:
    path = dicomdir(tmp_path / "DICOMDIR", "IM2", "IM1", "GONE")
    for name in ("IM1", "IM2", "IM3"):
        (tmp_path / name).touch()
    assert listed(path)[0] == [str(path), str(tmp_path / "IM2"), str(tmp_path / "IM1")]
    assert len(listed(tmp_path)[0]) == 4  # the folder: all files, each once
    assert listed(tmp_path / "IM1")[0] == [str(tmp_path / "IM1")]


def test_a_dicomdir_that_is_named_and_broken_stands_for_itself(tmp_path: Path) -> None:
    path = dicomdir(tmp_path / "DICOMDIR", "IM1")
    path.write_bytes(path.read_bytes().partition(b"IM1")[0])
    (tmp_path / "IM1").touch()
    assert listed(path)[0] == [str(path)]


def test_a_folder_reached_twice_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "b").symlink_to("a", target_is_directory=True)
    (tmp_path / "a" / "up").symlink_to("..", target_is_directory=True)
    assert listed(tmp_path)[0] == [str(tmp_path / "a" / "file")]
    assert listed(tmp_path / "b", tmp_path)[0] == [str(tmp_path / "b" / "file")]


def test_links_in_a_circle_and_to_nowhere_are_findings(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nowhere").symlink_to("absent")
    paths, findings = listed(tmp_path)
    assert paths == []
    assert [(each.code, each.severity) for each in findings] == [("unreadable-file", "warning")] * 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_permission_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    _, findings = listed(tmp_path)
    assert [(each.code, each.message) for each in findings] == [
        ("unreadable-folder", "Permission denied")
    ]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe")
    try:
        (tmp_path / name).touch()
    except OSError:
        pytest.skip("this file system has no such names")
    assert listed(tmp_path)[0] == [f"{tmp_path}/{name}"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_that_is_named_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    paths, (finding,) = listed(tmp_path / "pipe")
    assert paths == []
    assert (finding.code, finding.message) == ("unreadable-file", "no regular file")
