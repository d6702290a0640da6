"""Gamma against closed forms, a brute-force search, published pass rates and another tool."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import rtxr
from analysis.shapes import axial_grid, rotation, turned
from rtxr import model
from rtxr.errors import GeometryError, MissingDataError, RTXRError


def plain(function, *axes, names="zyx"):
    """A function of positions as an array with coordinates in mm."""
    values = function(*np.meshgrid(*axes, indexing="ij"))
    dims = tuple(names[-len(axes) :])
    return xr.DataArray(values, dict(zip(dims, axes, strict=True)), dims)


def gridded(grid, function):
    """A function of patient x, y, z on a grid."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    points = grid.to_patient(np.stack([x, y, z], axis=-1))
    return xr.DataArray(function(*np.moveaxis(points, -1, 0)), model.grid_coords(grid), grid.dims)


def centred(*sizes, spacing=2.5, shift=0.0):
    return [(np.arange(size) - (size - 1) / 2) * spacing + shift for size in sizes]


# --- closed forms -------------------------------------------------------------------------------
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("off", [0.4, -1.3, 2.0])
def test_a_shifted_ramp_has_gamma_shift_by_root_of_one_and_the_square_of_its_slope(dims, off):
    # 100 Gy are 100 %, so 1 %/mm in the direction of the ramp is 1 Gy/mm: 1 criterion per mm.
    slope = np.array([0.3, -0.5, 0.8])[-dims:]
    axes = centred(*(15, 17, 19)[-dims:])
    ramp = plain(lambda *at: 50 + sum(g * p for g, p in zip(slope, at, strict=True)), *axes)
    found = rtxr.gamma(ramp, ramp + off, 1, 1, normalisation=100, max_gamma=4)
    middle = found[(slice(4, -4),) * dims]
    expected = abs(off) / np.sqrt(1 + (slope**2).sum())
    assert middle.values == pytest.approx(np.full(middle.shape, expected), abs=1e-9)
    assert found.dims == ramp.dims
    assert found.attrs["units"] == "1"


def test_a_dose_that_is_off_by_the_criterion_everywhere_has_gamma_one_and_passes():
    dose = plain(lambda _, x: np.full_like(x, 40.0), *centred(7, 9))
    assert rtxr.gamma(dose, dose * 1.03, 3, 3).values == pytest.approx(np.ones((7, 9)))
    assert rtxr.gamma(dose, dose * 1.03, 3, 3).attrs["pass_rate"] == 1.0
    assert rtxr.gamma(dose, dose * 0.97, 3, 3, local=True).attrs["pass_rate"] == 1.0
    assert rtxr.gamma(dose, dose * 1.031, 3, 3).attrs["pass_rate"] == 0.0
    assert rtxr.gamma(dose, dose * 1.06, 3, 3, max_gamma=1.5).values.max() == 1.5
    assert (rtxr.gamma(dose, dose).values == 0).all()


def test_local_gamma_scales_with_the_dose_and_global_gamma_with_its_maximum():
    steps = plain(lambda x: np.where(x < 0, 20.0, 80.0), *centred(80, spacing=1.0))
    local = rtxr.gamma(steps, steps * 1.02, 2, 1, local=True)
    assert np.delete(local.values, [39, 40]) == pytest.approx(np.ones(78))  # but for the step
    overall = rtxr.gamma(steps, steps * 1.02, 2, 1)
    assert overall.values[[5, 70]] == pytest.approx([0.25, 1.0])
    assert overall.attrs["normalisation"] == 80.0
    assert (local.attrs["kind"], overall.attrs["kind"]) == ("local", "global")


def test_a_moved_edge_is_found_at_its_distance():
    x = np.arange(-40.0, 40.5, 0.5)
    edge = plain(lambda x: np.where(x < 0, 0.0, 100.0), x)
    moved = edge.assign_coords(x=x + 2.0)
    found = rtxr.gamma(edge, moved, 3, 3, cutoff=50)
    near = found.sel(x=[0.0, 0.5, 1.0, 1.5]).values
    # The edge rises in half a millimetre, and the last 3 % of it are within the criterion.
    assert near == pytest.approx([2 / 3, 1.5 / 3, 1 / 3, 0.5 / 3], abs=0.006)
    assert found.sel(x=slice(2, None)).values == pytest.approx(0.0, abs=1e-12)


def test_the_reference_is_the_first_argument():
    x = np.arange(-20.0, 20.5, 0.5)
    peak = plain(lambda x: np.exp(-(x**2) / 8), x)
    flat = plain(np.ones_like, x)
    assert rtxr.gamma(peak, flat, 10, 2, max_gamma=3).sel(x=0).item() == 0
    assert rtxr.gamma(flat, peak, 10, 2, max_gamma=3).sel(x=10).item() == 3
    assert rtxr.gamma(peak, flat, cutoff=50).attrs["points"] == np.sum(np.exp(-(x**2) / 8) >= 0.5)


# --- any two grids ------------------------------------------------------------------------------
def linear(x, y, z):
    return 60 + 0.4 * x - 0.3 * y + 0.2 * z


@pytest.mark.parametrize("oblique", ["reference", "evaluated", "both"])
def test_grids_turned_against_each_other_are_compared_in_the_patient(oblique):
    reference = axial_grid((7, 9, 8), (3.0, 2.0, 2.5), (-9.0, -8.0, -8.0))
    evaluated = axial_grid((25, 30, 28), (2.0, 2.2, 2.1), (-24.0, -32.0, -29.0), "dose_")
    matrix = rotation(degrees=25, shift=(1, -2, 3))
    if oblique != "evaluated":
        reference = turned(reference, rotation(degrees=-40, shift=(-2, 1, 0)))
    if oblique != "reference":
        evaluated = turned(evaluated, matrix)
    one = gridded(reference, linear)
    other = gridded(evaluated, lambda x, y, z: linear(x, y, z) + 1.5)
    found = rtxr.gamma(one, other, 1, 1, normalisation=100, max_gamma=4)
    assert found.values == pytest.approx(np.full(one.shape, 1.5 / np.sqrt(1.29)), abs=1e-9)
    assert model.grid_of(found).same_as(reference)


def test_storage_order_of_either_array_does_not_matter():
    rng = np.random.default_rng(1)
    one = plain(lambda *at: rng.uniform(20, 60, at[0].shape), *centred(5, 6, 7))
    other = plain(lambda *at: rng.uniform(20, 60, at[0].shape), *centred(6, 7, 8, spacing=2.0))
    expected = rtxr.gamma(one, other, 5, 3)
    stored = one.isel(z=slice(None, None, -1), x=slice(None, None, -1)).transpose("x", "z", "y")
    found = rtxr.gamma(stored, other.isel(y=slice(None, None, -1)).transpose("y", "x", "z"), 5, 3)
    assert found.dims == ("x", "z", "y")
    xr.testing.assert_allclose(found.sortby(["x", "z"]).transpose("z", "y", "x"), expected)


def test_a_plane_in_a_volume_counts_the_third_direction_too():
    volume = plain(lambda z, *_: 50 + z, *centred(41, 9, 9, spacing=1.0))
    plane = plain(lambda _, x: np.full_like(x, 52.0), *centred(5, 5, spacing=1.0))
    plane = plane.assign_coords(z=0.0)
    found = rtxr.gamma(plane, volume, 1, 1, normalisation=100, max_gamma=4)
    assert found.dims == ("y", "x")
    assert found.values == pytest.approx(np.full((5, 5), 2 / np.sqrt(2)))
    # The other way round the plane is the only place where a dose is known.
    back = rtxr.gamma(volume, plane, 1, 1, normalisation=100, max_gamma=4)
    at = back.sel(y=0, x=0)
    assert at.sel(z=2.0).item() == pytest.approx(2.0)
    assert at.sel(z=1.0).item() == pytest.approx(np.sqrt(2))
    assert np.isnan(at.sel(z=-5.0).item())


def test_plain_arrays_may_run_backwards():
    rng = np.random.default_rng(2)
    one = plain(lambda *at: rng.uniform(20, 60, at[0].shape), *centred(8, 9))
    expected = rtxr.gamma(one, one * 1.02, 1, 1)
    back = one.isel(x=slice(None, None, -1)).transpose()
    xr.testing.assert_allclose(rtxr.gamma(back, back * 1.02, 1, 1).sortby("x").T, expected)
    assert (rtxr.gamma(back, back).values == 0).all()


def test_planes_may_have_the_names_of_dose_dimensions():
    plane = plain(lambda _, x: 50 + x, *centred(9, 9))
    dose = plane.rename(y="dose_y", x="dose_x")
    assert (rtxr.gamma(plane, dose).values == 0).all()
    swapped = rtxr.gamma(dose.transpose(), plane)
    assert swapped.dims == ("dose_x", "dose_y")
    assert (swapped.values == 0).all()


def test_uneven_axes():
    uneven = np.cumsum([0, 1, 3, 1, 2, 5, 1, 1, 4, 2, 2, 3.0])
    ramp = plain(lambda x: 40 + x, np.arange(0.0, 26, 0.5))
    other = plain(lambda x: 41 + x, uneven)
    found = rtxr.gamma(ramp, other, 1, 1, normalisation=100, max_gamma=3)
    assert found.sel(x=slice(3, 22)).values == pytest.approx(1 / np.sqrt(2))


# --- what is not known --------------------------------------------------------------------------
def test_below_the_cutoff_and_beyond_reach_there_is_nan():
    axes = centred(21, 21)
    one = plain(lambda _, x: np.where(x < -20, 1.0, 50.0), *axes)
    one[3, 12] = np.nan
    other = one.isel(x=slice(0, 15)).fillna(50.0)
    found = rtxr.gamma(one, other, 3, 3, max_gamma=1.5)
    known = ~np.isnan(found)
    assert not known.sel(x=slice(None, -20.1)).any()
    assert not known[3, 12]
    # Evaluated up to x = 10, and known 4.5 mm beyond.
    assert known.sel(x=slice(-20, 14.5)).sum() == known.sum()
    assert found.sel(x=12.5).values == pytest.approx(np.full(21, 2.5 / 3))
    (finding,) = model.findings_of(found)
    assert (finding.code, finding.severity) == ("gamma-unknown", "warning")
    assert found.attrs["points"] == known.sum()
    assert found.attrs["pass_rate"] == float((found <= 1).sum() / known.sum())


def test_cells_with_an_unknown_corner_are_not_searched():
    one = plain(lambda x: np.full_like(x, 50.0), *centred(21, spacing=1.0))
    other = one.copy()
    other[8:13] = np.nan
    found = rtxr.gamma(one, other, 3, 1, max_gamma=2)
    assert found.values[7:14] == pytest.approx([0, 1, 2, np.nan, 2, 1, 0], nan_ok=True)


def test_frames_of_reference_that_differ_are_told():
    def of(uid):
        grid = axial_grid((4, 4, 4), (2.0, 2.0, 2.0))
        dose = gridded(grid, linear)
        dose.spatial_ref.attrs["FrameOfReferenceUID"] = uid
        return dose

    assert [each.code for each in model.findings_of(rtxr.gamma(of("1.2"), of("1.3")))] == [
        "gamma-frames"
    ]
    assert model.findings_of(rtxr.gamma(of("1.2"), of(""))) == []


def test_no_voxel_above_the_cutoff():
    dose = plain(lambda x: np.full_like(x, 1.0), *centred(9))
    found = rtxr.gamma(dose, dose, normalisation=70)
    assert np.isnan(found.attrs["pass_rate"])
    assert found.attrs["points"] == 0


# --- a search that tries everything ---------------------------------------------------------------
def on_lattice(dose, steps):
    """A dose between its voxel centres, in steps of the spacing, and the positions."""
    values, places = dose.values, []
    for axis, dim in enumerate(dose.dims):
        at = dose[dim].values
        fine = np.interp(np.arange((len(at) - 1) * steps + 1) / steps, np.arange(len(at)), at)
        weights = [np.interp(fine, at, one) for one in np.eye(len(at))]
        values = np.moveaxis(np.tensordot(weights, values, ([0], [axis])), 0, axis)
        places.append(fine)
    return values.ravel(), np.stack([each.ravel() for each in np.meshgrid(*places, indexing="ij")])


def brute(one, other, criterion, distance, steps):
    """Least gamma over a lattice, of every voxel of the reference."""
    doses, places = on_lattice(other, steps)
    found = np.empty(one.shape)
    for at in np.ndindex(one.shape):
        place = np.array([one[dim].values[i] for dim, i in zip(one.dims, at, strict=True)])
        space = ((places - place[:, None]) / distance) ** 2
        found[at] = np.sqrt((space.sum(axis=0) + ((doses - one.values[at]) / criterion) ** 2).min())
    return found


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 1.0, 3.0]), st.integers(1, 3))
def test_it_is_the_minimum_over_all_places(seed, noise, dims):
    rng = np.random.default_rng(seed)
    axes = [np.sort(rng.choice(20, 3, replace=False)).astype(float) for _ in range(dims)]
    one = plain(lambda *at: 50 + 2 * at[0] + rng.normal(0, noise, at[0].shape), *axes)
    other = plain(
        lambda *at: 51 + 2 * at[0] + rng.normal(0, noise, at[0].shape),
        *centred(*[5] * dims, shift=9.0),
    )
    found = rtxr.gamma(one, other, 2, 3, normalisation=50, max_gamma=30)
    expected = brute(one, other, 1.0, 3.0, 12 if dims == 3 else 64)
    assert (found.values <= expected + 0.01).all()
    assert (found.values >= expected - 0.2).all()


def test_it_is_never_above_any_lattice_however_rough_the_dose():
    rng = np.random.default_rng(0)
    axes = centred(5, 5, 5)
    one = plain(lambda *at: rng.uniform(30, 60, at[0].shape), *axes)
    other = plain(lambda *at: rng.uniform(30, 60, at[0].shape), *axes)
    found = rtxr.gamma(one, other, 3, 3, max_gamma=5).values
    above = found - brute(one, other, 0.03 * float(one.max()), 3.0, 8)
    assert above.max() < 0.01
    assert above.mean() < 0


# --- other tools, published numbers --------------------------------------------------------------
def step(distance, width):
    return 1 / (1 + np.exp(-distance / width))


def planned(z, y, x):
    """A field with penumbras of 2 to 3 mm, modulated by 6 %."""
    box = step(28 - abs(z), 2.5) * step(22 - abs(y), 3) * step(26 - abs(x - 4 * np.sin(z / 12)), 2)
    bath = 4 * np.exp(-(x**2 + y**2 + z**2) / 40**2)
    return 50 * box * (1 + 0.06 * np.cos(x / 9) * np.cos(y / 8)) + bath


def scaled(z, y, x):
    return planned(z, y, x) * (1 + 0.05 * np.sin(x / 11 + y / 9) * np.cos(z / 10))


def moved(z, y, x):
    return planned(z - 1.6, y + 1.1, x - 1.9) * (
        1.012 + 0.03 * np.sin(x / 11 + y / 9) * np.cos(z / 10)
    )


EVEN = centred(30, 28, 32)
UNEVEN = [
    (np.arange(n) - (n - 1) / 2) * step + shift
    for n, step, shift in [(26, 3.0, 0.4), (36, 2.0, 0.3), (38, 2.0, -0.7)]
]
#: Pass rates (%) of PyMedPhys 0.41.0, ``gamma_shell(axes, reference, axes, evaluated, dose_percent,
#: distance_mm, lower_percent_dose_cutoff=10, interp_fraction=10, max_gamma=1.1, local_gamma=...)``.
PYMEDPHYS = [
    ((moved, EVEN, EVEN, 3, 3, False), 99.001),
    ((scaled, EVEN, EVEN, 3, 3, True), 98.771),
    ((scaled, EVEN, EVEN, 2, 2, True), 96.096),
    ((moved, UNEVEN, EVEN, 3, 3, True), 98.829),
]
#: The same with ``interp_fraction=40``, at a tenth of the voxels. These doses are steep: in steps
#: of a tenth PyMedPhys gives 87.3 and 91.7 (of all voxels), and more the finer the steps.
PYMEDPHYS_FINE = [
    ((moved, EVEN, EVEN, 2, 2, False), 89.103),
    ((moved, EVEN, UNEVEN, 3, 2, False), 92.345),
]


@pytest.mark.parametrize(("case", "rate"), PYMEDPHYS)
def test_pass_rates_of_pymedphys_in_three_dimensions(case, rate):
    other, axes, other_axes, percent, distance, local = case
    one, two = plain(planned, *axes), plain(other, *other_axes)
    found = rtxr.gamma(one, two, percent, distance, local=local, max_gamma=1.1)
    assert 100 * found.attrs["pass_rate"] == pytest.approx(rate, abs=0.2)


@pytest.mark.parametrize(("case", "rate"), PYMEDPHYS_FINE)
def test_pass_rates_of_pymedphys_in_fine_steps(case, rate):
    other, axes, other_axes, percent, distance, _ = case
    one, two = plain(planned, *axes), plain(other, *other_axes)
    chosen = one.where(np.random.default_rng(0).random(one.shape) < 0.1, 0.0)
    full = float(one.max())
    found = rtxr.gamma(chosen, two, percent, distance, normalisation=full, max_gamma=1.1)
    assert 100 * found.attrs["pass_rate"] == pytest.approx(rate, abs=0.1)


@pytest.mark.data
def test_published_pass_rate_of_agnew_and_mcgarry(case_data):
    folder = case_data("pymedphys") / "gamma_agnew_mcgarry_1mm"
    one, other = (
        rtxr.open_dir(folder / f"H&N_VMAT_{name}_1mmPx.dcm", progress=False).dose
        for name in ("Reference", "Evaluated")
    )
    rates = [
        rtxr.gamma(one, other, 1, 1, local=True, cutoff=20, max_gamma=limit).attrs["pass_rate"]
        for limit in (1.0001, 1.1, 1.4)
    ]
    # PyMedPhys gives the published 93.60 in steps of a tenth, 93.87 of a 30th, 93.94 of a 100th.
    assert 100 * rates[0] == pytest.approx(93.6, abs=0.5)
    assert 100 * rates[0] == pytest.approx(93.94, abs=0.1)
    assert rates[1:] == rates[:1] * 2


@pytest.mark.data
def test_other_planes_as_pymedphys_in_fine_steps(case_data):
    folder = case_data("pymedphys") / "gamma_agnew_mcgarry_1mm"
    square = "GeometricSquare_{}_1mmPx"
    planes = [
        ("ProstateIMRT_{}_1mmPx", "Reference", "Evaluated", "", 97.205),
        (square, "Reference", "Evaluated", "_DD_Test", 96.0),
        (square, "Reference", "Evaluated", "_DTA_Test", 92.3136),
    ]
    for name, first, second, end, rate in planes:
        one, other = (
            rtxr.open_dir(folder / f"{name.format(which)}{tail}.dcm", progress=False).dose
            for which, tail in ((first, ""), (second, end))
        )
        found = rtxr.gamma(one, other, 1, 1, local=True, cutoff=20, max_gamma=1.1)
        assert 100 * found.attrs["pass_rate"] == pytest.approx(rate, abs=0.01)


# --- what cannot be compared ----------------------------------------------------------------------
DOSE = plain(lambda _, x: 50 + x, *centred(5, 5))


@pytest.mark.parametrize(
    ("given_values", "told"),
    [
        ({"dose_percent": 0}, "dose_percent=0: it must be above 0"),
        ({"distance_mm": -1}, "distance_mm=-1: it must be above 0"),
        ({"max_gamma": 1}, "max_gamma=1: it must be above 1"),
        ({"max_gamma": np.inf}, "finite"),
        ({"cutoff": -1}, "cutoff=-1: it must be at least 0"),
        ({"normalisation": 0}, "normalisation=0: it must be above 0"),
    ],
)
def test_criteria_that_are_none(given_values, told):
    with pytest.raises(RTXRError, match=told):
        rtxr.gamma(DOSE, DOSE, **given_values)


def test_arrays_that_cannot_be_compared():
    with pytest.raises(GeometryError, match=r"\['y', 'x'\].*\['x'\]"):
        rtxr.gamma(DOSE, DOSE[0])
    with pytest.raises(MissingDataError, match="positions in mm"):
        rtxr.gamma(DOSE.drop_vars("x"), DOSE)
    with pytest.raises(GeometryError, match="one voxel"):
        rtxr.gamma(DOSE, DOSE[:1, :1])
    with pytest.raises(RTXRError, match="in %"):
        rtxr.gamma(DOSE, DOSE.assign_attrs(units="%"))
    with pytest.raises(RTXRError, match=r"ds\.dose"):
        rtxr.gamma(DOSE.to_dataset(name="dose"), DOSE)
    with pytest.raises(RTXRError, match="no dose above 0"):
        rtxr.gamma(DOSE * 0, DOSE)
    with pytest.raises(GeometryError, match="time"):
        rtxr.gamma(DOSE.expand_dims(time=3, z=[0.0]), DOSE.expand_dims(z=[0.0]))


def test_axes_that_are_not_at_right_angles():
    sheared = np.eye(4)
    sheared[1, 2] = 0.3
    grid = turned(axial_grid((5, 5, 5), (2.0, 2.0, 2.0)), sheared)
    dose = gridded(grid, linear)
    with pytest.raises(GeometryError, match="right angles"):
        rtxr.gamma(dose, dose)


def test_the_result_can_be_stored(tmp_path):
    found = rtxr.gamma(DOSE, DOSE * 1.01)
    found.to_netcdf(tmp_path / "gamma.nc")
    with xr.open_dataarray(tmp_path / "gamma.nc") as back:
        assert back.attrs["pass_rate"] == found.attrs["pass_rate"]
