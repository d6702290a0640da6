"""A dose made in memory is written as what it is, not as what its header was."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from planned_doses import beam_doses, dose, opened, plan

import rtxr
from rtxr.errors import ConformanceError

ONE = {1: (20, (1, 2))}
THREE = {1: (20, (1, 2, 3))}


def written(ds, folder):
    files = ds.rt.to_dicom(folder)["path"]
    return [pydicom.dcmread(path) for path in files if "RTDOSE" in str(path)]


def references(header):
    """(plan, group, beams) of each fraction group, (plan,) of a plan as a whole."""
    found = []
    for of in header.ReferencedRTPlanSequence:
        groups = of.get("ReferencedFractionGroupSequence") or ()
        found += [] if groups else [(of.ReferencedSOPInstanceUID,)]
        for group in groups:
            beams = [int(each.ReferencedBeamNumber) for each in group.ReferencedBeamSequence]
            found.append((of.ReferencedSOPInstanceUID, group.ReferencedFractionGroupNumber, beams))
    return found


def test_the_sum_of_all_beams_is_written_as_the_plan(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path / "in", of, *beam_doses(of))
    total = ds.assign(dose=ds.rt.sum_doses()).drop_vars("dose_2")
    (header,) = written(total, tmp_path / "out")
    assert header.DoseSummationType == "PLAN"
    assert references(header) == [(of.SOPInstanceUID,)]
    assert header.SOPInstanceUID != str(ds.dose_uid.values)
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    np.testing.assert_allclose(back.dose, 30, rtol=1e-9)
    assert not back.rt.findings["code"].isin(["dose-not-plan-total"]).any()


def test_the_sum_of_some_beams_names_them(tmp_path):
    of = plan(THREE)
    ds = opened(tmp_path / "in", of, *beam_doses(of, beams=(1, 2, 3)))
    part = ds.assign(dose=ds.rt.sum_doses(["dose", "dose_2"])).drop_vars(["dose_2", "dose_3"])
    (header,) = written(part, tmp_path / "out")
    assert header.DoseSummationType == "BEAM"
    assert references(header) == [(of.SOPInstanceUID, 1, [1, 2])]


def test_a_dose_of_two_plans_names_both(tmp_path):
    one, two = plan(ONE, "one"), plan(ONE, "two")
    first = opened(tmp_path / "a", one, dose(one, "PLAN", 30.0))
    second = opened(tmp_path / "b", two, dose(two, "PLAN", 12.0))
    both = first.assign(dose=rtxr.sum_doses([first.dose, second.dose]))
    (header,) = written(both, tmp_path / "out")
    assert header.DoseSummationType == "MULTI_PLAN"
    assert references(header) == [(one.SOPInstanceUID,), (two.SOPInstanceUID,)]


def test_what_the_standard_has_no_word_for_is_not_written(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path / "in", of, dose(of, "PLAN", 30.0))
    half = ds.assign(dose=ds.rt.sum_doses(weights=[0.5]))
    with pytest.raises(ConformanceError, match=r"\(3004,000A\).*'OTHER'.*attrs"):
        half.rt.to_dicom(tmp_path / "out")
    said = half.assign(dose=half.dose.assign_attrs(DoseSummationType="PLAN"))
    (header,) = written(said, tmp_path / "out")
    assert header.DoseSummationType == "PLAN"


def test_a_biological_dose_is_never_written_as_physical(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path / "in", of, dose(of, "PLAN", 30.0))
    (header,) = written(ds.assign(dose=ds.rt.eqd2(3)), tmp_path / "out")
    assert header.DoseType == "EFFECTIVE"
    assert header.DoseUnits == "GY"
    assert header.DoseComment == "EQD2, n = 20, a/b = 3 Gy"
    beside = ds.assign(dose_2=ds.rt.bed(3))
    first, second = written(beside, tmp_path / "two")
    assert (first.DoseType, second.DoseType) == ("PHYSICAL", "EFFECTIVE")
    assert first.SOPInstanceUID == str(ds.dose_uid.values)
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    np.testing.assert_allclose(back.dose, 30 * (30 / 20 + 3) / 5, rtol=1e-9)


def test_a_kind_set_by_hand_drops_what_belonged_to_the_other(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path / "in", of, *beam_doses(of, beams=(1,)))
    total = ds.assign(dose=ds.dose.assign_attrs(DoseSummationType="PLAN"))
    assert total.rt.doses().loc["dose", "ReferencedBeamNumber"] == ()
    (header,) = written(total, tmp_path / "out")
    assert references(header) == [(of.SOPInstanceUID,)]


def test_a_dose_without_attrs_or_with_its_own_is_no_change(tmp_path):
    of = plan(ONE)
    ds = opened(tmp_path / "in", of, *beam_doses(of))
    for number, held in enumerate((ds, ds.drop_attrs())):
        table = held.rt.to_dicom(tmp_path / str(number))
        assert not table["changed"].any()


def test_a_relative_dose_made_absolute_is_written_in_gray(tmp_path):
    of = plan(ONE)
    source = dose(of, "PLAN", 1.0, DoseUnits="RELATIVE")
    ds = opened(tmp_path / "in", of, source)
    gray = (ds.dose * 70).assign_attrs(units="Gy", DoseUnits="GY")
    (header,) = written(ds.assign(dose=gray), tmp_path / "out")
    assert header.DoseUnits == "GY"
    np.testing.assert_allclose(rtxr.open_dir(tmp_path / "out", progress=False).dose, 70, rtol=1e-9)


def test_a_dose_whose_scaling_was_given_is_written_with_one(tmp_path):
    source = dose(plan(ONE), "PLAN", 30.0)
    of = plan(ONE)
    del source.DoseGridScaling
    ds = opened(tmp_path / "in", of, source, dose_grid_scaling=0.005)
    written(ds, tmp_path / "out")
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    np.testing.assert_allclose(back.dose, 30, rtol=1e-9)
    bare = rtxr.open_dir(tmp_path / "in", progress=False)
    with pytest.raises(ConformanceError, match="DoseGridScaling of 'dose' is missing"):
        bare.rt.to_dicom(tmp_path / "none")


@pytest.mark.validators
def test_validators_take_what_is_written(phantom, tmp_path, validator):
    ds = rtxr.open_dir(phantom, progress=False).drop_vars("mask")
    sums = ds.assign(dose=ds.rt.sum_doses(), dose_2=ds.rt.eqd2(3, fractions=35))
    sums.rt.to_dicom(tmp_path / "out")
    for name in ("RTDOSE_1.dcm", "RTDOSE_2.dcm"):
        assert validator.dciodvfy(tmp_path / "out" / name) == []
        assert validator.drtdump(tmp_path / "out" / name) == []
