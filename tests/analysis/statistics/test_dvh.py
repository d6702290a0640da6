"""DVHs against closed form: every curve is that of the contoured slab solid."""

import numpy as np
import pytest

from analysis.shapes import (
    at_height,
    axial_grid,
    circle,
    make_case,
    moved,
    rotation,
    square,
    stack,
    turned,
)
from rtxr import model
from rtxr.analysis.statistics import dvh
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError

RADIUS = 12.0
HEIGHTS = np.arange(-9.0, 10.0, 3.0)  # slabs from -10.5 to 10.5
LEVELS = (99, 95, 50, 5, 1)


def dose_grid(spacing, shift=0.0):
    n = round(60 / spacing) + 1
    return axial_grid((n,) * 3, (spacing,) * 3, (-30.0 + shift * spacing,) * 3, "dose_")


def dosed(rois, function, spacing=2.0, shift=0.0, image=None, matrix=None):
    """Case whose dose is a function of patient points, (..., 3)."""
    grid = dose_grid(spacing, shift)
    grid = grid if matrix is None else turned(grid, matrix)
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([x, y, z], axis=-1))
    return make_case(rois, image, (grid, function(points)))


def ramp(axis):
    """Dose that grows by 1 Gy per mm along a patient axis, 16 Gy at the origin."""
    return lambda points: 16 + points[..., axis]


def segment(t):
    """Area of a disc of radius 1 to the right of x = t."""
    t = np.clip(t, -1, 1)
    return np.arccos(t) - t * np.sqrt(1 - t * t)


def check(found, dose_of_share, low, high):
    """Doses to shares of the volume within 0.3 % or 0.01 Gy of the truth."""
    for level in LEVELS:
        truth = dose_of_share(level / 100)
        got = found.dose_at(level / 100 * found.volume_cc)
        assert got == pytest.approx(truth, rel=0.003, abs=0.01), level
    assert found.minimum == pytest.approx(low, rel=2e-5)
    assert found.maximum == pytest.approx(high, rel=2e-5)


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_cylinder_across_a_gradient(spacing, shift):
    ds = dosed({"A": stack(circle(RADIUS, 720), HEIGHTS)}, ramp(0), spacing, shift)
    found = dvh.roi_doses(ds, "A")[0]
    t = np.linspace(-1, 1, 20001)
    share = segment(t) / np.pi
    check(found, lambda s: 16 + RADIUS * np.interp(-s, -share, t), 4, 28)
    assert found.volume_cc == pytest.approx(np.pi * RADIUS**2 * 21 / 1000, rel=1e-9)
    assert found.mean == pytest.approx(16, rel=1e-6)


@pytest.mark.parametrize("spacing", [1.0, 2.0, 3.0])
def test_cylinder_along_a_gradient(spacing):
    ds = dosed({"A": stack(circle(RADIUS), HEIGHTS)}, ramp(2), spacing, 0.3)
    check(dvh.roi_doses(ds, "A")[0], lambda s: 16 + 10.5 - 21 * s, 5.5, 26.5)


@pytest.mark.parametrize("spacing", [1.0, 3.0])
def test_box_across_a_diagonal_gradient(spacing):
    ds = dosed({"A": stack(square(10.5), HEIGHTS)}, lambda p: 40 + p.sum(axis=-1) / 2, spacing, 0.2)
    # The sum of three equal uniform distributions (Irwin-Hall), 0 to 3.
    s = np.linspace(0, 3, 30001)
    below = (s**3 - 3 * np.clip(s - 1, 0, None) ** 3 + 3 * np.clip(s - 2, 0, None) ** 3) / 6
    found = dvh.roi_doses(ds, "A")[0]
    check(found, lambda share: 40 + 10.5 * (np.interp(1 - share, below, s) - 1.5), 24.25, 55.75)


@pytest.mark.parametrize("spacing", [1.0, 3.0])
def test_sphere_of_slabs_across_a_gradient(spacing):
    z = np.arange(-11.0, 12.0, 2.0)
    radii = np.sqrt(RADIUS**2 - z**2)
    shape = [at_height(circle(r, 720), h) for r, h in zip(radii, z, strict=True)]
    found = dvh.roi_doses(dosed({"A": shape}, ramp(1), spacing, 0.4), "A")[0]
    t = np.linspace(-RADIUS, RADIUS, 20001)
    area = sum(r * r * segment(t / r) for r in radii)
    share = area / area[0]
    assert found.volume_cc == pytest.approx(2 * area[0] / 1000, rel=1e-9)
    check(found, lambda s: 16 + np.interp(-s, -share, t), 16 - radii.max(), 16 + radii.max())


def test_gaussian_in_a_cylinder():
    # exp(-r2 / 2 s2): the share of the disc with at least D is 2 s2 ln(Dmax / D) / R2. The dose
    # between voxels is trilinear, so the grid must be fine for the formula to hold.
    sigma, top = 10.0, 60.0
    ds = dosed(
        {"A": stack(circle(RADIUS, 720), HEIGHTS)},
        lambda p: top * np.exp(-(p[..., 0] ** 2 + p[..., 1] ** 2) / (2 * sigma**2)),
        1.0,
    )
    found = dvh.roi_doses(ds, "A")[0]
    for level in LEVELS:
        truth = top * np.exp(-level / 100 * RADIUS**2 / (2 * sigma**2))
        assert found.dose_at(level / 100 * found.volume_cc) == pytest.approx(truth, rel=0.003)
    assert found.maximum == pytest.approx(top)  # a voxel centre inside


@pytest.mark.parametrize("seed", range(3))
def test_no_dose_beyond_those_of_the_grid(seed):
    sparse = np.random.default_rng(seed)

    def speckles(points):
        return np.where(sparse.random(points.shape[:-1]) < 0.02, 60.0, 0.0)

    ds = dosed({"A": stack(circle(RADIUS, 720), HEIGHTS)}, speckles, 3.0, 0.3)
    found = dvh.roi_doses(ds, "A")[0]
    assert found.minimum == 0
    assert found.maximum <= 60


def test_uniform_dose_is_a_step():
    ds = dosed({"A": stack(circle(RADIUS), HEIGHTS)}, lambda p: np.full(p.shape[:-1], 14.1))
    found = dvh.roi_doses(ds, "A")[0]
    assert (found.minimum, found.maximum) == (14.1, 14.1)
    assert found.mean == pytest.approx(14.1)
    assert found.dose_at(found.volume_cc * 0.95) == 14.1
    assert found.volume_at([14.1, 14.2]).tolist() == [found.volume_cc, 0]
    table = dvh.dvh(ds, bin_width=0.1)
    assert table["A"].iloc[[0, 140, 141, 142]].to_list() == [found.volume_cc] * 2 + [
        table["A"].iloc[141],
        0,
    ]


def test_two_plateaus_stay_two():
    # Left half 10 Gy, right half 20 Gy, a step between voxel centres at -1 and 1.
    ds = dosed(
        {"A": stack(square(11.0), HEIGHTS)}, lambda p: np.where(p[..., 0] < 0, 10.0, 20.0), 2.0, 0.5
    )
    found = dvh.roi_doses(ds, "A")[0]
    assert found.dose_at(0.4 * found.volume_cc) == pytest.approx(20, abs=0.002)
    assert found.dose_at(0.6 * found.volume_cc) == pytest.approx(10, abs=0.002)
    share = float(found.volume_at(19.99)) / found.volume_cc
    assert share == pytest.approx(10 / 22, rel=0.01)
    assert found.mean == pytest.approx(15)


def test_hot_voxel_centre_inside_decides_the_maximum():
    grid = dose_grid(3.0)
    values = np.zeros(grid.shape)
    values[10, 10, 10] = 50.0  # at the origin
    ds = make_case({"A": stack(square(10.3), HEIGHTS)}, None, (grid, values))
    found = dvh.roi_doses(ds, "A")[0]
    assert found.maximum == 50.0
    assert found.minimum == 0.0
    # The integral of a trilinear hat is its height times the voxel's volume.
    assert found.mean * found.volume_cc == pytest.approx(50 * 0.027, rel=1e-9)


@pytest.mark.parametrize("factor", [1.0, 30.0])
def test_mean_is_exact_for_small_and_large_structures(factor):
    # Trilinear dose with kinks everywhere; a box along the voxels integrates in closed form.
    rng = np.random.default_rng(0)
    grid = axial_grid((9,) * 3, (3.0 * factor,) * 3, (-12.0 * factor,) * 3, "dose_")
    values = rng.uniform(0, 10, grid.shape)
    heights = np.arange(-6.0, 7.0, 3.0) * factor
    ds = make_case({"A": stack(square(6.0 * factor), heights)}, None, (grid, values))

    def weights(low, high):
        fine = np.linspace(low, high, 24001)
        middle = (fine[1:] + fine[:-1]) / 2 / (3 * factor) + 4
        return np.array([np.clip(1 - np.abs(middle - k), 0, None).mean() for k in range(9)])

    z, y = weights(-7.5 * factor, 7.5 * factor), weights(-6.0 * factor, 6.0 * factor)
    truth = np.einsum("i,j,k,ijk", z, y, y, values)
    assert dvh.roi_doses(ds, "A")[0].mean == pytest.approx(truth, rel=1e-6)


def test_end_caps():
    ds = dosed({"A": stack(square(5.0), HEIGHTS)}, ramp(2))
    half, none = (dvh.roi_doses(ds, "A", end_cap=cap)[0] for cap in ("half", "none"))
    assert (half.volume_cc, none.volume_cc) == pytest.approx((2.1, 1.8))
    assert (none.minimum, none.maximum) == pytest.approx((7, 25))


def test_union_on_request():
    pair = [at_height(square(5.0, (x, 0.0)), z) for z in HEIGHTS for x in (0.0, 5.0)]
    ds = dosed({"A": pair}, ramp(0))
    length = 3.0 * len(HEIGHTS)
    xor, union = (dvh.roi_doses(ds, "A", combine=combine)[0] for combine in ("xor", "union"))
    assert (xor.volume_cc, union.volume_cc) == pytest.approx((0.1 * length, 0.15 * length))
    assert union.mean == pytest.approx(ramp(0)(np.array([2.5, 0.0, HEIGHTS.mean()])))
    table = dvh.dvh(ds, combine="union")
    assert table.attrs["combine"] == "union"
    assert table["A"].iloc[0] == pytest.approx(union.volume_cc)
    assert [each["code"] for each in table.attrs["findings"]] == ["crossing-contours"]


def test_holes_do_not_count():
    ring = [at_height(each, z) for z in HEIGHTS for each in (circle(10.0), circle(5.0))]
    ds = dosed({"A": ring}, lambda p: np.hypot(p[..., 0], p[..., 1]), 1.0)
    found = dvh.roi_doses(ds, "A")[0]
    assert found.minimum == pytest.approx(5, abs=0.03)
    truth = (2 / 3) * (1000 - 125) / (100 - 25)
    assert found.mean == pytest.approx(truth, rel=0.002)


def test_volume_outside_the_dose_grid_is_reported_and_not_zero_dose():
    grid = axial_grid((40, 40, 11), (2.0,) * 3, (-39.0, -39.0, -20.0), "dose_")  # x to 0
    ds = make_case({"A": stack(square(10.0), HEIGHTS)}, None, (grid, np.full(grid.shape, 30.0)))
    found = dvh.roi_doses(ds, "A")[0]
    assert found.outside_fraction == pytest.approx(0.5)
    assert found.mean == pytest.approx(30)
    assert found.minimum == 30
    assert [finding.code for finding in found.findings] == ["outside-dose-grid"]
    table = dvh.dvh(ds)
    assert table["A"].iloc[0] == pytest.approx(8.4)
    assert table["A"].iloc[1] == pytest.approx(4.2)
    assert table.attrs["rois"]["A"]["outside_fraction"] == pytest.approx(0.5)
    assert table.attrs["findings"][0]["code"] == "outside-dose-grid"
    assert np.isnan(found.dose_at(0.95 * found.volume_cc))
    assert found.dose_at(0.4 * found.volume_cc) == 30


def test_outside_above_and_below_the_grid():
    grid = axial_grid((6, 30, 30), (2.0, 2.0, 2.0), (0.0, -29.0, -29.0), "dose_")  # z 0 to 10
    ds = make_case({"A": stack(square(10.0), HEIGHTS)}, None, (grid, np.full(grid.shape, 30.0)))
    assert dvh.roi_doses(ds, "A")[0].outside_fraction == pytest.approx(11 / 21)
    gone = make_case(
        {"A": stack(square(10.0, (500.0, 0.0)), HEIGHTS)}, None, (grid, np.ones(grid.shape))
    )
    found = dvh.roi_doses(gone, "A")[0]
    assert found.outside_fraction == 1
    assert np.isnan(found.mean)
    assert dvh.dvh(gone)["A"].to_list() == [pytest.approx(8.4), 0]


def test_rounding_beyond_the_outermost_voxel_centres_is_within():
    grid = axial_grid((31, 21, 21), (2.0, 1.0, 1.0), (-30.0, -10.0, -10.0), "dose_")
    ds = make_case({"A": stack(square(10.005), HEIGHTS)}, None, (grid, np.full(grid.shape, 30.0)))
    found = dvh.roi_doses(ds, "A")[0]
    assert (found.outside_fraction, found.findings) == (0, ())
    assert found.volumes[0] == found.volume_cc


@pytest.mark.parametrize("turns", range(4))
def test_sides_beyond_the_dose_grid_are_not_looked_at(turns):
    # It goes on beyond the end of the grid and widens to where hot voxels are, which are at the
    # end: 2 mm beside the structure there.
    ring = np.array([[-5.0, 0.0], [5.0, 0.0], [9.0, 20.0], [-9.0, 20.0]])
    grid = axial_grid((31, 21, 21), (2.0, 1.0, 1.0), (-30.0, -10.0, -10.0), "dose_")
    values = np.full(grid.shape, 30.0)
    values[:, 20, [1, 19]] = 60.0
    for _ in range(turns):
        ring, values = ring[:, ::-1] * (-1, 1), values[:, ::-1].transpose(0, 2, 1)
    ds = make_case({"A": stack(ring, HEIGHTS)}, None, (grid, values))
    found = dvh.roi_doses(ds, "A")[0]
    assert (found.minimum, found.maximum) == (30, 30)
    assert found.outside_fraction == pytest.approx(160 / 280)


def test_nan_in_the_dose_is_outside():
    grid = dose_grid(2.0)
    values = np.full(grid.shape, 10.0)
    values[:, :, :10] = np.nan  # x below -10, and up to -10 + 2
    ds = make_case({"A": stack(square(10.0), HEIGHTS)}, None, (grid, values))
    found = dvh.roi_doses(ds, "A")[0]
    assert found.mean == pytest.approx(10)
    assert found.outside_fraction == pytest.approx(0.0, abs=1e-9)
    values[:, :, :16] = np.nan  # known from x = 2
    ds = make_case({"A": stack(square(10.0), HEIGHTS)}, None, (grid, values))
    assert dvh.roi_doses(ds, "A")[0].outside_fraction == pytest.approx(12 / 20)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_a_dose_of_one_plane_is_no_volume_dose(dim):
    shape = [30, 30, 30]
    shape[dim] = 1
    first = [-29.0, -29.0, -29.0]
    first[dim] = 0.0
    grid = axial_grid(shape, (2.0,) * 3, first, "dose_")
    ds = make_case({"A": stack(square(10.0), HEIGHTS)}, None, (grid, np.ones(grid.shape)))
    found = dvh.roi_doses(ds, "A")[0]
    assert found.outside_fraction == 1
    assert found.findings[-1].code == "outside-dose-grid"


@pytest.mark.parametrize("matrix", [rotation(shift=(5, 6, 7)), np.diag([-1.0, -1.0, 1.0, 1.0])])
def test_same_patient_presented_otherwise(matrix):
    shape = stack(circle(RADIUS, 360), HEIGHTS)
    back = np.linalg.inv(matrix)

    def bowl(p):
        return 30 + p @ [0.5, 0.3, -0.2] + 0.02 * p[..., 0] ** 2

    def turned_bowl(p):
        return bowl(p @ back[:3, :3].T + back[:3, 3])

    plain = dosed({"A": shape}, bowl)
    other = dosed({"A": [moved(each, matrix) for each in shape]}, turned_bowl, matrix=matrix)
    one, two = dvh.roi_doses(plain, "A")[0], dvh.roi_doses(other, "A")[0]
    assert two.volume_cc == pytest.approx(one.volume_cc)
    for level in LEVELS:
        share = level / 100 * one.volume_cc
        assert two.dose_at(share) == pytest.approx(one.dose_at(share), abs=1e-3)
    assert [two.minimum, two.maximum] == pytest.approx([one.minimum, one.maximum])


def test_a_dose_rotated_against_the_contours():
    shape = {"A": stack(circle(RADIUS, 720), HEIGHTS)}
    ds = dosed(shape, ramp(0), 2.0, matrix=rotation(degrees=33))
    t = np.linspace(-1, 1, 20001)
    share = segment(t) / np.pi
    check(dvh.roi_doses(ds, "A")[0], lambda s: 16 + RADIUS * np.interp(-s, -share, t), 4, 28)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (1, 1, 0)])
@pytest.mark.parametrize("degrees", [0.05, 0.2, 1.0, 2.0])
def test_a_dose_turned_by_a_degree_or_less(axis, degrees):
    image = axial_grid((11, 16, 24), (3.0, 10.0, 10.0), (-15.0, -75.0, -115.0))
    pair = [*stack(square(2.5, (-24.0, 8.0)), HEIGHTS), *stack(square(2.5, (24.0, 8.0)), HEIGHTS)]
    shapes = {"Pair": pair, "Box": stack(square(15.0), HEIGHTS)}
    ds = dosed(shapes, lambda p: 50 + p @ [0.2, 0.1, 0.3], 2.0, 0.0, image, rotation(axis, degrees))
    pair_dose, box_dose = dvh.roi_doses(ds)
    slope = np.array([0.2, 0.1, 0.3])
    for found, half, centre in (
        (pair_dose, (26.5, 2.5, 10.5), (0, 8, 0)),
        (box_dose, (15, 15, 10.5), (0, 0, 0)),
    ):
        middle, reach = 50 + slope @ centre, slope @ half
        assert found.mean == pytest.approx(middle, abs=1e-3)
        assert found.minimum == pytest.approx(middle - reach, abs=1e-3)
        assert found.maximum == pytest.approx(middle + reach, abs=1e-3)
    assert pair_dose.volume_cc == pytest.approx(2 * 5 * 5 * 21 / 1000)
    assert box_dose.volume_cc == pytest.approx(30 * 30 * 21 / 1000)


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0]])
def test_sagittal_and_coronal_contours(order):
    shape = [contour[:, order] for contour in stack(circle(RADIUS, 720), HEIGHTS)]
    found = dvh.roi_doses(dosed({"A": shape}, ramp(order.index(2))), "A")[0]
    check(found, lambda s: 16 + 10.5 - 21 * s, 5.5, 26.5)


def test_does_not_depend_on_the_dose_grid():
    shape = {"A": stack(circle(9.0, 100, (1.3, 2.1)), np.arange(-6, 7, 2.5))}
    found = [
        dvh.roi_doses(dosed(shape, lambda p: 20 + p @ [1, 1 / 2, 1 / 3], spacing, shift), "A")[0]
        for spacing in (1.0, 2.5, 5.0)
        for shift in (0.0, 0.37)
    ]
    for share in (0.99, 0.5, 0.01):
        doses = [each.dose_at(share * each.volume_cc) for each in found]
        assert np.ptp(doses) < 0.02


def test_table():
    ds = dosed(
        {"A": stack(circle(RADIUS), HEIGHTS), "B": [("POINT", [[0, 0, 0]])], "C": []},
        ramp(0),
    )
    table = dvh.dvh(ds)
    assert table.index.name == "dose_gy"
    assert table.columns.tolist() == ["A", "B", "C"]
    assert np.diff(table.index) == pytest.approx(0.01)
    assert table["A"].iloc[-1] == 0
    assert (np.diff(table["A"]) <= 1e-12).all()
    assert table.index[-1] == pytest.approx(28.0, abs=0.1)
    assert table["B"].max() == 0
    assert set(table.attrs["rois"]["A"]) == {
        "volume_cc",
        "min_gy",
        "max_gy",
        "mean_gy",
        "outside_fraction",
    }
    codes = [finding["code"] for finding in table.attrs["findings"]]
    assert codes == ["open-contours", "no-contours"]
    assert table.attrs["dose"] == "dose"
    assert dvh.dvh(ds, ["a"]).columns.tolist() == ["A"]


def test_table_reads_the_curve_at_its_own_doses():
    ds = dosed({"A": stack(circle(RADIUS), HEIGHTS)}, ramp(2))
    table = dvh.dvh(ds, bin_width=0.5)
    truth = np.clip((26.5 - table.index.to_numpy()) / 21, 0, 1) * table["A"].iloc[0]
    assert table["A"].to_numpy() == pytest.approx(truth, abs=1e-3)


def test_relative_dose_says_so():
    ds = dosed({"A": stack(circle(RADIUS), HEIGHTS)}, lambda p: np.ones(p.shape[:-1]))
    for attrs, name, unit in (
        ({"units": "Gy", "DoseUnits": "RELATIVE"}, "dose_relative", "relative"),
        ({"units": "1"}, "dose_relative", "relative"),
        ({"units": "cGy"}, "dose_cgy", "cGy"),
        ({"DoseUnits": "PERCENT"}, "dose_percent", "%"),
        ({"units": "furlong"}, "dose_other", "other"),
    ):
        ds["dose"].attrs = attrs
        table = dvh.dvh(ds)
        assert (table.index.name, table.attrs["units"]) == (name, unit)
        assert [each["code"] for each in table.attrs["findings"]] == ["dose-units"]
    ds["dose"].attrs = {}
    assert dvh.dvh(ds).index.name == "dose_gy"
    assert dvh.dvh(ds).attrs["findings"] == []


def test_an_unknown_thickness_has_doses_but_no_volume():
    found = dvh.roi_doses(dosed({"A": stack(square(5.0), [0])}, ramp(0)), "A")[0]
    assert np.isnan(found.volume_cc)
    assert found.mean == pytest.approx(16)
    assert found.maximum == pytest.approx(21)


def test_a_very_high_dose_beside_a_structure_leaves_its_curve_as_it_is():
    def hot(points):
        return ramp(0)(points) + 1e4 * (np.abs(points - [12, 12, 0]).max(axis=-1) < 0.5)

    found, truth = (
        dvh.roi_doses(dosed({"A": stack(circle(RADIUS), HEIGHTS)}, dose), "A")[0]
        for dose in (hot, ramp(0))
    )
    assert found.maximum == pytest.approx(truth.maximum)
    for level in LEVELS:
        volume = level / 100 * found.volume_cc
        assert found.dose_at(volume) == pytest.approx(truth.dose_at(volume), abs=0.01)


def test_a_very_high_dose_takes_wider_bins():
    ds = dosed({"A": stack(square(5.0), HEIGHTS)}, lambda p: np.full(p.shape[:-1], 1e5), 5.0)
    assert len(dvh.dvh(ds)) < 250_000


def test_errors_say_what_is_missing():
    ds = dosed({"A": stack(square(5.0), HEIGHTS)}, ramp(0))
    with pytest.raises(UnknownNameError, match="no ROI 'Q'"):
        dvh.dvh(ds, ["Q"])
    with pytest.raises(MissingDataError, match="no dose 'dose_2'"):
        dvh.dvh(ds, dose="dose_2")
    with pytest.raises(RTXRError, match="above 0"):
        dvh.dvh(ds, bin_width=0)
    with pytest.raises(MissingDataError, match="no structures"):
        dvh.dvh(ds.drop_vars([model.ROI_NUMBER]))
