"""Tables that take both the headers and the numbers, on the synthetic patient."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.shapes import at_height, axial_grid, make_case

import rtxr


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom)


@pytest.fixture(scope="module")
def answers():
    return rtxr.tutorial.answers()


def test_structures_join_header_and_volume(case, answers):
    table = case.rt.structures()
    assert list(table.index) == list(case.roi.values)
    assert table.loc["PTV_70", "type"] == "PTV"
    for label in ("Ring_Hole", "SpinalCord"):  # cylinders: the slabs are the solid
        assert table.loc[label, "volume_cc"] == pytest.approx(answers.volumes_cc[label], rel=1e-3)
    assert table.loc["Empty", "findings"] == "has no contours"


def test_structures_tell_what_the_volume_noticed(case):
    table = case.rt.structures()
    codes = [finding["code"] for finding in table.attrs["findings"]]
    assert "no-contours" in codes  # told in other words by reading, and once only
    assert table["findings"].str.count("contours").max() <= 1
    lower = case.isel(z=slice(None, 5)).rt.structures()
    assert "cm3 lie outside the image" in lower.loc["PTV_70", "findings"]
    assert lower["volume_cc"].equals(table["volume_cc"])


def test_contours_unite_on_request_in_every_table():
    square, planes = 10.0 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]]), (0.0, 3.0, 6.0)
    pair = [at_height(square + np.array([x, 0.0]), z) for z in planes for x in (0.0, 5.0)]
    grid = axial_grid((9, 20, 30), (2.0, 2.0, 2.0), (-5.0, -10.0, -10.0), "dose_")
    ds = make_case({"A": pair}, None, (grid, np.full(grid.shape, 20.0)))
    found = ds.rt.structures()
    assert found.loc["A", "volume_cc"] == pytest.approx(0.9)
    assert 'by union 1.350 cm3; XOR is used unless combine="union"' in found.loc["A", "findings"]
    assert ds.rt.structures(combine="union").loc["A", "volume_cc"] == pytest.approx(1.35)
    assert ds.rt.volumes(combine="union")["A"] == pytest.approx(1.35)
    assert ds.rt.dvh(combine="union")["A"].iloc[0] == pytest.approx(1.35)
    metrics = ds.rt.dvh_metrics(["volume", "V20Gy[cc]"], combine="union")
    assert metrics.loc["A"].tolist() == pytest.approx([1.35, 1.35])


def test_points_are_isocentres_and_point_rois(case):
    table = case.rt.points()
    assert set(table["kind"]) == {"ROI", "isocenter"}
    assert np.ptp(table[["x", "y", "z"]].to_numpy(), axis=0) == pytest.approx(0)


def test_tables_are_of_the_rois_asked_for(case):
    table = case.rt.structures()
    some = case.rt.structures(["lung_l", "PTV_70"])
    assert some.equals(table.loc[["Lung_L", "PTV_70"]])
    points = case.rt.points()
    label = points.loc[points["kind"] == "ROI", "name"].iloc[0]
    assert set(case.rt.points(label)["name"]) == set(
        points.loc[points["kind"] != "ROI", "name"]
    ) | {label}
    assert "ROI" not in set(case.rt.points("PTV_70")["kind"])
    with pytest.raises(rtxr.errors.UnknownNameError, match="no ROI"):
        case.rt.structures("PTV_7O")


def test_doses_of_beams_say_which_beam(case):
    beams = case.rt.beams()
    table = case.rt.dvh("PTV_70", dose=["dose"])
    told = table.attrs["doses"]["dose"]
    numbers = case.rt.doses().loc["dose", "ReferencedBeamNumber"]
    assert told["ReferencedBeamNumber"] == list(numbers)
    assert len(told["BeamName"]) == len(numbers) <= len(beams)
    assert table["dose"].equals(case.rt.dvh("PTV_70"))
    assert "doses" not in case.rt.dvh("PTV_70", dose=case.dose).attrs


def test_dvhs_of_all_cases_are_one_table(phantom, case):
    tree = rtxr.open_tree(phantom)
    table = tree.rt.dvh(["PTV_70", "Lung_L"], relative=True)
    assert table.index.names == ["case", "dose_gy"]
    path = table.index[0][0]
    one = case.rt.dvh(["PTV_70", "Lung_L"], relative=True)
    np.testing.assert_array_equal(table.loc[path].to_numpy(), one.to_numpy())
