"""Cutting every grid at once, by limits and around structures, and what an export makes of it."""

import numpy as np
import pytest
import xarray as xr
from analysis.shapes import axial_grid, make_case, rotation, square, stack, turned

from rtxr.edit.cropping import crop
from rtxr.errors import GeometryError, MissingDataError, UnknownNameError

IMAGE = axial_grid((9, 21, 25), (2.0, 1.0, 1.0), (-8.0, -10.0, -12.0))
DOSE = axial_grid((6, 8, 9), (3.0, 2.5, 2.5), (-7.0, -9.0, -10.0), "dose_")
GRAYS = np.arange(6 * 8 * 9, dtype=float).reshape(DOSE.shape)


def test_crop_cuts_every_grid_and_keeps_contours():
    ds = make_case({"A": stack(square(3.0), [0, 3])}, IMAGE, (DOSE, GRAYS))
    cut = crop(ds, x=(-5, 5), z=(-4.0, None))
    assert cut.x.values.tolist() == list(range(-5, 6))
    assert cut.dose_x.values.tolist() == [-5.0, -2.5, 0.0, 2.5, 5.0]
    assert cut.z.values.tolist() == [-4, -2, 0, 2, 4, 6, 8]
    assert cut.dose_z.values.tolist() == [-4, -1, 2, 5, 8]
    assert cut.sizes["y"] == ds.sizes["y"]
    assert cut.sizes["node"] == ds.sizes["node"]
    xr.testing.assert_identical(crop(ds), ds)


def test_crop_of_descending_coordinates_and_of_a_slice():
    ds = make_case({}, IMAGE).isel(x=slice(None, None, -1))
    assert crop(ds, x=(-2, 1)).x.values.tolist() == [1, 0, -1, -2]
    cut = crop(ds.isel(z=3), x=slice(-2, 1)).ct
    assert cut.sizes == {"y": 21, "x": 4}


def test_crop_of_an_oblique_grid_holds_all_voxels_inside():
    grid = turned(IMAGE, rotation(degrees=20))
    ds = make_case({}, grid).assign(ct=(grid.dims, np.arange(9 * 21 * 25).reshape(IMAGE.shape)))
    box = np.array([[-4.0, 4.0], [-5.0, 3.0], [-3.0, 6.0]])
    cut = crop(ds, *box)
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([x, y, z], axis=-1))
    within = ((points >= box[:, 0]) & (points <= box[:, 1])).all(axis=-1)
    least = [slice(at.min(), at.max() + 1) for at in np.nonzero(within)]
    np.testing.assert_array_equal(cut.ct, ds.ct.values[tuple(least)])
    assert cut.ct.size < ds.ct.size


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"z": (500, 600)}, r"no voxel centre of 'ct'.*z -8.0 to 8.0 mm"),
        ({"z": (5, -5)}, "the lower limit comes first"),
        ({"z": (1, 2, 3)}, "give two numbers"),
        ({"x": (11, 13)}, "no voxel centre of 'dose'"),
    ],
)
def test_crop_errors_say_what_is_there(limits, message):
    ds = make_case({}, IMAGE, (DOSE, GRAYS))
    with pytest.raises(GeometryError, match=message):
        crop(ds, **limits)


def test_crop_around_structures_with_a_margin():
    rois = {"A": stack(square(2.0), [-4, -2]), "B": stack(square(1.0, (6.0, 3.0)), [0, 2])}
    ds = make_case(rois, IMAGE, (DOSE, GRAYS))
    around = crop(ds, roi="A", margin=1.5)
    assert around.x.values.tolist() == around.y.values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert around.z.values.tolist() == [-4, -2]
    assert around.dose_x.values.tolist() == [-2.5, 0, 2.5]
    assert around.dose_z.values.tolist() == [-4, -1]
    both = crop(ds, roi=["a", "B"])
    assert (both.x.values[[0, -1]].tolist(), both.z.values.tolist()) == ([-2, 7], [-4, -2, 0, 2])
    assert crop(ds, z=(0, None), roi=["A", "B"]).z.values.tolist() == [0, 2]
    assert both.sizes["node"] == ds.sizes["node"]


def test_crop_around_what_is_not_there():
    ds = make_case({"A": stack(square(2.0), [0]), "empty": []}, IMAGE)
    with pytest.raises(UnknownNameError, match="no ROI 'B'"):
        crop(ds, roi="B")
    with pytest.raises(MissingDataError, match="'empty': no contours to crop around"):
        crop(ds, roi="empty")
    with pytest.raises(GeometryError, match="give roi= too"):
        crop(ds, margin=5)
    with pytest.raises(GeometryError, match="no voxel centre of 'ct'"):
        crop(ds, z=(5, None), roi="A")
