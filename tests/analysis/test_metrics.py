"""Metrics: grammar, definitions, and what is said where there is no value."""

import numpy as np
import pytest

from analysis.shapes import axial_grid, make_case, square, stack
from rtxr.analysis import metrics
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError

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
    ],
)
def test_value_against_closed_form(box, name, value):
    table = metrics.dvh_metrics(box, [name], prescription=20.0)
    assert table.columns.tolist() == [name]
    assert table.loc["Box", name] == pytest.approx(value, abs=0.003)
    assert table.attrs == {"prescription": 20.0, "findings": []}


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


def test_a_roi_without_volume_has_no_values():
    ds = make_case({"P": [("POINT", [[0, 0, 0]])]}, None, (GRID, np.ones(GRID.shape)))
    table = metrics.dvh_metrics(ds, ["D95%", "V1Gy", "mean", "volume"])
    assert table.loc["P"].to_list() == pytest.approx([np.nan, np.nan, np.nan, 0], nan_ok=True)


def test_percent_of_a_prescription_needs_one(box):
    with pytest.raises(MissingDataError, match=r"V95%.*pass prescription=<Gy>"):
        metrics.dvh_metrics(box, ["V95%", "mean"])
    with pytest.raises(RTXRError, match="above 0"):
        metrics.dvh_metrics(box, ["V95%"], prescription=0)
    assert metrics.need_prescription(["mean", "V95%"])
    assert not metrics.need_prescription("D95%")
    assert not metrics.need_prescription(metrics.DEFAULT_METRICS)


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


def test_every_kind_says_what_it_means():
    spellings = [kind.spelling for kind in metrics.KINDS]
    assert len(set(map(str.casefold, spellings))) == len(spellings)
    assert all(kind.meaning for kind in metrics.KINDS)
