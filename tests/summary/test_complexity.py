"""The table of complexity of plans made for it, and of real ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from read.made_plans import arc, group, planned, used

import rtxr
from rtxr.errors import MissingDataError
from rtxr.summary.complexity import complexity

FIELD = {
    "GantryAngle": 0.0,
    "BeamLimitingDeviceAngle": 0.0,
    "PatientSupportAngle": 0.0,
    "PrimaryDosimeterUnit": "MU",
    "X1": -100.0,
    "X2": 100.0,
    "Y1": -10.0,
    "Y2": 10.0,
}
NARROW, WIDE = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 20.0, 20.0)


def _points(number: int, meterset: float, *shapes: tuple[float, ...], **more: float):
    weights = np.linspace(0, 1, len(shapes))
    return [
        {
            **FIELD,
            **more,
            "BeamNumber": number,
            "ControlPointIndex": at,
            "MLCX": shape,
            "CumulativeMetersetWeight": weight,
            "BeamMeterset": meterset,
        }
        for at, (shape, weight) in enumerate(zip(shapes, weights, strict=True))
    ]


def _case(rows: list[dict[str, object]], **more: object):
    case = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1), PatientPosition="HFS")
    return case.rt.add_plan(
        pd.DataFrame(rows), leaf_boundaries={"MLCX": [-10.0, 0.0, 10.0]}, **more
    )


def test_of_a_plan_made_by_hand():
    rows = [
        *_points(1, 300.0, NARROW, WIDE, BeamDose=1.5),
        *_points(4, 100.0, WIDE, WIDE, BeamDose=0.5),
    ]
    table = complexity(_case(rows, prescription=50, fractions=25))
    assert table["BeamNumber"].tolist() == [1, 4]
    assert table["mcs"].tolist() == pytest.approx([0.75, 1])
    assert table["leaf_travel_mm"].tolist() == pytest.approx([10, 0])
    assert table["ltmcs"].tolist() == pytest.approx([0.75 * 0.99, 1])
    assert table["mean_aperture_cm2"].tolist() == pytest.approx([3, 4])
    assert table["mu_per_gy"].tolist() == pytest.approx([200, 200])
    assert table["irregularity"].iloc[1] == pytest.approx(4 / np.pi)
    assert table["note"].tolist() == ["", ""]
    assert table.attrs["plan"]["mcs"] == pytest.approx((0.75 * 300 + 100) / 400)
    assert table.attrs["plan"]["mean_aperture_cm2"] == pytest.approx((3 * 300 + 4 * 100) / 400)
    assert table.attrs["plan"]["mu_per_gy"] == pytest.approx(400 / 2)


def test_mu_per_gy_without_a_prescription():
    found = complexity(_case(_points(1, 300.0, NARROW, WIDE, BeamDose=1.5)))
    assert found.attrs["plan"]["mu_per_gy"] == pytest.approx(200)
    found = complexity(_case(_points(1, 300.0, NARROW, WIDE)))
    assert np.isnan(found["mu_per_gy"].iloc[0])
    assert np.isnan(found.attrs["plan"]["mu_per_gy"])


def test_a_beam_that_delivers_nothing_needs_no_dose(tmp_path):
    beams = [arc(1), arc(2, "Setup", TreatmentDeliveryType="SETUP")]
    ds = planned(tmp_path, beams=beams, groups=[group(used(1, 300, 1.5), used(2, 0), fractions="")])
    assert complexity(ds).attrs["plan"]["mu_per_gy"] == pytest.approx(200)


def test_jaws_limit_the_leaves():
    found = complexity(_case(_points(1, 100.0, WIDE, WIDE, X2=15.0, Y2=5.0)))
    assert found["mean_aperture_cm2"].tolist() == pytest.approx([15 * 15 / 100])
    assert found["mcs"].tolist() == pytest.approx([1])


def test_two_layers_and_no_jaws():
    rows = _points(1, 100.0, WIDE, WIDE)
    shapes = {"MLCX1": (-5.0, -5.0, 5.0, 5.0), "MLCX2": (-5.0, 0.0, -5.0, 5.0, 5.0, -5.0)}
    kept = [
        {key: each for key, each in row.items() if key not in ("X1", "X2", "Y1", "Y2", "MLCX")}
        for row in rows
    ]
    bounds = {"MLCX1": [-10.0, 0.0, 10.0], "MLCX2": [-15.0, -5.0, 5.0, 15.0]}
    case = rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1)).rt.add_plan(
        pd.DataFrame([{**row, **shapes} for row in kept]), leaf_boundaries=bounds
    )
    found = complexity(case)
    # 10 x 5 mm where the first pair of the lower layer is open, 5 x 10 mm below its second one.
    assert found["mean_aperture_cm2"].tolist() == pytest.approx([(10 * 5 + 5 * 10) / 100])
    # Three strips: the left edges -5, 0, 0, the right ones 5, 5, 5.
    assert found["mcs"].tolist() == pytest.approx([(0 + 5) / (2 * 5)])


def test_a_beam_that_delivers_nothing():
    rows = [*_points(1, 0.0, NARROW, WIDE), *_points(2, 100.0, WIDE, WIDE)]
    found = complexity(_case(rows))
    assert np.isnan(found["mcs"].iloc[0])
    assert "nothing" in found["note"].iloc[0]
    assert found.attrs["plan"]["mcs"] == pytest.approx(1)


def test_without_a_plan():
    with pytest.raises(MissingDataError, match="plan"):
        complexity(rtxr.new_case(np.zeros((3, 4, 5)), spacing=(3, 1, 1)))


@pytest.mark.data
def test_jaws_leaves_and_electrons(case_data):
    found = complexity(rtxr.open_dir(case_data("oncentra_phantom") / "simple_phantom_case"))
    assert found["note"].tolist() == ["it has no leaves", "", "it has no leaves"]
    assert found["mean_aperture_cm2"].iloc[0] == pytest.approx(100)
    assert found["irregularity"].iloc[0] == pytest.approx(4 / np.pi)
    assert found["leaf_travel_mm"].iloc[1] == 0
    assert 0 < found["mcs"].iloc[1] < 1


@pytest.mark.data
def test_an_open_beam_beside_a_sliding_one(case_data):
    index = rtxr.scan(case_data("pylinac") / "plans_rapidarc_qa")
    uid = index.table.query("path.str.contains('T3_MLCSpeed')")["SOPInstanceUID"].iloc[0]
    found = complexity(index.select(SOPInstanceUID=uid).open()).set_index("BeamName")
    # A slit of 30 mm goes over a field of 240 mm.
    assert found.loc["T3MLCSpeed", "mcs"] == pytest.approx(30 / 240)
    assert found.loc["T3MLCSpeed", "leaf_travel_mm"] == pytest.approx(120)
    assert found.loc["OpenBeam", "mcs"] == 1
    assert found.loc["OpenBeam", "mean_aperture_cm2"] == pytest.approx(240)
