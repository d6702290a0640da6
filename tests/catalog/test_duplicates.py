"""Several files with one SOPInstanceUID."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import factories as make

from catalog.scanned import table_of
from rtxr.catalog import Catalog
from rtxr.catalog.duplicates import unused_duplicates
from rtxr.read.scanning.scan import digests

Catalogued = Callable[..., Catalog]


def duplicates(folder: Path) -> tuple[list[str], list[tuple[str, str]], str]:
    table = table_of(folder)
    table["digest"] = digests(table["path"].tolist())
    unused, findings = unused_duplicates(table)
    names = [Path(table["path"].iloc[at]).name for at in unused]
    return names, [(f.code, f.severity) for f in findings], " ".join(f.message for f in findings)


def test_exact_copies_are_used_once(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        make.save(tmp_path / name, make.ct_slice(1, 0))
    names, found, message = duplicates(tmp_path)
    assert names == ["b", "c"]
    assert found == [("duplicate-sop-instance", "info")]
    assert "2 file(s) are exact copies" in message


def test_lossless_coding_is_used_before_lossy(tmp_path: Path) -> None:
    path = make.save(tmp_path / "a", make.ct_slice(1, 0))
    native, lossy_uid = b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.4.91"
    path.write_bytes(path.read_bytes().replace(native, lossy_uid))
    make.save(tmp_path / "b", make.ct_slice(1, 0))
    names, found, message = duplicates(tmp_path)
    assert names == ["a"]
    assert found == [("duplicate-sop-instance", "warning")]
    assert "used b (Explicit VR Little Endian); not used a (JPEG 2000" in message


def test_files_of_an_unpacked_archive_are_used_before_its_members(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    paths = [make.save(tmp_path / "case" / name, make.ct_slice(1, 0, name=name)) for name in "ab"]
    with ZipFile(tmp_path / "case.zip", "w") as archive:
        for path in paths:
            archive.write(path, path.name)
    table = table_of(tmp_path)
    table["digest"] = digests(table["path"].tolist())
    unused, (finding,) = unused_duplicates(table)
    members = [str(tmp_path / "case.zip" / path.name) for path in paths]
    assert table["path"].iloc[unused].tolist() == members
    assert (finding.severity, finding.path) == ("info", members[0])


def test_a_message_names_some_of_many_files(tmp_path: Path) -> None:
    for number in range(12):
        make.save(tmp_path / f"{number:02}", make.ct_slice(1, 0, RescaleType=f"HU{number}"))
    names, _, message = duplicates(tmp_path)
    assert len(names) == 11
    assert "12 files carry this SOPInstanceUID and differ: used 00" in message
    assert message.count("Little Endian") == 6
    assert message.endswith(" and 6 more")


def test_objects_without_uid_are_no_duplicates(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    ds = make.ct_slice(1, 0)
    make.write(tmp_path, [ds, ds])
    table = table_of(tmp_path)
    table["SOPInstanceUID"] = ""
    assert unused_duplicates(table) == ([], [])
