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


def test_the_prescription_comes_from_the_plan(case):
    table = case.rt.dvh_metrics(["V95%"], rois="PTV_70")
    assert (table.attrs["prescription"], table.attrs["prescription_source"]) != (None, "given")
    given = case.rt.dvh_metrics(["V95%"], rois="PTV_70", prescription=70)
    assert given.attrs["prescription_source"] == "given"
    assert table.loc["PTV_70", "V95%"] == given.loc["PTV_70", "V95%"]


def test_no_prescription_is_asked_for_where_none_is_needed(case):
    table = case.drop_vars("plan_uid").rt.dvh_metrics(["mean"], rois="PTV_70")
    assert table.attrs["prescription_source"] == "none"


def test_without_a_plan_percentages_ask_for_the_prescription(case):
    with pytest.raises(rtxr.errors.MissingDataError, match="plan"):
        case.drop_vars("plan_uid").rt.dvh_metrics(["V95%"])


def test_a_beam_dose_never_passes_for_the_plans_total(case):
    beam = case.assign(dose=case.dose.assign_attrs(DoseSummationType="BEAM"))
    for options in ({}, {"prescription": 70}):
        table = beam.rt.dvh_metrics(["V95%"], rois="PTV_70", **options)
        assert "dose-not-plan-total" in {each["code"] for each in table.attrs["findings"]}
    assert not beam.rt.dvh_metrics(["mean"], rois="PTV_70").attrs["findings"]


def test_plots_take_the_colours_of_the_rois(case):
    axes = case.rt.plot_dvh(["PTV_70", "Lung_L"], static=True)
    assert [line.get_color() for line in axes.get_lines()][:2] == ["#e41a1c", "#4daf4a"]
    with pytest.raises(ValueError, match="static=True"):
        case.rt.plot_dvh(static=False)
