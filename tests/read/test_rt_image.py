"""RT Images as arrays: where their pixels are, what is known of each, what their files lack."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from factories import ct_series, item, plan, write
from hypothesis import given, settings
from hypothesis import strategies as st
from portal_images import EXPOSURE, portal, stored

import rtxr
from rtxr import model
from rtxr.errors import PixelDecodeError
from rtxr.read.rt_images.receptor_plane import receptor_plane


def opened(folder, *objects, preamble=True):
    write(folder, objects, preamble=preamble)
    return rtxr.open_dir(folder, progress=False)


def codes(ds):
    return set(ds.rt.findings["code"])


def test_pixels_are_where_the_header_says_with_y_up(tmp_path):
    ds = opened(tmp_path, portal())
    assert ds.rt_image.dims == ("image", "receptor_y", "receptor_x")
    assert ds.receptor_x.values.tolist() == [-3.75, -2.25, -0.75, 0.75, 2.25, 3.75]
    assert ds.receptor_y.values.tolist() == [-3.0, -1.0, 1.0, 3.0]
    assert ds.receptor_x.attrs["units"] == "mm"
    np.testing.assert_array_equal(ds.rt_image[0, ::-1], stored())
    assert float(ds.rt_image.sel(receptor_y=3.0, receptor_x=-3.75)[0]) == stored()[0, 0]
    assert codes(ds) == set()


def test_every_fact_of_an_image_is_a_coordinate(tmp_path):
    ds = opened(tmp_path, portal())
    wanted = {
        "gantry_angle": 90,
        "beam_limiting_device_angle": 10,
        "patient_support_angle": 0,
        "receptor_angle": 0,
        "rt_image_sid": 1500,
        "radiation_machine_sad": 1000,
        "translation_x": 0,
        "translation_y": 0,
        "translation_z": -500,
        "beam_number": 1,
        "fraction_number": 3,
        "fraction_group_number": 1,
        "frame": 1,
        "meterset": 120.5,
        "kvp": 6000,
    }
    assert {name: ds[name].item() for name in wanted} == wanted
    assert ds.beam_number.dtype == np.int64
    assert ds.rt_image.coords["rt_image_uid"].item() == portal().SOPInstanceUID


def test_integers_stay_integers_that_can_be_subtracted(tmp_path):
    ds = opened(tmp_path, portal(RescaleSlope=2, RescaleIntercept=-5, RescaleType="US"))
    assert ds.rt_image.dtype == np.int32
    np.testing.assert_array_equal(ds.rt_image[0, ::-1], stored().astype(int) * 2 - 5)
    assert ds.rt_image.attrs["RescaleType"] == "US"


def test_an_inverted_rescale_is_applied(tmp_path):
    ds = opened(tmp_path, portal(RescaleSlope=-1, RescaleIntercept=65535, RescaleType="US"))
    np.testing.assert_array_equal(ds.rt_image[0, ::-1], 65535 - stored().astype(int))
    assert int(ds.rt_image.max()) == 65535 - int(stored().min())


def test_unsigned_images_do_not_wrap_around(tmp_path):
    ds = opened(tmp_path, portal(values=np.full((4, 6), 65535, np.uint16)))
    assert int((ds.rt_image * 2).max()) == 131070
    assert int((1 - ds.rt_image).max()) == -65534


def test_fractions_are_floats(tmp_path):
    ds = opened(tmp_path, portal(RescaleSlope="0.25", RescaleIntercept=0, RescaleType="CU"))
    assert ds.rt_image.dtype == np.float32
    np.testing.assert_array_equal(ds.rt_image[0, ::-1], stored() * 0.25)


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    ds = opened(tmp_path, portal())
    for path in tmp_path.glob("*.dcm"):
        path.unlink()
    assert ds.isel(receptor_x=slice(2)).rt_image.shape == (1, 4, 2)
    with pytest.raises(PixelDecodeError):
        ds.rt_image.load()


def test_an_image_without_position_is_centred(tmp_path):
    ds = opened(tmp_path, portal(RTImagePosition=None))
    assert ds.receptor_x.values.tolist() == [-3.75, -2.25, -0.75, 0.75, 2.25, 3.75]
    assert ds.receptor_y.values.tolist() == [-3.0, -1.0, 1.0, 3.0]
    assert codes(ds) == {"rt-image-position-missing"}


@pytest.mark.parametrize(
    ("lacking", "coordinate", "code"),
    [
        ("GantryAngle", "gantry_angle", "rt-image-angle-missing"),
        ("RadiationMachineSAD", "radiation_machine_sad", "rt-image-distance-missing"),
        ("XRayImageReceptorAngle", "receptor_angle", "rt-image-value-missing"),
        ("XRayImageReceptorTranslation", "translation_y", "rt-image-value-missing"),
        ("ReferencedBeamNumber", "beam_number", "rt-image-value-missing"),
    ],
)
def test_what_a_file_does_not_say_is_nan_and_told(tmp_path, lacking, coordinate, code):
    ds = opened(tmp_path, portal(without=(lacking,)))
    value = ds[coordinate].item()
    assert value == -1 if coordinate == "beam_number" else np.isnan(value)
    found = ds.rt.findings
    assert found["code"].tolist() == [code]
    assert lacking in found["message"].iloc[0]


@pytest.mark.parametrize("stated", [None, "1.5 m"])
def test_a_distance_that_is_no_number_comes_from_the_translation(tmp_path, stated):
    image = portal(without=("RTImageSID",))
    if stated is not None:
        image.add_new(0x30020026, "DS", "0")
        image[0x30020026]._value = stated
    ds = opened(tmp_path, image)
    assert ds.rt_image_sid.item() == 1500
    assert codes(ds) == {"rt-image-sid-missing"}


def test_without_distance_and_translation_nothing_is_guessed(tmp_path):
    ds = opened(tmp_path, portal(without=("RTImageSID", "XRayImageReceptorTranslation")))
    assert np.isnan(ds.rt_image_sid.item())
    assert "rt-image-distance-missing" in codes(ds)


def test_files_without_preamble_open(tmp_path):
    ds = opened(tmp_path, portal(), preamble=False)
    np.testing.assert_array_equal(ds.rt_image[0, ::-1], stored())


def test_pixels_without_a_size_are_counted(tmp_path):
    ds = opened(tmp_path, portal(ImagePlanePixelSpacing=None))
    assert ds.receptor_x.values.tolist() == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]
    assert ds.receptor_y.attrs["units"] == "pixel"
    assert codes(ds) == {"rt-image-spacing-missing"}


def exposure(frame, meterset, gantry):
    return {**EXPOSURE, "ReferencedFrameNumber": frame, "MetersetExposure": meterset} | {
        "GantryAngle": gantry
    }


def test_every_frame_is_an_image_with_the_exposure_that_names_it(tmp_path):
    exposures = [exposure(3, 30, 12), exposure(1, 10, 10), exposure(2, 20, 11)]
    ds = opened(tmp_path, portal(values=stored(3), exposures=exposures))
    assert ds.sizes["image"] == 3
    assert ds.frame.values.tolist() == [1, 2, 3]
    assert ds.meterset.values.tolist() == [10, 20, 30]
    assert ds.gantry_angle.values.tolist() == [10, 11, 12]
    assert set(ds.rt_image_uid.values) == {portal().SOPInstanceUID}
    np.testing.assert_array_equal(ds.rt_image[:, ::-1], stored(3))


def test_exposures_without_frame_numbers_come_in_order(tmp_path):
    exposures = [{**EXPOSURE, "MetersetExposure": n} for n in (5, 6)]
    ds = opened(tmp_path, portal(values=stored(2), exposures=exposures))
    assert ds.meterset.values.tolist() == [5, 6]
    assert codes(ds) == {"rt-image-exposures-in-order"}


def test_one_exposure_is_that_of_all_frames(tmp_path):
    ds = opened(tmp_path, portal(values=stored(2)))
    assert ds.meterset.values.tolist() == [120.5, 120.5]


def test_a_double_exposure_is_added_up(tmp_path):
    exposures = [{**EXPOSURE, "MetersetExposure": n} for n in (5, 6)]
    ds = opened(tmp_path, portal(exposures=exposures))
    assert ds.meterset.item() == 11
    assert ds.kvp.item() == 6000


def test_exposures_that_differ_leave_a_value_open(tmp_path):
    exposures = [{**EXPOSURE, "KVP": n} for n in (6000, 100)]
    ds = opened(tmp_path, portal(exposures=exposures))
    assert np.isnan(ds.kvp.item())
    assert codes(ds) == {"rt-image-value-missing"}


def test_values_come_from_the_exposure_where_the_top_level_lacks_them(tmp_path):
    inner = {**EXPOSURE, "GantryAngle": 45, "BeamLimitingDeviceAngle": 5}
    ds = opened(tmp_path, portal(without=("GantryAngle",), exposures=[inner]))
    assert ds.gantry_angle.item() == 45
    assert ds.beam_limiting_device_angle.item() == 10


def test_fewer_frames_than_promised_are_told(tmp_path):
    image = portal(values=stored(3))
    image.NumberOfFrames = 5
    ds = opened(tmp_path, image)
    assert ds.sizes["image"] == 3
    assert codes(ds) == {"frame-count-mismatch"}


def test_a_turned_image_has_coordinates_of_its_own(tmp_path):
    turned = [np.cos(0.5), np.sin(0.5), 0, np.sin(0.5), -np.cos(0.5), 0]
    image = portal(RTImageOrientation=[f"{each:.10f}" for each in turned])
    ds = opened(tmp_path, image)
    np.testing.assert_allclose(np.diff(ds.receptor_x), 1.5)
    np.testing.assert_allclose(np.diff(ds.receptor_y), 2.0)
    np.testing.assert_allclose(ds.receptor_x[0], -3.75 * turned[0] + 3.0 * turned[1], atol=1e-8)
    assert codes(ds) == {"rt-image-turned"}


def test_a_plane_that_is_not_normal_is_told(tmp_path):
    ds = opened(tmp_path, portal(RTImagePlane="NON_NORMAL"))
    assert codes(ds) == {"rt-image-turned"}
    assert ds.receptor_x.attrs["axes_of"] == "image"


AXES = [(1, 0), (-1, 0), (0, 1), (0, -1)]


@given(
    row=st.sampled_from(AXES),
    sign=st.sampled_from([1, -1]),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    spacing=st.tuples(*[st.floats(0.1, 3).map(lambda x: round(x, 3))] * 2),
    position=st.tuples(*[st.floats(-200, 200).map(lambda x: round(x, 3))] * 2),
)
@settings(max_examples=60, deadline=None)
def test_a_pixel_is_at_its_position_whatever_the_orientation(row, sign, shape, spacing, position):
    column = (-sign * row[1], sign * row[0])
    elements = {
        "RTImageOrientation": np.array([*row, 0, *column, 0], dtype=float),
        "ImagePlanePixelSpacing": np.array(spacing),
        "RTImagePosition": np.array(position),
    }
    plane, findings = receptor_plane(elements.__getitem__, "NORMAL", shape)
    assert findings == []
    numbers = np.arange(np.prod(shape)).reshape(1, *shape)
    presented = plane.layout.present(numbers)[0]
    for i, j in np.ndindex(*shape):
        x, y = (
            np.array(position) + j * spacing[1] * np.array(row) + i * spacing[0] * np.array(column)
        )
        at_y, at_x = np.argmin(np.abs(plane.y - y)), np.argmin(np.abs(plane.x - x))
        assert abs(plane.y[at_y] - y) + abs(plane.x[at_x] - x) < 1e-9
        assert presented[at_y, at_x] == numbers[0, i, j]


def test_other_grids_are_other_variables(tmp_path):
    far = portal("far", RTImagePosition=[-5, 3.0], GantryAngle=7, InstanceNumber=2)
    ds = opened(tmp_path, portal(InstanceNumber=1), far, portal("third", InstanceNumber=3))
    assert ds.rt_image.shape == (2, 4, 6)
    assert ds.rt_image_2.dims == ("image_2", "receptor_2_y", "receptor_2_x")
    assert ds.gantry_angle_2.values.tolist() == [7]
    assert ds.rt_image_2_uid.item() == far.SOPInstanceUID
    assert "3 RT images" in repr(ds.rt)


def test_images_come_by_instance_number(tmp_path):
    images = [portal(n, InstanceNumber=n, GantryAngle=n) for n in (3, 1, 2)]
    assert opened(tmp_path, *images).gantry_angle.values.tolist() == [1, 2, 3]


def test_images_in_colour_are_left_out(tmp_path):
    image = portal("colour")
    image.SamplesPerPixel = 3
    ds = opened(tmp_path, image, portal())
    assert ds.sizes["image"] == 1
    assert "rt-image-not-opened" in codes(ds)


def test_a_file_that_is_gone_is_told(tmp_path):
    write(tmp_path, [portal(), portal("second")])
    index = rtxr.scan(tmp_path, progress=False)
    next(tmp_path.glob("*.dcm")).unlink()
    ds = index.open()
    assert ds.sizes["image"] == 1
    assert "file-not-opened" in codes(ds)


def test_a_plan_opens_with_its_images(tmp_path):
    planned = plan()
    ds = opened(tmp_path, planned, portal(plan=planned), *ct_series(2))
    assert {"ct", "rt_image"} <= set(ds.data_vars)
    assert model.PLAN_UID in ds.coords
    assert ds.rt.rt_images()["BeamName"].tolist() == ["A"]


def test_the_table_has_a_row_per_image(tmp_path):
    planned = plan()
    other = portal("other", planned, RTImagePosition=[0, 0], RTImageLabel="Gerät", InstanceNumber=2)
    other.SpecificCharacterSet = "ISO_IR 100"
    first = portal("frames", planned, stored(2), InstanceNumber=1, RadiationMachineName="M1")
    table = opened(tmp_path, planned, first, other).rt.rt_images()
    assert table["variable"].tolist() == ["rt_image", "rt_image", "rt_image_2"]
    assert table["image"].tolist() == [0, 1, 0]
    assert table["frame"].tolist() == [1, 2, 1]
    assert table["RTImageLabel"].tolist() == ["Portal", "Portal", "Gerät"]
    assert table["RadiationMachineName"].tolist() == ["M1", "M1", ""]
    assert table["spacing"].tolist() == [(2.0, 1.5)] * 3
    assert set(table["ReferencedRTPlan"]) == {planned.SOPInstanceUID}
    assert table["beam_number"].dtype == np.int64


def test_the_table_of_a_case_without_images_is_empty(tmp_path):
    assert opened(tmp_path, *ct_series(2)).rt.rt_images().empty


def test_the_table_does_not_need_headers_or_all_coordinates(tmp_path):
    ds = opened(tmp_path, portal()).drop_vars(["header_uid", "header_stop", "header_data"])
    row = ds.drop_vars(["kvp", "beam_number"]).isel(image=0).rt.rt_images().iloc[0]
    assert (row.RTImageLabel, row.beam_number, row.gantry_angle) == ("", -1, 90)
    assert np.isnan(row.kvp)


def test_a_beam_that_the_plan_lacks_is_told(tmp_path):
    planned = plan()
    ds = opened(tmp_path, planned, portal(plan=planned, ReferencedBeamNumber=7))
    assert "rt-image-beam-absent" in codes(ds)
    assert ds.rt.rt_images()["BeamName"].tolist() == [""]


def test_beam_number_0_is_a_beam(tmp_path):
    planned = plan()
    planned.BeamSequence = [item(BeamNumber=0, BeamName="Zero")]
    ds = opened(tmp_path, planned, portal(plan=planned, ReferencedBeamNumber=0))
    assert ds.rt.rt_images()["BeamName"].tolist() == ["Zero"]


@pytest.mark.parametrize("name", ["case.nc", "case.zarr"])
def test_images_survive_stores(tmp_path, name):
    ds = opened(tmp_path / "in", portal(values=stored(2)), portal("x", RTImagePosition=[1, 2]))
    ds.rt.save(tmp_path / name)
    back = rtxr.load(tmp_path / name)
    for each in (back, pickle.loads(pickle.dumps(ds)), ds.chunk(image=1), ds.copy(deep=True)):
        np.testing.assert_array_equal(each.rt_image, ds.rt_image)
        np.testing.assert_array_equal(each.rt_image_2, ds.rt_image_2)
        assert each.rt.rt_images().equals(ds.rt.rt_images())


def test_chunks_are_images(tmp_path):
    write(tmp_path, portal(values=stored(3)))
    ds = rtxr.open_dir(tmp_path, chunks={}, progress=False)
    assert ds.rt_image.chunks[0] == (1, 1, 1)


def test_the_header_of_an_image(tmp_path):
    ds = opened(tmp_path, portal())
    assert ds.rt.header("rt_image").RTImageLabel == "Portal"
