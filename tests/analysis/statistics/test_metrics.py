"""Metrics: grammar, definitions, and what is said where there is no value."""

import numpy as np
import pytest

from analysis.shapes import axial_grid, make_case, square, stack
from rtxr.analysis.statistics import metrics
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError


def _dose(ds):
    """Grid and values of the dose of a case."""
    return GRID, ds.dose.values


HEIGHTS = np.arange(-9.0, 10.0, 3.0)
GRID = axial_grid((31, 31, 31), (2.0,) * 3, (-30.0,) * 3, "dose_")


@pytest.fixture
def box():
    """20 x 20 x 21 mm, dose from 10 to 30 Gy along x."""
    dose = np.broadcast_to(20 + GRID.axes[2], GRID.shape).copy()
    return make_case({"Box": stack(square(10.0), HEIGHTS)}, None, (GRID, dose))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("D95%", 11),
        ("D0%", 30),
        ("D100%", 10),
        ("D2cc", 30 - 20 * 2 / 8.4),
        ("D0.03cc", 30 - 20 * 0.03 / 8.4),
        ("V20Gy", 50),
        ("V25.5Gy", 22.5),
        ("V20Gy[cc]", 4.2),
        ("V95%", 100 * (30 - 19) / 20),
        ("V95%[cc]", 8.4 * (30 - 19) / 20),
        ("mean", 20),
        ("median", 20),
        ("min", 10),
        ("max", 30),
        ("volume", 8.4),
        ("d95 %", 11),
        ("v20gy [CC]", 4.2),
        ("Mean", 20),
        ("Dmean", 20),
        ("Dmedian", 20),
        ("Dmin", 10),
        ("dMAX", 30),
        ("V2000cGy", 50),
        ("V20Gy[%]", 50),
        ("V20Gy[cm3]", 4.2),
        ("D95%[%]", 55),
        ("mean[cGy]", 2000),
        ("mean[Gy]", 20),
        ("CV25.5Gy", 77.5),
        ("CV20Gy[cc]", 4.2),
        ("CV2000cGy[%]", 50),
        ("CV95%", 45),
        ("DC5%", 11),
        ("DC2cc", 10 + 20 * 2 / 8.4),
        ("DC100%", 30),
        ("gEUD(a=1)", 20),
        ("gEUD(a=2)", np.sqrt(1300 / 3)),
        ("gEUD(a=-1)", 20 / np.log(3)),
        ("gEUD(a=8)", ((30.0**9 - 10.0**9) / 180) ** (1 / 8)),
        ("HI", (29.6 - 10.4) / 20),
        ("CI", 30 * 60 * 60 / 8400),  # the half of the dose grid with 20 Gy or more
        ("Paddick", 4.2**2 / (8.4 * 108)),
    ],
)
def test_value_against_closed_form(box, name, value):
    table = metrics.dvh_metrics(box, [name], prescription=20.0)
    assert table.columns.tolist() == [name]
    assert table.loc["Box", name] == pytest.approx(value, abs=0.003)
    assert table.attrs["prescription"] == 20.0
    codes = [each["code"] for each in table.attrs["findings"]]
    assert codes == (["isodose-cut"] if name in ("CI", "Paddick") else [])


def test_a_row_per_roi_and_one_name_is_enough(box):
    table = metrics.dvh_metrics(box, "mean", "box")
    assert table.index.name == "roi"
    assert table.index.tolist() == ["Box"]
    assert table.attrs["prescription"] is None


def test_uniform_dose_meets_its_own_dose():
    dose = np.full(GRID.shape, 14.1)
    ds = make_case({"Box": stack(square(10.0), HEIGHTS)}, None, (GRID, dose))
    table = metrics.dvh_metrics(ds, ["V14.1Gy", "V100%", "D95%", "V14.2Gy"], prescription=14.1)
    assert table.loc["Box"].to_list() == [100, 100, 14.1, 0]


def test_a_small_structure_has_no_d2cc():
    dose = np.broadcast_to(20 + GRID.axes[2], GRID.shape).copy()
    ds = make_case({"Small": stack(square(3.0), HEIGHTS)}, None, (GRID, dose))
    table = metrics.dvh_metrics(ds, ["D2cc", "D0.1cc"])
    assert np.isnan(table.loc["Small", "D2cc"])
    assert np.isfinite(table.loc["Small", "D0.1cc"])
    finding = table.attrs["findings"][0]
    assert finding["code"] == "metric-undefined"
    assert "D2cc" in finding["message"]
    assert "0.756 cm3" in finding["message"]


def test_volume_outside_the_grid_stays_in_the_whole():
    grid = axial_grid((31, 31, 16), (2.0,) * 3, (-30.0,) * 3, "dose_")  # x to 0
    ds = make_case({"Box": stack(square(10.0), HEIGHTS)}, None, (grid, np.full(grid.shape, 30.0)))
    table = metrics.dvh_metrics(ds, ["V20Gy", "D95%", "D40%", "V0Gy"])
    assert table.loc["Box"].to_list() == pytest.approx([50, np.nan, 30, 100], nan_ok=True)
    codes = [finding["code"] for finding in table.attrs["findings"]]
    assert codes == ["outside-dose-grid", "metric-undefined"]


def test_what_needs_the_whole_structure_is_unknown_without_a_part_of_it():
    grid = axial_grid((31, 31, 16), (2.0,) * 3, (-30.0,) * 3, "dose_")  # x to 0
    ds = make_case({"Box": stack(square(10.0), HEIGHTS)}, None, (grid, np.full(grid.shape, 30.0)))
    names = ["CV20Gy", "DC5%", "DC1cc", "Paddick", "CI", "gEUD(a=2)", "HI"]
    table = metrics.dvh_metrics(ds, names, prescription=20.0)
    assert table.loc["Box"].to_list() == pytest.approx(
        [*[np.nan] * 4, 30 * 60 * 60 / 8400, 30, np.nan], nan_ok=True
    )
    told = [each["message"] for each in table.attrs["findings"]]
    undefined = [text for text in told if "only 4.200 cm3 of it have a dose" in text]
    assert [text.split(":")[1] for text in undefined] == [
        f" no {name}" for name in ("CV20Gy", "DC5%", "DC1cc", "Paddick", "HI")
    ]
    assert "isodose-cut" in {each["code"] for each in table.attrs["findings"]}


def test_units_of_the_columns(box):
    names = ["D95%", "V20Gy", "V20Gy[cc]", "mean[cGy]", "HI", "volume", "D2cc[%]"]
    table = metrics.dvh_metrics(box, names, prescription=20.0)
    assert table.attrs["units"] == dict(
        zip(names, ["Gy", "%", "cc", "cGy", "", "cc", "%"], strict=True)
    )
    box["dose"].attrs.update(units="cGy", DoseUnits="CGY")
    assert metrics.dvh_metrics(box, "mean").attrs["units"] == {"mean": "cGy"}


def test_one_plane_of_unknown_thickness_has_doses_and_no_volumes(box):
    ds = make_case({"One": stack(square(10.0), [0.0])}, None, _dose(box))
    table = metrics.dvh_metrics(ds, ["mean", "D2cc", "V20Gy[cc]"])
    assert table.loc["One"].to_list() == pytest.approx([20, np.nan, np.nan], nan_ok=True)
    told = [each["message"] for each in table.attrs["findings"]]
    assert any("no D2cc: its volume is not known" in text for text in told)


def test_a_dose_with_one_plane_has_no_isodose_volume(box):
    dose = box.dose.isel(dose_z=[15])
    ds = make_case({"Box": stack(square(10.0), HEIGHTS)}, None, (GRID, box.dose.values))
    table = metrics.dvh_metrics(ds, ["CI"], dose=dose, prescription=20.0)
    assert np.isnan(table.loc["Box", "CI"])


def test_geud_of_doses_below_zero_is_not_defined(box):
    table = metrics.dvh_metrics(box.assign(dose=box.dose - 20), ["gEUD(a=2)", "mean"])
    assert table.loc["Box"].to_list() == pytest.approx([np.nan, 0], nan_ok=True, abs=1e-6)
    assert "is not defined for its doses" in table.attrs["findings"][0]["message"]
    empty = metrics.dvh_metrics(box.assign(dose=box.dose * 0), ["gEUD(a=2)", "gEUD(a=-2)", "HI"])
    assert empty.loc["Box"].to_list() == pytest.approx([0, 0, np.nan], nan_ok=True)


def test_a_dose_that_is_not_in_the_case(box):
    table = metrics.dvh_metrics(box, ["mean", "V20Gy"], dose=2 * box.dose)
    assert table.loc["Box"].to_list() == pytest.approx([40, 100], abs=0.003)


def test_a_roi_without_volume_has_no_values():
    ds = make_case({"P": [("POINT", [[0, 0, 0]])]}, None, (GRID, np.ones(GRID.shape)))
    table = metrics.dvh_metrics(ds, ["D95%", "V1Gy", "mean", "volume"])
    assert table.loc["P"].to_list() == pytest.approx([np.nan, np.nan, np.nan, 0], nan_ok=True)


def test_percent_of_a_prescription_needs_one(box):
    with pytest.raises(MissingDataError, match=r"V95%.*pass prescription=<Gy>"):
        metrics.dvh_metrics(box, ["V95%", "mean"])
    with pytest.raises(RTXRError, match="above 0"):
        metrics.dvh_metrics(box, ["V95%"], prescription=0)
    with pytest.raises(RTXRError, match="above 0"):
        metrics.dvh_metrics(box, ["V95%"], prescription=np.nan)
    needing = metrics.parsed(["V95%", "mean[%]", "Paddick"])
    assert all(metric.needs_prescription for metric in needing)
    others = metrics.parsed(["mean", "D95%", *metrics.DEFAULT_METRICS])
    assert not any(metric.needs_prescription for metric in others)


@pytest.mark.parametrize(
    ("name", "near"),
    [("D95", "D95%"), ("V20", "V20Gy"), ("meen", "mean"), ("D2ml", "D2%"), ("V20Gy[ml]", "V20Gy")],
)
def test_unknown_names_show_the_nearest(box, name, near):
    with pytest.raises(UnknownNameError) as caught:
        metrics.dvh_metrics(box, [name])
    assert repr(name) in str(caught.value)
    assert near in str(caught.value)


def test_gray_of_a_relative_dose_is_refused(box):
    box["dose"].attrs["DoseUnits"] = "RELATIVE"
    with pytest.raises(MissingDataError, match="relative"):
        metrics.dvh_metrics(box, ["V20Gy"])
    assert metrics.dvh_metrics(box, ["V50%"], prescription=40.0).loc["Box"].to_list() == [
        pytest.approx(50)
    ]


@pytest.mark.parametrize(
    "attrs", [{"units": "cGy"}, {"DoseUnits": "CGY"}, {"units": "furlong", "DoseUnits": "GY"}]
)
def test_another_unit_is_never_taken_as_gray(box, attrs):
    box["dose"].attrs.clear()
    box["dose"].attrs.update(attrs)
    for name in ("V20Gy", "V20Gy[cc]", "V50%"):
        with pytest.raises(MissingDataError, match="not in Gy"):
            metrics.dvh_metrics(box, [name], prescription=40.0)
    table = metrics.dvh_metrics(box, ["mean"])
    assert [each["code"] for each in table.attrs["findings"]] == ["dose-units"]


def test_percent_is_relative(box):
    box["dose"].attrs.update(units="%", DoseUnits="PERCENT")
    with pytest.raises(MissingDataError, match=r"in percent.*V<n>%"):
        metrics.dvh_metrics(box, ["V20Gy"])


def test_without_attrs_a_dose_is_in_gray(box):
    box["dose"].attrs.clear()
    assert metrics.dvh_metrics(box, ["V20Gy"]).attrs["findings"] == []


@pytest.mark.parametrize("name", ["mean[Gy]", "mean[cGy]", "V2000cGy"])
def test_a_unit_that_was_asked_for_is_never_another_one(box, name):
    box["dose"].attrs["DoseUnits"] = "RELATIVE"
    with pytest.raises(MissingDataError, match="relative"):
        metrics.dvh_metrics(box, name)
