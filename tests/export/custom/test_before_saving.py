"""A user's function before saving: what it sees, what it may change, what becomes of it."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from custom_case import CREATOR, GROUP, SCORE, opened, score, written

import rtxr
from rtxr.errors import ConformanceError, CustomCodeError
from rtxr.export.custom.before_saving import Saving


@pytest.fixture(scope="module")
def case(phantom):
    return opened(phantom)


def of_dose(change):
    """A hook that changes doses only."""

    def hook(dataset, saving):
        return change(dataset) if saving.variable == "dose" else None

    return hook


def test_it_sees_every_object_finished_and_without_pixels(case, tmp_path):
    seen = {}

    def hook(dataset, saving):
        seen[saving] = (str(dataset.SOPInstanceUID), "PixelData" in dataset)

    table = case.assign(dose=case.dose * 2).rt.to_dicom(tmp_path / "out", before_save=hook)
    assert Saving("RTDOSE", "dose", "RTDOSE_1.dcm", "recomputed: DoseGridScaling") in seen
    assert [each.iod for each in seen] == ["CT"] * 3 + ["RTPLAN", "RTDOSE"]
    assert set(seen.values()) == {(uid, False) for uid in table["SOPInstanceUID"]}


def test_looking_changes_nothing(case, tmp_path):
    def hook(dataset, saving):
        for element in dataset.iterall():  # converts every element of the copy
            str(element.value)

    table = case.rt.to_dicom(tmp_path / "looked", before_save=hook)
    case.rt.to_dicom(tmp_path / "plain")
    assert not table["changed"].any()
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "looked" / path.name).read_bytes()


@pytest.mark.data
def test_looking_changes_no_byte_of_a_real_case(case_data, tmp_path):
    ds = rtxr.open_dir(case_data("brachy_hdr_robustbrachy"))

    def hook(dataset, saving):
        assert [element.value for element in dataset]

    table = ds.rt.to_dicom(tmp_path / "looked", before_save=hook)
    ds.rt.to_dicom(tmp_path / "plain")
    assert not table["changed"].any()
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "looked" / path.name).read_bytes()


def test_what_it_changes_is_a_change_of_the_object(case, tmp_path):
    def change(dataset):
        dataset.SeriesDescription = f"of {dataset.SOPInstanceUID[:20]}"
        dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID  # noqa: B018 (only looked at)
        del dataset.DoseSummationType
        dataset.DoseSummationType = "PLAN"
        dataset.add_new((GROUP, 0x0010), "LO", "OTHER")
        dataset.add_new((GROUP, 0x1001), "UI", dataset.SOPInstanceUID)

    table = case.rt.to_dicom(tmp_path / "out", before_save=of_dose(change))
    changed = table.set_index("IOD")["changed"].to_dict()
    assert changed["RT Dose"] == "before_save: SeriesDescription, (3287,0010), (3287,1001)"
    assert changed["CT Image"] == changed["RT Plan"] == ""
    dose = written(tmp_path / "out")["RTDOSE_1"]
    assert dose.SeriesDescription.startswith("of 1.2.826.")  # a text is left as it was written
    assert dose.SOPInstanceUID != str(case.dose_uid.values)
    assert dose[GROUP, 0x1001].value == dose.SOPInstanceUID  # a UID follows
    assert "rtxr" in str(dose.SoftwareVersions)
    np.testing.assert_array_equal(rtxr.open_dir(tmp_path / "out").dose, case.dose)


def test_references_follow_what_it_changes(case, tmp_path):
    def hook(dataset, saving):
        if saving.iod == "RTPLAN":
            dataset.RTPlanName = "other"

    case.rt.to_dicom(tmp_path / "out", before_save=hook)
    files = written(tmp_path / "out")
    reference = files["RTDOSE_1"].ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID
    assert reference == files["RTPLAN_1"].SOPInstanceUID != str(case.plan_uid.values)
    assert files["CT_0001"].SOPInstanceUID == str(case.ct_uid.values[0])


def test_it_may_return_another_data_set(case, tmp_path):
    def change(dataset):
        other = pydicom.Dataset(dict(dataset.items()))
        other.SeriesDescription = "größer"
        del other.Manufacturer
        return other

    table = case.rt.to_dicom(tmp_path / "out", before_save=of_dose(change))
    dose = written(tmp_path / "out")["RTDOSE_1"]
    assert dose.SeriesDescription == "größer"
    assert dose.Manufacturer == ""  # type 2
    assert "(0008,0070) Manufacturer" in {
        each["attribute"] for each in table.attrs["findings"] if each["code"] == "added-empty"
    }


@pytest.mark.parametrize(
    ("change", "code", "attribute"),
    [
        (lambda ds: setattr(ds, "DoseType", "HIGH"), "bad-value", "(3004,0004) DoseType"),
        (lambda ds: ds.pop("DoseType"), "missing-type-1", "(3004,0004) DoseType"),
        (lambda ds: setattr(ds, "DoseType", None), "missing-type-1", "(3004,0004) DoseType"),
        (
            lambda ds: setattr(ds, "ProcedureCodeSequence", [pydicom.Dataset()]),
            "missing-type-1",
            "(0008,0104) CodeMeaning in ProcedureCodeSequence",
        ),
        (lambda ds: setattr(ds, "StudyID", "x" * 17), "bad-value", "(0020,0010) StudyID"),
    ],
)
def test_it_cannot_write_what_does_not_conform(case, tmp_path, change, code, attribute):
    def only(dataset):
        change(dataset)

    with pytest.raises(ConformanceError) as caught:
        case.rt.to_dicom(tmp_path / "out", before_save=of_dose(only))
    assert [(each.code, each.attribute) for each in caught.value.findings] == [(code, attribute)]
    assert not (tmp_path / "out").exists()
    found = case.rt.validate(before_save=of_dose(only)).query("severity == 'error'")
    assert list(found["attribute"]) == [attribute]


def test_a_registered_block_is_checked_too(case):
    def change(dataset):
        del dataset.private_block(GROUP, CREATOR)[0x01]

    with rtxr.register_module("RTDOSE", SCORE, values=score):
        found = case.rt.validate(before_save=of_dose(change)).query("severity == 'error'")
    assert list(found["attribute"]) == ["(3287,1001) PlanScore"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda ds: setattr(ds, "Rows", 5), r"\(0028,0010\) Rows, which follows"),
        (lambda ds: setattr(ds, "SOPInstanceUID", "1.2"), "SOPInstanceUID, which follows"),
        (lambda ds: ds.pop("StudyInstanceUID"), "StudyInstanceUID, which follows"),
        (lambda ds: ds.NoSuchThing, "raised AttributeError; nothing was written"),
        (lambda _: "done", "returned a str"),
    ],
)
def test_what_it_may_not_do(case, tmp_path, change, complaint):
    def hook(dataset):
        result = change(dataset)
        return result if isinstance(result, str) else None

    with pytest.raises(CustomCodeError, match=f"before_save of 'dose' .RTDOSE, RT.*{complaint}"):
        case.rt.to_dicom(tmp_path / "out", before_save=of_dose(hook))
    assert not (tmp_path / "out").exists()


def of_rois(change):
    """A hook that changes structure sets only."""

    def hook(dataset, saving):
        if saving.variable == "structure_set":
            change(dataset)

    return hook


def test_it_may_say_more_of_a_roi(phantom, tmp_path):
    def change(dataset):
        dataset.StructureSetROISequence[0].ROIDescription = "drawn twice"
        dataset.RTROIObservationsSequence[0].ROIInterpreter = "A^B"

    alone = rtxr.open_dir(phantom).drop_vars(["ct", "dose"])
    alone.rt.to_dicom(tmp_path / "out", before_save=of_rois(change))
    (back,) = (each for each in written(tmp_path / "out").values() if each.Modality == "RTSTRUCT")
    assert back.StructureSetROISequence[0].ROIDescription == "drawn twice"
    assert back.RTROIObservationsSequence[0].ROIInterpreter == "A^B"
    assert len(back.ROIContourSequence) == len(back.StructureSetROISequence)


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: setattr(ds.StructureSetROISequence[0], "ROIName", "other"),
        lambda ds: ds.StructureSetROISequence.pop(),
        lambda ds: setattr(ds.ROIContourSequence[0], "ROIDisplayColor", [1, 2, 3]),
    ],
)
def test_rois_themselves_are_not_its_to_change(phantom, change):
    alone = rtxr.open_dir(phantom).drop_vars(["ct", "dose"])
    with pytest.raises(CustomCodeError, match=r"ds.rt.add_structure\(...\), set_structure"):
        alone.rt.validate(before_save=of_rois(change))


def test_keep_forbids_what_it_changes(case):
    def change(dataset):
        dataset.StudyDescription = "mine"

    found = case.rt.validate(uids="keep", before_save=of_dose(change))
    assert "changed-object" in set(found["code"])


def test_de_identification_comes_after_it(case, tmp_path):
    def hook(dataset, saving):
        assert str(dataset.PatientName) != ""
        dataset.PatientComments = "Phantom^Tutorial"

    case.rt.to_dicom(tmp_path / "out", before_save=hook, deidentify=True)
    assert all("PatientComments" not in ds for ds in written(tmp_path / "out").values())


def test_what_it_wrote_of_study_and_frame_follows_when_all_uids_are_new(case, tmp_path):
    def change(dataset):
        dataset.StudyDescription = f"study {dataset.StudyInstanceUID[-40:]}"
        dataset.add_new((GROUP, 0x0010), "LO", "OTHER")
        dataset.add_new((GROUP, 0x1001), "UI", dataset.StudyInstanceUID)
        dataset.add_new((GROUP, 0x1002), "UI", dataset.FrameOfReferenceUID)

    case.rt.to_dicom(tmp_path / "out", uids="new", before_save=of_dose(change))
    dose = written(tmp_path / "out")["RTDOSE_1"]
    assert dose[GROUP, 0x1001].value == dose.StudyInstanceUID
    assert dose[GROUP, 0x1002].value == dose.FrameOfReferenceUID


def test_what_it_writes_goes_through_the_profile_also_where_the_caller_set_the_same(case, tmp_path):
    def change(dataset):
        dataset.PatientComments = "Doe was here"

    case.rt.to_dicom(
        tmp_path / "out",
        deidentify=True,
        PatientComments="as given",
        before_save=of_dose(change),
    )
    files = written(tmp_path / "out")
    assert files["RTPLAN_1"].PatientComments == "as given"
    assert "PatientComments" not in files["RTDOSE_1"]
