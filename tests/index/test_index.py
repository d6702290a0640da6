"""The index: pruning, showing, and opening the one case that is left."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories as make
import pandas as pd
import pytest
import xarray as xr
from pydicom.dataset import Dataset

import rtxr
import rtxr.index.index as index_module
from rtxr.catalog import Case
from rtxr.errors import (
    AmbiguousCaseError,
    EmptySelectionError,
    GeometryError,
    NotDicomError,
    UnknownNameError,
)
from rtxr.index import Index, compared, open_dir, scan
from rtxr.read.scanning import scan as scan_module


@pytest.fixture(scope="module")
def two_patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full case of P1, a CT with a scout of P2, and a text file."""
    folder = tmp_path_factory.mktemp("index")
    make.write(folder / "one", make.case())
    make.write(folder / "two", make.ct_series(4, PatientID="P2", SeriesDescription="Thorax <b>"))
    scout = make.ct_slice(9, 50.0, PatientID="P2", size=(9, 9), SeriesDescription="scout")
    make.write(folder / "two", scout)
    (folder / "notes.txt").write_text("not DICOM")
    return folder


@pytest.fixture(scope="module")
def index(two_patients: Path) -> Index:
    return scan(two_patients, progress=False)


# --- what is there --------------------------------------------------------------------------
def test_table_is_a_copy(index: Index) -> None:
    assert len(index) == len(index.table) == 11
    table = index.table
    table["Modality"] = "changed"
    assert "changed" not in set(index.table["Modality"])


def test_findings_and_cases_are_tables(index: Index) -> None:
    assert list(index.findings.columns) == ["code", "severity", "message", "uid", "path"]
    assert set(index.findings["code"]) == {"not-dicom", "slices-set-aside"}
    cases = index.cases
    assert cases.index.tolist() == ["1", "2"]
    assert cases["PatientID"].tolist() == ["P1", "P2"]
    assert cases["image"].tolist() == ["CT", "CT"]
    assert cases["slices"].tolist() == [3, 4]
    assert cases["doses"].tolist() == [1, 0]
    assert cases["RTPlanLabel"].isna().tolist() == [False, True]
    assert cases["findings"].tolist() == [0, 1]


# --- pruning --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"Modality": "CT"}, 8),
        ({"Modality": ["CT", "RTDOSE"]}, 9),
        ({"Modality": "CT", "PatientID": "P1"}, 3),
        ({"SeriesDescription": re.compile("(?i)THORAX")}, 4),
        ({"SeriesDescription": None}, 6),
        ({"SeriesDescription": ""}, 6),
        ({"InstanceNumber": 2}, 2),
        ({"InstanceNumber": range(2, 4)}, 4),
        ({"InstanceNumber": lambda n: n > 2}, 4),
        ({"ImageType": "AXIAL"}, 8),
        ({"ImageType": re.compile("^ORIG")}, 8),
        ({"ImagePositionPatient": lambda place: place[2] > 5}, 4),
        ({"SliceThickness": lambda mm: mm <= 3}, 8),
        ({"NumberOfFrames": None}, 10),
        ({"case": 1}, 6),
        ({"case": ["1", "2"]}, 10),
        ({"case": 1, "Modality": "CT"}, 3),
    ],
)
def test_select_and_drop_are_each_other_s_rest(
    index: Index, asked: dict[str, Any], count: int
) -> None:
    selected, dropped = index.select(**asked), index.drop(**asked)
    assert len(selected) == count
    assert len(dropped) == len(index) - count
    assert set(selected.table["path"]) | set(dropped.table["path"]) == set(index.table["path"])


def test_numbers_are_matched_with_texts(tmp_path: Path) -> None:
    make.write(
        tmp_path, [make.ct_slice(1, 0, PatientID="0042"), make.ct_slice(2, 0, PatientID="42")]
    )
    index = scan(tmp_path, progress=False)
    assert index.select(PatientID=42).table["PatientID"].tolist() == ["42"]


def test_pruning_can_go_on_and_nothing_changes_in_place(index: Index) -> None:
    before = len(index)
    step = index.select(PatientID="P2").drop(SeriesDescription="scout")
    assert (len(step), len(index)) == (4, before)
    assert step.table.index.tolist() == [0, 1, 2, 3]
    assert step.findings.empty


def test_unknown_column_names_the_nearest(index: Index) -> None:
    with pytest.raises(UnknownNameError, match="no column 'Modalty'; did you mean 'Modality'"):
        index.select(Modalty="CT")
    with pytest.raises(UnknownNameError, match="no case '7'; there are '1' to '2'"):
        index.select(case=7)


def test_empty_selection_shows_what_exists(index: Index) -> None:
    with pytest.raises(EmptySelectionError) as caught:
        index.select(Modality="RTSTRUC", InstanceNumber=1)
    assert str(caught.value) == (
        "select(Modality='RTSTRUC', InstanceNumber=1) leaves none of 11 objects: "
        "Modality fits 0 (did you mean 'RTSTRUCT'?); InstanceNumber fits 2"
    )
    with pytest.raises(EmptySelectionError, match="leaves none of 11 objects"):
        index.drop(Modality=re.compile("."))


def test_messages_name_no_patient(index: Index) -> None:
    with pytest.raises(EmptySelectionError) as caught:
        index.select(PatientID="Somebody")
    assert "P1" not in str(caught.value)
    assert "Somebody" not in str(caught.value)
    with pytest.raises(EmptySelectionError) as caught:
        index.select(StudyDate="19991231", Modality="CT")
    assert "select(StudyDate=..., Modality='CT')" in str(caught.value)
    assert "1999" not in str(caught.value)
    assert "2020" not in str(caught.value)


def test_set_operations(index: Index) -> None:
    ct, first = index.select(Modality="CT"), index.select(PatientID="P1")
    assert len(ct | first) == 8 + 6 - 3
    assert len(first - ct) == 3
    assert (index - ct).table["Modality"].tolist() == ["RTDOSE", "RTPLAN", "RTSTRUCT"]
    with pytest.raises(EmptySelectionError, match="other index holds all"):
        _ = ct - index


def test_union_of_two_scans_finds_duplicates_across_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make.write(tmp_path / name, make.ct_series(2))
    both = scan(tmp_path / "a", progress=False) | scan(tmp_path / "b", progress=False)
    assert both.findings["code"].tolist() == ["duplicate-sop-instance"]
    assert "exact copies" in both.findings["message"][0]
    assert both.cases["slices"].tolist() == [2]


def test_files_are_compared_when_cases_are_formed_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        make.write(tmp_path / name, make.ct_series(2))
    hashed: list[str] = []
    digests = compared.digests

    def counted(paths: list[str], cache: Path | None) -> list[str]:
        hashed.extend(paths)
        return digests(paths, cache)

    monkeypatch.setattr(compared, "digests", counted)
    index = scan(tmp_path, progress=False)
    assert len(index.table) == 4
    assert len(index.select(Modality="CT")) == 4
    assert hashed == []
    assert index.findings["code"].tolist() == ["duplicate-sop-instance"]
    assert len(index.select(case=1).cases) == 1
    assert len((index | index).cases) == 1
    assert len(hashed) == len(set(hashed)) == 4


def test_a_cache_remembers_headers_and_content_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [*make.write(tmp_path / "in" / "a", make.ct_series(2))]
    paths += make.write(tmp_path / "in" / "b", make.ct_series(2))
    for path in paths:
        os.utime(path, (10**9, 10**9))
    plain, first = scan(tmp_path / "in"), scan(tmp_path / "in", cache=tmp_path / "cache")
    assert len((first.select(Modality="CT") | first).cases) == len(plain.cases) == 1
    for read in ("read_file", "_digest"):
        monkeypatch.setattr(scan_module, read, lambda *_, **__: pytest.fail("a file was read"))
    again = scan(tmp_path / "in", cache=tmp_path / "cache")
    pd.testing.assert_frame_equal(again.table, plain.table)
    pd.testing.assert_frame_equal(again.findings, plain.findings)


def test_selecting_a_case_keeps_its_findings(tmp_path: Path) -> None:
    phases = [
        ds
        for phase in (1, 2)
        for ds in make.ct_series(2, name=phase, TemporalPositionIdentifier=phase)
    ]
    make.write(tmp_path, phases)
    make.save(tmp_path / "again", phases[0])
    index = scan(tmp_path, progress=False)
    one = index.select(case=1)
    assert len(one.cases) == 1
    assert set(one.findings["code"]) == {"duplicate-sop-instance", "several-images-at-one-position"}


def phases_and_one_without(phases: int) -> list[Dataset]:
    series = make.dynamic_series([{"TemporalPositionIdentifier": n + 1} for n in range(phases)])
    return [*series, make.ct_slice(99, 6.0)]


@pytest.mark.parametrize(
    "series",
    [
        [make.ct_slice(n, z) for n, z in enumerate([0.0, 3.0, 6.0, 6.0, 9.0])],
        phases_and_one_without(2),
    ],
)
def test_images_set_aside_at_positions_of_the_stack_follow_the_policy(
    tmp_path: Path, series: list[Dataset]
) -> None:
    make.write(tmp_path, series)
    assert rtxr.open_dir(tmp_path).sizes["z"] == 4
    for selection in ({}, {"case": 1}):
        with pytest.raises(GeometryError, match=r"not one even stack.*set aside"):
            rtxr.open_dir(tmp_path, on_irregular="raise", **selection)
    (leaf,) = rtxr.open_tree(tmp_path, on_irregular="raise").leaves
    assert "case-not-opened" in set(leaf.rt.findings["code"])


def test_unlike_files_of_one_image_follow_the_policy_and_copies_do_not_matter(
    tmp_path: Path,
) -> None:
    series = make.ct_series(4)
    make.write(tmp_path / "a", series)
    make.write(tmp_path / "b", series[:1])
    assert rtxr.open_dir(tmp_path, on_irregular="raise").sizes["z"] == 4
    series[1].ImageComments = "another one"
    make.write(tmp_path / "c", series[1:2])
    assert rtxr.open_dir(tmp_path).sizes["z"] == 4
    with pytest.raises(GeometryError, match="2 files carry this SOPInstanceUID and differ"):
        rtxr.open_dir(tmp_path, on_irregular="raise")


def test_each_case_of_a_series_follows_the_policy(tmp_path: Path) -> None:
    make.write(tmp_path, [ds for at, ds in enumerate(phases_and_one_without(2)) if at != 4])
    index = scan(tmp_path, progress=False)
    assert len(index.cases) == 2
    for case in (1, 2):
        with pytest.raises(GeometryError, match="set aside"):
            index.open(case=case, on_irregular="raise")
    labelled = index.select(TemporalPositionIdentifier=[1, 2])
    assert labelled.open(case=2, on_irregular="raise").sizes["z"] == 4


def test_slices_of_another_stack_are_no_doubles(tmp_path: Path) -> None:
    scout = make.ct_slice(50, 6.0, size=(8, 2), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    turned = make.ct_slice(51, 6.0, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    make.write(tmp_path, [*make.ct_series(4), scout, turned])
    ds = rtxr.open_dir(tmp_path, on_irregular="raise")
    assert ds.sizes["z"] == 4
    assert set(ds.rt.findings["code"]) >= {"slices-set-aside"}


# --- showing --------------------------------------------------------------------------------
def test_text_shows_patients_cases_and_findings(index: Index) -> None:
    assert repr(index).splitlines() == [
        "<rtxr.Index: 11 objects, 2 patients, 2 studies, 5 series, 2 cases; "
        "findings: 1 warning, 1 info>",
        "Patient P1",
        "  Study 2020-01-02 Test",
        "    CT: 3 images",
        "    RTDOSE: 1 object",
        "    RTPLAN: 1 object, Boost",
        "    RTSTRUCT: 1 object, Organs",
        "Patient P2",
        "  Study 2020-01-02 Test",
        "    CT: 5 images, Thorax <b>",
        "Cases: index.select(case=...).open()",
        "  1: CT 3 slices, structure set 'Organs', plan 'Boost', 1 dose (PLAN)",
        "  2: CT 4 slices",
        "Findings: index.findings",
        "  warning slices-set-aside: 1",
        "  info not-dicom: 1",
    ]


def test_html_folds_escapes_and_runs_nothing(index: Index) -> None:
    html = index._repr_html_()
    assert html.count("<details") == html.count("</details>") >= 5
    assert "Thorax &lt;b&gt;" in html
    assert "Thorax <b>" not in html
    assert "<script" not in html
    assert "Phantom" not in html  # the tree names patients by PatientID only
    assert "color:inherit" in html


def test_both_reprs_stay_short(tmp_path: Path) -> None:
    many = [
        make.ct_slice(1, 0, PatientID=f"P{n}", SeriesDescription=f"series {n}") for n in range(300)
    ]
    make.write(tmp_path, many)
    index = scan(tmp_path, progress=False)
    text = repr(index)
    assert len(text.splitlines()) < 100
    assert "... and 280 more" in text
    assert index._repr_html_().count("Patient ") <= 202
    assert "... and 100 more" in index._repr_html_()


def test_empty_index(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    index = scan(tmp_path, progress=False)
    assert len(index) == 0
    assert "0 objects" in repr(index)
    assert "0 objects" in index._repr_html_()
    assert index.cases.empty
    with pytest.raises(NotDicomError, match=r"no DICOM objects were found \(1 file"):
        index.open()


# --- opening --------------------------------------------------------------------------------
@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Case, dict[str, Any]]]:
    """What open_case is called with."""
    calls: list[tuple[Case, dict[str, Any]]] = []

    def fake(case: Case, **options: Any) -> xr.Dataset:
        calls.append((case, options))
        return xr.Dataset()

    monkeypatch.setattr(index_module, "open_case", fake)
    return calls


def test_several_cases_are_listed_with_the_call_for_each(index: Index) -> None:
    with pytest.raises(AmbiguousCaseError) as caught:
        index.open()
    assert str(caught.value) == (
        "there are 2 cases; open one of them with index.select(case=...).open() "
        "or open_dir(path, case=...):\n"
        "  index.select(case=1)  # CT 3 slices, structure set 'Organs', plan 'Boost', "
        "1 dose (PLAN)\n"
        "  index.select(case=2)  # CT 4 slices"
    )


def test_equal_cases_are_told_apart_by_their_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make.write(tmp_path / name, make.ct_series(2, PatientID=name))
    with pytest.raises(AmbiguousCaseError, match=r"CT 2 slices \[a/CT_000.dcm\]"):
        scan(tmp_path, progress=False).open()


def test_nothing_that_opens_is_an_error(tmp_path: Path) -> None:
    make.write(tmp_path, make.base(make.sop.SpatialRegistrationStorage, "REG", "reg"))
    with pytest.raises(AmbiguousCaseError, match=r"none of the 1 objects .*modalities: REG"):
        scan(tmp_path, progress=False).open()


def test_the_one_case_is_opened_with_its_findings(
    index: Index, opened: list[tuple[Case, dict[str, Any]]]
) -> None:
    index.select(case=2).open(chunks={}, on_irregular="raise")
    case, options = opened[0]
    assert case.image is not None
    assert len(case.image) == 4
    assert [finding.code for finding in case.findings] == ["slices-set-aside"]
    assert (options["chunks"], options["on_irregular"]) == ({}, "raise")
    assert callable(options["mask_source"])


def test_open_dir_takes_a_selection(
    two_patients: Path, opened: list[tuple[Case, dict[str, Any]]]
) -> None:
    open_dir(two_patients, progress=False, case=1)
    open_dir(two_patients, progress=False, PatientID="P2")
    assert [len(case.paths) for case, _ in opened] == [6, 4]


# --- third-party cases ----------------------------------------------------------------------
@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "cases", "expected"),
    [
        (
            "breast_boost_eclipse",
            ["CT 98 slices, structure set 'CT_1', plan 'B1', 1 dose (PLAN)"],
            {"duplicate-sop-instance": "warning"},
        ),
        (
            "oncentra_phantom/simple_phantom_case",
            [
                "CT 5 slices, structure set 'skraa_rektangel', plan 'Testplan', "
                "4 doses (4 BEAM), 6 RT images"
            ],
            {"dose-chosen": "info", "dose-not-plan-total": "warning"},
        ),
        (
            "proton_dcpt/raystation_plan03",
            ["structure set 'RS: Approved', plan 'Slope101010E_o_1', 3 doses (PLAN, 2 BEAM)"],
            {
                "dose-chosen": "info",
                "patient-mismatch": "warning",
                "unresolved-reference": "warning",
            },
        ),
        (
            "brachy_hdr_robustbrachy",
            ["structure set 'Trial1', plan 'Trial1', 1 dose (PLAN)"],
            {"unresolved-reference": "warning"},
        ),
        (
            "ibsi_sts003",
            [f"{kind} slices, structure set 'RTstruct'" for kind in ("CT 51", "MR 47", "PT 51")],
            {"linked-by-series": "info", "unresolved-reference": "warning"},
        ),
        ("matrad_tg119", ["CT 100 slices, structure set 'matRad_cst'"], {}),
        ("pymedphys/tiny_vmat", ["CT 5 slices, structure set 'STRCTRLABEL', plan 'ATinyVMAT'"], {}),
    ],
)
def test_shared_cases(
    folder: str,
    cases: list[str],
    expected: dict[str, str],
    case_data: Callable[[str], Path],
) -> None:
    index = scan(case_data(folder), progress=False)
    lines = repr(index).splitlines()
    assert [line.split(": ", 1)[1] for line in lines if re.match(r"  \d+: ", line)] == cases
    found = index.findings[index.findings["code"] != "not-dicom"]
    assert dict(zip(found["code"], found["severity"], strict=True)) == expected


@pytest.mark.data
def test_series_with_two_orientations_and_stacked_slices(
    case_data: Callable[[str], Path],
) -> None:
    index = scan(case_data("geometry"), progress=False)
    assert {"slices-set-aside", "several-images-at-one-position"} <= set(index.findings["code"])
    assert index.select(PatientID="QMNx85rKkkg").cases["slices"].tolist() == [28]
