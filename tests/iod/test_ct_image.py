"""Where a slice is: only what differs from the header is written."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from rtxr.iod.ct_image import plane_values

AXIAL = [1, 0, 0, 0, 1, 0]


def header(**more) -> Dataset:
    ds = Dataset()
    ds.ImagePositionPatient = ["-250.00", "-250.00", "12.500"]
    ds.ImageOrientationPatient = ["1.0", "0.0", "0.0", "0.0", "1.0", "0.0"]
    ds.PixelSpacing = ["0.9765625", "0.9765625"]
    ds.SliceLocation = "12.500"
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def test_the_header_stays_where_nothing_moved():
    near = np.array([-250, -250, 12.5]) + 1e-5
    assert plane_values(near, AXIAL, (0.97656250001, 0.9765625), header()) == {}


def test_a_moved_slice_gets_its_position_and_location():
    values = plane_values((-250, -250, 15.5), AXIAL, (0.9765625, 0.9765625), header())
    assert values == {"ImagePositionPatient": [-250, -250, 15.5], "SliceLocation": 15.5}


def test_new_spacing_leaves_the_position():
    values = plane_values((-250, -250, 12.5), AXIAL, (2.0, 1.0), header())
    assert values == {"PixelSpacing": [2.0, 1.0]}


@pytest.mark.parametrize(
    ("stated", "spacing", "found"),
    [
        ("3", 1.5, 1.5),
        ("3.0", 3.0005, None),
        ("-3", 3.0, 3.0),
        (None, 1.5, None),
        ("3", None, None),
    ],
)
def test_a_stated_distance_of_slices_is_the_one_they_have(stated, spacing, found):
    source = header(**({} if stated is None else {"SpacingBetweenSlices": stated}))
    where = ((-250, -250, 12.5), AXIAL, (0.9765625, 0.9765625), source)
    values = plane_values(*where, slice_spacing=spacing)
    assert values == ({} if found is None else {"SpacingBetweenSlices": found})


def test_a_slice_without_location_gets_none():
    source = header()
    del source.SliceLocation
    assert "SliceLocation" not in plane_values((0, 0, 0), AXIAL, (1, 1), source)


@pytest.mark.parametrize(
    ("orientation", "location"),
    [(AXIAL, 3.0), ([1, 0, 0, 0, 0, -1], 2.0), ([0, 1, 0, 0, 0, -1], -1.0)],
)
def test_location_is_along_the_normal(orientation, location):
    values = plane_values((1, 2, 3), orientation, (1, 2), slice_spacing=5)
    assert values["SliceLocation"] == location
    assert values["SliceThickness"] == 5
    assert values["PixelSpacing"] == [1, 2]
    assert values["ImageOrientationPatient"] == orientation
