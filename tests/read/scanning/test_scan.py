"""Scanning: every DICOM file is found whatever its name, and nothing ends a scan."""

from __future__ import annotations

import os
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories as make
import pydicom
import pytest
from pydicom import uid as sop

from read.watching import bytes_read
from rtxr.catalog import COLUMNS, build_table
from rtxr.errors import Finding, NotDicomError
from rtxr.read.scanning import file_header, header_walk, scan
from rtxr.read.sources import read_source


def rows_of(path: Any) -> tuple[list[dict[str, Any]], list[Finding]]:
    rows, findings = scan.scan_headers(path, progress=False)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows], findings


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    "syntax",
    [
        sop.ImplicitVRLittleEndian,
        sop.ExplicitVRLittleEndian,
        sop.ExplicitVRBigEndian,
        sop.DeflatedExplicitVRLittleEndian,
    ],
)
def test_every_native_transfer_syntax_gives_the_same_row(tmp_path: Path, syntax: str) -> None:
    make.write(tmp_path, make.ct_slice(7, 4.5), syntax=syntax)
    (row,), findings = rows_of(tmp_path)
    assert findings == []
    assert row["TransferSyntaxUID"] == syntax
    assert row["PatientID"] == "P1"
    assert row["Modality"] == "CT"
    assert (row["Rows"], row["Columns"], row["InstanceNumber"]) == (4, 5, 7)
    assert row["ImagePositionPatient"] == (-4.0, -3.0, 4.5)
    assert row["PixelSpacing"] == (1.5, 2.0)
    assert row["ImageType"] == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert row["has_pixel_data"] is True
    assert row["bytes"] == Path(row["path"]).stat().st_size


@pytest.mark.parametrize("syntax", [sop.ImplicitVRLittleEndian, sop.ExplicitVRLittleEndian])
def test_file_without_preamble_and_meta(tmp_path: Path, syntax: str) -> None:
    make.save(tmp_path / "noname", make.ct_slice(1, 0), syntax=syntax, preamble=False)
    (row,), findings = rows_of(tmp_path)
    assert findings == []
    assert (row["Modality"], row["TransferSyntaxUID"]) == ("CT", syntax)


def test_bytes_decide_where_the_meta_names_another_encoding(tmp_path: Path) -> None:
    first = b"\x08\0\x08\0"  # (0008,0008) ImageType, the first element of the data set
    explicit = make.save(tmp_path / "a", make.ct_slice(1, 0)).read_bytes()
    path = make.save(tmp_path / "b", make.ct_slice(2, 0), syntax=sop.ImplicitVRLittleEndian)
    implicit = path.read_bytes()
    path.write_bytes(explicit[: explicit.index(first)] + implicit[implicit.index(first) :])
    rows, findings = rows_of(tmp_path)
    assert findings == []
    assert [row["InstanceNumber"] for row in rows] == [1, 2]


def test_names_and_nesting_do_not_matter(tmp_path: Path) -> None:
    slices = make.ct_series(4)
    places = ["noext", "deep/er/1.2.3.4", "with space/a.txt", "deep/IMG.DCM"]
    for place, ds in zip(places, slices, strict=True):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        make.save(tmp_path / place, ds)
    rows, findings = rows_of(tmp_path)
    assert findings == []
    assert sorted(os.path.relpath(row["path"], tmp_path) for row in rows) == sorted(places)
    assert all(Path(row["path"]).is_absolute() for row in rows)


def test_one_file_or_a_list_of_paths(tmp_path: Path) -> None:
    first, second = make.write(tmp_path, make.ct_series(2))
    assert len(rows_of(first)[0]) == 1
    assert len(rows_of([first, str(second), tmp_path])[0]) == 2  # each file once


def test_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        scan.scan_headers(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.dcm", b"", "an empty file"),
        ("notes.txt", b"hello", "no DICOM preamble"),
        ("._slice.dcm", b"\x00\x05\x16\x07\x00\x02", "AppleDouble"),
        (".DS_Store", b"\x00\x00\x00\x01Bud1", "no DICOM preamble"),
        ("zeros", bytes(5000), "no DICOM preamble"),
        ("like.dcm", b"\x08\x00\x05\x00" + b"x" * 300, "no SOP Class UID"),
        ("filled.dcm", b"\x08\x00\x05\x00CS\0\0" + bytes(100_000), "no SOP Class UID"),
    ],
)
def test_other_files_are_findings(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    make.write(tmp_path / "dicom", make.ct_slice(1, 0))
    (tmp_path / name).write_bytes(content)
    rows, findings = rows_of(tmp_path)
    assert len(rows) == 1
    assert codes(findings) == [("not-dicom", "info")]
    assert says in findings[0].message
    assert findings[0].path == str(tmp_path / name)


def test_dicomdir_is_ignored_by_its_content(tmp_path: Path) -> None:
    ds = make.item(SOPClassUID=sop.MediaStorageDirectoryStorage, SOPInstanceUID="1.2")
    make.save(tmp_path / "INDEX", ds)
    rows, findings = rows_of(tmp_path)
    assert rows == []
    assert codes(findings) == [("dicomdir-ignored", "info")]


def test_symlink_loops_end_and_linked_folders_are_read_once(tmp_path: Path) -> None:
    make.write(tmp_path / "a" / "b", make.ct_series(2))
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    rows, findings = rows_of(tmp_path)
    assert len(rows) == 2
    assert [finding.code for finding in findings] == ["unreadable-file"]  # the link to itself


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    rows, findings = rows_of(tmp_path)
    assert rows == []
    assert codes(findings) == [("unreadable-file", "warning")]


def test_unreadable_files_and_folders_are_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = make.write(tmp_path / "open", make.ct_series(2))
    (tmp_path / "closed").mkdir()
    real_scandir, real_read = os.scandir, scan.read_index_values

    def scandir(folder: str) -> Any:
        if str(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_scandir(folder)

    def read(path: str, *rest: Any) -> Any:
        if path == str(paths[0]):
            raise OSError(5, "Input/output error")
        return real_read(path, *rest)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(scan, "read_index_values", read)
    rows, findings = rows_of(tmp_path)
    assert len(rows) == 1
    assert {(f.code, f.message) for f in findings} == {
        ("unreadable-folder", "Permission denied"),
        ("unreadable-file", "Input/output error"),
    }


def test_a_file_that_breaks_the_reader_does_not_end_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, _ = make.write(tmp_path, make.ct_series(2))
    real = scan.make_row

    def broken(path: str, *rest: Any) -> Any:
        if path == str(bad):
            raise RecursionError
        return real(path, *rest)

    monkeypatch.setattr(scan, "make_row", broken)
    rows, findings = rows_of(tmp_path)
    assert len(rows) == 1
    assert codes(findings) == [("unreadable-file", "warning")]


@pytest.mark.filterwarnings("ignore:.*VR UI")  # pydicom, when writing
def test_odd_values_cost_only_themselves(tmp_path: Path) -> None:
    ds = make.ct_slice(1, 0, SeriesInstanceUID="1." + "2" * 64)
    ds.add(pydicom.DataElement(0x00080070, "LO", "Würth"))  # Manufacturer, ISO_IR 100
    ds.SpecificCharacterSet = "ISO_IR 100"
    path = make.save(tmp_path / "a", ds)
    data = path.read_bytes()
    at = data.index(b"\x20\x00\x32\x00DS") + 8  # the value of ImagePositionPatient
    path.write_bytes(data[:at] + b"x" + data[at + 1 :])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (row,), findings = rows_of(tmp_path)
    assert row["SeriesInstanceUID"] == "1." + "2" * 64
    assert row["Manufacturer"] == "Würth"
    assert row["ImagePositionPatient"] is None
    assert row["ImageOrientationPatient"] == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    assert codes(findings) == [("unreadable-value", "warning")]
    assert "(0020,0032) ImagePositionPatient" in findings[0].message
    assert findings[0].uid == ds.SOPInstanceUID


def test_numbers_in_an_unexpected_representation(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.ct_slice(1, 0))
    data = path.read_bytes()
    thickness = struct.pack("<HH2sH4s", 0x18, 0x50, b"DS", 4, b"3.0 ")
    rows_element = struct.pack("<HH2sHH", 0x28, 0x10, b"US", 2, 4)
    assert thickness in data
    assert rows_element in data
    data = data.replace(thickness, struct.pack("<HH2sHd", 0x18, 0x50, b"FD", 8, 2.5))
    data = data.replace(rows_element, struct.pack("<HH2sH2s", 0x28, 0x10, b"IS", 2, b"4 "))
    path.write_bytes(data)
    (row,), findings = rows_of(tmp_path)
    assert findings == []
    assert (row["SliceThickness"], row["Rows"]) == (2.5, 4)


def test_truncated_files_are_kept_with_a_finding(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.ct_slice(1, 0))
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])  # within the pixels
    (tmp_path / "b").write_bytes(whole[: whole.index(b"\x28\x00\x30\x00DS") + 10])
    rows, findings = rows_of(tmp_path)
    assert [row["has_pixel_data"] for row in rows] == [True, False]
    assert codes(findings) == [("damaged-header", "warning")] * 2


def test_missing_uid_is_taken_from_the_file_meta(tmp_path: Path) -> None:
    ds = make.ct_slice(1, 0)
    path = make.save(tmp_path / "a", ds)
    data = path.read_bytes()
    at = data.rindex(struct.pack("<HH2s", 0x08, 0x18, b"UI"))
    length = struct.unpack_from("<H", data, at + 6)[0]
    path.write_bytes(data[:at] + data[at + 8 + length :])
    (row,), findings = rows_of(tmp_path)
    assert row["SOPInstanceUID"] == ds.SOPInstanceUID
    assert codes(findings) == [("missing-uid", "warning")]


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("window", [200, 16 * 1024])
def test_references_and_bulk_that_is_jumped_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undefined: bool, window: int
) -> None:
    """Sequences of either kind of length, also where they do not fit into what is read at once."""
    monkeypatch.setattr(header_walk, "WINDOW_BYTES", window)
    objects = make.case()
    for ds in objects:
        for element in ds:
            if element.VR == "SQ":
                element.is_undefined_length = undefined
                for each in element.value:
                    each.is_undefined_length_sequence_item = undefined
    make.write(tmp_path, objects)
    rows, findings = rows_of(tmp_path)
    assert findings == []
    images = tuple(ds.SOPInstanceUID for ds in objects[:3])
    structures, plan, dose = objects[3:]
    row = {row["Modality"]: row for row in rows}
    assert row["RTSTRUCT"]["referenced_images"] == images
    assert row["RTSTRUCT"]["referenced_image_classes"] == (sop.CTImageStorage,)
    assert row["RTSTRUCT"]["referenced_series"] == (objects[0].SeriesInstanceUID,)
    assert row["RTSTRUCT"]["referenced_frames_of_reference"] == (objects[0].FrameOfReferenceUID,)
    assert row["RTPLAN"]["ReferencedStructureSetSequence"] == (structures.SOPInstanceUID,)
    assert row["RTPLAN"]["RTPlanLabel"] == "Boost"
    assert row["RTDOSE"]["ReferencedRTPlanSequence"] == (plan.SOPInstanceUID,)
    assert row["RTDOSE"]["DoseSummationType"] == "PLAN"
    assert dose.SOPInstanceUID == row["RTDOSE"]["SOPInstanceUID"]


def test_images_that_only_the_contours_name(tmp_path: Path) -> None:
    *images, structures, _, _ = make.case()
    structures.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence = []
    make.write(tmp_path, structures)
    (row,), findings = rows_of(tmp_path)
    assert findings == []
    assert row["referenced_images"] == tuple(ds.SOPInstanceUID for ds in images)
    assert row["referenced_image_classes"] == (sop.CTImageStorage,)


def test_pixels_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make.write(tmp_path, make.ct_slice(1, 0, size=(400, 400)))
    asked = bytes_read(monkeypatch, header_walk.Window, "_read")
    (row,), _ = rows_of(tmp_path)
    assert row["has_pixel_data"]
    assert sum(asked) <= 2 * header_walk.WINDOW_BYTES < 400 * 400 * 2


def test_progress_shows_only_when_told_or_late(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make.write(tmp_path, make.ct_series(3))
    scan.scan_headers(tmp_path)
    assert capsys.readouterr().err == ""
    scan.scan_headers(tmp_path, progress=True)
    assert "reading headers" in capsys.readouterr().err


def test_table_has_stable_dtypes(tmp_path: Path) -> None:
    make.write(tmp_path, make.case())
    full = build_table(scan.scan_headers(tmp_path, progress=False)[0])
    empty = build_table([])
    assert list(full.columns) == list(empty.columns) == list(COLUMNS)
    assert full.dtypes.astype(str).to_dict() == empty.dtypes.astype(str).to_dict()
    assert str(full["InstanceNumber"].dtype) == "Int64"


@pytest.mark.data
@pytest.mark.filterwarnings("ignore:.*VR UI")  # pydicom, when reading
@pytest.mark.parametrize(
    "name",
    [
        *("breast_boost_eclipse", "oncentra_phantom", "proton_dcpt", "brachy_hdr_robustbrachy"),
        *("ibsi_sts003", "pymedphys", "pylinac", "matrad_tg119", "geometry", "rt_utils", "quirks"),
    ],
)
def test_values_equal_what_pydicom_reads(name: str, case_data: Callable[[str], Path]) -> None:
    rows, _ = rows_of(case_data(name))
    assert rows
    for row in rows:
        ds = pydicom.dcmread(row["path"], force=True, stop_before_pixels=True)
        for keyword in ("SOPClassUID", "Modality", "PatientID", "SeriesInstanceUID"):
            assert row[keyword] == str(ds.get(keyword, "")), (row["path"], keyword)
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
            value = ds.get(keyword)
            assert row[keyword] == (tuple(map(float, value)) if value else None)
        assert row["Rows"] == ds.get("Rows")


@pytest.mark.parametrize("syntax", [sop.ImplicitVRLittleEndian, sop.ExplicitVRLittleEndian])
@pytest.mark.parametrize("preamble", [True, False])
def test_scan_and_open_take_and_refuse_the_same_files(
    tmp_path: Path, syntax: str, preamble: bool
) -> None:
    path = make.save(tmp_path / "a", make.ct_slice(1, 0), syntax=syntax, preamble=preamble)
    data = path.read_bytes()
    start = read_source(path).start
    for first in (0x0008, 0x0010, 0x0029, 0x3006):
        path.write_bytes(data[:start] + first.to_bytes(2, "little") + data[start + 2 :])
        refused = []
        for read in (read_source, lambda name: file_header.read_index_values(name, {})):
            try:
                read(path)
            except NotDicomError:
                refused.append(read)
        assert len(refused) in (0, 2), hex(first)


def test_what_a_file_is_instead_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"%PDF-1.7")
    with pytest.raises(ValueError, match="a PDF document"):
        file_header.read_index_values(tmp_path / "a", {})
