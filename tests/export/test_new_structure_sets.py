"""Structure sets made from scratch, beside an image or a dose that has none."""

from __future__ import annotations

from pathlib import Path

import factories as make
import pydicom
import pytest
import xarray as xr
from written_structures import BOX, HEIGHTS, export, square, write_case

import rtxr
from rtxr import header_store
from rtxr.errors import ConformanceError


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_case(tmp_path_factory.mktemp("case") / "source")


@pytest.fixture(scope="module")
def image(folder: Path) -> xr.Dataset:
    return rtxr.scan(folder, progress=False).select(Modality="CT").open()


@pytest.mark.validators
@pytest.mark.parametrize("policy", ["auto", "new"])
def test_an_image_alone_gets_a_structure_set(image, tmp_path, validator, policy):
    ds = image.rt.add_structure("Box", BOX, type="ORGAN").rt.add_structure("Seed", [[(1, 2, 3.0)]])
    table, new = export(ds, tmp_path / "out", uids=policy)
    slices = [pydicom.dcmread(path) for path in sorted((tmp_path / "out").glob("CT_*.dcm"))]
    first = slices[0]
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "StudyID"):
        assert new.file[keyword].value == first[keyword].value
    assert new.file.Manufacturer == "rtxr"
    assert "ContributingEquipmentSequence" not in new.file
    assert new.file.StructureSetLabel == "RTXR"
    assert new.file.SeriesInstanceUID != first.SeriesInstanceUID
    frame = first.FrameOfReferenceUID
    uids = [each.SOPInstanceUID for each in slices]
    assert new.listed() == {frame: {first.SeriesInstanceUID: uids}}
    assert new.file.FrameOfReferenceUID == frame
    (study,) = new.file.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    assert study.ReferencedSOPInstanceUID == first.StudyInstanceUID
    heights = {each.SOPInstanceUID: float(each.ImagePositionPatient[2]) for each in slices}
    assert [heights[uid] for _, uid in new.images("Box")] == HEIGHTS
    assert new.drawn["Seed"].ContourSequence[0].ContourGeometricType == "POINT"
    assert validator.dciodvfy(tmp_path / "out" / "RTSTRUCT_1.dcm") == []
    assert validator.drtdump(tmp_path / "out" / "RTSTRUCT_1.dcm") == []
    assert validator.dcentvfy(tmp_path / "out") == []
    assert set(table["IOD"]) == {"CT Image", "RT Structure Set"}


@pytest.mark.validators
def test_a_structure_set_written_alone_goes_with_the_images_it_was_drawn_on(
    image, tmp_path, validator
):
    added = image.rt.add_structure("Box", BOX)
    table, new = export(added.drop_vars("ct"), tmp_path / "out")
    assert set(table["IOD"]) == {"RT Structure Set"}
    heights = dict(zip(image.ct_uid.values.tolist(), image.z.values.tolist(), strict=True))
    assert [heights[uid] for _, uid in new.images("Box")] == HEIGHTS
    frame = image.spatial_ref.attrs["FrameOfReferenceUID"]
    ((series, uids),) = new.listed()[frame].items()
    assert (set(uids), new.rois["Box"].ReferencedFrameOfReferenceUID) == (set(heights), frame)
    assert series
    assert validator.dciodvfy(tmp_path / "out" / "RTSTRUCT_1.dcm") == []


def test_slices_that_no_file_is_are_not_named(image, tmp_path):
    finer = image.rt.resample((1.5, None, None)).rt.add_structure("Fine", [square(3), square(4.5)])
    _, new = export(finer.drop_vars("ct"), tmp_path / "out")
    heights = dict(zip(image.ct_uid.values.tolist(), image.z.values.tolist(), strict=True))
    assert [heights[uid] for _, uid in new.images("Fine")] == [3.0]


def test_a_dose_alone_gets_a_structure_set(folder, tmp_path):
    dose = rtxr.scan(folder, progress=False).select(Modality="RTDOSE").open()
    _, new = export(dose.rt.add_structure("Box", BOX), tmp_path / "out")
    frame = str(dose.dose_spatial_ref.attrs["FrameOfReferenceUID"])
    assert new.listed() == {frame: {}}
    assert new.rois["Box"].ReferencedFrameOfReferenceUID == frame
    assert new.images("Box") == []
    source = pydicom.dcmread(tmp_path / "out" / "RTDOSE_1.dcm")
    assert new.file.PatientID == source.PatientID
    assert new.file.StudyInstanceUID == source.StudyInstanceUID


def test_an_image_that_was_never_a_file(image, tmp_path):
    made = image.drop_vars([*header_store.HEADER_COORDS, "ct_uid"]).rt.add_structure("Box", BOX)
    assert set(made.contour_image_uid.values) == {""}
    study = "2.25.77"
    _, new = export(made, tmp_path / "out", StudyInstanceUID=study, PatientID="X")
    slices = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("CT_*.dcm")]
    heights = {each.SOPInstanceUID: float(each.ImagePositionPatient[2]) for each in slices}
    assert [heights[uid] for _, uid in new.images("Box")] == HEIGHTS
    ((series, images),) = new.listed()[slices[0].FrameOfReferenceUID].items()
    assert {series} == {each.SeriesInstanceUID for each in slices}
    assert set(images) == heights.keys()
    (named,) = new.file.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    assert named.ReferencedSOPInstanceUID == new.file.StudyInstanceUID == study


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
def test_flaws_of_patient_and_study_are_inherited(tmp_path):
    make.write(tmp_path / "source", make.ct_series(2, PatientBirthDate="1.1.1970"))
    ds = rtxr.open_dir(tmp_path / "source").rt.add_structure("Box", [square(3.0, 2)])
    table, _ = export(ds, tmp_path / "out")
    flaws = [each for each in table.attrs["findings"] if each["code"] == "inherited-value"]
    assert any("PatientBirthDate" in each["message"] for each in flaws)


def test_a_frame_of_reference_must_be_given_where_there_is_none(tmp_path):
    make.write(tmp_path / "source", make.ct_series(2, FrameOfReferenceUID=""))
    ds = rtxr.open_dir(tmp_path / "source").rt.add_structure("Box", [square(3.0, 2)])
    with pytest.raises(ConformanceError, match=r"assign_attrs\(FrameOfReferenceUID="):
        ds.rt.to_dicom(tmp_path / "out")
    reference = ds.spatial_ref.assign_attrs(FrameOfReferenceUID="1.2.3.4")
    _, new = export(ds.assign_coords(spatial_ref=reference), tmp_path / "out")
    ct = pydicom.dcmread(tmp_path / "out" / "CT_0001.dcm")
    assert new.rois["Box"].ReferencedFrameOfReferenceUID == ct.FrameOfReferenceUID == "1.2.3.4"
