"""The header of a source object, by what it is of."""

from __future__ import annotations

import pytest

import rtxr
from rtxr.errors import MissingDataError, UnknownNameError


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom).drop_vars("mask")


@pytest.mark.parametrize(
    ("name", "modality"),
    [
        ("image", "CT"),
        ("ct", "CT"),
        ("dose", "RTDOSE"),
        ("structure_set", "RTSTRUCT"),
        ("plan", "RTPLAN"),
    ],
)
def test_an_object_is_found_by_what_it_is_of(case, name, modality):
    header = case.rt.header(name)
    assert header.Modality == modality
    assert "PixelData" not in header
    assert case.rt.header(str(header.SOPInstanceUID)) == header


def test_of_a_stack_it_is_the_first_slice_or_the_one_selected(case):
    assert case.rt.header().SOPInstanceUID == str(case.ct_uid.values[0])
    one = case.sel(z=12, method="nearest").rt.header()
    assert float(one.ImagePositionPatient[2]) == float(case.z.sel(z=12, method="nearest"))


def test_a_change_of_a_header_stays_with_it(case):
    case.rt.header("plan").RTPlanLabel = "other"
    assert case.rt.header("plan").RTPlanLabel != "other"


def test_what_there_is_not_is_told(case):
    with pytest.raises(UnknownNameError, match="did you mean 'dose'"):
        case.rt.header("dose_2")
    both = case.assign(dose_2=case.dose.drop_vars("dose_uid"))
    with pytest.raises(MissingDataError, match="'dose_2' was made in memory"):
        both.rt.header("dose_2")
    with pytest.raises(MissingDataError, match="no source headers"):
        case[["ct"]].rt.header()
