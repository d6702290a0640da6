"""A tree of cases is written as folders, one for each case, that name nothing but themselves."""

from __future__ import annotations

import errno
from pathlib import Path

import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr import cohort
from rtxr.errors import ConformanceError, ExistingFilesError, MissingDataError
from rtxr.export import placing


@pytest.fixture(scope="module")
def case(phantom):
    """A plan and its structures: quick to write."""
    return rtxr.open_dir(phantom).drop_vars(["ct", "dose", "mask"])


def tree_of(*paths: str, case: xr.Dataset) -> xr.DataTree:
    return xr.DataTree.from_dict(dict.fromkeys(paths, case))


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


WRITTEN = ("RTPLAN_1.dcm", "RTSTRUCT_1.dcm")


def test_each_case_has_a_folder(case, tmp_path):
    tree = tree_of("/P1/20200101/1", "/P1/20200102/2", "/P2/20200101/3", case=case)
    table = tree.rt.to_dicom(tmp_path / "out")
    wanted = {"P1/20200101/1", "P1/20200102/2", "P2/20200101/3"}
    assert files_below(tmp_path) == {f"out/{each}/{name}" for each in wanted for name in WRITTEN}
    assert set(table.index.get_level_values("case")) == wanted
    assert all(Path(path).is_file() for path in table["path"])
    assert table.attrs["without"] == {}
    assert rtxr.open_dir(tmp_path / "out" / "P2").rt.beams().equals(case.rt.beams())


@pytest.mark.parametrize(
    ("paths", "folders"),
    [
        (["/.../1", "/..../1"], {"_/1", "_ (2)/1"}),
        (["/CON/1", "/a:b/1"], {"_CON/1", "a_b/1"}),
        (["/Ann/1", "/ANN/1"], {"Ann/1", "ANN (2)/1"}),
        (["/a./1", "/a/1"], {"a/1", "a (2)/1"}),
    ],
)
def test_names_neither_lead_out_nor_clash(paths, folders, case, tmp_path):
    out = tmp_path / "deep" / "out"
    tree_of(*paths, case=case).rt.to_dicom(out)
    assert files_below(tmp_path) == {
        f"deep/out/{each}/{name}" for each in folders for name in WRITTEN
    }


def test_folders_of_a_de_identified_export_name_nobody(case, tmp_path):
    tree = tree_of("/Doe/19991231/1", "/Roe/20200101/2", case=case)
    tree.rt.to_dicom(tmp_path, deidentify=True)
    assert {path.split("/RT")[0] for path in files_below(tmp_path)} == {"1/1/1", "2/1/1"}
    tree.rt.to_dicom(tmp_path / "named", PatientID="X")
    assert {path.split("/RT")[0] for path in files_below(tmp_path / "named")} == {"1/1/1", "2/1/1"}


def test_all_cases_share_one_map_of_uids(case, tmp_path):
    tree = tree_of("/P/S/1", "/P/S/2", case=case)
    table = tree.rt.to_dicom(tmp_path, deidentify=True)
    uids = table.groupby("IOD")["SOPInstanceUID"].nunique()
    assert uids.to_dict() == {"RT Plan": 1, "RT Structure Set": 1}
    assert not set(table["SOPInstanceUID"]) & set(case.header_uid.values)


def test_options_go_to_every_case(case, tmp_path):
    tree = tree_of("/P/S/1", "/P/S/2", case=case)
    table = tree.rt.to_dicom(tmp_path, transfer_syntax="implicit", StudyDescription="both")
    for path in table["path"]:
        header = pydicom.dcmread(path)
        assert header.StudyDescription == "both"
        assert header.file_meta.TransferSyntaxUID == pydicom.uid.ImplicitVRLittleEndian


def test_a_case_that_cannot_be_written_is_told_and_leaves_nothing(case, tmp_path):
    broken = case.assign_coords(roi_number=("roi", [1] * case.sizes["roi"]))
    tree = xr.DataTree.from_dict({"/P/S/1": broken, "/P/S/2": case, "/P/S/3": xr.Dataset()})
    table = tree.rt.to_dicom(tmp_path / "out")
    assert files_below(tmp_path) == {f"out/P/S/2/{name}" for name in WRITTEN}
    assert set(table.attrs["without"]) == {"P/S/1", "P/S/3"}
    assert "holds a number twice" in table.attrs["without"]["P/S/1"]
    assert "not opened" in table.attrs["without"]["P/S/3"]


def test_no_case_at_all(case, tmp_path):
    broken = case.assign_coords(roi_number=("roi", [1] * case.sizes["roi"]))
    with pytest.raises(ConformanceError):
        xr.DataTree.from_dict({"/P/S/1": broken}).rt.to_dicom(tmp_path)
    with pytest.raises(MissingDataError, match="no case"):
        cohort.to_dicom(xr.DataTree(), tmp_path)
    assert files_below(tmp_path) == set()


def test_a_second_export_needs_to_be_told(case, tmp_path):
    tree = tree_of("/P/S/1", case=case)
    tree.rt.to_dicom(tmp_path)
    with pytest.raises(ExistingFilesError):
        tree.rt.to_dicom(tmp_path)
    assert len(tree.rt.to_dicom(tmp_path, overwrite=True)) == len(WRITTEN)
    assert files_below(tmp_path) == {f"P/S/1/{name}" for name in WRITTEN}


def test_a_full_disk_ends_it_and_keeps_whole_cases(case, tmp_path, monkeypatch):
    tree, move, moves = tree_of("/P/S/1", "/P/S/2", case=case), placing.move, []

    def full(*args, **kwargs):
        moves.append(args)
        if len(moves) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        move(*args, **kwargs)

    monkeypatch.setattr(placing, "move", full)
    with pytest.raises(OSError, match="No space") as caught:
        tree.rt.to_dicom(tmp_path)
    assert "case 'P/S/2': 1 of 2 cases are written" in caught.value.__notes__
    assert files_below(tmp_path) == {f"P/S/1/{name}" for name in WRITTEN}
