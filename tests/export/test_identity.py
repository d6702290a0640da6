"""Which objects keep their UIDs, and which references follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

import rtxr
from rtxr import header_store
from rtxr.errors import ConformanceError, UnknownNameError
from rtxr.iod.owned import OWNED
from rtxr.read import headers


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom)


@pytest.fixture(scope="module")
def small(case):
    return case.drop_vars("mask")


def export(ds, folder, **options):
    written = ds.rt.to_dicom(folder, **options)
    return {Path(path).stem: pydicom.dcmread(path) for path in written["path"]}


def test_unchanged_objects_keep_every_uid(small, tmp_path):
    written = export(small, tmp_path / "out")
    assert [written[f"CT_{n:04d}"].SOPInstanceUID for n in range(1, 41)] == list(
        small.ct_uid.values
    )
    assert written["RTPLAN_1"].SOPInstanceUID == str(small.plan_uid.values)


def test_references_follow_a_changed_image_down_to_the_dose(small, tmp_path):
    written = export(small.assign(ct=small.ct + 1), tmp_path / "out")
    slices = [written[f"CT_{n:04d}"] for n in range(1, 41)]
    uids = {each.SOPInstanceUID for each in slices}
    structures, plan, dose = (written[f"{name}_1"] for name in ("RTSTRUCT", "RTPLAN", "RTDOSE"))
    referred = {
        image.ReferencedSOPInstanceUID
        for roi in structures.ROIContourSequence
        for contour in roi.get("ContourSequence") or ()
        for image in contour.get("ContourImageSequence") or ()
    }
    assert not uids & set(small.ct_uid.values)
    assert len({each.SeriesInstanceUID for each in slices}) == 1
    assert referred <= uids
    assert (
        plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
        == structures.SOPInstanceUID
        != str(small.structure_set_uid.values)
    )
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    assert len({each.StudyInstanceUID for each in written.values()}) == 1


def test_a_changed_object_says_so(small, tmp_path):
    ct = export(small.assign(ct=small.ct + 1), tmp_path / "out")["CT_0001"]
    assert ct.ImageType[0] == "DERIVED"
    assert "rtxr" in str(ct.SoftwareVersions)
    assert "RescaleIntercept" in ct.DerivationDescription or "pixel" in ct.DerivationDescription


def test_keep_forbids_changes(small, tmp_path):
    export(small, tmp_path / "same", uids="keep")
    with pytest.raises(ConformanceError, match=r"1 object.* of 'dose' differ"):
        small.assign(dose=small.dose * 2).rt.to_dicom(tmp_path / "out", uids="keep")


def test_new_renews_everything_and_keeps_the_links(small, tmp_path):
    written = export(small, tmp_path / "out", uids="new")
    source = headers.parse(header_store.unpack(small)[str(small.plan_uid.values)])
    plan = written["RTPLAN_1"]
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        assert plan[keyword].value != source[keyword].value
    back = rtxr.open_dir(tmp_path / "out")
    assert {"ct", "dose"} <= set(back.data_vars)
    assert not (back.rt.findings["code"] == "unresolved-reference").any()
    assert len({each.FrameOfReferenceUID for each in written.values()}) == 1


def test_a_source_out_of_reach_counts_as_changed(phantom, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in phantom.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    ds = rtxr.open_dir(moved).drop_vars("mask").load()
    for path in moved.iterdir():
        path.unlink()
    written = ds.rt.to_dicom(tmp_path / "out")
    assert written["changed"].str.contains("out of reach|refers to|series").all()


def test_attributes_of_the_caller_reach_every_object_that_has_them(small, tmp_path):
    written = export(small, tmp_path / "out", PatientID="R1", RTPlanLabel="edited")
    assert {each.PatientID for each in written.values()} == {"R1"}
    assert written["RTPLAN_1"].RTPlanLabel == "edited"
    assert "RTPlanLabel" not in written["CT_0001"]


def test_an_attribute_that_says_what_the_source_says_is_no_change(small, tmp_path):
    written = small.rt.to_dicom(tmp_path / "out", PatientID="RTXR-PHANTOM")
    assert not written["changed"].any()


@pytest.mark.parametrize(
    ("keyword", "match"),
    [
        ("PatientIdd", "did you mean 'PatientID'"),
        *[(keyword, "edit the Dataset") for keyword in sorted(OWNED)],
        ("BeamSequence", "edit the Dataset"),
    ],
)
def test_attributes_that_cannot_be_set(small, tmp_path, keyword, match):
    with pytest.raises(UnknownNameError, match=match):
        small.rt.to_dicom(tmp_path / "out", **{keyword: 1})


def test_stored_dvhs_of_another_dose_are_left_out(small, tmp_path):
    same = export(small, tmp_path / "same")["RTDOSE_1"]
    assert "DVHSequence" in same
    edited = small.assign(dose=small.dose * 1.1)
    written = edited.rt.to_dicom(tmp_path / "out")
    assert "DVHSequence" not in pydicom.dcmread(tmp_path / "out" / "RTDOSE_1.dcm")
    assert "stale-dvh-removed" in {each["code"] for each in written.attrs["findings"]}


def test_a_doubled_dose_is_exact(small, tmp_path):
    export(small.assign(dose=small.dose * 2), tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    dose = pydicom.dcmread(tmp_path / "out" / "RTDOSE_1.dcm")
    half_a_step = float(dose.DoseGridScaling) / 2
    np.testing.assert_allclose(back.dose, small.dose * 2, rtol=0, atol=half_a_step * 1.001)


def test_new_texts_leave_the_stored_dvhs(small, tmp_path):
    written = export(small, tmp_path / "out", StudyDescription="renamed")
    assert "DVHSequence" in written["RTDOSE_1"]


def test_an_unknown_policy_is_refused(small, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'new'"):
        small.rt.to_dicom(tmp_path / "out", uids="news")


def test_new_texts_do_not_make_an_image_a_derived_one(small, tmp_path):
    written = export(small, tmp_path / "out", StudyDescription="renamed")
    source = headers.parse(header_store.unpack(small)[str(small.ct_uid.values[0])])
    assert written["CT_0001"].ImageType == source.ImageType
    assert "rtxr" in str(written["CT_0001"].SoftwareVersions)


def images_of(folder):
    found = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.iterdir()]
    return [ds for ds in found if ds.Modality == "CT"]


def one_slice_brighter(ds):
    return ds.assign(ct=ds.ct + 50 * (ds.z == ds.z[3]))


@pytest.mark.parametrize(
    ("edit", "as_before"), [(lambda ds: ds.rt.resample(2.0), 20), (one_slice_brighter, 39)]
)
def test_a_series_of_which_slices_were_edited_is_derived_as_a_whole(
    small, tmp_path, edit, as_before
):
    edited = edit(small)
    table = edited.rt.to_dicom(tmp_path / "out", StudyDescription="again")
    note = "set by the caller: StudyDescription; its series changed"
    assert (table["changed"] == note).sum() == as_before
    images = images_of(tmp_path / "out")
    assert len(images) == edited.sizes["z"]
    assert {tuple(ds.ImageType) for ds in images} == {("DERIVED", "PRIMARY", "AXIAL")}
    assert sum(note in ds.DerivationDescription for ds in images) == as_before
    assert all(ds.DerivationDescription for ds in images)
    back = rtxr.open_dir(tmp_path / "out", on_irregular="raise")
    assert "interleaved-slices" not in set(back.rt.findings["code"])
    np.testing.assert_allclose(back.z, edited.z, atol=1e-9)


@pytest.mark.parametrize("texts", [{}, {"StudyDescription": "renamed"}])
def test_a_series_of_which_slices_were_left_out_is_none_that_is_derived(small, tmp_path, texts):
    small.sel(z=slice(-20, 20)).rt.to_dicom(tmp_path / "out", **texts)
    images = images_of(tmp_path / "out")
    assert 0 < len(images) < 40
    assert {ds.ImageType[0] for ds in images} == {"ORIGINAL"}
    assert not any("DerivationDescription" in ds for ds in images)


def test_a_value_that_cannot_be_written_is_a_violation(small, tmp_path):
    with pytest.raises(ConformanceError, match="StudyDate: the value does not fit"):
        small.rt.to_dicom(tmp_path / "out", StudyDate=20200101)
    assert not (tmp_path / "out").exists()


def test_a_study_that_the_caller_names_is_that_of_all_also_when_all_uids_are_new(small, tmp_path):
    bare = small.drop_vars(["ct", "ct_uid"])
    written = export(bare, tmp_path / "out", uids="new", StudyInstanceUID="1.2.3.4")
    assert {str(each.StudyInstanceUID) for each in written.values()} == {"1.2.3.4"}
    table = small.rt.to_dicom(tmp_path / "all", uids="new")
    assert table["changed"].str.contains("new UIDs").all()


def test_a_patient_that_the_caller_names_is_no_mismatch(small):
    codes = set(small.rt.validate(attributes={"plan": {"PatientID": "R1"}})["code"])
    assert "patient-mismatch" in codes
    assert "patient-mismatch" not in set(small.rt.validate(PatientID="R1")["code"])
