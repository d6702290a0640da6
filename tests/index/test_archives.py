"""A case in a zip archive is the case: the same table, values, numbers and exports."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import factories as make
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from comparison import pixels
from pydicom import uid as sop

import rtxr
from rtxr import header_store
from rtxr.errors import ExistingFilesError, NotDicomError
from rtxr.read.headers import read_header


def zipped(path: Path, folder: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, Path("case") / file.relative_to(folder))
    return path


@pytest.fixture(scope="module")
def archive(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zipped(tmp_path_factory.mktemp("archive") / "case.zip", phantom)


@pytest.fixture(scope="module")
def pair(phantom: Path, archive: Path) -> tuple[xr.Dataset, xr.Dataset]:
    """The case in its folder, and in an archive."""
    return rtxr.open_dir(phantom, progress=False), rtxr.open_dir(archive, progress=False)


def test_the_table_differs_in_paths_only(phantom: Path, archive: Path) -> None:
    plain, packed = (rtxr.scan(path, progress=False) for path in (phantom, archive))
    assert packed.findings.empty == plain.findings.empty
    files = [Path(path).relative_to(archive / "case") for path in packed.table["path"]]
    assert files == [Path(path).relative_to(phantom) for path in plain.table["path"]]
    pd.testing.assert_frame_equal(
        packed.table.drop(columns="path"), plain.table.drop(columns="path")
    )


def test_values_structures_and_curves_are_the_same(pair: tuple[xr.Dataset, xr.Dataset]) -> None:
    plain, packed = pair
    same, other = (
        ds.drop_vars([*header_store.HEADER_COORDS, "mask"]).drop_attrs(deep=False) for ds in pair
    )  # headers and findings hold paths
    xr.testing.assert_identical(same, other)
    findings = [ds.rt.findings.drop(columns="path") for ds in pair]
    pd.testing.assert_frame_equal(*findings)
    np.testing.assert_array_equal(packed.mask.values, plain.mask.values)
    pd.testing.assert_frame_equal(packed.rt.structures(), plain.rt.structures())
    pd.testing.assert_frame_equal(packed.rt.beams(), plain.rt.beams())
    rois = [str(name) for name in plain.roi.values[:2]]
    pd.testing.assert_frame_equal(packed.rt.dvh(rois=rois), plain.rt.dvh(rois=rois))


def test_planes_are_read_one_by_one(archive: Path) -> None:
    ds = rtxr.open_dir(archive, progress=False).chunk(z=2)
    whole = ds.ct.compute(num_workers=4)  # members side by side
    one = rtxr.open_dir(archive, progress=False).ct.isel(z=3, x=slice(2, 5))
    np.testing.assert_array_equal(one.values, whole.isel(z=3, x=slice(2, 5)).values)


def test_exports_are_those_of_the_folder(
    pair: tuple[xr.Dataset, xr.Dataset], tmp_path: Path
) -> None:
    tables = []
    for number, ds in enumerate(pair):
        pd.testing.assert_frame_equal(ds.rt.validate(), pair[0].rt.validate())
        tables.append(ds.rt.to_dicom(tmp_path / str(number)))
    plain, packed = tables
    assert set(packed["changed"]) == {""}
    pd.testing.assert_frame_equal(packed.drop(columns="path"), plain.drop(columns="path"))
    for one, other in zip(packed["path"], plain["path"], strict=True):
        assert Path(one).read_bytes() == Path(other).read_bytes()


def test_an_edited_export_compares_with_the_archive(
    pair: tuple[xr.Dataset, xr.Dataset], tmp_path: Path
) -> None:
    ds = pair[1]
    table = ds.assign(dose=ds.dose * 2).rt.to_dicom(tmp_path / "out")
    assert table.loc[table["changed"] != "", "IOD"].tolist() == ["RT Dose"]


def test_save_and_load(pair: tuple[xr.Dataset, xr.Dataset], tmp_path: Path) -> None:
    plain, packed = pair
    packed.rt.save(tmp_path / "case.zarr")
    loaded = rtxr.load(tmp_path / "case.zarr")
    np.testing.assert_array_equal(loaded.ct.values, plain.ct.values)
    assert set(loaded.rt.to_dicom(tmp_path / "out")["changed"]) == {""}


def test_no_export_beside_the_archive_it_came_from(phantom: Path, tmp_path: Path) -> None:
    path = zipped(tmp_path / "case.zip", phantom, zipfile.ZIP_STORED)
    ds = rtxr.open_dir(path, progress=False)
    with pytest.raises(ExistingFilesError, match="holds the files this Dataset was opened from"):
        ds.rt.to_dicom(tmp_path, overwrite=True)


def test_one_case_over_a_folder_and_archives(tmp_path: Path) -> None:
    images, structures, plan, dose = make.case_parts()
    make.write(tmp_path / "in" / "images", images)
    for name, ds in {"rs": structures, "rp": plan, "rd": dose}.items():
        make.write(tmp_path / name, ds)
        zipped(tmp_path / "in" / f"{name}.zip", tmp_path / name)
    index = rtxr.scan(tmp_path / "in", progress=False)
    assert len(index.cases) == 1
    ds = index.open()
    assert ds.sizes["z"] == len(images)
    assert {"ct", "dose"} <= set(ds.data_vars)


def test_what_archives_hold_beside_dicom(tmp_path: Path) -> None:
    slice_ = make.save(tmp_path / "ct", make.ct_slice(1, 0)).read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("ct", slice_)
    with zipfile.ZipFile(folder / "a.zip", "w") as file:
        file.writestr("noext", slice_)
        file.writestr("__MACOSX/._noext", b"\x00\x05\x16\x07\x00\x02")
        file.writestr("empty/", b"")
        file.writestr("notes.txt", b"hello")
        file.write(inner, "inner.zip")
        file.writestr("sealed", slice_)
    data = bytearray((folder / "a.zip").read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # sealed is said to be encrypted
    (folder / "a.zip").write_bytes(bytes(data))
    (folder / "broken.zip").write_bytes(bytes(data[:300]))
    with zipfile.ZipFile(folder / "letter.docx", "w") as file:
        file.writestr("word/document.xml", b"<xml/>")
    index = rtxr.scan(folder, progress=False)
    assert index.table["path"].tolist() == [f"{folder}/a.zip/noext"]
    told = {
        (Path(row.path).relative_to(folder).as_posix(), row.code): row.message
        for row in index.findings.itertuples()
    }
    expected = {
        ("a.zip/__MACOSX/._noext", "not-dicom"): "AppleDouble",
        ("a.zip/notes.txt", "not-dicom"): "no DICOM preamble",
        ("a.zip/inner.zip", "not-dicom"): "a zip archive within an archive; unpack it first",
        ("a.zip/sealed", "unreadable-file"): "encrypted in its archive; unpack it first",
        ("broken.zip", "unreadable-file"): "a damaged zip archive",
        ("letter.docx", "not-dicom"): "a zip archive without a DICOM object",
    }
    assert told.keys() == expected.keys()
    for key, text in expected.items():
        assert text in told[key]


def test_a_disc_in_an_archive(tmp_path: Path) -> None:
    make.save(tmp_path / "IM1", make.ct_slice(1, 0))
    names = ["IM1", "IM2"]
    listed = [make.item(DirectoryRecordType="IMAGE", ReferencedFileID=name) for name in names]
    ds = make.item(SOPClassUID=sop.MediaStorageDirectoryStorage, DirectoryRecordSequence=listed)
    make.save(tmp_path / "DICOMDIR", ds)
    with zipfile.ZipFile(tmp_path / "disc.zip", "w") as file:
        for name in ("DICOMDIR", "IM1"):
            file.write(tmp_path / name, name)
    for path in (tmp_path / "disc.zip", tmp_path / "DICOMDIR"):
        index = rtxr.scan(path, progress=False)
        assert len(index.table) == 1
        assert index.findings["code"].tolist()[:2] == ["dicomdir-ignored", "dicomdir-files-missing"]
        assert index.findings["message"][1].endswith("IM2")


def test_an_archive_without_dicom_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("notes.txt", b"hello")
    with pytest.raises(NotDicomError, match="no DICOM objects were found"):
        rtxr.open_dir(tmp_path / "a.zip", progress=False)


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["pymedphys/tiny_vmat", "brachy_hdr_robustbrachy", "geometry/dicom2nifti_compressed"]
)
def test_published_cases_in_an_archive(
    name: str, case_data: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = case_data(name)
    plain = rtxr.scan(folder, progress=False)
    packed = rtxr.scan(zipped(tmp_path / "a.zip", folder), progress=False)
    assert len(packed.cases) == len(plain.cases) > 0
    pd.testing.assert_frame_equal(
        packed.table.drop(columns="path"), plain.table.drop(columns="path")
    )
    for path, other in zip(packed.table["path"], plain.table["path"], strict=True):
        assert read_header(path).record.data == read_header(other).record.data
        if packed.table.set_index("path").loc[path, "has_pixel_data"]:
            np.testing.assert_array_equal(pixels(path), pixels(other))


def test_an_archive_of_archives_is_a_warning(tmp_path: Path) -> None:
    path = make.save(tmp_path / "IM1", make.ct_slice(1, 0))
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as file:
        file.write(path, "IM1")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as file:
        file.write(tmp_path / "inner.zip", "1.zip")
        file.write(tmp_path / "inner.zip", "2.zip")
    index = rtxr.scan(tmp_path / "IM1", progress=False)
    assert index.findings.empty
    (told,) = [
        each
        for each in rtxr.scan([path, tmp_path / "outer.zip"], progress=False).findings.itertuples()
        if each.severity == "warning"
    ]
    assert (told.code, told.path) == ("unreadable-file", f"{tmp_path}/outer.zip")
    assert "2 archive(s) within this archive" in told.message
