"""The synthetic patient is what its tables say, and conformant DICOM."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from rtxr import tutorial
from rtxr.errors import ExistingFilesError, GeometryError
from rtxr.tutorial import shapes


@pytest.fixture(scope="module")
def files(phantom: Path) -> dict[str, pydicom.Dataset]:
    return {path.stem: pydicom.dcmread(path) for path in sorted(phantom.iterdir())}


@pytest.fixture(scope="module")
def slices(files: dict[str, pydicom.Dataset]) -> list[pydicom.Dataset]:
    return [ds for name, ds in files.items() if name.startswith("CT_")]


def contours(structures: pydicom.Dataset, name: str) -> list[np.ndarray]:
    """Points (n, 3) of each contour of an ROI."""
    number = next(r.ROINumber for r in structures.StructureSetROISequence if r.ROIName == name)
    found = next(r for r in structures.ROIContourSequence if r.ReferencedROINumber == number)
    items = found.get("ContourSequence", [])
    return [np.array(c.ContourData, dtype=float).reshape(-1, 3) for c in items]


def shoelace(points: np.ndarray) -> float:
    """Signed area of a polygon in the plane z, mm2."""
    x, y = points[:, 0], points[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def of_type(ds: pydicom.Dataset, roi: str) -> str:
    number = next(r.ROINumber for r in ds.StructureSetROISequence if r.ROIName == roi)
    seq = ds.RTROIObservationsSequence
    return str(next(o.RTROIInterpretedType for o in seq if o.ReferencedROINumber == number))


# --- shapes and dose --------------------------------------------------------------------------
@pytest.mark.parametrize("roi", [r for r in tutorial.ROIS if r.solid], ids=lambda r: r.name)
def test_contours_enclose_the_analytic_volume(files, slices, roi):
    spacing = 3.0
    found = contours(files["RTSTRUCT"], roi.name)
    volume = sum(shoelace(points) for points in found) * spacing / 1000
    # Slabs sum cylinders exactly (their ends lie between slices), ellipsoids to the second order.
    tolerance = 4e-3 if roi.solid.round else 1e-4
    assert volume == pytest.approx(tutorial.answers().volumes_cc[roi.name], rel=tolerance)


def test_polygon_has_the_area_of_its_ellipse():
    solid = shapes.Solid((3.0, -2.0, 5.0), (20.0, 10.0, 8.0), round=True)
    polygon = solid.contour(7.0)
    assert shoelace(polygon) == pytest.approx(solid.area(7.0), rel=1e-12)
    assert solid.contour(13.0) is None
    distance = np.hypot(*((polygon - [3.0, -2.0]) / [20.0, 10.0]).T) / solid.scale(7.0)
    assert np.ptp(distance) < 1e-12
    assert 1 < distance[0] < 1.0005


@pytest.mark.parametrize("is_round", [False, True])
def test_quadrature_integrates_polynomials_exactly(is_round):
    solid = shapes.Solid((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), round=is_round)
    points, weights = solid.quadrature()
    assert weights.sum() == pytest.approx(solid.volume, rel=1e-12)
    assert weights @ points / solid.volume == pytest.approx(np.array(solid.centre))
    second = weights @ (points - solid.centre) ** 2 / solid.volume
    # mean of x2, y2, z2: radius2 / 5 in an ellipsoid; a2/4, b2/4, c2/3 in a cylinder
    share = np.array([5, 5, 5]) if is_round else np.array([4, 4, 3])
    assert second == pytest.approx(np.array(solid.radii) ** 2 / share, rel=1e-12)


def test_target_numbers_agree_with_monte_carlo():
    truth = tutorial.answers()
    rng = np.random.default_rng(0)
    points = rng.uniform(-20, 20, (400_000, 3))
    points = points[(points**2).sum(axis=1) < 400] + truth.isocenter
    dose = truth.dose.at(*points.T)
    assert truth.target["mean"] == pytest.approx(dose.mean(), abs=0.02)
    for part in (2, 50, 95):
        assert truth.target[f"D{part}%"] == pytest.approx(np.percentile(dose, 100 - part), abs=0.03)
    assert truth.target["V95%"] == pytest.approx(100 * (dose >= 66.5).mean(), abs=0.3)
    assert truth.target["V70Gy"] == pytest.approx(100 * (dose >= 70).mean(), abs=0.3)
    assert truth.target["D2cc"] == pytest.approx(
        np.percentile(dose, 100 - 200 / truth.volumes_cc["PTV_70"]), abs=0.03
    )
    assert truth.target["min"] == pytest.approx(dose.min(), abs=0.02)
    assert truth.target["max"] == pytest.approx(dose.max(), abs=0.02)


def test_closed_form_mean_agrees_with_quadrature():
    truth = tutorial.answers()
    target = next(roi for roi in tutorial.ROIS if roi.name == "PTV_70")
    assert truth.dose.mean_in(target) == pytest.approx(truth.target["mean"], rel=1e-10)


# --- what the files hold ------------------------------------------------------------------------
def test_ct_numbers_at_known_places(slices):
    assert len(slices) == 40
    volume = np.stack([ds.pixel_array * ds.RescaleSlope + ds.RescaleIntercept for ds in slices])
    first = np.array(slices[0].ImagePositionPatient, dtype=float)

    def hu(x: float, y: float, z: float) -> float:
        column, row, plane = np.round((np.array([x, y, z]) - first) / [2, 2, 3]).astype(int)
        return float(volume[plane, row, column])

    assert hu(-95, -105, 0) == -1000
    assert hu(45, -12, 21) == -700
    assert hu(-65, -12, 21) == -700
    assert hu(-14, -22, 21) == 50
    assert hu(0, 46, 0) == 700
    assert hu(0, 36, 0) == 30
    assert hu(34, -31, -25.5) == 60
    assert hu(34, -20, -25.5) == 10
    assert hu(-79, -10, -40.5) == pytest.approx(20 - 79 * 20 / 88, abs=0.5)
    assert hu(79, -10, -40.5) == pytest.approx(20 + 79 * 20 / 88, abs=0.5)
    assert set(np.unique(volume[[0, 1, 2, -3, -2, -1]])) == {-1000}  # air beyond both ends


def test_structures_cover_the_special_kinds(files, slices):
    ds = files["RTSTRUCT"]
    assert [r.ROIName for r in ds.StructureSetROISequence] == [r.name for r in tutorial.ROIS]
    assert of_type(ds, "BODY") == "EXTERNAL"
    assert of_type(ds, "PTV_70") == "PTV"
    assert contours(ds, "Empty") == []
    (point,) = contours(ds, "ISO")
    assert point.tolist() == [list(tutorial.answers().isocenter)]
    planes = [points[0, 2] for points in contours(ds, "Ring_Hole")]
    assert len(planes) == 14
    assert {planes.count(z) for z in planes} == {2}  # an outer and an inner contour on each slice
    heights = {float(each.ImagePositionPatient[2]) for each in slices}
    assert set(planes) <= heights


def test_dose_is_the_gaussian(files):
    ds = files["RTDOSE"]
    truth = tutorial.answers().dose
    gray = ds.pixel_array * float(ds.DoseGridScaling)
    x0, y0, z0 = map(float, ds.ImagePositionPatient)
    z = z0 + np.array(ds.GridFrameOffsetVector, dtype=float)
    y = y0 + 2.5 * np.arange(ds.Rows)
    x = x0 + 2.5 * np.arange(ds.Columns)
    assert ds.GridFrameOffsetVector[0] == 0
    assert ds.BitsAllocated == 32
    assert ds.pixel_array.max() > 2**31  # readers that take it for signed will fail
    assert gray == pytest.approx(truth.at(x, y[:, None], z[:, None, None]), abs=1.1e-8)


def test_stored_dvh_is_the_analytic_one(files):
    (dvh,) = files["RTDOSE"].DVHSequence
    widths, volumes = np.array(dvh.DVHData, dtype=float).reshape(-1, 2).T
    truth = tutorial.answers()
    assert len(widths) == dvh.DVHNumberOfBins
    left = np.concatenate([[0], np.cumsum(widths)[:-1]])
    assert volumes[0] == pytest.approx(truth.volumes_cc["PTV_70"], rel=1e-5)
    assert volumes[-1] == 0
    assert (np.diff(volumes) <= 0).all()
    differential = -np.diff(volumes)
    mean = differential @ (left[:-1] + widths[:-1] / 2) / volumes[0]
    assert mean == pytest.approx(truth.target["mean"], abs=2e-3)
    assert np.interp(70, left, volumes) == pytest.approx(
        truth.target["V70Gy"] / 100 * truth.volumes_cc["PTV_70"], rel=1e-4
    )
    assert float(dvh.DVHMeanDose) == pytest.approx(truth.target["mean"])
    assert float(dvh.DVHMinimumDose) == pytest.approx(truth.target["min"])
    assert float(dvh.DVHMaximumDose) == pytest.approx(truth.target["max"])


def test_plan_prescribes_and_adds_up(files):
    ds = files["RTPLAN"]
    target, cord = ds.DoseReferenceSequence
    (group,) = ds.FractionGroupSequence
    per_fraction = sum(float(b.BeamDose) for b in group.ReferencedBeamSequence)
    assert (target.DoseReferenceType, cord.DoseReferenceType) == ("TARGET", "ORGAN_AT_RISK")
    assert per_fraction * group.NumberOfFractionsPlanned == pytest.approx(70)
    assert float(target.TargetPrescriptionDose) == 70
    static, arc = ds.BeamSequence
    assert (len(static.ControlPointSequence), len(arc.ControlPointSequence)) == (2, 5)
    assert "GantryAngle" not in static.ControlPointSequence[1]  # inherited
    assert "IsocenterPosition" not in arc.ControlPointSequence[1]
    assert [float(cp.GantryAngle) for cp in arc.ControlPointSequence] == [170, 145, 120, 95, 70]
    for beam in ds.BeamSequence:
        positions = beam.ControlPointSequence[0].BeamLimitingDevicePositionSequence
        leaves = np.array(positions[2].LeafJawPositions, dtype=float)
        assert len(leaves) == 40
        assert len(beam.BeamLimitingDeviceSequence[2].LeafPositionBoundaries) == 21
        assert (leaves[:20] <= leaves[20:]).all()
        assert leaves.max() < 25


def test_references_resolve(files, slices):
    dose, plan, structures = files["RTDOSE"], files["RTPLAN"], files["RTSTRUCT"]
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
    for each in (dose, plan):
        (reference,) = each.ReferencedStructureSetSequence
        assert reference.ReferencedSOPInstanceUID == structures.SOPInstanceUID
        assert reference.ReferencedSOPClassUID == structures.SOPClassUID
    (frame,) = structures.ReferencedFrameOfReferenceSequence
    assert frame.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    by_uid = {ds.SOPInstanceUID: float(ds.ImagePositionPatient[2]) for ds in slices}
    for roi in structures.ROIContourSequence:
        for contour in roi.get("ContourSequence", []):
            if contour.ContourGeometricType == "POINT":
                continue
            (image,) = contour.ContourImageSequence
            assert by_uid[image.ReferencedSOPInstanceUID] == float(contour.ContourData[2])


def test_objects_share_what_they_must(files, slices):
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert len({str(ds[keyword].value) for ds in files.values()}) == 1
    assert len({ds.SOPInstanceUID for ds in files.values()}) == len(files)
    assert len({ds.SeriesInstanceUID for ds in files.values()}) == 4
    assert len({ds.SeriesInstanceUID for ds in slices}) == 1
    assert all(UID(ds.SOPInstanceUID).is_valid for ds in files.values())
    assert all(ds.PatientName == "Phantom^Tutorial" for ds in files.values())


# --- writing ------------------------------------------------------------------------------------
def test_same_arguments_same_bytes(phantom, tmp_path):
    again = tutorial.phantom(tmp_path / "again")
    names = sorted(path.name for path in phantom.iterdir())
    assert sorted(path.name for path in again.iterdir()) == names
    for name in names:
        assert (again / name).read_bytes() == (phantom / name).read_bytes(), name


def test_other_spacing_other_grid_other_uids_same_shapes(phantom, tmp_path):
    folder = tutorial.phantom(tmp_path, spacing=(5.0, 3.0, 2.0), dose_spacing=(4.0, 5.0, 6.0))
    assert tutorial.phantom(tmp_path, spacing=(5, 3, 2), dose_spacing=(4, 5, 6)) == folder
    images = [pydicom.dcmread(path) for path in sorted(folder.glob("CT_*.dcm"))]
    dose = pydicom.dcmread(folder / "RTDOSE.dcm")
    assert len(images) == 24
    assert (images[0].Rows, images[0].Columns) == (64, 96)
    assert images[0].PixelSpacing == [3, 2]
    assert dose.PixelSpacing == [5, 6]
    assert dose.SOPInstanceUID != pydicom.dcmread(phantom / "RTDOSE.dcm").SOPInstanceUID
    body = contours(pydicom.dcmread(folder / "RTSTRUCT.dcm"), "BODY")
    area = math.pi * 88 * 66
    assert [shoelace(points) for points in body] == pytest.approx([area] * len(body), rel=1e-4)


@pytest.mark.parametrize("bad", [(3, 2), (3, 2, 0), (3, 2, float("nan")), (30, 2, 2)])
def test_spacing_is_checked(tmp_path, bad):
    with pytest.raises(GeometryError, match="dose_spacing must be three distances"):
        tutorial.phantom(tmp_path / "new", dose_spacing=bad)
    assert not (tmp_path / "new").exists()


def test_other_files_are_not_mixed_in(tmp_path):
    (tmp_path / "other.dcm").write_bytes(b"")
    with pytest.raises(ExistingFilesError, match=r"other\.dcm"):
        tutorial.phantom(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other.dcm"]


def test_an_earlier_phantom_is_replaced_unless_it_was_finer(tmp_path):
    tutorial.phantom(tmp_path, spacing=(12, 8, 8))
    with pytest.raises(ExistingFilesError, match=r"4 slices more, as of an earlier .*CT_007\.dcm"):
        tutorial.phantom(tmp_path, spacing=(20, 8, 8))
    tutorial.phantom(tmp_path, spacing=(10, 8, 8))
    assert len(list(tmp_path.glob("CT_*.dcm"))) == 12


def test_it_is_small(phantom):
    assert sum(path.stat().st_size for path in phantom.iterdir()) < 6e6


# --- outside judges -------------------------------------------------------------------------------
@pytest.mark.validators
@pytest.mark.parametrize("name", ["CT_001", "CT_020", "RTSTRUCT", "RTPLAN", "RTDOSE"])
def test_dciodvfy_finds_no_error(validator, phantom, name):
    assert validator.dciodvfy(phantom / f"{name}.dcm") == []


@pytest.mark.validators
def test_dcentvfy_finds_no_error(validator, phantom):
    assert validator.dcentvfy(phantom) == []


@pytest.mark.validators
@pytest.mark.parametrize("name", ["RTSTRUCT", "RTPLAN", "RTDOSE"])
def test_drtdump_has_nothing_to_say(validator, phantom, name):
    assert validator.drtdump(phantom / f"{name}.dcm") == []


@pytest.mark.validators
def test_validators_do_find_errors(validator, phantom, tmp_path):
    ds = pydicom.dcmread(phantom / "RTDOSE.dcm")
    del ds.OperatorsName
    ds.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    ds.save_as(tmp_path / "dose.dcm")
    assert any("Operator" in line for line in validator.dciodvfy(tmp_path / "dose.dcm"))
    assert any("1.2.3" in line for line in validator.dcentvfy(tmp_path))
    assert any("OperatorsName" in line for line in validator.drtdump(tmp_path / "dose.dcm"))
