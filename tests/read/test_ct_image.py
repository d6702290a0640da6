from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from factories import ct_series, ct_slice, write

from read.positions import ORIENTATIONS, naive_position
from rtxr import model
from rtxr.errors import GeometryError
from rtxr.read import pixels
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
    read = []
    real = pixels._native
    monkeypatch.setattr(
        pixels, "_native", lambda file, frames: (read.append(file.path), real(file, frames))[1]
    )
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


def test_policies_and_modalities_that_do_not_exist(tmp_path):
    for policy, told in (("resample", "not available"), ("mend", "must be 'keep' or 'raise'")):
        with pytest.raises(GeometryError, match=told):
            opened(tmp_path / policy, ct_series(2), on_irregular=policy)
    with pytest.raises(GeometryError, match="Modality 'US' are not opened; those of CT, MR, PT"):
        opened(tmp_path, ct_series(2), "US")


def test_records_carry_the_keys_of_the_slices(tmp_path):
    headers = [read_header(path) for path in write(tmp_path, ct_series(3))]
    part = read_image(headers, "CT")
    assert [record.uid for record in part.records] == part.coords["ct_uid"].values.tolist()
