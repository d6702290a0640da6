"""New objects of users: what they take from others, and what cannot be written."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from custom_case import SECONDARY_CAPTURE, opened

import rtxr
from rtxr.errors import RTXRError, UnknownNameError
from rtxr.export.custom.new_objects import NewObject, copied, outgoing
from rtxr.export.objects import MADE_IN_MEMORY
from rtxr.iod.tables import IODS

PLANE = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.fixture(scope="module")
def case(phantom):
    return opened(phantom)


def made(case, new, key="RTIMAGE", others=()):
    return outgoing(new, key, 1, case, others)


def test_pixels_say_their_size(case):
    signed = made(case, NewObject({}, np.zeros((2, 3, 4), np.int16))).values
    assert {key: signed[key] for key in ("NumberOfFrames", "Rows", "Columns", "HighBit")} == {
        "NumberOfFrames": 2,
        "Rows": 3,
        "Columns": 4,
        "HighBit": 15,
    }
    assert (signed["PixelRepresentation"], signed["BitsAllocated"]) == (1, 16)
    plain = made(case, NewObject({"PhotometricInterpretation": "MONOCHROME1"}, PLANE)).values
    assert "NumberOfFrames" not in plain
    assert (plain["PhotometricInterpretation"], plain["BitsStored"]) == ("MONOCHROME1", 8)


def test_an_object_may_have_no_pixels(case):
    each = made(case, NewObject({"RTPlanLabel": "x"}), "RTPLAN")
    assert each.pixels is None
    assert "Rows" not in each.values
    assert each.changes == (MADE_IN_MEMORY,)
    assert each.variable == "rtplan"


def test_names_are_given_where_there_are_none(case):
    each = made(case, NewObject(pixels=np.zeros((2, 2), np.uint16)))
    assert (each.file_name, each.variable) == ("RTIMAGE_1.dcm", "rtimage")
    assert made(case, NewObject(pixels=np.zeros((2, 2), np.int16)), "CT").variable == "new_ct"
    assert each.derived["InstanceNumber"] == 1
    assert each.derived["FrameOfReferenceUID"] == case.rt.grid().frame_of_reference_uid


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        (NewObject(), r"no pixels, and RT Image needs them: NewObject\(pixels=...\)"),
        (NewObject(header="x"), r"is a str; give a pydicom data set, such as ds.rt.header"),
        (NewObject(values=["x"]), "are a list; give a mapping of DICOM keywords"),
        (NewObject(pixels=np.zeros((5, 6, 3), np.uint8)), "colour is not supported"),
    ],
)
def test_what_is_missing_or_of_another_kind(case, new, complaint):
    with pytest.raises(RTXRError, match=complaint):
        made(case, new)


def test_an_object_without_pixels_where_its_iod_needs_none(case):
    assert made(case, NewObject(), "RTPLAN").pixels is None


def test_of_another_iod_it_takes_what_both_have(case):
    header = case.rt.header("image")
    found = copied(header, IODS["RTIMAGE"])
    assert found["PatientID"] == header.PatientID
    assert {"StudyInstanceUID", "FrameOfReferenceUID"} <= set(found)
    assert found.keys() <= IODS["RTIMAGE"].keywords
    foreign = {"SOPInstanceUID", "SeriesInstanceUID", "Modality", "Rows", "Manufacturer"}
    assert foreign.isdisjoint(found)


def test_of_the_same_class_it_takes_everything_but_identity(case):
    header = case.rt.header("plan")
    header.PatientComments = "of the template"
    header.add_new((0x3287, 0x0010), "LO", "OTHER")
    found = copied(header, IODS["RTPLAN"])
    assert found["PatientComments"] == "of the template"
    assert found["Manufacturer"] == header.Manufacturer
    assert len(found["BeamSequence"]) == len(header.BeamSequence)
    assert {"SOPInstanceUID", "SeriesInstanceUID", "SOPClassUID"}.isdisjoint(found)


def test_values_come_before_what_is_copied(case):
    header = case.rt.header("image")
    each = made(case, NewObject({"PatientID": "other"}, PLANE, header))
    assert each.values["PatientID"] == "other"


@pytest.mark.parametrize(
    ("new", "error", "complaint"),
    [
        (NewObject({"Rows": 3}), UnknownNameError, "Rows of a new object is given by the export"),
        (NewObject({"Modality": "CT"}), UnknownNameError, "Modality of a new object"),
        (NewObject({"RTImageLable": "x"}), UnknownNameError, "did you mean 'RTImageLabel'"),
        (NewObject({}, PLANE / 2), RTXRError, "are float64; store uint8"),
        (NewObject({}, PLANE > 2), RTXRError, "are bool; store uint8"),
        (NewObject({}, PLANE[0]), RTXRError, r"have the shape \(4,\)"),
        (NewObject({}, PLANE[:0]), RTXRError, r"have the shape \(0, 4\)"),
        (NewObject(file_name="../x.dcm"), RTXRError, r"file_name='\.\./x\.dcm'"),
        (NewObject(file_name="x.txt"), RTXRError, "and .dcm at the end"),
        (NewObject(variable="dose_2"), RTXRError, "one of the case's own"),
        (NewObject(variable="plan"), RTXRError, "one of the case's own"),
    ],
)
def test_what_cannot_be_written(case, new, error, complaint):
    with pytest.raises(error, match=complaint):
        made(case, new)


def test_a_file_name_is_not_given_twice(case):
    first = made(case, NewObject(pixels=PLANE, file_name="One.dcm"))
    with pytest.raises(RTXRError, match="the export has such a file"):
        made(case, NewObject(file_name="one.dcm"), others=[first])


def test_a_file_without_a_name_gets_the_next_number_that_is_free(case):
    others = []
    for name in ("rtplan_1.dcm", "RTPLAN_3.dcm", "", ""):
        others.append(made(case, NewObject(file_name=name), "RTPLAN", others))
    assert [each.file_name for each in others[2:]] == ["RTPLAN_2.dcm", "RTPLAN_4.dcm"]


def test_frames_need_an_iod_that_has_them(case):
    with (
        rtxr.register_iod("SC", SECONDARY_CAPTURE),
        pytest.raises(RTXRError, match="Secondary Capture Image has no frames"),
    ):
        made(case, NewObject({}, PLANE[np.newaxis]), "SC")
    with pytest.raises(RTXRError, match="RT Plan has no pixels"):
        made(case, NewObject({}, PLANE), "RTPLAN")


def test_only_an_object_with_a_name_is_known_by_others():
    one, same = NewObject(file_name="a.dcm"), NewObject({"PatientID": "1"}, file_name="a.dcm")
    assert one.uid == same.uid != NewObject(file_name="b.dcm").uid
    assert pydicom.uid.UID(one.uid).is_valid
    with pytest.raises(RTXRError, match="give the object a file_name"):
        _ = NewObject().uid
