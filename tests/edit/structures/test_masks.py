"""Masks as shapes of structures, and the coordinate ``mask`` made anew."""

from __future__ import annotations

from pathlib import Path

import factories as make
import numpy as np
import pytest
import xarray as xr

import rtxr
from rtxr import model
from rtxr.edit.structures.masks import disagreeing, with_fresh_mask
from rtxr.errors import ConflictingDataError, GeometryError, MissingDataError, RTXRError
from rtxr.read.lazy import is_in_memory

SQUARE = np.array([(-10.0, -10, 10.5), (10, -10, 10.5), (10, 10, 10.5), (-10, 10, 10.5)])


@pytest.fixture(scope="module")
def case(phantom: Path) -> xr.Dataset:
    return rtxr.open_dir(phantom)


@pytest.fixture(scope="module")
def bone(case: xr.Dataset) -> xr.DataArray:
    return case.ct > 200


def drawn(ds: xr.Dataset, shape: object, **options: object) -> np.ndarray:
    """The mask of a structure made of a shape, along z, y, x (slice, row, column)."""
    new = ds.rt.add_structure("New", shape, **options)
    return model.ascending(new.mask.sel(roi="New")).values


# --- masks as shapes ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "presented",
    [
        lambda mask: mask,
        lambda mask: mask.transpose("x", "z", "y"),
        lambda mask: mask.isel(z=slice(None, None, -1), x=slice(None, None, -1)),
        lambda mask: mask.isel(y=np.random.default_rng(1).permutation(mask.sizes["y"])),
        lambda mask: mask.values,
        lambda mask: mask.astype(np.uint8),
        lambda mask: mask.astype(float),
        lambda mask: mask.chunk(),
        lambda mask: mask.drop_vars(["ct_uid"]),
        lambda mask: mask.rename("anything"),
    ],
)
def test_a_mask_comes_back_as_it_was(case, bone, presented):
    assert bone.sum() > 100
    np.testing.assert_array_equal(drawn(case, presented(bone)), bone)


def test_nothing_is_loaded_for_a_mask_that_is_in_memory(phantom):
    case = rtxr.open_dir(phantom)
    mask = np.zeros(case.ct.shape, dtype=bool)
    mask[5:9, 40:50, 40:50] = True
    new = case.rt.add_structure("New", mask)
    assert not any(is_in_memory(new[name]) for name in ("ct", "dose", "mask"))
    np.testing.assert_array_equal(new.mask.sel(roi="New"), mask)


def test_an_array_is_in_the_order_the_image_has_now(case, bone):
    turned = case.transpose("x", "y", "z", ...).isel(z=slice(None, None, -1))
    np.testing.assert_array_equal(drawn(turned, turned.ct.values > 200), bone)


def test_a_mask_of_one_slice(case, bone):
    plane = bone.isel(z=20)
    wanted = bone.where(bone.z == bone.z[20], False)
    np.testing.assert_array_equal(drawn(case, plane), wanted)
    one = case.isel(z=20)
    np.testing.assert_array_equal(drawn(one, plane.values), plane.values[None])


def test_a_part_of_the_image(case, bone):
    part = bone.isel(z=slice(5, 15), y=slice(20, 70), x=slice(10, 60))
    wanted = np.zeros(bone.shape, dtype=bool)
    wanted[5:15, 20:70, 10:60] = part
    np.testing.assert_array_equal(drawn(case, part), wanted)


def test_a_mask_on_the_dose_grid(case):
    hot = case.dose > 30
    new = case.rt.add_structure("Hot", hot)
    np.testing.assert_array_equal(new.rt.mask("Hot", grid="dose"), hot)
    assert set(new.contour_image_uid.values[new.contour_roi_number.values == 9]) == {""}
    told = new.rt.structures()["findings"]["Hot"]
    assert "lie in the plane of no image" in told


def test_every_contour_of_an_image_mask_names_its_slice(case, bone):
    new = case.rt.add_structure("Bone", bone)
    ours = new.contour_roi_number.values == 9
    heights = dict(zip(case.ct_uid.values, case.z.values, strict=True))
    keys = new.contour.values[ours]
    first = np.searchsorted(new.node_contour.values, keys)
    named = [heights[uid] for uid in new.contour_image_uid.values[ours]]
    np.testing.assert_array_equal(named, new.node_z.values[first])


@pytest.mark.parametrize("orientation", [make.CORONAL, [0, 1, 0, 0, 0, -1]])
def test_contours_lie_in_the_slices_of_the_image(tmp_path, orientation):
    normal = np.cross(orientation[:3], orientation[3:])
    series = [
        make.ct_slice(
            n + 1,
            0,
            size=(7, 6),
            ImageOrientationPatient=orientation,
            ImagePositionPatient=(np.array([-10, 20, 30]) + 3 * n * normal).tolist(),
        )
        for n in range(5)
    ]
    make.write(tmp_path, series)
    ds = rtxr.open_dir(tmp_path)
    mask = np.random.default_rng(2).random(ds.ct.shape) < 0.4
    new = ds.rt.add_structure("New", mask)
    np.testing.assert_array_equal(new.mask.sel(roi="New"), mask)
    assert new.contour_image_uid.values.astype(bool).all()
    assert set(new.contour_image_uid.values) == set(ds.ct_uid.values)


def test_a_mask_without_anything_in_it(case):
    new = case.rt.add_structure("Nothing", np.zeros(case.ct.shape, dtype=bool))
    assert new.rt.structures()["findings"]["Nothing"] == "it has no contours"


def test_a_mask_of_another_frame_of_reference_is_told(case, bone):
    frame = bone.spatial_ref.assign_attrs(FrameOfReferenceUID="1.2.3")
    new = case.rt.add_structure("Bone", bone.assign_coords(spatial_ref=frame))
    assert "another frame of reference" in new.rt.structures()["findings"]["Bone"]


@pytest.mark.parametrize(
    ("shape", "error", "match"),
    [
        (lambda ds: ds.ct, RTXRError, "true or false, or 0 and 1"),
        (lambda ds: ds.ct.where(ds.ct > 200) > 0.5 * np.nan, None, ""),
        (lambda ds: (ds.ct > 200).where(ds.ct > 0), RTXRError, "true or false"),
        (lambda ds: ds.ct.values[1:] > 0, GeometryError, r"shape \(39, 96, 96\).*z: 40, y: 96"),
        (lambda _: np.zeros((5, 3)), GeometryError, r"a list for contours: \[points"),
        (lambda ds: ds.mask, GeometryError, r"\['roi'\] beside its grid.*isel\(roi=0\)"),
        (lambda ds: (ds.ct > 200).drop_vars("z"), MissingDataError, "no millimetre coordinates"),
        (
            lambda ds: xr.DataArray(ds.ct.values > 200, dims=["z", "y", "x"]),
            MissingDataError,
            r"^'array' has no .*A DataArray needs coordinates .*give array\.values$",
        ),
        (lambda ds: xr.DataArray(ds.ct.values > 200), MissingDataError, "needs coordinates"),
        (lambda _: "PTV", RTXRError, r"a list of contours, \(n, 3\), not str; rtxr.read_nifti"),
        (lambda ds: ds, RTXRError, "not Dataset; rtxr.read_nifti"),
    ],
)
def test_shapes_that_are_none(case, shape, error, match):
    if error is None:
        assert not drawn(case, shape(case)).any()
        return
    with pytest.raises(error, match=match):
        case.rt.add_structure("New", shape(case))


def test_options_of_masks_are_not_for_contours(case):
    with pytest.raises(RTXRError, match="smooth and simplify are for masks"):
        case.rt.add_structure("New", [SQUARE], smooth=1.0)


def test_an_array_needs_an_image(phantom):
    dose = rtxr.scan(phantom, progress=False).select(Modality="RTDOSE").open()
    with pytest.raises(MissingDataError, match="a DataArray with coordinates"):
        dose.rt.add_structure("Hot", dose.dose.values > 30)
    new = dose.rt.add_structure("Hot", dose.dose > 30)
    np.testing.assert_array_equal(new.rt.mask("Hot", grid="dose"), dose.dose > 30)


def test_an_oblique_mask_needs_its_matrix(case):
    dims = ("slice", "row", "column")
    coords = {dim: np.arange(3.0) for dim in dims}
    mask = xr.DataArray(np.ones((3, 3, 3), dtype=bool), coords, dims)
    with pytest.raises(MissingDataError, match=r"spatial_ref=ds\.spatial_ref"):
        case.rt.add_structure("New", mask)


# --- the coordinate mask --------------------------------------------------------------------------
def test_a_fresh_mask_is_lazy_and_what_it_was(case):
    loaded = case.assign_coords(mask=case.mask.load())
    assert is_in_memory(loaded.mask)
    fresh = with_fresh_mask(loaded)
    assert not is_in_memory(fresh.mask)
    xr.testing.assert_equal(fresh.mask, loaded.mask)
    assert is_in_memory(loaded.mask)


def test_there_is_no_mask_without_image_or_structures(case):
    assert "mask" not in with_fresh_mask(case.drop_vars("ct")).coords
    bare = case.drop_vars([*model.STRUCTURE_COORDS, "roi", "contour", "mask"])
    assert "mask" not in with_fresh_mask(bare).coords


@pytest.mark.parametrize(
    "edit",
    [
        lambda mask: ~mask,
        lambda mask: mask.where(mask.roi != "PTV_70", mask.shift(x=1, fill_value=False)),
        lambda mask: mask.astype(int),
    ],
)
def test_an_edited_mask_is_not_lost(case, edit):
    ds = case.isel(z=slice(18, 22))
    edited = ds.assign_coords(mask=edit(ds.mask.load()))
    assert "PTV_70" in disagreeing(edited)
    for change in (
        with_fresh_mask,
        lambda ds: ds.rt.add_structure("New", []),
    ):
        with pytest.raises(ConflictingDataError, match=r"'PTV_70'.*rt.add_structure"):
            change(edited)
    ours = edited.mask.sel(roi="PTV_70")
    new = edited.drop_vars("mask").rt.add_structure("New", ours)
    np.testing.assert_array_equal(new.mask.sel(roi="New"), ours)


def test_a_mask_that_is_not_read_agrees(case):
    assert disagreeing(case) == []
    scalar = case.sel(roi="PTV_70").isel(z=slice(18, 22))
    assert disagreeing(scalar.assign_coords(mask=scalar.mask.load())) == []
    assert disagreeing(scalar.assign_coords(mask=~scalar.mask.load())) == ["PTV_70"]


def test_renamed_and_removed_structures_leave_a_mask_in_memory(case):
    ds = case.isel(z=slice(18, 22))
    edited = ds.assign_coords(mask=~ds.mask.load())
    assert disagreeing(edited.rt.rename({"PTV_70": "x"})) == [
        "x" if label == "PTV_70" else label for label in ds.roi.values
    ]
    left = edited.rt.remove([str(label) for label in ds.roi.values[2:]])
    assert disagreeing(left) == ds.roi.values[:2].tolist()


def test_an_approximation_is_told_of_the_structure(case):
    ball = (case.x**2 + case.y**2 + (case.z - 10.5) ** 2 < 30**2).transpose("z", "y", "x")
    new = case.rt.add_structure(
        "Ball", ball.assign_coords(spatial_ref=case.spatial_ref), simplify=2
    )
    told = new.rt.findings.set_index("code").loc["outline-simplified", "message"]
    assert told.startswith("ROI 9 ('Ball'): ")
    assert new.rt.structures()["findings"]["Ball"].startswith(told.removeprefix("ROI 9 ('Ball'): "))
    renamed = new.rt.rename({"Ball": "Sphere"})
    assert renamed.rt.findings["message"].str.startswith("ROI 9 ('Sphere'): ").any()
    assert "outline-simplified" not in set(renamed.rt.remove("Sphere").rt.findings["code"])


def test_nested_holes_say_that_they_are_holes(case):
    at = (case.x**2 + case.y**2).transpose("y", "x")
    ring = ((at < 40**2) & (at > 20**2)).expand_dims(z=[10.5])
    new = case.rt.add_structure("Nested", ring, holes="nested").rt.add_structure("Keyhole", ring)
    ours = new.contour_roi_number.values
    assert new.contour_type.values[ours == 9].tolist() == ["CLOSEDPLANAR_XOR"] * 2
    assert new.contour_type.values[ours == 10].tolist() == ["CLOSED_PLANAR"]
    for combine in ("xor", "union"):
        np.testing.assert_array_equal(
            new.rt.mask("Nested", combine=combine), new.rt.mask("Keyhole", combine=combine)
        )
    with pytest.raises(RTXRError, match="keyhole"):
        case.rt.add_structure("Other", ring, holes="none")
