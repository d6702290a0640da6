"""Several files with one SOPInstanceUID."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import factories as make

from catalog.scanned import table_of
from rtxr.catalog import Catalog
from rtxr.catalog.duplicates import unused_duplicates
from rtxr.read.scan import digests

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


def test_objects_without_uid_are_no_duplicates(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    ds = make.ct_slice(1, 0)
    make.write(tmp_path, [ds, ds])
    table = table_of(tmp_path)
    table["SOPInstanceUID"] = ""
    assert unused_duplicates(table) == ([], [])
