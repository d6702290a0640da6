"""Many files that are not DICOM make few findings."""

from __future__ import annotations

from rtxr.errors import Finding
from rtxr.read.scanning.other_files import gathered


def other(path: str, message: str = "not DICOM: a PNG picture") -> Finding:
    return Finding("not-dicom", "info", message, path=path)


def test_few_files_are_told_one_by_one() -> None:
    findings = [other("/d/a.png"), other("/d/b.png"), other("/d/c.png"), other("/e/a.png")]
    assert gathered(findings) == findings


def test_many_files_of_one_folder_and_reason_are_one_finding() -> None:
    many = [other(f"/d/{name}.png") for name in "abcde"]
    text, damaged = other("/d/notes", "not DICOM: x"), Finding("damaged-header", "warning", "y")
    one, *rest = gathered([many[0], damaged, *many[1:], text, damaged])
    assert rest == [damaged, text, damaged]
    assert (one.code, one.severity, one.path) == ("not-dicom", "info", "/d")
    assert one.message == (
        "not DICOM: a PNG picture; so are 5 files of this folder: a.png, b.png, c.png and others"
    )


def test_files_of_the_operating_system_are_one_finding_for_all_folders() -> None:
    names = (".DS_Store", "._im1", "Thumbs.db", "desktop.ini")
    many = [other(f"/{folder}/{name}", name) for folder in range(100) for name in names]
    (one,) = gathered(many)
    assert "400 files of the operating system" in one.message
    assert one.path == "/0/.DS_Store"
    assert gathered(many[:1]) == many[:1]
    assert gathered([]) == []
