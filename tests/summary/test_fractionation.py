"""BED and EQD2 of cases: fractions by the plan, alpha/beta by ROI."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from analysis.shapes import axial_grid, make_case, square, stack
from planned_doses import beam_doses, dose, opened, plan

import rtxr
from rtxr import model
from rtxr.errors import ConflictingDataError, MissingDataError, RTXRError, UnknownNameError

ONE = {1: (20, (1, 2))}
TWO = {1: (20, (1, 2)), 2: (5, (3,))}


def eqd2(total, fractions, alpha_beta):
    return total * (total / fractions + alpha_beta) / (2 + alpha_beta)


def case_of(folder, groups, kind, gray, *part, **elements):
    of = plan(groups)
    return opened(folder, of, dose(of, kind, gray, *part, **elements))


@pytest.mark.parametrize(
    ("groups", "kind", "part", "fractions"),
    [
        (ONE, "PLAN", (), 20),
        (ONE, "FRACTION", (1,), 20),
        (TWO, "FRACTION", (2,), 5),
        (TWO, "BEAM", (1, (2,)), 20),
        (TWO, "FRACTION_SESSION", (1,), 1),
    ],
)
def test_the_plan_says_how_many_fractions(tmp_path, groups, kind, part, fractions):
    ds = case_of(tmp_path, groups, kind, 50.0, *part)
    found = ds.rt.eqd2(3)
    assert found.values == pytest.approx(eqd2(50, fractions, 3))
    assert ds.rt.bed(3).values == pytest.approx(50 * (1 + 50 / fractions / 3))
    assert f"n = {fractions}, a/b = 3 Gy" in found.attrs["made"]
    for array in (ds.dose, ds.dose.assign_attrs(note="edited"), ds.rt.sum_doses("dose")):
        assert ds.rt.eqd2(3, dose=array).values == pytest.approx(found.values)
    assert (found.attrs["DoseType"], found.attrs["DoseSummationType"]) == ("EFFECTIVE", kind)
    assert ds.rt.eqd2(3, fractions=10).values == pytest.approx(eqd2(50, 10, 3))


def test_the_effect_of_a_beam_alone_is_told(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path, of, *beam_doses(of))
    assert ds.rt.bed(3).rt.findings["code"].tolist() == ["biological-dose-of-part"]
    whole = ds.rt.bed(3, dose=ds.rt.sum_doses("BEAM"))
    assert whole.rt.findings.empty
    assert whole.values == pytest.approx(30 * (1 + 30 / 20 / 3))
    assert float((ds.rt.bed(3) + ds.rt.bed(3, dose="dose_2")).max()) < float(whole.max()) - 1


def test_several_fraction_groups_ask_and_add_up_one_by_one(tmp_path):
    ds = case_of(tmp_path / "total", TWO, "PLAN", 55.0)
    with pytest.raises(ConflictingDataError, match=r"1 \(20 fractions\), 2 \(5 fractions\)"):
        ds.rt.eqd2(3)
    of = plan(TWO)
    parts = [dose(of, "FRACTION", 40.0, 1), dose(of, "FRACTION", 15.0, 2)]
    ds = opened(tmp_path / "parts", of, *parts)
    total = rtxr.sum_doses([ds.rt.eqd2(3, dose=name) for name in ("dose", "dose_2")])
    assert total.values == pytest.approx(eqd2(40, 20, 3) + eqd2(15, 5, 3))
    assert total.attrs["DoseType"] == "EFFECTIVE"


def test_per_plan_and_then_summed(tmp_path):
    cases = []
    for name, fractions, gray in (("one", 25, 50.0), ("two", 5, 20.0)):
        of = plan({1: (fractions, (1,))}, name)
        cases.append(opened(tmp_path / name, of, dose(of, "PLAN", gray)))
    total = rtxr.sum_doses([ds.rt.eqd2(10) for ds in cases])
    assert total.values == pytest.approx(50 + eqd2(20, 5, 10))
    assert total.attrs["DoseSummationType"] == "MULTI_PLAN"
    with pytest.raises(ConflictingDataError, match=r"MULTI_PLAN.*sum_doses"):
        cases[0].rt.eqd2(3, dose=rtxr.sum_doses([ds.dose for ds in cases]))


def test_what_the_plan_does_not_say_is_asked_for(tmp_path):
    of = plan({1: (20, (1,))})
    del of.FractionGroupSequence[0].NumberOfFractionsPlanned
    ds = opened(tmp_path / "a", of, dose(of, "PLAN", 50.0))
    with pytest.raises(MissingDataError, match=r"\(300A,0078\).*give fractions="):
        ds.rt.bed(3)
    with pytest.raises(MissingDataError, match="no plan to say how many"):
        ds.drop_vars("plan_uid").rt.bed(3)
    assert ds.rt.bed(3, fractions=25).values == pytest.approx(50 * (1 + 2 / 3))
    with pytest.raises(UnknownNameError, match="no dose 'dose_2'; this Dataset has dose"):
        ds.rt.bed(3, dose="dose_2")


def test_the_plan_of_another_dose_does_not_count(tmp_path):
    of, other = plan(ONE), plan(ONE, "other")
    ds = opened(tmp_path, of, dose(of, "PLAN", 50.0))
    array = ds.dose.assign_attrs(
        {model.DOSE_REFERENCES_ATTR: f'[["{other.SOPInstanceUID}", 1, 1]]'}
    )
    with pytest.raises(ConflictingDataError, match="the plan of this Dataset is"):
        ds.assign(dose=array).rt.bed(3)


def test_a_dose_of_another_case_does_not_take_the_fractions_of_this_plan(tmp_path):
    cases = []
    for name, fractions, gray in (("one", 25, 50.0), ("two", 5, 20.0)):
        of = plan({1: (fractions, (1,))}, name)
        cases.append(opened(tmp_path / name, of, dose(of, "PLAN", gray)))
    one, two = cases
    with pytest.raises(ConflictingDataError, match=r"of the plan .* give fractions="):
        one.rt.eqd2(3, dose=two.dose)
    found = one.rt.eqd2(3, dose=two.dose, fractions=5)
    assert found.values == pytest.approx(two.rt.eqd2(3).values)


def test_effective_doses_only_if_told(tmp_path):
    ds = case_of(tmp_path, ONE, "PLAN", 50.0, DoseType="EFFECTIVE")
    with pytest.raises(ConflictingDataError, match="EFFECTIVE"):
        ds.rt.bed(3)
    assert ds.rt.bed(3, effective=True).values == pytest.approx(50 * (1 + 2.5 / 3))


# --- alpha/beta by ROI ------------------------------------------------------------------------
GRID = axial_grid((5, 21, 21), (2.0, 2.0, 2.0), (-4.0, -20.0, -20.0), "dose_")


def tissues(**rois):
    heights = GRID.axes[0]
    ds = make_case(
        {name: stack(square(half, (x, 0.0)), heights) for name, (half, x) in rois.items()},
        None,
        (GRID, np.full(GRID.shape, 60.0)),
    )
    return ds.assign(dose=ds.dose.assign_attrs(DoseType="PHYSICAL"))


def at(array, x, y=0.0):
    return float(array.sel(dose_z=0.0, dose_y=y, dose_x=x))


def test_alpha_beta_by_roi():
    ds = tissues(Cord=(5.0, -10.0), PTV=(5.0, 10.0))
    found = ds.rt.eqd2({"cord": 2, "PTV": 10, "default": 3}, fractions=20)
    assert at(found, -10) == pytest.approx(eqd2(60, 20, 2))
    assert at(found, 10) == pytest.approx(eqd2(60, 20, 10))
    assert at(found, 0) == pytest.approx(eqd2(60, 20, 3))
    assert found.rt.findings.empty
    assert found.attrs["made"].endswith("a/b = 2 to 10 Gy (2 Gy cord, 10 Gy PTV, 3 Gy default)")
    bare = ds.rt.eqd2({"Cord": 2}, fractions=20)
    inside = ds.rt.mask("Cord", grid="dose")
    xr.testing.assert_equal(
        bare.isnull().drop_vars("roi", errors="ignore"), ~inside.drop_vars("roi")
    )


def test_of_overlapping_rois_the_first_counts_and_the_volume_is_told():
    ds = tissues(Cord=(5.0, -3.0), PTV=(5.0, 3.0))
    first = ds.rt.bed({"Cord": 2, "PTV": 10}, fractions=20)
    other = ds.rt.bed({"PTV": 10, "Cord": 2}, fractions=20)
    assert at(first, 0) == pytest.approx(60 * (1 + 3 / 2))
    assert at(other, 0) == pytest.approx(60 * (1 + 3 / 10))
    (finding,) = model.findings_of(first)
    both = ds.rt.mask("Cord", grid="dose") & ds.rt.mask("PTV", grid="dose").drop_vars("roi")
    assert finding.code == "alpha-beta-overlap"
    assert f"{float(both.sum()) * 8 / 1000:.2f} cm3 of ROI 'PTV'" in finding.message
    same = ds.rt.bed({"Cord": 3, "PTV": 3}, fractions=20)
    assert same.rt.findings.empty


def test_a_dataset_is_no_dose():
    ds = tissues(Cord=(5.0, 0.0))
    with pytest.raises(RTXRError, match=r"dose=<Dataset>: .*as a DataArray \(other\['dose'\]\)"):
        ds.rt.eqd2(3, fractions=20, dose=ds)
    with pytest.raises(RTXRError, match="list is no dose"):
        ds.rt.bed(3, fractions=20, dose=["dose"])


@pytest.mark.parametrize("given", [{}, {"Cord": 0}, {"Cord": "3"}, {"default": -1}])
def test_values_by_roi_must_be_above_0(given):
    with pytest.raises(RTXRError, match="alpha_beta"):
        tissues(Cord=(5.0, 0.0)).rt.bed(given, fractions=20)


def test_an_unknown_roi_shows_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'Cord'"):
        tissues(Cord=(5.0, 0.0)).rt.bed({"Cordd": 2}, fractions=20)
