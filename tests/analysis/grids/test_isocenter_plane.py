"""RT Images at the isocentre: every ray meets the beam axis at the source."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from rtxr import model
from rtxr.analysis.grids.isocenter_plane import rt_image
from rtxr.errors import GeometryError, MissingDataError, UnknownNameError


def case(name=model.RT_IMAGE, count=1, **facts):
    """Images 3 x 4 with axes that are not centred."""
    along, dim_y, dim_x = model.rt_image_dims(name)
    values = np.arange(count * 12).reshape(count, 3, 4)
    known = {"rt_image_sid": 1500.0, "radiation_machine_sad": 1000.0, **facts}
    coords = {
        model.rt_image_coord(name, fact): (along, np.broadcast_to(value, count))
        for fact, value in known.items()
    }
    axes = {dim_y: [-1.5, 0.0, 1.5], dim_x: [-3.0, 0.0, 3.0, 6.0]}
    return xr.Dataset({name: ((along, dim_y, dim_x), values)}, {**coords, **axes})


def test_at_the_receptor_nothing_changes():
    ds = case()
    assert rt_image(ds, at="receptor").identical(ds.rt_image)


@pytest.mark.parametrize(("sid", "sad"), [(1500.0, 1000.0), (2152.5, 1435.0)])
def test_at_the_isocentre_lengths_are_sad_by_sid(sid, sad):
    found = rt_image(case(rt_image_sid=sid, radiation_machine_sad=sad))
    assert found.dims == ("image", "isocenter_y", "isocenter_x")
    assert found.isocenter_y.values.tolist() == [-1, 0, 1]
    assert found.isocenter_x.values.tolist() == [-2, 0, 2, 4]
    np.testing.assert_array_equal(found, case().rt_image)


def test_the_translation_is_scaled_too():
    found = rt_image(case(translation_x=3.0, translation_y=-1.5, translation_z=-500.0))
    assert found.isocenter_x.values.tolist() == [0, 2, 4, 6]
    assert found.isocenter_y.values.tolist() == [-2, -1, 0]


@given(
    angle=st.floats(-180, 180),
    shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    sid=st.floats(1000, 1900),
)
@settings(max_examples=40, deadline=None)
def test_a_turned_receptor_is_seen_along_its_own_axes(angle, shift, sid):
    ds = case(
        receptor_angle=angle, translation_x=shift[0], translation_y=shift[1], rt_image_sid=sid
    )
    found = rt_image(ds)
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    receptor = np.array([ds.receptor_x[2], ds.receptor_y[0]])
    gantry = (rotation @ receptor + shift) * 1000 / sid  # where the ray meets the isocentre's plane
    seen = rotation @ [float(found.isocenter_x[2]), float(found.isocenter_y[0])]
    np.testing.assert_allclose(seen, gantry, atol=1e-7)


def test_unknown_translation_and_angle_count_as_none():
    found = rt_image(case(translation_x=np.nan, translation_y=np.nan, receptor_angle=np.nan))
    assert found.isocenter_x.values.tolist() == [-2, 0, 2, 4]


def test_images_at_other_distances_are_chosen_one_by_one():
    ds = case(count=2, rt_image_sid=[1500.0, 1000.0])
    with pytest.raises(GeometryError, match="image=0"):
        rt_image(ds)
    one = rt_image(ds, image=1)
    assert one.dims == ("isocenter_y", "isocenter_x")
    assert one.isocenter_x.values.tolist() == [-3, 0, 3, 6]
    np.testing.assert_array_equal(one, ds.rt_image[1])


def test_another_variable_and_a_row_of_it():
    ds = case("rt_image_2")
    assert rt_image(ds, "rt_image_2").isocenter_x.values.tolist() == [-2, 0, 2, 4]
    row = rt_image(ds.isel(receptor_2_y=2, image_2=0), "rt_image_2")
    assert row.dims == ("isocenter_x",)
    assert row.isocenter_y.item() == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"name": "rt_image_7"}, "no RT Image variable 'rt_image_7'"),
        ({"image": 3}, "has 1 image"),
        ({"at": "floor"}, "at='floor'"),
    ],
)
def test_what_is_not_there_is_refused(arguments, reason):
    with pytest.raises(UnknownNameError, match=reason):
        rt_image(case(), **arguments)


@pytest.mark.parametrize("missing", ["rt_image_sid", "radiation_machine_sad"])
def test_unknown_distances_are_refused(missing):
    with pytest.raises(MissingDataError, match="cannot be scaled"):
        rt_image(case(**{missing: np.nan}))
    with pytest.raises(MissingDataError, match="cannot be scaled"):
        rt_image(case().drop_vars(missing))


def test_axes_that_are_not_millimetres_of_the_receptor_are_refused():
    ds = case()
    ds.receptor_x.attrs["units"] = "pixel"
    with pytest.raises(MissingDataError, match="ImagePlanePixelSpacing"):
        rt_image(ds)
    ds = case()
    ds.receptor_y.attrs["axes_of"] = "image"
    with pytest.raises(GeometryError, match="turned"):
        rt_image(ds)
