from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from factories import ct_series, ct_slice, write

from read.positions import ORIENTATIONS, naive_position
from read.watching import files_decoded
from rtxr import model
from rtxr.errors import GeometryError
from rtxr.read.ct_image import read_image
from rtxr.read.headers import read_header

SHAPE = (3, 4, 5)  # stored slices, rows, columns
SPACING = (1.5, 2.0)
CODES = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def opened(folder, objects, modality="CT", **how) -> tuple[xr.Dataset, dict[str, str]]:
    headers = [read_header(path) for path in write(folder / "series", objects)]
    part = read_image(headers, modality, **how)
    findings = {finding.code: finding.message for finding in part.findings}
    return xr.Dataset(part.data_vars, part.coords), findings


def oriented(orientation, steps, shear=(0.0, 0.0, 0.0)):
    """Slices whose stored values are their index, at given steps along their normal."""
    cosines = np.array(orientation, float)
    normal = np.cross(cosines[:3], cosines[3:])
    objects = []
    for number, step in enumerate(steps):
        origin = np.array([11.0, -7.0, 30.0]) + step * (normal + shear)
        ds = ct_slice(number, 0.0, name=("oriented", number))
        ds.ImagePositionPatient = [float(f"{value:.10g}") for value in origin]
        ds.ImageOrientationPatient = [float(f"{value:.12g}") for value in orientation]
        ds.PixelSpacing = list(SPACING)
        ds.Rows, ds.Columns = SHAPE[1:]
        ds.RescaleIntercept, ds.PixelData = 0, CODES[number].tobytes()
        objects.append(ds)
    return objects


def assert_every_voxel_is_where_the_standard_says(ds, objects):
    """Look every stored voxel up by its patient position, computed naively."""
    grid = model.grid_of(ds)
    stored = list(np.ndindex(SHAPE))
    located = [naive_position(objects[k], r, c) for k, r, c in stored]
    at = grid.fractional_index(located)
    index = np.round(at).astype(int)
    np.testing.assert_allclose(at, index, atol=1e-6)
    values = ds.ct.transpose(*grid.dims).values[tuple(index.T)]
    np.testing.assert_array_equal(values, [CODES[each] for each in stored])


@pytest.mark.parametrize("steps", [(0, 3, 6), (0, -3, -6), (0, 1, 5)])
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_voxels_are_where_the_standard_says(tmp_path, name, steps):
    objects = oriented(ORIENTATIONS[name], steps)
    ds, _ = opened(tmp_path, objects)
    assert ds.ct.dims == ("z", "y", "x")
    assert model.grid_of(ds).is_axis_aligned
    for axis in "zyx":
        assert (np.diff(ds[axis]) > 0).all()
    assert_every_voxel_is_where_the_standard_says(ds, objects)
    for k, each in enumerate(objects):  # by label, and by the slice's own UID
        x, y, z = naive_position(each, 2, 1)
        value = ds.ct.sel(x=x, y=y, z=z, method="nearest")
        assert int(value) == CODES[k, 2, 1]
        assert str(value.ct_uid.values) == each.SOPInstanceUID


@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_oblique_and_sheared_stacks_go_through_the_matrix(tmp_path, tilt):
    turn = np.radians(20)
    row = np.array([np.cos(turn), np.sin(turn), 0.0])
    column = np.cross([np.sin(turn) * 0.6, -np.cos(turn) * 0.6, 0.8], row)
    objects = oriented([*row, *column], (0, 3, 6), shear=tilt * column)
    ds, findings = opened(tmp_path, objects)
    assert ds.ct.dims == ("slice", "row", "column")
    assert ds.ct_uid.dims == ("slice",)
    assert ("sheared-stack" in findings) == (tilt > 0)
    assert_every_voxel_is_where_the_standard_says(ds, objects)


@pytest.mark.parametrize("cosines", [[2, 0, 0, 0, 1, 0], [1, 0, 0, 0.01, 1, 0]])
def test_directions_that_are_none_count_as_they_stand_and_are_told(tmp_path, cosines):
    objects = oriented(cosines, (0, 3, 6))
    ds, findings = opened(tmp_path, objects)
    assert "unit length" in findings["direction-cosines"]
    assert_every_voxel_is_where_the_standard_says(ds, objects)


def test_single_slice(tmp_path):
    ds, _ = opened(tmp_path, [ct_slice(1, 12.5)])
    assert ds.sizes == {"z": 1, "y": 4, "x": 5}
    assert float(ds.z[0]) == 12.5


def test_values_type_units_and_chunks(tmp_path):
    ds, findings = opened(tmp_path, ct_series(3))
    assert findings == {}
    assert ds.ct.dtype == np.int32  # signed 16 bit - 1024
    assert ds.ct.attrs == {"units": "HU", "long_name": "CT number"}
    assert ds.ct.encoding["preferred_chunks"] == {"z": 1}
    assert ds.ct.isel(y=0, x=0).values.tolist() == [-23, -22, -21]
    assert ds.x.values.tolist() == [-4, -2, 0, 2, 4]
    assert ds.y.values.tolist() == [-3, -1.5, 0, 1.5]
    assert ds.x.attrs["units"] == "mm"


def test_opening_reads_no_pixels_and_a_slice_reads_one_file(tmp_path, monkeypatch):
    ds, _ = opened(tmp_path, ct_series(5))
    read = files_decoded(monkeypatch)
    assert repr(ds)
    assert read == []
    ds.ct.sel(z=6.0).load()
    assert len(read) == 1
    ds.ct.isel(z=slice(None, None, -2)).load()
    assert len(read) == 4


def test_rescale_of_each_slice(tmp_path):
    objects = ct_series(3, Modality="PT")
    for number, ds in enumerate(objects):
        ds.RescaleSlope, ds.RescaleIntercept, ds.Units = 0.5 * (number + 1), 0, "BQML"
    ds, _ = opened(tmp_path, objects, "PT")
    assert ds.pt.dtype == np.float32
    assert ds.pt.attrs["units"] == "Bq/mL"
    assert ds.pt.isel(y=0, x=0).values.tolist() == [500.5, 1002.0, 1504.5]
    assert "pt_uid" in ds.coords


def test_missing_rescale_is_one_and_zero(tmp_path):
    objects = ct_series(2)
    for ds in objects:
        del ds.RescaleSlope, ds.RescaleIntercept
    ds, findings = opened(tmp_path, objects)
    assert ds.ct.dtype == np.int16
    assert int(ds.ct[0, 0, 0]) == 1001
    assert "2 slice(s)" in findings["rescale-missing"]
    _, findings = opened(tmp_path / "mr", ct_series(2, Modality="MR"), "MR")
    assert "rescale-missing" not in findings


def test_frames_of_reference(tmp_path):
    objects = ct_series(3)
    objects[0].FrameOfReferenceUID = "1.2.3"
    ds, findings = opened(tmp_path, objects)
    assert model.grid_of(ds).frame_of_reference_uid == objects[1].FrameOfReferenceUID
    assert "several-frames-of-reference" in findings
    for each in objects:
        del each.FrameOfReferenceUID
    ds, findings = opened(tmp_path / "none", objects)
    assert model.grid_of(ds).frame_of_reference_uid == ""
    assert "no-frame-of-reference" in findings


#: Heights of slices, codes of what is odd about them, and the positions that even them out.
IRREGULAR = {
    "3 then 6 mm": (
        [0, 3, 6, 9, 15, 21],
        {"irregular-spacing", "missing-slices"},
        [0, 3, 6, 9, 12, 15, 18, 21],
    ),
    "3 then 5 mm": ([0, 3, 6, 9, 14, 19], {"irregular-spacing"}, [0, 3, 6, 9, 12, 15, 18]),
    "a slice missing": (
        [0, 3, 6, 12, 15],
        {"irregular-spacing", "missing-slices"},
        [0, 3, 6, 9, 12, 15],
    ),
    "jitter": ([0, 3.2, 6, 8.9, 12], {"irregular-spacing"}, None),
    "a slice twice": ([0, 3, 3.005, 6, 9], {"duplicate-position"}, [0, 3, 6, 9]),
    "twice and missing": (
        [0, 0, 3, 3, 6, 12],
        {"duplicate-position", "irregular-spacing", "missing-slices"},
        [0, 3, 6, 9, 12],
    ),
}


@pytest.mark.parametrize("order", ["ascending", "descending", "any"])
@pytest.mark.parametrize("name", IRREGULAR)
def test_uneven_slices_follow_the_policy(tmp_path, name, order):
    heights, codes, even = IRREGULAR[name]
    orders = {"ascending": [*heights], "descending": heights[::-1]}
    stored = orders.get(order, heights[1::2] + heights[::2])
    objects = [ct_slice(n, float(z)) for n, z in enumerate(stored)]
    ds, findings = opened(tmp_path / "keep", objects)
    assert set(findings) == codes
    true = np.unique(np.round(heights, 1))
    np.testing.assert_allclose(ds.z, true, atol=0.01)
    for z, value, uid in zip(ds.z.values, ds.ct[:, 0, 0].values, ds.ct_uid.values, strict=True):
        twins = [each for each, at in zip(objects, stored, strict=True) if abs(at - z) < 0.01]
        assert (value, uid) in [(each.InstanceNumber - 24, each.SOPInstanceUID) for each in twins]
    with pytest.raises(GeometryError, match="not one even stack"):
        opened(tmp_path / "raise", objects, on_irregular="raise")
    made, findings = opened(tmp_path / "resample", objects, on_irregular="resample")
    resampled = "irregular-spacing" in codes
    assert set(findings) == codes | ({"resampled-stack"} if resampled else set())
    assert np.ptp(np.diff(made.z)) < 1e-9 or not resampled
    if even is not None:
        np.testing.assert_allclose(made.z, even, atol=0.01)
    linear = np.interp(made.z, ds.z, ds.ct[:, 0, 0])
    np.testing.assert_allclose(made.ct[:, 0, 0], linear, rtol=1e-6)


#: What says nothing about where slices are, or less than would matter.
EVEN = {
    "descending": ([12, 9, 6, 3, 0], {}),
    "jitter below a hundredth of a step": ([0, 3.01, 6.01, 8.99, 12], {}),
    "thickness is not the step": ([0, 3, 6, 9, 12], {"SliceThickness": 5}),
    "no thickness": ([0, 3, 6, 9, 12], {"SliceThickness": None}),
    "negative spacing": ([0, 3, 6, 9, 12], {"SpacingBetweenSlices": -3}),
    "another spacing": ([0, 3, 6, 9, 12], {"SpacingBetweenSlices": 7, "SliceLocation": 1000}),
}


@pytest.mark.parametrize("policy", ["keep", "raise", "resample"])
@pytest.mark.parametrize("name", EVEN)
def test_even_slices_are_the_same_under_any_policy(tmp_path, name, policy):
    heights, elements = EVEN[name]
    objects = [ct_slice(n, float(z), **elements) for n, z in enumerate(heights)]
    ds, findings = opened(tmp_path, objects, on_irregular=policy)
    assert findings == {}
    assert ds.z.values.tolist() == sorted(heights)
    assert ds.ct.dtype == np.int32
    by_height = dict(zip(heights, objects, strict=True))
    assert ds.ct_uid.values.tolist() == [by_height[z].SOPInstanceUID for z in sorted(heights)]


def test_policies_and_modalities_that_do_not_exist(tmp_path):
    with pytest.raises(GeometryError, match="must be 'keep', 'raise' or 'resample', not 'mend'"):
        opened(tmp_path / "mend", ct_series(2), on_irregular="mend")
    with pytest.raises(GeometryError, match="Modality 'US' are not opened; those of CT, MR, PT"):
        opened(tmp_path, ct_series(2), "US")


def test_records_carry_the_keys_of_the_slices(tmp_path):
    headers = [read_header(path) for path in write(tmp_path, ct_series(3))]
    part = read_image(headers, "CT")
    assert [record.uid for record in part.records] == part.coords["ct_uid"].values.tolist()


@pytest.mark.parametrize(
    "elements",
    [
        {"SpacingBetweenSlices": -3},
        {"SpacingBetweenSlices": 7},
        {"SliceThickness": ""},
        {"SliceThickness": 99},
        {"SliceLocation": -500},
        {"GantryDetectorTilt": 20},
        {"PatientPosition": "FFDL"},
        {"PatientPosition": ""},
    ],
)
def test_only_positions_and_orientation_say_where_slices_are(tmp_path, elements):
    ds, findings = opened(tmp_path, ct_series(4, spacing=2.5, **elements))
    plain, _ = opened(tmp_path / "plain", ct_series(4, spacing=2.5))
    assert findings == {}
    assert model.grid_of(ds).same_as(model.grid_of(plain), 0.0)
    np.testing.assert_array_equal(ds.ct, plain.ct)


def test_a_tilt_is_seen_without_its_tag(tmp_path):
    cosines = [1, 0, 0, 0, 0.96, 0.28]
    objects = ct_series(3, ImageOrientationPatient=cosines, GantryDetectorTilt=0)
    ds, findings = opened(tmp_path, objects)
    assert "at 16.3 degrees to their normal" in findings["sheared-stack"]
    grid = model.grid_of(ds)
    assert grid.spacing == (3, 1.5, 2)  # slices 3 mm apart along the pile, 2.88 mm across it
    for number, source in enumerate(objects):
        at = grid.fractional_index([naive_position(source, 3, 4)])
        np.testing.assert_allclose(at, [[number, 3, 4]], atol=1e-9)


def test_rows_and_columns_have_spacings_of_their_own(tmp_path):
    ds, _ = opened(tmp_path, ct_series(2, size=(3, 6), PixelSpacing=[0.5, 2.25]))
    assert ds.y.values.tolist() == [-3, -2.5, -2]
    assert ds.x.values.tolist() == [-4, -1.75, 0.5, 2.75, 5, 7.25]
    objects = ct_series(2, size=(3, 6), ImagerPixelSpacing=[0.5, 2.25])
    for each in objects:
        del each.PixelSpacing
    imager, findings = opened(tmp_path / "imager", objects)
    assert "imager-pixel-spacing" in findings
    assert model.grid_of(imager).same_as(model.grid_of(ds), 0.0)
