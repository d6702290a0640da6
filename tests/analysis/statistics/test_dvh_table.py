"""Kinds, units, doses and masks of DVH tables, against closed form."""

import numpy as np
import pytest
import xarray as xr

from analysis.shapes import axial_grid, make_case, square, stack
from rtxr import model
from rtxr.analysis.statistics import dvh
from rtxr.analysis.statistics.dose_volume import RoiDose
from rtxr.analysis.statistics.dvh_table import axis_of
from rtxr.analysis.statistics.prescriptions import Prescriptions
from rtxr.errors import GeometryError, MissingDataError, RTXRError, UnknownNameError
from rtxr.geometry import Grid

#: A box of 20 x 20 x 20 mm: 8 cm3.
HEIGHTS = np.arange(-8.0, 9.0, 4.0)
GRID = axial_grid((31,) * 3, (2.0,) * 3, (-30.0,) * 3, "dose_")


def ramp_case(low=10.0, per_mm=1.0, rois=("A",), grid=GRID):
    """Boxes in a dose that grows by per_mm along x, low at x = -10."""
    z, y, x = np.meshgrid(*grid.axes, indexing="ij")
    boxes = {label: stack(square(10.0), HEIGHTS) for label in rois}
    return make_case(boxes, None, (grid, low + per_mm * (x + 10) + 0 * y * z))


def with_beams(ds):
    """Two beams and their total."""
    beam = ds.dose.assign_attrs(DoseSummationType="BEAM")
    return ds.assign(
        dose=ds.dose.assign_attrs(DoseSummationType="PLAN"),
        dose_2=(0.25 * beam).assign_attrs(beam.attrs),
        dose_3=(0.75 * beam).assign_attrs(beam.attrs),
    )


def curve(low, high):
    none = np.empty(0)
    return RoiDose("A", none, none, 1.0, 0.0, low, high, (low + high) / 2)


# --- the dose axis ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("highest", "unit", "width"),
    [
        (70.0, "Gy", 0.01),
        (10.0, "Gy", 0.01),
        (9.99, "Gy", 0.001),
        (0.5, "Gy", 1e-4),
        (2000.0, "Gy", 0.01),
        (9000.0, "Gy", 9000 / 200_000),
        (1.1, "relative", 0.001),
        (107.0, "%", 0.01),
        (7000.0, "cGy", 1.0),
        (0.0, "Gy", 0.01),
    ],
)
def test_bins_are_fine_by_themselves(highest, unit, width):
    axis = axis_of([curve(0.0, highest)], unit, Prescriptions(), None)
    assert axis.width == pytest.approx(width)
    assert axis.edges[0] == 0
    assert axis.edges[-2] <= highest < axis.edges[-1]


def test_edges_are_the_decimals_that_they_are_called():
    axis = axis_of([curve(0.0, 70.35)], "Gy", Prescriptions(), None)
    assert 0.35 in axis.edges
    assert 70.35 in axis.edges
    coarse = axis_of([curve(0.0, 70.35)], "Gy", Prescriptions(), 0.3)
    assert coarse.edges == pytest.approx(0.3 * np.arange(236))


def test_a_signed_dose_begins_at_its_lowest():
    ds = ramp_case(low=-5.0, per_mm=0.5)
    table = dvh.dvh(ds)
    assert table.index[0] == pytest.approx(-5.0, abs=0.011)
    assert table["A"].iloc[0] == pytest.approx(8.0)
    assert table.loc[0.0, "A"] == pytest.approx(4.0, abs=0.01)
    assert dvh.dvh(ds, kind="differential")["A"].sum() == pytest.approx(8.0)


# --- kinds of tables ----------------------------------------------------------------------------
def test_differential_volumes_are_those_of_bins():
    table = dvh.dvh(ramp_case(), kind="differential", bin_width=0.5)
    assert (table.attrs["kind"], table.attrs["bin_width"]) == ("differential", 0.5)
    assert table.index[0] == 0.25
    inside = (table.index > 10) & (table.index < 30)
    assert table["A"][inside].to_numpy() == pytest.approx(8.0 / 40, abs=2e-4)
    assert table["A"][~inside].to_numpy() == pytest.approx(0.0, abs=2e-4)
    assert table["A"].sum() == pytest.approx(8.0)


def test_percent_is_of_the_whole_structure():
    grid = axial_grid((31, 31, 16), (2.0,) * 3, (-30.0,) * 3, "dose_")  # x from -30 to 0
    ds = ramp_case(grid=grid)
    table = dvh.dvh(ds, relative=True)
    assert table["A"].iloc[[0, 1]].to_list() == pytest.approx([100, 50])
    assert table.loc[15.0, "A"] == pytest.approx(25, abs=0.01)
    assert table.attrs["relative"] is True
    assert table.attrs["rois"]["A"]["volume_cc"] == pytest.approx(8.0)
    of_bins = dvh.dvh(ds, relative=True, kind="differential")
    assert of_bins["A"].sum() == pytest.approx(50)
    assert (
        dvh.dvh(make_case({"E": []}, None, (GRID, np.ones(GRID.shape))), relative=True)["E"]
        .isna()
        .all()
    )


def test_the_prescription_turns_doses_to_percent():
    table = dvh.dvh(ramp_case(), prescription=20.0)
    assert table.index.name == "dose_percent"
    assert (table.attrs["units"], table.attrs["prescription"]) == ("Gy", 20.0)
    assert table.index[1] == 0.01
    assert table.loc[[50.0, 100.0, 125.0], "A"].to_list() == pytest.approx([8, 4, 2], abs=0.01)
    assert table.attrs["rois"]["A"]["max_gy"] == pytest.approx(30)
    assert dvh.dvh(ramp_case(), prescription=20.0, bin_width=5).index[:3].tolist() == [0, 5, 10]


# --- which dose ---------------------------------------------------------------------------------
def test_each_structure_is_in_percent_of_its_own_prescription():
    ds = ramp_case(rois=("A", "B", "C"))
    table = dvh.dvh(ds, prescription={"A": 20, "b": 40}, bin_width=0.5)
    assert table.index.name == "dose_percent"
    np.testing.assert_allclose(table["A"].loc[50.0], dvh.dvh(ds).loc[10.0, "A"])
    np.testing.assert_allclose(table["B"].loc[50.0], dvh.dvh(ds).loc[20.0, "B"])
    assert table["C"].isna().all()
    assert table.attrs["prescription"] == {"A": 20.0, "B": 40.0}
    (told,) = table.attrs["findings"]
    assert told["code"] == "dvh-without-prescription"
    assert told["message"].startswith("ROI 'C':")
    rest = dvh.dvh(ds, ["C"], prescription={"A": 20, "default": 30}, kind="differential")
    assert rest.attrs["prescription"] == {"C": 30.0}
    assert rest["C"].sum() == pytest.approx(rest.attrs["rois"]["C"]["volume_cc"])
    with pytest.raises(UnknownNameError, match="no ROI 'D'"):
        dvh.dvh(ds, prescription={"D": 20})


def test_there_is_no_noise_where_nothing_is():
    ds = ramp_case(low=0.0, per_mm=0.3)
    for kind in ("cumulative", "differential"):
        table = dvh.dvh(ds, kind=kind)
        volume = table.attrs["rois"]["A"]["volume_cc"]
        values = table["A"].to_numpy()
        assert not ((np.abs(values) < 1e-11 * volume) & (values != 0)).any()
        facts = table.attrs["rois"]["A"]
        below = table.index < facts["min_gy"] - 0.02
        assert (values[below] == (volume if kind == "cumulative" else 0)).all()
        assert (values[table.index > facts["max_gy"] + 0.02] == 0).all()
    assert values.sum() == pytest.approx(volume)


def test_doses_of_a_kind_are_columns_beside_each_other():
    ds = with_beams(ramp_case(rois=("A", "B")))
    table = dvh.dvh(ds, dose="beam")
    assert table.columns.names == ["dose", "roi"]
    assert table.columns.tolist() == [
        (dose, roi) for dose in ("dose_2", "dose_3") for roi in ("A", "B")
    ]
    for name in ("dose_2", "dose_3"):
        alone = dvh.dvh(ds, dose=name)
        shared = np.intersect1d(alone.index, table.index)
        one, two = alone["A"].loc[shared], table[name]["A"].loc[shared]
        assert two.to_numpy() == pytest.approx(one.to_numpy(), abs=1e-9)
        assert table.attrs["rois"][name] == alone.attrs["rois"]
    assert table.attrs["dose"] == ["dose_2", "dose_3"]
    told = {"variable": "dose_2", "DoseSummationType": "BEAM", "DoseType": ""}
    assert table.attrs["doses"]["dose_2"] == told
    assert dvh.dvh(ds, "A", dose="PLAN").columns.tolist() == [("dose", "A")]
    named = dvh.dvh(ds, "A", dose=["dose", "dose_3"])
    assert named.columns.tolist() == [("dose", "A"), ("dose_3", "A")]


def test_any_array_with_a_grid_is_a_dose():
    ds = ramp_case()
    twice = dvh.dvh(ds, dose=ds.dose * 2)
    assert twice.attrs["rois"]["A"]["max_gy"] == pytest.approx(60)
    elsewhere = ramp_case(low=1.0, grid=axial_grid((21,) * 3, (3.0,) * 3, (-30.0,) * 3)).dose
    assert dvh.roi_doses(ds, "A", dose=elsewhere)[0].maximum == pytest.approx(21)
    upside_down = elsewhere.isel(z=slice(None, None, -1)).transpose("x", "z", "y")
    assert dvh.roi_doses(ds, "A", dose=upside_down)[0].mean == pytest.approx(11)
    unnamed = xr.DataArray(elsewhere.values, elsewhere.coords, elsewhere.dims)
    table = dvh.dvh(ds, dose={"planned": "dose", "delivered": unnamed})
    assert table.columns.tolist() == [("planned", "A"), ("delivered", "A")]
    assert table.attrs["doses"]["delivered"]["variable"] == ""
    assert dvh.dvh(ds, dose=unnamed).attrs["dose"] == "dose"


def test_doses_on_grids_of_their_own_come_together():
    one = ramp_case()
    turn = np.diag([-1.0, -1.0, 1.0, 1.0])
    other = Grid(tuple(f"dose_2_{d}" for d in ("slice", "row", "column")), GRID.axes, turn)
    coords = model.grid_coords(other)
    ds = one.assign_coords(coords).assign(dose_2=(other.dims, one.dose.values[:, ::-1, ::-1]))
    table = dvh.dvh(ds, dose=["dose_2", "dose"])
    assert table["dose_2"]["A"].to_numpy() == pytest.approx(table["dose"]["A"].to_numpy(), abs=1e-6)


def test_another_frame_of_reference_is_a_finding():
    here, there = (Grid(GRID.dims, GRID.axes, np.eye(4), uid) for uid in ("1.2.3", "1.2.4"))
    ds, other = ramp_case(grid=here), ramp_case(grid=there)
    assert dvh.dvh(ds, dose=ds.dose * 2).attrs["findings"] == []
    found = dvh.dvh(ds, dose=other.dose).attrs["findings"]
    assert [each["code"] for each in found] == ["frame-of-reference-mismatch"]
    both = dvh.dvh(ds, dose={"a": ds.dose, "b": other.dose}).attrs["findings"]
    assert [each["message"][:10] for each in both] == ["dose 'b' i"]


# --- what has no dose ---------------------------------------------------------------------------
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_voxels_without_a_dose_are_told_and_never_zero(axis):
    # A plane of NaN voxels takes the dose from what lies within a voxel of it, and no more.
    ds = ramp_case()
    at = [slice(None)] * 3
    at[axis] = 15  # through the origin
    ds["dose"].values[tuple(at)] = np.nan
    table = dvh.dvh(ds)
    told = table.attrs["rois"]["A"]
    assert told["outside_fraction"] == pytest.approx(4 / 20, abs=1e-6)
    assert (told["min_gy"], told["max_gy"]) == (pytest.approx(10), pytest.approx(30))
    assert table["A"].iloc[[0, 1]].to_list() == pytest.approx([8.0, 8.0 * 16 / 20])
    found = table.attrs["findings"]
    assert [each["code"] for each in found] == ["outside-dose-grid"]
    assert "ROI 'A': 20 % of its volume" in found[0]["message"]
    assert dvh.dvh(ds, kind="differential")["A"].sum() == pytest.approx(6.4)


def test_a_gap_in_the_dose_takes_no_more_of_a_large_structure():
    grid = axial_grid((25,) * 3, (10.0,) * 3, (-120.0,) * 3, "dose_")
    values = np.ones(grid.shape)
    values[12] = np.nan  # known up to -10 and from 10 on
    box = {"A": stack(square(100.0), np.arange(-84.0, 85.0, 14.0))}
    found = dvh.roi_doses(make_case(box, None, (grid, values)), "A")[0]
    assert found.outside_fraction == pytest.approx(20 / 182, abs=1e-6)
    fine = axial_grid((241,) + (25,) * 2, (1.0, 10.0, 10.0), (-120.0,) * 3, "dose_")
    values = np.ones(fine.shape)
    values[120] = np.nan
    found = dvh.roi_doses(make_case(box, None, (fine, values)), "A")[0]
    assert found.outside_fraction == pytest.approx(2 / 182, abs=1e-6)


def test_of_several_doses_a_finding_says_which():
    ds = ramp_case()
    holed = ds.dose.where(ds.dose_x > 0)
    table = dvh.dvh(ds, dose={"whole": ds.dose, "holed": holed})
    assert table.attrs["rois"]["holed"]["A"]["outside_fraction"] == pytest.approx(0.6)
    messages = [each["message"] for each in table.attrs["findings"]]
    assert len(messages) == 1
    assert messages[0].startswith("dose 'holed', ROI 'A': 60 %")


# --- what is refused ----------------------------------------------------------------------------
def test_errors_say_what_is_asked():
    ds = with_beams(ramp_case())
    with pytest.raises(MissingDataError, match=r"no dose 'FRACTION'; .*BEAM"):
        dvh.dvh(ds, dose="FRACTION")
    with pytest.raises(RTXRError, match="one dose is asked for"):
        dvh.roi_doses(ds, dose="BEAM")
    with pytest.raises(RTXRError, match="several doses are called 'dose'"):
        dvh.dvh(ds, dose=[ds.dose, ds.dose])
    with pytest.raises(RTXRError, match="names no dose"):
        dvh.dvh(ds, dose=[])
    with pytest.raises(RTXRError, match="int is no dose"):
        dvh.dvh(ds, dose=3)
    with pytest.raises(GeometryError, match="beside its grid"):
        dvh.dvh(ds, dose=ds.dose.expand_dims("phase"))
    with pytest.raises(RTXRError, match="several units"):
        dvh.dvh(ds, dose=["dose", (ds.dose / 70).assign_attrs(units="1").rename("share")])
    with pytest.raises(UnknownNameError, match="kind='diff'"):
        dvh.dvh(ds, kind="diff")
    with pytest.raises(UnknownNameError, match="between='slabs'"):
        dvh.dvh(ds, between="slabs")
    with pytest.raises(RTXRError, match="prescription=-1"):
        dvh.dvh(ds, prescription=-1)
    with pytest.raises(UnknownNameError, match="end_cap=None; did you mean 'none'"):
        dvh.dvh(ds, end_cap=None)
    with pytest.raises(UnknownNameError, match=r"combine='unio'.* or \"union\""):
        dvh.dvh(ds, combine="unio")
    with pytest.raises(RTXRError, match=r"dose=<Dataset>: give one .* \(other\['dose'\]"):
        dvh.dvh(ds, dose=ds)
    for width in ("0.1", True, [1], 0, -1, np.nan, np.inf):
        with pytest.raises(RTXRError, match=r"bin_width=.*above 0.*the step of the index"):
            dvh.dvh(ds, bin_width=width)
    with pytest.raises(RTXRError, match="both called"):
        dvh.dvh(ds, "A", mask={"A": ds.dose > 10})


def test_a_width_of_too_many_rows_is_refused():
    ds = ramp_case()
    facts = dvh.dvh(ds).attrs["rois"]["A"]
    with pytest.raises(RTXRError, match=r"would make 2,.* rows .*give bin_width=0.001 or more"):
        dvh.dvh(ds, bin_width=facts["max_gy"] / 2_500_000)
    table = dvh.dvh(ds, bin_width=xr.DataArray(facts["max_gy"] / 199_000))
    assert 199_000 <= len(table) < 200_000


def test_the_shape_between_planes_is_nearer_to_the_solid():
    heights = np.arange(-6.0, 7.0, 3.0)
    radii = np.sqrt(7.5**2 - heights**2)
    angle = 2 * np.pi * np.arange(90) / 90
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    ball = [
        np.column_stack([r * ring, np.full(90, h)]) for r, h in zip(radii, heights, strict=True)
    ]
    ds = make_case({"A": ball}, None, (GRID, np.full(GRID.shape, 3.0)))
    truth = 4 / 3 * np.pi * 7.5**3 / 1000
    off = {
        between: abs(dvh.dvh(ds, between=between).attrs["rois"]["A"]["volume_cc"] - truth)
        for between in ("slab", "shape")
    }
    assert off["shape"] < 0.01 * truth
    assert off["shape"] < off["slab"]
    assert ds.rt.volumes(between="shape")["A"] == pytest.approx(truth, rel=0.01)
