"""DVHs in written doses: computed ones on request, and stored ones that do not hold any more."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_structures import BOX, codes

import rtxr
from rtxr import model
from rtxr.contour_points import contours_of
from rtxr.errors import ConformanceError, MissingDataError, RTXRError, UnknownNameError
from rtxr.export.dvhs import MOST_BINS, histogram

ROIS = ["PTV_70", "SpinalCord"]
ATTRS = {
    "kind": "cumulative",
    "prescription": None,
    "bin_width": 0.01,
    "relative": False,
    "units": "Gy",
}
STATISTICS = {"min_gy": 0.0, "max_gy": 1.0, "mean_gy": 0.5}


@pytest.fixture(scope="module")
def case(phantom):
    return rtxr.open_dir(phantom).drop_vars(["ct", "mask"])


@pytest.fixture(scope="module")
def table(case):
    return case.rt.dvh(ROIS)


def dose_in(folder: Path) -> pydicom.Dataset:
    return pydicom.dcmread(folder / "RTDOSE_1.dcm")


def messages(written, code) -> list[str]:
    return [each["message"] for each in written.attrs["findings"] if each["code"] == code]


def with_two_dvhs(phantom: Path, folder: Path) -> Path:
    """The synthetic patient with a second stored DVH, of SpinalCord."""
    folder.mkdir()
    for path in phantom.iterdir():
        ds = pydicom.dcmread(path)
        if ds.Modality == "RTDOSE":
            more = copy.deepcopy(ds.DVHSequence[0])
            more.DVHReferencedROISequence[0].ReferencedROINumber = 4
            ds.DVHSequence.append(more)
        if ds.Modality != "CT":
            ds.save_as(folder / path.name)
    return folder


# --- computed DVHs --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "options", [{}, {"kind": "differential"}, {"relative": True}, {"prescription": 70.0}]
)
def test_a_table_comes_back_from_the_file(case, table, tmp_path, options):
    written = case.rt.to_dicom(tmp_path / "out", dvh=case.rt.dvh(ROIS, **options))
    assert "2 computed DVHs" in messages(written, "dvh-written")[0]
    back = rtxr.open_dir(tmp_path / "out").rt.dvh_stored()
    assert list(back.columns) == ROIS
    assert back.attrs["edge"] == "left"
    for label in ROIS:
        found = np.interp(table.index, back.index, back[label])
        whole = table[label].iloc[0]
        np.testing.assert_allclose(found, table[label], rtol=0, atol=2e-4 * whole)
        facts, ours = back.attrs["rois"][label], table.attrs["rois"][label]
        for name in ("min_gy", "mean_gy", "max_gy"):
            assert facts[name] == pytest.approx(ours[name], rel=1e-9)


def test_what_is_written_is_what_was_asked_for(case, table, tmp_path):
    written = case.rt.to_dicom(tmp_path / "out", dvh=table)
    changed = written.set_index("IOD")["changed"].to_dict()
    assert changed["RT Dose"] == "its DVHs were computed anew"
    assert not changed["RT Structure Set"]
    dose = dose_in(tmp_path / "out")
    (reference,) = dose.ReferencedStructureSetSequence
    assert reference.ReferencedSOPInstanceUID == str(case.structure_set_uid.values)
    numbers = dict(zip(case.roi.values.tolist(), case.roi_number.values.tolist(), strict=True))
    for label, made in zip(ROIS, dose.DVHSequence, strict=True):
        assert made.DVHReferencedROISequence[0].ReferencedROINumber == numbers[label]
        assert (made.DVHType, made.DoseUnits, made.DVHVolumeUnits) == ("CUMULATIVE", "GY", "CM3")
        assert made.DVHNumberOfBins == len(made.DVHData) / 2 <= MOST_BINS
        assert made.DVHData[-1] == 0


def test_an_edited_structure_set_is_the_one_referred_to(case, tmp_path):
    edited = case.rt.add_structure("Box", BOX, type="ORGAN")
    edited.rt.to_dicom(tmp_path / "out", dvh=edited.rt.dvh(["Box"]))
    dose = dose_in(tmp_path / "out")
    structures = pydicom.dcmread(tmp_path / "out" / "RTSTRUCT_1.dcm")
    (reference,) = dose.ReferencedStructureSetSequence
    assert reference.ReferencedSOPInstanceUID == structures.SOPInstanceUID
    assert structures.SOPInstanceUID != str(case.structure_set_uid.values)
    assert list(rtxr.open_dir(tmp_path / "out").rt.dvh_stored()) == ["Box"]


def test_doses_and_structures_of_ones_own(case, tmp_path):
    """A sum does not carry the DVHs of its first part, and can carry its own."""
    doubled = case.assign(dose=case.dose * 2)
    doubled.rt.to_dicom(tmp_path / "out", dvh=doubled.rt.dvh("PTV_70"))
    back = rtxr.open_dir(tmp_path / "out").rt.dvh_stored()
    before = case.rt.dvh("PTV_70").attrs["rois"]["PTV_70"]["mean_gy"]
    assert back.attrs["rois"]["PTV_70"]["mean_gy"] == pytest.approx(2 * before, rel=1e-6)


def test_several_doses_have_their_own(case, tmp_path):
    both = case.assign(dose_2=case.dose / 2)
    both.rt.to_dicom(tmp_path / "out", dvh=both.rt.dvh("PTV_70", dose=["dose", "dose_2"]))
    files = [pydicom.dcmread(tmp_path / "out" / f"RTDOSE_{number}.dcm") for number in (1, 2)]
    means = [float(file.DVHSequence[0].DVHMeanDose) for file in files]
    assert means[0] == pytest.approx(2 * means[1])


def test_a_roi_without_volume_has_no_dvh(case, tmp_path):
    written = case.rt.to_dicom(tmp_path / "out", dvh=case.rt.dvh(["PTV_70", "Empty"]))
    assert len(dose_in(tmp_path / "out").DVHSequence) == 1
    assert "'Empty'" in messages(written, "dvh-not-written")[0]
    only = case.rt.to_dicom(tmp_path / "none", dvh=case.rt.dvh("Empty"))
    assert "dvh-written" not in codes(only)


@pytest.mark.validators
def test_validators_accept_computed_dvhs(case, validator, tmp_path):
    for at, options in enumerate(({}, {"kind": "differential", "relative": True})):
        case.rt.to_dicom(tmp_path / str(at), dvh=case.rt.dvh(**options))
        assert validator.dciodvfy(tmp_path / str(at) / "RTDOSE_1.dcm") == []


def test_validate_says_what_would_be_written(case, table):
    findings = case.rt.validate(dvh=table)
    assert "dvh-written" in set(findings["code"])


# --- what cannot be written -----------------------------------------------------------------------
def renamed(table, old, new):
    changed = table.rename(columns={old: new})
    changed.attrs = table.attrs | {"rois": {new: table.attrs["rois"][old]}}
    return changed


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda _: pd.DataFrame({"PTV_70": [1, 0]}), RTXRError, "no 'dose' in those of this"),
        (lambda _: 3, RTXRError, "of this int"),
        (lambda t: renamed(t, "PTV_70", "PTV_7"), UnknownNameError, "did you mean 'PTV_70'"),
        (lambda t: with_attrs(t, dose="dose_2"), UnknownNameError, "no dose of the case"),
        (lambda t: with_attrs(t, units="cGy"), RTXRError, "convert the dose first"),
        (lambda t: t.set_axis(t.index - 1), RTXRError, "negative doses"),
    ],
)
def test_tables_that_no_dose_can_hold(case, table, tmp_path, change, error, match):
    with pytest.raises(error, match=match):
        case.rt.to_dicom(tmp_path / "out", dvh=change(table))
    assert not (tmp_path / "out").exists()


def with_attrs(table, **attrs):
    changed = table.copy()
    changed.attrs = table.attrs | attrs
    return changed


def test_dvhs_need_the_structures_they_are_of(case, table, tmp_path):
    bare = case.drop_vars([name for name in model.STRUCTURE_COORDS if name in case.coords])
    with pytest.raises(MissingDataError, match="no structures"):
        bare.rt.to_dicom(tmp_path / "out", dvh=table)


def test_keep_forbids_new_dvhs(case, table, tmp_path):
    with pytest.raises(ConformanceError, match="violation"):
        case.rt.to_dicom(tmp_path / "out", dvh=table, uids="keep")


# --- bins -----------------------------------------------------------------------------------------
@given(st.integers(1, 9000))
def test_bins_are_few_enough_and_hold_the_curve(rows):
    column = np.linspace(5, 1, rows)
    made = histogram(ATTRS, np.append(column, 0), STATISTICS, 1)
    assert made is not None
    assert 2 <= len(made.volumes) <= MOST_BINS
    assert made.volumes[-1] == 0
    joined = round(made.width / 0.01)
    np.testing.assert_array_equal(made.volumes[:-1], column[::joined])


@given(st.integers(1, 9000))
def test_bins_of_a_differential_table_are_added(rows):
    attrs = {**ATTRS, "kind": "differential"}
    made = histogram(attrs, np.linspace(5, 1, rows), STATISTICS, 1)
    assert made is not None
    assert made.volumes.sum() == pytest.approx(np.linspace(5, 1, rows).sum())
    assert len(made.volumes) <= MOST_BINS


# --- stored DVHs ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("edit", "left"),
    [
        (lambda ds: ds.rt.remove("Lung_L"), [2, 4]),
        (lambda ds: ds.rt.remove("SpinalCord"), [2]),
        (lambda ds: ds.rt.remove(["SpinalCord", "PTV_70"]), []),
        (lambda ds: ds.rt.rename({"PTV_70": "PTV"}), [2, 4]),
        (lambda ds: moved(ds, "PTV_70"), [4]),
        (lambda ds: moved(ds, "Lung_L"), [2, 4]),
        (lambda ds: ds.assign(dose=ds.dose * 2), []),
    ],
)
def test_stored_dvhs_go_with_what_they_describe(phantom, tmp_path, edit, left):
    ds = rtxr.open_dir(with_two_dvhs(phantom, tmp_path / "source"))
    numbers = dict(zip(ds.roi.values.tolist(), ds.roi_number.values.tolist(), strict=True))
    assert (numbers["PTV_70"], numbers["SpinalCord"]) == (2, 4)
    written = edit(ds).rt.to_dicom(tmp_path / "out")
    dose = dose_in(tmp_path / "out")
    kept = [
        int(each.DVHReferencedROISequence[0].ReferencedROINumber)
        for each in dose.get("DVHSequence", [])
    ]
    assert kept == left
    assert ("stale-dvh-removed" in codes(written)) == (len(left) < 2)
    assert ("ReferencedStructureSetSequence" in dose) == bool(left)
    if len(left) == 1:
        assert "1 of 2 stored DVHs" in messages(written, "stale-dvh-removed")[0]


def moved(ds, label):
    """The contours of one ROI 1 mm to the side."""
    number = int(ds.roi_number[ds.roi == label].item())
    keys = ds.contour.values[ds.contour_roi_number.values == number]
    shift = np.isin(ds.node_contour.values, keys) * 1.0
    return ds.drop_vars("mask", errors="ignore").assign_coords(node_x=ds.node_x + shift)


def _redrawn(ds):
    lung = [points for _, points in contours_of(ds, "Lung_L")]
    return ds.rt.remove("PTV_70").rt.add_structure("PTV_70", lung)


@pytest.mark.parametrize("edit", [lambda ds: ds.assign(dose=ds.dose * 2), _redrawn])
def test_dvhs_of_what_was_edited_since_are_refused(case, edit):
    table = case.rt.dvh("PTV_70")
    with pytest.raises(RTXRError, match="make it anew of what is written"):
        edit(case).rt.validate(dvh=table)


@pytest.mark.parametrize(
    "edit", [lambda t: t * 0.5, lambda t: t.iloc[::10], lambda t: t.loc[:50], lambda t: t.loc[10:]]
)
def test_edited_tables_are_refused(case, edit):
    with pytest.raises(RTXRError, match="make it anew of what is written"):
        case.rt.validate(dvh=edit(case.rt.dvh("PTV_70")))


def test_the_table_of_an_array_is_not_that_of_the_dose_of_its_name(case):
    doubled = (case.dose * 2).rename("dose")
    with pytest.raises(RTXRError, match="make it anew of what is written"):
        case.rt.validate(dvh=case.rt.dvh("PTV_70", dose=doubled))
