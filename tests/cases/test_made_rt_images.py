"""RT Images made of real images, templates and plans, looked at by programs of other makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from rt_image_pairs import measured, planned, saved, template

import rtxr

MACHINE = rtxr.Machine("TB1", DeviceSerialNumber="1234")
#: What dciodvfy says of rows of the recipe, all of it: what is in the exposure of a template whose
#: image type does not ask for it; what is copied from the image and the template's image type does
#: not ask for; and a window of the image that is narrower than 1.
OF_EXPOSURE = {"ReferencedFrameNumber", "KVP", "MetersetExposure", "ExposureTime"}
OF_TYPE = {"ReportedValuesOrigin"}
OF_WINDOW = {"WindowWidth"}
#: What dcentvfy says: a frame of reference per image.
OF_SERIES = {"FrameOfReferenceUID"}
_ELEMENT = re.compile(r"Element=<(\w+)>|attribute <(\w+)>")


def elements(errors: list[str]) -> set[str]:
    """Attributes that errors of a validator are about."""
    found = [_ELEMENT.search(line) for line in errors]
    assert all(found), errors
    return {match[1] or match[2] for match in found if match}


def series_errors(validator, folder: Path, plan_uid: str) -> list[str]:
    """What dcentvfy says, beside the plan that is not among the files."""
    return [line for line in validator.dcentvfy(folder) if plan_uid not in line]


def opens(path: str, expected: np.ndarray) -> pydicom.Dataset:
    """The file as pydicom and highdicom read it."""
    file = pydicom.dcmread(path)
    np.testing.assert_array_equal(file.pixel_array, expected)
    highdicom = pytest.importorskip("highdicom")
    rescaled = expected * float(file.get("RescaleSlope", 1)) + float(
        file.get("RescaleIntercept", 0)
    )
    np.testing.assert_allclose(highdicom.imread(path).get_frame(1), rescaled, rtol=1e-12)
    return file


def stored(path: Path) -> np.ndarray:
    file = pydicom.dcmread(path, force=True)
    return np.frombuffer(file.PixelData, "<u2").reshape(file.Rows, file.Columns)


@pytest.fixture
def epid(case_data: Callable[[str], Path]) -> tuple[Path, Path]:
    folder = case_data("pylinac") / "picket_fence_with_plan"
    return folder / "PF.dcm", folder / "T1.2_PicketFenceError_HD120_TB_Rev02.dcm"


def in_pydcm(paths: Sequence[str], expected: Sequence[np.ndarray]) -> None:
    """The files as pydcm reads them."""
    pydcm = pytest.importorskip("pydcm", reason="pydcm has wheels from Python 3.12 on only")
    for path, values in zip(paths, expected, strict=True):
        np.testing.assert_array_equal(pydcm.pixel_array(path), values)
        ours, theirs = pydicom.dcmread(path), pydcm.dcmread(path)
        for keyword in ("RTImageLabel", "StationName", "GantryAngle", "SOPInstanceUID"):
            assert str(theirs[keyword].value) == str(ours[keyword].value)
        assert [float(each) for each in theirs.RTImagePosition] == ours.RTImagePosition


@pytest.mark.data
@pytest.mark.validators
def test_an_epid_image_with_a_drr_as_template(epid, case_data, tmp_path, validator):
    phantom = case_data("oncentra_phantom") / "simple_phantom_case"
    drr = sorted(phantom.glob("RI*"))[0]
    ds = rtxr.rt_image_from_template(epid[0], drr, phantom, machine=MACHINE)
    (path,) = ds.rt.to_dicom(tmp_path / "out")["path"]
    file = opens(path, stored(epid[0]))
    source, meant = pydicom.dcmread(epid[0]), pydicom.dcmread(drr)
    assert file.RTImagePosition == source.RTImagePosition == [-199.752, 199.752]
    assert file.ExposureSequence[0] == meant.ExposureSequence[0]
    assert file.RescaleSlope.original_string == source.RescaleSlope.original_string
    assert (file.StudyDate, file.ContentDate) == (meant.StudyDate, source.ContentDate)
    (reference,) = file.ReferencedRTPlanSequence
    assert reference.ReferencedSOPInstanceUID in next(phantom.glob("RP*")).name
    assert file.PatientPosition == meant.PatientPosition
    assert "InstitutionName" not in file
    assert elements(validator.dciodvfy(path)) == OF_TYPE | OF_WINDOW
    assert elements(series_errors(validator, tmp_path, reference.ReferencedSOPInstanceUID)) == set()


@pytest.mark.data
@pytest.mark.validators
def test_an_epid_image_as_template(epid, case_data, tmp_path, validator):
    image = case_data("pylinac") / "vmat_epid_as500" / "AS500_PF.dcm"
    ds = rtxr.rt_image_from_template(image, *epid, machine=MACHINE, PatientID="QA")
    (path,) = ds.rt.to_dicom(tmp_path / "out")["path"]
    file = opens(path, stored(image))
    meant = pydicom.dcmread(epid[0])
    assert file.ExposureSequence[0] == meant.ExposureSequence[0]
    for tag in (0x32730010, 0x32731000, 0x32731001):
        assert file[tag].value == meant[tag].value
    assert (file.PatientID, str(file.PatientName)) == ("QA", "RA QA")
    assert file.RTImagePosition == [-200.312, 150.136]
    assert file.ImageComments == ""
    assert elements(validator.dciodvfy(path)) == OF_EXPOSURE


@pytest.mark.data
def test_pydcm_opens_what_is_made_of_an_epid_image(epid, case_data, tmp_path):
    phantom = case_data("oncentra_phantom") / "simple_phantom_case"
    drr = sorted(phantom.glob("RI*"))[0]
    ds = rtxr.rt_image_from_template(epid[0], drr, phantom, machine=MACHINE)
    in_pydcm(ds.rt.to_dicom(tmp_path / "out")["path"], [stored(epid[0])])


def test_pydcm_opens_what_is_made_of_generated_pairs(tmp_path):
    images = saved(tmp_path, "images", [measured(0), measured(1)])
    meant = saved(tmp_path, "templates", [template(0, 1), template(1, 2)])
    plan = saved(tmp_path, "plan", [planned()])[0]
    ds = rtxr.rt_image_from_template(images, meant, plan, machine=MACHINE)
    in_pydcm(ds.rt.to_dicom(tmp_path / "out")["path"], [stored(path) for path in images])


@pytest.mark.data
def test_six_images_of_three_sizes_in_one_series(epid, case_data, tmp_path):
    pylinac = case_data("pylinac")
    images = [
        epid[0],
        *sorted((pylinac / "vmat_epid_as500").glob("*.dcm")),
        *sorted((pylinac / "no_preamble").glob("*.dcm")),
        next((pylinac / "reg_winston_lutz").glob("RI*")),
    ]
    phantom = case_data("oncentra_phantom") / "simple_phantom_case"
    ds = rtxr.rt_image_from_template(images, phantom, phantom, machine=MACHINE)
    assert [ds[name].shape[0] for name in ("rt_image", "rt_image_2", "rt_image_3")] == [1, 4, 1]
    files = [pydicom.dcmread(path) for path in ds.rt.to_dicom(tmp_path / "out")["path"]]
    pixels = sorted(each.PixelData for each in files)
    assert pixels == sorted(stored(path).tobytes() for path in images)
    assert len({each.SeriesInstanceUID for each in files}) == 1
    assert {(each.SeriesDate, each.SeriesTime) for each in files} == {("20110923", "202510")}


@pytest.mark.validators
@pytest.mark.parametrize(("kind", "more"), [("PORTAL", set()), ("DRR", OF_TYPE)])
def test_generated_pairs(kind, more, tmp_path, validator):
    images = saved(tmp_path, "images", [measured(0), measured(1)])
    kinds = ["ORIGINAL", "PRIMARY", kind]
    meant = [template(0, 1, ImageType=kinds), template(1, 2, ImageType=kinds)]
    plan = planned()
    ds = rtxr.rt_image_from_template(
        images,
        saved(tmp_path, "templates", meant),
        saved(tmp_path, "plan", [plan])[0],
        machine=MACHINE,
    )
    paths = ds.rt.to_dicom(tmp_path / "out")["path"]
    for path, image in zip(paths, images, strict=True):
        file = opens(path, stored(image))
        assert file.PatientPosition == "FFS"
        leaves = file.ExposureSequence[0].BeamLimitingDeviceSequence[1]
        assert len(leaves.LeafPositionBoundaries) == leaves.NumberOfLeafJawPairs + 1
        assert elements(validator.dciodvfy(path)) == OF_EXPOSURE | more
    told = series_errors(validator, tmp_path / "out", plan.SOPInstanceUID)
    assert elements(told) == OF_SERIES
