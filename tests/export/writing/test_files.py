"""Files are written aside, read back and moved into place: all of them or none."""

from __future__ import annotations

import os
from pathlib import Path

import pydicom
import pytest

import rtxr
from rtxr.errors import ExistingFilesError, RTXRError
from rtxr.export.writing import files, placing


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom)


@pytest.fixture
def small(case):
    """Two slices and a plan: quick to write."""
    return case.isel(z=slice(10, 12)).drop_vars(["dose", "mask"])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_table_says_what_was_written(small, tmp_path):
    written = small.rt.to_dicom(tmp_path / "out")
    assert list(written["IOD"]) == ["CT Image", "CT Image", "RT Plan", "RT Structure Set"]
    for path, uid, size in zip(
        written["path"], written["SOPInstanceUID"], written["bytes"], strict=True
    ):
        header = pydicom.dcmread(path)
        assert header.SOPInstanceUID == header.file_meta.MediaStorageSOPInstanceUID == uid
        assert Path(path).stat().st_size == size


def test_nothing_is_left_beside_the_folder(small, tmp_path):
    small.rt.to_dicom(tmp_path / "out")
    assert names(tmp_path) == {"out"}


def test_a_folder_with_files_is_not_touched_unless_told(small, tmp_path):
    out = tmp_path / "out"
    small.rt.to_dicom(out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ExistingFilesError, match="overwrite=True"):
        small.rt.to_dicom(out)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_overwrite_replaces_an_earlier_export_whole(small, tmp_path):
    out = tmp_path / "out"
    small.rt.to_dicom(out)
    (out / "notes.txt").write_text("mine")
    small.isel(z=[0]).rt.to_dicom(out, overwrite=True, StudyDescription="second")
    assert (out / "notes.txt").read_text() == "mine"
    assert pydicom.dcmread(out / "RTPLAN_1.dcm").StudyDescription == "second"
    assert not (out / "CT_0002.dcm").exists()
    assert names(tmp_path) == {"out"}


def test_overwrite_leaves_files_that_rtxr_did_not_write(small, tmp_path):
    out = tmp_path / "out"
    small.rt.to_dicom(out)
    theirs = pydicom.dcmread(out / "RTPLAN_1.dcm")
    theirs.file_meta.ImplementationVersionName = "OTHER"
    theirs.save_as(out / "RTPLAN_1.dcm")
    before = (out / "RTPLAN_1.dcm").read_bytes()
    with pytest.raises(ExistingFilesError, match=r"'RTPLAN_1.dcm', which is no export"):
        small.rt.to_dicom(out, overwrite=True)
    assert (out / "RTPLAN_1.dcm").read_bytes() == before


def test_the_folder_of_the_sources_is_never_written_to(phantom, case):
    with pytest.raises(ExistingFilesError, match="opened from"):
        case.rt.to_dicom(phantom, overwrite=True)


def test_a_file_in_place_of_the_folder(small, tmp_path):
    (tmp_path / "out").write_text("a file")
    for out in (tmp_path / "out", tmp_path / "out" / "below" / "it"):
        with pytest.raises(ExistingFilesError, match=r"out is a file; name a folder"):
            small.rt.to_dicom(out)
    assert (tmp_path / "out").read_text() == "a file"


def test_the_folder_of_the_sources_is_known_by_another_name(phantom, case, tmp_path):
    (tmp_path / "link").symlink_to(phantom)
    with pytest.raises(ExistingFilesError, match="opened from"):
        case.rt.to_dicom(tmp_path / "link", overwrite=True)


def test_a_file_never_leaves_the_folder(small, tmp_path):
    (plan,) = (path for path in small.rt.to_dicom(tmp_path / "made")["path"] if "PLAN" in path)
    led = files.Ready("../../plan.dcm", "RT Plan", pydicom.dcmread(plan), None, "")
    written, _ = files.write([led], tmp_path / "a" / "out", overwrite=False)
    assert names(tmp_path) == {"made", "a"}
    assert list(written["path"]) == [str(tmp_path / "a" / "out" / "_.._plan.dcm")]
    assert Path(written["path"][0]).is_file()


def test_a_full_disk_leaves_the_folder_as_it_was(small, tmp_path, monkeypatch):
    out = tmp_path / "out"
    small.rt.to_dicom(out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    write, count = Path.write_bytes, iter(range(10))

    def full(*args, **kwargs):
        if next(count) == 2:
            raise OSError(28, "No space left on device")
        return write(*args, **kwargs)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        small.rt.to_dicom(out, overwrite=True)
    assert "make room" in caught.value.__notes__[0]
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert names(tmp_path) == {"out"}


def test_a_failed_move_puts_everything_back(small, tmp_path, monkeypatch):
    out = tmp_path / "out"
    small.rt.to_dicom(out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    move = os.replace

    def refuse(source, target):
        if Path(target) == out / "RTPLAN_1.dcm" and "replaced" not in str(source):
            raise PermissionError(13, "Permission denied")
        move(source, target)

    monkeypatch.setattr(placing.os, "replace", refuse)
    with pytest.raises(PermissionError):
        small.rt.to_dicom(out, overwrite=True, StudyDescription="new")
    assert {path: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.replace(b"RTPLAN", b"RTPLAM"), "did not read back as written"),
        (lambda data: data[:-2], r"did not read back|parsed|truncated|cut|[Ee]nd"),
    ],
)
def test_bytes_that_are_not_those_of_the_object_are_not_delivered(
    spoil, message, small, tmp_path, monkeypatch
):
    encode = files.data_set_bytes
    monkeypatch.setattr(files, "data_set_bytes", lambda *a, **k: spoil(encode(*a, **k)))
    with pytest.raises(Exception, match=message):
        small.rt.to_dicom(tmp_path / "out")
    assert names(tmp_path) == set()


def test_a_file_that_does_not_read_back_is_not_delivered(small, tmp_path, monkeypatch):
    native = files._native
    monkeypatch.setattr(files, "_native", lambda pixels: native(pixels ^ 1))
    with pytest.raises(RTXRError, match="PixelData did not read back as written"):
        small.rt.to_dicom(tmp_path / "out")
    assert names(tmp_path) == set()
