"""Every flavour of DVH Sequence as a cumulative curve in Gy and cm3."""

from __future__ import annotations

import numpy as np
import pytest
from factories import item
from hypothesis import given
from hypothesis import strategies as st

from read.stored_dvhs import case_with, codes, dvh_item, messages
from rtxr.read.dvhs.items import Reference, curve_of
from rtxr.read.rt_dose import stored_dvh

#: A cumulative curve: in Gy along 0, 0.5, ... and in cm3.
CURVE = np.array([10.0, 9.0, 4.0, 0.0])


def read(one):
    return curve_of(one, "PTV", (("PTV",), ()), volumes={}, reference=Reference())


def natural(edges, volumes):
    """Volumes of bins as volumes per u."""
    return np.asarray(volumes) / (edges[:-1] ** -1.5 - edges[1:] ** -1.5)


# --- cumulative, differential, natural ------------------------------------------------------------
@pytest.mark.parametrize("kind", ["DIFFERENTIAL", "NATURAL"])
def test_volumes_of_bins_are_added_up_from_the_upper_end(tmp_path, kind):
    table = stored_dvh(case_with(tmp_path, dvh_item([2, 4, 4], kind=kind)))
    assert table.index.tolist() == [0, 0.5, 1, 1.5]
    assert table["PTV"].tolist() == [10, 8, 4, 0]
    assert table.attrs["rois"]["PTV"]["type"] == kind
    assert not {"dvh-cut-off", "dvh-dose-axis"} & codes(table)


@given(
    st.lists(st.floats(0.05, 3), min_size=2, max_size=12),
    st.lists(st.floats(0, 50), min_size=12, max_size=12),
)
def test_one_curve_in_all_three_types_is_one_curve(widths, volumes):
    widths = np.array([1.0, *widths])
    inside = np.array([0.0, *volumes[: len(widths) - 1]])
    edges = np.concatenate([[0], np.cumsum(widths)])
    total = np.append(np.cumsum(inside[::-1])[::-1], 0)
    per_u = np.append(0.0, natural(edges[1:], inside[1:]))
    forms = {
        "DIFFERENTIAL": dvh_item(inside, widths, kind="DIFFERENTIAL"),
        "NATURAL": dvh_item(per_u, widths, kind="NATURAL", DVHVolumeUnits="PER_U"),
        "CUMULATIVE": dvh_item(np.append(total, 0), np.append(widths, [1, 1]), kind="CUMULATIVE"),
    }
    for kind, one in forms.items():
        curve, _ = read(one)
        doses, found = curve.points("left")
        at = np.interp(edges, doses, found)
        np.testing.assert_allclose(at, total, rtol=1e-9, atol=1e-9, err_msg=kind)


def test_a_natural_curve_is_flat_where_dose_falls_with_the_square_of_the_distance():
    """Around a point source the volume within a dose is c D^-3/2, so that dV/du is c."""
    edges = np.geomspace(1, 100, 200)
    inside = 30 * (edges[:-1] ** -1.5 - edges[1:] ** -1.5)
    widths = np.diff(edges, prepend=0)
    per_u = np.append(0.0, np.full(len(inside), 30.0))
    curve, findings = read(dvh_item(per_u, widths, kind="NATURAL", DVHVolumeUnits="PER_U"))
    doses, volumes = curve.points("left")
    np.testing.assert_allclose(volumes[1:-1], 30 * (doses[1:-1] ** -1.5 - 1e-3), atol=1e-12)
    assert volumes[1] == pytest.approx(inside.sum())
    assert not findings


def test_the_bin_at_dose_zero_has_no_end_in_u(tmp_path):
    one = dvh_item([5, 8], [1, 3], kind="NATURAL", DVHVolumeUnits="PER_U")
    upper = 8 * (1 - 4**-1.5)
    table = stored_dvh(case_with(tmp_path, one))
    assert np.isnan(table["PTV"].iloc[0])
    assert table["PTV"].tolist()[1:] == [pytest.approx(upper), 0]
    assert "has no end" in messages(table, "dvh-volume-units")[0]
    table = stored_dvh(case_with(tmp_path, one), volumes={"PTV": 20.0})
    assert table["PTV"].tolist() == [20, pytest.approx(upper), 0]


@pytest.mark.parametrize(
    ("stated", "volumes", "taken"),
    [
        (None, [10, 8, 0], [10, 8, 0]),
        (None, [2, 5, 3, 0], [10, 8, 3, 0]),
        ("CUMULATIVE", [2, 5, 3, 0], [10, 8, 3, 0]),
        ("UNKNOWN", [10, 8, 0], [10, 8, 0]),
    ],
)
def test_the_volumes_say_what_a_missing_or_wrong_type_does_not(stated, volumes, taken):
    curve, findings = read(dvh_item(volumes, kind=stated))
    assert curve.volumes.tolist() == taken
    assert [each.code for each in findings] == ["dvh-type"]


# --- units ----------------------------------------------------------------------------------------
def test_dose_scaling_is_of_the_dose_axis(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([10, 0], DVHDoseScaling=3)))
    assert table.index.tolist() == [0, 1.5]
    assert table["PTV"].tolist() == [10, 0]


@pytest.mark.parametrize("kind", ["CUMULATIVE", "DIFFERENTIAL"])
def test_volumes_in_percent_need_the_volume(tmp_path, kind):
    stored = [100, 50, 0] if kind == "CUMULATIVE" else [50, 50, 0]
    one = dvh_item(stored, kind=kind, DVHVolumeUnits="PERCENT")
    ds = case_with(tmp_path, one)
    table = stored_dvh(case_with(tmp_path, one, dvh_item([9, 9, 9, 0], roi=2)))
    assert table["PTV"].isna().all()  # beyond its end too, where others go on
    assert "dvh-volume-units" in codes(table)
    table = stored_dvh(ds, volumes={"PTV": 20.0})
    assert table["PTV"].tolist()[:3] == [20, 10, 0]


@pytest.mark.parametrize(("width", "what"), [(50, "percent"), (0.5, "fractions")])
def test_relative_doses_need_their_reference(tmp_path, width, what):
    relative = dvh_item([10, 4, 0], width=width, DoseUnits="RELATIVE", DVHMaximumDose=1.6 * width)
    ds = case_with(tmp_path, relative)
    table = stored_dvh(ds)
    assert table["PTV"].isna().all()
    assert "dvh-relative-dose" in codes(table)
    assert stored_dvh(ds, reference=60).index.tolist() == [0, 30, 60]
    beside = stored_dvh(case_with(tmp_path, relative, DVHNormalizationDoseValue=60))
    assert beside.index.tolist() == [0, 30, 60]
    assert beside.attrs["rois"]["PTV"]["max_gy"] == pytest.approx(48)
    assert f"{what} of 60 Gy" in messages(beside, "dvh-relative-dose")[0]
    relative.DVHNormalizationDoseValue = 60
    assert stored_dvh(case_with(tmp_path, relative)).index.tolist() == [0, 30, 60]


def test_centigray_become_gray(tmp_path):
    centi = dvh_item([10, 8, 0], width=50, DoseUnits="CGY", DVHMaximumDose=90)
    table = stored_dvh(case_with(tmp_path, centi))
    assert table.index.tolist() == [0, 0.5, 1]
    assert table.attrs["rois"]["PTV"]["max_gy"] == 0.9


@pytest.mark.parametrize(
    ("keyword", "stated", "told"),
    [
        ("DVHDoseScaling", None, r"(3004,0052) DVHDoseScaling is missing; 1 was taken"),
        ("DVHDoseScaling", 0, r"(3004,0052) DVHDoseScaling is 0.0; 1 was taken"),
        ("DoseUnits", None, r"(3004,0002) DoseUnits is missing; GY was taken"),
        ("DoseUnits", "RAD", r"(3004,0002) DoseUnits is RAD; GY was taken"),
        ("DVHVolumeUnits", None, r"(3004,0054) DVHVolumeUnits is missing; CM3 was taken"),
    ],
)
def test_what_axes_do_not_say_is_taken_and_told(keyword, stated, told):
    curve, findings = read(dvh_item(CURVE, **{keyword: stated}))
    assert curve.points("left")[0].tolist() == [0, 0.5, 1, 1.5]
    assert curve.volumes.tolist() == CURVE.tolist()
    assert [(each.code, each.message) for each in findings] == [("dvh-assumed", f"'PTV': {told}")]


# --- bins -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("stated", [None, 2, 8])
def test_a_number_of_bins_that_disagrees_does_not_count(stated):
    curve, findings = read(dvh_item(CURVE, DVHNumberOfBins=stated))
    assert curve.volumes.tolist() == CURVE.tolist()
    assert [each.code for each in findings] == ["dvh-bin-count"]
    assert "holds 4 bins" in findings[0].message


def test_doses_in_the_place_of_widths_are_told_from_them():
    curve, findings = read(dvh_item(CURVE, width=[10, 20, 30, 40]))
    assert curve.points("left")[0].tolist() == [10, 20, 30, 40]
    assert [each.code for each in findings] == ["dvh-bin-doses"]
    curve, findings = read(dvh_item(CURVE, width=[10, 20, 20, 40]))
    assert curve.points("left")[0].tolist() == [0, 10, 30, 50]
    assert not findings


def test_a_number_too_many_is_left_out():
    one = dvh_item(CURVE)
    one.DVHData = [*one.DVHData, 0.5]
    assert read(one)[0].volumes.tolist() == CURVE.tolist()


# --- ROIs -----------------------------------------------------------------------------------------
def test_combined_and_repeated_rois_have_labels_of_their_own(tmp_path):
    both = dvh_item([10, 0])
    both.DVHReferencedROISequence.append(
        item(ReferencedROINumber=2, DVHROIContributionType="EXCLUDED")
    )
    table = stored_dvh(case_with(tmp_path, both, dvh_item([1, 0]), dvh_item([2, 0])))
    assert list(table.columns) == ["PTV - Heart", "PTV", "PTV (2)"]
    rois = table.attrs["rois"]
    assert (rois["PTV - Heart"]["included"], rois["PTV - Heart"]["excluded"]) == (
        ["PTV"],
        ["Heart"],
    )
    assert rois["PTV (2)"]["included"] == ["PTV"]


def test_a_dvh_without_reference_has_its_number(tmp_path):
    table = stored_dvh(
        case_with(tmp_path, dvh_item([1, 0]), dvh_item([2, 0], DVHReferencedROISequence=None))
    )
    assert list(table.columns) == ["PTV", "DVH 2"]
    assert "is missing" in messages(table, "dvh-without-roi")[0]


def test_a_roi_that_the_case_does_not_have_is_told(tmp_path):
    table = stored_dvh(case_with(tmp_path, dvh_item([1, 0], roi=7)))
    assert list(table.columns) == ["ROI 7"]
    assert "names no ROI of the case" in messages(table, "dvh-without-roi")[0]
