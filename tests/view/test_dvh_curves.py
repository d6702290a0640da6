"""Curves of tables in any unit, and what they say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.errors import MissingDataError, RTXRError
from rtxr.view.dvh_curves import STORED, gathered, highest_dose, readings

DOSE_GY = np.array([0.0, 10.0, 20.0, 30.0, 40.0])
CURVES = {"PTV": [4.0, 4.0, 3.0, 1.0, 0.0], "Lung": [50.0, 20.0, 5.0, 0.0, 0.0]}


def table(curves=CURVES, dose=DOSE_GY, **attrs):
    made = pd.DataFrame(curves, index=pd.Index(dose, name="dose_gy"))
    made.attrs.update(attrs)
    return made


def test_a_table_in_percent_gives_the_same_curve():
    plain = gathered({"": table()}, prescriptions={"": 50.0})
    shares = {"PTV": [100.0, 100.0, 75.0, 25.0, 0.0]}
    percent = table(shares, dose=DOSE_GY * 2, prescription=50.0, relative=True, units="Gy")
    percent.attrs["rois"] = {"PTV": {"volume_cc": 4.0}}
    found = gathered({"": percent})
    (one, _), (other,) = plain.curves, found.curves
    np.testing.assert_allclose(other.doses, one.doses)
    np.testing.assert_allclose(other.volumes, one.volumes)
    assert (other.prescription, other.volume_cc) == (one.prescription, one.volume_cc) == (50, 4)
    assert (plain.percent, found.percent) == (False, True)
    assert other.per_unit(relative_dose=True, relative_volume=True) == (2, 25)


def test_prescriptions_by_roi():
    found = gathered({"": table()}, prescriptions={"": {"PTV": 50.0}})
    assert [curve.prescription for curve in found.curves] == [
        50,
        pytest.approx(math.nan, nan_ok=True),
    ]
    assert found.prescription == 50
    assert math.isnan(gathered({"": table()}).prescription)


def test_sources_are_cases_doses_or_both():
    columns = {("a", "PTV"): CURVES["PTV"], ("b", "PTV"): CURVES["PTV"]}
    assert gathered({"x": table()}).sources == ["computed"]
    assert gathered({"x": table(), "y": table()}).sources == ["x", "y"]
    assert gathered({"x": table(columns)}, dose_names={"b": "beam 2"}).sources == ["a", "beam 2"]
    both = gathered({"x": table(columns), "y": table(columns)}).sources
    assert both == ["x: a", "x: b", "y: a", "y: b"]


def test_stored_curves_take_the_prescription_of_the_computed_ones():
    stored = table({"Lung": [49.0, 20.0, 5.0, 0.0, 0.0], "Other": [1.0] * 5})
    found = gathered({"": table()}, stored=stored, prescriptions={"": 60.0})
    assert [(each.roi, each.source) for each in found.curves][2:] == [("Lung", STORED)]
    assert found.of(roi="Lung", source=STORED).prescription == 60
    assert found.of(roi="PTV", source=STORED) is None


def test_what_is_hidden_is_not_seen():
    found = gathered({"x": table(), "y": table()})
    seen = found.seen(hidden=["PTV"], sources=["y"])
    assert [(each.roi, each.source) for each in seen.curves] == [("Lung", "x")]
    assert seen.rois == ["Lung"]
    assert found.rois == ["PTV", "Lung"]


def test_readings_are_those_of_the_straight_lines_between_points():
    found = readings(gathered({"": table()}), dose=25.0, volume=50.0)
    ptv, lung = found.loc[("PTV", "computed")], found.loc[("Lung", "computed")]
    assert ptv[["V", "D", "D50%", "volume_cc"]].tolist() == pytest.approx([50, 25, 25, 4])
    assert lung[["V", "D"]].tolist() == pytest.approx([5, 10 * 25 / 30])
    cc = readings(gathered({"": table()}), dose=25.0, volume=2.0, relative=False)
    assert cc.loc[("PTV", "computed"), ["V", "D"]].tolist() == pytest.approx([2, 25])
    assert math.isnan(cc.loc[("PTV", "computed"), "min"]) is False
    nothing = readings(gathered({"": table()}))
    assert nothing[["V", "D"]].isna().all(axis=None)


def test_what_lies_outside_the_dose_grid_has_no_dose():
    part = table({"PTV": [4.0, 3.0, 3.0, 1.0, 0.0]})
    facts = {"volume_cc": 4.0, "outside_fraction": 0.25, "min_gy": 20.0, "max_gy": 40.0}
    part.attrs["rois"] = {"PTV": facts}
    (row,) = readings(gathered({"": part}), dose=10.0, volume=70.0).to_dict("records")
    assert math.isnan(row["D98%"])
    assert row["V"] == pytest.approx(75)
    assert row["D"] == pytest.approx(21)


@given(st.floats(0.1, 39.9))
def test_dose_and_volume_are_each_others_inverse(dose):
    (curve, _) = gathered({"": table({"PTV": [4.0, 3.0, 2.5, 1.0, 0.0], "x": [1.0] * 5})}).curves
    assert curve.answers.dose_at(float(curve.answers.volume_at(dose))) == pytest.approx(dose)


def test_a_thin_tail_does_not_decide_the_axis():
    assert highest_dose(gathered({"": table()})) == 30
    dose = np.linspace(0, 1000, 10001)
    tail = table({"CTV": 40 * np.clip(1 + dose / 5, 1, None) ** -1.5}, dose=dose)
    assert highest_dose(gathered({"": tail})) == pytest.approx(5 * (100 ** (2 / 3) - 1), rel=0.01)


def test_the_axis_in_percent_holds_every_curve():
    found = gathered({"": table()}, prescriptions={"": {"PTV": 50.0, "Lung": 20.0}})
    assert highest_dose(found, relative=True) == 100  # 20 of 20 Gy, 30 of 50 Gy
    assert math.isnan(highest_dose(gathered({"": table()}), relative=True))


def test_what_does_not_go_together():
    bins = table(kind="differential")
    with pytest.raises(RTXRError, match="two kinds"):
        gathered({"x": table(), "y": bins})
    with pytest.raises(RTXRError, match="two kinds"):
        gathered({"x": table(), "y": table().rename_axis("dose_cgy")})
    with pytest.raises(RTXRError, match="cumulative ones of one dose"):
        gathered({"x": table(), "y": table()}, stored=table())
    with pytest.raises(MissingDataError, match="none of the 1 ROIs"):
        gathered({"x": table({"PTV": [0.0] * 5})})
