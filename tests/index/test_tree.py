"""All cases as one tree."""

from __future__ import annotations

from pathlib import Path

import factories as make
import pytest
import xarray as xr

import rtxr
from rtxr import model
from rtxr.errors import AmbiguousCaseError, NotDicomError, UnknownNameError
from rtxr.index import open_dir, open_tree, scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """P1 with a full case, P/2 with two studies of one day, and someone without an ID."""
    top = tmp_path_factory.mktemp("tree")
    make.write(top / "one", make.case())
    for study in ("1.2.1", "1.2.2"):
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1"}
        series = make.ct_series(2, name=study, PatientID="P/2", **uids)
        make.write(top / study, series)
    make.write(top / "none", make.ct_series(2, name="none", PatientID="", StudyDate=""))
    (top / "notes.txt").write_text("not DICOM")
    return top


def test_leaves_are_patient_study_case(folder: Path) -> None:
    index = scan(folder, progress=False)
    tree = index.open_tree(progress=False)
    assert [leaf.path for leaf in tree.leaves] == [
        "/no PatientID/no StudyDate/1",
        "/P_2/20200102/2",
        "/P_2/20200102 (2)/3",
        "/P1/20200102/4",
    ]
    assert [leaf.name for leaf in tree.leaves] == index.cases.index.tolist()
    assert tree["P_2/20200102 (2)"].attrs == {"StudyInstanceUID": "1.2.2"}


def test_a_leaf_is_the_case_opened_alone(folder: Path) -> None:
    leaf = open_tree(folder, progress=False)["P1/20200102/4"].to_dataset()
    alone = open_dir(folder, case=4, progress=False)
    alone.attrs.clear()
    leaf.attrs.clear()
    xr.testing.assert_identical(leaf, alone)


def test_nothing_is_read_but_headers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("pixels were read")

    monkeypatch.setattr("rtxr.read.planes.read_frames", refuse)
    tree = open_tree(folder, progress=False)
    assert tree["P1/20200102/4/ct"].shape == (3, 4, 5)
    with pytest.raises(AssertionError, match="pixels were read"):
        tree["P1/20200102/4/ct"].load()


def test_the_root_holds_the_findings_of_the_index(folder: Path) -> None:
    tree = open_tree(folder, progress=False)
    assert [finding.code for finding in model.findings_of(tree.to_dataset())] == ["not-dicom"]
    assert tree.rt.findings["code"].tolist().count("not-dicom") == 1


def test_a_selection_narrows_the_tree(folder: Path) -> None:
    tree = open_tree(folder, progress=False, PatientID="P/2", chunks={})
    assert [leaf.path for leaf in tree.leaves] == ["/P_2/20200102/1", "/P_2/20200102 (2)/2"]
    assert tree["P_2/20200102/1/ct"].chunks is not None


def test_a_case_that_cannot_be_opened_is_an_empty_leaf(tmp_path: Path) -> None:
    parts = make.ct_series(2)
    for part in parts:
        del part.ImagePositionPatient
    make.write(tmp_path / "broken", parts)
    make.write(tmp_path / "whole", make.ct_series(2, name="whole", PatientID="P2"))
    tree = open_tree(tmp_path, progress=False)
    broken, whole = tree.leaves
    assert not broken.has_data
    assert whole.has_data
    found = tree.rt.findings.loc[broken.path[1:]].set_index("code")
    assert "no slice of this series can be placed" in found.loc["case-not-opened", "message"]


def test_an_empty_folder_and_one_without_cases_are_errors(tmp_path: Path) -> None:
    with pytest.raises(NotDicomError, match="no DICOM objects"):
        open_tree(tmp_path, progress=False)
    make.write(tmp_path, make.base(make.sop.SpatialRegistrationStorage, "REG", "reg"))
    with pytest.raises(AmbiguousCaseError, match="none of the 1 objects"):
        open_tree(tmp_path, progress=False)


def test_tables_of_all_cases(folder: Path) -> None:
    tree = open_tree(folder, progress=False)
    doses = tree.rt.doses()
    assert doses.index.names == ["case", "name"]
    assert doses.index.tolist() == [("P1/20200102/4", "dose")]
    metrics = tree.rt.dvh_metrics(["mean"])
    assert set(metrics.index.get_level_values("case")) == {"P1/20200102/4"}
    assert set(metrics.attrs["without"]) == {leaf.path[1:] for leaf in tree.leaves} - {
        "P1/20200102/4"
    }
    below = tree["P_2"].rt.doses()
    assert below.empty
    with pytest.raises(UnknownNameError, match="no case has a ROI 'nowhere'; there are 'Square'"):
        tree.rt.dvh_metrics(["mean"], rois="nowhere")


def test_methods_carry_their_documentation(folder: Path) -> None:
    method = type(rtxr.open_tree(folder, progress=False).rt).dvh_metrics
    assert method.__doc__.startswith("Of every case of the tree")
    assert "prescription" in method.__doc__


def test_an_unforeseen_error_costs_its_case_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.write(tmp_path / "broken", make.case())
    make.write(tmp_path / "whole", make.ct_series(2, name="whole", PatientID="P2"))

    def fail(*_: object, **__: object) -> None:
        raise IndexError("Doe^John")

    monkeypatch.setattr("rtxr.read.case.read_structure_set", fail)
    tree = open_tree(tmp_path, progress=False)
    (failed,) = model.findings_of(tree.leaves[0].to_dataset())
    assert tree.leaves[1].has_data
    assert failed.code == "case-not-opened"
    assert "IndexError" in failed.message
    assert "Doe" not in failed.message


def test_a_backslash_makes_no_level(tmp_path: Path) -> None:
    for path in make.write(tmp_path, make.ct_series(2, PatientID="A-B/C")):
        path.write_bytes(path.read_bytes().replace(b"A-B/C", b"A\\B/C"))
    (leaf,) = open_tree(tmp_path, progress=False).leaves
    assert leaf.path == "/A_B_C/20200102/1"
