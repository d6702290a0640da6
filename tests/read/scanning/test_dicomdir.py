"""What a DICOMDIR lists, and what of it is there."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import factories as make
import pytest
from pydicom import uid as sop

from rtxr.read.scanning.dicomdir import dicomdir_findings, is_dicomdir, listed_files


def dicomdir(path: Path, names: Sequence[str], undefined: bool = False) -> Path:
    """A DICOMDIR with a patient and some images; ``/`` stands between the parts of a name."""
    records = [make.item(DirectoryRecordType="PATIENT", PatientID="P1")]
    for name in names:
        parts = name.split("/")
        records.append(make.item(DirectoryRecordType="IMAGE", ReferencedFileID=parts))
    ds = make.item(
        SOPClassUID=sop.MediaStorageDirectoryStorage,
        SOPInstanceUID="1.2",
        FileSetID="TEST",
        DirectoryRecordSequence=records,
    )
    ds["DirectoryRecordSequence"].is_undefined_length = undefined
    for each in records:
        each.is_undefined_length_sequence_item = undefined
    return make.save(path, ds)


def codes(path: str | Path) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in dicomdir_findings(str(path))]


@pytest.mark.filterwarnings("ignore:.*VR CS")  # small letters, when writing
@pytest.mark.parametrize("undefined", [False, True])
def test_files_are_found_in_any_case(tmp_path: Path, undefined: bool) -> None:
    names = ["DICOM/IM1", "DICOM/IM2", "dicom2/im3", "TOP", "DICOM/IM1", "DICOM/GONE", "NO/IM9"]
    path = dicomdir(tmp_path / "DICOMDIR", names, undefined)
    for place in ("DICOM/IM1", "DICOM/im2", "Dicom2/Im3", "TOP", "top"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    existing, missing = listed_files(str(path))
    inside = ["DICOM/IM1", "DICOM/im2", "Dicom2/Im3", "TOP"]
    assert existing == [str(tmp_path / place) for place in inside]
    assert missing == ["DICOM/GONE", "NO/IM9"]
    assert codes(path) == [("dicomdir-ignored", "info"), ("dicomdir-files-missing", "warning")]
    listed, lacking = dicomdir_findings(str(path))
    assert "lists 6 file(s)" in listed.message
    assert "lists 2 file(s) that are not where it says: DICOM/GONE, NO/IM9" in lacking.message
    assert listed.path == lacking.path == str(path)


def test_only_the_first_missing_files_are_named(tmp_path: Path) -> None:
    path = dicomdir(tmp_path / "DICOMDIR", [f"IM{number}" for number in range(50)])
    message = dicomdir_findings(str(path))[1].message
    assert message.endswith("IM0, IM1, IM2 and 47 more")


def test_nothing_outside_its_folder_is_looked_for(tmp_path: Path) -> None:
    make.save(tmp_path / "SECRET", make.ct_slice(1, 0))
    (tmp_path / "disc").mkdir()
    names = ["../SECRET", str(tmp_path / "SECRET"), "./IM1"]
    with pytest.warns(UserWarning, match="VR CS"):
        path = dicomdir(tmp_path / "disc" / "DICOMDIR", names)
    (tmp_path / "disc" / "IM1").touch()
    existing, missing = listed_files(str(path))
    assert existing == [str(tmp_path / "disc" / "IM1")]
    assert len(missing) == 2


def test_in_an_archive(tmp_path: Path) -> None:
    path = dicomdir(tmp_path / "DICOMDIR", ["DICOM/IM1", "DICOM/IM2", "IM3"])
    with zipfile.ZipFile(tmp_path / "disc.zip", "w") as file:
        file.write(path, "disc/DICOMDIR")
        for name in ("disc/dicom/im1", "disc/IM3", "DICOM/IM2"):
            file.writestr(name, b"")
    inner = f"{tmp_path}/disc.zip/disc"
    assert is_dicomdir(f"{inner}/DICOMDIR")
    assert listed_files(f"{inner}/DICOMDIR") == (
        [f"{inner}/dicom/im1", f"{inner}/IM3"],
        ["DICOM/IM2"],
    )
    assert codes(f"{inner}/DICOMDIR")[1] == ("dicomdir-files-missing", "warning")


def test_known_by_content(tmp_path: Path) -> None:
    assert is_dicomdir(str(dicomdir(tmp_path / "some name", [])))
    names_the_class = make.ct_slice(1, 0, StudyDescription=sop.MediaStorageDirectoryStorage)
    assert not is_dicomdir(str(make.save(tmp_path / "DICOMDIR", names_the_class)))
    (tmp_path / "text").write_text("DICOMDIR")
    assert not is_dicomdir(str(tmp_path / "text"))
    assert not is_dicomdir(str(tmp_path / "absent"))


def test_an_empty_one_lists_nothing(tmp_path: Path) -> None:
    path = dicomdir(tmp_path / "DICOMDIR", [])
    assert listed_files(str(path)) == ([], [])
    assert "lists 0 file(s)" in dicomdir_findings(str(path))[0].message


@pytest.mark.parametrize("undefined", [False, True])
def test_one_that_cannot_be_followed_is_a_finding(tmp_path: Path, undefined: bool) -> None:
    path = dicomdir(tmp_path / "DICOMDIR", ["IM1", "IM2"], undefined)
    path.write_bytes(path.read_bytes().partition(b"IM2")[0])
    assert codes(path) == [("dicomdir-ignored", "warning")]
    assert "whose list cannot be followed" in dicomdir_findings(str(path))[0].message
    path.unlink()
    assert "No such file" in dicomdir_findings(str(path))[0].message
