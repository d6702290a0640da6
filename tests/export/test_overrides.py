"""What a caller sets: everywhere, in one IOD, in one variable; sequences too."""

from __future__ import annotations

import inspect

import pydicom
import pytest
from custom_case import opened, written

from rtxr.errors import RTXRError, UnknownNameError
from rtxr.export import to_dicom
from rtxr.export.overrides import OPTIONS

CODE = {"CodeValue": "1", "CodingSchemeDesignator": "99LAB", "CodeMeaning": "planning"}


@pytest.fixture(scope="module")
def case(phantom):
    return opened(phantom)


def test_a_variable_comes_before_its_iod_and_that_before_all(case, tmp_path):
    both = case.assign(dose_2=(case.dose * 0.5).drop_vars("dose_uid"))
    attributes = {"RTDOSE": {"SeriesDescription": "dose"}, "dose_2": {"SeriesDescription": "half"}}
    both.rt.to_dicom(tmp_path / "out", SeriesDescription="all", attributes=attributes)
    files = written(tmp_path / "out")
    names = {name: ds.SeriesDescription for name, ds in files.items() if "PLAN" not in name}
    assert names == {f"CT_{n:04d}": "all" for n in (1, 2, 3)} | {
        "RTDOSE_1": "dose",
        "RTDOSE_2": "half",
    }


def test_what_is_set_of_one_object_changes_only_that(case, tmp_path):
    table = case.rt.to_dicom(tmp_path / "out", attributes={"RTDOSE": {"DoseComment": "mine"}})
    changed = table.set_index("IOD")["changed"].to_dict()
    assert changed["RT Dose"] == "set by the caller: DoseComment"
    assert changed["CT Image"] == changed["RT Plan"] == ""


def test_a_sequence_is_a_list_of_mappings_or_data_sets(case, tmp_path):
    code = pydicom.Dataset()
    for keyword, value in CODE.items():
        setattr(code, keyword, value)
    case.rt.to_dicom(
        tmp_path / "out",
        ProcedureCodeSequence=[CODE],
        attributes={
            "ct": {"PerformedProtocolCodeSequence": [{**CODE, "EquivalentCodeSequence": [CODE]}]},
            "RTPLAN": {"PerformedProtocolCodeSequence": [code]},
        },
    )
    files = written(tmp_path / "out")
    assert {ds.ProcedureCodeSequence[0].CodeMeaning for ds in files.values()} == {"planning"}
    protocol = files["CT_0001"].PerformedProtocolCodeSequence[0]
    assert protocol.EquivalentCodeSequence[0].CodeValue == "1"
    assert files["RTPLAN_1"].PerformedProtocolCodeSequence[0].CodeValue == "1"
    again = written(tmp_path / "out")["CT_0001"]
    assert again.ProcedureCodeSequence == files["CT_0001"].ProcedureCodeSequence


def test_an_incomplete_item_is_a_violation(case):
    found = case.rt.validate(ProcedureCodeSequence=[{"CodeValue": "1"}]).query(
        "severity == 'error'"
    )
    assert set(found["attribute"]) == {
        "(0008,0102) CodingSchemeDesignator in ProcedureCodeSequence",
        "(0008,0104) CodeMeaning in ProcedureCodeSequence",
    }


def test_none_writes_an_attribute_empty(case, tmp_path):
    case.rt.to_dicom(tmp_path / "out", StudyID=None)
    assert {ds.StudyID for ds in written(tmp_path / "out").values()} == {""}


def test_what_is_given_stays_through_the_profile(case, tmp_path):
    attributes = {"RTPLAN": {"StudyDescription": "Trial 5"}}
    case.rt.to_dicom(tmp_path / "out", deidentify=True, attributes=attributes)
    files = written(tmp_path / "out")
    assert files["RTPLAN_1"].StudyDescription == "Trial 5"
    assert "StudyDescription" not in files["RTDOSE_1"]


@pytest.mark.parametrize(
    ("attributes", "error", "complaint"),
    [
        ({"PatientID": "X"}, RTXRError, "PatientID=... sets one everywhere"),
        ({"RTDOSE": {"DoseComent": "x"}}, UnknownNameError, "did you mean 'DoseComment'"),
        ({"RTDOSE": {"PixelSpacing": [1, 1]}}, UnknownNameError, "edit the Dataset instead"),
        ({"RTPLAN": {"DoseComment": "x"}}, UnknownNameError, "no attribute of RT Plan"),
        ({"RTSTRUCT": {"SeriesDescription": "x"}}, UnknownNameError, "writes no such object"),
        ({"dose_2": {"DoseComment": "x"}}, UnknownNameError, "did you mean 'dose'"),
        ({"RTDOSE": {"ProcedureCodeSequence": CODE}}, RTXRError, "give a list of mappings"),
        ({"RTDOSE": {"ProcedureCodeSequence": [1]}}, RTXRError, "give a list of mappings"),
        (
            {"RTDOSE": {"ProcedureCodeSequence": [{"CodeMeanin": "x"}]}},
            UnknownNameError,
            "items of ProcedureCodeSequence; did you mean 'CodeMeaning'",
        ),
        (
            {"ct": {"ReferencedImageSequence": [{"ReferencedFrameNumber": object()}]}},
            RTXRError,
            "ReferencedImageSequence: a value in its items does not fit",
        ),
    ],
)
def test_what_cannot_be_set(case, attributes, error, complaint):
    with pytest.raises(error, match=complaint):
        case.rt.validate(attributes=attributes)


def test_an_attribute_of_another_iod_says_of_which(case):
    with pytest.raises(UnknownNameError, match=r"KVP.* of RT Dose; it is one of CT"):
        case.rt.validate(attributes={"RTDOSE": {"KVP": "120"}})


def test_a_misspelt_argument_is_compared_with_the_arguments(case):
    with pytest.raises(UnknownNameError, match="no argument of an export; did you mean 'strict'"):
        case.rt.validate(strikt=True)
    named = [each for each in inspect.signature(to_dicom).parameters.values() if each.kind == 3]
    assert tuple(each.name for each in named) == OPTIONS
