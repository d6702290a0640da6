"""The same answers for the same patient, however its images, contours and dose are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import factories
import numpy as np
import pandas as pd
import presented
import pydicom
import pytest
import xarray as xr
from analysis.shapes import rotation
from hypothesis import given, settings
from hypothesis import strategies as st
from presented import (
    CLEAR_AXES,
    DOSE_AXES,
    IMAGE_AXES,
    ORIENTATIONS,
    POSITIONS,
    Presentation,
    lattice,
    moved,
)

import rtxr
from rtxr import model

#: Volumes of a curve may differ by this part of the whole: the cells of the integration run along
#: the axes of the dose grid, and another grid cuts the structure into others.
CURVE = 1e-3
#: Files hold positions to a millionth of a millimetre and better.
ROUNDING = 1e-6
SAGITTAL, CORONAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
OBLIQUE = rotation((1, 2, 3), 25, (5, -8, 20))


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> dict[str, xr.Dataset]:
    """Head first supine, axial; by the axis across which contours are drawn."""
    folder = tmp_path_factory.mktemp("references")
    return {each: opened(folder / each, Presentation(across=each)) for each in presented.ACROSS}


@pytest.fixture(scope="module")
def clear(tmp_path_factory) -> dict[str, xr.Dataset]:
    """The same with voxels beside all edges, and a linear dose."""
    folder = tmp_path_factory.mktemp("clear")
    return {each: opened(folder / each, clear_of_edges(each)) for each in presented.ACROSS}


def clear_of_edges(across: str = "z", **more: Any) -> Presentation:
    return Presentation(image_axes=CLEAR_AXES, across=across, gray=presented.linear_dose, **more)


@pytest.fixture(scope="module")
def expected(references) -> dict[str, dict[str, xr.DataArray | pd.DataFrame]]:
    """Answers of the references."""
    return {across: answers(ds) for across, ds in references.items()}


def opened(folder: Path, how: Presentation) -> xr.Dataset:
    return rtxr.open_dir(presented.write(folder, how))


def answers(ds: xr.Dataset) -> dict[str, xr.DataArray | pd.DataFrame]:
    """Every computation over the grids of an axis-aligned case, also of a part of it."""
    some = ds.sel(z=slice(-6.6, 6.6), x=slice(-9.1, 3.9))  # ends on voxel centres
    few = ds.sel(dose_z=slice(-14.4, 4.2), dose_y=slice(-9.6, 16.5))
    return {
        **{name: ds[name].drop_vars(f"{name}_uid") for name in ("ct", "dose")},
        **{f"mask of {roi}": ds.rt.mask(roi) for roi in ds.roi.values},
        **{f"mask of {roi} on dose": ds.rt.mask(roi, grid="dose") for roi in ds.roi.values},
        **{f"coverage of {roi}": ds.rt.coverage(roi) for roi in ds.roi.values},
        "dose on image": ds.rt.dose_on(),
        "volumes": ds.rt.volumes().to_frame(),
        "dvh": ds.rt.dvh(["Box", "Flake"]),
        "selected ct": some.ct.drop_vars("ct_uid"),
        "cropped ct": ds.rt.crop(x=(-8, 5), z=(-7, 7)).ct.drop_vars("ct_uid"),
        "resampled ct": ds.rt.resample(spacing=2.5).ct.drop_vars("ct_uid"),
        "selected mask": some.rt.mask("Keyhole"),
        "selected dose": few.dose.drop_vars("dose_uid"),
        "selected dvh": few.rt.dvh("Parts"),
    }


def assert_same(found: xr.Dataset, wanted: dict[str, xr.DataArray | pd.DataFrame]) -> None:
    for name, answer in answers(found).items():
        if isinstance(answer, xr.DataArray):
            assert answer.identical(wanted[name]), name
        else:
            pd.testing.assert_frame_equal(answer, wanted[name], check_exact=True, obj=name)


def at(array: xr.DataArray, points: np.ndarray) -> np.ndarray:
    """Values of an array at patient points that are voxel centres of its grid."""
    grid = model.grid_of(array)
    index = grid.fractional_index(points)
    np.testing.assert_allclose(index, np.rint(index), atol=1e-6)
    return array.transpose(*grid.dims).values[tuple(np.rint(index).astype(int).T)]


def naive_mask(how: Presentation, name: str, points: np.ndarray) -> np.ndarray:
    """Even-odd within slabs, half-open, as it is defined, at own points (n, 3)."""
    u, v, w = presented.ACROSS[how.across]
    planes = presented.plane_positions(how.across, name)
    half = (IMAGE_AXES[w][1] - IMAGE_AXES[w][0]) / 2
    inside = np.zeros(len(points), dtype=bool)
    for polygon in presented.SHAPES[name]:
        (a, b), (c, d) = np.round(polygon, 3).T, np.roll(np.round(polygon, 3), -1, axis=0).T
        x, y = points[:, u, None], points[:, v, None]
        spans = (b <= y) != (d <= y)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = a + (y - b) * (c - a) / (d - b) <= x
        inside ^= (spans & left).sum(axis=1) % 2 == 1
    low, high = planes[0] - half - 1e-9, planes[-1] + half - 1e-9
    return inside & (points[:, w] >= low) & (points[:, w] < high)


@pytest.mark.parametrize("across", presented.ACROSS)
def test_the_reference_is_the_analytic_truth(references, across):
    how = Presentation(across=across)
    ds, points = references[across], lattice(IMAGE_AXES).reshape(-1, 3)
    np.testing.assert_array_equal(at(ds.ct, points), np.rint(presented.ct_number(points)))
    gray = presented.trilinear_dose(points)
    np.testing.assert_allclose(at(ds.rt.dose_on(), points), gray, atol=presented.DOSE_STEP)
    for name in presented.SHAPES:
        found = at(ds.mask.sel(roi=name), points)
        np.testing.assert_array_equal(found, naive_mask(how, name, points), name)
    voxel = np.prod([axis[1] - axis[0] for axis in IMAGE_AXES]) / 1000
    for roi, volume in ds.rt.volumes().items():
        assert ds.rt.coverage(roi).sum() * voxel == pytest.approx(volume, rel=1e-12)


@pytest.mark.parametrize("number", range(len(ORIENTATIONS)))
def test_every_axis_aligned_presentation_is_the_same_case(tmp_path, expected, number):
    """Images, doses in another orientation and order, any Patient Position: bit for bit equal."""
    tags = [*POSITIONS, "", None]
    how = Presentation(
        image=ORIENTATIONS[number],
        dose=ORIENTATIONS[(7 * number + 5) % len(ORIENTATIONS)],
        frames=("up", "down")[number % 2],
        across="zxy"[number % 3],
        position=tags[number % len(tags)],
    )
    assert_same(opened(tmp_path, how), expected[how.across])


def assert_same_curves(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    rows = min(len(found), len(wanted))
    differences = (found.iloc[:rows] - wanted.iloc[:rows]).abs().max()
    assert (differences <= CURVE * wanted.iloc[0]).all(), differences
    for table in (found, wanted):
        assert (table.iloc[rows:] <= CURVE * wanted.iloc[0]).all(axis=None)


def assert_whole(ds: xr.Dataset, roi: str, name: str) -> None:
    """What voxels hold of a ROI adds up to its volume."""
    grid = model.grid_of(ds, name)
    voxel = np.prod(grid.spacing) * abs(np.linalg.det(grid.matrix)) / 1000
    whole = float(ds.rt.coverage(roi, grid=name).sum()) * voxel
    assert whole == pytest.approx(ds.rt.volumes(roi)[roi], rel=1e-6)


def assert_dose(found: np.ndarray, how: Presentation, points: np.ndarray) -> None:
    """The dose function inside the lattice of the dose, NaN outside, at own points (n, 3)."""
    back = None if how.dose_turn is None else np.linalg.inv(how.dose_turn)
    own = moved(points, back)
    low, high = ([end(axis) for axis in how.dose_axes] for end in (np.min, np.max))
    depth = np.minimum(own - low, high - own).min(axis=1)
    assert np.isnan(found[depth < -0.02]).all()
    inside = depth >= 0
    assert inside.any()
    np.testing.assert_allclose(found[inside], how.gray(points[inside]), atol=ROUNDING)


@settings(max_examples=8)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    image=st.sampled_from(ORIENTATIONS),
    dose=st.sampled_from(ORIENTATIONS),
    frames=st.sampled_from(["up", "down"]),
    across=st.sampled_from(list(presented.ACROSS)),
)
def test_a_turned_patient_has_the_same_answers(
    tmp_path_factory, clear, angles, image, dose, frames, across
):
    """Images, contours and dose turned together, each stored in any orientation."""
    matrix = OBLIQUE
    for axis, angle in zip(np.eye(3), angles, strict=True):
        matrix = matrix @ rotation(axis, angle)
    how = clear_of_edges(across, image=image, dose=dose, frames=frames, turn=matrix)
    ds, same = opened(tmp_path_factory.mktemp("turned") / "dicom", how), clear[across]
    own = lattice(CLEAR_AXES).reshape(-1, 3)
    points = moved(own, matrix)
    np.testing.assert_array_equal(at(ds.ct, points), at(same.ct, own))
    for roi in same.roi.values:
        np.testing.assert_array_equal(at(ds.rt.mask(roi), points), at(same.rt.mask(roi), own))
        wanted = at(same.rt.coverage(roi), own)
        np.testing.assert_allclose(at(ds.rt.coverage(roi), points), wanted, atol=ROUNDING)
    assert_dose(at(ds.rt.dose_on(), points), how, own)
    np.testing.assert_allclose(ds.rt.volumes(), same.rt.volumes(), rtol=1e-7)
    assert_same_curves(ds.rt.dvh("Hole"), same.rt.dvh("Hole"))


@pytest.mark.parametrize(
    ("number", "degrees", "across"), [(0, 15, "z"), (1, -15, "z"), (13, 9, "x")]
)
def test_a_tilted_gantry_only_moves_voxels(tmp_path, clear, number, degrees, across):
    turn = rotation((0, 0, 1), 5)
    how = clear_of_edges(across, image=ORIENTATIONS[number], tilt=degrees, turn=turn)
    ds, same = opened(tmp_path, how), clear[across]
    assert "sheared-stack" in set(ds.rt.findings["code"])
    own = presented.leaning(how, lattice(CLEAR_AXES).reshape(-1, 3))
    points = moved(own, how.turn)
    assert np.abs(at(ds.ct, points) - presented.ct_number(own)).max() < 0.501
    for name in presented.SHAPES:
        found = at(ds.rt.mask(name), points)
        np.testing.assert_array_equal(found, naive_mask(how, name, own), name)
        assert_whole(ds, name, "image")
    assert_dose(at(ds.rt.dose_on(), points), how, own)
    np.testing.assert_allclose(ds.rt.volumes(), same.rt.volumes(), rtol=1e-7)
    assert_same_curves(ds.rt.dvh("Flake"), same.rt.dvh("Flake"))


@pytest.mark.parametrize(("number", "degrees", "across"), [(0, 15, "z"), (13, 9, "x")])
def test_contours_on_tilted_slices(tmp_path, clear, number, degrees, across):
    """Leaning with the slices, they have the mask of straight contours on straight slices."""
    how = clear_of_edges(across, image=ORIENTATIONS[number], tilt=degrees, on_slices=True)
    ds, same = opened(tmp_path, how), clear[across]
    own = lattice(CLEAR_AXES).reshape(-1, 3)
    points = presented.leaning(how, own)
    for roi in same.roi.values:
        np.testing.assert_array_equal(at(ds.rt.mask(roi), points), at(same.rt.mask(roi), own))
        wanted = at(same.rt.coverage(roi), own)
        np.testing.assert_allclose(at(ds.rt.coverage(roi), points), wanted, atol=ROUNDING)
    np.testing.assert_allclose(ds.rt.volumes(), same.rt.volumes(), rtol=1e-7)


@pytest.mark.parametrize(
    ("axis", "degrees", "dose"),
    [
        ((0, 0, 1), 90, 0),
        ((1, 0, 0), 90, 13),
        ((0, 1, 0), -90, 22),
        ((0, 0, 1), 30, 0),
        ((1, 2, 3), 40, 6),
    ],
)
def test_a_dose_turned_against_the_image(tmp_path, clear, axis, degrees, dose):
    turn = rotation(axis, degrees)
    turn = np.round(turn) if degrees % 90 == 0 else turn
    how = clear_of_edges(dose=ORIENTATIONS[dose], dose_turn=turn)
    ds = opened(tmp_path, how)
    assert model.grid_of(ds, "dose").is_axis_aligned == (degrees % 90 == 0)
    points = lattice(CLEAR_AXES).reshape(-1, 3)
    assert_dose(at(ds.rt.dose_on(), points), how, points)
    assert_whole(ds, "Hole", "dose")
    rois = ["Keyhole", "Flake"]
    assert_same_curves(ds.rt.dvh(rois), clear["z"].rt.dvh(rois))


@pytest.mark.parametrize("dose", ["HFS", "HFP", "FFS", "FFP"])
@pytest.mark.parametrize(
    ("offsets", "frames"),
    [("absolute", "up"), ("absolute", "down"), ("odd", "up"), ("odd", "down"), ("none", "up")],
)
def test_frame_offsets_of_every_kind(tmp_path, references, dose, offsets, frames):
    how = Presentation(dose=POSITIONS[dose], frames=frames, offsets=offsets)
    factories.write(tmp_path / "dose", presented.dose(how))
    ds = rtxr.open_dir(tmp_path / "dose")
    codes = {"odd": {"frame-offsets-odd"}, "none": {"frame-offsets-missing"}}
    assert {each for each in ds.rt.findings["code"] if "frame" in each} == codes.get(offsets, set())
    for name in ("dose", "dose_z", "dose_y", "dose_x"):
        np.testing.assert_array_equal(ds[name], references["z"][name])


UNEVEN = np.array([-17.5, -14.4, -9.1, -6.0, -2.9, 0.2, 8.3, 11.4, 17.6])


@pytest.mark.parametrize("frames", ["up", "down"])
@pytest.mark.parametrize(("dose", "axis"), [(POSITIONS["FFS"], 2), (SAGITTAL, 0), (CORONAL, 1)])
def test_uneven_dose_frames_keep_their_places(tmp_path, clear, dose, axis, frames):
    axes = list(DOSE_AXES)
    axes[axis] = UNEVEN
    how = clear_of_edges(dose=dose, frames=frames, dose_axes=tuple(axes))
    ds = opened(tmp_path, how)
    np.testing.assert_array_equal(ds[("dose_x", "dose_y", "dose_z")[axis]], UNEVEN)
    points = lattice(CLEAR_AXES).reshape(-1, 3)
    assert_dose(at(ds.rt.dose_on(), points), how, points)
    assert_same_curves(ds.rt.dvh("Hole"), clear["z"].rt.dvh("Hole"))


@pytest.mark.parametrize(("dose", "axis"), [(POSITIONS["HFP"], 2), (SAGITTAL, 0), (CORONAL, 1)])
def test_a_dose_of_one_plane_is_known_on_that_plane(tmp_path, dose, axis):
    plane = IMAGE_AXES[axis][4]
    axes = list(DOSE_AXES)
    axes[axis] = np.array([plane])
    how = Presentation(dose=dose, dose_axes=tuple(axes))
    ds = opened(tmp_path, how)
    assert ds[("dose_x", "dose_y", "dose_z")[axis]].values.tolist() == [plane]
    points = lattice(IMAGE_AXES).reshape(-1, 3)
    assert_dose(at(ds.rt.dose_on(), points), how, points)


@pytest.mark.parametrize(("image", "axis"), [(POSITIONS["FFP"], 2), (SAGITTAL, 0), (CORONAL, 1)])
def test_uneven_slices_keep_their_places(tmp_path, references, image, axis):
    axes = list(CLEAR_AXES)
    axes[axis] = np.delete(CLEAR_AXES[axis], [2, 3, 5])
    how = Presentation(image=image, image_axes=tuple(axes))
    ds = opened(tmp_path, how)
    assert {"irregular-spacing", "missing-slices"} <= set(ds.rt.findings["code"])
    points = lattice(how.image_axes).reshape(-1, 3)
    np.testing.assert_array_equal(at(ds.ct, points), np.rint(presented.ct_number(points)))
    widths = [np.diff(model.grid_of(ds).edges(dim)) for dim in range(3)]
    cells = np.einsum("i,j,k->ijk", *widths) / 1000
    for name, volume in references["z"].rt.volumes().drop(presented.FLAKE).items():
        np.testing.assert_array_equal(
            at(ds.mask.sel(roi=name), points), naive_mask(how, name, points)
        )
        assert (ds.rt.coverage(name) * cells).sum() == pytest.approx(volume, rel=1e-9)
    assert_dose(at(ds.rt.dose_on(), points), how, points)


STORED = {
    "axial": Presentation(offsets="absolute", frames="down"),
    "feet first": Presentation(
        image=POSITIONS["FFS"], dose=POSITIONS["FFS"], offsets="absolute", frames="down"
    ),
    "sagittal": Presentation(image=SAGITTAL, dose=POSITIONS["HFDL"], frames="down"),
    "mirrored": Presentation(image=ORIENTATIONS[9], dose=ORIENTATIONS[2], offsets="odd"),
    "coronal dose": Presentation(image=ORIENTATIONS[22], dose=CORONAL),
    "turned": Presentation(
        image=ORIENTATIONS[13], dose=ORIENTATIONS[18], frames="down", turn=OBLIQUE
    ),
    "tilted": Presentation(image=ORIENTATIONS[11], tilt=-12, turn=OBLIQUE, on_slices=True),
}


@pytest.mark.parametrize("name", STORED)
def test_an_export_is_stored_as_its_source_was(tmp_path, name):
    ds = opened(tmp_path / "in", STORED[name])
    table = ds.rt.to_dicom(tmp_path / "out")
    assert not table["changed"].any()
    back = rtxr.open_dir(tmp_path / "out")
    names = ("ct", "dose", "ct_uid", "mask", *model.STRUCTURE_COORDS)
    for each in (*names, *ds.ct.dims, *ds.dose.dims):
        np.testing.assert_array_equal(back[each], ds[each], each)
    source = {each.SOPInstanceUID: each for each in presented.objects(STORED[name])}
    for path in table["path"]:
        header = pydicom.dcmread(path)
        for keyword in ("ImageOrientationPatient", "ImagePositionPatient", "GridFrameOffsetVector"):
            assert header.get(keyword) == source[header.SOPInstanceUID].get(keyword)


@pytest.mark.parametrize("name", ["feet first", "sagittal", "turned", "tilted"])
def test_a_part_exported_is_where_it_was(tmp_path, name):
    ds = opened(tmp_path / "in", STORED[name])
    image, dose = model.grid_of(ds), model.grid_of(ds, "dose")
    first, *_, last = image.dims
    cut = {first: slice(1, -2), last: slice(2, None), dose.dims[0]: slice(1, None)}
    part = ds.isel({**cut, dose.dims[1]: slice(2, -1)}).assign(dose=ds.dose * 1.5)
    table = part.rt.to_dicom(tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out")
    for each in ("ct", "dose"):
        grid = model.grid_of(part[each])
        own = np.stack(np.meshgrid(*grid.axes[::-1], indexing="ij"), axis=-1).reshape(-1, 3)
        points = grid.to_patient(own)
        assert back[each].size == part[each].size
        wanted = at(part[each], points)
        np.testing.assert_allclose(at(back[each], points), wanted, atol=2 * presented.DOSE_STEP)
    assert_same_curves(back.rt.dvh("Parts"), part.rt.dvh("Parts"))
    orientations = {
        str(header.ImageOrientationPatient)
        for header in map(pydicom.dcmread, table["path"])
        if header.Modality == "CT"
    }
    assert len(orientations) == 1
    (given,) = orientations
    assert given in {
        str(each.get("ImageOrientationPatient")) for each in presented.objects(STORED[name])
    }
