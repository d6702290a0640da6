"""Values that control points inherit, and metersets of beams that lack what they follow from."""

from __future__ import annotations

import numpy as np
import pytest
from factories import item

from read.made_plans import arc, group, planned, positions, used
from rtxr.read import rt_plan
from rtxr.read.plans.control_points import control_points, filled


def points(*weights, **first):
    found = [item(ControlPointIndex=at) for at in range(len(weights))]
    for point, weight in zip(found, weights, strict=True):
        if weight is not None:
            point.CumulativeMetersetWeight = weight
    for keyword, value in first.items():
        setattr(found[0], keyword, value)
    return found


def of_beam(folder, weights, meterset=200, **elements):
    beam = arc(ControlPointSequence=points(*weights), NumberOfControlPoints=len(weights))
    for keyword, value in elements.items():
        setattr(beam, keyword, value)
        if value is None:
            delattr(beam, keyword)
    groups = [] if meterset is None else [group(used(1, meterset))]
    return control_points(planned(folder, beams=[beam], groups=groups))


@pytest.mark.parametrize(
    ("weights", "final", "meterset", "expected", "said"),
    [
        ((0, 25, 100), 100, 200, [0, 50, 200], []),
        ((None, 25, 100), 100, 200, [0, 50, 200], []),
        ((0, None, 100), 100, 200, [0, np.nan, 200], []),
        ((0, 25, 100), None, 200, [0, 50, 200], ["info"]),
        ((0, 25, 100), 0, 200, [0, 50, 200], ["info"]),
        ((0, 25, 50), 100, 200, [0, 50, 100], ["warning"]),
        ((0, 0, 0), 0, 200, [np.nan] * 3, ["warning"]),
        ((0, 0, 0), 0, 0, [0, 0, 0], []),
        ((0, 0.5, 1), 1, 0, [0, 0, 0], []),
        ((0, 0.5, 1), 1, None, [np.nan] * 3, []),
    ],
)
def test_metersets(tmp_path, weights, final, meterset, expected, said):
    table = of_beam(tmp_path, weights, meterset, FinalCumulativeMetersetWeight=final)
    np.testing.assert_array_equal(table["meterset"], expected)
    segments = np.diff(expected, append=expected[-1])
    np.testing.assert_array_equal(table["segment_meterset"], segments)
    findings = [each for each in table.attrs["findings"] if each["code"] == "final-weight"]
    assert [each["severity"] for each in findings] == said


def test_directions_only_where_a_plan_states_them(tmp_path):
    beam = arc()
    first, second, _ = beam.ControlPointSequence
    first.PatientSupportRotationDirection = "NONE"
    second.GantryRotationDirection = "NONE"
    table = control_points(planned(tmp_path, beams=[beam]))
    assert table["GantryRotationDirection"].tolist() == ["CC", "NONE", "NONE"]
    assert table["PatientSupportRotationDirection"].tolist() == ["NONE"] * 3
    assert "TableTopRollRotationDirection" not in table


def test_the_gantry_without_jumps(tmp_path):
    beam = arc()
    for point, angle in zip(beam.ControlPointSequence, (1, 359, 270), strict=True):
        point.GantryAngle = angle
    table = control_points(planned(tmp_path, beams=[beam]))
    assert table["GantryAngle"].tolist() == [1, 359, 270]
    assert table["gantry_unwrapped"].tolist() == [1, -1, -90]


def test_values_of_any_representation(tmp_path):
    beam = arc(ControlPointSequence=points(0, 1, GantryPitchAngle=1.5, TableTopRollAngle=-2.25))
    table = control_points(planned(tmp_path, beams=[beam]))
    assert table["GantryPitchAngle"].tolist() == [1.5, 1.5]
    assert table["TableTopRollAngle"].tolist() == [-2.25, -2.25]


def test_beams_with_other_collimators(tmp_path):
    other = arc(2, "B")
    for point in other.ControlPointSequence[:2]:
        point.BeamLimitingDevicePositionSequence = positions(MLCY=(1, 2), X=(-3, 3))
    table = control_points(planned(tmp_path, beams=[arc(), other]))
    assert table["MLCX"].map(type).tolist() == [tuple] * 3 + [float] * 3
    assert table["MLCY"].tolist()[3:] == [(1, 2)] * 3
    assert table["X1"].tolist() == [-50] * 3 + [-3] * 3
    assert table["Y1"].isna().tolist() == [False] * 3 + [True] * 3


def test_two_beams_of_one_number_each_with_its_meterset(tmp_path):
    beams = [arc(1, "first"), arc(1, "second")]
    ds = planned(tmp_path, beams=beams, groups=[group(used(1, 200, 1), used(1, 300, 2))])
    table = rt_plan.beams(ds)
    assert table[["BeamMeterset", "BeamDose"]].values.tolist() == [[200, 1], [300, 2]]
    assert control_points(ds, "second")["meterset"].tolist() == [0, 75, 300]
    assert len(control_points(ds, 1)) == 6
    (finding,) = table.attrs["findings"]
    assert finding["code"] == "beam-number-repeated"
    assert "were taken in their order" in finding["message"]
    assert rt_plan.fraction_groups(ds)["BeamName"].tolist() == ["first", "second"]


def test_two_beams_of_one_number_and_one_meterset(tmp_path):
    ds = planned(tmp_path, beams=[arc(1, "a"), arc(1, "b")], groups=[group(used(1, 200))])
    table = rt_plan.beams(ds)
    assert table["BeamMeterset"].isna().all()
    assert "has 1 meterset(s) for it, so that theirs are not known" in str(table.attrs["findings"])


def test_as_many_control_points_as_can_be_read(tmp_path):
    ds = planned(tmp_path, beams=[arc(NumberOfControlPoints=5)])
    (finding,) = control_points(ds).attrs["findings"]
    assert finding["code"] == "control-point-count"
    assert "is 5, and 3 could be read" in finding["message"]


def test_filled():
    stated = np.array([[1.0, 2], [3, 4]])
    found = filled(np.array([1, 3]), stated, 5, np.nan)
    np.testing.assert_array_equal(found[:, 0], [np.nan, 1, 1, 3, 3])
    again = filled(np.array([0, 0]), np.array(["a", "b"], object), 2, "")
    assert again.tolist() == ["b", "b"]
