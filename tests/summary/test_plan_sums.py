"""Sums of the doses of a case: what the plan makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from planned_doses import beam_doses, dose, opened, plan

import rtxr
from rtxr import model
from rtxr.errors import ConflictingDataError, MissingDataError

ONE = {1: (20, (1, 2, 9))}
TWO = {1: (20, (1, 2)), 2: (5, (3,))}


def is_what(array):
    return array.attrs["DoseSummationType"], float(array.max())


def test_all_beams_are_the_plan_and_some_are_not(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path, of, *beam_doses(of))
    assert is_what(ds.rt.sum_doses("BEAM")) == ("PLAN", 30)
    assert is_what(ds.rt.sum_doses("beam")) == ("PLAN", 30)
    assert is_what(ds.rt.sum_doses()) == ("PLAN", 30)
    assert is_what(ds.rt.sum_doses(["dose", "dose_2"], weights=[1, 2])) == ("OTHER", 50)
    assert is_what(ds.rt.sum_doses("dose_2")) == ("BEAM", 20)
    assert is_what(ds.drop_vars("plan_uid").rt.sum_doses()) == ("BEAM", 30)


def test_beams_of_every_fraction_group_are_asked_for(tmp_path):
    of = plan(TWO)
    ds = opened(tmp_path, of, *beam_doses(of), *beam_doses(of, 2, (3,)))
    assert is_what(ds.rt.sum_doses("BEAM")) == ("PLAN", 35)
    assert is_what(ds.rt.sum_doses(["dose", "dose_2"])) == ("BEAM", 30)


def test_doses_of_a_session_count_as_often_as_there_are_fractions(tmp_path):
    of = plan(TWO)
    sessions = [dose(of, "FRACTION_SESSION", 2.0, 1), dose(of, "FRACTION_SESSION", 3.0, 2)]
    ds = opened(tmp_path, of, *sessions)
    weights = [{2.0: 20, 3.0: 5}[float(ds[name].max())] for name in model.dose_names(ds)]
    assert is_what(ds.rt.sum_doses(weights=weights)) == ("PLAN", 55)
    assert is_what(ds.rt.sum_doses())[0] == "OTHER"


def test_a_beam_that_counts_twice_is_told(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path, of, *beam_doses(of), dose(of, "BEAM", 30.0, 1, (1, 2)))
    found = ds.rt.sum_doses("BEAM")
    assert found.attrs["DoseSummationType"] == "OTHER"
    assert found.rt.findings["code"].tolist() == ["dose-sum-repeats"]


def test_kinds_that_may_hold_each_other_ask_for_a_choice(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path, of, dose(of, "PLAN", 30.0), *beam_doses(of))
    with pytest.raises(ConflictingDataError, match=r"dose is PLAN, dose_2 is BEAM.*'BEAM'"):
        ds.rt.sum_doses()
    difference = ds.rt.sum_doses(["dose", "BEAM"], weights=[1, -1, -1])
    np.testing.assert_allclose(difference, 0, atol=1e-12)
    assert difference.attrs["DoseSummationType"] == "OTHER"


def test_the_sum_in_the_place_of_a_dose_is_told_as_it_is(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path, of, *beam_doses(of))
    total = ds.assign(dose=ds.rt.sum_doses())
    row = total.rt.doses().loc["dose"]
    assert (row.DoseSummationType, row.ReferencedRTPlan) == ("PLAN", of.SOPInstanceUID)
    assert (row.ReferencedFractionGroupNumber, row.ReferencedBeamNumber) == ((), ())
    part = ds.assign(dose=ds.rt.sum_doses("dose_2")).rt.doses().loc["dose"]
    assert (part.DoseSummationType, part.ReferencedBeamNumber) == ("BEAM", (2,))


def test_plans_of_several_cases(tmp_path):
    one, two = plan(ONE, "one"), plan(ONE, "two")
    first = opened(tmp_path / "a", one, dose(one, "PLAN", 30.0))
    second = opened(tmp_path / "b", two, dose(two, "PLAN", 12.0))
    assert is_what(rtxr.sum_doses([first.dose, second.dose])) == ("MULTI_PLAN", 42)
    assert is_what(rtxr.sum_doses([first.dose, first.dose]))[0] == "OTHER"


def test_grids_by_name(tmp_path, phantom):
    ds = rtxr.open_dir(phantom)
    assert model.grid_of(ds.rt.sum_doses(grid="image")).same_as(ds.rt.grid("image"))
    np.testing.assert_array_equal(ds.rt.sum_doses(grid="image"), ds.rt.dose_on("image"))
    assert model.grid_of(ds.rt.sum_doses(grid="finest")).same_as(ds.rt.grid("dose"))


def test_errors_say_what_there_is(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path, of, *beam_doses(of))
    with pytest.raises(MissingDataError, match="did you mean 'BEAM'"):
        ds.rt.sum_doses("BEAMS")
    with pytest.raises(MissingDataError, match="no dose to sum"):
        ds.drop_vars(["dose", "dose_2"]).rt.sum_doses()


@pytest.mark.data
def test_the_beams_of_a_proton_plan_are_its_total(case_data):
    ds = rtxr.scan(case_data("proton_dcpt") / "raystation_plan03", progress=False).open()
    total = ds.rt.sum_doses("BEAM")
    assert total.attrs["DoseSummationType"] == ds.dose.attrs["DoseSummationType"] == "PLAN"
    assert total.attrs["DoseType"] == "EFFECTIVE"
    assert float(np.abs(total - ds.dose).max()) < 5e-5
    assert total.rt.findings.empty
