"""Masks to structures to files: opened again every mask is the identical one, voxel for voxel."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import factories as make
import numpy as np
import pydicom
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from rtxr import header_store, model


def masks(shape: tuple[int, int, int], seed: int) -> dict[str, np.ndarray]:
    """Masks with holes, islands, single voxels and the edges of the grid."""
    rng = np.random.default_rng(seed)
    at = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    ball = (at**2).sum(axis=0)
    lone = np.zeros(shape, dtype=bool)
    lone[tuple(rng.integers(0, shape))] = True
    return {
        "noise": rng.random(shape) < rng.uniform(0.05, 0.95),
        "shell": (ball < 0.8) & (ball > rng.uniform(0.1, 0.6)),
        "lone": lone,
        "all": np.ones(shape, dtype=bool),
        "gaps": (ball < 1.2) & (rng.random(shape[0]) < 0.5)[:, None, None],
    }


def masks_within(shape: tuple[int, int, int], seed: int) -> dict[str, np.ndarray]:
    """The same in the middle of a larger grid."""
    slices, rows, columns = shape
    size = (slices, 40, 30)
    ends = ((0, 0), (rows // 3, rows - rows // 3 - 40), (columns // 3, columns - columns // 3 - 30))
    return {name: np.pad(mask, ends) for name, mask in masks(size, seed).items()}


def assert_same_masks(ds: xr.Dataset, drawn: dict[str, np.ndarray], folder: Path) -> None:
    new = ds
    for name, mask in drawn.items():
        new = new.rt.add_structure(name, mask)
    new.rt.to_dicom(folder)
    back = rtxr.open_dir(folder)
    for name, mask in drawn.items():
        np.testing.assert_array_equal(back.mask.sel(roi=name).values, mask, name)
    for name in () if model.ROI not in ds.coords else ds.roi.values:
        np.testing.assert_array_equal(back.mask.sel(roi=name), ds.mask.sel(roi=name), name)


def test_masks_on_the_synthetic_patient(phantom, tmp_path):
    case = rtxr.open_dir(phantom).drop_vars("dose")
    assert_same_masks(case, masks(case.ct.shape, 1), tmp_path / "out")


_A, _B = math.cos(0.3), math.sin(0.3)
ORIENTATIONS = {
    "coronal": (1, 0, 0, 0, 0, -1),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "prone": (-1, 0, 0, 0, -1, 0),
    "oblique": (_A, _B, 0, -_B * _A, _A * _A, _B),
}


def stack(orientation: tuple[float, ...], count: int = 6) -> list[pydicom.Dataset]:
    cosines = np.array(orientation, dtype=float)
    normal = np.cross(cosines[:3], cosines[3:])
    return [
        make.ct_slice(
            n + 1,
            0,
            size=(9, 8),
            ImageOrientationPatient=[float(f"{value:.13g}") for value in cosines],
            ImagePositionPatient=[
                float(f"{value:.11g}") for value in np.array([-10.3, 20.1, 5.7]) + 3.1 * n * normal
            ],
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory) -> Callable[[str], xr.Dataset]:
    root = tmp_path_factory.mktemp("stacks")

    def opened(name: str) -> xr.Dataset:
        if not (root / name).exists():
            make.write(root / name, stack(ORIENTATIONS[name]))
        return rtxr.open_dir(root / name)

    return opened


@settings(max_examples=4)
@pytest.mark.parametrize("name", ORIENTATIONS)
@given(seed=st.integers(0, 10_000))
def test_masks_in_any_orientation(stacks, tmp_path_factory, name, seed):
    ds = stacks(name)
    folder = tmp_path_factory.mktemp("out") / "out"
    assert_same_masks(ds, masks(ds.ct.shape, seed), folder)
    written = pydicom.dcmread(folder / "RTSTRUCT_1.dcm")
    for roi in written.ROIContourSequence:
        assert all("ContourImageSequence" in each for each in roi.get("ContourSequence", ()))


# --- real data ------------------------------------------------------------------------------------
@pytest.mark.data
@pytest.mark.validators
def test_a_structure_beside_those_of_a_planning_system(case_data, tmp_path, validator):
    ds = rtxr.scan(case_data("breast_boost_eclipse"), progress=False).open().drop_vars("dose")
    drawn = ds.mask.sel(roi="Tumor Bed").any(("y", "x"))
    some = ds.isel(z=np.flatnonzero(drawn)[3:9], roi=[4, 8])
    ring = some.mask.sel(roi="Tumor Bed").values & ~some.mask.sel(roi="Heart").values
    assert 1000 < ring.sum() < 60_000
    assert_same_masks(some, {"ring": ring, "rest": ~ring}, tmp_path / "out")
    source = header_store.unpack(ds, [str(ds.structure_set_uid.values)])
    (path,) = (each.path for each in source.values())
    written = tmp_path / "out" / "RTSTRUCT_1.dcm"
    assert set(validator.dciodvfy(written)) <= set(validator.dciodvfy(path))
    assert set(validator.drtdump(written)) <= set(validator.drtdump(path))


@pytest.mark.data
@pytest.mark.validators
@pytest.mark.parametrize("number", [2, 3])
def test_structures_beside_those_of_a_contouring_system(case_data, tmp_path, validator, number):
    ds = rtxr.scan(case_data("rt_utils"), progress=False).select(case=number).open()
    assert_same_masks(ds, masks_within(ds.ct.shape, 3), tmp_path / "out")
    source = header_store.unpack(ds, [str(ds.structure_set_uid.values)])
    (path,) = (each.path for each in source.values())
    written = tmp_path / "out" / "RTSTRUCT_1.dcm"
    assert set(validator.dciodvfy(written)) <= set(validator.dciodvfy(path))
    assert set(validator.drtdump(written)) <= set(validator.drtdump(path))


@pytest.mark.data
def test_an_oblique_image_that_names_no_frame_of_reference(case_data, tmp_path):
    ds = rtxr.scan(case_data("rt_utils"), progress=False).select(case=1).open()
    given = ds.spatial_ref.assign_attrs(FrameOfReferenceUID="1.2.3.4")
    ds = ds.assign_coords(spatial_ref=given)
    assert_same_masks(ds, masks(ds.ct.shape, 4), tmp_path / "out")
