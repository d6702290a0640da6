"""A tree of cases is written as folders, one for each case, that name nothing but themselves."""

from __future__ import annotations

import errno
from pathlib import Path

import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr import cohort, header_store
from rtxr.edit.cases.headers import encoded
from rtxr.errors import (
    ConformanceError,
    ExistingFilesError,
    MissingDataError,
    RTXRError,
    UnknownNameError,
)
from rtxr.export.writing import placing


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


@pytest.mark.parametrize(
    "options",
    [
        {"PatientID": None},
        {"attributes": {"RTPLAN": {"PatientID": "X"}, "RTSTRUCT": {"PatientID": "X"}}},
        {"before_save": lambda dataset, _: setattr(dataset, "PatientID", "X")},
    ],
)
def test_folders_do_not_name_a_patient_whom_the_files_do_not(options, case, tmp_path):
    tree_of("/Doe/19991231/1", case=case).rt.to_dicom(tmp_path, **options)
    assert files_below(tmp_path) == {f"1/1/1/{name}" for name in WRITTEN}


def test_cases_of_one_study_stay_in_one_when_all_uids_are_new(case, tmp_path):
    tree = tree_of("/P/S/1", "/P/S/2", case=case)
    written = [pydicom.dcmread(path) for path in tree.rt.to_dicom(tmp_path, uids="new")["path"]]
    (study,) = {each.StudyInstanceUID for each in written}
    assert study != case.rt.header("plan").StudyInstanceUID
    assert len({each.SOPInstanceUID for each in written}) == len(written)
    frames = {each.FrameOfReferenceUID for each in written if "FrameOfReferenceUID" in each}
    assert len(frames) == 1
    uid_map = {}
    for name in ("a", "b"):
        case.rt.validate(uids="new", uid_map=uid_map)
        assert bool(uid_map) == (name == "b")
        case.rt.to_dicom(tmp_path / name, uids="new", uid_map=uid_map)
    paths = [tmp_path / name / "RTPLAN_1.dcm" for name in ("a", "b")]
    studies = {str(pydicom.dcmread(path).StudyInstanceUID) for path in paths}
    assert studies == {uid_map[case.rt.header("plan").StudyInstanceUID]}


def test_it_is_not_written_among_its_sources(case, phantom, tmp_path):
    tree = tree_of("/P/S/1", case=case)
    before = files_below(phantom)
    for out in (phantom, phantom.parent):
        with pytest.raises(ExistingFilesError, match="this tree was opened from"):
            tree.rt.to_dicom(out, overwrite=True)
    assert files_below(phantom) == before


def test_all_cases_share_one_map_of_uids(case, tmp_path):
    tree = tree_of("/P/S/1", "/P/S/2", case=case)
    table = tree.rt.to_dicom(tmp_path, deidentify=True)
    uids = table.groupby("IOD")["SOPInstanceUID"].nunique()
    assert uids.to_dict() == {"RT Plan": 1, "RT Structure Set": 1}
    assert not set(table["SOPInstanceUID"]) & set(case.header_uid.values)


def of_patient(case: xr.Dataset, patient: str) -> xr.Dataset:
    """The case of another patient, or of one without PatientID."""
    header = case.rt.header("plan")
    header.PatientID = patient
    return header_store.replace(case, [encoded(header)])


@pytest.fixture(scope="module")
def patients(case):
    """Two patients, the second with two studies."""
    plan = case.drop_vars([name for name in case.coords if name not in PLAN_ONLY])
    held = {"/A/S/1": "A", "/B/S/1": "B", "/B/T/1": "B"}
    return xr.DataTree.from_dict({path: of_patient(plan, who) for path, who in held.items()})


PLAN_ONLY = ("plan_uid", "header_uid", "header_stop", "header_data")


def patient_ids(table) -> list[str]:
    return [str(pydicom.dcmread(path).PatientID) for path in table["path"]]


def test_patients_stay_apart_when_de_identified(patients, tmp_path):
    table = patients.rt.to_dicom(tmp_path, deidentify=True)
    assert patient_ids(table) == ["1", "2", "2"]
    assert [Path(path).relative_to(tmp_path).parts[0] for path in table["path"]] == ["1", "2", "2"]
    assert len({path.split("/")[1] for path in rtxr.open_tree(tmp_path).groups if path != "/"}) == 2


def test_with_a_key_pseudonyms_are_the_same_in_any_export(patients, tmp_path):
    keyed = [rtxr.Deidentify(key=key) for key in ("k", "k", "l")]
    both = patient_ids(patients.rt.to_dicom(tmp_path / "1", deidentify=keyed[0]))
    alone = patient_ids(patients["B"].rt.to_dicom(tmp_path / "2", deidentify=keyed[1]))
    other = patient_ids(patients.rt.to_dicom(tmp_path / "3", deidentify=keyed[2]))
    assert both[1:] == alone
    assert len({*both, *other}) == 4
    assert all(len(name) == 16 for name in both)


@pytest.mark.parametrize("name", [{"A": "T1", "B": "T2"}, lambda old: {"A": "T1", "B": "T2"}[old]])
def test_pseudonyms_by_the_original(patients, name, tmp_path):
    profile = rtxr.Deidentify(patient_id=name)
    assert patient_ids(patients.rt.to_dicom(tmp_path, deidentify=profile)) == ["T1", "T2", "T2"]


def test_one_pseudonym_for_two_patients_is_refused(patients, tmp_path):
    profile = rtxr.Deidentify(patient_id="T1")
    with pytest.raises(RTXRError, match="2 patients, who would become one: give a mapping"):
        patients.rt.to_dicom(tmp_path, deidentify=profile)
    assert files_below(tmp_path) == set()
    assert patient_ids(patients["B"].rt.to_dicom(tmp_path, deidentify=profile)) == ["T1", "T1"]


def test_a_mapping_that_lacks_a_patient_names_none(patients, tmp_path):
    profile = rtxr.Deidentify(patient_id={"A": "T1"})
    with pytest.warns(UserWarning, match="2 of 3 cases not written: 'B/S/1'"):
        table = patients.rt.to_dicom(tmp_path, deidentify=profile)
    assert patient_ids(table) == ["T1"]
    assert "none of this one" in table.attrs["without"]["B/T/1"]


def test_a_tree_is_validated_case_by_case(patients):
    table = patients.rt.validate(ApprovalStatus="MAYBE")
    errors = table[table["severity"] == "error"]
    assert set(errors.index.get_level_values("case")) == {"A/S/1", "B/S/1", "B/T/1"}
    assert set(errors["attribute"]) == {"(300E,0002) ApprovalStatus"}
    with pytest.raises(UnknownNameError, match="ApprovalStatus") as caught:
        patients.rt.validate(AprovalStatus="APPROVED")
    assert caught.value.__notes__ == ["case 'A/S/1': 0 of 3 cases are checked"]
    assert "before_save" in type(patients.rt).to_dicom.__doc__


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
    with pytest.warns(UserWarning, match=r"2 of 3 cases not written: 'P/S/1' \(.*, and 1 more"):
        table = tree.rt.to_dicom(tmp_path / "out")
    assert files_below(tmp_path) == {f"out/P/S/2/{name}" for name in WRITTEN}
    assert set(table.attrs["without"]) == {"P/S/1", "P/S/3"}
    assert "holds a number twice" in table.attrs["without"]["P/S/1"]
    assert "not opened" in table.attrs["without"]["P/S/3"]


def test_no_case_at_all(case, tmp_path):
    broken = case.assign_coords(roi_number=("roi", [1] * case.sizes["roi"]))
    with pytest.raises(ConformanceError) as caught:
        xr.DataTree.from_dict({"/P/S/1": broken}).rt.to_dicom(tmp_path)
    assert caught.value.__notes__ == ["case 'P/S/1': 0 of 1 cases are written"]
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
