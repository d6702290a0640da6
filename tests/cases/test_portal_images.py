"""Published RT Images: opened, placed, linked to their plan, written again."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from lossless import FILLED, lost

import rtxr
from rtxr import header_store

pytestmark = pytest.mark.data


@pytest.fixture
def case(case_data):
    def opened(folder, **selection):
        return rtxr.open_dir(case_data("pylinac") / folder, progress=False, **selection)

    return opened


def codes(ds):
    return set(ds.rt.findings["code"])


def test_a_portal_image_belongs_to_its_plan_and_beam(case):
    ds = case("picket_fence_with_plan")
    assert codes(ds) == set()
    row = ds.rt.rt_images().iloc[0]
    assert (row.beam_number, row.BeamName) == (0, "T1.2_PF_RA_error")
    assert row.ReferencedRTPlan == ds.plan_uid.item()
    assert (row.fraction_number, row.fraction_group_number) == (1, 1)
    assert (row.kvp, row.meterset) == (6000, pytest.approx(180.002857))
    assert row.gantry_angle == pytest.approx(61.977295)
    # Centred: (1190 - 1) / 2 pixels of 0.336 mm on either side.
    for dim in ("receptor_x", "receptor_y"):
        np.testing.assert_allclose(ds[dim][[0, -1]], [-199.752, 199.752])
    source = pydicom.dcmread(header_store.unpack(ds)[ds.rt_image_uid.item()].path)
    values = source.pixel_array * float(source.RescaleSlope)
    np.testing.assert_allclose(ds.rt_image[0, ::-1], values, rtol=1e-6)


def test_at_the_isocentre_it_is_smaller_by_sad_by_sid(case):
    ds = case("picket_fence_with_plan")
    found = ds.rt.rt_image(image=0)
    scale = 1000 / 1500.1606832283
    np.testing.assert_allclose(np.diff(found.isocenter_x), 0.336 * scale)
    np.testing.assert_allclose(found.isocenter_y[-1], (199.752 - 0.0221533093293) * scale)
    # The field of the jaws, 200 mm wide at the isocentre, holds nearly all of the signal.
    inside = found.sel(isocenter_x=slice(-100, 100), isocenter_y=slice(-100, 100))
    assert float(inside.sum() / found.sum()) > 0.85


def test_images_without_position_or_angles_open_centred(case):
    for label in (1, 2):
        ds = case("vmat_epid_as500", case=label)
        assert {"rt-image-position-missing", "rt-image-angle-missing"} <= codes(ds)
        np.testing.assert_allclose(ds.receptor_x[[0, -1]], [-200.312, 200.312])
        np.testing.assert_allclose(ds.receptor_y[[0, -1]], [-150.136, 150.136])
        assert np.isnan(ds.gantry_angle.item())
        assert ds.beam_number.item() == -1
    assert ds.rt.rt_image(image=0).isocenter_x[-1] == pytest.approx(200.312)  # at SAD already


def test_images_without_preamble_are_one_case(case):
    ds = case("no_preamble")
    assert ds.gantry_angle.values.tolist() == [0, 90]
    np.testing.assert_allclose(ds.receptor_x[[0, -1]], [-200.704, 199.92])
    np.testing.assert_allclose(ds.receptor_y[[0, -1]], [-149.744, 150.528])
    assert ds.rt.rt_image().isocenter_x[0] == pytest.approx(-200.704 / 1.5)


def test_drrs_of_three_beams_are_three_variables(case_data):
    ds = rtxr.open_dir(case_data("oncentra_phantom") / "simple_phantom_case", progress=False)
    table = ds.rt.rt_images()
    assert table["variable"].value_counts().to_dict() == {
        "rt_image": 2,
        "rt_image_2": 2,
        "rt_image_3": 2,
    }
    beams = table.drop_duplicates("variable").set_index("beam_number")
    assert beams["BeamName"].to_dict() == {1: "B1_photons", 2: "B2_photons_MLC", 3: "B3_electrons"}
    assert beams["gantry_angle"].to_dict() == {1: 0, 2: 90, 3: 180}
    np.testing.assert_allclose(ds.receptor_x[0], -51.809654)
    np.testing.assert_allclose(ds.receptor_y[-1], 156.345434)
    planned = ds.rt.beams().set_index("BeamNumber")["gantry_start"]
    assert beams["gantry_angle"].to_dict() == planned.to_dict()


@pytest.mark.parametrize(
    "folder", ["picket_fence_with_plan", "no_preamble", "reg_winston_lutz", "vmat_epid_as500"]
)
@pytest.mark.validators
def test_images_are_written_as_they_were_and_edited_ones_have_no_new_flaw(
    case, folder, tmp_path, validator
):
    ds = case(folder, case=1)
    records = header_store.unpack(ds)
    edited = ds.assign(rt_image=ds.rt_image * 2).isel(receptor_x=slice(3, None))
    for name, each in {"same": ds, "edited": edited}.items():
        table = each.rt.to_dicom(tmp_path / name)
        images = table[table["IOD"] == "RT Image"]
        assert (images["changed"] != "").all() == (name == "edited")
        for path, uid in zip(images["path"], ds.rt_image_uid.values, strict=True):
            old = records[str(uid)].path
            assert set(validator.dciodvfy(path)) <= set(validator.dciodvfy(old))
            if name == "same":
                assert [flaw for flaw in lost(path, old) if not flaw.endswith(FILLED)] == []
    back = rtxr.open_dir(tmp_path / "edited", progress=False)
    # Twice the values may need another step: half of one is what is lost.
    step = float(np.ptp(edited.rt_image.values)) / 65535
    np.testing.assert_allclose(back.rt_image, edited.rt_image, atol=0.51 * step)
    np.testing.assert_allclose(back.receptor_x, edited.receptor_x)


def test_a_crop_of_a_variable_leaves_the_other_images(case_data, tmp_path):
    ds = rtxr.open_dir(case_data("oncentra_phantom") / "simple_phantom_case", progress=False)
    part = ds.isel(image=[1], receptor_2_x=slice(10, 60))
    table = part.rt.to_dicom(tmp_path / "out")
    images = table[table["IOD"] == "RT Image"]
    assert (images["changed"] == "").sum() == 3
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    name = back.rt.rt_images().set_index("beam_number")["variable"][3].iloc[0]
    dim = back[name].dims[2]
    np.testing.assert_allclose(back[dim], part.receptor_2_x, atol=1e-6)
    np.testing.assert_array_equal(back[name], part.rt_image_2)
