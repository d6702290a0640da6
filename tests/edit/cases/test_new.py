"""Cases made of arrays are cases as from files."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr import header_store, model
from rtxr.errors import (
    ConflictingDataError,
    ConformanceError,
    GeometryError,
    MissingDataError,
    RTXRError,
    UnknownNameError,
)
from rtxr.read.headers import parse

HU = np.arange(3 * 4 * 5).reshape(3, 4, 5)
EVEN = {"spacing": (3, 2, 1.5), "origin": (-3, 10, 0.1)}


def _headers(ds: xr.Dataset) -> list:
    return [parse(record) for record in header_store.unpack(ds).values()]


def test_the_example_runs():
    module = import_module("rtxr.edit.cases.new")
    (example,) = doctest.DocTestFinder(recurse=False).find(module.new_case, "new_case", globs={})
    assert doctest.DocTestRunner().run(example).failed == 0


def test_an_image_has_all_that_one_from_files_has(phantom):
    ds = rtxr.new_case(HU, **EVEN, PatientID="X")
    files = rtxr.open_dir(phantom)
    assert set(ds.ct.coords) == set(files.ct.drop_vars(_others(files)).coords)
    assert ds.ct.dims == ("z", "y", "x")
    assert (ds.ct.attrs["units"], ds.ct.attrs["long_name"]) == ("HU", "CT number")
    np.testing.assert_array_equal(ds.ct, HU)
    assert ds.z.values.tolist() == [-3, 0, 3]
    assert ds.x.values.tolist() == [0.1, 1.6, 3.1, 4.6, 6.1]
    assert ds.z.attrs == files.z.attrs
    headers = _headers(ds)
    assert [each.SOPInstanceUID for each in headers] == ds.ct_uid.values.tolist()
    assert [each.ImagePositionPatient[2] for each in headers] == [-3, 0, 3]
    assert {each.PatientID for each in headers} == {"X"}
    frame = ds.spatial_ref.attrs["FrameOfReferenceUID"]
    assert {each.FrameOfReferenceUID for each in headers} == {frame}


def _others(files: xr.Dataset) -> list[str]:
    kept = {"z", "y", "x", "ct_uid", "spatial_ref"}
    return [str(name) for name in files.ct.coords if name not in kept]


def test_an_array_may_bring_its_own_coordinates_in_any_order(phantom):
    files = rtxr.open_dir(phantom)
    turned = files.ct.transpose("x", "z", "y").isel(z=slice(None, None, -1))
    ds = rtxr.new_case(turned)
    own = files.ct.drop_vars([*_others(files), "ct_uid"])
    xr.testing.assert_equal(ds.ct.drop_vars("ct_uid"), own)
    assert ds.spatial_ref.attrs == files.spatial_ref.attrs


def test_an_oblique_image():
    turn = np.radians(20)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    axes = (np.arange(3) * 3.0, np.arange(4.0), np.arange(5.0))
    grid = rtxr.Grid(("slice", "row", "column"), axes, matrix)
    ds = rtxr.new_case(HU, grid=grid, dose=HU * 1.0, masks={"All": HU >= 0})
    assert ds.ct.dims == ("slice", "row", "column")
    assert ds.dose.dims == ("dose_slice", "dose_row", "dose_column")
    assert ds.rt.grid().same_as(grid)
    assert ds.rt.mask("All").all()
    assert ds.rt.volumes()["All"].item() == pytest.approx(HU.size * 3 / 1000, rel=1e-3)


def test_doses_on_one_grid_share_dimensions_others_have_their_own():
    other = rtxr.Grid(("z", "y", "x"), (np.arange(2.0), np.arange(2.0), np.arange(2.0)))
    small = xr.DataArray(np.ones((2, 2, 2)), model.grid_coords(other), other.dims)
    ds = rtxr.new_case(HU, **EVEN, dose=[HU, HU * 2, small])
    assert ds.dose.dims == ds.dose_2.dims == ("dose_z", "dose_y", "dose_x")
    assert ds.dose_3.dims == ("dose_3_z", "dose_3_y", "dose_3_x")
    assert ds.dose.dtype == np.float64
    assert ds.dose.attrs["units"] == "Gy"
    frames = {ds[name].attrs["FrameOfReferenceUID"] for name in ds.coords if "spatial_ref" in name}
    assert len(frames) == 1


def test_structures_are_contours_and_a_view_of_them():
    mask = HU % 7 > 2
    ds = rtxr.new_case(HU, **EVEN, masks={"A": mask, "B": ~mask})
    np.testing.assert_array_equal(ds.mask, [mask, ~mask])
    assert set(ds.contour_image_uid.values) <= set(ds.ct_uid.values)
    alone = rtxr.new_case(masks={"A": mask}, **EVEN)
    assert not alone.data_vars
    assert model.roi_labels(alone) == ["A"]


def test_facts_are_for_those_that_have_the_attribute():
    said = {"PatientPosition": "HFS", "StructureSetLabel": "DRAWN", "PatientName": "Ö"}
    ds = rtxr.new_case(HU, **EVEN, masks={"A": HU > 3}, dose=HU, plan={}, **said)
    by_kind = {each.Modality: each for each in _headers(ds)}
    assert by_kind["CT"].PatientPosition == "HFS"
    assert "PatientPosition" not in by_kind["RTSTRUCT"]
    assert by_kind["RTSTRUCT"].StructureSetLabel == "DRAWN"
    assert {str(each.PatientName) for each in by_kind.values()} == {"Ö"}
    assert len({each.StudyInstanceUID for each in by_kind.values()}) == 1
    own = rtxr.new_case(HU, **EVEN, StudyInstanceUID="1.2.3", FrameOfReferenceUID="1.2.4")
    assert {each.StudyInstanceUID for each in _headers(own)} == {"1.2.3"}
    assert own.spatial_ref.attrs["FrameOfReferenceUID"] == "1.2.4"


def test_nothing_of_a_patient_shows():
    ds = rtxr.new_case(HU, **EVEN, PatientID="SECRET", PatientName="Secret^Name")
    assert "secret" not in (repr(ds) + ds._repr_html_() + str(ds.attrs)).lower()


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"image": HU}, MissingDataError, "grid="),
        ({"image": HU, "spacing": (1, 1)}, GeometryError, "three numbers"),
        ({"image": HU, "spacing": "1"}, GeometryError, "three numbers"),
        ({"image": HU, "spacing": 0}, RTXRError, "above 0"),
        ({"image": HU, "spacing": 1, "origin": 0}, GeometryError, "three numbers"),
        ({"image": HU, "spacing": (1, 1, 0)}, RTXRError, "above 0"),
        ({"image": HU[0], **EVEN}, GeometryError, "three dimensions"),
        ({"image": xr.DataArray(HU, dims=("z", "y", "x"))}, MissingDataError, "coordinates"),
        ({"image": HU > 3, **EVEN}, RTXRError, "real numbers"),
        ({"image": [[1]]}, RTXRError, "DataArray or an ndarray"),
        ({"image": HU, **EVEN, "dose": HU[:2]}, GeometryError, r"\(2, 4, 5\)"),
        ({"image": HU, **EVEN, "modality": "US"}, UnknownNameError, "'CT'"),
        ({"image": HU, **EVEN, "PatientIDs": "1"}, UnknownNameError, "PatientID"),
        ({"image": HU, **EVEN, "SOPInstanceUID": "1"}, UnknownNameError, "cannot be given"),
        ({"image": HU, **EVEN, "Rows": 3}, UnknownNameError, "give the array itself"),
        ({"image": HU, **EVEN, "PixelSpacing": [1, 1]}, UnknownNameError, "give spacing="),
        ({"image": HU, **EVEN, "RescaleSlope": 2}, UnknownNameError, "of CT in HU"),
        ({"image": HU, **EVEN, "DoseGridScaling": 1}, UnknownNameError, "in Gy"),
        ({"image": HU, **EVEN, "BeamSequence": []}, UnknownNameError, "give plan="),
        ({"image": HU, **EVEN, "SliceThickness": "thin"}, RTXRError, "SliceThickness.*DS"),
    ],
)
def test_what_is_wrong_is_said(arguments, error, match):
    with pytest.raises(error, match=match):
        rtxr.new_case(**arguments)


@pytest.mark.parametrize("spacing", [2, 2.0, np.float32(2)])
def test_one_spacing_is_that_of_all_axes(spacing):
    found = rtxr.new_case(HU, spacing=spacing, origin=(1, 2, 3)).ct
    assert found.z.values.tolist() == [1, 3, 5]
    assert found.y.values.tolist() == [2, 4, 6, 8]
    assert found.x.values.tolist() == [3, 5, 7, 9, 11]


def test_a_plan_without_beams_is_enough_for_a_dose(tmp_path):
    ds = rtxr.new_case(HU, **EVEN, dose=np.ones(HU.shape), PatientPosition="HFS")
    with pytest.raises(ConformanceError, match=r"ds\.rt\.add_plan\(\) makes a plan for it"):
        ds.rt.to_dicom(tmp_path / "alone")
    written = ds.rt.add_plan().rt.to_dicom(tmp_path / "planned")
    assert set(written["IOD"]) == {"CT Image", "RT Dose", "RT Plan"}


def test_two_frames_of_reference_are_no_case():
    one = rtxr.new_case(HU, **EVEN).ct
    with pytest.raises(ConflictingDataError, match="share one"):
        rtxr.new_case(one, FrameOfReferenceUID="1.2.3")


def test_masks_may_have_types_and_colors():
    mask = np.zeros((3, 4, 5), bool)
    mask[1, 1:3, 1:4] = True
    ds = rtxr.new_case(
        np.zeros((3, 4, 5)),
        spacing=(3, 1, 1),
        masks={"PTV": mask, "Cord": mask},
        types={"PTV": "PTV"},
        colors={"Cord": "#0000ff"},
    )
    assert ds.roi_type.values.tolist() == ["PTV", ""]
    assert ds.roi_color.values[1] == "#0000ff"
    with pytest.raises(UnknownNameError, match="PTW"):
        rtxr.new_case(mask * 1, spacing=(3, 1, 1), masks={"PTV": mask}, types={"PTW": "PTV"})


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"spacings": (3, 1, 1)}, "no argument of new_case; did you mean 'spacing'"),
        ({"spacing": (3, 1, 1), "plan": {"fracs": 3}}, "'fracs': ...}; did you mean 'fractions'"),
        ({"spacing": (3, 1, 1), "plan": "AP"}, "beams is a str; give a DataFrame"),
        ({"spacing": (3, 1, 1), "type": {"PTV": "PTV"}}, "did you mean 'types'"),
    ],
)
def test_a_misspelt_argument_is_named(arguments, match):
    with pytest.raises(RTXRError, match=match):
        rtxr.new_case(np.zeros((3, 4, 5)), **arguments)


def test_a_plan_may_be_a_list_of_beams():
    plan = [{"BeamName": "AP", "GantryAngle": 0.0}, {"BeamName": "PA", "GantryAngle": 180.0}]
    ds = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1), plan=plan)
    assert ds.rt.beams()["gantry_start"].tolist() == [0.0, 180.0]
