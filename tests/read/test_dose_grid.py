from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from factories import dose, save

from read.positions import ORIENTATIONS, naive_position
from rtxr import model
from rtxr.read.dose_grid import frame_positions
from rtxr.read.headers import read_header
from rtxr.read.rt_dose import read_dose

FRAMES, ROWS, COLUMNS = 4, 3, 5
CODES = np.arange(FRAMES * ROWS * COLUMNS, dtype=np.uint16).reshape(FRAMES, ROWS, COLUMNS)


def written(offsets, orientation=(1, 0, 0, 0, 1, 0), position=(-10.3, 20.1, 30.7), **elements):
    ds = dose()
    ds.NumberOfFrames, ds.Rows, ds.Columns = len(offsets), ROWS, COLUMNS
    ds.GridFrameOffsetVector = [f"{each:.10g}" for each in offsets]
    ds.ImageOrientationPatient, ds.ImagePositionPatient = list(orientation), list(position)
    ds.PixelSpacing = [1.7, 2.3]  # between rows, between columns
    ds.DoseGridScaling, ds.PixelData = 1, CODES[: len(offsets)].tobytes()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def opened(tmp_path, ds) -> tuple[xr.Dataset, list[str]]:
    part = read_dose(read_header(save(tmp_path / "dose", ds)))
    return xr.Dataset(part.data_vars, part.coords), [each.code for each in part.findings]


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"PatientPosition": "HFS"},
        {"PatientPosition": "FFDR"},
        {"PatientPosition": ""},
        {"SliceThickness": None},
        {"SliceThickness": "99"},
        {"SliceThickness": "-2.5"},
        {"SpacingBetweenSlices": "-2.5"},
    ],
)
def test_only_position_orientation_and_offsets_place_the_frames(tmp_path, elements):
    ds, findings = opened(tmp_path, written([0, 2.5, 5, 7.5], **elements))
    assert findings == []
    assert ds.dose_z.values.tolist() == [30.7, 33.2, 35.7, 38.2]
    assert ds.dose_y.values.tolist() == [20.1, 21.8, 23.5]
    assert ds.dose_x.values.tolist() == [-10.3, -8, -5.7, -3.4, -1.1]
    np.testing.assert_array_equal(ds.dose, CODES)


@pytest.mark.parametrize("first", [0.0, 30.7])
def test_the_last_of_descending_frames_is_the_lowest(tmp_path, first):
    """One step less than there are frames below the first, whichever way offsets are given."""
    source = written([first, first - 2.5, first - 5, first - 7.5])
    ds, findings = opened(tmp_path, source)
    assert findings == []
    assert ds.dose_z.values.tolist() == [23.2, 25.7, 28.2, 30.7]
    np.testing.assert_array_equal(ds.dose, CODES[::-1])


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_voxel_has_one_coordinate_from_whichever_corner_it_is_counted(tmp_path, name):
    cosines = np.array(ORIENTATIONS[name], float)
    normal = np.cross(cosines[:3], cosines[3:])
    corner = np.array([-10.3, 20.1, 30.7])
    far = corner + normal * 7.5 + cosines[:3] * 2.3 * 4 + cosines[3:] * 1.7 * 2
    near = opened(tmp_path, written([0, 2.5, 5, 7.5], cosines))[0]
    turned = written([0, 2.5, 5, 7.5], -cosines, [round(float(each), 6) for each in far])
    turned.GridFrameOffsetVector = [0, -2.5, -5, -7.5]  # the normal is the same one
    other = opened(tmp_path, turned)[0]
    assert model.grid_of(near, "dose").same_as(model.grid_of(other, "dose"), 0.0)


def test_uneven_frames_keep_their_places(tmp_path):
    source = written([0, 1, 7.3, 8])
    ds, findings = opened(tmp_path, source)
    assert findings == []
    assert ds.dose_z.values.tolist() == [30.7, 31.7, 38, 38.7]
    for frame, offset in enumerate([0, 1, 7.3, 8]):
        x, y, z = naive_position(source, 2, 3, offset)
        found = ds.dose.sel(dose_x=x, dose_y=y, dose_z=z, method="nearest")
        assert float(found) == CODES[frame, 2, 3]


def test_offsets_that_begin_at_z_are_distances_on_other_planes():
    sagittal = np.array(ORIENTATIONS["sagittal"], float)
    at, (finding,) = frame_positions(np.array([1.0, 2.0, 30.0]), sagittal, np.array([30.0, 33.0]))
    assert at.tolist() == [[1, 2, 30], [-2, 2, 30]]
    assert finding.code == "frame-offsets-odd"
