"""Steps of a pruning: shown as code, run again, the same files left."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import factories as make
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.errors import EmptySelectionError
from rtxr.index import Index, scan
from rtxr.index.steps import OPERATIONS, literal


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two patients, and a third one elsewhere."""
    here = tmp_path_factory.mktemp("here")
    make.write(here / "one", make.case())
    make.write(here / "two", make.ct_series(4, PatientID="P2", SeriesDescription="Thorax"))
    there = tmp_path_factory.mktemp("there")
    make.write(there, make.ct_series(2, PatientID="P3", name="there"))
    return here, there


@pytest.fixture(scope="module")
def index(folders: tuple[Path, Path]) -> Index:
    return scan(folders[0], progress=False)


def paths(index: Index) -> list[str]:
    return index.table["path"].tolist()


def run(code: str) -> Index:
    """The index that some code makes."""
    names: dict[str, Any] = {}
    exec(code, names)
    result = names.get("index", names["scanned"])
    assert isinstance(result, Index)
    return result


def test_a_scan_has_no_steps_but_its_source(index: Index, folders: tuple[Path, Path]) -> None:
    assert len(index.steps) == 0
    assert index.steps.source == (str(folders[0]),)
    assert str(index.steps) == f"import rtxr\n\nscanned = rtxr.scan({str(folders[0])!r})"
    assert paths(run(str(index.steps))) == paths(index)


def test_steps_are_the_code_that_was_called(index: Index) -> None:
    left = index.drop(SeriesDescription=re.compile("scout")).select(Modality=["CT"])
    assert [step.method for step in left.steps] == ["drop", "select"]
    assert str(left.steps).splitlines()[-2:] == [
        "index = scanned.drop(SeriesDescription=re.compile('scout'))",
        "index = index.select(Modality=['CT'])",
    ]
    assert str(left.steps).startswith("import re\nimport rtxr\n")
    assert paths(run(str(left.steps))) == paths(left)


def test_a_case_is_named_by_what_stays(index: Index, folders: tuple[Path, Path]) -> None:
    left = index.select(case=2)
    series = left.table["SeriesInstanceUID"][0]
    assert str(left.steps).endswith(f"index = scanned.select(case={series!r})")
    more = index | scan(folders[1], progress=False)
    assert paths(more.replay(left.steps)) == paths(left)
    plan = index.table.set_index("Modality").loc["RTPLAN", "SOPInstanceUID"]
    assert index.select(case=index.cases.index[:1]).steps[0].criteria == {"case": plan}
    assert len(index.select(case=plan).open(chunks=None).data_vars) == 2


def test_cases_of_one_structure_set_have_keys_of_their_own(tmp_path: Path) -> None:
    phases = [
        *make.ct_series(3, name=1, AcquisitionNumber=1),
        *make.ct_series(2, name=2, AcquisitionNumber=2),
    ]
    make.write(tmp_path, phases)
    index = scan(tmp_path, progress=False)
    assert index.cases["slices"].tolist() == [3, 2]
    for label, count in (("1", 3), ("2", 2)):
        left = index.select(case=label)
        assert len(index.replay(left.steps)) == len(left) == count


def test_asking_nothing_is_no_step(index: Index) -> None:
    assert index.select() is index
    assert index.drop() is index


def test_functions_are_written_as_the_values_they_chose(index: Index) -> None:
    left = index.select(InstanceNumber=lambda n: n > 2, ImageType=lambda kinds: "AXIAL" in kinds)
    code = str(left.steps).splitlines()[-1]
    assert code == (
        "index = scanned.select(InstanceNumber=[3, 4], "
        "ImageType=[('ORIGINAL', 'PRIMARY', 'AXIAL')])"
    )
    assert paths(run(str(left.steps))) == paths(left)
    assert paths(index.replay(left.steps)) == paths(left)


def test_a_function_is_asked_once_for_each_value(index: Index) -> None:
    asked: list[Any] = []
    left = index.select(InstanceNumber=lambda n: asked.append(n) or n == 2)
    assert len(left) == 2
    assert sorted(asked) == [1, 2, 3, 4]
    assert set(index.select(SliceThickness=lambda mm: mm > 0).table["Modality"]) == {"CT"}


def test_criteria_as_they_come_from_tables(index: Index) -> None:
    one = index.select(InstanceNumber=np.int64(2))
    assert len(one) == len(index.select(InstanceNumber="2")) == 2
    assert len(index.select(InstanceNumber=[1, pd.NA])) == 2 + 3
    assert len(index.select(SliceThickness=np.nan)) == len(index.select(SliceThickness=None))
    assert len(index.select(PixelSpacing=[1.5, 2.0])) == len(index.select(PixelSpacing=(1.5, 2.0)))
    assert len(index.select(case=np.int64(2))) == 4
    path = Path(index.table["path"][0])
    assert str(index.select(path=path).steps).endswith(f"select(path={str(path)!r})")


def test_dropping_a_case_leaves_what_others_hold_too(tmp_path: Path) -> None:
    images = make.ct_series(3)
    structures = make.structure_set(images)
    plans = [make.plan(structures, name=name, RTPlanLabel=name) for name in "AB"]
    doses = [make.dose(each, name=each.RTPlanLabel) for each in plans]
    make.write(tmp_path, [*images, structures, *plans, *doses])
    index = scan(tmp_path, progress=False)
    assert len(index.cases) == 2
    left = index.drop(case=1)
    assert left.cases["lacks"].tolist() == [""]
    assert left.cases["RTPlanLabel"].tolist() == index.cases["RTPlanLabel"].tolist()[1:]
    assert len(left) == len(index) - 2


def test_what_could_not_be_read_is_told_after_a_selection(tmp_path: Path) -> None:
    make.write(tmp_path, make.ct_series(2))
    (tmp_path / "notes.txt").write_text("no DICOM")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 cut")
    index = scan(tmp_path, progress=False)
    assert set(index.findings["code"]) == {"not-dicom", "unreadable-file"}
    assert index.select(Modality="CT").findings["code"].tolist() == ["unreadable-file"]


def test_an_iterator_is_looked_at_once(index: Index) -> None:
    left = index.select(Modality=(kind for kind in ("CT", "RTDOSE")))
    assert "Modality=['CT', 'RTDOSE']" in str(left.steps)
    assert paths(index.replay(left.steps)) == paths(left)


def test_set_operations_are_written_with_both_sides(index: Index) -> None:
    images = index.select(Modality="CT")
    both = images.select(PatientID="P2") | index.select(PatientID="P1").drop(Modality="CT")
    less = index - images
    assert str(both.steps).splitlines()[-1] == (
        "index = index | scanned.select(PatientID='P1').drop(Modality='CT')"
    )
    assert str(less.steps).splitlines()[-1] == "index = scanned - scanned.select(Modality='CT')"
    common = images & index.select(PatientID="P2")
    assert len(common) == 4
    nested = index - (images | index.select(Modality="RTDOSE"))
    assert str(nested.steps).splitlines()[-1] == (
        "index = scanned - (scanned.select(Modality='CT') | scanned.select(Modality='RTDOSE'))"
    )
    for left in (both, less, common, nested):
        assert paths(run(str(left.steps))) == paths(left)
        assert paths(index.replay(left.steps)) == paths(left)


def test_a_selection_after_a_union_applies_to_all_of_it(index: Index) -> None:
    left = (index.select(PatientID="P1") | index.select(PatientID="P2")).select(InstanceNumber=1)
    chained = index - left
    assert paths(run(str(left.steps))) == paths(left)
    assert paths(run(str(chained.steps))) == paths(chained)


def test_indexes_of_two_folders_are_joined_by_scanning_both(
    index: Index, folders: tuple[Path, Path]
) -> None:
    joined = index.select(PatientID="P2") | scan(folders[1], progress=False).select(
        InstanceNumber=1
    )
    assert f"index | rtxr.scan({str(folders[1])!r}).select(InstanceNumber=1)" in str(joined.steps)
    assert len(joined) == 5
    assert paths(run(str(joined.steps))) == paths(joined)
    assert paths(index.replay(joined.steps)) == paths(joined)


def test_replay_prunes_another_scan_or_says_why_not(
    index: Index, folders: tuple[Path, Path]
) -> None:
    other = scan(folders[1], progress=False)
    assert len(other.replay(index.select(InstanceNumber=2).steps)) == 1
    with pytest.raises(EmptySelectionError, match="leaves none of 2 objects"):
        other.replay(index.select(Modality="RTDOSE").steps)


def test_a_part_of_the_steps_is_steps(index: Index) -> None:
    left = index.select(Modality="CT").drop(InstanceNumber=1)
    assert paths(index.replay(left.steps[:1])) == paths(index.select(Modality="CT"))
    assert left.steps[1].criteria == {"InstanceNumber": 1}


_CRITERIA = st.fixed_dictionaries(
    {},
    optional={
        "Modality": st.lists(st.sampled_from(["CT", "RTDOSE", "RTPLAN"]), max_size=3),
        "InstanceNumber": st.one_of(st.none(), st.integers(1, 4)),
        "PatientID": st.sampled_from(["P1", "P2", re.compile("(?i)p2")]),
        "SliceThickness": st.sampled_from([3.0, None, [3, None], np.float64(3)]),
        "PixelSpacing": st.sampled_from([(1.0, 1.0), [(2.0, 2.0), (1.0, 1.0)], None]),
    },
)


@given(
    st.lists(st.tuples(st.sampled_from(["select", "drop", "|", "&", "-"]), _CRITERIA), max_size=4)
)
def test_code_and_replay_leave_the_same_files(index: Index, asked: list[tuple[str, Any]]) -> None:
    left = index
    for method, criteria in asked:
        try:
            if method in ("select", "drop"):
                left = getattr(left, method)(**criteria)
            else:
                other = index.select(**criteria)
                left = OPERATIONS[method](left, other)
        except EmptySelectionError:
            continue
    assert sorted(paths(run(str(left.steps)))) == sorted(paths(left))
    assert paths(index.replay(left.steps)) == paths(left)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (np.float64(1.5), "1.5"),
        (float("nan"), "float('nan')"),
        ([(1.0,), None], "[(1.0,), None]"),
        (re.compile("a", re.IGNORECASE), "re.compile('a', re.IGNORECASE)"),
        (re.compile("(?i)a"), "re.compile('(?i)a')"),
        ("it's", '"it\'s"'),
    ],
)
def test_literals(value: object, code: str) -> None:
    assert literal(value) == code


def test_dropping_nothing_is_a_finding_with_the_nearest(index: Index) -> None:
    left = index.drop(SeriesDescription="Thorx")
    assert len(left) == len(index)
    finding = left.findings.set_index("code").loc["nothing-dropped"]
    assert finding["severity"] == "info"
    assert "did you mean 'Thorax'" in finding["message"]


def test_a_value_of_a_list_that_fits_nothing_is_a_finding(index: Index) -> None:
    left = index.select(Modality=["CT", "RTDOES"], PatientID=["P1", "P3"], InstanceNumber=[1, None])
    found = left.findings[left.findings["code"] == "value-not-found"]["message"].tolist()
    assert len(found) == 2
    assert "of Modality these fit no object: 'RTDOES' (did you mean 'RTDOSE'?)" in found[0]
    assert "1 of 2 values of PatientID fit no object" in found[1]
    assert "P3" not in found[1]
