"""Uneven stacks on even positions, read plane by plane."""

from __future__ import annotations

import pickle

import factories as make
import numpy as np
import pydicom
import pytest
import xarray as xr

import rtxr
from rtxr import model
from rtxr.errors import GeometryError
from rtxr.geometry import Grid
from rtxr.read.even_stack import even_positions, even_stack
from rtxr.read.headers import read_header
from rtxr.read.slices import Steps

RNG = np.random.default_rng(5)
TILT = 0.3  # of a gantry: mm along y for each mm along z


class Planes:
    """Values in memory as a source that remembers which planes were read."""

    def __init__(self, values, dim=0):
        self.values, self.dim, self.read_planes = values, dim, []
        self.shape, self.dtype = values.shape, values.dtype

    def read(self, indices):
        self.read_planes += indices[self.dim].tolist()
        return self.values[np.ix_(*indices)]


def on_even(axis, kind="i2", dim=0, leading=()):
    """Grid, source in memory, even source and grid for slices at some positions."""
    lengths = [3, 4, 5]
    lengths[dim] = len(axis)
    values = RNG.integers(0, 200, (*leading, *lengths)).astype(kind)
    axes = [np.asarray(axis, float) if d == dim else np.arange(n) for d, n in enumerate(lengths)]
    grid = Grid(("z", "y", "x"), tuple(axes))
    planes = Planes(values, len(leading) + dim)
    return grid, planes, *even_stack(grid, dim, planes, len(leading))


def whole(source):
    return source.read(tuple(map(np.arange, source.shape)))


# --- positions ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ([0, 3, 6, 15, 18, 24], np.arange(0, 25, 3)),  # missing slices
        ([0, 3, 6, 9, 14, 19, 24], np.arange(0, 25, 3)),  # the usual step: the lower median
        ([-1.2, 0, 3, 6, 9, 12], np.arange(0, 13, 3)),  # one slice beside the others
        ([0, 3, 6, 9, 12, 13.2], np.arange(0, 13, 3)),
        ([0, 3, 6, 10, 13, 16], np.arange(0, 16, 3)),  # as many here as there: the first
        ([5.0, 5.1, 10.0], 5 + np.arange(51) / 10),
        ([0, 2.9, 6.1, 9], [0, 2.9, 5.8, 8.7]),
    ],
)
def test_positions_are_those_on_which_most_slices_lie(axis, expected):
    np.testing.assert_allclose(even_positions(np.asarray(axis, float)), expected, atol=1e-9)


def test_rounded_positions_do_not_drift():
    true = np.arange(60) * 10 / 3
    kept = np.delete(np.round(true, 2), [7, 8, 30])
    even = even_positions(kept)
    assert len(even) == 60
    assert np.abs(even - true).max() < 0.01


def test_the_other_way_round_it_is_the_same():
    for axis in ([0, 3, 6, 15, 18, 24], [0, 3, 6, 9, 14, 19, 24], [-1.2, 0, 3, 6, 9, 12.0]):
        there = even_positions(np.array(axis, float))
        back = -even_positions(-np.array(axis, float)[::-1])[::-1]
        np.testing.assert_allclose(there, back, atol=1e-9)


def test_steps_of_few_slices():
    assert Steps(np.array([4.0])).are_even
    assert Steps(np.array([4.0, 9.0])).are_even
    steps = Steps(np.array([0.0, 3.0, 6.01, 12.0]))
    assert not steps.are_even
    assert steps.usual == pytest.approx(3.01)
    assert (steps.multiples.tolist(), steps.fit.tolist()) == ([1, 1, 2], [True] * 3)


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        ([0, 2.5, 5, 8, 11, 14], "'z' from 2 to 14 mm"),
        ([0, 3, 6, 9, 10.5], "'z' from 0 to 9 mm"),
        ([0, 3, 6, 15, 18, 24], "'z' from 0 to 24 mm"),
    ],
)
def test_the_finding_says_from_where_to_where_the_planes_run(axis, told):
    *_, grid, _, _, (finding,) = on_even(axis)
    short = (grid.axes[0][0] - axis[0], axis[-1] - grid.axes[0][-1])
    assert told in finding.message
    lost = f"by {short[0]:.4g} mm at the low end and {short[1]:.4g} mm at the high end"
    assert (lost in finding.message) == any(short)
    assert ("fall short" in finding.message) == any(short)


# --- values -------------------------------------------------------------------------------------
@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
@pytest.mark.parametrize("dim", [0, 1, 2])
def test_slices_are_themselves_and_planes_between_are_linear(dim, leading):
    axis = [0, 3, 6, 15, 18, 24]
    _, planes, grid, source, nearest, (finding,) = on_even(axis, "i2", dim, leading)
    values = np.moveaxis(planes.values, len(leading) + dim, 0).astype(float)
    found = np.moveaxis(whole(source), len(leading) + dim, 0)
    even = grid.axes[dim]
    assert source.dtype == np.float32
    assert source.shape[len(leading) + dim] == len(even) == 9
    for at, place in zip(axis, (0, 1, 2, 5, 6, 8), strict=True):
        np.testing.assert_array_equal(found[place], values[axis.index(at)])
    np.testing.assert_allclose(found[3], values[2] * 2 / 3 + values[3] / 3, rtol=1e-6)
    np.testing.assert_allclose(found[7], (values[4] + values[5]) / 2, rtol=1e-6)
    assert nearest.tolist() == [0, 1, 2, 2, 3, 3, 4, 4, 5]
    assert (finding.code, finding.severity) == ("resampled-stack", "warning")
    assert "3 to 9 mm apart" in finding.message
    assert f"9 even positions, 3 mm apart, '{'zyx'[dim]}' from 0 to 24 mm" in finding.message
    assert ": 3 planes were made, " in finding.message
    assert "6 are slices as they were" in finding.message


def test_a_plane_within_a_hundredth_of_a_slice_is_that_slice():
    _, planes, grid, source, *_ = on_even([0, 3.008, 5.996, 15, 18, 24])
    assert np.ptp(np.diff(grid.axes[0])) < 1e-9
    np.testing.assert_array_equal(whole(source)[[0, 1, 2, 5, 6, 8]], planes.values)


def test_only_the_planes_beside_are_read():
    _, planes, _, source, *_ = on_even([0, 3, 6, 15, 18, 24])
    everything = [np.arange(n) for n in source.shape[1:]]
    for plane, needed in ((2, [2]), (3, [2, 3]), (5, [3]), (8, [5])):
        planes.read_planes.clear()
        source.read((np.array([plane]), *everything))
        assert planes.read_planes == needed
    some = (np.array([7, 3, 3, 0]), np.array([1, 0]), np.arange(5)[::-2])
    np.testing.assert_array_equal(source.read(some), whole(source)[np.ix_(*some)])


@pytest.mark.parametrize(
    ("kind", "found"), [("u1", "f4"), ("u2", "f4"), ("i4", "f8"), ("f4", "f4"), ("f8", "f8")]
)
def test_integers_become_what_holds_all_between_them(kind, found):
    _, planes, _, source, *_ = on_even([0, 1, 3], kind)
    assert source.dtype == np.dtype(found)
    values = planes.values.astype(float)
    np.testing.assert_array_equal(whole(source)[2], (values[1] + values[2]) / 2)


@pytest.mark.parametrize("axis", [[0.0], [0, 5.0], [0, 3.0, 6, 9], [0, 3.02, 6.02, 9.0]])
def test_even_stacks_are_left_alone(axis):
    grid, planes, same, source, nearest, findings = on_even(axis)
    assert (source, same, findings) == (planes, grid, [])
    assert nearest.tolist() == list(range(len(axis)))


# --- files --------------------------------------------------------------------------------------
def opened(folder, objects, **how):
    make.write(folder / "in", objects)
    return rtxr.open_dir(folder / "in", on_irregular="resample", **how)


def codes(ds):
    return set(ds.rt.findings["code"])


def uneven(heights=(0.0, 3.0, 6.0, 15.0, 18.0), **elements):
    return [make.ct_slice(n, z, **elements) for n, z in enumerate(heights)]


def test_a_series_with_missing_slices(tmp_path):
    images = uneven()
    ds = opened(tmp_path, [*images, make.structure_set(images)])
    assert ds.z.values.tolist() == [0, 3, 6, 9, 12, 15, 18]
    expected = [-24, -23, -22, -22 + 1 / 3, -22 + 2 / 3, -21, -20]
    np.testing.assert_allclose(ds.ct.isel(x=0, y=0), expected, rtol=1e-12)
    uids = [each.SOPInstanceUID for each in images]
    assert ds.ct_uid.values.tolist() == [uids[n] for n in (0, 1, 2, 2, 3, 3, 4)]
    assert codes(ds) == {"irregular-spacing", "missing-slices", "resampled-stack"}
    messages = dict(zip(ds.rt.findings["code"], ds.rt.findings["message"], strict=True))
    assert "true position" not in messages["irregular-spacing"]
    assert ds.mask.sizes["z"] == 7
    assert ds.mask.isel(z=[3, 4]).any()  # a ROI drawn on both sides stands for what is between
    again = pickle.loads(pickle.dumps(ds))
    np.testing.assert_array_equal(again.ct, ds.ct)
    chunked = rtxr.open_dir(tmp_path / "in", on_irregular="resample", chunks={})
    assert chunked.ct.chunksizes["z"] == (1,) * 7
    np.testing.assert_array_equal(chunked.ct, ds.ct)


def test_jitter_is_evened_out(tmp_path):
    jitter = [0.0, 0.2, -0.1, 0.3, -0.2, 0.1, 0.0]
    objects = uneven([3 * n + off for n, off in enumerate(jitter)])
    for ds, off in zip(objects, jitter, strict=True):
        ds.ImagePositionPatient[1] = f"{-3 + off}"  # beside the line of the stack, too
    ds = opened(tmp_path, objects)
    steps = np.diff(ds.z)
    assert np.ptp(steps) < 1e-9
    assert 2.9 <= steps[0] <= 3.1
    hu = ds.ct.isel(x=0, y=0).values
    at = [3 * n + off for n, off in enumerate(jitter)]
    np.testing.assert_allclose(hu, np.interp(ds.z, at, np.arange(7) - 24), rtol=1e-6)


def test_duplicates_are_decided_before(tmp_path):
    doubles = make.ct_series(4, name="again", AcquisitionNumber=2)
    objects = uneven(AcquisitionNumber=1)
    headers = [read_header(path) for path in make.write(tmp_path, [*objects, *doubles[:2]])]
    part = rtxr.read.ct_image.read_image(headers, "CT", on_irregular="resample")
    assert {each.code for each in part.findings} == {
        "duplicate-position",
        "irregular-spacing",
        "missing-slices",
        "resampled-stack",
    }
    assert part.data_vars["ct"].shape == (7, 4, 5)


def test_a_sheared_stack_stays_sheared(tmp_path):
    turn = np.radians(20)
    cosines = [1, 0, 0, 0, np.cos(turn), -np.sin(turn)]
    objects = uneven()
    for ds in objects:
        z = float(ds.ImagePositionPatient[2])
        ds.ImagePositionPatient = [-4, -3, z]
        ds.ImageOrientationPatient = [f"{value:.12f}" for value in cosines]
    ds = opened(tmp_path, objects)
    assert ds.ct.dims == ("slice", "row", "column")
    assert {"sheared-stack", "resampled-stack"} <= codes(ds)
    grid = ds.rt.grid()
    origins = grid.to_patient([[0, 0, at] for at in ds.slice.values])
    np.testing.assert_allclose(origins, [[-4, -3, 3 * n] for n in range(7)], atol=1e-9)
    message = dict(zip(ds.rt.findings["code"], ds.rt.findings["message"], strict=True))
    normal = 3 * np.cos(turn)
    assert f"7 even positions, {normal:.4g} mm apart" in message["resampled-stack"]


@pytest.mark.parametrize("orientation", [[1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]])
def test_slices_along_any_patient_axis(tmp_path, orientation):
    objects = uneven()
    normal = np.cross(orientation[:3], orientation[3:])
    for ds in objects:
        at = float(ds.ImagePositionPatient[2])
        ds.ImageOrientationPatient = orientation
        ds.ImagePositionPatient = (np.array([1.0, 2.0, 3.0]) - at * normal).tolist()
    ds = opened(tmp_path, objects)
    dim = "xyz"[int(np.abs(normal).argmax())]
    assert ds.ct_uid.dims == (dim,)
    assert np.diff(ds[dim]).tolist() == [3] * 6
    hu = np.sort(ds.ct.max([each for each in "xyz" if each != dim]).values)
    np.testing.assert_allclose(hu, [-24, -23, -22, -22 + 1 / 3, -22 + 2 / 3, -21, -20])


def test_phases_with_a_gap(tmp_path):
    phases = [{"TemporalPositionIdentifier": n} for n in (1, 2)]
    series = make.dynamic_series(phases, count=5)
    del series[4:6]  # both phases of the third slice
    ds = opened(tmp_path, series)
    assert ds.ct.shape == (2, 5, 4, 5)
    hu = ds.ct.isel(y=0, x=0)
    np.testing.assert_allclose(hu, [[-23, -21, -19, -17, -15], [-22, -20, -18, -16, -14]])
    assert ds.ct_uid.isel(z=1).values.tolist() == ds.ct_uid.isel(z=[1]).values.ravel().tolist()
    assert [len(set(uids)) for uids in ds.ct_uid.values] == [4, 4]
    assert "resampled-stack" in codes(ds)


@pytest.mark.parametrize(("slopes", "intercept"), [((1, 1, 1, 1, 1), -1024), ((1, 2, 3, 4, 5), 0)])
def test_what_is_written_is_what_was_shown(tmp_path, slopes, intercept):
    images = uneven(Modality="PT" if len(set(slopes)) > 1 else "CT")
    for ds, slope in zip(images, slopes, strict=True):
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
    ds = opened(tmp_path, [*images, make.structure_set(images)])
    table = ds.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out", on_irregular="raise")
    image = ds.rt.image
    np.testing.assert_array_equal(back.z, ds.z)
    np.testing.assert_allclose(back[image.name], image, atol=np.ptp(image.values) / 65535)
    found = {each["code"] for each in table.attrs["findings"]}
    assert "contour-image-gone" not in found
    assert len(set(back[model.uid_name(str(image.name))].values)) == 7  # each has its own
    changed = table["changed"][: len(back.z)]
    assert changed.str.contains("not at the position of a source slice").sum() == 2
    structures = pydicom.dcmread(tmp_path / "out" / "RTSTRUCT_1.dcm")
    named = [
        each.ContourImageSequence[0].ReferencedSOPInstanceUID
        for each in structures.ROIContourSequence[0].ContourSequence
    ]
    uids = back[model.uid_name(str(image.name))]
    assert named == uids.isel(z=[0, 1, 2, 5, 6]).values.tolist()


def test_every_door_knows_the_policy(tmp_path):
    ds = opened(tmp_path, uneven())
    folder = tmp_path / "in"
    engine = xr.open_dataset(folder, engine="rtxr", on_irregular="resample")
    np.testing.assert_array_equal(engine.z, ds.z)
    (leaf,) = rtxr.open_tree(folder, on_irregular="resample").leaves
    np.testing.assert_array_equal(leaf.ct, ds.ct)
    with pytest.raises(GeometryError, match="'keep', 'raise' or 'resample', not 'mend'"):
        rtxr.open_dir(folder, on_irregular="mend")


# --- real series ----------------------------------------------------------------------------------
@pytest.mark.data
def test_a_head_scan_of_a_tilted_gantry_with_two_steps(case_data):
    """4 mm steps in the skull base, 7 mm above, one of 1 mm between: 28 slices, tilted 18.5 deg."""
    folder = case_data("geometry") / "ct_gantry_tilt_ge"
    kept = rtxr.open_dir(folder)
    assert kept.ct.shape == (28, 512, 512)
    assert codes(kept) == {"irregular-spacing", "sheared-stack"}
    with pytest.raises(GeometryError, match=r"run from 1.081 to 6.999 mm \(usually 4.002\)"):
        rtxr.open_dir(folder, on_irregular="raise")
    even = rtxr.open_dir(folder, on_irregular="resample")
    assert even.ct.shape == (37, 512, 512)
    assert codes(even) == {"irregular-spacing", "sheared-stack", "resampled-stack"}
    np.testing.assert_array_equal(even.rt.grid().matrix, kept.rt.grid().matrix)
    np.testing.assert_allclose(even.slice[:14], kept.slice[:14], atol=0.01)
    assert float(even.slice[-1]) == pytest.approx(float(kept.slice[-1]), abs=4.22)
    np.testing.assert_array_equal(even.ct[13], kept.ct[13])
    at = float(even.slice[20])
    low = int(np.searchsorted(kept.slice, at)) - 1
    share = (at - float(kept.slice[low])) / float(kept.slice[low + 1] - kept.slice[low])
    below, above = (kept.ct[n].values.astype(float) for n in (low, low + 1))
    np.testing.assert_allclose(even.ct[20], below + share * (above - below), atol=1e-3)


@pytest.mark.data
def test_a_series_that_lacks_a_slice(case_data):
    folder = case_data("geometry") / "dicom2nifti_failing" / "sliceincrement"
    kept = rtxr.open_dir(folder, case=1)
    np.testing.assert_allclose(np.diff(kept.z), [5, 5, 10], atol=1e-3)
    assert {"irregular-spacing", "missing-slices"} <= codes(kept)
    with pytest.raises(GeometryError, match="1 slice"):
        rtxr.open_dir(folder, case=1, on_irregular="raise")
    even = rtxr.open_dir(folder, case=1, on_irregular="resample")
    np.testing.assert_allclose(np.diff(even.z), 5, atol=1e-3)
    np.testing.assert_array_equal(even.ct.isel(z=[0, 1, 2, 4]), kept.ct)
    np.testing.assert_allclose(even.ct[3], kept.ct[2:].mean("z"))


@pytest.mark.data
@pytest.mark.parametrize("policy", ["keep", "raise", "resample"])
def test_tilted_even_slices_are_the_same_under_any_policy(case_data, policy):
    folder = case_data("geometry") / "dicom2nifti_failing" / "gantrytilting"
    ds = rtxr.open_dir(folder, on_irregular=policy)
    assert ds.ct.shape == (4, 512, 512)
    assert ds.ct.dtype.kind == "i"
    assert np.ptp(np.diff(ds.slice)) < 0.01
    assert codes(ds) == {"no-frame-of-reference", "sheared-stack"}
