from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import xarray as xr
from factories import case, ct_series, ct_slice, dose, plan, rt_image, structure_set, uid, write

from read.conftest import boxes, case_of
from rtxr import header_store, model
from rtxr.analysis.doses.dose_choice import one_dose
from rtxr.errors import GeometryError, MissingDataError, PixelDecodeError, RTXRError
from rtxr.read import planes
from rtxr.read.case import open_case
from rtxr.read.headers import parse
from rtxr.read.rt_dose import doses, stored_dvh
from rtxr.read.rt_plan import beams, control_points, target_prescription
from rtxr.read.rt_structure_set import structures


def codes(ds) -> set[str]:
    return {finding.code for finding in model.findings_of(ds)}


@pytest.fixture
def no_values(monkeypatch):
    """Any read of pixels, doses or masks fails the test."""

    def explode(*_):
        raise AssertionError("values were read")

    monkeypatch.setattr(planes, "read_frames", explode)
    monkeypatch.setattr("read.conftest.Boxes.read", explode)


def test_a_whole_case(make_case):
    ds = open_case(make_case(case()), mask_source=boxes)
    assert set(ds.data_vars) == {"ct", "dose"}
    assert ds.ct.dims == ("z", "y", "x")
    assert ds.mask.dims == ("roi", "z", "y", "x")
    assert ds.mask.dtype == bool
    assert set(model.STRUCTURE_COORDS) < set(ds.coords)
    for name in (
        "ct_uid",
        "dose_uid",
        "plan_uid",
        "structure_set_uid",
        "spatial_ref",
        "dose_spatial_ref",
        *header_store.HEADER_COORDS,
    ):
        assert name in ds.coords
    assert set(ds.indexes) == {"z", "y", "x", "dose_z", "dose_y", "dose_x", "roi", "contour"}
    assert ds.ct_uid.dims == ("z",)
    assert codes(ds) == set()
    assert model.grid_of(ds, "dose").frame_of_reference_uid == uid("P1", "frame")
    assert float(ds.dose.max()) == 0.5
    assert ds.ct.isel(y=0, x=0).values.tolist() == [-23, -22, -21]
    assert int(ds.mask.sum()) == 3 * 4 * 5


def test_headers_of_every_object_are_there(make_case):
    objects = case()
    records = header_store.unpack(open_case(make_case(objects)))
    assert set(records) == {ds.SOPInstanceUID for ds in objects}
    for ds in objects:
        record = records[ds.SOPInstanceUID]
        assert parse(record).SOPClassUID == ds.SOPClassUID
        assert record.path.endswith(".dcm")


@pytest.mark.usefixtures("no_values")
def test_no_value_is_read_until_it_is_asked_for(make_case):
    ds = open_case(make_case(case()), mask_source=boxes)
    for made in (
        ds,
        ds.sel(z=slice(0, 3)),
        ds.isel(z=[2, 0], roi=[0]),
        ds.isel(z=slice(None, None, -1)),
        ds.transpose(),
        ds.assign_attrs(a=1),
        copy.deepcopy(ds),
        pickle.loads(pickle.dumps(ds)),
        ds[["ct"]],
        ds.drop_vars("dose"),
        xr.DataTree(ds).to_dataset(),
    ):
        assert repr(made)
        assert made._repr_html_()
    structures(ds), doses(ds), beams(ds), control_points(ds), target_prescription(ds)
    with pytest.raises(AssertionError, match="values were read"):
        ds.ct.load()


@pytest.mark.usefixtures("no_values")
def test_chunks_are_files_doses_and_rois(make_case):
    case_ = make_case(case())
    ds = open_case(case_, chunks={}, mask_source=boxes)
    assert ds.ct.chunks == ((1, 1, 1), (4,), (5,))
    assert ds.dose.chunks == ((2,), (3,), (3,))
    assert ds.mask.chunks[0] == (1,)
    assert ds.node_x.chunks is None
    assert ds.ct_uid.chunks is None  # what is in memory stays there
    assert ds.ct.chunksizes["z"] == (1, 1, 1)
    assert open_case(case_, chunks={"z": 2}).ct.chunks[0] == (2, 1)


def test_pickled_and_copied_cases_read_the_same(make_case):
    ds = open_case(make_case(case()), mask_source=boxes)
    expected = ds.compute()
    for made in (pickle.loads(pickle.dumps(ds)), copy.deepcopy(ds), ds.chunk()):
        xr.testing.assert_identical(made.compute(), expected)


def test_laziness_of_the_cache(make_case):
    case_ = make_case(case())
    ds = open_case(case_)
    ds.ct.load()
    assert ds.ct.variable._in_memory
    ds = open_case(case_, cache=False)
    _ = ds.ct.values
    assert not ds.ct.variable._in_memory


def test_objects_that_are_missing(make_case):
    images = ct_series(2)
    assert set(open_case(make_case(images)).data_vars) == {"ct"}


def test_structures_without_an_image_have_no_mask(make_case):
    ds = open_case(make_case([structure_set(ct_series(2)), plan(), dose()]), mask_source=boxes)
    assert "mask" not in ds.coords
    assert ds.sizes["contour"] == 2
    assert list(ds.data_vars) == ["dose"]


def test_several_doses(make_case):
    second, third = dose(name="b", DoseSummationType="BEAM"), dose(name="c")
    third.GridFrameOffsetVector, third.DoseSummationType = [0, 4], "BEAM"
    ds = open_case(make_case([second, third, dose()]))
    assert model.dose_names(ds) == ["dose", "dose_2", "dose_3"]
    assert ds.dose.attrs["DoseSummationType"] == "PLAN"
    assert ds.dose_2.dims == ds.dose.dims
    assert ds.dose_3.dims == ("dose_3_z", "dose_3_y", "dose_3_x")
    assert model.grid_of(ds, "dose_2").same_as(model.grid_of(ds, "dose"))
    assert doses(ds).index.tolist() == ["dose", "dose_2", "dose_3"]


def test_doses_without_grid_or_place_leave_findings(make_case):
    empty, unplaced = dose(name="a"), dose(name="b")
    del empty.PixelData, unplaced.ImagePositionPatient
    ds = open_case(make_case([empty, unplaced, dose(name="c", DoseSummationType="BEAM")]))
    assert model.dose_names(ds) == ["dose"]
    assert {"dose-without-grid", "dose-not-opened"} <= codes(ds)
    for ask in (lambda: ds.rt.dose_on("dose", dose="dose_2"), lambda: one_dose(ds, "dose_2")):
        with pytest.raises(MissingDataError, match=r"no dose 'dose_2'; .*not opened: .*Position"):
            ask()
    with pytest.raises(MissingDataError, match="no DVH"):
        stored_dvh(ds, empty.SOPInstanceUID)


def test_a_dose_without_scaling_stops_nothing_but_itself(make_case):
    bad = dose()
    del bad.DoseGridScaling
    case_ = make_case([*ct_series(2), plan(), bad, dose(name="b", DoseSummationType="BEAM")])
    ds = open_case(case_)
    assert ds.ct.load().shape == (2, 4, 5)
    assert float(ds.dose_2.max()) == 0.5
    assert ds.dose.attrs["DoseSummationType"] == "PLAN"  # no other one takes its name
    assert repr(ds)
    assert ds._repr_html_()
    assert doses(ds).loc["dose", "shape"] == (2, 3, 3)
    with pytest.raises(MissingDataError, match=r"DoseGridScaling of 'dose'.*drop_vars"):
        ds.dose.load()
    (finding,) = (each for each in model.findings_of(ds) if each.code == "dose-scaling-missing")
    assert (finding.severity, finding.uid) == ("error", bad.SOPInstanceUID)
    ds.drop_vars("dose").load()
    lazy = open_case(case_, chunks={})
    with pytest.raises(MissingDataError, match="dose_grid_scaling="):
        lazy.dose.compute()
    given = open_case(case_, dose_grid_scaling=0.02)
    assert given.dose.values.tolist() == np.full((2, 3, 3), 2.0).tolist()
    assert float(given.dose_2.max()) == 0.5  # has its own
    assert "dose-scaling-given" in codes(given)


@pytest.mark.parametrize("given", [0, -1e-4, np.nan, np.inf, "1e-4", True])
def test_a_scaling_that_is_no_number_above_0_is_refused(make_case, given):
    with pytest.raises(RTXRError, match=r"dose_grid_scaling=.*above 0"):
        open_case(make_case([dose()]), dose_grid_scaling=given)


@pytest.mark.parametrize(
    ("kind", "code"), [("BEAM", "dose-not-plan-total"), ("PLAN", "dose-chosen")]
)
def test_a_dose_that_takes_the_place_of_one_that_cannot_be_opened_is_told(make_case, kind, code):
    total, other = dose(), dose(name="b", DoseSummationType=kind)
    del total.ImagePositionPatient
    ds = open_case(make_case([total, other]))
    (finding,) = (each for each in model.findings_of(ds) if each.code == code)
    assert (finding.severity, finding.uid) == ("warning", other.SOPInstanceUID)
    assert f"'dose' is the {kind} dose {other.SOPInstanceUID}" in finding.message
    assert total.SOPInstanceUID in finding.message


def test_an_image_that_cannot_be_placed_is_left_out_unless_it_is_all(make_case, tmp_path):
    images = ct_series(2)
    for ds in images:
        del ds.ImagePositionPatient
    with pytest.raises(GeometryError, match="no slice of this series can be placed"):
        open_case(make_case(images))
    ds = open_case(make_case([*images, dose()]))
    assert set(ds.data_vars) == {"dose"}
    assert "image-not-opened" in codes(ds)
    with pytest.raises(GeometryError):
        open_case(make_case([*images, dose()]), on_irregular="raise")


def test_irregular_series_follow_the_policy(make_case):
    case_ = make_case([ct_slice(n, z) for n, z in enumerate([0.0, 3.0, 8.0])])
    assert "irregular-spacing" in codes(open_case(case_))
    with pytest.raises(GeometryError, match="not one even stack"):
        open_case(case_, on_irregular="raise")
    even = open_case(case_, on_irregular="resample")
    assert even.z.values.tolist() == [0, 3, 6]
    assert "resampled-stack" in codes(even)


def test_files_that_are_no_dicom_any_more(tmp_path):
    paths = write(tmp_path, case())
    case_ = case_of(paths)
    for path in paths:
        if path.name.startswith(("CT_001", "RTSTRUCT", "RTPLAN")):
            path.write_bytes(b"x" * 500)
    ds = open_case(case_)
    assert ds.sizes["z"] == 2
    assert {"file-not-opened", "structure-set-not-opened"} <= codes(ds)
    assert model.PLAN_UID not in ds.coords


def test_rt_images_open_beside_the_other_objects(make_case):
    planned = plan()
    ds = open_case(make_case([*ct_series(2), planned, rt_image(planned)]))
    assert {"ct", "rt_image"} <= set(ds.data_vars)
    assert "not-opened" not in codes(ds)


def test_rt_images_that_cannot_be_read_leave_the_others(make_case):
    planned, empty = plan(), rt_image(name="empty")
    empty.ReferencedRTPlanSequence = rt_image(planned).ReferencedRTPlanSequence
    empty.PixelData = b""
    ds = open_case(make_case([planned, rt_image(planned), empty]))
    assert ds.sizes["image"] == 1
    assert "rt-image-not-opened" in codes(ds)


def test_other_frames_and_images_are_said(make_case):
    images = ct_series(2)
    elsewhere = dose(FrameOfReferenceUID="1.2.3")
    contours = structure_set(ct_series(2, name="other"))
    ds = open_case(make_case([*images, contours, elsewhere]))
    assert {"frame-of-reference-mismatch", "contour-images-absent"} <= codes(ds)


def test_pixels_that_cannot_be_decoded_raise_when_read(make_case, tmp_path):
    case_ = make_case(ct_series(2))
    ds = open_case(case_)
    for path in case_.image["path"]:
        (tmp_path / path).unlink()
    with pytest.raises(PixelDecodeError, match="must stay where it was"):
        ds.ct.load()


def test_findings_survive_without_text_of_a_patient(make_case):
    ds = open_case(make_case(case(PatientName="Very^Secret")), mask_source=boxes)
    assert "Secret" not in repr(ds)
    assert "Secret" not in ds._repr_html_()
    assert "Secret" not in str(ds.attrs)


@pytest.mark.data
def test_breast_case(case_data):
    folder = case_data("breast_boost_eclipse")
    ds = open_case(case_of(folder.rglob("*.dcm")))
    assert dict(ds.ct.sizes) == {"z": 98, "y": 512, "x": 512}
    assert dict(ds.dose.sizes) == {"dose_z": 98, "dose_y": 129, "dose_x": 194}
    assert ds.sizes["roi"] == 10
    assert codes(ds) == {
        "duplicate-sop-instance",
        "roi-without-contours",
        "unresolved-reference",
    }
    assert float(ds.dose.max()) == pytest.approx(14.68, abs=0.01)
    dose_, source, findings = target_prescription(ds)
    assert (dose_, source, findings) == (14.0, "dose reference 1 (SITE)", [])
    assert beams(ds).BeamMeterset.tolist() == [97, 87, 89, 94]
    last = control_points(ds, 1).iloc[-1]
    assert last.meterset == 97
    assert len(last.MLCX) == 120
    plane = ds.ct.sel(z=168.559, method="nearest")
    assert plane.dtype == np.int16


REAL = {
    "oncentra_phantom/simple_phantom_case": (
        {"ct", "dose", "dose_2", "dose_3", "dose_4", "rt_image", "rt_image_2", "rt_image_3"},
        7,
        3,
    ),
    "pylinac/picket_fence_with_plan": ({"rt_image"}, None, 1),
    "pylinac/no_preamble": ({"rt_image"}, None, None),
    "proton_dcpt/raystation_plan03": ({"dose", "dose_2", "dose_3"}, 5, 2),
    "brachy_hdr_robustbrachy": ({"dose"}, 17, 0),
    "ibsi_sts003/dicom/CT": ({"ct"}, 1, None),
    "ibsi_sts003/dicom/PET": ({"pt"}, 1, None),
    "ibsi_sts003/dicom/MR_T1": ({"mr"}, 1, None),
    "matrad_tg119": ({"ct"}, 3, None),
    "geometry/ct_gantry_tilt_ge": ({"ct"}, None, None),
    "pymedphys/tiny_vmat": ({"ct"}, 2, 1),
    "pymedphys/pinnacle_rp_rd": ({"dose"}, None, 2),
    "pymedphys/dicomorient_rtdose_headers": (set(), None, None),
    "quirks/topas_odd_length_vr": ({"ct", "dose"}, None, None),
    "quirks/opentps_small_phantom": ({"ct", "dose"}, None, 1),
    "quirks/viewray_coronal_rtdose": ({"dose"}, None, None),
    "quirks/eyeplan_single_frame_gfov": ({"dose"}, None, None),
    "rt_utils/oriented_data": ({"ct"}, None, None),
}


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_real_cases_open(case_data, name):
    variables, rois, number_of_beams = REAL[name]
    top, _, rest = name.partition("/")
    ds = open_case(case_of(p for p in (case_data(top) / rest).rglob("*") if p.is_file()))
    assert set(ds.data_vars) == variables
    assert ds.sizes.get("roi") == rois
    if number_of_beams is not None:
        assert len(beams(ds)) == number_of_beams
    for each in variables:
        values = ds[each].isel({dim: ds.sizes[dim] // 2 for dim in ds[each].dims[:1]}).values
        assert np.isfinite(values).all()


@pytest.mark.data
def test_beams_of_the_proton_case_add_up_to_its_plan_dose(case_data):
    paths = (case_data("proton_dcpt") / "raystation_plan03").glob("*.dcm")
    ds = open_case(case_of(paths))
    assert ds.dose.attrs["DoseSummationType"] == "PLAN"
    np.testing.assert_allclose(ds.dose, ds.dose_2.values + ds.dose_3.values, atol=6e-5)


def test_the_cache_of_a_scan_is_named_elsewhere(make_case, tmp_path):
    with pytest.raises(RTXRError, match=r"cache must be True or False.*rtxr\.scan"):
        open_case(make_case(ct_series(2)), cache=tmp_path / "scan.db")
