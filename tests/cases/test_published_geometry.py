"""Published images and doses of odd geometry: every voxel where the Standard puts it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import xarray as xr
from read.positions import ORIENTATIONS, naive_position

import rtxr
from rtxr import model
from rtxr.read.dose_grid import dose_grid
from rtxr.read.headers import read_header

pytestmark = pytest.mark.data

FAILING = "geometry/dicom2nifti_failing"
#: Folder > whether axis-aligned, which findings opening has.
IMAGES: dict[str, tuple[bool, set[str]]] = {
    "geometry/ct_gantry_tilt_ge": (False, {"irregular-spacing", "sheared-stack"}),
    f"{FAILING}/gantrytilting": (False, {"sheared-stack"}),
    f"{FAILING}/slicecount": (True, set()),
    f"{FAILING}/sliceincrement/001": (True, {"irregular-spacing", "missing-slices"}),
    f"{FAILING}/sliceincrement/002": (
        False,
        {"irregular-spacing", "missing-slices", "sheared-stack"},
    ),
    f"{FAILING}/sliceorientation": (False, {"slices-set-aside"}),
    "geometry/dicom2nifti_compressed/compressed_jpegls": (True, set()),
    "matrad_tg119": (True, set()),
    "rt_utils/oriented_data": (False, {"series-of-several-studies"}),
    "quirks/topas_odd_length_vr": (True, set()),
    "quirks/opentps_small_phantom": (True, set()),
}
DOSES = (
    "brachy_hdr_robustbrachy",
    "quirks/viewray_coronal_rtdose",
    "quirks/eyeplan_single_frame_gfov",
    "quirks/topas_odd_length_vr",
    "quirks/opentps_small_phantom",
    "pymedphys/pinnacle_rp_rd",
)


def opened(folder: Path, modality: list[str]) -> xr.Dataset:
    return rtxr.scan(folder, progress=False).select(Modality=modality).open()


def assert_stored_voxels(array: xr.DataArray, at: np.ndarray, wanted: np.ndarray) -> None:
    """Values of an array at patient points, which are voxel centres of its grid."""
    grid = model.grid_of(array)
    index = grid.fractional_index(at)
    np.testing.assert_allclose(index, np.rint(index), atol=2e-4)
    found = array.transpose(*grid.dims).values[tuple(np.rint(index).astype(int).T)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-4)


def some_voxels(rows: int, columns: int) -> list[tuple[int, int]]:
    return [(0, 0), (0, columns - 1), (rows - 1, 0), (rows // 3, columns // 2)]


@pytest.mark.parametrize("folder", IMAGES)
def test_images(case_data, folder):
    is_aligned, findings = IMAGES[folder]
    ds = opened(case_data(folder), ["CT", "MR"])
    image = ds.rt.image.load()
    assert model.grid_of(ds).is_axis_aligned == is_aligned
    no_frame = {"no-frame-of-reference"}
    assert set(ds.rt.findings["code"]) - no_frame == findings
    uids = {str(uid) for uid in image[f"{image.name}_uid"].values}
    at, wanted = [], []
    for path in sorted(case_data(folder).rglob("*.dcm")):
        source = pydicom.dcmread(path)
        if source.get("SOPInstanceUID") not in uids:
            continue
        stored = source.pixel_array * float(source.get("RescaleSlope", 1))
        stored = stored + float(source.get("RescaleIntercept", 0))
        for row, column in some_voxels(*stored.shape):
            at.append(naive_position(source, row, column))
            wanted.append(stored[row, column])
    assert len(at) == 4 * len(uids)
    assert_stored_voxels(image, np.array(at), np.array(wanted))


@pytest.mark.parametrize("folder", DOSES)
def test_doses(case_data, folder):
    ds = opened(case_data(folder), ["RTDOSE"])
    dose = ds.dose.load()
    assert "frame" not in " ".join(set(ds.rt.findings["code"]) - {"frame-of-reference-mismatch"})
    (source,) = [
        each
        for each in map(pydicom.dcmread, sorted(case_data(folder).rglob("*.dcm")))
        if each.Modality == "RTDOSE"
    ]
    frames = source.pixel_array.reshape(-1, source.Rows, source.Columns)
    offsets = np.atleast_1d(source.get("GridFrameOffsetVector", 0.0)).astype(float)
    at, wanted = [], []
    for frame, offset in zip(frames, offsets, strict=True):
        for row, column in some_voxels(*frame.shape):
            at.append(naive_position(source, row, column, offset))
            wanted.append(frame[row, column] * float(source.DoseGridScaling))
    assert_stored_voxels(dose, np.array(at), np.array(wanted))


def test_uneven_steps_of_a_tilted_gantry_stay(case_data):
    ds = opened(case_data("geometry/ct_gantry_tilt_ge"), ["CT"])
    paths = case_data("geometry/ct_gantry_tilt_ge").glob("*.dcm")
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    z = sorted(float(each.ImagePositionPatient[2]) for each in headers)
    grid = model.grid_of(ds)
    np.testing.assert_allclose(grid.axes[0], np.array(z) - z[0], atol=1e-6)
    # The gantry says +18.5 degrees; which way the slices lean is in the cosines alone.
    tilt = np.degrees(np.arcsin(grid.matrix[2, 1]))
    assert tilt == pytest.approx(-float(headers[0].GantryDetectorTilt), abs=1e-3)


def test_a_coronal_plane_with_pixels_that_are_not_square(case_data):
    dose = opened(case_data("quirks/viewray_coronal_rtdose"), ["RTDOSE"]).dose
    assert dose.shape == (264, 1, 255)
    assert dose.dose_y.values.tolist() == [-0.7465947]
    assert float(dose.dose_z[-1]) == -201  # the first row is the highest
    steps = [float(np.diff(dose[dim]).mean()) for dim in ("dose_z", "dose_x")]
    np.testing.assert_allclose(steps, [1.499996, 1.529999], rtol=1e-9)


def test_descending_frames_are_presented_ascending(case_data):
    dose = opened(case_data("brachy_hdr_robustbrachy"), ["RTDOSE"]).dose
    assert dose.dose_z.values.tolist() == list(range(-45, 11))


def test_a_slope_that_is_no_integer_keeps_fractions_of_hu(case_data):
    ct = opened(case_data("matrad_tg119"), ["CT"]).ct
    assert ct.dtype == np.float32
    assert (ct.isel(z=50).values % 1 != 0).any()


@pytest.mark.parametrize("position", ["HFS", "HFP", "FFS", "FFP", "HFDL", "HFDR", "FFDL", "FFDR"])
def test_eight_positions_of_one_dose_grid(case_data, position):
    """Headers without pixels; the axes published beside them are mirrored, the Standard decides."""
    folder = case_data("pymedphys/dicomorient_rtdose_headers")
    path = folder / f"RD.DICOMORIENT.Dose_{position}_empty.dcm"
    source = pydicom.dcmread(path)
    assert list(source.ImageOrientationPatient) == ORIENTATIONS[position]
    frames, rows, columns = int(source.NumberOfFrames), source.Rows, source.Columns
    pixels = SimpleNamespace(
        span=SimpleNamespace(encapsulated=True), frames=frames, rows=rows, columns=columns
    )
    grid, layout, held, findings = dose_grid(read_header(path), pixels, "dose_")
    assert (held, findings, grid.is_axis_aligned) == (frames, [], True)
    index = np.arange(frames * rows * columns).reshape(frames, rows, columns)
    presented = layout.present(index)
    assert presented.shape == grid.shape
    for k, row, column in [(0, 0, 0), (frames - 1, rows - 1, columns - 1), (7, 20, 30), (50, 0, 9)]:
        at = naive_position(source, row, column, float(source.GridFrameOffsetVector[k]))
        x, y, z = (axis[n] for axis, n in zip(grid.axes[::-1], _nearest(grid, at), strict=True))
        np.testing.assert_allclose([x, y, z], at, atol=1e-9)
        assert presented[_nearest(grid, at)[::-1]] == index[k, row, column]
    own = {0: columns, 1: rows}
    for which, count in own.items():  # along rows, along columns
        cosine = np.array(source.ImageOrientationPatient[3 * which : 3 * which + 3], float)
        axis, sign = int(np.abs(cosine).argmax()), float(cosine.sum())
        start, spacing = float(source.ImagePositionPatient[axis]), 2.0
        published = sign * start + spacing * np.arange(count)
        assert np.allclose(grid.axes[2 - axis], published) == (sign > 0)
        np.testing.assert_allclose(grid.axes[2 - axis], np.sort(sign * published), atol=1e-9)


def _nearest(grid, at) -> tuple[int, int, int]:
    """Index of the nearest voxel along x, y, z."""
    x, y, z = (int(np.abs(axis - v).argmin()) for axis, v in zip(grid.axes[::-1], at, strict=True))
    return x, y, z
