"""Doses that are not the plan's total in Gy, from files to tables and back."""

from __future__ import annotations

import factories as make
import numpy as np
import pydicom
import pytest
from planned_doses import beam_doses, dose, plan

import rtxr
from rtxr import model

GROUPS = {1: (20, (1, 2))}


def case_with(folder, *doses, **how):
    """Images, a square ROI of 4 mm x 2 mm and a plan beside the doses."""
    images = make.ct_series()
    planned = plan(GROUPS)
    structures = make.structure_set(images)
    planned.ReferencedStructureSetSequence = [make.reference(structures)]
    make.write(folder, [*images, structures, planned, *doses])
    return rtxr.open_dir(folder, progress=False, **how)


@pytest.mark.parametrize("kind", ["i2", "i4"])
def test_errors_of_a_dose_keep_their_sign_from_file_to_file(tmp_path, kind):
    stored = np.linspace(np.iinfo(kind).min, np.iinfo(kind).max, 18).astype(kind).reshape(2, 3, 3)
    source = dose(plan(GROUPS), "PLAN", 0.0, DoseType="ERROR", DoseGridScaling="1e-9")
    source.BitsAllocated = source.BitsStored = 8 * stored.dtype.itemsize
    source.HighBit, source.PixelRepresentation = source.BitsStored - 1, 1
    source.PixelData = stored.tobytes()
    ds = case_with(tmp_path / "in", source)
    np.testing.assert_array_equal(ds.dose, stored * 1e-9)
    assert ds.dose.attrs["DoseType"] == "ERROR"
    edited = ds.assign(dose=ds.dose / 2)
    edited.rt.to_dicom(tmp_path / "out")
    header = pydicom.dcmread(tmp_path / "out" / "RTDOSE_1.dcm")
    assert (header.DoseType, header.PixelRepresentation) == ("ERROR", 1)
    back = rtxr.open_dir(tmp_path / "out", progress=False)
    half_a_step = float(header.DoseGridScaling) / 2
    np.testing.assert_allclose(back.dose, edited.dose, rtol=0, atol=half_a_step * 1.001)


def test_an_error_is_never_the_dose_where_there_is_one(tmp_path):
    of = plan(GROUPS)
    error = dose(of, "PLAN", 1.0, DoseType="ERROR")
    ds = case_with(tmp_path, error, *beam_doses(of))
    assert [ds[name].attrs["DoseType"] for name in model.dose_names(ds)] == [
        "PHYSICAL",
        "PHYSICAL",
        "ERROR",
    ]
    assert "dose-not-plan-total" in set(ds.rt.findings["code"])


@pytest.mark.parametrize("kind", ["BEAM", "FRACTION", "FRACTION_SESSION"])
def test_a_folder_of_parts_says_so_everywhere(tmp_path, kind):
    of = plan(GROUPS)
    parts = beam_doses(of, kind=kind) if kind == "BEAM" else [dose(of, kind, 30.0, 1)]
    ds = case_with(tmp_path, *parts)
    assert "dose-not-plan-total" in set(ds.rt.findings["code"])
    assert ds.rt.doses()["DoseSummationType"].tolist() == [kind] * len(parts)
    assert ds.dose.attrs["DoseSummationType"] == kind
    table = ds.rt.dvh_metrics(["V50%"], prescription=30)
    assert "dose-not-plan-total" in {each["code"] for each in table.attrs["findings"]}


def test_the_sum_of_all_beams_is_quoted_without_a_warning(tmp_path):
    of = plan(GROUPS)
    ds = case_with(tmp_path, *beam_doses(of))
    total = ds.assign(dose=ds.rt.sum_doses("BEAM"))
    table = total.rt.dvh_metrics(["V100%", "mean"], prescription=30)
    assert "dose-not-plan-total" not in {each["code"] for each in table.attrs["findings"]}
    assert table.loc["Square", "mean"] == pytest.approx(30)
    partly = ds.assign(dose=ds.rt.sum_doses("BEAM", weights=[1, 0.5]))
    table = partly.rt.dvh_metrics(["V100%"], prescription=30)
    assert "dose-not-plan-total" in {each["code"] for each in table.attrs["findings"]}


def test_everything_else_of_a_case_works_without_the_scaling_of_its_dose(tmp_path):
    source = dose(plan(GROUPS), "PLAN", 30.0)
    del source.DoseGridScaling
    ds = case_with(tmp_path / "in", source)
    assert ds.rt.volumes()["Square"] == pytest.approx(4 * 2 * 9 / 1000)
    with pytest.raises(rtxr.RTXRError, match=r"\(3004,000E\) DoseGridScaling.*dose_grid_scaling="):
        ds.rt.dvh()
    given = rtxr.open_dir(tmp_path / "in", dose_grid_scaling=0.005, progress=False)
    assert given.rt.dvh_metrics("mean").loc["Square", "mean"] == pytest.approx(30)
    (leaf,) = rtxr.open_tree(tmp_path / "in", dose_grid_scaling=0.005, progress=False).leaves
    assert float(leaf["dose"].max()) == pytest.approx(30)
    ds.drop_vars("dose").rt.to_dicom(tmp_path / "out")
