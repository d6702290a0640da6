"""What an export would say, as a table, and the error that holds the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pydicom
import pytest

import rtxr
from rtxr.errors import ConformanceError

PLACE = ["IOD", "module", "attribute", "type"]


@pytest.fixture(scope="module")
def flawed(tmp_path_factory):
    """A case whose dose came without what a dose has to have."""
    folder = tmp_path_factory.mktemp("flawed")
    rtxr.tutorial.phantom(folder, spacing=(20, 10, 10), dose_spacing=(20, 10, 10))
    dose = pydicom.dcmread(folder / "RTDOSE.dcm")
    del dose.ReferencedRTPlanSequence, dose.OperatorsName
    dose.PatientSex = "X"
    dose.save_as(folder / "RTDOSE.dcm")
    return rtxr.open_dir(folder)


def row(table: pd.DataFrame, code: str) -> dict[str, str]:
    (found,) = table[table["code"] == code].to_dict("records")
    return found


def test_what_came_with_the_source_is_a_warning_and_says_where_it_stands(flawed):
    table = flawed.rt.validate()
    missing, value = row(table, "inherited-missing"), row(table, "inherited-value")
    assert set(table["severity"]) == {"info", "warning"}
    assert [missing[name] for name in PLACE] == [
        *("RT Dose", "RT Dose", "(300C,0002) ReferencedRTPlanSequence", "1C")
    ]
    assert [value[name] for name in PLACE] == [
        *("RT Dose", "Patient", "(0010,0040) PatientSex", "2")
    ]


def test_what_may_be_empty_is_added_empty(flawed, tmp_path):
    added = row(flawed.rt.validate(), "added-empty")
    assert [added[name] for name in PLACE] == [
        *("RT Dose", "RT Series", "(0008,1070) OperatorsName", "2")
    ]
    flawed.rt.to_dicom(tmp_path / "out")
    back = pydicom.dcmread(_dose(tmp_path))
    assert back["OperatorsName"].is_empty


def _dose(folder):
    return next(
        path
        for path in (folder / "out").rglob("*.dcm")
        if pydicom.dcmread(path, specific_tags=["Modality"]).Modality == "RTDOSE"
    )


def test_strict_makes_errors_of_them_and_the_error_holds_the_same_rows(flawed, tmp_path):
    table = flawed.rt.validate(strict=True)
    errors = table[table["severity"] == "error"].reset_index(drop=True)
    assert set(errors["code"]) == {"inherited-missing", "inherited-value"}
    assert errors["fix"].all()
    with pytest.raises(ConformanceError) as raised:
        flawed.rt.to_dicom(tmp_path / "out", strict=True)
    pd.testing.assert_frame_equal(raised.value.table, errors)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("edit", "options", "code", "attribute"),
    [
        (lambda ds: ds, {"StudyID": "x" * 17}, "bad-value", "(0020,0010) StudyID"),
        (lambda ds: ds, {"PatientSex": "female"}, "bad-value", "(0010,0040) PatientSex"),
        (lambda ds: ds.assign(dose=-ds.dose), {}, "negative-dose", "(7FE0,0010) PixelData"),
        (lambda ds: ds.assign(dose=ds.dose * np.nan), {}, "nan-in-dose", "(7FE0,0010) PixelData"),
        (
            lambda ds: ds.assign(dose=ds.dose * 2),
            {"uids": "keep"},
            "changed-object",
            "(0008,0018) SOPInstanceUID",
        ),
    ],
)
def test_what_is_new_or_edited_blocks_and_says_what_to_do(
    flawed, edit, options, code, attribute, tmp_path
):
    case = edit(flawed)
    table = case.rt.validate(**options)
    some = table[(table["code"] == code) & (table["attribute"] == attribute)]
    assert len(some)
    assert (some["severity"] == "error").all()
    assert some["fix"].all()
    assert some["IOD"].all()
    with pytest.raises(ConformanceError) as raised:
        case.rt.to_dicom(tmp_path / "out", **options)
    errors = table[table["severity"] == "error"].reset_index(drop=True)
    held = raised.value.table  # each try makes new UIDs for what is new
    pd.testing.assert_frame_equal(held.drop(columns="uid"), errors.drop(columns="uid"))


def test_what_an_export_notes_has_the_same_columns(flawed, tmp_path):
    written = flawed.rt.to_dicom(tmp_path / "out")
    assert list(written.attrs["findings"][0]) == list(flawed.rt.validate().columns)
