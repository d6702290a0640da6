"""What users register is written, checked, shown and taken away again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pydicom
import pytest
from custom_case import (
    CREATOR,
    GROUP,
    SC_EQUIPMENT,
    SCORE,
    SECONDARY_CAPTURE,
    opened,
    projections,
    score,
    written,
)

import rtxr
from rtxr.errors import ConformanceError, CustomCodeError, RTXRError, UnknownNameError
from rtxr.export.custom import registered
from rtxr.iod.rules import constant, derived, same_as
from rtxr.iod.tables import IODS


@pytest.fixture(scope="module")
def case(phantom):
    return opened(phantom)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = dict(IODS)
    yield
    assert {key: iod for key, iod in IODS.items() if before.get(key) is not iod} == {}
    assert registered.MODULES == registered.OBJECTS == []


def test_a_module_is_written_shown_and_read_back(case, tmp_path):
    with rtxr.register_module("RTDOSE", SCORE, values=score):
        table = case.rt.to_dicom(tmp_path / "out")
        statement = str(rtxr.conformance("RTDOSE"))
        again = rtxr.open_dir(tmp_path / "out")
        unchanged = again.rt.to_dicom(tmp_path / "again")
    assert "\n+ Plan Score MY LAB U\n" in statement
    assert "  +  1  (3287,xx01) PlanScore = computed | private block of 'MY LAB 1.0'" in statement
    assert "Plan Score" not in str(rtxr.conformance("RTDOSE"))
    changed = table.set_index("IOD")["changed"]
    assert changed["RT Dose"] == "Plan Score module: PlanScore"
    block = again.rt.header("dose").private_block(GROUP, CREATOR)
    assert block[0x01].value == pytest.approx(float(case.dose.max()) / 70, rel=1e-13)
    assert block[0x02].is_empty
    assert not unchanged["changed"].any()  # what is computed anew is what the source says already
    assert str(again.dose_uid.values) != str(case.dose_uid.values)


def test_a_block_that_every_object_has_does_not_keep_it_from_being_de_identified(case, tmp_path):
    with rtxr.register_module("RTDOSE", SCORE, "M", values=score):
        table = case.rt.to_dicom(tmp_path / "out", deidentify=True)
    (path,) = table["path"][table["IOD"] == "RT Dose"]
    assert not [each for each in pydicom.dcmread(path) if each.tag.is_private]


def test_without_its_vr_in_the_file_a_block_is_read_by_its_table(case, tmp_path):
    with rtxr.register_module("RTDOSE", SCORE, values=score):
        case.rt.to_dicom(tmp_path / "out", transfer_syntax="implicit")
        again = rtxr.open_dir(tmp_path / "out")
        found = again.rt.header("dose").private_block(GROUP, CREATOR)[0x01].value
        report = again.rt.to_dicom(tmp_path / "again")
    assert found == pytest.approx(float(case.dose.max()) / 70)
    assert not report["changed"].any()


def test_a_block_of_another_creator_stays_where_it_is(case, tmp_path):
    def occupied(dataset, _):
        dataset.private_block(GROUP, "OTHER", create=True).add_new(0x01, "LO", "theirs")

    case.rt.to_dicom(tmp_path / "theirs", before_save=occupied)
    with rtxr.register_module("RTDOSE", SCORE, values=score):
        rtxr.open_dir(tmp_path / "theirs").rt.to_dicom(tmp_path / "out")
    dose = written(tmp_path / "out")["RTDOSE_1"]
    assert (dose[GROUP, 0x0010].value, dose[GROUP, 0x1001].value) == ("OTHER", "theirs")
    assert dose[GROUP, 0x0011].value == CREATOR
    assert dose[GROUP, 0x1101].value == pytest.approx(float(case.dose.max()) / 70)


@pytest.mark.validators
def test_outsiders_find_nothing_wrong_with_a_private_block(case, tmp_path, validator):
    with rtxr.register_module(["CT", "RTDOSE"], SCORE, values=score):
        case.rt.to_dicom(tmp_path / "out")
    for name in ("CT_0001", "RTDOSE_1"):
        assert validator.dciodvfy(tmp_path / "out" / f"{name}.dcm") == []


def test_a_module_of_the_standard_is_added_in_the_same_way(case, tmp_path):
    rows = rtxr.module_rows("1 SeriesDescription\n3 ProcedureCodeSequence\n>include CODE")
    label = rtxr.Module("Label", "house rules", rows)
    code = {"CodeValue": "1", "CodingSchemeDesignator": "99LAB", "CodeMeaning": "scored"}
    values = {"SeriesDescription": "scored", "ProcedureCodeSequence": [code]}
    with rtxr.register_module(["CT", "RTDOSE"], label, "M", values=lambda *_: values):
        case.rt.to_dicom(tmp_path / "out")
    files = written(tmp_path / "out")
    assert {ds.SeriesDescription for name, ds in files.items() if name != "RTPLAN_1"} == {"scored"}
    assert files["CT_0002"].ProcedureCodeSequence[0].CodeMeaning == "scored"
    assert len({files[f"CT_{n:04d}"].SeriesInstanceUID for n in (1, 2, 3)}) == 1


def test_what_a_module_asks_for_and_nobody_gives_blocks(case, tmp_path):
    rows = rtxr.module_rows("1 SeriesDescription\n1C ReviewerName | the series is described")
    label = rtxr.Module("Label", "house rules", rows)
    asks = {"ReviewerName": lambda dataset: "SeriesDescription" in dataset}
    with rtxr.register_module("RTPLAN", label, "M", conditions=asks):
        with pytest.raises(ConformanceError) as caught:
            case.rt.to_dicom(tmp_path / "out")
        missing = {each.attribute for each in caught.value.findings}
        assert missing <= {"(0008,103E) SeriesDescription", "(300E,0008) ReviewerName"}
        assert missing
        assert {each.module for each in caught.value.findings} == {"Label"}
        assert not (tmp_path / "out").exists()
        given = {"SeriesDescription": "x", "ReviewerName": "Nobody"}
        case.rt.to_dicom(tmp_path / "out", attributes={"RTPLAN": given})


def test_usage_c_depends_on_the_object(case):
    on_error = {"when": lambda ds: ds.get("DoseType") == "ERROR", "condition": "an error of dose"}
    with rtxr.register_module("RTDOSE", SCORE, "C", **on_error):
        assert "error" not in set(case.rt.validate()["severity"])
        wrong = case.rt.validate(DoseType="ERROR")
    assert "(3287,1001) PlanScore" in set(wrong["attribute"])


def test_rules_fill_in_what_is_missing(case, tmp_path):
    block = rtxr.private_block(CREATOR, GROUP, "1 01 LO Lab\n1 02 UI Plan\n1 03 IS Frames")
    rules = {
        "Lab": constant("MINE"),
        "Plan": same_as("StudyInstanceUID"),
        "Frames": derived(lambda dataset: int(dataset.NumberOfFrames)),
    }
    with rtxr.register_module("RTDOSE", rtxr.Module("Lab", "MY LAB", block), "M", rules=rules):
        table = case.rt.to_dicom(tmp_path / "out")
    dose = written(tmp_path / "out")["RTDOSE_1"]
    assert [dose.private_block(GROUP, CREATOR)[at].value for at in (1, 2, 3)] == [
        "MINE",
        dose.StudyInstanceUID,
        dose.NumberOfFrames,
    ]
    assert not table.set_index("IOD")["changed"]["RT Dose"]  # an addition is no change


def test_two_modules_and_their_order_of_removal(case):
    other = rtxr.Module("Other", "MY LAB", rtxr.private_block("OTHER", GROUP, "3 01 LO Grade"))
    first = rtxr.register_module("RTDOSE", SCORE)
    second = rtxr.register_module("RTDOSE", other)
    assert {"PlanScore", "Grade"} <= IODS["RTDOSE"].keywords
    first.remove()
    first.remove()
    assert "PlanScore" not in IODS["RTDOSE"].keywords
    assert "Grade" in IODS["RTDOSE"].keywords
    second.remove()


def test_registering_again_needs_to_be_meant():
    first = rtxr.register_module("RTDOSE", SCORE)
    with pytest.raises(RTXRError, match="registered for RTDOSE already; remove it, or pass overw"):
        rtxr.register_module("RTDOSE", SCORE)
    second = rtxr.register_module("RTDOSE", SCORE, values=score, overwrite=True)
    first.remove()
    assert "PlanScore" in IODS["RTDOSE"].keywords
    second.remove()


@pytest.mark.parametrize(
    ("returned", "cause", "complaint"),
    [
        (ZeroDivisionError("by a patient"), ZeroDivisionError, "raised ZeroDivisionError; nothing"),
        ({"PlanScor": 1}, None, "returned 'PlanScor', .* did you mean 'PlanScore'"),
        (0.5, None, "returned a float, not a mapping"),
    ],
)
def test_a_function_that_fails_is_named(case, tmp_path, returned, cause, complaint):
    def values(ds, variable):
        if isinstance(returned, Exception):
            raise returned
        return returned

    with (
        rtxr.register_module("RTDOSE", SCORE, values=values),
        pytest.raises(CustomCodeError, match=f"module 'Plan Score' .*{complaint}") as caught,
    ):
        case.rt.to_dicom(tmp_path / "out")
    assert isinstance(caught.value.__cause__, cause or type(None))
    assert "patient" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.validators
def test_a_new_iod_goes_the_way_of_all_objects(case, tmp_path, validator):
    with rtxr.register_iod("SC", SECONDARY_CAPTURE, objects=projections):
        table = case.assign(dose=case.dose * 2).rt.to_dicom(tmp_path / "out")
        assert "error" not in set(rtxr.validate(tmp_path / "out")["severity"])
        assert "Secondary Capture Image (OT)" in str(rtxr.conformance("SC"))
    files = written(tmp_path / "out")
    made, dose = files["SC_1"], files["RTDOSE_1"]
    assert table.set_index("IOD")["changed"]["Secondary Capture Image"] == "projected"
    assert made.ReferencedImageSequence[0].ReferencedSOPInstanceUID == dose.SOPInstanceUID
    assert dose.SOPInstanceUID != str(case.dose_uid.values)
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert made.get(keyword, dose[keyword].value) == dose[keyword].value
    assert (made.Modality, made.Manufacturer, made.BitsStored) == ("OT", "rtxr", 16)
    front = case.dose.max("dose_y").values
    np.testing.assert_array_equal(made.pixel_array, np.round(front / front.max() * 4095))
    assert validator.dciodvfy(tmp_path / "out" / "SC_1.dcm") == []
    assert "ct" in rtxr.open_dir(tmp_path / "out")


def test_new_objects_are_de_identified_and_never_kept(case, tmp_path):
    with rtxr.register_iod("SC", SECONDARY_CAPTURE, objects=projections):
        case.rt.to_dicom(tmp_path / "out", deidentify=True)
        kept = case.rt.validate(uids="keep")
    made = written(tmp_path / "out")["SC_1"]
    assert (made.PatientIdentityRemoved, str(made.PatientName)) == ("YES", "")
    assert "'sc' differ from their source (projected)" in " ".join(kept["message"])


def test_private_values_go_with_the_names(case, tmp_path):
    with rtxr.register_module("RTDOSE", SCORE, values=score):
        case.rt.to_dicom(tmp_path / "out", deidentify=True)
    assert not [each for each in written(tmp_path / "out")["RTDOSE_1"] if each.tag.is_private]


def test_a_module_of_a_new_iod(case, tmp_path):
    with rtxr.register_iod("SC", SECONDARY_CAPTURE, objects=projections):
        block = rtxr.Module("Lab", "MY LAB", rtxr.private_block(CREATOR, GROUP, "1 01 SH Lab"))
        rtxr.register_module("SC", block, values=lambda _, variable: {"Lab": variable})
        case.rt.to_dicom(tmp_path / "out")
    made = written(tmp_path / "out")["SC_1"]
    assert made.private_block(GROUP, CREATOR)[0x01].value == "sc"


def test_objects_of_an_iod_that_is_there(case, tmp_path):
    def portal(ds):
        header = ds.rt.header("image")
        values = {"ImageType": ["DERIVED", "SECONDARY", "DRR"], "RTImageLabel": "front"}
        pixels = ds.ct.isel(z=0).values.astype(np.int16)
        yield rtxr.NewObject(values, pixels - pixels.min(), header, "front.dcm", "front")

    with rtxr.register_iod("RTIMAGE", objects=portal):
        table = case.rt.to_dicom(tmp_path / "out", attributes={"front": {"RTImageLabel": "left"}})
    made = written(tmp_path / "out")["front"]
    assert (made.Modality, made.RTImageLabel, made.RTImagePlane) == ("RTIMAGE", "left", "NORMAL")
    assert made.PatientID == case.rt.header("image").PatientID
    assert made.SeriesInstanceUID != case.rt.header("image").SeriesInstanceUID
    assert made.pixel_array.shape == case.ct.shape[1:]
    assert "RescaleSlope" not in made or "RescaleSlope" in IODS["RTIMAGE"].keywords
    assert table["IOD"].tolist().count("RT Image") == 1


def test_new_objects_may_name_each_other(case, tmp_path):
    def pair(ds):
        (front,) = projections(ds)
        first = rtxr.NewObject(front.values, front.pixels, file_name="front.dcm")
        reference = {
            "ReferencedSOPClassUID": SECONDARY_CAPTURE.sop_class_uid,
            "ReferencedSOPInstanceUID": first.uid,
        }
        values = {**front.values, "ReferencedImageSequence": [reference]}
        return [first, rtxr.NewObject(values, front.pixels)]

    with rtxr.register_iod("SC", SECONDARY_CAPTURE, objects=pair):
        case.rt.to_dicom(tmp_path / "out")
    files = written(tmp_path / "out")
    named = files["SC_2"].ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert named == files["front"].SOPInstanceUID


def test_an_object_function_that_fails_is_named(case, tmp_path):
    def broken(ds):
        yield from projections(ds)
        raise KeyError("mask")

    with (
        rtxr.register_iod("SC", SECONDARY_CAPTURE, objects=broken),
        pytest.raises(CustomCodeError, match="objects of SC raised KeyError; nothing") as caught,
    ):
        case.rt.to_dicom(tmp_path / "out")
    assert isinstance(caught.value.__cause__, KeyError)
    with (
        rtxr.register_iod("SC", SECONDARY_CAPTURE, objects=lambda _: [pydicom.Dataset()]),
        pytest.raises(CustomCodeError, match="SC gave a Dataset; give"),
    ):
        case.rt.validate()


def test_an_unknown_iod_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'RTDOSE'"):
        rtxr.register_module("RTDOES", SCORE)
    with pytest.raises(RTXRError, match="nothing to register"):
        rtxr.register_iod("RTIMAGE")
    assert SC_EQUIPMENT.is_standard
    assert not SCORE.is_standard


def test_a_function_cannot_change_the_dataset_of_its_caller(case):
    def values(ds, variable):
        ds.attrs["mark"] = ds.dose.attrs["mark"] = "mine"
        return {"PlanScore": 1.0}

    with rtxr.register_module("RTDOSE", SCORE, values=values):
        case.rt.validate()
    assert "mark" not in case.attrs
    assert "mark" not in case.dose.attrs
