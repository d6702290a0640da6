"""Objects made from values alone, judged by validators that know nothing of these tables."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import CTImageStorage, generate_uid

from iod.objects import write
from rtxr.errors import UnknownNameError
from rtxr.iod import ct_image, rt_dose, rt_plan, rt_structure_set
from rtxr.iod.build import build
from rtxr.iod.encoding import pixels
from rtxr.iod.encoding.raw import item
from rtxr.iod.from_scratch import CHOSEN, decisions
from rtxr.iod.provenance import changed_values
from rtxr.iod.rt_structure_set import StructureData
from rtxr.iod.tables import IODS

pytestmark = pytest.mark.validators

AXIAL = (1, 0, 0, 0, 1, 0)
STUDY, FRAME, CT_SERIES = (generate_uid(prefix=None) for _ in range(3))
CT_UID, PLAN_UID, STRUCTURES_UID = (generate_uid(prefix=None) for _ in range(3))
SHARED = {
    "StudyInstanceUID": STUDY,
    "FrameOfReferenceUID": FRAME,
    "PatientName": "Nobody^Synthetic",
    "PatientID": "RTXR-1",
    "StudyDate": "20260105",
    "StudyTime": "120000",
    "StudyID": "1",
}


def _series(number: int) -> dict[str, object]:
    return {**SHARED, "SeriesInstanceUID": generate_uid(prefix=None), "SeriesNumber": number}


def ct_slice() -> pydicom.Dataset:
    hu = np.tile(np.linspace(-1000, 1500, 40).round(), (30, 1))
    coded = pixels.encode_image(hu)
    values = {
        **_series(1),
        **changed_values(IODS["CT"], None, "made from an array"),
        "SeriesInstanceUID": CT_SERIES,
        "SOPInstanceUID": CT_UID,
        "InstanceNumber": 1,
        "PatientPosition": "HFS",
        **ct_image.plane_values((-20, -15, 12.5), AXIAL, (1.0, 1.5), slice_spacing=3.0),
        **coded.attributes,
        "Rows": 30,
        "Columns": 40,
        "PixelData": coded.stored.tobytes(),
    }
    built = build(IODS["CT"], None, values)
    assert built.violations == ()
    return built.dataset


def structure_set() -> pydicom.Dataset:
    square = np.array([[-5, -5, 12.5], [5, -5, 12.5], [5, 5, 12.5], [-5, 5, 12.5]])
    data = StructureData(
        roi_numbers=[7],
        roi_names=["PTV"],
        roi_types=["PTV"],
        roi_colors=["#ff0080"],
        contour_keys=[0],
        contour_roi_numbers=[7],
        contour_types=["CLOSED_PLANAR"],
        contour_image_uids=[CT_UID],
        points=[square],
        frame_of_reference_uid=FRAME,
    )
    sequences, findings = rt_structure_set.values(
        data, image_refs={CT_UID: str(CTImageStorage)}, study_uid=STUDY, series_uid=CT_SERIES
    )
    assert findings == []
    values = {
        **_series(2),
        **changed_values(IODS["RTSTRUCT"], None, "made from an array"),
        "SOPInstanceUID": STRUCTURES_UID,
        **sequences,
    }
    built = build(IODS["RTSTRUCT"], None, values)
    assert built.violations == ()
    return built.dataset


def dose() -> pydicom.Dataset:
    gray = np.linspace(0, 70, 4 * 5 * 6).reshape(4, 5, 6)
    coded = pixels.encode_dose(gray)
    positions = [(-10, -8, z) for z in (6.0, 9.0, 12.0, 15.0)]
    values = {
        **_series(3),
        **changed_values(IODS["RTDOSE"], None, "made from an array"),
        **rt_dose.grid_values(positions, AXIAL, (2.5, 2.5), (5, 6)),
        **coded.attributes,
        "PixelData": coded.stored.tobytes(),
        "ReferencedRTPlanSequence": [
            item(
                ReferencedSOPClassUID=IODS["RTPLAN"].sop_class_uid,
                ReferencedSOPInstanceUID=PLAN_UID,
            )
        ],
    }
    built = build(IODS["RTDOSE"], None, values)
    assert built.violations == ()
    return built.dataset


def plan() -> pydicom.Dataset:
    group = item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=35,
        NumberOfBeams=0,
        NumberOfBrachyApplicationSetups=0,
    )
    values = {
        **_series(4),
        **changed_values(IODS["RTPLAN"], None, "made by hand"),
        "SOPInstanceUID": PLAN_UID,
        "RTPlanLabel": "PLAN",
        "FractionGroupSequence": [group],
        **rt_plan.values(structure_set_uid=STRUCTURES_UID),
    }
    built = build(IODS["RTPLAN"], None, values)
    assert built.violations == ()
    return built.dataset


@pytest.mark.parametrize("make", [ct_slice, structure_set, dose, plan])
@pytest.mark.parametrize("implicit_vr", [False, True])
def test_an_object_from_scratch_conforms(make, implicit_vr, tmp_path, validator):
    path = write(make(), tmp_path / "object.dcm", implicit_vr=implicit_vr)
    assert validator.dciodvfy(path) == []
    if make is not ct_slice:
        assert validator.drtdump(path) == []


def test_objects_from_scratch_refer_to_each_other(tmp_path, validator):
    for make in (ct_slice, structure_set, dose, plan):
        write(make(), tmp_path / f"{make.__name__}.dcm")
    assert validator.dcentvfy(tmp_path) == []


def test_what_is_written_is_what_was_given(tmp_path):
    ct = pydicom.dcmread(write(ct_slice(), tmp_path / "ct.dcm"))
    hu = ct.pixel_array * float(ct.RescaleSlope) + float(ct.RescaleIntercept)
    assert hu[0, 0] == -1000
    assert hu[-1, -1] == 1500
    assert list(ct.ImagePositionPatient) == [-20, -15, 12.5]
    assert ct.SliceLocation == 12.5
    written = pydicom.dcmread(write(dose(), tmp_path / "dose.dcm"))
    gray = written.pixel_array * float(written.DoseGridScaling)
    assert written.pixel_array.dtype == np.uint32
    np.testing.assert_allclose(gray.ravel(), np.linspace(0, 70, 120), atol=70 / 2**32)
    assert list(written.GridFrameOffsetVector) == [0, 3, 6, 9]
    structures = pydicom.dcmread(write(structure_set(), tmp_path / "rs.dcm"))
    contour = structures.ROIContourSequence[0].ContourSequence[0]
    assert contour.NumberOfContourPoints == 4
    assert list(contour.ContourData)[:6] == [-5, -5, 12.5, 5, -5, 12.5]
    assert list(structures.ROIContourSequence[0].ROIDisplayColor) == [255, 0, 128]


def test_nothing_given_is_all_that_is_owed():
    built = build(IODS["RTDOSE"], None, {})
    missing = {each.message.split()[1] for each in built.violations}
    assert missing == {
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "ReferencedRTPlanSequence",
    }
    assert built.dataset.Modality == "RTDOSE"
    assert built.dataset.SOPClassUID == IODS["RTDOSE"].sop_class_uid


# --- what comes from where ------------------------------------------------------------------------
PAGE = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs" / "from_scratch.py"))


@pytest.mark.parametrize("key", CHOSEN)
def test_of_every_attribute_it_is_decided_where_it_comes_from(key):
    assert [each.path for each in decisions(key) if each.decision == "undecided"] == []


@pytest.mark.parametrize("key", CHOSEN)
def test_the_modules_chosen_exist_and_are_not_mandatory(key):
    uses = {use.module.name: use.usage for use in IODS[key].modules}
    assert {uses[name] for name in CHOSEN[key]} <= {"C", "U"}


@pytest.mark.parametrize("key", CHOSEN)
def test_all_that_is_owed_is_asked_for_where_it_is_missing(key):
    """The tables against what building says of an object of which only sizes are known."""
    point = item(ControlPointIndex=0)
    beams = {"BeamSequence": [item(BeamNumber=1, ControlPointSequence=[point])]}
    values = {"RTPlanGeometry": "PATIENT", **beams} if key == "RTPLAN" else {}
    built = build(IODS[key], None, values)
    missing = {each.attribute.split()[1] for each in built.violations}
    owed = {each.path.rpartition(".")[2] for each in decisions(key) if each.decision == "owed"}
    assert owed <= missing
    by_default = {
        each.path for each in decisions(key) if each.decision == "default" and "." not in each.path
    }
    for keyword in by_default:
        assert keyword in built.dataset


def test_what_is_not_made_from_scratch_is_said():
    with pytest.raises(UnknownNameError, match="RTPLAN"):
        decisions("RTIONPLAN")


def test_the_page_is_true():
    assert PAGE["PAGE"].read_text(encoding="utf-8") == PAGE["page"](), (
        "run: python docs/from_scratch.py"
    )
