"""RT Images to files: untouched they are their sources, edited they say what changed."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import xarray as xr
from factories import ct_series, plan, write
from lossless import FILLED, lost
from portal_images import EXPOSURE, portal, stored

import rtxr
from rtxr import header_store
from rtxr.errors import ConformanceError


def opened(folder, *objects) -> xr.Dataset:
    write(folder / "in", objects)
    return rtxr.open_dir(folder / "in", progress=False)


def written(ds, folder, **options):
    table = ds.rt.to_dicom(folder / "out", **options)
    files = {Path(path).name: pydicom.dcmread(path) for path in table["path"]}
    return table, [ds for name, ds in files.items() if name.startswith("RTIMAGE")]


def exposures():
    return [{**EXPOSURE, "ReferencedFrameNumber": n, "MetersetExposure": 10 * n} for n in (1, 2, 3)]


OBJECTS = {
    "whole": lambda: [portal()],
    "no position": lambda: [portal(RTImagePosition=None)],
    "no spacing": lambda: [portal(ImagePlanePixelSpacing=None)],
    "frames": lambda: [portal(values=stored(3), exposures=exposures())],
    "rescaled": lambda: [portal(RescaleSlope="1.7e-5", RescaleIntercept="-3", RescaleType="CU")],
    "turned by 90": lambda: [portal(RTImageOrientation=[0, 1, 0, 1, 0, 0])],
    "not normal": lambda: [
        portal(RTImagePlane="NON_NORMAL", RTImageOrientation=[0.6, 0.8, 0, 0.8, -0.6, 0])
    ],
    "signed": lambda: [portal(values=stored().astype(np.int16) - 9)],
    "two grids": lambda: [portal(), portal("b", RTImagePosition=[0, 0])],
    "little known": lambda: [portal(exposures=[], without=("GantryAngle", "RTImageSID"))],
}


@pytest.mark.parametrize("name", OBJECTS)
def test_unedited_images_are_written_element_for_element(tmp_path, name):
    ds = opened(tmp_path, *OBJECTS[name]())
    table = ds.rt.to_dicom(tmp_path / "out")
    assert not table["changed"].any()
    for path in table["path"]:
        source = {
            str(p.SOPInstanceUID): p.filename
            for p in map(pydicom.dcmread, (tmp_path / "in").glob("*"))
        }
        new = pydicom.dcmread(path)
        old = source[str(new.SOPInstanceUID)]
        assert [each for each in lost(path, old) if not each.endswith(FILLED)] == []
        assert new.PixelData == pydicom.dcmread(old).PixelData


@pytest.mark.parametrize("name", OBJECTS)
def test_edited_values_come_back(tmp_path, name):
    ds = opened(tmp_path, *OBJECTS[name]())
    names = [each for each in ds.data_vars if each.startswith("rt_image")]
    edited = ds.assign({each: ds[each] * 2 for each in names})
    table, files = written(edited, tmp_path)
    assert (table["changed"] != "").all()
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    for each in names:
        np.testing.assert_allclose(back[each], edited[each], rtol=1e-4)
        np.testing.assert_allclose(back[each][back[each].dims[1]], ds[each][ds[each].dims[1]])
    assert {image.ImageType[0] for image in files} == {"DERIVED"}
    assert set(back.rt_image_uid.values).isdisjoint(ds.rt_image_uid.values)


def test_values_beyond_sixteen_bits_are_rescaled_not_cut(tmp_path):
    ds = opened(tmp_path, portal(values=np.linspace(0, 65535, 24).reshape(4, 6).astype(np.uint16)))
    _, (image,) = written(ds.assign(rt_image=ds.rt_image * 2), tmp_path)
    assert (image.RescaleType, image.BitsAllocated) == ("US", 16)
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    assert float(abs(back.rt_image - ds.rt_image * 2).max()) <= 1.0 + 1e-3
    assert float(back.rt_image.max()) == pytest.approx(131070)


def test_extremes_follow_the_pixels(tmp_path):
    source = portal()
    source.add_new("SmallestImagePixelValue", "US", 0)
    source.add_new("LargestImagePixelValue", "US", 23)
    ds = opened(tmp_path, source)
    _, (image,) = written(ds.assign(rt_image=ds.rt_image + 5), tmp_path)
    assert (image.SmallestImagePixelValue, image.LargestImagePixelValue) == (5, 28)


@pytest.mark.parametrize("without", [None, [-3.75, 3.0]])
@pytest.mark.parametrize(
    "orientation", [[1, 0, 0, 0, -1, 0], [0, 1, 0, 1, 0, 0], [-1, 0, 0, 0, 1, 0]]
)
def test_a_crop_moves_the_position(tmp_path, without, orientation):
    ds = opened(tmp_path, portal(RTImagePosition=without, RTImageOrientation=orientation))
    part = ds.isel(receptor_x=slice(1, 3), receptor_y=slice(2, None))
    _, (image,) = written(part, tmp_path)
    assert image.Rows * image.Columns == part.rt_image.size
    assert list(image.ImagePlanePixelSpacing) == [2, 1.5]
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    np.testing.assert_array_equal(back.rt_image, part.rt_image)
    for dim in ("receptor_x", "receptor_y"):
        np.testing.assert_allclose(back[dim], part[dim], atol=1e-9)


def test_a_crop_of_a_turned_image_stays_where_it_was(tmp_path):
    cosines = [0.6, 0.8, 0, 0.8, -0.6, 0]
    ds = opened(tmp_path, portal(RTImagePosition=[1, 2], RTImageOrientation=cosines))
    _, (image,) = written(ds.isel(receptor_x=slice(2, None), receptor_y=slice(0, 3)), tmp_path)
    # Two columns of 1.5 mm along the rows, one row of 2 mm along the columns are gone.
    wanted = np.array([1, 2]) + 3 * np.array([0.6, 0.8]) + 2 * np.array([0.8, -0.6])
    np.testing.assert_allclose(image.RTImagePosition, wanted, atol=1e-9)


def test_every_second_pixel_has_twice_the_spacing(tmp_path):
    ds = opened(tmp_path, portal())
    _, (image,) = written(ds.isel(receptor_x=slice(None, None, 2)), tmp_path)
    assert list(image.ImagePlanePixelSpacing) == [2, 3]
    assert image.Columns == 3


def test_images_left_out_are_not_written_and_the_others_stay(tmp_path):
    objects = [portal(n, InstanceNumber=n, GantryAngle=n) for n in (1, 2, 3)]
    ds = opened(tmp_path, *objects)
    table, files = written(ds.isel(image=[2, 0]), tmp_path)
    assert not table["changed"].any()
    assert [image.GantryAngle for image in files] == [3, 1]


def test_frames_left_out_take_their_exposures_along(tmp_path):
    source = portal(values=stored(3), exposures=exposures())
    source.FrameTimeVector, source.FrameIncrementPointer = [0, 100, 50], 0x00181065
    ds = opened(tmp_path, source)
    table, (image,) = written(ds.isel(image=[2, 0]), tmp_path)
    assert "NumberOfFrames" in table["changed"].iloc[0]
    assert image.NumberOfFrames == 2
    assert list(image.FrameTimeVector) == [0, 150]
    items = image.ExposureSequence
    assert [(each.ReferencedFrameNumber, each.MetersetExposure) for each in items] == [
        (1, 10),
        (2, 30),
    ]
    np.testing.assert_array_equal(image.pixel_array, stored(3)[[0, 2]])


def test_coordinates_that_change_are_written(tmp_path):
    ds = opened(tmp_path, portal(values=stored(2), exposures=exposures()[:2]))
    edited = ds.assign_coords(
        gantry_angle=("image", [33.0, 33.0]),
        meterset=("image", [1.5, 2.5]),
        translation_x=("image", [4.0, 4.0]),
        beam_number=("image", [5, 5]),
        kvp=("image", [np.nan, np.nan]),
    )
    _, (image,) = written(edited, tmp_path)
    assert (image.GantryAngle, image.ReferencedBeamNumber) == (33, 5)
    assert list(image.XRayImageReceptorTranslation) == [4, 0, -500]
    assert [each.MetersetExposure for each in image.ExposureSequence] == [1.5, 2.5]
    assert [each.KVP for each in image.ExposureSequence] == [None, None]
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    assert back.meterset.values.tolist() == [1.5, 2.5]


def test_frames_cannot_differ_in_what_a_file_says_once(tmp_path):
    ds = opened(tmp_path, portal(values=stored(2)))
    edited = ds.assign_coords(rt_image_sid=("image", [1000.0, 1500.0]))
    with pytest.raises(ConformanceError, match=r"differ in \(3002,0026\) RTImageSID"):
        edited.rt.to_dicom(tmp_path / "out")


def test_an_image_made_in_memory_says_what_its_coordinates_say(tmp_path):
    planned = plan()
    base = opened(tmp_path, planned, *ct_series(2))
    values = np.linspace(-1, 1, 12).reshape(1, 3, 4)
    made = base.assign(rt_image=(("image", "receptor_y", "receptor_x"), values)).assign_coords(
        receptor_y=[-2.0, 0.0, 2.0],
        receptor_x=[0.0, 1.0, 2.0, 3.0],
        gantry_angle=("image", [45.0]),
        rt_image_sid=("image", [1500.0]),
        radiation_machine_sad=("image", [1000.0]),
        beam_number=("image", [1]),
        meterset=("image", [50.0]),
    )
    _, (image,) = written(made, tmp_path)
    assert image.PatientID == planned.PatientID
    assert list(image.RTImagePosition) == [0, 2]
    assert list(image.ImagePlanePixelSpacing) == [2, 1]
    assert (image.GantryAngle, image.RTImageSID, image.RadiationMachineSAD) == (45, 1500, 1000)
    assert image.ExposureSequence[0].MetersetExposure == 50
    assert image.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == planned.SOPInstanceUID
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    np.testing.assert_allclose(back.rt_image, values, atol=2e-5)
    assert back.rt.rt_images()["BeamName"].tolist() == ["A"]


def test_a_changed_plan_is_followed(tmp_path):
    planned = plan()
    image = portal(plan=planned, without=("ReferencedFractionGroupNumber",))
    ds = opened(tmp_path, planned, image, *ct_series(2))
    table = ds.rt.to_dicom(tmp_path / "out", attributes={"RTPLAN": {"RTPlanLabel": "NEW"}})
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    assert back.rt.rt_images()["ReferencedRTPlan"].tolist() == [back.plan_uid.item()]
    assert back.plan_uid.item() != planned.SOPInstanceUID
    assert "refers to an object that changed" in set(table["changed"])


def test_pixels_are_untouched_by_de_identification(tmp_path):
    ds = opened(tmp_path, portal(OperatorsName="Someone"))
    _, (image,) = written(ds, tmp_path, deidentify=True)
    assert image.PixelData == portal().PixelData
    assert "Someone" not in str(image)
    assert list(image.RTImagePosition) == [-3.75, 3]


REFUSED = {
    "uneven": (lambda ds: ds.isel(receptor_x=[0, 1, 4]), "ImagePlanePixelSpacing needs one value"),
    "twice": (lambda ds: ds.isel(image=[0, 0]), "twice"),
    "empty": (lambda ds: ds.isel(receptor_y=slice(0)), r"is empty along \['receptor_y'\]"),
    "no axis": (lambda ds: ds.drop_vars("receptor_x"), "no coordinates along"),
    "more": (lambda ds: ds.assign(rt_image=ds.rt_image.expand_dims("more")), r"isel\(more=0\)"),
    "NaN": (lambda ds: ds.assign(rt_image=ds.rt_image.where(ds.receptor_x > 0)), "NaN"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_file_can_hold_is_refused(tmp_path, name):
    edit, reason = REFUSED[name]
    with pytest.raises(ConformanceError, match=reason):
        edit(opened(tmp_path, portal())).rt.to_dicom(tmp_path / "out")


JOINED = {"data_vars": "minimal", "coords": "minimal", "compat": "override", "join": "override"}


@pytest.mark.parametrize(
    "select",
    [
        lambda ds: ds.isel(image=0),
        lambda ds: ds.isel(receptor_x=slice(None, None, -1)),
        lambda ds: ds.transpose("receptor_x", "image", "receptor_y", ...),
        lambda ds: ds.chunk(image=1),
        lambda ds: ds.assign(rt_image=ds.rt_image.astype(float)),
        lambda ds: ds * 1,
        lambda ds: pickle.loads(pickle.dumps(ds)),
        lambda ds: ds.sortby("gantry_angle", ascending=False),
        lambda ds: xr.concat(
            [ds.isel(image=[0]), ds.isel(image=slice(1, None))], "image", **JOINED
        ),
    ],
)
def test_selections_that_change_nothing(tmp_path, select):
    ds = opened(tmp_path, portal(), portal("second", GantryAngle=7))
    table, _ = written(select(ds), tmp_path)
    assert not table["changed"].any()
    assert set(table["SOPInstanceUID"]) <= set(ds.rt_image_uid.values)


def test_one_row_keeps_the_spacing_of_its_source(tmp_path):
    _, (image,) = written(opened(tmp_path, portal()).isel(receptor_y=2), tmp_path)
    assert (image.Rows, list(image.ImagePlanePixelSpacing)) == (1, [2, 1.5])
    assert list(image.RTImagePosition) == [-3.75, 1]


def test_without_headers_an_image_is_made_anew_and_that_is_said(tmp_path):
    ds = opened(tmp_path, portal())
    problems = ds[["rt_image"]].rt.validate()
    assert "no-source-headers" in set(problems["code"])
    bare = ds[["rt_image"]].drop_vars("rt_image_uid")
    table, (image,) = written(bare, tmp_path)
    assert "made in memory" in table["changed"].iloc[0]
    assert (image.GantryAngle, image.ExposureSequence[0].KVP) == (90, 6000)
    assert image.SOPInstanceUID != portal().SOPInstanceUID


def test_a_window_that_shows_nothing_follows_the_values(tmp_path):
    ds = opened(tmp_path, portal(WindowCenter=12, WindowWidth=24))
    _, (image,) = written(ds.assign(rt_image=ds.rt_image + 1000.0), tmp_path)
    assert (image.WindowCenter, image.WindowWidth) == (1011.5, 23)


def test_an_overlay_is_cut_with_its_image(tmp_path):
    source = portal()
    drawn = np.zeros((4, 6), bool)
    drawn[1, 2] = True
    source.add_new(0x60000010, "US", 4)
    source.add_new(0x60000011, "US", 6)
    source.add_new(0x60000040, "CS", "G")
    source.add_new(0x60000050, "SS", [1, 1])
    source.add_new(0x60000100, "US", 1)
    source.add_new(0x60000102, "US", 0)
    source.add_new(
        0x60003000, "OW", np.packbits(drawn.ravel(), bitorder="little").tobytes() + b"\0"
    )
    ds = opened(tmp_path, source)
    # Without the first row, the first two columns and the last one.
    _, (image,) = written(ds.isel(receptor_y=slice(0, 3), receptor_x=slice(2, 5)), tmp_path)
    wanted = np.zeros((3, 3), int)
    wanted[0, 0] = 1
    np.testing.assert_array_equal(image.overlay_array(0x6000), wanted)


@pytest.mark.validators
@pytest.mark.parametrize("edit", [lambda ds: ds, lambda ds: ds.assign(rt_image=ds.rt_image * 5000)])
def test_dciodvfy_finds_nothing_in_written_images(tmp_path, validator, edit):
    elements = {"ConversionType": "DI", "ReportedValuesOrigin": "ACTUAL", "PatientOrientation": ""}
    elements |= {"RadiationMachineName": "M", "PatientBirthDate": "", "PatientSex": "O"}
    elements |= {"StudyTime": "1200", "ReferringPhysicianName": "", "StudyID": "1"}
    elements |= {"AccessionNumber": "", "SeriesNumber": 1, "OperatorsName": "", "Manufacturer": "N"}
    elements |= {"PositionReferenceIndicator": "", "InstanceNumber": 1}
    source = portal(exposures=[], **elements)
    table = edit(opened(tmp_path, source)).rt.to_dicom(tmp_path / "out")
    assert validator.dciodvfy(table["path"].iloc[0]) == []


def test_an_image_whose_header_was_made_in_memory_is_stored_as_that_says(tmp_path):
    ds = opened(tmp_path, portal(RescaleSlope="1.7e-5", RescaleIntercept="0", RescaleType="CU"))
    (record,) = header_store.unpack(ds).values()
    made = header_store.replace(ds, [replace(record, path="")])
    table, (image,) = written(made, tmp_path)
    assert "made in memory" in table["changed"].iloc[0]
    assert image.PixelData == portal().PixelData
    assert (image.RescaleSlope, image.RescaleType) == (1.7e-5, "CU")
    assert (image.BitsStored, image.PixelRepresentation) == (16, 0)
    assert image.FrameOfReferenceUID == portal().FrameOfReferenceUID
    assert image.SOPInstanceUID == image.file_meta.MediaStorageSOPInstanceUID != record.uid


def test_images_of_all_cases_are_one_table(tmp_path):
    others = [portal("a", PatientID="P1"), portal("b", PatientID="P2", values=stored(2))]
    write(tmp_path, others)
    table = rtxr.open_tree(tmp_path, progress=False).rt.rt_images()
    assert table["frame"].tolist() == [1, 1, 2]
    assert table.index.get_level_values("case").nunique() == 2
