"""Masks as solids: volumes are counted voxels, doses those of their boxes, faces included."""

from itertools import product

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.shapes import axial_grid, make_case, rotation, square, stack, turned
from rtxr import model
from rtxr.analysis.grids.resample import Field
from rtxr.analysis.statistics import dvh
from rtxr.analysis.statistics.dose_volume import integrate
from rtxr.analysis.statistics.mask_slabs import mask_slabs
from rtxr.errors import GeometryError, MissingDataError, RTXRError
from rtxr.geometry import Grid

SPACING = (4.0, 3.0, 2.0)


def on(grid, values):
    return xr.DataArray(values, model.grid_coords(grid), grid.dims, "mask")


def random_mask(grid, seed=0, share=0.4):
    return on(grid, np.random.default_rng(seed).random(grid.shape) < share)


def halves(values):
    """Trilinear values at every voxel's centre, faces, edges and corners, inner voxels only.

    Returns (offsets, z, y, x): 27 places of each voxel of values[1:-1, 1:-1, 1:-1].
    """
    found = []
    for offset in product((-1, 0, 1), repeat=3):
        here = values
        for axis, step in enumerate(offset):
            here = (here + np.roll(here, -step, axis)) / 2
        found.append(here[1:-1, 1:-1, 1:-1])
    return np.array(found)


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(2, 6)] * 3),
    st.sampled_from([np.eye(4), rotation(), np.diag([-1.0, -1.0, 1.0, 1.0])]),
)
@settings(max_examples=40, deadline=None)
def test_the_volume_is_that_of_the_voxels(seed, shape, matrix):
    grid = axial_grid(shape, SPACING, (-7.0, 3.0, 11.0))
    grid = grid if np.array_equal(matrix, np.eye(4)) else turned(grid, matrix)
    mask = random_mask(grid, seed)
    found = mask_slabs("A", mask)
    assert found.volume_cc() == pytest.approx(int(mask.sum()) * 0.024, rel=1e-12)
    assert found.findings == () or not mask.any()


def test_uneven_slices_count_half_way_to_their_neighbours():
    z = np.array([0.0, 2.0, 5.0, 10.0])
    grid = Grid(("z", "y", "x"), (z, np.arange(4.0), np.arange(5.0)))
    mask = random_mask(grid, 3)
    thickness = np.array([2.0, 2.5, 4.0, 5.0])
    truth = float((mask.sum(("y", "x")).values * thickness).sum()) / 1000
    for presented in (mask, mask[::-1], mask[:, ::-1, ::-1].transpose("x", "z", "y")):
        assert mask_slabs("A", presented).volume_cc() == pytest.approx(truth, rel=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_extremes_include_faces_edges_and_corners(seed):
    grid = axial_grid((7, 8, 9), SPACING, prefix="dose_")
    rng = np.random.default_rng(seed)
    values, mask = rng.random(grid.shape), np.zeros(grid.shape, dtype=bool)
    mask[1:-1, 1:-1, 1:-1] = rng.random((5, 6, 7)) < 0.1
    mask[3, 3, 3] = True
    places = halves(values)[:, mask[1:-1, 1:-1, 1:-1]]
    found = integrate(mask_slabs("A", on(grid, mask)), Field(grid, values))
    assert found.minimum == pytest.approx(places.min(), rel=1e-9)
    assert found.maximum == pytest.approx(places.max(), rel=1e-9)


def test_the_mean_is_the_integral_over_the_boxes():
    grid = axial_grid((7, 8, 9), SPACING, prefix="dose_")
    rng = np.random.default_rng(1)
    values, mask = rng.random(grid.shape), np.zeros(grid.shape, dtype=bool)
    mask[1:-1, 1:-1, 1:-1] = rng.random((5, 6, 7)) < 0.5
    of_voxel = values
    for axis in range(3):  # a hat function over its own and its neighbours' halves
        sides = np.roll(of_voxel, 1, axis) + np.roll(of_voxel, -1, axis)
        of_voxel = of_voxel * 3 / 4 + sides / 8
    found = integrate(mask_slabs("A", on(grid, mask)), Field(grid, values))
    assert found.mean == pytest.approx(of_voxel[mask].mean(), rel=1e-3)
    assert found.outside_fraction == 0


def test_a_box_of_voxels_is_the_box_of_contours():
    grid = axial_grid((30, 30, 30), (2.0,) * 3, (-29.0,) * 3, "dose_")
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    heights = np.arange(-9.0, 10.0, 2.0)
    ds = make_case({"Box": stack(square(10.0), heights)}, None, (grid, 40 + x + y / 2 - z / 3))
    inside = (abs(ds.dose_z) < 10) & (abs(ds.dose_y) < 10) & (abs(ds.dose_x) < 10)
    table = ds.rt.dvh("Box", mask={"voxels": inside.assign_coords(ds.dose.coords)})
    assert table.columns.tolist() == ["Box", "voxels"]
    assert table["voxels"].to_numpy() == pytest.approx(table["Box"].to_numpy(), abs=2e-3)
    one, two = (table.attrs["rois"][name] for name in ("Box", "voxels"))
    assert [*one.values()] == pytest.approx([*two.values()], abs=1e-9)


def test_holes_and_corners_do_not_join():
    grid = axial_grid((2, 5, 5), (1.0,) * 3)
    values = np.ones(grid.shape, dtype=bool)
    values[:, 2, 2] = False
    assert mask_slabs("A", on(grid, values)).volume_cc() == pytest.approx(0.048, rel=1e-12)
    checks = np.indices(grid.shape).sum(axis=0) % 2 == 0
    assert mask_slabs("A", on(grid, checks)).volume_cc() == pytest.approx(0.025, rel=1e-12)


def test_a_single_slice_is_as_thick_as_those_of_the_case():
    grid = axial_grid((5, 6, 7), SPACING)
    mask = on(grid, np.ones(grid.shape, dtype=bool))
    for dim, volume in (("z", 42 * 0.024), ("y", 35 * 0.024), ("x", 30 * 0.024)):
        found = mask_slabs("A", mask.isel({dim: [2]}), grid)
        assert found.volume_cc() == pytest.approx(volume)
        assert [(each.code, each.severity) for each in found.findings] == [("single-plane", "info")]
        unknown = mask_slabs("A", mask.isel({dim: 2}))
        assert np.isnan(unknown.volume_cc())
        assert unknown.findings[0].severity == "warning"
    with pytest.raises(GeometryError, match="one voxel along"):
        mask_slabs("A", mask.isel(z=2, y=3))


def test_an_empty_mask_is_a_finding():
    grid = axial_grid((5, 6, 7), SPACING, prefix="dose_")
    found = mask_slabs("A", on(grid, np.zeros(grid.shape, dtype=bool)))
    assert (found.volume_cc(), [each.code for each in found.findings]) == (0, ["mask-empty"])
    assert integrate(found, Field(grid, np.ones(grid.shape))).volume_cc == 0


def test_masks_need_no_structures_and_may_be_of_another_grid():
    dose = axial_grid((20, 20, 20), (3.0,) * 3, (-28.5,) * 3, "dose_")
    ds = make_case({}, None, (dose, np.full(dose.shape, 20.0)))[["dose"]]
    grid = turned(axial_grid((8, 8, 8), (2.0,) * 3, (-7.0,) * 3), rotation())
    mask = on(grid, np.ones(grid.shape, dtype=bool))
    table = dvh.dvh(ds.drop_vars([model.ROI], errors="ignore"), mask=mask)
    assert table.columns.tolist() == ["mask"]
    assert table["mask"].iloc[0] == pytest.approx(4.096)
    assert table.attrs["rois"]["mask"]["mean_gy"] == pytest.approx(20)
    other = ds.assign(dose_2=ds.dose)
    masks = {"hot": ds.dose > 10, "cold": ds.dose < 10}
    found = dvh.roi_doses(other, mask=masks, dose="dose_2")
    assert [each.volume_cc for each in found] == pytest.approx([8000 * 0.027, 0])


def test_another_frame_of_reference_is_a_finding():
    here = Grid(("z", "y", "x"), axial_grid((5, 6, 7), SPACING).axes, np.eye(4), "1.2.3")
    there = Grid(here.dims, here.axes, here.matrix, "1.2.4")
    mask = on(there, np.ones(there.shape, dtype=bool))
    codes = [each.code for each in mask_slabs("A", mask, here).findings]
    assert codes == ["frame-of-reference-mismatch"]
    assert mask_slabs("A", mask, there).findings == ()


def test_what_is_no_mask_is_refused():
    grid = axial_grid((5, 6, 7), SPACING)
    mask = on(grid, np.ones(grid.shape, dtype=bool))
    with pytest.raises(RTXRError, match="array without coordinates"):
        mask_slabs("A", mask.values)
    with pytest.raises(RTXRError, match="read_nifti"):
        mask_slabs("A", "mask.nii.gz")
    with pytest.raises(RTXRError, match="something else"):
        mask_slabs("A", mask * 3.0)
    with pytest.raises(MissingDataError, match="needs coordinates"):
        mask_slabs("A", mask.drop_vars("z"))
    with pytest.raises(GeometryError, match="dimensions \\['roi'\\] beside"):
        mask_slabs("A", mask.expand_dims("roi"))
    with pytest.raises(GeometryError, match="repeat"):
        mask_slabs("A", mask.assign_coords(x=np.r_[0.0, 0.0, 1:6]))
    assert mask_slabs("A", mask.astype(float)).volume_cc() == pytest.approx(210 * 0.024)
