"""Where the frames of a dose grid are, in the header's own convention."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from rtxr.errors import GeometryError
from rtxr.iod.build import DELETE, build
from rtxr.iod.rt_dose import grid_values
from rtxr.iod.tables import IODS

AXIAL = [1, 0, 0, 0, 1, 0]
Z = np.array([10.0, 13.0, 16.0, 19.0])


def header(offsets, z=10.0, **more) -> Dataset:
    ds = Dataset()
    ds.ImagePositionPatient = [-5, -6, z]
    ds.ImageOrientationPatient = AXIAL
    ds.PixelSpacing = ["2.50", "2.50"]
    ds.Rows, ds.Columns, ds.NumberOfFrames = 7, 8, len(offsets)
    ds.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    ds.GridFrameOffsetVector = offsets
    ds.SliceThickness = "3"
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def grid(z, source=None, shape=(7, 8), spacing=(2.5, 2.5), orientation=AXIAL):
    positions = np.column_stack([np.full(len(z), -5.0), np.full(len(z), -6.0), z])
    return grid_values(positions, orientation, spacing, shape, source)


@pytest.mark.parametrize(
    ("offsets", "z"),
    [
        ([0, 3, 6, 9], Z),
        ([10, 13, 16, 19], Z),  # patient z
        ([0, -3, -6, -9], Z[::-1]),
        ([19, 16, 13, 10], Z[::-1]),
        ([2, 5, 8, 11], Z),  # neither: taken relative to the first
    ],
)
def test_the_header_stays_where_nothing_moved(offsets, z):
    assert grid(z, header(offsets, z[0])) == {}


def test_fewer_frames_keep_the_convention_of_the_header():
    relative = grid(Z[1:3], header([0, 3, 6, 9]))
    assert relative == {
        "ImagePositionPatient": [-5, -6, 13],
        "NumberOfFrames": 2,
        "GridFrameOffsetVector": [0, 3],
    }
    absolute = grid(Z[1:3], header([10, 13, 16, 19]))
    assert absolute["GridFrameOffsetVector"] == [13, 16]


def test_a_coarser_grid_updates_a_thickness_that_was_the_distance():
    assert grid(Z[::2], header([0, 3, 6, 9]))["SliceThickness"] == 6
    assert "SliceThickness" not in grid(Z[::2], header([0, 3, 6, 9], SliceThickness="1.5"))


@pytest.mark.parametrize("offsets", [[0, 3, 6, 9], [10, 13, 16, 19]])
def test_one_frame_of_many_is_a_plane(offsets):
    source = header(offsets)
    values = grid(Z[1:2], source)
    frames = ["NumberOfFrames", "FrameIncrementPointer", "GridFrameOffsetVector"]
    assert values == {"ImagePositionPatient": [-5, -6, 13], **dict.fromkeys(frames, DELETE)}
    assert not [each for each in frames if each in build(IODS["RTDOSE"], source, values).dataset]


def test_a_new_plane_says_nothing_of_frames():
    values = grid(Z[:1])
    assert not [each for each in values if "Frame" in each]
    built = build(IODS["RTDOSE"], None, values)
    assert "FrameIncrementPointer" not in built.dataset
    told = {each.message.split()[1] for each in built.violations}
    assert told.isdisjoint({"NumberOfFrames", "FrameIncrementPointer", "GridFrameOffsetVector"})


def test_a_plane_without_frames_stays_one():
    source = header([0])
    del source.NumberOfFrames, source.GridFrameOffsetVector, source.FrameIncrementPointer
    assert grid(Z[:1], source) == {}


def test_a_new_grid_says_everything():
    values = grid(Z, shape=(3, 4), spacing=(1, 2))
    assert values == {
        "ImagePositionPatient": [-5, -6, 10],
        "ImageOrientationPatient": AXIAL,
        "PixelSpacing": [1, 2],
        "SliceLocation": 10,
        "NumberOfFrames": 4,
        "Rows": 3,
        "Columns": 4,
        "FrameIncrementPointer": Tag("GridFrameOffsetVector"),
        "GridFrameOffsetVector": [0, 3, 6, 9],
        "SliceThickness": 3,
    }


def test_offsets_run_along_the_normal_of_any_orientation():
    coronal = [1, 0, 0, 0, 0, -1]  # normal is +y
    positions = np.array([[0, y, 50] for y in (-3.0, 1.0, 5.0)])
    values = grid_values(positions, coronal, (1, 1), (2, 2))
    assert values["GridFrameOffsetVector"] == [0, 4, 8]


def test_sheared_frames_are_refused():
    positions = [[0, 0, 0], [1, 0, 3], [2, 0, 6]]
    with pytest.raises(GeometryError, match="along their normal"):
        grid_values(positions, AXIAL, (1, 1), (2, 2))


def test_an_irregular_grid_has_no_thickness():
    assert "SliceThickness" not in grid(np.array([0.0, 2.0, 7.0]))


@pytest.mark.parametrize(("kind", "needed"), [("PLAN", True), ("BEAM", True), ("RECORD", False)])
def test_a_plan_is_owed_where_the_dose_is_of_a_plan(kind, needed):
    built = build(IODS["RTDOSE"], None, {"DoseSummationType": kind})
    missing = {each.message.split()[1] for each in built.violations}
    assert ("ReferencedRTPlanSequence" in missing) is needed


def test_frames_need_offsets_and_a_scaling():
    values = {"NumberOfFrames": 3, "Rows": 2, "Columns": 2}
    built = build(IODS["RTDOSE"], None, values)
    missing = {each.message.split()[1] for each in built.violations}
    assert {"GridFrameOffsetVector", "DoseGridScaling", "PixelSpacing"} <= missing
    assert built.dataset.FrameIncrementPointer == Tag("GridFrameOffsetVector")


def test_offsets_that_begin_at_z_are_distances_on_other_planes():
    sagittal = [0, 1, 0, 0, 0, -1]  # normal is -x
    source = header([50, 53, 56, 59], z=50.0, ImageOrientationPatient=sagittal)
    source.ImagePositionPatient = [4, 0, 50]
    positions = np.array([[x, 0.0, 50.0] for x in (4.0, 1.0, -2.0, -5.0)])
    assert grid_values(positions, sagittal, (2.5, 2.5), (7, 8), source) == {}
    cut = grid_values(positions[1:], sagittal, (2.5, 2.5), (7, 8), source)
    assert cut["GridFrameOffsetVector"] == [0, 3, 6]


def test_patient_z_stays_patient_z_where_slices_run_to_the_feet():
    feet_first = [-1, 0, 0, 0, 1, 0]  # normal is -z
    source = header([19, 16, 13, 10], z=19.0, ImageOrientationPatient=feet_first)
    assert grid(Z[::-1], source, orientation=feet_first) == {}
    cut = grid(Z[1::-1], source, orientation=feet_first)
    assert cut["GridFrameOffsetVector"] == [13, 10]


def test_a_first_z_of_zero_would_be_read_as_a_distance():
    feet_first = [-1, 0, 0, 0, 1, 0]
    source = header([3, 0, -3, -6], z=3.0, ImageOrientationPatient=feet_first)
    cut = grid(np.array([0.0, -3.0, -6.0]), source, orientation=feet_first)
    assert cut["GridFrameOffsetVector"] == [0, 3, 6]
