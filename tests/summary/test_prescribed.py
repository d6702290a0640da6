"""Metrics and goals with the prescription of the plan, on the synthetic patient and a real one."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

import rtxr
from rtxr.errors import MissingDataError, RTXRError, UnknownNameError


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom)


def codes(table):
    return {each["code"] for each in table.attrs["findings"]}


def test_the_prescription_comes_from_the_plan(case):
    table = case.rt.dvh_metrics(["V95%"], rois="PTV_70")
    assert (table.attrs["prescription"], table.attrs["prescription_source"]) != (None, "given")
    given = case.rt.dvh_metrics(["V95%"], rois="PTV_70", prescription=70)
    assert given.attrs["prescription_source"] == "given"
    assert table.loc["PTV_70", "V95%"] == given.loc["PTV_70", "V95%"]


def test_no_prescription_is_asked_for_where_none_is_needed(case):
    table = case.drop_vars("plan_uid").rt.dvh_metrics(["mean"], rois="PTV_70")
    assert table.attrs["prescription_source"] == "none"


@pytest.mark.parametrize("name", ["V95%", "D95%[%]", "CI", "Paddick", "CV95%"])
def test_without_a_plan_percentages_ask_for_the_prescription(case, name):
    with pytest.raises(MissingDataError, match="plan"):
        case.drop_vars("plan_uid").rt.dvh_metrics([name])


def test_a_beam_dose_never_passes_for_the_plans_total(case):
    beam = case.assign(dose=case.dose.assign_attrs(DoseSummationType="BEAM"))
    for options in ({}, {"prescription": 70}):
        table = beam.rt.dvh_metrics(["V95%"], rois="PTV_70", **options)
        assert "dose-not-plan-total" in codes(table)
        assert "dose-not-plan-total" in codes(beam.rt.goals("PTV_70: D95% >= 95 %", **options))
    for table in (beam.rt.dvh_metrics(["mean"], rois="PTV_70"), beam.rt.dvh("PTV_70")):
        (told,) = table.attrs["findings"]
        assert told["code"] == "dose-not-plan-total"
        assert "'BEAM': these are numbers of that part" in told["message"]
    assert "dose-not-plan-total" in set(beam.rt.plot_dvh("PTV_70").findings["code"])
    for named in ("BEAM", beam.dose):  # who names a part knows
        assert not beam.rt.dvh("PTV_70", dose=named).attrs["findings"]


@pytest.mark.parametrize("limit", ["66.5 Gy", "6650 cGy"])
def test_limits_in_gray_do_not_judge_doses_in_other_units(case, limit):
    # In percent of 70 Gy, 97 would be above 66.5.
    percent = case.assign(dose=(case.dose / 0.7).assign_attrs(units="%", DoseUnits="RELATIVE"))
    goal = f"PTV_70: D95% >= {limit}"
    with pytest.raises(
        MissingDataError, match=rf"'{goal}': the limit is in Gy and the dose is in %"
    ):
        percent.rt.goals([goal, "PTV_70: volume > 3 cc"])
    table = percent.rt.goals(["PTV_70: D95% >= 95 %", "PTV_70: volume > 3 cc"], prescription=100)
    as_gray = case.rt.goals("PTV_70: D95% >= 95 %", prescription=70)
    assert table["value"].iloc[0] == pytest.approx(as_gray["value"].iloc[0], rel=1e-6)
    assert table["status"].notna().all()
    assert "prescription 100 % (given)" in table._repr_html_()


def test_numbers_of_an_error_say_so(case):
    error = case.assign(dose=case.dose.assign_attrs(DoseType="ERROR"))
    for table in (
        error.rt.dvh("PTV_70"),
        error.rt.dvh_metrics("mean", "PTV_70"),
        error.rt.goals("PTV_70: mean >= 60 Gy"),
    ):
        assert codes(table) == {"dose-not-plan-total"}
        assert "numbers of an error" in table.attrs["findings"][0]["message"]


def test_a_dose_of_the_plan_as_it_was_says_so_beside_its_numbers(case):
    edited = case.rt.remove_beam(1)
    tables = [
        edited.rt.dvh("PTV_70"),
        edited.rt.dvh_metrics("mean", "PTV_70"),
        edited.rt.goals("PTV_70: mean >= 1 Gy"),
    ]
    for table in tables:
        assert "dose-of-plan-before" in codes(table)
    assert "dose-of-plan-before" not in codes(edited.rt.dvh("PTV_70", dose=edited.dose * 2))


def test_goals_in_percent_without_a_prescription_leave_the_others(case):
    bare = case.drop_vars("plan_uid")
    asked = ["PTV_70: D95% >= 95 %", "PTV_70: mean >= 1 Gy", "Nowhere: V95% >= 95 %"]
    table = bare.rt.goals(asked)
    assert table["status"].fillna("none").tolist() == ["none", "pass", "none"]
    told = [each for each in table.attrs["findings"] if each["code"] == "goal-without-prescription"]
    assert len(told) == 2
    assert "PTV_70: D95% >= 95 %" in told[0]["message"]
    assert "no plan" in told[0]["message"]
    assert bare.rt.goals(asked, prescription=70)["status"].notna().tolist() == [True, True, False]
    with pytest.raises(MissingDataError, match="no dose 'dose_9'"):
        bare.rt.goals(asked, dose="dose_9")
    plot = bare.rt.plot_dvh("PTV_70", goals=asked[:2])
    assert "goal-without-prescription" in set(plot.findings["code"])


def test_of_any_dose_mask_and_reading_of_the_contours(case):
    names = ["mean", "volume"]
    table = case.rt.dvh_metrics(names, "PTV_70")
    half = case.rt.dvh_metrics(names, "PTV_70", dose=case.dose / 2)
    assert half.loc["PTV_70", "mean"] == pytest.approx(table.loc["PTV_70", "mean"] / 2, rel=1e-3)
    shape = case.rt.dvh_metrics(names, "PTV_70", between="shape")
    assert shape.loc["PTV_70", "volume"] == pytest.approx(table.loc["PTV_70", "volume"], rel=0.03)
    masked = case.rt.dvh_metrics(names, mask={"drawn": case.rt.mask("PTV_70")})
    assert masked.index.tolist() == ["drawn"]
    assert masked.loc["drawn", "volume"] == pytest.approx(table.loc["PTV_70", "volume"], rel=0.1)
    goals = case.rt.goals("PTV_70: volume > 0 cc", between="shape", dose=case.dose / 2)
    assert goals["value"].tolist() == [shape.loc["PTV_70", "volume"]]


def test_goals_of_a_case(case):
    case = case.rt.alias()
    table = case.rt.goals(
        [
            "ptv_70: D95% >= 95 %",
            "SpinalCord: D0.03cc <= 1 Gy (<= 1000 Gy)",
            "/^lung_/: mean < 0.01 Gy",
            "Appendix: max <= 45 Gy",
            "Empty: mean <= 1 Gy",
        ]
    )
    assert table["roi"].tolist() == [
        "PTV_70",
        "SpinalCord",
        *(label for label in case.roi.values if label.startswith("Lung_")),
        "Appendix",
        "Empty",
    ]
    value = case.rt.dvh_metrics("D95%", "PTV_70").iloc[0, 0]
    assert table["value"].iloc[0] == pytest.approx(100 * value / 70)
    assert table["status"].iloc[1] == "acceptable"
    assert table["passed"].tolist()[1] is False
    assert table["passed"].iloc[-2:].isna().all()
    assert table["passed"].dtype == pd.BooleanDtype()
    assert table.attrs["prescription"] == 70
    assert {"goal-without-roi", "no-contours"} <= codes(table)
    assert "goals met" in table._repr_html_()
    assert table.copy().attrs == table.attrs


def test_a_prescription_for_each_roi(case):
    by_roi = {"ptv_70": 70, "/lung/": 20.0}
    names = ["V95%", "D95%[%]", "mean"]
    table = case.rt.dvh_metrics(names, ["PTV_70", "Lung_L", "SpinalCord"], prescription=by_roi)
    assert table.attrs["prescription"] == {"PTV_70": 70.0, "Lung_L": 20.0}
    assert table.attrs["prescription_source"] == "given"
    for roi, dose in (("PTV_70", 70), ("Lung_L", 20)):
        alone = case.rt.dvh_metrics(names, roi, prescription=dose)
        assert table.loc[roi].tolist() == alone.loc[roi].tolist()
    assert table.loc["SpinalCord", ["V95%", "D95%[%]"]].isna().all()
    told = [each["message"] for each in table.attrs["findings"]]
    assert "ROI 'SpinalCord': no V95%: prescription= says none of it" in told[0]
    rest = case.rt.dvh_metrics("D95%[%]", "SpinalCord", prescription={**by_roi, "default": 50})
    assert rest.attrs["prescription"] == {"SpinalCord": 50.0}
    goals = case.rt.goals(
        ["PTV_70: D95% >= 90 %", "SpinalCord: max <= 5 %", "Lung_L: V95% < 10 %"],
        prescription=by_roi,
    )
    assert goals["value"].tolist()[::2] == [table.iloc[0, 1], table.iloc[1, 0]]
    assert goals["status"].isna().tolist() == [False, True, False]
    assert "prescription PTV_70 70 Gy, Lung_L 20 Gy (given)" in goals._repr_html_()
    compared = case.rt.dvh_compare("V95%", prescription={"PTV_70": 66})
    assert compared.attrs["prescription"] == {"PTV_70": 66.0}


@pytest.mark.parametrize("wrong", [{"PTV_70": "70"}, {}, {"PTV_70": 0}, {"PTV_70": None}, "70"])
def test_a_prescription_is_a_number(case, wrong):
    for table in (case.rt.dvh_metrics, case.rt.dvh, case.rt.dvh_compare):
        with pytest.raises(RTXRError, match="prescription"):
            table(prescription=wrong)
    with pytest.raises(UnknownNameError, match="no ROI 'PTV'; did you mean 'PTV_70'"):
        case.rt.goals("PTV_70: D95% >= 90 %", prescription={"PTV": 70})


def test_goals_of_masks(case):
    drawn = case.rt.mask("PTV_70")
    asked = ["Drawn: D95% >= 60 Gy", "PTV_70: D95% >= 60 Gy", "/^(drawn|ptv)/: max < 1 Gy"]
    table = case.rt.goals(asked, mask={"drawn": drawn})
    assert table["roi"].tolist() == ["drawn", "PTV_70", "PTV_70", "drawn"]
    metrics = case.rt.dvh_metrics(["D95%", "max"], mask={"drawn": drawn})
    assert table["value"].iloc[[0, 3]].tolist() == metrics.loc["drawn"].tolist()
    alone = case[["dose"]].rt.goals("mask: D95% >= 95 %", mask=drawn, prescription={"mask": 60})
    assert alone.loc[0, "value"] == pytest.approx(metrics.loc["drawn", "D95%"] / 0.6)
    nothing = case[["dose"]].rt.goals("PTV_70: max < 1 Gy", mask=drawn)
    assert nothing["value"].isna().all()
    with pytest.raises(RTXRError, match="both called"):
        case.rt.goals("PTV_70: max < 1 Gy", mask={"PTV_70": drawn})


def test_goals_of_many_cases_are_one_table(phantom):
    tree = rtxr.open_tree(phantom)
    table = tree.rt.goals(["PTV_70: D95% >= 95 %", "Nowhere: mean < 5 Gy"])
    assert table.index.names[0] == "case"
    assert len(table) == 2 * len(table.attrs["cases"])
    assert "<th" in table._repr_html_()
    assert table.index[0][0] in table._repr_html_()
    with pytest.raises(UnknownNameError, match="did you mean"):
        tree.rt.goals("PTV_70: D95 >= 95 %")


def test_a_goal_table_is_a_value(case):
    table = case.rt.goals("PTV_70: max <= 100 Gy")
    again = pickle.loads(pickle.dumps(table))
    assert type(again) is type(table)
    pd.testing.assert_frame_equal(again, table)


@pytest.mark.data
def test_the_dose_of_a_site_and_not_that_of_a_point(case_data):
    ds = rtxr.open_dir(case_data("breast_boost_eclipse"))
    table = ds.rt.dvh_metrics(["V100%", "CI"], "Tumor Bed Block", end_cap="none")
    assert table.attrs["prescription"] == 14
    assert table.attrs["prescription_source"] == "dose reference 1 (SITE)"
    given = ds.rt.dvh_metrics(["V100%"], "Tumor Bed Block", prescription=11.31, end_cap="none")
    assert given.attrs["prescription_source"] == "given"
    assert given.iloc[0, 0] > table.iloc[0, 0]
    goals = ds.rt.alias().rt.goals(["Tumor Bed: D95% >= 95 %", "lung_l: V5Gy < 30 %"])
    assert goals["passed"].tolist() == [True, True]
    assert goals["roi"].tolist() == ["Tumor Bed", "Lt Lung"]
    assert goals.attrs["prescription_source"] == "dose reference 1 (SITE)"
