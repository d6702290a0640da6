"""Cases made of arrays, exported, judged by outside validators, and opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import pytest
import xarray as xr
from written_cases import assert_same

import rtxr
from rtxr import header_store, model
from rtxr.errors import ConformanceError

PET_FACTS: dict[str, Any] = {
    "SeriesDate": "20260131",
    "SeriesTime": "120000",
    "Units": "BQML",
    "CountsSource": "EMISSION",
    "SeriesType": ["STATIC", "IMAGE"],
    "DecayCorrection": "NONE",
    "FrameReferenceTime": 0,
}
HU = np.random.default_rng(1).integers(-1000, 2000, (5, 16, 20)).astype(np.int16)
BODY = np.zeros(HU.shape, bool)
BODY[1:4, 3:12, 4:17] = True
RING = BODY.copy()
RING[:, 6:9, 8:12] = False
DOSE_GRID = rtxr.Grid(
    ("z", "y", "x"), (np.arange(6) * 2.5 - 4, np.arange(8) * 4 - 14.0, np.arange(7) * 4 - 11.0)
)
GRAY = np.random.default_rng(2).random((6, 8, 7)) * 70
BEAMS = pd.DataFrame(
    {
        "BeamNumber": [1, 2],
        "BeamName": ["AP", "Arc"],
        "RadiationType": "PHOTON",
        "TreatmentMachineName": "LINAC",
        "PrimaryDosimeterUnit": "MU",
        "SourceAxisDistance": 1000.0,
        "NominalBeamEnergy": [6.0, 10.0],
        "gantry_start": [0.0, 181.0],
        "gantry_stop": [0.0, 179.0],
        "GantryRotationDirection": ["NONE", "CW"],
        "BeamLimitingDeviceAngle": [0.0, 5.0],
        "PatientSupportAngle": 0.0,
        "X1": [-50.0, -20.0],
        "X2": [50.0, 30.0],
        "Y1": -40.0,
        "Y2": 40.0,
        "BeamMeterset": [120.5, 300.0],
        "BeamDose": [0.8, 1.2],
        "isocenter_x": 1.5,
        "isocenter_y": -2.25,
        "isocenter_z": 3.0,
    }
)
FACTS = {"PatientID": "PHANTOM", "PatientName": "Nobody^Größe", "PatientPosition": "HFS"}


@pytest.fixture(scope="module")
def case() -> xr.Dataset:
    return rtxr.new_case(
        HU,
        spacing=(3, 1.5, 1.25),
        origin=(-6, -11.25, -11.875),
        dose=GRAY,
        dose_grid=DOSE_GRID,
        masks={"Body": BODY, "Ring": RING},
        plan={"beams": BEAMS, "prescription": {"Ring": 60}, "fractions": 30, "label": "ONE"},
        StudyDescription="Made of arrays",
        **FACTS,
    )


@pytest.fixture(scope="module")
def written(case, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "out"
    case.rt.to_dicom(folder)
    return folder


def _one(folder: Path, kind: str) -> pydicom.Dataset:
    (path,) = folder.glob(f"{kind}_*.dcm")
    return pydicom.dcmread(path)


# --- a whole case ---------------------------------------------------------------------------------
@pytest.mark.validators
def test_validators_have_nothing_to_say(written, validator):
    paths = sorted(written.glob("*.dcm"))
    assert len(paths) == 8
    assert [line for path in paths for line in validator.dciodvfy(path)] == []
    plans = [path for path in paths if path.name.startswith("RT")]
    assert [line for path in plans for line in validator.drtdump(path)] == []
    assert validator.dcentvfy(written) == []


def test_a_case_comes_back_as_it_was_made(case, written):
    back = rtxr.open_dir(written)
    assert back.rt.findings.empty
    assert_same(back, case)
    assert back.ct.dtype == np.int16
    for table in ("beams", "control_points", "prescriptions", "fraction_groups"):
        pd.testing.assert_frame_equal(getattr(back.rt, table)(), getattr(case.rt, table)())
    columns = [name for name in BEAMS if name in back.rt.beams()]
    pd.testing.assert_frame_equal(back.rt.beams()[columns], BEAMS[columns])


def test_the_objects_refer_to_each_other(written):
    slices = [pydicom.dcmread(path) for path in sorted(written.glob("CT_*.dcm"))]
    structures, plan, dose = (_one(written, kind) for kind in ("RTSTRUCT", "RTPLAN", "RTDOSE"))
    objects = [*slices, structures, plan, dose]
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "StudyDescription"):
        assert len({str(each[keyword].value) for each in objects}) == 1
    assert {str(each.PatientName) for each in objects} == {"Nobody^Größe"}
    assert len({each.SeriesInstanceUID for each in slices}) == 1
    assert len({each.SeriesInstanceUID for each in objects}) == 4
    (named,) = plan.ReferencedStructureSetSequence
    assert named.ReferencedSOPInstanceUID == structures.SOPInstanceUID
    assert plan.RTPlanGeometry == "PATIENT"
    (named,) = dose.ReferencedRTPlanSequence
    assert named.ReferencedSOPInstanceUID == plan.SOPInstanceUID
    (frame,) = structures.ReferencedFrameOfReferenceSequence
    (series,) = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence
    uids = {each.SOPInstanceUID for each in slices}
    assert {each.ReferencedSOPInstanceUID for each in series.ContourImageSequence} == uids
    (setup,) = plan.PatientSetupSequence
    assert setup.PatientPosition == "HFS"
    assert {beam.ReferencedPatientSetupNumber for beam in plan.BeamSequence} == {1}


def test_nothing_but_what_was_said_is_said_of_patient_and_treatment(written):
    ct, plan = pydicom.dcmread(written / "CT_0001.dcm"), _one(written, "RTPLAN")
    assert ct.ImageType == ["DERIVED", "SECONDARY", "AXIAL"]
    assert ct.Manufacturer == "rtxr"
    for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "KVP", "AcquisitionNumber"):
        assert ct[keyword].is_empty
    assert "ApprovalStatus" not in plan
    first = plan.BeamSequence[0].ControlPointSequence[0]
    assert first["TableTopVerticalPosition"].is_empty
    assert first.TableTopEccentricAngle == 0


def test_a_second_export_is_of_the_same_study_and_has_its_own_objects(case, written, tmp_path):
    case.rt.to_dicom(tmp_path / "again")
    one, other = _one(written, "RTPLAN"), _one(tmp_path / "again", "RTPLAN")
    assert one.StudyInstanceUID == other.StudyInstanceUID
    assert one.FrameOfReferenceUID == other.FrameOfReferenceUID
    assert one.SOPInstanceUID != other.SOPInstanceUID


def test_a_case_made_of_arrays_is_edited_as_any_other(case, written, tmp_path):
    smaller = case.sel(z=slice(-3, 3)).rt.remove("Ring").rt.add_structure("Dense", case.ct > 1500)
    smaller = smaller.assign(dose=smaller.dose * 2)
    smaller.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    assert back.sizes["z"] == 3
    assert model.roi_labels(back) == ["Body", "Dense"]
    np.testing.assert_array_equal(back.rt.mask("Dense"), smaller.rt.mask("Dense"))
    assert float(back.dose.max()) == pytest.approx(2 * GRAY.max())
    finer = case.rt.resample((1.5, None, None))
    finer.rt.to_dicom(tmp_path / "finer")
    assert len(list((tmp_path / "finer").glob("CT_*.dcm"))) == 9


def test_what_is_said_at_export_counts(case, tmp_path):
    said = {"PatientID": "OTHER", "Manufacturer": "Us", "PatientPosition": "FFS"}
    case.rt.to_dicom(tmp_path / "out", **said)
    ct = pydicom.dcmread(tmp_path / "out" / "CT_0001.dcm")
    assert {key: ct[key].value for key in said} == said
    (setup,) = _one(tmp_path / "out", "RTPLAN").PatientSetupSequence
    assert setup.PatientPosition == "FFS"


def test_what_was_said_of_the_equipment_stays(tmp_path):
    rtxr.new_case(HU, spacing=(3, 1, 1), Manufacturer="Us", SliceThickness=2).rt.to_dicom(
        tmp_path / "out"
    )
    ct = pydicom.dcmread(tmp_path / "out" / "CT_0003.dcm")
    assert (ct.Manufacturer, ct.SliceThickness) == ("Us", 2)


def test_a_case_survives_storage(case, tmp_path):
    pytest.importorskip("h5netcdf")
    case.rt.save(tmp_path / "case.nc")
    with xr.open_dataset(tmp_path / "case.nc") as stored:
        stored.load().rt.to_dicom(tmp_path / "out")
    assert_same(rtxr.open_dir(tmp_path / "out"), case)


# --- parts of a case ------------------------------------------------------------------------------
@pytest.mark.validators
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_an_image_alone(modality, tmp_path, validator):
    facts = PET_FACTS if modality == "PT" else {}
    values = np.abs(HU) * 0.5
    ds = rtxr.new_case(values, modality=modality, spacing=(3, 1, 1), **facts)
    ds.rt.to_dicom(tmp_path / "out")
    for path in (tmp_path / "out").glob("*.dcm"):
        assert validator.dciodvfy(path) == []
    assert validator.dcentvfy(tmp_path / "out") == []
    back = rtxr.open_dir(tmp_path / "out")
    np.testing.assert_allclose(back.rt.image, values, atol=values.max() / 65535)


@pytest.mark.validators
@pytest.mark.parametrize("given_as", ["array and grid", "DataArray", "contours"])
def test_structures_without_images(given_as, tmp_path, validator):
    grid = rtxr.Grid(("z", "y", "x"), (np.arange(5) * 3.0, np.arange(16.0), np.arange(20.0)))
    array = xr.DataArray(BODY, model.grid_coords(grid), grid.dims)
    square = [(0.0, 0, 3), (5, 0, 3), (5, 5, 3), (0, 5, 3)]
    shape = {"array and grid": BODY, "DataArray": array, "contours": [square]}[given_as]
    ds = rtxr.new_case(masks={"Body": shape}, grid=grid if given_as[:5] == "array" else None)
    ds.rt.to_dicom(tmp_path / "out")
    path = tmp_path / "out" / "RTSTRUCT_1.dcm"
    assert validator.dciodvfy(path) == []
    assert validator.drtdump(path) == []
    file = pydicom.dcmread(path)
    (frame,) = file.ReferencedFrameOfReferenceSequence
    assert frame.FrameOfReferenceUID == file.FrameOfReferenceUID
    assert "RTReferencedStudySequence" not in frame
    back = rtxr.open_dir(tmp_path / "out")
    assert model.roi_labels(back) == ["Body"]
    if given_as != "contours":
        np.testing.assert_array_equal(back.rt.mask("Body", grid=grid), BODY)


@pytest.mark.validators
def test_a_dose_alone_owes_its_plan(tmp_path, validator):
    ds = rtxr.new_case(dose=GRAY, dose_grid=DOSE_GRID)
    with pytest.raises(ConformanceError) as raised:
        ds.rt.to_dicom(tmp_path / "out")
    (owed,) = raised.value.findings
    assert "(300C,0002) ReferencedRTPlanSequence" in str(owed)
    assert "ds.rt.add_plan" in str(owed)
    ds.rt.add_plan(fractions=5).rt.to_dicom(tmp_path / "planned")
    for path in (tmp_path / "planned").glob("*.dcm"):
        assert validator.dciodvfy(path) == []
        assert validator.drtdump(path) == []
    assert validator.dcentvfy(tmp_path / "planned") == []
    elsewhere = ds.assign_coords(plan_uid="1.2.3")
    elsewhere.rt.to_dicom(tmp_path / "elsewhere")
    (named,) = _one(tmp_path / "elsewhere", "RTDOSE").ReferencedRTPlanSequence
    assert named.ReferencedSOPInstanceUID == "1.2.3"


def test_doses_of_a_plan_and_of_a_beam(tmp_path):
    grid = DOSE_GRID
    beam = xr.DataArray(GRAY / 3, model.grid_coords(grid), grid.dims)
    beam.attrs = {"DoseSummationType": "BEAM", "ReferencedBeamNumber": 2}
    ds = rtxr.new_case(dose=[GRAY, beam], dose_grid=grid, plan=BEAMS)
    assert ds.dose_2.dims == ds.dose.dims == ("dose_z", "dose_y", "dose_x")
    ds.rt.to_dicom(tmp_path / "out")
    table = rtxr.open_dir(tmp_path / "out").rt.doses().set_index("DoseSummationType")
    assert table.loc["BEAM", "ReferencedBeamNumber"] == (2,)
    assert table.loc["PLAN", "ReferencedBeamNumber"] == ()
    assert set(table["ReferencedRTPlan"]) == {_one(tmp_path / "out", "RTPLAN").SOPInstanceUID}


def test_a_dose_of_beams_owes_which(tmp_path):
    beam = xr.DataArray(GRAY, model.grid_coords(DOSE_GRID), DOSE_GRID.dims)
    ds = rtxr.new_case(dose=beam.assign_attrs(DoseSummationType="BEAM"), plan=BEAMS)
    (owed,) = ds.rt.validate().query("severity == 'error'").to_dict("records")
    assert "ReferencedBeamSequence" in owed["message"]
    assert "ReferencedBeamNumber" in owed["fix"]
    whole = rtxr.new_case(dose=beam.assign_attrs(DoseSummationType="FRACTION"), plan=BEAMS)
    whole.rt.to_dicom(tmp_path / "out")
    (plan,) = _one(tmp_path / "out", "RTDOSE").ReferencedRTPlanSequence
    assert plan.ReferencedFractionGroupSequence[0].ReferencedFractionGroupNumber == 1


def test_a_relative_dose(tmp_path):
    dose = xr.DataArray(GRAY, model.grid_coords(DOSE_GRID), DOSE_GRID.dims)
    dose.attrs = {"DoseUnits": "RELATIVE", "DoseType": "EFFECTIVE"}
    rtxr.new_case(dose=dose, plan={}).rt.to_dicom(tmp_path / "out")
    file = _one(tmp_path / "out", "RTDOSE")
    assert (file.DoseUnits, file.DoseType) == ("RELATIVE", "EFFECTIVE")


def test_a_case_made_of_arrays_without_what_identifies(case, tmp_path):
    case.rt.to_dicom(tmp_path / "out", deidentify=True)
    objects = [pydicom.dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert {each.PatientIdentityRemoved for each in objects} == {"YES"}
    assert not any("Größe" in str(each.PatientName) for each in objects)
    assert len({each.StudyInstanceUID for each in objects}) == 1


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    page = Path(__file__).resolve().parents[2] / "docs" / "from-scratch.md"
    code = page.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(page), "exec"), {})
    back = rtxr.open_dir(tmp_path / "out")
    assert float(back.rt.dvh_metrics(["mean"], rois=["PTV"])["mean"].iloc[0]) > 50


# --- what is owed ---------------------------------------------------------------------------------
def test_one_error_lists_all_that_is_owed(tmp_path):
    arc = pd.DataFrame({"gantry_start": [181.0], "gantry_stop": [179.0], "BeamName": ["Arc"]})
    ds = rtxr.new_case(np.abs(HU), modality="PT", spacing=(3, 1, 1), dose=np.abs(HU), plan=arc)
    with pytest.raises(ConformanceError) as raised:
        ds.rt.to_dicom(tmp_path / "out")
    table = raised.value.table
    owed = set(table["attribute"].str.split().str[1])
    assert owed == {
        *PET_FACTS,
        *("BeamLimitingDeviceSequence", "GantryRotationDirection", "BeamLimitingDeviceAngle"),
        *("BeamLimitingDeviceRotationDirection", "PatientSupportAngle"),
        "PatientSupportRotationDirection",
    }
    for keyword, fix in zip(table["attribute"].str.split().str[1], table["fix"], strict=True):
        how = keyword if keyword in PET_FACTS else "ds.rt.add_plan"
        assert how in fix
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConformanceError) as raised:
        ds.rt.to_dicom(tmp_path / "out", **PET_FACTS)
    assert not any(key in str(raised.value) for key in PET_FACTS)


def test_a_dataset_made_without_the_constructor_is_told_what_it_owes(case, tmp_path):
    bare = case.drop_vars([*header_store.HEADER_COORDS, "plan_uid", "dose"])
    bare = bare.assign_coords(spatial_ref=bare.spatial_ref.assign_attrs(FrameOfReferenceUID=""))
    with pytest.raises(ConformanceError) as raised:
        bare.rt.to_dicom(tmp_path / "out")
    assert "rtxr.new_case" in str(raised.value)


def test_objects_beside_those_of_files_belong_to_their_study(phantom, tmp_path):
    ds = rtxr.open_dir(phantom).drop_vars("plan_uid")
    ds = ds.drop_vars([name for name in ds.variables if str(name).startswith("dose")])
    ds = ds.assign(dose=xr.DataArray(GRAY, *_dose_coords(ds))).rt.add_plan(BEAMS, fractions=3)
    ds.rt.to_dicom(tmp_path / "out")
    objects = [_one(tmp_path / "out", kind) for kind in ("RTDOSE", "RTPLAN", "RTSTRUCT")]
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert len({str(each[keyword].value) for each in objects}) == 1
    dose, plan, structures = objects
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    (named,) = plan.ReferencedStructureSetSequence
    assert named.ReferencedSOPInstanceUID == structures.SOPInstanceUID


def _dose_coords(ds: xr.Dataset) -> tuple[dict[str, xr.Variable], tuple[str, str, str]]:
    uid = model.grid_of(ds).frame_of_reference_uid
    grid = rtxr.Grid(("dose_z", "dose_y", "dose_x"), DOSE_GRID.axes, np.eye(4), uid)
    return model.grid_coords(grid), grid.dims
